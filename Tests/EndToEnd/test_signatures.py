"""Holds the signatures that the built binary sends to those of the vendors' own libraries, to the letter."""

import pytest

from harness import Server, run
from signers import alibaba, covered, huawei

# What a shell or a page may hand over: each has to survive path, query and body.
ODD = "v ~+/=*%41:@&'(中)"
HUAWEI = {"HUAWEICLOUD_SDK_AK": "AKPTESTID", "HUAWEICLOUD_SDK_SK": "sk+/=secret"}
ALIBABA = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAItestid", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret+/="}
SESSION = "hQljbi1ub3J0aC00/demo+token=="


HUAWEI_KINDS = {
    "keys": (HUAWEI, {"host", "x-sdk-date"}),
    "temporary keys and a project": (
        HUAWEI | {"HUAWEICLOUD_SDK_SECURITY_TOKEN": SESSION, "HUAWEICLOUD_SDK_PROJECT_ID": "0" * 32},
        {"host", "x-sdk-date", "x-security-token", "x-project-id"}),
}
ALIBABA_KINDS = {
    "keys": (ALIBABA, {"host", "x-acs-date", "x-acs-content-sha256", "x-acs-signature-nonce"}),
    "temporary keys": (
        ALIBABA | {"ALIBABA_CLOUD_SECURITY_TOKEN": SESSION},
        {"host", "x-acs-date", "x-acs-security-token"}),
}

# vendor: its signer, the kinds of credentials with the headers that must be signed, its commands, the methods owed
TABLE = {
    "codearts": (huawei, HUAWEI_KINDS, [
        ["check", "codearts:cn-north-4/PROJECT/PIPELINE#RUN"],
        ["check", "codearts:cn-north-4/a~*(/中#r 1,2"],
        ["check", "codearts:cn-north-4/PROJECT/PIPELINE", "--latest"],
        ["trigger", "codearts:cn-north-4/PROJECT/PIPELINE", "--no-wait", "--input", "k=" + ODD],
        ["trigger", "codearts:cn-north-4/PROJECT/PIPELINE", "--no-wait", "--key", "v~+/=*%41:@&'()"],
    ], {"GET", "POST"}),
    "codearts-repo": (huawei, HUAWEI_KINDS, [
        ["check", "codearts-repo:cn-north-4/2111976239/6", "--latest"],
    ], {"GET"}),
    "aliyun-devops": (alibaba, ALIBABA_KINDS, [
        ["check", "aliyun-devops:ORG/124#33"],
        ["check", "aliyun-devops:ORG/124", "--latest"],
        ["trigger", "aliyun-devops:ORG/124", "--no-wait", "--input", "k=" + ODD],
    ], {"GET", "POST"}),
    "dataworks": (alibaba, ALIBABA_KINDS, [
        ["check", "dataworks:cn-shanghai/10000#RUN ~*"],
        ["check", "dataworks:cn-shanghai/10000", "--latest"],
        ["trigger", "dataworks:cn-shanghai/10000", "--no-wait", "--input", "ObjectIds=1,2",
         "--input", "Type=Offline", "--input", "Description=" + ODD],
    ], {"POST"}),
}


PACE = ["--appear-timeout", "300ms", "--timeout", "2s", "--min-interval", "100ms"]


def refuse(_):
    """Every request is kept; what is answered plays no part."""
    return 404, {}, {"error_code": "NONE", "error_msg": "kept"}


@pytest.mark.parametrize("vendor, kind", [(vendor, kind) for vendor, row in TABLE.items() for kind in row[1]])
def test_the_library_signs_the_same(vendor, kind):
    sign, kinds, commands, owed = TABLE[vendor]
    environment, required = kinds[kind]
    keys = [environment[name] for name in list(environment)[:2]]
    methods = set()
    for command in commands:
        with Server(refuse) as server:
            pace = PACE if command[0] == "trigger" else []
            result = run(*command, *pace, "--server", server.url, env=environment)
        assert server.requests, (command, result)
        for method, target, headers, body in server.requests:
            methods.add(method)
            headers = {name.lower(): value for name, value in headers.items()}
            assert headers["host"] == server.url.removeprefix("http://")
            assert required <= set(covered(headers)), (command, method, target)
            assert headers["authorization"] == sign(method, target, headers, body, *keys), (command, target)
    assert owed <= methods

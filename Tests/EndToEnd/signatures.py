"""Holds the signatures that the built binary sends to those of the vendors' own libraries.

    python3 Tests/EndToEnd/signatures.py .build/debug/pipelatch

The binary talks to a server on loopback that keeps every request as it came; each is signed once more by the
library, over the headers that the binary says it has signed, and the two must be the same to the letter.

Needs what requirements.txt names.
"""

import hashlib
import sys
import types
import urllib.parse

import harness

# What a shell or a page may hand over: each has to survive path, query and body.
ODD = "v ~+/=*%41:@&'(中)"
HUAWEI = {"HUAWEICLOUD_SDK_AK": "AKPTESTID", "HUAWEICLOUD_SDK_SK": "sk+/=secret"}
ALIBABA = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAItestid", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret+/="}
SESSION = "hQljbi1ub3J0aC00/demo+token=="


def parts(target):
    path, _, query = target.partition("?")
    return path, urllib.parse.parse_qsl(query, keep_blank_values=True)


def huawei(method, target, headers, body):
    """Which headers an Authorization of SDK-HMAC-SHA256 covers, and what the SDK would send."""
    from huaweicloudsdkcore.signer.signer import Signer

    claimed = headers["authorization"]
    names = claimed.split("SignedHeaders=")[1].split(",")[0].split(";")
    path, query = parts(target)
    # The scheme and the rest of the SDK's request play no part in a signature.
    request = types.SimpleNamespace(
        method=method, host=headers["host"], resource_path=path, query_params=query, uri=None,
        header_params={name: headers[name] for name in names}, body=body)
    keys = types.SimpleNamespace(ak=HUAWEI["HUAWEICLOUD_SDK_AK"], sk=HUAWEI["HUAWEICLOUD_SDK_SK"])
    Signer(keys).sign(request)
    return names, request.header_params["Authorization"]


def alibaba(method, target, headers, body):
    """Which headers an Authorization of ACS3-HMAC-SHA256 covers, and what the SDK would send."""
    from alibabacloud_openapi_util.client import Client

    claimed = headers["authorization"]
    names = claimed.split("SignedHeaders=")[1].split(",")[0].split(";")
    path, query = parts(target)
    payload = hashlib.sha256(body.encode()).hexdigest()
    assert headers["x-acs-content-sha256"] == payload, "x-acs-content-sha256 is not the body's"
    request = types.SimpleNamespace(
        method=method, pathname=path, query=dict(query),
        headers={name: headers[name] for name in names})
    assert len(request.query) == len(query), "a query name is repeated"
    return names, Client.get_authorization(
        request, "ACS3-HMAC-SHA256", payload, ALIBABA["ALIBABA_CLOUD_ACCESS_KEY_ID"],
        ALIBABA["ALIBABA_CLOUD_ACCESS_KEY_SECRET"])


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


def differences(vendor, kind):
    """What is wrong with the requests of one vendor, and how many there were."""
    sign, kinds, commands, owed = TABLE[vendor]
    environment, required = kinds[kind]
    found, methods, count = [], set(), 0
    for command in commands:
        with harness.Server(refuse) as server:
            pace = PACE if command[0] == "trigger" else []
            result = harness.run(*command, *pace, "--server", server.url, env=environment)
        if not server.requests:
            found.append(f"{' '.join(command)}: nothing was sent\n{result}")
        for method, target, headers, body in server.requests:
            count += 1
            methods.add(method)
            place = f"{' '.join(command)}: {method} {target}"
            headers = {name.lower(): value for name, value in headers.items()}
            if headers["host"] != server.url.removeprefix("http://"):
                found.append(f"{place}: the host is {headers['host']}, the server {server.url}")
            if "authorization" not in headers:
                found.append(f"{place}: not signed")
                continue
            names, expected = sign(method, target, headers, body)
            if missing := required - set(names):
                found.append(f"{place}: {', '.join(sorted(missing))} not signed")
            if headers["authorization"] != expected:
                found.append(f"{place}\n  sent     {headers['authorization']}\n  expected {expected}")
    if missing := owed - methods:
        found.append(f"{vendor}: no {', '.join(sorted(missing))} was sent")
    return found, count


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    harness.BINARY = sys.argv[1]
    failed = False
    for vendor, row in TABLE.items():
        for kind in row[1]:
            found, count = differences(vendor, kind)
            failed = failed or bool(found)
            print(f"{'BAD' if found else 'ok '} {vendor} with {kind}: {count} requests")
            for line in found:
                print("    " + line.replace("\n", "\n    "))
    sys.exit(failed)


if __name__ == "__main__":
    main()

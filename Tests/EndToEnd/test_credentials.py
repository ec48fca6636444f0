"""Which credential is used, renewed and named, and that none is ever printed."""

import base64
import html
import json
import urllib.parse

import pytest

from bad import RUN, Bad, trigger, wait
from harness import Server, holds, run
from test_yunxiao import ENV, FAST, TOKEN, Flow


class Rotating:
    """Takes token-1 for three looks and token-2 after that."""

    def __init__(self, words, good=None):
        self.flow, self.asked, self.good = Flow(words), [], good

    def __call__(self, request):
        token = request.headers.get("x-yunxiao-token")
        self.asked.append(token)
        good = self.good or ("token-1" if self.flow.looks < 3 else "token-2")
        if token != good:
            return 401, {}, {"errorCode": "InvalidTokenError", "errorMessage": f"bad token {token}"}
        del request.headers["x-yunxiao-token"]
        request.headers["x-yunxiao-token"] = TOKEN
        status, headers, body = self.flow(request)
        if isinstance(body, dict):
            body = json.loads(json.dumps(body).replace("Java build", f"job {token}"))
        return status, headers, body


def counting(folder):
    """A command that prints another token each time it runs."""
    count = folder / "count"
    return f"echo x >> {count}; echo token-$(wc -l < {count})", count


@holds("a wrong credential, or one that may not do this")
def test_a_token_that_expires_in_mid_wait_is_renewed_once(tmp_path):
    command, count = counting(tmp_path)
    server = Rotating(["RUNNING"] * 5 + ["SUCCESS"])
    result = trigger(server, "--token-command", command, env={})
    assert (result.code, result.posts) == (0, 1), result
    assert count.read_text() == "x\nx\n" and server.asked.count("token-1") == 5, server.asked
    assert "token-1" not in result.out + result.err and "token-2" not in result.out + result.err, result


def test_a_token_file_that_was_replaced_is_read_again(tmp_path):
    file = tmp_path / "token"
    file.write_text("token-1\n")
    server = Rotating(["RUNNING"] * 200 + ["SUCCESS"])

    def answer(request):
        file.write_text("token-2\r\n")
        return server(request)

    server.flow.words = ["RUNNING"] * 5 + ["SUCCESS"]
    assert wait(answer, "--token-file", str(file), env={}).code == 0


@holds("a wrong credential, or one that may not do this")
def test_a_token_that_stays_refused_is_77(tmp_path):
    command, count = counting(tmp_path)
    result = wait(Rotating(["RUNNING"], good="other"), "--token-command", command, env={})
    assert result.code == 77 and count.read_text() == "x\nx\n", result
    result = trigger(Rotating(["RUNNING"], good="other"), "--token-command", "echo same", env={})
    assert (result.code, result.posts) == (77, 1), result


@holds("a missing credential")
@pytest.mark.parametrize("command", [
    "exit 1", "true", "echo two words", "printf 'a\\nb'", "echo s3cret-on-stderr >&2; exit 3",
    "printf '\\033[31m'", "nonexistent-command", "head -c 3000000 /dev/zero | tr '\\0' x", "kill $$",
])
def test_a_token_command_that_gives_no_token_is_78(command):
    result = wait(Bad(None, 0), "--token-command", command, env={})
    assert result.code == 78 and result.requests == [] and "s3cret" not in result.err, result


@holds("a missing credential")
@pytest.mark.parametrize("content", [None, b"", b" \n", b"a b", b"a\nb", b"a\x00b", b"\xff\xfe", "é".encode()])
def test_a_token_file_without_a_token_is_78(tmp_path, content):
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    result = wait(Bad(None, 0), "--token-file", str(file), env={})
    assert result.code == 78 and result.requests == [] and "--token-file" in result.err, result


def test_a_token_file_and_a_token_command_exclude_each_other():
    result = wait(Bad(None, 0), "--token-file", "x", "--token-command", "y", env={})
    assert result.code == 64 and result.requests == [], result


def test_a_token_command_comes_before_the_variables(tmp_path):
    server = Rotating(["SUCCESS"], good="token-1")
    assert wait(server, "--token-command", counting(tmp_path)[0], env=ENV).code == 0


# A target of each vendor, what proves who is asking, and the variables that an error must name.
ALIBABA = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "AKID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "s3cret-of-alibaba"}
HUAWEI = {"HUAWEICLOUD_SDK_AK": "AKID", "HUAWEICLOUD_SDK_SK": "s3cret-of-huawei"}
VENDORS = {
    "yunxiao": (RUN, {"YUNXIAO_ACCESS_TOKEN": "s3cret-token"}),
    "aliyun-devops": ("aliyun-devops:org/124#7", ALIBABA),
    "codearts": (f"codearts:cn-north-4/{'7' * 32}/{'8' * 32}#{'9' * 32}", HUAWEI),
    "codearts-repo": ("codearts-repo:cn-north-4/21/6#6", HUAWEI),
    "dataworks": ("dataworks:cn-hangzhou/10000#a7ef0634-20ec-4a7c-a214-54020f91beef", ALIBABA),
    "github": ("github:o/r#7", {"GH_ENTERPRISE_TOKEN": "s3cret-token"}),
    "gitlab": ("gitlab:shop/api#46", {"GITLAB_TOKEN": "s3cret-token"}),
    "buildbot": ("buildbot:linux#7", {"BUILDBOT_USER": "me", "BUILDBOT_PASSWORD": "s3cret-word"}),
}


def asked(vendor, answer, env):
    target, _ = VENDORS[vendor]
    with Server(answer) as server:
        result = run("check", target, "--server", server.url, "--output", "json", env=env)
        result.requests = server.requests
    return result


@holds("a wrong credential, or one that may not do this")
@pytest.mark.parametrize("vendor", VENDORS)
def test_a_refusal_names_the_variables_and_not_what_they_hold(vendor):
    _, env = VENDORS[vendor]
    for status in (401, 403):
        result = asked(vendor, lambda request: (status, {}, {"message": "no " + " ".join(env.values())}), env)
        assert result.code == 77, result
        for name in env:
            assert name in result.verdict["message"], (name, result)
        assert "s3cret" not in result.out + result.err, result


@holds("a missing credential")
@pytest.mark.parametrize("vendor", [name for name in VENDORS if name != "buildbot"])
def test_a_missing_credential_is_named_before_anything_is_sent(vendor):
    _, env = VENDORS[vendor]
    result = asked(vendor, lambda request: (200, {}, {}), {})
    assert result.code == 78 and result.requests == [], result
    for name in env:
        assert name in result.err, (name, result)


@holds("a wrong credential, or one that may not do this")
@pytest.mark.parametrize("vendor, status, headers, body, right", [
    ("yunxiao", 403, {}, {"errorCode": "Forbidden", "errorMessage": "no"}, "pipeline run instance"),
    ("github", 403, {"x-accepted-github-permissions": "actions=read"},
     {"message": "Resource not accessible by personal access token"}, "actions=read"),
    ("gitlab", 403, {}, {"message": "403 Forbidden"}, "read_api"),
    ("dataworks", 403, {}, {"Code": "NoPermission", "Message": "You are not authorized", "AccessDeniedDetail": {
        "AuthAction": "dataworks:GetPipelineRun", "NoPermissionType": "ImplicitDeny"}}, "dataworks:GetPipelineRun"),
    ("codearts", 403, {}, {"error_code": "DEVPIPE.30011011", "error_msg": "no"}, "view and run the pipeline"),
])
def test_a_right_that_is_missing_is_named(vendor, status, headers, body, right):
    result = asked(vendor, lambda request: (status, headers, body), VENDORS[vendor][1])
    assert result.code == 77 and right in result.verdict["message"], result


# Secrets.

ODD = "pt-S3cr+t/=%\"\\'&<x9"


def echoes(token):
    """The forms in which a server may give a secret back."""
    plain = token.encode()
    return {
        "as it is": token,
        "in upper case of percent": urllib.parse.quote(token, safe=""),
        "in lower case of percent": "".join(c if c.isalnum() else f"%{ord(c):02x}" for c in token),
        "as a form": urllib.parse.quote_plus(token),
        "in base64": base64.b64encode(plain).decode(),
        "in base64 for addresses": base64.urlsafe_b64encode(plain).decode(),
        "in base64 of a login": base64.b64encode(b":" + plain).decode(),
        "in JSON": json.dumps(token)[1:-1],
        "in JSON twice": json.dumps(json.dumps(token)[1:-1])[1:-1],
        "in JSON with slashes": json.dumps(token)[1:-1].replace("/", "\\/"),
        "in HTML": html.escape(token),
        "written through": token[:6] + "\u200b" + token[6:],
        "in colour": token[:6] + "\x1b[31m" + token[6:],
    }


@pytest.mark.parametrize("form", ["json", "plain", "quiet"])
def test_a_secret_is_wiped_from_every_output_in_every_form(tmp_path, form):
    token, forms = ODD, list(echoes(ODD).values())
    jobs = [{"id": n, "name": f"j {echo} end", "status": "FAIL"} for n, echo in enumerate(forms)]
    stages = [{"name": f"s {forms[0]}", "stageInfo": {"name": f"s {forms[1]}", "status": "FAIL", "jobs": jobs}}]
    flow = Flow(["RUNNING", "FAIL"], jobs=lambda word: stages)
    answers = iter([(502, {}, {"errorMessage": f"bad token {echo}"}) for echo in forms])

    def answer(request):
        if request.path.endswith("/log"):
            return 200, {}, {"content": "".join(f"curl -H 'x: {echo}'\n" for echo in forms)}
        if request.headers.get("x-yunxiao-token") == token:
            request.headers.replace_header("x-yunxiao-token", TOKEN)
        return next(answers, None) or flow(request)

    reports = [tmp_path / name for name in ("j.xml", "d.env", "s.md", "summary", "output")]
    with Server(answer) as server:
        result = run("wait", RUN, "--server", server.url, *FAST[:-2], "--output", form,
                     "--junit", str(reports[0]), "--dotenv", str(reports[1]), "--summary", str(reports[2]),
                     env={"YUNXIAO_ACCESS_TOKEN": token, "GITHUB_ACTIONS": "true",
                          "GITHUB_STEP_SUMMARY": str(reports[3]), "GITHUB_OUTPUT": str(reports[4])})
    assert result.code == 1 and all(report.exists() for report in reports), result
    text = result.out + result.err + "".join(report.read_text() for report in reports)
    # As it is printed, and as whoever reads JSON, XML or Markdown gets it.
    shapes = [text, text.replace("\\\\", "\\").replace('\\"', '"').replace("\\/", "/"), html.unescape(text)]
    for name, echo in echoes(token).items():
        assert all(echo not in shape for shape in shapes), (name, result)


@pytest.mark.parametrize("form", ["json", "plain"])
def test_a_secret_that_came_by_renewal_is_wiped_too(tmp_path, form):
    command, _ = counting(tmp_path)
    result = wait(Rotating(["RUNNING"] * 5 + ["FAIL"]), "--token-command", command, "--output", form, env={})
    assert result.code == 1 and "job ***" in result.out + result.err, result
    assert "token-1" not in result.out + result.err and "token-2" not in result.out + result.err, result

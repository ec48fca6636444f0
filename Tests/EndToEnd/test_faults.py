"""What can go wrong, each kind against the built binary: the README's table, held from outside.

Every bad answer comes twice and is followed by a green run, which must be 0; and without end, which never may be.
"""

import base64
import email.utils
import gzip
import json
import os
import pathlib
import signal
import struct
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import BINARY, Reset, Server, run, start
from test_yunxiao import ENV, FAST, TOKEN, Flow

HERE = "yunxiao:org/123"
RUN = HERE + "#7"
GREEN = {"pipelineId": 123, "pipelineRunId": 7, "status": "SUCCESS", "stages": [
    {"name": "Build", "stageInfo": {"name": "Build", "status": "SUCCESS", "jobs": [
        {"id": 1, "name": "Build", "status": "SUCCESS"}]}}]}
TEXT = json.dumps(GREEN)
MIB = 1 << 20


def raw(data, hold=0.0, reset=False):
    """An answer written byte by byte as given, and the connection closed behind it."""

    def answer(request):
        for part in data if isinstance(data, list) else [data]:
            request.wfile.write(part)
            request.wfile.flush()
            time.sleep(hold)
        if reset:
            raise Reset
        raise ConnectionError

    return answer


def http(body, status="200 OK", length=None, kind="application/json", more=""):
    data = body.encode() if isinstance(body, str) else body
    head = f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\n{more}"
    if length is not False:
        head += f"content-length: {len(data) if length is None else length}\r\n"
    return head.encode() + b"connection: close\r\n\r\n" + data


def bomb():
    """120 MiB of blanks, packed into 120 KiB."""
    return gzip.compress(b"[" + b" " * (120 * MIB), 6)


BOMB = bomb()


def endless(request):
    """120 MiB without a length."""
    request.wfile.write(http("[", length=False))
    for _ in range(120):
        request.wfile.write(b" " * MIB)
    raise ConnectionError


def loop(request):
    return 302, {"location": request.path}, ""


def changed(**fields):
    return 200, {}, {**GREEN, **fields}


def dropped(name):
    return 200, {}, {key: value for key, value in GREEN.items() if key != name}


DEEP = "[" * 100_000 + "]" * 100_000

# name: (the bad answer, the kind it is told as, the code where it never ends)
KINDS = {
    "502 of a proxy": ((502, {}, "<html>Bad Gateway</html>"), "unreachable", 69),
    "500 and nothing": ((500, {}, ""), "unreachable", 69),
    "503": ((503, {"retry-after": "0"}, {"errorMessage": "busy"}), "unreachable", 69),
    "504 with a success": ((504, {}, GREEN), "unreachable", 69),
    "408": ((408, {}, ""), "unreachable", 69),
    "429": ((429, {"retry-after": "0"}, {"errorCode": "TooManyRequests"}), "throttled", 69),
    "429 with a success": ((429, {"retry-after": "0"}, GREEN), "throttled", 69),
    "a reset": ("reset", "unreachable", 69),
    "a reset in the body": (raw(http(TEXT)[:150], reset=True), "unreachable", 69),
    "closed without an answer": (raw(b""), "unreachable", 69),
    "closed in the head": (raw(b"HTTP/1.1 200 OK\r\ncontent-ty"), "unreachable", 69),
    "closed early": (raw(http(TEXT, length=len(TEXT) + 100)), "unreachable", 69),
    "closed in a chunk": (raw(
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n400\r\n" + TEXT.encode()),
        "unreachable", 69),
    "no HTTP": (raw(b"SSH-2.0-OpenSSH_9.6\r\n"), "unreachable", 69),
    "a head without end": (raw(b"HTTP/1.1 200 OK\r\nx: " + b"x" * MIB), "unreachable", 69),
    "too short a length": (raw(http(TEXT, length=40)), "unreadable", 65),
    "truncated": (raw(http(TEXT[:100])), "unreadable", 65),
    "an empty answer": ((200, {}, ""), "unreadable", 65),
    "no content": ((204, {}, ""), "unreadable", 65),
    "unchanged, though nobody asked": ((304, {}, ""), "unreadable", 65),
    "a login page": ((200, {"content-type": "text/html"}, "<html>Sign in</html>"), "unreadable", 65),
    "another type": ((200, {}, "[1]"), "unreadable", 65),
    "null": ((200, {}, "null"), "unreadable", 65),
    "a bare success": ((200, {}, '"SUCCESS"'), "unreadable", 65),
    "two answers": ((200, {}, TEXT + TEXT), "unreadable", 65),
    "not UTF-8": ((200, {}, TEXT.encode("utf-16")), "unreadable", 65),
    "broken UTF-8": ((200, {}, TEXT.replace("SUCCESS", "SUCC\udcff").encode(errors="surrogateescape")),
                     "unreadable", 65),
    "two words": ((200, {}, TEXT[:-1] + ',"status":"FAIL"}'), "unreadable", 65),
    "deep": ((200, {}, DEEP), "unreadable", 65),
    "deep inside": ((200, {}, TEXT[:-1] + f',"x":{DEEP}}}'), "unreadable", 65),
    "many values": ((200, {}, TEXT[:-1] + ',"x":[' + "1," * 3_000_000 + "1]}"), "unreadable", 65),
    "a gzip bomb": ((200, {"content-encoding": "gzip"}, BOMB), "unreadable", 65),
    "broken gzip": ((200, {"content-encoding": "gzip"}, BOMB[:100]), "unreadable", 65),
    "no gzip": ((200, {"content-encoding": "gzip"}, TEXT), "unreadable", 65),
    "120 MiB": (endless, "unreadable", 65),
    "a length of 120 MiB": (raw(http("[", length=120 * MIB)), "unreadable", 65),
    "a redirect in a circle": (loop, "unreadable", 65),
    "a redirect elsewhere": ((302, {"location": "https://sso.example.test/"}, ""), "unreadable", 65),
    "a redirect to nowhere": ((302, {"location": "https://u:p@x/"}, ""), "unreadable", 65),
    "a redirect without a place": ((301, {}, ""), "unreadable", 65),
    "another run": (changed(pipelineRunId=8), "unreadable", 65),
    "another pipeline": (changed(pipelineId=124), "unreadable", 65),
    "no run": (dropped("pipelineRunId"), "unreadable", 65),
    "no stages": (changed(stages=[]), "unreadable", 65),
    "a word that is no text": (changed(status=True), "unreadable", 65),
    "no word": (dropped("status"), "unknown", 124),
    "a null for a word": (changed(status=None), "unknown", 124),
    "a word like success": (changed(status="Success"), "unknown", 124),
    "a padded word": (changed(status=" SUCCESS"), "unknown", 124),
}
# How often an answer must be bad to spoil two looks.
TIMES = {"a redirect in a circle": 12}


class Bad:
    """Gives a bad answer so many times, and then a green run."""

    def __init__(self, answer, times):
        self.bad, self.left = answer, times

    def __call__(self, request):
        if self.left <= 0:
            return 200, {}, GREEN
        self.left -= 1
        if self.bad == "reset":
            raise Reset
        return self.bad(request) if callable(self.bad) else self.bad


def wait(answer, *more, target=RUN, env=ENV, command="wait", **options):
    with Server(answer) as server:
        result = run(command, target, "--server", server.url, *FAST, "--no-history", *more,
                     env=env, **options)
        result.requests = server.requests
        result.posts = server.count("POST")
        return result


def trigger(answer, *more, target=HERE, **options):
    return wait(answer, *more, target=target, command="trigger", **options)


@pytest.fixture(scope="module")
def matrix():
    """Every kind, twice and then green, and without end: run side by side, since they mostly wait."""
    with ThreadPoolExecutor(8) as pool:
        passing = {name: pool.submit(wait, Bad(kind[0], TIMES.get(name, 2)), "--tolerate", "20s")
                   for name, kind in KINDS.items()}
        lasting = {name: pool.submit(wait, Bad(kind[0], 10**9), "--tolerate", "500ms", "--timeout", "3s")
                   for name, kind in KINDS.items()}
    return passing, lasting


@pytest.mark.parametrize("name", KINDS)
def test_two_bad_answers_and_then_a_green_run_are_0(matrix, name):
    result = matrix[0][name].result()
    assert result.code == 0, result
    kind = KINDS[name][1]
    if kind == "unknown":
        assert result.named("unknown-status"), result
    else:
        assert [event["kind"] for event in result.named("trouble")] == [kind] * 2, result


@pytest.mark.parametrize("name", KINDS)
def test_bad_answers_without_end_are_no_success(matrix, name):
    result = matrix[1][name].result()
    code = KINDS[name][2]
    assert result.code == code, result
    reason = {69: "unreachable", 65: "unreadable", 124: "out-of-time"}[code]
    assert result.verdict["reason"] == reason and result.verdict["verdict"] is None, result
    assert result.seconds < 10, result


@pytest.mark.parametrize("name", [
    "502 of a proxy", "a reset", "closed without an answer", "closed early", "an empty answer",
    "truncated", "a login page", "null", "deep", "two answers", "a gzip bomb", "120 MiB", "no content",
    "a redirect in a circle", "a redirect elsewhere", "unchanged, though nobody asked", "no HTTP",
])
def test_a_bad_answer_to_the_trigger_is_75_and_one_post(name):
    bad = KINDS[name][0]

    def answer(request):
        return Bad(bad, 1)(request) if request.command == "POST" else (404, {}, {})

    result = trigger(answer)
    assert (result.code, result.posts) == (75, 1), result
    assert result.verdict["reason"] == "uncertain-trigger", result
    assert "--key" in result.verdict["message"], result


@pytest.mark.parametrize("status, code", [
    (400, 64), (409, 64), (422, 64), (401, 77), (403, 77), (404, 66), (429, 69),
])
def test_a_trigger_that_was_declined_started_nothing(status, code):
    result = trigger(lambda request: (status, {}, {"errorMessage": "no"}))
    assert (result.code, result.posts) == (code, 1), result


def test_a_trigger_that_cannot_be_delivered_is_tried_again_and_never_sent_twice():
    with socket.create_server(("127.0.0.1", 0)) as place:
        port = place.getsockname()[1]
    result = run("trigger", HERE, "--server", f"http://127.0.0.1:{port}", *FAST, "--tolerate", "1s", env=ENV)
    assert result.code == 69 and len(result.named("trouble")) > 1, result


def test_a_trigger_waits_for_a_server_that_is_only_starting():
    with socket.create_server(("127.0.0.1", 0)) as place:
        port = place.getsockname()[1]
    flow = Flow(["RUNNING", "SUCCESS"])
    process = start("trigger", HERE, "--server", f"http://127.0.0.1:{port}", *FAST, env=ENV)
    time.sleep(0.7)
    server = Server(flow, port=port)
    with server:
        out, err = process.communicate(timeout=30)
        assert process.returncode == 0 and server.count("POST") == 1, out + err


class Marked(Flow):
    """A pipeline that keeps the runs it was asked to start, with their marks, after it lost the answer."""

    def __init__(self, words, lost=None, hidden=0.0):
        super().__init__(words)
        self.lost, self.hidden = lost, hidden
        self.runs = {}

    def __call__(self, request):
        path = request.path.split("?")[0]
        if request.command == "POST" and path.endswith("/runs"):
            key = json.loads(json.loads(request.text)["params"])["envs"].get("PIPELATCH_KEY")
            number = 40 + len(self.runs)
            self.runs[number] = (key, time.monotonic() + self.hidden)
            if self.lost:
                return self.lost(request)
            return 200, {}, str(number)
        if request.command == "GET" and path.endswith("/runs"):
            seen = [n for n, (_, when) in self.runs.items() if when <= time.monotonic()]
            return 200, {}, [{"pipelineRunId": n, "pipelineId": 123} for n in sorted(seen, reverse=True)]
        number = int(path.rsplit("/", 1)[1]) if path.rsplit("/", 1)[1].isdigit() else 0
        if request.command == "GET" and number in self.runs:
            body = self.body(number)
            body["globalParams"] = [{"key": "PIPELATCH_KEY", "value": self.runs[number][0]}]
            return 200, {}, body
        return super().__call__(request)


def lose(request):
    raise Reset


@pytest.mark.parametrize("lost", [lose, lambda r: (502, {}, ""), lambda r: (200, {}, "{}")])
def test_a_run_whose_answer_was_lost_is_found_by_its_key(lost):
    result = trigger(Marked(["RUNNING", "SUCCESS"], lost, hidden=0.5), "--key", "deploy-7")
    assert (result.code, result.posts) == (0, 1), result
    assert result.named("located")[0]["triggered"] is True


def test_a_run_that_was_lost_and_never_shows_is_75():
    result = trigger(Marked(["RUNNING"], lose, hidden=99), "--key", "k", "--appear-timeout", "1s")
    assert (result.code, result.posts) == (75, 1), result


def test_a_repeated_step_joins_the_run_of_its_key():
    flow = Marked(["RUNNING"] * 3 + ["SUCCESS"])
    with Server(flow) as server:
        first = start("trigger", HERE, "--server", server.url, *FAST, "--key", "k", env=ENV)
        while not flow.looks:
            time.sleep(0.02)
        first.kill()
        first.communicate()
        again = run("trigger", HERE, "--server", server.url, *FAST, "--key", "k", env=ENV)
        other = run("trigger", HERE, "--server", server.url, *FAST, "--key", "k2", env=ENV)
        assert server.count("POST") == 2
    assert again.code == 0 and again.named("located")[0]["joined"] is True, again
    assert other.code == 0 and other.named("located")[0]["joined"] is False, other


def test_a_runner_that_dies_while_its_trigger_is_under_way_starts_one_run():
    flow = Marked(["RUNNING", "SUCCESS"])

    def slow(request):
        time.sleep(20)
        raise Reset

    flow.lost = slow
    with Server(flow) as server:
        first = start("trigger", HERE, "--server", server.url, *FAST, "--key", "k", env=ENV)
        while not flow.runs:
            time.sleep(0.02)
        first.kill()
        first.communicate()
        again = run("trigger", HERE, "--server", server.url, *FAST, "--key", "k", env=ENV)
        assert again.code == 0 and server.count("POST") == 1, again


def test_a_joined_run_is_not_this_ones_to_cancel():
    flow = Marked(["RUNNING"])
    flow.runs[40] = ("k", 0)
    result = trigger(flow, "--key", "k", "--timeout", "1s", "--cancel-on", "timeout,interrupt")
    assert (result.code, result.posts, flow.stopped) == (124, 0, False), result


# Missing, refused, throttled.


def test_a_run_that_is_missing_for_a_moment_is_waited_for():
    answers = iter([(404, {}, {}), (200, {}, {**GREEN, "status": "RUNNING"}), (404, {}, {}),
                    (200, {}, {**GREEN, "status": "RUNNING"}), (404, {}, {}), (200, {}, GREEN)])
    result = wait(lambda request: next(answers))
    assert result.code == 0, result


def test_a_run_that_vanished_is_66_after_one_more_look():
    answers = iter([(200, {}, {**GREEN, "status": "RUNNING"})])
    result = wait(lambda request: next(answers, (404, {}, {})))
    assert result.code == 66 and len(result.requests) == 3, result


@pytest.mark.parametrize("status", [401, 403, 407])
def test_a_refusal_in_mid_wait_ends_at_once(status):
    answers = iter([(200, {}, {**GREEN, "status": "RUNNING"})])
    result = wait(lambda request: next(answers, (status, {}, {"errorMessage": "no"})))
    assert result.code == 77 and len(result.requests) == 2, result
    assert "YUNXIAO_ACCESS_TOKEN" in result.verdict["message"] or status == 403, result


def test_a_403_names_the_permission():
    result = wait(lambda request: (403, {}, {"errorCode": "Forbidden", "errorMessage": "no"}))
    assert result.code == 77 and "pipeline run instance" in result.verdict["message"], result


@pytest.mark.parametrize("header, least", [
    (lambda: {"retry-after": "2"}, 1.9),
    (lambda: {"retry-after": email.utils.formatdate(time.time() + 3, usegmt=True)}, 1.0),
    (lambda: {"retry-after": email.utils.formatdate(time.time() - 86400 + 3, usegmt=True),
              "date": email.utils.formatdate(time.time() - 86400, usegmt=True)}, 1.9),
    (lambda: {"retry-after": email.utils.formatdate(time.time() + 86400 + 3, usegmt=True),
              "date": email.utils.formatdate(time.time() + 86400, usegmt=True)}, 1.9),
    (lambda: {"ratelimit-remaining": "0", "ratelimit-reset": str(int(time.time()) + 3)}, 1.0),
    (lambda: {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(time.time()) + 3)}, 1.0),
    (lambda: {"retry-after": "soon"}, 0), (lambda: {"retry-after": "-5"}, 0), (lambda: {}, 0),
    (lambda: {"x-acs-retry-after": "1e300", "retry-after": "0"}, 0),
])
def test_the_time_to_wait_is_waited_out(header, least):
    times = []

    def answer(request):
        times.append(time.monotonic())
        return (429, header(), {}) if len(times) == 1 else (200, {}, GREEN)

    result = wait(answer)
    assert result.code == 0 and least <= times[1] - times[0] < 6, (times, result)


@pytest.mark.parametrize("after", ["3600", "1e9", "9" * 40])
def test_a_long_time_to_wait_is_neither_outwaited_nor_ignored(after):
    result = wait(lambda request: (429, {"retry-after": after}, {}), "--tolerate", "1s")
    assert result.code == 69 and len(result.requests) == 1 and result.seconds < 4, result


@pytest.mark.parametrize("days", [-400, -1, 1, 400])
def test_a_wrong_clock_does_not_change_the_wait(days):
    words = iter(["RUNNING", "RUNNING", "SUCCESS"])

    def answer(request):
        now = time.time() + days * 86400
        return 200, {"date": email.utils.formatdate(now, usegmt=True)}, {
            **GREEN, "status": next(words), "createTime": int(now * 1000) - 5000}

    result = wait(answer)
    assert result.code == 0 and result.seconds < 5, result


# Credentials.


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


def test_a_token_that_stays_refused_is_77(tmp_path):
    command, count = counting(tmp_path)
    result = wait(Rotating(["RUNNING"], good="other"), "--token-command", command, env={})
    assert result.code == 77 and count.read_text() == "x\nx\n", result
    result = trigger(Rotating(["RUNNING"], good="other"), "--token-command", "echo same", env={})
    assert (result.code, result.posts) == (77, 1), result


@pytest.mark.parametrize("command", [
    "exit 1", "true", "echo two words", "printf 'a\\nb'", "echo s3cret-on-stderr >&2; exit 3",
    "printf '\\033[31m'", "nonexistent-command", "head -c 3000000 /dev/zero | tr '\\0' x", "kill $$",
])
def test_a_token_command_that_gives_no_token_is_78(command):
    result = wait(Bad(None, 0), "--token-command", command, env={})
    assert result.code == 78 and result.requests == [] and "s3cret" not in result.err, result


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


# Interrupts.


def hanging(*methods):
    """A run that goes on, at a server that does not answer some methods."""
    flow = Flow(["RUNNING"])
    flow.hung = threading.Event()

    def answer(request):
        if request.command in methods and (request.command != "GET" or flow.looks > 1):
            flow.hung.set()
            time.sleep(15)
            raise Reset
        return flow(request)

    return flow, answer


@pytest.mark.parametrize("name, code", [("SIGINT", 130), ("SIGTERM", 143)])
@pytest.mark.parametrize("command, method", [("wait", "GET"), ("trigger", "GET")])
def test_an_interrupt_while_a_request_hangs_ends_within_two_seconds(name, code, command, method):
    flow, answer = hanging(method)
    with Server(answer) as server:
        process = start(command, RUN if command == "wait" else HERE, "--server", server.url, *FAST, env=ENV)
        assert flow.hung.wait(20)
        begun = time.monotonic()
        process.send_signal(getattr(signal, name))
        out, err = process.communicate(timeout=20)
        assert process.returncode == code and time.monotonic() - begun < 2.5, out + err
        assert server.count("POST") == (command == "trigger")
    assert json.loads(out.splitlines()[-1])["reason"] == "interrupted", out + err


def test_a_second_signal_ends_at_once():
    flow, answer = hanging("PUT")
    with Server(answer) as server:
        process = start("trigger", HERE, "--server", server.url, *FAST, "--cancel-on", "interrupt", env=ENV)
        while flow.looks < 2:
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        assert flow.hung.wait(5), "nobody asked to cancel"
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        assert process.returncode == 130 and time.monotonic() - begun < 0.7


def test_a_vendor_that_does_not_answer_the_cancel_holds_nobody_up():
    flow, answer = hanging("PUT")
    with Server(answer) as server:
        process = start("trigger", HERE, "--server", server.url, *FAST, "--cancel-on", "interrupt", env=ENV)
        while flow.looks < 2:
            time.sleep(0.02)
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
        assert process.returncode == 143 and time.monotonic() - begun < 2.7


def failing(word):
    return [{"name": "Build", "stageInfo": {"name": "Build", "status": "RUNNING", "jobs": [
        {"id": 1, "name": "a", "status": "FAIL"}, {"id": 2, "name": "b", "status": "RUNNING"}]}}]


def stopped(command, *more, words=("RUNNING",), jobs=None, after=None, **options):
    """The result, and whether the remote run was canceled."""
    flow = Flow(words, jobs=jobs)

    def answer(request):
        if after and flow.looks >= 2 and request.command == "GET":
            return after
        return flow(request)

    if "interrupt" in options:
        options["until"] = lambda: flow.looks > 1
    result = wait(answer, *more, target=RUN if command == "wait" else HERE, command=command, **options)
    return result.code, flow.stopped


ALL = ["--cancel-on", "interrupt,timeout,fail-fast"]


@pytest.mark.parametrize("command, more, options, expected", [
    ("trigger", [], {"interrupt": "SIGINT"}, (130, False)),
    ("trigger", ["--cancel-on", "timeout,fail-fast"], {"interrupt": "SIGINT"}, (130, False)),
    ("trigger", ["--cancel-on", "interrupt"], {"interrupt": "SIGINT"}, (130, True)),
    ("wait", ALL, {"interrupt": "SIGINT"}, (130, False)),
    ("wait", ALL + ["--cancel-found"], {"interrupt": "SIGINT"}, (130, True)),
    ("trigger", ["--timeout", "1s"], {}, (124, False)),
    ("trigger", ["--timeout", "1s", "--cancel-on", "interrupt"], {}, (124, False)),
    ("trigger", ["--timeout", "1s", "--cancel-on", "timeout"], {}, (124, True)),
    ("wait", ["--timeout", "1s"] + ALL, {}, (124, False)),
    ("trigger", ["--fail-fast"], {"jobs": failing}, (1, False)),
    ("trigger", ["--fail-fast", "--cancel-on", "timeout"], {"jobs": failing}, (1, False)),
    ("trigger", ["--fail-fast", "--cancel-on", "fail-fast"], {"jobs": failing}, (1, True)),
    ("wait", ["--fail-fast"] + ALL, {"jobs": failing}, (1, False)),
    ("trigger", ALL, {"words": ["RUNNING", "FAIL"]}, (1, False)),
    # A poll that fails never cancels anything.
    ("trigger", ALL + ["--tolerate", "500ms"], {"after": (502, {}, "")}, (69, False)),
    ("trigger", ALL + ["--tolerate", "500ms"], {"after": (200, {}, "[]")}, (65, False)),
    ("trigger", ALL, {"after": (401, {}, "")}, (77, False)),
    ("trigger", ALL, {"after": (404, {}, "")}, (66, False)),
    ("trigger", ALL + ["--cancel-found", "--tolerate", "500ms"], {"after": (429, {}, "")}, (69, False)),
])
def test_cancel_on_cancels_what_it_names_and_nothing_else(command, more, options, expected):
    assert stopped(command, *more, **options) == expected


def test_an_interrupt_while_a_token_command_runs_leaves_at_once(tmp_path):
    process = start("wait", RUN, "--server", "http://127.0.0.1:1", "--token-command",
                    f"touch {tmp_path}/on; exec sleep 20", env={})
    while not (tmp_path / "on").exists():
        time.sleep(0.02)
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=20)
    # As a shell shows both: 143.
    assert process.returncode in (143, -signal.SIGTERM) and time.monotonic() - begun < 2.5


# Output.


def redirected(how, *more, words=("RUNNING", "SUCCESS")):
    with Server(Flow(words)) as server:
        command = [BINARY, "wait", RUN, "--server", server.url, *FAST[:-2], *more]
        shell = " ".join(f"'{word}'" for word in command) + f" {how}"
        done = subprocess.run(["bash", "-c", f"set -o pipefail; {shell}"], text=True, timeout=60,
                              capture_output=True, env={**ENV, "PATH": os.environ["PATH"]})
        return done.returncode


@pytest.mark.parametrize("how", [">&-", "> /dev/full", "| true", "| head -c 20"])
def test_an_output_that_nobody_can_read_is_no_success(how):
    assert redirected(how, "--output", "json") != 0


@pytest.mark.parametrize("form", ["plain", "json", "quiet"])
@pytest.mark.parametrize("how", ["2>&-", "2> /dev/full"])
def test_people_who_do_not_listen_change_no_verdict(how, form):
    assert redirected(how, "--output", form) == 0
    assert redirected(how, "--output", form, words=["FAIL"]) == 1


def test_the_id_of_a_launch_that_is_not_told_is_no_success():
    with Server(Flow(["RUNNING"])) as server:
        shell = f"{BINARY} trigger {HERE} --server {server.url} --no-wait > /dev/full"
        done = subprocess.run(["bash", "-c", shell], env={**ENV, "PATH": os.environ["PATH"]}, timeout=60)
        assert done.returncode == 70 and server.count("POST") == 1


# Memory and time.


def peak(answer):
    """The exit code and the most memory the binary held, in MiB."""
    measure = ("import resource, subprocess, sys; code = subprocess.run(sys.argv[1:]).returncode;"
               "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024, file=sys.stderr);"
               "sys.exit(code)")
    with Server(answer) as server:
        done = subprocess.run(
            [sys.executable, "-c", measure, BINARY, "wait", RUN, "--server", server.url, *FAST,
             "--tolerate", "3s"], env=ENV, capture_output=True, text=True, timeout=120)
    return done.returncode, int(done.stderr.splitlines()[-1])


@pytest.mark.parametrize("answer", [
    endless, lambda r: raw(http(b" " * (120 * MIB)))(r),
    lambda r: (200, {"content-encoding": "gzip"}, BOMB),
    lambda r: (200, {}, b"[" + b"1," * (15 * MIB) + b"1]"),
    lambda r: (200, {}, b'{"x":"' + b"x" * (31 * MIB) + b'"}'),
    lambda r: (200, {}, b"[" * (31 * MIB)),
], ids=["chunks", "length", "bomb", "values", "text", "depth"])
def test_large_answers_cost_little_memory(answer):
    code, memory = peak(answer)
    assert code == 65 and memory < 160, (code, memory)


def test_a_slow_answer_is_waited_for():
    result = wait(raw([http(TEXT)[:90], http(TEXT)[90:]], hold=1.5))
    assert result.code == 0 and result.seconds > 1.4, result


def test_an_answer_that_never_comes_ends_with_the_wait():
    def answer(request):
        time.sleep(15)
        raise Reset

    result = wait(answer, "--timeout", "1s")
    assert result.code == 124 and result.seconds < 5, result

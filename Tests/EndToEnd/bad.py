"""Bad answers of every kind, and a pipeline that gives them, to hold the built binary against."""

import gzip
import json
import time

from harness import Reset, Server, run
from test_yunxiao import ENV, FAST

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
    "an error and a success": ((200, {}, '{"errorCode":"X","errorMessage":"no"}' + TEXT), "unreadable", 65),
    "a list of it": ((200, {}, [GREEN]), "unreadable", 65),
    "wrapped": ((200, {}, {"data": GREEN}), "unreadable", 65),
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
    "no jobs": (changed(stages=[{"name": "x", "stageInfo": {"status": "SUCCESS", "jobs": []}}]),
                "unreadable", 65),
    "a word that is no text": (changed(status=True), "unreadable", 65),
    "no word": (dropped("status"), "unknown", 124),
    "a null for a word": (changed(status=None), "unknown", 124),
    "a word like success": (changed(status="Success"), "unknown", 124),
    "a padded word": (changed(status=" SUCCESS"), "unknown", 124),
}
# How often an answer must be bad to spoil two looks: a circle of redirects is left after six requests.
TIMES = {"a redirect in a circle": 12}
# Those that a look alone may take seconds to read.
HEAVY = {"many values", "a gzip bomb", "120 MiB", "deep inside", "a head without end"}


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
    """Runs a command against a server of these answers, and says also what it was asked."""
    with Server(answer) as server:
        result = run(command, target, "--server", server.url, *FAST, "--no-history", *more,
                     env=env, **options)
        result.requests = server.requests
        result.posts = server.count("POST")
        return result


def trigger(answer, *more, target=HERE, **options):
    return wait(answer, *more, target=target, command="trigger", **options)

"""What can go wrong with an answer, each kind against the built binary: the README's table, held from outside.

Every bad answer comes twice and is followed by a green run, which must be 0; and without end, which never may be.
"""

import email.utils
import subprocess
import sys
import time

import pytest

from bad import BOMB, GREEN, KINDS, MIB, RUN, TEXT, TIMES, Bad, endless, http, raw, wait
from harness import BINARY, Reset, Server, holds
from test_yunxiao import ENV, FAST


@holds("a 5xx, a reset, an answer cut off or none at all", "nonsense for an answer",
       "an answer about something else", "a status word nobody documented")
@pytest.mark.parametrize("name", KINDS)
def test_two_bad_answers_and_then_a_green_run_are_0(name):
    answer, kind, _ = KINDS[name]
    result = wait(Bad(answer, TIMES.get(name, 2)), "--tolerate", "40s")
    assert result.code == 0, result
    if kind == "unknown":
        assert result.named("unknown-status"), result
    else:
        assert [event["kind"] for event in result.named("trouble")] == [kind] * 2, result


@holds("a 5xx, a reset, an answer cut off or none at all", "nonsense for an answer",
       "an answer about something else", "a status word nobody documented")
@pytest.mark.parametrize("name", KINDS)
def test_bad_answers_without_end_are_no_success(name):
    answer, kind, code = KINDS[name]
    limit = "1500ms" if kind == "unknown" else "40s"
    result = wait(Bad(answer, 10**9), "--tolerate", "500ms", "--timeout", limit)
    assert result.code == code, result
    reason = {69: "unreachable", 65: "unreadable", 124: "out-of-time"}[code]
    assert result.verdict["reason"] == reason and result.verdict["verdict"] is None, result


# Missing, refused, throttled.


@holds("no such run, or one that vanished")
def test_a_run_that_is_missing_for_a_moment_is_waited_for():
    answers = iter([(404, {}, {}), (200, {}, {**GREEN, "status": "RUNNING"}), (404, {}, {}),
                    (200, {}, {**GREEN, "status": "RUNNING"}), (404, {}, {}), (200, {}, GREEN)])
    result = wait(lambda request: next(answers))
    assert result.code == 0, result


@holds("no such run, or one that vanished")
def test_a_run_that_vanished_is_66_after_one_more_look():
    answers = iter([(200, {}, {**GREEN, "status": "RUNNING"})])
    result = wait(lambda request: next(answers, (404, {}, {})))
    assert result.code == 66 and len(result.requests) == 3, result


@holds("a wrong credential, or one that may not do this")
@pytest.mark.parametrize("status", [401, 403, 407])
def test_a_refusal_in_mid_wait_ends_at_once(status):
    answers = iter([(200, {}, {**GREEN, "status": "RUNNING"})])
    result = wait(lambda request: next(answers, (status, {}, {"errorMessage": "no"})))
    assert result.code == 77 and len(result.requests) == 2, result


# A header, and the seconds that it asks for at least; what no clock can read asks for none.
HINTS = {
    "seconds": (lambda now: {"retry-after": "2"}, 1.9),
    "a date": (lambda now: {"retry-after": date(now + 3), "date": date(now)}, 2.9),
    "a date of a clock that is late": (
        lambda now: {"retry-after": date(now - 86400 + 3), "date": date(now - 86400)}, 2.9),
    "a date of a clock that is early": (
        lambda now: {"retry-after": date(now + 86400 + 3), "date": date(now + 86400)}, 2.9),
    "GitLab's reset": (
        lambda now: {"ratelimit-remaining": "0", "ratelimit-reset": str(int(now) + 3), "date": date(now)}, 2.9),
    "GitHub's reset": (
        lambda now: {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(now) + 3), "date": date(now)}, 2.9),
    "Alibaba's milliseconds": (lambda now: {"x-acs-retry-after": "1500"}, 1.4),
    "a word": (lambda now: {"retry-after": "soon"}, 0),
    "a negative one": (lambda now: {"retry-after": "-5"}, 0),
    "none": (lambda now: {}, 0),
    "zero before a monster": (lambda now: {"x-acs-retry-after": "1e300", "retry-after": "0"}, 0),
}


def date(moment):
    return email.utils.formatdate(int(moment), usegmt=True)


@holds("too many requests")
@pytest.mark.parametrize("name", HINTS)
def test_the_time_to_wait_is_waited_out(name):
    header, least = HINTS[name]
    times = []

    def answer(request):
        times.append(time.monotonic())
        return (429, header(time.time()), {}) if len(times) == 1 else (200, {}, GREEN)

    result = wait(answer)
    assert result.code == 0 and least <= times[1] - times[0] < 15, (times, result)


@holds("too many requests")
@pytest.mark.parametrize("after", ["3600", "1e9", "9" * 40])
def test_a_long_time_to_wait_is_neither_outwaited_nor_ignored(after):
    result = wait(lambda request: (429, {"retry-after": after}, {}), "--tolerate", "1s")
    assert result.code == 69 and len(result.requests) == 1 and result.seconds < 20, result


@pytest.mark.parametrize("days", [-400, -1, 1, 400])
def test_a_wrong_clock_does_not_change_the_wait(days):
    words = iter(["RUNNING", "RUNNING", "SUCCESS"])

    def answer(request):
        now = time.time() + days * 86400
        return 200, {"date": date(now)}, {
            **GREEN, "status": next(words), "createTime": int(now * 1000) - 5000}

    result = wait(answer)
    assert result.code == 0 and result.seconds < 20, result


# Memory and time.


def peak(answer):
    """The exit code and the most memory the binary held, in MiB."""
    measure = ("import resource, subprocess, sys; code = subprocess.run(sys.argv[1:]).returncode;"
               "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024, file=sys.stderr);"
               "sys.exit(code)")
    with Server(answer) as server:
        done = subprocess.run(
            [sys.executable, "-c", measure, BINARY, "wait", RUN, "--server", server.url, *FAST,
             "--tolerate", "1s", "--timeout", "60s"], env=ENV, capture_output=True, text=True, timeout=120)
    return done.returncode, int(done.stderr.splitlines()[-1])


@holds("an answer without end")
@pytest.mark.parametrize("answer", [
    endless, lambda r: raw(http(b" " * (120 * MIB)))(r),
    lambda r: (200, {"content-encoding": "gzip"}, BOMB),
], ids=["chunks", "length", "bomb"])
def test_an_answer_of_120_mib_costs_less_than_160(answer):
    code, memory = peak(answer)
    assert code == 65 and memory < 160, (code, memory)


@holds("nonsense for an answer")
@pytest.mark.parametrize("answer", [
    lambda r: (200, {}, b"[" + b"1," * (15 * MIB) + b"1]"),
    lambda r: (200, {}, b'{"x":"' + b"x" * (31 * MIB) + b'"}'),
    lambda r: (200, {}, b"[" * (31 * MIB)),
], ids=["values", "text", "depth"])
def test_the_largest_answer_that_is_read_costs_a_few_times_its_size(answer):
    code, memory = peak(answer)
    assert code == 65 and memory < 8 * 32, (code, memory)


@holds("a 5xx, a reset, an answer cut off or none at all")
def test_a_slow_answer_is_waited_for():
    result = wait(raw([http(TEXT)[:90], http(TEXT)[90:]], hold=1.5))
    assert result.code == 0 and result.seconds > 1.4, result


@holds("a 5xx, a reset, an answer cut off or none at all")
def test_an_answer_that_never_comes_ends_with_the_wait():
    def answer(request):
        time.sleep(30)
        raise Reset

    result = wait(answer, "--timeout", "1s")
    assert result.code == 124 and result.seconds < 15, result

"""A run is started once, whatever happens to the request, and a repeated step joins the run it started."""

import json
import socket
import time

import pytest

from bad import HERE, HEAVY, KINDS, Bad, trigger
from harness import Reset, Server, holds, run, start
from test_yunxiao import ENV, FAST, TOKEN, Flow


UNCLEAR = [name for name, (_, kind, _) in KINDS.items() if kind in ("unreachable", "unreadable")
           and name not in HEAVY]


@holds("the answer to a trigger is lost")
@pytest.mark.parametrize("name", UNCLEAR)
def test_a_bad_answer_to_the_trigger_is_75_and_one_post(name):
    bad = KINDS[name][0]

    def answer(request):
        return Bad(bad, 1)(request) if request.command == "POST" else (404, {}, {})

    result = trigger(answer)
    assert (result.code, result.posts) == (75, 1), result
    assert result.verdict["reason"] == "uncertain-trigger", result
    assert "--key" in result.verdict["message"], result


@holds("a trigger that is declined")
@pytest.mark.parametrize("status, code", [
    (400, 64), (409, 64), (422, 64), (401, 77), (403, 77), (404, 66), (429, 69),
])
def test_a_trigger_that_was_declined_started_nothing(status, code):
    result = trigger(lambda request: (status, {}, {"errorMessage": "no"}))
    assert (result.code, result.posts) == (code, 1), result


def nobody():
    """A place that is held for a server which nobody has started yet."""
    place = socket.socket()
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    place.bind(("127.0.0.1", 0))
    return place


def test_a_trigger_that_cannot_be_delivered_is_tried_again():
    with nobody() as place:
        server = f"http://127.0.0.1:{place.getsockname()[1]}"
        result = run("trigger", HERE, "--server", server, *FAST, "--tolerate", "1s", env=ENV)
    assert result.code == 69 and len(result.named("trouble")) > 1, result


def test_a_trigger_waits_for_a_server_that_is_only_starting():
    with nobody() as place:
        port = place.getsockname()[1]
        process = start("trigger", HERE, "--server", f"http://127.0.0.1:{port}", *FAST, env=ENV)
        time.sleep(1)
        with Server(Flow(["RUNNING", "SUCCESS"]), port=port) as server:
            out, err = process.communicate(timeout=60)
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


@holds("the answer to a trigger is lost")
@pytest.mark.parametrize("lost", [lose, lambda r: (502, {}, ""), lambda r: (200, {}, "{}")])
def test_a_run_whose_answer_was_lost_is_found_by_its_key(lost):
    result = trigger(Marked(["RUNNING", "SUCCESS"], lost, hidden=0.5), "--key", "deploy-7")
    assert (result.code, result.posts) == (0, 1), result
    assert result.named("located")[0]["triggered"] is True


@holds("the answer to a trigger is lost")
def test_a_run_that_was_lost_and_never_shows_is_75():
    result = trigger(Marked(["RUNNING"], lose, hidden=99), "--key", "k", "--appear-timeout", "1s")
    assert (result.code, result.posts) == (75, 1), result


@holds("the step is repeated, since its runner died")
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


@holds("the step is repeated, since its runner died")
def test_a_runner_that_dies_while_its_trigger_is_under_way_starts_one_run():
    flow = Marked(["RUNNING", "SUCCESS"])

    def slow(request):
        time.sleep(30)
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




def test_a_trigger_that_was_refused_is_sent_again_only_with_a_new_credential(tmp_path):
    """A refusal started nothing; the run is started by the second request, once."""
    command = f"echo x >> {tmp_path}/n; echo token-$(wc -l < {tmp_path}/n)"
    flow = Flow(["RUNNING", "SUCCESS"])
    tokens = []

    def answer(request):
        if request.command == "POST":
            tokens.append(request.headers["x-yunxiao-token"])
            if tokens[-1] == "token-1":
                return 401, {}, {"errorCode": "InvalidTokenError"}
        request.headers.replace_header("x-yunxiao-token", TOKEN)
        return flow(request)

    result = trigger(answer, "--token-command", command, env={})
    assert result.code == 0 and tokens == ["token-1", "token-2"], result

"""Yunxiao from outside: https://www.alibabacloud.com/help/en/yunxiao/developer-reference/getlatestpipelinerun"""

import json
import re
import time

import pytest

from harness import Reset, Server, holds, run

TOKEN = "pt-0fh3SECRETfbG_35af"
ENV = {"YUNXIAO_ACCESS_TOKEN": TOKEN}
FAST = ["--min-interval", "50ms", "--max-interval", "100ms", "--output", "json"]
ROOT = "/oapi/v1/flow/organizations/org/pipelines/123"


class Flow:
    """One pipeline whose run passes through `words`, one a look."""

    def __init__(self, words, jobs=None, branch="master", faults=(), root=ROOT):
        self.words, self.jobs, self.branch, self.root = list(words), jobs, branch, root
        self.faults = list(faults)
        self.looks = 0
        self.params = None
        self.stopped = False

    def stages(self, word):
        if self.jobs is not None:
            return self.jobs(word)
        return [{"index": "Group0-Stage0", "name": "Build", "stageInfo": {
            "name": "Build", "status": word, "startTime": 1729178040000,
            "jobs": [{"id": 300460493, "jobSign": "build", "name": "Java build", "status": word,
                      "startTime": 1729178040000, "endTime": None, "params": "{}", "actions": []}]}}]

    def body(self, run):
        word = self.words[min(self.looks, len(self.words) - 1)]
        if self.stopped:
            word = "CANCELED"
        self.looks += 1
        return {"pipelineId": 123, "pipelineRunId": run, "status": word, "triggerMode": 4,
                "createTime": int(time.time() * 1000), "updateTime": int(time.time() * 1000),
                "globalParams": [], "stageGroup": [["Build"]],
                "sources": [{"type": "Codeup", "sign": "a", "data": {
                    "repo": "https://codeup.aliyun.com/o/r.git", "branch": self.branch,
                    "isBranchMode": False}}],
                "stages": self.stages(word)}

    def __call__(self, request):
        path = request.path.split("?")[0]
        if request.headers.get("x-yunxiao-token") != TOKEN:
            return 401, {}, {"errorCode": "InvalidTokenError", "errorMessage": "bad token", "requestId": "r"}
        if request.command == "POST" and path == self.root + "/runs":
            self.params = json.loads(request.text)["params"]
            return 200, {}, "33"
        if request.command == "PUT" and re.fullmatch(self.root + r"/runs/\d+", path):
            self.stopped = True
            return 200, {}, "true"
        if request.command == "GET" and self.faults:
            fault = self.faults.pop(0)
            if fault == "reset":
                raise Reset
            return fault
        if path == self.root + "/runs/latestPipelineRun":
            return 200, {}, self.body(7)
        if match := re.fullmatch(self.root + r"/runs/(7|33)", path):
            return 200, {}, self.body(int(match[1]))
        if path == self.root + "/runs":
            return 200, {}, [{"pipelineRunId": 7, "pipelineId": 123, "status": "RUNNING",
                              "startTime": 1729178040000, "endTime": None}]
        if path == self.root:
            return 200, {}, {"name": "p", "pipelineConfig": {"sources": [
                {"data": {"repo": "https://codeup.aliyun.com/o/r.git", "branch": "master"}}]}}
        if path.endswith("/log"):
            return 200, {}, {"content": "compile\nerror: boom\n", "last": 2, "more": False}
        return 404, {}, {"errorCode": "NotFound", "errorMessage": "Not Found", "requestId": "r"}


def wait(flow, *more, target="yunxiao:org/123#7", env=ENV, **options):
    with Server(flow) as server:
        result = run("wait", target, "--server", server.url, *FAST, *more, env=env, **options)
        result.requests = server.requests
        return result


@pytest.mark.parametrize("words, code, verdict", [
    (["RUNNING", "SUCCESS"], 0, "succeeded"),
    (["WAITING", "RUNNING", "FAIL"], 1, "failed"),
    (["RUNNING", "CANCELLING", "CANCELED"], 2, "canceled"),
    (["SKIP"], 4, "skipped"),
])
def test_the_vendors_word_decides_the_code(words, code, verdict):
    result = wait(Flow(words))
    assert result.code == code, result
    assert result.verdict["verdict"] == verdict
    assert result.verdict["exit_code"] == code
    names = [event["event"] for event in result.events]
    assert names[0] == "located" and "stage" in names and names[-1] == "verdict"


def test_an_unknown_word_is_told_by_name_and_is_no_end():
    result = wait(Flow(["RUNNING", "EXPLODED"]), "--timeout", "1s")
    assert result.code == 124, result
    assert {"EXPLODED"} == {event["word"] for event in result.named("unknown-status")}


def test_an_unknown_word_may_be_followed_by_success():
    assert wait(Flow(["BREWING", "SUCCESS"])).code == 0


def test_a_wrong_token_is_77_and_not_printed():
    result = wait(Flow(["SUCCESS"]), env={"YUNXIAO_ACCESS_TOKEN": "pt-wrong-secret"})
    assert result.code == 77, result
    assert result.verdict["reason"] == "refused"
    assert "pt-wrong-secret" not in result.out + result.err


def test_a_missing_token_is_78_before_any_request():
    result = wait(Flow(["SUCCESS"]), env={})
    assert result.code == 78 and result.requests == [], result
    assert "YUNXIAO_ACCESS_TOKEN" in result.err


def test_a_missing_run_is_66():
    result = wait(Flow(["SUCCESS"]), target="yunxiao:org/123#999")
    assert result.code == 66 and result.verdict["reason"] == "not-found", result


def test_no_selector_is_64_before_any_request():
    result = wait(Flow(["SUCCESS"]), target="yunxiao:org/123")
    assert result.code == 64 and result.requests == [], result


def test_out_of_time_is_124_with_the_last_look_at_the_deadline():
    result = wait(Flow(["RUNNING"]), "--timeout", "1s")
    assert result.code == 124 and 0.9 < result.seconds < 3, result
    assert result.verdict["reason"] == "out-of-time"


@pytest.mark.parametrize("name, code", [("SIGINT", 130), ("SIGTERM", 143)])
def test_an_interrupt_ends_with_its_code_and_a_verdict(name, code):
    flow = Flow(["RUNNING"])
    result = wait(flow, interrupt=name, until=lambda: flow.looks > 1)
    assert result.code == code and result.verdict["reason"] == "interrupted", result
    assert result.verdict["exit_code"] == code and not flow.stopped


def test_trigger_posts_once_and_follows_the_id_of_the_answer():
    flow = Flow(["RUNNING", "SUCCESS"], branch="dev")
    with Server(flow) as server:
        result = run("trigger", "yunxiao:org/123@dev", "--server", server.url, *FAST,
                     "--input", "k1=v=1", env=ENV)
        assert result.code == 0, result
        assert server.count("POST") == 1
    located = result.named("located")[0]
    assert located["triggered"] and located["run"]["id"] == "33"
    params = json.loads(flow.params)
    assert params["envs"]["k1"] == "v=1"
    assert params["runningBranchs"] == {"https://codeup.aliyun.com/o/r.git": "dev"}


def test_a_run_of_another_branch_than_asked_is_no_success():
    with Server(Flow(["SUCCESS"], branch="master")) as server:
        result = run("trigger", "yunxiao:org/123@dev", "--server", server.url, *FAST, env=ENV)
    assert result.code == 66, result


def test_no_wait_prints_the_id_alone():
    with Server(Flow(["RUNNING"])) as server:
        result = run("trigger", "yunxiao:org/123", "--server", server.url, "--no-wait", env=ENV)
        assert (result.code, result.out) == (0, "33\n"), result
        assert server.count("POST") == 1 and server.count("GET") == 0


@pytest.mark.parametrize("answer", [(502, {}, "<html>bad gateway</html>"), (200, {}, "{}"), "reset"])
def test_a_lost_trigger_answer_is_75_and_is_not_repeated(answer):
    flow = Flow(["SUCCESS"])

    def lost(request):
        if request.command != "POST":
            return flow(request)
        if answer == "reset":
            raise Reset
        return answer

    with Server(lost) as server:
        result = run("trigger", "yunxiao:org/123", "--server", server.url, *FAST, env=ENV)
        assert result.code == 75 and server.count("POST") == 1, result
    assert result.verdict["reason"] == "uncertain-trigger"


def test_passing_faults_are_borne():
    faults = [(502, {}, "<html>"), "reset", (429, {"retry-after": "1"}, {"errorCode": "TooManyRequests"})]
    result = wait(Flow(["RUNNING", "SUCCESS"], faults=faults))
    assert result.code == 0, result
    assert [event["kind"] for event in result.named("trouble")] == ["unreachable", "unreachable", "throttled"]
    assert result.verdict["requests"]["failed"] == 3


def test_endless_trouble_is_69_and_endless_nonsense_65():
    result = wait(Flow([], faults=[(502, {}, "<html>")] * 1000), "--tolerate", "1s")
    assert result.code == 69 and result.verdict["reason"] == "unreachable", result
    result = wait(lambda request: (200, {}, "[1]"), "--tolerate", "1s")
    assert result.code == 65 and result.verdict["reason"] == "unreadable", result


def test_a_server_that_is_not_there_is_69():
    with Server(Flow([])) as server:
        url = server.url
    result = run("wait", "yunxiao:org/123#7", "--server", url, *FAST, "--tolerate", "1s", env=ENV)
    assert result.code == 69 and result.seconds < 5, result


def test_the_answer_about_another_run_is_not_believed():
    result = wait(lambda request: (200, {}, {"pipelineId": 123, "pipelineRunId": 8, "status": "SUCCESS"}),
                  "--tolerate", "500ms")
    assert result.code == 65, result


def test_check_looks_once():
    with Server(Flow(["RUNNING"])) as server:
        result = run("check", "yunxiao:org/123", "--latest", "--server", server.url, env=ENV)
        assert result.code == 6 and len(server.requests) == 1, result


def gate(word):
    return [{"name": "Deploy", "stageInfo": {"name": "Deploy", "status": word, "jobs": [
        {"id": 1, "name": "Approve", "status": "WAITING", "actions": [
            {"type": "PassPipelineValidate", "disable": True, "params": {"validators": ["u1"]}}]}]}}]


@holds("a person must act")
def test_a_gate_is_seen_in_a_jobs_actions():
    result = wait(Flow(["RUNNING"], jobs=gate), "--on-approval", "fail")
    assert result.code == 5 and result.named("approval")[0]["job"] == "Approve", result


def test_region_edition_has_no_organization():
    flow = Flow(["SUCCESS"], root="/oapi/v1/flow/pipelines/123")
    assert wait(flow, target="yunxiao:123#7").code == 0


def test_by_ref_from_the_run_list():
    assert wait(Flow(["SUCCESS"], branch="dev"), target="yunxiao:org/123@dev").code == 0
    result = wait(Flow(["SUCCESS"]), "--appear-timeout", "500ms", target="yunxiao:org/123@dev")
    assert result.code == 66, result


def test_the_end_of_a_failed_jobs_log_is_told():
    assert wait(Flow(["FAIL"])).named("log")[0]["lines"] == ["compile", "error: boom"]


def test_cancel_on_interrupt_stops_only_what_was_started_here():
    flow = Flow(["RUNNING"])
    with Server(flow) as server:
        result = run("trigger", "yunxiao:org/123", "--server", server.url, *FAST,
                     "--cancel-on", "interrupt", env=ENV, interrupt="SIGTERM",
                     until=lambda: flow.looks > 1)
    assert result.code == 143 and flow.stopped, result
    flow = Flow(["RUNNING"])
    result = wait(flow, "--cancel-on", "interrupt", interrupt="SIGTERM", until=lambda: flow.looks > 1)
    assert result.code == 143 and not flow.stopped, result


@pytest.mark.parametrize("form", ["json", "plain", "quiet"])
@pytest.mark.parametrize("words", [["SUCCESS"], ["FAIL"]])
def test_the_token_is_in_no_output(form, words):
    def echo(request):
        status, headers, body = Flow(words)(request)
        text = body if isinstance(body, str) else json.dumps(body).replace("Java build", f"job {TOKEN}")
        return status, headers, text

    with Server(echo) as server:
        result = run("wait", "yunxiao:org/123#7", "--server", server.url, "--output", form, env=ENV)
    assert TOKEN not in result.out + result.err, result


def test_remote_names_cannot_speak_to_the_host():
    evil = "\x1b[31m::error::x ##[error]y section_start:1:z \u202e\u200b"

    def jobs(word):
        return [{"name": evil, "stageInfo": {"name": evil, "status": word, "jobs": [
            {"id": 1, "name": evil, "status": "FAIL", "actions": []}]}}]

    for form in ["plain", "json"]:
        with Server(Flow(["FAIL"], jobs=jobs)) as server:
            result = run("wait", "yunxiao:org/123#7", "--server", server.url, "--output", form, env=ENV)
        text = result.out + result.err
        for bad in ["\x1b", "::error::", "##[", "section_start:", "\u202e", "\u200b", "\\u001b"]:
            assert bad not in text, (bad, result)


def test_trouble_before_the_trigger_is_borne_and_the_trigger_still_sent_once():
    flow = Flow(["SUCCESS"], branch="dev", faults=[(502, {}, "<html>"), (200, {}, "<html>")])
    with Server(flow) as server:
        result = run("trigger", "yunxiao:org/123@dev", "--server", server.url, *FAST, env=ENV)
        assert result.code == 0 and server.count("POST") == 1, result

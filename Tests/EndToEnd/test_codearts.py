"""Huawei Cloud from outside: https://support.huaweicloud.com/intl/en-us/api-pipeline/RunPipeline.html"""

import json
import time
import urllib.parse

import pytest

from harness import Server, run

KEYS = {"HUAWEICLOUD_SDK_AK": "AKPTESTID", "HUAWEICLOUD_SDK_SK": "skSECRETskSECRET"}
TOKEN = {"HUAWEICLOUD_AUTH_TOKEN": "MIISECRETtoken"}
FAST = ["--min-interval", "50ms", "--max-interval", "100ms", "--output", "json"]
ROOT = "/v5/P/api/pipelines/PL"
RUN = "c9cfdc8b918e44c09ad1cdd8c6b13c78"
OLD = "00000000000000000000000000000001"
PIPELINE = "codearts:cn-north-4/P/PL"
REPO = "codearts-repo:cn-north-4/2111976239/6"


class Pipeline:
    """One pipeline whose started run gives `answers`, one a look: a word of its state, or a whole body."""

    def __init__(self, *answers, started={"pipeline_run_id": RUN}, branch="dev", queue=()):
        self.answers, self.started, self.branch, self.queue = list(answers), started, branch, queue
        self.order = None
        self.posts = []

    def detail(self, word, run=RUN):
        job = {"id": "j", "name": "Unit", "status": word, "message": None, "steps": [
            {"id": "s", "name": "test", "task": "official_shell_plugin", "status": word}]}
        return {"id": run, "pipeline_id": "PL", "status": word, "start_time": int(time.time() * 1000),
                "end_time": 0, "run_number": 7, "stages": [
                    {"name": "Test", "status": word, "pre": [], "jobs": [job]},
                    {"name": "Deploy", "status": "INIT", "pre": [], "jobs": []}],
                "sources": [{"type": "code", "params": {"git_type": "codehub", "build_params": {
                    "build_type": "branch", "target_branch": self.branch, "commit_id": "1c46c505c8485388",
                    "event_type": "Manual"}}}]}

    def __call__(self, request):
        path, _, query = request.path.partition("?")
        if request.command == "POST":
            self.posts.append(path)
        if path == ROOT:
            return 200, {}, {"id": "PL", "sources": [{"type": "code", "params": {
                "git_type": "codehub", "git_url": "https://h/r.git", "codehub_id": "1"}}]}
        if path == ROOT + "/run":
            self.order = json.loads(request.text)
            return 200, {}, self.started
        if path.endswith("/logs"):
            return 200, {}, {"has_more": False, "start_offset": "0", "end_offset": "9",
                             "log": "one\n::error::two\n", "step_run_id": "s"}
        if path.endswith("/stop"):
            self.answers = ["CANCELED"]
            return 200, {}, {"success": True}
        if path == ROOT + "/queued-pipeline":
            return 200, {}, {"queuedPipelines": list(self.queue), "total": len(self.queue)}
        if path == ROOT + "/pipeline-runs/list":
            return 200, {}, {"pipeline_runs": []}
        assert path == ROOT + "/pipeline-runs/detail", path
        assert urllib.parse.parse_qs(query) == {"pipeline_run_id": [RUN]}
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return 200, {}, self.detail(answer) if isinstance(answer, str) else answer


def trigger(pipeline, *options, env=KEYS):
    with Server(pipeline) as server:
        result = run("trigger", PIPELINE, "--server", server.url, *FAST, *options, env=env)
    for secret in ["skSECRETskSECRET", "MIISECRETtoken"]:
        assert secret not in result.out + result.err
    return result


@pytest.mark.parametrize("word, code", [
    ("COMPLETED", 0), ("FAILED", 1), ("CANCELED", 2), ("IGNORED", 4)])
def test_a_run_is_started_once_and_its_word_is_the_exit_code(word, code):
    pipeline = Pipeline("RUNNING", "RUNNING", word)
    result = trigger(pipeline, "--no-history", "--input", "env=prod")
    assert result.code == code, result
    assert pipeline.posts.count(ROOT + "/run") == 1
    assert pipeline.order == {"variables": [{"name": "env", "value": "prod"}]}
    assert result.verdict["run"]["url"].endswith(f"/cicd/project/P/pipeline/detail/PL/{RUN}")


@pytest.mark.parametrize("code", ["DEVPIPE.00011169", "DEVPIPE.00011170"])
def test_a_trigger_that_queues_is_no_failure(code):
    queue = [{"id": 5, "pipeline_run_id": RUN, "status": "QUEUED", "enqueue_time": 1}]
    nothing = {"error_code": "DEVPIPE.00010404", "error_msg": "no record"}
    pipeline = Pipeline(nothing, nothing, "RUNNING", "COMPLETED", queue=queue, started={
        "error_code": code, "error_msg": "queued", "error": {"pipeline_run_id": RUN, "queue_id": 5}})
    result = trigger(pipeline, "--no-history")
    assert result.code == 0, result
    assert [event["state"] for event in result.named("run")][:1] == ["queued"]
    assert pipeline.posts == [ROOT + "/run"]


@pytest.mark.parametrize("started, code", [
    ({"error_code": "DEVPIPE.00011104", "error_msg": "limit"}, 69),
    ({"error_code": "DEVPIPE.30011011", "error_msg": "no permission"}, 77),
    ({"error": {"code": "DEVPIPE.00011401", "message": "not found"}}, 66),
    ({"errorCode": "DEVPIPE.77777777", "errorMsg": "who knows"}, 75),
    ({"pipeline_run_id": "", "error_msg": "who knows"}, 75),
    ("", 75)])
def test_an_error_with_status_200_is_an_error(started, code):
    pipeline = Pipeline("COMPLETED", started=started)
    result = trigger(pipeline)
    assert result.code == code, result
    assert pipeline.posts == [ROOT + "/run"]


def test_another_run_that_is_answered_is_never_a_success():
    pipeline = Pipeline("RUNNING")
    pipeline.answers = [pipeline.detail("COMPLETED", run=OLD), "RUNNING", "FAILED"]
    assert trigger(pipeline, "--no-history").code == 1


def test_a_run_of_another_branch_is_not_waited_for():
    pipeline = Pipeline("RUNNING", "COMPLETED", branch="master")
    result = trigger(pipeline, "--ref", "release")
    assert result.code == 66, result
    build = pipeline.order["sources"][0]["params"]["build_params"]
    assert build == {"build_type": "branch", "event_type": "Manual", "target_branch": "release"}


def test_a_review_can_end_the_wait():
    result = trigger(Pipeline("RUNNING", "PAUSED"), "--no-history", "--on-approval", "fail")
    assert result.code == 5, result
    assert result.named("approval")[0]["url"].endswith(RUN)


def test_the_end_of_a_failed_job_s_log_is_shown():
    result = trigger(Pipeline("RUNNING", "FAILED"), "--no-history", "--log-lines", "1")
    assert result.code == 1
    assert [event["job"] for event in result.named("log")] == ["Unit"]


def test_a_timeout_stops_the_run_where_asked():
    pipeline = Pipeline("RUNNING")
    result = trigger(pipeline, "--no-history", "--timeout", "1s", "--cancel-on", "timeout", env=TOKEN)
    assert result.code == 124, result
    assert pipeline.posts == [ROOT + "/run", f"{ROOT}/pipeline-runs/{RUN}/stop"]


def test_a_signature_that_is_refused_is_told_without_what_was_signed():
    def answer(request):
        return 401, {}, {"error_code": "APIGW.0301", "error_msg":
                         "Incorrect IAM authentication information: verify aksk signature fail, "
                         "canonical_request:" + str(request.headers).replace("\n", "|")}

    temporary = KEYS | {"HUAWEICLOUD_SDK_SECURITY_TOKEN": "tokSECRETtok"}
    with Server(answer) as server:
        result = run("check", f"{PIPELINE}#{RUN}", "--server", server.url, env=temporary)
    assert result.code == 77
    assert "APIGW.0301" in result.err and "canonical" not in result.err, result
    assert "tokSECRETtok" not in result.err


def test_without_a_credential_nothing_is_asked():
    with Server(Pipeline("RUNNING")) as server:
        result = run("check", f"{PIPELINE}#{RUN}", "--server", server.url)
        assert result.code == 78 and "HUAWEICLOUD_SDK_AK" in result.err, result
        assert server.requests == []


class Repository:
    def __init__(self, *words, pipeline=6):
        self.words, self.pipeline = list(words), pipeline

    def __call__(self, request):
        assert request.path == "/v4/repositories/2111976239/pipelines/6/latest-jobs"
        word = self.words.pop(0) if len(self.words) > 1 else self.words[0]
        at = "2025-05-17T11:02:25.000+08:00"
        return 200, {}, {"id": self.pipeline, "status": word, "stages": [
            {"id": 8125, "name": "external", "status": word, "sort_id": None, "jobs": [
                {"id": 31930, "sha": "1c46c505c84853887efe2ea9ea02a1333bae2237", "ref": "dev", "status": word,
                 "name": "Task 1.", "target_url": 'https://example.com/run"', "created_at": at,
                 "started_at": at, "finished_at": at, "updated_at": at, "third_build_id": "0e"}]}]}


@pytest.mark.parametrize("word, code", [
    ("success", 0), ("failed", 1), ("canceled", 2), ("timedout", 3), ("skipped", 4)])
def test_the_latest_jobs_of_a_repository_s_pipeline_are_waited_for(word, code):
    with Server(Repository("pending", "running", word)) as server:
        result = run("wait", REPO, "--latest", "--server", server.url, *FAST, env=KEYS)
    assert result.code == code, result
    located = result.named("located")[0]["run"]
    assert (located["id"], located["ref"], located["url"]) == ("6", "dev", "https://example.com/run")
    assert result.verdict["duration_s"] == 0


@pytest.mark.parametrize("options, code", [
    (["check", REPO + "#6"], 0), (["check", REPO, "--commit", "1c46c50"], 0),
    (["check", REPO, "--ref", "main"], 66), (["check", REPO + "#7"], 64), (["trigger", REPO], 64)])
def test_a_repository_s_pipeline_is_itself_the_run(options, code):
    with Server(Repository("success")) as server:
        result = run(*options, "--server", server.url, env=KEYS)
    assert result.code == code, result


def test_another_pipeline_of_the_repository_is_never_a_success():
    with Server(Repository("success", pipeline=7)) as server:
        result = run("check", REPO, "--latest", "--server", server.url, env=KEYS)
    assert result.code == 65, result

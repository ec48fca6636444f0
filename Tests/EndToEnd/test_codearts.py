"""CodeArts Pipeline from outside: https://support.huaweicloud.com/intl/en-us/api-pipeline/RunPipeline.html"""

import json
import pathlib
import re
import time
import urllib.parse

import pytest

from harness import Reset, Server, run
from signers import Clock, HuaweiGateway

FAST = ["--min-interval", "50ms", "--max-interval", "100ms", "--output", "json", "--no-history"]
PROJECT = "72271b5446614062a01b8be944c9f372"
PIPELINE = "724cb378007d4303b91f85161f67d6b0"
ROOT = f"/v5/{PROJECT}/api/pipelines/{PIPELINE}"
TARGET = f"codearts:cn-north-4/{PROJECT}/{PIPELINE}"
RUN = "c9cfdc8b918e44c09ad1cdd8c6b13c78"
OLD = "b4ec5188566b4810b97c5069384e08c4"
JOB, STEP = "f9ee" * 8, "cedd" * 8
SHA = "1c46c505c84853887efe2ea9ea02a1333bae2237"
CODE = {"type": "code", "params": {
    "git_type": "codehub", "git_url": "https://codehub.example/r.git", "codehub_id": "2111699716",
    "default_branch": "master", "alias": "", "endpoint_id": None}}
NO_RECORD = {"error_code": "DEVPIPE.00010404", "error_msg": "no record"}
STARTED = {"pipeline_run_id": RUN}


class Pipeline(HuaweiGateway):
    """One pipeline whose newest run gives `answers`, one a look: a word of its state, or a whole body."""

    def __init__(self, *answers, run=OLD, started=STARTED, branch="dev", queue=(), faults=(), listed=None, **gateway):
        super().__init__(**gateway)
        self.answers, self.id_of_run, self.started, self.branch = list(answers), run, started, branch
        self.queue, self.faults, self.listed = list(queue), list(faults), listed
        self.orders, self.posts, self.looks = [], [], 0
        self.parts = None

    def body(self, word, run):
        now = int(time.time() * 1000)
        part = "COMPLETED" if word == "COMPLETED" else word if word in ("FAILED", "CANCELED") else "RUNNING"
        steps = [{"id": STEP, "job_run_id": JOB, "name": "test", "task": "official_shell_plugin", "status": part,
                  "inputs": [{"key": "k", "value": {"any": 1}}], "multi_step_editable": "true", "message": None}]
        job = {"id": JOB, "name": "Unit", "identifier": "Task_1", "status": part, "message": None, "async": "false",
               "timeout": "", "depends_on": [], "start_time": now - 3000, "end_time": None, "steps": steps}
        if part == "FAILED":
            job["message"] = '{"errorMessage":" 构建任务执行失败!","errorCode":"DEV-CODECI-35002"}'
        stages = self.parts(word) if self.parts else [
            {"id": "1", "name": "Test", "status": part, "sequence": 0, "parallel": None, "pre": [
                {"id": "a", "task": "official_devcloud_autoTrigger", "status": "COMPLETED"}], "post": None,
             "start_time": now - 4000, "end_time": 0, "jobs": [job]},
            {"id": "2", "name": "Deploy", "status": "INIT" if word != "COMPLETED" else "COMPLETED", "pre": [],
             "jobs": []}]
        return {
            "id": run, "pipeline_id": PIPELINE, "manifest_version": "3.0", "name": "p", "status": word,
            "description": self.orders[-1].get("description") if self.orders else None, "is_publish": False,
            "run_number": 7, "start_time": now - 5000, "end_time": now if part == word else 0, "pause_time": None,
            "stages": stages, "artifacts": None, "detail_url": None, "current_system_time": now,
            "sources": [{"type": "code", "params": {"git_type": "codehub", "repo_name": "r", "build_params": {
                "build_type": "branch", "target_branch": self.branch, "commit_id": SHA, "event_type": "Manual",
                "merge_id": None, "tag": None}}}]}

    def __call__(self, request):
        if refusal := self.refusal(request):
            return refusal
        method, (path, _, query) = request.command, request.path.partition("?")
        query = urllib.parse.parse_qs(query, keep_blank_values=True)
        body = None
        if method == "POST":
            self.posts.append(path)
            try:
                body = json.loads(request.text)
            except ValueError:
                return 400, {}, {"error_code": "PARSE_REQUEST_DATA_EXCEPTION", "error_msg": "Failed to parse the body."}
        elif request.text:
            return 400, {}, {"error_code": "PARSE_REQUEST_DATA_EXCEPTION", "error_msg": "a body where none belongs"}
        if self.faults:
            fault = self.faults.pop(0)
            if fault == "reset":
                raise Reset
            return fault
        if match := re.fullmatch(r"/v5/([^/]+)/api/pipelines/([^/]+)(/.*)?", path):
            if match[1] != PROJECT:
                return 200, {}, {"error_code": "DEVPIPE.00011412", "error_msg": "The project does not exist."}
            if match[2] != PIPELINE:
                return 200, {}, {"error_code": "DEVPIPE.00011401", "error_msg": "The pipeline does not exist."}
            table = {
                ("GET", None): self.definition, ("POST", "/run"): self.start,
                ("GET", "/pipeline-runs/detail"): self.detail, ("POST", "/pipeline-runs/list"): self.list,
                ("GET", "/queued-pipeline"): self.waiting,
                ("POST", f"/pipeline-runs/{RUN}/stop"): self.stop,
                ("POST", f"/{RUN}/cancel-queuing/5"): self.stop,
                ("POST", f"/pipeline-runs/{self.id_of_run}/jobs/{JOB}/steps/{STEP}/logs"): self.log}
            if answer := table.get((method, match[3])):
                return answer(query, body)
        return 404, {}, {"error_code": "APIGW.0101", "error_msg": "The API does not exist or has not been published"}

    def definition(self, query, body):
        return 200, {}, {"id": PIPELINE, "name": "p", "definition": "{\"stages\": []}", "sources": [CODE]}

    def start(self, query, body):
        known = {"sources", "description", "variables", "choose_jobs", "choose_stages", "sub_hook", "execution_plan_id"}
        assert isinstance(body, dict) and set(body) <= known and None not in body.values(), body
        self.orders.append(body)
        self.id_of_run = RUN
        if self.started == "reset":
            raise Reset
        return self.started if isinstance(self.started, tuple) else (200, {}, self.started)

    def detail(self, query, body):
        assert set(query) <= {"pipeline_run_id"}, query
        asked = query.get("pipeline_run_id", [self.id_of_run])[0]
        if asked != self.id_of_run:
            return 200, {}, NO_RECORD
        self.looks += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, tuple):
            return answer
        return 200, {}, self.body(answer, asked) if isinstance(answer, str) else answer

    def list(self, query, body):
        assert body["limit"] <= 100 and body["offset"] >= 0, body
        if self.listed is None:
            return 200, {}, {"offset": 0, "limit": body["limit"], "total": 0, "pipeline_runs": []}
        return 200, {}, {"offset": 0, "limit": body["limit"], "total": len(self.listed), "pipeline_runs": self.listed}

    def waiting(self, query, body):
        assert set(query) == {"offset", "limit"}, query
        return 200, {}, {"offset": 0, "limit": 100, "total": len(self.queue), "queuedPipelines": self.queue}

    def stop(self, query, body):
        self.answers = ["CANCELED"]
        return 200, {}, {"success": True}

    def log(self, query, body):
        assert isinstance(body["start_offset"], int) and isinstance(body["limit"], int), body
        if body["start_offset"] == 0:
            return 200, {}, {"has_more": True, "start_offset": "4", "end_offset": "8", "log": "one\n", "step_run_id": STEP}
        return 200, {}, {"has_more": False, "start_offset": "8", "end_offset": "12", "log": "::error::two\n"}


def item(run, number, word="RUNNING", commit=SHA, **more):
    return {"pipeline_id": PIPELINE, "pipeline_run_id": run, "status": word, "run_number": number,
            "stage_status_list": [{"id": "1", "name": "Test", "sequence": 0, "status": word, "start_time": "", "end_time": ""}],
            "trigger_type": "Manual", "build_params": {"commit_id": commit, "target_branch": "dev", "merge_id": None},
            "artifact_params": None, "start_time": 1747450945000 + number, "end_time": None, "detail_url": "",
            "modify_url": None} | more


def wait(pipeline, *more, target=f"{TARGET}#{OLD}", command="wait", env=None, **options):
    with Server(pipeline) as server:
        result = run(command, target, "--server", server.url, *FAST, *more,
                     env=pipeline.env() if env is None else env, **options)
        result.requests = server.requests
    for secret in [pipeline.secret, pipeline.token, pipeline.session]:
        assert not secret or secret not in result.out + result.err
    return result


def trigger(pipeline, *more, **options):
    return wait(pipeline, *more, target=TARGET, command="trigger", **options)


@pytest.mark.parametrize("words, code, verdict", [
    (["INIT", "QUEUED", "RUNNING", "COMPLETED"], 0, "succeeded"), (["RUNNING", "FAILED"], 1, "failed"),
    (["RUNNING", "CANCELED"], 2, "canceled"), (["IGNORED"], 4, "skipped"),
    (["PAUSED", "RUNNING", "SUSPEND", "RUNNING", "COMPLETED"], 0, "succeeded")])
def test_the_vendors_word_decides_the_code(words, code, verdict):
    pipeline = Pipeline(*words)
    result = wait(pipeline)
    assert (result.code, result.verdict["verdict"]) == (code, verdict), result
    assert result.verdict["run"]["url"] == (
        f"https://devcloud.cn-north-4.huaweicloud.com/cicd/project/{PROJECT}/pipeline/detail/{PIPELINE}/{OLD}")


@pytest.mark.parametrize("word", ["completed", "SUCCESS", "SUCCEEDED", "SKIPPED", "COMPLETE", "", None])
def test_no_other_word_is_a_success_or_an_end(word):
    answer = Pipeline("").body(word, OLD)
    assert wait(Pipeline(answer), "--timeout", "700ms").code == 124


def test_a_failed_stage_is_not_the_runs_end():
    pipeline = Pipeline("RUNNING", "RUNNING", "COMPLETED")
    pipeline.parts = lambda word: [
        {"name": "Test", "status": "FAILED", "jobs": [{"id": JOB, "name": "Unit", "status": "FAILED", "steps": []}]},
        {"name": "After", "status": word, "jobs": []}]
    assert wait(pipeline).code == 0 and pipeline.looks >= 3


def test_what_failed_is_told_from_the_text_within_the_message():
    result = wait(Pipeline("FAILED"), "--output", "plain")
    assert result.code == 1 and "构建任务执行失败! (DEV-CODECI-35002)" in result.err, result
    assert "errorMessage" not in result.err


@pytest.mark.parametrize("env", [
    {"HUAWEICLOUD_SDK_SK": "wrong-secret"}, {"HUAWEICLOUD_SDK_AK": "AKother"},
    {"HUAWEICLOUD_SDK_SECURITY_TOKEN": "another"}])
def test_wrong_keys_are_77_and_not_printed(env):
    pipeline = Pipeline("COMPLETED", session="tokSECRETtok")
    result = wait(pipeline, env=pipeline.env() | env)
    assert result.code == 77 and "APIGW.0301" in result.verdict["message"], result
    assert "canonical" not in result.out + result.err and "wrong-secret" not in result.out + result.err
    assert "clock" not in result.verdict["message"]


def test_temporary_keys_and_the_project_are_signed():
    pipeline = Pipeline("RUNNING", "COMPLETED", session="tokSECRETtok", project="0" * 32)
    assert wait(pipeline).code == 0
    assert trigger(Pipeline("COMPLETED", session="tokSECRETtok"), "--input", "k=v 中").code == 0


@pytest.mark.parametrize("token, code", [("MIISECRETtoken", 0), ("MIIother", 77)])
def test_a_token_of_the_iam_is_sent_as_it_is(token, code):
    result = wait(Pipeline("COMPLETED", token="MIISECRETtoken"), env={"HUAWEICLOUD_AUTH_TOKEN": token})
    assert result.code == code and "MIIother" not in result.out + result.err, result


def test_the_credentials_file_of_the_sdk_is_read(tmp_path):
    folder = pathlib.Path(tmp_path) / ".huaweicloud"
    folder.mkdir()
    pipeline = Pipeline("COMPLETED", session="tokSECRETtok")
    (folder / "credentials").write_text(
        f"[basic]\nak = {pipeline.id}\nsk = {pipeline.secret}\nsecurity_token = tokSECRETtok\n"
        "project_id =\niam_endpoint = https://iam.example\n")
    result = wait(pipeline, env={"HOME": str(tmp_path)})
    assert result.code == 0, result
    (folder / "credentials").write_text("[basic]\nak = x\n")
    result = wait(pipeline, env={"HOME": str(tmp_path)})
    assert result.code == 78 and result.requests == [] and ".huaweicloud/credentials" in result.err, result


def test_without_a_credential_nothing_is_asked():
    result = wait(Pipeline("RUNNING"), env={})
    assert result.code == 78 and "HUAWEICLOUD_SDK_AK" in result.err and result.requests == [], result


@pytest.mark.parametrize("target, words", [
    (f"{TARGET}#{RUN}", "no record"), (f"codearts:cn-north-4/{PROJECT}/other#{OLD}", "The pipeline does not exist."),
    (f"codearts:cn-north-4/other/{PIPELINE}#{OLD}", "The project does not exist.")])
def test_what_is_missing_is_told_in_the_vendors_words(target, words):
    result = wait(Pipeline("COMPLETED"), target=target)
    assert result.code == 66 and result.verdict["reason"] == "not-found", result
    assert words in result.verdict["message"], result


@pytest.mark.parametrize("answer", [
    (404, {}, {"error_code": "DEVPIPE.00011401", "error_msg": "The pipeline does not exist."}),
    (200, {}, {"error": {"code": "DEVPIPE.00011136", "message": "项目ID和流水线不匹配"}}),
    (400, {}, {"error_code": "DEVPIPE.00010000", "error_msg": "bad id"}), (200, {}, "null"), (200, {}, {})])
def test_a_run_that_is_not_there_is_66(answer):
    result = wait(Pipeline(answer), "--tolerate", "400ms")
    assert result.code == 66 and result.verdict["reason"] == "not-found", result


def test_a_wrong_host_is_told_as_such():
    answer = {"error_code": "APIGW.0101", "error_msg": "The API does not exist or has not been published"}
    result = wait(Pipeline((404, {}, answer)))
    assert result.code == 66 and "region" in result.verdict["message"], result


def test_no_selector_or_no_known_region_is_64_before_any_request():
    assert wait(Pipeline("COMPLETED"), target=TARGET).code == 64
    result = run("wait", f"codearts:cn-nowhere-1/{PROJECT}/{PIPELINE}#{OLD}", env=Pipeline("").env())
    assert result.code == 64 and "--server" in result.err, result


@pytest.mark.parametrize("body", [
    {"id": RUN, "pipeline_id": PIPELINE, "status": "COMPLETED"}, {"status": "COMPLETED"},
    {"id": OLD, "pipeline_id": "other", "status": "COMPLETED"},
    {"id": OLD, "pipeline_id": PIPELINE, "status": "COMPLETED", "error_code": "DEVPIPE.1", "error_msg": "x"},
    [{"id": OLD, "status": "COMPLETED"}]])
def test_the_answer_about_another_run_is_not_believed(body):
    result = wait(Pipeline((200, {}, body)), "--tolerate", "400ms")
    assert result.code in (65, 66), result


@pytest.mark.parametrize("word, code", [("COMPLETED", 0), ("FAILED", 1), ("CANCELED", 2), ("IGNORED", 4)])
def test_a_run_is_started_once_and_followed_by_its_id(word, code):
    pipeline = Pipeline("RUNNING", "RUNNING", word)
    result = trigger(pipeline, "--input", "env=prod")
    assert result.code == code, result
    assert pipeline.orders == [{"variables": [{"name": "env", "value": "prod"}]}]
    assert result.named("located")[0]["run"]["id"] == RUN and result.named("located")[0]["triggered"]


def test_a_trigger_of_nothing_in_particular_sends_an_empty_object():
    pipeline = Pipeline("COMPLETED")
    with Server(pipeline) as server:
        result = run("trigger", TARGET, "--server", server.url, "--no-wait", env=pipeline.env())
    assert (result.code, result.out) == (0, RUN + "\n") and pipeline.orders == [{}], result
    assert server.requests[0][3] == "{}" and len(server.requests) == 1


@pytest.mark.parametrize("ref, build", [
    ("release", {"build_type": "branch", "target_branch": "release"}),
    ("refs/tags/v1", {"build_type": "tag", "tag": "v1"})])
def test_a_branch_or_a_tag_is_chosen_for_each_source(ref, build):
    pipeline = Pipeline("COMPLETED", branch="release")
    result = trigger(pipeline, "--ref", ref)
    source = pipeline.orders[0]["sources"][0]
    assert source["type"] == "code" and build.items() <= source["params"]["build_params"].items(), source
    assert source["params"]["git_type"] == "codehub" and source["params"]["git_url"] == CODE["params"]["git_url"]
    if ref == "release":
        assert result.code == 0, result


def test_a_run_of_another_branch_than_asked_is_no_success():
    assert trigger(Pipeline("COMPLETED", branch="master"), "--ref", "release").code == 66


@pytest.mark.parametrize("code", ["DEVPIPE.00011169", "DEVPIPE.00011170"])
@pytest.mark.parametrize("nothing", [(200, {}, NO_RECORD), (404, {}, NO_RECORD), (200, {}, {}), (200, {}, "null")])
def test_a_trigger_that_queues_is_no_failure(code, nothing):
    queue = [{"id": 5, "pipeline_id": PIPELINE, "pipeline_run_id": RUN, "status": "QUEUED",
              "enqueue_time": 1747450945000, "trigger_type": "Manual"}]
    pipeline = Pipeline(nothing, nothing, nothing, "RUNNING", "COMPLETED", queue=queue, started={
        "error_code": code, "error_msg": "queued", "error": {"pipeline_run_id": RUN, "queue_id": "5"}})
    result = trigger(pipeline)
    assert result.code == 0 and len(pipeline.orders) == 1, result
    assert [event["state"] for event in result.named("run")][:2] == ["queued", "running"]


def test_a_run_that_falls_out_of_the_queue_has_timed_out():
    queue = [{"id": 5, "pipeline_run_id": RUN, "status": "QUEUED_TIME_OUT", "enqueue_time": 1747450945000}]
    pipeline = Pipeline((200, {}, NO_RECORD), queue=queue, started={
        "error_code": "DEVPIPE.00011169", "error": {"pipeline_run_id": RUN, "queue_id": 5}})
    assert trigger(pipeline).code == 3


@pytest.mark.parametrize("nothing", [
    (200, {}, NO_RECORD), (404, {}, NO_RECORD), (200, {}, {}), (200, {}, "null"), (400, {}, NO_RECORD)])
def test_a_new_run_may_be_unknown_for_the_first_looks(nothing):
    pipeline = Pipeline(nothing, nothing, nothing, "RUNNING", "COMPLETED")
    result = trigger(pipeline)
    assert result.code == 0 and len(pipeline.orders) == 1, result


@pytest.mark.parametrize("word", ["COMPLETED", "FAILED"])
def test_the_previous_runs_end_is_not_taken_for_the_new_ones(word):
    pipeline = Pipeline("")
    pipeline.answers = [pipeline.body(word, OLD), pipeline.body(word, OLD), "RUNNING", "CANCELED"]
    assert trigger(pipeline).code == 2


@pytest.mark.parametrize("started, code", [
    ({"error_code": "DEVPIPE.00011104", "error_msg": "limit"}, 69),
    ({"error_code": "DEVPIPE.00011105", "error_msg": "limit"}, 69),
    ({"error_code": "DEVPIPE.30011011", "error_msg": "no permission"}, 77),
    ({"error": {"code": "DEVPIPE.00011401", "message": "not found"}}, 66),
    ((401, {}, {"error_code": "APIGW.0301", "error_msg": "no"}), 77),
    ((429, {}, {"error_code": "APIGW.0308", "error_msg": "policy user over ratelimit,limit:10,time:1 second"}), 69),
    ({"errorCode": "DEVPIPE.77777777", "errorMsg": "who knows"}, 75),
    ({"error_code": "DEVPIPE.00011169", "error_msg": "queued, but where"}, 75),
    ({"pipeline_run_id": "", "error_msg": "who knows"}, 75), ({"pipeline_run_id": None}, 75), ({}, 75), ("", 75),
    ((502, {}, "<html>"), 75), ((504, {}, {"error_code": "APIGW.0201", "error_msg": "backend timeout"}), 75), ("reset", 75)])
def test_whatever_the_answer_the_trigger_is_posted_once(started, code):
    pipeline = Pipeline("COMPLETED", started=started)
    result = trigger(pipeline)
    assert result.code == code, result
    assert len(pipeline.orders) == 1 and pipeline.posts == [ROOT + "/run"]


def test_a_marked_run_is_joined_though_the_list_is_behind():
    pipeline = Pipeline("RUNNING", "COMPLETED")
    assert trigger(pipeline, "--key", "release-7").code == 0
    assert "release-7" in pipeline.orders[0]["description"]
    result = trigger(pipeline, "--key", "release-7")
    assert result.code == 0 and result.named("located")[0]["joined"] and len(pipeline.orders) == 1, result


def test_the_latest_and_a_commit_are_found_in_the_list():
    listed = [item(RUN, 6, commit="0" * 40), item(OLD, 7), item("d" * 32, 5, commit=SHA, build_params=None)]
    for more in (["--latest"], ["--commit", SHA], ["--commit", SHA[:8]], ["--ref", "dev", "--commit", SHA]):
        result = wait(Pipeline("COMPLETED", listed=listed), *more, target=TARGET)
        assert result.code == 0 and result.named("located")[0]["run"]["id"] == OLD, result


def test_a_list_may_have_texts_for_numbers_and_miss_what_is_not_needed():
    listed = [{"pipeline_run_id": OLD, "status": "RUNNING", "run_number": "7", "start_time": "1747450945000"}]
    result = wait(Pipeline("COMPLETED", listed=listed), "--latest", "--tolerate", "400ms", target=TARGET)
    assert result.code == 0, result


def test_a_run_may_appear_late_in_the_list():
    pipeline = Pipeline("COMPLETED", listed=[])
    listing = pipeline.list

    def later(query, body):
        if pipeline.posts.count(ROOT + "/pipeline-runs/list") > 3:
            pipeline.listed = [item(OLD, 7)]
        return listing(query, body)

    pipeline.list = later
    assert wait(pipeline, "--commit", SHA, target=TARGET).code == 0
    assert wait(Pipeline("COMPLETED"), "--commit", SHA, "--appear-timeout", "400ms", target=TARGET).code == 66


@pytest.mark.parametrize("word", ["PAUSED", "SUSPEND"])
def test_a_review_can_end_the_wait(word):
    result = wait(Pipeline("RUNNING", word), "--on-approval", "fail")
    assert result.code == 5 and result.named("approval")[0]["url"].endswith(OLD), result


def test_a_review_is_seen_in_a_job_of_a_running_run():
    pipeline = Pipeline("RUNNING")
    pipeline.parts = lambda word: [{"name": "Deploy", "status": "RUNNING", "jobs": [
        {"id": JOB, "name": "Review", "status": "RUNNING", "steps": [{"id": STEP, "status": "SUSPEND"}]}]}]
    result = wait(pipeline, "--on-approval", "fail")
    assert result.code == 5 and result.named("approval")[0]["job"] == "Review", result


def test_the_end_of_a_failed_jobs_log_is_read_over_its_pages():
    lines = wait(Pipeline("FAILED")).named("log")[0]["lines"]
    assert lines[0] == "one" and "two" in lines[1] and not lines[1].startswith("::"), lines


def test_a_timeout_stops_the_run_where_asked():
    pipeline = Pipeline("RUNNING")
    result = trigger(pipeline, "--timeout", "700ms", "--cancel-on", "timeout")
    assert result.code in (2, 124) and pipeline.posts == [ROOT + "/run", f"{ROOT}/pipeline-runs/{RUN}/stop"], result


def test_a_run_that_still_queues_is_taken_from_the_queue():
    queue = [{"id": 5, "pipeline_run_id": RUN, "status": "QUEUED", "enqueue_time": 1747450945000}]
    pipeline = Pipeline((200, {}, NO_RECORD), queue=queue, started={
        "error_code": "DEVPIPE.00011169", "error": {"pipeline_run_id": RUN, "queue_id": 5}})
    result = trigger(pipeline, "--timeout", "700ms", "--cancel-on", "timeout")
    assert pipeline.posts == [ROOT + "/run", f"{ROOT}/{RUN}/cancel-queuing/5"], result


def test_passing_faults_are_borne():
    faults = [(502, {}, "<html>"), "reset", (429, {}, {
        "error_code": "APIGW.0308",
        "error_msg": "The throttling threshold has been reached: policy user over ratelimit,limit:10,time:1 second"})]
    pipeline = Pipeline("RUNNING", "COMPLETED", faults=faults)
    result = wait(pipeline)
    assert result.code == 0, result
    assert [event["kind"] for event in result.named("trouble")] == ["unreachable", "unreachable", "throttled"]
    assert result.named("trouble")[2]["retry_in_s"] >= 1


@pytest.mark.parametrize("ahead, side", [(20.5 * 60, "behind"), (-20.5 * 60, "ahead of")])
def test_a_clock_that_is_off_is_named(ahead, side):
    result = wait(Pipeline("COMPLETED", clock=Clock(ahead)))
    assert result.code == 77 and f"20 minutes {side} the vendor's" in result.verdict["message"], result


def test_the_address_that_a_browser_shows_is_understood():
    page = f"https://devcloud.cn-north-4.huaweicloud.com/cicd/project/{PROJECT}/pipeline/detail/{PIPELINE}/{OLD}?v=1"
    assert wait(Pipeline("COMPLETED"), target=page).code == 0

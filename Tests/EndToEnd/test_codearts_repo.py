"""CodeArts Repo from outside: https://support.huaweicloud.com/intl/en-us/api-codeartsrepo/ListLatestPipelineJobs.html"""

import json
import re

import pytest

from harness import Reset, Server, run
from signers import Clock, HuaweiGateway

FAST = ["--min-interval", "50ms", "--max-interval", "100ms", "--output", "json", "--no-history"]
TARGET = "codearts-repo:cn-north-4/2111976239/6"
PAGE = ("https://example.com/cicd/project/72271b5446614062a01b8be944c9f372/pipeline/detail/"
        "724cb378007d4303b91f85161f67d6b0/c9cfdc8b918e44c09ad1cdd8c6b13c78")
# The published example, its stray quote and its null included.
EXAMPLE = {
    "id": 6, "status": "success", "stages": [{
        "id": 8125, "name": "external", "status": "success", "sort_id": None, "jobs": [{
            "id": 31930, "sha": "1c46c505c84853887efe2ea9ea02a1333bae2237", "ref": "dev", "status": "success",
            "name": "Task 1.", "target_url": PAGE + '"', "created_at": "2025-05-17T11:02:25.000+08:00",
            "started_at": "2025-05-17T11:02:25.000+08:00", "finished_at": "2025-05-17T11:02:56.000+08:00",
            "updated_at": "2025-05-17T11:02:56.000+08:00", "third_build_id": "0ede266890ddd33cff76da30090b9780"}]}]}


class Repository(HuaweiGateway):
    """One repository whose pipeline 6 gives `answers`, one a look: a word of its state, or a whole answer."""

    def __init__(self, *answers, faults=(), **gateway):
        super().__init__(**gateway)
        self.answers, self.faults = list(answers), list(faults)

    def body(self, word):
        body = json.loads(json.dumps(EXAMPLE))
        body["status"] = body["stages"][0]["status"] = body["stages"][0]["jobs"][0]["status"] = word
        if word in ("pending", "running"):
            body["stages"][0]["jobs"][0] |= {"finished_at": None, "third_build_id": None}
        if word == "pending":
            body["stages"][0]["jobs"][0] |= {"started_at": "", "target_url": None}
        return body

    def __call__(self, request):
        if refusal := self.refusal(request):
            # This service has its own words for the gateway's.
            if refusal[0] == 401 and "0303" not in refusal[2]["error_code"]:
                return 401, {}, {"error_code": "CH.00000002",
                                 "error_msg": "Recognize authentication information failed."}
            return refusal
        assert request.text == ""
        if self.faults:
            fault = self.faults.pop(0)
            if fault == "reset":
                raise Reset
            return fault
        match = re.fullmatch(r"/v4/repositories/(\d+)/pipelines/(\d+)/latest-jobs", request.path)
        if not match or request.command != "GET":
            return 404, {}, {"error_code": "APIGW.0101", "error_msg": "The API does not exist or has not been published"}
        if match[1] != "2111976239":
            return 404, {}, {"error_code": "CH.00402000",
                             "error_msg": "The repository does not exist. Check and try again."}
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, tuple):
            return answer
        return 200, {}, self.body(answer) if isinstance(answer, str) else answer


def wait(repository, *more, target=TARGET + "#6", command="wait", env=None, **options):
    with Server(repository) as server:
        result = run(command, target, "--server", server.url, *FAST, *more,
                     env=repository.env() if env is None else env, **options)
        result.requests = server.requests
    return result


@pytest.mark.parametrize("word, code, verdict", [
    ("success", 0, "succeeded"), ("failed", 1, "failed"), ("canceled", 2, "canceled"), ("timedout", 3, "timed-out"),
    ("skipped", 4, "skipped")])
def test_the_vendors_word_decides_the_code(word, code, verdict):
    result = wait(Repository("pending", "running", "running", word))
    assert (result.code, result.verdict["verdict"]) == (code, verdict), result
    assert [event["state"] for event in result.named("run")] == ["queued", "running", verdict]
    assert result.verdict["duration_s"] == 31


def test_the_published_example_is_a_success_with_its_page():
    result = wait(Repository(EXAMPLE), "--latest", target=TARGET)
    assert result.code == 0, result
    located = result.named("located")[0]["run"]
    assert (located["id"], located["ref"], located["url"]) == ("6", "dev", PAGE)
    assert located["created_at"] == "2025-05-17T03:02:25.000Z"


@pytest.mark.parametrize("word", ["SUCCESS", "succeeded", "timeout", "cancelled", "manual", "created", "", None])
def test_no_other_word_is_a_success_or_an_end(word):
    result = wait(Repository(word), "--timeout", "700ms")
    assert result.code == 124, result


@pytest.mark.parametrize("body", [
    EXAMPLE | {"id": 7}, EXAMPLE | {"stages": []}, EXAMPLE | {"stages": None}, {"status": "success"}, [EXAMPLE],
    {"data": EXAMPLE}, EXAMPLE | {"id": None}, EXAMPLE | {"error_code": "CH.1", "error_msg": "x"}])
def test_what_is_not_about_this_pipeline_is_no_success(body):
    result = wait(Repository((200, {}, body)), "--tolerate", "400ms")
    assert result.code == 65, result


def test_numbers_may_come_as_texts():
    assert wait(Repository(EXAMPLE | {"id": "6", "extra": {"of": "tomorrow"}})).code == 0


@pytest.mark.parametrize("env", [{"HUAWEICLOUD_SDK_SK": "wrong-secret"}, {"HUAWEICLOUD_SDK_AK": "AKother"}])
def test_wrong_keys_are_77_in_the_vendors_words(env):
    repository = Repository("success")
    result = wait(repository, env=repository.env() | env)
    assert result.code == 77 and "Recognize authentication information failed." in result.verdict["message"], result
    assert "wrong-secret" not in result.out + result.err


def test_a_missing_repository_is_66_in_the_vendors_words():
    result = wait(Repository("success"), target="codearts-repo:cn-north-4/1/6#6")
    assert result.code == 66 and "The repository does not exist." in result.verdict["message"], result


def test_temporary_keys_and_a_token_are_taken():
    assert wait(Repository("success", session="tokSECRETtok")).code == 0
    assert wait(Repository("success", token="MIISECRETtoken")).code == 0
    result = wait(Repository("success", token="MIISECRETtoken"), env={"HUAWEICLOUD_AUTH_TOKEN": "MIIother"})
    assert result.code == 77 and "MIIother" not in result.out + result.err, result


def test_without_a_credential_nothing_is_asked():
    result = wait(Repository("success"), env={})
    assert result.code == 78 and "HUAWEICLOUD_SDK_AK" in result.err and result.requests == [], result


@pytest.mark.parametrize("target, command, more, code", [
    (TARGET, "check", ["--commit", "1c46c50"], 0), (TARGET + "@dev", "check", [], 0),
    (TARGET + "@main", "check", [], 66), (TARGET, "check", ["--commit", "2c46c50"], 66),
    (TARGET + "#7", "check", [], 64), (TARGET, "wait", [], 64), ("codearts-repo:cn-north-4/name/6#6", "wait", [], 64)])
def test_a_pipeline_is_itself_the_run(target, command, more, code):
    repository = Repository("success")
    with Server(repository) as server:
        result = run(command, target, *more, "--server", server.url, env=repository.env())
    assert result.code == code, result
    assert (code != 64) == bool(server.requests)


def test_it_starts_nothing():
    repository = Repository("success")
    with Server(repository) as server:
        result = run("trigger", TARGET, "--server", server.url, env=repository.env())
    assert result.code == 64 and server.requests == [], result


def test_passing_faults_are_borne_and_endless_ones_are_69():
    faults = [(502, {}, "<html>"), "reset", (429, {}, {
        "error_code": "APIGW.0308", "error_msg": "policy user over ratelimit,limit:10,time:1 second"})]
    result = wait(Repository("running", "success", faults=faults))
    assert result.code == 0, result
    assert [event["kind"] for event in result.named("trouble")] == ["unreachable", "unreachable", "throttled"]
    result = wait(Repository((503, {}, "")), "--tolerate", "500ms")
    assert result.code == 69 and result.verdict["reason"] == "unreachable", result


@pytest.mark.parametrize("ahead, side", [(20.5 * 60, "behind"), (-20.5 * 60, "ahead of")])
def test_a_clock_that_is_off_is_named(ahead, side):
    result = wait(Repository("success", clock=Clock(ahead)))
    assert result.code == 77 and f"20 minutes {side} the vendor's" in result.verdict["message"], result

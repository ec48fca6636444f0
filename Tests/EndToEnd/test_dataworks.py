"""DataWorks from outside:
https://www.alibabacloud.com/help/en/dataworks/developer-reference/api-dataworks-public-2024-05-18-listpipelineruns
"""

import json
import time
import urllib.parse

import pytest

from harness import Reset, Server, run
from signers import AlibabaGateway, Clock

FAST = ["--min-interval", "50ms", "--max-interval", "100ms", "--output", "json"]
TARGET = "dataworks:cn-shanghai/10000"
ID = "a7ef0634-20ec-4a7c-a214-54020f91XXXX"
OLD = "b8ef0634-20ec-4a7c-a214-54020f91YYYY"
MINUTE = 60_000
PARAMETERS = {
    "ListPipelineRuns": ("GET", {"ProjectId", "Creator", "Status", "ObjectId", "PageNumber", "PageSize"}, set()),
    "GetPipelineRun": ("GET", {"ProjectId", "Id"}, set()),
    "CreatePipelineRun": ("POST", set(), {
        "ProjectId", "Type", "ObjectIds", "Description", "RunMode", "AutoRunUntilStage"}),
    "ExecPipelineRunStage": ("POST", {"ProjectId"}, {"Id", "Code"}),
    "AbolishPipelineRun": ("POST", set(), {"Id", "ProjectId"}),
}
OPTIONAL = {"Creator", "Status", "ObjectId", "PageNumber", "PageSize", "Description", "RunMode", "AutoRunUntilStage"}


class Stage:
    def __init__(self, code, type, message=None, ends="Success"):
        self.code, self.type, self.message, self.ends = code, type, message, ends
        self.status, self.begun = "Init", 0


def standard():
    return [Stage("BUILD_PACKAGE", "Build"), Stage("DEV_CHECK", "Check"), Stage("DEV", "Deploy"),
            Stage("PROD_CHECK", "Check"), Stage("PROD", "Deploy")]


class DataWorks(AlibabaGateway):
    """One workspace. Run OLD passes through `words`; run ID lives as the documents say: a Build begins by itself,
    other stages when they are executed, in order and never twice."""

    def __init__(self, words=("Success",), stages=None, faults=(), late=0, declines=(), age=0, **gateway):
        super().__init__("2024-05-18", **gateway)
        self.words, self.stages = list(words), stages or standard()
        self.faults, self.late, self.declines = list(faults), late, list(declines)
        self.age, self.looks = age, 0
        self.status, self.created, self.executed, self.form = "Running", False, [], None
        self.changed = self.now

    @property
    def now(self):
        return int(self.clock.now.timestamp() * 1000)

    def live(self):
        """What happened since the last look."""
        for index, stage in enumerate(self.stages):
            if self.status != "Running":
                return
            if stage.status == "Running":
                stage.begun += 1
                if stage.begun > 1:
                    stage.status = stage.ends
                    self.changed = self.now
            if stage.status == "Fail":
                self.status = "Fail"
            if stage.status == "Init" and stage.type == "Build":
                stage.status = "Running"
            if self.form and stage.status == "Init" and self.form.get("RunMode") == "Auto":
                last = [stage.code for stage in self.stages].index(self.form["AutoRunUntilStage"])
                if index <= last:
                    stage.status = "Running"
            if stage.status != "Success":
                return
        self.status = "Success"

    def run(self):
        self.live()
        return {
            # The published examples end in line breaks.
            "Id": ID + "\n", "ProjectId": 10000, "CreateTime": self.now - 1000, "ModifyTime": self.changed,
            "Creator": "110755000425****", "Status": self.status, "Message": None,
            "Description": (self.form or {}).get("Description"), "Stages": [
                {"Code": stage.code, "Step": index + 1, "Type": stage.type, "Name": stage.code.title(),
                 "Description": "", "Message": stage.message if stage.status == "Fail" else "", "Status": stage.status,
                 "Detail": {"key": "{\"checkerList\": []}"}}
                for index, stage in reversed(list(enumerate(self.stages)))]}

    def old(self):
        word = self.words[min(self.looks, len(self.words) - 1)]
        self.looks += 1
        return {"Id": OLD, "ProjectId": "10000", "CreateTime": self.now - self.age - MINUTE,
                "ModifyTime": self.now - self.age, "Creator": "1", "Status": word, "Message": "said the run",
                "Stages": [{"Code": "PROD", "Step": 1, "Type": "Deploy", "Name": "Production", "Status": word,
                            "Description": None, "Message": "said the stage", "Detail": None}]}

    def __call__(self, request):
        if refusal := self.refusal(request):
            return refusal
        path, _, query = request.path.partition("?")
        action = request.headers["x-acs-action"]
        if path != "/" or action not in PARAMETERS:
            return self.error(404, "InvalidAction.NotFound", "The specified action is not found.")
        method, in_query, in_form = PARAMETERS[action]
        if request.command != method:
            return self.error(405, "UnsupportedHTTPMethod", "This http method is not supported.")
        query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        form = dict(urllib.parse.parse_qsl(request.text, keep_blank_values=True))
        for given, known in [(query, in_query), (form, in_form)]:
            if set(given) - known:
                return self.error(400, "InvalidParameter", f"unknown here: {set(given) - known}")
            if known - OPTIONAL - set(given):
                return self.error(400, "MissingParameter", f"missing here: {known - OPTIONAL - set(given)}")
        if (query | form)["ProjectId"] != "10000":
            return self.error(404, "9990030001", "Project.NotFound: the workspace does not exist")
        if method == "GET" and self.faults:
            fault = self.faults.pop(0)
            if fault == "reset":
                raise Reset
            return fault
        return getattr(self, action)(query | form)

    def ListPipelineRuns(self, asked):
        assert 10 <= int(asked.get("PageSize", "10")) <= 100
        page = int(asked.get("PageNumber", "1"))
        # Ten a page, whatever is asked for, and the newest in the middle of the second.
        others = [{"Id": f"run-{number}\n", "ProjectId": 10000, "CreateTime": 1000 + number * 7 % 13,
                   "Status": "Fail", "Stages": None} for number in range(14)]
        newest = self.run() if self.created else self.old()
        runs = others[:13] + [newest] + others[13:]
        return 200, {}, {"RequestId": "r\n", "PagingInfo": {
            "PageNumber": str(page), "PageSize": "10", "TotalCount": str(len(runs)),
            "PipelineRuns": runs[page * 10 - 10:page * 10]}}

    def GetPipelineRun(self, asked):
        if asked["Id"] == OLD:
            return 200, {}, {"RequestId": "r", "Pipeline": self.old()}
        if asked["Id"] != ID or not self.created:
            return self.error(404, "5801489541076353034", "the pipeline run does not exist")
        if self.late > 0:
            self.late -= 1
            return 200, {}, {"RequestId": "r", "Pipeline": None}
        return 200, {}, {"RequestId": "r", "Pipeline": self.run()}

    def CreatePipelineRun(self, asked):
        if not all(isinstance(id, str) for id in json.loads(asked["ObjectIds"])):
            return self.error(400, "5801489541076353033", "未找到发布对象: [[...]]")
        assert not self.created, "a second run was started"
        self.created, self.form = True, asked
        return 200, {}, {"RequestId": "r", "Id": ID + "\n"}

    def ExecPipelineRunStage(self, asked):
        assert asked["Id"] == ID
        if self.status != "Running":
            return self.error(400, "9990020010", "流水线不是正在运行")
        codes = [stage.code for stage in self.stages]
        place = codes.index(asked["Code"])
        assert self.stages[place].status == "Init", "a stage was repeated"
        assert all(stage.status == "Success" for stage in self.stages[:place]), "a stage was skipped"
        if self.declines:
            return self.declines.pop(0)
        self.executed.append(asked["Code"])
        self.stages[place].status = "Running"
        self.changed = self.now
        return 200, {}, {"RequestId": "r", "Success": True}

    def AbolishPipelineRun(self, asked):
        self.status = "Termination"
        return 200, {}, {"RequestId": "r", "Success": True}


def wait(works, *more, target=f"{TARGET}#{OLD}", command="wait", env=None, **options):
    with Server(works) as server:
        result = run(command, target, "--server", server.url, *FAST, *more,
                     env=works.env() if env is None else env, **options)
        result.requests = server.requests
        return result


def trigger(works, *more, **options):
    return wait(works, "--input", "ObjectIds=860438872620113XXXX", *more, target=TARGET, command="trigger", **options)


@pytest.mark.parametrize("words, code, verdict", [
    (["Init", "Running", "Success"], 0, "succeeded"), (["Running", "Succeeded\n"], 0, "succeeded"),
    (["Running", "Fail"], 1, "failed"), (["Failed"], 1, "failed"),
    (["Running", "Termination"], 2, "canceled"), (["Terminated"], 2, "canceled"),
    (["Cancel"], 2, "canceled"), (["Canceled"], 2, "canceled"),
    (["RUNNING", "SUCCESS"], 0, "succeeded"),
])
def test_both_families_of_words_decide_the_code(words, code, verdict):
    works = DataWorks(words)
    result = wait(works)
    assert (result.code, result.verdict["verdict"]) == (code, verdict), result
    assert len(works.nonces) == len(result.requests) == len(works.actions)
    # Waiting changes nothing there.
    assert set(works.actions) <= {"GetPipelineRun", "ListPipelineRuns"}


@pytest.mark.parametrize("word", ["Ready", "Building", "Finish", "Successful", "", None, "1"])
def test_no_other_word_is_a_success_or_an_end(word):
    assert wait(DataWorks([word]), "--timeout", "700ms").code == 124


def test_a_failed_run_tells_what_the_stage_says():
    result = wait(DataWorks(["Fail"]), "--output", "plain")
    assert result.code == 1 and "said the stage" in result.err, result


def test_a_wrong_secret_is_77_and_not_printed():
    works = DataWorks()
    result = wait(works, env=works.env() | {"ALIBABA_CLOUD_ACCESS_KEY_SECRET": "wrong-secret"})
    assert result.code == 77 and "SignatureDoesNotMatch" in result.verdict["message"], result
    assert "wrong-secret" not in result.out + result.err
    result = wait(works, env=works.env() | {"ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAIother"})
    assert result.code == 77 and "InvalidAccessKeyId.NotFound" in result.verdict["message"], result


def test_a_session_token_is_signed():
    assert wait(DataWorks(session="hQlj/demo+token==")).code == 0


@pytest.mark.parametrize("target, words", [
    (f"{TARGET}#{ID}", "the pipeline run does not exist"), (f"dataworks:cn-shanghai/10001#{OLD}", "the workspace does not exist")])
def test_what_is_missing_is_66_in_the_vendors_words(target, words):
    result = wait(DataWorks(), target=target)
    assert result.code == 66 and words in result.verdict["message"], result


def test_a_branch_or_no_selector_is_64_before_any_request():
    for target in [TARGET, TARGET + "@main", "dataworks:cn-shanghai/name#1", "dataworks:10000#1"]:
        result = wait(DataWorks(), target=target)
        assert result.code == 64 and result.requests == [], result


def test_the_latest_is_the_newest_on_any_page():
    result = wait(DataWorks(), "--latest", target=TARGET)
    assert result.code == 0 and result.named("located")[0]["run"]["id"] == OLD, result


@pytest.mark.parametrize("body", [
    {"RequestId": "r", "Pipeline": {"Id": ID, "Status": "Success"}},
    {"RequestId": "r", "Pipeline": {"Id": OLD, "ProjectId": 10001, "Status": "Success"}},
    {"RequestId": "r", "PipelineRun": {"Id": OLD, "Status": "Success"}},
    {"RequestId": "r", "Success": False, "ErrorCode": "X", "Pipeline": {"Id": OLD, "Status": "Success"}},
    {"Id": OLD, "Status": "Success"}])
def test_the_answer_about_another_run_is_not_believed(body):
    result = wait(DataWorks(faults=[(200, {}, body)] * 999), "--tolerate", "400ms")
    assert result.code in (65, 66), result


def test_a_run_is_driven_to_its_end_each_stage_once():
    works = DataWorks(late=2)
    result = trigger(works, "--input", "Description=ci run #42 / main")
    assert result.code == 0, result
    assert works.executed == ["DEV_CHECK", "DEV", "PROD_CHECK", "PROD"]
    assert works.actions.count("CreatePipelineRun") == 1
    assert works.form == {"ProjectId": "10000", "Type": "Online", "ObjectIds": '["860438872620113XXXX"]',
                          "Description": "ci run #42 / main"}
    assert [event["stage"] for event in result.named("stage") if event["state"] == "succeeded"] == [
        "Build_Package", "Dev_Check", "Dev", "Prod_Check", "Prod"]
    assert result.named("located")[0]["run"]["id"] == ID


def test_a_stage_that_fails_ends_the_run_and_no_later_one_is_executed():
    stages = standard()
    stages[3].ends, stages[3].message = "Fail", "can not exported multiple nodes into the same output"
    works = DataWorks(stages=stages)
    result = trigger(works, "--output", "plain")
    assert result.code == 1 and works.executed == ["DEV_CHECK", "DEV", "PROD_CHECK"], result
    assert stages[3].message in result.err


def test_a_stage_that_is_declined_for_a_moment_is_executed_after_all():
    declined = (400, {}, {"Code": "9990020011", "Message": "the dependent stage is not finish", "RequestId": "r"})
    works = DataWorks(declines=[declined])
    assert trigger(works).code == 0 and works.executed == ["DEV_CHECK", "DEV", "PROD_CHECK", "PROD"]


@pytest.mark.parametrize("declined", [
    (429, {"retry-after": "1"}, {"Code": "9990020002", "Message": "Throttling.User", "RequestId": "r"}),
    (400, {}, {"Code": "Throttling.User", "Message": "slow down", "RequestId": "r"})])
def test_a_throttled_stage_is_executed_later(declined):
    works = DataWorks(declines=[declined])
    result = trigger(works)
    assert result.code == 0 and works.executed == ["DEV_CHECK", "DEV", "PROD_CHECK", "PROD"], result
    assert result.named("trouble")[0]["kind"] == "throttled"


def test_a_stage_that_a_person_must_release_is_an_approval():
    declined = (400, {}, {"Code": "9990020012", "Message": "the code review is not passed", "RequestId": "r"})
    works = DataWorks(declines=[declined] * 99)
    result = trigger(works, "--on-approval", "fail")
    assert result.code == 5 and "the code review is not passed" in result.named("approval")[0]["message"], result
    assert works.executed == [] and works.actions.count("ExecPipelineRunStage") == 2


def test_a_lost_answer_to_a_stage_does_not_repeat_it():
    works = DataWorks()
    execute = works.ExecPipelineRunStage

    def lost(asked):
        execute(asked)
        if asked["Code"] == "DEV":
            raise Reset
        return 200, {}, {"Success": True}

    works.ExecPipelineRunStage = lost
    result = trigger(works)
    assert result.code == 0 and works.executed == ["DEV_CHECK", "DEV", "PROD_CHECK", "PROD"], result


def test_a_run_that_drives_itself_is_left_to_itself():
    works = DataWorks()
    result = trigger(works, "--input", "RunMode=Auto", "--input", "AutoRunUntilStage=PROD")
    assert result.code == 0 and works.executed == [], result


def test_a_run_that_stands_still_waits_for_a_person_when_nobody_here_drives_it():
    works = DataWorks(["Running"], age=MINUTE)
    works.old_stage = "Init"
    old = works.old

    def idle():
        return old() | {"Stages": [
            {"Code": "DEV", "Step": 1, "Name": "Dev", "Status": "Success"},
            {"Code": "PROD", "Step": 2, "Name": "Production", "Status": "Init"}]}

    works.old = idle
    result = wait(works, "--on-approval", "fail")
    assert result.code == 5 and "Production" in result.named("approval")[0]["message"], result
    assert "ExecPipelineRunStage" not in works.actions


@pytest.mark.parametrize("answer", [
    (502, {}, "<html>"), (200, {}, {"RequestId": "r"}), (200, {}, {"Id": "\n"}), (200, {}, {"Id": None}), "reset"])
def test_a_lost_trigger_answer_is_75_and_is_not_repeated(answer):
    works = DataWorks()

    def create(asked):
        if answer == "reset":
            raise Reset
        return answer

    works.CreatePipelineRun = create
    result = trigger(works)
    assert result.code == 75 and works.actions == ["CreatePipelineRun"], result


@pytest.mark.parametrize("status, code, message, expected", [
    (400, "5801489541076353033", "未找到发布对象: [[1]]", 64), (403, "403030", "missing RAM permission", 77),
    (429, "9990020002", "Throttling.User", 69), (200, "X", "no", 64)])
def test_a_plain_no_to_the_trigger_is_told_in_the_vendors_words(status, code, message, expected):
    works = DataWorks()
    works.CreatePipelineRun = lambda asked: (
        status, {}, {"RequestId": "r", "Success": False, "Code": code, "Message": message})
    result = trigger(works)
    assert result.code == expected and works.actions == ["CreatePipelineRun"], result
    assert message in result.verdict["message"]


def test_a_trigger_without_an_object_is_64_before_any_request():
    result = wait(DataWorks(), target=TARGET, command="trigger")
    assert result.code == 64 and result.requests == [] and "ObjectIds" in result.out + result.err, result


def test_a_marked_run_is_joined_and_not_started_again():
    works = DataWorks(["Success"])
    old = works.old
    works.old = lambda: old() | {"Description": None}
    first = trigger(works, "--key", "release-7")
    assert first.code == 0 and works.actions.count("CreatePipelineRun") == 1, first
    second = trigger(works, "--key", "release-7")
    assert second.code == 0 and works.actions.count("CreatePipelineRun") == 1, second
    assert second.named("located")[0]["joined"] is True


def test_cancel_on_interrupt_abolishes_what_was_started_here():
    works = DataWorks(stages=[Stage("BUILD_PACKAGE", "Build", ends="Running")])
    result = trigger(works, "--cancel-on", "interrupt", interrupt="SIGTERM",
                     until=lambda: works.actions.count("GetPipelineRun") > 1)
    assert result.code == 143 and works.status == "Termination", result


def test_a_days_limit_ends_the_wait_and_is_named():
    limit = {"Code": "Throttling.Api.Risk", "Message": "The daily limit is reached.", "RequestId": "r"}
    begun = time.monotonic()
    result = wait(DataWorks(["Running"], faults=[(429, {}, limit)] * 99))
    assert result.code in (69, 77) and time.monotonic() - begun < 10, result
    assert "quota" in result.verdict["message"], result


def test_passing_faults_are_borne():
    throttled = {"Code": "9990040001", "Message": "rate limit", "RequestId": "r"}
    faults = [(503, {}, {"Code": "ServiceUnavailable", "Message": "busy"}), "reset", (400, {}, throttled),
              (500, {}, {"Code": "InternalError.System", "Message": "x"})]
    result = wait(DataWorks(["Running", "Success"], faults=faults))
    assert result.code == 0, result
    assert [event["kind"] for event in result.named("trouble")] == [
        "unreachable", "unreachable", "throttled", "unreachable"]


@pytest.mark.parametrize("ahead, side", [(20.5 * 60, "behind"), (-20.5 * 60, "ahead of")])
def test_a_clock_that_is_off_is_named(ahead, side):
    result = wait(DataWorks(clock=Clock(ahead)))
    assert result.code == 77 and f"20 minutes {side} the vendor's" in result.verdict["message"], result


def test_missing_credentials_are_78_before_any_request():
    result = wait(DataWorks(), env={})
    assert result.code == 78 and result.requests == [], result

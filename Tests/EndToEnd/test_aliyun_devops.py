"""Alibaba Cloud DevOps, the classic API, from outside: https://help.aliyun.com/document_detail/460556.html"""

import json
import pathlib
import re
import time
import urllib.parse

import pytest
from cryptography import x509

from harness import Reset, Server, run
from signers import AlibabaGateway, Clock
from test_network import Authority, Proxy

FAST = ["--min-interval", "50ms", "--max-interval", "100ms", "--output", "json"]
TARGET = "aliyun-devops:5ebbc0228123212b59xxxxx/124"
ONE = "/organization/5ebbc0228123212b59xxxxx/pipelines/124"
MANY = "/organizations/5ebbc0228123212b59xxxxx/pipelines/124"
LOGS = "/organization/5ebbc0228123212b59xxxxx/pipeline/124/pipelineRun"
REPO = "https://codeup.aliyun.com/o/r.git"
# A published example has two quotes where there is no error.
NONE = {"requestId": "ASSDS-ASSASX-XSAXSA-XSAXSAXS", "success": True, "errorCode": '""', "errorMessage": '""'}


class Flow(AlibabaGateway):
    """Pipeline 124, whose runs pass through `words`, one a look."""

    def __init__(self, words, branch="master", faults=(), late=0, jobs=None, **gateway):
        super().__init__("2021-06-25", **gateway)
        self.words, self.branch, self.faults = list(words), branch, list(faults)
        self.late, self.jobs = late, jobs
        self.looks, self.started, self.form, self.stopped = 0, [], None, False
        # Neither newest first nor oldest first: nothing is promised.
        self.known = [3, 7, 5]
        self.branches = {}

    def run(self, number):
        word = self.words[min(self.looks, len(self.words) - 1)]
        self.looks += 1
        if self.stopped:
            word = "CANCELED"
        now = int(time.time() * 1000)
        jobs = self.jobs(word) if self.jobs else [
            {"id": 21212, "name": "Java build", "params": "{}", "status": word, "actions": None,
             "startTime": now - 5000, "endTime": now if word in ("SUCCESS", "FAIL") else None}]
        return {
            "creatorAccountId": "", "modifierAccountId": None, "createTime": now - 6000,
            "updateTime": now, "pipelineId": 124, "pipelineRunId": number, "status": word,
            "triggerMode": 1, "stageGroup": [["Java build"]], "extra": {"of": "tomorrow"},
            "sources": [{"sign": "a", "type": "Codeup", "data": {
                "branch": self.branches.get(number, self.branch), "commint": "{}", "repo": REPO}}],
            "stages": [{"name": "Java build", "stageInfo": {
                "name": "Java build", "status": word, "startTime": now - 5000, "endTime": None, "jobs": jobs}}]}

    def missing(self, what):
        return 404, {}, {"RequestId": "r", "Code": f"Invalid{what}.NotFound", "Message": {
            "Pipeline": "The pipeline is not found.", "Organization": "The organization is not found.",
            "PipelineRun": "The pipeline execution instance is not found."}[what]}

    def __call__(self, request):
        if refusal := self.refusal(request):
            return refusal
        method, (path, _, query) = request.command, request.path.partition("?")
        action = request.headers["x-acs-action"]
        if method == "GET" and self.faults:
            fault = self.faults.pop(0)
            if fault == "reset":
                raise Reset
            return fault
        table = [
            ("StartPipelineRun", "POST", f"{MANY}/run", self.start),
            ("GetPipelineRun", "GET", rf"{ONE}/pipelineRuns/(\d+)", self.detail),
            ("ListPipelineRuns", "GET", f"{ONE}/pipelineRuns", self.list),
            ("StopPipelineRun", "PUT", rf"{ONE}/pipelineRuns/(\d+)/stop", self.stop),
            ("LogPipelineJobRun", "GET", rf"{LOGS}/(\d+)/job/(\d+)/logs", self.log),
            ("GetPipeline", "GET", ONE, self.pipeline),
        ]
        for name, verb, form, answer in table:
            match = re.fullmatch(form, path)
            if match and verb == method and name == action:
                if request.text and name != "StartPipelineRun":
                    return self.error(400, "InvalidParam", "no body is taken")
                return answer(request, query, *match.groups())
            if match and verb == method:
                return self.error(404, "InvalidAction.NotFound", f"{action} is not {name}")
        if re.match("/organizations?/5ebbc0228123212b59xxxxx/pipelines?/124(/|$)", path):
            return self.error(404, "InvalidAction.NotFound", "The specified api is not found.")
        return self.missing("Pipeline" if "5ebbc0228123212b59xxxxx" in path else "Organization")

    def start(self, request, query):
        form = urllib.parse.parse_qs(request.text, strict_parsing=True)
        assert set(form) == {"params"} and len(form["params"]) == 1, form
        self.form = json.loads(form["params"][0])
        self.known.append(33)
        self.started.append(33)
        return 200, {}, NONE | {"pipelineRunId": 33}

    def detail(self, request, query, number):
        if int(number) not in self.known:
            return self.missing("PipelineRun")
        if int(number) == 33 and self.late > 0:
            self.late -= 1
            return self.missing("PipelineRun")
        return 200, {}, NONE | {"pipelineRun": self.run(int(number))}

    def list(self, request, query):
        asked = dict(urllib.parse.parse_qsl(query, strict_parsing=True))
        assert set(asked) <= {"maxResults", "nextToken", "status", "startTime", "endTime", "triggerMode"}
        # Two a page, whatever is asked for.
        begin = int(asked.get("nextToken", "0"))
        rest = self.known[begin + 2:]
        return 200, {}, NONE | {
            "totalCount": len(self.known), "nextToken": str(begin + 2) if rest else "", "pipelineRuns": [
                {"pipelineRunId": number, "pipelineId": 124, "status": "RUNNING", "triggerMode": 1,
                 "startTime": 1586863220000, "endTime": None, "creatorAccountId": "1"}
                for number in self.known[begin:begin + 2]]}

    def stop(self, request, query, number):
        self.stopped = True
        return 200, {}, NONE

    def log(self, request, query, number, job):
        return 200, {}, NONE | {"log": {"content": "compile\nerror: boom\n", "more": False}}

    def pipeline(self, request, query):
        return 200, {}, NONE | {"pipeline": {"name": "p", "pipelineConfig": {"flow": "{}", "sources": [
            {"sign": "a", "type": "codeup", "data": {"repo": REPO, "branch": "master"}}]}}}


def wait(flow, *more, target=TARGET + "#7", command="wait", env=None, **options):
    with Server(flow) as server:
        result = run(command, target, "--server", server.url, *FAST, *more,
                     env=flow.env() if env is None else env, **options)
        result.requests = server.requests
        return result


def trigger(flow, *more, target=TARGET, **options):
    return wait(flow, *more, target=target, command="trigger", **options)


@pytest.mark.parametrize("words, code, verdict", [
    (["RUNNING", "SUCCESS"], 0, "succeeded"),
    (["WAITING", "RUNNING", "FAIL"], 1, "failed"),
    (["RUNNING", "CANCELLING", "CANCELED"], 2, "canceled"),
    (["SKIP"], 4, "skipped"),
    (["UNKOWN", "FINISH", None, "SUCCESS"], 0, "succeeded"),
])
def test_the_vendors_word_decides_the_code(words, code, verdict):
    flow = Flow(words)
    result = wait(flow)
    assert (result.code, result.verdict["verdict"]) == (code, verdict), result
    assert result.verdict["exit_code"] == code
    # Each attempt had its own nonce, else the gateway would have refused it.
    assert len(flow.nonces) == len(flow.actions) == len(result.requests)


@pytest.mark.parametrize("word", ["success", "Success", "FINISH", "UNKOWN", "PASSED", "", None])
def test_no_other_word_is_a_success_or_an_end(word):
    assert wait(Flow([word]), "--timeout", "700ms").code == 124


def test_a_wrong_secret_is_77_and_not_printed():
    flow = Flow(["SUCCESS"])
    result = wait(flow, env=flow.env() | {"ALIBABA_CLOUD_ACCESS_KEY_SECRET": "wrong-secret"})
    assert result.code == 77 and result.verdict["reason"] == "refused", result
    assert "SignatureDoesNotMatch" in result.verdict["message"] and "clock" not in result.verdict["message"]
    assert "wrong-secret" not in result.out + result.err


def test_an_unknown_access_key_is_77_though_the_status_is_404():
    flow = Flow(["SUCCESS"])
    result = wait(flow, env=flow.env() | {"ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAIother"})
    assert result.code == 77 and "InvalidAccessKeyId.NotFound" in result.verdict["message"], result


def test_a_stranger_to_the_organization_is_77():
    answer = {"Code": "Forbidden.UserNotInCurrentOrganization", "Message": "The user is not in the organization"}
    for status, body in [(403, answer), (200, {"success": False, "errorCode": answer["Code"],
                                               "errorMessage": answer["Message"], "pipelineRun": None})]:
        result = wait(Flow([], faults=[(status, {}, body)] * 9))
        assert result.code == 77 and "is not in the organization" in result.verdict["message"], result
        assert "its member" in result.verdict["message"], result


def test_missing_credentials_are_78_before_any_request():
    result = wait(Flow(["SUCCESS"]), env={})
    assert result.code == 78 and result.requests == [], result
    assert "ALIBABA_CLOUD_ACCESS_KEY_ID" in result.err


@pytest.mark.parametrize("target, words", [
    (TARGET + "#999", "The pipeline execution instance is not found."),
    ("aliyun-devops:5ebbc0228123212b59xxxxx/999#7", "The pipeline is not found."),
    ("aliyun-devops:other/124#7", "The organization is not found."),
])
def test_what_is_missing_is_66_in_the_vendors_words(target, words):
    result = wait(Flow(["SUCCESS"]), target=target)
    assert result.code == 66 and result.verdict["reason"] == "not-found", result
    assert words in result.verdict["message"], result


def test_a_missing_run_within_status_200_is_66_too():
    body = {"requestId": "r", "success": False, "errorCode": "InvalidPipelineRun.NotFound",
            "errorMessage": "The pipeline execution instance is not found.", "pipelineRun": None}
    result = wait(Flow([], faults=[(200, {}, body)] * 9))
    assert result.code == 66 and "execution instance is not found" in result.verdict["message"], result


def test_an_error_within_status_200_is_no_success():
    body = NONE | {"success": False, "errorCode": "SYSTEM", "errorMessage": "later",
                   "pipelineRun": {"pipelineId": 124, "pipelineRunId": 7, "status": "SUCCESS"}}
    result = wait(Flow([], faults=[(200, {}, body)] * 999), "--tolerate", "500ms")
    assert result.code == 65, result


@pytest.mark.parametrize("run", [
    None, {}, {"pipelineRunId": 8, "status": "SUCCESS"}, {"status": "SUCCESS"},
    {"pipelineRunId": 7, "pipelineId": 125, "status": "SUCCESS"}])
def test_the_answer_about_another_run_is_not_believed(run):
    result = wait(Flow([], faults=[(200, {}, NONE | {"pipelineRun": run})] * 999), "--tolerate", "400ms")
    assert result.code in (65, 66), result


def test_numbers_may_come_as_texts():
    body = {"pipelineRunId": "7", "pipelineId": "124", "status": "SUCCESS", "createTime": "1586863220000",
            "stages": [{"name": "s", "stageInfo": {"status": "SUCCESS", "startTime": "1586863220000", "jobs": None}}]}
    result = wait(Flow([], faults=[(200, {}, {"pipelineRun": body})] * 99), "--tolerate", "400ms")
    assert result.code == 0, result


def test_trigger_posts_a_form_once_and_follows_the_id_of_the_answer():
    flow = Flow(["RUNNING", "SUCCESS"], late=3)
    result = trigger(flow, "--input", "k 1=v*~1+中", "--input", "e=")
    assert result.code == 0 and flow.started == [33], result
    assert flow.form["envs"] == {"k 1": "v*~1+中", "e": ""}
    assert result.named("located")[0]["run"]["id"] == "33" and result.named("located")[0]["triggered"]


def test_trigger_chooses_the_branch_for_the_pipelines_repository():
    flow = Flow(["SUCCESS"], branch="feature/a")
    assert trigger(flow, target=TARGET + "@feature/a").code == 0
    assert flow.form["runningBranchs"] == {REPO: "feature/a"}
    result = trigger(Flow(["SUCCESS"], branch="master"), target=TARGET + "@feature/a")
    assert result.code == 66, result


def test_no_wait_prints_the_id_alone():
    flow = Flow(["RUNNING"])
    with Server(flow) as server:
        result = run("trigger", TARGET, "--server", server.url, "--no-wait", env=flow.env())
    assert (result.code, result.out) == (0, "33\n") and flow.actions == ["StartPipelineRun"], result


@pytest.mark.parametrize("answer", [
    (502, {}, "<html>bad gateway</html>"), (200, {}, {}), (200, {}, NONE | {"pipelineRunId": None}),
    (200, {}, NONE | {"pipelineRunId": 0}), (200, {}, ""), "reset"])
def test_a_lost_trigger_answer_is_75_and_is_not_repeated(answer):
    flow = Flow(["SUCCESS"])

    def start(request, query):
        flow.started.append(33)
        if answer == "reset":
            raise Reset
        return answer

    flow.start = start
    result = trigger(flow)
    assert result.code == 75 and result.verdict["reason"] == "uncertain-trigger", result
    assert flow.started == [33] and flow.actions == ["StartPipelineRun"]


@pytest.mark.parametrize("answer, code", [
    ((200, {}, {"success": False, "errorCode": "InvalidPipeline.NotFound", "errorMessage": "gone"}), 66),
    ((200, {}, {"success": False, "errorCode": "FLOW", "errorMessage": "no"}), 64),
    ((400, {}, {"Code": "InvalidParam.ParamNotPresent", "Message": "The parameter is invalid."}), 64),
    ((403, {}, {"Code": "Forbidden.UserNotInCurrentOrganization", "Message": "no"}), 77),
    ((429, {}, {"Code": "Throttling.User", "Message": "Request was denied due to user flow control."}), 69),
])
def test_a_plain_no_to_the_trigger_is_told_as_such(answer, code):
    flow = Flow(["SUCCESS"])
    flow.start = lambda request, query: answer
    result = trigger(flow)
    assert result.code == code and flow.actions == ["StartPipelineRun"], result


def test_the_latest_is_the_highest_number_on_any_page():
    result = wait(Flow(["SUCCESS"]), "--latest", target=TARGET)
    assert result.code == 0 and result.named("located")[0]["run"]["id"] == "7", result


def test_a_run_is_found_by_its_branch():
    flow = Flow(["SUCCESS"])
    flow.branches = {5: "dev"}
    result = wait(flow, target=TARGET + "@dev")
    assert result.code == 0 and result.named("located")[0]["run"]["id"] == "5", result
    result = wait(Flow(["SUCCESS"]), "--appear-timeout", "400ms", target=TARGET + "@dev")
    assert result.code == 66, result


def gate(word):
    return [{"id": 1, "name": "Approve", "status": "WAITING", "actions": [
        {"type": "PassPipelineValidate", "disable": True, "params": {"key": "", "validators": ["u1"]}}]}]


def test_a_gate_is_seen_in_a_jobs_actions():
    result = wait(Flow(["RUNNING"], jobs=gate), "--on-approval", "fail")
    assert result.code == 5 and result.named("approval")[0]["job"] == "Approve", result
    assert wait(Flow(["SUCCESS"], jobs=gate)).code == 0


def test_the_end_of_a_failed_jobs_log_is_told():
    assert wait(Flow(["FAIL"])).named("log")[0]["lines"] == ["compile", "error: boom"]


def test_cancel_on_timeout_stops_what_was_started_here():
    flow = Flow(["RUNNING"])
    result = trigger(flow, "--timeout", "600ms", "--cancel-on", "timeout")
    assert flow.stopped and result.code in (2, 124), result


def test_passing_faults_are_borne():
    throttled = {"Code": "Throttling.User", "Message": "Request was denied due to user flow control."}
    faults = [(503, {}, {"Code": "ServiceUnavailable", "Message": "busy"}), "reset",
              (429, {"retry-after": "1"}, throttled), (400, {}, throttled)]
    flow = Flow(["RUNNING", "SUCCESS"], faults=faults)
    result = wait(flow)
    assert result.code == 0, result
    kinds = [event["kind"] for event in result.named("trouble")]
    assert kinds == ["unreachable", "unreachable", "throttled", "throttled"], result


@pytest.mark.parametrize("ahead, side", [(20.5 * 60, "behind"), (-20.5 * 60, "ahead of")])
def test_a_clock_that_is_off_is_named(ahead, side):
    result = wait(Flow(["SUCCESS"], clock=Clock(ahead)))
    assert result.code == 77, result
    assert f"{side} the vendor's" in result.verdict["message"] and "20 minutes" in result.verdict["message"]


def test_a_clock_within_what_is_allowed_does_no_harm():
    assert wait(Flow(["RUNNING", "SUCCESS"], clock=Clock(14 * 60))).code == 0


def test_a_session_token_from_the_environment_is_signed():
    assert wait(Flow(["SUCCESS"], session="hQlj/demo+token==")).code == 0


def config(folder, current="default", **profile):
    folder = pathlib.Path(folder) / ".aliyun"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({
        "current": current, "meta_path": "", "profiles": [
            {"name": "other", "mode": "AK", "access_key_id": "no", "access_key_secret": "no"},
            {"name": "default", "region_id": "cn-hangzhou", "output_format": "json", "language": "en",
             "retry_count": 0, "sts_token": "", **profile}]}))


@pytest.mark.parametrize("session", [None, "hQlj/demo+token=="])
def test_the_profile_of_the_aliyun_command_is_read(tmp_path, session):
    flow = Flow(["SUCCESS"], session=session)
    config(tmp_path, mode="StsToken" if session else "AK", access_key_id=flow.id,
           access_key_secret=flow.secret, sts_token=session or "")
    assert wait(flow, env={"HOME": str(tmp_path)}).code == 0
    result = wait(flow, env={"HOME": str(tmp_path), "ALIBABA_CLOUD_PROFILE": "other"})
    assert result.code == 77, result
    # What is in the environment comes first.
    assert wait(flow, env=flow.env() | {"HOME": str(tmp_path), "ALIBABA_CLOUD_PROFILE": "other"}).code == 0


def test_a_profile_of_another_mode_is_78_and_named(tmp_path):
    config(tmp_path, mode="EcsRamRole")
    result = wait(Flow(["SUCCESS"]), env={"HOME": str(tmp_path)})
    assert result.code == 78 and "EcsRamRole" in result.err and result.requests == [], result


class TokenService:
    """sts.aliyuncs.com, for AssumeRoleWithOIDC.

    https://help.aliyun.com/zh/ram/developer-reference/api-sts-2015-04-01-assumerolewithoidc
    """

    def __init__(self, flow, token):
        self.flow, self.token = flow, token
        self.asked = []

    def __call__(self, request):
        path, _, query = request.path.partition("?")
        fields = dict(urllib.parse.parse_qsl(query) + urllib.parse.parse_qsl(request.text))
        self.asked.append(fields)
        assert path == "/" and request.headers["host"] == "sts.aliyuncs.com"
        assert "authorization" not in request.headers
        owed = {"Action": "AssumeRoleWithOIDC", "Version": "2015-04-01", "Format": "JSON",
                "RoleArn": "acs:ram::1:role/r", "OIDCProviderArn": "acs:ram::1:oidc-provider/p"}
        assert owed.items() <= fields.items(), fields
        assert 900 <= int(fields["DurationSeconds"]) and re.fullmatch(r"[\w.@-]{2,64}", fields["RoleSessionName"])
        time.strptime(fields["Timestamp"], "%Y-%m-%dT%H:%M:%SZ")
        if fields["OIDCToken"] != self.token:
            return 400, {}, {"RequestId": "r", "HostId": "sts.aliyuncs.com",
                             "Code": "AuthenticationFail.OIDCToken.Invalid", "Message": "This token is invalid."}
        return 200, {}, {
            "RequestId": "r", "OIDCTokenInfo": {"Subject": "s"}, "AssumedRoleUser": {"Arn": "a"}, "Credentials": {
                "AccessKeyId": self.flow.id, "AccessKeySecret": self.flow.secret,
                "SecurityToken": self.flow.session, "Expiration": "2099-01-01T00:00:00Z"}}


@pytest.mark.parametrize("token, code", [("eyJ.good.token", 0), ("eyJ.bad.token", 77)])
def test_a_role_is_assumed_with_the_platforms_token(tmp_path, token, code):
    flow = Flow(["RUNNING", "SUCCESS"], id="STS.NUgYrLnoC37mZZCNnAbez", session="hQlj/demo+token==")
    service = TokenService(flow, "eyJ.good.token")
    authority = Authority()
    (tmp_path / "token").write_text(token + "\n")
    with Server(service) as sts:
        context = authority.context(tmp_path, [x509.DNSName("sts.aliyuncs.com")])
        sts.server.socket = context.wrap_socket(sts.server.socket, server_side=True)
        proxy = Proxy(sts.server.server_port)
        result = wait(flow, "--ca-file", authority.file(tmp_path), env={
            "ALIBABA_CLOUD_ROLE_ARN": "acs:ram::1:role/r",
            "ALIBABA_CLOUD_OIDC_PROVIDER_ARN": "acs:ram::1:oidc-provider/p",
            "ALIBABA_CLOUD_OIDC_TOKEN_FILE": str(tmp_path / "token"),
            "HTTPS_PROXY": proxy.url, "NO_PROXY": "127.0.0.1"})
    assert result.code == code, result
    assert len(service.asked) == 1 and proxy.asked[0].startswith("CONNECT sts.aliyuncs.com:443 ")
    assert token not in result.out + result.err
    if code:
        assert "This token is invalid." in result.out + result.err

"""Servers that say no more than they must: what the documents call optional is left out, and so is what HTTP does not require.

Each answer is truthful, so none may be called unreadable, and none may open the latch that does not say so.
"""

import json
import re
import socketserver
import threading
import urllib.parse

import pytest

from harness import run


class Plain:
    """HTTP/1.0 without a date, a content type, a length or a tag; `routes` are patterns of `METHOD target` and bodies."""

    def __init__(self, routes):
        self.routes, self.requests = routes, []
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                method, target = self.rfile.readline().decode().split(" ")[:2]
                headers = {}
                while line := self.rfile.readline().decode().strip():
                    name, _, value = line.partition(":")
                    headers[name.lower()] = value.strip()
                text = self.rfile.read(int(headers.get("content-length", 0))).decode()
                outer.requests.append((method, target, headers, text))
                action = headers.get("x-acs-action")
                status, body = outer.answer(f"{action} {target}" if action else f"{method} {target}")
                self.wfile.write(f"HTTP/1.0 {status} X\r\n\r\n{body}".encode())

        class Quiet(socketserver.ThreadingTCPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self.server = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, asked):
        for pattern, body in self.routes:
            if re.fullmatch(pattern, urllib.parse.unquote(asked)):
                body = body() if callable(body) else body
                status, body = body if isinstance(body, tuple) else (200, body)
                return status, body if isinstance(body, str) else json.dumps(body)
        return 404, ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


FLOW = {"YUNXIAO_ACCESS_TOKEN": "pt-0fh3SECRET"}
ALIBABA = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAItestid", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret"}
HUAWEI = {"HUAWEICLOUD_SDK_AK": "AKPTESTID", "HUAWEICLOUD_SDK_SK": "secret"}
GITHUB = {"GH_TOKEN": "ghp_SECRET"}
GITLAB = {"GITLAB_TOKEN": "glpat-SECRET"}
SHA = "acb5820ced9479c074f688cc328bf03f341a511d"
OTHER = "b" * 40


def flow(**more):
    return {"pipelineRunId": 1, "status": "SUCCESS", "stages": [{"stageInfo": {"status": "SUCCESS"}}], **more}


def codearts(**more):
    return {"id": "r1", "status": "COMPLETED", "stages": [{"status": "COMPLETED"}], **more}


def works(**more):
    return {"Id": "r1", "Status": "Success", "Stages": [{"Status": "Success"}], **more}


def github(number=1, sha=SHA, **more):
    return {"id": number, "head_sha": sha, "status": "completed", "conclusion": "success",
            "workflow_id": number, "check_suite_id": number, **more}


JOBS = ("GET .*/jobs(\\?.*)?", {"jobs": [{"id": 1, "status": "completed", "conclusion": "success"}]})
BUILD = [
    ("GET /api/v2/builders(\\?.*)?", {"builders": [{"builderid": 4, "name": "gate"}]}),
    ("GET /api/v2/builds\\?.*", {"builds": [
        {"buildid": 20, "number": 7, "builderid": 4, "buildrequestid": 13, "complete": True, "results": 0}]}),
]
REQUEST = {"buildrequestid": 13, "builderid": 4, "complete": True, "results": 0}
COMMIT = ["check", "github:o/r", "--commit", SHA]
CODEARTS = ["check", "codearts:cn-north-4/p/l"]
QUEUE = ("GET .*/queued-pipeline.*", (404, {"error_code": "APIGW.0101", "error_msg": "no such API"}))


def listed(*runs, **more):
    return ("GET /repos/o/r/actions/runs\\?.*", {"total_count": len(runs), "workflow_runs": list(runs), **more})


def suites(*numbers, status="completed"):
    return ("GET .*/check-suites.*", {"check_suites": [{"id": number, "status": status} for number in numbers]})


TABLE = {
    # what is left out: routes, command, environment, code
    "flow: names, times and jobs": (
        [("GET .*/pipelines/1/runs/1", flow())], ["check", "yunxiao:o/1#1"], FLOW, 0),
    "flow: jobs, said to be none": (
        [("GET .*/runs/1", flow(stages=[{"stageInfo": {"status": "SUCCESS", "jobs": []}}]))],
        ["check", "yunxiao:o/1#1"], FLOW, 65),
    "flow: stages": ([("GET .*/runs/1", {"pipelineRunId": 1, "status": "SUCCESS"})],
                     ["check", "yunxiao:o/1#1"], FLOW, 65),
    "flow: sources of another form": (
        [("GET .*/runs/1", flow(sources="none", globalParams={}, stageGroup=[["a"]]))],
        ["check", "yunxiao:o/1#1"], FLOW, 0),
    "flow: the call for the latest run": (
        [("GET .*/runs\\?.*", [{"pipelineRunId": 1}]), ("GET .*/runs/1", flow())],
        ["check", "yunxiao:o/1", "--latest"], FLOW, 0),
    "flow: the pipeline's configuration": (
        [("POST .*/runs", "5"), ("GET .*/runs/5", flow(pipelineRunId=5))], ["trigger", "yunxiao:o/1@dev"], FLOW, 0),
    "classic flow: names, times and jobs": (
        [("GetPipelineRun .*/pipelineRuns/1", {"pipelineRun": flow()})], ["check", "aliyun-devops:o/1#1"], ALIBABA, 0),
    "classic flow: the same page for ever": (
        [("ListPipelineRuns .*", {"success": True, "nextToken": "xz", "pipelineRuns": [{"pipelineRunId": 1}]}),
         ("GetPipelineRun .*/pipelineRuns/1", {"pipelineRun": flow()})],
        ["check", "aliyun-devops:o/1", "--latest"], ALIBABA, 0),
    "classic flow: the pipeline's configuration": (
        [("StartPipelineRun .*", {"pipelineRunId": 5}),
         ("GetPipelineRun .*/pipelineRuns/5", {"pipelineRun": flow(pipelineRunId=5)})],
        ["trigger", "aliyun-devops:o/1@dev"], ALIBABA, 0),
    "codearts: pipeline, names, times and jobs": (
        [("GET .*/detail.*", codearts())], [*CODEARTS[:1], CODEARTS[1] + "#r1"], HUAWEI, 0),
    "codearts: texts, where ids are numbers": (
        [("GET .*/detail.*", codearts(stages=[{"id": 1, "status": "COMPLETED", "jobs": [
            {"id": 2, "status": "COMPLETED", "steps": [{"id": 3, "status": "COMPLETED"}]}]}]))],
        [*CODEARTS[:1], CODEARTS[1] + "#r1"], HUAWEI, 0),
    "codearts: sources, which the list has": (
        [("POST .*/list", {"pipeline_runs": [{"pipeline_run_id": "r1", "build_params": {"commit_id": SHA}}]}),
         ("GET .*/detail.*", codearts())], [*CODEARTS, "--commit", SHA[:8]], HUAWEI, 0),
    "codearts: a list of none": ([("POST .*/list", {"total": 0, "pipeline_runs": None})],
                                 [*CODEARTS, "--latest"], HUAWEI, 66),
    "codearts: everything but a no": ([("GET .*/detail.*", {"success": False}), QUEUE],
                                      [*CODEARTS[:1], CODEARTS[1] + "#r1"], HUAWEI, 65),
    "codearts-repo: everything but words": (
        [("GET .*/latest-jobs", {"id": 6, "status": "success", "stages": [{"jobs": [{"status": "success"}]}]})],
        ["check", "codearts-repo:cn-north-4/21/6", "--latest"], HUAWEI, 0),
    "codearts-repo: jobs, said to be none": (
        [("GET .*/latest-jobs", {"id": 6, "status": "success", "stages": [{"status": "success", "jobs": []}]})],
        ["check", "codearts-repo:cn-north-4/21/6", "--latest"], HUAWEI, 65),
    "codearts-repo: the status of an error": (
        [("GET .*/latest-jobs", {"error_code": "CH.00402000", "error_msg": "The repository does not exist."})],
        ["check", "codearts-repo:cn-north-4/21/6", "--latest"], HUAWEI, 66),
    "dataworks: codes, steps, types and times": (
        [("GetPipelineRun .*", {"Pipeline": works()})], ["check", "dataworks:cn-shanghai/1#r1"], ALIBABA, 0),
    "dataworks: the time of the only run": (
        [("ListPipelineRuns .*", {"PagingInfo": {"PipelineRuns": [works()]}})],
        ["check", "dataworks:cn-shanghai/1", "--latest"], ALIBABA, 0),
    "dataworks: the times of two runs": (
        [("ListPipelineRuns .*", {"PagingInfo": {"PipelineRuns": [works(), works(Id="r2")]}})],
        ["check", "dataworks:cn-shanghai/1", "--latest"], ALIBABA, 65),
    # The published example of an answer is of another workspace than that of the request.
    "dataworks: the workspace asked for": (
        [("ListPipelineRuns .*", {"PagingInfo": {"PipelineRuns": [works(ProjectId=70199)]}})],
        ["check", "dataworks:cn-shanghai/10000", "--latest"], ALIBABA, 0),
    "github: commit and workflow": (
        [("GET .*/runs/1", {"id": 1, "status": "completed", "conclusion": "success"}), JOBS],
        ["check", "github:o/r#1"], GITHUB, 0),
    "github: a filter of runs": ([listed(github(1), github(2, OTHER, conclusion="failure")), suites(1), JOBS],
                                 COMMIT, GITHUB, 0),
    "github: all runs but another's": ([listed(github(2, OTHER)), suites()], COMMIT, GITHUB, 66),
    "github: the commit of one of its runs": ([listed(github(1), github(2, None)), suites(1, 2), JOBS],
                                              COMMIT, GITHUB, 65),
    "github: a run of its own suite": ([listed(github(1), github(2, OTHER)), suites(1, 2), JOBS], COMMIT, GITHUB, 65),
    "github: check suites": ([listed(github(1)), JOBS], COMMIT, GITHUB, 0),
    "github: check suites, and one failed": (
        [listed(github(1), github(2, conclusion="failure")), JOBS], COMMIT, GITHUB, 1),
    "github: a run of a queued suite": ([listed(github(1)), suites(1, 3, status="queued"), JOBS], COMMIT, GITHUB, 6),
    "github: that its API begins at the root": (
        [("GET /api/v3/.*/runs/1", {"id": 1, "status": "completed", "conclusion": "success"}),
         ("GET /api/v3" + JOBS[0].removeprefix("GET "), JOBS[1])], ["check", "github:o/r#1"], GITHUB, 0),
    "github: the name of the workflow that was started": (
        [("POST .*/dispatches", {"workflow_run_id": 1}), ("GET .*/runs/1", github(path=".github/workflows/a.yml")), JOBS],
        ["trigger", "github:o/r/ci.yml@main"], GITHUB, 0),
    "gitlab: started pipelines": (
        [("GET .*/pipelines/7", {"id": 7, "status": "success"}), ("GET .*/jobs.*", [{"id": 1, "status": "success"}])],
        ["check", "gitlab:g/p#7"], GITLAB, 0),
    "buildbot: buildset, times and steps": (
        [("GET /api/v2/buildrequests/13", {"buildrequests": [REQUEST]}), *BUILD],
        ["check", "buildbot:gate#request:13"], {}, 0),
    "buildbot: names of steps": (
        [("GET /api/v2/buildrequests/13", {"buildrequests": [REQUEST]}),
         ("GET .*/steps", {"steps": [{"complete": True, "results": 0}]}), *BUILD],
        ["check", "buildbot:gate#request:13"], {}, 0),
    "buildbot: the build asked for": (
        [("GET .*/builds/9", {"builds": []}), *BUILD], ["check", "buildbot:gate#9"], {}, 66),
}


@pytest.mark.parametrize("name", TABLE)
def test_what_is_left_out_does_not_matter_where_it_is_optional(name):
    routes, command, environment, code = TABLE[name]
    more = ["--min-interval", "50ms", "--no-history", "--timeout", "5s"] if command[0] == "trigger" else []
    with Plain(routes) as server:
        result = run(*command, *more, "--server", server.url, env=environment)
    assert result.code == code, (result, server.requests)


def test_a_buildbot_without_events_is_asked_for_them_once():
    looks = []

    def request():
        looks.append(1)
        ended = len(looks) > 3
        return {"buildrequests": [REQUEST | {"complete": ended, "claimed": True, "results": 0 if ended else -1}]}

    routes = [("GET /api/v2/buildrequests/13", request),
              ("GET .*/builds/7", {"builds": [{"buildid": 20, "number": 7, "builderid": 4, "buildrequestid": 13,
                                               "complete": True, "results": 0}]}), *BUILD]
    with Plain(routes) as server:
        result = run("wait", "buildbot:gate#7", "--min-interval", "100ms", "--max-interval", "200ms", "--no-history",
                     "--server", server.url)
    targets = [request[1] for request in server.requests]
    assert result.code == 0 and len(looks) == 4, result
    assert sum("/sse/" in target for target in targets) == 1
    assert sum("/builds/7" in target for target in targets) == 1


@pytest.mark.parametrize("word", ["codearts-repo cannot start runs", "codearts:REGION/PROJECT/PIPELINE"])
def test_what_codearts_repo_cannot_start_codearts_can(word):
    result = run("trigger", "codearts-repo:cn-north-4/21/6", env=HUAWEI)
    assert result.code == 64 and word in result.err


@pytest.mark.parametrize("half", ["BUILDBOT_USER", "BUILDBOT_PASSWORD"])
def test_half_a_login_is_78_and_names_the_other(half):
    other = {"BUILDBOT_USER", "BUILDBOT_PASSWORD"} - {half}
    with Plain([]) as server:
        result = run("check", "buildbot:gate#7", "--server", server.url, env={half: "x"})
    assert result.code == 78 and f"Set {other.pop()}." in result.err and server.requests == []


def test_the_token_of_the_command_line_comes_before_keys(tmp_path):
    (tmp_path / "token").write_text("file-token\n")
    with Plain([]) as server:
        run("check", "codearts:cn-north-4/p/l#r", "--token-file", str(tmp_path / "token"), "--server", server.url,
            env=HUAWEI | {"HUAWEICLOUD_AUTH_TOKEN": "other"})
        assert {request[2].get("x-auth-token") for request in server.requests} == {"file-token"}
        result = run("check", "aliyun-devops:o/1#1", "--token-file", str(tmp_path / "token"), "--server", server.url,
                     env=ALIBABA)
    assert result.code == 64 and "not asked with a token" in result.err


def test_a_dispatch_that_was_taken_and_shows_no_run_is_75():
    routes = [("POST .*/dispatches", (204, "")), ("GET .*/runs\\?.*", {"workflow_runs": []})]
    with Plain(routes) as server:
        result = run("trigger", "github:o/r/ci.yml@main", "--appear-timeout", "500ms", "--min-interval", "50ms",
                     "--server", server.url, env=GITHUB)
    assert result.code == 75 and "has not appeared" in result.err
    assert sum(1 for request in server.requests if request[0] == "POST") == 1


@pytest.mark.parametrize("vendor, code, told", [("yunxiao", 1, True), ("codearts-repo", 3, False)])
def test_a_demo_says_where_a_vendor_has_no_word_for_a_time_limit(vendor, code, told):
    result = run("demo", "--vendor", vendor, "--scenario", "timedout")
    assert result.code == code and ("no word for a time limit" in result.err) == told

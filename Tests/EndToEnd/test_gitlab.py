"""GitLab from outside: https://docs.gitlab.com/api/pipelines/ and https://docs.gitlab.com/api/jobs/"""

import json
import re
import urllib.parse

import pytest

from harness import Server, run

TOKEN = "glpat-SECRETfbG35af"
JOB_TOKEN = "glcbt-64_SECRETjob"
ENV = {"GITLAB_TOKEN": TOKEN}
JOB_ENV = {"CI_JOB_TOKEN": JOB_TOKEN}
FAST = ["--min-interval", "50ms", "--max-interval", "100ms"]
ROOT = "/api/v4/projects/shop%2Fapi"
SHA = "a91957a858320c0e17f3a0eca7cfacbff50ea29a"


def job(id, name, status, stage="test", pipeline=46, **more):
    return {"id": id, "name": name, "stage": stage, "status": status, "allow_failure": False,
            "started_at": "2026-01-02T03:00:12.000Z", "finished_at": None, "ref": "main",
            "web_url": f"https://gitlab.example.com/shop/api/-/jobs/{id}",
            "pipeline": {"id": pipeline, "project_id": 1, "status": "running"}, **more}


def pipeline(id, status, **more):
    return {"id": id, "iid": 9, "project_id": 1, "status": status, "ref": "main", "sha": SHA,
            "source": "api", "created_at": "2026-01-02T03:00:00.000Z",
            "updated_at": "2026-01-02T03:02:00.000Z", "started_at": None, "finished_at": None,
            "yaml_errors": None, "web_url": f"https://gitlab.example.com/shop/api/-/pipelines/{id}", **more}


class GitLab:
    """One project with the pipeline 46, which passes through `words`, one a look."""

    def __init__(self, words, jobs=None, bridges=(), pages=None, child=None, variables=(), job_token=False):
        self.words = list(words)
        self.jobs = [job(7, "teaspoon", words[-1])] if jobs is None else jobs
        self.bridges, self.pages, self.child = list(bridges), pages, child
        self.variables, self.job_token = list(variables), job_token
        self.looks = 0
        self.posted = None
        self.canceled = False

    def known(self, request):
        headers = request.headers
        if headers.get("JOB-TOKEN") == JOB_TOKEN:
            return self.job_token
        return headers.get("PRIVATE-TOKEN") == TOKEN

    def __call__(self, request):
        path, _, query = request.path.partition("?")
        if request.command == "POST" and path == ROOT + "/trigger/pipeline":
            self.posted = dict(urllib.parse.parse_qsl(request.text))
            return 201, {}, pipeline(46, "created")
        if not self.known(request):
            if request.headers.get("PRIVATE-TOKEN"):
                return 401, {}, {"message": "401 Unauthorized"}
            return 404, {}, {"message": "404 Project Not Found"}
        if request.command == "POST" and path == ROOT + "/pipeline":
            self.posted = json.loads(request.text)
            return 201, {}, pipeline(46, "created")
        if request.command == "POST" and path == ROOT + "/pipelines/46/cancel":
            self.canceled = True
            return 200, {}, pipeline(46, "canceled")
        if path == "/api/v4/projects/shop%2Fapi":
            return 200, {}, {"id": 1, "default_branch": "main"}
        if path == ROOT + "/pipelines":
            wanted = dict(urllib.parse.parse_qsl(query))
            if wanted.get("ref", "main") != "main" or wanted.get("sha", SHA) != SHA:
                return 200, {}, []
            return 200, {}, [pipeline(46, self.words[0])]
        if path == ROOT + "/pipelines/46":
            word = "canceled" if self.canceled else self.words[min(self.looks, len(self.words) - 1)]
            self.looks += 1
            return 200, {}, pipeline(46, word)
        if path == ROOT + "/pipelines/46/jobs":
            if self.pages:
                return self.pages(request.path)
            return 200, {}, self.jobs
        if path == ROOT + "/pipelines/46/bridges":
            return 200, {}, self.bridges
        if path == ROOT + "/pipelines/46/variables":
            return 200, {}, self.variables
        if path == ROOT + "/pipelines/50/jobs" and self.child is not None:
            return 200, {}, self.child
        if path == ROOT + "/pipelines/50/bridges":
            return 200, {}, []
        if re.fullmatch(ROOT + r"/jobs/\d+/trace", path):
            return 200, {"content-type": "text/plain"}, (
                "section_start:1:step_script\r\x1b[0K\x1b[36;1mExecuting\x1b[0;m\n"
                "\x1b[32;1m$ make\x1b[0;m\n 10%\r100%\nsection_end:2:step_script\r\x1b[0K\n"
                "\x1b[31;1mERROR: Job failed: exit code 1\n\x1b[0;m\n")
        return 404, {}, {"message": "404 Not found"}


def wait(gitlab, *more, target="gitlab:shop/api#46", env=ENV, command="wait", **options):
    with Server(gitlab) as server:
        pace = [] if command == "check" else FAST
        result = run(command, target, "--server", server.url, "--output", "json", *pace, *more, env=env, **options)
        result.requests = server.requests
        return result


@pytest.mark.parametrize("word, code, verdict", [
    ("success", 0, "succeeded"), ("failed", 1, "failed"), ("canceled", 2, "canceled"), ("skipped", 4, "skipped"),
])
def test_the_vendors_word_decides_the_code(word, code, verdict):
    result = wait(GitLab(["created", "pending", "running", word]))
    assert result.code == code, result
    assert result.verdict["verdict"] == verdict and result.verdict["exit_code"] == code
    assert [event["state"] for event in result.named("run")] == ["queued", "running", verdict]


@pytest.mark.parametrize("word, state, code", [
    ("created", "queued", 6), ("waiting_for_resource", "queued", 6), ("preparing", "queued", 6),
    ("waiting_for_callback", "queued", 6), ("pending", "queued", 6), ("scheduled", "queued", 6),
    ("running", "running", 6), ("canceling", "running", 6), ("manual", "waiting", 5),
    ("success", "succeeded", 0), ("failed", "failed", 1), ("canceled", "canceled", 2), ("skipped", "skipped", 4),
    ("Success", "unknown", 6), ("passed", "unknown", 6),
])
def test_each_status_word_has_its_code(word, state, code):
    result = wait(GitLab([word]), command="check")
    assert result.code == code, result
    assert result.named("run")[0]["state"] == state


@pytest.mark.parametrize("reason, code", [
    ("job_execution_timeout", 3), ("stuck_or_timeout_failure", 3), ("no_updates_running", 3),
    ("script_failure", 1), ("runner_system_failure", 1), ("timeout_of_a_kind_nobody_knows", 1),
])
def test_a_time_limit_is_told_by_the_reason_of_the_failure(reason, code):
    jobs = [job(7, "slow", "failed", failure_reason=reason),
            job(8, "lint", "failed", failure_reason="script_failure", allow_failure=True)]
    assert wait(GitLab(["failed"], jobs=jobs)).code == code


def test_a_success_without_jobs_is_none():
    result = wait(GitLab(["success"], jobs=[]), "--tolerate", "500ms")
    assert result.code == 65, result


def test_the_answer_about_another_pipeline_is_not_believed():
    result = wait(lambda request: (200, {}, pipeline(47, "success")), "--tolerate", "500ms")
    assert result.code == 65, result


@pytest.mark.parametrize("by_link", [True, False])
def test_jobs_are_read_from_every_page(by_link):
    def pages(path):
        second = "page=2" in path
        rows = [job(id, f"job {id}", "success") for id in ([1, 2] if second else [3, 4])]
        if second:
            return 200, {"x-next-page": ""}, rows
        if by_link:
            # Behind a proxy the header may name a host that clients do not reach.
            place = f"https://internal.example.com{ROOT}/pipelines/46/jobs?page=2&per_page=100"
            return 200, {"link": f'<{place}>; rel="next", <{place}>; rel="last"'}, rows
        return 200, {"x-next-page": "2"}, rows

    result = wait(GitLab(["success"], pages=pages))
    assert result.code == 0, result
    assert [event["job"] for event in result.named("job")] == ["job 1", "job 2", "job 3", "job 4"]


def bridge(status, child, **more):
    return job(9, "deploy", status, stage="deploy", downstream_pipeline=pipeline(50, child), **more)


@pytest.mark.parametrize("word, status, child, allowed, code", [
    ("success", "success", "success", False, 0),
    # Without `strategy: depend` the trigger job succeeds whatever becomes of its pipeline.
    ("success", "success", "failed", False, 1),
    ("success", "success", "canceled", False, 2),
    ("success", "success", "failed", True, 0),
    ("success", "failed", "failed", True, 0),
    ("failed", "failed", "failed", False, 1),
    ("success", "success", "running", False, 6),
    ("success", "success", "manual", False, 5),
    ("success", "success", "exploded", False, 6),
])
def test_a_started_pipeline_counts_unless_it_may_fail(word, status, child, allowed, code):
    row = bridge(status, child, allow_failure=allowed)
    rows = [job(11, "apply", child, stage="apply", pipeline=50)]
    result = wait(GitLab([word], bridges=[row], child=rows), command="check")
    assert result.code == code, result
    below = [event for event in result.named("job") if event["job"] == "deploy > apply"]
    assert below and below[0]["stage"] == "deploy"


def test_a_blocking_manual_job_is_named_with_its_link():
    jobs = [job(7, "production", "manual", stage="deploy"), job(8, "preview", "manual", allow_failure=True)]
    result = wait(GitLab(["running", "manual"], jobs=jobs), "--on-approval", "fail")
    assert result.code == 5, result
    told = result.named("approval")
    assert [(event["job"], event["url"][-7:]) for event in told] == [("production", "/jobs/7")]


def test_the_end_of_a_failed_jobs_trace_is_told_clean():
    lines = wait(GitLab(["failed"])).named("log")[0]["lines"]
    assert lines == ["Executing", "$ make", "100%", "ERROR: Job failed: exit code 1"]


def test_trigger_posts_once_with_variables_and_inputs():
    gitlab = GitLab(["running", "success"])
    result = wait(gitlab, "--input", "DEPLOY_ENV=prod=1", "--input", "inputs.level:=3",
                  "--input", "inputs.zone=a", target="gitlab:shop/api@main", command="trigger")
    assert result.code == 0 and [r[0] for r in result.requests].count("POST") == 1, result
    assert gitlab.posted == {"ref": "main", "variables": [{"key": "DEPLOY_ENV", "value": "prod=1"}],
                             "inputs": {"level": 3, "zone": "a"}}


def test_a_filtered_pipeline_was_not_started():
    refusal = {"message": {"base": ["Pipeline filtered out by workflow rules."]}}
    result = wait(lambda request: (400, {}, refusal), target="gitlab:shop/api@main", command="trigger")
    assert result.code == 64 and "filtered out" in result.out + result.err, result


@pytest.mark.parametrize("value, posts", [("release-7", 0), ("release-8", 1)])
def test_a_marked_pipeline_is_joined(value, posts):
    gitlab = GitLab(["success"], variables=[{"key": "PIPELATCH_KEY", "value": value}])
    result = wait(gitlab, "--key", "release-7", target="gitlab:shop/api@main", command="trigger")
    assert result.code == 0 and [r[0] for r in result.requests].count("POST") == posts, result
    assert result.named("located")[0]["joined"] == (posts == 0)


def test_a_job_token_triggers_and_is_told_what_it_may_not():
    gitlab = GitLab(["success"])
    result = wait(gitlab, "--input", "COLOR=blue", target="gitlab:shop/api@main", command="trigger", env=JOB_ENV)
    assert gitlab.posted == {"ref": "main", "variables[COLOR]": "blue", "token": JOB_TOKEN}
    assert result.code == 77 and "CI_JOB_TOKEN" in result.verdict["reason"] + result.out + result.err, result
    assert JOB_TOKEN not in result.out + result.err
    assert [r[0] for r in result.requests].count("POST") == 1


def test_a_job_token_may_wait_where_the_server_lets_it():
    assert wait(GitLab(["running", "success"], job_token=True), env=JOB_ENV).code == 0


def test_a_key_needs_more_than_a_job_token():
    result = wait(GitLab(["success"], job_token=True), "--key", "x", target="gitlab:shop/api@main",
                  command="trigger", env=JOB_ENV)
    assert result.code == 77 and result.requests == [], result


def test_refused_missing_and_unset():
    assert wait(GitLab(["success"]), env={"GITLAB_TOKEN": "glpat-other"}).code == 77
    assert wait(GitLab(["success"]), target="gitlab:shop/api#99").code == 66
    result = wait(GitLab(["success"]), env={})
    assert result.code == 78 and "GITLAB_TOKEN" in result.err and result.requests == [], result


@pytest.mark.parametrize("more, code", [
    (["--ref", "main"], 0), (["--commit", SHA], 0), (["--commit", SHA[:8]], 0), (["--latest"], 0),
    (["--ref", "gone", "--appear-timeout", "300ms"], 66), (["--commit", "1234567", "--appear-timeout", "300ms"], 66),
])
def test_a_pipeline_is_found_by_ref_and_by_commit(more, code):
    result = wait(GitLab(["success"]), *more, target="gitlab:shop/api")
    assert result.code == code, result


def test_a_page_address_is_a_target():
    with Server(GitLab(["success"])) as server:
        result = run("wait", server.url + "/shop/api/-/pipelines/46", "--output", "json", *FAST, env=ENV)
    assert result.code == 0, result


def test_cancel_on_interrupt_cancels_what_was_started_here():
    gitlab = GitLab(["running"])
    result = wait(gitlab, "--cancel-on", "interrupt", target="gitlab:shop/api@main", command="trigger",
                  interrupt="SIGTERM", until=lambda: gitlab.looks > 1)
    assert result.code == 143 and gitlab.canceled, result

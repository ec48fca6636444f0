"""GitHub Actions from outside: https://docs.github.com/en/rest/actions"""

import email.utils
import hashlib
import json
import re
import time
import urllib.parse

import pytest

from harness import Server, run

TOKEN = "ghp_0fh3SECRETfbG35af"
ENV = {"GH_TOKEN": TOKEN}
FAST = ["--min-interval", "50ms", "--max-interval", "100ms"]
SHA = "f00dcafe" * 5
ROOT = "/repos/o/r"
NOW = "2026-01-02T03:00:00Z"


class Host:
    """One repository; a run's words come one a look, `status` or `completed/conclusion`."""

    def __init__(self, words=("completed/success",), jobs=1, suites=(), runs=None, dispatch=None,
                 faults=(), file="on: workflow_dispatch\n"):
        self.words, self.jobs, self.suites, self.file = list(words), jobs, suites, file
        self.runs, self.dispatch, self.faults = runs or {}, dispatch, list(faults)
        self.looks, self.canceled, self.titles = 0, [], {}
        self.refused = []

    def body(self, run_id, word, workflow=1):
        status, _, conclusion = word.partition("/")
        return {"id": run_id, "name": f"Workflow {workflow}", "workflow_id": workflow, "run_attempt": 1,
                "path": f".github/workflows/w{workflow}.yml", "event": "workflow_dispatch",
                "head_branch": "main", "head_sha": SHA, "check_suite_id": run_id + 1000,
                "status": status, "conclusion": conclusion or None, "created_at": self.created(),
                "run_started_at": NOW, "updated_at": NOW, "display_title": self.titles.get(run_id, "-"),
                "html_url": f"https://github.com/o/r/actions/runs/{run_id}"}

    def created(self):
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())

    def word(self):
        word = self.words[min(self.looks, len(self.words) - 1)]
        self.looks += 1
        return word

    def job(self, number):
        return {"id": 5000 + number, "name": f"job {number}", "status": "completed",
                "conclusion": "failure" if self.words[-1].endswith("failure") else "success"}

    def page(self, request, items, key):
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(request.path).query))
        size, page = int(query.get("per_page", 30)), int(query.get("page", 1))
        headers = {}
        if page * size < len(items):
            place = request.path.split("?")[0].replace(ROOT, "/repositories/9")
            url = f"http://{request.headers['host']}{place}?per_page={size}&page={page + 1}"
            headers["link"] = f'<{url}>; rel="next", <{url}>; rel="last"'
        return 200, headers, {"total_count": len(items), key: items[(page - 1) * size:page * size]}

    def __call__(self, request):
        if request.path.startswith("/store/"):
            if "authorization" in {name.lower() for name in request.headers}:
                self.refused.append(request.path)
                return 400, {}, "InvalidAuthenticationInfo"
            return 200, {}, f"{NOW[:-1]}.1234567Z compile\n{NOW[:-1]}.2234567Z boom\n"
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return 401, {}, {"message": "Bad credentials"}
        if request.command == "GET" and self.faults:
            return self.faults.pop(0)
        status, headers, body = self.route(request)
        text = body if isinstance(body, str) else json.dumps(body)
        tag = f'W/"{hashlib.sha256(text.encode()).hexdigest()}"'
        if request.command == "GET" and status == 200:
            headers = {"etag": tag, **headers}
            if request.headers.get("if-none-match") == tag:
                return 304, {"etag": tag}, ""
        return status, headers, body

    def route(self, request):
        path = request.path.split("?")[0].replace("/repositories/9", ROOT)
        if request.command == "POST":
            if match := re.fullmatch(ROOT + r"/actions/runs/(\d+)/cancel", path):
                self.canceled.append(int(match[1]))
                return 202, {}, {}
            if path == ROOT + "/actions/workflows/w1.yml/dispatches" and self.dispatch:
                return self.dispatch(self, request)
        if match := re.fullmatch(ROOT + r"/actions/runs/(\d+)/jobs", path):
            return self.page(request, [self.job(n) for n in range(self.jobs)], "jobs")
        if path == ROOT + "/actions/runs/7":
            return 200, {}, self.body(7, self.word())
        if re.fullmatch(ROOT + r"/actions/(workflows/w1.yml/)?runs", path):
            items = [self.body(n, word, n) for n, word in sorted(self.runs.items(), reverse=True)]
            return self.page(request, items, "workflow_runs")
        if path == ROOT + "/actions/runs/7/pending_deployments":
            return 200, {}, [{"environment": {"name": "production"}, "wait_timer": 0,
                              "reviewers": [{"type": "User", "reviewer": {"login": "alice"}}]}]
        if path == ROOT + f"/commits/{SHA}/check-suites":
            items = [{"id": 1, "status": word, "app": {"slug": app}} for app, word in self.suites]
            return self.page(request, items, "check_suites")
        if path.startswith(ROOT + "/actions/jobs/"):
            return 302, {"location": f"http://{request.headers['host']}/store/1?sig=a%2Bb"}, ""
        if path == ROOT + "/actions/workflows/w1.yml":
            return 200, {}, {"id": 1, "path": ".github/workflows/w1.yml"}
        if path == ROOT + "/contents/.github/workflows/w1.yml":
            return 200, {"content-type": "text/plain"}, self.file
        if path == ROOT:
            return 200, {}, {"full_name": "o/r", "default_branch": "main"}
        return 404, {}, {"message": "Not Found"}


def ask(verb, host, target, *more, env=ENV, **options):
    with Server(host) as server:
        pace = [] if verb == "check" else FAST
        result = run(verb, target, "--server", server.url, "--output", "json", *more, *pace, env=env, **options)
        result.requests = server.requests
        result.posts = server.count("POST")
        return result


@pytest.mark.parametrize("word, code", [
    ("completed/success", 0), ("completed/failure", 1), ("completed/startup_failure", 1),
    ("completed/cancelled", 2), ("completed/timed_out", 3), ("completed/skipped", 4),
    ("completed/neutral", 4), ("completed/action_required", 5), ("waiting", 5), ("queued", 6),
    ("pending", 6), ("requested", 6), ("in_progress", 6), ("completed/stale", 6),
    ("completed/splendid", 6), ("completed", 6),
])
def test_each_word_has_its_code(word, code):
    assert ask("check", Host([word]), "github:o/r#7").code == code


def test_a_run_is_followed_to_its_end():
    result = ask("wait", Host(["queued", "in_progress", "waiting", "in_progress", "completed/success"]),
                 "github:o/r#7")
    assert result.code == 0, result
    assert [event["state"] for event in result.named("run")] == [
        "queued", "running", "waiting", "running", "succeeded"]
    assert result.named("approval")[0]["message"] == (
        "Environment production waits for a review by alice.")
    assert len(result.named("approval")) == 1


def test_two_hundred_and_thirty_jobs_are_paged():
    result = ask("wait", Host(jobs=230), "github:o/r#7")
    assert result.code == 0 and len(result.named("job")) == 230, result


def test_what_did_not_change_is_304_and_counted_so():
    host = Host(["in_progress"] * 6 + ["completed/success"])
    host.created = lambda: NOW
    result = ask("wait", host, "github:o/r#7", "--no-history")
    counts = result.verdict["requests"]
    assert result.code == 0 and counts["failed"] == 0, result
    # The first look and the last change the run; the jobs never change.
    assert counts["not_modified"] == counts["total"] - 3, result


def test_a_success_without_jobs_is_not_believed():
    assert ask("wait", Host(jobs=0), "github:o/r#7", "--tolerate", "300ms").code == 65


@pytest.mark.parametrize("runs, suites, code", [
    ({1: "completed/success", 2: "completed/success"}, [], 0),
    ({1: "completed/success", 2: "completed/failure"}, [], 1),
    ({1: "completed/success", 2: "completed/skipped"}, [], 4),
    ({1: "completed/success", 2: "in_progress"}, [], 6),
    ({1: "completed/success"}, [("github-actions", "queued")], 6),
    ({1: "completed/success"}, [("some-app", "queued")], 0),
    ({}, [], 66),
])
def test_a_commit_is_all_of_its_workflows(runs, suites, code):
    host = Host(runs=runs, suites=suites)
    assert ask("check", host, "github:o/r", "--commit", SHA).code == code


def test_a_commit_without_runs_is_66_when_waited_for():
    result = ask("wait", Host(), "github:o/r", "--commit", SHA, "--appear-timeout", "300ms")
    assert result.code == 66 and result.verdict["reason"] == "not-found", result


@pytest.mark.parametrize("fault", [
    (403, {"retry-after": "1"}, {"message": "You have exceeded a secondary rate limit."}),
    (429, {"retry-after": "1"}, {"message": "Too many"}),
    (502, {}, "<html>"),
])
def test_limits_and_trouble_are_borne(fault):
    result = ask("wait", Host(faults=[fault]), "github:o/r#7")
    assert result.code == 0 and result.verdict["requests"]["failed"] == 1, result


def test_a_used_up_limit_waits_for_its_reset():
    reset = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(time.time()) + 3600)}
    fault = (403, reset, {"message": "API rate limit exceeded for user ID 1."})
    result = ask("wait", Host(faults=[fault] * 9), "github:o/r#7", "--tolerate", "1s")
    assert result.code == 69 and len(result.requests) == 1, result
    assert result.named("trouble")[0]["kind"] == "throttled"


def test_a_permission_that_is_missing_is_77_at_once():
    fault = (403, {"x-accepted-github-permissions": "actions=read"},
             {"message": "Resource not accessible by personal access token"})
    result = ask("wait", Host(faults=[fault]), "github:o/r#7")
    assert result.code == 77 and "actions=read" in result.verdict["message"], result


def test_tokens():
    result = ask("wait", Host(), "github:o/r#7", env={"GH_TOKEN": "ghp_wrong"})
    assert result.code == 77 and "ghp_wrong" not in result.out + result.err, result
    result = ask("wait", Host(), "github:o/r#7", env={})
    assert result.code == 78 and result.requests == [] and "GH_TOKEN" in result.err, result


def test_within_actions_the_repository_need_not_be_repeated():
    env = {**ENV, "GITHUB_REPOSITORY": "o/r", "GITHUB_RUN_ID": "9"}
    host = Host(runs={9: "in_progress", 1: "completed/success"})
    result = ask("check", host, "github:", "--latest", env=env)
    assert result.code == 0 and result.named("located")[0]["run"]["id"] == "1", result


def test_the_log_of_a_failed_job_comes_without_credentials():
    host = Host(["completed/failure"])
    result = ask("wait", host, "github:o/r#7")
    assert result.code == 1 and result.named("log")[0]["lines"] == ["compile", "boom"], result
    assert host.refused == []


def told(host, request):
    host.sent = json.loads(request.text)
    return 200, {}, {"workflow_run_id": 7, "run_url": "-", "html_url": "-"}


def silent(candidates):
    def answer(host, request):
        host.sent = json.loads(request.text)
        if request.headers.get("x-github-api-version") == "2026-03-10" and host.old:
            return 400, {}, {"message": "The version you specified is not a supported version."}
        host.runs = dict(candidates)
        mark = host.sent.get("inputs", {}).get("pipelatch_key")
        if mark:
            host.titles[1] = f"Deploy {mark}"
        return 204, {"date": email.utils.formatdate(usegmt=True)}, ""
    return answer


def test_a_dispatch_is_sent_once_and_its_id_followed():
    host = Host(["queued", "completed/success"], dispatch=told)
    result = ask("trigger", host, "github:o/r/w1.yml@main", "--input", "a=b=c")
    assert result.code == 0 and result.posts == 1, result
    assert host.sent == {"ref": "main", "inputs": {"a": "b=c"}}
    assert result.named("located")[0]["triggered"] is True


def test_without_a_ref_the_default_branch_is_built():
    host = Host(dispatch=told)
    assert ask("trigger", host, "github:o/r/w1.yml").code == 0
    assert host.sent == {"ref": "main"}


@pytest.mark.parametrize("old", [False, True])
def test_a_host_that_names_no_run_is_asked_for_the_one_that_appeared(old):
    host = Host(dispatch=silent({1: "completed/success"}))
    host.old = old
    result = ask("trigger", host, "github:o/r/w1.yml@main")
    assert result.code == 0 and result.posts == (2 if old else 1), result
    assert result.named("located")[0]["run"]["id"] == "1"


def test_more_than_one_candidate_is_75_and_never_guessed():
    host = Host(dispatch=silent({1: "completed/success", 2: "completed/success"}))
    host.old = False
    host.body = lambda run_id, word, _=1: {**Host.body(host, run_id, word, 1)}
    result = ask("trigger", host, "github:o/r/w1.yml@main")
    assert result.code == 75 and result.posts == 1, result
    assert result.verdict["reason"] == "uncertain-trigger"


MARKED = ("run-name: Deploy ${{ inputs.pipelatch_key }}\non:\n  workflow_dispatch:\n    inputs:\n"
          "      pipelatch_key:\n        required: false\n")


def test_a_marked_run_is_found_among_others_at_once():
    host = Host(dispatch=silent({1: "completed/success", 2: "completed/failure"}), file=MARKED)
    host.old = False
    host.body = lambda run_id, word, _=1: {**Host.body(host, run_id, word, 1)}
    result = ask("trigger", host, "github:o/r/w1.yml@main")
    assert result.code == 0 and result.seconds < 8, result


def test_a_key_starts_one_run():
    host = Host(dispatch=told, file=MARKED)
    assert ask("trigger", host, "github:o/r/w1.yml@main", "--key", "v1").code == 0
    assert host.sent["inputs"] == {"pipelatch_key": "[pipelatch v1]"}
    host.runs, host.titles = {7: "queued"}, {7: "Deploy [pipelatch v1]"}
    host.body = lambda run_id, word, _=1: {**Host.body(host, run_id, word, 1)}
    result = ask("trigger", host, "github:o/r/w1.yml@main", "--key", "v1")
    assert result.code == 0 and result.posts == 0, result
    assert result.named("located")[0]["joined"] is True
    assert ask("trigger", host, "github:o/r/w1.yml@main", "--key", "v").posts == 1


def test_a_key_that_the_workflow_cannot_carry_is_64_before_anything_is_started():
    result = ask("trigger", Host(dispatch=told), "github:o/r/w1.yml@main", "--key", "v1")
    assert result.code == 64 and result.posts == 0, result


@pytest.mark.parametrize("status, code", [(404, 66), (403, 77), (422, 64), (502, 75)])
def test_a_dispatch_that_fails_is_not_repeated(status, code):
    host = Host(dispatch=lambda *_: (status, {}, {"message": "no"}))
    result = ask("trigger", host, "github:o/r/w1.yml@main")
    assert result.code == code and result.posts == 1, result


def test_an_interrupt_cancels_what_was_started():
    host = Host(["in_progress"], dispatch=told)
    result = ask("trigger", host, "github:o/r/w1.yml@main", "--cancel-on", "interrupt",
                 interrupt="SIGTERM", until=lambda: host.looks > 1)
    assert result.code == 143 and host.canceled == [7], result

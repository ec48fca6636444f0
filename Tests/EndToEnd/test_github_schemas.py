"""Holds what the tapes and the simulator say in GitHub's name to GitHub's own description of its API.

The models are those of the PyPI package githubkit-schemas-2026-03-10, generated from that description.
"""

import json
import re
import subprocess
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import githubkit_schemas.v2026_03_10.models as models
import pydantic

from harness import BINARY, ROOT

TOKEN = "ghp_demo0fbG35af"
REPO = r"^(?:/api/v3)?/(?:repos/[^/]+/[^/]+|repositories/\d+)"
RUNS = models.ReposOwnerRepoActionsRunsGetResponse200
JOBS = models.ReposOwnerRepoActionsRunsRunIdJobsGetResponse200
SUITES = models.ReposOwnerRepoCommitsRefCheckSuitesGetResponse200
MODELS = [(method, re.compile(REPO + path + r"(?:\?.*)?$"), pydantic.TypeAdapter(model)) for method, path, model in [
    ("GET", r"", models.MinimalRepository),
    ("GET", r"/actions/runs/\d+(?:/attempts/\d+)?", models.WorkflowRun),
    ("GET", r"/actions/runs/\d+(?:/attempts/\d+)?/jobs", JOBS),
    ("GET", r"/actions/runs/\d+/pending_deployments", list[models.PendingDeployment]),
    ("GET", r"/actions/jobs/\d+", models.Job),
    ("GET", r"/actions/(?:workflows/[^/]+/)?runs", RUNS),
    ("GET", r"/actions/workflows/[^/?]+", models.Workflow),
    ("GET", r"/commits/[^/]+/check-suites", SUITES),
    ("POST", r"/actions/workflows/[^/]+/dispatches", models.WorkflowDispatchResponse),
]]
# Not GitHub's words, on purpose: they show that such answers are not believed.
WRONG = {"error-in-200"}
SCENARIOS = ["success", "failure", "canceled", "timedout", "approval"]


def faults(place, method, target, text):
    """What of the answer does not fit, or None where the description says nothing of such a request."""
    for verb, pattern, model in MODELS:
        if verb != method or not pattern.match(target):
            continue
        try:
            model.validate_json(text)
        except pydantic.ValidationError as error:
            return [f"{place}: {method} {target}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}"
                    for fault in error.errors()[:5]]
        return []
    return None


def test_the_tapes_say_what_github_may_say():
    told = []
    for path in sorted((ROOT / "Tests/Tapes/github").glob("*.tape")):
        if path.stem in WRONG:
            continue
        method = target = status = None
        for line in path.read_text().splitlines():
            if match := re.match(r"> (GET|POST) (\S+)$", line):
                method, target = match.groups()
            elif match := re.match(r"< (\d{3})$", line):
                status = int(match[1])
            elif status == 200 and line[:1] in "{[" and target:
                told.append(faults(path.stem, method, target, line))
    known = [found for found in told if found is not None]
    assert len(known) > 50
    assert sum(known, []) == []


class Demo:
    """A demo of the built binary, asked beside its own client."""

    def __init__(self, scenario):
        self.scenario, self.faults, self.words = scenario, [], set()
        self.process = subprocess.Popen(
            [BINARY, "demo", "--vendor", "github", "--scenario", scenario, "--output", "json"],
            text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.address = None
        while self.address is None:
            line = self.process.stderr.readline()
            assert line, "the demo did not say where it listens"
            if match := re.search(r" at (http://127\.0\.0\.1:\d+)\.", line):
                self.address = match[1]

    def ask(self, target, data=None):
        request = urllib.request.Request(
            self.address + target, data=json.dumps(data).encode() if data else None, headers={
                "Authorization": f"Bearer {TOKEN}", "User-Agent": "schemas",
                "X-GitHub-Api-Version": "2026-03-10"})
        with urllib.request.urlopen(request, timeout=5) as answer:
            text = answer.read().decode()
        self.faults += faults(self.scenario, request.get_method(), target, text) or []
        return json.loads(text)

    def follow(self):
        """Returns itself when the demo has ended, which may be in the middle of an answer."""
        try:
            self.watch()
        except OSError:
            pass
        self.process.wait(timeout=30)
        self.process.stderr.close()
        return self

    def watch(self):
        root = "/repos/demo/shop"
        self.ask(root)
        self.ask(root + "/actions/workflows/ci.yml")
        made = self.ask(root + "/actions/workflows/ci.yml/dispatches", {"ref": "main"})
        run = f"{root}/actions/runs/{made['workflow_run_id']}"
        while self.process.poll() is None:
            body = self.ask(run)
            self.words.add(body["conclusion"] or body["status"])
            for job in self.ask(run + "/jobs?per_page=100")["jobs"]:
                self.words.add(job["conclusion"] or job["status"])
            self.ask(f"{root}/actions/jobs/{job['id']}")
            self.ask(run + "/pending_deployments")
            self.ask(f"{root}/commits/{body['head_sha']}/check-suites")
            self.ask(root + "/actions/runs?per_page=3")
            self.ask(root + "/actions/workflows/ci.yml/runs?per_page=3&page=2")
            time.sleep(0.25)


def test_the_simulator_says_what_github_may_say():
    with ThreadPoolExecutor(len(SCENARIOS)) as pool:
        demos = list(pool.map(lambda scenario: Demo(scenario).follow(), SCENARIOS))
    assert sum((demo.faults for demo in demos), []) == []
    words = set().union(*(demo.words for demo in demos))
    assert {"queued", "in_progress", "waiting", "success", "failure", "skipped"} <= words

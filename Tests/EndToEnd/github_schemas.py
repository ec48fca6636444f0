"""Checks what the tapes and the simulator say in GitHub's name against GitHub's own description of its API.

The models are those of the PyPI package githubkit-schemas-2026-03-10, generated from that description.
Exits with 1 when an answer does not fit. Needs: pip install -r Tests/EndToEnd/requirements.txt
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request

import githubkit_schemas.v2026_03_10.models as models
import pydantic

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("PIPELATCH", str(ROOT / ".build/debug/pipelatch"))
TOKEN = "ghp_demo0fbG35af"
REPO = r"^(?:/api/v3)?/(?:repos/[^/]+/[^/]+|repositories/\d+)"
RUNS = models.ReposOwnerRepoActionsRunsGetResponse200
JOBS = models.ReposOwnerRepoActionsRunsRunIdJobsGetResponse200
SUITES = models.ReposOwnerRepoCommitsRefCheckSuitesGetResponse200
MODELS = [(method, re.compile(REPO + path + r"(?:\?.*)?$"), model) for method, path, model in [
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


class Checker:
    def __init__(self):
        self.checked, self.faults = {}, []

    def check(self, place, method, target, text):
        for verb, pattern, model in MODELS:
            if verb == method and pattern.match(target):
                break
        else:
            return
        name = getattr(model, "__name__", str(model))
        self.checked[name] = self.checked.get(name, 0) + 1
        try:
            pydantic.TypeAdapter(model).validate_json(text)
        except pydantic.ValidationError as error:
            for fault in error.errors()[:5]:
                where = ".".join(str(part) for part in fault["loc"])
                self.faults.append(f"{place}: {method} {target}: {where}: {fault['msg']}")


def tapes(checker):
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
                checker.check(path.stem, method, target, line)


class Demo:
    """A demo of the built binary, asked beside its own client."""

    def __init__(self, checker, scenario):
        self.checker, self.scenario = checker, scenario
        self.process = subprocess.Popen(
            [BINARY, "demo", "--vendor", "github", "--scenario", scenario, "--output", "json"],
            text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.address = None
        while self.address is None:
            line = self.process.stderr.readline()
            if not line:
                raise SystemExit("the demo did not say where it listens")
            if match := re.search(r" at (http://127\.0\.0\.1:\d+)\.", line):
                self.address = match[1]

    def ask(self, target, data=None):
        request = urllib.request.Request(
            self.address + target, data=json.dumps(data).encode() if data else None, headers={
                "Authorization": f"Bearer {TOKEN}", "User-Agent": "schemas",
                "X-GitHub-Api-Version": "2026-03-10"})
        with urllib.request.urlopen(request, timeout=5) as answer:
            text = answer.read().decode()
        self.checker.check(f"demo {self.scenario}", request.get_method(), target, text)
        return json.loads(text)

    def follow(self):
        root = "/repos/demo/shop"
        self.ask(root)
        self.ask(root + "/actions/workflows/ci.yml")
        made = self.ask(root + "/actions/workflows/ci.yml/dispatches", {"ref": "main"})
        run = f"{root}/actions/runs/{made['workflow_run_id']}"
        words = set()
        while self.process.poll() is None:
            try:
                body = self.ask(run)
                words.add(body["conclusion"] or body["status"])
                for job in self.ask(run + "/jobs?per_page=100")["jobs"]:
                    words.add(job["conclusion"] or job["status"])
                self.ask(f"{root}/actions/jobs/{job['id']}")
                self.ask(run + "/pending_deployments")
                self.ask(f"{root}/commits/{body['head_sha']}/check-suites")
                self.ask(root + "/actions/runs?per_page=3")
                self.ask(root + "/actions/workflows/ci.yml/runs?per_page=3&page=2")
            except (urllib.error.URLError, ConnectionError):
                break
            time.sleep(0.25)
        self.process.wait(timeout=30)
        self.process.stderr.close()
        return words


def main():
    checker = Checker()
    tapes(checker)
    if not checker.checked:
        raise SystemExit("no tape was checked")
    words = set()
    for scenario in ["success", "failure", "canceled", "timedout", "approval"]:
        words |= Demo(checker, scenario).follow()
    missing = {"queued", "in_progress", "waiting", "success", "failure", "skipped"} - words
    checker.faults += [f"the demos never said {word}" for word in sorted(missing)]
    for fault in checker.faults:
        print(fault, file=sys.stderr)
    counts = ", ".join(f"{name} {count}" for name, count in sorted(checker.checked.items()))
    print(f"{sum(checker.checked.values())} answers against version 2026-03-10: {counts}")
    print(f"{len(checker.faults)} faults")
    return 1 if checker.faults else 0


if __name__ == "__main__":
    sys.exit(main())

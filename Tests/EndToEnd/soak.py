"""Soaks the built binary: gates at seven vendors, bad answers in between, and every exit code compared with the vendor's word.

    PIPELATCH=.build/debug/pipelatch python3 Tests/EndToEnd/soak.py [--minutes 30] [--runs 100] [--faults 0.05] [--seed N]

Each request is spoiled with a chance of `--faults`, in one of the ways of `bad.KINDS`. Some triggers lose their answer, some runners
die and repeat their step with the same key, some gates are interrupted. Nothing else may come out, and no run may be started twice.
"""

import argparse
import random
import re
import signal
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import test_aliyun_devops
import test_codearts
import test_codearts_repo
import test_dataworks
import test_github
import test_gitlab
import test_yunxiao
from bad import HEAVY, KINDS
from harness import Reset, Server, start
from test_once import Marked

# Words that go on, and the words that end a run with their codes.
ALIBABA = (["RUNNING", "WAITING"], {"SUCCESS": 0, "FAIL": 1, "CANCELED": 2, "SKIP": 4})
WORDS = {
    "yunxiao": ALIBABA, "aliyun-devops": ALIBABA,
    "codearts": (["RUNNING", "QUEUED"], {"COMPLETED": 0, "FAILED": 1, "CANCELED": 2, "IGNORED": 4}),
    "codearts-repo": (["running", "pending"], {"success": 0, "failed": 1, "canceled": 2, "timedout": 3, "skipped": 4}),
    "dataworks": (["Running", "Init"], {"Success": 0, "Fail": 1, "Termination": 2}),
    "github": (["in_progress", "queued"], {
        "completed/success": 0, "completed/failure": 1, "completed/cancelled": 2, "completed/timed_out": 3,
        "completed/skipped": 4}),
    "gitlab": (["running", "pending"], {"success": 0, "failed": 1, "canceled": 2, "skipped": 4}),
}
PASSING = [kind[0] for name, kind in KINDS.items() if kind[1] != "unknown" and name not in HEAVY]
# What starts a run at those vendors that are asked to.
TRIGGER = {"yunxiao": r".*/runs", "gitlab": r".*/pipeline", "aliyun-devops": r".*/run", "codearts": r".*/run"}


class Unsteady:
    """A vendor that spoils some of its answers; the answer to a trigger it may lose once the run has started."""

    def __init__(self, vendor, inner, chance, rate, loses):
        self.vendor, self.inner, self.chance, self.rate, self.loses = vendor, inner, chance, rate, loses
        self.spoiled, self.posts, self.lost = 0, 0, False
        self.lock = threading.Lock()

    def __call__(self, request):
        path = request.path.split("?")[0]
        if request.command == "POST" and re.fullmatch(TRIGGER.get(self.vendor, "-"), path):
            self.posts += 1
            answer = self.inner(request)
            if not self.loses:
                return answer
            self.lost = True
            bad = self.chance.choice(["reset", (502, {}, "<html>"), (504, {}, ""), (200, {}, "{"), (200, {}, "")])
        elif request.command == "GET" and self.chance.random() < self.rate:
            bad = self.chance.choice(PASSING)
        else:
            with self.lock:
                return self.inner(request)
        self.spoiled += 1
        if bad == "reset":
            raise Reset
        return bad(request) if callable(bad) else bad


def open_vendor(vendor, words):
    """The server's answers, and the target and environment to reach the run or pipeline."""
    if vendor == "yunxiao":
        return Marked(words), "yunxiao:org/123", "#7", test_yunxiao.ENV
    if vendor == "gitlab":
        return test_gitlab.GitLab(words), "gitlab:shop/api@main", "#46", test_gitlab.ENV
    if vendor == "github":
        return test_github.Host(words), "github:o/r", "#7", {"GH_ENTERPRISE_TOKEN": test_github.TOKEN}
    module = {"aliyun-devops": test_aliyun_devops, "codearts": test_codearts, "codearts-repo": test_codearts_repo,
              "dataworks": test_dataworks}[vendor]
    inner = {"aliyun-devops": lambda: module.Flow(words), "codearts": lambda: module.Pipeline(*words),
             "codearts-repo": lambda: module.Repository(*words), "dataworks": lambda: module.DataWorks(words)}[vendor]()
    run = {"aliyun-devops": "#7", "codearts-repo": "#6"}.get(vendor) or f"#{module.OLD}"
    return inner, module.TARGET, run, inner.env()


def soak(number, options):
    """One run to its end: what it was, what came out, and what is wrong with that, if anything."""
    chance = random.Random(f"{options.seed}/{number}")
    vendor = chance.choice(list(WORDS))
    going, ends = WORDS[vendor]
    end = chance.choice([word for word, code in ends.items() if code == 0] + list(ends))
    words = [chance.choice(going) for _ in range(chance.randint(3, options.looks))] + [end]
    inner, target, handle, env = open_vendor(vendor, words)
    triggers = vendor in TRIGGER and chance.random() < 0.6
    way = chance.choice(["plain", "lost", "interrupted", "keyed", "keyed lost", "died"]
                        if vendor == "yunxiao" else ["plain", "plain", "lost", "interrupted"]) if triggers \
        else chance.choice(["plain", "plain", "plain", "interrupted"])
    server = Unsteady(vendor, inner, chance, options.faults, "lost" in way)
    expected = {"lost": 75, "interrupted": 143}.get(way, ends[end])
    begun = time.monotonic()
    with Server(server) as place:
        command = ["trigger", target] if triggers else ["wait", target.split("@")[0] + handle]
        command += ["--server", place.url, "--output", "json", "--min-interval", "500ms", "--max-interval", "3s",
                    "--no-history", "--log-lines", "5"]
        command += ["--key", f"step-{number}"] if way in ("keyed", "keyed lost", "died") else []
        process = start(*command, env=env)
        if way in ("died", "interrupted"):
            while not (server.posts if triggers else place.requests) and process.poll() is None:
                time.sleep(0.05)
            time.sleep(chance.uniform(0.3, 6))
            process.send_signal(signal.SIGKILL if way == "died" else signal.SIGTERM)
            process.wait()
            if way == "died":
                process = start(*command, env=env)
        try:
            out, err = process.communicate(timeout=600)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
    what = f"{number:3} {vendor:13} {command[0]:7} {way:11} {end:20} exit {process.returncode:3}" \
           f" {time.monotonic() - begun:5.0f} s {len(place.requests):4} requests {server.spoiled:3} spoiled"
    faults = []
    # A gate that had ended before the signal came was right with its verdict.
    if process.returncode not in ([expected, ends[end]] if way == "interrupted" else [expected]):
        faults.append(f"expected {expected}")
    if server.posts != (1 if triggers else 0):
        faults.append(f"{server.posts} posts")
    if faults:
        faults.append(f"\n{out}\n{err}")
    print(what, *faults, flush=True)
    return len(place.requests), server.spoiled, bool(faults)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--faults", type=float, default=0.05)
    parser.add_argument("--looks", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args()
    print(f"--seed {options.seed}", flush=True)
    # The last run needs its time too.
    spacing = max(0, options.minutes * 60 - 2 * options.looks) / options.runs
    with ThreadPoolExecutor(16) as pool:
        runs = []
        for number in range(options.runs):
            runs.append(pool.submit(soak, number, options))
            time.sleep(spacing)
        results = [run.result() for run in runs]
    requests, spoiled, wrong = (sum(column) for column in zip(*results))
    print(f"{len(results)} runs, {requests} requests, {spoiled} spoiled, {wrong} wrong", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Holds the built binary to a real Buildbot: run.py BINARY"""

import json
import os
import signal
import subprocess
import sys
import time
import traceback

from server import Buildbot, install, until

COMMIT = "5f2c1a9be0d34476a1b2c3d4e5f60718293a4b5c"
PASSWORD = "the pass:word"
SIGNED_IN = {"BUILDBOT_USER": "ann", "BUILDBOT_PASSWORD": PASSWORD}
checks = []


def check(function):
    checks.append(function)
    return function


class Pipelatch:
    """One run of the binary, begun at once; `end` waits for it."""

    binary = None
    server = None
    all = []

    def __init__(
            self, *arguments, env=None, output="json", pace="200ms", timeout="45s", server=True):
        where = ["--server", self.server] if server else []
        looks = [] if arguments[0] == "check" else ["--interval", pace, "--timeout", timeout]
        self.begun = time.monotonic()
        self.process = subprocess.Popen(
            [self.binary, *arguments, *where, *looks, "--output", output],
            env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **(env or {})}, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.all.append(self.process)

    def end(self, code):
        self.out, self.err = self.process.communicate(timeout=60)
        self.seconds = time.monotonic() - self.begun
        assert self.process.returncode == code, f"exit {self.process.returncode}, not {code}\n{self}"
        for secret in (PASSWORD, "never-to-be-shown"):
            assert secret not in self.out + self.err, f"{secret} is shown\n{self}"
        return self

    def __repr__(self):
        return f"--- stdout\n{self.out}\n--- stderr\n{self.err}"

    def named(self, name):
        events = [json.loads(line) for line in self.out.splitlines()]
        return [event for event in events if event["event"] == name]

    @property
    def verdict(self):
        last = json.loads(self.out.splitlines()[-1])
        assert last["event"] == "verdict", last
        return last

    @property
    def run(self):
        return self.verdict["run"]


def started(bot, builder, *more, **options):
    """A trigger whose build is running, and the id of its run."""
    known = len(bot.requests(builder))
    latch = Pipelatch("trigger", f"buildbot:{builder}", *more, **options)
    until(lambda: len(bot.requests(builder)) > known, "the request is there")
    run = f"request:{bot.requests(builder)[0]['buildrequestid']}"
    return latch, run


def runs(bot, run):
    return lambda: [b for b in bot.builds(run) if not b["complete"] and b["state_string"] == "building"]


@check
def a_build_succeeds(bot):
    latch = Pipelatch(
        "trigger", "buildbot:good@main", "--input", "color=red", "--input", "dry=true").end(0)
    located = latch.named("located")
    assert len(located) == 1 and located[0]["triggered"] and located[0]["run"]["ref"] == "main"
    assert latch.verdict["verdict"] == "succeeded"
    assert latch.run["commit"] == COMMIT and latch.run["ref"] == "main"
    assert latch.run["url"] == f"{bot.url}/#/builders/{bot.builder('good')}/builds/1"
    ends = {e["job"]: e["state"] for e in latch.named("job")}
    assert ends == {"worker_preparation": "succeeded", "pin": "succeeded", "compile": "succeeded",
                    "test": "succeeded", "publish": "skipped"}, ends
    number = latch.run["id"].removeprefix("request:")
    sent = bot.get(f"/buildrequests/{number}?property=*")["buildrequests"][0]["properties"]
    assert sent["color"][0] == "red" and sent["dry"][0] is True and sent["where"][0] == "staging"


@check
def the_end_is_seen_at_once_though_the_next_look_is_far_away(bot):
    latch = Pipelatch("trigger", "buildbot:good", pace="30s").end(0)
    done = bot.request(latch.run["id"])["complete_at"]
    assert latch.seconds < 15 and time.time() - done < 5, f"after {latch.seconds:.1f} s"


@check
def warnings_count_as_success_and_are_told(bot):
    assert Pipelatch("trigger", "buildbot:warned").end(0).verdict["verdict"] == "succeeded"
    told = Pipelatch("wait", "buildbot:warned", "--latest", output="plain").end(0)
    assert "succeeded with warnings" in told.err


@check
def a_failure_brings_the_end_of_its_log_without_headers(bot):
    latch = Pipelatch("trigger", "buildbot:broken", "--log-lines", "60").end(1)
    assert latch.verdict["verdict"] == "failed"
    logs = latch.named("log")
    assert [log["job"] for log in logs] == ["test"]
    assert logs[0]["lines"] == [f"line {i}" for i in range(1, 41)] + ["it broke"], logs[0]["lines"]
    short = Pipelatch("wait", "buildbot:broken#1", "--log-lines", "3").end(1)
    assert short.named("log")[0]["lines"] == ["line 39", "line 40", "it broke"]


@check
def a_step_that_the_build_survives_is_no_failure(bot):
    latch = Pipelatch("trigger", "buildbot:survivor").end(0)
    assert {e["job"]: e["state"] for e in latch.named("job")}["audit"] == "failed"


@check
def a_name_may_hold_spaces_and_slashes(bot):
    latch = Pipelatch("trigger", "buildbot:with space/and slash").end(0)
    assert latch.verdict["target"] == "buildbot:with space/and slash"


@check
def sigterm_cancels_the_build_where_asked(bot):
    latch, run = started(bot, "slow", "--cancel-on", "interrupt")
    until(runs(bot, run), "the build runs")
    latch.process.send_signal(signal.SIGTERM)
    at = time.monotonic()
    latch.end(143)
    assert time.monotonic() - at < 4 and latch.verdict["reason"] == "interrupted"
    until(lambda: bot.request(run)["results"] == 6, "the request is canceled", 5)
    assert Pipelatch("wait", f"buildbot:slow#{run}").end(2).verdict["verdict"] == "canceled"


@check
def sigterm_leaves_the_build_alone_where_not_asked(bot):
    latch, run = started(bot, "slow")
    until(runs(bot, run), "the build runs")
    assert Pipelatch("check", f"buildbot:slow#{run}").end(6).verdict["reason"] == "not-ended"
    latch.process.send_signal(signal.SIGTERM)
    latch.end(143)
    time.sleep(0.5)
    assert not bot.request(run)["complete"]
    other = Pipelatch(
        "wait", f"buildbot:slow#{run}", "--cancel-on", "timeout", "--cancel-found",
        timeout="1s").end(124)
    assert other.verdict["reason"] == "out-of-time"
    until(lambda: bot.request(run)["results"] == 6, "the request is canceled", 5)


@check
def a_request_that_waits_is_taken_out_of_the_queue(bot):
    latch, run = started(bot, "queued", "--cancel-on", "interrupt")
    time.sleep(0.7)
    latch.process.send_signal(signal.SIGTERM)
    latch.end(143)
    until(lambda: bot.request(run)["results"] == 6, "the request is canceled", 5)
    assert not bot.builds(run)


@check
def a_collapsed_request_is_superseded_and_the_later_one_decides(bot):
    first, old = started(bot, "queued")
    second, new = started(bot, "queued", output="plain")
    first.end(2)
    assert first.verdict["verdict"] == "canceled" and first.run["id"] == old
    assert first.run["url"] == f"{bot.url}/#/buildrequests/{old.removeprefix('request:')}"
    told = Pipelatch("wait", f"buildbot:queued#{old}", output="plain").end(2)
    assert "Superseded" in told.err
    bot.begin_work("late")
    second.end(0)
    assert len(bot.builds(new)) == 1 and not bot.builds(old)


@check
def one_key_starts_one_build(bot):
    first = Pipelatch("trigger", "buildbot:good", "--key", "v1.4.0").end(0)
    count = len(bot.requests("good"))
    again = Pipelatch("trigger", "buildbot:good", "--key", "v1.4.0").end(0)
    located = again.named("located")[0]
    assert located["joined"] and not located["triggered"] and again.run["id"] == first.run["id"]
    Pipelatch("trigger", "buildbot:pair", "--key", "k", "--input", "app_branch=main").end(0)
    assert Pipelatch("trigger", "buildbot:pair", "--key", "k").end(0).named("located")[0]["joined"]
    assert len(bot.requests("good")) == count and len(bot.requests("pair")) == 1


@check
def a_build_is_found_by_its_web_address(bot):
    page = f"{bot.url}/#/builders/{bot.builder('good')}/builds/1"
    latch = Pipelatch("wait", page, server=False).end(0)
    assert latch.run["url"] == page and latch.run["id"] == "1"
    assert not latch.named("located")[0]["triggered"]
    failed = f"{bot.url}/#/builders/broken/builds/1"
    assert Pipelatch(failed, server=False).end(1).verdict["verdict"] == "failed"
    queued = f"{bot.url}/#/buildrequests/{bot.requests('broken')[0]['buildrequestid']}"
    Pipelatch("check", queued, server=False).end(1)
    builders = f"{bot.url}/#/builders/{bot.builder('good')}"
    Pipelatch("check", builders, "--latest", server=False).end(0)


@check
def a_build_is_found_by_number_ref_and_commit(bot):
    assert Pipelatch("check", "buildbot:good#1").end(0).run["ref"] == "main"
    assert Pipelatch("wait", "buildbot:good@main").end(0).run["url"].endswith("/builds/1")
    newest = bot.requests("good")[0]["buildrequestid"]
    found = Pipelatch("wait", "buildbot:good", "--commit", COMMIT[:8]).end(0)
    assert found.run["id"] == f"request:{newest}"
    missing = Pipelatch("wait", "buildbot:good@nosuch", "--appear-timeout", "1s").end(66)
    assert missing.verdict["reason"] == "not-found"


@check
def what_is_started_without_waiting_can_be_waited_for(bot):
    latch = Pipelatch("trigger", "buildbot:warned", "--no-wait", output="plain").end(0)
    run = latch.out.strip()
    assert run.startswith("request:") and latch.seconds < 5
    assert Pipelatch("wait", "buildbot:warned", "--run", run).end(0).run["id"] == run


@check
def a_guarded_builder_asks_for_a_login(bot):
    refused = Pipelatch("trigger", "buildbot:guarded").end(77)
    assert refused.verdict["reason"] == "refused"
    Pipelatch("trigger", "buildbot:guarded", env={**SIGNED_IN, "BUILDBOT_PASSWORD": "x"}).end(77)
    assert not bot.requests("guarded")
    Pipelatch("trigger", "buildbot:guarded", env=SIGNED_IN).end(0)
    assert len(bot.requests("guarded")) == 1


@check
def what_a_force_scheduler_would_pass_over_is_refused_before_anything_starts(bot):
    count = len(bot.requests("good"))
    for wrong in (["--input", "colour=red"], ["--input", "dry=yes"], ["--input", "color="],
                  ["--input", "where=moon"], ["--input", "copies=many"]):
        Pipelatch("trigger", "buildbot:good", *wrong).end(64)
    assert len(bot.requests("good")) == count
    Pipelatch("trigger", "buildbot:unforced").end(64)
    Pipelatch("trigger", "buildbot:pair@main").end(64)
    Pipelatch("trigger", "buildbot:twice").end(64)
    Pipelatch("trigger", "buildbot:twice", env={"BUILDBOT_FORCE_SCHEDULER": "force"}).end(0)
    assert len(bot.requests("twice")) == 1


@check
def what_is_not_there_is_said(bot):
    Pipelatch("check", "buildbot:nosuch#1").end(66)
    Pipelatch("check", "buildbot:good#999").end(66)
    Pipelatch("check", "buildbot:good#request:999").end(66)
    Pipelatch("check", f"buildbot:good#request:{bot.requests('broken')[0]['buildrequestid']}").end(66)
    assert "--server" in Pipelatch("check", "buildbot:good#1", server=False).end(64).err


@check
def a_build_whose_worker_is_killed_is_built_again(bot):
    latch, run = started(bot, "fragile", output="plain")
    until(runs(bot, run), "the build runs")
    until(lambda: (bot.home / "was-here").exists(), "the step runs")
    bot.kill("worker")
    until(lambda: not bot.request(run)["claimed"], "the build is given up")
    assert latch.process.poll() is None
    bot.begin_work("worker")
    latch.end(0)
    assert [build["results"] for build in bot.builds(run)] == [0, 5]
    assert "given up" in latch.err
    lost = Pipelatch("wait", f"{bot.url}/#/builders/fragile/builds/1", server=False).end(0)
    assert lost.run["url"].endswith("/builds/2") and lost.run["attempt"] == 2


@check
def an_exception_is_a_failure(bot):
    # The last one: Buildbot gives a worker nothing more to do for ten seconds after it.
    Pipelatch("trigger", "buildbot:faulty").end(1)


def main():
    Pipelatch.binary = os.path.abspath(sys.argv[1])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    begun = time.monotonic()
    install()
    print(f"installed after {time.monotonic() - begun:.0f} s", flush=True)
    passed = failed = 0
    try:
        with Buildbot() as bot:
            Pipelatch.server = bot.url
            print(f"Buildbot answers after {time.monotonic() - begun:.0f} s", flush=True)
            for function in checks:
                name = function.__name__.replace("_", " ")
                at = time.monotonic()
                try:
                    function(bot)
                    passed += 1
                    print(f"ok     {name} ({time.monotonic() - at:.1f} s)", flush=True)
                except Exception:
                    failed += 1
                    print(f"FAILED {name}\n{traceback.format_exc()}", flush=True)
    finally:
        for process in Pipelatch.all:
            process.kill()
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

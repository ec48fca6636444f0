"""When the built binary looks: runs that end by the clock, with the past that such runs have."""

import email.utils
import re
import time

from test_yunxiao import ENV, ROOT

from harness import Server, run


class Clockwork:
    """Pipeline 123 of Yunxiao: its runs last `seconds` from the first look on, and 20 before them did so too."""

    def __init__(self, seconds, runs=(7,), headers=lambda: {}):
        self.seconds, self.headers = seconds, headers
        self.begun = {number: None for number in runs}
        self.arrivals, self.lists = [], 0

    def body(self, number):
        now = time.time()
        begun = self.begun[number] = self.begun[number] or now
        word = "SUCCESS" if now >= begun + self.seconds else "RUNNING"
        return {"pipelineId": 123, "pipelineRunId": number, "status": word, "createTime": int(begun * 1000),
                "stages": [{"name": "Build", "stageInfo": {"name": "Build", "status": word, "jobs": [
                    {"id": 1, "name": "Build", "status": word}]}}]}

    def past(self):
        begun = int(time.time() - 86400) * 1000
        return [{"pipelineRunId": 1000 + n, "pipelineId": 123, "status": "SUCCESS",
                 "startTime": begun, "endTime": begun + int(self.seconds * 1000) + (n % 5 - 2) * 300}
                for n in range(20)]

    def __call__(self, request):
        self.arrivals.append(time.monotonic())
        headers = {"date": email.utils.formatdate(usegmt=True), **self.headers()}
        path = request.path.split("?")[0]
        if path == ROOT + "/runs":
            self.lists += 1
            return 200, headers, self.past()
        number = int(re.fullmatch(ROOT + r"/runs/(\d+)", path)[1])
        return 200, headers, self.body(number)


def gate(flow, *more):
    targets = [f"yunxiao:org/123#{number}" for number in flow.begun]
    with Server(flow) as server:
        return run("wait", *targets, "--server", server.url, "--output", "json", *more, env=ENV, limit=120)


def test_a_run_of_24_s_is_seen_to_end_within_4_s_in_15_looks():
    flow = Clockwork(24)
    result = gate(flow)
    assert result.code == 0, result
    looks = result.verdict["requests"]["total"]
    assert looks == len(flow.arrivals) and looks <= 15, result
    assert result.verdict["waited_s"] - 24 < 4, result


def test_a_hundred_gates_do_not_look_at_once():
    flow = Clockwork(12, runs=range(100, 200))
    result = gate(flow)
    assert result.code == 0 and len(result.named("verdict")) == 100, result
    fullest = max(sum(1 for other in flow.arrivals if begin <= other < begin + 1) for begin in flow.arrivals)
    assert fullest < 100 / 3, fullest
    # Whoever comes while another asks for the past waits with them, and whoever comes later is told.
    assert flow.lists <= 2, flow.lists


def test_a_short_budget_is_spread_over_what_is_left_of_its_time():
    """20 requests for the next 60 s: half of them at most are spent by one gate."""
    reset = time.time() + 60
    left = iter(range(20, -1000, -1))

    def headers():
        return {"x-ratelimit-limit": "60", "x-ratelimit-remaining": str(max(0, next(left))),
                "x-ratelimit-reset": str(int(reset))}

    flow = Clockwork(20, headers=headers)
    result = gate(flow, "--pace", "fast")
    assert result.code == 0, result
    assert len(flow.arrivals) <= 8, len(flow.arrivals)

"""Weighs the self-contained binary beside curl, gh and a Python loop, all against one host on loopback, in one run.

    dist/make
    python3 Tests/Weight/weigh.py look           # one look: time, processor, memory
    python3 Tests/Weight/weigh.py wait           # a run of 30 real minutes, waited for by all at once
    python3 Tests/Weight/weigh.py many           # 1 to 5,000 runs in one process
    python3 Tests/Weight/weigh.py big            # 10,000 jobs in one answer

Needs openssl, curl, gh and a Python with requests (--python); what is missing is left out. Machines differ, so what counts
is the ratio to a peer in the same run. Nothing here is a test: it prints tables.
"""

import argparse
import contextlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).parent
SYSTEM = "/etc/ssl/certs/ca-certificates.crt"
TOKEN = "ghp_0fh3SECRETfbG35af"
RUN = 7_000_000_001
AGENT = "X-GitHub-Api-Version: 2022-11-28"

# What a process costs, told by a small one: a child's peak memory counts its parent's until it has become itself.
SCALE = """
import os, sys, time
null = os.open("/dev/null", os.O_RDWR)
for line in sys.stdin:
    command = bytes.fromhex(line).split(b"\\0")
    begin = time.perf_counter()
    process = os.posix_spawnp(command[0], command, os.environ, file_actions=[
        (os.POSIX_SPAWN_DUP2, null, place) for place in range(3)])
    _, status, usage = os.wait4(process, 0)
    wall = time.perf_counter() - begin
    print(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status), flush=True)
"""

ONE_LOOK = """
import sys, requests
session = requests.Session()
session.headers["Authorization"] = "Bearer " + sys.argv[2]
run = session.get(sys.argv[1]).json()
jobs = session.get(sys.argv[1] + "/jobs?per_page=100").json()["jobs"]
print([(job["name"], job["status"], job["conclusion"]) for job in jobs])
sys.exit(run["conclusion"] != "success")
"""

LOOP = """
import sys, time, requests
session = requests.Session()
session.headers["Authorization"] = "Bearer " + sys.argv[2]
while True:
    run = session.get(sys.argv[1]).json()
    session.get(sys.argv[1] + "/jobs?per_page=100").json()
    if run["status"] == "completed":
        sys.exit(run["conclusion"] != "success")
    time.sleep(10)
"""

CURL_LOOP = """
until curl -fsS -H "Authorization: Bearer $2" "$1" | grep -q '"status":"completed"'; do sleep 10; done
"""


class Scale:
    def __init__(self, environment):
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", SCALE], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def put(self, command):
        self.process.stdin.write("\0".join(command).encode().hex().encode() + b"\n")
        self.process.stdin.flush()

    def read(self):
        """Wall seconds, processor seconds, peak MiB and the exit code."""
        wall, processor, memory, code = self.process.stdout.readline().split()
        return float(wall), float(processor), float(memory), int(code)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Place:
    """The host, its addresses and an environment in which every program trusts it."""

    def __init__(self, folder):
        certificate, key = folder / "cert.pem", folder / "key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
             "-keyout", key, "-out", certificate], check=True, capture_output=True)
        # As much to read as anywhere: the system's authorities and one more.
        bundle = folder / "bundle.pem"
        bundle.write_text((pathlib.Path(SYSTEM).read_text() if os.path.exists(SYSTEM) else "") + certificate.read_text())
        self.certificate = str(certificate)
        self.process = subprocess.Popen([sys.executable, HERE / "host.py", certificate, key], stdout=subprocess.PIPE)
        self.bases = json.loads(self.process.stdout.readline())
        (folder / "gh").mkdir(exist_ok=True)
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(folder), "CURL_CA_BUNDLE": str(bundle), "REQUESTS_CA_BUNDLE": str(bundle),
            "GH_TOKEN": TOKEN, "GH_ENTERPRISE_TOKEN": TOKEN, "YUNXIAO_ACCESS_TOKEN": TOKEN,
            "GH_HOST": self.bases["https"].split("//")[1], "GH_CONFIG_DIR": str(folder / "gh"), "GH_NO_UPDATE_NOTIFIER": "1"}
        # Go takes the list in place of the system's; the binary is given the one certificate beside the system's.
        self.go = {"SSL_CERT_FILE": str(bundle)}

    def ask(self, path):
        with urllib.request.urlopen(self.bases["http"] + path) as answer:
            return json.load(answer)

    def page(self, scheme, run=RUN):
        return f"{self.bases[scheme]}/repos/acme/shop/actions/runs/{run}"

    def close(self):
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def place():
    with tempfile.TemporaryDirectory() as folder:
        here = Place(pathlib.Path(folder))
        try:
            yield here
        finally:
            here.close()


def table(head, rows):
    print("| " + " | ".join(head) + " |")
    print("|---|" + "--:|" * (len(head) - 1))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
    print(flush=True)


def gh(here, *arguments):
    return ["env", *(f"{name}={value}" for name, value in here.go.items()), "gh", *arguments]


def peers(here, scheme, options):
    page = here.page(scheme)
    trust = ["--ca-file", here.certificate] if scheme == "https" else []
    key = ["-H", f"Authorization: Bearer {TOKEN}", "-H", AGENT]
    ours = lambda binary: [binary, "check", f"github:acme/shop#{RUN}", "--server", here.bases[scheme], *trust]
    all = {
        "pipelatch check": ours(options.binary),
        "curl, both addresses": ["curl", "-fsS", *key, page, f"{page}/jobs?per_page=100"],
        "curl, the run alone": ["curl", "-fsS", *key, page],
        "gh run watch": gh(here, "run", "watch", str(RUN), "--exit-status", "-R", f"{here.environment['GH_HOST']}/acme/shop"),
        "Python requests": [options.python, "-c", ONE_LOOK, page, TOKEN],
    }
    if options.other:
        all["the other binary"] = ours(options.other)
    if scheme == "http":
        # gh speaks TLS only.
        del all["gh run watch"]
    return {name: command for name, command in all.items() if shutil.which(command[0]) and (command[0] != "env" or shutil.which("gh"))}


def look(options):
    """One look at a run of eight jobs that has succeeded, the programs in turn, so that a slow moment meets all of them."""
    for scheme in ("https", "http"):
        with place() as here:
            scale = Scale(here.environment)
            commands = peers(here, scheme, options)
            rounds = []
            for turn in range(options.pairs + 2):
                costs = {}
                for name, command in commands.items():
                    scale.put(command)
                    costs[name] = scale.read()
                    assert costs[name][3] == 0, (name, command, costs[name])
                if turn >= 2:
                    rounds.append(costs)
            scale.close()
            rows = []
            for name in commands:
                walls, processors = ([costs[name][place] for costs in rounds] for place in (0, 1))
                ratios = [statistics.median(costs[name][place] / costs["curl, both addresses"][place] for costs in rounds)
                          for place in (0, 1)]
                rows.append((name, f"{1000 * statistics.median(walls):.1f} ms", f"{ratios[0]:.2f}",
                             f"{1000 * statistics.median(processors):.1f} ms", f"{ratios[1]:.2f}",
                             f"{max(costs[name][2] for costs in rounds):.1f} MiB"))
            print(f"One look over {scheme}, medians of {options.pairs} rounds\n")
            table(("", "wall", "to curl", "processor", "to curl", "peak memory"), rows)


def wait(options):
    """One run of real minutes, waited for by all at once; each asks about a run number of its own."""
    seconds = 60 * options.minutes
    with place() as here:
        runs = {name: RUN + n for n, name in enumerate(("pipelatch wait", "gh run watch", "curl every 10 s", "Python requests every 10 s"))}
        page = lambda name: here.page("https", runs[name])
        commands = {
            "pipelatch wait": [options.binary, "wait", f"github:acme/shop#{runs['pipelatch wait']}", "--server",
                               here.bases["https"], "--ca-file", here.certificate, "--timeout", "2h"],
            "gh run watch": gh(here, "run", "watch", str(runs["gh run watch"]), "--exit-status", "-R",
                               f"{here.environment['GH_HOST']}/acme/shop"),
            "curl every 10 s": ["sh", "-c", CURL_LOOP, "sh", page("curl every 10 s"), TOKEN],
            "Python requests every 10 s": [options.python, "-c", LOOP, page("Python requests every 10 s"), TOKEN],
        }
        here.ask(f"/_/script?seconds={seconds}")
        begin, scales = time.time(), {}
        for name, command in commands.items():
            scales[name] = Scale(here.environment)
            scales[name].put(command)
        costs = {name: scale.read() for name, scale in scales.items()}
        counts = here.ask("/_/tally")["counts"]
        rows = []
        for name, (wall, processor, memory, code) in costs.items():
            assert code == 0 and wall > seconds, (name, code, wall)
            asked = sum(count for path, count in counts.items() if str(runs[name]) in path or "annotations" in path and name[:2] == "gh")
            if name == "pipelatch wait":
                asked += counts.get("/repos/acme/shop/actions/runs", 0)
            if name == "gh run watch":
                asked += sum(counts.get(path, 0) for path in ("/api/v3/repos/acme/shop/actions/workflows/161335", "/api/graphql"))
            ours = costs["pipelatch wait"][1]
            rows.append((name, asked, f"{1000 * processor:.0f} ms", f"{processor / ours:.1f}", f"{memory:.1f} MiB", f"{wall - seconds:.1f} s"))
            scales[name].close()
        print(f"A wait of {options.minutes} minutes over https\n")
        table(("", "requests", "processor", "to ours", "peak memory", "seen after its end"), rows)


def cost(process):
    """Processor seconds of a process so far, to the nanosecond."""
    total = 0
    for task in os.listdir(f"/proc/{process}/task"):
        with contextlib.suppress(FileNotFoundError):
            total += int(pathlib.Path(f"/proc/{process}/task/{task}/schedstat").read_text().split()[0])
    return total / 1e9


def memory(process, name="VmHWM"):
    for line in pathlib.Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1024


def many(options):
    """Runs that go on, in one process; once each has been looked at, the next looks are weighed."""
    rows = []
    for count in options.counts:
        for tags in ("yes", "no"):
            with place() as here:
                here.ask(f"/_/script?seconds=1000000&tags={tags}")
                targets = [f"github:acme/shop#{RUN + n}" for n in range(count)]
                process = subprocess.Popen(
                    [options.binary, "wait", *targets, "--server", here.bases["https"], "--ca-file", here.certificate,
                     "--interval", "2s", "--timeout", "10h", "--output", options.output],
                    env=here.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                begin = time.time()
                while True:
                    time.sleep(1)
                    assert process.poll() is None, process.returncode
                    if len(here.ask("/_/tally")["counts"]) == 2 * count and time.time() - begin > 5:
                        break
                first = cost(process.pid)
                before = here.ask("/_/tally")
                start = cost(process.pid)
                time.sleep(options.seconds)
                spent, after = cost(process.pid) - start, here.ask("/_/tally")
                # The run and its jobs.
                looks = (sum(after["counts"].values()) - sum(before["counts"].values())) / 2
                peak, asked = memory(process.pid), after["counts"].values()
                scale = Scale(here.environment)
                curl = []
                for _ in range(5):
                    scale.put(peers(here, "https", options)["curl, both addresses"])
                    curl.append(scale.read()[1])
                scale.close()
                begin = time.time()
                process.terminate()
                code = process.wait()
                rows.append((f"{count:,}", "304" if tags == "yes" else "the same bytes", f"{peak:.1f} MiB", f"{1024 * peak / count:.0f} KiB",
                             f"{1000 * first / count:.2f} ms", f"{1000 * spent / looks:.2f} ms", f"{spent / looks / statistics.median(curl):.2f}", f"{looks:.0f}",
                             after["connections"], after["most"], f"{min(asked)} to {max(asked)}", f"{1000 * (time.time() - begin):.0f} ms"))
                assert code == 143, code
                print(rows[-1], file=sys.stderr, flush=True)
    print(f"Many runs in one process over https, {options.output} output; looks of {options.seconds} s after the first of each\n")
    table(("runs", "unchanged as", "peak memory", "a run", "start and first look", "a look", "to curl", "looks", "connections", "at once",
           "requests an address", "SIGTERM to exit"), rows)


def big(options):
    """10,000 jobs in one answer of Yunxiao's: read once, then unchanged, then with one job changed."""
    rows = []
    for output in ("quiet", "plain", "json"):
        for scheme in ("http", "https"):
            for tags in ("yes", "no"):
                with place() as here:
                    here.ask(f"/_/script?seconds=0&tags={tags}")
                    trust = ["--ca-file", here.certificate] if scheme == "https" else []
                    process = subprocess.Popen(
                        [options.binary, "wait", "yunxiao:acme/1#7", "--server", here.bases[scheme], *trust, "--interval", "2s",
                         "--output", output], env=here.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                        stderr=subprocess.DEVNULL)

                    def looks(count):
                        """Processor seconds of each of so many looks."""
                        costs = []
                        while len(costs) < count:
                            asked, before = here.ask("/_/tally")["counts"], cost(process.pid)
                            while here.ask("/_/tally")["counts"] == asked:
                                time.sleep(0.05)
                            time.sleep(1)
                            assert process.poll() is None, process.returncode
                            costs.append(cost(process.pid) - before)
                        return costs

                    first = looks(1)[0] + 0
                    same = statistics.median(looks(5))
                    changes = []
                    for _ in range(3):
                        here.ask("/_/change")
                        changes += looks(1)
                    size = here.ask("/_/tally")["size"]
                    peak = memory(process.pid)
                    process.terminate()
                    process.wait()
                    rows.append((output, scheme, "304" if tags == "yes" else "the same bytes", f"{1000 * first:.0f} ms", f"{1000 * same:.2f} ms",
                                 f"{1000 * statistics.median(changes):.0f} ms", f"{peak:.0f} MiB"))
                    print(rows[-1], file=sys.stderr, flush=True)
    print(f"10,000 jobs in one answer of {size / 1e6:.1f} MB, processor time\n")
    table(("output", "over", "unchanged as", "start and first look", "unchanged", "one job changed", "peak memory"), rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("look", "wait", "many", "big"), nargs="+")
    parser.add_argument("--binary", default=str(HERE.parents[1] / "dist/pipelatch"))
    parser.add_argument("--other", help="another build, to be weighed beside it in 'look'")
    parser.add_argument("--python", default=sys.executable, help="one that has requests")
    parser.add_argument("--pairs", type=int, default=30)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--counts", type=int, nargs="+", default=[1, 100, 1000, 5000])
    parser.add_argument("--seconds", type=float, default=60, help="how long looks of many runs are weighed")
    parser.add_argument("--output", default="plain")
    options = parser.parse_args()
    for name in options.what:
        globals()[name](options)


if __name__ == "__main__":
    main()

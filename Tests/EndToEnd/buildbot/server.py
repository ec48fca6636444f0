"""A real Buildbot from PyPI on loopback: a master, and workers that can be killed."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
VENV = HERE.parents[2] / ".build-buildbot"


def install():
    """Makes the environment once; a changed list of requirements makes it anew."""
    wanted = (HERE / "requirements.txt").read_text()
    stamp = VENV / "installed.txt"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    shutil.rmtree(VENV, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
    subprocess.run(
        [VENV / "bin/pip", "install", "--quiet", "--disable-pip-version-check",
         "-r", HERE / "requirements.txt"], check=True)
    stamp.write_text(wanted)


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def until(holds, what, limit=30):
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if result := holds():
            return result
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {limit} s")


class Buildbot:
    """A master and one worker while the block runs; nothing of them is left behind."""

    def __init__(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="pipelatch-buildbot-"))
        self.web, self.wire = free_ports(2)
        self.url = f"http://127.0.0.1:{self.web}"
        self.processes = {}

    def __enter__(self):
        try:
            self.tool("buildbot", "create-master", "-q", "-c", HERE / "master.cfg", "master")
            self.start("master")
            self.begin_work("worker")
            until(self.answers, "the master answers", 60)
            until(lambda: self.connected("worker"), "the worker is there")
            return self
        except BaseException:
            for log in self.home.glob("*/twistd.log"):
                print(f"--- {log.parent.name}", log.read_text()[-3000:], sep="\n", file=sys.stderr)
            self.close()
            raise

    def __exit__(self, *_):
        self.close()

    def close(self):
        for name in list(self.processes):
            self.kill(name)
        shutil.rmtree(self.home, ignore_errors=True)

    def tool(self, name, *arguments):
        subprocess.run(
            [VENV / "bin" / name, *arguments], cwd=self.home, env=self.environment(), check=True)

    def environment(self):
        return {
            "PATH": f"{VENV / 'bin'}:{os.environ['PATH']}", "HOME": str(self.home),
            "PIPELATCH_E2E_HOME": str(self.home), "PIPELATCH_E2E_WEB": str(self.web),
            "PIPELATCH_E2E_WIRE": str(self.wire),
            # Buildbot writes the worker's environment into the head of every log.
            "WORKERS_OWN_SECRET": "never-to-be-shown",
        }

    def start(self, name):
        (self.home / name / "twistd.pid").unlink(missing_ok=True)
        self.processes[name] = subprocess.Popen(
            [VENV / "bin/twistd", "--pidfile=twistd.pid", "-n", "--logfile=twistd.log",
             "-y", "buildbot.tac"],
            cwd=self.home / name, env=self.environment(), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def begin_work(self, name):
        if not (self.home / name).exists():
            self.tool("buildbot-worker", "create-worker", "-q", name, f"127.0.0.1:{self.wire}", name,
                      "secret")
        self.start(name)

    def kill(self, name):
        """As a machine that loses its power: nobody says goodbye, and the commands it ran are gone."""
        process = self.processes.pop(name)
        process.kill()
        process.wait()
        left = self.home / "pids"
        if name != "master" and left.exists():
            for pid in left.read_text().split():
                try:
                    os.kill(int(pid), signal.SIGKILL)
                except ProcessLookupError:
                    pass
            left.unlink()

    def get(self, path):
        request = urllib.request.Request(
            f"{self.url}/api/v2{path}", headers={"Accept": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def answers(self):
        try:
            return self.get("/builders")["builders"]
        except (urllib.error.URLError, OSError):
            return None

    def connected(self, worker):
        return any(
            each["name"] == worker and each["connected_to"] for each in self.get("/workers")["workers"])

    def builder(self, name):
        return next(b["builderid"] for b in self.get("/builders")["builders"] if b["name"] == name)

    def requests(self, builder):
        """Newest first."""
        return self.get(f"/builders/{self.builder(builder)}/buildrequests?order=-buildrequestid")[
            "buildrequests"]

    def request(self, run):
        """The request that pipelatch calls `request:N`."""
        return self.get(f"/buildrequests/{run.removeprefix('request:')}")["buildrequests"][0]

    def builds(self, run):
        """Newest first."""
        number = run.removeprefix("request:")
        return self.get(f"/builds?buildrequestid={number}&order=-number")["builds"]

"""The GitHub Action from outside: its inputs are the program's options, and its scripts do what a runner would see."""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import time

import pytest
import yaml

from harness import BINARY, Server
from manual import ROOT, commands
from test_yunxiao import ENV, TOKEN, Flow

ACTION = yaml.safe_load((ROOT / "action/action.yml").read_text())
VERSION = re.search(r'"(.*)"', (ROOT / "Sources/pipelatch/World/Version.swift").read_text())[1]
MACHINE = os.uname().machine
NAME = f"pipelatch-linux-{MACHINE}"
OWN = {"command", "target", "token", "from-source", "release", "attestation"}


def stand_in(path):
    """A small file that does what the binary does: many tests make copies of a release."""
    path.write_text(f'#!/bin/sh\nexec "{os.path.abspath(BINARY)}" "$@"\n')
    path.chmod(0o755)
    return path


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def variable(name):
    return "INPUT_" + name.upper().replace("-", "_")


class Runner:
    """The folders and files that a GitHub runner gives a step."""

    def __init__(self, folder):
        self.folder = folder
        # Where a runner unpacks an action tells which repository it came from.
        self.action = folder / "_actions/acme/pipelatch/v1/action"
        shutil.copytree(ROOT / "action", self.action)
        version = self.action.parent / "Sources/pipelatch/World/Version.swift"
        version.parent.mkdir(parents=True)
        shutil.copy(ROOT / "Sources/pipelatch/World/Version.swift", version)
        self.files = {name: folder / name for name in
                      ("GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_ENV", "GITHUB_STEP_SUMMARY")}
        for file in self.files.values():
            file.touch()
        self.temp = folder / "temp"
        self.temp.mkdir()
        self.bin = folder / "bin"
        self.bin.mkdir()

    def tool(self, name, script):
        path = self.bin / name
        path.write_text("#!/bin/sh\n" + script)
        path.chmod(0o755)

    def start(self, step, inputs, env=None):
        clean = {"PATH": f"{self.bin}:{os.environ['PATH']}", "HOME": "/nonexistent",
                 "GITHUB_ACTIONS": "true", "CI": "true", "GITHUB_REPOSITORY": "someone/else",
                 "RUNNER_TEMP": str(self.temp), "GITHUB_ACTION_PATH": str(self.action),
                 "PIPELATCH": os.path.abspath(BINARY)}
        clean.update({name: str(path) for name, path in self.files.items()})
        # A runner sets every input, the ones that were not given as empty.
        defaults = {name: str(spec.get("default", "")) for name, spec in ACTION["inputs"].items()}
        clean.update({variable(name): value for name, value in {**defaults, **inputs}.items()})
        clean.update(env or {})
        # `shell: bash` is this on a runner, and the line of the step stands in a file.
        line = next(one["run"] for one in ACTION["runs"]["steps"] if one["id"] == step)
        (self.temp / "step.sh").write_text(line)
        return subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", self.temp / "step.sh"],
            env=clean, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            # A shell cannot trap what was ignored when it began, as a job in the background has it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))

    def run(self, step, inputs, env=None):
        process = self.start(step, inputs, env)
        out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(step, process.returncode, out, err)

    @property
    def outputs(self):
        return dict(line.split("=", 1) for line in
                    self.files["GITHUB_OUTPUT"].read_text().splitlines() if "=" in line)

    def release(self, content=None, listed=None):
        folder = self.folder / "release"
        folder.mkdir()
        if content is None:
            stand_in(folder / NAME)
        else:
            (folder / NAME).write_text(content)
        listed = listed or digest(folder / NAME)
        (folder / "SHA256SUMS").write_text(f"{'0' * 64}  {NAME}.debug\n{listed}  {NAME}\n")
        return str(folder)


@pytest.fixture
def runner(tmp_path):
    return Runner(tmp_path)


def test_its_inputs_are_the_options_of_the_commands():
    options = set()
    for name in ("wait", "trigger", "check", "doctor", "demo"):
        options |= commands()[name].flags | commands()[name].options
    assert set(ACTION["inputs"]) - OWN == options - {"help", "version"}


def test_its_script_knows_which_inputs_are_flags_and_which_take_a_value():
    script = (ROOT / "action/gate").read_text()
    valued = set(re.search(r"valued=\((.*?)\)", script, re.DOTALL)[1].split())
    flags = set(re.search(r"flags=\((.*?)\)", script, re.DOTALL)[1].split())
    options = {name for command in commands().values() for name in command.options}
    known = {name for command in commands().values() for name in command.flags}
    inputs = set(ACTION["inputs"]) - OWN - {"input"}
    assert valued | flags == inputs and not valued & flags
    assert valued <= options and flags <= known


def test_inputs_reach_the_scripts_through_variables_alone():
    given = {}
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"]
        given.update(step["env"])
    for name in ACTION["inputs"]:
        assert given[variable(name)] == "${{ inputs.%s }}" % name
    # What proves the action's origin is not handed on to the gate, which might send it to a vendor.
    assert "GH_TOKEN" not in ACTION["runs"]["steps"][1]["env"]


def test_its_outputs_are_the_four_promised():
    assert set(ACTION["outputs"]) == {"run-id", "run-url", "verdict", "exit-code"}


def test_its_readme_names_every_input():
    text = (ROOT / "action/README.md").read_text()
    for name in ACTION["inputs"]:
        assert f"`{name}`" in text, name


@pytest.mark.parametrize("words, code, verdict", [
    (["RUNNING", "SUCCESS"], 0, "succeeded"), (["FAIL"], 1, "failed")])
def test_a_wait_ends_with_the_code_and_the_outputs(runner, words, code, verdict):
    with Server(Flow(words)) as server:
        result = runner.run("gate", {
            "target": "yunxiao:org/123#7", "server": server.url, "token": TOKEN,
            "min-interval": "50ms", "max-interval": "100ms"})
    assert result.returncode == code, result
    assert runner.outputs["exit-code"] == str(code)
    assert runner.outputs["run-id"] == "7" and runner.outputs["verdict"] == verdict
    assert "yunxiao" in runner.outputs["run-url"] or runner.outputs["run-url"].startswith("http")
    assert TOKEN not in result.stdout + result.stderr + runner.files["GITHUB_OUTPUT"].read_text()


def test_a_trigger_takes_its_inputs_line_by_line(runner):
    flow = Flow(["SUCCESS"], branch="dev")
    with Server(flow) as server:
        result = runner.run("gate", {
            "command": "trigger", "target": "  yunxiao:org/123@dev  \r\n", "server": server.url,
            "input": "A=1\n\n  B=x y $(touch pwned) `touch pwned` \"'\r\n", "min-interval": "50ms",
            "max-interval": "100ms"}, env=ENV)
        assert result.returncode == 0 and server.count("POST") == 1, result
    assert '"A":"1"' in flow.params.replace(" ", "").replace("\\", "")
    assert "$(touch pwned) `touch pwned`" in flow.params
    assert not (runner.folder / "pwned").exists()


@pytest.mark.parametrize("inputs", [
    {},
    {"target": ""},
    {"target": "yunxiao:org/123"},
    {"target": "--latest"},
    {"target": "yunxiao:org/123#7", "fail-fast": "yes"},
    {"target": "yunxiao:org/123#7", "timeout": "--latest"},
    {"target": "yunxiao:org/123#7", "key": "k"},
    {"target": "yunxiao:org/123#7", "command": "sh"},
])
def test_what_cannot_be_meant_is_64_and_never_green(runner, inputs):
    result = runner.run("gate", inputs, env=ENV)
    assert result.returncode == 64, result
    assert runner.outputs["exit-code"] == "64"


def test_a_missing_credential_is_78(runner):
    result = runner.run("gate", {"target": "yunxiao:org/123#7"})
    assert result.returncode == 78 and runner.outputs["exit-code"] == "78", result


@pytest.mark.parametrize("name, code", [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_canceled_job_cancels_what_it_started(runner, name, code):
    flow = Flow(["RUNNING"])
    with Server(flow) as server:
        process = runner.start("gate", {
            "command": "trigger", "target": "yunxiao:org/123", "server": server.url, "interval": "50ms",
            "cancel-on": "interrupt"}, env=ENV)
        while flow.looks < 2:
            time.sleep(0.02)
        # A runner signals the first process of a step and no other.
        process.send_signal(getattr(signal, name))
        process.communicate(timeout=20)
    assert process.returncode == code and flow.stopped
    assert runner.outputs["exit-code"] == str(code)


def test_the_demo_needs_nothing(runner):
    result = runner.run("gate", {"command": "demo", "scenario": "failure"})
    assert result.returncode == 1, result
    assert runner.outputs["exit-code"] == "1" and runner.outputs["verdict"] == "failed"


def test_install_only_gates_nothing(runner):
    result = runner.run("gate", {"command": "install"})
    assert (result.returncode, result.stdout) == (0, "")


def test_the_released_file_is_fetched_checked_and_put_on_the_path(runner):
    runner.tool("gh", 'echo "$@" >"$RUNNER_TEMP/asked"\n')
    result = runner.run("fetch", {"release": runner.release()})
    assert result.returncode == 0, result
    path = runner.outputs["path"]
    assert runner.files["GITHUB_PATH"].read_text().strip() == os.path.dirname(path)
    told = subprocess.run([path, "--version"], capture_output=True, text=True)
    assert told.stdout.strip() == VERSION
    asked = (runner.temp / "asked").read_text()
    assert asked.startswith("attestation verify ") and "--repo acme/pipelatch " in asked
    assert f"--source-ref refs/tags/v{VERSION}" in asked
    assert "--signer-workflow acme/pipelatch/.github/workflows/release.yml" in asked


def refused(runner, result, words):
    assert result.returncode not in (0, 1), result
    assert words in result.stdout, result
    assert not runner.files["GITHUB_PATH"].read_text() and "path" not in runner.outputs


def test_a_file_with_another_hash_is_never_run(runner):
    runner.tool("gh", "exit 0\n")
    folder = runner.release("#!/bin/sh\ntouch ran\n", listed="1" * 64)
    refused(runner, runner.run("fetch", {"release": folder}), "does not have the hash")
    assert not (runner.folder / "ran").exists()


def test_a_file_that_is_not_listed_is_refused(runner):
    folder = runner.release()
    (runner.folder / "release/SHA256SUMS").write_text(f"{'1' * 64}  other\n")
    refused(runner, runner.run("fetch", {"release": folder}), "no single hash")


def test_a_file_that_is_not_attested_is_never_run(runner):
    runner.tool("gh", "exit 1\n")
    content = "#!/bin/sh\ntouch ran\n"
    folder = runner.release(content)
    refused(runner, runner.run("fetch", {"release": folder}), "does not attest")
    assert not (runner.folder / "ran").exists()


def test_the_attestation_can_be_done_without_but_the_hash_cannot(runner):
    runner.tool("gh", "exit 1\n")
    result = runner.run("fetch", {"release": runner.release(), "attestation": "false"})
    assert result.returncode == 0, result


def test_a_release_of_another_version_is_refused(runner):
    content = "#!/bin/sh\necho 9.9.9\n"
    folder = runner.release(content)
    result = runner.run("fetch", {"release": folder, "attestation": "false"})
    refused(runner, result, "9.9.9")


def test_a_release_that_is_not_there_says_what_to_do(runner):
    result = runner.run("fetch", {"release": str(runner.folder / "nowhere")})
    refused(runner, result, "from-source")


def test_plain_http_is_no_place_for_a_release(runner):
    refused(runner, runner.run("fetch", {"release": "http://127.0.0.1:1"}), "neither an https")


def test_without_a_mirror_it_asks_the_actions_own_repository_and_version(runner):
    runner.tool("curl", 'echo "$@" >>"$RUNNER_TEMP/asked"\nexit 22\n')
    result = runner.run("fetch", {})
    refused(runner, result, "could not be had")
    asked = (runner.temp / "asked").read_text()
    assert f"https://github.com/acme/pipelatch/releases/download/v{VERSION}/{NAME}" in asked


def test_from_source_builds_what_the_action_carries(runner):
    make = runner.action.parent / "dist/make"
    make.parent.mkdir()
    stand_in(make.parent / "built")
    make.write_text('#!/bin/sh\ncd "$(dirname "$0")" && mv built pipelatch\n')
    make.chmod(0o755)
    runner.tool("swift", "exit 0\n")
    result = runner.run("fetch", {"from-source": "true"})
    assert result.returncode == 0 and os.access(runner.outputs["path"], os.X_OK), result

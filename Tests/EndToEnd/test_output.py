"""What people, CI systems and programs get to read."""

import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree

import pytest
import xmlschema

from harness import BINARY, ROOT, Server, run
from terminal import Terminal, restored, words
from test_yunxiao import ENV, FAST, Flow, wait

JUNIT = xmlschema.XMLSchema(ROOT / "Tests/EndToEnd/junit.xsd")
LIVE = [word for word in FAST if word not in ("--output", "json")]


def failing(word):
    """A run whose one job fails with it, under a name full of signs."""
    return [{"name": "Te|st", "stageInfo": {"name": "Te|st", "status": word, "jobs": [
        {"id": 1, "name": "unit, <all>: 100%", "status": word, "actions": [
            {"type": "GetPipelineJobRunLog", "data": "{}"}],
         "startTime": 1729178040000, "endTime": 1729178050000}]}}]


def gate(flow, *more, env=None, **options):
    with Server(flow) as server:
        return run("wait", "yunxiao:org/123#7", "--server", server.url, *LIVE, *more,
                   env={**ENV, **(env or {})}, **options)


@pytest.mark.parametrize("scenario, code", [
    ("success", 0), ("failure", 1), ("canceled", 2), ("timedout", 3), ("approval", 0),
    ("flaky", 0)])
def test_every_line_of_a_demo_is_an_event_of_the_schema(scenario, code):
    result = run("demo", "--scenario", scenario, "--output", "json")
    assert result.events[0]["event"] == "located" and result.verdict["exit_code"] == result.code
    assert code is None or result.code == code, result


@pytest.mark.parametrize("columns", [40, 80])
def test_a_terminal_gets_one_table_and_is_left_as_it_was(columns):
    with Terminal("demo", "--scenario", "failure", columns=columns) as terminal:
        text, code = terminal.end()
    assert code == 1 and restored(text)
    assert "Integration tests" in text and "next look in" in text and "━" in text
    assert re.search(r"run 5 failed in .* \(waited .*, exit 1\)$", words(text)[-1])
    assert "expected 1 booking, found 2" in text


@pytest.mark.parametrize("name, code", [("SIGINT", 130), ("SIGTERM", 143), ("SIGKILL", -9)])
def test_the_cursor_is_back_whatever_ends_the_program(name, code):
    import signal
    with Terminal("demo") as terminal:
        terminal.read(until="Compile")
        terminal.process.send_signal(getattr(signal, name))
        text, left = terminal.end()
    assert left == code and restored(text), text
    if left > 0:
        assert "interrupted" in text and f"exit {code}" in text


def test_colour_is_left_out_where_it_is_not_wanted():
    for env in [{"NO_COLOR": "1"}, {"TERM": "vt100"}]:
        with Terminal("demo", env=env) as terminal:
            assert not re.search(r"\x1b\[[\d;]*m", terminal.end()[0])
    with Terminal("demo") as terminal:
        assert "\x1b[32m" in terminal.end()[0]


@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"CI": "true"}])
def test_a_terminal_that_cannot_move_its_cursor_gets_lines(env):
    with Terminal("demo", env=env) as terminal:
        text, code = terminal.end()
    assert code == 0 and "\x1b" not in text and "0:00  started run" in text


def test_a_pipe_gets_a_line_for_each_change_and_none_twice():
    result = run("demo", "--scenario", "failure")
    assert "\x1b" not in result.err and result.out == ""
    lines = [line[8:] for line in result.err.splitlines() if re.match(r" *\d+:\d\d  ", line)]
    assert len(set(lines)) == len(lines), result
    assert re.search(r"failed in .* \(waited .*, exit 1\)$", lines[-1])
    order = ["stage Build running", "  job Build / Lint running",
             "  job Build / Compile succeeded after 2 s", "stage Build succeeded after 2 s"]
    assert [line for line in lines if line in order] == order


def test_github_gets_annotations_a_summary_and_outputs(tmp_path):
    summary, output = tmp_path / "summary.md", tmp_path / "output"
    summary.write_text("before\n")
    env = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary), "GITHUB_OUTPUT": str(output)}
    result = gate(Flow(["RUNNING", "FAIL"], jobs=failing), env=env)
    commands = [line for line in result.err.splitlines() if line.startswith("::")]
    assert len(commands) == 1 and commands[0].startswith(
        "::error title=Te|st / unit%2C <all>%3A 100%25 failed::yunxiao:org/123#7: "), result
    assert commands[0].endswith("%0Acompile%0Aerror: boom")
    values = dict(line.split("=", 1) for line in output.read_text().splitlines())
    assert values == {"run-id": "7", "run-url": "https://flow.aliyun.com/pipelines/123/builds/7",
                      "verdict": "failed", "reason": "", "exit-code": "1"}
    page = summary.read_text()
    assert page.startswith("before\n## ") and "```mermaid\ngantt\n" in page
    assert r"Te\|st" in page and "&lt;all&gt;" in page and "error: boom" in page


def test_github_is_told_of_an_end_that_no_job_explains(tmp_path):
    output = tmp_path / "output"
    env = {"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": str(output)}
    result = gate(Flow(["RUNNING"]), "--timeout", "300ms", env=env)
    assert result.code == 124 and "::error title=yunxiao%3Aorg/123#7 out-of-time::" in result.err
    assert "verdict=\nreason=out-of-time\nexit-code=124\n" in output.read_text()
    assert "::" not in gate(Flow(["SUCCESS"]), env=env).err


def test_gitlab_gets_sections_that_open_and_close_in_order():
    result = gate(Flow(["RUNNING", "FAIL"], jobs=failing), env={"GITLAB_CI": "true"})
    marks = re.findall(r"\x1b\[0Ksection_(start|end):\d+:(\w+)\s\x1b\[0K", result.err)
    assert marks == [("start", "pipelatch_1"), ("start", "pipelatch_log_2"),
                     ("end", "pipelatch_log_2"), ("end", "pipelatch_1")], result
    assert "section_" not in result.err.splitlines()[-1] and "exit 1" in result.err.splitlines()[-1]


@pytest.mark.parametrize("words, more, code", [
    (["SUCCESS"], [], 0), (["FAIL"], [], 1), (["CANCELED"], [], 2), (["SKIP"], [], 4),
    (["RUNNING"], ["--timeout", "300ms"], 124)])
def test_reports_are_written_whatever_the_outcome(words, more, code, tmp_path):
    junit, dotenv, summary = tmp_path / "junit.xml", tmp_path / "gate.env", tmp_path / "gate.md"
    result = gate(Flow(words, jobs=failing), "--junit", str(junit), "--dotenv", str(dotenv),
                  "--summary", str(summary), *more)
    assert result.code == code, result
    JUNIT.validate(junit)
    cases = xml.etree.ElementTree.parse(junit).findall(".//testcase")
    verdict = next(case for case in cases if case.get("name") == "verdict")
    assert (len(verdict) == 0) == (code == 0)
    lines = dotenv.read_text().splitlines()
    assert f"PIPELATCH_EXIT_CODE={code}" in lines and "PIPELATCH_RUN_ID=7" in lines
    assert all(re.fullmatch(r"[A-Z_]+=\S+", line) for line in lines)
    assert f"({code})" in summary.read_text().splitlines()[0]


def test_reports_are_written_by_an_interrupted_wait(tmp_path):
    flow, junit, dotenv = Flow(["RUNNING"]), tmp_path / "junit.xml", tmp_path / "gate.env"
    result = gate(flow, "--junit", str(junit), "--dotenv", str(dotenv), interrupt="SIGTERM",
                  until=lambda: flow.looks > 1)
    assert result.code == 143, result
    JUNIT.validate(junit)
    assert "PIPELATCH_REASON=interrupted\nPIPELATCH_EXIT_CODE=143\n" in dotenv.read_text()


def test_a_wait_that_cannot_end_in_good_order_still_writes_its_reports(tmp_path):
    """The cancel request hangs, so the program leaves by force."""
    import threading
    stuck = threading.Event()
    flow, dotenv = Flow(["RUNNING"]), tmp_path / "gate.env"

    def answer(request):
        if request.command == "PUT":
            stuck.wait(20)
        return flow(request)

    with Server(answer) as server:
        result = run("trigger", "yunxiao:org/123", "--server", server.url, *LIVE, "--cancel-on",
                     "interrupt", "--dotenv", str(dotenv), env=ENV, interrupt="SIGINT",
                     until=lambda: flow.looks > 1)
        stuck.set()
    assert result.code == 130 and result.seconds < 15, result
    assert "PIPELATCH_EXIT_CODE=130" in dotenv.read_text()


@pytest.mark.parametrize("option", ["--junit", "--dotenv", "--summary"])
def test_a_report_that_cannot_be_written_is_told_and_no_success(option):
    result = gate(Flow(["SUCCESS"]), option, "/nonexistent/report")
    assert result.code == 70 and f"{option}: the report could not be written" in result.err
    assert gate(Flow(["FAIL"]), option, "/nonexistent/report").code == 1
    full = gate(Flow(["SUCCESS"]), option, "/dev/full")
    assert full.code == 70 and "No space left" in full.err, full


def test_several_targets_are_one_table_a_line_of_verdict_each_and_one_code(tmp_path):
    junit = tmp_path / "junit.xml"
    second = Flow(["RUNNING", "FAIL"] * 2, root="/oapi/v1/flow/organizations/org/pipelines/456")

    def both(request):
        if "/456/" not in request.path:
            return Flow(["SUCCESS"])(request)
        status, headers, body = second(request)
        return status, headers, {**body, "pipelineId": 456}

    targets = ["yunxiao:org/123#7", "yunxiao:org/456#7"]
    with Server(both) as server:
        line = ["wait", *targets, "--server", server.url, *LIVE]
        plain = run(*line, "--junit", str(junit), env=ENV)
        with Terminal(*line, env=ENV) as terminal:
            live, code = terminal.end()
    assert plain.code == code == 1, plain
    for lines in (plain.err.splitlines(), words(live)[-3:]):
        assert len([line for line in lines if re.search(r"#7 (succeeded|failed) in .*exit \d\)", line)]) == 2
        assert re.search(r"1 of 2 targets succeeded \(waited .*, exit 1\)$", lines[-1]), lines
    JUNIT.validate(junit)
    assert len(xml.etree.ElementTree.parse(junit).findall("testsuite")) == 2


def test_wide_names_fit_a_narrow_terminal():
    name = "部署到生产环境并且等待所有健康检查全部通过之后再继续执行下一个步骤"

    def jobs(word):
        return [{"name": name, "stageInfo": {"name": name, "status": word, "jobs": [
            {"id": 1, "name": name + "!", "status": word, "actions": []}]}}]

    with Server(Flow(["RUNNING"] * 8 + ["SUCCESS"], jobs=jobs)) as server:
        with Terminal("wait", "yunxiao:org/123#7", "--server", server.url, *LIVE, columns=40,
                      env=ENV) as terminal:
            text, code = terminal.end()
    assert code == 0
    rows = [row for row in words(text) if "部署" in row and "…" in row]
    assert rows and all(sum(2 if ord(c) > 0x2E80 else 1 for c in row) <= 40 for row in rows), rows


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions_are_read_by_their_shell(shell, tmp_path):
    script = run("--generate-completion-script", shell).out
    assert all(word in script for word in ["trigger", "--cancel-on", "scenario", "plain"])
    path = tmp_path / "completion"
    path.write_text(script)
    if shutil.which(shell):
        subprocess.run([shell, "-n", str(path)], check=True)


def test_bash_completes_commands_and_options(tmp_path):
    script = tmp_path / "completion"
    script.write_text(run("--generate-completion-script", "bash").out)
    ask = (f"source {script}; COMP_WORDS=(pipelatch wait --o); COMP_CWORD=2; COMP_LINE='pipelatch wait --o';"
           "COMP_POINT=${#COMP_LINE}; _pipelatch pipelatch --o wait; echo ${COMPREPLY[@]}")
    words = subprocess.run(["bash", "-c", ask], capture_output=True, text=True).stdout.split()
    assert words == ["--on-approval", "--output"]


def test_the_man_page_has_every_option():
    page = subprocess.run([sys.executable, str(ROOT / "docs/man.py"), BINARY], check=True,
                          capture_output=True, text=True).stdout
    assert (ROOT / "docs/pipelatch.1").read_text() == page, "run: python3 docs/man.py > docs/pipelatch.1"
    for command in ["wait", "trigger", "check", "demo"]:
        named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", run(command, "--help").out))
        section = page.split(f".SS {command}\n")[1].split(".SS ")[0].replace("\\-", "-")
        assert named - {"--help", "--version"} <= set(re.findall(r"--[a-z][a-z-]+", section))

"""What others write, and who listens: remote text that would act, redirects, outputs that nobody can read."""

import os
import re
import subprocess
import unicodedata
import xml.etree.ElementTree

import pytest

from bad import HERE, RUN, trigger, wait
from harness import BINARY, Server, holds, run
from test_yunxiao import ENV, FAST, Flow

# Texts that would act on a terminal, on a host CI, or on whoever reads a report.
TEXTS = [
    "\x1b]0;EVIL\x07", "\x1b[2JEVIL", "\x1b]8;;https://evil.test\x1b\\EVIL", "\x9b31mEVIL", "\x1bcEVIL", "\x00EVIL\x08",
    "\u202eEVIL", "\u2066EVIL\u2069", "E\u200bV\u200dIL", "\ufeffEVIL", "\U000e0045\U000e0056EVIL", "\ue000EVIL",
    "a\u2028::error::EVIL", "a\n::error::EVIL", "a\r\n::set-output name=verdict::EVIL", "a\x85::warning::EVIL",
    "::error file=x::EVIL", "  ::add-mask::EVIL", "::stop-commands::EVIL", "\u200b::error::EVIL", "\t::debug::EVIL",
    "##[error]EVIL", "##vso[task.setvariable variable=v]EVIL", "##teamcity[message text='EVIL']", "#\u200b#[error]EVIL",
    "section_start:1:evil\r\x1b[0KEVIL", "section_\u200bend:1:evil\r\x1b[0K", "section_start:1:evil[collapsed=true]",
    "<img src=x onerror=EVIL>", "](javascript:EVIL)", "| EVIL |", "```EVIL", "]]>EVIL", "&#x1b;EVIL", "<!--EVIL",
    "PATH=EVIL", "verdict=succeeded\nEVIL=1", "verdict<<EOF", "%0A::error::EVIL",
]
HIDDEN = ("Cc", "Cf", "Zl", "Zp", "Cs", "Co")


def evil(words=("EVIL\x1b[31m", "FAIL")):
    """A pipeline whose every text is hostile."""
    def stages(word):
        return [{"name": text, "stageInfo": {"name": text, "status": word, "jobs": [
            {"id": number, "name": text, "status": "SUCCESS" if number % 3 else "FAIL", "actions": []}]}}
            for number, text in enumerate(TEXTS)]

    flow = Flow(words, jobs=stages, branch="main\x1b[31m\u202e")
    troubles = iter([(502, {}, {"errorCode": text, "errorMessage": text}) for text in TEXTS[::5]])

    def answer(request):
        if request.path.endswith("/log"):
            return 200, {}, {"content": "\n".join(TEXTS) + "\n"}
        return next(troubles, None) or flow(request)

    return answer


@holds("a name, a message or a log that would act")
def test_a_text_of_any_length_is_cut():
    long = "EVIL" * 100_000
    jobs = [{"name": long, "stageInfo": {"name": long, "status": "FAIL", "jobs": [
        {"id": 1, "name": long, "status": "FAIL"}]}}]
    flow = Flow(["RUNNING", long, "FAIL"], jobs=lambda word: jobs)
    with Server(lambda r: (200, {}, {"content": long}) if r.path.endswith("/log") else flow(r)) as server:
        for form in ("plain", "json"):
            flow.looks = 0
            result = run("wait", RUN, "--server", server.url, *FAST[:-2], "--output", form, env=ENV)
            assert result.code == 1 and len(result.out + result.err) < 100_000, len(result.out + result.err)


def gate(*more, form="plain", env=None):
    with Server(evil()) as server:
        result = run("wait", RUN, "--server", server.url, *FAST[:-2], "--output", form, "--log-lines", "100",
                     *more, env={**ENV, **(env or {})})
    assert result.code == 1 and "EVIL" in result.out + result.err, result
    return result


def harmless(text, ours=()):
    """Whether nothing in it acts; a line that matches one of `ours` is the program's own command."""
    for pattern in ours:
        text = re.sub(pattern, "", text, flags=re.MULTILINE)
    for line in text.split("\n"):
        acting = [char for char in line if unicodedata.category(char) in HIDDEN]
        assert not acting, (acting, line)
        assert not re.match(r"\s*::", line), line
        assert not re.search(r"::(error|warning|notice|debug|set-output|add-mask|stop-commands)\b", line), line
        assert not re.search(r"##[A-Za-z]*\[", line), line
        assert "section_start:" not in line and "section_end:" not in line, line


@holds("a name, a message or a log that would act")
@pytest.mark.parametrize("host, ours", [
    ({}, []),
    ({"GITHUB_ACTIONS": "true"}, [r"^::(error|warning) title=[^:\n]*::"]),
    ({"GITLAB_CI": "true"}, [r"\x1b\[0Ksection_(start|end):\d+:pipelatch\w*\s\x1b\[0K"]),
], ids=["shell", "GitHub", "GitLab"])
def test_remote_text_acts_on_no_terminal_and_no_host(host, ours):
    result = gate(env=host)
    harmless(result.err, ours)
    harmless(result.out)


@holds("a name, a message or a log that would act")
def test_remote_text_acts_on_no_reader_of_json():
    def texts(value):
        if isinstance(value, dict):
            value = list(value.values())
        return [value] if isinstance(value, str) else [t for v in value for t in texts(v)] \
            if isinstance(value, list) else []

    for event in gate(form="json").events:
        for text in texts(event):
            harmless(text)


@holds("a name, a message or a log that would act")
def test_remote_text_acts_on_no_reader_of_reports(tmp_path):
    files = {name: tmp_path / name for name in ("junit", "dotenv", "summary", "output", "page")}
    gate("--junit", str(files["junit"]), "--dotenv", str(files["dotenv"]), "--summary", str(files["summary"]),
         env={"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": str(files["output"]),
              "GITHUB_STEP_SUMMARY": str(files["page"])})
    for text in xml.etree.ElementTree.parse(files["junit"]).getroot().itertext():
        harmless(text.strip())
    for name in ("dotenv", "output"):
        for line in files[name].read_text().splitlines():
            assert re.fullmatch(r"(PIPELATCH_\w+|run-id|run-url|verdict|reason|exit-code)=[^=\s]*", line), line
    for name in ("summary", "page"):
        page = files[name].read_text()
        harmless(page)
        outside = re.sub(r"^(`{3,}).*?^\1$", "", page, flags=re.MULTILINE | re.DOTALL)
        assert "EVIL" in outside and not re.search(r"<(img|!--)", outside), outside
        assert "](javascript:" not in outside.replace(r"\](", ""), outside


@holds("a redirect to another host")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_takes_no_credential_elsewhere(status):
    with Server(lambda request: (200, {}, {})) as other:
        for place in (other.url + "/x", other.url[5:], other.url.replace("127.0.0.1", "127.0.0.2")):
            away = (status, {"location": place}, "")
            assert wait(lambda request: away, "--tolerate", "300ms").code == 65
            started = trigger(lambda request: away if request.command == "POST" else (404, {}, {}))
            assert (started.code, started.posts) == (75, 1), started
        assert other.requests == []


# Who listens.


def redirected(how, *more, words=("RUNNING", "SUCCESS")):
    with Server(Flow(words)) as server:
        command = [BINARY, "wait", RUN, "--server", server.url, *FAST[:-2], *more]
        shell = " ".join(f"'{word}'" for word in command) + f" {how}"
        done = subprocess.run(["bash", "-c", f"set -o pipefail; {shell}"], text=True, timeout=60,
                              capture_output=True, env={**ENV, "PATH": os.environ["PATH"]})
        return done.returncode


@holds("nobody can read the output")
@pytest.mark.parametrize("how", [">&-", "> /dev/full", "| true", "| head -c 20"])
def test_an_output_that_nobody_can_read_is_no_success(how):
    assert redirected(how, "--output", "json") != 0


@pytest.mark.parametrize("form", ["plain", "json", "quiet"])
@pytest.mark.parametrize("how", ["2>&-", "2> /dev/full"])
def test_people_who_do_not_listen_change_no_verdict(how, form):
    assert redirected(how, "--output", form) == 0
    assert redirected(how, "--output", form, words=["FAIL"]) == 1


@holds("nobody can read the output")
def test_the_id_of_a_launch_that_is_not_told_is_no_success():
    with Server(Flow(["RUNNING"])) as server:
        shell = f"{BINARY} trigger {HERE} --server {server.url} --no-wait > /dev/full"
        done = subprocess.run(["bash", "-c", shell], env={**ENV, "PATH": os.environ["PATH"]}, timeout=60)
        assert done.returncode == 70 and server.count("POST") == 1

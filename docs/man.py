#!/usr/bin/env python3
"""Writes docs/pipelatch.1 from what the program says of its own options.

    python3 docs/man.py [PIPELATCH] > docs/pipelatch.1

PIPELATCH is the built program, .build/debug/pipelatch unless given.
"""

import json
import subprocess
import sys

HEAD = """.\\" Written by docs/man.py; do not edit.
.TH PIPELATCH 1 "" pipelatch "User Commands"
.SH NAME
pipelatch \\- block on a pipeline run at any vendor, and be believed"""

TARGETS = """.SH TARGETS
.IR VENDOR:PATH[@REF][#RUN] ,
or the address of a run or a pipeline as a browser shows it.
.B pipelatch vendors
lists the vendors,
.B pipelatch vendors
.I NAME
tells of one what it reads and can do."""

OUTPUT = """.SH OUTPUT
People read standard error, programs read standard output.
.B \\-\\-output json
writes one JSON object a line on standard output; docs/events.schema.json describes them.
In GitHub Actions failed jobs become annotations, and GITHUB_STEP_SUMMARY and GITHUB_OUTPUT are written;
in GitLab CI the log is folded into sections."""

ENVIRONMENT = """.SH ENVIRONMENT
.TP
.B PIPELATCH_TOKEN
comes before every vendor's own variable;
.B pipelatch vendors
.I NAME
lists those.
.TP
.BR HTTPS_PROXY ", " HTTP_PROXY ", " NO_PROXY
name the proxies.
.TP
.BR NO_COLOR ", " TERM ", " LANG
say what the live table may use;
.B CI
makes
.B \\-\\-output auto
choose plain."""


def dump(program):
    out = subprocess.run([program, "--experimental-dump-help"], check=True, capture_output=True)
    return json.loads(out.stdout)["command"]


def plain(text):
    """Text of which roff takes nothing for a command."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join("\\&" + line if line[:1] in ".'" else line for line in text.splitlines())


def spelling(name):
    return ("-" if name["kind"] == "short" else "--") + name["name"]


def shown(command):
    """The arguments that a reader is told of; --help and --version are told once, at the end."""
    hidden = {"help", "version"}
    return [argument for argument in command.get("arguments", [])
            if argument.get("shouldDisplay", True)
            and argument.get("preferredName", {}).get("name") not in hidden]


def synopsis(command, path):
    words = [f".B {plain(' '.join(path))}"]
    if any(argument["kind"] != "positional" for argument in shown(command)):
        words.append(".RI [ options ]")
    for argument in shown(command):
        if argument["kind"] == "positional":
            name = plain(argument["valueName"]) + ("..." if argument["isRepeating"] else "")
            words.append(f".RI [ {name} ]" if argument["isOptional"] else f".I {name}")
    return words


def entry(argument):
    if argument["kind"] == "positional":
        head = f".I {plain(argument['valueName'])}"
    else:
        names = ", ".join(f"\\fB{plain(spelling(name))}\\fR" for name in argument["names"])
        value = f" \\fI{plain(argument['valueName'])}\\fR" if argument["kind"] == "option" else ""
        head = names + value
    text = plain(argument.get("abstract") or "")
    default = argument.get("defaultValue")
    if default and argument["kind"] != "flag":
        text += f" (default: {plain(default)})"
    return [".TP", head, text]


def commands(command, path=()):
    path = (*path, command["commandName"])
    children = [child for child in command.get("subcommands", [])
                if child["commandName"] != "help"]
    if not children:
        yield path, command
    for child in children:
        yield from commands(child, path)


def page(root):
    lines = [HEAD, ".SH SYNOPSIS"]
    leaves = list(commands(root))
    for index, (path, command) in enumerate(leaves):
        lines += ([".br"] if index else []) + synopsis(command, path)
    lines += [".SH DESCRIPTION", plain(root["abstract"]),
              "Without a command, targets are waited for.", TARGETS, ".SH COMMANDS"]
    for path, command in leaves:
        lines += [f".SS {plain(' '.join(path[1:]))}", plain(command["abstract"])]
        section = None
        for argument in shown(command):
            if argument.get("sectionTitle") != section:
                section = argument.get("sectionTitle")
                if section:
                    lines += [".PP", f".I {plain(section)}"]
            lines += entry(argument)
    lines += [".SS Everywhere", ".TP", "\\fB\\-h\\fR, \\fB\\-\\-help\\fR", "Show help.",
              ".TP", "\\fB\\-\\-version\\fR", "Show the version.", OUTPUT, ENVIRONMENT,
              ".SH EXIT STATUS"]
    for line in root["discussion"].splitlines():
        code, _, sentence = line.strip().partition("  ")
        if code.isdigit():
            lines += [".TP", f".B {code}", plain(sentence.strip())]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page(dump(sys.argv[1] if len(sys.argv) > 1 else ".build/debug/pipelatch")))

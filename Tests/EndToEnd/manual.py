"""What the binary says of its own commands, for checking what is written about it elsewhere."""

import functools
import json
import pathlib
import re
import shlex
import subprocess

from harness import BINARY

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Command:
    def __init__(self, dump):
        self.name = dump["commandName"]
        self.flags, self.options, self.positionals = set(), set(), 0
        for argument in dump.get("arguments", []):
            names = {name["name"] for name in argument.get("names", []) if name["kind"] == "long"}
            if argument["kind"] == "positional":
                self.positionals += 1
            elif argument["kind"] == "flag":
                self.flags |= names
            else:
                self.options |= names

    def complaint(self, words):
        """What is wrong with the words after the command's name, or None. Values are not looked at."""
        words, given = list(words), 0
        if "--help" in words:
            return None
        while words:
            word = words.pop(0)
            if word == "--":
                given += len(words)
                break
            if not word.startswith("-") or word == "-":
                given += 1
                continue
            name, joined, _ = word.removeprefix("--").partition("=")
            if not word.startswith("--") or name not in self.flags | self.options:
                return f"{self.name} has no {word}"
            if name in self.flags and joined:
                return f"--{name} takes no value"
            if name in self.options and not joined:
                if not words or words[0].startswith("--"):
                    return f"--{name} has no value"
                words.pop(0)
        if self.name in ("wait", "trigger", "check", "doctor") and not given:
            return f"{self.name} has no target"
        return None


@functools.cache
def commands():
    text = subprocess.run(
        [BINARY, "--experimental-dump-help"], capture_output=True, text=True, check=True).stdout
    return {dump["commandName"]: Command(dump) for dump in json.loads(text)["command"]["subcommands"]}


def calls(text):
    """Every command line of pipelatch in a text, as the words after `pipelatch`."""
    text = re.sub(r"\\\n\s*", " ", text)
    known = "|".join(["wait", "trigger", "check", "doctor", "demo", "vendors"])
    for line in text.splitlines():
        found = re.search(rf"(?:^|[\s/`\"(&|])pipelatch (?P<words>(?:{known})\b.*)", line)
        if not found:
            continue
        words = re.split(r"(?:\s#\s|\s&&\s|\s\|\|\s|\s\|\s|;|`)", found["words"].replace("$$", "$"))[0]
        yield shlex.split(words, comments=False)

#!/usr/bin/env python3
"""Records the live table: runs `pipelatch demo` in tmux and draws what the terminal shows.

    python3 docs/record.py                  docs/demo-running.svg and docs/demo-failure.svg, for the README
    python3 docs/record.py --all DIRECTORY  every scene in 80 and 40 columns, as text and as SVG

Wants tmux, and the program as --pipelatch PATH (.build/debug/pipelatch).
"""

import argparse
import html
import os
import pathlib
import re
import subprocess
import time
import unicodedata

DOCS = pathlib.Path(__file__).parent

# Scene, arguments of the demo, and the seconds at which it is looked at or what is typed then.
SCENES = {
    "success": ("--scenario success", [5.0, 11.0]),
    "failure": ("--scenario failure", [4.5, 10.0]),
    "approval": ("--scenario approval", [8.3, 14.0]),
    "throttling": ("--scenario flaky", [*(0.5 * tick for tick in range(2, 16)), 16.0]),
    "interrupted": ("--scenario success", [4.0, "C-c", 6.5]),
}

COLOURS = {30: "#484f58", 31: "#ff7b72", 32: "#3fb950", 33: "#d29922", 34: "#58a6ff",
           35: "#bc8cff", 36: "#39c5cf", 37: "#b1bac4"}
INK, PAPER, DIM = "#e6edf3", "#0d1117", "#7d8590"
CELL, LINE, EDGE = 8.4, 19, 14


class Terminal:
    """A bash in a tmux of its own."""

    def __init__(self, pipelatch, columns, rows):
        self.socket = f"pipelatch-record-{os.getpid()}"
        home = str(pathlib.Path(pipelatch).resolve().parent)
        environment = {"PATH": f"{home}:{os.environ['PATH']}", "HOME": "/nonexistent",
                       "LANG": "C.UTF-8", "PS1": "$ ", "TERM": "xterm-256color"}
        subprocess.run(
            ["tmux", "-L", self.socket, "-f", "/dev/null", "new-session", "-d", "-x", str(columns),
             "-y", str(rows), "env", "-u", "CI", "-u", "NO_COLOR", "bash", "--norc", "--noprofile"],
            check=True, env=environment)
        time.sleep(0.5)

    def tmux(self, *words):
        return subprocess.run(["tmux", "-L", self.socket, *words], check=True,
                              capture_output=True, text=True).stdout

    def type(self, *keys):
        self.tmux("send-keys", *keys)

    def read(self):
        """What scrolled off and what is shown, with its colours."""
        return self.tmux("capture-pane", "-e", "-p", "-S", "-").rstrip("\n").splitlines()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tmux("kill-server")


def record(pipelatch, scene, columns, rows=40):
    """Pictures of one scene, each a list of lines."""
    arguments, moments = SCENES[scene]
    pictures = []
    with Terminal(pipelatch, columns, rows) as terminal:
        terminal.type("clear; tmux -L " + terminal.socket + " clear-history", "Enter")
        time.sleep(0.5)
        terminal.type(f"pipelatch demo {arguments}", "Enter")
        begun = time.monotonic()
        for moment in moments:
            if isinstance(moment, str):
                terminal.type(moment)
                continue
            time.sleep(max(0, begun + moment - time.monotonic()))
            pictures.append(terminal.read())
    return pictures


def runs(line):
    """A line as (text, colour, bold) from its SGR sequences."""
    colour, bold = INK, False
    for part in re.split(r"(\x1b\[[\d;]*m)", line):
        match = re.fullmatch(r"\x1b\[([\d;]*)m", part)
        if not match:
            text = re.sub(r"\x1b.|[\x00-\x1f]", "", part)
            if text:
                yield text, colour, bold
            continue
        for code in map(int, (match[1] or "0").split(";")):
            if code == 0:
                colour, bold = INK, False
            elif code == 1:
                bold = True
            elif code == 2:
                colour = DIM
            elif code in COLOURS:
                colour = COLOURS[code]
            elif code in (22, 39):
                colour, bold = INK, bold and code == 39


def width(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1
               for c in text)


def svg(lines, columns):
    """The lines as a picture; every piece stands in its own column, whatever the font."""
    wide, high = columns * CELL + 2 * EDGE, len(lines) * LINE + 2 * EDGE
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.0f} {high}" '
           f'width="{wide:.0f}" height="{high}" font-size="14" '
           'font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, monospace">',
           f'<rect width="100%" height="100%" rx="8" fill="{PAPER}"/>']
    for row, line in enumerate(lines):
        column = 0
        for text, colour, bold in runs(line):
            for piece in re.finditer(r"\S+(?: \S+)*", text):
                x = EDGE + (column + width(text[:piece.start()])) * CELL
                weight = ' font-weight="bold"' if bold else ""
                out.append(
                    f'<text x="{x:.1f}" y="{EDGE + row * LINE + 14}" fill="{colour}"{weight} '
                    f'textLength="{width(piece[0]) * CELL:.1f}" lengthAdjust="spacingAndGlyphs" '
                    f'xml:space="preserve">{html.escape(piece[0])}</text>')
            column += width(text)
    return "\n".join(out + ["</svg>"]) + "\n"


def plain(lines):
    return "\n".join(re.sub(r"\x1b\[[\d;]*m|\x1b.", "", line) for line in lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pipelatch", default=".build/debug/pipelatch")
    parser.add_argument("--all", metavar="DIRECTORY", type=pathlib.Path)
    options = parser.parse_args()
    if not options.all:
        for name, scene, picture in [("running", "success", 0), ("failure", "failure", -1)]:
            lines = record(options.pipelatch, scene, 80)[picture]
            (DOCS / f"demo-{name}.svg").write_text(svg(lines, 80))
        return
    options.all.mkdir(parents=True, exist_ok=True)
    for columns in (80, 40):
        for scene in SCENES:
            for number, lines in enumerate(record(options.pipelatch, scene, columns)):
                path = options.all / f"{scene}-{columns}-{number + 1}"
                path.with_suffix(".txt").write_text(plain(lines))
                path.with_suffix(".svg").write_text(svg(lines, columns))


if __name__ == "__main__":
    main()

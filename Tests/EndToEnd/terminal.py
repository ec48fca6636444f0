"""A terminal that the program writes to, and all that it was sent."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

from harness import BINARY


class Terminal:
    def __init__(self, *arguments, columns=80, rows=24, env=None):
        self.bytes = b""
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        clean = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "TERM": "xterm-256color",
                 "LANG": "C.UTF-8", **(env or {})}
        self.process = subprocess.Popen(
            [BINARY, *arguments], env=clean, stdin=subprocess.DEVNULL, stdout=slave, stderr=slave)
        os.close(slave)

    @property
    def text(self):
        return self.bytes.decode(errors="replace")

    def read(self, until=None, limit=40):
        """Reads until a text has come, or to the end."""
        end = time.monotonic() + limit
        while until is None or until not in self.text:
            assert time.monotonic() < end, self.text
            if not select.select([self.master], [], [], 0.2)[0]:
                continue
            try:
                data = os.read(self.master, 65536)
            except OSError:
                data = b""
            if not data:
                break
            self.bytes += data
        return self.text

    def end(self):
        """All text, and the code that the program left with."""
        self.read()
        return self.text, self.process.wait(10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.master)


def words(text):
    """What was written, line by line, without the escape sequences."""
    return re.sub(r"\x1b\[[?\d;]*[A-Za-z]", "", text).replace("\r", "").splitlines()


def restored(text):
    """Whether the cursor is shown and lines wrap after all that was written."""
    return all(text.rfind(f"\x1b[?{mode}h") >= text.rfind(f"\x1b[?{mode}l") for mode in (7, 25))

"""Runs the built binary against servers on loopback and reads what it does, from outside.

The servers here are written from the vendors' documents and share nothing with the program.
"""

import http.server
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import threading
import time

import jsonschema

ROOT = pathlib.Path(__file__).parents[2]
EVENTS = jsonschema.Draft202012Validator(
    json.loads((ROOT / "docs/events.schema.json").read_text()))
BINARY = os.environ.get("PIPELATCH", ".build/debug/pipelatch")


def holds(*rows):
    """Says which rows of the README's table of faults a test holds; a test of the house reads it."""
    return lambda test: test


class Reset(Exception):
    """Raised by a handler to break the connection off."""


class Server:
    """An HTTP server whose answers come from `answer(request) -> (status, headers, body)`."""

    def __init__(self, answer, host="127.0.0.1", port=0):
        self.answer = answer
        self.requests = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def handle_any(self):
                length = int(self.headers.get("content-length") or 0)
                self.text = self.rfile.read(length).decode() if length else ""
                outer.requests.append((self.command, self.path, dict(self.headers), self.text))
                try:
                    status, headers, body = outer.answer(self)
                except ConnectionError:
                    self.close_connection = True
                    return
                except Reset:
                    self.connection.setsockopt(
                        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.connection.close()
                    self.close_connection = True
                    return
                if not isinstance(body, (bytes, str)):
                    body = json.dumps(body)
                    headers = {"content-type": "application/json", **headers}
                data = body.encode() if isinstance(body, str) else body
                if any(name.lower() == "date" for name in headers):
                    self.send_response_only(status)
                else:
                    self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_DELETE = handle_any

        class Quiet(http.server.ThreadingHTTPServer):
            daemon_threads = True
            # Connections that do not fit would be tried again a second later.
            request_queue_size = 128
            address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

            def handle_error(self, *_):
                pass

        self.server = Quiet((host, port), Handler)
        name = f"[{host}]" if ":" in host else host
        self.url = f"http://{name}:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def count(self, method):
        return sum(1 for request in self.requests if request[0] == method)


class Result:
    def __init__(self, code, out, err, seconds):
        self.code, self.out, self.err, self.seconds = code, out, err, seconds

    @property
    def events(self):
        """Every line of standard output, held to the schema."""
        events = [json.loads(line) for line in self.out.splitlines() if line]
        for event in events:
            EVENTS.validate(event)
        return events

    def named(self, name):
        return [event for event in self.events if event["event"] == name]

    @property
    def verdict(self):
        last = self.events[-1]
        assert last["event"] == "verdict", last
        return last

    def __repr__(self):
        return f"exit {self.code} after {self.seconds:.1f} s\n--out\n{self.out}\n--err\n{self.err}"


def start(*arguments, env=None, **options):
    clean = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    clean.update(env or {})
    return subprocess.Popen(
        [BINARY, *arguments], env=clean, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, **options)


def run(*arguments, env=None, interrupt=None, after=0.0, limit=60, until=None):
    """Runs the binary to its end; `interrupt` is sent once `until()` holds and `after` seconds have passed."""
    begun = time.monotonic()
    process = start(*arguments, env=env)
    try:
        if interrupt:
            while until and not until():
                time.sleep(0.02)
                assert time.monotonic() - begun < limit, "the moment to interrupt never came"
            time.sleep(after)
            process.send_signal(getattr(signal, interrupt))
        out, err = process.communicate(timeout=limit)
    except BaseException:
        process.kill()
        raise
    return Result(process.returncode, out, err, time.monotonic() - begun)

"""Writes `dist/order`: the functions that looks really run, so that the linker lays them side by side.

    dist/make
    python3 Tests/Weight/order.py
    dist/make

The list grows old with each change and nothing breaks by it: a name that is gone is passed over, and what is missing lies
where it always lay. `dist/make` says when it has grown too old. Needs valgrind and openssl.
"""

import pathlib
import re
import subprocess
import tempfile

import weigh

ROOT = weigh.HERE.parents[1]
# The one with its functions' names.
BINARY = ROOT / ".build-dist/release/pipelatch"


def functions(here, *arguments):
    """The names of all functions that one command runs, as the linker knows them."""
    with tempfile.NamedTemporaryFile() as counts:
        subprocess.run(
            ["valgrind", "--quiet", "--tool=callgrind", "--demangle=no", f"--callgrind-out-file={counts.name}", BINARY,
             *arguments], env=here.environment, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        text = pathlib.Path(counts.name).read_text()
    return set(re.findall(r"^c?fn=\(\d+\) (\S+?)(?:'\d+)?$", text, re.MULTILINE))


def main():
    known = {line.split()[-1] for line in subprocess.run(
        ["nm", BINARY], check=True, capture_output=True, text=True).stdout.splitlines()}
    run = f"github:acme/shop#{weigh.RUN}"
    with weigh.place() as here:
        trust = ["--ca-file", here.certificate]
        plain = functions(here, "check", run, "--server", here.bases["http"])
        here.ask("/_/script?seconds=20")
        rest = functions(here, "wait", run, "--server", here.bases["https"], *trust)
        here.ask("/_/script?seconds=0")
        rest |= functions(here, "check", run, "--output", "json", "--server", here.bases["https"], *trust)
    # A look without TLS has its functions together, too.
    names = sorted(plain & known) + sorted(rest & known - plain)
    (ROOT / "dist/order").write_text("".join(f"{name}\n" for name in names))
    print(f"{len(names)} functions, {len(plain & known)} of them without TLS")


if __name__ == "__main__":
    main()

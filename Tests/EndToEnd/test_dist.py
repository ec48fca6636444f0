"""The self-contained binary (PIPELATCH_DIST), in a root that holds nothing but what is put there; and how it is released."""

import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import threading

import pytest
import yaml
from cryptography import x509

from manual import ROOT
from test_network import secure
from test_yunxiao import TOKEN

DIST = os.environ.get("PIPELATCH_DIST")
LIMIT = 32 << 20
made = pytest.mark.skipif(not DIST, reason="PIPELATCH_DIST names no dist/pipelatch")


class Elf:
    """As much of a 64-bit little-endian ELF file as is asked about here."""

    def __init__(self, path):
        self.data = pathlib.Path(path).read_bytes()
        assert self.data[:6] == b"\x7fELF\x02\x01"
        self.type, = struct.unpack_from("<H", self.data, 16)
        programs, sections = struct.unpack_from("<QQ", self.data, 32)
        _, self.program_count, _, self.section_count, names = struct.unpack_from("<HHHHH", self.data, 54)
        self.programs = [struct.unpack_from("<IIQQQQQQ", self.data, programs + 56 * n)
                         for n in range(self.program_count)]
        headers = [struct.unpack_from("<IIQQQQ", self.data, sections + 64 * n)
                   for n in range(self.section_count)]
        table = headers[names][4]
        self.sections = {self.data[table + header[0]:].split(b"\0", 1)[0].decode() for header in headers}

    def has(self, kind):
        return any(program[0] == kind for program in self.programs)

    @property
    def needed(self):
        """How many libraries the dynamic section asks for."""
        count = 0
        for kind, _, offset, _, _, size, _, _ in self.programs:
            if kind == 2:
                for at in range(offset, offset + size, 16):
                    count += struct.unpack_from("<Q", self.data, at)[0] == 1
        return count


@made
def test_it_is_one_small_file_that_needs_no_other():
    elf = Elf(DIST)
    assert len(elf.data) < LIMIT, f"{len(elf.data)} bytes"
    assert elf.type == 3, "not position independent"
    assert not elf.has(3), "asks for an interpreter"
    assert elf.needed == 0
    told = subprocess.run(["ldd", DIST], capture_output=True, text=True)
    assert "statically linked" in told.stdout + told.stderr


@made
def test_it_is_stripped_and_says_nothing_of_where_it_was_built():
    elf = Elf(DIST)
    assert not {name for name in elf.sections if name.startswith(".debug") or name in (".symtab", ".strtab")}
    assert str(ROOT).encode() not in elf.data and b"/checkouts/../" not in elf.data


class Bare:
    """A root with the binary, a /proc, and what a test puts there: no library, no shell, no /etc."""

    # A /proc of its own, or the host's where a container allows only that.
    enter = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"]), "sh", "-c",
             'mount -t proc proc "$0/proc" 2>/dev/null || mount --rbind /proc "$0/proc" || exit; exec chroot "$@"']

    def __init__(self, folder):
        self.folder = folder
        folder.chmod(0o755)
        shutil.copy(DIST, folder / "pipelatch")
        (folder / "proc").mkdir()

    def put(self, path, text):
        path = self.folder / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(self, *words, env=None, user=None):
        options = [f"--userspec={user}"] if user else []
        return subprocess.run(
            [*self.enter, str(self.folder), *options, str(self.folder), "/pipelatch", *words],
            env={"PATH": os.environ["PATH"], **(env or {})}, capture_output=True, text=True, timeout=60)


@pytest.fixture
def bare(tmp_path):
    root = Bare(tmp_path)
    if "mount:" in root.run("--version").stderr:
        pytest.skip("nothing may be mounted here, and the Swift runtime reads its arguments from /proc")
    yield root
    (tmp_path / "pipelatch").unlink()


@made
@pytest.mark.parametrize("scenario, code", [("success", 0), ("failure", 1), ("flaky", 0)])
def test_the_demo_runs_where_nothing_else_is(bare, scenario, code):
    result = bare.run("demo", "--scenario", scenario)
    assert result.returncode == code, result
    assert {path.name for path in bare.folder.iterdir()} == {"pipelatch", "proc"}


@made
def test_without_certificates_it_says_so_and_is_not_green(bare):
    result = bare.run("wait", "yunxiao:org/123#7", "--tolerate", "100ms", "--server", "https://127.0.0.1:9",
                      env={"YUNXIAO_ACCESS_TOKEN": TOKEN})
    assert result.returncode in (69, 78), result


class Names:
    """A name server that knows one name, on the only port that resolv.conf can tell."""

    def __init__(self, name, address):
        self.name, self.address, self.asked = name, address, []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.host = "127.0.0.77"
        self.socket.bind((self.host, 53))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            query, peer = self.socket.recvfrom(512)
            labels, at = [], 12
            while query[at]:
                labels.append(query[at + 1:at + 1 + query[at]].decode())
                at += 1 + query[at]
            name, kind = ".".join(labels), struct.unpack_from("!H", query, at + 1)[0]
            self.asked.append(name)
            known = name == self.name
            answers = known and kind == 1
            head = query[:2] + struct.pack("!HHHHH", 0x8180 if known else 0x8183, 1, answers, 0, 0)
            answer = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 1, 4) + socket.inet_aton(self.address)
            self.socket.sendto(head + query[12:at + 5] + (answer if answers else b""), peer)


@pytest.fixture(scope="module")
def names():
    try:
        return Names("flow.example.test", "127.0.0.1")
    except OSError as error:
        pytest.skip(f"port 53 is not to be had: {error}")


@made
@pytest.mark.parametrize("hosts", [
    None, "hosts: files myhostname resolve [!UNAVAIL=return] dns", "hosts: mymachines sss dns"])
def test_it_finds_a_server_by_name_and_trusts_it_by_certificate(bare, names, hosts):
    server, ca, port = secure(bare.folder.parent, [x509.DNSName("flow.example.test")])
    bare.put("etc/resolv.conf", f"nameserver {names.host}\noptions timeout:1 attempts:1\n")
    bare.put("etc/ssl/certs/ca-certificates.crt", pathlib.Path(ca).read_text())
    if hosts:
        bare.put("etc/nsswitch.conf", hosts + "\n")
    # The host's modules of name service are for another C library: to open one of these is to hang here.
    for folder in ("lib", f"lib/{os.uname().machine}-linux-gnu", "usr/lib", "lib64"):
        (bare.folder / folder).mkdir(parents=True, exist_ok=True)
        for module in ("files", "dns", "myhostname", "resolve", "mymachines", "sss"):
            os.mkfifo(bare.folder / folder / f"libnss_{module}.so.2")
    with server:
        result = bare.run("wait", "yunxiao:org/123#7", "--server", f"https://flow.example.test:{port}",
                          "--tolerate", "1s", env={"YUNXIAO_ACCESS_TOKEN": TOKEN})
    assert result.returncode == 0 and "flow.example.test" in names.asked, result
    names.asked.clear()


@made
def test_the_container_file_puts_in_all_that_is_needed(bare):
    text = (ROOT / "examples/Containerfile").read_text()
    stages = re.split(r"^FROM ", text, flags=re.MULTILINE)[1:]
    last = stages[-1].splitlines()
    assert last[0] == "scratch"
    copied = [re.sub(r"--\S+ ", "", line.removeprefix("COPY ")).split() for line in last if line.startswith("COPY ")]
    assert copied == [["/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/certs/ca-certificates.crt"],
                      ["dist/pipelatch", "/pipelatch"]]
    assert "USER 65532:65532" in last and 'ENTRYPOINT ["/pipelatch"]' in last
    if os.geteuid() == 0:
        result = bare.run("demo", user="65532:65532")
        assert result.returncode == 0, result


# The release.

def tagged(folder, tag, changelog, version="1.2.3"):
    for name in ("dist", "Sources/pipelatch/World"):
        (folder / name).mkdir(parents=True)
    shutil.copy(ROOT / "dist/check-tag", folder / "dist")
    (folder / "Sources/pipelatch/World/Version.swift").write_text(f'/// The version.\nlet version = "{version}"\n')
    (folder / "CHANGELOG.md").write_text(changelog)
    return subprocess.run([folder / "dist/check-tag", tag], capture_output=True, text=True)


LOG = "# Changelog\n\n## 1.2.3{}\n\n- New things.\n\n## 1.2.2\n\n- Old things.\n"


@pytest.mark.parametrize("date", ["", " - 2026-11-21"])
def test_a_tag_that_is_the_version_gives_its_notes(tmp_path, date):
    result = tagged(tmp_path, "v1.2.3", LOG.format(date))
    assert result.returncode == 0 and result.stdout.strip() == "- New things.", result


@pytest.mark.parametrize("tag, log, words", [
    ("v1.2.4", LOG.format(""), "Version.swift says 1.2.3"),
    ("1.2.3", LOG.format(""), "Version.swift says 1.2.3"),
    ("v1.2.3", LOG.format(" (unreleased)"), "no heading"),
    ("v1.2.3", LOG.format("0"), "no heading"),
    ("v1.2.3", "# Changelog\n", "no heading"),
])
def test_any_other_tag_is_refused(tmp_path, tag, log, words):
    result = tagged(tmp_path, tag, log)
    assert result.returncode == 1 and words in result.stderr, result


def workflow(name):
    return yaml.safe_load((ROOT / ".github/workflows" / name).read_text())


def test_nothing_is_built_before_the_tag_is_checked_nor_drafted_before_it_is_attested():
    jobs = workflow("release.yml")["jobs"]
    assert jobs["build"]["needs"] == "check" and jobs["draft"]["needs"] == "build"
    assert any("dist/check-tag" in step.get("run", "") for step in jobs["check"]["steps"])
    assert {row["arch"] for row in jobs["build"]["strategy"]["matrix"]["include"]} == {"x86_64", "aarch64"}
    steps = jobs["draft"]["steps"]
    attested = next(n for n, step in enumerate(steps) if "attest" in step.get("uses", ""))
    drafted = next(n for n, step in enumerate(steps) if "gh release create" in step.get("run", ""))
    assert attested < drafted and "--draft" in steps[drafted]["run"]
    assert steps[attested]["with"]["subject-checksums"] == "release/SHA256SUMS"


def test_only_the_job_that_drafts_may_write():
    for name in ("ci.yml", "release.yml"):
        whole = workflow(name)
        assert whole["permissions"] == {"contents": "read"}
        for job_name, job in whole["jobs"].items():
            assert job_name == "draft" or "permissions" not in job
            assert job["timeout-minutes"]


def test_the_action_fetches_what_the_release_puts_there():
    fetch = (ROOT / "action/fetch").read_text()
    draft = workflow("release.yml")["jobs"]["draft"]["steps"]
    made_there = "".join(step.get("run", "") for step in draft)
    assert "SHA256SUMS" in fetch and "SHA256SUMS" in made_there
    for row in workflow("release.yml")["jobs"]["build"]["strategy"]["matrix"]["include"]:
        assert f"name=pipelatch-linux-{row['arch']} " in fetch

"""The network from outside: limits, deadlines, redirects, TLS names, private authorities, proxies."""

import datetime
import ipaddress
import queue
import socket
import ssl
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from harness import Server, run

TOKEN = "pt-0fh3SECRETfbG_35af"
ENV = {"YUNXIAO_ACCESS_TOKEN": TOKEN}
FAST = ["--min-interval", "50ms", "--max-interval", "100ms", "--output", "json", "--tolerate", "1s"]
TARGET = "yunxiao:org/123#7"
GOOD = {"pipelineId": 123, "pipelineRunId": 7, "status": "SUCCESS", "stages": [
    {"name": "Build", "stageInfo": {"name": "Build", "status": "SUCCESS", "jobs": [
        {"id": 1, "name": "Build", "status": "SUCCESS"}]}}]}


def good(request):
    return 200, {}, GOOD


def wait(url, *more, env=ENV):
    return run("wait", TARGET, "--server", url, *FAST, *more, env=env)


def test_a_redirect_to_another_server_is_not_followed():
    with Server(good) as other:
        with Server(lambda r: (302, {"location": other.url + "/x"}, "")) as server:
            result = wait(server.url)
        assert result.code == 65 and other.requests == [], result


def test_a_redirect_on_the_same_server_is_followed():
    def moved(request):
        if request.path.startswith("/new"):
            return good(request)
        return 307, {"location": "/new" + request.path}, ""

    with Server(moved) as server:
        assert wait(server.url).code == 0


def test_a_redirect_without_end_is_no_hang():
    with Server(lambda r: (302, {"location": r.path}, "")) as server:
        assert wait(server.url).code == 65


def test_an_answer_without_end_is_cut_off():
    def answer(request):
        request.send_response(200)
        request.send_header("content-type", "application/json")
        request.end_headers()
        try:
            for _ in range(200):
                request.wfile.write(b" " * (1 << 20))
        except OSError:
            pass
        request.close_connection = True
        raise ConnectionError

    with Server(answer) as server:
        result = wait(server.url)
    assert result.code == 65 and "32 MiB" in result.out, result


def test_a_body_that_drips_does_not_outlast_the_wait():
    def answer(request):
        request.send_response(200)
        request.send_header("content-length", "1000000")
        request.end_headers()
        try:
            for _ in range(300):
                request.wfile.write(b" ")
                request.wfile.flush()
                time.sleep(0.1)
        except OSError:
            pass
        raise ConnectionError

    with Server(answer) as server:
        result = wait(server.url, "--timeout", "2s", "--tolerate", "10s")
    assert result.code == 124 and result.seconds < 7, result


def test_an_unchanged_answer_is_asked_for_by_its_tag():
    looks = []

    def answer(request):
        looks.append(request.headers.get("if-none-match"))
        if len(looks) < 4:
            if request.headers.get("if-none-match") == '"a"':
                return 304, {"etag": '"a"'}, ""
            return 200, {"etag": '"a"'}, {**GOOD, "status": "RUNNING"}
        return 200, {"etag": '"b"'}, GOOD

    with Server(answer) as server:
        result = wait(server.url, "--no-history")
    assert result.code == 0 and looks[0] is None and set(looks[1:]) == {'"a"'}, result
    assert result.verdict["requests"]["not_modified"] == 2


def test_http_goes_only_to_this_machine():
    result = wait("http://ci.example.test")
    assert result.code == 64 and "--insecure-http" in result.err, result


def test_credentials_in_an_address_are_refused():
    result = wait("https://user:hunter2@ci.example.test")
    assert result.code == 64 and "hunter2" not in result.err, result


class Authority:
    def __init__(self, name="test authority"):
        self.key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self.sign(name, name, self.key.public_key(), [], authority=True)

    def sign(self, subject, issuer, key, names, authority=False):
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True))
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def context(self, folder, names):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")])
        leaf = self.sign(subject, self.certificate.subject, key.public_key(), names)
        (folder / "leaf.pem").write_bytes(
            leaf.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption()))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "leaf.pem")
        return context

    def file(self, folder):
        path = folder / "ca.pem"
        path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        return str(path)


def secure(folder, names):
    authority = Authority()
    server = Server(good)
    server.server.socket = authority.context(folder, names).wrap_socket(
        server.server.socket, server_side=True)
    return server, authority.file(folder), server.server.server_port


def test_a_private_authority_is_trusted_with_ca_file_and_not_without(tmp_path):
    server, ca, port = secure(tmp_path, [x509.DNSName("localhost")])
    with server:
        assert wait(f"https://localhost:{port}", "--ca-file", ca).code == 0
        assert wait(f"https://localhost:{port}", env={**ENV, "SSL_CERT_FILE": ca}).code == 0
        result = wait(f"https://localhost:{port}")
        assert result.code == 69 and "--ca-file" in result.out, result


def test_ca_file_adds_and_takes_nothing_away(tmp_path):
    server, ca, port = secure(tmp_path, [x509.DNSName("localhost")])
    (tmp_path / "other").mkdir()
    other = Authority("another authority").file(tmp_path / "other")
    with server:
        url = f"https://localhost:{port}"
        assert wait(url, "--ca-file", other, env={**ENV, "SSL_CERT_FILE": ca}).code == 0
        assert wait(url, "--ca-file", ca, env={**ENV, "SSL_CERT_FILE": other}).code == 0
        assert wait(url, "--ca-file", other).code == 69


def test_a_certificate_that_names_only_the_address_is_not_taken_for_a_host(tmp_path):
    server, ca, port = secure(tmp_path, [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    with server:
        result = wait(f"https://localhost:{port}", "--ca-file", ca)
        assert result.code == 69 and server.requests == [], result
        assert wait(f"https://127.0.0.1:{port}", "--ca-file", ca).code == 0


def test_a_certificate_for_another_name_is_refused(tmp_path):
    server, ca, port = secure(tmp_path, [x509.DNSName("other.example.test")])
    with server:
        result = wait(f"https://localhost:{port}", "--ca-file", ca)
        assert result.code == 69 and server.requests == [], result


def test_old_tls_is_refused(tmp_path):
    authority = Authority()
    context = authority.context(tmp_path, [x509.DNSName("localhost")])
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    server = Server(good)
    server.server.socket = context.wrap_socket(server.server.socket, server_side=True)
    with server:
        url = f"https://localhost:{server.server.server_port}"
        result = wait(url, "--ca-file", authority.file(tmp_path))
    assert result.code == 69 and server.requests == [], result


def test_a_server_is_told_that_its_connection_ends(tmp_path):
    authority, ends = Authority(), queue.Queue()
    context = authority.context(tmp_path, [x509.DNSName("localhost")])

    def serve(listener):
        client, _ = listener.accept()
        with context.wrap_socket(client, server_side=True, suppress_ragged_eofs=False) as stream:
            try:
                while stream.recv(1 << 16):
                    stream.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}")
                ends.put("told")
            except ssl.SSLEOFError:
                ends.put("cut")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=[listener], daemon=True).start()
        url = f"https://localhost:{listener.getsockname()[1]}"
        assert wait(url, "--ca-file", authority.file(tmp_path)).code == 66
    assert ends.get(timeout=10) == "told"


class Proxy:
    """Opens a tunnel to 127.0.0.1 whatever host is asked for, and writes down what was asked."""

    def __init__(self, port):
        self.asked, self.port = [], port
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.tunnel, args=(client,), daemon=True).start()

    def tunnel(self, client):
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(65536)
        self.asked.append(head.decode())
        upstream = socket.create_connection(("127.0.0.1", self.port))
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")

        def pump(source, sink):
            try:
                while data := source.recv(65536):
                    sink.sendall(data)
            except OSError:
                pass
            sink.close()

        threading.Thread(target=pump, args=(upstream, client), daemon=True).start()
        pump(client, upstream)


def test_a_proxy_is_used_for_https_and_gets_its_own_credentials_only(tmp_path):
    server, ca, port = secure(tmp_path, [x509.DNSName("ci.example.test")])
    with server:
        proxy = Proxy(port)
        login = proxy.url.replace("http://", "http://me:pass@")
        result = wait("https://ci.example.test", "--ca-file", ca, env={**ENV, "HTTPS_PROXY": login})
        assert result.code == 0, result
        assert proxy.asked[0].startswith("CONNECT ci.example.test:443")
        assert "Basic bWU6cGFzcw==" in proxy.asked[0] and TOKEN not in proxy.asked[0]


def test_no_proxy_names_hosts_that_are_reached_directly(tmp_path):
    server, ca, port = secure(tmp_path, [x509.DNSName("localhost")])
    with server:
        proxy = Proxy(port)
        env = {**ENV, "HTTPS_PROXY": proxy.url, "NO_PROXY": "other.test, localhost"}
        assert wait(f"https://localhost:{port}", "--ca-file", ca, env=env).code == 0
        assert proxy.asked == []


def test_a_proxy_that_is_not_there_is_named(tmp_path):
    result = wait("https://ci.example.test", env={**ENV, "HTTPS_PROXY": "http://127.0.0.1:1"})
    assert result.code == 69, result


def test_a_server_on_ipv6_is_reached():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    with Server(good, host="::1") as server:
        assert wait(server.url).code == 0

"""The door: TLS as openssl sees it, HTTP/1.1 and 2 as curl speaks them, connections that hold it open."""

import concurrent.futures
import pathlib
import re
import socket
import ssl
import subprocess
import time
from urllib.parse import urlsplit

import pytest
from harness import Home, Server, count

FREED_WITHIN = 15


@pytest.fixture(scope="module")
def tls():
    with Home() as home, Server(home, plain=False) as server:
        server.host, server.port = urlsplit(server.url).hostname, urlsplit(server.url).port
        server.certificate = str(home.data / "tls/certificate.pem")
        yield server


@pytest.fixture(scope="module")
def plain():
    with Home() as home:
        home.account("anna", "analyst")
        with Server(home) as server:
            server.host, server.port = urlsplit(server.url).hostname, urlsplit(server.url).port
            yield server


def run(*command, stdin=b"", timeout=20):
    done = subprocess.run(command, input=stdin, capture_output=True, timeout=timeout)
    return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")


def greet(server, *options):
    """What `openssl s_client` says of a handshake: protocol and cipher, or None if there was none."""
    _, said = run("openssl", "s_client", "-connect", f"{server.host}:{server.port}", *options)
    protocol, cipher = re.search(r"New, (\S+), Cipher is (\S+)", said).groups()
    return None if cipher == "(NONE)" else (protocol, cipher)


def curl(server, *options, path="/health"):
    return run("curl", "-sS", "-m", "20", *options, server.url + path)


def test_only_tls_1_2_and_1_3_are_spoken(tls):
    weak = ("-cipher", "ALL:@SECLEVEL=0")
    assert greet(tls, "-tls1", *weak) is None
    assert greet(tls, "-tls1_1", *weak) is None
    assert greet(tls, "-tls1_2")[0] == "TLSv1.2"
    assert greet(tls, "-tls1_3")[0] == "TLSv1.3"


def test_only_forward_secret_authenticated_ciphers_are_taken(tls):
    _, listed = run("openssl", "ciphers", "-s", "-tls1_2", "ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    ciphers = [name for name in listed.strip().split(":") if not name.startswith("TLS_")]
    assert len(ciphers) > 50
    with concurrent.futures.ThreadPoolExecutor(4) as several:
        answers = several.map(lambda name: greet(tls, "-tls1_2", "-cipher", f"{name}:@SECLEVEL=0"), ciphers)
        taken = {answer[1] for answer in answers if answer}
    assert taken == {"ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"}
    for suite in ("TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_8_SHA256"):
        assert greet(tls, "-tls1_3", "-ciphersuites", suite) is None
    for suite in ("TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"):
        assert greet(tls, "-tls1_3", "-ciphersuites", suite)[1] == suite


def test_the_self_signed_certificate_is_sane(tls):
    _, text = run("openssl", "x509", "-in", tls.certificate, "-noout", "-text")
    assert "Version: 3" in text and "ecdsa-with-SHA256" in text and "NIST CURVE: P-256" in text
    assert "DNS:localhost" in text and "IP Address:127.0.0.1" in text and "Digital Signature" in text
    assert "TLS Web Server Authentication" in text and "CA:TRUE" not in text and "Certificate Sign" not in text
    serial = re.search(r"Serial Number:\s*([0-9a-f:]+)", text)
    assert serial and len(serial[1].replace(":", "")) >= 16, "not guessable"
    for name in (["-verify_ip", "127.0.0.1"], ["-verify_hostname", "localhost"]):
        purpose = ["-purpose", "sslserver", *name]
        code, said = run("openssl", "verify", "-CAfile", tls.certificate, *purpose, tls.certificate)
        assert code == 0, said
    assert run("openssl", "verify", "-CAfile", tls.certificate, "-verify_hostname", "other.example", tls.certificate)[0]
    assert run("openssl", "x509", "-in", tls.certificate, "-noout", "-checkend", str(200 * 86_400))[0] == 0
    assert run("openssl", "x509", "-in", tls.certificate, "-noout", "-checkend", str(400 * 86_400))[0] == 1
    mode = lambda name: (tls.home.data / "tls" / name).stat().st_mode & 0o777  # noqa: E731
    assert mode("key.pem") == 0o600


def test_curl_trusts_it_only_where_it_is_named(tls):
    assert curl(tls, "--cacert", tls.certificate, "-o", "/dev/null", "-w", "%{http_code}") == (0, "200")
    assert curl(tls)[0] == 60


@pytest.mark.parametrize("version", ["1.1", "2"])
def test_http_1_1_and_2_answer_the_same(tls, version):
    code, said = curl(tls, "--cacert", tls.certificate, f"--http{version}", "-w", "\n%{http_version} %{http_code}")
    assert (code, said.rsplit("\n", 1)[1]) == (0, f"{version} 200")
    code, said = curl(tls, "--cacert", tls.certificate, f"--http{version}", "-I")
    assert code == 0 and "200" in said.splitlines()[0]


def test_what_is_offered_by_alpn_is_what_is_spoken(tls):
    _, said = run("openssl", "s_client", "-connect", f"{tls.host}:{tls.port}", "-alpn", "h2,http/1.1")
    assert "ALPN protocol: h2" in said
    _, said = run("openssl", "s_client", "-connect", f"{tls.host}:{tls.port}", "-alpn", "http/1.1")
    assert "ALPN protocol: http/1.1" in said
    _, said = run("openssl", "s_client", "-connect", f"{tls.host}:{tls.port}", "-alpn", "gopher")
    assert "no application protocol" in said, said


def test_plain_http_at_a_tls_port_is_turned_away(tls):
    code, said = run("curl", "-sS", "-m", "20", f"http://{tls.host}:{tls.port}/health")
    assert code != 0 or "400" in said
    assert tls.alive()


def test_plain_http_is_refused_where_others_listen_in():
    with Home() as home:
        ran = home.run("serve", "--plain", "--listen", "0.0.0.0:0", "--until-stdin-closes", timeout=20)
        assert ran.code == 2, ran.err
        assert "--plain-beyond-loopback" in ran.err
        with Server(home, "--listen", "0.0.0.0:0", "--plain-beyond-loopback") as server:
            assert server.url.startswith("http://")


def test_a_second_start_names_the_first(plain):
    ran = plain.home.run("serve", "--plain", "--listen", "127.0.0.1:0", "--until-stdin-closes", timeout=20)
    assert ran.code not in (0, 101)
    assert str(plain.process.pid) in ran.err, ran.err


def test_a_certificate_from_files_is_the_one_that_is_shown(tmp_path):
    key, certificate = str(tmp_path / "key.pem"), str(tmp_path / "cert.pem")
    made = run(
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
        "-subj", "/CN=made.example", "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE",
    )
    assert made[0] == 0, made
    with Home() as home:
        with Server(home, "--cert", certificate, "--key", key, plain=False) as server:
            assert curl(server, "--cacert", certificate)[0] == 0
        wrong = str(tmp_path / "other.pem")
        run("openssl", "genpkey", "-algorithm", "ed25519", "-out", wrong)
        for bad in (wrong, certificate, "/dev/null", str(tmp_path / "absent")):
            ran = home.run("serve", "--cert", certificate, "--key", bad, "--listen", "127.0.0.1:0", timeout=20)
            assert ran.code in (2, 6), (bad, ran.code, ran.err)
            assert ran.err.startswith("entente: "), ran.err


# --- connections that hold the door open ---


def dribble(sock, first, piece=b"x", until=None):
    """Sends `first`, then `piece` each second, until the other side hangs up; seconds that it took."""
    began = time.monotonic()
    sock.settimeout(1)
    try:
        sock.sendall(first)
        while time.monotonic() - began < FREED_WITHIN + 10:
            try:
                if not sock.recv(65536):
                    break
            except (TimeoutError, ssl.SSLWantReadError):
                if piece:
                    sock.sendall(piece)
    except OSError:
        pass
    finally:
        sock.close()
    return time.monotonic() - began


def tls_socket(server, alpn):
    context = ssl.create_default_context(cafile=server.certificate)
    context.set_alpn_protocols([alpn])
    return context.wrap_socket(socket.create_connection((server.host, server.port)), server_hostname="localhost")


HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(32)
HEAD = b"GET /health HTTP/1.1\r\nHost: x\r\n"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def post(server):
    """The beginning of a question by somebody who may; imports of one caller are few at a time."""
    head = f"POST /api/v1/look HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.home.token}\r\n"
    return head.encode() + b"Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n{"


def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


H2 = PREFACE + frame(4, 0, 0)
OPEN_HEADERS = frame(1, 0, 1, bytes.fromhex("828684"))
SLOW = {
    "nothing at all": lambda tls, plain: dribble(connected(plain), b"", b""),
    "nothing at all in TLS": lambda tls, plain: dribble(connected(tls), b"", b""),
    "a slow TLS hello": lambda tls, plain: dribble(connected(tls), HELLO[:20], b"\0"),
    "a slow head": lambda tls, plain: dribble(connected(plain), HEAD[:-2], b"x"),
    "endless headers": lambda tls, plain: dribble(connected(plain), HEAD, b"a: b\r\n"),
    "a slow head in TLS": lambda tls, plain: dribble(tls_socket(tls, "http/1.1"), HEAD[:-2], b"x"),
    "a slow body": lambda tls, plain: dribble(connected(plain), post(plain), b" "),
    "a stalled body": lambda tls, plain: dribble(connected(plain), post(plain), b""),
    "idle after an answer": lambda tls, plain: dribble(connected(plain), HEAD + b"\r\n", b""),
    "a slow HTTP/2 preface": lambda tls, plain: dribble(tls_socket(tls, "h2"), PREFACE[:3], b""),
    "HTTP/2 without a request": lambda tls, plain: dribble(tls_socket(tls, "h2"), H2, b""),
    "HTTP/2 with open headers": lambda tls, plain: dribble(tls_socket(tls, "h2"), H2 + OPEN_HEADERS, b""),
    "HTTP/2 with endless headers": lambda tls, plain: dribble(
        tls_socket(tls, "h2"), H2 + OPEN_HEADERS, frame(9, 0, 1, b"\x00\x01a\x01b")
    ),
    "HTTP/2 that only pings": lambda tls, plain: dribble(tls_socket(tls, "h2"), H2, frame(6, 0, 0, bytes(8))),
    "HTTP/2 with a slow frame": lambda tls, plain: dribble(tls_socket(tls, "h2"), H2 + frame(1, 4, 1, bytes(99))[:12], b"\x82"),
}


def connected(server):
    return socket.create_connection((server.host, server.port))


def test_slow_connections_are_freed_and_hold_nobody_up(tls, plain):
    each = count("ENTENTE_SLOW", 4, 60)
    asked = [(name, hold) for name, hold in SLOW.items() for _ in range(each)]
    with concurrent.futures.ThreadPoolExecutor(len(asked) + 2) as several:
        held = [(name, several.submit(hold, tls, plain)) for name, hold in asked]
        waits, began = [], time.monotonic()
        while time.monotonic() - began < FREED_WITHIN - 3:
            before = time.monotonic()
            assert curl(plain, "-o", "/dev/null", "-w", "%{http_code}") == (0, "200")
            waits.append(time.monotonic() - before)
            time.sleep(0.3)
        took = {}
        for name, future in held:
            took[name] = max(took.get(name, 0), future.result())
    quick = {name: round(seconds, 1) for name, seconds in took.items() if seconds <= 5}
    assert not quick, f"each holds on for a while: {quick}"
    late = {name: round(seconds, 1) for name, seconds in took.items() if seconds > FREED_WITHIN}
    assert not late, late
    assert sorted(waits)[len(waits) * 9 // 10] < 1, waits
    print({name: round(seconds, 1) for name, seconds in took.items()})


def test_who_takes_nothing_of_an_answer_is_let_go(plain):
    held = lambda: len(list(pathlib.Path(f"/proc/{plain.process.pid}/fd").iterdir()))  # noqa: E731
    before, socks, began = held(), [], time.monotonic()
    for _ in range(count("ENTENTE_SLOW", 4, 60)):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.connect((plain.host, plain.port))
        sock.sendall(b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 60)
        socks.append(sock)
    time.sleep(1)
    assert held() >= before + len(socks), "they are served"
    while held() > before and time.monotonic() - began < FREED_WITHIN + 5:
        time.sleep(0.2)
    took = time.monotonic() - began
    for sock in socks:
        sock.close()
    assert took < FREED_WITHIN, took

"""Client certificates as OpenSSL presents them: sound ones are wrappers of keys, all others end the handshake."""

import datetime
import ipaddress
import socket
import ssl
import subprocess
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, ed448, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier
from harness import Home, Server

NOW = datetime.datetime.now(datetime.timezone.utc)
DAY = datetime.timedelta(days=1)
CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def usage(**on):
    of = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
          "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{each: on.get(each, False) for each in of})


def made(key=None, start=-1, end=30, signer=None, issuer="someone", eku=(CLIENT,), uses=None, more=(), digest=hashes.SHA256()):
    """A certificate for `someone`, and its key."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder().subject_name(name("someone")).issuer_name(name(issuer))
        .public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(NOW + start * DAY).not_valid_after(NOW + end * DAY)
    )
    if eku:
        builder = builder.add_extension(x509.ExtendedKeyUsage(eku), False)
    if uses:
        builder = builder.add_extension(usage(**uses), True)
    for extension, critical in more:
        builder = builder.add_extension(extension, critical)
    with_key = signer or key
    plain = isinstance(with_key, (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey))
    return builder.sign(with_key, None if plain else digest), key


def rsa_key(bits):
    return rsa.generate_private_key(65537, bits)


OTHER = ec.generate_private_key(ec.SECP256R1())
AUTHORITY = made(OTHER, eku=(), more=[(x509.BasicConstraints(True, None), True)])
UNKNOWN = x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")
MANY_NAMES = x509.SubjectAlternativeName([x509.DNSName(f"name-{nth}.made-up.example") for nth in range(900)])

SOUND = {
    "P-256": lambda: made(),
    "P-384": lambda: made(ec.generate_private_key(ec.SECP384R1()), digest=hashes.SHA384()),
    "RSA of 2048 bits": lambda: made(rsa_key(2048)),
    "Ed25519": lambda: made(ed25519.Ed25519PrivateKey.generate()),
    "for both sides": lambda: made(eku=(CLIENT, SERVER), uses={"digital_signature": True}),
    "without a purpose": lambda: made(eku=()),
    "unknown extension, not critical": lambda: made(more=[(UNKNOWN, False)]),
    "with an address": lambda: made(more=[(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("::1"))]), False)]),
}
UNSOUND = {
    "run out": lambda: made(start=-30, end=-1),
    "run out ten years ago": lambda: made(start=-4000, end=-3650),
    "not yet": lambda: made(start=1),
    "not for ten years": lambda: made(start=3650, end=4000),
    "for servers": lambda: made(eku=(SERVER,)),
    "for signing code": lambda: made(eku=(ExtendedKeyUsageOID.CODE_SIGNING,)),
    "key that may not sign": lambda: made(uses={"key_encipherment": True}),
    "RSA of 1024 bits": lambda: made(rsa_key(1024)),
    "unknown critical extension": lambda: made(more=[(UNKNOWN, True)]),
    "signed by another key than it says": lambda: made(signer=OTHER),
    "by nobody known": lambda: made(signer=OTHER, issuer="an authority"),
    "an authority": lambda: AUTHORITY,
    "too long": lambda: made(more=[(MANY_NAMES, False)]),
    "narrowed names": lambda: made(more=[(x509.NameConstraints([x509.DNSName("x.example")], None), True)]),
}
# Kinds that the server does not ask for: OpenSSL then shows no certificate at all, and comes in as anyone.
UNASKED = {
    "P-224": lambda: made(ec.generate_private_key(ec.SECP224R1())),
    "secp256k1": lambda: made(ec.generate_private_key(ec.SECP256K1())),
    "brainpool": lambda: made(ec.generate_private_key(ec.BrainpoolP256R1())),
    "DSA": lambda: made(dsa.generate_private_key(2048)),
    "Ed448": lambda: made(ed448.Ed448PrivateKey.generate()),
}


@pytest.fixture(scope="module")
def world():
    with Home() as home, Server(home, plain=False) as server:
        yield server


def written(certificate, key, folder):
    file = folder / "client.pem"
    file.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return file


def reached(server, certificate, key, folder, tls):
    """Whether a request is answered to who shows this certificate."""
    file = written(certificate, key, folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(server.home.data / "tls/certificate.pem")
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = tls
    context.load_cert_chain(file)
    place = urlsplit(server.url)
    try:
        with socket.create_connection((place.hostname, place.port), 20) as plain:
            with context.wrap_socket(plain, server_hostname="localhost") as sock:
                sock.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                return sock.recv(4096).startswith(b"HTTP/1.1 200")
    except (ssl.SSLError, ConnectionError):
        return False


@pytest.mark.parametrize("tls", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
@pytest.mark.parametrize("kind", SOUND)
def test_sound_certificates_come_in(world, kind, tls, tmp_path):
    assert reached(world, *SOUND[kind](), tmp_path, tls)


@pytest.mark.parametrize("tls", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
@pytest.mark.parametrize("kind", UNSOUND)
def test_unsound_certificates_do_not(world, kind, tls, tmp_path):
    assert not reached(world, *UNSOUND[kind](), tmp_path, tls)
    assert world.alive()


@pytest.mark.parametrize("tls", ["1.2", "1.3"])
@pytest.mark.parametrize("kind", UNASKED)
def test_weak_kinds_are_not_asked_for(world, kind, tls, tmp_path):
    file = written(*UNASKED[kind](), tmp_path)
    place = urlsplit(world.url)
    command = ["openssl", "s_client", "-connect", f"{place.hostname}:{place.port}", "-cert", file, "-key", file, "-msg",
               "-tls" + tls.replace(".", "_"), "-cipher", "ALL:@SECLEVEL=0"]
    said = subprocess.run(command, input=b"", capture_output=True, timeout=20)
    said = (said.stdout + said.stderr).decode("utf-8", "replace")
    empty = {"1.2": ">>> TLS 1.2, Handshake [length 0007], Certificate", "1.3": ">>> TLS 1.3, Handshake [length 0008], Certificate"}
    assert empty[tls] in said or "alert" in said, said[-2000:]


def test_certificates_of_a_named_authority_come_in_too(tmp_path):
    key, authority = ec.generate_private_key(ec.SECP256R1()), tmp_path / "authority.pem"
    root = (
        x509.CertificateBuilder().subject_name(name("an authority")).issuer_name(name("an authority"))
        .public_key(key.public_key()).serial_number(7).not_valid_before(NOW - DAY).not_valid_after(NOW + DAY)
        .add_extension(x509.BasicConstraints(True, None), True).add_extension(usage(key_cert_sign=True), True)
        .sign(key, hashes.SHA256())
    )
    authority.write_bytes(root.public_bytes(serialization.Encoding.PEM))
    with Home() as home, Server(home, "--client-ca", authority, plain=False) as server:
        assert reached(server, *made(signer=key, issuer="an authority"), tmp_path, ssl.TLSVersion.TLSv1_3)
        assert reached(server, *made(), tmp_path, ssl.TLSVersion.TLSv1_3), "a key of its own comes in still"
        for bad in (
            made(signer=OTHER, issuer="an authority"), made(signer=key, issuer="another authority"),
            made(signer=key, issuer="an authority", start=-9, end=-1),
            made(signer=key, issuer="an authority", eku=(SERVER,)),
        ):
            assert not reached(server, *bad, tmp_path, ssl.TLSVersion.TLSv1_3)

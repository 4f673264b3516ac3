"""Hostile bodies: bombs, a gigabyte, wrong media types, malformed envelopes.

The right answer, bounded memory, nothing half stored.
"""

import gzip
import json
import socket
import threading
import time
import zlib
from urllib.parse import urlsplit

import pytest
import requests
import zstandard
from harness import Home, Server, indicator
from made import medallion_data
from mangled import is_error

MEDIA = "application/taxii+json;version=2.1"
GROWTH_MAX = 150  # MiB of resident memory that a request may cost


@pytest.fixture(scope="module")
def world():
    with Home() as home:
        home.found("Alpha")
        data = medallion_data()
        data["first"]["collections"] = [{**data["first"]["collections"][4], "title": "Box"}]
        home.ok("taxii", "takeover", home.file("data.json", json.dumps(data)))
        home.account("anna", "analyst")
        with Server(home) as server:
            server.objects = f"{server.url}/taxii2/first/collections/{data['first']['collections'][0]['id']}/objects/"
            server.headers = {"Accept": MEDIA, "Content-Type": MEDIA, "Authorization": f"Bearer {home.token}"}
            yield server


def post(world, body, **headers):
    merged = {key: value for key, value in {**world.headers, **headers}.items() if value is not None}
    return requests.post(world.objects, data=body, headers=merged, timeout=60)


def held(world):
    """Ids in the collection."""
    ids, asked = [], {"match[version]": "all", "limit": "1000"}
    while True:
        page = requests.get(world.objects, asked, headers=world.headers, timeout=30).json()
        ids += [thing["id"] for thing in page.get("objects", [])]
        if not page.get("more"):
            return ids
        asked["next"] = page["next"]


def bomb(kind, size):
    """Well-formed JSON of `size` bytes, squeezed."""
    if kind == "gzip":
        squeezer = zlib.compressobj(9, wbits=31)
    elif kind == "deflate":
        squeezer = zlib.compressobj(9)
    else:
        squeezer = zstandard.ZstdCompressor(level=3).compressobj()
    out, chunk = [squeezer.compress(b'{"objects":[{"type":"')], b"a" * (1 << 20)
    for _ in range(size >> 20):
        out.append(squeezer.compress(chunk))
    return b"".join(out + [squeezer.compress(b'"}]}'), squeezer.flush()])


@pytest.mark.parametrize("kind", ["gzip", "deflate", "zstd"])
@pytest.mark.parametrize("known", [False, True], ids=["before login", "after login"])
def test_bombs_are_not_inflated(world, kind, known):
    squeezed = bomb(kind, 512 << 20)
    assert len(squeezed) < 1 << 20
    before, began = world.memory("VmHWM"), time.monotonic()
    answer = post(world, squeezed, **{"Content-Encoding": kind}, **({} if known else {"Authorization": None}))
    assert answer.status_code == (413 if known else 401), answer.text
    assert is_error(answer)
    assert world.memory("VmHWM") - before < GROWTH_MAX
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("kind", ["gzip", "deflate", "zstd"])
def test_squeezed_bodies_are_read(world, kind):
    first = {"gzip": 100, "deflate": 200, "zstd": 300}[kind]
    plain = json.dumps({"objects": [indicator(nth) for nth in range(first, first + 10)]}).encode()
    squeezed = {"gzip": gzip.compress, "deflate": zlib.compress, "zstd": zstandard.compress}[kind](plain)
    answer = post(world, squeezed, **{"Content-Encoding": kind})
    assert answer.status_code == 202 and answer.json()["success_count"] == 10, answer.text
    answer = post(world, squeezed[: len(squeezed) // 2], **{"Content-Encoding": kind})
    assert answer.status_code == 400 and is_error(answer), answer.text


@pytest.mark.parametrize("how", ["length", "chunks"])
@pytest.mark.parametrize("known", [False, True], ids=["before login", "after login"])
def test_a_gigabyte_is_refused_early(world, how, known):
    place, size = urlsplit(world.objects), 1 << 30
    head = f"POST {place.path} HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Type: {MEDIA}\r\nAccept: {MEDIA}\r\n"
    if known:
        head += f"Authorization: {world.headers['Authorization']}\r\n"
    head += f"Content-Length: {size}\r\n\r\n" if how == "length" else "Transfer-Encoding: chunked\r\n\r\n"
    before, sent, piece = world.memory("VmHWM"), 0, b" " * (1 << 16)
    framed = piece if how == "length" else b"10000\r\n" + piece + b"\r\n"
    answer = []
    with socket.create_connection((place.hostname, place.port)) as sock:
        sock.settimeout(30)

        def read():
            try:
                answer.append(sock.recv(65536))
            except OSError:
                pass

        reader = threading.Thread(target=read)
        sock.sendall(head.encode())
        reader.start()
        try:
            while sent < size and not answer:
                sock.sendall(framed)
                sent += len(piece)
        except OSError:
            pass
        reader.join(30)
    assert answer and answer[0].startswith(b"HTTP/1.1 " + (b"413" if known else b"401")), answer[:1]
    assert sent < 64 << 20, sent
    assert world.memory("VmHWM") - before < GROWTH_MAX


@pytest.mark.parametrize(
    "media, status",
    [
        (None, 415), ("", 415), ("application/json", 415), ("text/plain", 415), ("application/taxii+json;version=2.0", 415),
        ("application/vnd.oasis.stix+json", 415), ("application/stix+json;version=2.1", 415), ("x", 415),
        ("application/taxii+json", 202), (MEDIA, 202), ("application/taxii+json; version=2.1", 202),
        ("APPLICATION/TAXII+JSON;version=2.1", 202), ('application/taxii+json;version="2.1"', 202),
    ],
)
def test_media_types_of_bodies(world, media, status):
    answer = post(world, json.dumps({"objects": [indicator(1)]}), **{"Content-Type": media})
    assert answer.status_code == status, answer.text
    assert answer.status_code == 202 or is_error(answer)


@pytest.mark.parametrize(
    "media, status",
    [
        ("application/json", 406), ("text/html", 406), ("application/taxii+json;version=2.0", 406), ("image/*", 406),
        ("application/vnd.oasis.taxii+json", 406), (MEDIA + ";q=0", 406), ("application/taxii+json", 200),
        ("application/*", 200), ("*/*", 200), (None, 200), ("text/html, application/taxii+json; version=2.1;q=0.1", 200),
        (MEDIA, 200),
    ],
)
def test_media_types_that_are_accepted(world, media, status):
    headers = {**world.headers, "Accept": media}
    for url in (world.objects, world.objects.split("first")[0], world.objects.replace("objects/", "manifest/")):
        answer = requests.get(url, headers=headers, timeout=20)
        assert answer.status_code == status, (url, media, answer.text)
        assert answer.headers["Content-Type"].replace(" ", "") == MEDIA or (status == 406 and is_error(answer))


GOOD = json.dumps({"objects": [indicator(7001), indicator(7002)]})


@pytest.mark.parametrize(
    "body, says",
    [
        (GOOD[:-1], "650"), (GOOD.replace('"type": "indicator"', '"type": indicator', 1), "/objects/0/type"),
        (GOOD.replace("}, {", "} {"), "/objects"), (GOOD + "x", ""), ("", ""), ("[]", ""), ("null", ""), ("7", ""),
        ('{"objects":{}}', "/objects"), ('{"objects":[1]}', "/objects/0"), ('{"objects":[[]]}', "/objects/0"),
        ('{"objects":[{"type":"indicator","id":7}]}', "/objects/0/id"), ('{"objects":"x"}', "/objects"),
        (GOOD.replace("indicator--", "indicator\\ud800--", 1), "/objects/0/id"),
        (GOOD.replace('"Number 7001"', '"\\u0000\\ud800"'), "/objects/0/name"),
        (GOOD.replace('"name"', '"id"', 1), "/objects/0"), ("{" * 5000, ""), ("[" * 200_000, ""),
        ('{"objects":' + "[" * 100_000, "/objects"),
        ('{"objects":[{"type":"x","id":"x","a":' + "9" * 100_000 + "}]}", "/objects/0"),
    ],
)
def test_malformed_json_is_told_with_its_place(world, body, says):
    before = held(world)
    answer = post(world, body.encode("utf-8", "surrogatepass"))
    assert answer.status_code in (202, 400, 422), answer.text
    if answer.status_code == 202:
        assert answer.json()["failure_count"] > 0 and answer.json()["success_count"] < 2, answer.text
        assert all(one["message"] for one in answer.json()["failures"])
    else:
        assert is_error(answer)
        assert says in json.dumps(answer.json()), answer.text
        assert held(world) == before, "refused whole: nothing of it is stored"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "TRACE", "BREW", "DELETE"])
def test_other_methods_are_refused(world, method):
    answer = requests.request(method, world.objects, headers=world.headers, timeout=20)
    assert answer.status_code == 405 and "GET" in answer.headers["Allow"] and is_error(answer), answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/taxii2/absent/", "/taxii2/first/collections/absent/", "/taxii2/%2e%2e/first/", "/taxii2/../etc/passwd",
        "/taxii2/first/collections/00000000-0000-0000-0000-000000000000/objects/", "/taxii2/first//", "/absent",
        "/taxii2/first/status/00000000-0000-0000-0000-000000000000/", "/taxii2/first/collections/%00/", "/api/v1/absent",
        "/taxii2/first/collections/%ff%fe/", "/taxii2/" + "x" * 5000 + "/", "/tiles/absent/checkpoint", "/problems/absent",
    ],
)
def test_what_is_not_there_is_not_found(world, path):
    request = requests.Request("GET", world.url, headers=world.headers).prepare()
    request.url = world.url + path
    answer = requests.Session().send(request, timeout=20)
    assert answer.status_code in (404, 400), (path, answer.status_code, answer.text)
    assert is_error(answer)

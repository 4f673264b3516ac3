"""Thousands of malformed envelopes, bundles and messages against a running server, by seed.

The right status and a problem document, never a 5xx; bounded memory; exactly what was acknowledged is stored, and the
store is sound afterwards.
"""

import http.server
import json
import random
import re
import threading

import pytest
import requests
import zstandard
from harness import Home, Server, agreed, count, indicator
from made import medallion_data
from mangled import Mangler, is_error

MEDIA = "application/taxii+json;version=2.1"
GROWTH_MAX = 150  # MiB of resident memory that a campaign may cost


class Campaign:
    """Sends, counts statuses, and holds what was promised against what is there."""

    def __init__(self, server, allowed):
        self.server, self.allowed, self.statuses = server, allowed, {}
        self.session, self.before = requests.Session(), server.memory()

    def send(self, url, body, headers):
        answer = self.session.post(url, data=body, headers=headers, timeout=30)
        status = answer.status_code
        self.statuses[status] = self.statuses.get(status, 0) + 1
        assert status in self.allowed, (body, answer.text)
        assert status < 300 or is_error(answer), (body, answer.text)
        return answer

    def end(self):
        assert self.server.alive() and self.server.memory() - self.before < GROWTH_MAX
        print(self.statuses)


def held(url, headers):
    """Ids in a collection."""
    ids, asked = [], {"match[version]": "all", "limit": "1000"}
    while True:
        page = requests.get(url, asked, headers=headers, timeout=30).json()
        ids += [thing["id"] for thing in page.get("objects", [])]
        if not page.get("more"):
            return ids
        asked["next"] = page["next"]


def taxii_headers(token):
    return {"Accept": MEDIA, "Content-Type": MEDIA, "Authorization": f"Bearer {token}"}


def envelopes(server, url, token, tried, seed):
    headers = taxii_headers(token)
    mangler, stored = Mangler(seed), set(held(url, headers))
    campaign = Campaign(server, (202, 400, 413, 422))
    for nth in range(tried):
        answer = campaign.send(url, mangler.make(nth), headers)
        if answer.status_code == 202:
            status = answer.json()
            assert status["success_count"] + status["failure_count"] == status["total_count"], status
            assert len(status.get("failures", [])) == status["failure_count"], status
            stored |= {one["id"] for one in status.get("successes", [])}
    assert campaign.statuses.get(400, 0) > tried / 10 and campaign.statuses.get(202, 0) > tried / 10
    campaign.end()
    return stored


def test_envelopes_for_a_collection():
    with Home() as home:
        home.found("Alpha")
        data = medallion_data()
        data["first"]["collections"] = [{**data["first"]["collections"][4], "title": "Box"}]
        home.ok("taxii", "takeover", home.file("data.json", json.dumps(data)))
        home.account("anna", "analyst")
        with Server(home) as server:
            url = f"{server.url}/taxii2/first/collections/{data['first']['collections'][0]['id']}/objects/"
            stored = envelopes(server, url, home.token, count("ENTENTE_ENVELOPES", 300, 10_000), 5)
            assert set(held(url, taxii_headers(home.token))) == stored, "exactly what was acknowledged is there"
        home.ok("check")


@pytest.fixture(scope="module")
def parties():
    homes = agreed("Alpha", "Beta")
    alpha, beta = homes
    alpha.account("beta-tools", "taxii-client", party=beta.party)
    yield homes
    for home in homes:
        home.close()


def test_envelopes_for_a_contribution_box(parties):
    """What is told is there, unless the agreement parks it; what is not told is not."""
    alpha, _ = parties
    with Server(alpha) as server:
        headers = taxii_headers(alpha.token)
        found = requests.get(f"{server.url}/taxii2/pact/collections/", headers=headers, timeout=20).json()["collections"]
        [box] = [one["id"] for one in found if one["can_write"]]
        url = f"{server.url}/taxii2/pact/collections/{box}/objects/"
        stored = envelopes(server, url, alpha.token, count("ENTENTE_ENVELOPES", 300, 10_000), 6)
        assert set(held(url, headers)) == stored, "exactly what was acknowledged is there"
    alpha.ok("check")


def test_bundles_for_import():
    tried, chance = count("ENTENTE_ENVELOPES", 300, 10_000), random.Random(7)
    with Home() as home:
        home.found("Alpha")
        home.account("anna", "analyst")
        with Server(home) as server:
            headers = {"Authorization": f"Bearer {home.token}", "Content-Type": "application/stix+json"}
            campaign, mangler, new, refused = Campaign(server, (200, 400, 413, 422)), Mangler(7), 0, 0
            for nth in range(tried):
                body = mangler.make(nth)
                if chance.random() < 0.5:
                    body = body.replace(b'{"objects"', b'{"type": "bundle", "id": "bundle--1", "objects"', 1)
                strict = chance.choice(["", "&strict=true", "&as=stix"])
                answer = campaign.send(f"{server.url}/api/v1/import?source=hostile{strict}", body, headers)
                if answer.status_code == 200:
                    # An import takes what is good, and says of the rest what is wrong and where.
                    said = answer.json()
                    account = said["account"]
                    assert account["stored"] + account["known"] + account["refused"] == account["in"], answer.text
                    assert len(said["refused"]) == account["refused"], answer.text
                    assert all(one["reason"] and one["outcome"] == "refused" for one in said["refused"]), answer.text
                    new, refused = new + account["stored"] - account["versions"], refused + account["refused"]
                elif came := re.search(r"of which (\d+) were stored and stay", answer.json()["detail"]):
                    new += int(came[1])
            assert refused > tried / 10
            campaign.end()
        home.ok("check")
        bundle = json.loads(home.ok("export", "stix", "-q").out)
        ids = [thing["id"] for thing in bundle.get("objects", [])]
        assert len(ids) == len(set(ids)) == new + 1, "what was acknowledged, and the party's own identity"


class Listening(http.server.BaseHTTPRequestHandler):
    """Hands what a peer asks on to the server, and keeps it."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.server.heard.append((self.path, body))
        headers = {key: value for key, value in self.headers.items() if key.lower() not in ("host", "connection")}
        answer = requests.post(self.server.to + self.path, data=body, headers=headers, timeout=30)
        self.send_response(answer.status_code)
        self.send_header("Content-Type", answer.headers["Content-Type"])
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, *_):
        pass


def conversation(alpha, beta):
    """What Beta asks of Alpha when both have something to tell, as bodies."""
    beta.import_objects([indicator(nth) for nth in range(900_000, 900_020)])
    beta.ok("release", "--all")
    with Server(alpha) as server, http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listening) as proxy:
        proxy.heard, proxy.to = [], server.url
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        token = beta.file("token", alpha.token + "\n")
        beta.ok("peer", "add", f"http://127.0.0.1:{proxy.server_port}", "--party", "Alpha", "--token-file", token)
        beta.ok("peer", "sync", "Alpha")
        proxy.shutdown()
        return [body for path, body in proxy.heard if path == "/peer/v1/ask"]


def mangled(chance, message):
    """A message with something wrong: in its head, in its frame, or in what the frame holds."""
    head, frame = bytearray(message[:8]), bytearray(message[8:])
    where = chance.randrange(8)
    if where == 0:
        head[chance.randrange(8)] ^= 1 << chance.randrange(8)
    elif where == 1:
        frame[chance.randrange(len(frame))] ^= 1 << chance.randrange(8)
    elif where == 2:
        del frame[chance.randrange(len(frame)) :]
    else:
        body = bytearray(zstandard.ZstdDecompressor().decompress(bytes(frame), max_output_size=1 << 24))
        for _ in range(chance.randrange(1, 4)):
            at, how = chance.randrange(len(body) + 1), chance.randrange(4)
            if how == 0 and at < len(body):
                body[at] ^= 1 << chance.randrange(8)
            elif how == 1:
                del body[at : at + chance.randrange(1, 9)]
            elif how == 2:
                body[at:at] = chance.choice([b"\xff" * 10, b"\x80" * 9 + b"\x01", b"\0", chance.randbytes(7), bytes(body[:40])])
            else:
                del body[at:]
        frame = zstandard.ZstdCompressor(write_checksum=True).compress(bytes(body))
    return bytes(head + frame)


def test_messages_of_a_peer(parties):
    """Asked as a party that may: answered, in the form of the exchange, or refused; and nothing of it is kept."""
    alpha, beta = parties
    asked, tried, chance = conversation(alpha, beta), count("ENTENTE_ENVELOPES", 300, 10_000), random.Random(8)
    assert len(asked) > 1
    before, statuses = state(alpha), {}
    headers = {"Authorization": f"Bearer {alpha.token}", "Content-Type": "application/vnd.entente.exchange"}
    # A party may ask 1,200 questions at once; a server that was started anew has not counted any.
    for first in range(0, tried, 1000):
        with Server(alpha) as server:
            campaign = Campaign(server, (200, 400, 413, 422))
            for _ in range(first, min(first + 1000, tried)):
                answer = campaign.send(f"{server.url}/peer/v1/ask", mangled(chance, chance.choice(asked)), headers)
                assert answer.status_code != 200 or answer.content.startswith(b"entente"), answer.content
            campaign.end()
            statuses = campaign.statuses
    assert state(alpha) == before and statuses
    alpha.ok("check")


def state(home):
    """What a node holds and has agreed on."""
    objects = json.loads(home.ok("export", "stix", "-q").out)["objects"]
    return objects, *(home.ok(command, "list", "--json").out for command in ("party", "agreement"))

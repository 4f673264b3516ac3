"""Material that is wrong somewhere, by seed, and what the answer to it has to look like."""

import json
import random

from harness import indicator


def is_error(answer):
    """A TAXII error object or a problem document that repeats its status."""
    said = answer.json()
    kind = answer.headers["Content-Type"].split(";")[0]
    if kind == "application/problem+json":
        return said["status"] == answer.status_code and bool(said["title"]) and bool(said["detail"])
    assert kind == "application/taxii+json", kind
    return said["http_status"] == str(answer.status_code) and bool(said["title"])


class Mangler:
    """Envelopes that are wrong somewhere, by seed."""

    VALUES = [None, True, 0, -1, 1e308, "", "x", "\u0000", "\U0001f98a" * 50, [], {}, [[]], {"a": {}}, "indicator--x",
              "2026-13-40T99:99:99Z", "9999-12-31T23:59:60Z", "[" * 99, 2**70, "indicator--" + "0" * 300]
    PIECES = [b"{", b"}", b"[", b'"', b"\\", b",", b"\xff\xfe", b"\0", b'"a":', b"1e999"]

    def __init__(self, seed):
        self.chance = random.Random(seed)

    def make(self, seed):
        chance = self.chance
        things = [indicator(100_000 + seed * 4 + nth) for nth in range(chance.randrange(1, 4))]
        for _ in range(chance.randrange(1, 4)):
            self.spoil(things)
        envelope = {"objects": things}
        if chance.random() < 0.1:
            envelope = chance.choice([things, {"object": things}, {"objects": things, "more": 7}, {"objects": [envelope]}])
        data = bytearray(json.dumps(envelope, ensure_ascii=chance.random() < 0.5).encode())
        if chance.random() < 0.5:
            for _ in range(chance.randrange(1, 4)):
                self.scratch(data)
        return bytes(data)

    def spoil(self, things):
        chance = self.chance
        at = chance.randrange(len(things))
        thing, how = things[at], chance.randrange(4)
        if how == 3 or not isinstance(thing, dict) or not thing:
            things[at] = chance.choice(self.VALUES)
            return
        key = chance.choice(list(thing))
        if how == 0:
            del thing[key]
        elif how == 1:
            thing[key] = chance.choice(self.VALUES)
        else:
            thing[str(chance.choice(self.VALUES))] = thing.pop(key)

    def scratch(self, data):
        chance = self.chance
        at, how = chance.randrange(len(data)), chance.randrange(4)
        if how == 0:
            data[at] ^= 1 << chance.randrange(8)
        elif how == 1 and len(data) > 20:
            del data[at : at + chance.randrange(1, 9)]
        elif how == 2:
            data[at:at] = chance.choice(self.PIECES)
        else:
            del data[max(1, at) :]

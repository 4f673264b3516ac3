"""Verifies published release logs and proofs: a second implementation, so that ours is not its own judge.

Written from docs/formats/release-log.md and the C2SP texts it stands on (tlog-tiles, tlog-checkpoint, signed-note,
tlog-cosignature, tlog-proof), not from the Rust code. Begin at `verify_folder` and `verify_proof`.

    verify_log.py --key VKEY... [--quorum N] [--earlier CHECKPOINT] PATH...      a log's folder, or a .tlog-proof file
"""

import argparse
import base64
import hashlib
import json
import pathlib
import re
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ED25519, COSIGNATURE = 1, 4
PRIME = 2**255 - 19
ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
SMALL_ORDER = {0, 1, PRIME - 1, ORDER_8, PRIME - ORDER_8}  # the y of the points whose order divides 8


class Bad(Exception):
    """The log or proof is not good; says why."""


def need(holds, why):
    if not holds:
        raise Bad(why)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def unbase64(text):
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Bad(f"not base64: {error}") from error
    need(base64.b64encode(data).decode() == text, "stray bits in base64")
    return data


def decimal(text):
    need(re.fullmatch("0|[1-9][0-9]{0,18}", text, re.ASCII) and int(text) < 2**63, f"not a decimal: {text!r}")
    return int(text)


def leaf(entry):
    return sha256(b"\0", entry)


def node(left, right):
    return sha256(b"\1", left, right)


def root(hashes):
    """Merkle tree hash over leaf hashes (RFC 6962 §2.1)."""
    if len(hashes) < 2:
        return hashes[0] if hashes else sha256()
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return node(root(hashes[:split]), root(hashes[split:]))


class Key:
    """A public key as `<name>+<key id>+<base64(type || key)>`."""

    def __init__(self, vkey):
        self.name, key_id, data = vkey.split("+", 2)
        data = unbase64(data)
        self.kind, self.key = data[0], data[1:]
        self.id = sha256(self.name.encode(), b"\n", data)[:4]
        need(self.name and not re.search(r"[\s+]", self.name), "bad name of a key")
        need(self.id.hex() == key_id, "the key's id is not that of its name and key")
        need(self.kind not in (ED25519, COSIGNATURE) or len(self.key) == 32, "bad length of a key")

    def as_cosigner(self):
        data = base64.b64encode(bytes([COSIGNATURE]) + self.key).decode()
        key_id = sha256(self.name.encode(), b"\n", bytes([COSIGNATURE]), self.key)[:4].hex()
        return Key(f"{self.name}+{key_id}+{data}")

    def verify(self, text, signature):
        if self.kind == COSIGNATURE:
            need(len(signature) == 72, "bad length of a cosignature")
            time, signature = int.from_bytes(signature[:8], "big"), signature[8:]
            need(time < 2**63, "a cosignature's time is beyond 2^63")
            text = b"cosignature/v1\ntime %d\n" % time + text
        else:
            need(self.kind == ED25519, "a kind of key that is never taken for good")
            need(not text.startswith(b"cosignature/v1"), "a log's key signs no cosignature")
        for point in (self.key, signature[:32]):
            y = int.from_bytes(point, "little") & (2**255 - 1)
            need(y % PRIME not in SMALL_ORDER, "a point of small order")
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(signature, text)
        except (InvalidSignature, ValueError) as error:
            raise Bad(f"bad signature by {self.name}") from error


def open_note(note, keys):
    """The text of a signed note, and the keys that signed it; lines by unknown keys are passed over."""
    try:
        lines = note.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise Bad("not UTF-8") from error
    need(not any(byte < 0x20 and byte != 0x0A for byte in note), "a control character")
    need(lines[-1] == "" and "" in lines[:-1], "no signatures, or no newline at the end")
    border = len(lines) - 2 - lines[-2::-1].index("")
    text, signed = "\n".join(lines[:border] + [""]), set()
    need(text != "\n" and lines[border + 1 : -1], "no text, or no signature")
    for line in lines[border + 1 : -1]:
        form = re.fullmatch(r"— ([^\s+]+) (\S+)", line)
        need(form, f"not a signature line: {line!r}")
        data = unbase64(form[2])
        need(len(data) > 4, "a signature without bytes")
        for key in keys:
            if (key.name, key.id) == (form[1], data[:4]):
                key.verify(text.encode(), data[4:])
                signed.add(key)
    return text, signed


def open_checkpoint(note, keys, quorum):
    keys = list(keys) + [key.as_cosigner() for key in keys if key.kind == ED25519]
    text, signed = open_note(note, keys)
    lines = text[:-1].split("\n")
    need(len(lines) >= 3 and all(lines), "a checkpoint has three lines, none of them empty")
    need(any(key.kind == ED25519 for key in signed), "not signed by a key of the log")
    need(len({key.key for key in signed if key.kind == COSIGNATURE}) >= quorum, "too few cosignatures")
    head = lines[0], decimal(lines[1]), unbase64(lines[2])
    need(len(head[2]) == 32, "a root has 32 bytes")
    need(head[1] > 0 or head[2] == sha256(), "the root of the empty log")
    return head


def tile_path(level, number, width):
    groups = re.findall("...", f"{number:0{-(-len(str(number)) // 3) * 3}}")
    path = f"tile/{level}/" + "/".join(["x" + group for group in groups[:-1]] + groups[-1:])
    return path if width == 256 else f"{path}.p/{width}"


def read_tiles(folder, level, count, piece):
    """The first `count` pieces of a level, each `piece` bytes."""
    pieces = []
    for number in range(-(-count // 256)):
        width = min(256, count - number * 256)
        full, partial = folder / tile_path(level, number, 256), folder / tile_path(level, number, width)
        path, has = (full, 256) if full.is_file() else (partial, width)
        need(path.is_file(), f"{path} is missing")
        data = path.read_bytes()
        need(len(data) == has * piece, f"{path} has {len(data)} bytes, not {has * piece}")
        framed = level != "entries" or all(data[at : at + 2] == b"\x00\x20" for at in range(0, len(data), piece))
        need(framed, f"{path} has an entry that is not 32 bytes long")
        pieces += [data[at * piece : (at + 1) * piece] for at in range(width)]
    return pieces


def verify_folder(folder, keys, quorum=0, earlier=None):
    """A published log; gives (origin, size). `earlier` is a signed checkpoint that was seen before."""
    folder = pathlib.Path(folder)
    origin, size, claimed = open_checkpoint((folder / "checkpoint").read_bytes(), keys, quorum)
    level, below = 0, None
    while (count := size >> 8 * level) > 0:
        hashes = read_tiles(folder, level, count, 32)
        if below is None:
            leaves = hashes
            need(root(leaves) == claimed, "the leaves do not give the root")
        else:
            need(hashes == [root(below[at * 256 : at * 256 + 256]) for at in range(count)], f"level {level} is wrong")
        level, below = level + 1, hashes
    for number, entry in enumerate(read_tiles(folder, "entries", size, 34)):
        need(leaf(entry[2:]) == leaves[number], f"entry {number} is not that of its leaf")
    if earlier is not None:
        seen, seen_size, seen_root = open_checkpoint(earlier, keys, 0)
        need(seen == origin and seen_size <= size, "another log, or one put back to its own past")
        need(root(leaves[:seen_size] if size else []) == seen_root, "the earlier head is no beginning of this one")
    return origin, size


def root_from_proof(at, size, hashed, path):
    """The root to which an inclusion proof leads (RFC 9162 §2.1.3.2)."""
    last = size - 1
    for sibling in path:
        need(last > 0, "the proof is too long")
        if at & 1 or at == last:
            hashed = node(sibling, hashed)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            hashed = node(hashed, sibling)
        at, last = at >> 1, last >> 1
    need(last == 0, "the proof is too short")
    return hashed


MEMBERS = {  # of an opening: those that must be there, and those that may
    "release": ({"agreement", "clause", "digest", "form", "object", "terms"}, {"version", "expires"}),
    "recall": ({"object", "reason", "releases"}, set()),
    "close": ({"reason"}, set()),
}


def read_opening(text):
    try:
        opening = json.loads(text)
        canonical = json.dumps(opening, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    except ValueError as error:
        raise Bad("the opening is not JSON") from error
    need(canonical == text and isinstance(opening, dict), "the opening is not canonical")
    must, may = MEMBERS.get(opening.get("entry"), (None, None))
    need(must is not None and must <= opening.keys() - {"entry"} <= must | may, "not an opening of a known kind")
    return opening


def verify_proof(proof, keys, quorum=0):
    """A tlog-proof file whose extra data is salt || opening; gives (origin, number, opening)."""
    head, _, note = proof.partition(b"\n\n")
    lines = head.decode("utf-8", "replace").split("\n")
    need(lines[0] == "c2sp.org/tlog-proof@v1", "not a proof")
    need(len(lines) > 2 and lines[1].startswith("extra "), "nothing says what was logged")
    need(lines[2].startswith("index "), "no index")
    extra, number = unbase64(lines[1][6:]), decimal(lines[2][6:])
    path = [unbase64(line) for line in lines[3:]]
    need(all(len(hashed) == 32 for hashed in path), "a hash has 32 bytes")
    origin, size, claimed = open_checkpoint(note, keys, quorum)
    need(number < size and len(extra) > 32, "no such entry, or no opening")
    commitment = sha256(b"entente/commitment/v1\n", extra)
    need(root_from_proof(number, size, leaf(commitment), path) == claimed, "the proof leads elsewhere")
    return origin, number, read_opening(extra[32:])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--key", action="append", required=True, metavar="VKEY")
    parser.add_argument("--quorum", type=int, default=0)
    parser.add_argument("--earlier", type=pathlib.Path, metavar="CHECKPOINT")
    parser.add_argument("paths", nargs="+", type=pathlib.Path)
    asked = parser.parse_args()
    keys, bad = [Key(key) for key in asked.key], 0
    for path in asked.paths:
        try:
            if path.is_file():
                print("good ", *verify_proof(path.read_bytes(), keys, asked.quorum))
            else:
                earlier = asked.earlier and asked.earlier.read_bytes()
                print("good ", *verify_folder(path, keys, asked.quorum, earlier))
        except (Bad, OSError) as why:
            bad += 1
            print("BAD  ", path, why)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

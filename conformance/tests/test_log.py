"""`entente log verify` and `verify_log.py`, written from the texts alone, come to the same verdict."""

import base64
import concurrent.futures
import random
import shutil

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from harness import agreed, count, indicator

import verify_log
from verify_log import Bad, Key

SIZE = 700  # releases: the owner's identity, and indicators


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A log of SIZE entries with recalls, published at several sizes, with proofs."""
    alpha, beta = agreed("Alpha", "Beta")
    place = tmp_path_factory.mktemp("log")
    published = []
    for upto in (3, 256, SIZE):
        have = int(published[-1].name) if published else 0
        alpha.import_objects([indicator(nth) for nth in range(max(1, have), upto)])
        alpha.ok("release", "--all")
        published.append(place / str(upto))
        alpha.ok("log", "publish", published[-1])
    for nth in (1, 300):
        alpha.ok("recall", indicator(nth)["id"], "--reason", "a mistake")
    published.append(place / "recalled")
    alpha.ok("log", "publish", published[-1])
    log = next(published[-1].rglob("checkpoint")).parent
    origin = str(log.relative_to(published[-1]))
    proofs = []
    for number in (0, 1, 255, 256, SIZE - 1, SIZE, SIZE + 1):
        proofs.append(place / f"{number}.tlog-proof")
        alpha.ok("log", "prove", number, "--log", origin, "-o", proofs[-1])
    yield {"alpha": alpha, "beta": beta, "folders": [folder / origin for folder in published], "proofs": proofs}
    alpha.close()
    beta.close()


def ours(home, path, *more):
    ran = home.run("log", "verify", path, "--json", *more)
    assert ran.code in (0, 1), f"{ran.code} {ran.out} {ran.err}"
    assert (ran.code == 0) == all(line["good"] for line in ran.json())
    return ran.code == 0, ran.out


def theirs(path, keys, earlier=None):
    keys = [Key(key) for key in keys]
    try:
        if path.is_file():
            verify_log.verify_proof(path.read_bytes(), keys)
        else:
            verify_log.verify_folder(path, keys, earlier=earlier)
    except (Bad, OSError) as why:
        return False, str(why)
    return True, ""


def test_good_logs_and_proofs_are_good_to_both(world):
    key = world["alpha"].key
    for path in world["folders"] + world["proofs"]:
        assert theirs(path, [key]) == (True, ""), path
        assert ours(world["beta"], path, "--key", key)[0], path
        assert not theirs(path, [world["beta"].key])[0], "signed by somebody else"
        assert not ours(world["beta"], path, "--key", world["beta"].key)[0]


def test_openings_are_told(world):
    said = [verify_log.verify_proof(proof.read_bytes(), [Key(world["alpha"].key)]) for proof in world["proofs"]]
    assert [number for _, number, _ in said] == [0, 1, 255, 256, SIZE - 1, SIZE, SIZE + 1]
    assert [opening["entry"] for *_, opening in said] == ["release"] * 5 + ["recall"] * 2
    assert said[5][2]["releases"] and said[5][2]["reason"] == "a mistake"


def test_a_log_put_back_to_its_past_is_seen_by_who_saw_more(world):
    key, folders = world["alpha"].key, world["folders"]
    for older in range(len(folders)):
        for newer in range(len(folders)):
            earlier = (folders[older] / "checkpoint").read_bytes()
            assert theirs(folders[newer], [key], earlier)[0] == (older <= newer), (older, newer)
    # The node itself knows its last head.
    assert ours(world["alpha"], folders[-1])[0]
    for folder in folders[:-1]:
        assert not ours(world["alpha"], folder)[0]


class Tampering:
    """One change to a copy of a log's folder or of a proof, by seed, and how it is told."""

    def __init__(self, world, seed):
        self.random, self.says = random.Random(seed), f"seed {seed}"
        self.world = world

    def make(self, place):
        chance = self.random
        if chance.random() < 0.3:
            path = place / "proof.tlog-proof"
            shutil.copy(chance.choice(self.world["proofs"]), path)
            self.change(path)
            return path
        path = place / "log"
        shutil.copytree(chance.choice(self.world["folders"]), path)
        files = sorted(file for file in path.rglob("*") if file.is_file())
        # The checkpoint as often as all others together: it is one of a dozen files.
        self.change(path / "checkpoint" if chance.random() < 0.4 else chance.choice(files), files)
        return path

    def change(self, file, others=()):
        chance, data = self.random, bytearray(file.read_bytes())
        kinds = ["flip", "set", "cut", "grow", "swap", "drop", "lines", "space", "empty"]
        kind = chance.choice(kinds + (["remove", "exchange", "rename", "older"] if others else []))
        at = chance.randrange(max(1, len(data)))
        self.says += f": {kind} at {at} of {file.name}"
        if kind == "flip":
            data[at] ^= 1 << chance.randrange(8)
        elif kind == "set":
            data[at] = chance.choice(b"\0\n\r +=/A09\xff" + bytes([chance.randrange(256)]))
        elif kind == "cut":
            del data[at:]
        elif kind == "grow":
            data += chance.choice([b"\n", b"\0", b" ", bytes(32), bytes(chance.randrange(1, 99)), bytes(data[at:])])
        elif kind == "swap":
            other = chance.randrange(max(1, len(data) - 32))
            at = min(at, max(0, len(data) - 32))
            data[at : at + 32], data[other : other + 32] = data[other : other + 32], data[at : at + 32]
        elif kind == "drop":
            del data[at : at + chance.choice([1, 2, 4, 32, 34, 64])]
        elif kind == "lines":
            lines = bytes(data).splitlines(keepends=True)
            if chance.random() < 0.5:
                lines.insert(chance.randrange(len(lines) + 1), chance.choice(lines))
            else:
                chance.shuffle(lines)
            data = bytearray(b"".join(lines))
        elif kind == "space":
            data[at:at] = chance.choice([b" ", b"\n", b"\t", b"\r", "\u00a0".encode(), "\u2003".encode(), b"0"])
        elif kind == "empty":
            data = bytearray()
        file.write_bytes(bytes(data))
        if kind == "remove":
            file.unlink()
        elif kind == "exchange":
            other = chance.choice(others)
            other_data = other.read_bytes()
            other.write_bytes(bytes(data))
            file.write_bytes(other_data)
        elif kind == "rename":
            file.rename(file.with_name(chance.choice(["000", "001", "3", "188", "256", "x", "checkpoint.old"])))
        elif kind == "older":
            older = chance.choice(self.world["folders"]) / "checkpoint"
            shutil.copy(older, file)


def test_both_come_to_the_same_verdict_on_tampered_ones(world, tmp_path):
    key, tried = world["alpha"].key, count("ENTENTE_LOG_TAMPERINGS", 400, 20_000)
    first = count("ENTENTE_LOG_SEED", 0)

    def one(seed):
        tampering = Tampering(world, seed)
        place = tmp_path / str(seed)
        place.mkdir()
        path = tampering.make(place)
        if path.is_dir() and not (path / "checkpoint").is_file():
            assert world["beta"].run("log", "verify", path, "--key", key).code in (1, 6), tampering.says
            verdicts = (False, ""), theirs(path, [key])
        else:
            verdicts = ours(world["beta"], path, "--key", key), theirs(path, [key])
        shutil.rmtree(place)
        return tampering.says, verdicts

    with concurrent.futures.ThreadPoolExecutor(4) as several:
        results = list(several.map(one, range(first, first + tried)))
    differ = [(says, a, b) for says, (a, b) in results if a[0] != b[0]]
    assert not differ, differ[:5]
    bad = sum(not verdict[0] for _, (verdict, _) in results)
    assert bad > tried / 2, "most tamperings are seen; the rest changed nothing that counts"
    print(f"{tried} tamperings, {bad} of them seen by both, {tried - bad} harmless to both")


class Writer:
    """Writes logs under a key of its own, well-signed but with a quirk: what a dishonest owner could publish."""

    NAME = "identity--00000000-0000-4000-8000-000000000001"
    ORIGIN = "entente/pact/00000000-0000-4000-8000-000000000001/2f6c1b0e9d8a7c55"

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.signer = Ed25519PrivateKey.from_private_bytes(bytes([34]) * 32)
        self.public = self.signer.public_key().public_bytes_raw()
        self.vkey, self.key_id = self.named(verify_log.ED25519)
        self.size = self.random.choice([0, 1, 2, 3, 200, 255, 256, 257, 511, 512, 513, 1000])
        self.quirk = self.random.choice(self.QUIRKS)
        self.says = f"seed {seed}: {self.quirk} of a log of {self.size}"

    def named(self, kind):
        data = bytes([kind]) + self.public
        key_id = verify_log.sha256(self.NAME.encode(), b"\n", data)[:4]
        return f"{self.NAME}+{key_id.hex()}+{base64.b64encode(data).decode()}", key_id

    QUIRKS = [
        "nothing", "extension line", "empty line", "unknown key", "good cosignature", "bad cosignature", "twice signed",
        "cosignature only", "time beyond", "size with zero", "size one more", "size one less", "stray bits", "other root",
        "entry not of its leaf", "short entry", "long entry", "wrong level 1", "beyond in full", "garbage in full",
        "no origin", "leaf as node", "many unknown", "too many unknown", "origin with spaces", "huge size",
    ]

    def publish(self, place):
        entries = [verify_log.sha256(b"%d" % nth) for nth in range(self.size)]
        quirk = self.quirk if self.size else self.quirk.replace("entry not of its leaf", "nothing")
        leaves = [verify_log.leaf(entry) for entry in entries]
        if quirk == "leaf as node":
            leaves = [verify_log.sha256(entry) for entry in entries]
        if quirk == "entry not of its leaf":
            entries[self.random.randrange(self.size)] = bytes(32)
        framed = [b"\0\x20" + entry for entry in entries]
        if quirk in ("short entry", "long entry") and self.size:
            at = self.random.randrange(self.size)
            entries[at] = entries[at][:31] if quirk == "short entry" else entries[at] + b"\0"
            framed[at] = len(entries[at]).to_bytes(2, "big") + entries[at]
            leaves[at] = verify_log.leaf(entries[at])
        self.level(place, "entries", framed)
        level, hashes = 0, leaves
        while hashes:
            self.level(place, level, hashes)
            hashes = [verify_log.root(hashes[at : at + 256]) for at in range(0, len(hashes) // 256 * 256, 256)]
            if quirk == "wrong level 1" and hashes:
                hashes[0] = bytes(32)
            level += 1
        (place / "checkpoint").write_text(self.checkpoint(verify_log.root(leaves), quirk), newline="")

    def level(self, place, level, pieces):
        for number in range(-(-len(pieces) // 256)):
            these = pieces[number * 256 : number * 256 + 256]
            path = place / verify_log.tile_path(level, number, len(these))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"".join(these))
            if len(these) < 256 and self.quirk in ("beyond in full", "garbage in full"):
                size = len(these[0])
                more = {"beyond in full": b"\0\x20" + bytes(32) if size == 34 else bytes(32)}.get(self.quirk, b"\xff" * size)
                full = place / verify_log.tile_path(level, number, 256)
                full.write_bytes(b"".join(these) + more * (256 - len(these)))

    def checkpoint(self, root, quirk):
        size = {"size with zero": f"0{self.size}", "size one more": self.size + 1, "size one less": max(0, self.size - 1),
                "huge size": 2**63}.get(quirk, self.size)
        origin = {"no origin": "", "origin with spaces": "a log with spaces + plus"}.get(quirk, self.ORIGIN)
        root = base64.b64encode(bytes(32) if quirk == "other root" else root).decode()
        text = f"{origin}\n{size}\n{root}\n"
        text += {"extension line": "more\n", "empty line": "\nmore\n"}.get(quirk, "")
        lines = [self.line(self.NAME, self.key_id, self.signer.sign(text.encode()))]
        time = (2**63 if quirk == "time beyond" else 1767225600).to_bytes(8, "big")
        message = b"cosignature/v1\ntime %d\n" % int.from_bytes(time, "big") + text.encode()
        cosigned = self.line(self.NAME, self.named(verify_log.COSIGNATURE)[1], time + self.signer.sign(message))
        if quirk in ("good cosignature", "time beyond", "cosignature only"):
            lines.append(cosigned)
        if quirk == "cosignature only":
            del lines[0]
        if quirk == "bad cosignature":
            lines.append(self.line(self.NAME, self.named(verify_log.COSIGNATURE)[1], bytes(72)))
        if quirk == "twice signed":
            lines *= 2
        unknown = {"unknown key": 1, "many unknown": 15, "too many unknown": 1000}.get(quirk, 0)
        lines += [self.line("somebody.example", bytes([nth % 256] * 4), bytes(64)) for nth in range(unknown)]
        if quirk == "stray bits":
            lines[0] = lines[0][:-3] + chr(ord(lines[0][-3]) + 1) + lines[0][-2:]
        return text + "\n" + "".join(lines)

    @staticmethod
    def line(name, key_id, signature):
        return f"— {name} {base64.b64encode(key_id + signature).decode()}\n"


def test_both_come_to_the_same_verdict_on_logs_of_a_dishonest_owner(world, tmp_path):
    def one(seed):
        writer, place = Writer(seed), tmp_path / str(seed)
        place.mkdir()
        writer.publish(place)
        verdicts = ours(world["beta"], place, "--key", writer.vkey), theirs(place, [writer.vkey])
        shutil.rmtree(place)
        return writer, verdicts

    with concurrent.futures.ThreadPoolExecutor(4) as several:
        results = list(several.map(one, range(count("ENTENTE_LOG_WRITTEN", 150, 5_000))))
    differ = {(writer.quirk, writer.size): (a, b) for writer, (a, b) in results if a[0] != b[0]}
    known = {key: verdict for key, verdict in differ.items() if key[0] in BOUNDED_BY_US}
    assert differ == known, differ
    assert {verdict[0] for _, (verdict, _) in results} == {True, False}


# What the texts leave open, and we refuse: more than 100 signatures on a note.
BOUNDED_BY_US = {"too many unknown"}

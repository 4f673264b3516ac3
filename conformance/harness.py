"""Runs the built binary: homes of nodes, parties under an agreement, servers that die with the test."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = pathlib.Path(os.environ.get("ENTENTE_BINARY", ROOT / "target" / "debug" / "entente"))
FULL = os.environ.get("ENTENTE_CONFORMANCE_FULL") == "1"
TERMS = """
[[clause]]
name = "warnings"
from = "all"
to = "all"
types = ["any"]
markings_up_to = "TLP:AMBER"
unmarked = "TLP:GREEN"

[[contribution]]
name = "back"
by = "all"
types = ["any"]
markings_up_to = "TLP:AMBER"
unmarked = "TLP:GREEN"
"""


def count(name, few, many=None):
    """How often something is tried: `few`, or `many` for the whole campaign, or what the environment says."""
    return int(os.environ.get(name, (many or few) if FULL else few))


class Ran:
    """What a run of the program gave."""

    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    def json(self):
        return [json.loads(line) for line in self.out.splitlines()]


class Home:
    """A data folder with its guard and a place for files, removed by `close`."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="entente-conformance-"))
        self.data = self.folder / "data"
        self.env = {key: value for key, value in os.environ.items() if not key.startswith("ENTENTE_")}
        self.env.update(ENTENTE_DATA=str(self.data), ENTENTE_GUARD=str(self.folder / "heads"))

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def file(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    def run(self, *arguments, stdin=None, timeout=120):
        done = subprocess.run(
            [str(BINARY), *map(str, arguments)], env=self.env, input=stdin, stdin=None if stdin else subprocess.DEVNULL,
            capture_output=True, text=True, timeout=timeout,
        )
        return Ran(done)

    def ok(self, *arguments, **more):
        ran = self.run(*arguments, **more)
        assert ran.code == 0, f"{arguments}: exit {ran.code}\n{ran.out}\n{ran.err}"
        return ran

    def found(self, name):
        """Makes this node the party `name`; from then on its passphrase is known to every command."""
        self.env["ENTENTE_PASSPHRASE_FILE"] = self.file("passphrase", "four words make one\n")
        self.ok("party", "add", "--self", name)
        shown = self.ok("party", "keys", "--json").json()[-1]
        self.name, self.party, self.key = name, shown["id"], shown["keys"][0]["key"]
        return self

    def account(self, name, role, party=None):
        """Adds an account with a password and a token; both are kept here too."""
        self.password = "correct horse battery staple"
        password = self.file("password", self.password + "\n")
        member = ["--party", party] if party else []
        self.ok("account", "add", name, "--role", role, *member, "--password-file", password)
        self.token = self.ok("account", "token", name, "--json").json()[-1]["token"]
        return self.token, self.password

    def import_objects(self, objects, source="feed"):
        bundle = {"type": "bundle", "id": "bundle--5d0092c5-5f74-4287-9642-33f4c354e56d", "objects": objects}
        self.ok("import", self.file("feed.json", json.dumps(bundle)), "--source", source)


def agreed(*names, terms=TERMS, head=None, agreement="pact"):
    """Homes that are parties to one agreement in force. `head` rewrites the agreement's lines before its clauses."""
    homes = [Home().found(name) for name in names]
    cards = [home.file("card", home.ok("party", "card").out) for home in homes]
    for home in homes:
        for other, card in zip(homes, cards):
            if other is not home:
                home.ok("party", "add", card)
    template = homes[0].ok("agreement", "new", agreement).out
    lines = template[: template.index("[[clause]]")]
    file = homes[0].file("pact.toml", (head(lines) if head else lines) + terms)
    for home in homes:
        home.ok("agreement", "add", file)
        file = str(home.folder / "pact.signed")
        home.ok("agreement", "sign", agreement, "-o", file)
    for home in homes:
        home.ok("agreement", "add", file)
    return homes


def indicator(nth, **more):
    return {
        "type": "indicator", "spec_version": "2.1", "id": f"indicator--{nth:08x}-0000-4000-8000-{nth:012x}",
        "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z", "name": f"Number {nth}",
        "pattern": f"[domain-name:value = 'n{nth}.example']", "pattern_type": "stix",
        "valid_from": "2026-01-01T00:00:00Z", **more,
    }


class Child:
    """A server that ends when its standard input is closed; the first line that it prints says where it is."""

    def __init__(self, command, env, log):
        self.log = log
        with open(log, "ab") as err:
            self.process = subprocess.Popen(
                command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=err, text=True
            )
        self.first = self.process.stdout.readline()
        if not self.first:
            self.process.wait(10)
            raise RuntimeError(f"{command} ended: {self.process.returncode}\n{log.read_text()}")

    def close(self):
        self.process.stdin.close()
        try:
            code = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self.process.stdout.close()
        return code

    def memory(self, line="VmRSS"):
        """Resident memory in MiB; `VmHWM` is its highest so far."""
        for text in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if text.startswith(line + ":"):
                return int(text.split()[1]) / 1024
        raise KeyError(line)


class Server(Child):
    """`entente serve` of a home; checked at its end to have stopped by itself, without a panic."""

    def __init__(self, home, *options, plain=True):
        self.home = home
        options = [*(["--plain"] if plain else []), *map(str, options)]
        if "--listen" not in options:
            options += ["--listen", "127.0.0.1:0"]
        command = [str(BINARY), "serve", "--json", "--until-stdin-closes", *options]
        super().__init__(command, home.env, home.folder / "serve.log")
        self.url = json.loads(self.first)["listening"]

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        code, said = self.close(), self.log.read_text()
        if kind is None:
            assert "panic" not in said, said
            assert code == 0, f"exit {code}\n{said}"

    def alive(self):
        return self.process.poll() is None


class Medallion(Child):
    """medallion with its in-memory backend over a data file."""

    def __init__(self, data, page_size=100):
        folder = pathlib.Path(data).parent
        script = ROOT / "conformance/foreign/medallion_server.py"
        command = [os.environ["MEDALLION"] + "/bin/python", str(script), str(data), str(page_size)]
        super().__init__(command, clean(), folder / "medallion.log")
        self.url = f"http://127.0.0.1:{int(self.first)}"


class OpenTaxii(Child):
    """OpenTAXII over SQLite, with one API root and one collection."""

    def __init__(self, folder):
        script = ROOT / "conformance/foreign/opentaxii_server.py"
        command = [os.environ["OPENTAXII"] + "/bin/python", str(script), str(folder)]
        super().__init__(command, clean(), pathlib.Path(folder) / "opentaxii.log")
        said = json.loads(self.first)
        self.url = f"http://127.0.0.1:{said['port']}"
        self.root, self.collection = said["root"], said["collection"]


def clean():
    return {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV"))}

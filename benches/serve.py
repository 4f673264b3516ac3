"""Rows of `benches/run` about the server: what it gives, how fast, in how much memory, and beside whom."""
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "conformance"))

MANY, MOST, FEW = 100_000, 1_000_000, 2_000
TAXII = "Accept: application/taxii+json;version=2.1"


class Serve:
    """The rows, over parties and logs that are made once for each build of the program."""

    def __init__(self, bench):
        os.environ["ENTENTE_BINARY"] = str(bench.entente)
        import harness  # It reads the environment when it is loaded.
        self.harness, self.bench = harness, bench
        self.load = bench.entente.parent / "load"
        self.many, self.most = (10_000, 100_000) if bench.options.quick else (MANY, MOST)
        # A thousand slow connections are a thousand files here, and the server's own.
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    def rows(self, only=None):
        """All rows, or those of one name."""
        rows = {"idle": self.idle, "pages": self.pages, "polling": self.polling, "slow": self.slow, "sync": self.sync,
                "others": self.others}
        if only and only not in rows:
            sys.exit(f"no row `serve:{only}`; there are {', '.join(rows)}")
        for name, row in rows.items():
            if only in (None, name):
                row()

    # Material.

    def homes(self, count):
        """Alpha, which released `count` objects to Beta, and Beta, which has read nothing."""
        stamp = int(self.bench.entente.stat().st_mtime)
        folder = self.bench.cache / f"serve-{count}-{stamp}"
        if not folder.exists():
            for old in self.bench.cache.glob(f"serve-{count}-*"):
                shutil.rmtree(old)
            self.bench.say(f"releasing {count} objects")
            self.make(count, folder.with_suffix(".part"))
            folder.with_suffix(".part").rename(folder)
        return [Kept(self.harness, folder / name) for name in ("alpha", "beta")]

    def make(self, count, folder):
        shutil.rmtree(folder, ignore_errors=True)
        objects = self.bench.made(f"objects-{count}", lambda path: self.bench.generate(
            "objects", "--count", count, "--out", path))
        anyone = lambda lines: lines.replace("# anonymous_reading", "anonymous_reading")
        alpha, beta = self.harness.agreed("Alpha", "Beta", head=anyone)
        alpha.account("beta-tools", "taxii-client", party=beta.party)
        begin = time.monotonic()
        alpha.ok("import", objects, "--source", "bench", timeout=3600)
        imported = time.monotonic()
        alpha.ok("release", "--all", timeout=3600)
        self.bench.say(f"  imported at {count / (imported - begin):,.0f} objects/s, "
                       f"released at {count / (time.monotonic() - imported):,.0f} objects/s")
        folder.mkdir(parents=True)
        for home, name in ((alpha, "alpha"), (beta, "beta")):
            kept = {"name": home.name, "party": home.party, "token": getattr(home, "token", None)}
            home.file("kept.json", json.dumps(kept))
            shutil.move(home.folder, folder / name)

    def channel(self, server, home):
        """The URL of the objects of the collection that is a channel."""
        found = self.ask(f"{server.url}/taxii2/pact/collections/", home)["collections"]
        [channel] = [one["id"] for one in found if one["can_read"] and not one["can_write"]]
        return f"{server.url}/taxii2/pact/collections/{channel}/objects/"

    def ask(self, url, home):
        done = subprocess.run(["curl", "-sS", "--fail-with-body", "-H", TAXII, "-H", self.bearer(home), url],
                              capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{url}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def bearer(self, home):
        return f"Authorization: Bearer {home.token}"

    def run(self, *arguments):
        done = subprocess.run([self.load, *map(str, arguments)], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"`load {' '.join(map(str, arguments))}`: {done.stderr}")
        return json.loads(done.stdout)

    def client(self, what, url, home, *arguments):
        return self.run(what, "--url", url, "--header", TAXII, "--header", self.bearer(home), *arguments)

    # Rows.

    def idle(self):
        alpha, _ = self.homes(self.many)
        with self.harness.Server(alpha) as server:
            url = self.channel(server, alpha)
            time.sleep(1)
            idle = server.memory()
            self.client("pages", url, alpha)
            after, peak = server.memory(), server.memory("VmHWM")
        self.bench.row(f"idle server with {self.many:,} objects", "100 MB resident",
                       f"{idle:.0f} MiB; {after:.0f} MiB after they were paged through, {peak:.0f} MiB at most",
                       idle * 1.048576 < 100)

    def pages(self):
        """All pages, by one client, and the same bytes as files."""
        alpha, _ = self.homes(self.many)
        folder = self.bench.cache / "pages"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        with self.harness.Server(alpha) as server:
            url = self.channel(server, alpha)
            rounds = self.client("pages", url, alpha, "--rounds", 5, "--save", folder)
            [seen] = self.client("pages", url, alpha, "--verify")
        cold, warm = rounds[0], max(rounds[1:], key=lambda one: one["objects_per_second"])
        # One more than was imported: the identity of the owner is released with them.
        whole = seen["distinct"] == seen["objects"] >= self.many
        rate = warm["objects_per_second"]
        self.bench.row(
            f"pages of 1,000 objects from a collection of {self.many:,}, one client, HTTP/1.1 without TLS",
            "300,000 objects/s",
            f"{rate:,.0f} objects/s ({warm['bytes'] / warm['seconds'] / 1e6:,.0f} MB/s); "
            f"{cold['objects_per_second']:,.0f} objects/s the first time; page p50 {warm['times']['p50_ms']:.2f} ms, "
            f"cold p50 {cold['times']['p50_ms']:.2f} ms, max {cold['times']['max_ms']:.1f} ms; "
            f"{seen['distinct']:,} distinct objects",
            whole and rate >= 300_000)
        self.nginx(folder, rate)

    def nginx(self, folder, ours):
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        if not os.path.exists(nginx):
            return self.bench.say("nginx is not installed: no comparison")
        count = len(list(folder.iterdir()))
        with Nginx(nginx, folder) as server:
            rounds = self.run("files", "--url", server.url, "--count", count, "--rounds", 5)
        best = min(rounds, key=lambda one: one["seconds"])
        rate = self.many / best["seconds"]
        self.bench.row("beside it the same bytes as static files by nginx", "twice ours at most",
                       f"{rate:,.0f} objects/s ({best['bytes'] / best['seconds'] / 1e6:,.0f} MB/s): ours is "
                       f"{ours / rate:.2f} of it", ours >= rate / 2)

    def polling(self):
        for count in (self.many, self.most):
            self.polled(count)

    def polled(self, count):
        """Instants from five depths; the last is that of the newest object, after which nothing came."""
        alpha, _ = self.homes(count)
        with self.harness.Server(alpha) as server:
            url = self.channel(server, alpha)
            [all_pages] = self.client("pages", url, alpha)
            added = all_pages["added"]
            depths = [added[len(added) * part // 5] for part in range(5)] + [added[-1]]
            after = [word for depth in depths for word in ("--after", depth)]
            met = self.client("poll", url, alpha, *after, "--clients", 200, "--seconds", 20)
        times, by_depth = met["times"], [f"{one['p50_ms']:.1f}" for one in met["by_depth"]]
        self.bench.row(
            f"200 clients that each ask every second for 100 objects `added_after`, {count:,} objects",
            "p99 100 ms, no error",
            f"p50 {times['p50_ms']:.1f} ms, p99 {times['p99_ms']:.1f} ms, {met['errors']} errors of "
            f"{times['requests']:,}; p50 by depth {', '.join(by_depth)} ms",
            times["p99_ms"] < 100 and met["errors"] == 0)

    def slow(self):
        alpha, _ = self.homes(self.many)
        with self.harness.Server(alpha) as server:
            met = self.client("slow", self.channel(server, alpha) + "?limit=100", alpha)
            alive = server.alive()
        before, during = met["before"], met["during"]
        good = (alive and met["longest_held_s"] < 15 and during["p99_ms"] <= max(2 * before["p99_ms"], 5))
        self.bench.row(
            "1,000 slow-loris connections", "others' p99 at most doubled; freed within 15 s",
            f"p99 of a client in good faith {before['p99_ms']:.1f} ms without, {during['p99_ms']:.1f} ms with; "
            f"{met['held_at_once']:,} held at once, all freed within {met['longest_held_s']:.1f} s", good)

    def sync(self):
        alpha, kept = self.homes(self.many)
        with tempfile.TemporaryDirectory(dir=self.bench.cache) as fresh:
            shutil.copytree(kept.folder, fresh, dirs_exist_ok=True)
            beta = Kept(self.harness, pathlib.Path(fresh))
            with self.harness.Server(alpha, plain=False) as server, Relay(self.load, server.url) as relay:
                beta.ok("peer", "add", relay.url, "--party", "Alpha")
                relay.bytes()
                met = []
                for _ in range(2):
                    begin = time.monotonic()
                    beta.ok("peer", "sync", "Alpha", timeout=3600)
                    met.append((time.monotonic() - begin, relay.bytes()))
            held = beta.ok("find", "type:indicator", "--json").json()
            assert held, "the peer holds nothing"
        (seconds, moved), (idle, said) = met
        self.bench.row(f"sync of {self.many:,} objects to a fresh peer, process start included", "(the disk)",
                       f"{seconds:.1f} s wall: {self.many / seconds:,.0f} objects/s, {moved / 1e6:.1f} MB", None)
        self.bench.row("sync of nothing, process start included", "1 s, 10 kB",
                       f"{idle:.2f} s wall, {said:,} bytes", idle < 1 and said < 10_000)

    def others(self):
        """Other servers, where the suites have installed them, over few objects: they are slow."""
        objects = self.bench.made(f"objects-{FEW}", lambda path: self.bench.generate(
            "objects", "--count", FEW, "--out", path))
        things = [thing for path in sorted(objects.iterdir()) for thing in json.loads(path.read_bytes())["objects"]]
        for name, serve in (("MEDALLION", self.medallion), ("OPENTAXII", self.opentaxii)):
            venvs = sorted(self.bench.cache.parent.glob(f"venv-{name.lower()}-*/complete"))
            if name not in os.environ and not venvs:
                self.bench.say(f"{name.lower()} is not installed (`conformance/run` does it): no comparison")
                continue
            os.environ.setdefault(name, str(venvs[-1].parent) if venvs else "")
            with tempfile.TemporaryDirectory() as folder:
                serve(pathlib.Path(folder), things)

    def medallion(self, folder, things):
        media = "application/stix+json;version=2.1"
        collection = "365fed99-08fa-fdcd-a1b3-fb247eb41d01"
        manifest = [{"id": thing["id"], "date_added": f"2026-01-01T00:00:00.{nth:06}Z", "version": thing["modified"],
                     "media_type": media} for nth, thing in enumerate(things)]
        data = {
            "/discovery": {"title": "made up", "default": "http://127.0.0.1/first/", "api_roots": ["http://127.0.0.1/first/"]},
            "first": {
                "information": {"title": "first", "versions": ["application/taxii+json;version=2.1"],
                                "max_content_length": 104857600},
                "status": [],
                "collections": [{"id": collection, "title": "made up", "can_read": True, "can_write": False,
                                 "media_types": [media], "objects": things, "manifest": manifest}],
            },
        }
        (folder / "data.json").write_text(json.dumps(data))
        server = self.harness.Medallion(folder / "data.json", 1000)
        try:
            self.beside("medallion, in memory,", f"{server.url}/first/collections/{collection}/objects/")
        finally:
            server.close()

    def opentaxii(self, folder, things):
        server = self.harness.OpenTaxii(folder)
        try:
            url = f"{server.url}/taxii2/{server.root}/collections/{server.collection}/objects/"
            (folder / "body.json").write_text(json.dumps({"objects": things}))
            subprocess.run(["curl", "-sS", "--fail-with-body", "-o", "/dev/null", "-u", "user:pass", "-H", TAXII, "-H",
                            "Content-Type: application/taxii+json;version=2.1", "--data-binary",
                            f"@{folder / 'body.json'}", url], check=True)
            self.beside("OpenTAXII on SQLite", url)
        finally:
            server.close()

    def beside(self, name, url):
        # `user:pass`, as the suites' servers have it.
        [met] = self.run("pages", "--url", url, "--header", TAXII, "--header", "Authorization: Basic dXNlcjpwYXNz")
        self.bench.row(f"beside it {name} {FEW:,} objects", "",
                       f"{met['objects_per_second']:,.0f} objects/s ({met['objects']:,} objects told)", None)


class Kept:
    """A home of the suites' whose folder was moved here, to be used again."""

    def __new__(cls, harness, folder):
        home = harness.Home.__new__(harness.Home)
        home.folder, home.data = folder, folder / "data"
        home.env = {key: value for key, value in os.environ.items() if not key.startswith("ENTENTE_")}
        home.env.update(ENTENTE_DATA=str(home.data), ENTENTE_GUARD=str(folder / "heads"),
                        ENTENTE_PASSPHRASE_FILE=str(folder / "passphrase"))
        for name, value in json.loads((folder / "kept.json").read_text()).items():
            setattr(home, name, value)
        return home


class Nginx:
    """nginx with two workers over a folder, on a free port of loopback."""

    def __init__(self, program, folder):
        self.program, self.root = program, folder

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="entente-nginx-"))
        # Workers of a master that runs as root are nobody, who must reach the files.
        self.folder.chmod(0o755)
        port = free_port()
        user = "user root;" if os.geteuid() == 0 else ""
        (self.folder / "nginx.conf").write_text(f"""
daemon off; {user} worker_processes 2; pid {self.folder}/pid; error_log {self.folder}/error.log;
events {{ worker_connections 512; }}
http {{
    access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 1000000;
    default_type application/taxii+json;
    client_body_temp_path {self.folder}/a; proxy_temp_path {self.folder}/b; fastcgi_temp_path {self.folder}/c;
    uwsgi_temp_path {self.folder}/d; scgi_temp_path {self.folder}/e;
    server {{ listen 127.0.0.1:{port}; root {self.root}; }}
}}
""")
        self.process = subprocess.Popen([self.program, "-p", self.folder, "-c", self.folder / "nginx.conf"],
                                        stderr=subprocess.DEVNULL)
        self.url = f"http://127.0.0.1:{port}/"
        for _ in range(100):
            if subprocess.run(["curl", "-sSf", "-o", "/dev/null", f"{self.url}0"], stderr=subprocess.DEVNULL).returncode == 0:
                return self
            time.sleep(0.05)
        self.__exit__()
        sys.exit("nginx did not start")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)


class Relay:
    """Counts what passes between a peer and a server."""

    def __init__(self, load, url):
        self.scheme, address = url.split("://")
        self.process = subprocess.Popen([load, "relay", "--to", address], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.url = f"{self.scheme}://{json.loads(self.process.stdout.readline())['address']}"

    def bytes(self):
        """What passed since this was asked last."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())["bytes"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


def free_port():
    import socket
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]

"""medallion and OpenTAXII as servers for our client: `entente taxii info|pull|push`."""

import json

import pytest
import requests
from harness import Home, Medallion, OpenTaxii, agreed, indicator
from made import made_id, medallion_data, versioned

MEDIA = "application/taxii+json;version=2.1"
AUTH = ("user", "pass")


def login(home):
    return ["--user", "user", "--password-file", home.file("taxii-password", "pass\n")]


def exported(home):
    """Objects by id and version, as the node gives them back; without the identity by which it speaks itself."""
    things = json.loads(home.ok("export", "stix").out).get("objects", [])
    return {(thing["id"], thing.get("modified")): thing for thing in things if thing["type"] != "identity"}


def post(url, things):
    answer = requests.post(
        url + "objects/", json.dumps({"objects": things}), headers={"Accept": MEDIA, "Content-Type": MEDIA}, auth=AUTH, timeout=20
    )
    assert answer.status_code == 202, answer.text


def listed(url):
    """Ids in a collection of a foreign server."""
    ids, asked = [], {"limit": "50"}
    while True:
        page = requests.get(url + "objects/", asked, headers={"Accept": MEDIA}, auth=AUTH, timeout=20).json()
        ids += [thing["id"] for thing in page.get("objects", [])]
        if not page.get("more"):
            return ids
        asked["next"] = page["next"]


@pytest.fixture
def medallion(tmp_path):
    data = medallion_data()
    data["/discovery"].update(default="/first/", api_roots=["/first/", "/second/"])
    (tmp_path / "data.json").write_text(json.dumps(data))
    server = Medallion(tmp_path / "data.json", page_size=7)
    server.data = data
    yield server
    server.close()


@pytest.fixture
def opentaxii(tmp_path):
    server = OpenTaxii(tmp_path)
    server.place = f"{server.url}/taxii2/{server.root}/collections/{server.collection}/"
    yield server
    server.close()


def test_info_tells_what_medallion_has(medallion):
    with Home() as home:
        said = home.ok("taxii", "info", medallion.url + "/taxii2/", *login(home), "--json").out
        for collection in medallion.data["first"]["collections"]:
            assert collection["id"] in said and collection["title"] in said
        assert "Made up" in said and "First root" in said


def test_a_pull_takes_everything_that_medallion_lets_read_and_then_only_what_is_new(medallion):
    readable = [one for one in medallion.data["first"]["collections"] if one["can_read"]]
    # What the file says of a thing, as it comes over the wire.
    there = {
        (thing["id"], thing.get("modified")): {key: value for key, value in thing.items() if key != "_date_added"}
        for one in readable for thing in one["objects"]
    }
    with Home() as home:
        pull = ["taxii", "pull", medallion.url + "/first/", *login(home), "--name", "made"]
        home.ok(*pull)
        held = exported(home)
        latest = {}
        for name, version in there:
            latest[name] = max(latest.get(name) or "", version or "")
        assert {name for name, _ in held} == set(latest)
        for (name, version), thing in held.items():
            assert version is None or version == latest[name], "the last version is what counts"
            assert thing == there[name, version]
        again = home.run(*pull)
        assert again.code == 0 and exported(home) == held
        post(f"{medallion.url}/first/collections/{readable[0]['id']}/", [versioned(700, 0)])
        home.ok(*pull)
        assert {name for name, _ in exported(home)} - set(latest) == {made_id("indicator", 700)}


def test_roots_elsewhere_are_refused_by_name(tmp_path):
    """The made-up data names roots on another port: whoever runs a server does not choose whom we call."""
    (tmp_path / "data.json").write_text(json.dumps(medallion_data()))
    server = Medallion(tmp_path / "data.json")
    try:
        with Home() as home:
            ran = home.run("taxii", "pull", server.url + "/taxii2/", *login(home))
            assert ran.code != 0 and "localhost:5000" in ran.err + ran.out, ran.err + ran.out
    finally:
        server.close()


def test_wrong_passwords_and_absent_servers_are_told(medallion):
    with Home() as home:
        wrong = home.run("taxii", "pull", medallion.url + "/first/", "--user", "user", "--password-file", home.file("p", "x\n"))
        assert wrong.code not in (0, 101) and "401" in wrong.err + wrong.out, wrong.err
        port = medallion.url.rsplit(":", 1)[1]
        medallion.close()
        absent = home.run("taxii", "pull", f"http://127.0.0.1:{port}/first/", *login(home))
        assert absent.code not in (0, 101) and absent.err, absent.err


def pushed(url, collection, place):
    """Releases of Alpha to Beta, handed in at a foreign server: once, and later only what is new."""
    alpha, beta = agreed("Alpha", "Beta")
    with alpha, beta:
        alpha.import_objects([indicator(nth, indicator_types=["malicious-activity"]) for nth in range(1, 30)])
        push = ["taxii", "push", url, "--to", "Beta", "--collection", collection, *login(alpha)]
        before = set(listed(place))
        alpha.run(*push)
        assert set(listed(place)) == before, "nothing was released yet"
        alpha.ok("release", "--all")
        alpha.ok(*push)
        ids = {indicator(nth)["id"] for nth in range(1, 30)}
        assert set(listed(place)) - before >= ids
        once = listed(place)
        alpha.ok(*push)
        assert sorted(listed(place)) == sorted(once), "nothing is handed in twice"
        alpha.import_objects([indicator(99, indicator_types=["malicious-activity"])])
        alpha.ok("release", "--all")
        alpha.ok(*push)
        assert set(listed(place)) - set(once) == {indicator(99)["id"]}


def test_what_was_released_is_pushed_to_medallion(medallion):
    one = medallion.data["first"]["collections"][0]
    pushed(medallion.url + "/first/", one["title"], f"{medallion.url}/first/collections/{one['id']}/")


def test_what_was_released_is_pushed_to_opentaxii(opentaxii):
    pushed(opentaxii.url + "/taxii2/", "shared", opentaxii.place)


def test_opentaxii_is_read_in_pages_and_then_only_what_is_new(opentaxii):
    things = [indicator(nth, indicator_types=["malicious-activity"]) for nth in range(1, 251)]
    post(opentaxii.place, things)
    with Home() as home:
        pull = ["taxii", "pull", opentaxii.url + "/taxii2/", *login(home)]
        home.ok(*pull)
        assert {name for name, _ in exported(home)} == {thing["id"] for thing in things}
        post(opentaxii.place, [indicator(999, indicator_types=["malicious-activity"])])
        home.ok(*pull)
        assert (indicator(999)["id"], indicator(999)["modified"]) in exported(home)

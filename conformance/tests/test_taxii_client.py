"""taxii2-client and stix2 as clients of our server."""

import json
import threading
import uuid

import pytest
import requests
import stix2
from harness import Home, Server, agreed, count, indicator
from made import medallion_data
from taxii2client.common import TokenAuth
from taxii2client.v21 import ApiRoot, Collection, as_pages
from taxii2client.v21 import Server as Discovery

MEDIA = "application/taxii+json;version=2.1"
RELEASED = 60


class Bearer(requests.auth.AuthBase):
    def __init__(self, token):
        self.token = token

    def __call__(self, request):
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


# Texts as nobody's library would write them: order, spaces, escapes, numbers, properties of their own.
PECULIAR = [
    r'{ "type":"indicator","spec_version":"2.1" ,"id":"indicator--7d0cbb1f-1c0b-4c4e-8a4b-6f1d8b0f0001",'
    r'"modified":"2026-01-01T00:00:00.000Z","created":"2026-01-01T00:00:00.000Z","pattern_type":"stix",'
    r'"pattern":"[domain-name:value = \u0027a.example\u0027]","valid_from":"2026-01-01T00:00:00Z","x_number":1.00e+2,'
    r'"name":"Stra\u00dfe ' + "„\u2603“ \U0001f98a" + r' \/ \" \\","confidence":85}',
    '{"x_first" :[1 , 2,{ }],\t"value":"a.example","spec_version":"2.1",'
    '"id":"domain-name--9b0f0b9a-3a3c-5f0a-9d0e-6a3e3c1d0002","type":"domain-name"}',
]


@pytest.fixture(scope="module")
def world():
    alpha, beta = agreed("Alpha", "Beta")
    alpha.import_objects([indicator(nth) for nth in range(1, RELEASED)])
    alpha.ok("import", alpha.file("peculiar.json", '{"type":"bundle","id":"bundle--5d0092c5-5f74-4287-9642-33f4c354e56d",'
             '"objects":[' + ",".join(PECULIAR) + "]}"), "--source", "other")
    alpha.ok("release", "--all")
    alpha.token, alpha.password = alpha.account("beta-tools", "taxii-client", party=beta.party)
    with alpha, beta, Server(alpha) as server:
        server.collections = {
            found.can_write: found for found in Discovery(f"{server.url}/taxii2/", auth=Bearer(alpha.token)).default.collections
        }
        yield server


def channel(world):
    return world.collections[False]


def box(world):
    return world.collections[True]


def raw(world, path, **asked):
    headers = {"Accept": MEDIA, "Authorization": f"Bearer {world.home.token}"}
    return requests.get(path, asked, headers=headers, timeout=20)


def test_discovery_leads_to_one_root_with_a_channel_and_a_box(world):
    found = Discovery(f"{world.url}/taxii2/", auth=Bearer(world.home.token))
    assert found.title and len(found.api_roots) == 1
    root = found.default
    assert root.url == f"{world.url}/taxii2/pact/"
    assert root.title and MEDIA in root.versions and root.max_content_length > 0
    assert sorted((one.can_read, one.can_write) for one in root.collections) == [(True, False), (True, True)]
    for one in root.collections:
        assert uuid.UUID(one.id) and one.title and one.media_types == ["application/stix+json;version=2.1"]
        alone = Collection(one.url, auth=Bearer(world.home.token))
        assert (alone.id, alone.title, alone.can_read, alone.can_write) == (one.id, one.title, one.can_read, one.can_write)


@pytest.mark.parametrize("per_request", [1, 7, 60, 61, 62, 63, 1000])
def test_pages_have_each_object_once_in_order(world, per_request):
    pages = list(as_pages(channel(world).get_objects, per_request=per_request))
    ids = [thing["id"] for page in pages for thing in page.get("objects", [])]
    assert len(ids) == len(set(ids)) == RELEASED + 2
    assert len(pages) == -(-len(ids) // per_request) or len(pages) == 1
    assert [page.get("more", False) for page in pages] == [True] * (len(pages) - 1) + [False]
    listed = [entry["id"] for page in as_pages(channel(world).get_manifest, per_request=per_request) for entry in page["objects"]]
    assert listed == ids


def test_objects_parse_with_stix2_and_come_back_byte_for_byte(world):
    things = channel(world).get_objects()["objects"]
    for thing in things:
        parsed = stix2.parse(thing, allow_custom=True)
        assert parsed["id"] == thing["id"]
    text = raw(world, channel(world).objects_url).content
    for peculiar in PECULIAR:
        assert peculiar.encode() in text, peculiar


def test_filters_choose(world):
    get = channel(world).get_objects
    one, two = indicator(1)["id"], indicator(2)["id"]
    assert {thing["id"] for thing in get(id=[one, two])["objects"]} == {one, two}
    assert [thing["id"] for thing in get(id=one, type="indicator")["objects"]] == [one]
    assert get(id=one, type="malware").get("objects", []) == []
    assert {thing["type"] for thing in get(type=["identity", "domain-name"])["objects"]} == {"identity", "domain-name"}
    assert len(get(version="all")["objects"]) == len(get(version="first")["objects"]) == RELEASED + 2
    assert get(version="2026-01-01T00:00:00.000Z", id=one)["objects"][0]["id"] == one
    assert get(spec_version="2.0").get("objects", []) == []
    manifest = channel(world).get_manifest()["objects"]
    for nth in (0, 9, RELEASED):
        after = get(added_after=manifest[nth]["date_added"]).get("objects", [])
        assert [thing["id"] for thing in after] == [entry["id"] for entry in manifest[nth + 1 :]]
    assert get(added_after=manifest[-1]["date_added"]).get("objects", []) == []


def test_manifest_versions_and_headers_agree(world):
    answer = raw(world, channel(world).url + "manifest/", limit=5)
    entries = answer.json()["objects"]
    dates = [entry["date_added"] for entry in entries]
    assert answer.headers["X-TAXII-Date-Added-First"] == dates[0] and answer.headers["X-TAXII-Date-Added-Last"] == dates[-1]
    assert dates == sorted(dates) and len(set(dates)) == len(dates), "strictly increasing"
    objects = raw(world, channel(world).objects_url, limit=5)
    for header in ("First", "Last"):
        header = f"X-TAXII-Date-Added-{header}"
        assert objects.headers[header] == answer.headers[header]
    for entry in entries:
        assert entry["version"] in channel(world).object_versions(entry["id"])["versions"]
        alone = channel(world).get_object(entry["id"])["objects"]
        assert [thing["id"] for thing in alone] == [entry["id"]]
        assert alone[0].get("modified", entry["version"]) == entry["version"]


def test_what_is_written_is_judged_and_read_back(world):
    things = [indicator(900 + nth) for nth in range(3)]
    broken = {**indicator(950), "id": "indicator--not-an-id"}
    status = box(world).add_objects({"objects": things + [broken]})
    assert status.status == "complete" and (status.success_count, status.failure_count) == (3, 1)
    assert {one["id"] for one in status.successes} == {thing["id"] for thing in things}
    assert status.failures[0]["message"]
    again = ApiRoot(f"{world.url}/taxii2/pact/", auth=Bearer(world.home.token)).get_status(status.id)
    assert again._raw == status._raw
    assert {thing["id"] for thing in box(world).get_objects()["objects"]} >= {thing["id"] for thing in things}
    # In the node it is held under the party that wrote it, and never came into Beta's channel.
    assert not channel(world).get_objects(id=things[0]["id"]).get("objects")


def test_writing_where_one_may_only_read_is_refused(world):
    url = channel(world).objects_url
    headers = {"Accept": MEDIA, "Content-Type": MEDIA, "Authorization": f"Bearer {world.home.token}"}
    answer = requests.post(url, json.dumps({"objects": [indicator(1000)]}), headers=headers, timeout=20)
    assert answer.status_code == 403 and answer.json()["http_status"] == "403", answer.text
    answer = requests.delete(url + indicator(1)["id"] + "/", headers=headers, timeout=20)
    assert answer.status_code == 403, answer.text


@pytest.mark.parametrize("auth", [None, ("beta-tools", "wrong"), ("nobody", "x"), "ent_wrong", TokenAuth("x")])
def test_strangers_learn_nothing(stranger, auth):
    """What is there and what is not get the same answer; and a guess is not free: see the throttle's own tests."""
    auth = Bearer(auth) if isinstance(auth, str) else auth
    there = f"{stranger.url}/taxii2/first/collections/{stranger.collection}/objects/"
    absent = there.replace("first", "absent")
    answers = [requests.get(url, headers={"Accept": MEDIA}, auth=auth, timeout=20) for url in (there, absent)]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert all("WWW-Authenticate" in answer.headers for answer in answers)
    assert bare(answers[0]) == bare(answers[1])


def bare(answer):
    """An error without what is of one occurrence."""
    error = answer.json()
    assert error["title"] and str(error.get("status", error.get("http_status"))) == "401"
    return {key: value for key, value in error.items() if key not in ("error_id", "instance")}


@pytest.fixture(scope="module")
def stranger():
    with Home() as home:
        data = medallion_data()
        home.ok("taxii", "takeover", home.file("data.json", json.dumps(data)))
        home.account("beta-tools", "analyst")
        with Server(home) as server:
            server.collection = data["first"]["collections"][0]["id"]
            yield server


@pytest.mark.parametrize("secret", ["token", "password"])
def test_basic_takes_token_and_password(world, secret):
    found = Discovery(f"{world.url}/taxii2/", user="beta-tools", password=getattr(world.home, secret))
    assert [root.url for root in found.api_roots] == [f"{world.url}/taxii2/pact/"]


def test_anyone_reads_only_where_the_agreement_says_so():
    """Only objects that are TLP:CLEAR, of channels of an agreement that says `anonymous_reading`."""
    alpha, beta = agreed("Alpha", "Beta", head=lambda lines: lines.replace("\n[[party]]", "anonymous_reading = true\n[[party]]", 1))
    clear = "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"
    things = [indicator(1, object_marking_refs=[clear]), indicator(2), indicator(3, object_marking_refs=[clear])]
    alpha.import_objects(things)
    alpha.ok("release", "--all")
    with alpha, beta, Server(alpha) as server:
        [root] = Discovery(f"{server.url}/taxii2/").api_roots
        [only] = root.collections
        assert (only.can_read, only.can_write) == (True, False)
        read = [thing["id"] for page in as_pages(only.get_objects, per_request=1) for thing in page.get("objects", [])]
        assert read == [things[0]["id"], things[2]["id"]]


def test_each_object_once_while_a_writer_adds():
    """A million objects by `make conformance`; pages and `added_after` together tell each exactly once."""
    total = count("ENTENTE_PAGED", 20_000, 1_000_000)
    batch = 500
    with Home() as home:
        home.found("Alpha")
        data = medallion_data()
        del data["second"]
        data["first"]["collections"] = [{**data["first"]["collections"][4], "title": "Big"}]
        home.ok("taxii", "takeover", home.file("data.json", json.dumps(data)))
        home.token, _ = home.account("anna", "analyst")
        with Server(home) as server:
            url = f"{server.url}/taxii2/first/collections/{data['first']['collections'][0]['id']}/"
            done, failed = threading.Event(), []

            def write():
                try:
                    writer = Collection(url, auth=Bearer(home.token))
                    for first in range(0, total, batch):
                        status = writer.add_objects({"objects": [indicator(nth) for nth in range(first, first + batch)]})
                        assert status.success_count == batch, status._raw
                except Exception as error:
                    failed.append(error)
                finally:
                    done.set()

            thread = threading.Thread(target=write)
            thread.start()
            reader, seen, last = Collection(url, auth=Bearer(home.token)), [], None
            reader._conn.session.hooks["response"].append(
                lambda answer, *_, **__: dates.append(answer.headers.get("X-TAXII-Date-Added-Last"))
            )
            while True:
                dates, was_done = [], done.is_set()
                asked = {"added_after": last} if last else {}
                for page in as_pages(reader.get_objects, per_request=1000, **asked):
                    seen += [thing["id"] for thing in page.get("objects", [])]
                last = next((date for date in reversed(dates) if date), last)
                if was_done:
                    break
            thread.join()
            assert not failed, failed
            assert len(seen) == len(set(seen)) == total
            assert set(seen) == {indicator(nth)["id"] for nth in range(total)}

"""The foreign servers serve what they were given: what other tests compare with is there."""

import json

import requests
from harness import Medallion, OpenTaxii
from made import medallion_data

TAXII = {"Accept": "application/taxii+json;version=2.1"}


def test_medallion_serves_the_made_up_data(tmp_path):
    data = medallion_data()
    (tmp_path / "data.json").write_text(json.dumps(data))
    server = Medallion(tmp_path / "data.json")
    try:
        for collection in data["first"]["collections"]:
            if not collection["can_read"] or not collection["objects"]:
                continue
            url = f"{server.url}/first/collections/{collection['id']}"
            for what in ("objects", "manifest"):
                asked = {"match[version]": "all", "match[spec_version]": "2.0,2.1"}
                answer = requests.get(f"{url}/{what}/", asked, headers=TAXII, auth=("user", "pass"), timeout=10)
                assert answer.status_code == 200, answer.text
                assert len(answer.json()["objects"]) == len(collection["objects"]), (collection["title"], what)
    finally:
        server.close()


def test_opentaxii_takes_and_gives(tmp_path):
    server = OpenTaxii(tmp_path)
    try:
        url = f"{server.url}/taxii2/{server.root}/collections/{server.collection}/objects/"
        things = [thing for thing in medallion_data()["first"]["collections"][1]["objects"]]
        for thing in things:
            thing.setdefault("indicator_types", ["malicious-activity"])
        headers = {**TAXII, "Content-Type": "application/taxii+json;version=2.1"}
        body = json.dumps({"objects": things})
        answer = requests.post(url, body, headers=headers, auth=("user", "pass"), timeout=10)
        assert answer.status_code == 202, answer.text
        answer = requests.get(url, headers=TAXII, auth=("user", "pass"), timeout=10)
        assert [thing["id"] for thing in answer.json()["objects"]] == [thing["id"] for thing in things], answer.text
    finally:
        server.close()

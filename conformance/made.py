"""Made-up material: a medallion data file with everything that its format can say."""

import random
import uuid

STIX = "application/stix+json;version="
NAMESPACE = uuid.UUID("5d0092c5-5f74-4287-9642-33f4c354e56d")


def made_id(kind, nth):
    return f"{kind}--{uuid.uuid5(NAMESPACE, f'{kind}{nth}')}"


def at(seconds, digits=3):
    """An instant in 2020, `seconds` after its first."""
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"2020-01-{1 + hours // 24:02}T{hours % 24:02}:{minutes:02}:{seconds:02}.{'0' * digits}Z"


def versioned(nth, version, spec="2.1"):
    thing = {
        "type": "indicator", "id": made_id("indicator", nth), "created": at(nth), "modified": at(nth + version * 1000),
        "name": f"Number {nth}, said {version} times; Straße „x“ \u2603 \\ \"", "pattern_type": "stix",
        "pattern": f"[domain-name:value = 'n{nth}.example']", "valid_from": at(nth), "labels": ["made-up"],
    }
    if spec == "2.1":
        thing["spec_version"] = spec
    return thing


def observable(nth, added):
    return {"type": "ipv4-addr", "spec_version": "2.1", "id": made_id("ipv4-addr", nth), "value": f"192.0.2.{nth}",
            "_date_added": added}


def marking():
    return {"type": "marking-definition", "spec_version": "2.1", "id": "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9",
            "created": "2017-01-20T00:00:00.000Z", "definition_type": "tlp", "name": "TLP:WHITE", "definition": {"tlp": "white"}}


def collection(name, chance, objects, can_read=True, can_write=True, **more):
    """A collection; every third `date_added` is that of the object before."""
    manifest, when = [], 0
    for nth, thing in enumerate(objects):
        when += 0 if nth % 3 == 2 else chance.randrange(1, 90)
        added = thing.get("_date_added", at(when, 6))
        version = thing.get("modified", thing.get("created", added))
        spec = thing.get("spec_version", "2.0")
        manifest.append({"id": thing["id"], "date_added": added, "version": version, "media_type": STIX + spec})
    return {
        "id": str(uuid.uuid5(NAMESPACE, name)), "title": name, "can_read": can_read, "can_write": can_write,
        "media_types": [STIX + "2.0", STIX + "2.1"], **more, "objects": objects, "manifest": manifest,
    }


def medallion_data(seed=1):
    chance = random.Random(seed)
    mixed = [versioned(nth, version) for version in range(4) for nth in range(20) if version <= nth % 4]
    mixed += [{"type": "relationship", "spec_version": "2.1", "id": made_id("relationship", nth), "created": at(nth),
               "modified": at(nth), "relationship_type": "related-to", "source_ref": made_id("indicator", nth),
               "target_ref": made_id("indicator", nth + 1)} for nth in range(5)]
    mixed += [observable(nth, at(50_000 + nth, 6)) for nth in range(6)] + [marking()]
    old = [versioned(100 + nth, 0, "2.0") for nth in range(4)]
    root = {"versions": ["application/taxii+json;version=2.1"], "max_content_length": 1_000_000}
    return {
        "/discovery": {
            "title": "Made up", "description": "A server", "contact": "nobody", "default": "http://localhost:5000/first/",
            "api_roots": ["http://localhost:5000/first/", "http://localhost:5000/second/"],
        },
        "first": {
            "information": {"title": "First root", "description": "What is there", **root},
            "status": [{
                "id": "2d086da7-4bdc-4f91-900e-d77486753710", "status": "complete",
                "request_timestamp": "2020-01-02T12:34:34.123450Z", "total_count": 2, "success_count": 1,
                "successes": [{"id": made_id("indicator", 1), "version": at(1)}], "failure_count": 1,
                "failures": [{"id": made_id("indicator", 2), "version": at(2), "message": "Unable to process object"}],
                "pending_count": 0,
            }],
            "collections": [
                collection("Read and write", chance, mixed, description="All sorts", alias="mixed"),
                collection("Read only", chance, [versioned(nth, 0) for nth in range(40, 45)], can_write=False),
                collection("Write only", chance, [versioned(nth, 0) for nth in range(50, 53)], can_read=False),
                collection("Neither", chance, [versioned(60, 0)], can_read=False, can_write=False),
                collection("Empty", chance, []),
                collection("Old and new", chance, old + [versioned(101, 1)]),
            ],
        },
        "second": {"information": {"title": "Second root", **root}, "status": [], "collections": []},
    }

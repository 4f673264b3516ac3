"""schemathesis tries `/api/v1` as its OpenAPI 3.1 document says it is: no failure of the server, no broken promise."""

import os
import subprocess

import pytest
import requests
from harness import ROOT, Server, agreed, count, indicator

# Not: `positive_data_acceptance` (a well-formed name of what is not there is refused, and has to be),
# `negative_data_rejection` (imports and validators take any bytes, and say what is wrong with them), nor `ignored_auth`
# (too many wrong tokens are answered 429).
NOT = "positive_data_acceptance,negative_data_rejection,ignored_auth"


@pytest.fixture(scope="module")
def world():
    alpha, beta = agreed("Alpha", "Beta")
    alpha.import_objects([indicator(nth) for nth in range(1, 20)])
    alpha.ok("release", "--all")
    alpha.account("ada", "administrator")
    with alpha, beta, Server(alpha) as server:
        yield server


def test_the_document_is_openapi_3_1_and_public(world):
    answer = requests.get(world.url + "/api/v1/openapi.json", timeout=20)
    assert answer.status_code == 200
    assert answer.json()["openapi"].startswith("3.1") and answer.json()["paths"]


# A stream without an end is not for a client that waits for one; and what is made up is not to be called by the server:
# routes that connect to an address they are given.
LEFT_OUT = "detections/events$|peers|feeds"
# Accounts by themselves and last: whoever tries them all at random takes its own token back in the end.
ACCOUNTS = "me|session|accounts"


@pytest.mark.parametrize("part", ["everything else", "accounts"])
def test_schemathesis_finds_no_broken_promise(world, tmp_path, part):
    seconds = count("ENTENTE_SCHEMATHESIS_SECONDS", 40, 900) // (4 if part == "accounts" else 1)
    chosen = f"^/api/v1/({ACCOUNTS})" if part == "accounts" else f"^/api/v1/(?!{ACCOUNTS}|{LEFT_OUT})"
    config = tmp_path / "schemathesis.toml"
    config.write_text("")
    command = [
        "schemathesis", "--config-file", str(config), "run", world.url + "/api/v1/openapi.json",
        "--checks", "all", "--exclude-checks", NOT, "--max-time", str(seconds), "--phases", "examples,coverage,fuzzing", "--seed", "1",
        "--request-timeout", "20", "--include-path-regex", chosen, "-H", f"Authorization: Bearer {world.home.token}",
        "--generation-database", "none", "--no-color", "--max-failures", "20", "--suppress-health-check", "all",
    ]
    hooks = {"SCHEMATHESIS_HOOKS": "openapi_hooks", "PYTHONPATH": str(ROOT / "conformance")}
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env={**os.environ, **hooks}, timeout=seconds * 2 + 120
    )
    assert done.returncode == 0, done.stdout[-12_000:] + done.stderr[-2_000:]
    assert world.alive()
    print(done.stdout[-1500:])

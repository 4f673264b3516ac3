"""What schemathesis does not know by itself: bodies that are neither JSON nor text, as bytes."""

import json

import schemathesis


@schemathesis.serializer(
    "application/toml", "application/octet-stream", "application/x-ndjson", "application/x-tar", "text/csv",
    "application/json-seq", "application/stix+json;version=2.1",
)
def as_bytes(context, value):
    if isinstance(value, bytes):
        return {"data": value}
    return {"data": value.encode("utf-8", "surrogatepass") if isinstance(value, str) else json.dumps(value, default=str).encode()}


@schemathesis.deserializer("application/octet-stream", "application/x-tar", "application/toml", "text/event-stream")
def as_text(context, response):
    return response.content.decode("utf-8", "replace")


@schemathesis.deserializer("application/x-ndjson")
def as_lines(context, response):
    """The last line stands for all of them: the schema is that of a line."""
    lines = [json.loads(line) for line in response.content.splitlines() if line]
    return lines[-1] if lines else None

"""Where we answer otherwise than medallion 3.0.0, and which clause of TAXII 2.1 (OASIS Standard, 2021) decides it."""


class Known:
    """A known difference: its name, whom the text supports and where, and whether two answers differ so."""

    def __init__(self, name, clause, holds):
        self.name, self.clause, self.holds = name, clause, holds


def status(theirs, ours):
    """Holds where medallion answers with one status and we with the other."""
    return lambda asked, a, b: (a["status"], b["status"]) == (theirs, ours)


def is_same_but(*parts):
    """Whether two answers are the same without these members of their bodies."""

    def holds(asked, a, b):
        for part in parts:
            for answer in (a, b):
                if isinstance(answer["body"], dict):
                    answer["body"].pop(part, None)
        return a == b

    return holds


def is_page_for_people(asked, a, b):
    """The status is the same; medallion gives a web page with it, we an error object."""
    return a["status"] == b["status"] >= 400 and a["body"] == "not JSON" and b["body"] == {"error object": True}


def is_duplicate(asked, a, b):
    """Both took the same objects in; medallion counts those that it had already as failures."""
    if asked.method != "POST" or (a["status"], b["status"]) != (202, 202):
        return False
    a, b = a["body"], b["body"]
    ids = lambda status, part: {one["id"] for one in status.get(part, [])}  # noqa: E731
    return a["total_count"] == b["total_count"] == b["success_count"] and ids(b, "successes") == ids(a, "successes") | ids(a, "failures")


KNOWN = [
    Known(
        "max_content_length is ours",
        "§4.2.1: the largest request body that this server takes; ours does not come from the file that was taken over",
        lambda asked, a, b: "max_content_length" in (a["body"] or {}) and is_same_but("max_content_length")(asked, a, b),
    ),
    Known(
        "an API root without a collection",
        "§4.2: 404 for a root that the client has no access to; a root here is what one may see of its collections",
        lambda asked, a, b: asked.path.startswith("second/") and status(200, 404)(asked, a, b),
    ),
    Known(
        "a filter that is no time",
        "§5.3, §5.4: 400 for filter parameters that are not understood; medallion fails with 500",
        lambda asked, a, b: bool(asked.query) and status(500, 400)(asked, a, b),
    ),
    Known(
        "a parameter that is empty or not defined",
        "§5.3, §5.4: 400 for filter parameters that are not understood; medallion answers as if they were not there, so "
        "that a misspelt filter gives everything",
        lambda asked, a, b: bool({"colour", "match[colour]", "match[type]"} & set(asked.query)) and status(200, 400)(asked, a, b),
    ),
    Known(
        "a media type without a version, or any",
        "§1.6.8: without a version parameter the server answers with the latest it has; RFC 9110 §12.5.1 for `*/*`",
        lambda asked, a, b: asked.headers["Accept"] in ("application/taxii+json", "*/*") and status(406, 200)(asked, a, b),
    ),
    Known(
        "errors are objects",
        "§3.6.1: an error message in the media type of TAXII; medallion's framework answers with a web page",
        is_page_for_people,
    ),
    Known(
        "an envelope with an empty list",
        "§3.7: a list that has nothing is left out; there is nothing to add",
        lambda asked, a, b: asked.body == '{"objects":[]}' and a["status"] == 202 and b["status"] in (400, 422),
    ),
    Known(
        "what is there already",
        "§5.5: adding what a collection has is no failure, so that an answer that was lost can be asked for again",
        is_duplicate,
    ),
]

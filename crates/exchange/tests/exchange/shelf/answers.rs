//! Requests and their answers, as a table: `answers.txt`, written anew with `ENTENTE_GOLDEN=1`.

use std::fmt::Write as _;
use std::path::Path;

use entente_exchange::taxii::{Pages, Response};

use super::{Guest, body};
use crate::world::world_under;

const BOX: &str = "\n[[contribution]]\nname = \"gifts\"\nby = \"all\"\ntypes = [\"any\"]\nmarkings_up_to = \"green\"\nunmarked = \"clear\"\n";

const MEDIA: Option<&str> = Some("application/taxii+json;version=2.1");

/// Method, path behind the root, query, accept, content type, body.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    Option<&'static str>,
    Option<&'static str>,
    &'static str,
);

const ROWS: &[Row] = &[
    ("GET", "", "", MEDIA, None, ""),
    ("GET", "", "", None, None, ""),
    ("GET", "", "", Some("application/json"), None, ""),
    ("GET", "", "", Some("text/html, */*;q=0.1"), None, ""),
    ("HEAD", "", "", MEDIA, None, ""),
    ("OPTIONS", "", "", MEDIA, None, ""),
    ("POST", "", "", MEDIA, None, ""),
    ("GET", "north-sea/", "", MEDIA, None, ""),
    ("GET", "south-sea/", "", MEDIA, None, ""),
    ("GET", "north-sea/collections/", "", MEDIA, None, ""),
    ("GET", "north-sea/collections/p0-to-p1/", "", MEDIA, None, ""),
    ("GET", "north-sea/collections/nothing/", "", MEDIA, None, ""),
    (
        "GET",
        "north-sea/collections/p0-to-p1/objects/",
        "limit=1",
        MEDIA,
        None,
        "",
    ),
    (
        "GET",
        "north-sea/collections/p0-to-p1/objects/",
        "limit=2&match[version]=all",
        MEDIA,
        None,
        "",
    ),
    (
        "HEAD",
        "north-sea/collections/p0-to-p1/objects/",
        "limit=1",
        MEDIA,
        None,
        "",
    ),
    (
        "GET",
        "north-sea/collections/p0-to-p1/objects/",
        "match[type]=malware",
        MEDIA,
        None,
        "",
    ),
    (
        "GET",
        "north-sea/collections/p0-to-p1/objects/",
        "match[spec_version]=2.0",
        MEDIA,
        None,
        "",
    ),
    (
        "GET",
        "north-sea/collections/p0-to-p1/objects/",
        "added_after=2030-01-01T00:00:00Z",
        MEDIA,
        None,
        "",
    ),
    (
        "GET",
        "north-sea/collections/p0-to-p1/objects/",
        "next=AAAA",
        MEDIA,
        None,
        "",
    ),
    (
        "GET",
        "north-sea/collections/p0-to-p1/objects/",
        "limit=1&limit=2",
        MEDIA,
        None,
        "",
    ),
    (
        "GET",
        "north-sea/collections/p0-to-p1/objects/",
        "page=2",
        MEDIA,
        None,
        "",
    ),
    (
        "GET",
        "north-sea/collections/p0-to-p1/manifest/",
        "",
        MEDIA,
        None,
        "",
    ),
    (
        "GET",
        "north-sea/collections/p0-to-p1/objects/indicator--00000000-0000-4000-8000-000000000001/",
        "",
        MEDIA,
        None,
        "",
    ),
    (
        "GET",
        "north-sea/collections/p0-to-p1/objects/indicator--00000000-0000-4000-8000-000000000001/",
        "match[version]=2020-01-01T00:00:00Z",
        MEDIA,
        None,
        "",
    ),
    (
        "GET",
        "north-sea/collections/p0-to-p1/objects/indicator--00000000-0000-4000-8000-000000000001/versions/",
        "",
        MEDIA,
        None,
        "",
    ),
    (
        "GET",
        "north-sea/collections/p0-to-p1/objects/indicator--00000000-0000-4000-8000-000000000009/",
        "",
        MEDIA,
        None,
        "",
    ),
    (
        "GET",
        "north-sea/collections/p0-to-p1/objects/indicator--00000000-0000-4000-8000-000000000009/versions/",
        "",
        MEDIA,
        None,
        "",
    ),
    (
        "DELETE",
        "north-sea/collections/p0-to-p1/objects/indicator--00000000-0000-4000-8000-000000000001/",
        "",
        MEDIA,
        None,
        "",
    ),
    (
        "DELETE",
        "north-sea/collections/p0-to-p1/objects/",
        "",
        MEDIA,
        None,
        "",
    ),
    (
        "POST",
        "north-sea/collections/p0-to-p1/objects/",
        "",
        MEDIA,
        MEDIA,
        "{\"objects\":[]}",
    ),
    ("GET", "north-sea/collections/contributions/", "", MEDIA, None, ""),
    (
        "GET",
        "north-sea/collections/contributions/objects/",
        "",
        MEDIA,
        None,
        "",
    ),
    (
        "POST",
        "north-sea/collections/contributions/objects/",
        "",
        MEDIA,
        Some("application/json"),
        "{\"objects\":[]}",
    ),
    (
        "POST",
        "north-sea/collections/contributions/objects/",
        "",
        MEDIA,
        None,
        "{\"objects\":[]}",
    ),
    (
        "POST",
        "north-sea/collections/contributions/objects/",
        "",
        MEDIA,
        MEDIA,
        "{\"objects\":[}",
    ),
    (
        "POST",
        "north-sea/collections/contributions/objects/",
        "",
        MEDIA,
        MEDIA,
        "{\"objects\":[]}",
    ),
    (
        "POST",
        "north-sea/collections/contributions/objects/",
        "",
        MEDIA,
        MEDIA,
        "{\"objects\":[{\"type\":\"x\"}]}",
    ),
    (
        "POST",
        "north-sea/collections/contributions/objects/",
        "",
        MEDIA,
        MEDIA,
        "{\"objects\":[{\"type\":\"indicator\",\"id\":\"indicator--11111111-0000-4000-8000-000000000001\"}]}",
    ),
    (
        "GET",
        "north-sea/status/00000000-0000-0000-0000-000000000000/",
        "",
        MEDIA,
        None,
        "",
    ),
];

fn written(response: &Response) -> String {
    let mut text = format!("{}\n", response.status);
    for (name, value) in &response.headers {
        writeln!(text, "{name}: {value}").unwrap();
    }
    writeln!(text, "\n{}", body(response)).unwrap();
    text
}

#[test]
fn answers_are_those_of_the_table() {
    let mut actors = world_under(2, "", BOX);
    actors[0].tell(3);
    let pages = Pages::new(1 << 20);
    let guest = Guest::party(&actors[0], &actors[1], &pages);
    let mut table = String::new();
    // Twice: what is kept is what is rendered.
    for _ in 0..2 {
        let mut again = String::new();
        for (method, path, query, accept, content_type, body) in ROWS {
            let path = format!("/taxii2/{path}");
            let response = guest.send(method, &path, query, *accept, *content_type, body.as_bytes());
            writeln!(
                again,
                "> {method} {path} {query} {accept:?} {content_type:?} {body}"
            )
            .unwrap();
            writeln!(again, "{}", written(&response)).unwrap();
        }
        assert!(table.is_empty() || table == again);
        table = again;
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/exchange/shelf/answers.txt");
    if std::env::var_os("ENTENTE_GOLDEN").is_some() {
        std::fs::write(&file, &table).unwrap();
    }
    let expected = std::fs::read_to_string(&file).unwrap();
    for (found, expected) in table.split("\n> ").zip(expected.split("\n> ")) {
        assert_eq!(found, expected);
    }
    assert_eq!(table.len(), expected.len());
}

#[test]
fn anything_at_all_is_answered() {
    let mut actors = world_under(2, "", BOX);
    actors[0].tell(2);
    let pages = Pages::new(1 << 20);
    let guest = Guest::party(&actors[0], &actors[1], &pages);
    let pieces = [
        "",
        "/",
        "taxii2",
        "north-sea",
        "collections",
        "p0-to-p1",
        "contributions",
        "objects",
        "manifest",
        "versions",
        "status",
        "%2e%2e",
        "..",
        "%00",
        "%",
        "\u{202e}",
        "indicator--00000000-0000-4000-8000-000000000001",
    ];
    let queries = [
        "",
        "limit=1",
        "next=%00",
        "match[id]=,",
        "&=&=",
        "added_after=-",
        "match[version]=all",
    ];
    let methods = [
        "GET", "HEAD", "POST", "DELETE", "PUT", "OPTIONS", "get", "TRACE", "",
    ];
    let bodies: [&[u8]; 4] = [
        b"",
        b"{",
        b"\xff",
        b"{\"objects\":[{\"id\":\"x\",\"type\":\"y\"}]}",
    ];
    let mut random = crate::Random(1);
    for _ in 0..crate::cases(2_000) {
        let count = random.below(8);
        let parts: Vec<&str> = (0..count).map(|_| pieces[random.below(pieces.len())]).collect();
        let path = format!("/taxii2/{}", parts.join("/"));
        let response = guest.send(
            methods[random.below(methods.len())],
            &path,
            queries[random.below(queries.len())],
            MEDIA.filter(|_| random.below(4) > 0),
            MEDIA.filter(|_| random.below(4) > 0),
            bodies[random.below(bodies.len())],
        );
        assert!(
            (200..500).contains(&response.status),
            "{path}: {}",
            response.status
        );
    }
}

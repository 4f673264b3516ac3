//! What is wrong with requests, and where.

use std::io::Write as _;

use serde_json::json;

use super::{INDICATOR, Node, bundle};

#[tokio::test]
async fn a_body_that_is_no_json_is_told_with_the_place() {
    let node = Node::new();
    let json = [("content-type", "application/json")];
    for (body, pointer) in [
        ("", ""),
        ("{\"values\": [\"a\", ]}", "/values"),
        ("{\"values\": [\"a\", {\"b\": nul}]}", "/values/1/b"),
        ("{\"values\": [], \"values\": []}", ""),
        ("[1,2", ""),
        ("\u{feff}{}", ""),
    ] {
        let answer = node.ask("POST", "/api/v1/look", &json, body).await;
        assert_eq!(answer.status, 400, "{body} {}", answer.text());
        let faults = answer.faults();
        assert!(faults[0].starts_with(pointer), "{body} {faults:?}");
        assert_eq!(answer.json()["pointer"], faults[0]);
    }
}

#[tokio::test]
async fn every_fault_of_a_body_is_told_at_once() {
    let node = Node::new();
    let answer = node
        .post(
            "/api/v1/recalls",
            &json!({"ids": [1, "a", null], "reason": 7, "why": "x", "dry_run": "no"}),
        )
        .await;
    assert_eq!(answer.status, 422);
    assert_eq!(
        answer.faults(),
        ["/dry_run", "/ids/0", "/ids/2", "/reason", "/why"]
    );
    let answer = node.post("/api/v1/recalls", &json!({})).await;
    assert_eq!(answer.faults(), ["/ids", "/reason"]);
    let answer = node
        .post("/api/v1/releases", &json!({"ids": ["a"], "all": true}))
        .await;
    assert_eq!(
        (answer.status, answer.faults()),
        (422, vec!["/ids".to_owned(), "/all".to_owned()])
    );
    let answer = node
        .post("/api/v1/recalls", &json!({"ids": ["a"], "reason": "  "}))
        .await;
    assert_eq!(
        (answer.status, answer.faults()),
        (422, vec!["/reason".to_owned()])
    );
}

#[tokio::test]
async fn every_fault_of_the_parameters_is_told_at_once() {
    let node = Node::new();
    for (path, faults) in [
        ("/api/v1/find", vec!["query"]),
        ("/api/v1/find?query=a&limit=0", vec!["limit"]),
        ("/api/v1/find?query=a&limit=1001&page=2", vec!["page", "limit"]),
        ("/api/v1/find?query=a&query=b", vec!["query"]),
        ("/api/v1/find?query=%20", vec!["query"]),
        ("/api/v1/look", vec!["value"]),
        ("/api/v1/export/stix?versions=perhaps", vec!["versions"]),
        ("/api/v1/objects?limit=ten", vec!["limit"]),
        ("/api/v1/objects?limit=-1", vec!["limit"]),
        ("/api/v1/objects?limit=18446744073709551616", vec!["limit"]),
        ("/api/v1/agreements/a/text?form=pdf", vec!["form"]),
    ] {
        let answer = node.get(path).await;
        assert_eq!(answer.status, 400, "{path} {}", answer.text());
        assert_eq!(answer.faults(), faults, "{path}");
    }
    let answer = node.post_text("/api/v1/import", "198.51.100.7").await;
    assert_eq!((answer.status, answer.faults()), (400, vec!["source".to_owned()]));
    let answer = node
        .post_text("/api/v1/import?source=a&as=pdf", "198.51.100.7")
        .await;
    assert_eq!((answer.status, answer.faults()), (400, vec!["as".to_owned()]));
}

#[tokio::test]
async fn bodies_of_other_types_are_not_read() {
    let node = Node::new();
    for (path, media_type) in [
        ("/api/v1/look", "text/plain"),
        ("/api/v1/look", "application/xml"),
        ("/api/v1/look", ""),
        ("/api/v1/import?source=a", "image/png"),
        ("/api/v1/import?source=a", "multipart/form-data; boundary=x"),
        ("/api/v1/scan", "text/html"),
        ("/api/v1/agreements", "application/json"),
        ("/api/v1/agreements/a/signature", "text/plain"),
    ] {
        let answer = node
            .ask(
                "POST",
                path,
                &[("content-type", media_type)],
                "{\"values\":[\"a\"]}",
            )
            .await;
        assert_eq!(answer.status, 415, "{path} {media_type} {}", answer.text());
        answer.faults();
    }
    let with_charset = [("content-type", "Application/JSON; charset=utf-8")];
    node.ask("POST", "/api/v1/look", &with_charset, "{\"values\":[\"a\"]}")
        .await
        .ok();
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn compressed_bodies_are_read_and_bombs_are_not() {
    let node = Node::new();
    let packed = zstd::encode_all(bundle().as_bytes(), 3).unwrap();
    let json = ("content-type", "application/stix+json");
    for (encoding, body, known) in [
        (("content-encoding", "gzip"), gzip(bundle().as_bytes()), 0),
        (("content-encoding", "zstd"), packed.clone(), 1),
        (("x-nothing", ""), packed, 1),
        (("x-nothing", ""), gzip(bundle().as_bytes()), 1),
    ] {
        let done = node
            .ask("POST", "/api/v1/import?source=a", &[json, encoding], body)
            .await
            .ok()
            .json();
        assert_eq!(
            (&done["account"]["in"], &done["account"]["known"]),
            (&json!(1), &json!(known))
        );
    }
    let mut blanks = vec![b' '; 32 << 20];
    blanks[0] = b'[';
    let bomb = gzip(&blanks);
    for (path, encoding) in [
        ("/api/v1/import?source=a&as=stix", ("content-encoding", "gzip")),
        ("/api/v1/import?source=a&as=stix", ("x-nothing", "")),
        ("/api/v1/stix/validation", ("content-encoding", "gzip")),
        ("/api/v1/stix/validation", ("x-nothing", "")),
    ] {
        let answer = node.ask("POST", path, &[json, encoding], bomb.clone()).await;
        assert_eq!(answer.status, 413, "{path} {}", answer.text());
        answer.faults();
    }
    let cut = gzip(bundle().as_bytes());
    let cut = cut[..cut.len() / 2].to_vec();
    let answer = node
        .ask(
            "POST",
            "/api/v1/import?source=a",
            &[json, ("content-encoding", "gzip")],
            cut,
        )
        .await;
    assert_eq!(answer.status, 400, "{}", answer.text());
}

#[tokio::test]
async fn what_is_not_known_is_not_found() {
    let node = Node::new();
    for path in [
        format!("/api/v1/objects/{INDICATOR}"),
        format!("/api/v1/objects/{INDICATOR}/raw"),
        format!("/api/v1/objects/{INDICATOR}/traces"),
        format!("/api/v1/objects/{INDICATOR}/versions"),
        "/api/v1/objects/%00%ff".to_owned(),
        "/api/v1/parties/nobody".to_owned(),
        "/api/v1/parties/nobody/card".to_owned(),
        "/api/v1/agreements/none".to_owned(),
        "/api/v1/agreements/none/text".to_owned(),
        "/api/v1/logs/none".to_owned(),
        "/api/v1/logs/none/entries".to_owned(),
        "/api/v1/logs/none/verification".to_owned(),
        "/api/v1/logs/none/archive".to_owned(),
        format!("/api/v1/proof?of={INDICATOR}"),
        format!("/api/v1/explain?object={INDICATOR}&party=nobody"),
    ] {
        let answer = node.get(&path).await;
        assert!(
            [400, 404].contains(&answer.status),
            "{path} {} {}",
            answer.status,
            answer.text()
        );
        answer.faults();
    }
    for word in ["signature", "suspension", "resumption", "leaving"] {
        let answer = node
            .post(
                &format!("/api/v1/agreements/none/{word}"),
                &json!({"dry_run": true}),
            )
            .await;
        assert_eq!(answer.status, 404, "{word} {}", answer.text());
    }
}

#[tokio::test]
async fn without_keys_nothing_is_signed() {
    let node = Node::new().informed().await;
    for (path, body) in [
        ("/api/v1/releases", json!({"all": true})),
        (
            "/api/v1/recalls",
            json!({"ids": [INDICATOR], "reason": "a mistake"}),
        ),
        ("/api/v1/bundles", json!({"to": "other"})),
        ("/api/v1/logs/guard", json!({})),
    ] {
        let answer = node.post(path, &body).await;
        assert_eq!(answer.status, 409, "{path} {}", answer.text());
        assert_eq!(answer.json()["type"], "/problems/locked", "{path}");
    }
    // What would be recalled needs no key.
    let order = json!({"ids": [INDICATOR], "reason": "x", "dry_run": true});
    let told = node.post("/api/v1/recalls", &order).await.ok().json();
    assert_eq!(told["items"][0]["reason"], "not released");
}

/// A few bytes of JSON become many in memory.
#[tokio::test]
async fn a_body_of_json_is_not_big() {
    let node = Node::new();
    let many = format!("{{\"values\":[{}0]}}", "0,".repeat(2 << 20));
    let json = [("content-type", "application/json")];
    let packed = [json[0], ("content-encoding", "gzip")];
    for (headers, body) in [
        (&json[..], many.clone().into_bytes()),
        (&packed, gzip(many.as_bytes())),
    ] {
        assert_eq!(node.ask("POST", "/api/v1/look", headers, body).await.status, 413);
    }
}

/// Bodies of other requests that are under way.
#[tokio::test]
async fn bodies_under_way_have_a_bound_for_all_and_for_one() {
    use crate::serve::limits::{BODIES_BYTES_MAX, CALLER_BODIES_BYTES_MAX};
    let node = Node::new();
    let values = json!({"values": ["a"]});
    let look = || node.post("/api/v1/look", &values);
    let held = node
        .server
        .bodies
        .take("test".to_owned(), CALLER_BODIES_BYTES_MAX)
        .unwrap();
    let refused = look().await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, "2"));
    drop(held);
    look().await.ok();
    let others: Vec<_> = (0..BODIES_BYTES_MAX / CALLER_BODIES_BYTES_MAX)
        .map(|other| {
            let taken = node
                .server
                .bodies
                .take(other.to_string(), CALLER_BODIES_BYTES_MAX);
            taken.unwrap()
        })
        .collect();
    let refused = look().await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, "2"));
    drop(others);
    // What was counted for bodies that were answered is free again.
    for _ in 0..3 {
        look().await.ok();
        let all = node
            .server
            .bodies
            .take("test".to_owned(), CALLER_BODIES_BYTES_MAX);
        assert!(all.is_ok());
    }
}

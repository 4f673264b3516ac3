//! Two parties: met, agreed, released, recalled, and carried in a bundle.

use serde_json::json;

use super::{INDICATOR, Node};

const TOML: [(&str, &str); 1] = [("content-type", "application/toml")];

/// Two parties with an agreement in force, the first one informed.
async fn parties() -> (Node, Node) {
    let (one, other) = (
        Node::party("North CERT").informed().await,
        Node::party("South Grid"),
    );
    for (from, to) in [(&one, &other), (&other, &one)] {
        let card = from.get("/api/v1/parties/self/card").await.ok().text();
        let met = to.post_text("/api/v1/parties", card).await.ok().json();
        assert_eq!(met["met"][0]["stored"], true, "{met}");
    }
    let text = one.get("/api/v1/agreement-template?id=sharing").await.ok().text();
    let taken = one
        .ask("POST", "/api/v1/agreements", &TOML, text)
        .await
        .ok()
        .json();
    assert_eq!(taken["taken"]["in_force"], false);
    let digest = taken["taken"]["versions"][0]["digest"].clone();
    one.post("/api/v1/agreements/sharing/signature", &json!({"digest": digest}))
        .await
        .ok();
    hand_over(&one, &other).await;
    let signed = other
        .post("/api/v1/agreements/sharing/signature", &json!({}))
        .await
        .ok()
        .json();
    assert_eq!(signed["signed"]["in_force"], true, "{signed}");
    hand_over(&other, &one).await;
    (one, other)
}

async fn hand_over(from: &Node, to: &Node) {
    let file = from
        .get("/api/v1/agreements/sharing/text?form=file")
        .await
        .ok()
        .text();
    let taken = to.post_text("/api/v1/agreements", file).await.ok().json();
    let acts = taken["acts"].as_array().unwrap();
    assert!(acts.iter().all(|act| act["fate"] != "refused"), "{taken}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_agreed_is_released_proved_carried_and_recalled() {
    let (one, other) = parties().await;
    let explained = one
        .get(&format!("/api/v1/explain?object={INDICATOR}&party=South%20Grid"))
        .await
        .ok()
        .json();
    assert_eq!(explained["items"][0]["may_go"], true, "{explained}");

    let order = json!({"ids": [INDICATOR], "dry_run": true});
    let would = one.post("/api/v1/releases", &order).await.ok().json();
    assert_eq!(
        (&would["items"][0]["ruling"], &would["release"]["heads"]),
        (&json!("released"), &json!([]))
    );
    let done = one
        .post("/api/v1/releases", &json!({"all": true}))
        .await
        .ok()
        .json();
    assert_eq!(
        (&done["release"]["released"], &done["more"]),
        (&json!(1), &json!(0)),
        "{done}"
    );

    let logs = one.get("/api/v1/logs").await.ok().json();
    let log = logs["items"][0]["log"].as_str().unwrap().to_owned();
    let in_path: String = url::form_urlencoded::byte_serialize(log.as_bytes()).collect();
    for name in [in_path.as_str(), "sharing"] {
        let path = format!("/api/v1/logs/{name}");
        assert_eq!(one.get(&path).await.ok().json()["log"], log.as_str());
        let entries = one.get(&format!("{path}/entries?limit=10")).await.ok().json();
        assert_eq!(
            (&entries["items"][0]["kind"], &entries["items"][0]["object"]),
            (&json!("release"), &json!(INDICATOR))
        );
        assert_eq!(
            one.get(&format!("{path}/entries?after=1")).await.ok().json()["items"],
            json!([])
        );
        let verdict = one.get(&format!("{path}/verification")).await.ok().json();
        assert_eq!(verdict["items"][0]["good"], true, "{verdict}");
        let archive = one.get(&format!("{path}/archive")).await.ok();
        assert!(archive.text().starts_with("checkpoint") || archive.text().contains("checkpoint\0"));
        assert_eq!(archive.body.len() % 512, 0);
    }
    let proof = one
        .get(&format!("/api/v1/proof?of={INDICATOR}"))
        .await
        .ok()
        .text();
    let verified = other
        .post_text("/api/v1/proof/verification", proof.clone())
        .await
        .ok()
        .json();
    assert_eq!(verified["good"], true, "{verified}");
    let forged = other
        .post_text("/api/v1/proof/verification", proof.replace('A', "B"))
        .await
        .ok()
        .json();
    assert_eq!(forged["good"], false, "{forged}");

    carry(&one, &other).await;
    let held = other
        .get(&format!("/api/v1/objects/{INDICATOR}"))
        .await
        .ok()
        .json();
    assert!(held["owner"].is_string(), "{held}");

    let order = json!({"ids": [INDICATOR, "indicator--0"], "reason": "a false positive"});
    let recalled = one.post("/api/v1/recalls", &order).await.ok().json();
    assert_eq!(
        (
            &recalled["items"][0]["recalled"],
            &recalled["items"][1]["recalled"]
        ),
        (&json!(true), &json!(false))
    );
    carry(&one, &other).await;
    assert_eq!(
        other.get(&format!("/api/v1/objects/{INDICATOR}")).await.status,
        404
    );
    let traces = other
        .get(&format!("/api/v1/objects/{INDICATOR}/traces"))
        .await
        .ok()
        .json();
    assert_eq!(traces["recalls"][0]["reason"], "a false positive");
    assert_eq!(
        one.post("/api/v1/logs/guard", &json!({})).await.ok().json()["items"],
        json!([])
    );
}

async fn carry(from: &Node, to: &Node) {
    let written = from
        .post("/api/v1/bundles", &json!({"to": "South Grid", "days": 30}))
        .await
        .ok();
    assert!(written.header("content-disposition").contains("attachment"));
    let binary = [("content-type", "application/octet-stream")];
    let read = to
        .ask("POST", "/api/v1/bundles/read", &binary, written.body.clone())
        .await
        .ok()
        .json();
    assert_eq!(
        (&read["old"], &read["refused"]),
        (&json!(false), &json!([])),
        "{read}"
    );
    let again = to
        .ask("POST", "/api/v1/bundles/read", &binary, written.body.clone())
        .await
        .ok()
        .json();
    assert_eq!(again["old"], true);
    // Nobody else can open it, and what is cut is refused whole.
    let other = from
        .ask("POST", "/api/v1/bundles/read", &binary, written.body.clone())
        .await;
    assert_eq!(other.status, 422, "{}", other.text());
    let cut = written.body[..written.body.len() / 2].to_vec();
    assert_eq!(
        to.ask("POST", "/api/v1/bundles/read", &binary, cut).await.status,
        422
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_is_amended_held_up_and_left() {
    let (one, other) = parties().await;
    let shown = one.get("/api/v1/agreements/sharing").await.ok();
    let tag = shown.header("etag").to_owned();
    assert_eq!(tag.len(), 66);
    let text = one.get("/api/v1/agreements/sharing/text").await.ok().text();
    let digest = tag.trim_matches('"');
    let amended = text.replace(
        "version = 1\n",
        &format!("version = 2\nprevious = \"{digest}\"\n"),
    );
    let draft = "/api/v1/agreements/sharing/draft";
    let toml = ("content-type", "application/toml");
    assert_eq!(one.ask("PUT", draft, &[toml], amended.clone()).await.status, 428);
    let stale = one
        .ask("PUT", draft, &[toml, ("if-match", "\"0\"")], amended.clone())
        .await;
    assert_eq!(stale.status, 412, "{}", stale.text());
    let other_id = amended.replace("\"sharing\"", "\"another\"");
    let differs = one.ask("PUT", draft, &[toml, ("if-match", &tag)], other_id).await;
    assert_eq!((differs.status, differs.faults()), (422, vec!["id".to_owned()]));
    let broken = one
        .ask(
            "PUT",
            draft,
            &[toml, ("if-match", &tag)],
            "id = 7\nversion = \"x\"\n",
        )
        .await;
    assert_eq!(broken.status, 422);
    assert!(broken.faults().len() > 1, "{}", broken.text());
    let replaced = one
        .ask("PUT", draft, &[toml, ("if-match", &tag)], amended)
        .await
        .ok();
    assert_ne!(replaced.header("etag"), tag);
    assert_eq!(replaced.json()["pending"]["version"], 2, "{}", replaced.text());
    let wrong = one
        .post(
            "/api/v1/agreements/sharing/signature",
            &json!({"digest": "0".repeat(64)}),
        )
        .await;
    assert_eq!((wrong.status, wrong.faults()), (409, vec!["/digest".to_owned()]));

    let would = one
        .post("/api/v1/agreements/sharing/suspension", &json!({"dry_run": true}))
        .await
        .ok()
        .json();
    assert_eq!(would["would_sign"]["act"], "suspension");
    let no_body = one
        .ask(
            "POST",
            "/api/v1/agreements/sharing/suspension",
            &[("idempotency-key", "k")],
            "",
        )
        .await
        .ok()
        .json();
    assert_eq!(no_body["signed"]["in_force"], false);
    let refused = one.post("/api/v1/releases", &json!({"all": true})).await;
    assert_eq!(
        (refused.status, refused.json()["type"].clone()),
        (403, json!("/problems/refused"))
    );
    assert_eq!(
        other
            .post("/api/v1/agreements/sharing/resumption", &json!({}))
            .await
            .status,
        403
    );
    let resumed = one
        .post("/api/v1/agreements/sharing/resumption", &json!({}))
        .await
        .ok()
        .json();
    assert_eq!(resumed["signed"]["in_force"], true);
    let left = one
        .post("/api/v1/agreements/sharing/leaving", &json!({}))
        .await
        .ok()
        .json();
    assert_eq!(left["signed"]["left"].as_object().unwrap().len(), 1);
}

#[tokio::test]
async fn parties_are_read_before_they_are_met() {
    let (one, other) = (Node::party("North CERT"), Node::new());
    let card = one.get("/api/v1/parties/self/card").await.ok().text();
    let read = other
        .post_text("/api/v1/parties?dry_run=true", card.clone())
        .await
        .ok()
        .json();
    assert_eq!(
        (&read["met"][0]["met"]["name"], &read["met"][0]["stored"]),
        (&json!("North CERT"), &json!(false))
    );
    assert_eq!(other.get("/api/v1/parties").await.ok().json()["items"], json!([]));
    other.post_text("/api/v1/parties", card.clone()).await.ok();
    let shown = other.get("/api/v1/parties/North%20CERT").await.ok().json();
    assert_eq!(shown["fingerprint"], read["met"][0]["met"]["fingerprint"]);
    let forged = other
        .post_text("/api/v1/parties", card.replace("North", "South"))
        .await;
    assert_eq!(forged.status, 422, "{}", forged.text());
    assert_eq!(other.post_text("/api/v1/parties", "no card").await.status, 422);
    let key = one.get("/api/v1/parties/self").await.ok().json()["keys"][0]["key"].clone();
    let list = one.post("/api/v1/keys/revocation", &json!({"key": key})).await;
    // The only key that counts cannot be taken back before there is another.
    assert_eq!(list.status, 403, "{}", list.text());
    let unknown = one
        .post("/api/v1/keys/revocation", &json!({"key": "x+1+y"}))
        .await;
    assert_eq!((unknown.status, unknown.faults()), (422, vec!["/key".to_owned()]));
}

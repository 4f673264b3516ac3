use entente_exchange::taxii::client::{Discovery, Fault, Found, Oddity, Response, Step};
use entente_stix::time::Timestamp;

const TAXII: &str = "application/taxii+json;version=2.1";
const ROOT: &str =
    r#"{"title":"Root","versions":["application/taxii+json;version=2.1"],"max_content_length":10485760}"#;
const COLLECTION: &str = r#"{"id":"91a7b528","title":"High","can_read":true,"can_write":false}"#;

/// Looks at `url` where the pages are `(path, status, body)`; what is asked otherwise is not there.
fn look(url: &str, pages: &[(&str, u16, &str)]) -> Result<(Found, Vec<Oddity>), Fault> {
    let mut discovery = Discovery::new(url)?;
    for _ in 0..100 {
        match discovery.step() {
            Step::Done => return Ok(discovery.found()),
            Step::Wait(_) => {}
            Step::Ask(request) => {
                assert_eq!(request.url.host_str(), Some("taxii.example"));
                let page = pages.iter().find(|(path, ..)| *path == request.url.path());
                let (status, body) = page.map_or((404, ""), |(_, status, body)| (*status, *body));
                let response = Response {
                    status,
                    content_type: Some(TAXII.to_owned()),
                    body: body.into(),
                    ..Response::default()
                };
                discovery.take(&response, Timestamp::from_micros(0))?;
            }
        }
    }
    panic!("it does not end");
}

fn collections(list: &str) -> String {
    format!(r#"{{"collections":[{list}]}}"#)
}

fn shown(found: &Found) -> Vec<String> {
    let roots = found.roots.iter();
    roots
        .flat_map(|root| {
            root.collections
                .iter()
                .map(|collection| collection.url.to_string())
        })
        .collect()
}

#[test]
fn a_collection_is_found_from_wherever_one_begins() {
    let listed = collections(COLLECTION);
    for roots in ["/api1/", "api1", "https://taxii.example/api1", "../api1/"] {
        let discovery = format!(r#"{{"title":"T","default":"{roots}","api_roots":["{roots}"]}}"#);
        let roots = if roots.starts_with('.') || roots == "api1" {
            "below"
        } else {
            "absolute"
        };
        let root_path = match (roots, discovery.contains("..")) {
            ("below", false) => "/taxii2/api1/",
            _ => "/api1/",
        };
        let collections_path = format!("{root_path}collections/");
        let collection_path = format!("{root_path}collections/91a7b528/");
        let pages = [
            ("/taxii2/", 200, discovery.as_str()),
            (root_path, 200, ROOT),
            (collections_path.as_str(), 200, listed.as_str()),
            (collection_path.as_str(), 200, COLLECTION),
        ];
        for begin in ["/", "/taxii2/", root_path, &collections_path, &collection_path] {
            let url = format!("https://taxii.example{begin}");
            let (found, oddities) = look(&url, &pages).unwrap();
            assert_eq!(
                shown(&found),
                [format!("https://taxii.example{collection_path}")],
                "{url}"
            );
            assert_eq!(found.roots[0].url.path(), root_path, "{url}");
            assert!(found.refused.is_empty() && oddities.is_empty(), "{url}");
        }
    }
}

#[test]
fn roots_elsewhere_are_refused_by_name_and_the_others_read() {
    let listed = collections(COLLECTION);
    let discovery = r#"{"title":"T","api_roots":["https://127.0.0.1:9000/x/","/api1/","http://taxii.example/y/","/gone/"]}"#;
    let pages = [
        ("/taxii2/", 200, discovery),
        ("/api1/", 200, ROOT),
        ("/api1/collections/", 200, listed.as_str()),
    ];
    let (found, _) = look("https://taxii.example/taxii2/", &pages).unwrap();
    assert_eq!(
        shown(&found),
        ["https://taxii.example/api1/collections/91a7b528/"]
    );
    let refused: Vec<&str> = found.refused.iter().map(|(url, _)| url.as_str()).collect();
    assert_eq!(
        refused,
        [
            "https://127.0.0.1:9000/x/",
            "http://taxii.example/y/",
            "https://taxii.example/gone/"
        ]
    );
    assert!(
        found.refused[0]
            .1
            .contains("sends us on to `https://127.0.0.1:9000`"),
        "{}",
        found.refused[0].1
    );
}

#[test]
fn a_server_with_nothing_but_roots_elsewhere_is_refused() {
    let discovery = r#"{"title":"T","default":"https://evil.example/"}"#;
    let fault = look("https://taxii.example/taxii2/", &[("/taxii2/", 200, discovery)]).err();
    assert!(matches!(fault, Some(Fault::Elsewhere { .. })), "{fault:?}");
}

#[test]
fn ids_that_would_leave_their_folder_are_no_collections() {
    let listed = collections(
        r#"{"id":"..","can_read":true},{"id":"a/../b","can_read":true},{"id":"","can_read":true},{"can_read":true}"#,
    );
    let pages = [
        ("/api1/", 200, ROOT),
        ("/api1/collections/", 200, listed.as_str()),
    ];
    let (found, _) = look("https://taxii.example/api1/", &pages).unwrap();
    assert_eq!(
        shown(&found),
        ["https://taxii.example/api1/collections/a%2F..%2Fb/"]
    );
    assert!(
        found.roots[0]
            .fault
            .as_ref()
            .unwrap()
            .starts_with("3 of its collections")
    );
}

#[test]
fn an_address_that_is_none_is_refused_before_anything_is_asked() {
    for url in [
        "",
        "taxii.example",
        "ftp://taxii.example/",
        "file:///etc/passwd",
        "https://",
        "https://u:p@taxii.example/",
    ] {
        let fault = Discovery::new(url)
            .err()
            .map(|fault| fault.to_string())
            .unwrap_or_default();
        assert!(
            fault.contains("is no address of a TAXII server"),
            "{url}: {fault}"
        );
        assert!(!fault.contains("u:p"), "{fault}");
    }
}

#[test]
fn old_servers_and_other_json_are_told() {
    let old = r#"{"title":"Old","versions":["taxii-2.0"],"max_content_length":1}"#;
    let discovery = r#"{"title":"T","api_roots":["/old/"]}"#;
    let told = look(
        "https://taxii.example/taxii2/",
        &[("/taxii2/", 200, discovery), ("/old/", 200, old)],
    );
    let told = told.err().map(|fault| fault.to_string()).unwrap_or_default();
    assert!(told.contains("speaks TAXII 2.0"), "{told}");
    let told = look("https://taxii.example/x/", &[("/x/", 200, r#"{"a":1}"#)]);
    assert!(matches!(told, Err(Fault::NotTaxii { .. })));
    let told = look("https://taxii.example/x/", &[]);
    assert!(matches!(told, Err(Fault::Missing { .. })));
}

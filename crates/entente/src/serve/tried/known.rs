//! Who is known: what they may change of whom, over the routes, and what a token is worth that is not good.

use entente_access::{By, Role};
use serde_json::{Value, json};

use tower::ServiceExt as _;

use super::{World, ask};

#[test]
fn who_is_known_over_http_changes_only_what_is_theirs() {
    let world = World::new();
    for (name, role) in [
        ("root", Role::Administrator),
        ("ana", Role::Analyst),
        ("client", Role::TaxiiClient),
    ] {
        world.add(name, role, false);
    }
    let names = ["root", "ana", "client"].map(|name| name.parse::<entente_access::Name>().unwrap());
    let [root, ana, client] = names.each_ref().map(|name| world.token(name));
    let book = || world.server.gate.accounts.read().unwrap();
    let id_of = |name: &entente_access::Name| book().tokens(Some(name)).next().unwrap().0.to_owned();
    let (root_id, ana_id) = (id_of(&names[0]), id_of(&names[1]));
    let tell = |method, path: &str, token: &str, body: Option<Value>| {
        let asked = ask(method, path).bearer(token);
        match body {
            Some(body) => world.tell(&asked.json(body)).status,
            None => world.tell(&asked).status,
        }
    };
    // Not their own: neither seen nor touched.
    for token in [&ana, &client] {
        assert_eq!(
            tell(
                "PATCH",
                "/api/v1/accounts/ana",
                token,
                Some(json!({"role": "administrator"}))
            ),
            403
        );
        assert_eq!(
            tell("DELETE", &format!("/api/v1/me/tokens/{root_id}"), token, None),
            404
        );
        assert_eq!(
            tell(
                "POST",
                "/api/v1/me/tokens",
                token,
                Some(json!({"scopes": ["administer"]}))
            ),
            422
        );
    }
    // The token that the path names must be of the account that it names.
    assert_eq!(
        tell(
            "DELETE",
            &format!("/api/v1/accounts/ana/tokens/{root_id}"),
            &root,
            None
        ),
        404
    );
    assert_eq!(book().tokens(None).count(), 3);
    // A party's account gets no own role, the last administrator stays, whoever asks.
    assert_eq!(
        tell(
            "PATCH",
            "/api/v1/accounts/client",
            &root,
            Some(json!({"role": "reader"}))
        ),
        409
    );
    assert_eq!(
        tell(
            "PATCH",
            "/api/v1/accounts/root",
            &root,
            Some(json!({"disabled": true}))
        ),
        409
    );
    assert_eq!(
        tell(
            "PATCH",
            "/api/v1/accounts/nobody",
            &root,
            Some(json!({"disabled": true}))
        ),
        404
    );
    assert_eq!(
        tell(
            "POST",
            "/api/v1/accounts",
            &root,
            Some(json!({"name": "ANA", "role": "reader"}))
        ),
        409
    );
    assert_eq!(
        tell(
            "POST",
            "/api/v1/accounts",
            &root,
            Some(json!({"name": "x", "role": "root"}))
        ),
        422
    );
    assert_eq!(
        tell(
            "POST",
            "/api/v1/accounts",
            &root,
            Some(json!({"name": "x", "role": "taxii-client"}))
        ),
        422
    );
    assert_eq!(
        tell(
            "POST",
            "/api/v1/accounts",
            &root,
            Some(json!({"name": "new", "role": "reader"}))
        ),
        201
    );
    // What is theirs.
    assert_eq!(
        tell("DELETE", &format!("/api/v1/me/tokens/{ana_id}"), &ana, None),
        204
    );
    assert_eq!(tell("GET", "/api/v1/me", &ana, None), 401);
    assert_eq!(tell("DELETE", "/api/v1/accounts/client/tokens", &root, None), 200);
    assert_eq!(tell("GET", "/api/v1/me", &client, None), 401);
}

#[test]
fn tokens_that_are_over_foreign_or_of_the_disabled_say_so() {
    let world = World::new();
    let name = world.add("ada", Role::Reader, false);
    let token = world.token(&name);
    let detail = |token: &str, name: Option<&str>| {
        let asked = ask("GET", "/api/v1/me");
        let answer = world.tell(&match name {
            Some(name) => asked.basic(name, token),
            None => asked.bearer(token),
        });
        assert_eq!(answer.status, 401);
        assert!(answer.header("www-authenticate").contains("invalid_token"));
        answer.json()["detail"].as_str().unwrap().to_owned()
    };
    assert!(detail(&token, Some("eve")).contains("another account"));
    assert!(detail("ent_0000000000000000000000000000000000000000000", None).contains("not known here"));
    world.change(|book| book.set_disabled(By::Operator, &name, true));
    assert!(detail(&token, None).contains("disabled"));
    // The book says when; here it said so long ago.
    world.change(|book| book.set_disabled(By::Operator, &name, false));
    let file = world.server.folder.join("accounts.json");
    let bend = |member: &str, at: u64| {
        let mut page: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        for token in page["book"]["tokens"].as_object_mut().unwrap().values_mut() {
            token[member] = json!(at);
        }
        std::fs::write(&file, page.to_string()).unwrap();
    };
    let ten_years = 10 * 365 * 86_400;
    let now = crate::accounts::seconds(world.server.at());
    // As if this node's clock were ten years behind, then ahead, of the one that made the token.
    bend("made_at", now + ten_years);
    assert!(detail(&token, None).contains("clock"));
    bend("expires_at", now - ten_years);
    assert!(detail(&token, None).contains("is over"));
}

#[test]
fn a_damaged_book_lets_nobody_in() {
    let world = World::new();
    let name = world.add("ada", Role::Reader, false);
    let token = world.token(&name);
    std::fs::write(world.server.folder.join("accounts.json"), "{").unwrap();
    assert_eq!(world.tell(&ask("GET", "/api/v1/me").bearer(&token)).status, 500);
    assert_eq!(world.tell(&ask("GET", "/health")).status, 200);
}

#[test]
fn answers_that_nobody_reads_count_as_their_callers() {
    use crate::serve::limits::CALLER_TAXII_BYTES_MAX;
    let world = World::new();
    let client = world.add("client", Role::TaxiiClient, false);
    let token = world.token(&client);
    let ask = || ask("GET", "/taxii2/").bearer(&token);
    let shares = &world.server.door.visitors.answers;
    let all = || shares.take(super::OTHERS.to_owned(), CALLER_TAXII_BYTES_MAX);
    let unread = world.runtime.block_on(async {
        let router = world.router.clone();
        router.oneshot(ask().request()).await.unwrap()
    });
    assert_eq!(unread.status(), 200);
    assert!(all().is_err(), "an answer waits");
    drop(unread);
    let held = all().unwrap();
    let refused = world.tell(&ask());
    assert_eq!((refused.status, refused.header("retry-after")), (429, "5"));
    assert_eq!(
        refused.header("content-type"),
        "application/taxii+json;version=2.1"
    );
    drop(held);
    assert_eq!(world.tell(&ask()).status, 200);
}

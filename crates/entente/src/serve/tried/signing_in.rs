//! Signing in and out, sessions, the first link, and where requests come from.

use entente_access::{By, Role};
use serde_json::{Value, json};

use super::{PASSWORD, World, ask};

const OWN_PAGE: (&str, &str) = ("sec-fetch-site", "same-origin");

/// Signs in with [`PASSWORD`], and gives the cookie.
fn sign_in(world: &World, name: &str) -> String {
    let answer =
        world.tell(&ask("POST", "/api/v1/session").json(json!({"name": name, "password": PASSWORD})));
    assert_eq!(answer.status, 200, "{:?}", answer.json());
    answer.cookie()
}

fn me(world: &World, cookie: &str) -> u16 {
    world
        .tell(&ask("GET", "/api/v1/me").with("cookie", cookie))
        .status
}

#[test]
fn a_session_is_a_cookie_that_no_page_or_other_site_can_read() {
    let world = World::new();
    world.add("ada", Role::Analyst, true);
    let answer =
        world.tell(&ask("POST", "/api/v1/session").json(json!({"name": "Ada", "password": PASSWORD})));
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-entente="), "{cookie}");
    for part in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Domain"));
    let known = world
        .tell(&ask("GET", "/api/v1/me").with("cookie", answer.cookie()))
        .json();
    assert_eq!(
        (&known["who"], &known["name"], &known["role"]),
        (&"own".into(), &"ada".into(), &"analyst".into())
    );
    assert!(known["scopes"].as_array().unwrap().contains(&"import".into()));
}

#[test]
fn signing_out_ends_the_session() {
    let world = World::new();
    world.add("ada", Role::Reader, true);
    let cookie = sign_in(&world, "ada");
    assert_eq!(me(&world, &cookie), 200);
    let out = world.tell(
        &ask("DELETE", "/api/v1/session")
            .with("cookie", &cookie)
            .with(OWN_PAGE.0, OWN_PAGE.1),
    );
    assert_eq!(out.status, 204);
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(me(&world, &cookie), 401);
}

#[test]
fn what_changes_an_account_ends_its_sessions() {
    let world = World::new();
    let name = world.add("ada", Role::Reader, true);
    for change in 0..3 {
        let cookie = sign_in(&world, "ada");
        let other = accounts_hash(&name);
        world.change(|book| match change {
            0 => book.set_role(By::Operator, &name, Role::Analyst),
            1 => book.set_password(By::Operator, &name, other),
            _ => book.set_disabled(By::Operator, &name, true),
        });
        assert_eq!(me(&world, &cookie), 401, "{change}");
    }
    let disabled =
        world.tell(&ask("POST", "/api/v1/session").json(json!({"name": "ada", "password": PASSWORD})));
    assert_eq!(disabled.status, 401);
}

fn accounts_hash(name: &entente_access::Name) -> entente_access::password::Kept {
    crate::accounts::hashed(PASSWORD, name).unwrap()
}

#[test]
fn a_cookie_vouches_only_for_what_our_own_pages_ask() {
    let world = World::new();
    world.add("ada", Role::Administrator, true);
    let cookie = sign_in(&world, "ada");
    let change = |headers: &[(&'static str, &str)]| {
        let mut asked = ask("POST", "/api/v1/me/tokens")
            .json(json!({}))
            .with("cookie", &cookie);
        for (name, value) in headers {
            asked = asked.with(name, *value);
        }
        world.tell(&asked).status
    };
    assert_eq!(change(&[OWN_PAGE]), 201);
    assert_eq!(change(&[("origin", "https://node.example")]), 201);
    for elsewhere in [
        &[][..],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://node.example"),
        ],
    ] {
        assert_eq!(change(elsewhere), 403, "{elsewhere:?}");
    }
    // Nor is somebody signed in as another by a page elsewhere.
    let body = json!({"name": "ada", "password": PASSWORD});
    let elsewhere = ask("POST", "/api/v1/session")
        .json(body)
        .with("origin", "https://evil.example");
    assert_eq!(world.tell(&elsewhere).status, 403);
    // A form of another site cannot send this type at all.
    let form = ask("POST", "/api/v1/session").with("content-type", "text/plain");
    assert_eq!(world.tell(&form).status, 415);
}

#[test]
fn a_second_factor_is_set_up_asked_for_and_removed() {
    let world = World::new();
    let name = world.add("ada", Role::Reader, true);
    let cookie = sign_in(&world, "ada");
    let mine = |method, path, body: Value| {
        world.tell(
            &ask(method, path)
                .json(body)
                .with("cookie", &cookie)
                .with(OWN_PAGE.0, OWN_PAGE.1),
        )
    };
    let wrong = mine(
        "POST",
        "/api/v1/me/second-factor",
        json!({"password": "not it at all"}),
    );
    assert_eq!(wrong.status, 403);
    let enrolled = mine("POST", "/api/v1/me/second-factor", json!({"password": PASSWORD}));
    assert_eq!(enrolled.status, 201);
    // An application on the other side knows the URL and the time.
    let url = enrolled.json()["url"].as_str().unwrap().to_owned();
    let application = totp_rs::Totp::from_url(&url).unwrap();
    let at = crate::accounts::seconds(world.server.at());
    let code = |steps: u64| application.generate(at - 30 + 30 * steps).to_string();
    let bad = mine("PUT", "/api/v1/me/second-factor", json!({"code": "12"}));
    assert_eq!((bad.status, bad.json()["pointer"].clone()), (422, "/code".into()));
    let good = mine("PUT", "/api/v1/me/second-factor", json!({"code": code(0)}));
    assert_eq!(good.status, 204);
    // From now on a password alone opens nothing, and a code works once.
    assert_eq!(me(&world, &cookie), 401);
    let basic = world.tell(&ask("GET", "/api/v1/me").basic("ada", PASSWORD));
    assert_eq!(basic.status, 401);
    assert_eq!(
        world
            .tell(&ask("GET", "/api/v1/me").basic("ada", &world.token(&name)))
            .status,
        200
    );
    let half = sign_in(&world, "ada");
    let show = |cookie: &str, code: &str| {
        let asked = ask("POST", "/api/v1/session/code").with("cookie", cookie);
        world.tell(&asked.json(json!({"code": code})))
    };
    assert_eq!(me(&world, &half), 401);
    assert_eq!(show(&half, &code(0)).status, 401);
    assert_eq!(show("__Host-entente=other", &code(1)).status, 401);
    let whole = show(&half, &code(1));
    assert_eq!(
        (whole.status, whole.json()["needs_code"].clone()),
        (200, false.into())
    );
    assert_eq!(me(&world, &whole.cookie()), 200);
    // The cookie that waited is no session now, and the code is used up.
    assert_ne!(half, whole.cookie());
    assert_eq!(me(&world, &half), 401);
    assert_eq!(show(&sign_in(&world, "ada"), &code(1)).status, 401);
    let gone = ask("POST", "/api/v1/me/second-factor/removal").with("cookie", whole.cookie());
    let gone = gone
        .with(OWN_PAGE.0, OWN_PAGE.1)
        .json(json!({"password": PASSWORD}));
    assert_eq!(world.tell(&gone).status, 204);
    assert_eq!(
        world
            .tell(&ask("GET", "/api/v1/me").basic("ada", PASSWORD))
            .status,
        200
    );
}

#[test]
fn the_first_administrator_is_made_once() {
    let world = World::new();
    let url = world
        .server
        .first_link(&["https://node.example".into()])
        .unwrap()
        .unwrap();
    let path = url.strip_prefix("https://node.example").unwrap();
    let weak = world.tell(&ask("POST", path).json(json!({"name": "ada", "password": "password1234"})));
    assert_eq!(
        (weak.status, weak.json()["pointer"].clone()),
        (422, "/password".into())
    );
    let bad = world.tell(&ask("POST", path).json(json!({"name": "a b", "password": PASSWORD})));
    assert_eq!((bad.status, bad.json()["pointer"].clone()), (422, "/name".into()));
    assert_eq!(world.tell(&ask("GET", path)).status, 200);
    // As curl sends it where nobody says what it is, and as nothing at all.
    for kind in [Some("application/x-www-form-urlencoded"), None] {
        let mut asked = ask("POST", path);
        asked
            .headers
            .extend(kind.map(|kind| ("content-type", kind.to_owned())));
        asked.body = json!({"name": "ada", "password": PASSWORD}).to_string();
        let told = world.tell(&asked);
        assert_eq!(told.status, 415);
        assert!(
            told.json()["detail"]
                .as_str()
                .unwrap()
                .contains("-H 'content-type: application/json'")
        );
    }
    let two: Vec<_> = ["ada", "eve"]
        .iter()
        .map(|name| {
            ask("POST", path)
                .json(json!({"name": name, "password": PASSWORD}))
                .request()
        })
        .collect();
    let made = world.runtime.block_on(futures_util::future::join_all(
        two.into_iter().map(|request| world.answer(request)),
    ));
    let mut statuses: Vec<u16> = made.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert!(statuses == [201, 409] || statuses == [201, 404], "{statuses:?}");
    let first = made.iter().find(|answer| answer.status == 201).unwrap();
    assert_eq!(me(&world, &first.cookie()), 200);
    assert_eq!(world.tell(&ask("GET", path)).status, 404);
    let late = world.tell(&ask("POST", path).json(json!({"name": "mallory", "password": PASSWORD})));
    assert_eq!(late.status, 404);
    assert!(world.server.first_link(&["x".into()]).unwrap().is_none());
}

#[test]
fn the_link_is_a_form_in_a_browser() {
    let world = World::new();
    let url = world
        .server
        .first_link(&["https://node.example".into()])
        .unwrap()
        .unwrap();
    let path = url.strip_prefix("https://node.example").unwrap();
    let accept = "text/html,application/xhtml+xml;q=0.9";
    let page = world.tell(&ask("GET", path).with("accept", accept));
    assert_eq!(page.status, 200);
    assert!(
        page.header("content-security-policy")
            .contains("default-src 'none'")
    );
    assert!(String::from_utf8_lossy(&page.body).contains("<form method=\"post\""));
    let send = |form: &str, site: &str| {
        let mut asked = ask("POST", path)
            .with("accept", accept)
            .with("content-type", "application/x-www-form-urlencoded")
            .with("sec-fetch-site", site);
        asked.body = form.to_owned();
        world.tell(&asked)
    };
    let elsewhere = send("name=eve&password=correct+horse+battery", "cross-site");
    assert_eq!(elsewhere.status, 403);
    let weak = send("name=%3Cb%3E&password=correct+horse+battery", "same-origin");
    assert_eq!(weak.status, 422);
    let told = String::from_utf8_lossy(&weak.body).into_owned();
    // What was sent is shown, not obeyed.
    assert!(told.contains("`&lt;`") && !told.contains("`<`"), "{told}");
    let made = send("name=Ada&password=correct+horse+battery", "same-origin");
    assert_eq!(made.status, 201);
    assert_eq!(me(&world, &made.cookie()), 200);
    assert_eq!(
        send("name=eve&password=correct+horse+battery", "same-origin").status,
        404
    );
}

#[test]
fn a_node_that_is_no_party_says_so_and_not_that_a_passphrase_lacks() {
    for more in [&[][..], &["--passphrase-file", "/nowhere"]] {
        let world = World::with(more);
        let told = world.server.locked().unwrap();
        assert!(
            told.contains("no party") && told.contains("party add --self"),
            "{told}"
        );
        let refused = world.server.signing().err().unwrap();
        assert!(refused.detail.contains("party add --self"), "{}", refused.detail);
    }
}

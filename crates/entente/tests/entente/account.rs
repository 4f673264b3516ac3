//! `entente account`, alone and beside a running server.

use serde_json::{Value, json};

use crate::harness::Home;

const PASSWORD: &str = "correct horse battery";

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

fn basic(name: &str, secret: &str) -> String {
    use base64::Engine as _;
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("{name}:{secret}"));
    format!("Basic {pair}")
}

#[test]
fn each_refusal_has_its_exit_code_and_a_way_out() {
    let home = Home::new();
    let password = home.file("password", PASSWORD);
    let weak = home.file("weak", "password1234");
    let add = |name: &str, more: &[&str]| home.run(&[&["account", "add", name], more].concat());
    assert_eq!(
        add("ada", &["--role", "administrator", "--password-file", &password]).code,
        0
    );
    let table: [(&[&str], i32, &str); 17] = [
        (&["add", "ADA", "--role", "reader"], 2, "already"),
        (&["add", "a b", "--role", "reader"], 2, "cannot stand there"),
        (&["add", "bob", "--role", "root"], 2, "take one of"),
        (&["add", "bob"], 2, "--role"),
        (&["add", "bob", "--role", "taxii-client"], 2, "--party"),
        (
            &["add", "bob", "--role", "reader", "--password-file", &weak],
            2,
            "several words",
        ),
        (
            &["add", "bob", "--role", "reader", "--password-file", "/nowhere"],
            2,
            "/nowhere",
        ),
        (&["token", "nobody"], 4, "account list"),
        (&["token", "ada", "--scope", "peer"], 3, "may be given"),
        (&["token", "ada", "--scope", "all"], 2, "take one of"),
        (&["token", "ada", "--expires", "3y"], 2, "30d"),
        (&["token", "ada", "--expires", "731d"], 2, "730 days"),
        (&["revoke", "nobody"], 4, "account list"),
        (&["revoke", "tok-0000000000000000"], 4, "account list"),
        (&["disable", "ada"], 3, "last administrator"),
        (&["password", "ada"], 2, "--password-file"),
        (&["totp", "ada", "--code", "123456"], 2, "begin anew"),
    ];
    for (arguments, code, told) in table {
        let ran = home.run(&[&["account"], arguments].concat());
        assert_eq!(ran.code, code, "{arguments:?}: {}", ran.err);
        assert!(ran.err.contains(told), "{arguments:?}: {}", ran.err);
    }
    // Nothing of all this was kept.
    let accounts = home.ok(&["account", "list", "--json"]).json();
    assert_eq!(accounts.len(), 1);
    assert_eq!(accounts[0]["tokens"], json!([]));
}

#[test]
fn a_party_has_clients_and_oneself_has_none() {
    let (home, other) = (Home::new(), Home::new());
    let passphrase = home.file("passphrase", "several words here");
    home.ok(&[
        "party",
        "add",
        "--self",
        "North",
        "--passphrase-file",
        &passphrase,
    ]);
    other.ok(&[
        "party",
        "add",
        "--self",
        "South",
        "--passphrase-file",
        &passphrase,
    ]);
    let card = home.file("south.card", other.ok(&["party", "card"]).out);
    home.ok(&["party", "add", &card]);
    let added = home.ok(&[
        "account",
        "add",
        "south",
        "--role",
        "taxii-client",
        "--party",
        "South",
        "--json",
    ]);
    assert!(added.last()["party"].as_str().unwrap().starts_with("identity--"));
    let own = home.run(&[
        "account",
        "add",
        "us",
        "--role",
        "taxii-client",
        "--party",
        "North",
    ]);
    assert_eq!(own.code, 2, "{}", own.err);
    let unknown = home.run(&["account", "add", "x", "--role", "taxii-client", "--party", "East"]);
    assert_eq!(unknown.code, 4, "{}", unknown.err);
    assert_eq!(home.run(&["account", "role", "south", "reader"]).code, 3);
    let token = home.ok(&["account", "token", "south", "--json"]).last();
    assert_eq!(token["scopes"], json!(["taxii-read", "taxii-write", "peer"]));
}

#[test]
fn what_the_command_line_changes_a_running_server_knows_at_the_next_request() {
    let home = Home::new();
    let served = home.serve(&[]);
    let link = served.first_link.clone().unwrap();
    let path = link.strip_prefix(&served.url).unwrap();
    assert_eq!(served.get(path, &[]).status, 200);
    let password = home.file("password", PASSWORD);
    home.ok(&[
        "account",
        "add",
        "ada",
        "--role",
        "administrator",
        "--password-file",
        &password,
    ]);
    // There is an administrator now: nobody else becomes the first.
    assert_eq!(served.get(path, &[]).status, 404);
    let me = |authorization: &str| {
        let answer = served.get("/api/v1/me", &[("authorization", authorization)]);
        (answer.status, answer.json())
    };
    assert_eq!(me(&basic("ada", PASSWORD)).0, 200);
    let made = home
        .ok(&[
            "account",
            "token",
            "ada",
            "--scope",
            "read,taxii-read",
            "--label",
            "laptop",
            "--json",
        ])
        .last();
    let token = made["token"].as_str().unwrap();
    let (status, known) = me(&bearer(token));
    assert_eq!(status, 200);
    assert_eq!(
        known["scopes"],
        json!(["know", "sign-in", "me", "read", "taxii-read"])
    );
    let refused = served.get("/api/v1/accounts", &[("authorization", &bearer(token))]);
    assert_eq!(
        (refused.status, refused.json()["type"].clone()),
        (403, "/problems/forbidden".into())
    );
    home.ok(&["account", "revoke", made["id"].as_str().unwrap()]);
    assert_eq!(me(&bearer(token)).0, 401);
    home.ok(&["account", "add", "bob", "--role", "administrator"]);
    home.ok(&["account", "disable", "ada"]);
    assert_eq!(me(&basic("ada", PASSWORD)).0, 401);
}

#[test]
fn the_secret_is_on_stdout_alone_and_nowhere_in_the_book() {
    let home = Home::new();
    let added = home.ok(&["account", "add", "tool", "--role", "reader"]);
    assert!(added.err.contains("has none and cannot sign in") && added.err.contains("--password-file"));
    let ran = home.ok(&["account", "token", "tool"]);
    let token = ran.out.trim_end();
    assert!(token.starts_with("ent_") && token.len() == 47, "{token}");
    assert!(!ran.err.contains(token));
    let book = std::fs::read_to_string(home.data().join("accounts.json")).unwrap();
    assert!(!book.contains(token) && !book.contains(&token[4..]));
    assert!(!home.ok(&["account", "list"]).out.contains(token));
}

#[test]
fn a_damaged_book_is_told_and_stays() {
    let home = Home::new();
    home.ok(&["account", "add", "tool", "--role", "reader"]);
    let file = home.data().join("accounts.json");
    std::fs::write(&file, "{\"version\": 1, \"book\": {").unwrap();
    for arguments in [
        &["account", "list"][..],
        &["account", "add", "x", "--role", "reader"],
        &["serve", "--plain", "--listen", "127.0.0.1:0"],
    ] {
        let ran = home.run(arguments);
        assert_eq!(ran.code, 7, "{arguments:?}: {}", ran.err);
        assert!(
            ran.err.contains("accounts.json") && ran.err.contains("backup"),
            "{}",
            ran.err
        );
    }
    assert!(std::fs::read_to_string(&file).unwrap().ends_with('{'));
}

#[test]
fn many_at_once_lose_nothing() {
    let home = Home::new();
    home.ok(&["account", "add", "tool", "--role", "reader"]);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| home.ok(&["account", "token", "tool"]));
        }
    });
    let accounts: Vec<Value> = home.ok(&["account", "list", "--json"]).json();
    assert_eq!(accounts[0]["tokens"].as_array().unwrap().len(), 8);
}

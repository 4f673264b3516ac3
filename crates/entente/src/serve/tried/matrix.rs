//! Role × route × verb: each one tried, against a table that people wrote and read.

use std::collections::{BTreeMap, BTreeSet};

use entente_access::Role;

use super::{World, ask};
use crate::serve::routes;

/// Who may what, route by route; `everyone` is also who shows nothing. A route without a line is a fault of this file.
const EXPECTED: &str = include_str!("matrix.txt");

const VERBS: [&str; 9] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW",
];

/// Columns of the table.
const CALLERS: [&str; 6] = [
    "anyone",
    "reader",
    "analyst",
    "releaser",
    "administrator",
    "taxii-client",
];

/// The table by method and path.
fn expected() -> BTreeMap<(&'static str, &'static str), BTreeSet<&'static str>> {
    let lines = EXPECTED
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let mut words = line.split_whitespace();
            let (method, path) = (words.next().unwrap(), words.next().unwrap());
            let may = words.flat_map(|word| match word {
                "everyone" => CALLERS.to_vec(),
                "known" => CALLERS.iter().skip(1).copied().collect(),
                "own" => vec!["reader", "analyst", "releaser", "administrator"],
                word => {
                    assert!(CALLERS.contains(&word), "`{word}` is nobody: {line}");
                    vec![word]
                }
            });
            ((method, path), may.collect())
        })
        .collect()
}

#[test]
fn every_route_has_a_line() {
    let lines: BTreeSet<_> = expected().into_keys().collect();
    let routes: BTreeSet<_> = routes::all().map(|route| (route.method, route.path)).collect();
    let unlisted: Vec<_> = routes.difference(&lines).collect();
    assert!(
        unlisted.is_empty(),
        "write by hand who may into serve/tried/matrix.txt: {unlisted:?}"
    );
}

/// A path with something in place of its parameters; below TAXII's one route, where the verb has a place.
fn filled(path: &str, verb: &str) -> String {
    match (path, verb) {
        ("/taxii2/{*path}", "POST") => return "/taxii2/x/collections/x/objects/".to_owned(),
        ("/taxii2/{*path}", "DELETE") => return "/taxii2/x/collections/x/objects/x/".to_owned(),
        _ => {}
    }
    let segments = path.split('/').map(|segment| match segment.starts_with('{') {
        true => "x",
        false => segment,
    });
    segments.collect::<Vec<_>>().join("/")
}

#[test]
fn each_role_gets_through_where_the_table_says_and_nowhere_else() {
    let world = World::new();
    let mut tokens = BTreeMap::new();
    for role in Role::ALL {
        let name = world.add(role.name(), role, false);
        tokens.insert(role.name(), world.token(&name));
    }
    let expected = expected();
    let paths: BTreeSet<&str> = routes::all().map(|route| route.path).collect();
    let mut tried = 0;
    for path in paths {
        for verb in VERBS {
            let served = if verb == "HEAD" { "GET" } else { verb };
            let may = expected.get(&(served, path));
            for caller in CALLERS {
                let filled = filled(path, verb);
                let mut asked = ask(verb, &filled);
                if let Some(token) = tokens.get(caller) {
                    asked = asked.bearer(token);
                }
                let answer = world.tell(&asked);
                let told = format!("{verb} {path} as {caller}: {}", answer.status);
                match may {
                    None => assert_eq!(answer.status, 405, "{told}"),
                    Some(may) if may.contains(caller) => {
                        assert!(!is_turned_away(verb, &answer) && answer.status != 405, "{told}");
                    }
                    Some(_) if caller == "anyone" => {
                        assert_eq!(answer.status, 401, "{told}");
                        assert!(answer.header("www-authenticate").contains("Bearer"), "{told}");
                    }
                    Some(_) => assert_eq!(answer.status, 403, "{told}"),
                }
                tried += 1;
            }
        }
    }
    assert!(tried > 2_000, "{tried}");
    // Nothing of this did more than it said: the accounts are as they were.
    assert_eq!(world.server.gate.accounts.read().unwrap().iter().count(), 5);
}

/// Whether the door refused, and not a rule behind it (TAXII tells anyone to sign in where others find nothing). An
/// answer to HEAD has no words to tell.
fn is_turned_away(verb: &str, answer: &super::Answer) -> bool {
    let is_problem = answer.header("content-type") == "application/problem+json";
    let is_forbidden = answer.status == 403 && (verb == "HEAD" || answer.code() == "forbidden");
    is_problem && (answer.status == 401 || is_forbidden)
}

#[test]
fn refusals_are_problem_documents_and_stay_uncached() {
    let world = World::new();
    let answer = world.tell(&ask("GET", "/api/v1/accounts"));
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.code(), "unauthorized");
    assert!(
        answer.json()["detail"]
            .as_str()
            .unwrap()
            .contains("entente account")
    );
}

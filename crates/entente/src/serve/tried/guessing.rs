//! Guessing: ten tries in fifteen minutes from a network, a hundred at an account from everywhere, however they are sent;
//! and who is not kept out by it.

use entente_access::{By, Role};
use serde_json::json;

use super::{Answer, PASSWORD, World, ask};

const TRIES: usize = 10;

/// At one account, from everywhere.
const ALL_TRIES: usize = 100;

/// A guess that is seen to be wrong without hashing it.
fn long_guess() -> String {
    "\u{e9}".repeat(600)
}

/// That no more than so many of the answers tell right from wrong, and the others when to come back.
fn check(answers: &[Answer], wrong: u16, tries: usize) {
    let tried = answers.iter().filter(|answer| answer.status == wrong).count();
    assert_eq!(
        tried,
        tries,
        "{:?}",
        answers.iter().map(|answer| answer.status).collect::<Vec<_>>()
    );
    for answer in answers.iter().filter(|answer| answer.status != wrong) {
        assert_eq!(answer.status, 429);
        let wait: u64 = answer.header("retry-after").parse().unwrap();
        assert!((1..=900).contains(&wait), "{wait}");
        assert_eq!(answer.code(), "too-many-requests");
    }
}

#[test]
fn an_account_is_guessed_at_a_hundred_times_from_wherever_and_however_its_name_is_spelt() {
    let world = World::new();
    world.add("ada", Role::Administrator, true);
    let spellings = ["ada", "ADA", "Ada", "aDa", "ａｄａ", "𝐚𝐝𝐚", "ᴬda"];
    let verbs = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];
    let answers: Vec<Answer> = (0..120)
        .map(|number| {
            let address = format!("2001:db8:{number:x}::1");
            let name = spellings[number % spellings.len()];
            let guess = match number % 20 {
                0 => format!("guess number {number}"),
                _ => long_guess(),
            };
            // By HTTP Basic on what the verb serves, and by signing in.
            let asked = match number % 7 {
                6 => ask("POST", "/api/v1/session").json(json!({"name": name, "password": guess})),
                which => {
                    let path = if verbs[which] == "POST" {
                        "/api/v1/accounts"
                    } else {
                        "/api/v1/accounts/ada"
                    };
                    let path = match verbs[which] {
                        "PUT" => "/api/v1/accounts/ada/password",
                        "DELETE" => "/api/v1/accounts/ada/second-factor",
                        _ => path,
                    };
                    ask(
                        if verbs[which] == "HEAD" {
                            "GET"
                        } else {
                            verbs[which]
                        },
                        path,
                    )
                    .basic(name, &guess)
                }
            };
            world.tell(&asked.from(&address))
        })
        .collect();
    check(&answers, 401, ALL_TRIES);
    // Nor does the right one tell anything then; nor is another account touched by it.
    let right = world.tell(
        &ask("GET", "/api/v1/me")
            .basic("ada", PASSWORD)
            .from("2001:db8:ffff::1"),
    );
    assert_eq!(right.status, 429);
    world.add("bob", Role::Reader, true);
    let other = world.tell(
        &ask("GET", "/api/v1/me")
            .basic("bob", PASSWORD)
            .from("2001:db8:ffff::1"),
    );
    assert_eq!(other.status, 200);
}

#[test]
fn one_network_guesses_ten_times_at_all_accounts_together() {
    let world = World::new();
    for (spellings, elsewhere) in [
        (
            ["2001:db8::1", "2001:db8::2", "2001:db8::ffff:ffff:ffff:ffff"],
            "2001:db8:1::1",
        ),
        (
            ["198.51.100.7", "::ffff:198.51.100.7", "::ffff:c633:6407"],
            "198.51.100.8",
        ),
    ] {
        let answers: Vec<Answer> = (0..14)
            .map(|number| {
                let name = format!("nobody{number}");
                world.tell(
                    &ask("GET", "/api/v1/me")
                        .basic(&name, "guess")
                        .from(spellings[number % 3]),
                )
            })
            .collect();
        check(&answers, 401, TRIES);
        let other = world.tell(&ask("GET", "/api/v1/me").basic("nobody", "guess").from(elsewhere));
        assert_eq!(other.status, 401);
    }
}

#[test]
fn nobody_is_locked_out_where_they_signed_in_lately() {
    let world = World::new();
    world.add("ada", Role::Reader, true);
    let (home, elsewhere) = ("198.51.100.1", "198.51.100.2");
    let sign_in = |from: &str, password: &str| {
        let asked = ask("POST", "/api/v1/session").json(json!({"name": "ada", "password": password}));
        world.tell(&asked.from(from)).status
    };
    assert_eq!(sign_in(home, PASSWORD), 200);
    let guess = long_guess();
    for number in 0..120 {
        let address = format!("2001:db8:{number:x}::1");
        world.tell(&ask("GET", "/api/v1/me").basic("ada", &guess).from(&address));
    }
    // A network that the account is not known from has none left, one that it is known from its own ten.
    assert_eq!(sign_in(elsewhere, PASSWORD), 429);
    for number in 0..12 {
        let name = format!("nobody{number}");
        world.tell(&ask("GET", "/api/v1/me").basic(&name, &guess).from(home));
    }
    for _ in 0..9 {
        assert_eq!(sign_in(home, "guess"), 401);
    }
    assert_eq!(sign_in(home, PASSWORD), 200);
    assert_eq!(sign_in(home, "guess"), 401);
    assert_eq!(sign_in(home, PASSWORD), 429);
}

#[test]
fn who_has_no_tries_left_is_not_told_of_a_password_that_was_verified_a_moment_ago() {
    let world = World::new();
    world.add("ada", Role::Reader, true);
    let show = |from: &str, password: &str| {
        let asked = ask("GET", "/api/v1/me").basic("ada", password);
        world.tell(&asked.from(from)).status
    };
    assert_eq!(show("198.51.100.1", PASSWORD), 200);
    for number in 0..TRIES {
        assert_eq!(show("198.51.100.2", &format!("guess {number}")), 401);
    }
    assert_eq!(show("198.51.100.1", PASSWORD), 200);
    assert_eq!(show("198.51.100.2", PASSWORD), 429);
}

#[test]
fn who_knows_a_password_but_no_code_is_known_from_nowhere() {
    let world = World::new();
    let name = world.add("ada", Role::Reader, true);
    world.change(|book| {
        book.enrol(By::Operator, &name, b"12345678901234567890")?;
        book.confirm(By::Operator, &name, "287082", 59)
    });
    let answers: Vec<Answer> = (0..14)
        .map(|number| {
            let address = format!("10.0.{number}.1");
            let asked = ask("POST", "/api/v1/session").from(&address);
            let half = world.tell(&asked.json(json!({"name": "ada", "password": PASSWORD})));
            assert_eq!(half.status, 200);
            let asked = ask("POST", "/api/v1/session/code").with("cookie", half.cookie());
            world.tell(&asked.from(&address).json(json!({"code": "000000"})))
        })
        .collect();
    check(&answers, 401, TRIES);
}

#[test]
fn who_is_no_account_is_answered_as_one_that_is() {
    let world = World::new();
    world.add("ada", Role::Reader, true);
    world.add("tool", Role::Reader, false);
    let told: Vec<Vec<String>> = ["ada", "tool", "nobody", "no name at all\u{0}", ""]
        .into_iter()
        .enumerate()
        .map(|(which, name)| {
            let guess = long_guess();
            let answers = (0..ALL_TRIES + 2).map(|number| {
                let address = format!("10.{which}.{number}.1");
                let answer = world.tell(&ask("GET", "/api/v1/me").basic(name, &guess).from(&address));
                format!("{} {}", answer.status, answer.json()["detail"])
            });
            answers.collect()
        })
        .collect();
    assert_eq!(
        told[0].iter().filter(|told| told.starts_with("401")).count(),
        ALL_TRIES
    );
    assert!(told.iter().all(|other| *other == told[0]), "{told:#?}");
}

#[test]
fn many_guesses_at_once_are_no_more_than_one_after_the_other() {
    let world = World::new();
    world.add("ada", Role::Reader, true);
    let asked: Vec<_> = (0..40)
        .map(|number| {
            let guess = format!("guess {number}");
            ask("GET", "/api/v1/me").basic("ada", &guess).request()
        })
        .collect();
    let answers = world.runtime.block_on(futures_util::future::join_all(
        asked.into_iter().map(|request| world.answer(request)),
    ));
    check(&answers, 401, TRIES);
}

#[test]
fn the_right_password_many_times_at_once_is_right_each_time() {
    let world = World::new();
    world.add("ada", Role::Reader, true);
    let asked: Vec<_> = (0..200)
        .map(|_| ask("GET", "/api/v1/me").basic("ada", PASSWORD).request())
        .collect();
    let answers = world.runtime.block_on(futures_util::future::join_all(
        asked.into_iter().map(|request| world.answer(request)),
    ));
    assert!(answers.iter().all(|answer| answer.status == 200));
}

#[test]
fn made_up_tokens_are_nobodys_tries() {
    let world = World::new();
    let name = world.add("ada", Role::Reader, true);
    let token = world.token(&name);
    for number in 0..30 {
        let guess = format!("ent_{number:043}");
        let asked = ask("GET", "/api/v1/find?q=x");
        let answer = world.tell(&match number % 3 {
            0 => asked.bearer(&guess),
            1 => asked.basic("ada", &guess),
            _ => asked.bearer("nonsense"),
        });
        assert_eq!(answer.status, 401);
    }
    // Of the same network.
    assert_eq!(world.tell(&ask("GET", "/api/v1/me").bearer(&token)).status, 200);
    assert_eq!(
        world.tell(&ask("GET", "/api/v1/me").basic("ada", &token)).status,
        200
    );
    assert_eq!(
        world
            .tell(&ask("GET", "/api/v1/me").basic("ada", PASSWORD))
            .status,
        200
    );
}

#[test]
fn behind_a_trusted_proxy_each_caller_is_of_its_own_network() {
    let world = World::with(&["--trusted-proxy", "10.0.0.0/24"]);
    world.add("ada", Role::Reader, true);
    let through = |proxy: &'static str, caller: &str, password: &str| {
        // Nobody's name is guessed at, so that it is the networks that are counted.
        let name = if password == PASSWORD { "ada" } else { "nobody" };
        let asked = ask("GET", "/api/v1/me").basic(name, password).from(proxy);
        world.tell(&asked.with("x-forwarded-for", caller)).status
    };
    let guesses: Vec<u16> = (0..12)
        .map(|number| through("10.0.0.1", &format!("203.0.113.{number}, 198.51.100.7"), "guess"))
        .collect();
    assert_eq!(guesses[..10], [401; 10]);
    assert_eq!(guesses[10..], [429; 2]);
    assert_eq!(through("10.0.0.2", "198.51.100.7", "guess"), 429);
    assert_eq!(through("10.0.0.1", "198.51.100.8", PASSWORD), 200);
    // Who is no trusted proxy cannot take the place of another.
    let own: Vec<u16> = (0..11)
        .map(|number| through("10.0.1.1", &format!("198.51.100.{}", number + 20), "guess"))
        .collect();
    assert_eq!((own[9], own[10]), (401, 429));
}

#[test]
fn codes_are_guessed_at_ten_times_from_everywhere() {
    let world = World::new();
    let name = world.add("ada", Role::Reader, true);
    let at = crate::accounts::seconds(world.server.at());
    world.change(|book| {
        let mut codes = [0; 20];
        codes.copy_from_slice(b"12345678901234567890");
        book.enrol(By::Operator, &name, &codes)?;
        // Confirmed with the code of a moment that has passed for good.
        book.confirm(By::Operator, &name, "287082", 59)
    });
    let signed_in =
        world.tell(&ask("POST", "/api/v1/session").json(json!({"name": "ada", "password": PASSWORD})));
    assert_eq!(signed_in.json()["needs_code"], true, "{at}");
    let cookie = signed_in.cookie();
    assert_eq!(
        world
            .tell(&ask("GET", "/api/v1/me").with("cookie", &cookie))
            .status,
        401
    );
    let answers: Vec<Answer> = (0..20)
        .map(|number| {
            let address = format!("10.0.{number}.1");
            let asked = ask("POST", "/api/v1/session/code")
                .with("cookie", &cookie)
                .from(&address);
            // `00000x` is the code of now once in some hundred thousand runs of this test.
            world.tell(&asked.json(json!({"code": format!("{number:06}")})))
        })
        .collect();
    check(&answers, 401, TRIES);
    // Who does not know the password hears nothing of that.
    let again = ask("POST", "/api/v1/session").from("10.9.9.9");
    let again = world.tell(&again.json(json!({"name": "ada", "password": "another guess"})));
    assert_eq!(again.status, 401);
}

#[test]
fn the_first_link_opens_however_often_others_were_made_up() {
    let world = World::new();
    let url = world
        .server
        .first_link(&["https://node.example".into()])
        .unwrap()
        .unwrap();
    let secret = url.rsplit('/').next().unwrap();
    for number in 0..20 {
        let path = format!("/first/{number:043}");
        let answer = match number % 2 {
            0 => world.tell(&ask("GET", &path)),
            _ => world.tell(&ask("POST", &path).json(json!({"name": "eve", "password": PASSWORD}))),
        };
        assert_eq!(answer.status, 404);
    }
    assert_eq!(world.tell(&ask("GET", &format!("/first/{secret}"))).status, 200);
}

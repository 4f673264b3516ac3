//! Who is let in, who is not, and what ends it.

use std::process::Command;

use entente_exchange::hello::{Hello, Threshold, TlsKey};
use entente_node::keys::Keys;
use entente_stix::time::Timestamp;

use super::cuts::move_peer;
use super::relay::{Greeter, request, respond};
use super::{Caller, listed, meet, release, served, sync};
use crate::exchange::agreed;
use crate::harness::Home;
use crate::party::{introduce, party, signing};

/// Runs `peer …`, and expects this exit code and these words.
fn refused(home: &Home, arguments: &[&str], code: i32, says: &str) {
    let (found, out, err) = signing(home, arguments);
    assert_eq!(found, code, "{arguments:?}\n{out}{err}");
    assert!(err.contains(says), "{arguments:?}: {err}");
}

#[test]
fn nobody_is_met_without_a_card_on_both_sides() {
    let (alpha, beta) = (party("Alpha"), party("Beta"));
    let server = served(&alpha);
    refused(&beta, &["peer", "add", &server.url], 4, "party add FILE");
    introduce(&alpha, &beta);
    refused(&beta, &["peer", "add", &server.url], 5, "no card of that party");
    assert!(beta.ok(&["peer", "list"]).out.contains("no peers yet"));
    drop(server);
    introduce(&beta, &alpha);
    let server = served(&alpha);
    refused(
        &beta,
        &["peer", "add", &server.url, "--party", "Beta"],
        3,
        "there answers Alpha",
    );
    refused(&alpha, &["peer", "add", &server.url], 2, "this node itself");
    meet(&beta, &server.url, "Alpha");
    for (url, code) in [
        ("nonsense", 2),
        ("ftp://x", 2),
        ("http://127.0.0.1:1", 2),
        ("https://127.0.0.1:1", 5),
        ("https://u:p@x", 2),
    ] {
        refused(&beta, &["peer", "add", url], code, "");
    }
}

#[test]
fn a_server_with_another_key_is_refused_until_it_is_met_again() {
    let [alpha, beta] = <[Home; 2]>::try_from(agreed(&["Alpha", "Beta"])).ok().unwrap();
    release(&alpha, &[1]);
    let server = served(&alpha);
    let first = meet(&beta, &server.url, "Alpha");
    drop(server);
    std::fs::remove_dir_all(alpha.data().join("tls")).unwrap();
    let server = served(&alpha);
    move_peer(&beta, "Alpha", &server.url);
    refused(
        &beta,
        &["peer", "sync"],
        5,
        "another key than the one that is pinned",
    );
    assert_eq!(listed(&beta, "Alpha")["standing"], "failing");
    let second = meet(&beta, &server.url, "Alpha");
    assert_ne!(first["key"], second["key"]);
    assert_eq!(first["key"], second["key_before"]);
    assert!(sync(&beta).contains("1 stored"));
}

#[test]
fn who_sits_in_between_with_another_key_gets_nowhere() {
    let [alpha, beta] = <[Home; 2]>::try_from(agreed(&["Alpha", "Beta"])).ok().unwrap();
    let server = served(&alpha);
    let target = server.url.clone();
    let middle_key = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let middle = Greeter::new(move |mut stream| {
        let key = rcgen::KeyPair::from_pem(&middle_key).unwrap();
        let caller = Caller::with(&key, &target);
        while let Some((head, body)) = request(&mut stream) {
            let path = head.split(' ').nth(1).unwrap();
            let (status, _, answer) = caller.send("POST", path, &[], &body);
            respond(&mut stream, &format!("{status} Relayed"), &answer);
        }
    });
    // It passes everything on, and the hello names another key than its own.
    refused(
        &beta,
        &["peer", "add", &middle.url, "--party", "Alpha"],
        5,
        "somebody stands in between",
    );
    assert!(beta.ok(&["peer", "list"]).out.contains("no peers yet"));
    // Later, on a line that is pinned.
    meet(&beta, &server.url, "Alpha");
    move_peer(&beta, "Alpha", &middle.url);
    refused(&beta, &["peer", "sync"], 5, "another key");
}

/// The instance key of a home, as the program itself unlocks it.
fn keys(home: &Home) -> Keys {
    let own = home.ok(&["party", "list", "--json"]).json().remove(0);
    let party = own["id"].as_str().unwrap().to_owned();
    let folder = std::fs::read_dir(home.data().join("keys")).unwrap();
    let file = folder
        .map(|entry| entry.unwrap().path())
        .find(|path| !path.display().to_string().contains("root"))
        .unwrap();
    let identity = age::scrypt::Identity::new("four words make one".to_owned().into());
    let text = age::decrypt(&identity, &std::fs::read(file).unwrap()).unwrap();
    let text = String::from_utf8(text).unwrap();
    let hex = text
        .lines()
        .find_map(|line| line.strip_prefix("instance "))
        .unwrap();
    let mut instance = [0; 32];
    for (nth, byte) in instance.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * nth..2 * nth + 2], 16).unwrap();
    }
    Keys {
        party,
        root: None,
        instance,
        salt: [0; 32],
    }
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    Timestamp::from_micros(since.as_micros() as i64)
}

type Change<'c> = &'c dyn Fn(&mut Hello);

#[test]
fn a_hello_counts_once_and_only_now() {
    let [alpha, beta] = <[Home; 2]>::try_from(agreed(&["Alpha", "Beta"])).ok().unwrap();
    let server = served(&alpha);
    let met = meet(&beta, &server.url, "Alpha");
    let own = TlsKey::parse(met["own_key"].as_str().unwrap());
    let (caller, keys) = (Caller::of(&beta, &server.url), keys(&beta));
    let knock = || Threshold::read(&caller.send("POST", "/peer/v1/hello", &[], b"").2).unwrap();
    let say = |change: Change<'_>| {
        let threshold = knock();
        let mut hello = Hello {
            from: keys.party.clone(),
            to: threshold.party,
            key: own,
            answers: threshold.nonce,
            nonce: [5; 32],
            at: now(),
            versions: vec![1],
        };
        change(&mut hello);
        let note = hello.sign(&keys).unwrap();
        let (status, _, answer) = caller.send("POST", "/peer/v1/hello", &[], note.as_bytes());
        (status, String::from_utf8(answer).unwrap(), note)
    };
    let (status, answer, note) = say(&|_| {});
    assert_eq!(status, 200, "{answer}");
    let (status, _, again) = caller.send("POST", "/peer/v1/hello", &[], note.as_bytes());
    let again = String::from_utf8(again).unwrap();
    assert_eq!(status, 403);
    assert!(again.contains("sent again"), "{again}");
    let years = 10 * 365 * 86_400_000_000;
    for off in [-years, -301_000_000, 301_000_000, years] {
        let (status, answer, _) = say(&|hello| hello.at = Timestamp::from_micros(now().micros() + off));
        assert_eq!(status, 403, "{off}");
        assert!(answer.contains("clock"), "{answer}");
    }
    let changes: [(Change<'_>, u16); 6] = [
        (&|hello| hello.answers = [0; 32], 403),
        (&|hello| hello.key = Some(TlsKey([1; 32])), 403),
        (&|hello| hello.key = None, 403),
        (&|hello| hello.to = hello.from.clone(), 403),
        (&|hello| hello.versions = vec![9], 403),
        (&|hello| hello.nonce = [0; 32], 200),
    ];
    for (nth, (change, expected)) in changes.into_iter().enumerate() {
        assert_eq!(say(change).0, expected, "{nth}");
    }
    for garbage in [&b"x"[..], &[0xff; 100], b"entente/hello/v1\n\n", &[b'a'; 5000]] {
        let (status, ..) = caller.send("POST", "/peer/v1/hello", &[], garbage);
        assert!((400..500).contains(&status), "{status}");
    }
}

#[test]
fn who_is_removed_paused_or_revoked_is_cut_at_the_next_request() {
    let [alpha, beta] = <[Home; 2]>::try_from(agreed(&["Alpha", "Beta"])).ok().unwrap();
    let server = served(&alpha);
    meet(&beta, &server.url, "Alpha");
    // One connection, kept alive.
    let caller = Caller::of(&beta, &server.url);
    assert_eq!(caller.ask(b"?"), 200);
    let told = |what: &str| {
        let (status, _, body) = caller.send("POST", "/peer/v1/ask", &[], b"?");
        let body = String::from_utf8(body).unwrap();
        assert!(status == 401 && body.contains(what), "{status} {body}");
    };
    alpha.ok(&["peer", "pause", "Beta"]);
    told("has paused this peer");
    alpha.ok(&["peer", "resume", "Beta"]);
    assert_eq!(caller.ask(b"?"), 200);
    alpha.ok(&["peer", "remove", "Beta"]);
    told("removed this peer on");
    // It does not let itself in again, and hears how it may come back.
    let again = ["peer", "add", &server.url, "--party", "Alpha"];
    refused(&beta, &again, 5, "`entente peer resume`");
    refused(&beta, &["peer", "sync"], 5, "removed this peer on");
    told("removed this peer on");
    assert!(alpha.ok(&["peer", "list"]).out.contains("no peers yet"));
    assert!(alpha.ok(&["peer", "list", "--removed"]).out.contains("Beta"));
    alpha.ok(&["peer", "resume", "Beta"]);
    assert!(
        alpha
            .ok(&["peer", "list", "--removed"])
            .out
            .contains("no peer was removed")
    );
    assert_eq!(caller.ask(b"?"), 401, "its keys are forgotten");
    meet(&beta, &server.url, "Alpha");
    assert_eq!(caller.ask(b"?"), 200);
    // Beta's instance key is renewed, and the old one, which vouched for its TLS key, taken back.
    let old = beta.ok(&["party", "keys", "--json"]).last()["keys"][0]["key"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(signing(&beta, &["party", "keys", "--rotate"]).0, 0);
    sync(&beta);
    assert_eq!(caller.ask(b"?"), 200, "a rotation changes nothing");
    assert_eq!(signing(&beta, &["party", "keys", "--revoke", &old]).0, 0);
    sync(&beta);
    told("counts no more");
    refused(&beta, &["peer", "sync"], 5, "401");
    meet(&beta, &server.url, "Alpha");
    assert_eq!(caller.ask(b"?"), 200);
}

#[test]
fn whose_cards_are_known_is_told_to_no_stranger() {
    let [alpha, beta] = <[Home; 2]>::try_from(agreed(&["Alpha", "Beta"])).ok().unwrap();
    let server = served(&alpha);
    let stranger = Caller::with(&rcgen::KeyPair::generate().unwrap(), &server.url);
    let say = |from: &str| {
        let knocked = stranger.send("POST", "/peer/v1/hello", &[], b"").2;
        let threshold = Threshold::read(&knocked).unwrap();
        let keys = Keys {
            party: from.to_owned(),
            root: None,
            instance: [3; 32],
            salt: [0; 32],
        };
        let hello = Hello {
            from: from.to_owned(),
            to: threshold.party,
            key: None,
            answers: threshold.nonce,
            nonce: [5; 32],
            at: now(),
            versions: vec![1],
        };
        let note = hello.sign(&keys).unwrap();
        let (status, _, answer) = stranger.send("POST", "/peer/v1/hello", &[], note.as_bytes());
        (status, String::from_utf8(answer).unwrap())
    };
    let known = say(&keys(&beta).party);
    assert_eq!(known.0, 403, "{}", known.1);
    assert_eq!(say("identity--00000000-0000-4000-8000-00000000beef"), known);
}

#[test]
fn who_was_added_by_one_side_only_is_shown_as_that() {
    let [alpha, beta] = <[Home; 2]>::try_from(agreed(&["Alpha", "Beta"])).ok().unwrap();
    release(&alpha, &[1]);
    let theirs = served(&beta);
    meet(&alpha, &theirs.url, "Beta");
    sync(&alpha);
    assert_eq!(listed(&alpha, "Beta")["standing"], "not met yet");
    let told = alpha.ok(&["peer", "list"]).out;
    assert!(told.contains("the other side must add this node too"), "{told}");
}

#[test]
fn bad_client_certificates_do_not_get_in() {
    let alpha = party("Alpha");
    let server = served(&alpha);
    let address = server.address();
    let certificates = concat!(env!("CARGO_MANIFEST_DIR"), "/src/trust/certificates");
    let good = Command::new("curl")
        .args([
            "-sk",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            &format!("https://{address}/health"),
        ])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&good.stdout), "200");
    assert!(std::path::Path::new(certificates).exists());
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    let key = rcgen::KeyPair::generate().unwrap();
    let pem = format!(
        "{}{}",
        key.serialize_pem(),
        params.self_signed(&key).unwrap().pem()
    );
    let file = alpha.file("over.pem", pem);
    let bad = Command::new("curl")
        .args([
            "-sk",
            "--cert",
            &file,
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            &format!("https://{address}/health"),
        ])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&bad.stdout), "000");
    assert!(!bad.status.success());
}

#[test]
fn over_plain_http_on_this_machine_a_token_says_who_asks() {
    let [alpha, beta, gamma] = <[Home; 3]>::try_from(agreed(&["Alpha", "Beta", "Gamma"]))
        .ok()
        .unwrap();
    release(&alpha, &[1]);
    alpha.ok(&[
        "account",
        "add",
        "beta",
        "--role",
        "taxii-client",
        "--party",
        "Beta",
        "--no-password",
    ]);
    let made = alpha.ok(&["account", "token", "beta", "--json"]).last();
    let token = made["token"].as_str().unwrap();
    let passphrase = alpha.path("passphrase").display().to_string();
    let server = alpha.serve(&["--passphrase-file", &passphrase]);
    for home in [&beta, &gamma] {
        home.file("token", format!("{token}\n"));
    }
    let file = beta.path("token").display().to_string();
    refused(&beta, &["peer", "add", &server.url], 2, "--token-file");
    let theirs = gamma.path("token").display().to_string();
    refused(
        &gamma,
        &["peer", "add", &server.url, "--token-file", &theirs],
        5,
        "token of this party",
    );
    let (code, out, err) = signing(&beta, &["peer", "add", &server.url, "--token-file", &file]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("no key pinned"), "{out}");
    assert!(sync(&beta).contains("1 stored"));
    let book = std::fs::metadata(beta.data().join("peers.json")).unwrap();
    assert_eq!(std::os::unix::fs::MetadataExt::mode(&book) & 0o777, 0o600);
    alpha.ok(&["account", "revoke", "beta"]);
    refused(&beta, &["peer", "sync"], 5, "401");
}

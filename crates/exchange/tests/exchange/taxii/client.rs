use std::collections::BTreeSet;

use entente_exchange::taxii::client::{
    Collection, Cursor, End, Fault, Oddity, Pull, Response, Settings, Step,
};
use entente_stix::json;
use entente_stix::time::Timestamp;

use super::server::{Dates, NOON, Next, Server, Vices};
use crate::{Random, cases};

pub(super) fn collection() -> Collection {
    Collection {
        root: "https://taxii.example/api/".parse().unwrap(),
        url: "https://taxii.example/api/collections/9f8d/".parse().unwrap(),
        id: "9f8d".to_owned(),
        title: None,
        description: None,
        alias: None,
        can_read: true,
        can_write: true,
    }
}

const PLAIN: Settings = Settings {
    since: None,
    limit: 10,
};

/// More requests than any reading here needs: who does not end by then does not end.
const ASKED_MAX: usize = 2_000;

#[derive(Debug)]
struct Reading {
    taken: Vec<String>,
    cursor: Cursor,
    end: Option<End>,
    oddities: BTreeSet<Oddity>,
}

/// Reads on from `cursor`, for so many pages at most.
fn read_some(server: &mut Server, cursor: &Cursor, settings: Settings, pages: u64) -> Result<Reading, Fault> {
    let cursor = Cursor::read(&cursor.to_text()).expect("a cursor that was written is read");
    let mut pull = Pull::new(&collection(), cursor, settings);
    let (mut taken, before) = (Vec::new(), server.asked.len());
    while pull.pages() < pages {
        match pull.step() {
            Step::Done => break,
            Step::Wait(_) => {}
            Step::Ask(request) => {
                assert!(
                    server.asked.len() - before < ASKED_MAX,
                    "it does not end: {:?}",
                    server.vices
                );
                let response = server.answer(&request);
                let page = pull.take(&response, Timestamp::from_micros(server.now))?;
                taken.extend(page.iter().flat_map(|page| ids(&page.text)));
            }
        }
    }
    Ok(Reading {
        taken,
        cursor: pull.cursor().clone(),
        end: pull.end().cloned(),
        oddities: pull.oddities().cloned().collect(),
    })
}

fn read(server: &mut Server, cursor: &Cursor) -> Reading {
    read_some(server, cursor, PLAIN, u64::MAX).unwrap()
}

fn ids(text: &[u8]) -> Vec<String> {
    let value = json::read(text).unwrap();
    let objects = value.get("objects").unwrap().as_array().unwrap();
    objects
        .iter()
        .map(|object| object.get("id").unwrap().as_str().unwrap().to_owned())
        .collect()
}

fn all(server: &Server) -> Vec<String> {
    let texts: Vec<&str> = server.objects.iter().map(|(_, text)| text.as_str()).collect();
    ids(format!(r#"{{"objects":[{}]}}"#, texts.join(",")).as_bytes())
}

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort();
    ids
}

/// 35 objects, of which 7 were added at one instant across the border of a page.
fn filled(vices: Vices) -> Server {
    let mut server = Server::new(vices);
    for minute in 0..14 {
        server.add(1, NOON + minute * 60_000_000 + 123_456);
        if minute == 8 {
            server.add(7, NOON + 8 * 60_000_000 + 500_000);
        }
    }
    server.add(14, NOON + 20 * 60_000_000);
    server
}

/// Whatever the vice: everything is taken once, what is added later is taken once, and the vice is told.
fn check(vices: Vices, told: &[Oddity]) {
    let mut server = filled(vices);
    let first = read(&mut server, &Cursor::default());
    assert_eq!(
        sorted(first.taken),
        all(&server),
        "{:?}: {:#?}",
        server.vices,
        server.asked
    );
    assert_eq!(first.end, Some(End::All), "{:?}", server.vices);
    let quiet = read(&mut server, &first.cursor);
    assert_eq!(
        quiet.taken,
        Vec::<String>::new(),
        "{:?}: {:#?}",
        server.vices,
        server.asked
    );
    let before = server.objects.len();
    // One more at the very last instant, and some later.
    server.add(1, NOON + 20 * 60_000_000);
    server.add(13, NOON + 30 * 60_000_000);
    let second = read(&mut server, &quiet.cursor);
    assert_eq!(
        sorted(second.taken),
        all(&server)[before..],
        "{:?}: {:#?}",
        server.vices,
        server.asked
    );
    let seen: BTreeSet<Oddity> = [first.oddities, quiet.oddities, second.oddities]
        .into_iter()
        .flatten()
        .collect();
    assert_eq!(seen, told.iter().cloned().collect(), "{:?}", server.vices);
}

#[test]
fn each_vice_is_lived_with_and_told() {
    let plain = Vices::default();
    check(plain.clone(), &[]);
    check(
        Vices {
            inclusive: true,
            ..plain.clone()
        },
        &[],
    );
    check(
        Vices {
            dates: Dates::Coarse,
            ..plain.clone()
        },
        &[],
    );
    check(
        Vices {
            dates: Dates::Words,
            ..plain.clone()
        },
        &[],
    );
    check(
        Vices {
            dates: Dates::None,
            ..plain.clone()
        },
        &[Oddity::NoDates, Oddity::DatesOfManifest],
    );
    check(
        Vices {
            dates: Dates::Garbled,
            ..plain.clone()
        },
        &[
            Oddity::NoDates,
            Oddity::BadDates("undefined".to_owned()),
            Oddity::DatesOfManifest,
        ],
    );
    check(
        Vices {
            dates: Dates::None,
            manifest: false,
            ..plain.clone()
        },
        &[Oddity::NoDates, Oddity::NoManifest, Oddity::DatesOfClock],
    );
    check(
        Vices {
            next: Next::Number,
            ..plain.clone()
        },
        &[],
    );
    check(
        Vices {
            next: Next::Bare,
            ..plain.clone()
        },
        &[],
    );
    check(
        Vices {
            next: Next::Scroll,
            ..plain.clone()
        },
        &[Oddity::SameNext],
    );
    check(
        Vices {
            next: Next::Scroll,
            empty_pages: 3,
            ..plain.clone()
        },
        &[Oddity::SameNext, Oddity::EmptyPages],
    );
    check(
        Vices {
            next: Next::Missing,
            page_max: 20,
            ..plain.clone()
        },
        &[Oddity::MoreWithoutNext],
    );
    check(
        Vices {
            next: Next::Missing,
            page_max: 20,
            inclusive: true,
            ..plain.clone()
        },
        &[Oddity::MoreWithoutNext],
    );
    check(
        Vices {
            honours_limit: false,
            page_max: 1_000,
            ..plain.clone()
        },
        &[
            Oddity::IgnoresLimit(35),
            Oddity::IgnoresLimit(28),
            Oddity::IgnoresLimit(14),
        ],
    );
    check(
        Vices {
            refuses_limit: true,
            ..plain.clone()
        },
        &[Oddity::RefusesLimit],
    );
    check(
        Vices {
            newest_first: true,
            page_max: 20,
            ..plain.clone()
        },
        &[Oddity::Unordered],
    );
    check(
        Vices {
            bare: true,
            page_max: 1_000,
            honours_limit: false,
            dates: Dates::None,
            manifest: false,
            ..plain.clone()
        },
        &[
            Oddity::NoEnvelope,
            Oddity::NoDates,
            Oddity::NoManifest,
            Oddity::DatesOfClock,
            Oddity::IgnoresLimit(35),
            Oddity::IgnoresLimit(49),
        ],
    );
    check(
        Vices {
            media_type: Some("application/stix+json; charset=utf-8; version=2.1"),
            ..plain.clone()
        },
        &[Oddity::MediaType("application/stix+json".to_owned())],
    );
    check(
        Vices {
            media_type: None,
            ..plain.clone()
        },
        &[Oddity::MediaType("no media type".to_owned())],
    );
    check(
        Vices {
            picky: true,
            ..plain.clone()
        },
        &[Oddity::Accept("application/taxii+json")],
    );
    check(
        Vices {
            busy: 3,
            ..plain.clone()
        },
        &[],
    );
    check(
        Vices {
            cut: 3,
            ..plain.clone()
        },
        &[],
    );
}

#[test]
fn a_server_that_ignores_its_next_is_left_with_what_it_gave() {
    for next in [Next::Ignored, Next::Fresh] {
        let mut server = filled(Vices {
            next,
            ..Vices::default()
        });
        let reading = read(&mut server, &Cursor::default());
        assert_eq!(reading.taken, all(&server)[..10]);
        assert!(
            matches!(&reading.end, Some(End::Looping(why)) if why.contains("nothing new")),
            "{:?}",
            reading.end
        );
        assert!(server.asked.len() < 110, "{}", server.asked.len());
    }
}

#[test]
fn more_for_ever_at_the_end_is_an_end() {
    let mut server = filled(Vices {
        next: Next::Missing,
        more_at_the_end: true,
        page_max: 20,
        ..Vices::default()
    });
    let reading = read(&mut server, &Cursor::default());
    assert_eq!(sorted(reading.taken), all(&server));
    assert_eq!(reading.end, Some(End::All));
    assert!(reading.oddities.contains(&Oddity::MoreAtTheEnd));
}

#[test]
fn an_inclusive_server_with_more_for_ever_leads_in_circles_and_is_told_so() {
    let mut server = filled(Vices {
        next: Next::Missing,
        more_at_the_end: true,
        inclusive: true,
        page_max: 20,
        ..Vices::default()
    });
    let reading = read(&mut server, &Cursor::default());
    assert_eq!(sorted(reading.taken), all(&server));
    assert!(matches!(reading.end, Some(End::Looping(_))), "{:?}", reading.end);
    assert!(server.asked.len() < 30, "{}", server.asked.len());
}

#[test]
fn more_at_one_instant_than_a_page_holds_is_read_by_bigger_pages_or_told() {
    let bulk = |page_max| {
        let mut server = Server::new(Vices {
            next: Next::Missing,
            page_max,
            ..Vices::default()
        });
        server.add(35, NOON);
        server.add(3, NOON + 1_000_000);
        server
    };
    let mut server = bulk(1_000);
    let reading = read(&mut server, &Cursor::default());
    assert_eq!(reading.taken, all(&server));
    // A server with pages of its own size: the rest of that instant cannot be had, and that is said.
    let mut server = bulk(10);
    let reading = read(&mut server, &Cursor::default());
    assert_eq!(reading.taken, [&all(&server)[..10], &all(&server)[35..]].concat());
    assert!(
        reading
            .oddities
            .contains(&Oddity::Crowded("2023-11-14T22:13:20.000Z".to_owned()))
    );
}

#[test]
fn an_empty_collection_is_no_fault_however_it_is_said() {
    for vices in [
        Vices::default(),
        Vices {
            empty_is_missing: true,
            ..Vices::default()
        },
    ] {
        let reading = read(&mut Server::new(vices), &Cursor::default());
        assert_eq!((reading.taken.len(), reading.end), (0, Some(End::All)));
    }
}

#[test]
fn a_forgotten_next_is_made_up_for_by_time() {
    let mut server = filled(Vices {
        next: Next::Scroll,
        ..Vices::default()
    });
    let half = read_some(&mut server, &Cursor::default(), PLAIN, 1).unwrap();
    assert!(half.cursor.is_under_way());
    server.forget();
    let rest = read(&mut server, &half.cursor);
    assert_eq!(sorted([half.taken, rest.taken].concat()), all(&server));
    assert!(rest.oddities.contains(&Oddity::ForgetsNext));
}

#[test]
fn only_what_was_added_since_is_asked_for_at_first() {
    let mut server = filled(Vices::default());
    let since = Settings {
        since: Some(Timestamp::from_micros(NOON + 10 * 60_000_000)),
        limit: 10,
    };
    let reading = read_some(&mut server, &Cursor::default(), since, u64::MAX).unwrap();
    assert_eq!(reading.taken, all(&server)[17..]);
    assert!(
        server.asked[0].contains("added_after=2023-11-14T22%3A23%3A20.000000Z"),
        "{}",
        server.asked[0]
    );
    assert!(
        server.asked[1].contains("added_after=2023-11-14T22%3A23%3A20.000000Z"),
        "the filter stays with `next`"
    );
}

fn take(response: Response) -> Result<(), Fault> {
    let mut pull = Pull::new(&collection(), Cursor::default(), PLAIN);
    assert!(matches!(pull.step(), Step::Ask(_)));
    pull.take(&response, Timestamp::from_micros(NOON)).map(|_| ())
}

fn answer(status: u16, content_type: &str, body: &str) -> Response {
    Response {
        status,
        content_type: Some(content_type.to_owned()),
        body: body.into(),
        ..Response::default()
    }
}

#[test]
fn what_is_not_taxii_is_said_in_words() {
    let check = |response: Response, part: &str| {
        let told = take(response).unwrap_err().to_string();
        assert!(told.contains(part), "{told}");
    };
    check(
        answer(200, "application/vnd.oasis.taxii+json; version=2.0", "{}"),
        "speaks TAXII 2.0",
    );
    check(
        answer(406, "application/vnd.oasis.taxii+json", "{}"),
        "speaks TAXII 2.0",
    );
    check(
        answer(200, "text/html", "<html>Log in</html>"),
        "answers a web page",
    );
    check(
        answer(200, "application/json", r#"{"error":"log in"}"#),
        "no TAXII envelope",
    );
    check(answer(200, "text/csv", "a,b"), "answers `text/csv`");
    check(
        answer(401, "application/taxii+json", r#"{"title":"who are you?"}"#),
        "(401): who are you?; check name and password",
    );
    check(answer(418, "", ""), "refuses what it was asked (418)");
}

#[test]
fn a_busy_server_is_waited_for_as_it_asks_and_left_alone_when_it_stays_so() {
    let waits = |retry_after: &str| {
        let mut pull = Pull::new(&collection(), Cursor::default(), PLAIN);
        let mut busy = answer(429, "", "");
        busy.retry_after = Some(retry_after.to_owned());
        let mut waits = Vec::new();
        loop {
            match pull.step() {
                Step::Wait(seconds) => waits.push(seconds),
                Step::Ask(_) => match pull.take(&busy, Timestamp::from_micros(NOON)) {
                    Ok(_) => {}
                    Err(fault) => return (waits, fault.to_string()),
                },
                Step::Done => panic!("it is not done"),
            }
        }
    };
    assert_eq!(waits("3").0, [3, 3, 3, 3]);
    assert_eq!(waits("soon").0, [2, 4, 8, 16]);
    // NOON is 22:13:20 of that day.
    assert_eq!(waits("Tue, 14 Nov 2023 22:14:20 GMT").0, [60, 60, 60, 60]);
    let (none, told) = waits("86400");
    assert!(none.is_empty() && told.contains("come back in 86400 s"), "{told}");
}

#[test]
fn a_redirect_stays_on_the_origin_or_is_refused_by_name() {
    let moved = |location: &str| {
        let mut response = answer(302, "", "");
        response.location = Some(location.to_owned());
        response
    };
    for elsewhere in [
        "http://taxii.example/api/",
        "https://taxii.example:8443/",
        "https://169.254.169.254/latest/meta-data/",
        "//evil.example/",
        "https://taxii.example@evil.example/",
        "https://user:secret@taxii.example/",
        "file:///etc/passwd",
        "javascript:1",
    ] {
        let fault = take(moved(elsewhere)).unwrap_err();
        assert!(matches!(fault, Fault::Elsewhere { .. }), "{elsewhere}: {fault}");
    }
    let mut pull = Pull::new(&collection(), Cursor::default(), PLAIN);
    for _ in 0..3 {
        let Step::Ask(_) = pull.step() else {
            panic!("it asks")
        };
        assert_eq!(
            pull.take(&moved("/v2/objects/?x=1"), Timestamp::from_micros(NOON)),
            Ok(None)
        );
    }
    let Step::Ask(request) = pull.step() else {
        panic!("it asks")
    };
    assert_eq!(request.url.as_str(), "https://taxii.example/v2/objects/?x=1");
    let fault = pull
        .take(&moved("/v2/objects/?x=1"), Timestamp::from_micros(NOON))
        .unwrap_err();
    assert!(matches!(fault, Fault::Redirects { .. }), "{fault}");
}

#[test]
fn a_page_too_big_is_asked_for_in_smaller_ones_down_to_one_object() {
    let mut pull = Pull::new(
        &collection(),
        Cursor::default(),
        Settings {
            since: None,
            limit: 1000,
        },
    );
    let mut limits = Vec::new();
    let fault = loop {
        let Step::Ask(request) = pull.step() else {
            panic!("it asks")
        };
        limits.push(request.url.query().unwrap().to_owned());
        if let Err(fault) = pull.too_big() {
            break fault;
        }
    };
    assert_eq!(
        limits,
        [
            "limit=1000",
            "limit=250",
            "limit=62",
            "limit=15",
            "limit=3",
            "limit=1"
        ]
    );
    assert!(matches!(fault, Fault::TooBig { .. }));
}

#[test]
fn broken_objects_are_told_with_their_place_and_the_good_ones_taken() {
    let good = r#"{"type":"x-test","id":"x-test--00000000-0000-4000-8000-000000000000"}"#;
    let mut pull = Pull::new(&collection(), Cursor::default(), PLAIN);
    let body = format!(r#"{{"objects":[17,{good},"x",{good}],"more":false}}"#);
    pull.step();
    let page = pull.take(
        &answer(200, "application/taxii+json;version=2.1", &body),
        Timestamp::from_micros(NOON),
    );
    let page = page.unwrap().unwrap();
    assert_eq!(
        String::from_utf8(page.text).unwrap(),
        format!(r#"{{"objects":[{good}]}}"#)
    );
    assert_eq!((page.places, page.again), (vec!["/objects/1".to_owned()], 1));
    let places: Vec<&str> = page
        .defects
        .iter()
        .map(|defect| defect.pointer.as_str())
        .collect();
    assert_eq!(places, ["/objects/0", "/objects/2"]);
}

#[test]
fn whatever_a_server_does_each_object_is_taken_once_and_it_ends() {
    for seed in 0..cases(400) {
        let mut random = Random(seed);
        let mut server = Server::new(at_random(&mut random));
        let mut cursor = Cursor::default();
        let (mut taken, mut minute) = (Vec::new(), 0);
        let mut is_exact = true;
        for _round in 0..3 {
            for _ in 0..random.below(12) {
                minute += 1 + random.below(3) as i64;
                server.add(
                    1 + random.below(6),
                    NOON + minute * 1_000_000 + random.below(999_999) as i64,
                );
            }
            // It may be stopped after any page, and goes on.
            for pages in [random.below(4) as u64 + 1, u64::MAX] {
                let reading = match read_some(&mut server, &cursor, PLAIN, pages) {
                    Ok(reading) => reading,
                    Err(fault) => {
                        assert!(
                            server.vices.busy == 1 || server.vices.cut == 1,
                            "seed {seed}: {fault}"
                        );
                        is_exact = false;
                        continue;
                    }
                };
                is_exact &= !matches!(reading.end, Some(End::Looping(_)));
                is_exact &= !reading
                    .oddities
                    .iter()
                    .any(|oddity| matches!(oddity, Oddity::Crowded(_)));
                taken.extend(reading.taken);
                cursor = reading.cursor;
            }
        }
        let once: BTreeSet<&String> = taken.iter().collect();
        let repeats = server.vices.next == Next::Ignored || server.vices.next == Next::Fresh;
        if !repeats {
            assert_eq!(once.len(), taken.len(), "seed {seed}: twice, {:?}", server.vices);
        }
        let is_lost = once.len() < server.objects.len();
        assert!(
            !(is_exact && is_lost),
            "seed {seed}: {} of {} taken, {:?}\n{:#?}",
            once.len(),
            server.objects.len(),
            server.vices,
            server.asked
        );
    }
}

fn at_random(random: &mut Random) -> Vices {
    let mut pick = |of: usize| random.below(of);
    let next = [
        Next::Place,
        Next::Number,
        Next::Bare,
        Next::Scroll,
        Next::Missing,
        Next::Ignored,
        Next::Fresh,
    ][pick(7)];
    // By time alone nothing can be read on that has no dates, or is in disorder.
    let by_time = next == Next::Missing;
    let dates = [
        Dates::Headers,
        Dates::Coarse,
        Dates::Words,
        Dates::Garbled,
        Dates::None,
    ][pick(5)];
    let manifest = pick(2) == 0 || by_time;
    Vices {
        inclusive: pick(2) == 0,
        dates,
        manifest,
        next,
        page_max: 6 + pick(20),
        honours_limit: pick(3) > 0,
        refuses_limit: pick(6) == 0,
        ignores_added_after: pick(6) == 0 && !by_time,
        empty_pages: [0, 0, 2, 3][pick(4)],
        more_at_the_end: pick(5) == 0,
        empty_is_missing: pick(4) == 0,
        bare: false,
        busy: [0, 0, 1, 2, 5][pick(5)],
        cut: [0, 0, 0, 3, 1][pick(5)],
        newest_first: pick(6) == 0 && !by_time,
        media_type: Some("application/json"),
        picky: pick(4) == 0,
    }
}

#[test]
fn a_feed_is_asked_for_the_last_version_of_each_object_by_asking_for_no_version() {
    let mut server = filled(Vices::default());
    read(&mut server, &Cursor::default());
    assert!(server.asked.len() > 2);
    for asked in &server.asked {
        assert!(!format!("{asked:?}").contains("version]"), "{asked:?}");
    }
}

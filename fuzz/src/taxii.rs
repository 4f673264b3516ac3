//! What TAXII servers answer, what their visitors ask, and what another one leaves behind.

use entente_exchange::limits;
use entente_exchange::taxii::client::{
    Collection, Cursor, Delivery, Discovery, Outgoing, Pull, Response, Settings, Step, date_again,
    page_again, status_again,
};
use entente_exchange::taxii::{objects_again, query_again};
use entente_formats::medallion;
use entente_stix::json;
use entente_stix::time::Timestamp;

/// Answers of a TAXII server, one after the other and then again from the first: a reading, a look and a delivery end,
/// and no object of a reading is told twice. Answers end with U+001E, their parts with U+001F: status, media type,
/// `Location`, `Retry-After`, the first and the last date, body.
pub fn taxii_answers(data: &[u8]) {
    const STEPS_MAX: usize = 20_000;
    let answers: Vec<Response> = data.split(|byte| *byte == 0x1e).take(16).map(answer).collect();
    let at = Timestamp::from_micros(1_700_000_000_000_000);
    let mut pull = Pull::new(
        &collection(),
        Cursor::default(),
        Settings {
            since: None,
            limit: 10,
        },
    );
    let mut steps = answers.iter().cycle();
    let ends = (0..STEPS_MAX).any(|_| match pull.step() {
        Step::Done => true,
        Step::Wait(_) => false,
        Step::Ask(_) => steps.next().is_none_or(|answer| pull.take(answer, at).is_err()),
    });
    assert!(ends, "a reading goes on and on");
    let kept = pull.cursor();
    assert_eq!(Cursor::read(&kept.to_text()).as_ref(), Some(kept));
    let Ok(mut discovery) = Discovery::new("https://taxii.example/") else {
        return;
    };
    let ends = (0..STEPS_MAX).any(|_| match discovery.step() {
        Step::Done => true,
        Step::Wait(_) => false,
        Step::Ask(_) => steps
            .next()
            .is_none_or(|answer| discovery.take(answer, at).is_err()),
    });
    assert!(ends, "a look goes on and on");
    let object = |number: u32| Outgoing {
        id: format!("x--{number}"),
        text: b"{}".to_vec(),
    };
    let mut delivery = Delivery::new(&collection(), Some(100), (0..9).map(object).collect());
    let ends = (0..STEPS_MAX).any(|_| match delivery.step() {
        Step::Done => true,
        Step::Wait(_) => false,
        Step::Ask(_) => steps
            .next()
            .is_none_or(|answer| delivery.take(answer, at).is_err()),
    });
    assert!(ends, "a delivery goes on and on");
    assert!(delivery.became().len() <= 9);
}

/// A page, a status, an instant: read or refused; an instant that is read has one form.
pub fn taxii_answer(data: &[u8]) {
    let _ = (page_again(data), status_again(data));
    if let Some(again) = std::str::from_utf8(data).ok().and_then(date_again) {
        assert_eq!(date_again(&again).as_ref(), Some(&again));
    }
}

fn answer(bytes: &[u8]) -> Response {
    let mut parts = bytes.splitn(7, |byte| *byte == 0x1f);
    let mut text = || {
        let text = String::from_utf8_lossy(parts.next()?).into_owned();
        (!text.is_empty()).then_some(text)
    };
    let status = text().and_then(|text| text.parse().ok()).unwrap_or(200);
    Response {
        status,
        content_type: text(),
        location: text(),
        retry_after: text(),
        date: None,
        added_first: text(),
        added_last: text(),
        body: text().unwrap_or_default().into_bytes(),
    }
}

fn collection() -> Collection {
    let url = |path: &str| format!("https://taxii.example/{path}").parse();
    match (url("api/"), url("api/collections/c/")) {
        (Ok(root), Ok(url)) => Collection {
            root,
            url,
            id: "c".to_owned(),
            title: None,
            description: None,
            alias: None,
            can_read: true,
            can_write: true,
        },
        _ => unreachable!("both are addresses"),
    }
}

/// What a visitor asks a collection for: what is read is bounded, and says the same when its parts come in another
/// order.
pub fn taxii_query(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let mut parts: Vec<&str> = text.split('&').collect();
    parts.reverse();
    let turned = query_again(&parts.join("&"));
    for (asked, again) in query_again(text).iter().zip(&turned) {
        assert_eq!(asked, again);
        if let Some((filter, limit)) = asked {
            assert!((1..=limits::PAGE_OBJECTS_MAX).contains(limit));
            let values = [&filter.ids, &filter.types, &filter.spec_versions];
            assert!(
                values
                    .iter()
                    .all(|values| values.len() <= limits::FILTER_VALUES_MAX)
            );
        }
    }
}

/// What a visitor puts into a collection: each pointer leads to its object's text, as it is in the body.
pub fn taxii_envelope(data: &[u8]) {
    let Some(objects) = objects_again(data) else {
        return;
    };
    let body = json::read(data).expect("it was read");
    for (pointer, text) in objects {
        let there = body.pointer(&pointer).expect("its pointer leads to it");
        assert_eq!(
            json::read(text).expect("it is JSON by itself").canonical(),
            there.canonical()
        );
    }
}

/// A data file of medallion: records stand in the order of adding, and each is an object of the file.
pub fn taxii_takeover(data: &[u8]) {
    let Ok(server) = medallion::read(data) else {
        return;
    };
    for collection in server.roots.iter().flat_map(|root| &root.collections) {
        assert!(collection.records.is_sorted_by_key(|record| record.added));
        for record in &collection.records {
            assert!(record.text.trim_start().starts_with('{'), "{}", record.text);
            assert!(record.pointer.starts_with('/'));
        }
    }
}

//! Documents: what is there and whose time has not come.

use super::{Case, Open};
use crate::{Change, Document, Error, Expected, NewDocument, Put, limits};

pub(super) const CASES: &[Case] = &[
    ("document_is_written_and_removed", document_is_written_and_removed),
    (
        "only_one_of_many_writes_what_must_be_absent",
        only_one_of_many_writes_what_must_be_absent,
    ),
    (
        "document_past_its_time_is_not_there",
        document_past_its_time_is_not_there,
    ),
    (
        "unexpected_document_fails_the_whole_change",
        unexpected_document_fails_the_whole_change,
    ),
    (
        "documents_come_in_the_order_of_their_keys",
        documents_come_in_the_order_of_their_keys,
    ),
    (
        "document_over_a_bound_is_refused",
        document_over_a_bound_is_refused,
    ),
];

pub(super) fn document<'a>(kind: &'a str, key: &'a str, value: &'a [u8]) -> NewDocument<'a> {
    NewDocument {
        kind,
        key,
        value: Some(value),
        expires_at: None,
        expected: Expected::Any,
    }
}

fn found(kind: &str, key: &str, value: &[u8], at: i64, expires_at: Option<i64>) -> Document {
    Document {
        kind: kind.to_owned(),
        key: key.to_owned(),
        value: value.to_vec(),
        at,
        expires_at,
    }
}

fn document_is_written_and_removed(open: &Open<'_>) {
    let store = open("a");
    assert_eq!(store.document("status", "1", 0).unwrap(), None);
    let put = |document: NewDocument<'_>, at| store.put_document(&document, at).unwrap();
    assert_eq!(put(document("status", "1", b"one\xff"), 3), Put::Done);
    assert_eq!(put(document("answer", "1", b""), 4), Put::Done);
    assert_eq!(put(document("status", "1", b"two"), 5), Put::Done);
    drop(store);
    let store = open("a");
    assert_eq!(
        store.document("status", "1", 0).unwrap(),
        Some(found("status", "1", b"two", 5, None))
    );
    assert_eq!(
        store.document("answer", "1", 0).unwrap(),
        Some(found("answer", "1", b"", 4, None))
    );
    let gone = NewDocument {
        value: None,
        ..document("status", "1", b"")
    };
    assert_eq!(store.put_document(&gone, 6).unwrap(), Put::Done);
    assert_eq!(
        store.put_document(&gone, 6).unwrap(),
        Put::Done,
        "again is no fault"
    );
    assert_eq!(store.document("status", "1", 0).unwrap(), None);
}

fn only_one_of_many_writes_what_must_be_absent(open: &Open<'_>) {
    let store = open("a");
    let values: Vec<[u8; 1]> = (0..8u8).map(|value| [value]).collect();
    let answers: Vec<Put> = std::thread::scope(|scope| {
        let store = &store;
        let put = |value| {
            let claim = NewDocument {
                expected: Expected::Absent,
                ..document("answer", "key", value)
            };
            store.put_document(&claim, 1).unwrap()
        };
        let writers: Vec<_> = values
            .iter()
            .map(|value| scope.spawn(move || put(value)))
            .collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    let winner = store.document("answer", "key", 1).unwrap();
    assert!(winner.is_some());
    let (done, told): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| *answer == Put::Done);
    assert_eq!(done.len(), 1);
    assert!(told.iter().all(|answer| *answer == Put::Found(winner.clone())));
    let value = winner.unwrap().value;
    let swap = |from, to| {
        let swap = NewDocument {
            expected: Expected::Value(from),
            ..document("answer", "key", to)
        };
        store.put_document(&swap, 2).unwrap()
    };
    assert_eq!(swap(&value, b"then"), Put::Done);
    assert_eq!(
        swap(&value, b"never"),
        Put::Found(Some(found("answer", "key", b"then", 2, None)))
    );
}

fn document_past_its_time_is_not_there(open: &Open<'_>) {
    let store = open("a");
    let lasting = |key, expires_at| NewDocument {
        expires_at,
        ..document("status", key, b"x")
    };
    for (key, expires_at) in [("1", Some(10)), ("2", Some(20)), ("3", None), ("4", Some(12))] {
        store.put_document(&lasting(key, expires_at), 1).unwrap();
    }
    let keys = |at| -> Vec<String> {
        let documents = store.documents("status", None, at, 10).unwrap();
        documents.into_iter().map(|document| document.key).collect()
    };
    assert!(store.document("status", "1", 9).unwrap().is_some());
    assert_eq!(store.document("status", "1", 10).unwrap(), None);
    assert_eq!(
        (keys(9).len(), keys(12)),
        (4, vec!["2".to_owned(), "3".to_owned()])
    );
    let anew = NewDocument {
        expected: Expected::Absent,
        ..lasting("1", Some(100))
    };
    assert!(matches!(
        store.put_document(&anew, 9).unwrap(),
        Put::Found(Some(_))
    ));
    assert_eq!(
        store.put_document(&anew, 10).unwrap(),
        Put::Done,
        "its time was over"
    );
    assert_eq!(store.sweep_documents(50, 1).unwrap(), 1, "one at a time");
    assert_eq!(store.sweep_documents(50, 10).unwrap(), 1);
    assert_eq!(store.sweep_documents(50, 10).unwrap(), 0);
    assert_eq!(keys(0), ["1", "3"]);
}

fn unexpected_document_fails_the_whole_change(open: &Open<'_>) {
    let store = open("a");
    store.put_document(&document("feed", "a", b"1"), 1).unwrap();
    let step = |from, to| Change {
        at: 2,
        meta: vec![("place", Some("there"))],
        documents: vec![
            document("feed", "b", b"x"),
            NewDocument {
                expected: Expected::Value(from),
                ..document("feed", "a", to)
            },
        ],
        ..Change::default()
    };
    assert!(matches!(
        store.apply(&step(b"0", b"2")),
        Err(Error::Taken { kind, key }) if kind == "feed" && key == "a"
    ));
    assert_eq!(
        (
            store.meta("place").unwrap(),
            store.document("feed", "b", 2).unwrap()
        ),
        (None, None)
    );
    store.apply(&step(b"1", b"2")).unwrap();
    assert_eq!(store.document("feed", "a", 2).unwrap().unwrap().value, b"2");
    assert!(store.document("feed", "b", 2).unwrap().is_some());
}

fn documents_come_in_the_order_of_their_keys(open: &Open<'_>) {
    let store = open("a");
    let keys = ["", "a", "B", "ab", "ä", "a/b"];
    for key in keys {
        store.put_document(&document("status", key, b"x"), 1).unwrap();
        store.put_document(&document("statuses", key, b"x"), 1).unwrap();
    }
    let mut told: Vec<String> = Vec::new();
    loop {
        let page = store
            .documents("status", told.last().map(String::as_str), 1, 2)
            .unwrap();
        if page.is_empty() {
            break;
        }
        told.extend(page.into_iter().map(|document| document.key));
    }
    let mut sorted = keys;
    sorted.sort_unstable();
    assert_eq!(told, sorted);
}

fn document_over_a_bound_is_refused(open: &Open<'_>) {
    let store = open("a");
    let long = "x".repeat(limits::NAME_BYTES_MAX + 1);
    let large = vec![0; limits::DOCUMENT_BYTES_MAX + 1];
    for over in [
        document(&long, "1", b""),
        document("status", &long, b""),
        document("status", "1", &large),
    ] {
        assert!(matches!(store.put_document(&over, 1), Err(Error::TooMuch { .. })));
        let change = Change {
            documents: vec![over],
            ..Change::default()
        };
        assert!(matches!(store.apply(&change), Err(Error::TooMuch { .. })));
    }
    store
        .put_document(&document("status", "1", &large[1..]), 1)
        .unwrap();
}

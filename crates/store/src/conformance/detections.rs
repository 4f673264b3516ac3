//! Detections, their groups, and the sightings made of them.

use super::{Case, Open, Sample, all_pages, digest, ingest};
use crate::{Detection, Error, Group, Hits, Outcome, limits};

pub(super) const CASES: &[Case] = &[
    ("recording_twice_adds_nothing", recording_twice_adds_nothing),
    (
        "groups_count_by_indicator_and_day",
        groups_count_by_indicator_and_day,
    ),
    (
        "crash_before_the_sighting_loses_nothing",
        crash_before_the_sighting_loses_nothing,
    ),
    (
        "later_detection_keeps_its_group_dirty",
        later_detection_keeps_its_group_dirty,
    ),
    (
        "failed_sighting_leaves_the_group_dirty",
        failed_sighting_leaves_the_group_dirty,
    ),
    (
        "detections_are_paged_and_counted",
        detections_are_paged_and_counted,
    ),
    ("group_lists_values_up_to_a_cap", group_lists_values_up_to_a_cap),
];

fn detection(indicator: &str, record: u64, at: i64) -> Detection {
    Detection {
        indicator: indicator.to_owned(),
        record: digest(&record.to_be_bytes()),
        occurrence: 0,
        at,
        day: if at == i64::MIN {
            99
        } else {
            (at / 86_400_000_000) as i32
        },
        file: "conn.log".to_owned(),
        line: record + 1,
        field: "id.resp_h".to_owned(),
        kind: 1,
        value: format!("10.0.0.{}", record % 3),
        host: String::new(),
        how: "exact".to_owned(),
    }
}

const DAY: i64 = 86_400_000_000;

fn recording_twice_adds_nothing(open: &Open<'_>) {
    let store = open("a");
    let batch: Vec<Detection> = (0..10).map(|n| detection("indicator--1", n, 5)).collect();
    assert_eq!(store.record_detections(&batch).unwrap(), [true; 10]);
    let groups = store.dirty_groups(10).unwrap();
    assert_eq!(store.record_detections(&batch).unwrap(), [false; 10]);
    assert_eq!(store.dirty_groups(10).unwrap(), groups, "not even its revision");
    let elsewhere = Detection {
        file: "copy.log".to_owned(),
        line: 1_000,
        ..batch[0].clone()
    };
    let again = Detection {
        occurrence: 1,
        ..batch[0].clone()
    };
    let other = Detection {
        indicator: "indicator--2".to_owned(),
        ..batch[0].clone()
    };
    assert_eq!(
        store
            .record_detections(&[elsewhere, again.clone(), other, again])
            .unwrap(),
        [false, true, true, false]
    );
    assert_eq!(store.stats().unwrap().detections, 12);
    assert_eq!(store.record_detections(&[]).unwrap(), []);
    assert_eq!(
        store.stats().unwrap().current,
        0,
        "an indicator need not be stored to be detected"
    );
    let many = vec![batch[0].clone(); limits::DETECTIONS_MAX + 1];
    assert!(matches!(
        store.record_detections(&many),
        Err(Error::TooMuch { .. })
    ));
}

fn sorted_groups(groups: Vec<Group>) -> Vec<Group> {
    let mut groups = groups;
    groups.sort_by(|one, other| (&one.indicator, one.day).cmp(&(&other.indicator, other.day)));
    groups
}

fn groups_count_by_indicator_and_day(open: &Open<'_>) {
    let store = open("a");
    store
        .record_detections(&[
            detection("indicator--1", 1, DAY + 9),
            detection("indicator--1", 2, DAY + 3),
            detection("indicator--1", 4, 2 * DAY),
            detection("indicator--2", 1, i64::MIN),
        ])
        .unwrap();
    store
        .record_detections(&[
            detection("indicator--1", 5, DAY + 1),
            detection("indicator--2", 2, i64::MIN),
        ])
        .unwrap();
    let groups = sorted_groups(store.dirty_groups(10).unwrap());
    let told: Vec<_> = groups
        .iter()
        .map(|g| (g.indicator.as_str(), g.day, g.count, g.first, g.last))
        .collect();
    assert_eq!(
        told,
        [
            ("indicator--1", 1, 3, Some(DAY + 1), Some(DAY + 9)),
            ("indicator--1", 2, 1, Some(2 * DAY), Some(2 * DAY)),
            ("indicator--2", 99, 2, None, None),
        ]
    );
    let values: Vec<_> = groups[0]
        .values
        .iter()
        .map(|(kind, value)| (*kind, value.as_str()))
        .collect();
    assert_eq!(
        values,
        [(1, "10.0.0.1"), (1, "10.0.0.2")],
        "distinct, in order of appearance"
    );
    assert_eq!(store.dirty_groups(2).unwrap().len(), 2);
}

fn sighting(group: &Group) -> Sample {
    Sample::new(
        &format!("sighting--{}-{}", group.indicator, group.day),
        group.revision as i64,
    )
}

fn crash_before_the_sighting_loses_nothing(open: &Open<'_>) {
    let store = open("a");
    store
        .record_detections(&[detection("indicator--1", 1, 5), detection("indicator--2", 1, 5)])
        .unwrap();
    drop(store);
    let store = open("a");
    let groups = store.dirty_groups(10).unwrap();
    assert_eq!(groups.len(), 2);
    let sightings = [sighting(&groups[0])];
    let outcomes = store
        .ingest_sightings(&[groups[0].done()], "self", 9, &[sightings[0].incoming()])
        .unwrap();
    assert_eq!(outcomes, [Outcome::New]);
    drop(store);
    let store = open("a");
    assert_eq!(store.dirty_groups(10).unwrap(), groups[1..]);
    assert!(store.current(&sightings[0].id).unwrap().is_some());
    // Told once more after a crash that came before the answer: nothing changes.
    let outcomes = store
        .ingest_sightings(&[groups[0].done()], "self", 9, &[sightings[0].incoming()])
        .unwrap();
    assert_eq!(outcomes, [Outcome::KnownHere]);
}

fn later_detection_keeps_its_group_dirty(open: &Open<'_>) {
    let store = open("a");
    store
        .record_detections(&[detection("indicator--1", 1, 5)])
        .unwrap();
    let first = store.dirty_groups(10).unwrap();
    store
        .record_detections(&[detection("indicator--1", 2, 6)])
        .unwrap();
    let generation = store.generation_number().unwrap();
    store
        .ingest_sightings(&[first[0].done()], "self", 9, &[sighting(&first[0]).incoming()])
        .unwrap();
    let second = store.dirty_groups(10).unwrap();
    assert_eq!(second.iter().map(|group| group.count).collect::<Vec<_>>(), [2]);
    assert!(second[0].revision > first[0].revision);
    store
        .ingest_sightings(&[second[0].done()], "self", 9, &[sighting(&second[0]).incoming()])
        .unwrap();
    assert!(store.dirty_groups(10).unwrap().is_empty());
    assert_eq!(
        store.generation_number().unwrap(),
        generation,
        "own sightings change nothing for detection"
    );
    store
        .record_detections(&[detection("indicator--1", 2, 6)])
        .unwrap();
    assert!(
        store.dirty_groups(10).unwrap().is_empty(),
        "known detections dirty nothing"
    );
}

fn failed_sighting_leaves_the_group_dirty(open: &Open<'_>) {
    let store = open("a");
    store
        .record_detections(&[detection("indicator--1", 1, 5)])
        .unwrap();
    let groups = store.dirty_groups(10).unwrap();
    let good = sighting(&groups[0]);
    let bad = crate::Incoming {
        text: b"\xff",
        ..good.incoming()
    };
    assert!(
        store
            .ingest_sightings(&[groups[0].done()], "self", 9, &[bad])
            .is_err()
    );
    assert_eq!(store.dirty_groups(10).unwrap(), groups);
    assert_eq!(store.current(&good.id).unwrap(), None);
}

fn detections_are_paged_and_counted(open: &Open<'_>) {
    let store = open("a");
    let batch: Vec<Detection> = (0..60)
        .map(|n| {
            detection(
                if n % 2 == 0 {
                    "indicator--1"
                } else {
                    "indicator--2"
                },
                n,
                if n < 6 { i64::MIN } else { n as i64 },
            )
        })
        .collect();
    store.record_detections(&batch).unwrap();
    let all = all_pages(|after| store.detections(None, after, 7).unwrap());
    assert_eq!(
        all.iter().map(|recorded| &recorded.detection).collect::<Vec<_>>(),
        batch.iter().collect::<Vec<_>>()
    );
    assert!(all.is_sorted_by_key(|recorded| recorded.number));
    let one = all_pages(|after| store.detections(Some("indicator--2"), after, 7).unwrap());
    assert_eq!(one.len(), 30);
    assert!(
        store
            .detections(Some("indicator--3"), None, 7)
            .unwrap()
            .items
            .is_empty()
    );
    let bad = crate::Cursor::from_text("x");
    assert!(matches!(
        store.detections(None, Some(&bad), 7),
        Err(Error::BadCursor { .. })
    ));
    let hits = store
        .hits(&[(1, "10.0.0.9"), (1, "10.0.0.1"), (2, "10.0.0.1")])
        .unwrap();
    assert_eq!(
        hits,
        [
            Hits::default(),
            Hits {
                count: 20,
                first: Some(7),
                last: Some(58)
            },
            Hits::default()
        ]
    );
    ingest(&*store, "a", &[Sample::new("indicator--1", 1)]);
    assert_eq!(
        store
            .detections(Some("indicator--1"), None, 100)
            .unwrap()
            .items
            .len(),
        30
    );
}

fn group_lists_values_up_to_a_cap(open: &Open<'_>) {
    let store = open("a");
    for round in 0..3 {
        let batch: Vec<Detection> = (round * 60..(round + 1) * 60)
            .map(|n| Detection {
                value: format!("value{n}"),
                ..detection("indicator--1", n, 5)
            })
            .collect();
        store.record_detections(&batch).unwrap();
    }
    let group = store.dirty_groups(1).unwrap().remove(0);
    assert_eq!((group.count, group.values.len()), (180, limits::GROUP_VALUES_MAX));
    assert_eq!(group.values[99], (1, "value99".to_owned()));
}

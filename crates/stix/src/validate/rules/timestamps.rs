//! Timestamps: their form, that they exist, and their order (STIX 2.1 §2.16, §3.6).

use super::super::findings::{Findings, Place};
use super::super::rule;
use super::super::schema::Order;
use super::{Object, values};
use crate::time::Timestamp;

/// How precise a timestamp must be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Precision {
    Any,
    Second,
    Millisecond,
}

pub(super) fn form(text: &str, precision: Precision, place: &Place<'_>, findings: &mut Findings) {
    if let Err(reason) = Timestamp::parse(text) {
        let message = format!("`{}` is no timestamp: {reason}", values::shown(text));
        findings.add(
            &rule::TIMESTAMP,
            place,
            message,
            "write `YYYY-MM-DDTHH:mm:ss.sssZ`, in UTC",
        );
        return;
    }
    let digits = text.split_once('.').map_or(0, |(_, fraction)| fraction.len() - 1);
    let (fits, way_out) = match precision {
        Precision::Any => (true, ""),
        Precision::Second => (digits == 0, "leave the fraction out"),
        Precision::Millisecond => (digits >= 3, "write three digits after the seconds"),
    };
    if !fits {
        let message = format!("`{text}` has {digits} digits after the seconds");
        findings.add(&rule::TIMESTAMP_PRECISION, place, message, way_out);
    }
}

pub(super) fn check(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    order(object, ("modified", Order::NotBefore, "created"), place, findings);
    for pair in object.known.map_or(&[][..], |known| known.ordered) {
        order(object, *pair, place, findings);
    }
}

fn order(
    object: &Object<'_>,
    (later, order, earlier): (&str, Order, &str),
    place: &Place<'_>,
    findings: &mut Findings,
) {
    let (Some(later_text), Some(earlier_text)) = (object.text(later), object.text(earlier)) else {
        return;
    };
    let (Ok(later_time), Ok(earlier_time)) = (Timestamp::parse(later_text), Timestamp::parse(earlier_text))
    else {
        return;
    };
    let (fits, relation) = match order {
        Order::NotBefore => (later_time >= earlier_time, "not before"),
        Order::After => (later_time > earlier_time, "after"),
    };
    if !fits {
        let message = format!("`{later}` ({later_text}) must be {relation} `{earlier}` ({earlier_text})");
        findings.add(
            &rule::TIMESTAMP_ORDER,
            &place.key(later),
            message,
            "correct one of them",
        );
    }
}

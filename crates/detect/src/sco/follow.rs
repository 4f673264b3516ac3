//! From objects along the ways that paths take, to values.

use super::made::{MadeValues, Piece, Place};
use super::places::text_of;
use super::plan::{Plan, PlannedSource};
use super::transform::Form;
use super::way::{Way, WayPart};
use crate::rules::{Field, Value};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

const PRESENT: Piece = Piece {
    place: Place::Present,
    is_number: false,
    form: Form::Any,
};

impl MadeValues {
    /// The values at the end of a way.
    // Recursion is as deep as the path has references.
    pub(super) fn follow(
        &self,
        plan: &Plan,
        (object, instance): (usize, u32),
        way: &Way,
        found: &mut dyn FnMut(Piece),
    ) {
        let Some(planned) = plan.objects.get(object) else {
            return;
        };
        let mut count = 0;
        let mut is_asked = || {
            let is_asked = way.element.is_none_or(|element| element == count);
            count += 1;
            is_asked
        };
        for part in &way.parts {
            let (WayPart::Value(place) | WayPart::Present(place) | WayPart::Through { property: place, .. }) =
                part;
            let Some(property) = planned.properties.get(*place) else {
                continue;
            };
            match (part, &property.source) {
                (
                    WayPart::Through {
                        target, is_list, way, ..
                    },
                    _,
                ) => {
                    for instance in self.there(*target, *is_list) {
                        if is_asked() {
                            self.follow(plan, (*target, instance), way, found);
                        }
                    }
                }
                (WayPart::Present(_), PlannedSource::Reference(target)) => {
                    for _ in self.there(*target, property.is_list) {
                        if is_asked() {
                            found(PRESENT);
                        }
                    }
                }
                (WayPart::Present(_), PlannedSource::Constant(_)) => found(PRESENT),
                (WayPart::Present(_), PlannedSource::Fields(..)) => {
                    if self.of_slot(planned.slot + place, instance).next().is_some() {
                        found(PRESENT);
                    }
                }
                (WayPart::Value(_), PlannedSource::Constant(_)) => {
                    if is_asked() {
                        found(Piece {
                            place: Place::Constant(object as u32, *place as u32),
                            is_number: false,
                            form: Form::Any,
                        });
                    }
                }
                (WayPart::Value(_), PlannedSource::Fields(..)) => {
                    for piece in self.of_slot(planned.slot + place, instance) {
                        if is_asked() {
                            found(piece);
                        }
                    }
                }
                (WayPart::Value(_), PlannedSource::Reference(_)) => {}
            }
        }
    }

    /// The instances of an object that are there: the first, or all.
    pub(super) fn there(&self, object: usize, is_list: bool) -> impl Iterator<Item = u32> {
        let (start, count) = self.instances(object);
        let there = (0..count).filter(move |instance| self.type_of(start, *instance).is_some());
        there.take(if is_list { usize::MAX } else { 1 })
    }

    pub(super) fn value<'a>(&'a self, plan: &'a Plan, fields: &[Field<'a>], piece: Piece) -> Value<'a> {
        let text = match piece.place {
            Place::Nothing | Place::Present => return Value::Empty,
            Place::Field(place, from, to) => {
                text_of(fields, place).and_then(|text| text.get(from as usize..to as usize))
            }
            Place::Arena(from, to) => self.arena.get(from as usize..to as usize),
            Place::Constant(object, property) => {
                let object = plan.objects.get(object as usize);
                match object.and_then(|object| object.properties.get(property as usize)) {
                    Some(property) => match &property.source {
                        PlannedSource::Constant(text) => Some(text.as_str()),
                        _ => None,
                    },
                    None => None,
                }
            }
        };
        let text = text.unwrap_or_default();
        match piece.is_number {
            true => Value::Number(text),
            false => Value::Text(text),
        }
    }

    /// The same value in NFC.
    pub(super) fn composed(&mut self, plan: &Plan, fields: &[Field<'_>], piece: Piece) -> Piece {
        let composed = match self.value(plan, fields, piece) {
            Value::Text(text) if !text.is_ascii() && is_nfc_quick(text.chars()) != IsNormalized::Yes => {
                text.nfc().collect::<String>()
            }
            _ => return piece,
        };
        let start = self.arena.len() as u32;
        self.arena.push_str(&composed);
        Piece {
            place: Place::Arena(start, self.arena.len() as u32),
            ..piece
        }
    }
}

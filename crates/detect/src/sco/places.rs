//! Where an event's fields are, by number.

use super::plan::Projection;
use crate::rules::{Field, Value};

/// No place.
pub(super) const NONE: u32 = u32::MAX;

/// Where an event's fields are.
#[derive(Debug, Default)]
pub(super) struct FieldPlaces {
    /// By number: the event, and the first of its values.
    heads: Vec<(u32, u32)>,
    next: Vec<u32>,
    event: u32,
}

impl FieldPlaces {
    pub(super) fn begin(&mut self, projection: &Projection, fields: &[Field<'_>]) {
        if self.event == u32::MAX {
            *self = FieldPlaces::default();
        }
        self.event += 1;
        if self.heads.len() < projection.names.len() {
            self.heads.resize(projection.names.len(), (0, NONE));
        }
        self.next.clear();
        self.next.resize(fields.len(), NONE);
        for (place, field) in fields.iter().enumerate().rev() {
            let number = match &projection.translated {
                Some(translated) => translated.get(field.number as usize).copied().unwrap_or(NONE),
                None => field.number,
            };
            let Some(head) = self.heads.get_mut(number as usize) else {
                continue;
            };
            if head.0 == self.event
                && let Some(next) = self.next.get_mut(place)
            {
                *next = head.1;
            }
            *head = (self.event, place as u32);
        }
    }

    /// Places of the values of the first of these fields that has some.
    pub(super) fn places(&self, fields: &[Field<'_>], alternatives: &[u32]) -> impl Iterator<Item = u32> {
        let first = alternatives.iter().find_map(|number| {
            let place = self.first(*number)?;
            text_of(fields, place).map(|_| place)
        });
        std::iter::successors(first, |place| {
            self.next
                .get(*place as usize)
                .copied()
                .filter(|next| *next != NONE)
        })
    }

    fn first(&self, number: u32) -> Option<u32> {
        let (event, place) = self.heads.get(number as usize)?;
        (*event == self.event).then_some(*place)
    }

    pub(super) fn text<'a>(&self, fields: &[Field<'a>], number: u32) -> Option<&'a str> {
        text_of(fields, self.first(number)?)
    }
}

pub(super) fn text_of<'a>(fields: &[Field<'a>], place: u32) -> Option<&'a str> {
    match fields.get(place as usize)?.value {
        Value::Text(text) | Value::Number(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}

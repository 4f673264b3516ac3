//! What the transforms make of an event's fields: the values of properties, and which objects are there.

use super::map::Only;
use super::places::{FieldPlaces, NONE, text_of};
use super::plan::{Plan, PlannedObject, PlannedProperty, PlannedSource};
use super::transform::{Form, Made, Transform, Where};
use crate::limits::OBJECTS_PER_NAME_MAX;
use crate::rules::Field;

/// What was made of the event at hand, for one plan.
#[derive(Debug, Default)]
pub(super) struct MadeValues {
    pieces: Vec<Piece>,
    /// By slot, its pieces.
    slots: Vec<Span>,
    /// By object, its instances in `types`.
    objects: Vec<(u32, u32)>,
    /// By instance: one more than its type's place, or 0 if it is not there.
    types: Vec<u8>,
    pub(super) arena: String,
    /// Values for which the object at hand is: field, and where in its text.
    each: Vec<(u32, u32, u32)>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    start: u32,
    count: u32,
    /// One piece for each instance, in their order; else all are of each instance.
    is_each: bool,
}

/// A value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) place: Place,
    pub(super) is_number: bool,
    pub(super) form: Form,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// None was made.
    Nothing,
    /// In the text of a field.
    Field(u32, u32, u32),
    Arena(u32, u32),
    /// The constant of a property: object and property.
    Constant(u32, u32),
    /// Something that is there and is no value.
    Present,
}

impl PlannedObject {
    /// Whether the object may be there: what is asked of other fields holds, and what is required has some value.
    fn may_be(&self, fields: &[Field<'_>], places: &FieldPlaces) -> bool {
        let is_allowed = |only: &Only<u32>| {
            let place = places.places(fields, &only.fields).next();
            let text = place.and_then(|place| text_of(fields, place));
            text.is_some_and(|text| only.values.iter().any(|value| text.eq_ignore_ascii_case(value)))
        };
        let has_value = |property: &PlannedProperty| match &property.source {
            PlannedSource::Fields(Transform::Url, _) => true,
            PlannedSource::Fields(_, arguments) => match arguments.first() {
                Some(Some(alternatives)) => places.places(fields, alternatives).next().is_some(),
                _ => true,
            },
            _ => true,
        };
        self.only.as_ref().is_none_or(is_allowed)
            && (self.properties.iter()).all(|property| !property.is_required || has_value(property))
    }
}

impl MadeValues {
    pub(super) fn begin(&mut self, plan: &Plan) {
        self.pieces.clear();
        self.slots.clear();
        self.slots.resize(plan.slots, Span::default());
        self.objects.clear();
        self.objects.resize(plan.objects.len(), (0, 0));
        self.types.clear();
        self.arena.clear();
    }

    /// Where an object's instances are, and how many.
    pub(super) fn instances(&self, object: usize) -> (u32, u32) {
        self.objects.get(object).copied().unwrap_or_default()
    }

    /// Place of an instance's type among those of its object; none if it is not there.
    pub(super) fn type_of(&self, start: u32, instance: u32) -> Option<usize> {
        let found = self.types.get((start + instance) as usize)?;
        usize::from(*found).checked_sub(1)
    }

    /// Makes an object; gives how many instances were left out.
    pub(super) fn object(
        &mut self,
        number: usize,
        object: &PlannedObject,
        fields: &[Field<'_>],
        places: &FieldPlaces,
    ) -> u64 {
        if !object.may_be(fields, places) {
            return 0;
        }
        let mut each = std::mem::take(&mut self.each);
        each.clear();
        let count = match &object.each {
            None => 1,
            Some((transform, alternatives)) => {
                for place in places.places(fields, alternatives) {
                    let text = text_of(fields, place).unwrap_or_default();
                    transform.pieces(text, |range| {
                        each.push((place, range.start as u32, range.end as u32))
                    });
                }
                each.len()
            }
        };
        let cut = count.saturating_sub(OBJECTS_PER_NAME_MAX);
        let count = count - cut;
        each.truncate(count);
        if count > 0 {
            for (place, property) in object.properties.iter().enumerate() {
                if let PlannedSource::Fields(transform, arguments) = &property.source
                    && property.is_needed
                {
                    let span =
                        self.property((*transform, arguments, property.is_list), &each, fields, places);
                    if let Some(slot) = self.slots.get_mut(object.slot + place) {
                        *slot = span;
                    }
                }
            }
            let start = self.types.len() as u32;
            for instance in 0..count as u32 {
                let type_place = self.type_place(object, instance);
                self.types.push(
                    type_place
                        .and_then(|place| u8::try_from(place + 1).ok())
                        .unwrap_or_default(),
                );
            }
            if let Some(instances) = self.objects.get_mut(number) {
                *instances = (start, count as u32);
            }
        }
        self.each = each;
        cut as u64
    }

    fn property(
        &mut self,
        (transform, arguments, is_list): (Transform, &[Option<Vec<u32>>], bool),
        each: &[(u32, u32, u32)],
        fields: &[Field<'_>],
        places: &FieldPlaces,
    ) -> Span {
        let start = self.pieces.len() as u32;
        let more = arguments
            .get(1)
            .and_then(Option::as_ref)
            .and_then(|alternatives| {
                let place = places.places(fields, alternatives).next()?;
                text_of(fields, place)
            });
        let is_each = matches!(arguments.first(), Some(None));
        match arguments.first() {
            Some(None) => {
                for (place, from, to) in each {
                    let piece = self.piece(transform, fields, (*place, *from, *to), more);
                    self.pieces.push(piece);
                }
            }
            // The path of a URL may be there without a host.
            Some(Some(alternatives)) => {
                let mut is_any = false;
                for place in places.places(fields, alternatives) {
                    is_any = true;
                    let text = text_of(fields, place).unwrap_or_default();
                    transform.pieces(text, |range| {
                        let piece = self.piece(
                            transform,
                            fields,
                            (place, range.start as u32, range.end as u32),
                            more,
                        );
                        if !matches!(piece.place, Place::Nothing) {
                            self.pieces.push(piece);
                        }
                    });
                    if !is_list {
                        break;
                    }
                }
                if !is_any && transform == Transform::Url {
                    let piece = self.piece(transform, fields, (NONE, 0, 0), more);
                    if !matches!(piece.place, Place::Nothing) {
                        self.pieces.push(piece);
                    }
                }
            }
            None => {}
        }
        Span {
            start,
            count: self.pieces.len() as u32 - start,
            is_each,
        }
    }

    fn piece(
        &mut self,
        transform: Transform,
        fields: &[Field<'_>],
        (place, from, to): (u32, u32, u32),
        more: Option<&str>,
    ) -> Piece {
        let text = text_of(fields, place).and_then(|text| text.get(from as usize..to as usize));
        match transform.apply(text.unwrap_or_default(), more, &mut self.arena) {
            Some(Made {
                text,
                is_number,
                form,
            }) => Piece {
                place: match text {
                    Where::There(range) => {
                        Place::Field(place, from + range.start as u32, from + range.end as u32)
                    }
                    Where::Written(range) => Place::Arena(range.start as u32, range.end as u32),
                },
                is_number,
                form,
            },
            None => Piece {
                place: Place::Nothing,
                is_number: false,
                form: Form::Any,
            },
        }
    }

    /// Place of the type that an instance is of; none if it is not there.
    fn type_place(&self, object: &PlannedObject, instance: u32) -> Option<usize> {
        let mut form = Form::Any;
        let mut is_any = false;
        for (place, property) in object.properties.iter().enumerate() {
            if !property.is_needed {
                continue;
            }
            let found = match &property.source {
                PlannedSource::Constant(_) => property.is_required,
                PlannedSource::Reference(target) => self.is_there(*target),
                PlannedSource::Fields(..) => match self.of_slot(object.slot + place, instance).next() {
                    Some(piece) => {
                        if form == Form::Any {
                            form = piece.form;
                        }
                        true
                    }
                    None => false,
                },
            };
            if property.is_required && !found {
                return None;
            }
            is_any |= found;
        }
        if !is_any {
            return None;
        }
        let type_name = match form {
            Form::Any => return Some(0),
            Form::Four => "ipv4-addr",
            Form::Six => "ipv6-addr",
            Form::Domain => "domain-name",
        };
        let named = object.types.iter().position(|known| known == type_name);
        // The form decides only between types that it is of.
        let is_formed = |known: &String| matches!(known.as_str(), "ipv4-addr" | "ipv6-addr" | "domain-name");
        named.or_else(|| (!object.types.iter().any(is_formed)).then_some(0))
    }

    pub(super) fn is_there(&self, object: usize) -> bool {
        let (start, count) = self.instances(object);
        (0..count).any(|instance| self.type_of(start, instance).is_some())
    }

    /// The pieces of a slot that are of an instance.
    pub(super) fn of_slot(&self, slot: usize, instance: u32) -> impl Iterator<Item = Piece> {
        let span = self.slots.get(slot).copied().unwrap_or_default();
        let (start, end) = match span.is_each {
            true if instance < span.count => (span.start + instance, span.start + instance + 1),
            true => (0, 0),
            false => (span.start, span.start + span.count),
        };
        let pieces = self.pieces.get(start as usize..end as usize).unwrap_or_default();
        pieces
            .iter()
            .copied()
            .filter(|piece| !matches!(piece.place, Place::Nothing))
    }
}

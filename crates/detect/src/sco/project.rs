//! One event to rows: properties from fields, objects that are there, then the values at the paths asked for.

use super::plan::{Plan, PlannedFile, PlannedObject, PlannedSource, Projection, Wanted};
use super::transform::{Form, Made, Transform, Where};
use super::way::{Way, WayPart};
use crate::limits::{OBJECTS_PER_NAME_MAX, ROW_VALUES_MAX};
use crate::rules::{Field, Row, Value};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

const NONE: u32 = u32::MAX;

/// What one thread needs to project events.
#[derive(Debug, Default)]
pub struct Projector {
    pub(super) fields: FieldPlaces,
    pub(super) made: MadeValues,
    cells: Vec<Cell>,
    spare: Vec<Field<'static>>,
    cut: u64,
}

/// Where an event's fields are.
#[derive(Debug, Default)]
pub(super) struct FieldPlaces {
    /// By number: the event, and the first of its values.
    heads: Vec<(u32, u32)>,
    next: Vec<u32>,
    event: u32,
}

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
struct Span {
    start: u32,
    count: u32,
    /// One piece for each instance, in their order; else all are of each instance.
    is_each: bool,
}

/// A value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    place: Place,
    is_number: bool,
    form: Form,
}

#[derive(Clone, Copy, Debug)]
enum Place {
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

#[derive(Clone, Copy, Debug)]
struct Cell {
    number: u32,
    piece: Piece,
}

const PRESENT: Piece = Piece {
    place: Place::Present,
    is_number: false,
    form: Form::Any,
};

impl Projection {
    /// Gives each observable of an event as a row, whose fields have the numbers that [`Projection::new`] was given.
    /// `fields` are those of [`Projection::names`] (or of the names of [`Projection::among`]).
    pub fn rows(&self, fields: &[Field<'_>], projector: &mut Projector, mut each: impl FnMut(&Row<'_>)) {
        self.events(fields, projector, |plan, projector| {
            for root in &plan.roots {
                let (start, count) = projector.made.instances(root.object);
                for instance in 0..count {
                    let Some(type_place) = projector.made.type_of(start, instance) else {
                        continue;
                    };
                    let wanted = root.wanted.get(type_place).and_then(Option::as_ref);
                    let object = plan.objects.get(root.object);
                    if let Some((wanted, object)) = wanted.zip(object) {
                        projector.gather(plan, fields, (root.object, instance), wanted);
                        let type_name = object
                            .types
                            .get(type_place)
                            .map(String::as_str)
                            .unwrap_or_default();
                        projector.row(plan, fields, (self.type_number, type_name), &mut each);
                    }
                }
            }
        });
    }

    /// Makes what each plan for the event asks for, and goes on.
    pub(super) fn events(
        &self,
        fields: &[Field<'_>],
        projector: &mut Projector,
        mut then: impl FnMut(&Plan, &mut Projector),
    ) {
        projector.fields.begin(self, fields);
        let Some(schema) = projector.fields.text(fields, self.schema) else {
            return;
        };
        for file in &self.files {
            if file.schemas.iter().any(|known| known == schema)
                && let Some(plan) = file.plan(fields, &projector.fields)
                && !plan.order.is_empty()
            {
                projector.make(plan, fields);
                then(plan, projector);
            }
        }
    }
}

impl PlannedFile {
    fn plan(&self, fields: &[Field<'_>], places: &FieldPlaces) -> Option<&Plan> {
        let value = |alternatives: &Vec<u32>| {
            alternatives
                .iter()
                .find_map(|number| places.text(fields, *number))
        };
        let first = self.keys.first().and_then(value);
        let known = first
            .and_then(|first| self.by_first.get(first))
            .map(Vec::as_slice)
            .unwrap_or_default();
        let mut place = 0;
        let mut second = None;
        for (asked, plan) in known {
            match asked {
                None if place == 0 => place = *plan,
                None => {}
                Some(asked) => {
                    let second = *second.get_or_insert_with(|| self.keys.get(1).and_then(value));
                    if second == Some(asked) {
                        place = *plan;
                    }
                }
            }
        }
        self.plans.get(place)
    }
}

impl FieldPlaces {
    fn begin(&mut self, projection: &Projection, fields: &[Field<'_>]) {
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
    fn places(&self, fields: &[Field<'_>], alternatives: &[u32]) -> impl Iterator<Item = u32> {
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

    fn text<'a>(&self, fields: &[Field<'a>], number: u32) -> Option<&'a str> {
        text_of(fields, self.first(number)?)
    }
}

fn text_of<'a>(fields: &[Field<'a>], place: u32) -> Option<&'a str> {
    match fields.get(place as usize)?.value {
        Value::Text(text) | Value::Number(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}

impl Projector {
    /// An empty one.
    pub fn new() -> Self {
        Projector::default()
    }

    /// How many values and objects were left out because an event had more than the bounds allow.
    pub fn cut(&self) -> u64 {
        self.cut
    }

    fn make(&mut self, plan: &Plan, fields: &[Field<'_>]) {
        self.made.begin(plan);
        for number in &plan.order {
            if let Some(object) = plan.objects.get(*number) {
                self.cut += self.made.object(*number, object, fields, &self.fields);
            }
        }
    }

    /// The values that a row is to hold.
    fn gather(&mut self, plan: &Plan, fields: &[Field<'_>], at: (usize, u32), wanted: &[Wanted]) {
        self.cells.clear();
        for wanted in wanted {
            let start = self.cells.len();
            self.made.follow(plan, at, &wanted.way, &mut |piece| {
                self.cells.push(Cell {
                    number: wanted.number.unwrap_or(NONE),
                    piece,
                });
            });
            let end = self.cells.len();
            if let Some(number) = wanted.composed {
                for place in start..end {
                    if let Some(cell) = self.cells.get(place).copied() {
                        let piece = self.made.composed(plan, fields, cell.piece);
                        self.cells.push(Cell { number, piece });
                    }
                }
            }
            if wanted.number.is_none() {
                self.cells.drain(start..end);
            }
        }
        self.cut += self.cells.len().saturating_sub(ROW_VALUES_MAX) as u64;
        self.cells.truncate(ROW_VALUES_MAX);
    }

    /// Shows the gathered row.
    fn row(
        &mut self,
        plan: &Plan,
        fields: &[Field<'_>],
        (type_number, type_name): (u32, &str),
        each: &mut impl FnMut(&Row<'_>),
    ) {
        // Same memory, shorter lives: an empty vector changes its element's type in place.
        let mut row: Vec<Field<'_>> = std::mem::take(&mut self.spare)
            .into_iter()
            .map_while(|_| None)
            .collect();
        row.push(Field {
            number: type_number,
            value: Value::Text(type_name),
        });
        row.extend(self.cells.iter().map(|cell| Field {
            number: cell.number,
            value: self.made.value(plan, fields, cell.piece),
        }));
        each(&row);
        self.spare = row.into_iter().map_while(|_| None).collect();
    }
}

impl MadeValues {
    fn begin(&mut self, plan: &Plan) {
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
    fn object(
        &mut self,
        number: usize,
        object: &PlannedObject,
        fields: &[Field<'_>],
        places: &FieldPlaces,
    ) -> u64 {
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

    /// The values at the end of a way.
    // Recursion is as deep as the path has references.
    fn follow(&self, plan: &Plan, (object, instance): (usize, u32), way: &Way, found: &mut dyn FnMut(Piece)) {
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
    fn composed(&mut self, plan: &Plan, fields: &[Field<'_>], piece: Piece) -> Piece {
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

//! One event to rows: properties from fields, objects that are there, then the values at the paths asked for.

use super::made::{MadeValues, Piece};
use super::places::{FieldPlaces, NONE};
use super::plan::{Plan, PlannedFile, Projection, Wanted};
use crate::limits::ROW_VALUES_MAX;
use crate::rules::{Field, Row, Value};

/// What one thread needs to project events.
#[derive(Debug, Default)]
pub struct Projector {
    pub(super) fields: FieldPlaces,
    pub(super) made: MadeValues,
    cells: Vec<Cell>,
    spare: Vec<Field<'static>>,
    cut: u64,
}

#[derive(Clone, Copy, Debug)]
struct Cell {
    number: u32,
    piece: Piece,
}

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

//! The observables of an event as objects: for people who ask why, and to compare rows with.

use super::plan::{Plan, PlannedProperty, PlannedSource, Projection};
use super::project::Projector;
use crate::rules::{Field, Value as Found};
use entente_stix::json::{Map, Number, Value};
use entente_stix::pattern::Step;

impl Projection {
    /// The observables that an event holds: all of each with [`Projection::whole`]. Their ids say their places in
    /// the event, not who they are.
    pub fn objects(&self, fields: &[Field<'_>], projector: &mut Projector) -> Vec<Value<'static>> {
        let mut objects = Vec::new();
        let mut plans = 0;
        self.events(fields, projector, |plan, projector| {
            let event = Event {
                plan,
                plan_number: plans,
                fields,
                projector,
            };
            for object in 0..plan.objects.len() {
                let instances = projector.made.there(object, true);
                objects.extend(instances.filter_map(|instance| event.object(object, instance)));
            }
            plans += 1;
        });
        objects
    }
}

/// An event of which everything is made.
struct Event<'e> {
    plan: &'e Plan,
    /// Several plans can hold for one event.
    plan_number: usize,
    fields: &'e [Field<'e>],
    projector: &'e Projector,
}

impl Event<'_> {
    fn type_of(&self, object: usize, instance: u32) -> Option<&str> {
        let (start, _) = self.projector.made.instances(object);
        let place = self.projector.made.type_of(start, instance)?;
        Some(self.plan.objects.get(object)?.types.get(place)?)
    }

    fn id(&self, object: usize, instance: u32) -> Option<Value<'static>> {
        let type_name = self.type_of(object, instance)?;
        let plan = self.plan_number;
        Some(text(&format!(
            "{type_name}--00000000-0000-4000-8000-{plan:02x}{object:05x}{instance:05x}"
        )))
    }

    fn object(&self, object: usize, instance: u32) -> Option<Value<'static>> {
        let mut members = Map::new();
        members.insert("type", text(self.type_of(object, instance)?));
        members.insert("spec_version", text("2.1"));
        members.insert("id", self.id(object, instance)?);
        let planned = self.plan.objects.get(object)?;
        let mut value = Value::Object(members);
        for (place, property) in planned.properties.iter().enumerate() {
            let found = self.values(property, planned.slot + place, instance);
            if property.is_list {
                for found in found {
                    put(&mut value, &property.steps, found, true);
                }
            } else if let Some(found) = found.into_iter().next() {
                put(&mut value, &property.steps, found, false);
            }
        }
        Some(value)
    }

    fn values(&self, property: &PlannedProperty, slot: usize, instance: u32) -> Vec<Value<'static>> {
        let made = &self.projector.made;
        match &property.source {
            PlannedSource::Constant(constant) => vec![text(constant)],
            PlannedSource::Reference(target) => {
                let instances = made.there(*target, property.is_list);
                instances
                    .filter_map(|instance| self.id(*target, instance))
                    .collect()
            }
            PlannedSource::Fields(..) => {
                let values = made
                    .of_slot(slot, instance)
                    .map(|piece| made.value(self.plan, self.fields, piece));
                values
                    .filter_map(|found| match found {
                        Found::Text(found) => Some(text(found)),
                        Found::Number(number) => Number::new(number.to_owned()).map(Value::Number),
                        _ => None,
                    })
                    .collect()
            }
        }
    }
}

fn text(text: &str) -> Value<'static> {
    Value::String(text.to_owned().into())
}

/// Puts a value where the steps lead, making what is on the way. Deep as a line of the map.
fn put(into: &mut Value<'static>, steps: &[Step], value: Value<'static>, is_list: bool) {
    match steps.split_first() {
        None if is_list => match into {
            Value::Array(elements) => elements.push(value),
            _ => *into = Value::Array(vec![value]),
        },
        None => *into = value,
        Some((Step::Property(name), rest)) => {
            if !matches!(into, Value::Object(_)) {
                *into = Value::Object(Map::new());
            }
            if let Value::Object(members) = into {
                let mut member = members.get(name).cloned().unwrap_or(Value::Null);
                put(&mut member, rest, value, is_list);
                members.insert(name.clone(), member);
            }
        }
        Some((_, rest)) => {
            let mut element = match into {
                Value::Array(elements) => elements.pop().unwrap_or(Value::Null),
                _ => Value::Null,
            };
            put(&mut element, rest, value, is_list);
            *into = Value::Array(vec![element]);
        }
    }
}

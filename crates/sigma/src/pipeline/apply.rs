//! Pipelines on a rule.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::condition::any_item;
use super::transform::{Chosen, FieldChange, Transformation};
use super::{Pipeline, Step, placeholder, values};
use crate::error::{Place, Reason, Refusal};
use crate::rule::Rule;
use crate::search::{Item, Linking, Search};
use crate::test::{FieldRef, Test};

/// A rule under way through its pipelines.
pub(super) struct Work<'a> {
    pub(super) rule: &'a mut Rule,
    pub(super) state: HashMap<String, String>,
    /// Ids of the items that were applied.
    pub(super) applied: HashSet<String>,
    /// Conditions that were added: searches, and whether they must not hold.
    pub(super) added: Vec<(Search, bool)>,
    /// Whether any condition was added, which is to say that a pipeline knows the log source.
    pub(super) routed: bool,
}

impl<'a> Work<'a> {
    pub(super) fn new(rule: &'a mut Rule) -> Self {
        Self {
            rule,
            state: HashMap::new(),
            applied: HashSet::new(),
            added: Vec::new(),
            routed: false,
        }
    }

    /// Applies the items of one pipeline in their order.
    pub(super) fn run(&mut self, pipeline: &Pipeline) -> Result<(), Refusal> {
        self.steps(pipeline, &pipeline.items)
    }

    pub(super) fn any_item(&self, holds: &dyn Fn(&Item) -> bool) -> bool {
        let own = self.rule.detection.searches.iter();
        let filters = self
            .rule
            .filters
            .iter()
            .flat_map(|filter| filter.detection.searches.iter());
        own.chain(filters)
            .map(|named| &named.search)
            .chain(self.added.iter().map(|(search, _)| search))
            .any(|search| any_item(search, holds))
    }

    fn steps(&mut self, pipeline: &Pipeline, steps: &[Step]) -> Result<(), Refusal> {
        for step in steps {
            if step.conditions.rule.holds(|condition| condition.holds(self)) {
                self.step(pipeline, step)?;
            }
        }
        Ok(())
    }

    fn step(&mut self, pipeline: &Pipeline, step: &Step) -> Result<(), Refusal> {
        let refuse = |why: &str| Reason::Unsupported {
            pipeline: pipeline.name.clone(),
            why: why.to_owned(),
        };
        match &step.transformation {
            Transformation::AddCondition {
                search,
                template,
                negated,
            } => {
                let mut search = if *template {
                    values::templated(search, &self.rule.logsource)
                } else {
                    search.clone()
                };
                mark(&mut search, step.id.as_deref());
                self.added.push((search, *negated));
                self.routed = true;
            }
            Transformation::ChangeLogsource(logsource) => {
                let definition = self.rule.logsource.definition.take();
                self.rule.logsource = logsource.clone();
                self.rule.logsource.definition = definition;
            }
            Transformation::AddFields(fields) => self.rule.meta.fields.extend(fields.iter().cloned()),
            Transformation::RemoveFields(fields) => {
                self.rule.meta.fields.retain(|field| !fields.contains(field))
            }
            Transformation::SetFields(fields) => self.rule.meta.fields.clone_from(fields),
            Transformation::SetState { key, value } => {
                self.state.insert(key.clone(), value.clone());
            }
            Transformation::SetAttribute(entry) => {
                self.rule.meta.custom.retain(|other| other.key != entry.key);
                self.rule.meta.custom.push(entry.as_ref().clone());
            }
            Transformation::RuleFailure(why) => return Err(self.rule.meta.place.refuse(refuse(why))),
            Transformation::Nest(steps) => self.steps(pipeline, steps)?,
            _ => self.items(pipeline, step)?,
        }
        self.applied.extend(step.id.clone());
        Ok(())
    }

    /// A transformation of detection items, on each that its conditions hold of.
    fn items(&mut self, pipeline: &Pipeline, step: &Step) -> Result<(), Refusal> {
        let mut rule = std::mem::replace(self.rule, empty());
        let mut added = std::mem::take(&mut self.added);
        let done = self.all_items(pipeline, step, &mut rule, &mut added);
        *self.rule = rule;
        self.added = added;
        done
    }

    fn all_items(
        &self,
        pipeline: &Pipeline,
        step: &Step,
        rule: &mut Rule,
        added: &mut [(Search, bool)],
    ) -> Result<(), Refusal> {
        let filters = rule
            .filters
            .iter_mut()
            .flat_map(|filter| Arc::make_mut(&mut filter.detection).searches.iter_mut());
        let searches = rule
            .detection
            .searches
            .iter_mut()
            .chain(filters)
            .map(|named| &mut named.search);
        let mut changed = |item: Item| self.item(pipeline, step, item);
        for search in searches.chain(added.iter_mut().map(|(search, _)| search)) {
            let whole = std::mem::replace(search, Search::Dropped);
            *search = rebuilt(whole, &mut changed)?;
        }
        if let Transformation::Fields(change) = &step.transformation {
            let fields = std::mem::take(&mut rule.meta.fields);
            let renamed = fields.into_iter().flat_map(|field| {
                let applies = step
                    .conditions
                    .field
                    .holds(|condition| condition.holds(Some(&field), &[], self));
                let to = applies.then(|| change.of(Some(&field))).flatten();
                to.unwrap_or_else(|| vec![field])
            });
            rule.meta.fields = renamed.collect();
        }
        Ok(())
    }

    fn item(&self, pipeline: &Pipeline, step: &Step, mut item: Item) -> Result<Search, Refusal> {
        let conditions = &step.conditions;
        let applies = conditions.item.holds(|condition| condition.holds(&item, self))
            && conditions
                .field
                .holds(|condition| condition.holds(item.field.as_deref(), &item.applied, self));
        if let Transformation::Fields(change) = &step.transformation {
            self.references(step, change, &mut item);
        }
        if !applies {
            return Ok(Search::Item(item));
        }
        let place = item.place;
        let refuse = |why: String| {
            place.refuse(Reason::Unsupported {
                pipeline: pipeline.name.clone(),
                why,
            })
        };
        let id = step.id.as_deref();
        match &step.transformation {
            Transformation::Fields(change) => match change.of(item.field.as_deref()) {
                Some(fields) => {
                    item.applied.push(MAPPED.to_owned());
                    item.applied.extend(step.id.clone());
                    Ok(renamed(&item, &fields))
                }
                None => Ok(Search::Item(item)),
            },
            Transformation::DropItem => Ok(Search::Dropped),
            Transformation::HashesFields {
                algorithms,
                prefix,
                bare,
            } => values::hashes(item, algorithms, prefix, *bare)
                .map_err(refuse)
                .map(|search| marked(search, id)),
            Transformation::ItemFailure(why) => Err(refuse(why.clone())),
            Transformation::StrictFields => match &item.field {
                Some(field) if !item.applied.iter().any(|id| id == MAPPED) => Err(refuse(format!(
                    "it does not know the field `{}`",
                    crate::yaml::shown(field)
                ))),
                _ => Ok(Search::Item(item)),
            },
            transformation => {
                let field = item.field.clone();
                let tests = std::mem::take(&mut item.tests);
                let change = |test| Self::test(pipeline, transformation, field.as_deref(), test, place);
                item.tests = tests.into_iter().map(change).collect::<Result<_, _>>()?;
                item.applied.extend(step.id.clone());
                Ok(Search::Item(item))
            }
        }
    }

    /// Fields that tests refer to are renamed as fields are.
    fn references(&self, step: &Step, change: &FieldChange, item: &mut Item) {
        for test in &mut item.tests {
            let Test::FieldRef(reference) = test else {
                continue;
            };
            let applies = step
                .conditions
                .field
                .holds(|condition| condition.holds(Some(&reference.field), &[], self));
            let to = applies.then(|| change.of(Some(&reference.field))).flatten();
            let made = to.map(|fields| {
                let each = fields.into_iter().map(|field| {
                    Test::FieldRef(FieldRef {
                        field,
                        ..reference.clone()
                    })
                });
                values::one_or_any(each.collect())
            });
            if let Some(made) = made {
                *test = made;
            }
        }
    }

    fn test(
        pipeline: &Pipeline,
        transformation: &Transformation,
        field: Option<&str>,
        test: Test,
        place: Place,
    ) -> Result<Test, Refusal> {
        let refuse = |reason| place.refuse(reason);
        let wildcard = |chosen: &Chosen, test| {
            placeholder::filled(test, chosen, &|_| Some(vec!["*".to_owned()])).map_err(refuse)
        };
        match transformation {
            Transformation::WildcardPlaceholders(chosen) => wildcard(chosen, test),
            Transformation::ValuePlaceholders(chosen) => placeholder::filled(test, chosen, &|name| {
                let known = pipeline.vars.iter().find(|(known, _)| known == name);
                known.map(|(_, values)| values.clone())
            })
            .map_err(refuse),
            Transformation::QueryPlaceholders {
                chosen,
                expression,
                mapping,
            } => Ok(placeholder::query(test, chosen, expression, mapping, field)),
            other => values::changed(other, test).map_err(|why| {
                refuse(Reason::Unsupported {
                    pipeline: pipeline.name.clone(),
                    why,
                })
            }),
        }
    }
}

/// Stands among the ids of items for "some field mapping".
const MAPPED: &str = "\u{0}mapped";

/// The item under each of these names. One of them holds, except where it asks for absence: what is one field of several
/// is absent if all of them are.
fn renamed(item: &Item, fields: &[String]) -> Search {
    let with = |field: &String, tests: Vec<Test>| Item {
        field: Some(field.clone()),
        tests,
        ..item.clone()
    };
    if let [field] = fields {
        return Search::Item(with(field, item.tests.clone()));
    }
    let absent = |test: &&Test| matches!(test, Test::Null | Test::Exists(false));
    let split = item.linking == Linking::Any && !item.negated;
    let (absence, presence): (Vec<Test>, Vec<Test>) = match split {
        true => item.tests.iter().cloned().partition(|test| absent(&test)),
        false => (Vec::new(), item.tests.clone()),
    };
    let each = |tests: &[Test]| {
        fields
            .iter()
            .map(|field| Search::Item(with(field, tests.to_vec())))
            .collect::<Vec<_>>()
    };
    match (absence.is_empty(), presence.is_empty()) {
        (true, _) => Search::any(each(&presence)),
        (false, true) => Search::all(each(&absence)),
        (false, false) => {
            let mut any = each(&presence);
            any.push(Search::all(each(&absence)));
            Search::any(any)
        }
    }
}

fn rebuilt(
    search: Search,
    change: &mut impl FnMut(Item) -> Result<Search, Refusal>,
) -> Result<Search, Refusal> {
    let mut each = |searches: Vec<Search>| -> Result<Vec<Search>, Refusal> {
        let rebuilt = searches.into_iter().map(|search| rebuilt_dyn(search, change));
        rebuilt
            .filter(|search| !matches!(search, Ok(Search::Dropped)))
            .collect()
    };
    match search {
        Search::Item(item) => change(item),
        Search::All(searches) => Ok(Search::all(each(searches)?)),
        Search::Any(searches) => Ok(Search::any(each(searches)?)),
        Search::Dropped => Ok(Search::Dropped),
    }
}

/// Breaks the endless type of a recursive closure.
fn rebuilt_dyn(
    search: Search,
    change: &mut dyn FnMut(Item) -> Result<Search, Refusal>,
) -> Result<Search, Refusal> {
    rebuilt(search, &mut |item| change(item))
}

fn marked(mut search: Search, id: Option<&str>) -> Search {
    mark(&mut search, id);
    search
}

fn mark(search: &mut Search, id: Option<&str>) {
    match search {
        Search::Item(item) => item.applied.extend(id.map(str::to_owned)),
        Search::All(inside) | Search::Any(inside) => inside.iter_mut().for_each(|search| mark(search, id)),
        Search::Dropped => {}
    }
}

fn empty() -> Rule {
    Rule {
        meta: crate::rule::Meta::default(),
        logsource: crate::rule::Logsource::default(),
        detection: crate::rule::Detection {
            searches: Vec::new(),
            conditions: Vec::new(),
        },
        filters: Vec::new(),
        silent: false,
    }
}

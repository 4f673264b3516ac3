//! When an item of a pipeline applies.

use super::apply::Work;
use crate::condition::Condition;
use crate::rule::{Level, Logsource, Rule, Status};
use crate::search::{Item, Search};
use crate::test::{Pattern, Test, Token};

/// The three groups of conditions of an item; all must hold.
#[derive(Debug, Clone, Default)]
pub(super) struct Conditions {
    pub(super) rule: Group<OfRule>,
    pub(super) item: Group<OfItem>,
    pub(super) field: Group<OfField>,
}

/// Conditions and how they are linked; an empty group holds.
#[derive(Debug, Clone)]
pub(super) struct Group<C> {
    pub(super) conditions: Vec<(String, C)>,
    pub(super) link: Link,
    pub(super) negated: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Link {
    All,
    Any,
    /// By the names of the conditions.
    Expression(Condition),
}

impl<C> Default for Group<C> {
    fn default() -> Self {
        Self {
            conditions: Vec::new(),
            link: Link::All,
            negated: false,
        }
    }
}

impl<C> Group<C> {
    pub(super) fn holds(&self, holds: impl Fn(&C) -> bool) -> bool {
        if self.conditions.is_empty() {
            return true;
        }
        let linked = match &self.link {
            Link::All => self.conditions.iter().all(|(_, condition)| holds(condition)),
            Link::Any => self.conditions.iter().any(|(_, condition)| holds(condition)),
            Link::Expression(expression) => self.expressed(expression, &holds),
        };
        linked != self.negated
    }

    fn expressed(&self, expression: &Condition, holds: &impl Fn(&C) -> bool) -> bool {
        match expression {
            Condition::Search(name) => self
                .conditions
                .iter()
                .any(|(known, condition)| known == name && holds(condition)),
            Condition::Not(inside) => !self.expressed(inside, holds),
            Condition::And(parts) => parts.iter().all(|part| self.expressed(part, holds)),
            Condition::Or(parts) => parts.iter().any(|part| self.expressed(part, holds)),
            Condition::Selector { .. } => false,
        }
    }
}

#[derive(Debug, Clone)]
pub(super) enum OfRule {
    /// `exact` (ours): what the condition leaves out, the rule leaves out too.
    Logsource {
        logsource: Logsource,
        exact: bool,
    },
    ContainsItem {
        field: String,
        value: Test,
    },
    ContainsField(String),
    Applied(String),
    State(State),
    /// `is_sigma_rule` is true of all that come here, `is_sigma_correlation_rule` of none.
    IsRule(bool),
    Attribute {
        attribute: String,
        value: String,
        relation: Relation,
    },
    Tag(String),
}

#[derive(Debug, Clone)]
pub(super) enum OfItem {
    MatchString {
        pattern: regex::Regex,
        negated: bool,
        all: bool,
    },
    MatchValue {
        value: Test,
        all: bool,
    },
    Wildcard {
        all: bool,
    },
    Null {
        all: bool,
    },
    Applied(String),
    State(State),
}

#[derive(Debug, Clone)]
pub(super) enum OfField {
    Fields {
        names: Vec<String>,
        patterns: Vec<regex::Regex>,
        excluded: bool,
    },
    Applied(String),
    State(State),
}

#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) key: String,
    pub(super) value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
}

impl State {
    fn holds(&self, work: &Work<'_>) -> bool {
        work.state
            .get(&self.key)
            .is_some_and(|value| *value == self.value)
    }
}

impl OfRule {
    pub(super) fn holds(&self, work: &Work<'_>) -> bool {
        match self {
            Self::Logsource { logsource, exact } => {
                let of_rule = &work.rule.logsource;
                logsource.covers(of_rule) && (!*exact || of_rule.covers(logsource))
            }
            Self::ContainsItem { field, value } => work.any_item(&|item| {
                item.field.as_deref() == Some(field) && item.tests.iter().any(|test| same(test, value))
            }),
            Self::ContainsField(field) => work.any_item(&|item| item.field.as_deref() == Some(field)),
            Self::Applied(id) => work.applied.contains(id),
            Self::State(state) => state.holds(work),
            Self::IsRule(is) => *is,
            Self::Attribute {
                attribute,
                value,
                relation,
            } => relation.of_rule(work.rule, attribute, value),
            Self::Tag(tag) => work
                .rule
                .meta
                .tags
                .iter()
                .any(|other| other.eq_ignore_ascii_case(tag)),
        }
    }
}

impl OfItem {
    pub(super) fn holds(&self, item: &Item, work: &Work<'_>) -> bool {
        let each = |all: bool, holds: &dyn Fn(&Test) -> bool| {
            if all {
                item.tests.iter().all(holds)
            } else {
                item.tests.iter().any(holds)
            }
        };
        match self {
            Self::MatchString {
                pattern,
                negated,
                all,
            } => each(*all, &|test| match test {
                Test::Text(text) => pattern.is_match(&text.plain()) != *negated,
                _ => *negated,
            }),
            Self::MatchValue { value, all } => each(*all, &|test| same(test, value)),
            Self::Wildcard { all } => each(*all, &|test| match test {
                Test::Text(Pattern { tokens, .. }) => tokens
                    .iter()
                    .any(|token| matches!(token, Token::Run | Token::One)),
                _ => false,
            }),
            Self::Null { all } => each(*all, &|test| *test == Test::Null),
            Self::Applied(id) => item.applied.contains(id),
            Self::State(state) => state.holds(work),
        }
    }
}

impl OfField {
    pub(super) fn holds(&self, field: Option<&str>, applied: &[String], work: &Work<'_>) -> bool {
        match self {
            Self::Fields {
                names,
                patterns,
                excluded,
            } => {
                let listed = field.is_some_and(|field| {
                    names.iter().any(|name| name == field)
                        || patterns.iter().any(|pattern| pattern.is_match(field))
                });
                listed != *excluded
            }
            Self::Applied(id) => applied.contains(id),
            Self::State(state) => state.holds(work),
        }
    }
}

/// Whether two tests are of one value; a number and its text are.
fn same(test: &Test, value: &Test) -> bool {
    test == value
        || matches!((written(test), written(value)), (Some(one), Some(other)) if one.eq_ignore_ascii_case(&other))
}

fn written(test: &Test) -> Option<String> {
    match test {
        Test::Text(pattern) => Some(pattern.plain()),
        Test::Number(number) => Some(number.to_string()),
        Test::Boolean(value) => Some(value.to_string()),
        _ => None,
    }
}

impl Relation {
    fn of_rule(self, rule: &Rule, attribute: &str, value: &str) -> bool {
        let meta = &rule.meta;
        let text = |is: &Option<String>| is.as_ref().is_some_and(|is| self.of_texts(is, value));
        let listed = |list: &[String]| self.of_list(list, value);
        match attribute {
            "title" => self.of_texts(&meta.title, value),
            "id" => text(&meta.id),
            "name" => text(&meta.name),
            "taxonomy" => self.of_texts(meta.taxonomy.as_deref().unwrap_or("sigma"), value),
            "description" => text(&meta.description),
            "license" => text(&meta.license),
            "author" => text(&meta.author),
            "level" => meta
                .level
                .zip(Level::named(value))
                .is_some_and(|(is, value)| self.of(is.cmp(&value))),
            "status" => {
                let standing = Status::named(value).map(Status::standing);
                meta.status
                    .zip(standing)
                    .is_some_and(|(is, value)| self.of(is.standing().cmp(&value)))
            }
            "date" => meta
                .date
                .zip(crate::rule::Date::parse(value))
                .is_some_and(|(is, value)| self.of(is.cmp(&value))),
            "modified" => meta
                .modified
                .zip(crate::rule::Date::parse(value))
                .is_some_and(|(is, value)| self.of(is.cmp(&value))),
            "tags" => listed(&meta.tags),
            "references" => listed(&meta.references),
            "fields" => listed(&meta.fields),
            "falsepositives" => listed(&meta.falsepositives),
            "scope" => listed(&meta.scope),
            _ => self.of_custom(rule, attribute, value),
        }
    }

    fn of_custom(self, rule: &Rule, attribute: &str, value: &str) -> bool {
        let Some(entry) = rule.meta.custom.iter().find(|entry| entry.key == attribute) else {
            return false;
        };
        match entry.node.list() {
            Some(nodes) => {
                let list: Vec<String> = nodes.iter().filter_map(crate::yaml::Node::scalar).collect();
                self.of_list(&list, value)
            }
            None => entry.node.scalar().is_some_and(|is| self.of_texts(&is, value)),
        }
    }

    /// Texts that are both numbers are compared as such; other texts are the same or not.
    fn of_texts(self, is: &str, value: &str) -> bool {
        match (is.parse::<f64>(), value.parse::<f64>()) {
            (Ok(is), Ok(value)) => is.partial_cmp(&value).is_some_and(|order| self.of(order)),
            _ => match self {
                Self::Equal | Self::In => is == value,
                Self::NotEqual | Self::NotIn => is != value,
                _ => false,
            },
        }
    }

    fn of_list(self, list: &[String], value: &str) -> bool {
        match self {
            Self::In => list.iter().any(|is| is == value),
            Self::NotIn => list.iter().all(|is| is != value),
            Self::NotEqual => true,
            _ => false,
        }
    }

    fn of(self, order: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal | Self::In => order.is_eq(),
            Self::NotEqual | Self::NotIn => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}

/// Whether some item below a search meets this.
pub(super) fn any_item(search: &Search, holds: &dyn Fn(&Item) -> bool) -> bool {
    match search {
        Search::Item(item) => holds(item),
        Search::All(inside) | Search::Any(inside) => inside.iter().any(|search| any_item(search, holds)),
        Search::Dropped => false,
    }
}

//! What a rule looks for: searches by name, and the expression that a condition makes of them.

use crate::error::Place;
use crate::test::Test;

/// One search identifier of a `detection` (Sigma 2.1 rules, "Search-Identifier").
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    /// The identifier, as conditions name it.
    pub name: String,
    /// What it looks for.
    pub search: Search,
    /// Where the identifier stands.
    pub place: Place,
}

/// The maps and lists below a search identifier. Neither list is ever empty.
#[derive(Debug, Clone, PartialEq)]
pub enum Search {
    /// A field and its tests, or keywords.
    Item(Item),
    /// A map: all of its items hold.
    All(Vec<Search>),
    /// A list: one of its items holds.
    Any(Vec<Search>),
    /// What is left when pipelines dropped every item of it; conditions do without it.
    Dropped,
}

impl Search {
    /// All of these; what was dropped does not count.
    pub(crate) fn all(searches: Vec<Self>) -> Self {
        Self::several(searches, Self::All)
    }

    /// One of these; what was dropped does not count.
    pub(crate) fn any(searches: Vec<Self>) -> Self {
        Self::several(searches, Self::Any)
    }

    fn several(searches: Vec<Self>, many: fn(Vec<Self>) -> Self) -> Self {
        let mut left: Vec<Self> = searches
            .into_iter()
            .filter(|search| *search != Self::Dropped)
            .collect();
        match left.pop() {
            None => Self::Dropped,
            Some(search) if left.is_empty() => search,
            Some(last) => {
                left.push(last);
                many(left)
            }
        }
    }
}

/// One field and what it is tested for.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The field, none for keywords, which are looked for in every text value of an event.
    pub field: Option<String>,
    /// One test for each value written; never empty. A value that stands for several spellings is one [`Test::Any`].
    pub tests: Vec<Test>,
    /// Whether one test suffices, or all must hold (`|all`).
    pub linking: Linking,
    /// `neq`: the field has a value, and the tests as linked do not hold. A missing field does not match: this is not
    /// the `not` of a condition, which is true of a missing field.
    pub negated: bool,
    /// Where the field stands.
    pub place: Place,
    /// Items of pipelines that changed it.
    pub(crate) applied: Vec<String>,
}

impl Item {
    /// An item that is not negated.
    pub fn new(field: Option<String>, tests: Vec<Test>, linking: Linking, place: Place) -> Self {
        Self {
            field,
            tests,
            linking,
            negated: false,
            place,
            applied: Vec::new(),
        }
    }
}

/// How the tests of an item are linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Linking {
    /// One of them holds.
    Any,
    /// All of them hold (`|all`), each on some value of the field.
    All,
}

/// Conditions with names and selectors replaced by what they stand for.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// A field and its tests.
    Item(Item),
    /// All hold; never empty.
    And(Vec<Expression>),
    /// One holds; never empty.
    Or(Vec<Expression>),
    /// It does not hold: true where a field is missing.
    Not(Box<Expression>),
    /// Always.
    True,
    /// Never.
    False,
}

impl Expression {
    /// What a search asks; none if it was dropped.
    pub(crate) fn of(search: &Search) -> Option<Self> {
        match search {
            Search::Item(item) => Some(Self::Item(item.clone())),
            Search::All(items) => Self::some(items.iter().filter_map(Self::of).collect(), Self::and),
            Search::Any(items) => Self::some(items.iter().filter_map(Self::of).collect(), Self::or),
            Search::Dropped => None,
        }
    }

    /// These linked, if there are any.
    pub(crate) fn some(parts: Vec<Self>, link: fn(Vec<Self>) -> Self) -> Option<Self> {
        (!parts.is_empty()).then(|| link(parts))
    }

    /// All of these; one alone stays itself, none is [`Expression::True`].
    pub fn and(mut all: Vec<Self>) -> Self {
        match all.len() {
            0 => Self::True,
            1 => all.pop().unwrap_or(Self::True),
            _ => Self::And(all),
        }
    }

    /// One of these; one alone stays itself, none is [`Expression::False`].
    pub fn or(mut any: Vec<Self>) -> Self {
        match any.len() {
            0 => Self::False,
            1 => any.pop().unwrap_or(Self::False),
            _ => Self::Or(any),
        }
    }
}

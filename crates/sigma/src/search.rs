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
    /// Always: what is left when a pipeline dropped the only item.
    True,
    /// Never.
    False,
}

impl From<&Search> for Expression {
    fn from(search: &Search) -> Self {
        match search {
            Search::Item(item) => Self::Item(item.clone()),
            Search::All(items) => Self::and(items.iter().map(Self::from).collect()),
            Search::Any(items) => Self::or(items.iter().map(Self::from).collect()),
        }
    }
}

impl Expression {
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

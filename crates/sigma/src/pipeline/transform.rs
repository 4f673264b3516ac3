//! What the items of a pipeline do.

use super::Step;
use crate::rule::Logsource;
use crate::search::Search;
use crate::test::Test;
use crate::yaml::Entry;

/// A transformation.
#[derive(Debug, Clone)]
pub(super) enum Transformation {
    /// Another name, or several of which one holds.
    Fields(FieldChange),
    DropItem,
    HashesFields {
        algorithms: Vec<String>,
        prefix: String,
        bare: bool,
    },
    WildcardPlaceholders(Chosen),
    ValuePlaceholders(Chosen),
    QueryPlaceholders {
        chosen: Chosen,
        expression: String,
        mapping: Vec<(String, String)>,
    },
    AddCondition {
        search: Search,
        template: bool,
        negated: bool,
    },
    ChangeLogsource(Logsource),
    AddFields(Vec<String>),
    RemoveFields(Vec<String>),
    SetFields(Vec<String>),
    ReplaceString {
        pattern: regex::Regex,
        replacement: String,
        literals_only: bool,
        interpreted: bool,
    },
    MapString(Vec<(String, Vec<String>)>),
    SetState {
        key: String,
        value: String,
    },
    ToRegex {
        insensitive: bool,
    },
    SetValue(Test),
    ToText,
    ToNumber,
    Case(Case),
    RuleFailure(String),
    ItemFailure(String),
    StrictFields,
    SetAttribute(Box<Entry>),
    Nest(Vec<Step>),
}

/// How a field's name is changed.
#[derive(Debug, Clone)]
pub(super) enum FieldChange {
    Map(Vec<(Option<String>, Vec<String>)>),
    MapPrefix(Vec<(String, Vec<String>)>),
    Prefix(String),
    Suffix(String),
    Case(Case),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Lower,
    Upper,
    Snake,
}

/// Which placeholders: those included, or all but those excluded.
#[derive(Debug, Clone, Default)]
pub(super) struct Chosen {
    pub(super) include: Option<Vec<String>>,
    pub(super) exclude: Vec<String>,
}

impl Chosen {
    pub(super) fn takes(&self, name: &str) -> bool {
        let named = |names: &Vec<String>| names.iter().any(|other| other == name);
        self.include.as_ref().is_none_or(named) && !named(&self.exclude)
    }
}

impl FieldChange {
    /// What the field is called now; none where it stays.
    pub(super) fn of(&self, field: Option<&str>) -> Option<Vec<String>> {
        match (self, field) {
            (Self::Map(mapping), field) => {
                let known = mapping.iter().find(|(from, _)| from.as_deref() == field);
                known.map(|(_, to)| to.clone())
            }
            (_, None) => None,
            (Self::MapPrefix(mapping), Some(field)) => mapping.iter().find_map(|(from, to)| {
                let rest = field.strip_prefix(from.as_str())?;
                Some(to.iter().map(|to| format!("{to}{rest}")).collect())
            }),
            (Self::Prefix(prefix), Some(field)) => Some(vec![format!("{prefix}{field}")]),
            (Self::Suffix(suffix), Some(field)) => Some(vec![format!("{field}{suffix}")]),
            (Self::Case(case), Some(field)) => Some(vec![case.of(field)]),
        }
    }
}

impl Case {
    pub(super) fn of(self, text: &str) -> String {
        match self {
            Self::Lower => text.to_lowercase(),
            Self::Upper => text.to_uppercase(),
            Self::Snake => snake(text),
        }
    }
}

/// `ParentCommandLine` to `parent_command_line`.
fn snake(text: &str) -> String {
    let mut made = String::with_capacity(text.len() + 8);
    let mut before_lower = false;
    for char in text.chars() {
        if char.is_uppercase() && before_lower {
            made.push('_');
        }
        before_lower = char.is_lowercase() || char.is_numeric();
        if char == ' ' || char == '-' {
            made.push('_');
        } else {
            made.extend(char.to_lowercase());
        }
    }
    made
}

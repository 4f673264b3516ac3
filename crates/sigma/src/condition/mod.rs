//! Conditions: which searches of a rule must hold.
//!
//! `not` binds closer than `and`, `and` closer than `or` (Sigma 2.1 rules, "Condition"). Begin at [`Condition::parse`].

mod parse;
mod resolve;

/// A parsed condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// The search of this name holds.
    Search(String),
    /// Searches chosen by their names.
    Selector {
        /// How many of them hold.
        quantity: Quantity,
        /// `them`, or names with `*`.
        pattern: String,
    },
    /// It does not hold.
    Not(Box<Condition>),
    /// All hold; at least two.
    And(Vec<Condition>),
    /// One holds; at least two.
    Or(Vec<Condition>),
}

/// How many of the chosen searches must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Quantity {
    /// `1 of`, `any of`.
    One,
    /// `all of`.
    All,
}

pub(crate) use parse::boolean;

/// The names of searches in a condition, each once, in the order they come.
pub(crate) fn names<'a>(condition: &'a Condition, named: &mut Vec<&'a str>) {
    match condition {
        Condition::Search(name) if named.contains(&name.as_str()) => {}
        Condition::Search(name) => named.push(name),
        Condition::Not(inside) => names(inside, named),
        Condition::And(parts) | Condition::Or(parts) => parts.iter().for_each(|part| names(part, named)),
        Condition::Selector { .. } => {}
    }
}

/// Whether a selector chooses a search: `them` and patterns leave out those whose names begin with `_`, unless the
/// pattern begins so too.
pub(crate) fn selects(pattern: &str, name: &str) -> bool {
    if pattern == "them" {
        return !name.starts_with('_');
    }
    (pattern.starts_with('_') || !name.starts_with('_')) && matches_name(pattern, name)
}

/// `*` is any number of characters.
fn matches_name(pattern: &str, name: &str) -> bool {
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let Some(last) = pieces.next_back() else {
        return rest.is_empty();
    };
    for piece in pieces {
        match rest.find(piece) {
            Some(at) => rest = rest.get(at + piece.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_take_stars_anywhere_and_leave_underscores_out() {
        for (pattern, name, expected) in [
            ("them", "sel", true),
            ("them", "_sel", false),
            ("sel*", "selection", true),
            ("sel", "selection", false),
            ("*_allow", "extra_allow", true),
            ("s*l*n", "selection", true),
            ("s*l*x", "selection", false),
            ("*", "_x", false),
            ("_*", "_x", true),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(selects(pattern, name), expected, "{pattern} {name}");
        }
    }
}

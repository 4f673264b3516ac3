//! What a text of rules holds, rule by rule: read, not compiled.

use std::collections::{BTreeSet, HashMap};

use yara_x_parser::ast::dfs::{DFSEvent, DFSIter};
use yara_x_parser::ast::{AST, Expr, Rule, RuleFlags, WithSpan as _};

use crate::compile::Lines;
use crate::lexical;
use crate::limits::SOURCE_BYTES_MAX;

/// A rule as its text says it, whether or not it can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// Its name.
    pub name: String,
    /// Line of the name in the text, from 1.
    pub line: usize,
    /// Column of the name in characters, from 1.
    pub column: usize,
    /// Its tags.
    pub tags: Vec<String>,
    /// How many strings it looks for.
    pub strings: usize,
    /// The imported modules that its condition asks, in the order of their names.
    pub modules: Vec<String>,
    /// Whether it only serves other rules.
    pub is_private: bool,
    /// Whether every other rule of its text depends on it.
    pub is_global: bool,
}

/// The rules of a text in their order, as far as they can be told apart; none of a text that
/// [`Compiler::add`](crate::Compiler::add) does not read.
pub fn outline(text: &[u8]) -> Vec<Outline> {
    let Some(text) = (text.len() <= SOURCE_BYTES_MAX)
        .then(|| lexical::read(text).ok())
        .flatten()
    else {
        return Vec::new();
    };
    let tree = AST::from(&*text.clean);
    let modules: BTreeSet<&str> = tree.imports().map(|import| import.module_name).collect();
    let lines = Lines::of(&text.clean);
    tree.rules().map(|rule| of(rule, &modules, &lines)).collect()
}

/// Where the names of a text's rules begin, in bytes.
pub(crate) fn starts(text: &[u8]) -> HashMap<&str, usize> {
    let tree = AST::from(text);
    let rules = tree.rules().map(|rule| &rule.identifier);
    rules.map(|name| (name.name, name.span().start())).collect()
}

fn of(rule: &Rule<'_>, modules: &BTreeSet<&str>, lines: &Lines<'_>) -> Outline {
    let (line, column) = lines.place(rule.identifier.span().start());
    let tags = rule.tags.iter().flatten();
    Outline {
        name: rule.identifier.name.to_owned(),
        line,
        column,
        tags: tags.map(|tag| tag.name.to_owned()).collect(),
        strings: rule.patterns.as_ref().map_or(0, Vec::len),
        modules: asked(&rule.condition, modules),
        is_private: rule.flags.contains(RuleFlags::Private),
        is_global: rule.flags.contains(RuleFlags::Global),
    }
}

fn asked(condition: &Expr<'_>, modules: &BTreeSet<&str>) -> Vec<String> {
    let names = DFSIter::new(condition).filter_map(|event| match event {
        DFSEvent::Enter(Expr::Ident(ident)) => Some(ident.name),
        _ => None,
    });
    let found: BTreeSet<&str> = names.filter(|name| modules.contains(name)).collect();
    found.into_iter().map(str::to_owned).collect()
}

/// Whether a text begins as rules of YARA do, behind blanks and comments.
pub fn begins_as_rules(text: &[u8]) -> bool {
    lexical::begins_as_rules(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_is_told_with_its_place_and_what_it_needs() {
        let text = b"import \"pe\"\nimport \"math\"\nprivate rule a : x y { condition: true }\n\
            rule b { strings: $a = \"x\" $b = { 00 } condition: any of them and pe.is_pe and broken }\n";
        let found = outline(text);
        let told: Vec<_> = found
            .iter()
            .map(|rule| (rule.name.as_str(), rule.line, rule.column, rule.strings))
            .collect();
        assert_eq!(told, [("a", 3, 14, 0), ("b", 4, 6, 2)]);
        assert_eq!(found[0].tags, ["x", "y"]);
        assert!(found[0].is_private && found[0].modules.is_empty());
        assert_eq!(found[1].modules, ["pe"]);
        assert_eq!(outline("(".repeat(300).as_bytes()), []);
    }
}

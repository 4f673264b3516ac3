//! The rules to look for: the operator's from files, others' from indicators, each with its own trust.

use entente_node::scan::RuleText;
use entente_yara::{Compiler, Finding, Origin, Rules, Severity, Trust, limits};

use crate::exit::Failure;
use crate::inputs::{self, Input};

/// Both sets, and what is to be said about them.
pub(crate) struct Sets {
    /// From files.
    pub(crate) own: Rules,
    /// From indicators; a match's origin is the indicator's id.
    pub(crate) told: Rules,
    /// What is to be said, texts in their order.
    pub(crate) findings: Vec<Finding>,
}

impl Sets {
    /// How many rules there are.
    pub(crate) fn len(&self) -> usize {
        self.own.len() + self.told.len()
    }

    /// The rules that are not used, and why.
    pub(crate) fn refused(&self) -> impl Iterator<Item = &Finding> {
        let is_error = |finding: &&Finding| finding.severity == Severity::Error;
        self.findings.iter().filter(is_error)
    }
}

/// Whether a file below a folder is one of YARA rules, by its name.
pub(crate) fn is_rules(name: &str) -> bool {
    [".yar", ".yara", ".yarc.txt", ".rule", ".rules"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

/// Reads the rules of `paths` (of folders only files named like YARA rules) and of indicators.
pub(crate) fn read(paths: &[String], told: &[RuleText]) -> Result<Sets, Failure> {
    let mut own = Compiler::new(Trust::Own);
    let mut findings = Vec::new();
    for input in inputs::collect(paths)? {
        let name = input.name();
        if is_rules(&name) || paths.contains(&name) {
            findings.extend(own.add(
                &Origin {
                    name: name.clone(),
                    trust: Trust::Own,
                },
                &text(&input)?,
            ));
        }
    }
    let mut shared = Compiler::new(Trust::Shared);
    for rule in told {
        let origin = Origin {
            name: rule.id.clone(),
            trust: Trust::Shared,
        };
        findings.extend(shared.add(&origin, rule.text.as_bytes()));
    }
    Ok(Sets {
        own: own.finish(),
        told: shared.finish(),
        findings,
    })
}

/// A file's bytes, one more than a text of rules may have at most.
fn text(input: &Input) -> Result<Vec<u8>, Failure> {
    Ok(input.begin(&input.name(), limits::SOURCE_BYTES_MAX)?.0)
}

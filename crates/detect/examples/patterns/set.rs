//! Patterns ready to be matched.

use entente_detect::rules::{Leaf, Rules};
use entente_detect::sco::{Comparing, Map, Projection, StixRule, from_stix};
use entente_stix::pattern::parse;

/// Seed of hash functions.
const SEED: u64 = 1;

pub(crate) struct Set {
    pub(crate) stix: Vec<StixRule>,
    pub(crate) rules: Rules,
    /// By leaf of the rules, the pattern.
    pub(crate) owners: Vec<usize>,
    pub(crate) projection: Projection,
}

impl Set {
    pub(crate) fn of(patterns: &[String], comparing: Comparing) -> Set {
        let compiled = patterns.iter().map(|text| {
            let pattern = parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
            from_stix(&pattern, Map::standard(), comparing).unwrap_or_else(|error| panic!("{text}: {error}"))
        });
        let stix: Vec<StixRule> = compiled.collect();
        let leaves: Vec<(usize, &Leaf)> = (0..)
            .zip(&stix)
            .flat_map(|(pattern, rule)| rule.parts.iter().map(move |part| (pattern, &part.leaf)))
            .collect();
        let (rules, refused) = Rules::compile(leaves.iter().map(|(_, leaf)| *leaf), SEED);
        assert_eq!(refused, []);
        Set {
            owners: leaves.iter().map(|(pattern, _)| *pattern).collect(),
            projection: Projection::new(Map::standard(), rules.names()),
            rules,
            stix,
        }
    }

    /// The leaf of its pattern's join that a leaf of the rules is for.
    pub(crate) fn number_of(&self, leaf: u32) -> u32 {
        let owner = self.owners[leaf as usize];
        let first = self.owners.partition_point(|known| *known < owner);
        self.stix[owner].parts[leaf as usize - first].number
    }
}

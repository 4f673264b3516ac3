//! Sigma rules and pipelines.

use entente_sigma::{Collection, Pipeline, Pipelines, Rule, lint, one_rule};

/// A text of rules: each document is used or refused in words, and what is used has an expression.
pub fn sigma_rule(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let mut collection = Collection::read(text);
    collection.link();
    for refusal in &collection.refusals {
        assert!(!refusal.to_string().is_empty());
        assert!(refusal.place.line >= 1 && refusal.place.column >= 1);
    }
    for finding in lint::collection(&collection) {
        assert!(!finding.to_string().is_empty());
    }
    for rule in &collection.rules {
        rule.expression().expect("a rule that was read has an expression");
        prepared(&Pipelines::none(), rule);
    }
    for correlation in &collection.correlations {
        assert_eq!(correlation.members.len(), correlation.references.len());
    }
}

/// A pipeline: read or refused in words, and a rule goes through it or is refused.
pub fn sigma_pipeline(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match Pipeline::read(text) {
        Ok(pipeline) => {
            let rule = one_rule(RULE).expect("the rule is read");
            let pipelines = Pipelines::none().with(pipeline);
            prepared(&pipelines, &rule);
            assert!(!pipelines.field(&rule, "", "Image").is_empty());
        }
        Err(refusal) => assert!(!refusal.to_string().is_empty()),
    }
}

const RULE: &str = r"
title: t
tags: [attack.t1059]
level: high
logsource: {category: process_creation, product: windows}
detection:
  selection: {Image|endswith: '\\cmd.exe', EventID: 1, User|expand: '%admins%', Hashes|contains: 'MD5=00'}
  filter: [{a: null}, {b|re: 'x.*', c|neq: [1, true]}]
  condition: selection and not filter
";

fn prepared(pipelines: &Pipelines, rule: &Rule) {
    match pipelines.prepare(rule) {
        Ok(prepared) => assert!(!prepared.variants.is_empty()),
        Err(refusal) => assert!(!refusal.to_string().is_empty()),
    }
}

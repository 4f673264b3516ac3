//! Sigma texts to leaves: read, linked, taken through pipelines, and compiled together with the rules of objects.

use std::collections::BTreeSet;
use std::sync::Arc;

use entente_detect::rules::{Condition, Leaf, Rules, from_sigma};
use entente_sigma::pipeline::Variant;
use entente_sigma::rule::{self, Level, Meta};
use entente_sigma::{Collection, Pipeline, Pipelines};

use super::{Asked, Origin, Refused, Rule, RuleSet};
use crate::generation::{Compiled, NotEvaluated};
use crate::{Error, Node};

/// A named text, such as a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The name that reports use.
    pub name: String,
    /// What is in it.
    pub text: String,
}

impl Node {
    /// Gathers the rules that the node holds and those of the texts handed in, and compiles them.
    ///
    /// # Errors
    /// The store failed, or a pipeline cannot be used. Rules that cannot be used are named in the answer.
    pub fn rules(&self, compiled: &Compiled, asked: &Asked) -> Result<Arc<RuleSet>, Error> {
        let mut gathered = Gathered::new(asked)?;
        self.rule_objects(&compiled.rules, &mut gathered)?;
        gathered.texts(&asked.texts);
        Ok(Arc::new(gathered.compile(self.secret)))
    }
}

/// Rules on the way to being compiled.
pub(super) struct Gathered {
    pipelines: Pipelines,
    any_log_source: bool,
    rules: Vec<Rule>,
    leaves: Vec<Leaf>,
    of_leaf: Vec<u32>,
    not_evaluated: Vec<NotEvaluated>,
    refused: Vec<Refused>,
}

impl Gathered {
    fn new(asked: &Asked) -> Result<Gathered, Error> {
        let mut pipelines = Pipelines::builtin().map_err(|refusal| pipeline_error("built in", &refusal))?;
        for text in &asked.pipelines {
            let pipeline =
                Pipeline::read(&text.text).map_err(|refusal| pipeline_error(&text.name, &refusal))?;
            pipelines = pipelines.with(pipeline);
        }
        Ok(Gathered {
            pipelines,
            any_log_source: asked.any_log_source,
            rules: Vec::new(),
            leaves: Vec::new(),
            of_leaf: Vec::new(),
            not_evaluated: Vec::new(),
            refused: Vec::new(),
        })
    }

    /// Rules of texts may refer to each other, so they are read together.
    fn texts(&mut self, texts: &[Text]) {
        let mut all = Collection::default();
        let (mut rules_of, mut correlations_of) = (Vec::new(), Vec::new());
        for text in texts {
            let mut read = Collection::read(&text.text);
            self.refuse(&text.name, std::mem::take(&mut read.refusals));
            rules_of.resize(rules_of.len() + read.rules.len(), text.name.as_str());
            let metas = read.correlations.iter();
            correlations_of.extend(metas.map(|correlation| (correlation.meta.clone(), text.name.as_str())));
            all.append(read);
        }
        all.link();
        // A reference across texts has its place in one of them; which, the refusal says by the name it gives.
        self.refuse("the rules together", std::mem::take(&mut all.refusals));
        let mut of = correlations_of.iter();
        for correlation in &all.correlations {
            // Linking drops correlations, and keeps the order of the others.
            let text = of.find(|(meta, _)| *meta == correlation.meta);
            let text = text.map(|(_, text)| *text).unwrap_or_default();
            let from = From::text(&correlation.meta, text);
            self.leave_out(&from, "correlations are not evaluated yet");
        }
        for (rule, text) in all.rules.iter().zip(&rules_of) {
            let from = From::text(&rule.meta, text);
            if rule.silent {
                self.leave_out(&from, "it only serves correlations, which are not evaluated yet");
            } else {
                self.add(from, rule);
            }
        }
    }

    fn refuse(&mut self, text: &str, refusals: Vec<entente_sigma::Refusal>) {
        self.refused.extend(refusals.into_iter().map(|refusal| Refused {
            text: text.to_owned(),
            reason: refusal.to_string(),
        }));
    }

    pub(super) fn leave_out(&mut self, from: &From, reason: impl Into<String>) {
        let text = match &from.origin {
            Origin::Object { .. } => None,
            Origin::Text { name } => Some(name.clone()),
        };
        let (id, reason) = (from.id.clone(), reason.into());
        self.not_evaluated.push(NotEvaluated { id, text, reason });
    }

    /// Adds a rule, or names what it cannot be evaluated for.
    pub(super) fn add(&mut self, from: From, rule: &rule::Rule) {
        let prepared = match self.pipelines.prepare(rule) {
            Ok(prepared) => prepared,
            Err(refusal) => return self.leave_out(&from, refusal.to_string()),
        };
        let leaves: Result<Vec<Leaf>, String> = prepared
            .variants
            .iter()
            .map(|variant| self.leaf(rule, variant))
            .collect();
        let leaves = match leaves {
            Ok(leaves) => leaves,
            Err(reason) => return self.leave_out(&from, reason),
        };
        let number = u32::try_from(self.rules.len()).unwrap_or(u32::MAX);
        self.of_leaf.resize(self.of_leaf.len() + leaves.len(), number);
        self.leaves.extend(leaves);
        let From { id, origin } = from;
        self.rules.push(Rule {
            id,
            name: rule.meta.title.clone(),
            level: rule.meta.level.map(level),
            origin,
        });
    }

    fn leaf(&self, rule: &rule::Rule, variant: &Variant) -> Result<Leaf, String> {
        let gate = match &variant.route {
            Some(route) => from_sigma(route)?,
            None if self.any_log_source => Condition::True,
            None => return Err(unknown_source(&rule.logsource)),
        };
        let condition = from_sigma(&variant.expression)?;
        Ok(Leaf { gate, condition })
    }

    /// A rule of which a part was refused is left out as a whole: its other parts would pass for all of it.
    fn compile(mut self, seed: u64) -> RuleSet {
        let (compiled, refusals) = Rules::compile(&self.leaves, seed);
        let mut refused: BTreeSet<u32> = BTreeSet::new();
        for refusal in refusals {
            let Some(number) = self.of_leaf.get(refusal.leaf).copied() else {
                continue;
            };
            if refused.insert(number)
                && let Some(rule) = self.rules.get(number as usize)
            {
                let (id, origin) = (rule.id.clone(), rule.origin.clone());
                self.leave_out(&From { id, origin }, refusal.reason);
            }
        }
        if refused.is_empty() {
            return self.with(compiled);
        }
        self.drop_rules(&refused);
        let (compiled, _) = Rules::compile(&self.leaves, seed);
        self.with(compiled)
    }

    fn with(self, compiled: Rules) -> RuleSet {
        RuleSet {
            compiled,
            rules: self.rules,
            of_leaf: self.of_leaf,
            not_evaluated: self.not_evaluated,
            refused: self.refused,
        }
    }

    fn drop_rules(&mut self, dropped: &BTreeSet<u32>) {
        let mut new_numbers = Vec::with_capacity(self.rules.len());
        let mut next = 0;
        for number in 0..u32::try_from(self.rules.len()).unwrap_or(u32::MAX) {
            let is_kept = !dropped.contains(&number);
            new_numbers.push(is_kept.then_some(next));
            next += u32::from(is_kept);
        }
        let new_number = |old: &u32| new_numbers.get(*old as usize).copied().flatten();
        let of_leaf: Vec<Option<u32>> = self.of_leaf.iter().map(new_number).collect();
        let mut kept = of_leaf.iter();
        self.leaves.retain(|_| kept.next().is_some_and(Option::is_some));
        self.of_leaf = of_leaf.into_iter().flatten().collect();
        let mut number = 0..;
        self.rules.retain(|_| {
            number
                .next()
                .is_some_and(|number: u32| !dropped.contains(&number))
        });
    }
}

fn pipeline_error(name: &str, refusal: &entente_sigma::Refusal) -> Error {
    Error::Pipeline {
        name: name.to_owned(),
        cause: refusal.to_string(),
    }
}

/// Which rule it is, and where it is from.
pub(super) struct From {
    pub(super) id: String,
    pub(super) origin: Origin,
}

impl From {
    /// A rule of a text: by its own id, or by where it stands.
    fn text(meta: &Meta, text: &str) -> From {
        let id = match &meta.id {
            Some(id) => id.clone(),
            None if meta.place.document > 1 => format!("{text} (document {})", meta.place.document),
            None => text.to_owned(),
        };
        let name = text.to_owned();
        From {
            id,
            origin: Origin::Text { name },
        }
    }
}

fn unknown_source(source: &rule::Logsource) -> String {
    let parts = [
        ("category", &source.category),
        ("product", &source.product),
        ("service", &source.service),
    ];
    let named: Vec<String> = parts
        .iter()
        .filter_map(|(key, value)| Some(format!("{key} `{}`", value.as_deref()?)))
        .collect();
    format!(
        "no pipeline knows its log source ({}); give one with `--pipeline`, or hold it against every record with `--any-log-source`",
        named.join(", ")
    )
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Informational => "informational",
        Level::Low => "low",
        Level::Medium => "medium",
        Level::High => "high",
        Level::Critical => "critical",
    }
}

//! Rules on the way to being compiled: Sigma texts read and linked, the rules of objects beside them.

use std::sync::Arc;

use entente_detect::sco::StixRule;
use entente_sigma::rule::Meta;
use entente_sigma::{Collection, Pipeline, Pipelines};
use sha2::{Digest as _, Sha256};

use super::{Asked, Origin, Refused, RuleSet};
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
        gathered.refused.extend(asked.unread.iter().cloned());
        gathered.texts(&asked.texts);
        Ok(Arc::new(gathered.compile(self.secret)))
    }
}

/// Rules on the way to being compiled.
pub(super) struct Gathered {
    pub(super) pipelines: Pipelines,
    pub(super) any_log_source: bool,
    /// Says of two sets of pipelines whether rules are read alike.
    pub(super) read_by: [u8; 32],
    /// All rules and correlations, linked; those of an object and those of the texts do not refer to each other.
    pub(super) sigma: Collection,
    /// Where those are from, by number.
    pub(super) rules_from: Vec<From>,
    pub(super) correlations_from: Vec<From>,
    pub(super) patterns: Vec<Pattern>,
    pub(super) not_evaluated: Vec<NotEvaluated>,
    pub(super) refused: Vec<Refused>,
}

/// A STIX pattern that needs more than single values.
pub(super) struct Pattern {
    pub(super) from: From,
    /// As it is written.
    pub(super) text: String,
    pub(super) stix: StixRule,
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
            read_by: read_by(asked),
            sigma: Collection::default(),
            rules_from: Vec::new(),
            correlations_from: Vec::new(),
            patterns: Vec::new(),
            not_evaluated: Vec::new(),
            refused: Vec::new(),
        })
    }

    /// Rules of texts may refer to each other, so they are read together.
    fn texts(&mut self, texts: &[Text]) {
        let mut all = Collection::default();
        let (mut rules_of, mut correlations_of) = (Vec::new(), Vec::new());
        for (number, text) in (0..).zip(texts) {
            let mut read = Collection::read_as(number, &text.text);
            self.refuse(&text.name, std::mem::take(&mut read.refusals));
            rules_of.resize(rules_of.len() + read.rules.len(), text.name.as_str());
            let metas = read.correlations.iter();
            correlations_of.extend(metas.map(|correlation| (correlation.meta.clone(), text.name.as_str())));
            all.append(read);
        }
        all.link();
        for refusal in std::mem::take(&mut all.refusals) {
            let text = texts.get(refusal.place.source as usize);
            self.refuse(text.map_or("", |text| &text.name), vec![refusal]);
        }
        let rules = all.rules.iter().zip(&rules_of);
        let rules_from = rules.map(|(rule, text)| From::text(&rule.meta, text)).collect();
        let mut of = correlations_of.iter();
        let correlations = all.correlations.iter().map(|correlation| {
            // Linking drops correlations, and keeps the order of the others.
            let text = of.find(|(meta, _)| *meta == correlation.meta);
            From::text(&correlation.meta, text.map(|(_, text)| *text).unwrap_or_default())
        });
        let correlations_from = correlations.collect();
        self.put(all, rules_from, correlations_from);
    }

    /// Adds a linked collection, which says for each rule and correlation where it is from.
    pub(super) fn put(&mut self, sigma: Collection, rules: Vec<From>, correlations: Vec<From>) {
        self.sigma.put_beside(sigma);
        self.rules_from.extend(rules);
        self.correlations_from.extend(correlations);
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
        let one = NotEvaluated {
            id: from.id.clone(),
            text,
            reason: reason.into(),
        };
        // Several rules of one object may be left out for the same reason.
        if self.not_evaluated.last() != Some(&one) {
            self.not_evaluated.push(one);
        }
    }
}

fn read_by(asked: &Asked) -> [u8; 32] {
    let mut digest = Sha256::new();
    digest.update([u8::from(asked.any_log_source)]);
    for pipeline in &asked.pipelines {
        digest.update(Sha256::digest(&pipeline.text));
    }
    digest.finalize().into()
}

fn pipeline_error(name: &str, refusal: &entente_sigma::Refusal) -> Error {
    Error::Pipeline {
        name: name.to_owned(),
        cause: refusal.to_string(),
    }
}

/// Which rule it is, and where it is from.
#[derive(Clone, Debug)]
pub(super) struct From {
    pub(super) id: String,
    /// What it is called.
    pub(super) name: String,
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
        From {
            id,
            name: meta.title.clone(),
            origin: Origin::Text {
                name: text.to_owned(),
            },
        }
    }
}

//! Rules compiled together, each with its leaves.

use entente_detect::rules::{Condition, Leaf, Rules, from_sigma};
use entente_sigma::pipeline::Prepared;
use entente_sigma::{Collection, Pipelines, Rule, hayabusa, one_rule};
use entente_stix::json::Value;
use entente_yara::begins_as_rules;

use super::event::{self, Events};
use super::yara;

/// Rules compiled together.
pub(crate) struct Loaded {
    /// The leaves of all rules.
    pub(crate) rules: Rules,
    /// By rule: what it became, or why it cannot be used.
    pub(crate) each: Vec<Result<Ready, Refused>>,
    /// By leaf, the rule.
    pub(crate) owners: Vec<usize>,
}

/// Why a rule cannot be used.
#[derive(Clone, Debug)]
pub(crate) struct Refused {
    /// What it is about, a stable name.
    pub(crate) kind: &'static str,
    /// In words.
    pub(crate) reason: String,
}

impl Refused {
    /// What no comparison can be made of, or none that is small enough.
    fn comparison(reason: String) -> Refused {
        Refused {
            kind: "not-evaluated",
            reason,
        }
    }
}

/// A rule that can be used.
pub(crate) struct Ready {
    /// Its variants, one for each kind of record.
    pub(crate) prepared: Prepared,
    /// The leaf of each variant.
    pub(crate) leaves: Vec<usize>,
}

impl Loaded {
    /// Prepares and compiles rules. `seed` is random: who writes events must not know where values collide.
    pub(crate) fn new<'r>(
        rules: impl IntoIterator<Item = &'r Rule>,
        pipelines: &Pipelines,
        seed: u64,
    ) -> Loaded {
        let (mut leaves, mut owners) = (Vec::new(), Vec::new());
        let mut each: Vec<Result<Ready, Refused>> = Vec::new();
        for (number, rule) in rules.into_iter().enumerate() {
            each.push(made(rule, pipelines).map(|(prepared, made)| {
                let first = leaves.len();
                owners.extend(made.iter().map(|_| number));
                leaves.extend(made);
                Ready {
                    prepared,
                    leaves: (first..leaves.len()).collect(),
                }
            }));
        }
        let (rules, refusals) = Rules::compile(&leaves, seed);
        for refusal in refusals {
            let owner = owners.get(refusal.leaf).copied();
            if let Some(slot) = owner.and_then(|owner| each.get_mut(owner)) {
                *slot = Err(Refused::comparison(refusal.reason));
            }
        }
        Loaded { rules, each, owners }
    }
}

fn made(rule: &Rule, pipelines: &Pipelines) -> Result<(Prepared, Vec<Leaf>), Refused> {
    let prepared = pipelines.prepare(rule).map_err(|refusal| Refused {
        kind: refusal.reason.name(),
        reason: refusal.reason.to_string(),
    })?;
    let leaves = prepared.variants.iter().map(|variant| {
        Ok(Leaf {
            gate: match &variant.route {
                Some(route) => from_sigma(route)?,
                None => Condition::True,
            },
            condition: from_sigma(&variant.expression)?,
        })
    });
    let leaves = leaves.collect::<Result<_, String>>();
    let leaves = leaves.map_err(Refused::comparison)?;
    Ok((prepared, leaves))
}

/// The one rule of a text: Sigma, or Hayabusa's dialect of it.
///
/// # Errors
/// Why it cannot be read, with the place.
pub(crate) fn of_sigma(text: &str) -> Result<Rule, String> {
    if begins_as_rules(text.as_bytes()) {
        return Err(
            "this is a YARA rule, which looks at files; `entente scan --files --yara` does".to_owned(),
        );
    }
    let read = if hayabusa::is_one(text) {
        hayabusa::rule(text)
    } else {
        one_rule(text)
    };
    read.map_err(|refusal| refusal.to_string())
}

/// Why a text, of Sigma or YARA, is refused as a rule, rules, a correlation or a filter; none if it is not.
pub(crate) fn refusal(text: &str) -> Option<String> {
    if begins_as_rules(text.as_bytes()) {
        return yara::refusal(text);
    }
    let mut collection = Collection::read(text);
    // Alone, a correlation's rules are elsewhere.
    if !collection.rules.is_empty() {
        collection.link();
    }
    let is_empty =
        collection.rules.is_empty() && collection.correlations.is_empty() && collection.filters.is_empty();
    match collection.refusals.first() {
        Some(refusal) => Some(refusal.to_string()),
        None if is_empty => Some("there is no rule in it".to_owned()),
        None => None,
    }
}

/// A rule as a line of a batch has it: its text, a map, or a list of maps, each a document.
pub(crate) fn text_of(rule: &Value<'_>) -> String {
    match (rule.as_str(), rule.as_array()) {
        (Some(text), _) => text.to_owned(),
        (None, Some(documents)) => documents
            .iter()
            .map(|document| format!("---\n{}\n", document.canonical()))
            .collect(),
        (None, None) => rule.canonical(),
    }
}

/// Whether one rule matches one event.
///
/// # Errors
/// Why it cannot be told.
pub(crate) fn matched(
    rule: &Value<'_>,
    event: &Value<'_>,
    pipelines: &Pipelines,
    seed: u64,
) -> Result<bool, String> {
    if event.as_object().is_none() {
        return Err("`event` is no object; give the event as JSON".to_owned());
    }
    let rule = of_sigma(&text_of(rule))?;
    let loaded = Loaded::new([&rule], pipelines, seed);
    if let Some(Err(refused)) = loaded.each.first() {
        return Err(refused.reason.clone());
    }
    let mut holds = false;
    let text = event.canonical();
    let seen = event::each(
        &Events::Text(&text),
        &loaded.rules,
        |row, matcher| !loaded.rules.matching(row, matcher).is_empty(),
        |held, _, _| {
            holds |= held;
            Ok(())
        },
    )
    .map_err(|failure| failure.message)?;
    match (seen.events, seen.defects.into_iter().next()) {
        (0, Some(defect)) => Err(defect),
        _ => Ok(holds),
    }
}

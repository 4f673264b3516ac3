//! Rules compiled together, each with its leaves.

use entente_detect::rules::{Condition, Leaf, Rules, from_sigma};
use entente_sigma::pipeline::Prepared;
use entente_sigma::{Collection, Pipelines, Rule, hayabusa, one_rule};

/// Rules compiled together.
pub(crate) struct Loaded {
    /// The leaves of all rules.
    pub(crate) rules: Rules,
    /// By rule: what it became, or why it cannot be used.
    pub(crate) each: Vec<Result<Ready, String>>,
    /// By leaf, the rule.
    pub(crate) owners: Vec<usize>,
}

/// A rule that can be used.
pub(crate) struct Ready {
    /// Its variants, one for each kind of record.
    pub(crate) prepared: Prepared,
    /// The leaf of each variant.
    pub(crate) leaves: Vec<usize>,
}

impl Loaded {
    /// Prepares and compiles rules.
    pub(crate) fn new<'r>(rules: impl IntoIterator<Item = &'r Rule>, pipelines: &Pipelines) -> Loaded {
        let (mut leaves, mut owners) = (Vec::new(), Vec::new());
        let mut each: Vec<Result<Ready, String>> = Vec::new();
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
        // What is compiled here lives as long as the command, for whoever gave the rules.
        let (rules, refusals) = Rules::compile(&leaves, 0);
        for refusal in refusals {
            let owner = owners.get(refusal.leaf).copied();
            if let Some(slot) = owner.and_then(|owner| each.get_mut(owner)) {
                *slot = Err(refusal.reason);
            }
        }
        Loaded { rules, each, owners }
    }
}

fn made(rule: &Rule, pipelines: &Pipelines) -> Result<(Prepared, Vec<Leaf>), String> {
    let prepared = pipelines
        .prepare(rule)
        .map_err(|refusal| refusal.reason.to_string())?;
    let leaves = prepared.variants.iter().map(|variant| {
        Ok(Leaf {
            gate: match &variant.route {
                Some(route) => from_sigma(route)?,
                None => Condition::True,
            },
            condition: from_sigma(&variant.expression)?,
        })
    });
    let leaves = leaves.collect::<Result<_, String>>()?;
    Ok((prepared, leaves))
}

/// The one rule of a text: Sigma, or Hayabusa's dialect of it.
///
/// # Errors
/// Why it cannot be read, with the place.
pub(crate) fn of_sigma(text: &str) -> Result<Rule, String> {
    let read = if hayabusa::is_one(text) {
        hayabusa::rule(text)
    } else {
        one_rule(text)
    };
    read.map_err(|refusal| refusal.to_string())
}

/// Why a text is refused as a rule, rules, a correlation or a filter; none if it is not.
pub(crate) fn refusal(text: &str) -> Option<String> {
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

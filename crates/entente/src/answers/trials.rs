//! Trials of rules: how each rule that the node holds stands.

use clap::ValueEnum;
use entente_node::rules::trial::{Because, Verdict};
use entente_node::rules::trials::{Standing, Tried};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::render::{count, counted};

/// A rule that the node holds, and how it stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct TrialShown {
    /// The object's id.
    pub(crate) id: String,
    /// What it is called.
    pub(crate) name: String,
    /// The language of its pattern: `sigma`, `stix`, `yara`.
    pub(crate) language: String,
    #[serde(flatten)]
    pub(crate) standing: StandingShown,
    /// When a scan or the operator said so; null where no scan that keeps something met the rule yet.
    #[schema(format = DateTime)]
    pub(crate) at: Option<String>,
}

/// Whether a rule alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RuleState {
    /// What it matches is held back, and told while it is little
    OnTrial,
    /// It alerts, as it matched little on trial
    Passed,
    /// It alerts, as the operator said
    Accepted,
    /// It does not alert
    Parked,
}

/// How a rule stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct StandingShown {
    /// Whether it alerts.
    pub(crate) state: RuleState,
    /// Why it is parked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub(crate) reason: Option<String>,
    /// Matches of its trial, and those since it is parked.
    pub(crate) matches: u64,
    /// Records, or files, that it looked at meanwhile.
    pub(crate) records: u64,
    #[serde(skip)]
    looked_at: LookedAt,
}

impl TrialShown {
    pub(crate) fn of(tried: &Tried) -> TrialShown {
        TrialShown {
            id: tried.key.id.clone(),
            name: tried.name.clone(),
            language: tried.language.clone(),
            standing: StandingShown::of_tried(tried),
            at: tried.at.map(|at| at.to_string()),
        }
    }
}

impl RuleState {
    fn of(verdict: &Verdict) -> RuleState {
        match verdict {
            Verdict::OnTrial => RuleState::OnTrial,
            Verdict::Passed => RuleState::Passed,
            Verdict::Accepted => RuleState::Accepted,
            Verdict::Parked(_) => RuleState::Parked,
        }
    }

    /// The word for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            RuleState::OnTrial => "on-trial",
            RuleState::Passed => "passed",
            RuleState::Accepted => "accepted",
            RuleState::Parked => "parked",
        }
    }
}

/// What a rule looks at, one of it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum LookedAt {
    Record,
    File,
}

impl LookedAt {
    /// What a rule in this language looks at.
    fn by(language: &str) -> LookedAt {
        match language {
            "yara" => LookedAt::File,
            _ => LookedAt::Record,
        }
    }

    /// The word for one.
    pub(crate) fn word(self) -> &'static str {
        match self {
            LookedAt::Record => "record",
            LookedAt::File => "file",
        }
    }
}

impl StandingShown {
    pub(crate) fn of_tried(tried: &Tried) -> StandingShown {
        StandingShown::of(&tried.standing, LookedAt::by(&tried.language))
    }

    pub(crate) fn of(standing: &Standing, looked_at: LookedAt) -> StandingShown {
        StandingShown {
            state: RuleState::of(&standing.verdict),
            reason: reason(standing, looked_at),
            matches: standing.matches,
            records: standing.records,
            looked_at,
        }
    }

    /// What it matched of what it looked at.
    pub(crate) fn counts(&self) -> String {
        format!(
            "{} in {}",
            counted(self.matches, "match"),
            counted(self.records, self.looked_at.word())
        )
    }
}

/// A rule that does not alert freely, at the end of a scan.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct RuleTrial {
    /// The object's id.
    pub(crate) rule: String,
    /// What it is called.
    pub(crate) name: String,
    #[serde(flatten)]
    pub(crate) standing: StandingShown,
}

impl RuleTrial {
    pub(crate) fn of(standing: &Standing, name: &str, looked_at: LookedAt) -> RuleTrial {
        RuleTrial {
            rule: standing.id.clone(),
            name: name.to_owned(),
            standing: StandingShown::of(standing, looked_at),
        }
    }
}

/// The rules of a scan that do not alert freely.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trying {
    /// How many are on trial.
    pub(crate) on_trial: u64,
    /// Those that are parked.
    pub(crate) parked: Vec<RuleTrial>,
}

impl Trying {
    /// Takes in how a rule stands.
    pub(crate) fn take(&mut self, standing: &Standing, name: &str, looked_at: LookedAt) {
        match standing.verdict {
            Verdict::OnTrial => self.on_trial += 1,
            Verdict::Parked(_) => self.parked.push(RuleTrial::of(standing, name, looked_at)),
            Verdict::Passed | Verdict::Accepted => {}
        }
    }
}

/// Why a rule is parked, as people read it; none where it is not.
fn reason(standing: &Standing, looked_at: LookedAt) -> Option<String> {
    let Verdict::Parked(because) = &standing.verdict else {
        return None;
    };
    Some(match because {
        Because::Matches => format!(
            "matches too much: {} of {} that it looked at",
            count(standing.matches),
            counted(standing.records, looked_at.word())
        ),
        Because::Steps(expression) => format!("its expression `{expression}` took too many steps"),
        Because::Operator(reason) => reason.clone(),
    })
}

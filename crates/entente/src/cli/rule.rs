//! `entente rule` as clap sees it.

use clap::{Args, Subcommand};

use crate::answers::trials::RuleState;

#[derive(Debug, Subcommand)]
pub(crate) enum Rule {
    /// Read rules: errors with file, line and way out; what good ones can match, and what they cost
    Check(RuleCheck),
    /// Which rules match which events; exits with 1 where none does
    Eval(RuleEval),
    /// Why a rule matches an event, or why not; exits with 1 where it does not
    Explain(RuleExplain),
    /// The rules that the node holds: which are on trial, which alert, which are parked and why
    Trials(RuleTrials),
    /// Let rules of the node alert from now on, whatever their trials said
    Accept(RuleAccept),
    /// Stop rules of the node that alert too much: what they match is then only counted
    Park(RulePark),
}

#[derive(Debug, Args)]
pub(crate) struct RuleCheck {
    /// Files of Sigma and YARA rules, STIX indicators with rules, folders, globs, or - for stdin
    #[arg(value_name = "PATH", required_unless_present = "batch")]
    pub(crate) paths: Vec<String>,
    /// Also say what each good rule can match, and what evaluating it takes (`--json` always does)
    #[arg(long)]
    pub(crate) cost: bool,
    /// Pipelines that rules go through: `all` of ours, `none`, one of ours by name, or a file
    #[arg(long = "pipeline", value_name = "FILE|NAME", default_value = "all")]
    pub(crate) pipelines: Vec<String>,
    /// Lines of {"id","rule"} on stdin, lines of {"id","valid","error"} on stdout
    #[arg(long, conflicts_with_all = ["paths", "cost"])]
    pub(crate) batch: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RuleEval {
    /// Rules first, then events: logs in any format that `scan` reads, JSON, or - for stdin; behind the first,
    /// what ends in .yml or .yaml is rules too
    #[arg(value_name = "RULE|EVENT", required_unless_present = "batch")]
    pub(crate) given: Vec<String>,
    /// Pipelines that rules go through: `none`, `all` of ours, one of ours by name, or a file
    #[arg(long = "pipeline", value_name = "FILE|NAME", default_value = "none")]
    pub(crate) pipelines: Vec<String>,
    /// Lines of {"id","rule","event"} on stdin, lines of {"id","verdict"} on stdout
    #[arg(long, conflicts_with = "given")]
    pub(crate) batch: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RuleExplain {
    /// A file with one rule
    pub(crate) rule: String,
    /// Events: a log in any format that `scan` reads, JSON, or - for stdin
    pub(crate) event: String,
    /// Pipelines that the rule goes through: `none`, `all` of ours, one of ours by name, or a file
    #[arg(long = "pipeline", value_name = "FILE|NAME", default_value = "none")]
    pub(crate) pipelines: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct RuleTrials {
    /// Only rules that stand so
    #[arg(value_name = "STATE")]
    pub(crate) states: Vec<RuleState>,
}

#[derive(Debug, Args)]
pub(crate) struct RuleAccept {
    /// Ids of indicators with a rule, as `entente rule trials` lists them; another pattern under the same id is on trial
    /// again
    #[arg(required = true, value_name = "ID")]
    pub(crate) ids: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct RulePark {
    /// Ids of indicators with a rule, as `entente rule trials` lists them; another pattern under the same id is on trial
    /// again
    #[arg(required = true, value_name = "ID")]
    pub(crate) ids: Vec<String>,
    /// Why, for whoever asks later
    #[arg(long, value_name = "TEXT")]
    pub(crate) because: String,
}

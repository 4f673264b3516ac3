//! How what is received is handled: TLP 2.0, PAP, and FIRST's Information Exchange Policy 2.0.
//!
//! Words and their order; what follows from them is decided elsewhere.

use std::fmt;

use entente_stix::time::Timestamp;

pub use entente_stix::marking::Tlp;

/// The version of the Traffic Light Protocol that agreements speak: the only one.
pub const TLP_VERSION: &str = "2.0";

/// The version of the Information Exchange Policy framework: the only one.
pub const IEP_VERSION: &str = "2.0";

/// How what is received under an agreement is handled. TLP is always version 2.0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Handling {
    /// What may be done with an object that itself says nothing of PAP.
    pub pap: Option<Pap>,
    /// The policy that holds beside the clauses.
    pub iep: Option<Iep>,
}

/// The Permissible Actions Protocol, from open to closed. `PAP:WHITE` is `Clear`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pap {
    /// `PAP:CLEAR`: no limit.
    Clear,
    /// `PAP:GREEN`: active actions, such as blocking, are allowed.
    Green,
    /// `PAP:AMBER`: passive checks that the adversary cannot notice.
    Amber,
    /// `PAP:RED`: only on own infrastructure that nobody else sees.
    Red,
}

impl Pap {
    /// Every level, from open to closed.
    pub const ALL: [Pap; 4] = [Pap::Clear, Pap::Green, Pap::Amber, Pap::Red];

    /// The level that people write as `amber`, `PAP:RED` or `white`.
    pub fn from_name(name: &str) -> Option<Pap> {
        let lower = name.trim().to_ascii_lowercase();
        match lower.strip_prefix("pap:").unwrap_or(&lower).trim() {
            "clear" | "white" => Some(Pap::Clear),
            "green" => Some(Pap::Green),
            "amber" => Some(Pap::Amber),
            "red" => Some(Pap::Red),
            _ => None,
        }
    }
}

/// As people write it: `PAP:AMBER`.
impl fmt::Display for Pap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Pap::Clear => "PAP:CLEAR",
            Pap::Green => "PAP:GREEN",
            Pap::Amber => "PAP:AMBER",
            Pap::Red => "PAP:RED",
        })
    }
}

/// A FIRST IEP 2.0 policy (Framework Definition §§7 to 11, names as in its JSON Specification).
/// Carried and validated. A statement that is not made says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Iep {
    /// Unique id of the policy: a UUID, or the `https` address of the policy.
    pub id: String,
    /// What people call the policy.
    pub name: String,
    /// Background.
    pub description: Option<String>,
    /// Effective from (`start_date`).
    pub start: Timestamp,
    /// Effective until (`end_date`); `None`: it does not end.
    pub end: Option<Timestamp>,
    /// ENCRYPT IN TRANSIT: `must` or `may`.
    pub encrypt_in_transit: Option<Modal>,
    /// PERMITTED ACTIONS.
    pub permitted_actions: Option<PermittedActions>,
    /// AFFECTED PARTY NOTIFICATIONS: `may` or `must-not`.
    pub affected_party_notifications: Option<Modal>,
    /// TRAFFIC LIGHT PROTOCOL: how far it may be passed on.
    pub tlp: Option<Tlp>,
    /// ATTRIBUTION of the provider: `may`, `must` or `must-not`.
    pub attribution: Option<Modal>,
    /// UNMODIFIED RESALE: `may` or `must-not`.
    pub unmodified_resale: Option<Modal>,
    /// EXTERNAL REFERENCES: addresses of licences, agreements, conditions.
    pub external_references: Vec<String>,
}

impl Iep {
    /// The statements that are words, by their names, as the policy writes them.
    pub(crate) fn statements(&self) -> [(&'static str, Option<&'static str>); 5] {
        let modal = |stated: Option<Modal>| stated.map(Modal::name);
        [
            ("encrypt_in_transit", modal(self.encrypt_in_transit)),
            (
                "permitted_actions",
                self.permitted_actions.map(PermittedActions::name),
            ),
            (
                "affected_party_notifications",
                modal(self.affected_party_notifications),
            ),
            ("attribution", modal(self.attribution)),
            ("unmodified_resale", modal(self.unmodified_resale)),
        ]
    }
}

/// How binding a statement of a policy is (RFC 2119).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Modal {
    /// `must`.
    Must,
    /// `may`.
    May,
    /// `must-not`.
    MustNot,
}

impl Modal {
    /// As IEP 2.0 writes it.
    pub fn name(self) -> &'static str {
        match self {
            Modal::Must => "must",
            Modal::May => "may",
            Modal::MustNot => "must-not",
        }
    }
}

/// What recipients may do upon what they received (IEP 2.0 §8), from closed to open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PermittedActions {
    /// `none`: nothing.
    None,
    /// `contact-for-instruction`: ask the provider first.
    ContactForInstruction,
    /// `internally-visible-actions`: what nobody outside can see.
    InternallyVisible,
    /// `externally-visible-indirect-actions`: passive ones that can be seen outside.
    ExternallyVisibleIndirect,
    /// `externally-visible-direct-actions`: active ones.
    ExternallyVisibleDirect,
}

impl PermittedActions {
    /// Every value, from closed to open.
    pub const ALL: [PermittedActions; 5] = [
        PermittedActions::None,
        PermittedActions::ContactForInstruction,
        PermittedActions::InternallyVisible,
        PermittedActions::ExternallyVisibleIndirect,
        PermittedActions::ExternallyVisibleDirect,
    ];

    /// As IEP 2.0 writes it.
    pub fn name(self) -> &'static str {
        match self {
            PermittedActions::None => "none",
            PermittedActions::ContactForInstruction => "contact-for-instruction",
            PermittedActions::InternallyVisible => "internally-visible-actions",
            PermittedActions::ExternallyVisibleIndirect => "externally-visible-indirect-actions",
            PermittedActions::ExternallyVisibleDirect => "externally-visible-direct-actions",
        }
    }
}

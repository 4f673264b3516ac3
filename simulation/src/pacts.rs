//! Agreements as the world knows them: what was really signed, apart from what any node believes.

use std::collections::{BTreeMap, BTreeSet};

use entente_policy::agreement::{Agreement, Clause, Member, Obligations, Parties};
use entente_policy::handling::Handling;
use entente_stix::marking::Tlp;
use entente_stix::time::Timestamp;

use crate::network::Place;
use crate::random::Random;

/// One agreement, all its versions.
#[derive(Debug, Clone)]
pub struct PactTruth {
    /// Its id.
    pub id: String,
    /// Its members.
    pub members: BTreeSet<Place>,
    /// Its versions, oldest first.
    pub versions: Vec<VersionTruth>,
    /// Who holds it up, and was told that this is known.
    pub suspended: BTreeSet<Place>,
    /// Who may or may not hold it up: a crash came in between.
    pub unsure: BTreeSet<Place>,
}

/// One version.
#[derive(Debug, Clone)]
pub struct VersionTruth {
    /// Its text.
    pub agreement: Agreement,
    /// Who signed, or may have signed when a crash came.
    pub signed: BTreeSet<Place>,
}

impl PactTruth {
    /// Whether `owner` may hand anything over when its clock shows `at`, as far as anybody can know: all signed a
    /// version whose time it is, and the owner itself does not hold it up.
    pub fn may_be_in_force(&self, owner: Place, at: Timestamp) -> bool {
        let held_up = self.suspended.contains(&owner) && !self.unsure.contains(&owner);
        !held_up && self.versions.iter().any(|version| self.counts(version, at))
    }

    /// The most closed level that any version lets go that all signed.
    pub fn ceiling(&self) -> Option<Tlp> {
        let complete = self.versions.iter().filter(|version| self.is_complete(version));
        let clauses = complete.flat_map(|version| &version.agreement.clauses);
        clauses.map(|clause| clause.markings_up_to).max()
    }

    /// The newest version.
    pub fn newest(&self) -> Option<&VersionTruth> {
        self.versions.last()
    }

    fn is_complete(&self, version: &VersionTruth) -> bool {
        self.members.is_subset(&version.signed)
    }

    fn counts(&self, version: &VersionTruth, at: Timestamp) -> bool {
        self.is_complete(version) && version.agreement.from <= at && at < version.agreement.until
    }
}

/// Everything that is made in these worlds, and what it needs.
const TYPES: [&str; 8] = [
    "identity",
    "indicator",
    "malware",
    "tool",
    "relationship",
    "note",
    "domain-name",
    "marking-definition",
];

/// The first version of an agreement.
pub fn first(id: &str, members: Vec<Member>, now: Timestamp, random: &mut Random) -> Agreement {
    const YEAR: i64 = 366 * 86_400 * 1_000_000;
    let clause = Clause {
        name: "share".to_owned(),
        from: Parties::All,
        to: Parties::All,
        types: TYPES.iter().map(|name| (*name).to_owned()).collect(),
        markings_up_to: if random.chance(70) { Tlp::Green } else { Tlp::Amber },
        unmarked: Some(Tlp::Green),
        pap_up_to: None,
        confidence_at_least: None,
        labels_any: BTreeSet::new(),
        labels_none: BTreeSet::new(),
        not_older_than: None,
        redact: random.chance(50),
        drop_custom: false,
        obligations: Obligations {
            redistribute: random.chance(30),
            ..Obligations::default()
        },
    };
    Agreement {
        id: id.to_owned(),
        version: 1,
        title: format!("The agreement {id}"),
        purpose: "Defend together.".to_owned(),
        from: Timestamp::from_micros(now.micros() - YEAR),
        until: Timestamp::from_micros(now.micros() + YEAR),
        parties: members,
        clauses: vec![clause],
        contributions: Vec::new(),
        handling: Handling::default(),
        anonymous_reading: false,
        previous: None,
    }
}

/// The next version: another ceiling.
pub fn amended(before: &Agreement, random: &mut Random) -> Agreement {
    let mut next = before.clone();
    next.version += 1;
    next.previous = Some(before.digest());
    for clause in &mut next.clauses {
        clause.markings_up_to = if random.chance(50) { Tlp::Green } else { Tlp::Amber };
        clause.redact = !clause.redact;
    }
    next
}

/// Agreements by id.
pub type Pacts = BTreeMap<String, PactTruth>;

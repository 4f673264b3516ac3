//! What parties sign: who they are, what each gives and gets, how it is handled, what is owed, and
//! from when to when.
//!
//! Two forms of one document: TOML, which people write and read, and canonical JSON (RFC 8785), which
//! is signed. Both go through one reader, so that they cannot mean different things; what it lets through
//! keeps the rules of `docs/formats/agreement.md`.

mod canonical;
mod document;
mod fault;
mod fields;
mod read;
mod reader;
mod tree;
mod words;

use std::collections::BTreeSet;

use entente_stix::digest::Digest;
use entente_stix::time::Timestamp;

use crate::handling::{Handling, Pap, Tlp};

pub use fault::Fault;

/// A span of time, in seconds.
pub type Seconds = u64;

/// An agreement: one version of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// A short name that its parties chose: `[a-z0-9-]{1,64}`. All versions share it.
    pub id: String,
    /// From 1; an amendment is the next.
    pub version: u32,
    /// What people call it.
    pub title: String,
    /// What it is for, in a sentence or a few.
    pub purpose: String,
    /// In force from this instant on.
    pub from: Timestamp,
    /// In force until just before this instant.
    pub until: Timestamp,
    /// At least two; all of them sign.
    pub parties: Vec<Member>,
    /// What may go from whom to whom; what no clause lets go stays.
    pub clauses: Vec<Clause>,
    /// Who may put objects into another party's node.
    pub contributions: Vec<Contribution>,
    /// How what is received is handled.
    pub handling: Handling,
    /// What is released under it and is TLP:CLEAR may be told to anyone who asks.
    pub anonymous_reading: bool,
    /// [`Agreement::digest`] of the version before; there from version 2 on.
    pub previous: Option<[u8; 32]>,
}

/// A party as an agreement names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// How the clauses call it: `[a-z0-9-]{1,64}`.
    pub name: String,
    /// Id of its STIX identity: `identity--uuid`.
    pub identity: String,
    /// Its root key as C2SP `signed-note` writes a verifier key: `name+hash+base64`.
    pub root_key: String,
}

/// What some parties may release to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// Unique in the agreement: `[a-z0-9-]{1,64}`.
    pub name: String,
    /// Who gives.
    pub from: Parties,
    /// Who gets; a giver never counts among its own recipients.
    pub to: Parties,
    /// STIX types, one by one; words such as `sdo` were expanded when the document was read.
    pub types: BTreeSet<String>,
    /// The most closed level that may go.
    pub markings_up_to: Tlp,
    /// The level that an object without one counts as; `None`: it is not released.
    pub unmarked: Option<Tlp>,
    /// The most closed PAP level that may go; `None`: PAP sets no limit.
    pub pap_up_to: Option<Pap>,
    /// The least confidence, 0 to 100; an object without confidence does not reach it.
    pub confidence_at_least: Option<u8>,
    /// One of these must be there, unless there is none here.
    pub labels_any: BTreeSet<String>,
    /// None of these may be there.
    pub labels_none: BTreeSet<String>,
    /// The greatest age.
    pub not_older_than: Option<Seconds>,
    /// Parts that are marked above `markings_up_to` are taken out; `false`: the object stays whole, here.
    pub redact: bool,
    /// Custom properties are taken out.
    pub drop_custom: bool,
    /// What the recipients owe.
    pub obligations: Obligations,
}

/// Some of the parties, or every one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parties {
    /// Every party of the agreement.
    All,
    /// Those with these names ([`Member::name`]); never empty.
    Named(BTreeSet<String>),
}

impl Parties {
    /// Whether the party of this name is one of them.
    pub fn contains(&self, name: &str) -> bool {
        match self {
            Parties::All => true,
            Parties::Named(names) => names.contains(name),
        }
    }
}

/// What recipients owe for what they get under a clause.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Obligations {
    /// Sightings are reported within this time.
    pub sightings_within: Option<Seconds>,
    /// What was received is deleted after this time.
    pub delete_after: Option<Seconds>,
    /// It may be passed on to others.
    pub redistribute: bool,
}

/// Who may put objects into another party's node, for that party to judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contribution {
    /// Unique among contributions and clauses: `[a-z0-9-]{1,64}`.
    pub name: String,
    /// Who may.
    pub by: Parties,
    /// STIX types, as in [`Clause::types`].
    pub types: BTreeSet<String>,
    /// The most closed level that may be put in.
    pub markings_up_to: Tlp,
    /// The level that an object without a TLP marking counts as; `None`: it may not be put in.
    pub unmarked: Option<Tlp>,
}

impl Agreement {
    /// Reads the TOML of `docs/formats/agreement.md`. Tells every fault of the document in one go, in
    /// the order of its lines.
    pub fn read(toml: &str) -> Result<Agreement, Vec<Fault>> {
        read::agreement(&tree::of_toml(toml)?, Some(toml))
    }

    /// Reads canonical JSON: exactly the bytes that [`Agreement::canonical`] gives, or a fault.
    pub fn from_canonical(json: &[u8]) -> Result<Agreement, Fault> {
        let tree = tree::of_json(json)?;
        let agreement = read::agreement(&tree, None).map_err(Fault::first)?;
        if agreement.canonical().as_bytes() == json {
            Ok(agreement)
        } else {
            Err(Fault::not_canonical())
        }
    }

    /// The canonical JSON (RFC 8785): what is signed, by its [`Agreement::digest`].
    pub fn canonical(&self) -> String {
        canonical::value(self).canonical()
    }

    /// SHA-256 of the canonical JSON.
    pub fn digest(&self) -> [u8; 32] {
        *Digest::of(self.canonical().as_bytes()).as_bytes()
    }

    /// The document for people. What [`Agreement::read`] reads from it has the same canonical JSON.
    pub fn to_toml(&self) -> String {
        document::toml(self)
    }

    /// A document to begin with: commented, with `parties`, one clause from each to all, in force for
    /// `from` to `until`. It is read without a fault where the names and ids are good.
    pub fn template(id: &str, parties: &[Member], from: Timestamp, until: Timestamp) -> String {
        document::template(id, parties, from, until)
    }

    /// Whether this version may follow `before`: of the same agreement, the next number, and naming
    /// the digest of what it amends.
    pub fn follows(&self, before: &Agreement) -> Result<(), Fault> {
        let next = before.version.saturating_add(1);
        if self.id != before.id {
            let what = format!("`{}` amends `{}`, another agreement", self.id, before.id);
            return Err(Fault::whole(what, None));
        }
        if self.version != next {
            let what = format!("version {} after version {}", self.version, before.version);
            return Err(Fault::whole(what, Some(&format!("make it version {next}"))));
        }
        let digest = before.digest();
        if self.previous != Some(digest) {
            let what = format!("`previous` is not the digest of version {}", before.version);
            let way_out = format!("make it \"{}\"", Digest::from_bytes(digest));
            return Err(Fault::whole(what, Some(&way_out)));
        }
        Ok(())
    }

    /// The party of this name.
    pub fn member(&self, name: &str) -> Option<&Member> {
        self.parties.iter().find(|member| member.name == name)
    }

    /// The party with this STIX identity.
    pub fn member_of(&self, identity: &str) -> Option<&Member> {
        self.parties.iter().find(|member| member.identity == identity)
    }
}

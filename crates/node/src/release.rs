//! Releasing: what policy allows becomes entries of a channel's log, durable before it is visible.
//!
//! One log after the other, each in passes: what is referred to before what refers to it. The order of entries
//! depends only on what is released, never on what stays, so that a log tells nothing about the rest of the
//! store. Begin at [`Node::release`]; one log's turn is `run`, one object's decision is `ruling`.

pub(crate) mod append;
mod order;
mod resume;
mod ruling;
mod run;
mod turn;

use entente_policy::standing::Standing;
use entente_policy::terms::Audience;
use entente_store::{Change, EntryKind, NewChannel};

use crate::channel::opening::Opening;
use crate::channel::{self, Desk};
use crate::pact::Pact;
use crate::{Error, Node};
use append::{Appending, Line};
pub(crate) use ruling::{INVALID, invalid};
use run::Run;

/// What to release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// These objects, even if they were decided before.
    Ids(Vec<String>),
    /// What these sources told since they were last released.
    Sources(Vec<String>),
    /// Everything since the last time.
    All,
}

/// What was decided about one object for one audience.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruled {
    /// The object's id.
    pub id: String,
    /// The agreement's id.
    pub agreement: String,
    /// The log it goes to.
    pub origin: String,
    /// The parties that may read that log.
    pub audience: Vec<String>,
    /// The decision.
    pub ruling: Ruling,
}

/// A decision as it is accounted for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// It is an entry of the log now (or would be, in a dry run).
    Released {
        /// The entry's number.
        number: u64,
        /// The clause that allowed it.
        clause: String,
        /// JSON pointers of what was taken out; empty: it goes whole.
        taken_out: Vec<String>,
        /// Whether it takes the place of an earlier form or version in this log.
        replaces: bool,
    },
    /// The log already has exactly this.
    Already {
        /// The entry's number.
        number: u64,
    },
    /// It stays here.
    Withheld {
        /// A stable word for the reason.
        code: String,
        /// The reason as a sentence.
        reason: String,
        /// The nearest clause.
        clause: Option<String>,
    },
}

/// The sums over decisions, and the heads that were signed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReleaseAccount {
    /// Objects decided, once for each audience.
    pub decided: u64,
    /// Entries made.
    pub released: u64,
    /// Of these, forms from which something was taken out.
    pub redacted: u64,
    /// Already released as they are.
    pub already: u64,
    /// Withheld.
    pub withheld: u64,
    /// Logs whose head was signed: name and size.
    pub heads: Vec<(String, u64)>,
}

impl Node {
    /// Decides what `what` selects for every audience of this node's party, in one agreement or in all that are in
    /// force; what is allowed becomes entries of their logs, under signed heads. Each decision is reported once it
    /// is durable. A dry run decides and reports, and writes nothing.
    ///
    /// # Errors
    /// The agreement is not known or not in force, the store is older than what was signed
    /// ([`Error::Rollback`]), or the store or the guard failed. What was reported until then is stored, and the
    /// next call signs it.
    pub fn release(
        &self,
        what: &Selection,
        agreement: Option<&str>,
        dry_run: bool,
        desk: &Desk<'_>,
        report: &mut dyn FnMut(Ruled),
    ) -> Result<ReleaseAccount, Error> {
        let _turn = self.turn();
        let mut account = ReleaseAccount::default();
        let recalled = self.recalled(&desk.keys.party)?;
        for pact in self.pacts_to_release(agreement, desk)? {
            let audiences = channel::audiences(&pact, &pact.terms, &desk.keys.party);
            for audience in &audiences {
                let origin = channel::origin(&pact.agreement.id, &desk.keys.party, &audience.members);
                if !dry_run {
                    self.open_channel(&origin, &pact, audience, desk)?;
                }
                let run = Run::new(self, desk, &pact, audience, &origin, &recalled, dry_run)?;
                run.all(what, report, &mut account)?;
                if !dry_run {
                    account.heads.extend(self.sign_head(&origin, desk)?);
                }
            }
            if !dry_run {
                self.close_former(&pact, &audiences, desk, &mut account)?;
            }
        }
        Ok(account)
    }

    /// The agreements in force, or the one that is named.
    fn pacts_to_release(&self, agreement: Option<&str>, desk: &Desk<'_>) -> Result<Vec<Pact>, Error> {
        let Some(id) = agreement else {
            let mut pacts = self.pacts(desk.at)?;
            pacts.retain(|pact| pact.standing.is_in_force());
            return Ok(pacts);
        };
        let pact = self.pact_in_force(id, desk.at)?;
        Ok(vec![pact])
    }

    fn open_channel(
        &self,
        origin: &str,
        pact: &Pact,
        audience: &Audience,
        desk: &Desk<'_>,
    ) -> Result<(), Error> {
        if self.store.channel(origin)?.is_some() {
            return Ok(());
        }
        // A log that the guard knows and the store does not was lost with its store.
        if let Some(note) = desk.guard.last(origin)? {
            let signed = crate::head::Head::kept(origin, note.as_bytes())?;
            return Err(Error::Rollback {
                origin: origin.to_owned(),
                have: 0,
                signed: signed.size,
            });
        }
        self.store.apply(&Change {
            at: desk.at.micros(),
            channels: vec![NewChannel {
                origin,
                agreement: &pact.agreement.id,
                owner: &desk.keys.party,
                audience: audience.members.iter().map(String::as_str).collect(),
            }],
            ..Change::default()
        })?;
        Ok(())
    }

    /// Closes the logs of audiences that the agreement has no more.
    fn close_former(
        &self,
        pact: &Pact,
        audiences: &[Audience],
        desk: &Desk<'_>,
        account: &mut ReleaseAccount,
    ) -> Result<(), Error> {
        for former in self.own_channels(&desk.keys.party)? {
            let is_current = audiences
                .iter()
                .any(|audience| audience.members == former.audience);
            if former.agreement != pact.agreement.id || former.closed || is_current {
                continue;
            }
            let line = Line {
                kind: EntryKind::Close,
                digest: None,
                expires: None,
                opening: Opening::Close {
                    reason: format!(
                        "version {} of the agreement has no such audience",
                        pact.agreement.version
                    ),
                },
            };
            Appending::open(self, &former.origin, desk)?.append(&[line], Change::default())?;
            account.heads.extend(self.sign_head(&former.origin, desk)?);
        }
        Ok(())
    }

    /// The agreement `id`, which must be in force.
    pub(crate) fn pact_in_force(&self, id: &str, at: entente_stix::time::Timestamp) -> Result<Pact, Error> {
        let unknown = || Error::UnknownAgreement {
            agreement: id.to_owned(),
            version: None,
        };
        let pact = self.pact(id, at)?.ok_or_else(unknown)?;
        match &pact.standing {
            Standing::InForce => Ok(pact),
            standing => Err(Error::NotInForce {
                agreement: id.to_owned(),
                standing: standing.to_string(),
            }),
        }
    }
}

impl ReleaseAccount {
    fn count(&mut self, ruling: &Ruling) {
        self.decided += 1;
        match ruling {
            Ruling::Released { taken_out, .. } => {
                self.released += 1;
                self.redacted += u64::from(!taken_out.is_empty());
            }
            Ruling::Already { .. } => self.already += 1,
            Ruling::Withheld { .. } => self.withheld += 1,
        }
    }
}

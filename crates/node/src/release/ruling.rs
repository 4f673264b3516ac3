//! One object's decision, and who must be decided again because of it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use entente_policy::classes::Classes;
use entente_policy::decide::{Decision, Form, Question, decide};
use entente_policy::terms::{Audience, Terms};
use entente_stix::object::Object;
use entente_stix::time::Timestamp;
use entente_stix::validate::{self, Severity};
use entente_store::{Changed, Cursor, EntryKind, LiveRelease, Stored, Told, type_of};

use super::append::Line;
use super::resume::Resume;
use super::run::Batch;
use super::{Ruled, Ruling, Selection, order};
use crate::channel::Desk;
use crate::channel::opening::{Opening, Release};
use crate::channel::provenance::Provenances;
use crate::channel::surroundings::{Around, Asked};
use crate::limits::LISTED_MAX;
use crate::pact::Pact;
use crate::recall::Recalled;
use crate::{Error, Node};

/// Code of the reason [`invalid`].
pub(crate) const INVALID: &str = "invalid";

/// Why no recipient would take an object in that may go: the first of the standard's rules that it breaks.
pub(crate) fn invalid(object: &Object<'_>) -> Option<String> {
    let findings = validate::object(object.value()).into_iter();
    let mut errors = findings.filter(|finding| finding.severity == Severity::Error);
    let first = errors.next()?;
    let place = match first.pointer.as_str() {
        "" => String::new(),
        pointer => format!(" at `{pointer}`"),
    };
    Some(format!(
        "it is not valid STIX 2.1, recipients would park it: {}{place} ({}): {}",
        first.message, first.clause, first.way_out
    ))
}

/// Decides objects for one log.
pub(super) struct Ruler<'r> {
    node: &'r Node,
    desk: &'r Desk<'r>,
    pact: &'r Pact,
    terms: &'r Terms,
    audience: &'r Audience,
    origin: &'r str,
    classes: Classes,
    around: Asked<'r>,
    provenances: Provenances<'r>,
    /// The number of the next entry.
    next: u64,
    /// Whether this log had nothing before and everything has its turn: nobody before needs a second one.
    is_first: bool,
    /// What was recalled in any log of this party: it does not go again by itself.
    recalled: &'r Recalled,
    what: Selection,
    resume: Resume,
    /// Who waits in this call for whom.
    awaited: BTreeMap<String, BTreeSet<String>>,
    /// Who is to be decided again, by rank.
    again: BTreeSet<(u8, String)>,
    /// Whether those that are decided again have begun.
    is_again: bool,
}

/// Why an object is decided.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// Its turn came.
    Turn,
    /// Somebody named it.
    Asked,
    /// Something that it refers to was released.
    Again,
}

impl<'r> Ruler<'r> {
    pub(super) fn new(
        node: &'r Node,
        desk: &'r Desk<'r>,
        pact: &'r Pact,
        audience: &'r Audience,
        origin: &'r str,
        recalled: &'r Recalled,
    ) -> Result<Ruler<'r>, Error> {
        let size = node.store.channel(origin)?.map_or(0, |channel| channel.size);
        Ok(Ruler {
            node,
            desk,
            pact,
            terms: &pact.terms,
            audience,
            origin,
            classes: Classes::new(),
            around: Asked(RefCell::new(Around::new(
                node,
                origin,
                &pact.agreement.id,
                audience,
            )?)),
            provenances: Provenances::new(node, &desk.keys.party, desk.at),
            next: size,
            is_first: size == 0,
            recalled,
            what: Selection::All,
            resume: Resume::default(),
            awaited: BTreeMap::new(),
            again: BTreeSet::new(),
            is_again: false,
        })
    }

    pub(super) fn begin(&mut self, what: &Selection, resume: &Resume, from_the_start: bool) {
        self.what = what.clone();
        self.resume = resume.clone();
        self.is_first &= from_the_start && !matches!(what, Selection::Ids(_));
    }

    /// Decides what of a page has this rank and is selected.
    pub(super) fn page(&mut self, changed: &[Changed], rank: u8, out: &mut Batch) -> Result<(), Error> {
        let is_turn =
            |changed: &&Changed| order::rank(type_of(&changed.stored.id)) == rank && self.selects(changed);
        let turns: Vec<&Changed> = changed.iter().filter(is_turn).collect();
        if turns.is_empty() {
            return Ok(());
        }
        let ids: Vec<&str> = turns.iter().map(|changed| changed.stored.id.as_str()).collect();
        let live = self.live(&ids)?;
        let owners = self.node.store.owners(&ids)?;
        for ((changed, live), owner) in turns.iter().zip(live).zip(owners) {
            self.one(
                &changed.stored,
                &changed.told,
                owner.as_deref(),
                live,
                Cause::Turn,
                out,
            )?;
        }
        Ok(())
    }

    fn selects(&self, changed: &Changed) -> bool {
        match &self.what {
            Selection::All => true,
            Selection::Ids(_) => false,
            Selection::Sources(names) => changed.told.iter().any(|told| names.contains(&told.source)),
        }
    }

    /// Decides objects that somebody named.
    pub(super) fn asked(&mut self, ids: &[&str], out: &mut Batch) -> Result<(), Error> {
        self.by_id(ids, Cause::Asked, out)
    }

    /// Decides objects again, because of what was released since.
    pub(super) fn again(&mut self, ids: &[String], out: &mut Batch) -> Result<(), Error> {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        self.by_id(&ids, Cause::Again, out)
    }

    fn by_id(&mut self, ids: &[&str], cause: Cause, out: &mut Batch) -> Result<(), Error> {
        let stored = self.node.store.current_many(ids)?;
        let live = self.live(ids)?;
        let owners = self.node.store.owners(ids)?;
        for (((id, stored), live), owner) in ids.iter().zip(stored).zip(live).zip(owners) {
            let Some(stored) = stored else {
                if cause == Cause::Asked {
                    let reason = "it is not known here".to_owned();
                    self.rule(id, Ruling::withheld("unknown", reason), out);
                }
                continue;
            };
            let told = self.node.told(&stored)?;
            // What nobody ever asked to release does not go because something else did.
            if cause == Cause::Again && live.is_none() && !self.resume.covers(&self.what, &told) {
                continue;
            }
            self.one(&stored, &told, owner.as_deref(), live, cause, out)?;
        }
        Ok(())
    }

    /// The live releases of these ids, those that are not durable yet included.
    fn live(&self, ids: &[&str]) -> Result<Vec<Option<LiveRelease>>, Error> {
        let mut live = self.node.store.live(self.origin, ids)?;
        let around = self.around.0.borrow();
        for (id, live) in ids.iter().zip(&mut live) {
            *live = around.fresh(id).or(*live);
        }
        Ok(live)
    }

    fn one(
        &mut self,
        stored: &Stored,
        told: &[Told],
        owner: Option<&str>,
        live: Option<LiveRelease>,
        cause: Cause,
        out: &mut Batch,
    ) -> Result<(), Error> {
        let object = match Object::read(&stored.text) {
            Ok(object) => object,
            Err(refusal) => {
                self.rule(
                    &stored.id,
                    Ruling::withheld("unreadable", refusal.to_string()),
                    out,
                );
                return Ok(());
            }
        };
        let decision = self.decide(&object, told, owner)?;
        match decision {
            Decision::Withhold(withheld) => {
                self.wait_for(&stored.id, &withheld.awaits);
                if cause != Cause::Again {
                    let ruling = Ruling::Withheld {
                        code: withheld.reason.code().to_owned(),
                        reason: withheld.reason.to_string(),
                        clause: withheld.clause,
                    };
                    self.rule(&stored.id, ruling, out);
                }
                Ok(())
            }
            Decision::Release(released) => {
                self.wait_for(&stored.id, &released.value().awaits);
                let form = released.value();
                self.release(&object, stored, form, released.clause(), live, cause, out)
            }
        }
    }

    /// The first of its provenances that lets it go decides; else the last one's reason is told.
    fn decide(&mut self, object: &Object<'_>, told: &[Told], owner: Option<&str>) -> Result<Decision, Error> {
        let mut last = None;
        for provenance in self.provenances.of(object.id(), told, owner)? {
            let question = Question {
                object,
                owner: &self.desk.keys.party,
                audience: self.audience,
                provenance: provenance.as_policy(),
                standing: &self.pact.standing,
                now: self.desk.at,
            };
            let decision = decide(self.terms, &mut self.classes, &question, &self.around);
            self.around.0.borrow_mut().failed()?;
            if matches!(decision, Decision::Release(_)) {
                return Ok(decision);
            }
            last = Some(decision);
        }
        last.ok_or_else(|| Error::Text {
            id: object.id().to_owned(),
            cause: "nobody told it".to_owned(),
        })
    }

    #[allow(clippy::too_many_arguments, reason = "what was found out about one object")]
    fn release(
        &mut self,
        object: &Object<'_>,
        stored: &Stored,
        form: &Form,
        clause: &str,
        live: Option<LiveRelease>,
        cause: Cause,
        out: &mut Batch,
    ) -> Result<(), Error> {
        if let Some((number, digest)) = live
            && digest == form.digest
            && !(cause == Cause::Asked && self.is_erased(number)?)
        {
            if cause != Cause::Again {
                self.rule(&stored.id, Ruling::Already { number }, out);
            }
            return Ok(());
        }
        if let Some(reason) = invalid(object) {
            if cause != Cause::Again {
                self.rule(&stored.id, Ruling::withheld(INVALID, reason), out);
            }
            return Ok(());
        }
        if cause != Cause::Asked
            && live.is_none()
            && self
                .node
                .is_recalled(self.recalled, &stored.id, form.version_micros, self.origin)?
        {
            if cause != Cause::Again {
                let reason = "it was recalled; name it to release it again".to_owned();
                self.rule(&stored.id, Ruling::withheld("recalled", reason), out);
            }
            return Ok(());
        }
        let number = self.next;
        self.next += 1;
        let is_whole = form.taken_out.is_empty();
        let expires = self.expires(clause);
        out.lines.push(Line {
            kind: EntryKind::Release,
            digest: Some(form.digest),
            expires,
            opening: Opening::Release(Release {
                agreement: self.pact.agreement.id.clone(),
                clause: clause.to_owned(),
                digest: form.digest,
                expires,
                redacted: !is_whole,
                object: stored.id.clone(),
                terms: self.terms.digest(),
                version: (form.version_micros != 0).then(|| Timestamp::from_micros(form.version_micros)),
            }),
        });
        out.bytes += 1_024;
        if form.digest != stored.digest {
            out.bytes += form.text.len();
            out.forms
                .push((stored.id.clone(), form.digest, form.text.clone()));
        }
        let is_news = self
            .around
            .0
            .borrow_mut()
            .release(&stored.id, number, form.digest, is_whole)?;
        if is_news {
            self.wake(&stored.id)?;
        }
        let ruling = Ruling::Released {
            number,
            clause: clause.to_owned(),
            taken_out: form.taken_out.clone(),
            replaces: live.is_some(),
        };
        self.rule(&stored.id, ruling, out);
        Ok(())
    }

    fn expires(&self, clause: &str) -> Option<Timestamp> {
        let clauses = &self.pact.agreement.clauses;
        let clause = clauses.iter().find(|named| named.name == clause)?;
        let micros = i64::try_from(clause.obligations.delete_after?)
            .ok()?
            .checked_mul(1_000_000)?;
        Some(Timestamp::from_micros(self.desk.at.micros().checked_add(micros)?))
    }

    fn is_erased(&self, number: u64) -> Result<bool, Error> {
        let entries = self.node.store.entries(self.origin, number, 1)?;
        Ok(entries
            .first()
            .is_some_and(|entry| entry.number == number && entry.erased))
    }

    /// `id` lost references; those that may still come in this call wake it.
    fn wait_for(&mut self, id: &str, awaits: &[String]) {
        let rank = order::rank(type_of(id));
        for target in awaits {
            if self.is_again || order::rank(type_of(target)) >= rank {
                self.awaited
                    .entry(target.clone())
                    .or_default()
                    .insert(id.to_owned());
            }
        }
    }

    /// `id` is released now, or whole now: who refers to it is decided again.
    fn wake(&mut self, id: &str) -> Result<(), Error> {
        let waiting = self.awaited.remove(id).unwrap_or_default();
        self.again
            .extend(waiting.into_iter().map(|id| (order::rank(type_of(&id)), id)));
        if self.is_first && !self.is_again {
            return Ok(());
        }
        let mut after: Option<Cursor> = None;
        loop {
            let page = self.node.store.edges_to(id, None, after.as_ref(), LISTED_MAX)?;
            let referrers = page.items.into_iter().map(|edge| edge.source);
            self.again
                .extend(referrers.map(|id| (order::rank(type_of(&id)), id)));
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    /// Those who are to be decided again, in an order that depends on nothing else; `None` when nobody is left.
    pub(super) fn next_round(&mut self) -> Option<Vec<String>> {
        self.is_again = true;
        let round = std::mem::take(&mut self.again);
        (!round.is_empty()).then(|| round.into_iter().map(|(_, id)| id).collect())
    }

    /// Forgets the releases that the store can tell of by now.
    pub(super) fn forget_durable(&mut self) {
        self.around.0.get_mut().forget_durable();
    }

    fn rule(&self, id: &str, ruling: Ruling, out: &mut Batch) {
        out.ruled.push(Ruled {
            id: id.to_owned(),
            agreement: self.pact.agreement.id.clone(),
            origin: self.origin.to_owned(),
            audience: self.audience.members.clone(),
            ruling,
        });
    }
}

impl Ruling {
    fn withheld(code: &str, reason: String) -> Ruling {
        Ruling::Withheld {
            code: code.to_owned(),
            reason,
            clause: None,
        }
    }
}

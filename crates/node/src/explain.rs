//! Why an object goes to a party, or does not: the decision of each agreement, in sentences.

use entente_policy::classes::Classes;
use entente_policy::decide::{Decision, Question, decide};
use entente_policy::explain::explain;
use entente_stix::object::Object;
use entente_stix::time::Timestamp;
use std::cell::RefCell;

use crate::channel::provenance::Provenances;
use crate::channel::surroundings::{Around, Asked};
use crate::channel::{audiences, origin};
use crate::release::{INVALID, invalid};
use crate::{Error, Node};

/// What one agreement says about an object and a party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// The agreement's id.
    pub agreement: String,
    /// The log that it would go to.
    pub origin: String,
    /// All who read that log.
    pub audience: Vec<String>,
    /// Number of the entry that released it, if that was done and not taken back.
    pub released: Option<u64>,
    /// Whether it may go now.
    pub may_go: bool,
    /// The clause that lets it go, or that comes nearest.
    pub clause: Option<String>,
    /// A stable word for the reason why it does not go.
    pub code: Option<String>,
    /// The decision in sentences.
    pub sentences: Vec<String>,
    /// The text as it would go, where something would be taken out.
    pub form: Option<Vec<u8>>,
}

impl Node {
    /// What would become of the object `id` for `party`, agreement by agreement; empty where no agreement lets this
    /// node's party release to that party. `None`: the object is not known.
    ///
    /// # Errors
    /// The store failed, or the stored text is damaged.
    pub fn explain(&self, id: &str, party: &str, at: Timestamp) -> Result<Option<Vec<Explained>>, Error> {
        let me = self.me()?.ok_or(Error::NotFounded)?;
        let Some(stored) = self.store.current(id)? else {
            return Ok(None);
        };
        let object = Object::read(&stored.text).map_err(|refusal| Error::Text {
            id: id.to_owned(),
            cause: refusal.to_string(),
        })?;
        let owner = self.owner_of(id)?;
        let told = self.told(&stored)?;
        let ways = Provenances::new(self, &me.id, at).of(id, &told, owner.as_deref())?;
        let mut all = Vec::new();
        for pact in self.pacts(at)? {
            let terms = &pact.terms;
            for audience in audiences(&pact, terms, &me.id) {
                if !audience.members.iter().any(|member| member == party) {
                    continue;
                }
                let origin = origin(&pact.agreement.id, &me.id, &audience.members);
                let around = Around::new(self, &origin, &pact.agreement.id, &audience)?;
                let around = Asked(RefCell::new(around));
                let mut classes = Classes::new();
                let mut decided = None;
                for way in &ways {
                    let question = Question {
                        object: &object,
                        owner: &me.id,
                        audience: &audience,
                        provenance: way.as_policy(),
                        standing: &pact.standing,
                        now: at,
                    };
                    let decision = decide(terms, &mut classes, &question, &around);
                    around.0.borrow_mut().failed()?;
                    let sentences = explain(terms, &question, &decision);
                    let may_go = matches!(decision, Decision::Release(_));
                    decided = Some((decision, sentences));
                    if may_go {
                        break;
                    }
                }
                let Some((decision, sentences)) = decided else {
                    continue;
                };
                let live = self.store.live(&origin, &[id])?.first().copied().flatten();
                let mut explained = Explained {
                    agreement: pact.agreement.id.clone(),
                    origin,
                    audience: audience.members.clone(),
                    released: live.map(|(number, _)| number),
                    may_go: false,
                    clause: None,
                    code: None,
                    sentences,
                    form: None,
                };
                match decision {
                    Decision::Release(released) => {
                        explained.clause = Some(released.clause().to_owned());
                        let form = released.value();
                        // What stands is not looked at again.
                        let stands = live.is_some_and(|(_, digest)| digest == form.digest);
                        if let Some(reason) = invalid(&object).filter(|_| !stands) {
                            let (clause, agreement) = (released.clause(), &explained.agreement);
                            explained.sentences = vec![
                                format!("`{id}` stays."),
                                format!(
                                    "Clause `{clause}` of agreement `{agreement}` lets it go, but {reason}."
                                ),
                            ];
                            explained.code = Some(INVALID.to_owned());
                            all.push(explained);
                            continue;
                        }
                        if live.is_none() {
                            let version = stored.version;
                            self.tell_recall(id, version, &me.id, &mut explained)?;
                        }
                        explained.may_go = true;
                        explained.form = (!form.taken_out.is_empty()).then(|| form.text.clone());
                    }
                    Decision::Withhold(withheld) => {
                        explained.code = Some(withheld.reason.code().to_owned());
                        explained.clause = withheld.clause;
                    }
                }
                all.push(explained);
            }
        }
        Ok(Some(all))
    }

    /// Says that the object was recalled in this log, and that it stays until it is named.
    fn tell_recall(&self, id: &str, version: i64, me: &str, explained: &mut Explained) -> Result<(), Error> {
        let recalled = self.recalled(me)?;
        if !self.is_recalled(&recalled, id, version, &explained.origin)? {
            return Ok(());
        }
        let mut recalls = self.recalls_of(id)?;
        recalls.retain(|recall| recall.by == me);
        if let Some(recall) = recalls.into_iter().max_by_key(|recall| recall.at) {
            let (at, reason) = (recall.at, recall.reason);
            explained.sentences.push(format!(
                "It was recalled on {at}: {reason}. It does not go again by itself; named, it does."
            ));
        }
        Ok(())
    }
}

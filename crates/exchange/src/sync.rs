//! The side that asks: a conversation with one peer, question by question.
//!
//! It carries no socket and no state that must be kept: what was taken in is in the node, so a conversation that
//! breaks off anywhere is begun anew and goes on from there. Begin at [`sync`]; who has to wait between a question
//! and its answer holds a [`Sync`] meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use entente_node::Node;
use entente_node::acts::{Act, Fate};
use entente_node::channel::Desk;
use entente_node::reading::{Alarm, TakenIn};
use entente_node::view::{Offer, PeerView, Slice};
use entente_translog::witness::Request;

use crate::answer::name_of;
use crate::limits::{ACTS_ANSWERS_MAX, CHUNK_BYTES_MAX};
use crate::message::{self, Answer, Prefix, Question};
use crate::{Error, heads};

/// What a conversation came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// Acts that were new here.
    pub acts: u64,
    /// Acts of the peer that were refused here, and why: who or what they are about, and the reason.
    pub refused: Vec<(String, String)>,
    /// What was taken in, by log.
    pub logs: BTreeMap<String, TakenIn>,
    /// Channels that the peer did not tell from, and its reason.
    pub withheld: Vec<(String, String)>,
    /// Receipts that were delivered.
    pub receipts: u64,
    /// Cosignatures for heads of this node's own that were brought back.
    pub cosignatures: u64,
    /// What must be looked at by people.
    pub alarms: Vec<Alarm>,
    /// Bytes of questions.
    pub sent: u64,
    /// Bytes of answers.
    pub received: u64,
}

/// Carries the bytes of a question to the peer and brings the bytes of the answer back, or says why not.
pub type Transport<'t> = dyn FnMut(&[u8]) -> Result<Vec<u8>, String> + 't;

/// Talks with `party` until both know what they may know of each other.
///
/// # Errors
/// [`Error`]; everything that was taken in before stays.
pub fn sync(
    node: &Node,
    party: &str,
    desk: &Desk<'_>,
    transport: &mut Transport<'_>,
) -> Result<Account, Error> {
    let mut sync = Sync::new(party);
    while let Some(question) = sync.ask(node, desk)? {
        let answer = transport(&question).map_err(Error::Transport)?;
        sync.take(node, desk, &answer)?;
    }
    Ok(sync.account)
}

/// A conversation under way.
#[derive(Debug)]
pub struct Sync {
    party: String,
    stage: Stage,
    /// Acts that came, taken or refused: the peer need not send them again.
    seen: BTreeSet<Prefix>,
    acts_answers: u32,
    account: Account,
    asked: Vec<Question>,
    /// What the peer lacks.
    tell: Tell,
}

#[derive(Debug, Default)]
struct Tell {
    acts: Vec<Act>,
    heads: Vec<String>,
}

#[derive(Debug)]
enum Stage {
    /// Acts first: they may bring keys and agreements that the rest needs.
    Acts,
    /// Then which channels there are, and the heads that others showed.
    Opening,
    /// Then channel by channel, slice by slice.
    Reading(Vec<Offer>),
    /// Then what the peer should have: acts, heads, receipts, and heads to cosign.
    Telling,
    Over,
}

impl Sync {
    /// A conversation with `party` (its id) that has not begun.
    pub fn new(party: &str) -> Sync {
        Sync {
            party: party.to_owned(),
            stage: Stage::Acts,
            seen: BTreeSet::new(),
            acts_answers: 0,
            account: Account::default(),
            asked: Vec::new(),
            tell: Tell::default(),
        }
    }

    /// What it came to so far.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// The next question to send; `None` where there is none left.
    ///
    /// # Errors
    /// This node failed.
    pub fn ask(&mut self, node: &Node, desk: &Desk<'_>) -> Result<Option<Vec<u8>>, Error> {
        loop {
            self.asked = match &mut self.stage {
                Stage::Acts => vec![self.ask_acts(node, desk)?],
                Stage::Opening => self.ask_opening(node, desk)?,
                Stage::Reading(offers) => match next_slice(node, offers, desk, &mut self.account)? {
                    Some(question) => vec![question],
                    None => {
                        self.stage = Stage::Telling;
                        continue;
                    }
                },
                Stage::Telling => self.ask_telling(node, desk)?,
                Stage::Over => return Ok(None),
            };
            if self.asked.is_empty() {
                self.stage = Stage::Over;
                return Ok(None);
            }
            let question = message::write(&self.asked)?;
            self.account.sent += question.len() as u64;
            return Ok(Some(question));
        }
    }

    /// Takes the answer to the last question in.
    ///
    /// # Errors
    /// It is damaged or no answer to that, or this node failed or cannot accept it. Nothing of this answer was
    /// taken in then but acts and heads, each of which stands on its own.
    pub fn take(&mut self, node: &Node, desk: &Desk<'_>, answer: &[u8]) -> Result<(), Error> {
        let answers = message::read::<Answer>(answer)?;
        self.account.received += answer.len() as u64;
        let asked = std::mem::take(&mut self.asked);
        if let ([Answer::Refused { code, reason }], [_, _, ..]) = (answers.as_slice(), asked.as_slice()) {
            return Err(refused(code, reason));
        }
        if answers.len() != asked.len() {
            return Err(Error::Unasked);
        }
        for (question, answer) in asked.into_iter().zip(answers) {
            self.take_one(node, desk, question, answer)?;
        }
        Ok(())
    }

    fn take_one(
        &mut self,
        node: &Node,
        desk: &Desk<'_>,
        question: Question,
        answer: Answer,
    ) -> Result<(), Error> {
        match (question, answer) {
            (Question::Acts { have }, Answer::Acts { acts, lacks, more }) => {
                self.take_acts(node, desk, &acts)?;
                self.tell.acts = self.lacking_acts(node, desk, &have, &lacks)?;
                self.acts_answers += 1;
                // Who always has more would keep this up without end.
                if !more || acts.is_empty() || self.acts_answers >= ACTS_ANSWERS_MAX {
                    self.stage = Stage::Opening;
                }
            }
            (Question::Channels, Answer::Channels(offers)) => self.stage = Stage::Reading(offers),
            (Question::Heads { .. }, Answer::Heads { notes, lacks }) => {
                self.tell.heads = picked(&self.view(node, desk).heads()?, &lacks);
                self.account.alarms.extend(node.take_heads(&notes, desk.at)?);
            }
            (Question::Slice { origin, .. }, Answer::Slice(slice)) => {
                self.take_slice(node, desk, &origin, &slice)?
            }
            (Question::Slice { origin, .. }, Answer::Refused { reason, .. }) => {
                self.account.withheld.push((origin.clone(), reason));
                self.leave(&origin);
            }
            (Question::Receipts(_), Answer::Taken { new, .. }) => self.account.receipts += new,
            (Question::TakeActs(_) | Question::TakeHeads(_), Answer::Taken { .. }) => {}
            (Question::Witness(request), Answer::Witness { status, body }) => {
                self.take_cosignature(node, desk, &request, status, &body)?;
            }
            // What is handed over may be refused without harm to what was asked.
            (
                Question::TakeActs(_) | Question::TakeHeads(_) | Question::Receipts(_) | Question::Witness(_),
                Answer::Refused { .. },
            ) => {}
            (_, Answer::Refused { code, reason }) => return Err(refused(&code, &reason)),
            _ => return Err(Error::Unasked),
        }
        if matches!(self.stage, Stage::Telling) {
            self.stage = Stage::Over;
        }
        Ok(())
    }

    fn view<'n>(&self, node: &'n Node, desk: &Desk<'_>) -> PeerView<'n> {
        node.view(&self.party, desk.at)
    }

    fn ask_acts(&self, node: &Node, desk: &Desk<'_>) -> Result<Question, Error> {
        let mine = self.view(node, desk).acts()?;
        let mut have: Vec<Prefix> = mine.iter().map(name_of).collect();
        have.extend(
            self.seen
                .iter()
                .filter(|name| !have.contains(name))
                .copied()
                .collect::<Vec<_>>(),
        );
        Ok(Question::Acts { have })
    }

    fn take_acts(&mut self, node: &Node, desk: &Desk<'_>, acts: &[Act]) -> Result<(), Error> {
        self.seen.extend(acts.iter().map(name_of));
        for taken in node.take_acts(acts, desk.at)? {
            match taken.fate {
                Fate::New => self.account.acts += 1,
                Fate::Known => {}
                Fate::Refused(refusal) => self.account.refused.push((taken.subject, refusal.to_string())),
            }
        }
        Ok(())
    }

    /// Of the acts that were named to the peer, those that it lacks and may know.
    fn lacking_acts(
        &self,
        node: &Node,
        desk: &Desk<'_>,
        have: &[Prefix],
        lacks: &[u64],
    ) -> Result<Vec<Act>, Error> {
        let lacking: BTreeSet<Prefix> = picked(have, lacks).into_iter().collect();
        let mut acts = self.view(node, desk).acts()?;
        acts.retain(|act| lacking.contains(&name_of(act)));
        Ok(acts)
    }

    fn ask_opening(&self, node: &Node, desk: &Desk<'_>) -> Result<Vec<Question>, Error> {
        let heads = self.view(node, desk).heads()?;
        let known = heads.iter().map(|note| heads::known(note)).collect();
        Ok(vec![Question::Heads { known }, Question::Channels])
    }

    fn take_slice(&mut self, node: &Node, desk: &Desk<'_>, origin: &str, slice: &Slice) -> Result<(), Error> {
        if slice.origin != origin {
            return Err(Error::Unasked);
        }
        let mut taken = match node.take_in(&self.party, slice, desk) {
            Err(error) if is_of_the_log(&error) => {
                self.note_fault(origin, &error);
                self.leave(origin);
                return Ok(());
            }
            taken => taken?,
        };
        self.account.alarms.append(&mut taken.alarms);
        if taken.held == taken.before || taken.held >= taken.size {
            self.leave(origin);
        }
        let log = self.account.logs.entry(origin.to_owned());
        log.and_modify(|before| add(before, &taken)).or_insert(taken);
        Ok(())
    }

    /// One bad log is left alone; the others flow.
    fn note_fault(&mut self, origin: &str, error: &entente_node::Error) {
        if let entente_node::Error::Forked { origin, proof } = error {
            self.account.alarms.push(Alarm::Fork {
                origin: origin.clone(),
                proof: proof.clone(),
            });
        }
        self.account.withheld.push((origin.to_owned(), error.to_string()));
    }

    /// There is nothing more to ask about this log.
    fn leave(&mut self, origin: &str) {
        if let Stage::Reading(offers) = &mut self.stage {
            offers.retain(|offer| offer.origin != origin);
        }
    }

    fn ask_telling(&mut self, node: &Node, desk: &Desk<'_>) -> Result<Vec<Question>, Error> {
        let tell = std::mem::take(&mut self.tell);
        let mut questions = Vec::new();
        if !tell.acts.is_empty() {
            questions.push(Question::TakeActs(tell.acts));
        }
        if !tell.heads.is_empty() {
            questions.push(Question::TakeHeads(tell.heads));
        }
        node.give_receipts(&self.party, desk)?;
        let receipts = node.receipts_for(&self.party)?;
        if !receipts.is_empty() {
            questions.push(Question::Receipts(receipts));
        }
        let logs = node
            .acknowledged()?
            .into_iter()
            .filter(|log| log.party == self.party);
        for log in logs.take(WITNESS_MAX) {
            questions.extend(
                node.witness_request(&log.origin, &self.party)?
                    .map(Question::Witness),
            );
        }
        Ok(questions)
    }

    fn take_cosignature(
        &mut self,
        node: &Node,
        desk: &Desk<'_>,
        request: &str,
        status: u64,
        body: &str,
    ) -> Result<(), Error> {
        let (Ok(request), Ok(status)) = (Request::read(request.as_bytes()), u16::try_from(status)) else {
            return Err(Error::Unasked);
        };
        node.take_cosignature(request.origin(), &self.party, status, body, desk.at)?;
        self.account.cosignatures += u64::from(status == 200);
        Ok(())
    }
}

/// Whether what is wrong is wrong with this log or its agreement only.
pub(crate) fn is_of_the_log(error: &entente_node::Error) -> bool {
    use entente_node::Error;
    matches!(
        error,
        Error::Gap { .. }
            | Error::Older { .. }
            | Error::WrongAudience { .. }
            | Error::NotInForce { .. }
            | Error::UnknownChannel { .. }
            | Error::BadSlice { .. }
            | Error::BadLog { .. }
            | Error::Forked { .. }
    )
}

/// Heads that one conversation asks to be cosigned.
const WITNESS_MAX: usize = 16;

/// The next log of the peer to read on in.
fn next_slice(
    node: &Node,
    offers: &mut Vec<Offer>,
    desk: &Desk<'_>,
    account: &mut Account,
) -> Result<Option<Question>, Error> {
    while let Some(offer) = offers.last() {
        let reads = node.reads()?;
        let held = reads
            .iter()
            .find(|(origin, _)| *origin == offer.origin)
            .map_or(0, |(_, held)| *held);
        if held < offer.size {
            return Ok(Some(Question::Slice {
                origin: offer.origin.clone(),
                from: held,
                bytes_max: CHUNK_BYTES_MAX as u64,
            }));
        }
        // Nothing to read; but is it the same log as the last time?
        account
            .alarms
            .extend(node.take_heads(std::slice::from_ref(&offer.head), desk.at)?);
        offers.pop();
    }
    Ok(None)
}

pub(crate) fn add(sum: &mut TakenIn, taken: &TakenIn) {
    sum.held = taken.held;
    sum.size = taken.size;
    sum.stored += taken.stored;
    sum.known += taken.known;
    sum.proposals += taken.proposals;
    sum.parked += taken.parked;
    sum.recalled += taken.recalled;
    sum.erased += taken.erased;
    sum.receipt.clone_from(&taken.receipt);
}

fn picked<T: Clone>(items: &[T], places: &[u64]) -> Vec<T> {
    let picked = places
        .iter()
        .filter_map(|place| items.get(usize::try_from(*place).ok()?));
    picked.cloned().collect()
}

fn refused(code: &str, reason: &str) -> Error {
    Error::Refused {
        code: code.to_owned(),
        reason: reason.to_owned(),
    }
}

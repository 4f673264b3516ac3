//! `entente taxii push`: hands what was released to a party in at its TAXII server.
//!
//! What goes out is what [`PeerView`](entente_node::view::PeerView) hands over for that party and nothing else: an
//! entry of a channel's log, decided by policy, under an agreement in force. Where it stopped is kept by entry number.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use entente_exchange::taxii::client::{Became, Collection, Delivery, Outgoing, Root, Step};
use entente_node::Node;
use entente_node::channel::opening::Opening;
use entente_node::view::{Refused, SliceEntry};
use entente_stix::object::Object;
use entente_store::{Expected, NewDocument};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::runtime;
use crate::answers::party::named;
use crate::cli::{Global, TaxiiPush};
use crate::commands::{json_line, out};
use crate::exit::{Exit, Failure};
use crate::feeds::door::{Back, Door};
use crate::feeds::pull::{chosen, discover, failure, name_of, wait};
use crate::place;
use crate::render::{counted, safe, short};

/// Seconds that a server may make us wait in one run.
const PATIENCE: u32 = 600;

/// Entries that are looked at together, and the bytes of their objects.
const ENTRIES_AT_ONCE: usize = 500;
const BYTES_AT_ONCE: usize = 4 << 20;

/// Entries whose objects were not accepted, tried again with the next push.
const OPEN_MAX: usize = 10_000;

/// Where pushes stopped: documents of the store by address and party.
const KIND: &str = "push";

/// How far a channel was handed in.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Progress {
    channels: BTreeMap<String, Handed>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Handed {
    /// The entry after the last one that was handed in.
    next: u64,
    /// Entries before it whose objects the server refused, or said nothing of.
    open: BTreeSet<u64>,
}

/// What became of it all.
#[derive(Debug, Default, Serialize)]
struct Sum {
    accepted: u64,
    refused: u64,
    unsaid: u64,
    /// Releases that were taken back after they had been handed in: TAXII cannot tell that.
    recalled: u64,
}

pub(crate) fn run(global: &Global, asked: &TaxiiPush) -> Result<Exit, Failure> {
    let node = match asked.dry_run {
        true => place::open_to_read(global)?,
        false => place::open_existing_to_write(global)?,
    };
    let party = named(&node, Some(&asked.to))?;
    if party.is_self {
        return Err(Failure::usage(
            "this node's own party gets nothing released; name the party whose server it is with `--to`",
        ));
    }
    let door = Door::open(&asked.way.way())?;
    let runtime = runtime()?;
    let mut patience = PATIENCE;
    let (found, _) = runtime.block_on(discover(&door, &asked.url, &mut patience))?;
    let collection = chosen(&found, std::slice::from_ref(&asked.collection))?
        .pop()
        .ok_or_else(|| Failure::not_found("the server shows no such collection"))?;
    if !collection.can_write {
        return Err(Failure::refused(format!(
            "the server does not let us write to `{}`; ask its operator for that right",
            safe(name_of(&collection))
        )));
    }
    let root = found.roots.iter().find(|root| root.url == collection.root);
    let mut push = Push {
        node: &node,
        global,
        asked,
        party: party.id,
        party_name: party.name,
        bytes_max: root.and_then(|root: &Root| root.content_bytes_max),
        collection,
        sum: Sum::default(),
    };
    let done = push.all(&mut |delivery| runtime.block_on(deliver(&door, delivery, &mut patience)));
    let told = push.tell_sum();
    let sum = push.sum;
    node.close()?;
    done?;
    told?;
    Ok(match sum.refused + sum.unsaid {
        0 => Exit::Done,
        _ => Exit::BadInput,
    })
}

async fn deliver(door: &Door, delivery: &mut Delivery, patience: &mut u32) -> Result<(), Failure> {
    loop {
        match delivery.step() {
            Step::Done => return Ok(()),
            Step::Wait(seconds) => wait(seconds, patience).await?,
            Step::Ask(request) => match door.ask(&request).await? {
                Back::Answer(response) => delivery.take(&response, place::now()).map_err(failure)?,
                Back::TooBig => {
                    return Err(Failure::network(format!(
                        "`{}` answers with more than {} bytes where it should say what became of a request",
                        request.url, request.answer_bytes_max
                    )));
                }
            },
        }
    }
}

struct Push<'a> {
    node: &'a Node,
    global: &'a Global,
    asked: &'a TaxiiPush,
    party: String,
    party_name: String,
    bytes_max: Option<u64>,
    collection: Collection,
    sum: Sum,
}

/// An entry whose content may be told.
struct Ready {
    number: u64,
    object: Outgoing,
}

type Deliver<'d> = dyn FnMut(&mut Delivery) -> Result<(), Failure> + 'd;

impl Push<'_> {
    fn all(&mut self, deliver: &mut Deliver<'_>) -> Result<(), Failure> {
        let mut progress = self.progress()?;
        let offers = self
            .node
            .view(&self.party, place::now())
            .channels()
            .map_err(refused)?;
        if offers.is_empty() {
            return Err(Failure::refused(format!(
                "nothing was released to `{}` under an agreement in force; `entente release` does that",
                safe(&self.party_name)
            )));
        }
        for offer in offers {
            self.channel(&offer.origin, offer.size, &mut progress, deliver)?;
        }
        Ok(())
    }

    fn channel(
        &mut self,
        origin: &str,
        size: u64,
        progress: &mut Progress,
        deliver: &mut Deliver<'_>,
    ) -> Result<(), Failure> {
        let named = !self.asked.ids.is_empty();
        let handed = progress.channels.entry(origin.to_owned()).or_default().clone();
        let again: Vec<u64> = if named {
            Vec::new()
        } else {
            handed.open.iter().copied().collect()
        };
        for number in again {
            let ready = self.ready(origin, number, 1)?;
            self.hand_in(origin, ready.0, progress, deliver)?;
        }
        let mut from = if named { 0 } else { handed.next };
        while from < size {
            let (ready, end) = self.ready(origin, from, ENTRIES_AT_ONCE)?;
            if end <= from {
                return Ok(());
            }
            self.hand_in(origin, ready, progress, deliver)?;
            from = end;
            if !named && !self.asked.dry_run {
                progress.channels.entry(origin.to_owned()).or_default().next = end;
                self.keep(progress)?;
            }
        }
        Ok(())
    }

    /// Entries from a number on whose content this party may be told now, and the number after the last one looked at.
    fn ready(&mut self, origin: &str, from: u64, entries_max: usize) -> Result<(Vec<Ready>, u64), Failure> {
        let view = self.node.view(&self.party, place::now());
        let slice = view
            .slice(origin, from, entries_max, BYTES_AT_ONCE)
            .map_err(refused)?;
        let end = slice.end();
        let mut ready = Vec::new();
        for (number, entry) in (from..).zip(slice.entries) {
            match entry {
                SliceEntry {
                    content: Some(text), ..
                } => ready.extend(outgoing(number, text)),
                SliceEntry { opening, .. } => self.sum.recalled += u64::from(is_recall(&opening)),
            }
        }
        ready.retain(|ready| self.asked.ids.is_empty() || self.asked.ids.contains(&ready.object.id));
        Ok((ready, end))
    }

    fn hand_in(
        &mut self,
        origin: &str,
        ready: Vec<Ready>,
        progress: &mut Progress,
        deliver: &mut Deliver<'_>,
    ) -> Result<(), Failure> {
        if ready.is_empty() {
            return Ok(());
        }
        if self.asked.dry_run {
            for ready in &ready {
                self.tell(origin, ready.number, &ready.object.id, "would be handed in", None)?;
            }
            return Ok(());
        }
        let objects = ready.iter().map(|ready| ready.object.clone()).collect();
        let mut delivery = Delivery::new(&self.collection, self.bytes_max, objects);
        let done = deliver(&mut delivery);
        // In order, up to where it broke off.
        for (ready, (id, became)) in ready.iter().zip(delivery.became()) {
            let handed = progress.channels.entry(origin.to_owned()).or_default();
            let (word, why) = match became {
                Became::Accepted => {
                    self.sum.accepted += 1;
                    handed.open.remove(&ready.number);
                    ("accepted", None)
                }
                Became::Unsaid => {
                    self.sum.unsaid += 1;
                    ("unsaid", Some("the server does not say what became of it"))
                }
                Became::Refused(why) => {
                    self.sum.refused += 1;
                    ("refused", Some(why.as_str()))
                }
            };
            if *became != Became::Accepted && handed.open.len() < OPEN_MAX {
                handed.open.insert(ready.number);
            }
            self.tell(origin, ready.number, id, word, why)?;
        }
        if done.is_err() {
            // What came before the break is not handed in twice.
            if let Some(last) = ready.iter().take(delivery.became().len()).next_back() {
                let handed = progress.channels.entry(origin.to_owned()).or_default();
                handed.next = handed.next.max(last.number + 1);
            }
        }
        if self.asked.ids.is_empty() {
            self.keep(progress)?;
        }
        done
    }

    fn tell(
        &self,
        origin: &str,
        number: u64,
        id: &str,
        outcome: &str,
        reason: Option<&str>,
    ) -> Result<(), Failure> {
        let mut out = out();
        if self.global.json {
            json_line(
                &mut out,
                &json!({"log": origin, "entry": number, "id": id, "outcome": outcome, "reason": reason}),
            )?;
        } else if !self.global.quiet {
            let why = reason
                .map(|why| format!(": {}", short(why, 300)))
                .unwrap_or_default();
            writeln!(
                out,
                "{outcome}  {}  entry {number} of {}{why}",
                safe(id),
                safe(origin)
            )?;
        }
        Ok(out.flush()?)
    }

    fn tell_sum(&self) -> Result<(), Failure> {
        let mut out = out();
        if self.global.json {
            json_line(
                &mut out,
                &json!({"push": self.sum, "dry_run": self.asked.dry_run}),
            )?;
        } else if !self.global.quiet && !self.asked.dry_run {
            writeln!(
                out,
                "{} accepted, {} refused, {} without a word",
                counted(self.sum.accepted, "object"),
                self.sum.refused,
                self.sum.unsaid
            )?;
            if self.sum.recalled > 0 {
                writeln!(
                    out,
                    "{} taken back since: TAXII has no word for that; tell the party",
                    counted(self.sum.recalled, "release")
                )?;
            }
        }
        Ok(out.flush()?)
    }

    fn key(&self) -> String {
        format!("{}\n{}", self.collection.url, self.party)
    }

    fn progress(&self) -> Result<Progress, Failure> {
        let document = self
            .node
            .store()
            .document(KIND, &self.key(), place::now().micros())
            .map_err(place::failure)?;
        let progress = document.and_then(|document| serde_json::from_slice(&document.value).ok());
        Ok(progress.unwrap_or_default())
    }

    fn keep(&self, progress: &Progress) -> Result<(), Failure> {
        let value = serde_json::to_vec(progress).map_err(std::io::Error::from)?;
        let document = NewDocument {
            kind: KIND,
            key: &self.key(),
            value: Some(&value),
            expires_at: None,
            expected: Expected::Any,
        };
        let put = self.node.store().put_document(&document, place::now().micros());
        put.map_err(place::failure)?;
        Ok(())
    }
}

fn outgoing(number: u64, text: Vec<u8>) -> Option<Ready> {
    let id = Object::read(&text).ok()?.id().to_owned();
    Some(Ready {
        number,
        object: Outgoing { id, text },
    })
}

fn is_recall(opening: &[u8]) -> bool {
    matches!(Opening::read(opening), Ok(Opening::Recall(_)))
}

fn refused(refused: Refused) -> Failure {
    match refused {
        Refused::Failed(cause) => place::node_failure(*cause),
        refused => Failure::refused(refused),
    }
}

//! Parties witness each other's logs: C2SP tlog-witness, with the parties' own keys.

use entente_policy::standing::Standing;
use entente_stix::time::Timestamp;
use entente_store::{Change, NewNote};
use entente_translog::note::Verifier;
use entente_translog::witness::{Answer, Request, decide};
use entente_translog::{cosignature, proof};

use crate::channel::{Desk, read_origin};
use crate::head::Head;
use crate::limits::HEAD_BYTES_MAX;
use crate::{Error, Node};

/// Kind of the notes that are the heads which this node cosigned last: subject the log.
const WITNESSED: &str = "witnessed";

/// Kind of the notes that say how far another party cosigned an own log: subject the log, party the witness.
const COSIGNED: &str = "cosigned";

/// Under what name the guard keeps the head of another's log that was cosigned last.
fn guarded_as(origin: &str) -> String {
    format!("witness/{origin}")
}

impl Node {
    /// The answer to a request to cosign a head: status and body, as C2SP tlog-witness says. What is cosigned is
    /// durable before the answer exists.
    ///
    /// A node cosigns the logs of parties with which it has an agreement, and only at their own request: whoever
    /// cosigns learns how many entries a log has.
    pub(crate) fn witness(&self, party: &str, body: &str, desk: &Desk<'_>) -> Result<(u16, String), Error> {
        // Reading what was cosigned last and noting the next is one act: of two requests at once the smaller never
        // wins.
        let _turn = self.turn();
        let Ok(request) = Request::read(body.as_bytes()) else {
            return Ok((Answer::BadRequest.status(), String::new()));
        };
        let origin = request.origin().to_owned();
        let keys = self.witnessed_keys(&origin, party, desk.at)?;
        let guarded = desk.guard.last(&guarded_as(&origin))?;
        let last = self.witnessed(&origin, guarded.as_deref())?;
        let answer = decide(&request, &keys, last.as_ref().map(|head| (head.size, head.root)));
        let body = match &answer {
            Answer::Cosign(checkpoint) => {
                let note = checkpoint.note();
                self.store.apply(&Change {
                    at: desk.at.micros(),
                    notes: vec![NewNote {
                        kind: WITNESSED,
                        subject: &origin,
                        party: &desk.keys.party,
                        size: i64::try_from(checkpoint.size).unwrap_or(i64::MAX),
                        text: note.as_bytes(),
                    }],
                    ..Change::default()
                })?;
                // A restored backup has forgotten what was cosigned after it; the guard has not.
                desk.guard
                    .advance(&guarded_as(&origin), guarded.as_deref(), note)?;
                let seconds = u64::try_from(desk.at.micros().div_euclid(1_000_000)).unwrap_or(0);
                cosignature::cosign(note.as_bytes(), &desk.keys.cosigner()?, seconds)?
            }
            Answer::Conflict { size } => {
                self.look_at_refused(last.as_ref(), request.note(), desk.at)?;
                format!("{size}\n")
            }
            Answer::Unprocessable => {
                self.look_at_refused(last.as_ref(), request.note(), desk.at)?;
                String::new()
            }
            _ => String::new(),
        };
        Ok((answer.status(), body))
    }

    /// The keys under which `party` may ask for its log `origin` to be cosigned; none where it may not.
    fn witnessed_keys(&self, origin: &str, party: &str, at: Timestamp) -> Result<Vec<Verifier>, Error> {
        let Some((agreement, owner)) = read_origin(origin) else {
            return Ok(Vec::new());
        };
        let Some(pact) = self.pact(agreement, at)?.filter(|_| owner == party) else {
            return Ok(Vec::new());
        };
        let is_draft = matches!(pact.standing, Standing::Draft { .. });
        if is_draft || pact.agreement.member_of(party).is_none() {
            return Ok(Vec::new());
        }
        // Names of logs that no audience has would be remembered without end.
        if self.store.channel(origin)?.is_none() && self.audience_of(origin, &pact, &owner)?.is_none() {
            return Ok(Vec::new());
        }
        Ok(self.known_party(party)?.verifiers(at))
    }

    /// The greatest head that was cosigned, as the store or the guard knows it.
    fn witnessed(&self, origin: &str, guarded: Option<&str>) -> Result<Option<Head>, Error> {
        let notes = self.store.notes(WITNESSED, origin)?;
        let stored = notes.first().map(|note| note.text.as_slice());
        let heads = stored.into_iter().chain(guarded.map(str::as_bytes));
        let heads: Vec<Head> = heads
            .map(|note| Head::kept(origin, note))
            .collect::<Result<_, _>>()?;
        Ok(heads.into_iter().max_by_key(|head| head.size))
    }

    /// The body of the request that asks `witness` to cosign the head of an own log; `None` where it did, or there
    /// is no head.
    ///
    /// # Errors
    /// The store failed, or the log is none of this node's own.
    pub fn witness_request(&self, origin: &str, witness: &str) -> Result<Option<String>, Error> {
        let channel = self.store.channel(origin)?.ok_or_else(|| Error::UnknownChannel {
            origin: origin.to_owned(),
        })?;
        let Some(head) = Head::of(&channel)? else {
            return Ok(None);
        };
        let notes = self.store.notes(COSIGNED, origin)?;
        let note = notes.iter().find(|note| note.party == witness);
        let old = note.map_or(0, |note| u64::try_from(note.size).unwrap_or(0));
        let is_done = note.is_some_and(|note| old == head.size && !note.text.is_empty());
        if is_done || old > head.size {
            return Ok(None);
        }
        let consistency = match old {
            0 => Vec::new(),
            old if old == head.size => Vec::new(),
            old => self.in_tree(origin, proof::consistency(&self.tree(origin), old, head.size))?,
        };
        let request = Request::new(old, consistency, head.note)?;
        Ok(Some(request.to_string()))
    }

    /// Takes a witness's answer to [`Node::witness_request`]: a good cosignature is put under the stored head, and a
    /// conflict's size is noted for the next request.
    ///
    /// # Errors
    /// The cosignature is not good ([`Error::Log`]), or the store failed.
    pub fn take_cosignature(
        &self,
        origin: &str,
        witness: &str,
        status: u16,
        body: &str,
        at: Timestamp,
    ) -> Result<(), Error> {
        let _turn = self.turn();
        let channel = self.store.channel(origin)?.ok_or_else(|| Error::UnknownChannel {
            origin: origin.to_owned(),
        })?;
        if status == 409 {
            let size = body.trim().parse::<i64>().ok().filter(|size| *size >= 0);
            return size.map_or(Ok(()), |size| self.note_cosigned(origin, witness, size, "", at));
        }
        let head = Head::of(&channel)?.filter(|_| status == 200 && body.len() <= HEAD_BYTES_MAX);
        let Some(head) = head else {
            return Ok(());
        };
        let keys: Vec<Verifier> = self
            .known_party(witness)?
            .verifiers(at)
            .iter()
            .filter_map(|key| key.as_cosigner().ok())
            .collect();
        // One line for each witness: with others a witness could fill the head, and keep out who comes after it.
        let is_under =
            |note: &str| cosignature::verify(note.as_bytes(), &keys).is_ok_and(|found| !found.is_empty());
        let with = |line: &str| {
            cosignature::attach(&head.note, line)
                .ok()
                .filter(|note| is_under(note))
        };
        let cosigned = match is_under(&head.note) {
            true => Some(head.note.clone()),
            false => body.split_inclusive('\n').find_map(with),
        };
        let Some(cosigned) = cosigned else {
            if let Ok(note) = cosignature::attach(&head.note, body) {
                cosignature::verify(note.as_bytes(), &keys)?;
            }
            return Ok(());
        };
        self.store.apply(&Change {
            at: at.micros(),
            heads: vec![(origin, cosigned.as_bytes())],
            ..Change::default()
        })?;
        let size = i64::try_from(head.size).unwrap_or(i64::MAX);
        self.note_cosigned(origin, witness, size, body, at)
    }

    fn note_cosigned(
        &self,
        origin: &str,
        witness: &str,
        size: i64,
        line: &str,
        at: Timestamp,
    ) -> Result<(), Error> {
        self.store.apply(&Change {
            at: at.micros(),
            notes: vec![NewNote {
                kind: COSIGNED,
                subject: origin,
                party: witness,
                size,
                text: line.as_bytes(),
            }],
            ..Change::default()
        })?;
        Ok(())
    }
}

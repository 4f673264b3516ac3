//! How this node introduces itself to another, and believes who that is.

use entente_exchange::hello::{Hello, Met, Moment, Refusal, Said, Threshold, VERSIONS, common};
use entente_node::Node;
use entente_node::keys::Keys;
use entente_node::party::Party;
use entente_stix::time::Timestamp;

use super::line::Line;
use super::{Book, Peer, Pinned};
use crate::exit::{Exit, Failure};
use crate::kept::Kept;
use crate::keys::seed;
use crate::place;
use crate::render::safe;

/// Meets who answers at the other end of `line`: both sides say hello, and know each other's keys afterwards. `wanted`:
/// who it must be.
pub(crate) async fn meet(
    line: &Line,
    node: &Node,
    keys: &Keys,
    wanted: Option<&Party>,
) -> Result<(Party, Met), Failure> {
    let threshold = Threshold::read(&line.hello(Vec::new()).await?).map_err(|error| wrong(error.into()))?;
    common(&threshold.versions).map_err(wrong)?;
    let party = who(node, keys, &threshold, wanted)?;
    let nonce = seed()?;
    let hello = Hello {
        from: keys.party.clone(),
        to: party.id.clone(),
        key: line.own_key(),
        answers: threshold.nonce,
        nonce,
        at: place::now(),
        versions: VERSIONS.to_vec(),
    };
    let note = hello.sign(keys).map_err(wrong)?;
    let answer = line.hello(note.into_bytes()).await?;
    let said = Said::read(&answer).map_err(|error| wrong(error.into()))?;
    let moment = Moment {
        me: &keys.party,
        key: line.shown_key(),
        nonce: &nonce,
        at: place::now(),
    };
    let met = said.verify(Some(&party), &moment).map_err(wrong)?;
    Ok((party, met))
}

/// The party that is said to answer there, as its card is known here.
fn who(node: &Node, keys: &Keys, threshold: &Threshold, wanted: Option<&Party>) -> Result<Party, Failure> {
    if threshold.party == keys.party {
        return Err(Failure::usage("that is the address of this node itself"));
    }
    let known = node.party(&threshold.party)?;
    if let Some(wanted) = wanted.filter(|wanted| wanted.id != threshold.party) {
        let other = known.map_or(threshold.party.clone(), |party| party.name);
        return Err(Failure::refused(format!(
            "there answers {}, not {}; check the address",
            safe(&other),
            safe(&wanted.name)
        )));
    }
    known.ok_or_else(|| {
        Failure::not_found(format!(
            "there answers `{}`, of whom there is no card here; get it by another way, compare its fingerprint, and take it in with \
             `entente party add FILE`",
            safe(&threshold.party)
        ))
    })
}

/// Whoever answers there is at fault, or its clock.
fn wrong(refusal: Refusal) -> Failure {
    Failure {
        exit: match refusal {
            Refusal::Keys(_) => Exit::Store,
            _ => Exit::Network,
        },
        message: refusal.to_string(),
    }
}

/// Keeps who was met, with the key pinned; `change` says the rest. The key that was pinned before.
///
/// # Errors
/// The key is known as another party's, or the book cannot be changed.
pub(crate) fn keep(
    book: &Kept<Book>,
    party: &Party,
    met: &Met,
    at: Timestamp,
    change: impl FnOnce(&mut Peer),
) -> Result<Option<Pinned>, Failure> {
    book.change(|book| {
        let pinned = Pinned::of(met, at);
        require_free(book, party, pinned.as_ref())?;
        // Whoever operates this node wants it back.
        book.removed.remove(&party.id);
        let peer = book
            .peers
            .entry(party.id.clone())
            .or_insert_with(|| Peer::new(at));
        change(peer);
        Ok(std::mem::replace(&mut peer.answers_with, pinned))
    })
}

/// One key is one party's.
fn require_free(book: &Book, party: &Party, pinned: Option<&Pinned>) -> Result<(), Failure> {
    let holder = pinned.and_then(|pinned| book.holder(&pinned.key));
    match holder.filter(|holder| *holder != party.id) {
        Some(other) => Err(Failure::refused(format!(
            "its TLS key is known as that of `{}`; if that is over, `entente peer remove` it first",
            safe(other)
        ))),
        None => Ok(()),
    }
}

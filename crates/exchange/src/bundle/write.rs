//! Writing a bundle: in one pass, with the memory of one section.

use std::io::Write;

use entente_node::Node;
use entente_node::bundled::LastBundle;
use entente_node::channel::Desk;
use entente_node::party::Party;
use entente_node::view::{Offer, PeerView};
use entente_stix::digest::Digest;
use entente_stix::time::Timestamp;
use entente_translog::note;

use super::frames::{Frames, Tag};
use super::header::{Closing, Header, Log};
use super::{Error, sealed};
use crate::limits::{CHUNK_BYTES_MAX, CHUNK_ENTRIES_MAX};
use crate::wire::Writer;
use crate::{heads, message, packed, slice};

/// What bundle is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// For whom: the party's id.
    pub party: &'a str,
    /// Under which agreement.
    pub agreement: &'a str,
    /// From which entries on.
    pub from: From,
    /// Whether the party gets the entries of its own logs back, of which copies are held here: it lost them.
    pub give_back: bool,
    /// Until when it counts.
    pub until: Timestamp,
}

/// From which entries of its logs on a bundle tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// What the party has not given a receipt for.
    Receipts,
    /// What the bundle before this one did not tell; whether that arrived is not known.
    LastBundle,
    /// Everything.
    Beginning,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// What the bundle says of itself.
    pub header: Header,
    /// What the next one will call this one by.
    pub digest: Digest,
    /// Entries of logs in it.
    pub entries: u64,
}

/// Writes a bundle to `out`. It counts as sent once this returns: then give it to the courier.
///
/// # Errors
/// [`Error::NoRecipient`]; [`Error::Node`] where the agreement is not in force or unknown; [`Error::Moved`];
/// [`Error::Io`].
pub fn write<W: Write>(node: &Node, order: &Order<'_>, desk: &Desk<'_>, out: W) -> Result<Written, Error> {
    let party = recipient(node, order.party)?;
    let view = node.view(&party.id, desk.at);
    let mut offers: Vec<(Offer, From)> = with(view.channels()?, order.from);
    if order.give_back {
        // What the party lost of its own log, nobody knows: all of it goes.
        offers.extend(with(view.copies()?, From::Beginning));
    }
    offers.retain(|(offer, _)| offer.agreement == order.agreement);
    let header = header(node, order, desk, &party, &offers)?;
    let mut out = Frames::begin(sealed::seal(&party, out)?)?;
    let signed = note::sign(&header.text(), &[&desk.keys.signer()?]).map_err(entente_node::Error::from)?;
    out.write_apart(Tag::Header, signed.as_bytes())?;
    node.give_receipts(&party.id, desk)?;
    let entries = body(node, &view, &header, &mut out)?;
    let (sections, body) = out.sum();
    let closing = Closing {
        header: Digest::of(signed.as_bytes()),
        sections,
        body,
    };
    let signed = note::sign(&closing.text(), &[&desk.keys.signer()?]).map_err(entente_node::Error::from)?;
    out.write_apart(Tag::Closing, signed.as_bytes())?;
    out.finish().finish()?;
    let ends: Vec<(&str, u64)> = header
        .logs
        .iter()
        .map(|log| (log.origin.as_str(), log.size))
        .collect();
    let bundle = LastBundle {
        number: header.number,
        digest: closing.digest(),
    };
    node.note_bundle_sent(order.agreement, &party.id, bundle, &ends, desk.at)?;
    Ok(Written {
        header,
        digest: closing.digest(),
        entries,
    })
}

fn with(offers: Vec<Offer>, from: From) -> Vec<(Offer, From)> {
    offers.into_iter().map(|offer| (offer, from)).collect()
}

fn recipient(node: &Node, id: &str) -> Result<Party, Error> {
    let party = node.party(id)?;
    party.ok_or_else(|| Error::NoRecipient {
        party: id.to_owned(),
        cause: "it is not known here".to_owned(),
    })
}

fn header(
    node: &Node,
    order: &Order<'_>,
    desk: &Desk<'_>,
    party: &Party,
    offers: &[(Offer, From)],
) -> Result<Header, Error> {
    let pact = node.pact(order.agreement, desk.at)?;
    let pact = pact.ok_or_else(|| entente_node::Error::UnknownAgreement {
        agreement: order.agreement.to_owned(),
        version: None,
    })?;
    if !pact.standing.is_in_force() || pact.agreement.member_of(&party.id).is_none() {
        return Err(Error::Node(entente_node::Error::NotInForce {
            agreement: order.agreement.to_owned(),
            standing: pact.standing.to_string(),
        }));
    }
    let last = node.bundle_sent(order.agreement, &party.id)?;
    let mut logs = offers
        .iter()
        .map(|(offer, from)| log(node, *from, party, offer))
        .collect::<Result<Vec<_>, Error>>()?;
    logs.sort();
    Ok(Header {
        issuer: desk.keys.party.clone(),
        audience: party.id.clone(),
        agreement: order.agreement.to_owned(),
        version: pact.agreement.version,
        terms: Digest::from_bytes(pact.agreement.digest()),
        number: last.as_ref().map_or(1, |last| last.number + 1),
        previous: last.map(|last| last.digest),
        not_before: desk.at,
        until: order.until,
        logs,
    })
}

fn log(node: &Node, from: From, party: &Party, offer: &Offer) -> Result<Log, Error> {
    let moved = || Error::Moved {
        origin: offer.origin.clone(),
    };
    let head = heads::read(&offer.head)
        .filter(|head| head.size == offer.size)
        .ok_or_else(moved)?;
    let from = match from {
        From::Beginning => 0,
        From::Receipts => {
            let receipts = node.acknowledged()?;
            let receipt = receipts
                .iter()
                .find(|one| one.origin == offer.origin && one.party == party.id);
            receipt.map_or(0, |receipt| receipt.size)
        }
        From::LastBundle => node.bundle_sent_up_to(&offer.origin, &party.id)?,
    };
    Ok(Log {
        origin: offer.origin.clone(),
        from: from.min(head.size),
        size: head.size,
        root: Digest::from_bytes(head.root),
    })
}

/// Everything between header and closing; how many entries that was.
fn body<W: Write>(
    node: &Node,
    view: &PeerView<'_>,
    header: &Header,
    out: &mut Frames<W>,
) -> Result<u64, Error> {
    let mut acts = Writer::default();
    message::write_acts(&view.acts()?, &mut acts);
    section(out, Tag::Acts, acts)?;
    let mut entries = 0;
    for log in &header.logs {
        entries += slices(view, log, out)?;
    }
    let texts = |texts: Vec<String>| {
        let mut writer = Writer::default();
        writer.texts(texts.iter().map(String::as_str));
        writer
    };
    section(out, Tag::Receipts, texts(node.receipts_for(&header.audience)?))?;
    section(out, Tag::Heads, texts(view.heads()?))?;
    Ok(entries)
}

fn slices<W: Write>(view: &PeerView<'_>, log: &Log, out: &mut Frames<W>) -> Result<u64, Error> {
    let mut from = log.from;
    loop {
        let slice = view.slice(&log.origin, from, CHUNK_ENTRIES_MAX, CHUNK_BYTES_MAX)?;
        let head = heads::read(&slice.head);
        let is_same = head.is_some_and(|head| head.size == log.size && head.root == *log.root.as_bytes());
        if !is_same || slice.from != from || (slice.entries.is_empty() && from < log.size) {
            return Err(Error::Moved {
                origin: log.origin.clone(),
            });
        }
        let mut writer = Writer::default();
        slice::write(&slice, &mut writer);
        section(out, Tag::Slice, writer)?;
        from = slice.end();
        if from >= log.size {
            return Ok(from - log.from);
        }
    }
}

fn section<W: Write>(out: &mut Frames<W>, tag: Tag, writer: Writer) -> Result<(), Error> {
    Ok(out.write(tag, &packed::pack(&writer.finish())?)?)
}

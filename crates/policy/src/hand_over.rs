//! The second and last gate: a logged entry's content is about to leave.
//!
//! [`decide`](crate::decide::decide) said at the time of the release that it may go; here is looked
//! whether it still may, to this party, now, and whether the bytes are those of the entry.

use entente_stix::object::Object;
use entente_stix::time::Timestamp;

use crate::decide::in_force;
use crate::released::Released;
use crate::standing::Standing;
use crate::terms::{Audience, Terms};
use crate::withheld::{Reason, Withheld};

/// A release as the log has it.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// The object's id.
    pub subject: &'a str,
    /// SHA-256 of the canonical form of the content.
    pub digest: [u8; 32],
    /// The clause that let it go.
    pub clause: &'a str,
    /// When the time for which it was released is over.
    pub expires: Option<Timestamp>,
    /// A later entry took it back.
    pub recalled: bool,
}

/// One entry on its way to one party.
#[derive(Debug, Clone, Copy)]
pub struct Handing<'a> {
    /// The entry.
    pub entry: Entry<'a>,
    /// Its content; `None`: erased.
    pub content: Option<&'a [u8]>,
    /// Who released it.
    pub owner: &'a str,
    /// To whom it was released: the members of the channel when it was made.
    pub audience: &'a Audience,
    /// The party that is to have it.
    pub recipient: &'a str,
    /// How the agreement stands for that party, by [`standing_for`](crate::standing::standing_for).
    pub standing: &'a Standing,
    /// What time it is.
    pub now: Timestamp,
}

/// The content of an entry: an object's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The object's id.
    pub id: String,
    /// SHA-256 of the canonical form.
    pub digest: [u8; 32],
    /// The text, byte by byte as it is kept.
    pub text: Vec<u8>,
}

/// Whether the content may go now. `terms` are those of the version that counts now: recipient and owner
/// are still its parties. What was released under an earlier version stays released.
pub fn hand_over(terms: &Terms, handing: &Handing<'_>) -> Result<Released<Content>, Withheld> {
    let entry = &handing.entry;
    let refuse = |reason| Withheld {
        clause: Some(entry.clause.to_owned()),
        ..Withheld::because(reason)
    };
    in_force(terms, handing.standing, handing.now)?;
    let members = &handing.audience.members;
    let is_recipient = members.iter().any(|member| member == handing.recipient)
        && terms.is_party(handing.recipient)
        && terms.is_party(handing.owner)
        && handing.recipient != handing.owner;
    if !is_recipient {
        return Err(refuse(Reason::NotARecipient(handing.recipient.to_owned())));
    }
    if entry.recalled {
        return Err(refuse(Reason::Recalled));
    }
    if entry.expires.is_some_and(|expires| expires <= handing.now) {
        return Err(refuse(Reason::Expired));
    }
    let text = handing.content.ok_or_else(|| refuse(Reason::Erased))?;
    let object = Object::read(text).map_err(|_| refuse(Reason::OtherContent))?;
    let digest = *object.digest().as_bytes();
    if digest != entry.digest || object.id() != entry.subject {
        return Err(refuse(Reason::OtherContent));
    }
    let content = Content {
        id: object.id().to_owned(),
        digest,
        text: text.to_vec(),
    };
    Ok(Released::new(content, entry.clause, handing.audience))
}

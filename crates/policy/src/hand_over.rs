//! The second and last gate: a logged entry's content is about to leave.
//!
//! [`decide`](crate::decide::decide) said at the time of the release that it may go; here is looked
//! whether it still may, to this party, now, and whether the bytes are those of the entry.

use entente_stix::object::Object;
use entente_stix::time::Timestamp;

use crate::decide::{Surroundings, in_force};
use crate::handling::{Pap, Tlp};
use crate::marks::{self, MarkingFacts};
use crate::redact;
use crate::released::Released;
use crate::standing::Standing;
use crate::terms::{Audience, Terms};
use crate::withheld::{Reason, Withheld, level_words, pap_words};

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

/// One entry on its way to whoever asks, who need not be a party.
#[derive(Debug, Clone, Copy)]
pub struct HandingToAnyone<'a> {
    /// The entry.
    pub entry: Entry<'a>,
    /// Its content; `None`: erased.
    pub content: Option<&'a [u8]>,
    /// Parts were taken out of the object to make the content.
    pub redacted: bool,
    /// Who released it.
    pub owner: &'a str,
    /// To whom it was released: the members of the channel when it was made.
    pub audience: &'a Audience,
    /// How the agreement stands, by [`standing`](crate::standing::standing).
    pub standing: &'a Standing,
    /// What time it is.
    pub now: Timestamp,
}

/// Whether the content may go now. `terms` are those of the version that counts now: recipient and owner
/// are still its parties. What was released under an earlier version stays released.
pub fn hand_over(terms: &Terms, handing: &Handing<'_>) -> Result<Released<Content>, Withheld> {
    let entry = &handing.entry;
    in_force(terms, handing.standing, handing.now)?;
    let members = &handing.audience.members;
    let is_recipient = members.iter().any(|member| member == handing.recipient)
        && terms.is_party(handing.recipient)
        && terms.is_party(handing.owner)
        && handing.recipient != handing.owner;
    if !is_recipient {
        return Err(refused(
            entry,
            Reason::NotARecipient(handing.recipient.to_owned()),
        ));
    }
    let (content, _) = live(entry, handing.content, handing.now)?;
    Ok(Released::new(content, entry.clause, handing.audience))
}

/// Whether the content may go now to anyone who asks: the agreement that counts says so, and the object is TLP:CLEAR
/// by its own marking, as a whole and in each part. An object without a marking is not, whatever a clause takes it
/// for; nor is the rest of one of which parts were taken out. No PAP above PAP:CLEAR may be there either: nobody has
/// promised to keep to it.
///
/// `marking` tells what a held marking definition means, by [`MarkingFacts::of`].
pub fn hand_over_to_anyone(
    terms: &Terms,
    handing: &HandingToAnyone<'_>,
    marking: &dyn Fn(&str) -> Option<MarkingFacts>,
) -> Result<Released<Content>, Withheld> {
    let entry = &handing.entry;
    if !terms.agreement().anonymous_reading {
        return Err(refused(entry, Reason::NotForAnyone));
    }
    in_force(terms, handing.standing, handing.now)?;
    if !terms.is_party(handing.owner) {
        return Err(refused(entry, Reason::NotARecipient(handing.owner.to_owned())));
    }
    let (content, object) = live(entry, handing.content, handing.now)?;
    if handing.redacted {
        let how = "what remains of an object of which parts were taken out".to_owned();
        return Err(refused(entry, Reason::NotClear(how)));
    }
    require_clear(&object, &Markings(marking)).map_err(|reason| refused(entry, reason))?;
    Ok(Released::new(content, entry.clause, handing.audience))
}

fn refused(entry: &Entry<'_>, reason: Reason) -> Withheld {
    Withheld {
        clause: Some(entry.clause.to_owned()),
        ..Withheld::because(reason)
    }
}

/// The content of an entry that stands, if the text is that of the entry.
fn live<'t>(
    entry: &Entry<'_>,
    text: Option<&'t [u8]>,
    now: Timestamp,
) -> Result<(Content, Object<'t>), Withheld> {
    let refuse = |reason| refused(entry, reason);
    if entry.recalled {
        return Err(refuse(Reason::Recalled));
    }
    if entry.expires.is_some_and(|expires| expires <= now) {
        return Err(refuse(Reason::Expired));
    }
    let text = text.ok_or_else(|| refuse(Reason::Erased))?;
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
    Ok((content, object))
}

fn require_clear(object: &Object<'_>, around: &dyn Surroundings) -> Result<(), Reason> {
    let level = marks::level(object.value(), around)?;
    if level.tlp != Some(Tlp::Clear) {
        return Err(Reason::NotClear(level_words(level.tlp)));
    }
    if level.exceeds(Tlp::Clear, Some(Pap::Clear)) {
        return Err(Reason::NotClear(pap_words(level.pap)));
    }
    match redact::require_up_to(object, Tlp::Clear, Pap::Clear, around) {
        Err(Reason::PartAbove(pointer)) => Err(Reason::NotClear(format!("marked otherwise at `{pointer}`"))),
        other => other,
    }
}

/// Marking definitions alone: nobody in particular asks, so nothing was released before.
struct Markings<'a>(&'a dyn Fn(&str) -> Option<MarkingFacts>);

impl Surroundings for Markings<'_> {
    fn marking(&self, id: &str) -> Option<MarkingFacts> {
        (self.0)(id)
    }

    fn is_released(&self, _id: &str) -> bool {
        false
    }
}

//! What a party may say here.
//!
//! Only the creator of an object changes it: the first party that tells an id is bound to it, and what
//! anyone else says of it is kept beside, attributed and shown. A thing that may not be taken in is
//! parked with its reason, and the rest flows. Begin at [`admit`].

mod not_taken;

use std::fmt;

use entente_stix::id;
use entente_stix::json::Value;
use entente_stix::marking::{TLP2_EXTENSION, Tlp};
use entente_stix::object::{Class, Object};
use entente_stix::time::Timestamp;
use entente_stix::validate::{self, Severity};

use crate::classes::Classes;
use crate::decide::{Provenance, Surroundings, stated};
use crate::limits::CLOCK_AHEAD_MICROS_MAX;
use crate::marks::{self, MarkingFacts};
use crate::redact::uuid_version;
use crate::terms::Terms;
use not_taken::not_taken;

/// One object that a party tells.
#[derive(Debug, Clone, Copy)]
pub struct Telling<'a> {
    /// The object.
    pub object: &'a Object<'a>,
    /// Id of the party that tells it; the caller has verified that it is.
    pub teller: &'a str,
    /// The agreement under which it tells it.
    pub terms: &'a Terms,
    /// How it came.
    pub way: Way,
    /// What time it is here.
    pub now: Timestamp,
}

/// How an object came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Released to us in the teller's channel.
    Channel,
    /// Put into our node under a contribution of the agreement.
    Contribution,
}

/// What is held here about the id that is told.
#[derive(Clone, Copy)]
pub struct Held<'a> {
    /// The current version.
    pub current: Option<&'a Object<'a>>,
    /// The party that is bound to the id.
    pub owner: Option<&'a str>,
    /// Whether the current version is held from the teller **and from nobody else**.
    pub held_from_teller: bool,
    /// Whether an id is the identity of a known party, ourselves included.
    pub parties: &'a dyn Fn(&str) -> bool,
    /// What a held marking definition means, by [`MarkingFacts::of`].
    pub markings: &'a dyn Fn(&str) -> Option<MarkingFacts>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// It is taken in as told by the teller.
    Accept {
        /// The party that owns the id from now on; `None`: nothing changes.
        bind: Option<String>,
    },
    /// It is kept beside what is held, attributed to the teller and shown; it changes nothing.
    Proposal(Cause),
    /// It is kept with its reason, and tried again later.
    Park(Cause),
}

/// Why something is not simply taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// A time in it lies more than five minutes ahead.
    Future(Timestamp),
    /// It is not valid STIX 2.1: where, and what is wrong.
    Invalid {
        /// A JSON pointer.
        pointer: String,
        /// What is wrong.
        what: String,
    },
    /// What decides in it cannot be read: a JSON pointer.
    Unreadable(String),
    /// No clause of the agreement lets the teller release such a thing.
    NotCovered,
    /// No contribution box of the agreement takes such a thing from the teller: what each says, and the way out.
    NotTaken(String),
    /// Its id should follow from what it says, and is another: the right one.
    IdOfOtherContent(String),
    /// A fixed marking definition that says something else than the standard.
    FixedDefinition,
    /// It says that another known party created it.
    Relayed(String),
    /// Its id is that of another known party.
    OthersIdentity,
    /// Another party owns it.
    OwnedBy(String),
    /// It is held here, and not from the teller alone.
    HeldFromOthers,
    /// An observable that is held with other properties.
    Variant,
    /// Marking and extension definitions never change: what they marked would mean something else.
    Immutable,
    /// The policies could not be evaluated.
    Engine(String),
}

impl Cause {
    /// Its stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Cause::Future(_) => "future",
            Cause::Invalid { .. } => "invalid",
            Cause::Unreadable(_) => "unreadable",
            Cause::NotCovered | Cause::NotTaken(_) => "not-covered",
            Cause::IdOfOtherContent(_) => "id-of-other-content",
            Cause::FixedDefinition => "fixed-definition",
            Cause::Relayed(_) => "relayed",
            Cause::OthersIdentity => "others-identity",
            Cause::OwnedBy(_) => "owned",
            Cause::HeldFromOthers => "held-from-others",
            Cause::Variant => "variant",
            Cause::Immutable => "immutable",
            Cause::Engine(_) => "engine",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Future(time) => write!(f, "it is dated {time}, which is more than five minutes ahead"),
            Cause::Invalid { pointer, what } => write!(f, "it is not valid STIX 2.1: `{pointer}`: {what}"),
            Cause::Unreadable(pointer) => write!(f, "`{pointer}` cannot be read as the standard writes it"),
            Cause::NotCovered => f.write_str(
                "no clause of the agreement lets this party release a thing of this type and marking",
            ),
            Cause::NotTaken(why) => f.write_str(why),
            Cause::IdOfOtherContent(id) => {
                write!(f, "its id is not the one that follows from what it says, `{id}`")
            }
            Cause::FixedDefinition => f.write_str(
                "the standard fixes what this marking definition says, and it says something else",
            ),
            Cause::Relayed(creator) => {
                write!(
                    f,
                    "it says that `{creator}` created it, and only that party may tell it"
                )
            }
            Cause::OthersIdentity => f.write_str("it is the identity of another party"),
            Cause::OwnedBy(owner) => write!(f, "`{owner}` told it first and owns it"),
            Cause::HeldFromOthers => {
                f.write_str("it is held here from others, and its creator is not the teller")
            }
            Cause::Variant => f.write_str("this observable is held with other properties"),
            Cause::Immutable => f.write_str("a definition never changes once it is held"),
            Cause::Engine(why) => write!(f, "the policies could not be evaluated: {why}; report this"),
        }
    }
}

/// Whether a told object is taken in, kept beside, or parked.
pub fn admit(classes: &mut Classes, telling: &Telling<'_>, held: &Held<'_>) -> Admission {
    match acceptable(classes, telling, held) {
        Ok(()) => owned(telling, held),
        Err(cause) => Admission::Park(cause),
    }
}

/// What is asked of an object whoever tells it.
fn acceptable(classes: &mut Classes, telling: &Telling<'_>, held: &Held<'_>) -> Result<(), Cause> {
    let object = telling.object;
    let latest = object.modified().max(object.created());
    let ahead =
        |time: &Timestamp| time.micros() > telling.now.micros().saturating_add(CLOCK_AHEAD_MICROS_MAX);
    if let Some(time) = latest.filter(ahead) {
        return Err(Cause::Future(time));
    }
    let findings = validate::object(object.value());
    if let Some(error) = findings
        .into_iter()
        .find(|finding| finding.severity == Severity::Error)
    {
        return Err(Cause::Invalid {
            pointer: error.pointer,
            what: error.message,
        });
    }
    covered(classes, telling, held)?;
    if uuid_version(object.id()) == Some(b'5')
        && let Some(right) = id::deterministic(object.value())
        && right.as_str() != object.id()
    {
        return Err(Cause::IdOfOtherContent(right.as_str().to_owned()));
    }
    match Tlp::of_definition_id(object.id()) {
        Some(fixed) if stated_tlp(object) != Some(fixed) => Err(Cause::FixedDefinition),
        _ => Ok(()),
    }
}

/// The level that a definition states, its id left aside.
fn stated_tlp(definition: &Object<'_>) -> Option<Tlp> {
    let first = definition.value().pointer("/definition/tlp");
    let second = || definition.get("extensions")?.get(TLP2_EXTENSION)?.get("tlp_2_0");
    Tlp::from_name(first.or_else(second).and_then(Value::as_str)?)
}

fn covered(classes: &mut Classes, telling: &Telling<'_>, held: &Held<'_>) -> Result<(), Cause> {
    let unreadable = |reason: crate::withheld::Reason| Cause::Unreadable(reason.to_string());
    let stated = stated(telling.object, &Told(held)).map_err(unreadable)?;
    let terms = telling.terms;
    let facts = stated.class(&terms.scale, &Provenance::Own, &terms.agreement().id, telling.now);
    let contributed = telling.way == Way::Contribution;
    match classes.told(terms, telling.teller, contributed, facts) {
        Ok(true) => Ok(()),
        Ok(false) if contributed => Err(Cause::NotTaken(not_taken(
            terms.agreement(),
            telling.teller,
            stated.type_name,
            stated.level.tlp,
        ))),
        Ok(false) => Err(Cause::NotCovered),
        Err(why) => Err(Cause::Engine(why)),
    }
}

/// A marking that is not known here is the teller's care; it says no level.
struct Told<'h, 'a>(&'h Held<'a>);

impl Surroundings for Told<'_, '_> {
    fn marking(&self, id: &str) -> Option<MarkingFacts> {
        let known = (self.0.markings)(id).unwrap_or_default();
        Some(MarkingFacts { known: true, ..known })
    }

    fn is_released(&self, _id: &str) -> bool {
        false
    }
}

/// Whose it is. The order matters: what a party is, before what it says of itself.
fn owned(telling: &Telling<'_>, held: &Held<'_>) -> Admission {
    let (object, teller) = (telling.object, telling.teller);
    let accept = |bind: bool| Admission::Accept {
        bind: bind.then(|| teller.to_owned()),
    };
    if (held.parties)(object.id()) && object.id() != teller {
        return Admission::Proposal(Cause::OthersIdentity);
    }
    let is_teller = |id: Option<&str>| id == Some(teller);
    let unbound = held.owner.is_none();
    if let Some(current) = held.current {
        if current.digest() == object.digest() {
            return accept(unbound && is_teller(object.created_by()));
        }
        if matches!(object.type_name(), "marking-definition" | "extension-definition") {
            return Admission::Proposal(Cause::Immutable);
        }
    }
    if object.class() == Class::Sco {
        return match held.current.is_none() || held.held_from_teller {
            true => accept(false),
            false => Admission::Proposal(Cause::Variant),
        };
    }
    // A party that became known after another had told its object speaks for itself from then on: what is held
    // says whose it is, as what is told does.
    let named = held.current.and_then(Object::created_by);
    let relayed = [object.created_by(), named].into_iter().flatten();
    let mut relayed = relayed.filter(|creator| *creator != teller && (held.parties)(creator));
    if let Some(creator) = relayed.next() {
        return Admission::Proposal(Cause::Relayed(creator.to_owned()));
    }
    if held.owner.is_some() && is_teller(object.created_by()) && is_teller(named) {
        return accept(false);
    }
    if let Some(owner) = held.owner {
        return match owner == teller {
            true => accept(false),
            false => Admission::Proposal(Cause::OwnedBy(owner.to_owned())),
        };
    }
    match held.current {
        None => accept(!marks::is_fixed(object.id())),
        Some(current) if held.held_from_teller || is_teller(current.created_by()) => accept(true),
        Some(_) => Admission::Proposal(Cause::HeldFromOthers),
    }
}

//! Introductions: a party says, signed, which TLS key is its node's (`docs/formats/peer.md`).
//!
//! ```text
//! who connects: knock                   ──►
//!                                       ◄──  threshold: who is here, and a fresh nonce
//!               hello for that nonce    ──►  verified with the card that is known there; the key is pinned
//!                                       ◄──  hello for the nonce of the first one; verified, and pinned
//! ```
//!
//! A hello names the TLS key of who sends it, so it is worth nothing on a connection of another key: whoever sits in
//! between can pass it on, but not be the party. Begin at [`Hello::sign`] and [`Said::verify`].

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use entente_node::keys::Keys;
use entente_node::party::Party;
use entente_stix::id;
use entente_stix::time::Timestamp;
use entente_translog::note::{self, Note, Verifier};

use crate::limits::{HELLO_BYTES_MAX, HELLO_VERSIONS_MAX};
use crate::message::VERSION;

/// The versions of the exchange that this node speaks, the newest first.
pub const VERSIONS: &[u8] = &[VERSION];

/// How far the clocks of two nodes may lie apart, in microseconds, either way: five minutes.
pub const SKEW_MICROS_MAX: i64 = 300_000_000;

const HELLO: &str = "entente/hello/v1";
const THRESHOLD: &str = "entente/threshold/v1";

/// SHA-256 of the SubjectPublicKeyInfo (RFC 5280 §4.1.2.7, DER) of a TLS key: what is pinned.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TlsKey(pub [u8; 32]);

impl TlsKey {
    /// What people compare: the first 128 bits, in eight groups of four hexadecimal digits.
    pub fn fingerprint(&self) -> String {
        let groups = self.0.chunks(2).take(8);
        let groups: Vec<String> = groups
            .map(|pair| pair.iter().map(|byte| format!("{byte:02x}")).collect())
            .collect();
        groups.join(" ")
    }

    /// The key whose base64 this is.
    pub fn parse(text: &str) -> Option<TlsKey> {
        nonce(text).map(TlsKey)
    }
}

/// The base64 of it (RFC 4648 §4).
impl fmt::Display for TlsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64.encode(self.0))
    }
}

impl fmt::Debug for TlsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TlsKey({self})")
    }
}

/// 32 bytes that nobody could know before: what is signed over them was signed after they were made.
pub type Nonce = [u8; 32];

/// What a node tells whoever knocks: who it is, what it speaks, and over what a hello to it must be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Threshold {
    /// The node's party.
    pub party: String,
    /// What a hello must answer.
    pub nonce: Nonce,
    /// The versions of the exchange that it speaks.
    pub versions: Vec<u8>,
}

impl Threshold {
    /// As text.
    pub fn text(&self) -> String {
        let Threshold {
            party,
            nonce,
            versions,
        } = self;
        format!(
            "{THRESHOLD}\nparty {party}\nnonce {}\nversions {}\n",
            BASE64.encode(nonce),
            numbers(versions)
        )
    }

    /// Reads the text. Nobody has vouched for it: the hello that follows does.
    ///
    /// # Errors
    /// [`NotAHello`].
    pub fn read(bytes: &[u8]) -> Result<Threshold, NotAHello> {
        let text = bounded(bytes)?;
        let mut lines = text.split('\n');
        if lines.next() != Some(THRESHOLD) {
            return Err(NotAHello("its first line is not that of a threshold"));
        }
        let threshold = Threshold {
            party: party(&mut lines, "party ")?,
            nonce: nonce_of(&mut lines, "nonce ")?,
            versions: versions(&mut lines)?,
        };
        exactly(threshold.text() == text)?;
        Ok(threshold)
    }
}

/// What a party says about itself when it meets another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// Who says so.
    pub from: String,
    /// To whom.
    pub to: String,
    /// The TLS key that the sender uses; `None`: it does not speak TLS itself, and nothing can be pinned.
    pub key: Option<TlsKey>,
    /// The recipient's nonce.
    pub answers: Nonce,
    /// The sender's own, for the answer.
    pub nonce: Nonce,
    /// When.
    pub at: Timestamp,
    /// The versions of the exchange that the sender speaks.
    pub versions: Vec<u8>,
}

impl Hello {
    /// The signed note.
    ///
    /// # Errors
    /// What it says cannot be written in a note, or the keys are another party's.
    pub fn sign(&self, keys: &Keys) -> Result<String, Refusal> {
        let text = self.text();
        said(&text)?;
        let signer = keys.signer().map_err(|error| Refusal::Keys(error.to_string()))?;
        if keys.party != self.from {
            return Err(Refusal::Keys("they are another party's".to_owned()));
        }
        note::sign(&text, &[&signer]).map_err(Refusal::Signature)
    }

    fn text(&self) -> String {
        let Hello {
            from,
            to,
            key,
            answers,
            nonce,
            at,
            versions,
        } = self;
        let key = key.map_or_else(|| "none".to_owned(), |key| key.to_string());
        format!(
            "{HELLO}\nfrom {from}\nto {to}\nkey {key}\nanswers {}\nnonce {}\nat {at}\nversions {}\n",
            BASE64.encode(answers),
            BASE64.encode(nonce),
            numbers(versions)
        )
    }
}

/// A hello as it was read. Nobody has vouched for it yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said<'a> {
    note: Note<'a>,
    hello: Hello,
}

/// What the recipient of a hello knows about the moment.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// The recipient's party.
    pub me: &'a str,
    /// The key that the other side of this connection has shown; `None` where it has shown none, or TLS ends before
    /// this node.
    pub key: Option<TlsKey>,
    /// The nonce that was given to it.
    pub nonce: &'a Nonce,
    /// The recipient's clock.
    pub at: Timestamp,
}

/// A party that introduced itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Met {
    /// What it said.
    pub hello: Hello,
    /// The instance key that vouches for it.
    pub by: Verifier,
    /// The newest version of the exchange that both speak.
    pub version: u8,
}

impl<'a> Said<'a> {
    /// Reads a hello: at most [`HELLO_BYTES_MAX`] bytes, one signature, one way to write it.
    ///
    /// # Errors
    /// [`NotAHello`].
    pub fn read(bytes: &'a [u8]) -> Result<Said<'a>, NotAHello> {
        bounded(bytes)?;
        let note = Note::read(bytes).map_err(|_| NotAHello("it is not a signed note"))?;
        if note.signatures().len() != 1 {
            return Err(NotAHello("it has more than one signature"));
        }
        let hello = said(note.text())?;
        Ok(Said { note, hello })
    }

    /// Whom it claims to be from: whose card is needed to verify it.
    pub fn sender(&self) -> &str {
        &self.hello.from
    }

    /// The nonce that it claims to answer.
    pub fn answers(&self) -> Nonce {
        self.hello.answers
    }

    /// Whether `sender` says this here and now: the party whose card is known here, `None` where none is. Then no key
    /// counts, and the refusal is that of a signature which is not good.
    ///
    /// # Errors
    /// [`Refusal`], by the first thing that is not so.
    pub fn verify(self, sender: Option<&Party>, moment: &Moment<'_>) -> Result<Met, Refusal> {
        let hello = self.hello;
        if sender.is_some_and(|sender| sender.id != hello.from) || hello.from == moment.me {
            return Err(Refusal::From(hello.from));
        }
        // Before the signature: with a wrong clock no key would count, and the sentence would be about keys.
        let off = hello.at.micros().saturating_sub(moment.at.micros());
        if off.saturating_abs() > SKEW_MICROS_MAX {
            return Err(Refusal::Clock {
                theirs: hello.at,
                ours: moment.at,
            });
        }
        let keys = sender.map(|sender| sender.verifiers(moment.at));
        let verified = self.note.verify(&keys.unwrap_or_default());
        let verified = verified.map_err(Refusal::Signature)?;
        let by = verified.signers().first().map(|signed| signed.key.clone());
        let by = by.ok_or(Refusal::To(hello.to.clone()))?;
        if hello.to != moment.me {
            return Err(Refusal::To(hello.to));
        }
        if hello.answers != *moment.nonce {
            return Err(Refusal::Replayed);
        }
        if hello.key != moment.key {
            return Err(Refusal::Key {
                said: hello.key,
                shown: moment.key,
            });
        }
        let version = common(&hello.versions)?;
        Ok(Met { hello, by, version })
    }
}

/// The newest version of the exchange that both speak.
///
/// # Errors
/// [`Refusal::Version`].
pub fn common(theirs: &[u8]) -> Result<u8, Refusal> {
    let common = VERSIONS
        .iter()
        .copied()
        .filter(|version| theirs.contains(version));
    common.max().ok_or_else(|| Refusal::Version {
        theirs: numbers(theirs),
    })
}

/// Bytes that are no hello, or not written as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a hello between nodes of Entente: {0}")]
pub struct NotAHello(&'static str);

/// Why a hello does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not one.
    #[error(transparent)]
    NotAHello(#[from] NotAHello),
    /// From somebody else than who was expected, or from the recipient itself.
    #[error("the hello is from `{0}`, who is not who was to be met here")]
    From(String),
    /// To somebody else.
    #[error("the hello is to `{0}`, not to this node's party")]
    To(String),
    /// By no key that the sender's card names, or not good.
    #[error(
        "the hello is not signed by a key that counts now by the sender's card: {0}; ask for its newest card"
    )]
    Signature(entente_translog::Error),
    /// The keys that were to sign cannot.
    #[error("this node's keys cannot sign a hello: {0}")]
    Keys(String),
    /// Too early or too late.
    #[error(
        "the hello says {theirs}, and it is {ours} here: more than five minutes apart; set the wrong clock"
    )]
    Clock {
        /// The sender's clock.
        theirs: Timestamp,
        /// The recipient's.
        ours: Timestamp,
    },
    /// Not an answer to what was asked now.
    #[error("the hello answers another nonce than was given: it is an old one that is sent again")]
    Replayed,
    /// It names another TLS key than the connection has.
    #[error(
        "the hello names the TLS key `{}`, and the connection has `{}`: somebody stands in between, or TLS ends before the node; \
         there a token is needed", key(.said), key(.shown)
    )]
    Key {
        /// What the hello names.
        said: Option<TlsKey>,
        /// What the connection has.
        shown: Option<TlsKey>,
    },
    /// No version in common.
    #[error(
        "the peer speaks version {theirs} of the exchange, this node version {}; the older of the two must be updated",
        numbers(VERSIONS)
    )]
    Version {
        /// What the peer speaks.
        theirs: String,
    },
}

fn key(key: &Option<TlsKey>) -> String {
    key.map_or_else(|| "none".to_owned(), |key| key.fingerprint())
}

fn bounded(bytes: &[u8]) -> Result<&str, NotAHello> {
    if bytes.len() > HELLO_BYTES_MAX {
        return Err(NotAHello("it is too long"));
    }
    std::str::from_utf8(bytes).map_err(|_| NotAHello("it is not UTF-8"))
}

fn said(text: &str) -> Result<Hello, NotAHello> {
    let mut lines = text.split('\n');
    if lines.next() != Some(HELLO) {
        return Err(NotAHello("its first line is another"));
    }
    let hello = Hello {
        from: party(&mut lines, "from ")?,
        to: party(&mut lines, "to ")?,
        key: match field(&mut lines, "key ")? {
            "none" => None,
            key => Some(TlsKey::parse(key).ok_or(NotAHello("its key is not the base64 of 32 bytes"))?),
        },
        answers: nonce_of(&mut lines, "answers ")?,
        nonce: nonce_of(&mut lines, "nonce ")?,
        at: Timestamp::parse(field(&mut lines, "at ")?).map_err(|_| NotAHello("its time is none"))?,
        versions: versions(&mut lines)?,
    };
    exactly(hello.text() == text)?;
    Ok(hello)
}

type Lines<'t> = std::str::Split<'t, char>;

fn field<'t>(lines: &mut Lines<'t>, label: &str) -> Result<&'t str, NotAHello> {
    let line = lines.next().and_then(|line| line.strip_prefix(label));
    line.ok_or(NotAHello("a line of it is missing, or in another place"))
}

fn party(lines: &mut Lines<'_>, label: &str) -> Result<String, NotAHello> {
    let party = field(lines, label)?;
    match id::is_id(party) && party.starts_with("identity--") {
        true => Ok(party.to_owned()),
        false => Err(NotAHello("it names something that is no party")),
    }
}

fn nonce(text: &str) -> Option<Nonce> {
    BASE64.decode(text).ok()?.try_into().ok()
}

fn nonce_of(lines: &mut Lines<'_>, label: &str) -> Result<Nonce, NotAHello> {
    nonce(field(lines, label)?).ok_or(NotAHello("a nonce of it is not the base64 of 32 bytes"))
}

fn numbers(versions: &[u8]) -> String {
    let numbers: Vec<String> = versions.iter().map(u8::to_string).collect();
    numbers.join(" ")
}

fn versions(lines: &mut Lines<'_>) -> Result<Vec<u8>, NotAHello> {
    let fault = NotAHello("its versions are no numbers, none, or too many");
    let numbers = field(lines, "versions ")?.split(' ');
    let versions: Option<Vec<u8>> = numbers.map(|number| number.parse().ok()).collect();
    versions
        .filter(|versions| (1..=HELLO_VERSIONS_MAX).contains(&versions.len()))
        .ok_or(fault)
}

/// One meaning, one text.
fn exactly(is_so: bool) -> Result<(), NotAHello> {
    match is_so {
        true => Ok(()),
        false => Err(NotAHello("it is not written as a hello is")),
    }
}

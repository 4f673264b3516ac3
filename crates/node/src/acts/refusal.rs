//! Why an act is not taken in. An answer, not an error: it names whose act it is and a way out.

use entente_stix::time::Timestamp;

/// Why an act is not taken in. Parties stand in it as people call them, with their id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not of the form that `docs/formats/party.md` or `docs/formats/agreement.md` sets.
    #[error("{what} cannot be read: {cause}; ask whoever sent it for a fresh copy")]
    Malformed {
        /// What was being read.
        what: &'static str,
        /// What is wrong with it.
        cause: String,
    },
    /// Over a bound of `limits.rs`.
    #[error("{what}: the limit is {limit} (`entente limits`)")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// The bound.
        limit: u64,
    },
    /// Nothing is known of the party whose act it is.
    #[error("{party} is not known here; take its card in with `entente party add FILE`, then this again")]
    UnknownParty {
        /// The party's id.
        party: String,
    },
    /// A card of this node's own identity that it did not make.
    #[error(
        "this card claims the identity of this very node (`{party}`), which is no party yet; refuse it, and ask its sender where it comes from"
    )]
    OurIdentity {
        /// The node's identity.
        party: String,
    },
    /// A card with another root key than the one that is known.
    #[error(
        "{party} is known here with the root key {known}, and this names {told}; a root key never changes: ask them by another way which one is theirs"
    )]
    OtherRoot {
        /// The party.
        party: String,
        /// Fingerprint of the key that is known.
        known: String,
        /// Fingerprint of the key that was told.
        told: String,
    },
    /// A key list or card that the root key did not sign.
    #[error("the {what} of {party} is not signed by its root key{instead}; only the root key can say this")]
    NotByRoot {
        /// `card` or `key list`.
        what: &'static str,
        /// The party.
        party: String,
        /// Who signed instead, where that is known.
        instead: &'static str,
    },
    /// Two lists under one number.
    #[error(
        "{party} signed two different key lists with the number {sequence}; ask them which one is right: the next one decides"
    )]
    TwoLists {
        /// The party.
        party: String,
        /// The number of both.
        sequence: u64,
    },
    /// Signed by a key that is on no list of the party.
    #[error(
        "it is signed by no key that is known of {party}; if they rotated their keys, take their new card in first"
    )]
    UnknownKey {
        /// The party.
        party: String,
    },
    /// The key is known, the signature is not good.
    #[error("the signature of {party} does not fit the text; it was changed after it was signed")]
    BadSignature {
        /// The party.
        party: String,
    },
    /// Signed by a key that was revoked before this came in.
    #[error(
        "it is signed by a key of {party} that was revoked on {at}; ask them to sign again with a key that is valid"
    )]
    Revoked {
        /// The party.
        party: String,
        /// When the key was revoked.
        at: Timestamp,
    },
    /// Signed by a key whose time is over, or has not begun.
    #[error(
        "it is signed by a key of {party} that is valid from {from} until {until} only; ask them to sign again with a key that is valid"
    )]
    NotValidNow {
        /// The party.
        party: String,
        /// First instant of the key.
        from: Timestamp,
        /// The instant after its last.
        until: Timestamp,
    },
    /// The agreement that it is about is not known.
    #[error(
        "the agreement `{agreement}` is not known here; take its text in first with `entente agreement add FILE`"
    )]
    UnknownAgreement {
        /// The agreement's id.
        agreement: String,
    },
    /// The version that it is about is not known.
    #[error(
        "{party} signed version {version} of `{agreement}`, which is not known here; ask them for the file of that version"
    )]
    UnknownVersion {
        /// The party.
        party: String,
        /// The agreement's id.
        agreement: String,
        /// The version.
        version: u32,
    },
    /// A signature over another text than the one held here.
    #[error(
        "{party} signed another text of version {version} of `{agreement}` (digest {told}) than the one held here (digest {known}); compare both with `entente agreement show`, and all sign one of them, or amend it with a further version"
    )]
    SignedOtherText {
        /// The party.
        party: String,
        /// The agreement's id.
        agreement: String,
        /// The version.
        version: u32,
        /// Digest of the text held here.
        known: String,
        /// Digest that was signed.
        told: String,
    },
    /// A text with a signature beside it that does not fit it.
    #[error(
        "this text of version {version} of `{agreement}` (digest {digest}) is not the one that was signed: a signature beside it does not fit, so it is not kept; ask whoever sent it for a fresh copy, by another way"
    )]
    ChangedText {
        /// The agreement's id.
        agreement: String,
        /// The version.
        version: u32,
        /// Digest of the text.
        digest: String,
    },
    /// Another text of a version that is held.
    #[error(
        "this is another text of version {version} of `{agreement}` (digest {told}) than the one held here (digest {known}{why}); {way_out}"
    )]
    OtherText {
        /// The agreement's id.
        agreement: String,
        /// The version.
        version: u32,
        /// Digest of the text held here.
        known: String,
        /// Digest of the other.
        told: String,
        /// Why the held one stays.
        why: &'static str,
        /// What to do.
        way_out: &'static str,
    },
    /// An amendment whose forerunner is not known, or another.
    #[error(
        "version {version} of `{agreement}` does not fit the versions held here{cause}; ask for the file with all versions"
    )]
    NoPrevious {
        /// The agreement's id.
        agreement: String,
        /// The version of the amendment.
        version: u32,
        /// What does not fit.
        cause: String,
    },
    /// The party has no part in the agreement.
    #[error("{party} is not a party to version {version} of `{agreement}`")]
    NotAMember {
        /// The party.
        party: String,
        /// The agreement's id.
        agreement: String,
        /// The version.
        version: u32,
    },
    /// The agreement cannot be compiled into rules.
    #[error("version {version} of `{agreement}` cannot be turned into rules: {cause}")]
    NoTerms {
        /// The agreement's id.
        agreement: String,
        /// The version.
        version: u32,
        /// Why.
        cause: String,
    },
}

impl Refusal {
    /// A text that is not of its form.
    pub(crate) fn malformed(what: &'static str, cause: impl ToString) -> Refusal {
        Refusal::Malformed {
            what,
            cause: cause.to_string(),
        }
    }
}

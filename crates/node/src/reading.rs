//! Reading on in a peer's channel: verify all, admit object by object, apply as one, give a receipt.

/// What became of a slice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TakenIn {
    /// The log.
    pub origin: String,
    /// The agreement's id.
    pub agreement: String,
    /// The party that released.
    pub owner: String,
    /// Entries of the log that were held here before.
    pub before: u64,
    /// Entries of the log that are held now.
    pub held: u64,
    /// Entries that the signed head has.
    pub size: u64,
    /// Objects stored: new ones and new versions.
    pub stored: u64,
    /// Objects that were known already.
    pub known: u64,
    /// Objects kept beside what is held, as proposals: they are another's to change.
    pub proposals: u64,
    /// Objects parked with a reason.
    pub parked: u64,
    /// Objects taken back by their releaser.
    pub recalled: u64,
    /// Releases whose content is no longer told.
    pub erased: u64,
    /// The receipt to hand to the owner, where the head is reached: a signed note.
    pub receipt: Option<String>,
    /// What must be looked at by people.
    pub alarms: Vec<Alarm>,
}

/// Something that people must see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// Two signed heads of one log that do not agree; the text is the transferable proof.
    Fork {
        /// The log.
        origin: String,
        /// The proof, as text.
        proof: String,
    },
    /// A peer holds a later head of this node's own log than this node: an old backup was restored.
    Behind {
        /// The log.
        origin: String,
        /// Entries that this node has.
        have: u64,
        /// Entries that were signed.
        signed: u64,
    },
}

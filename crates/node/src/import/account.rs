//! What became of every item of an import: the account that the importer owes.

/// What became of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The id was not known: stored.
    Stored,
    /// A newer version of a known object: stored, and now current.
    NewVersion,
    /// An older version of a known object: stored beside the current one.
    OlderVersion,
    /// Already known from this source: nothing changed.
    Known,
    /// Already known from others, now from this source too.
    NewSource,
    /// It belongs to a party: kept beside what that party told, as a proposal of the import's source.
    SetAside {
        /// The party's id.
        owner: String,
    },
    /// Not taken in.
    Refused {
        /// Why, and the way out.
        reason: String,
    },
}

impl Fate {
    /// The word that reports use.
    pub fn word(&self) -> &'static str {
        match self {
            Fate::Stored => "stored",
            Fate::NewVersion => "new version",
            Fate::OlderVersion => "older version",
            Fate::Known => "known",
            Fate::NewSource => "known, new source",
            Fate::SetAside { .. } => "set aside",
            Fate::Refused { .. } => "refused",
        }
    }
}

/// One item of an input, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Where it stands: a JSON pointer such as `/objects/17`, or `line 12`.
    pub place: String,
    /// Its id, where it has one.
    pub id: Option<String>,
    /// What became of it.
    pub fate: Fate,
}

/// The sums over items.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Items seen.
    pub items: u64,
    /// Stored as new objects.
    pub stored: u64,
    /// Stored as versions of known objects, newer or older.
    pub versions: u64,
    /// Already known, from this source or, now, from one more.
    pub known: u64,
    /// Kept beside what a party owns.
    pub aside: u64,
    /// Refused.
    pub refused: u64,
}

impl Account {
    /// Counts one item.
    pub fn count(&mut self, fate: &Fate) {
        self.items += 1;
        match fate {
            Fate::Stored => self.stored += 1,
            Fate::NewVersion | Fate::OlderVersion => self.versions += 1,
            Fate::Known | Fate::NewSource => self.known += 1,
            Fate::SetAside { .. } => self.aside += 1,
            Fate::Refused { .. } => self.refused += 1,
        }
    }

    /// Adds another account to this one.
    pub fn add(&mut self, other: Account) {
        self.items += other.items;
        self.stored += other.stored;
        self.versions += other.versions;
        self.known += other.known;
        self.aside += other.aside;
        self.refused += other.refused;
    }
}

//! One thing that an indicator asks for: a value of a kind, and how it is compared.

use entente_stix::observable::Kind;

/// One comparison that can be looked up. The value is in normal form ([`entente_stix::observable::normalise`]),
/// except for [`Test::Like`] and [`Test::Matches`], where it is the pattern as written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Atom {
    /// What is looked at.
    pub kind: Kind,
    /// How it is compared.
    pub test: Test,
    /// With what.
    pub value: String,
}

/// How an observed value is compared with an atom's value. The numbers are stored.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Test {
    /// Equal normal forms.
    Exact = 0,
    /// A domain name, or one below it.
    Domain = 1,
    /// A domain name below this one, but not this one.
    Below = 2,
    /// An address in this network (`192.0.2.0/24`).
    Network = 3,
    /// A URL, also with any query. The value has no query.
    UrlAnyQuery = 4,
    /// A URL that begins so. The value ends in `/`.
    UrlPrefix = 5,
    /// A host that is the host of a URL indicator: a weak sign. The value is a host.
    UrlHost = 6,
    /// `LIKE` with wildcards (STIX 2.1 §9.6.1).
    Like = 7,
    /// `MATCHES`: a regular expression is found in it (STIX 2.1 §9.6.1).
    Matches = 8,
}

impl Test {
    /// Every test, in the order of its number.
    pub const ALL: [Test; 9] = [
        Test::Exact,
        Test::Domain,
        Test::Below,
        Test::Network,
        Test::UrlAnyQuery,
        Test::UrlPrefix,
        Test::UrlHost,
        Test::Like,
        Test::Matches,
    ];

    pub(crate) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// Whether it is a pattern that is tried on each value of its kind.
    pub fn is_pattern(self) -> bool {
        matches!(self, Test::Like | Test::Matches)
    }
}

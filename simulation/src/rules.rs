//! What must hold in every world, by name.

use std::fmt;

/// A rule of the product that the simulation watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// Nothing crosses without an agreement in force.
    InForce,
    /// What crosses is no more closed than the agreement allows.
    Ceiling,
    /// Nothing is visible at a recipient that is not in the owner's log.
    Logged,
    /// Only its owner changes an object.
    OwnerOnly,
    /// What was acknowledged is not lost.
    Lost,
    /// One log has one history.
    OneHistory,
    /// Two histories of a log are told apart by whoever sees both.
    Detected,
    /// Once faults stop, all come to the same.
    Converged,
    /// A bundle that is refused changes nothing, and a damaged one is refused.
    Whole,
    /// Nothing fails that has no reason to.
    Unexpected,
}

impl Rule {
    /// It is broken, and this is how.
    pub fn broken(self, how: impl Into<String>) -> Broken {
        Broken {
            rule: self,
            how: how.into(),
        }
    }
}

/// A rule that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Which.
    pub rule: Rule,
    /// How.
    pub how: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.rule, self.how)
    }
}

impl std::error::Error for Broken {}

impl From<entente_node::Error> for Broken {
    fn from(error: entente_node::Error) -> Broken {
        Rule::Unexpected.broken(error.to_string())
    }
}

impl From<entente_store::Error> for Broken {
    fn from(error: entente_store::Error) -> Broken {
        Rule::Unexpected.broken(error.to_string())
    }
}

impl From<std::io::Error> for Broken {
    fn from(error: std::io::Error) -> Broken {
        Rule::Unexpected.broken(format!("the real disk failed: {error}"))
    }
}

//! The proof that policy let something go.

use crate::terms::Audience;

/// Something that policy released: to one audience, under one clause.
///
/// Only [`decide`](crate::decide::decide), [`hand_over`](crate::hand_over::hand_over) and
/// [`hand_over_to_anyone`](crate::hand_over::hand_over_to_anyone) make it; what sends asks for it:
///
/// ```
/// use entente_policy::{released::Released, terms::Audience};
/// use serde::de::DeserializeOwned;
/// fn sent(one: &Released<u8>) -> (&u8, &Audience) { (one.value(), one.audience()) }
/// ```
///
/// It cannot be made elsewhere:
///
/// ```compile_fail,E0451
/// use entente_policy::released::Released;
/// let forged = Released { value: 1, clause: String::new(), audience: todo!() };
/// ```
///
/// nor from nothing:
///
/// ```compile_fail,E0277
/// fn made<T: Default>() -> T { T::default() }
/// let forged: entente_policy::released::Released<u8> = made();
/// ```
///
/// nor copied, so that one proof is not used for two:
///
/// ```compile_fail,E0599
/// fn twice(one: entente_policy::released::Released<u8>) {
///     let two = one.clone();
/// }
/// ```
///
/// nor turned to another audience:
///
/// ```compile_fail,E0616
/// fn turned(mut one: entente_policy::released::Released<u8>, other: entente_policy::terms::Audience) {
///     one.audience = other;
/// }
/// ```
///
/// nor read back from where it was written:
///
/// ```compile_fail,E0277
/// fn read<T: serde::de::DeserializeOwned>() -> Option<T> { None }
/// let forged = read::<entente_policy::released::Released<u8>>();
/// ```
///
/// What it holds cannot be exchanged either:
///
/// ```compile_fail,E0594
/// fn exchanged(one: entente_policy::released::Released<u8>) {
///     *one.value() = 2;
/// }
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Released<T> {
    value: T,
    clause: String,
    audience: Audience,
}

impl<T> Released<T> {
    /// The caller is one of the gates.
    pub(crate) fn new(value: T, clause: &str, audience: &Audience) -> Released<T> {
        Released {
            value,
            clause: clause.to_owned(),
            audience: audience.clone(),
        }
    }

    /// What may go.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// What may go, taken out: with it the proof ends.
    pub fn into_value(self) -> T {
        self.value
    }

    /// The clause that lets it go.
    pub fn clause(&self) -> &str {
        &self.clause
    }

    /// Who may have it; what was handed over to anyone, anyone else too.
    pub fn audience(&self) -> &Audience {
        &self.audience
    }
}

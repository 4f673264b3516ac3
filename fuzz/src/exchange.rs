//! What peers say, and what couriers bring.

use entente_exchange::hello::{Said, Threshold};
use entente_exchange::{bundle, message, read_answers, read_questions, slice};

/// A slice, before it is packed: read or refused; what is read has one form.
pub fn exchange_slice(data: &[u8]) {
    if let Ok(slice) = slice::from_bytes(data) {
        assert_eq!(slice::to_bytes(&slice), data);
    }
}

/// A message, packed or as its body: read or refused; what is read has one form.
pub fn exchange_message(data: &[u8]) {
    let _ = (read_questions(data), read_answers(data));
    for again in [message::questions_again(data), message::answers_again(data)] {
        assert!(again.is_err() || again.as_deref() == Ok(data));
    }
}

/// A bundle, unsealed: of the form, or refused.
pub fn exchange_bundle(data: &[u8]) {
    let _ = bundle::outline(data);
}

/// A threshold or a hello: read or refused; what is read has one form.
pub fn exchange_hello(data: &[u8]) {
    if let Ok(threshold) = Threshold::read(data) {
        assert_eq!(threshold.text().as_bytes(), data);
    }
    if let Ok(said) = Said::read(data) {
        assert!(data.starts_with(format!("entente/hello/v1\nfrom {}\nto ", said.sender()).as_bytes()));
    }
}

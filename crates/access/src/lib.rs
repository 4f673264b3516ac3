//! Who may do what: roles and actions, passwords, second factors, tokens, throttling.
//!
//! Pure: time and randomness are arguments, and nothing is kept here.

//! TAXII 2.1 (OASIS Standard of 10 June 2021): request to response, no socket.

pub mod client;

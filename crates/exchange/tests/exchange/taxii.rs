//! The TAXII client against servers that misbehave, in process.

mod client;
mod delivery;
mod discovery;
mod server;

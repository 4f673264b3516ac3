//! TAXII 2.1 (OASIS Standard of 10 June 2021): request to response, no socket.
//!
//! Begin at [`client`] for the side that asks, and at [`respond`] for the side that answers: what a visitor may see
//! and do is its [`Shelf`](entente_node::shelf::Shelf), what was rendered for it is kept in [`Pages`].

pub mod client;
mod server;

pub use server::{Pages, Request, Response, objects_again, query_again, refused_before_body, respond};

/// The media type of everything that is told (TAXII 2.1 §1.6.8).
pub const MEDIA_TYPE: &str = "application/taxii+json;version=2.1";

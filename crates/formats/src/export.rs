//! Out of the node, for people and their spreadsheets.

pub mod csv;

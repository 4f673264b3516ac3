//! Rules as others write them, through the crate's own door.

mod cases;
mod real;

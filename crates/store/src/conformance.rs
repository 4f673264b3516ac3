//! A suite for every engine, written against [`crate::Store`] alone.

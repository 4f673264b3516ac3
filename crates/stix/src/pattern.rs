//! The STIX pattern language: text to syntax tree and back. Matching is `detect`'s task.

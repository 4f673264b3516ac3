//! The rules of STIX 2.1 for an object and for a bundle; what breaks them is a finding, as data.

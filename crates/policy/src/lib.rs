//! Agreements and handling rules to a decision with its clause; redaction; admission.

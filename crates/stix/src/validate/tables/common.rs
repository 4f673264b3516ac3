//! What many types share: the common properties of STIX 2.1 §3.2 and the small structures of §2.

use super::super::schema::Shape::*;
use super::super::schema::{Others, Property, Structure, Target, optional, required};

const CREATED_BY_REF: Property = optional("created_by_ref", Identifier(Target::Any));
const EXTERNAL_REFERENCES: Property = optional("external_references", List(&Object(&EXTERNAL_REFERENCE)));
const OBJECT_MARKING_REFS: Property = optional(
    "object_marking_refs",
    List(&Identifier(Target::OneOf(&["marking-definition"]))),
);
const GRANULAR_MARKINGS: Property = optional("granular_markings", List(&Object(&GRANULAR_MARKING)));
const LABELS: Property = optional("labels", List(&Text));
const REVOKED: Property = optional("revoked", Boolean);
const CONFIDENCE: Property = optional("confidence", Integer { min: 0, max: 100 });
const EXTENSIONS: Property = optional("extensions", Extensions);

pub(super) const OBJECT: &[Property] = &[
    required("type", TypeName),
    required("spec_version", SpecVersion),
    required("id", Id),
    CREATED_BY_REF,
    required("created", TimestampToTheMillisecond),
    required("modified", TimestampToTheMillisecond),
    REVOKED,
    LABELS,
    CONFIDENCE,
    optional("lang", Language),
    EXTERNAL_REFERENCES,
    OBJECT_MARKING_REFS,
    GRANULAR_MARKINGS,
    EXTENSIONS,
];

pub(super) const OBSERVABLE: &[Property] = &[
    required("type", TypeName),
    optional("spec_version", SpecVersion),
    required("id", Id),
    OBJECT_MARKING_REFS,
    GRANULAR_MARKINGS,
    optional("defanged", Boolean),
    EXTENSIONS,
];

pub(super) const LANGUAGE_CONTENT: &[Property] = &[
    required("type", TypeName),
    required("spec_version", SpecVersion),
    required("id", Id),
    CREATED_BY_REF,
    required("created", TimestampToTheMillisecond),
    required("modified", TimestampToTheMillisecond),
    REVOKED,
    LABELS,
    CONFIDENCE,
    EXTERNAL_REFERENCES,
    OBJECT_MARKING_REFS,
    GRANULAR_MARKINGS,
    EXTENSIONS,
];

/// Markings have no versions.
pub(super) const MARKING_DEFINITION: &[Property] = &[
    required("type", TypeName),
    required("spec_version", SpecVersion),
    required("id", Id),
    CREATED_BY_REF,
    required("created", Timestamp),
    optional("lang", Language),
    EXTERNAL_REFERENCES,
    OBJECT_MARKING_REFS,
    GRANULAR_MARKINGS,
    EXTENSIONS,
];

pub(super) const EXTENSION_DEFINITION: &[Property] = &[
    required("type", TypeName),
    required("spec_version", SpecVersion),
    required("id", Id),
    CREATED_BY_REF,
    required("created", TimestampToTheMillisecond),
    required("modified", TimestampToTheMillisecond),
    REVOKED,
    LABELS,
    EXTERNAL_REFERENCES,
    OBJECT_MARKING_REFS,
    GRANULAR_MARKINGS,
];

pub(super) const BUNDLE: &[Property] = &[required("type", TypeName), required("id", Id)];

const EXTERNAL_REFERENCE: Structure = Structure::new(
    "external-reference",
    &[
        required("source_name", Text),
        optional("description", Text),
        optional("url", Uri),
        optional("hashes", Hashes),
        optional("external_id", Text),
    ],
)
.with_any_of(&["description", "url", "external_id"])
.others(Others::Free);

const GRANULAR_MARKING: Structure = Structure::new(
    "granular-marking",
    &[
        optional("lang", Language),
        optional("marking_ref", Identifier(Target::OneOf(&["marking-definition"]))),
        required("selectors", List(&Text)),
    ],
)
.with_any_of(&["lang", "marking_ref"])
.others(Others::Free);

pub(super) const KILL_CHAIN_PHASE: Structure = Structure::new(
    "kill-chain-phase",
    &[required("kill_chain_name", Text), required("phase_name", Text)],
)
.others(Others::Free);

/// What an extension can be (STIX 2.1 §10.5).
pub(in super::super) const EXTENSION_TYPES: &[&str] = &[
    "new-sdo",
    "new-sco",
    "new-sro",
    "property-extension",
    "toplevel-property-extension",
];

/// The part of every extension by definition that the standard knows.
pub(in super::super) const EXTENSION: Structure = Structure::new(
    "extension",
    &[required("extension_type", Enumeration(EXTENSION_TYPES))],
)
.others(Others::Free);

//! The meta objects and the bundle: STIX 2.1 §7 and §8.

use super::super::schema::Shape::*;
use super::super::schema::{ObjectType, Target, optional, required};
use super::common;

/// `language-content`
pub(super) const LANGUAGE_CONTENT: ObjectType = ObjectType::with_common(
    "language-content",
    "STIX 2.1 §7.1",
    common::LANGUAGE_CONTENT,
    &[
        required(
            "object_ref",
            Identifier(Target::NoneOf(&["bundle", "language-content"])),
        ),
        optional("object_modified", Timestamp),
        required("contents", Dictionary(&Dictionary(&Any))),
    ],
);

/// `marking-definition`; what its definition holds is looked into by the rules on markings.
pub(super) const MARKING_DEFINITION: ObjectType = ObjectType::with_common(
    "marking-definition",
    "STIX 2.1 §7.2.1",
    common::MARKING_DEFINITION,
    &[
        optional("name", Text),
        optional("definition_type", Text),
        optional("definition", Dictionary(&Any)),
    ],
);

/// `extension-definition`
pub(super) const EXTENSION_DEFINITION: ObjectType = ObjectType::with_common(
    "extension-definition",
    "STIX 2.1 §7.3",
    common::EXTENSION_DEFINITION,
    &[
        required("name", Text),
        optional("description", Text),
        required("schema", Text),
        required("version", Text),
        required("extension_types", List(&Enumeration(common::EXTENSION_TYPES))),
        optional("extension_properties", List(&Text)),
    ],
);

/// `bundle`; its objects are looked into one by one.
pub(super) const BUNDLE: ObjectType = ObjectType::with_common(
    "bundle",
    "STIX 2.1 §8",
    common::BUNDLE,
    &[optional("objects", List(&Any))],
);

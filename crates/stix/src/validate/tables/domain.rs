//! The domain and relationship objects: STIX 2.1 §4 and §5.

use super::super::schema::Shape::*;
use super::super::schema::{NUMBER, ObjectType, Order, Target, optional, required};
use super::super::vocabulary;
use super::common::KILL_CHAIN_PHASE;
use crate::object::DOMAIN_TYPES;

/// `attack-pattern`
pub(super) const ATTACK_PATTERN: ObjectType = ObjectType::object(
    "attack-pattern",
    "STIX 2.1 §4.1",
    &[
        optional("aliases", List(&Text)),
        required("name", Text),
        optional("description", Text),
        optional("kill_chain_phases", List(&Object(&KILL_CHAIN_PHASE))),
    ],
);

/// `campaign`
pub(super) const CAMPAIGN: ObjectType = ObjectType::object(
    "campaign",
    "STIX 2.1 §4.2",
    &[
        required("name", Text),
        optional("description", Text),
        optional("aliases", List(&Text)),
        optional("first_seen", Timestamp),
        optional("last_seen", Timestamp),
        optional("objective", Text),
    ],
)
.ordered(&[("last_seen", Order::NotBefore, "first_seen")]);

/// `course-of-action`
pub(super) const COURSE_OF_ACTION: ObjectType = ObjectType::object(
    "course-of-action",
    "STIX 2.1 §4.3",
    &[required("name", Text), optional("description", Text)],
);

/// `grouping`
pub(super) const GROUPING: ObjectType = ObjectType::object(
    "grouping",
    "STIX 2.1 §4.4",
    &[
        optional("name", Text),
        optional("description", Text),
        required("context", Open(&vocabulary::GROUPING_CONTEXT)),
        required("object_refs", List(&Identifier(Target::Any))),
    ],
);

/// `identity`
pub(super) const IDENTITY: ObjectType = ObjectType::object(
    "identity",
    "STIX 2.1 §4.5",
    &[
        optional("roles", List(&Text)),
        required("name", Text),
        optional("description", Text),
        optional("identity_class", Open(&vocabulary::IDENTITY_CLASS)),
        optional("sectors", List(&Open(&vocabulary::INDUSTRY_SECTOR))),
        optional("contact_information", Text),
    ],
);

/// `incident`
pub(super) const INCIDENT: ObjectType = ObjectType::object(
    "incident",
    "STIX 2.1 §4.6",
    &[required("name", Text), optional("description", Text)],
);

/// `indicator`
pub(super) const INDICATOR: ObjectType = ObjectType::object(
    "indicator",
    "STIX 2.1 §4.7",
    &[
        optional("indicator_types", List(&Open(&vocabulary::INDICATOR_TYPE))),
        optional("name", Text),
        optional("description", Text),
        required("pattern", Text),
        required("pattern_type", Open(&vocabulary::PATTERN_TYPE)),
        optional("pattern_version", Text),
        required("valid_from", Timestamp),
        optional("valid_until", Timestamp),
        optional("kill_chain_phases", List(&Object(&KILL_CHAIN_PHASE))),
    ],
)
.ordered(&[("valid_until", Order::After, "valid_from")]);

/// `infrastructure`
pub(super) const INFRASTRUCTURE: ObjectType = ObjectType::object(
    "infrastructure",
    "STIX 2.1 §4.8",
    &[
        required("name", Text),
        optional("description", Text),
        optional(
            "infrastructure_types",
            List(&Open(&vocabulary::INFRASTRUCTURE_TYPE)),
        ),
        optional("aliases", List(&Text)),
        optional("kill_chain_phases", List(&Object(&KILL_CHAIN_PHASE))),
        optional("first_seen", Timestamp),
        optional("last_seen", Timestamp),
    ],
)
.ordered(&[("last_seen", Order::NotBefore, "first_seen")]);

/// `intrusion-set`
pub(super) const INTRUSION_SET: ObjectType = ObjectType::object(
    "intrusion-set",
    "STIX 2.1 §4.9",
    &[
        required("name", Text),
        optional("description", Text),
        optional("aliases", List(&Text)),
        optional("first_seen", Timestamp),
        optional("last_seen", Timestamp),
        optional("goals", List(&Text)),
        optional("resource_level", Open(&vocabulary::ATTACK_RESOURCE_LEVEL)),
        optional("primary_motivation", Open(&vocabulary::ATTACK_MOTIVATION)),
        optional(
            "secondary_motivations",
            List(&Open(&vocabulary::ATTACK_MOTIVATION)),
        ),
    ],
)
.ordered(&[("last_seen", Order::NotBefore, "first_seen")]);

/// `location`
pub(super) const LOCATION: ObjectType = ObjectType::object(
    "location",
    "STIX 2.1 §4.10",
    &[
        optional("description", Text),
        optional("name", Text),
        optional(
            "latitude",
            Number {
                min: -90.0,
                max: 90.0,
            },
        ),
        optional(
            "longitude",
            Number {
                min: -180.0,
                max: 180.0,
            },
        ),
        optional("precision", NUMBER),
        optional("region", Open(&vocabulary::REGION)),
        optional("country", Text),
        optional("administrative_area", Text),
        optional("city", Text),
        optional("street_address", Text),
        optional("postal_code", Text),
    ],
);

/// `malware-analysis`
pub(super) const MALWARE_ANALYSIS: ObjectType = ObjectType::object(
    "malware-analysis",
    "STIX 2.1 §4.12",
    &[
        required("product", Text),
        optional("version", Text),
        optional("configuration_version", Text),
        optional("modules", List(&Text)),
        optional("analysis_engine_version", Text),
        optional("analysis_definition_version", Text),
        optional("submitted", Timestamp),
        optional("analysis_started", Timestamp),
        optional("analysis_ended", Timestamp),
        optional("result_name", Text),
        optional("result", Open(&vocabulary::MALWARE_RESULT)),
        optional("host_vm_ref", Identifier(Target::OneOf(&["software"]))),
        optional("operating_system_ref", Identifier(Target::OneOf(&["software"]))),
        optional(
            "installed_software_refs",
            List(&Identifier(Target::OneOf(&["software"]))),
        ),
        optional("analysis_sco_refs", List(&Identifier(Target::Any))),
        optional(
            "sample_ref",
            Identifier(Target::OneOf(&["artifact", "file", "network-traffic"])),
        ),
    ],
)
.with_any_of(&["result", "analysis_sco_refs"]);

/// `malware`
pub(super) const MALWARE: ObjectType = ObjectType::object(
    "malware",
    "STIX 2.1 §4.11",
    &[
        optional("aliases", List(&Text)),
        optional("first_seen", Timestamp),
        optional("last_seen", Timestamp),
        optional(
            "operating_system_refs",
            List(&Identifier(Target::OneOf(&["software"]))),
        ),
        optional(
            "architecture_execution_envs",
            List(&Open(&vocabulary::PROCESSOR_ARCHITECTURE)),
        ),
        optional(
            "implementation_languages",
            List(&Open(&vocabulary::IMPLEMENTATION_LANGUAGE)),
        ),
        optional("capabilities", List(&Open(&vocabulary::MALWARE_CAPABILITIES))),
        optional(
            "sample_refs",
            List(&Identifier(Target::OneOf(&["artifact", "file"]))),
        ),
        optional("malware_types", List(&Open(&vocabulary::MALWARE_TYPE))),
        optional("name", Text),
        optional("description", Text),
        optional("kill_chain_phases", List(&Object(&KILL_CHAIN_PHASE))),
        required("is_family", Boolean),
    ],
)
.ordered(&[("last_seen", Order::NotBefore, "first_seen")]);

/// `note`
pub(super) const NOTE: ObjectType = ObjectType::object(
    "note",
    "STIX 2.1 §4.13",
    &[
        optional("abstract", Text),
        required("content", Text),
        optional("authors", List(&Text)),
        required("object_refs", List(&Identifier(Target::Any))),
    ],
);

/// `observed-data`
pub(super) const OBSERVED_DATA: ObjectType = ObjectType::object(
    "observed-data",
    "STIX 2.1 §4.14",
    &[
        required("first_observed", Timestamp),
        required("last_observed", Timestamp),
        required(
            "number_observed",
            Integer {
                min: 1,
                max: 999_999_999,
            },
        ),
        optional("objects", Graph),
        optional("object_refs", List(&Identifier(Target::NoneOf(DOMAIN_TYPES)))),
    ],
)
.ordered(&[("last_observed", Order::NotBefore, "first_observed")]);

/// `opinion`
pub(super) const OPINION: ObjectType = ObjectType::object(
    "opinion",
    "STIX 2.1 §4.15",
    &[
        optional("explanation", Text),
        optional("authors", List(&Text)),
        required("object_refs", List(&Identifier(Target::Any))),
        required(
            "opinion",
            Enumeration(&[
                "strongly-disagree",
                "disagree",
                "neutral",
                "agree",
                "strongly-agree",
            ]),
        ),
    ],
);

/// `report`
pub(super) const REPORT: ObjectType = ObjectType::object(
    "report",
    "STIX 2.1 §4.16",
    &[
        optional("report_types", List(&Open(&vocabulary::REPORT_TYPE))),
        required("name", Text),
        optional("description", Text),
        required("published", Timestamp),
        required("object_refs", List(&Identifier(Target::Any))),
    ],
);

/// `threat-actor`
pub(super) const THREAT_ACTOR: ObjectType = ObjectType::object(
    "threat-actor",
    "STIX 2.1 §4.17",
    &[
        optional("threat_actor_types", List(&Open(&vocabulary::THREAT_ACTOR_TYPE))),
        required("name", Text),
        optional("description", Text),
        optional("aliases", List(&Text)),
        optional("roles", List(&Open(&vocabulary::THREAT_ACTOR_ROLE))),
        optional("goals", List(&Text)),
        optional("first_seen", Timestamp),
        optional("last_seen", Timestamp),
        optional("sophistication", Open(&vocabulary::THREAT_ACTOR_SOPHISTICATION)),
        optional("resource_level", Open(&vocabulary::ATTACK_RESOURCE_LEVEL)),
        optional("primary_motivation", Open(&vocabulary::ATTACK_MOTIVATION)),
        optional(
            "secondary_motivations",
            List(&Open(&vocabulary::ATTACK_MOTIVATION)),
        ),
        optional(
            "personal_motivations",
            List(&Open(&vocabulary::ATTACK_MOTIVATION)),
        ),
    ],
)
.ordered(&[("last_seen", Order::NotBefore, "first_seen")]);

/// `tool`
pub(super) const TOOL: ObjectType = ObjectType::object(
    "tool",
    "STIX 2.1 §4.18",
    &[
        optional("aliases", List(&Text)),
        optional("tool_types", List(&Open(&vocabulary::TOOL_TYPE))),
        required("name", Text),
        optional("description", Text),
        optional("tool_version", Text),
        optional("kill_chain_phases", List(&Object(&KILL_CHAIN_PHASE))),
    ],
);

/// `vulnerability`
pub(super) const VULNERABILITY: ObjectType = ObjectType::object(
    "vulnerability",
    "STIX 2.1 §4.19",
    &[required("name", Text), optional("description", Text)],
);

// Relationship objects (§5).

/// `relationship`
pub(super) const RELATIONSHIP: ObjectType = ObjectType::object(
    "relationship",
    "STIX 2.1 §5.1",
    &[
        required("relationship_type", RelationshipType),
        optional("description", Text),
        required(
            "source_ref",
            Identifier(Target::NoneOf(&[
                "bundle",
                "language-content",
                "marking-definition",
                "relationship",
                "sighting",
            ])),
        ),
        required(
            "target_ref",
            Identifier(Target::NoneOf(&[
                "bundle",
                "language-content",
                "marking-definition",
                "relationship",
                "sighting",
            ])),
        ),
        optional("start_time", Timestamp),
        optional("stop_time", Timestamp),
    ],
)
.ordered(&[("stop_time", Order::After, "start_time")]);

/// `sighting`
pub(super) const SIGHTING: ObjectType = ObjectType::object(
    "sighting",
    "STIX 2.1 §5.2",
    &[
        optional("description", Text),
        optional("first_seen", Timestamp),
        optional("last_seen", Timestamp),
        optional(
            "count",
            Integer {
                min: 0,
                max: 999_999_999,
            },
        ),
        required(
            "sighting_of_ref",
            Identifier(Target::NoneOf(&[
                "bundle",
                "language-content",
                "marking-definition",
                "relationship",
                "sighting",
            ])),
        ),
        optional(
            "observed_data_refs",
            List(&Identifier(Target::OneOf(&["observed-data"]))),
        ),
        optional(
            "where_sighted_refs",
            List(&Identifier(Target::OneOf(&["identity", "location"]))),
        ),
        optional("summary", Boolean),
    ],
)
.ordered(&[("last_seen", Order::NotBefore, "first_seen")]);

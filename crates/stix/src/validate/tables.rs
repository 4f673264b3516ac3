//! One row for each type of STIX 2.1. Begin at [`find`].

mod common;
mod domain;
mod meta;
mod observable;

use super::schema::{ObjectType, Property};

pub(super) use common::{EXTENSION, EXTENSION_TYPES};

/// The common properties of domain and relationship objects (STIX 2.1 §3.2).
pub const OBJECT_COMMON: &[Property] = common::OBJECT;

/// The common properties of observables (STIX 2.1 §3.2).
pub const OBSERVABLE_COMMON: &[Property] = common::OBSERVABLE;

/// Every type.
pub const ALL: &[&ObjectType] = &[
    &domain::ATTACK_PATTERN,
    &domain::CAMPAIGN,
    &domain::COURSE_OF_ACTION,
    &domain::GROUPING,
    &domain::IDENTITY,
    &domain::INCIDENT,
    &domain::INDICATOR,
    &domain::INFRASTRUCTURE,
    &domain::INTRUSION_SET,
    &domain::LOCATION,
    &domain::MALWARE,
    &domain::MALWARE_ANALYSIS,
    &domain::NOTE,
    &domain::OBSERVED_DATA,
    &domain::OPINION,
    &domain::REPORT,
    &domain::THREAT_ACTOR,
    &domain::TOOL,
    &domain::VULNERABILITY,
    &domain::RELATIONSHIP,
    &domain::SIGHTING,
    &observable::ARTIFACT,
    &observable::AUTONOMOUS_SYSTEM,
    &observable::DIRECTORY,
    &observable::DOMAIN_NAME,
    &observable::EMAIL_ADDR,
    &observable::EMAIL_MESSAGE,
    &observable::FILE,
    &observable::IPV4_ADDR,
    &observable::IPV6_ADDR,
    &observable::MAC_ADDR,
    &observable::MUTEX,
    &observable::NETWORK_TRAFFIC,
    &observable::PROCESS,
    &observable::SOFTWARE,
    &observable::URL,
    &observable::USER_ACCOUNT,
    &observable::WINDOWS_REGISTRY_KEY,
    &observable::X509_CERTIFICATE,
    &meta::LANGUAGE_CONTENT,
    &meta::MARKING_DEFINITION,
    &meta::EXTENSION_DEFINITION,
    &meta::BUNDLE,
];

/// The row of a type; none for custom types.
pub fn find(name: &str) -> Option<&'static ObjectType> {
    ALL.iter().find(|object_type| object_type.name == name).copied()
}

//! The rules by name: what each says, how much it weighs, where the standard says it.
//!
//! Names are stable; scripts select by them.

/// How much a finding weighs.
///
/// OASIS's own schemas let some content pass that the text of the standard does not allow, and it is in
/// circulation; there a finding is a note, so that others' verdict on an object and ours are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The text is broken, but OASIS's schemas and validator let it pass; the object counts as valid.
    Note,
    /// A SHOULD is not followed.
    Warning,
    /// A MUST is broken: the object is not valid STIX 2.1.
    Error,
}

impl Severity {
    /// `error`, `warning` or `note`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// A rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its stable name.
    pub name: &'static str,
    /// How much its findings weigh.
    pub severity: Severity,
    /// The clause that it follows.
    pub clause: &'static str,
    /// What it asks for, in one line.
    pub summary: &'static str,
}

macro_rules! rules {
    ($($name:ident $severity:ident $text:literal $clause:literal $summary:literal)*) => {
        $(
            #[doc = $summary]
            pub(super) const $name: Rule =
                Rule { name: $text, severity: Severity::$severity, clause: $clause, summary: $summary };
        )*
        /// Every rule.
        pub(super) const ALL: &[&Rule] = &[$(&$name),*];
    };
}

rules! {
    // The object as such.
    NOT_AN_OBJECT Error "not-an-object" "STIX 2.1 §3" "a STIX object is a JSON object with a `type`"
    TYPE_NAME Error "type-name" "STIX 2.1 §3.1" "type names are 3 to 250 lower-case letters, digits and single hyphens"
    RESERVED_TYPE Error "reserved-type" "STIX 2.1 §3.8" "`action` is reserved and names no type"
    SPEC_VERSION Error "spec-version" "STIX 2.1 §3.2" "`spec_version` is `2.1`"
    SPEC_VERSION_2_0 Warning "spec-version-2.0" "STIX 2.1 §3.2" "an object that says STIX 2.0 is held to STIX 2.1"
    STIX_2_0_OBJECT Error "stix-2.0-object" "STIX 2.1 §3.2" "an object that stands alone says by `spec_version` that it is STIX 2.1"
    STIX_2_0_IN_BUNDLE Warning "stix-2.0-in-bundle" "STIX 2.1 §8" "the objects of a bundle are STIX 2.1"
    REQUIRED_PROPERTY Error "required-property" "STIX 2.1 §3.1" "required properties are there"
    ANY_OF_PROPERTIES Error "any-of-properties" "STIX 2.1 §2.5, §4 to §7" "at least one property of a group is there"
    PROPERTY_COMBINATION Error "property-combination" "STIX 2.1 §4 to §7" "properties that need or exclude each other do so"
    PROPERTY_NAME Error "property-name" "STIX 2.1 §3.1" "property names are 3 to 250 lower-case letters, digits and underscores"
    PROPERTY_NAME_LENGTH Note "property-name-length" "STIX 2.1 §3.1" "property names are not longer than 250 characters"
    RESERVED_PROPERTY Error "reserved-property" "STIX 2.1 §3.8" "`severity`, `action`, `username` and `phone_numbers` are reserved"
    FORBIDDEN_PROPERTY Error "forbidden-property" "STIX 2.1 §4 to §7" "a closed structure has no properties but its own"

    // Values.
    VALUE_TYPE Error "value-type" "STIX 2.1 §2" "values have the type that the standard gives them"
    NULL_VALUE Error "null-value" "STIX 2.1 §2" "no value is null"
    EMPTY_VALUE Error "empty-value" "STIX 2.1 §2" "lists and dictionaries are not empty"
    VALUE_RANGE Error "value-range" "STIX 2.1 §2.10" "numbers lie in their range"
    ENUMERATION Error "enumeration" "STIX 2.1 §2.4" "enumerated values are of the enumeration"
    TIMESTAMP Error "timestamp" "STIX 2.1 §2.16" "timestamps are RFC 3339 in UTC and exist"
    TIMESTAMP_PRECISION Error "timestamp-precision" "STIX 2.1 §3.2, §6.7.6" "timestamps have the precision asked for"
    TIMESTAMP_ORDER Error "timestamp-order" "STIX 2.1 §3.6, §4 to §6" "later timestamps are later"
    HEX Error "hex" "STIX 2.1 §2.8" "hexadecimal values are pairs of digits"
    BINARY Error "binary" "STIX 2.1 §2.1" "binary values are padded base64"
    DICTIONARY_KEY Error "dictionary-key" "STIX 2.1 §2.3" "keys of dictionaries are up to 250 letters, digits, hyphens and underscores"
    URI Error "uri" "RFC 3986" "URLs are URIs"
    DOMAIN_NAME Error "domain-name" "STIX 2.1 §6.4" "domain names are hostnames (RFC 1034, RFC 5890)"
    EMAIL_ADDRESS Error "email-address" "STIX 2.1 §6.5" "e-mail addresses are addresses alone (RFC 5322)"
    IPV4 Error "ipv4-address" "STIX 2.1 §6.8" "IPv4 values are addresses or networks"
    IPV6 Error "ipv6-address" "STIX 2.1 §6.9" "IPv6 values are addresses or networks"
    MAC_ADDRESS Error "mac-address" "STIX 2.1 §6.10" "MAC addresses are six lower-case pairs joined by colons"
    REGISTRY_KEY Error "registry-key" "STIX 2.1 §6.17" "registry keys begin with the full name of the hive"
    CPE Error "cpe" "STIX 2.1 §6.14" "`cpe` is a CPE 2.3 formatted string"
    MEDIA_TYPE Error "media-type" "STIX 2.1 §6.1" "the media type of an artifact is registered"
    CHARACTER_SET Error "character-set" "STIX 2.1 §3.9.1" "character sets are registered"
    LANGUAGE Error "language" "STIX 2.1 §3.2" "languages are RFC 5646 tags"
    RELATIONSHIP_TYPE_NAME Error "relationship-type-name" "STIX 2.1 §5.1" "relationship types are lower-case letters, digits and hyphens"
    HASH_VALUE Error "hash-value" "STIX 2.1 §2.7" "hashes are hashes of their algorithm"

    // Identifiers and references.
    IDENTIFIER Error "identifier" "STIX 2.1 §2.9" "identifiers are `type--uuid`"
    ID_TYPE Error "id-type" "STIX 2.1 §2.9" "the id begins with the object's own type"
    ID_RANDOM Error "id-random" "STIX 2.1 §2.9" "without ID contributing properties the id is a UUIDv4"
    ID_VERSION Warning "id-version" "STIX 2.1 §2.9" "observables have UUIDv5, all others UUIDv4"
    OBSERVABLE_REFERENCE Note "observable-reference" "STIX 2.1 §2.9" "references of observables are identifiers"
    REFERENCE_TARGET Error "reference-target" "STIX 2.1 §4 to §7" "references name objects of the types they may"
    REFERENCE_IN_GRAPH Error "reference-in-graph" "STIX 2.1 §2.13" "references among the `objects` of observed data lead to one of them"

    // Patterns.
    PATTERN Error "pattern" "STIX 2.1 §9" "the pattern of an indicator is a STIX pattern"
    PATTERN_TYPE_NAME Error "pattern-type-name" "STIX 2.1 §9.7" "a pattern names object types that can exist"
    PATTERN_PROPERTY_NAME Error "pattern-property-name" "STIX 2.1 §9.7" "a pattern names properties that can exist"
    PATTERN_NEVER_MATCHES Warning "pattern-never-matches" "STIX 2.1 §9.5" "a pattern can match something"
    PATTERN_WINDOW Warning "pattern-window" "STIX 2.1 §4.7, §9.5.1" "START and STOP lie in the time in which the indicator is valid"

    // Markings, languages, extensions.
    MARKING_SELECTOR Error "marking-selector" "STIX 2.1 §7.2.3" "selectors of granular markings lead to something"
    MARKING_SELF_REFERENCE Error "marking-self-reference" "STIX 2.1 §3.2" "a marking does not mark itself"
    MARKING_DEFINITION Error "marking-definition" "STIX 2.1 §7.2.1" "a marking has a definition that is a statement, a TLP level or an extension"
    TLP_DEFINITION Error "tlp-definition" "STIX 2.1 §7.2.1.4" "TLP markings are the four that the standard gives, unchanged"
    MARKING_DEFINITION_TYPE Warning "marking-definition-type" "STIX 2.1 §7.2.1" "`definition_type` is `statement` or `tlp`"
    CONTENT_LANGUAGE Error "content-language" "STIX 2.1 §7.1" "translations are filed under RFC 5646 tags"
    CONTENT_PROPERTY Error "content-property" "STIX 2.1 §7.1" "translations are of properties"
    EXTENSION_KEY Error "extension-key" "STIX 2.1 §3.2" "extensions are filed under the id of their definition, or a predefined name"
    EXTENSION_PROPERTIES Error "extension-properties" "STIX 2.1 §7.3" "only a top-level extension lists properties"
    EXTENSION_PROPERTIES_MISSING Warning "extension-properties-missing" "STIX 2.1 §7.3" "a top-level extension lists its properties"
    EXTENSION_DESCRIPTION Warning "extension-description" "STIX 2.1 §7.3" "an extension definition has a description"
    CUSTOM_OBJECT Warning "custom-object" "STIX 2.1 §11.2" "types of one's own come with an extension definition"
    CUSTOM_PROPERTY Warning "custom-property" "STIX 2.1 §11.1" "properties of one's own come with an extension definition"
    CUSTOM_EXTENSION Warning "custom-extension" "STIX 2.1 §11.3" "extensions of one's own are property extensions with a definition"
    CUSTOM_MARKING Warning "custom-marking" "STIX 2.1 §7.2.1" "markings of one's own are extensions"
    EXTERNAL_REFERENCE_ID Error "external-reference-id" "STIX 2.1 §4.1, §4.19" "CVE and CAPEC references have the source name and the id of their scheme"
    EXTERNAL_REFERENCE_HASH Warning "external-reference-hash" "STIX 2.1 §2.5" "a reference with a URL has a hash of what was there"
    DEPRECATED_PROPERTY Warning "deprecated-property" "STIX 2.1 §4.14" "deprecated properties are not used"

    // Form of names.
    OPEN_VOCABULARY_FORM Warning "open-vocabulary-form" "STIX 2.1 §2.14" "terms are lower case, with hyphens between words"
    KILL_CHAIN_FORM Warning "kill-chain-form" "STIX 2.1 §2.11" "kill chains and their phases are lower case, with hyphens between words"
    OBSERVABLE_KEY Warning "observable-key" "STIX 2.1 §2.9" "keys of `objects` are numbers"
    DICTIONARY_KEY_CASE Warning "dictionary-key-case" "STIX 2.1 §2.3" "keys of dictionaries are lower case"
    PRODUCT_FORM Warning "product-form" "STIX 2.1 §4.12" "`product` is lower case, with hyphens between words"
    PRIORITY_CLASS Warning "priority-class" "STIX 2.1 §6.13.2" "the priority of a Windows process ends in `_CLASS`"

    // Values from vocabularies and registries.
    RELATIONSHIP_TYPE Warning "relationship-type" "STIX 2.1 §5.1" "relationships are among those that the standard suggests"
    ACCOUNT_TYPE_OV Warning "account-type-ov" "STIX 2.1 §10.1" "`account_type` is of account-type-ov"
    ATTACK_MOTIVATION_OV Warning "attack-motivation-ov" "STIX 2.1 §10.2" "motivations are of attack-motivation-ov"
    ATTACK_RESOURCE_LEVEL_OV Warning "attack-resource-level-ov" "STIX 2.1 §10.3" "`resource_level` is of attack-resource-level-ov"
    GROUPING_CONTEXT_OV Warning "grouping-context-ov" "STIX 2.1 §10.6" "`context` is of grouping-context-ov"
    HASH_ALGORITHM_OV Warning "hash-algorithm-ov" "STIX 2.1 §10.7" "hash algorithms are of hash-algorithm-ov or begin with `x_`"
    IDENTITY_CLASS_OV Warning "identity-class-ov" "STIX 2.1 §10.8" "`identity_class` is of identity-class-ov"
    IMPLEMENTATION_LANGUAGE_OV Warning "implementation-language-ov" "STIX 2.1 §10.9" "`implementation_languages` are of implementation-language-ov"
    INDICATOR_TYPE_OV Warning "indicator-type-ov" "STIX 2.1 §10.10" "`indicator_types` are of indicator-type-ov"
    INDUSTRY_SECTOR_OV Warning "industry-sector-ov" "STIX 2.1 §10.11" "`sectors` are of industry-sector-ov"
    INFRASTRUCTURE_TYPE_OV Warning "infrastructure-type-ov" "STIX 2.1 §10.12" "`infrastructure_types` are of infrastructure-type-ov"
    MALWARE_CAPABILITIES_OV Warning "malware-capabilities-ov" "STIX 2.1 §10.13" "`capabilities` are of malware-capabilities-ov"
    MALWARE_RESULT_OV Warning "malware-result-ov" "STIX 2.1 §10.14" "`result` is of malware-result-ov"
    MALWARE_TYPE_OV Warning "malware-type-ov" "STIX 2.1 §10.15" "`malware_types` are of malware-type-ov"
    PATTERN_TYPE_OV Warning "pattern-type-ov" "STIX 2.1 §10.19" "`pattern_type` is of pattern-type-ov"
    PROCESSOR_ARCHITECTURE_OV Warning "processor-architecture-ov" "STIX 2.1 §10.20" "`architecture_execution_envs` are of processor-architecture-ov"
    REGION_OV Warning "region-ov" "STIX 2.1 §10.21" "`region` is of region-ov"
    REPORT_TYPE_OV Warning "report-type-ov" "STIX 2.1 §10.22" "`report_types` are of report-type-ov"
    THREAT_ACTOR_ROLE_OV Warning "threat-actor-role-ov" "STIX 2.1 §10.24" "`roles` are of threat-actor-role-ov"
    THREAT_ACTOR_SOPHISTICATION_OV Warning "threat-actor-sophistication-ov" "STIX 2.1 §10.25" "`sophistication` is of threat-actor-sophistication-ov"
    THREAT_ACTOR_TYPE_OV Warning "threat-actor-type-ov" "STIX 2.1 §10.23" "`threat_actor_types` are of threat-actor-type-ov"
    TOOL_TYPE_OV Warning "tool-type-ov" "STIX 2.1 §10.26" "`tool_types` are of tool-type-ov"
    WINDOWS_PEBINARY_TYPE_OV Warning "windows-pebinary-type-ov" "STIX 2.1 §10.28" "`pe_type` is of windows-pebinary-type-ov"
    FILE_MEDIA_TYPE Warning "file-media-type" "STIX 2.1 §6.7" "the media type of a file is registered"
    PROTOCOL Warning "protocol" "STIX 2.1 §6.12" "protocols are registered service names"
    IPFIX_ELEMENT Warning "ipfix-element" "STIX 2.1 §6.12" "keys of `ipfix` are registered information elements"
    HTTP_REQUEST_HEADER Warning "http-request-header" "STIX 2.1 §6.12.2" "request headers are known ones"
    SOCKET_OPTION Warning "socket-option" "STIX 2.1 §6.12.4" "socket options are known ones"
    PDF_DOCUMENT_INFO Warning "pdf-document-info" "STIX 2.1 §6.7.4" "keys of a PDF's document information are those of the format"
    COUNTRY Warning "country" "STIX 2.1 §4.10" "countries are ISO 3166-1 alpha-2 codes"
    NETWORK_TRAFFIC_PORTS Warning "network-traffic-ports" "STIX 2.1 §6.12" "network traffic has both ports"
    INDICATOR_NAME Warning "indicator-name" "STIX 2.1 §4.7" "an indicator has a name and a description"

    // The bundle, and the report itself.
    DUPLICATE_OBJECT Warning "duplicate-object" "STIX 2.1 §3.6" "no two objects have the same id and the same `modified`"
    FINDINGS_CUT Warning "findings-cut" "limits" "there are not more findings than are shown"
}

//! Which column means what: names of columns and of value types, as tables.

use entente_stix::observable::{self, Kind};

use super::record;
use crate::limits;

/// What the columns of a file mean, and what stands between them.
pub(super) struct Columns {
    pub(super) delimiter: char,
    pub(super) roles: Vec<Option<Role>>,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A value of whatever kind the type column, or the value itself, says.
    Value,
    /// A value of a kind that the column's name says.
    Typed(Type),
    /// The kind by our own name, as `export csv` writes it; goes before [`Role::Type`].
    Kind,
    Type,
    Port,
    Name,
    Description,
    Label,
    Link,
    Source,
    FirstSeen,
    ValidUntil,
    Confidence,
    Tlp,
    /// Whether its source holds the value good for detection (MISP's `to_ids`).
    ForDetection,
    Revoked,
}

/// What a type name says about the value beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    One(Kind),
    /// An address of either version.
    Address,
    /// `domain|ip`, `ip-dst|port`, `filename|md5`: the part that this type names counts.
    Composite(&'static [Option<Type>]),
    /// By its look: `hash`, `host`.
    ByLook,
}

impl Columns {
    /// The columns of a header line; nothing if no column has the name of a value.
    pub(super) fn of_header(line: &str) -> Option<Columns> {
        [',', ';', '\t', '|']
            .into_iter()
            .filter_map(|delimiter| with_delimiter(line, delimiter))
            .max_by_key(|columns| columns.roles.iter().flatten().count())
    }

    /// The field of `fields` in the first column of this role, trimmed, unless empty.
    pub(super) fn field<'f>(&self, fields: &'f [String], role: Role) -> Option<&'f str> {
        self.fields(fields, role).next()
    }

    /// All non-empty fields of this role.
    pub(super) fn fields<'f>(&self, fields: &'f [String], role: Role) -> impl Iterator<Item = &'f str> {
        self.roles
            .iter()
            .zip(fields)
            .filter(move |(have, _)| **have == Some(role))
            .map(|(_, field)| field.trim())
            .filter(|field| !is_nothing(field))
    }

    /// The values of a row with the type that their column names, if one does.
    pub(super) fn values<'f>(&self, fields: &'f [String]) -> impl Iterator<Item = (&'f str, Option<Type>)> {
        let columns = self.roles.iter().zip(fields);
        columns
            .filter_map(|(role, field)| match role {
                Some(Role::Value) => Some((field.trim(), None)),
                Some(Role::Typed(of)) => Some((field.trim(), Some(*of))),
                _ => None,
            })
            .filter(|(field, _)| !is_nothing(field))
    }
}

/// The ways in which files say "no value".
fn is_nothing(field: &str) -> bool {
    field.is_empty()
        || field == "-"
        || ["n/a", "none", "null", "nan"]
            .iter()
            .any(|nothing| field.eq_ignore_ascii_case(nothing))
}

fn with_delimiter(line: &str, delimiter: char) -> Option<Columns> {
    let names = record::split(line, delimiter)?;
    if names.len() > limits::CSV_COLUMNS_MAX {
        return None;
    }
    let mut roles: Vec<_> = names.iter().map(|name| role(&plain(name))).collect();
    // Beside a plain value column, a column called `domain` or `md5` is context, not another value.
    if roles.contains(&Some(Role::Value)) {
        for role in &mut roles {
            if matches!(role, Some(Role::Typed(_))) {
                *role = None;
            }
        }
    }
    let has_value = roles
        .iter()
        .any(|role| matches!(role, Some(Role::Value | Role::Typed(_))));
    // `evil.example,domain` is a row, whatever its second word.
    let row = names.iter().any(|name| observable::guess(name).is_some());
    // `# Reference: source` is a remark; a header consists of words that stand alone.
    let wordy = names.len() == 1 && names.iter().any(|name| name.trim().contains([' ', ':', '.']));
    (has_value && !wordy && !row).then_some(Columns { delimiter, roles })
}

/// `Indicator Value` and `"indicator-value"` are `indicator_value`.
fn plain(name: &str) -> String {
    name.trim_matches(|c: char| c.is_whitespace() || matches!(c, '#' | '"' | '\u{feff}'))
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '_'
            }
        })
        .collect()
}

fn role(name: &str) -> Option<Role> {
    let found = ROLES.iter().find(|(names, _)| names.contains(&name));
    found
        .map(|(_, role)| *role)
        .or_else(|| typed_column(name).map(Role::Typed))
}

/// A column named after a type of value: `sha256_hash`, `dst_ip`, `file_md5`.
fn typed_column(name: &str) -> Option<Type> {
    TYPED_COLUMNS
        .iter()
        .find(|(names, _)| names.contains(&name))
        .map(|(_, of)| *of)
}

/// What the words of a `type` column mean; nothing for types that a list does not carry.
pub(super) fn of_type(name: &str) -> Option<Type> {
    let name = name.trim().to_ascii_lowercase();
    if let Some(kind) = Kind::from_name(&name) {
        return Some(Type::One(kind));
    }
    TYPES
        .iter()
        .find(|(names, _)| names.contains(&name.as_str()))
        .map(|(_, of)| *of)
}

const ROLES: &[(&[&str], Role)] = &[
    (
        &[
            "value",
            "indicator",
            "ioc",
            "iocs",
            "ioc_value",
            "indicator_value",
            "observable",
            "observable_value",
            "artifact",
            "entity",
            "attribute_value",
        ],
        Role::Value,
    ),
    (&["kind"], Role::Kind),
    (
        &[
            "type",
            "ioc_type",
            "indicator_type",
            "observable_type",
            "attribute_type",
            "value_type",
            "entity_type",
        ],
        Role::Type,
    ),
    (&["port", "dst_port", "dest_port"], Role::Port),
    (&["name", "title", "malware_printable"], Role::Name),
    (
        &[
            "description",
            "comment",
            "comments",
            "note",
            "notes",
            "info",
            "context",
            "reason",
            "listingreason",
            "listing_reason",
            "malware",
            "signature",
            "event_info",
        ],
        Role::Description,
    ),
    (
        &[
            "labels",
            "label",
            "tags",
            "tag",
            "threat",
            "threat_type",
            "category",
            "attribute_tag",
            "event_tag",
            "family",
            "malware_family",
        ],
        Role::Label,
    ),
    (
        &[
            "reference",
            "references",
            "link",
            "links",
            "report",
            "urlhaus_link",
            "permalink",
            "external_reference",
        ],
        Role::Link,
    ),
    (
        &["source", "sources", "provider", "feed", "reporter"],
        Role::Source,
    ),
    (
        &[
            "first_seen",
            "first_seen_utc",
            "firstseen",
            "first_seen_at",
            "valid_from",
            "start_time",
            "listingdate",
            "listing_date",
            "dateadded",
            "date_added",
            "detected",
        ],
        Role::FirstSeen,
    ),
    (
        &[
            "valid_until",
            "expires",
            "expires_at",
            "expiration",
            "expiry",
            "expiration_date",
            "expire",
            "end_time",
        ],
        Role::ValidUntil,
    ),
    (
        &["confidence", "confidence_level", "confidence_score"],
        Role::Confidence,
    ),
    (
        &[
            "tlp",
            "marking",
            "tlp_marking",
            "tlp_level",
            "traffic_light_protocol",
        ],
        Role::Tlp,
    ),
    (&["to_ids", "toids", "ids"], Role::ForDetection),
    (&["revoked"], Role::Revoked),
];

const TYPED_COLUMNS: &[(&[&str], Type)] = &[
    (
        &["url", "uri", "urls", "full_url", "malicious_url"],
        Type::One(Kind::Url),
    ),
    (
        &["domain", "domains", "domain_name", "fqdn"],
        Type::One(Kind::Domain),
    ),
    (&["host", "hostname"], Type::ByLook),
    (
        &[
            "ip",
            "ips",
            "ip_address",
            "ipaddress",
            "ip_addr",
            "dst_ip",
            "dest_ip",
            "dstip",
            "destination_ip",
            "address",
            "network",
            "cidr",
            "netblock",
        ],
        Type::Address,
    ),
    (&["ipv4", "ipv4_addr", "ipv4_address"], Type::One(Kind::Ipv4)),
    (&["ipv6", "ipv6_addr", "ipv6_address"], Type::One(Kind::Ipv6)),
    (&["hash", "file_hash", "hashes", "filehash"], Type::ByLook),
    (
        &["md5", "md5_hash", "file_md5", "hash_md5", "filehash_md5"],
        Type::One(Kind::Md5),
    ),
    (
        &[
            "sha1",
            "sha1_hash",
            "sha_1",
            "file_sha1",
            "hash_sha1",
            "filehash_sha1",
        ],
        Type::One(Kind::Sha1),
    ),
    (
        &[
            "sha256",
            "sha256_hash",
            "sha_256",
            "file_sha256",
            "hash_sha256",
            "filehash_sha256",
        ],
        Type::One(Kind::Sha256),
    ),
    (&["sha512", "sha512_hash", "sha_512"], Type::One(Kind::Sha512)),
    (
        &["email", "e_mail", "email_address", "mail"],
        Type::One(Kind::Email),
    ),
    (&["user_agent", "useragent"], Type::One(Kind::UserAgent)),
    (
        &[
            "ja3",
            "ja3_md5",
            "ja3_hash",
            "ja3_fingerprint",
            "ja3_fingerprint_md5",
        ],
        Type::One(Kind::Ja3),
    ),
    (&["mutex"], Type::One(Kind::Mutex)),
    (&["registry_key", "regkey"], Type::One(Kind::RegistryKey)),
    (&["mac", "mac_address"], Type::One(Kind::MacAddress)),
];

const ADDRESS: Option<Type> = Some(Type::Address);
const DOMAIN: Option<Type> = Some(Type::One(Kind::Domain));
const NAME: Option<Type> = Some(Type::One(Kind::FileName));

const TYPES: &[(&[&str], Type)] = &[
    (
        &[
            "ip",
            "ips",
            "ip-src",
            "ip-dst",
            "ip-addr",
            "ip_address",
            "ip address",
            "address",
            "cidr",
            "network",
            "netblock",
        ],
        Type::Address,
    ),
    (&["ip:port", "ip_port", "address:port"], Type::Address),
    (
        &[
            "ipv4",
            "ipv4-addr",
            "ipv4address",
            "ipv4_addr",
            "ipv4-cidr",
            "ipv4_cidr",
        ],
        Type::One(Kind::Ipv4),
    ),
    (
        &[
            "ipv6",
            "ipv6-addr",
            "ipv6address",
            "ipv6_addr",
            "ipv6-cidr",
            "ipv6_cidr",
        ],
        Type::One(Kind::Ipv6),
    ),
    (
        &[
            "domain",
            "domain-name",
            "domain name",
            "domain_name",
            "hostname",
            "host",
            "fqdn",
            "host_name",
        ],
        Type::One(Kind::Domain),
    ),
    (&["url", "uri", "link"], Type::One(Kind::Url)),
    (
        &[
            "email",
            "e-mail",
            "email-addr",
            "email_address",
            "email-src",
            "email-dst",
            "email-reply-to",
            "mail",
            "sender",
        ],
        Type::One(Kind::Email),
    ),
    (
        &["md5", "md5_hash", "filehash-md5", "file:hashes.md5"],
        Type::One(Kind::Md5),
    ),
    (
        &[
            "sha1",
            "sha-1",
            "sha1_hash",
            "filehash-sha1",
            "file:hashes.'sha-1'",
            "x509-fingerprint-sha1",
        ],
        Type::One(Kind::Sha1),
    ),
    (
        &[
            "sha256",
            "sha-256",
            "sha256_hash",
            "filehash-sha256",
            "file:hashes.'sha-256'",
            "x509-fingerprint-sha256",
        ],
        Type::One(Kind::Sha256),
    ),
    (
        &["sha512", "sha-512", "sha512_hash", "filehash-sha512"],
        Type::One(Kind::Sha512),
    ),
    (&["x509-fingerprint-md5"], Type::One(Kind::Md5)),
    (&["hash", "file", "stixfile", "filehash"], Type::ByLook),
    (&["filename", "file_name", "file name"], Type::One(Kind::FileName)),
    (&["filepath", "file_path", "path"], Type::One(Kind::FilePath)),
    (
        &["regkey", "registry", "registry_key", "windows-registry-key"],
        Type::One(Kind::RegistryKey),
    ),
    (
        &["user-agent", "useragent", "user_agent"],
        Type::One(Kind::UserAgent),
    ),
    (
        &["ja3", "ja3_md5", "ja3-fingerprint-md5", "ja3_fingerprint"],
        Type::One(Kind::Ja3),
    ),
    (&["mac", "mac-addr", "mac-address"], Type::One(Kind::MacAddress)),
    (
        &["as", "asn", "autonomous-system"],
        Type::One(Kind::AutonomousSystem),
    ),
    (&["mutex"], Type::One(Kind::Mutex)),
    (&["domain|ip"], Type::Composite(&[DOMAIN, ADDRESS])),
    (&["ip-dst|port", "ip-src|port"], Type::Composite(&[ADDRESS, None])),
    (&["hostname|port"], Type::Composite(&[DOMAIN, None])),
    (
        &["filename|md5"],
        Type::Composite(&[None, Some(Type::One(Kind::Md5))]),
    ),
    (
        &["filename|sha1"],
        Type::Composite(&[None, Some(Type::One(Kind::Sha1))]),
    ),
    (
        &["filename|sha256"],
        Type::Composite(&[None, Some(Type::One(Kind::Sha256))]),
    ),
    (
        &["filename|sha512"],
        Type::Composite(&[None, Some(Type::One(Kind::Sha512))]),
    ),
    (&["filename|pattern"], Type::Composite(&[NAME, None])),
    (
        &["regkey|value"],
        Type::Composite(&[Some(Type::One(Kind::RegistryKey)), None]),
    ),
    (
        &["indicator", "observable", "other-indicator", "unknown"],
        Type::ByLook,
    ),
];

//! What a visitor of records is given: typed values, then the record, and what was wrong.
//!
//! Values are typed by schema (the log's own field names and types), never by their content, and come as the
//! bytes the sensor saw: JSON and Zeek escapes are undone. Normal forms are left to whoever compares.

use crate::{Field, FieldNames, Record};

/// What a value is, by the schema of its log.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// An IPv4 or IPv6 address (`192.0.2.1`, `::ffff:192.0.2.1`), without a port.
    Address = 0,
    /// A domain name or an address, perhaps with `:port` (HTTP `Host`, DNS answers).
    Host = 1,
    /// A domain name (DNS queries, TLS server names).
    Domain = 2,
    /// A URL; may lack its scheme, or come in parts as [`Value::Url`].
    Url = 3,
    /// An e-mail address, perhaps as `Name <user@host>`.
    Email = 4,
    /// A file's hash in hex; the algorithm follows from its length.
    Hash = 5,
    /// A certificate's hash in hex (SHA-1 or SHA-256), perhaps with `:` between bytes.
    CertificateHash = 6,
    /// A JA3 or JA3S fingerprint in hex.
    Ja3 = 7,
    /// A file's name without folders (may nevertheless hold them where the sensor is sloppy).
    FileName = 8,
    /// A path, Windows or Unix.
    FilePath = 9,
    /// A Windows registry key.
    RegistryKey = 10,
    /// An HTTP user agent.
    UserAgent = 11,
    /// A MAC address.
    MacAddress = 12,
    /// An autonomous system number, perhaps with `AS` before it.
    AutonomousSystem = 13,
    /// Untyped text, which may contain any of the above: a message, a command line, an unknown field.
    Text = 14,
}

impl Kind {
    /// Every kind, in the order of its number.
    pub const ALL: [Kind; 15] = [
        Kind::Address,
        Kind::Host,
        Kind::Domain,
        Kind::Url,
        Kind::Email,
        Kind::Hash,
        Kind::CertificateHash,
        Kind::Ja3,
        Kind::FileName,
        Kind::FilePath,
        Kind::RegistryKey,
        Kind::UserAgent,
        Kind::MacAddress,
        Kind::AutonomousSystem,
        Kind::Text,
    ];
}

/// A value's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// The value as one piece.
    Plain(&'a [u8]),
    /// A URL that the log splits over fields (Zeek http `host` and `uri`, EVE `http.hostname` and `http.url`).
    Url {
        /// Domain or address as logged; a port that is part of the field (`example.org:8080`) stays in it.
        host: &'a [u8],
        /// The port, where the log has one in a field of its own.
        port: Option<&'a [u8]>,
        /// Path and query, usually with the leading `/`.
        path: &'a [u8],
    },
}

/// One value of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observed<'a> {
    /// What it is.
    pub kind: Kind,
    /// The field's path as the log has it (`id.orig_h`, `dns.answers[0].rdata`, `answers` for each element of
    /// a plain list, `host+uri` for a URL in parts).
    pub field: &'a str,
    /// Its bytes, unescaped; never empty.
    pub value: Value<'a>,
}

/// Something that could not be read; reading goes on after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defect {
    /// The line (1-based, in the decompressed text) where the broken record starts; for EVTX the record's
    /// number, or 0 where a whole chunk is broken.
    pub line: u64,
    /// What is wrong, for people.
    pub reason: String,
}

/// Receives what [`Batch::visit`](crate::Batch::visit) reads.
pub trait Visitor {
    /// Whether values of this kind are of interest. Asked once for each kind at the start of a batch; values
    /// of other kinds are then skipped at no cost.
    fn wants(&self, kind: Kind) -> bool {
        let _ = kind;
        true
    }

    /// One value of the record that [`Visitor::record`] will name next. A record's values come in its order,
    /// URLs in parts after them.
    fn observed(&mut self, observed: Observed<'_>);

    /// The fields that are of interest by their names, for [`Visitor::fields`]. Asked once at the start of a batch.
    fn names(&self) -> Option<&FieldNames> {
        None
    }

    /// The named fields of the record that [`Visitor::record`] will name next, in the record's order; once for
    /// each record where [`Visitor::names`] gives names. A value that several names ask for comes once for each.
    fn fields(&mut self, fields: &[Field<'_>]) {
        let _ = fields;
    }

    /// The record whose values were just observed: once for each record, also when it had no values.
    fn record(&mut self, record: &Record<'_>);

    /// A record that could not be read. Nothing of it was observed.
    fn defect(&mut self, defect: Defect);
}

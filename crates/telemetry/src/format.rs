//! The kinds of log that can be read.

use std::fmt;

/// What a log was found to be, by its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Zeek's tab-separated form with `#fields`.
    ZeekTsv,
    /// Zeek's JSON, a record a line.
    ZeekJson,
    /// Suricata EVE JSON, a record a line or one array.
    Eve,
    /// Windows event log, binary.
    Evtx,
    /// Windows events as JSON.
    WindowsJson,
    /// Elastic Common Schema JSON (also winlogbeat).
    Ecs,
    /// Open Cybersecurity Schema Framework JSON.
    Ocsf,
    /// JSON of no known schema.
    Json,
    /// Comma- (or semicolon-, tab-, pipe-) separated values with a header.
    Csv,
    /// Syslog, RFC 3164 or RFC 5424.
    Syslog,
    /// Lines of text.
    Text,
}

impl Format {
    /// Whether fields may be named without what they lie in, as people name those of Windows events.
    pub(crate) fn has_windows_events(self) -> bool {
        matches!(self, Format::Evtx | Format::WindowsJson | Format::Ecs)
    }

    /// The format's name for people.
    pub fn name(self) -> &'static str {
        match self {
            Format::ZeekTsv => "Zeek TSV",
            Format::ZeekJson => "Zeek JSON",
            Format::Eve => "Suricata EVE",
            Format::Evtx => "Windows EVTX",
            Format::WindowsJson => "Windows events as JSON",
            Format::Ecs => "ECS JSON",
            Format::Ocsf => "OCSF JSON",
            Format::Json => "JSON",
            Format::Csv => "CSV",
            Format::Syslog => "syslog",
            Format::Text => "text",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

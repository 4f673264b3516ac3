//! Zeek's logs (scripting reference, the `Info` record of each log). Names are compared with `.` as `_`, since
//! exporters write `id.orig_h` as well as `id_orig_h`.

use super::{Class, How, is};
use crate::Kind::{Address, CertificateHash, Domain, Email, FileName, FilePath, Hash, Host, Ja3};
use crate::Kind::{MacAddress, RegistryKey, Text, Url, UserAgent};

type Fields = &'static [(&'static str, Class)];

/// Fields that mean the same wherever they stand.
const COMMON: Fields = &[
    ("id_orig_h", is(Address)),
    ("id_resp_h", is(Address)),
    ("orig_h", is(Address)),
    ("resp_h", is(Address)),
    ("orig_l2_addr", is(MacAddress)),
    ("resp_l2_addr", is(MacAddress)),
    ("server_name", is(Domain)),
    ("user_agent", is(UserAgent)),
    ("ja3", is(Ja3)),
    ("ja3s", is(Ja3)),
    ("md5", is(Hash)),
    ("sha1", is(Hash)),
    ("sha256", is(Hash)),
];

/// Each log: its name, keys of which any tells it apart where the log's name is not given, and its fields.
const LOGS: &[(&str, &[&str], Fields)] = &[
    (
        "dns",
        &["qtype", "qtype_name", "query", "rcode"],
        &[("query", is(Domain)), ("answers", is(Host))],
    ),
    (
        "http",
        &["uri", "status_code", "resp_mime_types", "request_body_len"],
        &[
            ("host", Class::Is(Host, How::UrlHost)),
            ("uri", Class::Is(Url, How::UrlPath)),
            // Zeek cuts the port off `host`; a URL with a port of its own is recognised by the server's.
            ("id.resp_p", Class::Is(Url, How::UrlPort)),
            ("referrer", is(Url)),
            ("origin", is(Url)),
            ("proxied", is(Text)),
            ("orig_filenames", is(FileName)),
            ("resp_filenames", is(FileName)),
        ],
    ),
    (
        "ssl",
        &["cipher", "ssl_history", "cert_chain_fps", "cert_chain_fuids"],
        &[
            ("server_name", is(Domain)),
            ("cert_chain_fps", is(CertificateHash)),
            ("client_cert_chain_fps", is(CertificateHash)),
            ("subject", is(Text)),
            ("issuer", is(Text)),
            ("client_subject", is(Text)),
            ("client_issuer", is(Text)),
        ],
    ),
    (
        "smtp",
        &["helo", "mailfrom", "rcptto"],
        &[
            ("helo", is(Host)),
            ("mailfrom", is(Email)),
            ("rcptto", is(Email)),
            ("from", is(Email)),
            ("to", is(Email)),
            ("cc", is(Email)),
            ("reply_to", is(Email)),
            ("x_originating_ip", is(Address)),
            ("path", is(Address)),
            ("subject", is(Text)),
            ("first_received", is(Text)),
            ("second_received", is(Text)),
            ("last_reply", is(Text)),
        ],
    ),
    (
        "x509",
        &["certificate_serial", "certificate_subject", "certificate_version"],
        &[
            ("fingerprint", is(CertificateHash)),
            ("certificate_subject", is(Text)),
            ("certificate_issuer", is(Text)),
            ("certificate_cn", is(Domain)),
            ("san_dns", is(Domain)),
            ("san_uri", is(Url)),
            ("san_email", is(Email)),
            ("san_ip", is(Address)),
        ],
    ),
    ("smb_mapping", &["share_type"], &[("path", is(FilePath))]),
    (
        "smb_files",
        &["prev_name", "times_modified"],
        &[
            ("path", is(FilePath)),
            ("name", is(FilePath)),
            ("prev_name", is(FilePath)),
        ],
    ),
    (
        "files",
        &["tx_hosts", "rx_hosts", "seen_bytes", "analyzers"],
        &[
            ("tx_hosts", is(Address)),
            ("rx_hosts", is(Address)),
            ("filename", is(FileName)),
            ("extracted", is(FileName)),
        ],
    ),
    (
        "ftp",
        &["reply_code", "data_channel_passive"],
        &[
            ("arg", Class::Is(Url, How::UrlPath)),
            ("cwd", is(FilePath)),
            ("data_channel_orig_h", is(Address)),
            ("data_channel_resp_h", is(Address)),
            ("reply_msg", is(Text)),
        ],
    ),
    (
        "notice",
        &["note", "suppress_for"],
        &[
            ("src", is(Address)),
            ("dst", is(Address)),
            ("msg", is(Text)),
            ("sub", is(Text)),
            ("file_desc", is(Text)),
        ],
    ),
    (
        "software",
        &["software_type"],
        &[("host", is(Address)), ("unparsed_version", is(UserAgent))],
    ),
    (
        "dhcp",
        &["assigned_addr", "requested_addr", "lease_time", "msg_types"],
        &[
            ("client_addr", is(Address)),
            ("server_addr", is(Address)),
            ("requested_addr", is(Address)),
            ("assigned_addr", is(Address)),
            ("assigned_ip", is(Address)),
            ("mac", is(MacAddress)),
            ("host_name", is(Domain)),
            ("client_fqdn", is(Domain)),
            ("domain", is(Domain)),
        ],
    ),
    (
        "ntlm",
        &["server_nb_computer_name", "domainname", "server_tree_name"],
        &[
            ("server_dns_computer_name", is(Domain)),
            ("server_tree_name", is(Domain)),
        ],
    ),
    (
        "kerberos",
        &["request_type", "till"],
        &[
            ("client_cert_subject", is(Text)),
            ("server_cert_subject", is(Text)),
        ],
    ),
    (
        "ssh",
        &["kex_alg", "auth_attempts", "host_key_alg"],
        &[("client", is(Text)), ("server", is(Text))],
    ),
    (
        "sip",
        &["call_id", "request_from"],
        &[
            ("uri", is(Text)),
            ("request_from", is(Text)),
            ("request_to", is(Text)),
            ("response_from", is(Text)),
            ("response_to", is(Text)),
            ("reply_to", is(Text)),
            ("subject", is(Text)),
        ],
    ),
    (
        "socks",
        &["bound_host", "bound_name", "request_name", "request_host"],
        &[
            ("request_host", is(Address)),
            ("request_name", is(Domain)),
            ("bound_host", is(Address)),
            ("bound_name", is(Domain)),
        ],
    ),
    ("syslog", &["facility"], &[("message", is(Text))]),
    ("rdp", &["security_protocol", "client_build"], &[]),
    (
        "snmp",
        &["community", "get_requests"],
        &[("display_string", is(Text))],
    ),
    ("dce_rpc", &["named_pipe"], &[]),
    ("pe", &["compile_ts", "is_exe"], &[]),
    ("weird", &["addl", "notice"], &[("addl", is(Text))]),
    ("quic", &["client_initial_dcid"], &[("server_name", is(Domain))]),
    (
        "radius",
        &["framed_addr"],
        &[("framed_addr", is(Address)), ("mac", is(MacAddress))],
    ),
    (
        "irc",
        &["dcc_file_name", "nick"],
        &[
            ("value", is(Text)),
            ("addl", is(Text)),
            ("dcc_file_name", is(FileName)),
        ],
    ),
    ("mysql", &["rows"], &[("arg", is(Text)), ("response", is(Text))]),
    (
        "intel",
        &["seen_indicator", "seen_where"],
        &[("seen_indicator", is(Text)), ("file_desc", is(Text))],
    ),
    (
        "signatures",
        &["sig_id"],
        &[
            ("src_addr", is(Address)),
            ("dst_addr", is(Address)),
            ("event_msg", is(Text)),
            ("sub_msg", is(Text)),
        ],
    ),
    ("traceroute", &[], &[("src", is(Address)), ("dst", is(Address))]),
    ("tunnel", &["tunnel_type"], &[]),
    ("known_services", &["port_num"], &[("host", is(Address))]),
    (
        "known_certs",
        &["issuer_subject"],
        &[
            ("host", is(Address)),
            ("subject", is(Text)),
            ("issuer_subject", is(Text)),
        ],
    ),
    ("websocket", &[], &[("host", is(Host)), ("uri", is(Text))]),
    ("winreg", &[], &[("key", is(RegistryKey))]),
    // After all that also have some of its keys.
    (
        "conn",
        &["conn_state", "orig_bytes", "orig_pkts", "missed_bytes"],
        &[],
    ),
    ("dpd", &["failure_reason"], &[("failure_reason", is(Text))]),
    ("known_hosts", &["host"], &[("host", is(Address))]),
    ("capture_loss", &[], &[]),
    ("stats", &[], &[]),
    ("loaded_scripts", &[], &[("name", Class::Nothing)]),
    ("packet_filter", &[], &[("filter", Class::Nothing)]),
    (
        "reporter",
        &[],
        &[("message", is(Text)), ("location", Class::Nothing)],
    ),
];

/// String fields that hold nothing to be looked up, in whatever log.
const PLAIN: &[&str] = &[
    "_path",
    "_write_ts",
    "_system_name",
    "_node",
    "@stream",
    "@system",
    "@proc",
    "ts",
    "uid",
    "uids",
    "fuid",
    "fuids",
    "id",
    "proto",
    "service",
    "conn_state",
    "history",
    "tunnel_parents",
    "conn_uids",
    "cert_chain_fuids",
    "client_cert_chain_fuids",
    "orig_fuids",
    "resp_fuids",
    "parent_fuid",
    "duration",
    "rtt",
    "community_id",
    "vlan",
    "local_orig",
    "local_resp",
    "qclass_name",
    "qtype_name",
    "rcode_name",
    "method",
    "version",
    "status_msg",
    "info_code",
    "info_msg",
    "tags",
    "username",
    "password",
    "orig_mime_types",
    "resp_mime_types",
    "mime_type",
    "file_mime_type",
    "cipher",
    "curve",
    "next_protocol",
    "last_alert",
    "ssl_history",
    "validation_status",
    "validation_code",
    "source",
    "analyzers",
    "date",
    "msg_id",
    "in_reply_to",
    "certificate_serial",
    "certificate_key_alg",
    "certificate_sig_alg",
    "certificate_key_type",
    "certificate_exponent",
    "certificate_curve",
    "certificate_not_valid_before",
    "certificate_not_valid_after",
    "basic_constraints_ca",
    "serial",
    "action",
    "actions",
    "note",
    "peer",
    "peer_descr",
    "email_dest",
    "email_delay_tokens",
    "name",
    "native_file_system",
    "share_type",
    "request_type",
    "client",
    "error_msg",
    "from",
    "till",
    "named_pipe",
    "endpoint",
    "operation",
    "hostname",
    "domainname",
    "server_nb_computer_name",
    "cookie",
    "result",
    "security_protocol",
    "client_channels",
    "keyboard_layout",
    "client_build",
    "client_name",
    "cert_type",
    "client_dig_product_id",
    "encryption_level",
    "encryption_method",
    "requested_color_depth",
    "community",
    "facility",
    "severity",
    "machine",
    "os",
    "subsystem",
    "section_names",
    "software_type",
    "version_addl",
    "cipher_alg",
    "mac_alg",
    "compression_alg",
    "kex_alg",
    "host_key_alg",
    "host_key",
    "hassh",
    "hasshServer",
    "hasshVersion",
    "direction",
    "auth_success",
    "remote_location_country_code",
    "remote_location_region",
    "remote_location_city",
    "orig_cc",
    "resp_cc",
    "analyzer",
    "tunnel_type",
    "user",
    "command",
    "status",
    "level",
    "node",
    "matched",
    "sources",
    "seen_where",
    "seen_indicator_type",
    "sig_id",
    "msg_types",
    "times_modified",
    "times_accessed",
    "times_created",
    "times_changed",
    "compile_ts",
    "success",
    "ja4",
    "ja4s",
    "ja4h",
    "ja4x",
    "pcr",
    "client_initial_dcid",
    "client_scid",
    "server_scid",
    "ssl_client_exts",
    "ssl_server_exts",
];

/// The number of a log by its name.
pub(crate) fn log_named(name: &[u8]) -> Option<u8> {
    LOGS.iter()
        .position(|(log, ..)| log.as_bytes() == name)
        .and_then(|index| u8::try_from(index).ok())
}

/// The name of a log by its number.
pub(crate) fn log_name(log: u8) -> Option<&'static str> {
    LOGS.get(usize::from(log)).map(|(name, ..)| *name)
}

/// The log that has these keys, where it does not say its name.
pub(crate) fn infer_log<'k>(keys: impl Iterator<Item = &'k [u8]> + Clone) -> Option<u8> {
    let has = |name: &str| keys.clone().any(|key| same(name, key));
    let index = LOGS
        .iter()
        .position(|(_, telling, _)| telling.iter().any(|name| has(name)))?;
    u8::try_from(index).ok()
}

/// Whether the field is known to hold nothing that could be looked up.
fn is_plain(path: &str) -> bool {
    PLAIN.iter().any(|name| same(name, path.as_bytes()))
}

pub(super) fn classify(log: Option<u8>, path: &str) -> Option<Class> {
    let find = |fields: Fields| {
        fields
            .iter()
            .find(|(name, _)| same(name, path.as_bytes()))
            .map(|(_, class)| *class)
    };
    let fields = log
        .and_then(|log| LOGS.get(usize::from(log)))
        .map(|(_, _, fields)| *fields);
    fields
        .and_then(find)
        .or_else(|| find(COMMON))
        .or_else(|| is_plain(path).then_some(Class::Nothing))
}

fn same(name: &str, key: &[u8]) -> bool {
    name.len() == key.len()
        && name
            .bytes()
            .zip(key)
            .all(|(a, b)| a == *b || (a == b'_' && *b == b'.'))
}

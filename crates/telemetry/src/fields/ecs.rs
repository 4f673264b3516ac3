//! Elastic Common Schema, and winlogbeat's `winlog.event_data` by the Windows names.

use super::{Class, Entry, How, find, is, windows};
use crate::Kind::{Address, AutonomousSystem, CertificateHash, Domain, Email, FileName, FilePath};
use crate::Kind::{Hash, Host, Ja3, MacAddress, RegistryKey, Text, Url, UserAgent};

const NOTHING: Class = Class::Nothing;

const TABLE: &[Entry] = &[
    ("@timestamp", NOTHING),
    ("@version", NOTHING),
    ("threat.*", NOTHING),
    ("rule.*", NOTHING),
    ("ecs.*", NOTHING),
    ("agent.*", NOTHING),
    ("log.file.path", NOTHING),
    ("log.*", NOTHING),
    ("event.original", is(Text)),
    ("event.*", NOTHING),
    ("cloud.*", NOTHING),
    ("tags", NOTHING),
    ("host.ip", is(Address)),
    ("host.mac", is(MacAddress)),
    ("host.*", NOTHING),
    ("user.email", is(Email)),
    ("user.*", NOTHING),
    ("geo.*", NOTHING),
    ("email.from.address", is(Email)),
    ("email.sender.address", is(Email)),
    ("email.to.address", is(Email)),
    ("email.cc.address", is(Email)),
    ("email.bcc.address", is(Email)),
    ("email.reply_to.address", is(Email)),
    ("email.attachments.file.name", is(FileName)),
    ("email.x_mailer", is(UserAgent)),
    ("source.address", is(Host)),
    ("destination.address", is(Host)),
    ("client.address", is(Host)),
    ("server.address", is(Host)),
    ("*.mac", is(MacAddress)),
    ("*.as.number", is(AutonomousSystem)),
    ("*.as.organization.name", NOTHING),
    ("network.forwarded_ip", is(Address)),
    ("network.*", NOTHING),
    ("*.registered_domain", NOTHING),
    ("*.top_level_domain", NOTHING),
    ("*.subdomain", NOTHING),
    ("dns.question.name", is(Domain)),
    ("dns.answers.name", is(Domain)),
    ("dns.answers.data", is(Host)),
    ("dns.resolved_ip", is(Address)),
    ("dns.*", NOTHING),
    ("url.full", is(Url)),
    ("url.original", is(Url)),
    ("url.domain", Class::Is(Host, How::UrlHost)),
    ("url.port", Class::Is(Url, How::UrlPort)),
    ("url.path", Class::Is(Url, How::UrlPath)),
    ("url.*", NOTHING),
    ("http.request.referrer", is(Url)),
    ("http.request.body.content", is(Text)),
    ("http.response.body.content", is(Text)),
    ("http.*", NOTHING),
    ("user_agent.original", is(UserAgent)),
    ("user_agent.*", NOTHING),
    ("*.hash.md5", is(Hash)),
    ("*.hash.sha1", is(Hash)),
    ("*.hash.sha256", is(Hash)),
    ("*.hash.sha512", is(Hash)),
    ("file.path", is(FilePath)),
    ("file.target_path", is(FilePath)),
    ("file.directory", is(FilePath)),
    ("file.name", is(FileName)),
    ("dll.path", is(FilePath)),
    ("dll.name", is(FileName)),
    ("*.executable", is(FilePath)),
    ("*.working_directory", is(FilePath)),
    ("*.command_line", is(Text)),
    ("*.args", is(Text)),
    ("*.original_file_name", is(FileName)),
    ("*.entity_id", NOTHING),
    ("*.code_signature.*", NOTHING),
    ("registry.path", is(RegistryKey)),
    ("registry.key", is(RegistryKey)),
    ("registry.data.strings", is(Text)),
    ("registry.*", NOTHING),
    ("tls.client.server_name", is(Domain)),
    ("tls.client.ja3", is(Ja3)),
    ("tls.server.ja3s", is(Ja3)),
    ("*.x509.alternative_names", is(Domain)),
    ("*.x509.subject.common_name", is(Domain)),
    ("tls.*", NOTHING),
    ("related.ip", is(Address)),
    ("related.hash", is(Hash)),
    ("related.hosts", is(Host)),
    ("*.domain", is(Host)),
    ("*.ip", is(Address)),
    ("winlog.*", NOTHING),
    ("observer.*", NOTHING),
];

pub(super) fn classify(path: &str) -> Option<Class> {
    let event = path
        .strip_prefix("winlog.event_data.")
        .or_else(|| path.strip_prefix("winlog.user_data."));
    if let Some(name) = event {
        return windows::classify(name);
    }
    // Patterns cannot have both a `*.` and a `.*`; certificates' hashes are no files'.
    if path.starts_with("tls.") && path.contains(".hash.") {
        return Some(is(CertificateHash));
    }
    find(TABLE, path)
}

//! The values that an object states: of an observable its own, of STIX 2.0 `observed-data` those within.

use super::path::algorithm_kind;
use super::{Kind, Observable, hash, normalise};
use crate::json::Value;
use crate::object::Object;

/// The values of an object with the property that each stands in. What has no normal form is left out:
/// an object is kept with all it says, but only what has one can be found by it.
pub fn of_object(object: &Object<'_>) -> Vec<(Observable, &'static str)> {
    let mut found = Found(Vec::new());
    match object.type_name() {
        "observed-data" => {
            let embedded = object.get("objects").and_then(Value::as_object);
            for (_, observable) in embedded.into_iter().flat_map(|map| map.iter()) {
                found.of_observable(observable);
            }
        }
        "vulnerability" => found.of_vulnerability(object.value()),
        _ => found.of_observable(object.value()),
    }
    without_repeats(found.0)
}

/// Keeps the first of equal values, in order; by sorting, since an object can state very many.
fn without_repeats(mut found: Vec<(Observable, &'static str)>) -> Vec<(Observable, &'static str)> {
    let mut order: Vec<usize> = (0..found.len()).collect();
    let value = |place: &usize| found.get(*place).map(|(observable, _)| observable);
    order.sort_by(|left, right| value(left).cmp(&value(right)));
    order.dedup_by(|later, first| value(later) == value(first));
    order.sort_unstable();
    let mut first = order.into_iter().peekable();
    let mut place = 0;
    found.retain(|_| {
        let kept = first.next_if_eq(&place).is_some();
        place += 1;
        kept
    });
    found
}

struct Found(Vec<(Observable, &'static str)>);

impl Found {
    fn add(&mut self, kind: Kind, value: Option<&Value<'_>>, path: &'static str) {
        let Some(text) = value.and_then(Value::as_str) else {
            return;
        };
        if let Ok(observable) = normalise(kind, text) {
            self.0.push((observable, path));
        }
    }

    fn of_observable(&mut self, value: &Value<'_>) {
        let get = |key| value.get(key);
        let Some(type_name) = get("type").and_then(Value::as_str) else {
            return;
        };
        match type_name {
            "ipv4-addr" => self.add(Kind::Ipv4, get("value"), "value"),
            "ipv6-addr" => self.add(Kind::Ipv6, get("value"), "value"),
            "domain-name" => self.add(Kind::Domain, get("value"), "value"),
            "url" => self.add(Kind::Url, get("value"), "value"),
            "email-addr" => self.add(Kind::Email, get("value"), "value"),
            "mac-addr" => self.add(Kind::MacAddress, get("value"), "value"),
            "mutex" => self.add(Kind::Mutex, get("name"), "name"),
            "directory" => self.add(Kind::FilePath, get("path"), "path"),
            "windows-registry-key" => self.add(Kind::RegistryKey, get("key"), "key"),
            "file" => self.of_file(value),
            "artifact" => {
                self.hashes(get("hashes"), "hashes");
                self.add(Kind::Url, get("url"), "url");
            }
            "x509-certificate" => {
                self.hashes(get("hashes"), "hashes");
                self.add(Kind::CertificateSerial, get("serial_number"), "serial_number");
            }
            "autonomous-system" => self.autonomous_system(get("number")),
            "user-account" => {
                self.add(Kind::Account, get("user_id"), "user_id");
                self.add(Kind::Account, get("account_login"), "account_login");
            }
            "process" => {
                self.add(Kind::CommandLine, get("command_line"), "command_line");
                self.add(Kind::FileName, get("name"), "name");
            }
            "network-traffic" => self.of_traffic(value),
            _ => {}
        }
    }

    fn of_file(&mut self, file: &Value<'_>) {
        self.hashes(file.get("hashes"), "hashes");
        self.add(Kind::FileName, file.get("name"), "name");
        self.add(Kind::FilePath, file.get("path"), "path");
        let Some(extensions) = file.get("extensions") else {
            return;
        };
        let streams = extensions
            .pointer("/ntfs-ext/alternate_data_streams")
            .and_then(Value::as_array);
        for stream in streams.unwrap_or_default() {
            self.hashes(
                stream.get("hashes"),
                "extensions.ntfs-ext.alternate_data_streams.hashes",
            );
        }
        let program = extensions.get("windows-pebinary-ext");
        self.add(
            Kind::Imphash,
            program.and_then(|program| program.get("imphash")),
            "extensions.windows-pebinary-ext.imphash",
        );
    }

    /// The user agent; HTTP header names have no case.
    fn of_traffic(&mut self, traffic: &Value<'_>) {
        let header = traffic
            .pointer("/extensions/http-request-ext/request_header")
            .and_then(Value::as_object);
        let agents = header
            .into_iter()
            .flat_map(|map| map.iter())
            .filter(|(name, _)| name.eq_ignore_ascii_case("user-agent"));
        for (_, agent) in agents {
            // STIX 2.1 §6.12.2: a list of values; STIX 2.0 wrote one.
            let values = agent.as_array().unwrap_or(std::slice::from_ref(agent));
            for value in values {
                self.add(
                    Kind::UserAgent,
                    Some(value),
                    "extensions.http-request-ext.request_header.User-Agent",
                );
            }
        }
    }

    /// Hashes by the name of their algorithm; by their length where the name says nothing.
    fn hashes(&mut self, hashes: Option<&Value<'_>>, path: &'static str) {
        for (algorithm, value) in hashes
            .and_then(Value::as_object)
            .into_iter()
            .flat_map(|map| map.iter())
        {
            let by_length = || hash::by_length(value.as_str()?);
            if let Some(kind) = algorithm_kind(algorithm).or_else(by_length) {
                self.add(kind, Some(value), path);
            }
        }
    }

    fn autonomous_system(&mut self, number: Option<&Value<'_>>) {
        let text = number
            .and_then(Value::as_i64)
            .map(|number| Value::from(number.to_string()));
        self.add(Kind::AutonomousSystem, text.as_ref(), "number");
    }

    fn of_vulnerability(&mut self, vulnerability: &Value<'_>) {
        self.add(Kind::Vulnerability, vulnerability.get("name"), "name");
        let references = vulnerability.get("external_references").and_then(Value::as_array);
        for reference in references.unwrap_or_default() {
            self.add(
                Kind::Vulnerability,
                reference.get("external_id"),
                "external_references.external_id",
            );
        }
    }
}

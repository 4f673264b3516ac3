//! Events as NDJSON, made of the logs given: each kind of log alone.

use entente_stix::json::{Map, Value, read};
use std::path::Path;

/// The events of one kind of log.
pub(crate) struct Log {
    /// For people.
    pub(crate) name: &'static str,
    /// A record a line.
    pub(crate) text: Vec<u8>,
}

/// The logs below a folder that has `windows-json`, `zeek` and `suricata`.
pub(crate) fn logs(folder: &Path) -> Vec<Log> {
    let windows = texts(&folder.join("windows-json")).concat();
    let zeek = [texts(&folder.join("zeek")), texts(&folder.join("zeek/zeek-json"))].concat();
    let log = |name, text| Log { name, text };
    vec![
        log("ecs", lines_of(&windows, ecs)),
        log("windows", windows),
        log("zeek", zeek.concat()),
        log(
            "eve",
            texts(&folder.join("suricata"))
                .iter()
                .flat_map(|text| lines(text))
                .collect(),
        ),
    ]
}

/// The files of a folder whose names end with `.json`, in order.
fn texts(folder: &Path) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(folder).expect("a folder of logs");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    paths
        .iter()
        .map(|path| std::fs::read(path).expect("a log"))
        .collect()
}

/// A list of records as a record a line.
fn lines(text: &[u8]) -> Vec<u8> {
    let list = read(text).expect("a list of records");
    let mut out = Vec::new();
    for record in list.as_array().expect("a list") {
        out.extend_from_slice(record.canonical().as_bytes());
        out.push(b'\n');
    }
    out
}

fn lines_of(text: &[u8], to: impl for<'a> Fn(&Value<'a>) -> Value<'a>) -> Vec<u8> {
    let mut out = Vec::new();
    for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        out.extend_from_slice(to(&read(line).expect("a record")).canonical().as_bytes());
        out.push(b'\n');
    }
    out
}

/// An event of Windows as winlogbeat ships it: what it holds, and the fields of the Elastic Common Schema.
fn ecs<'a>(event: &Value<'a>) -> Value<'a> {
    const COMMON: &[(&str, &str)] = &[
        ("@timestamp", "@timestamp|TimeCreated|UtcTime"),
        ("message", "Message"),
        ("winlog.channel", "Channel"),
        ("winlog.event_id", "EventID"),
        ("process.executable", "Image|NewProcessName|ProcessName"),
        ("process.command_line", "CommandLine"),
        ("process.pid", "ProcessId"),
        ("process.parent.executable", "ParentImage|ParentProcessName"),
        ("file.path", "TargetFilename"),
        ("dll.path", "ImageLoaded"),
        ("registry.key", "TargetObject"),
        ("source.ip", "SourceIp|IpAddress|SourceAddress"),
        ("source.port", "SourcePort|IpPort"),
        ("destination.ip", "DestinationIp|DestAddress"),
        ("destination.port", "DestinationPort|DestPort"),
        ("dns.question.name", "QueryName"),
        ("user.name", "User|SubjectUserName|TargetUserName"),
    ];
    let mut out = Value::Object(Map::new());
    put(&mut out, "ecs.version", &Value::String("8.11".into()));
    for (path, names) in COMMON {
        if let Some(value) = names.split('|').find_map(|name| event.get(name)) {
            put(&mut out, path, value);
        }
    }
    for (name, value) in event.as_object().expect("an object").iter() {
        if !matches!(name, "@timestamp" | "Message" | "Channel" | "EventID") {
            put(&mut out, &format!("winlog.event_data.{name}"), value);
        }
    }
    out
}

fn put<'a>(into: &mut Value<'a>, path: &str, value: &Value<'a>) {
    let (name, rest) = path
        .split_once('.')
        .map_or((path, None), |(name, rest)| (name, Some(rest)));
    let Value::Object(members) = into else { return };
    let mut member = members
        .get(name)
        .cloned()
        .unwrap_or_else(|| Value::Object(Map::new()));
    match rest {
        Some(rest) => put(&mut member, rest, value),
        None => member = value.clone(),
    }
    members.insert(name.to_owned(), member);
}

/// Processes begun with long command lines.
pub(crate) fn long() -> Log {
    let words = [
        "-encoded",
        "aGVsbG8gd29ybGQ",
        "C:\\\\Users\\\\Public",
        "net user",
        "/c",
        "&&",
        "certutil",
        "AAAAaaaabbbb",
    ];
    let mut text = String::new();
    for number in 0..1000 {
        let line: Vec<&str> = (0..200)
            .map(|place| words[(place * 7 + number * place / 3) % words.len()])
            .collect();
        text += &format!(
            r#"{{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","Hostname":"h","ProcessId":{number},"Image":"C:\\Windows\\cmd.exe","CommandLine":"{}"}}"#,
            line.join(" ")
        );
        text.push('\n');
    }
    Log {
        name: "long",
        text: text.into_bytes(),
    }
}

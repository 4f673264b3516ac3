//! STIX to import: real bundles copied under new ids until they are enough, or made-up ones.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use crate::{create, random::Random};

pub(crate) fn write(seed: u64, from: Option<&Path>, bytes: u64, out: &Path) -> io::Result<()> {
    fs::create_dir_all(out)?;
    match from.filter(|from| from.is_dir()) {
        Some(from) => copies(from, bytes, out),
        None => made_up(seed, bytes, out),
    }
}

fn copies(from: &Path, bytes: u64, out: &Path) -> io::Result<()> {
    let mut paths: Vec<_> = fs::read_dir(from)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    if paths.is_empty() {
        let text = format!("no `*.json` in `{}`", from.display());
        return Err(io::Error::new(io::ErrorKind::NotFound, text));
    }
    let mut written = 0;
    for copy in 0_u64.. {
        for path in &paths {
            let mut text = fs::read(path)?;
            rename(&mut text, copy);
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            fs::write(out.join(format!("{copy:03}-{name}.json")), &text)?;
            written += text.len() as u64;
            if written >= bytes {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Gives every id a new one, the same everywhere; the first copy keeps its own, and the marking
/// definitions of TLP stay what they are: they are the standard's.
fn rename(text: &mut [u8], copy: u64) {
    if copy == 0 {
        return;
    }
    let mut at = 0;
    while let Some(found) = text
        .get(at..)
        .and_then(|rest| rest.windows(2).position(|w| w == b"--"))
    {
        at += found + 2;
        let Some(id) = text.get_mut(at..at + 36) else {
            return;
        };
        if is_uuid(id) && !TLP.iter().any(|tlp| tlp.as_bytes() == id) {
            shift(id, copy);
            at += 36;
        }
    }
}

const TLP: [&str; 4] = [
    "613f2e26-407d-48c7-9eca-b8e91df99dc9",
    "34098fce-860f-48ae-8e50-ebd3cc5e41da",
    "f88d31f6-486f-44da-b317-01333bde0b82",
    "5e57c739-391a-4eb3-b6be-7d15ca92d5ed",
];

fn is_uuid(id: &[u8]) -> bool {
    id.iter().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}

/// Moves the last six digits on by the copy's number; the first copies do not meet.
fn shift(id: &mut [u8], copy: u64) {
    let Some(last) = id.get_mut(28..36) else { return };
    let number = u32::from_str_radix(&String::from_utf8_lossy(last), 16).unwrap_or_default();
    let moved = number.wrapping_add((copy as u32).wrapping_mul(0x9e37_79b1));
    last.copy_from_slice(format!("{moved:08x}").as_bytes());
}

/// Objects of the size and links of ATT&CK's: techniques, software, and what uses what.
fn made_up(seed: u64, bytes: u64, out: &Path) -> io::Result<()> {
    let mut random = Random::new(seed ^ 0x571);
    let mut written = 0;
    for file in 0_u64.. {
        let mut bundle = create(&out.join(format!("{file:03}-made-up.json")))?;
        let mut size = write!(
            bundle,
            r#"{{"type":"bundle","id":"bundle--{}","objects":["#,
            uuid(&mut random)
        )
        .map(|()| 70_u64)?;
        let (technique, software) = (uuid(&mut random), uuid(&mut random));
        let mut first = true;
        while size < 10_000_000 {
            let text = match (first, random.below(3)) {
                (true, _) => object("attack-pattern", &technique, &mut random),
                (_, 0) => object("attack-pattern", &uuid(&mut random), &mut random),
                (_, 1) => object("malware", &uuid(&mut random), &mut random),
                _ => relationship(&software, &technique, &mut random),
            };
            if !first {
                bundle.write_all(b",\n")?;
            }
            bundle.write_all(text.as_bytes())?;
            size += text.len() as u64 + 2;
            first = false;
        }
        bundle.write_all(b"]}\n")?;
        bundle.flush()?;
        written += size;
        if written >= bytes {
            break;
        }
    }
    Ok(())
}

fn object(of: &str, id: &str, random: &mut Random) -> String {
    let words = [
        "server", "loads", "a", "module", "and", "sends", "what", "it", "finds", "over", "HTTPS",
    ];
    let description: String = (0..150).flat_map(|_| [random.pick(&words), " "]).collect();
    let family = if of == "malware" {
        r#","is_family":true"#
    } else {
        ""
    };
    let number = random.below(10_000);
    format!(
        r#"{{"type":"{of}","spec_version":"2.1","id":"{of}--{id}","created":"2024-01-17T13:14:50.000Z","modified":"2025-04-16T20:37:20.123Z","name":"Thing {number}"{family},"description":"{description}","external_references":[{{"source_name":"catalogue","external_id":"T{number}","url":"https://catalogue.example/T{number}"}}],"labels":["made-up"]}}"#
    )
}

fn relationship(from: &str, to: &str, random: &mut Random) -> String {
    let id = uuid(random);
    format!(
        r#"{{"type":"relationship","spec_version":"2.1","id":"relationship--{id}","created":"2024-01-17T13:14:50.000Z","modified":"2025-04-16T20:37:20.123Z","relationship_type":"uses","source_ref":"malware--{from}","target_ref":"attack-pattern--{to}","description":"Seen in one intrusion."}}"#
    )
}

pub(crate) fn uuid(random: &mut Random) -> String {
    let (a, b) = (random.next(), random.next());
    let (low, mid, high) = (a >> 32, a >> 16 & 0xffff, a & 0xfff);
    format!(
        "{low:08x}-{mid:04x}-4{high:03x}-a{:03x}-{:012x}",
        b >> 52,
        b & 0xffff_ffff_ffff
    )
}

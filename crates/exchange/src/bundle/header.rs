//! The two signed texts of a bundle: what stands at its beginning, and what stands at its end.

use std::fmt::Write as _;

use entente_stix::digest::Digest;
use entente_stix::time::Timestamp;

use crate::limits::NOTES_MAX;

const FIRST_LINE: &str = "entente/bundle/v1";
const LAST_PART: &str = "entente/bundle-end/v1";

/// What a bundle says of itself before anything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The party that made it: its id.
    pub issuer: String,
    /// The only party that may read it: its id.
    pub audience: String,
    /// The agreement that it was made under.
    pub agreement: String,
    /// The version of the agreement that counted then.
    pub version: u32,
    /// SHA-256 of that version's canonical text.
    pub terms: Digest,
    /// The number among the issuer's bundles for this audience and agreement, from 1.
    pub number: u64,
    /// The digest of the bundle before it; `None` for the first.
    pub previous: Option<Digest>,
    /// It counts from this instant on.
    pub not_before: Timestamp,
    /// It counts until just before this instant.
    pub until: Timestamp,
    /// The logs it tells of, by name.
    pub logs: Vec<Log>,
}

/// How far a bundle tells of a log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Log {
    /// The log's name.
    pub origin: String,
    /// Number of the first entry.
    pub from: u64,
    /// Entries of the log at its signed head: the bundle tells all from `from` up to there.
    pub size: u64,
    /// The root at that head.
    pub root: Digest,
}

impl Header {
    /// The text that is signed.
    pub fn text(&self) -> String {
        let mut out = format!("{FIRST_LINE}\nfrom {}\nto {}\n", self.issuer, self.audience);
        let _ = writeln!(
            out,
            "agreement {} {} {}",
            self.agreement, self.version, self.terms
        );
        match &self.previous {
            Some(previous) => drop(writeln!(out, "number {} after {previous}", self.number)),
            None => drop(writeln!(out, "number {}", self.number)),
        }
        let _ = writeln!(out, "valid {} {}", self.not_before, self.until);
        for log in &self.logs {
            let _ = writeln!(out, "log {} {} {} {}", log.origin, log.from, log.size, log.root);
        }
        out
    }

    /// Reads exactly what [`Header::text`] writes.
    pub(crate) fn read(text: &str) -> Result<Header, String> {
        let mut lines = text.lines();
        let mut line = || lines.next().unwrap_or_default().split(' ').collect::<Vec<_>>();
        if line() != [FIRST_LINE] {
            return Err(format!("its first line is not `{FIRST_LINE}`"));
        }
        let [issuer] = after("from", &line())?;
        let [audience] = after("to", &line())?;
        let [agreement, version, terms] = after("agreement", &line())?;
        let (number, previous) = match line().as_slice() {
            ["number", number] => (number_of(number)?, None),
            ["number", number, "after", previous] => (number_of(number)?, Some(digest(previous)?)),
            _ => return Err("its fifth line does not give a number".to_owned()),
        };
        let [not_before, until] = after("valid", &line())?;
        let logs = lines.map(log).collect::<Result<Vec<_>, _>>()?;
        if logs.len() > NOTES_MAX || !logs.is_sorted_by(|a, b| a.origin < b.origin) {
            return Err("its logs are too many or not in the order of their names".to_owned());
        }
        let header = Header {
            issuer,
            audience,
            agreement,
            version: u32::try_from(number_of(&version)?)
                .map_err(|_| "a version beyond 32 bits".to_owned())?,
            terms: digest(&terms)?,
            number,
            previous,
            not_before: time(&not_before)?,
            until: time(&until)?,
            logs,
        };
        match header.text() == text {
            true => Ok(header),
            false => Err("it is not written as headers are: spaces, zeros or form of a time".to_owned()),
        }
    }
}

/// What a bundle says at its end, of all that came before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Closing {
    /// SHA-256 of the header's note.
    pub(crate) header: Digest,
    /// How many sections came between.
    pub(crate) sections: u64,
    /// SHA-256 of these sections, one after another.
    pub(crate) body: Digest,
}

impl Closing {
    pub(crate) fn text(&self) -> String {
        let (header, sections, body) = (self.header, self.sections, self.body);
        format!("{LAST_PART}\nheader {header}\nsections {sections}\nbody {body}\n")
    }

    /// What later bundles call this one by.
    pub(crate) fn digest(&self) -> Digest {
        Digest::of(self.text().as_bytes())
    }
}

fn after<const N: usize>(word: &str, line: &[&str]) -> Result<[String; N], String> {
    let fault = || format!("it has no line `{word}` where it must have one");
    let (first, rest) = line.split_first().ok_or_else(fault)?;
    if *first != word || rest.iter().any(|field| field.is_empty()) {
        return Err(fault());
    }
    let rest: Vec<String> = rest.iter().map(|field| (*field).to_owned()).collect();
    rest.try_into().map_err(|_| fault())
}

fn log(line: &str) -> Result<Log, String> {
    let line: Vec<&str> = line.split(' ').collect();
    let [origin, from, size, root] = after("log", &line)?;
    let log = Log {
        origin,
        from: number_of(&from)?,
        size: number_of(&size)?,
        root: digest(&root)?,
    };
    match log.from <= log.size {
        true => Ok(log),
        false => Err("a log begins behind its end".to_owned()),
    }
}

fn number_of(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| "it has a number that is none".to_owned())
}

fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).map_err(|error| error.to_string())
}

/// A SHA-256 in lower-case hexadecimal.
fn digest(text: &str) -> Result<Digest, String> {
    let fault = || "it has a digest that is none".to_owned();
    if text.len() != 64
        || !text
            .bytes()
            .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
    {
        return Err(fault());
    }
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        let pair = text.get(2 * at..2 * at + 2).ok_or_else(fault)?;
        *byte = u8::from_str_radix(pair, 16).map_err(|_| fault())?;
    }
    Ok(Digest::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use entente_stix::{digest::Digest, time::Timestamp};

    use super::{Header, Log};

    fn header() -> Header {
        let log = |origin: &str| Log {
            origin: origin.to_owned(),
            from: 2,
            size: 7,
            root: Digest::of(b"root"),
        };
        Header {
            issuer: "identity--a".to_owned(),
            audience: "identity--b".to_owned(),
            agreement: "north-sea".to_owned(),
            version: 3,
            terms: Digest::of(b"terms"),
            number: 5,
            previous: Some(Digest::of(b"previous")),
            not_before: Timestamp::from_micros(0),
            until: Timestamp::from_micros(1_000_000),
            logs: vec![log("entente/north-sea/a/1"), log("entente/north-sea/a/2")],
        }
    }

    #[test]
    fn a_header_comes_back() {
        let first = Header {
            number: 1,
            previous: None,
            logs: Vec::new(),
            ..header()
        };
        for header in [header(), first] {
            assert_eq!(Header::read(&header.text()), Ok(header));
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        let good = header().text();
        for (from, to) in [
            ("number 5", "number 05"),
            ("number 5", "number +5"),
            (".000Z", "Z"),
            ("from identity", "from  identity"),
            ("valid ", "valid\t"),
            ("log entente/north-sea/a/2", "log entente/north-sea/a/1"),
            (" 2 7 ", " 8 7 "),
            ("bundle/v1", "bundle/v2"),
            ("agreement north-sea 3", "agreement north-sea 4294967296"),
            ("\nlog", "\n\nlog"),
        ] {
            let bad = good.replace(from, to);
            assert_ne!(bad, good, "{from}");
            assert!(Header::read(&bad).is_err(), "{bad}");
        }
    }
}

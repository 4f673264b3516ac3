//! The part of a URL behind the question mark (TAXII 2.1 §3.4, §3.5), read strictly: what is unknown, said twice or
//! ill-formed is refused, since a filter that is silently dropped tells more than was asked for.

use std::borrow::Cow;
use std::collections::BTreeSet;

use entente_node::shelf::{Filter, Versions};
use entente_stix::time::Timestamp;

use super::route::decoded;
use crate::limits::{FILTER_VALUES_MAX, PAGE_OBJECTS, PAGE_OBJECTS_MAX, QUERY_BYTES_MAX};

/// The parameters of an endpoint.
pub(super) const OBJECTS: &[Parameter] = &[
    Parameter::AddedAfter,
    Parameter::Limit,
    Parameter::Next,
    Parameter::Id,
    Parameter::Type,
    Parameter::Version,
    Parameter::SpecVersion,
];
/// Those of one object.
pub(super) const OBJECT: &[Parameter] = &[
    Parameter::AddedAfter,
    Parameter::Limit,
    Parameter::Next,
    Parameter::Version,
    Parameter::SpecVersion,
];
/// Those of the versions of one object.
pub(super) const VERSIONS: &[Parameter] = &[
    Parameter::AddedAfter,
    Parameter::Limit,
    Parameter::Next,
    Parameter::SpecVersion,
];
/// Those that say what is to be deleted of one object.
pub(super) const DELETE: &[Parameter] = &[Parameter::Version, Parameter::SpecVersion];

/// One of the parameters that TAXII 2.1 knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Parameter {
    AddedAfter,
    Limit,
    Next,
    Id,
    Type,
    Version,
    SpecVersion,
}

impl Parameter {
    fn name(self) -> &'static str {
        match self {
            Parameter::AddedAfter => "added_after",
            Parameter::Limit => "limit",
            Parameter::Next => "next",
            Parameter::Id => "match[id]",
            Parameter::Type => "match[type]",
            Parameter::Version => "match[version]",
            Parameter::SpecVersion => "match[spec_version]",
        }
    }
}

/// What a query asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) filter: Filter,
    pub(super) limit: usize,
    pub(super) next: Option<String>,
}

impl Default for Asked {
    fn default() -> Asked {
        Asked {
            filter: Filter::default(),
            limit: PAGE_OBJECTS,
            next: None,
        }
    }
}

impl Asked {
    /// Reads a query that may say `known`, or tells what is wrong with it.
    pub(super) fn read(query: &str, known: &[Parameter]) -> Result<Asked, String> {
        if query.len() > QUERY_BYTES_MAX {
            return Err(format!(
                "the query has {} bytes, the limit is {QUERY_BYTES_MAX}; ask for less at a time",
                query.len()
            ));
        }
        let mut asked = Asked::default();
        let mut said = BTreeSet::new();
        for piece in query.split('&').filter(|piece| !piece.is_empty()) {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            let text = |part| decoded(part).ok_or_else(|| format!("`{piece}` is not percent-encoded UTF-8"));
            let (name, value) = (text(name)?, text(value)?);
            let parameter = known.iter().copied().find(|known| known.name() == name);
            let parameter = parameter.ok_or_else(|| unknown(&name, known))?;
            if !said.insert(parameter) {
                return Err(format!("`{}` is there more than once", parameter.name()));
            }
            asked.take(parameter, &value)?;
        }
        Ok(asked)
    }

    fn take(&mut self, parameter: Parameter, value: &str) -> Result<(), String> {
        let name = parameter.name();
        if value.is_empty() {
            return Err(format!("`{name}` has no value"));
        }
        match parameter {
            Parameter::AddedAfter => self.filter.added_after = Some(time(name, value)?),
            Parameter::Limit => self.limit = limit(value)?,
            Parameter::Next => self.next = Some(value.to_owned()),
            Parameter::Id => self.filter.ids = values(name, value)?,
            Parameter::Type => self.filter.types = values(name, value)?,
            Parameter::Version => self.filter.versions = versions(name, value)?,
            Parameter::SpecVersion => {
                self.filter.spec_versions = values(name, value)?;
                let wrong = self.filter.spec_versions.iter().find(|version| !is_spec(version));
                if let Some(wrong) = wrong {
                    return Err(format!(
                        "`{name}` holds `{wrong}`, which is no version of STIX such as 2.1"
                    ));
                }
            }
        }
        Ok(())
    }
}

/// The filter and the objects a page that a query asks for, where objects are asked for and where one is to be
/// deleted; `None`: it is refused there. For those who try the reader.
pub fn query_again(query: &str) -> [Option<(Filter, usize)>; 2] {
    [OBJECTS, DELETE].map(|known| {
        let asked = Asked::read(query, known).ok()?;
        Some((asked.filter, asked.limit))
    })
}

fn unknown(name: &str, known: &[Parameter]) -> String {
    let known: Vec<&str> = known.iter().map(|known| known.name()).collect();
    let name: Cow<'_, str> = name.chars().take(64).collect::<String>().into();
    format!("`{name}` is not known here; known are {}", known.join(", "))
}

/// Values between commas: one or more, each once.
fn values(name: &str, text: &str) -> Result<Vec<String>, String> {
    let values: BTreeSet<&str> = text.split(',').map(str::trim).collect();
    if values.contains("") {
        return Err(format!("`{name}` has an empty value between commas"));
    }
    if values.len() > FILTER_VALUES_MAX {
        return Err(format!(
            "`{name}` has {} values, the limit is {FILTER_VALUES_MAX}; ask for less at a time",
            values.len()
        ));
    }
    Ok(values.into_iter().map(str::to_owned).collect())
}

fn versions(name: &str, text: &str) -> Result<Versions, String> {
    let mut versions = Versions::none();
    for value in values(name, text)? {
        match value.as_str() {
            "all" => versions.all = true,
            "first" => versions.first = true,
            "last" => versions.last = true,
            other => drop(versions.exact.insert(time(name, other)?)),
        }
    }
    Ok(versions)
}

fn time(name: &str, text: &str) -> Result<Timestamp, String> {
    Timestamp::parse_rfc3339(text).map_err(|_| {
        format!(
            "`{name}` holds `{}`, which is no RFC 3339 timestamp such as 2026-01-01T00:00:00.000000Z",
            clipped(text)
        )
    })
}

/// A positive whole number; more than a page may hold is taken as that (§3.4).
fn limit(text: &str) -> Result<usize, String> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let wanted = text.parse().unwrap_or(usize::MAX).min(PAGE_OBJECTS_MAX);
    match is_number && wanted > 0 {
        true => Ok(wanted),
        false => Err(format!(
            "`limit` is `{}`, and must be a whole number above 0",
            clipped(text)
        )),
    }
}

fn is_spec(text: &str) -> bool {
    let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once('.')
        .is_some_and(|(major, minor)| number(major) && number(minor))
}

fn clipped(text: &str) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Asked, String> {
        Asked::read(query, OBJECTS)
    }

    #[test]
    fn filters_are_read() {
        let asked =
            read("added_after=2026-01-01T00:00:00Z&limit=20&next=abc&match[id]=b--2,a--1,a--1").unwrap();
        assert_eq!(asked.limit, 20);
        assert_eq!(asked.next.as_deref(), Some("abc"));
        assert_eq!(asked.filter.ids, ["a--1", "b--2"]);
        assert_eq!(
            asked.filter.added_after,
            Timestamp::parse("2026-01-01T00:00:00Z").ok()
        );
        let asked =
            read("match%5Btype%5D=indicator%2Cmalware&match%5Bversion%5D=first,2026-01-01T00:00:00.5Z")
                .unwrap();
        assert_eq!(asked.filter.types, ["indicator", "malware"]);
        assert!(asked.filter.versions.first && !asked.filter.versions.last);
        assert_eq!(asked.filter.versions.exact.len(), 1);
        assert_eq!(read("").unwrap(), Asked::default());
        assert_eq!(
            read("&&limit=99999999999999999999999&").unwrap().limit,
            PAGE_OBJECTS_MAX
        );
        assert!(read("added_after=2026-01-01T02:00:00%2B02:00").is_ok());
    }

    #[test]
    fn what_is_unknown_twice_or_ill_formed_is_refused() {
        for query in [
            "limit=0",
            "limit=-1",
            "limit=+1",
            "limit=1.5",
            "limit=",
            "limit",
            "limit=x",
            "limit=1&limit=1",
            "added_after=yesterday",
            "added_after=2026-01-01",
            "added_after=2026-01-01T00:00:00Z,2026-01-02T00:00:00Z",
            "match[name]=x",
            "match[type]=",
            "match[type]=a,,b",
            "match[version]=newest",
            "match[spec_version]=2",
            "match[spec_version]=two.one",
            "match[type]=a&match%5btype%5D=b",
            "next=",
            "Limit=1",
            "x=%zz",
            "x=%ff",
            "page=2",
        ] {
            assert!(read(query).is_err(), "{query}");
        }
        assert!(read(&format!("match[id]={}", ["a--1"; 2].join(","))).is_ok());
        let many: Vec<String> = (0..=FILTER_VALUES_MAX)
            .map(|number| format!("t{number}"))
            .collect();
        assert!(read(&format!("match[type]={}", many.join(","))).is_err());
        assert!(read(&"&".repeat(QUERY_BYTES_MAX + 1)).is_err());
        assert!(Asked::read("match[id]=x--1", OBJECT).is_err());
        assert!(Asked::read("match[version]=all", VERSIONS).is_err());
        assert!(Asked::read("limit=1", DELETE).is_err());
    }
}

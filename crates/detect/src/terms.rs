//! Indicator patterns to atoms: what can be looked up value by value, and what cannot yet, with the reason.
//!
//! A pattern is taken when one matching value is all it asks for: comparisons joined by `OR`, in one `[…]` or
//! in several joined by `OR`. Of an `OR` with branches that ask for more, the others are taken and the reason
//! is told. Begin at [`of_pattern`]; [`atoms_of_observable`] is for observables that an indicator is based on.

use crate::atom::{Atom, Test};
use crate::expression::clip;
use crate::filter::is_observed;
use crate::limits::{ATOMS_PER_INDICATOR_MAX, VALUE_BYTES_MAX};
use crate::patterns;
use entente_stix::observable::{Denotes, Kind, Observable, is_public_suffix, normalise, of_path};
use entente_stix::pattern::{
    self, Comparison, ComparisonExpr, Constant, ObservationExpr, Operator, Pattern, Qualifier,
};

/// What a pattern asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Any one of these satisfies the pattern.
    pub atoms: Vec<Atom>,
    /// Why the pattern, or a branch of it, is not evaluated; one line for people.
    pub not_evaluated: Option<String>,
}

impl Terms {
    /// Whether some branches are evaluated and others not.
    pub fn is_partial(&self) -> bool {
        !self.atoms.is_empty() && self.not_evaluated.is_some()
    }
}

/// The terms of a STIX pattern's text.
pub fn of_pattern(text: &str) -> Terms {
    match pattern::parse(text) {
        Ok(pattern) => of_parsed(&pattern),
        Err(error) => Terms {
            atoms: Vec::new(),
            not_evaluated: Some(format!(
                "the pattern cannot be read: {}",
                clip(&error.to_string())
            )),
        },
    }
}

/// The terms of a pattern.
pub fn of_parsed(pattern: &Pattern) -> Terms {
    let mut collector = Collector::default();
    collector.observation(&pattern.expression);
    collector.finish()
}

/// What an observable with this value is found by; empty when no log shows such values or `value` is none.
pub fn atoms_of_observable(kind: Kind, value: &str) -> Vec<Atom> {
    match normalise(kind, value) {
        Ok(observable) if is_observed(observable.kind) => vec![equal(observable)],
        _ => Vec::new(),
    }
}

/// The atom of an observable in normal form.
fn equal(observable: Observable) -> Atom {
    let Observable { kind, value } = observable;
    let test = match kind {
        Kind::Ipv4 | Kind::Ipv6 if value.contains('/') => Test::Network,
        Kind::Domain if !is_public_suffix(&value) => Test::Domain,
        Kind::Url if names_no_host(&value) || value.contains('?') => Test::Exact,
        Kind::Url if value.ends_with('/') => Test::UrlPrefix,
        Kind::Url => Test::UrlAnyQuery,
        // Patterns name files with their path where they mean the path.
        Kind::FileName if value.contains(['/', '\\']) => {
            let path = normalise(Kind::FilePath, &value).map_or(value, |observable| observable.value);
            return Atom {
                kind: Kind::FilePath,
                test: Test::Exact,
                value: path,
            };
        }
        _ => Test::Exact,
    };
    Atom { kind, test, value }
}

/// `mailto:…`: the normal form keeps the scheme of a URL that names no host.
fn names_no_host(url: &str) -> bool {
    let place = url.split(['/', '?']).next().unwrap_or_default();
    let after_host = place.rsplit(']').next().unwrap_or_default();
    after_host
        .split_once(':')
        .is_some_and(|(_, port)| !port.bytes().all(|byte| byte.is_ascii_digit()))
}

#[derive(Default)]
struct Collector {
    atoms: Vec<Atom>,
    reasons: Vec<String>,
}

/// Reasons told of one pattern; the rest is alike.
const REASONS_MAX: usize = 3;

impl Collector {
    fn finish(mut self) -> Terms {
        let mut seen = std::collections::BTreeSet::new();
        self.atoms.retain(|atom| seen.insert(atom.clone()));
        if self.atoms.len() > ATOMS_PER_INDICATOR_MAX {
            self.atoms.truncate(ATOMS_PER_INDICATOR_MAX);
            self.reasons
                .push(format!("more than {ATOMS_PER_INDICATOR_MAX} comparisons"));
        }
        self.reasons.dedup();
        let more = self.reasons.len().saturating_sub(REASONS_MAX);
        self.reasons.truncate(REASONS_MAX);
        if more > 0 {
            self.reasons.push(format!("and {more} more"));
        }
        let not_evaluated = (!self.reasons.is_empty()).then(|| self.reasons.join("; "));
        Terms {
            atoms: self.atoms,
            not_evaluated,
        }
    }

    // Recursion is as deep as the brackets, which the parser bounds.
    fn observation(&mut self, expression: &ObservationExpr) {
        match expression {
            ObservationExpr::Comparison(comparison) => self.comparison(comparison),
            ObservationExpr::Or(all) => all.iter().for_each(|one| self.observation(one)),
            ObservationExpr::And(_) => self.refuse("`AND` between observations is not evaluated yet"),
            ObservationExpr::FollowedBy(_) => self.refuse("`FOLLOWEDBY` is not evaluated yet"),
            ObservationExpr::Qualified { qualifier, .. } => {
                let name = match qualifier {
                    Qualifier::Within(_) => "WITHIN",
                    Qualifier::Repeats(_) => "REPEATS",
                    Qualifier::StartStop(..) => "START … STOP",
                };
                self.refuse(format!("`{name}` is not evaluated yet"));
            }
        }
    }

    fn comparison(&mut self, expression: &ComparisonExpr) {
        match expression {
            ComparisonExpr::Or(all) => all.iter().for_each(|one| self.comparison(one)),
            ComparisonExpr::And(_) => self.refuse("`AND` between comparisons is not evaluated yet"),
            ComparisonExpr::Test(test) => self.test(test),
        }
    }

    fn test(&mut self, test: &Comparison) {
        let Comparison {
            path,
            negated,
            operator,
            values,
        } = test;
        let shown = path.to_string();
        let path_text = clip(&shown);
        if *negated {
            return self.refuse(format!("`NOT` on `{path_text}` is not evaluated yet"));
        }
        let Some(denotes) = of_path(path) else {
            return self.refuse(format!("`{path_text}` is not looked up in logs yet"));
        };
        if !denotes.kinds().iter().any(|&kind| is_observed(kind)) {
            return self.refuse(format!("`{path_text}` is not in any log that is read"));
        }
        let take = match operator {
            Operator::Equal | Operator::In => Self::equal,
            Operator::IsSubset => Self::subset,
            Operator::Like => Self::like,
            Operator::Matches => Self::matches,
            _ => return self.refuse(format!("`{operator}` on `{path_text}` is not evaluated yet")),
        };
        for constant in values {
            match text_of(constant) {
                Some(text) if text.len() <= VALUE_BYTES_MAX => {
                    if let Err(reason) = take(self, denotes, &text) {
                        self.refuse(reason);
                    }
                }
                Some(text) => self.refuse(format!("a value of {} bytes on `{path_text}`", text.len())),
                None => self.refuse(format!(
                    "`{path_text}` has no values of this type: {}",
                    clip(&constant.to_string())
                )),
            }
        }
    }

    fn refuse(&mut self, reason: impl Into<String>) {
        // What is not told is only counted, however long the pattern is.
        let reason = if self.reasons.len() < REASONS_MAX {
            reason.into()
        } else {
            String::new()
        };
        if !self.reasons.contains(&reason) || self.reasons.len() >= REASONS_MAX {
            self.reasons.push(reason);
        }
    }

    fn equal(&mut self, denotes: Denotes, text: &str) -> Result<(), String> {
        let observable = denotes
            .normalise(text)
            .map_err(|reason| format!("`{}`: {}", clip(text), clip(&reason.to_string())))?;
        self.atoms.push(equal(observable));
        Ok(())
    }

    fn subset(&mut self, denotes: Denotes, text: &str) -> Result<(), String> {
        let is_address = denotes
            .kinds()
            .iter()
            .any(|kind| matches!(kind, Kind::Ipv4 | Kind::Ipv6));
        if !is_address {
            return Err("`ISSUBSET` is for addresses".to_owned());
        }
        let network = normalise(Kind::Ipv4, text)
            .map_err(|reason| format!("`{}`: {}", clip(text), clip(&reason.to_string())))?;
        self.atoms.push(equal(network));
        Ok(())
    }

    fn like(&mut self, denotes: Denotes, text: &str) -> Result<(), String> {
        if !text.contains(['%', '_']) {
            return self.exactly(denotes, text);
        }
        if let Some(atom) = indexed_like(denotes, text) {
            self.atoms.push(atom);
            return Ok(());
        }
        self.pattern(denotes, Test::Like, text)
    }

    /// `LIKE` without wildcards: the value itself, not what is below it.
    fn exactly(&mut self, denotes: Denotes, text: &str) -> Result<(), String> {
        let observable = denotes
            .normalise(text)
            .map_err(|reason| format!("`{}`: {}", clip(text), clip(&reason.to_string())))?;
        let atom = match equal(observable) {
            Atom {
                test: Test::Domain | Test::UrlPrefix | Test::UrlAnyQuery,
                kind,
                value,
            } => Atom {
                test: Test::Exact,
                kind,
                value,
            },
            other => other,
        };
        self.atoms.push(atom);
        Ok(())
    }

    fn matches(&mut self, denotes: Denotes, text: &str) -> Result<(), String> {
        self.pattern(denotes, Test::Matches, text)
    }

    fn pattern(&mut self, denotes: Denotes, test: Test, text: &str) -> Result<(), String> {
        for &kind in denotes.kinds().iter().filter(|&&kind| is_observed(kind)) {
            // How large it is counts when a generation is compiled.
            let _ = patterns::check(kind, test, text)?;
            self.atoms.push(Atom {
                kind,
                test,
                value: text.to_owned(),
            });
        }
        Ok(())
    }
}

fn text_of(constant: &Constant) -> Option<String> {
    match constant {
        Constant::String(text) => Some(text.clone()),
        Constant::Integer(number) => Some(number.to_string()),
        Constant::Hex(bytes) => Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
        _ => None,
    }
}

/// The two `LIKE`s that are most used, which have an index: names below a domain, URLs below a URL.
fn indexed_like(denotes: Denotes, text: &str) -> Option<Atom> {
    match denotes {
        Denotes::One(Kind::Domain) => {
            let name = text
                .strip_prefix("%.")
                .filter(|name| !name.contains(['%', '_']))?;
            let value = normalise(Kind::Domain, name).ok()?.value;
            // Names of one label are not indexed as suffixes.
            value.contains('.').then_some(Atom {
                kind: Kind::Domain,
                test: Test::Below,
                value,
            })
        }
        Denotes::One(Kind::Url) => {
            let start = text
                .strip_suffix('%')
                .filter(|start| !start.contains(['%', '_', '?', '#']))?;
            let value = normalise(Kind::Url, start).ok()?.value;
            // What the normal form changes (`http://host` gets its slash), the prefix did not say.
            let is_prefix = start.ends_with('/') && value.ends_with('/') && !names_no_host(&value);
            let has_place = start
                .split_once("://")
                .is_some_and(|(_, place)| !place.starts_with('/'));
            (is_prefix && has_place).then_some(Atom {
                kind: Kind::Url,
                test: Test::UrlPrefix,
                value,
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn atoms(text: &str) -> Vec<(Kind, Test, String)> {
        let terms = of_pattern(text);
        assert_eq!(terms.not_evaluated, None, "{text}");
        terms
            .atoms
            .into_iter()
            .map(|atom| (atom.kind, atom.test, atom.value))
            .collect()
    }

    #[track_caller]
    fn check(text: &str, expected: &[(Kind, Test, &str)]) {
        let expected: Vec<_> = expected
            .iter()
            .map(|&(kind, test, value)| (kind, test, value.to_owned()))
            .collect();
        assert_eq!(atoms(text), expected, "{text}");
    }

    #[track_caller]
    fn refused(text: &str, reason: &str) {
        let terms = of_pattern(text);
        let told = terms.not_evaluated.unwrap_or_default();
        assert!(told.contains(reason), "{text}: {told}");
        assert_eq!(terms.atoms, [], "{text}");
    }

    #[test]
    fn single_comparisons() {
        check(
            "[domain-name:value = 'Evil.Example.']",
            &[(Kind::Domain, Test::Domain, "evil.example")],
        );
        check(
            "[domain-name:value = 'co.uk']",
            &[(Kind::Domain, Test::Exact, "co.uk")],
        );
        check(
            "[ipv4-addr:value = '198.51.100.7/32']",
            &[(Kind::Ipv4, Test::Exact, "198.51.100.7")],
        );
        check(
            "[ipv4-addr:value = '198.51.100.7/24']",
            &[(Kind::Ipv4, Test::Network, "198.51.100.0/24")],
        );
        check(
            "[ipv4-addr:value ISSUBSET '198.51.100.0/24']",
            &[(Kind::Ipv4, Test::Network, "198.51.100.0/24")],
        );
        check(
            "[ipv6-addr:value = '2001:DB8::0001']",
            &[(Kind::Ipv6, Test::Exact, "2001:db8::1")],
        );
        check(
            "[email-addr:value = 'A@Evil.Example']",
            &[(Kind::Email, Test::Exact, "a@evil.example")],
        );
        check(
            "[email-message:from_ref.value = 'a@evil.example']",
            &[(Kind::Email, Test::Exact, "a@evil.example")],
        );
        check(
            "[file:name = 'Evil.exe']",
            &[(Kind::FileName, Test::Exact, "evil.exe")],
        );
        check(
            "[file:name = 'C:\\\\Temp\\\\Evil.exe']",
            &[(Kind::FilePath, Test::Exact, "c:/temp/evil.exe")],
        );
        check(
            "[network-traffic:dst_ref.value = '1.2.3.4']",
            &[(Kind::Ipv4, Test::Exact, "1.2.3.4")],
        );
        check(
            "[network-traffic:dst_ref.value = 'evil.example']",
            &[(Kind::Domain, Test::Domain, "evil.example")],
        );
    }

    #[test]
    fn hashes_in_every_spelling() {
        let md5 = "d41d8cd98f00b204e9800998ecf8427e";
        for name in ["MD5", "'MD5'", "md5", "'md5'"] {
            check(
                &format!("[file:hashes.{name} = '{}']", md5.to_uppercase()),
                &[(Kind::Md5, Test::Exact, md5)],
            );
        }
        let sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        for name in ["'SHA-256'", "SHA256", "sha256", "'sha-256'"] {
            check(
                &format!("[file:hashes.{name} = '{sha256}']"),
                &[(Kind::Sha256, Test::Exact, sha256)],
            );
            check(
                &format!("[x509-certificate:hashes.{name} = '{sha256}']"),
                &[(Kind::Sha256, Test::Exact, sha256)],
            );
        }
    }

    #[test]
    fn urls_by_their_form() {
        check(
            "[url:value = 'HTTP://Evil.Example/A?b=c']",
            &[(Kind::Url, Test::Exact, "evil.example/A?b=c")],
        );
        check(
            "[url:value = 'http://evil.example/a']",
            &[(Kind::Url, Test::UrlAnyQuery, "evil.example/a")],
        );
        check(
            "[url:value = 'http://evil.example:81/a/']",
            &[(Kind::Url, Test::UrlPrefix, "evil.example:81/a/")],
        );
        check(
            "[url:value = 'http://evil.example']",
            &[(Kind::Url, Test::UrlPrefix, "evil.example/")],
        );
        check(
            "[url:value LIKE 'http://evil.example/a/%']",
            &[(Kind::Url, Test::UrlPrefix, "evil.example/a/")],
        );
        check(
            "[url:value LIKE 'http://evil.example/a']",
            &[(Kind::Url, Test::Exact, "evil.example/a")],
        );
        check(
            "[url:value LIKE 'http://evil.example/a%']",
            &[(Kind::Url, Test::Like, "http://evil.example/a%")],
        );
    }

    #[test]
    fn patterns_of_values() {
        check(
            "[domain-name:value LIKE '%.evil.example']",
            &[(Kind::Domain, Test::Below, "evil.example")],
        );
        check(
            "[domain-name:value LIKE 'evil.example']",
            &[(Kind::Domain, Test::Exact, "evil.example")],
        );
        check(
            "[domain-name:value LIKE '%evil%']",
            &[(Kind::Domain, Test::Like, "%evil%")],
        );
        check(
            "[domain-name:value LIKE '%.onion']",
            &[(Kind::Domain, Test::Like, "%.onion")],
        );
        check(
            "[file:name MATCHES '^evil[0-9]+\\\\.exe$']",
            &[(Kind::FileName, Test::Matches, "^evil[0-9]+\\.exe$")],
        );
    }

    #[test]
    fn alternatives_at_both_levels() {
        check(
            "[domain-name:value IN ('a.example', 'b.example') OR ipv4-addr:value = '1.2.3.4'] OR [domain-name:value = 'a.example']",
            &[
                (Kind::Domain, Test::Domain, "a.example"),
                (Kind::Domain, Test::Domain, "b.example"),
                (Kind::Ipv4, Test::Exact, "1.2.3.4"),
            ],
        );
    }

    #[test]
    fn what_asks_for_more_is_not_evaluated_and_says_why() {
        refused(
            "[domain-name:value = 'a.example' AND domain-name:value = 'b.example']",
            "`AND`",
        );
        refused(
            "[domain-name:value = 'a.example'] AND [domain-name:value = 'b.example']",
            "`AND`",
        );
        refused(
            "[domain-name:value = 'a.example'] FOLLOWEDBY [domain-name:value = 'b.example']",
            "`FOLLOWEDBY`",
        );
        refused("[domain-name:value = 'a.example'] REPEATS 5 TIMES", "`REPEATS`");
        refused("[domain-name:value NOT = 'a.example']", "`NOT`");
        refused("[domain-name:value != 'a.example']", "`!=`");
        refused("[network-traffic:dst_port = 443]", "network-traffic:dst_port");
        refused("[mutex:name = 'x']", "not in any log");
        refused("[url:value MATCHES '(?=a)b']", "look-around");
        refused("[domain-name:value = 'not a domain']", "not a domain");
        refused("[domain-name:value = ", "cannot be read");
    }

    /// Found by attack: 30,000 reasons with expressions of 10 KB made 300 MB of notes.
    #[test]
    fn reasons_show_the_beginning_of_what_is_long() {
        let long = "é(".repeat(2_500);
        for text in [
            format!("[url:value MATCHES '{long}']"),
            format!("[url:value MATCHES '{}']", "(".repeat(3_000)),
            format!("[domain-name:value = '{long}']"),
            format!("[domain-name:value LIKE '{long}']"),
            format!("[x-{}:value = 1]", "y".repeat(5_000)),
        ] {
            let told = of_pattern(&text).not_evaluated.unwrap();
            assert!(told.contains('…') && told.len() < 600, "{told}");
        }
    }

    #[test]
    fn of_an_or_with_unsupported_branches_the_others_are_taken() {
        let terms = of_pattern("[domain-name:value = 'a.example' OR network-traffic:dst_port = 443]");
        assert_eq!(terms.atoms.len(), 1);
        assert!(terms.is_partial());
        assert!(terms.not_evaluated.unwrap().contains("dst_port"));
    }

    #[test]
    fn observables_give_the_same_atoms_as_their_patterns() {
        let expected = of_pattern("[domain-name:value = 'evil.example']").atoms;
        assert_eq!(atoms_of_observable(Kind::Domain, "Evil.Example"), expected);
        assert_eq!(atoms_of_observable(Kind::Domain, "no domain"), []);
        assert_eq!(atoms_of_observable(Kind::Mutex, "m"), []);
    }
}

//! Where a log's releases go on from: how far each selection has come under the terms that count.

use std::collections::BTreeMap;

use entente_stix::digest::Digest;
use entente_store::Told;

use super::Selection;

/// How far selections have come in one log. New terms begin anew: what was withheld may go now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Resume {
    terms: String,
    /// Everything up to this change was decided.
    all: Option<u64>,
    /// What this source told up to this change was decided.
    sources: BTreeMap<String, u64>,
}

/// Under what name the store keeps it.
pub(super) fn name(origin: &str) -> String {
    format!("released/{origin}")
}

impl Resume {
    /// Reads what [`Resume::text`] wrote under the same terms; anything else begins anew.
    pub(super) fn read(text: Option<&str>, terms: &[u8; 32]) -> Resume {
        let mut resume = Resume {
            terms: Digest::from_bytes(*terms).to_string(),
            ..Resume::default()
        };
        let mut lines = text.unwrap_or_default().lines();
        if lines.next() != Some(resume.terms.as_str()) {
            return resume;
        }
        for line in lines {
            let Some((number, source)) = line.split_once(' ') else {
                resume.all = line.parse().ok();
                continue;
            };
            if let Ok(number) = number.parse() {
                resume.sources.insert(source.to_owned(), number);
            }
        }
        resume
    }

    /// Lines: the digest of the terms, the number for everything, then number and name of each source.
    pub(super) fn text(&self) -> String {
        let mut text = self.terms.clone();
        if let Some(all) = self.all {
            text.push_str(&format!("\n{all}"));
        }
        for (source, number) in &self.sources {
            text.push_str(&format!("\n{number} {source}"));
        }
        text
    }

    /// The change that `what` goes on from.
    pub(super) fn from(&self, what: &Selection) -> u64 {
        let all = self.all.unwrap_or(0);
        match what {
            Selection::Ids(_) => 0,
            Selection::All => all,
            Selection::Sources(names) => {
                let of = |name: &String| self.sources.get(name).copied().unwrap_or(0);
                names.iter().map(of).min().unwrap_or(0).max(all)
            }
        }
    }

    /// Everything that `what` selects is decided up to the change `to`.
    pub(super) fn reached(&mut self, what: &Selection, to: u64) {
        match what {
            Selection::Ids(_) => {}
            Selection::All => self.all = Some(to),
            Selection::Sources(names) => {
                for name in names.iter().filter(|name| !name.contains('\n')) {
                    self.sources.insert(name.clone(), to);
                }
            }
        }
    }

    /// Whether somebody asked, now or before, that what these sources told be released as it comes.
    pub(super) fn covers(&self, what: &Selection, told: &[Told]) -> bool {
        let is_named = |names: &[String]| told.iter().any(|told| names.contains(&told.source));
        self.all.is_some()
            || told.iter().any(|told| self.sources.contains_key(&told.source))
            || match what {
                Selection::Ids(_) => false,
                Selection::All => true,
                Selection::Sources(names) => is_named(names),
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(source: &str) -> Vec<Told> {
        vec![Told {
            source: source.to_owned(),
            at: 0,
        }]
    }

    #[test]
    fn selections_go_on_where_they_left_off() {
        let feeds = Selection::Sources(vec!["feed a".to_owned(), "b".to_owned()]);
        let mut resume = Resume::read(None, &[1; 32]);
        assert_eq!(resume.from(&feeds), 0);
        assert!(!resume.covers(&Selection::Ids(vec![]), &told("b")));
        resume.reached(&feeds, 17);
        let again = Resume::read(Some(&resume.text()), &[1; 32]);
        assert_eq!(again, resume);
        assert_eq!(again.from(&feeds), 17);
        assert_eq!(again.from(&Selection::All), 0);
        assert!(again.covers(&Selection::Ids(vec![]), &told("feed a")));
        assert!(!again.covers(&Selection::Ids(vec![]), &told("feed")));
        resume.reached(&Selection::All, 20);
        assert_eq!(resume.from(&feeds), 20);
        assert_eq!(Resume::read(Some(&resume.text()), &[1; 32]), resume);
    }

    #[test]
    fn new_terms_begin_anew() {
        let mut resume = Resume::read(None, &[1; 32]);
        resume.reached(&Selection::All, 9);
        assert_eq!(
            Resume::read(Some(&resume.text()), &[2; 32]).from(&Selection::All),
            0
        );
    }
}

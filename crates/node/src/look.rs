//! Everything known about values: who says what, since when, and one's own hits.

use entente_stix::json::Value;
use entente_stix::marking::Tlp;
use entente_stix::object::Object;
use entente_stix::observable::{self, Kind, Observable};
use entente_stix::time::Timestamp;
use entente_store::{Hits, Mention};

use crate::limits::LOOK_MENTIONS_MAX;
use crate::noted::Noted;
use crate::recall::standing::Recalls;
use crate::receipt::Recalled;
use crate::{Error, Node};

/// Keys asked of the store in one call: many, because it reads them in the order of its index. One value may ask
/// for a few hundred (readings, parent domains, networks), so the store's bound is not reached.
const KEYS_AT_ONCE: usize = 50_000;

/// What an object that mentions a value says about it, for people.
#[derive(Clone, Debug, Default)]
pub struct Details {
    /// Its description.
    pub description: Option<String>,
    /// Its labels or indicator types.
    pub labels: Vec<String>,
    /// 0 to 100.
    pub confidence: Option<i64>,
    /// When it became valid, and when it ends.
    pub valid: (Option<Timestamp>, Option<Timestamp>),
    /// Its TLP.
    pub tlp: Option<Tlp>,
    /// What it indicates, by name.
    pub indicates: Vec<String>,
}

/// What is known about one value.
#[derive(Clone, Debug)]
pub struct Known {
    /// The value as it was asked.
    pub asked: String,
    /// What it was taken for; `None` when it is nothing that can be looked up.
    pub observable: Option<Observable>,
    /// Objects that mention it, or something that covers it.
    pub mentions: Vec<Said>,
    /// Whether more objects mention it than are listed.
    pub more: bool,
    /// One's own detections of it.
    pub hits: Hits,
}

/// One object that mentions a value.
#[derive(Clone, Debug)]
pub struct Said {
    /// What it mentions: the value itself, a parent domain, a network around it, a URL's host.
    pub about: Observable,
    /// Whether that is the value itself rather than something that covers it.
    pub is_exact: bool,
    /// The object, and who told it since when.
    pub mention: Mention,
    /// By whom, when and why it was taken back, where the party that it belongs to did.
    pub recalled: Option<Recalled>,
}

impl Node {
    /// What is known about each of `values`, in order. Defanged forms are read.
    ///
    /// # Errors
    /// The store failed.
    pub fn look(&self, values: &[String]) -> Result<Vec<Known>, Error> {
        let noted = Noted::of(self.store())?;
        let mut known = Vec::with_capacity(values.len());
        let mut waiting = Vec::new();
        let mut keys = 0;
        let recalls = self.recalls()?;
        for value in values {
            let asked = Asked::read(value, &noted);
            keys += asked.questions.len();
            waiting.push((value.as_str(), asked));
            if keys >= KEYS_AT_ONCE {
                self.answer(std::mem::take(&mut waiting), &recalls, &mut known)?;
                keys = 0;
            }
        }
        self.answer(waiting, &recalls, &mut known)?;
        Ok(known)
    }

    fn answer(
        &self,
        asked: Vec<(&str, Asked)>,
        recalls: &Recalls<'_>,
        known: &mut Vec<Known>,
    ) -> Result<(), Error> {
        let (values, asked): (Vec<&str>, Vec<Asked>) = asked.into_iter().unzip();
        let questions = asked.iter().flat_map(|asked| &asked.questions);
        let keys: Vec<(u8, &str)> = questions.map(|(question, _)| key(question)).collect();
        let mut answers = self.store.look(&keys, LOOK_MENTIONS_MAX)?.into_iter();
        let own = asked.iter().flat_map(|asked| &asked.own);
        let own: Vec<(u8, &str)> = own.map(|(kind, value)| (*kind, value.as_str())).collect();
        let mut hits = self.store.hits(&own)?.into_iter();
        for (value, asked) in values.into_iter().zip(asked) {
            let mut mentions = Vec::new();
            let mut more = false;
            for ((about, is_exact), looked) in asked.questions.into_iter().zip(answers.by_ref()) {
                more |= looked.more;
                // A parent domain or a network counts when somebody looks for it; that it occurs says nothing.
                let counting = looked
                    .mentions
                    .into_iter()
                    .filter(|mention| is_exact || mention.is_term);
                for mention in counting {
                    mentions.push(Said {
                        about: about.clone(),
                        is_exact,
                        recalled: recalls.of(&mention.id)?,
                        mention,
                    });
                }
            }
            let own = hits.by_ref().take(asked.own.len()).fold(Hits::default(), both);
            let observable = asked
                .best
                .or_else(|| mentions.first().map(|said: &Said| said.about.clone()));
            known.push(Known {
                asked: value.to_owned(),
                observable,
                mentions,
                more,
                hits: own,
            });
        }
        Ok(())
    }

    /// What the object `id` says about a value that it mentions; `None` when it is not known.
    ///
    /// # Errors
    /// The store failed.
    pub fn details(&self, id: &str) -> Result<Option<Details>, Error> {
        let Some(stored) = self.store.current(id)? else {
            return Ok(None);
        };
        let Ok(object) = Object::read(&stored.text) else {
            return Ok(None);
        };
        let texts = |property: &str| -> Vec<String> {
            let items = object.get(property).and_then(Value::as_array).unwrap_or_default();
            items
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        };
        let time = |property: &str| object.str(property).and_then(|text| Timestamp::parse(text).ok());
        let labels = [texts("labels"), texts("indicator_types")].concat();
        Ok(Some(Details {
            description: object.str("description").map(str::to_owned),
            labels,
            confidence: object.get("confidence").and_then(Value::as_i64),
            valid: (time("valid_from"), time("valid_until")),
            tlp: Tlp::of_object(&object),
            indicates: self.indicated(id)?,
        }))
    }

    /// The names of what `indicates` relationships lead to from `id`.
    fn indicated(&self, id: &str) -> Result<Vec<String>, Error> {
        let relations = self
            .store
            .edges_to(id, Some("source_ref"), None, LOOK_MENTIONS_MAX)?
            .items;
        let relations: Vec<&str> = relations.iter().map(|edge| edge.source.as_str()).collect();
        let mut names = Vec::new();
        for relation in self.store.current_many(&relations)?.into_iter().flatten() {
            let Ok(relation) = Object::read(&relation.text) else {
                continue;
            };
            if relation.str("relationship_type") != Some("indicates") || relation.revoked() {
                continue;
            }
            let target = relation
                .str("target_ref")
                .map(|id| self.store.current(id))
                .transpose()?
                .flatten();
            names.extend(target.map(|target| target.name));
        }
        Ok(names)
    }
}

fn key(observable: &Observable) -> (u8, &str) {
    (observable.kind.number(), observable.value.as_str())
}

/// Under which values one's own detections of it are kept: URLs with the scheme that the log told, if it did.
fn own_keys(reading: &Observable) -> Vec<(u8, String)> {
    let with = |scheme: &str| (reading.kind.number(), format!("{scheme}{}", reading.value));
    match reading.kind {
        Kind::Url => vec![with(""), with("http://"), with("https://")],
        _ => vec![with("")],
    }
}

fn both(one: Hits, other: Hits) -> Hits {
    Hits {
        count: one.count + other.count,
        first: one.first.into_iter().chain(other.first).min(),
        last: one.last.into_iter().chain(other.last).max(),
    }
}

/// A value as it is asked about.
struct Asked {
    /// What it most likely is.
    best: Option<Observable>,
    /// Under which values one's own detections of it may be kept.
    own: Vec<(u8, String)>,
    /// What is asked of the store, and whether it is the value itself.
    questions: Vec<(Observable, bool)>,
}

impl Asked {
    fn read(value: &str, noted: &Noted) -> Asked {
        let best = observable::guess(value);
        let readings = observable::readings_among(value, |kind| noted.kinds.contains(&kind.number()));
        let mut questions: Vec<(Observable, bool)> =
            readings.iter().map(|reading| (reading.clone(), true)).collect();
        // What covers it is asked of its likeliest meaning only: every other one has the same parents or none.
        for about in best.iter().flat_map(|best| covering(best, noted)) {
            if noted.kinds.contains(&about.kind.number()) {
                questions.push((about, false));
            }
        }
        let own = readings.iter().flat_map(own_keys).collect();
        Asked { best, own, questions }
    }
}

/// Everything that covers a value: parent domains, networks, the host of a URL, the domain of an e-mail address.
fn covering(asked: &Observable, noted: &Noted) -> Vec<Observable> {
    match asked.kind {
        Kind::Domain => parents(&asked.value).collect(),
        Kind::Ipv4 | Kind::Ipv6 => networks(asked, noted),
        Kind::Url => host(&asked.value)
            .map(|host| with_covering(host, noted))
            .unwrap_or_default(),
        Kind::Email => {
            let domain = asked
                .value
                .rsplit_once('@')
                .map(|(_, domain)| observable::normalise(Kind::Domain, domain));
            domain
                .and_then(Result::ok)
                .map(|domain| with_covering(domain, noted))
                .unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

fn with_covering(asked: Observable, noted: &Noted) -> Vec<Observable> {
    let mut questions = covering(&asked, noted);
    questions.insert(0, asked);
    questions
}

fn parents(domain: &str) -> impl Iterator<Item = Observable> {
    let suffixes = domain
        .match_indices('.')
        .filter_map(|(dot, _)| domain.get(dot + 1..));
    suffixes
        .filter(|parent| !observable::is_public_suffix(parent))
        .map(|parent| Observable {
            kind: Kind::Domain,
            value: parent.to_owned(),
        })
}

fn networks(asked: &Observable, noted: &Noted) -> Vec<Observable> {
    let (address, longest) = match asked.value.split_once('/') {
        Some((address, length)) => (address, length.parse().unwrap_or(0)),
        None => (asked.value.as_str(), u8::MAX),
    };
    let around = noted.lengths(asked.kind).filter(|length| *length < longest);
    around
        .filter_map(|length| observable::normalise(asked.kind, &format!("{address}/{length}")).ok())
        .collect()
}

fn host(url: &str) -> Option<Observable> {
    let authority = url.split(['/', '?']).next()?;
    let host = match authority.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next()?,
        None => authority.split(':').next()?,
    };
    let by_kind = [Kind::Ipv4, Kind::Ipv6, Kind::Domain];
    by_kind
        .into_iter()
        .find_map(|kind| observable::normalise(kind, host).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(text: &str) -> Noted {
        Noted::read(text)
    }

    #[test]
    fn address_is_asked_about_in_the_networks_that_occur() {
        let asked = Asked::read("192.0.2.77", &noted("1 1/24 1/16 2/64"));
        let values: Vec<&str> = asked
            .questions
            .iter()
            .map(|(question, _)| question.value.as_str())
            .collect();
        assert_eq!(values, ["192.0.2.77", "192.0.2.0/24", "192.0.0.0/16"]);
    }

    #[test]
    fn url_is_asked_about_with_its_host_and_the_domains_above() {
        let asked = Asked::read("hxxps://a.evil[.]example:8443/x", &noted("3 4"));
        let values: Vec<&str> = asked
            .questions
            .iter()
            .map(|(question, _)| question.value.as_str())
            .collect();
        assert_eq!(
            values,
            ["a.evil.example:8443/x", "a.evil.example", "evil.example"]
        );
    }
}

//! Everything known about values: who says what, since when, and one's own hits.

use std::collections::BTreeSet;

use entente_stix::observable::{self, Kind, Observable};
use entente_store::{Hits, Holding, Mention};

use crate::limits::LOOK_MENTIONS_MAX;
use crate::{Error, Node};

/// Values looked up in one call to the store.
const VALUES_AT_ONCE: usize = 2_000;

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
    /// The object.
    pub mention: Mention,
    /// Who told it, and since when.
    pub holdings: Vec<Holding>,
}

impl Node {
    /// What is known about each of `values`, in order. Defanged forms are read.
    ///
    /// # Errors
    /// The store failed.
    pub fn look(&self, values: &[String]) -> Result<Vec<Known>, Error> {
        let lengths = self.network_lengths()?;
        let mut known = Vec::with_capacity(values.len());
        for chunk in values.chunks(VALUES_AT_ONCE) {
            self.look_chunk(chunk, &lengths, &mut known)?;
        }
        Ok(known)
    }

    fn look_chunk(&self, values: &[String], lengths: &Lengths, known: &mut Vec<Known>) -> Result<(), Error> {
        let asked: Vec<Option<Observable>> = values.iter().map(|value| observable::guess(value)).collect();
        let questions: Vec<Vec<Observable>> =
            asked.iter().map(|asked| asked.as_ref().map_or_else(Vec::new, |asked| covering(asked, lengths))).collect();
        let keys: Vec<(u8, &str)> =
            questions.iter().flatten().map(|question| (question.kind.number(), question.value.as_str())).collect();
        let mut answers = self.store.look(&keys, LOOK_MENTIONS_MAX)?.into_iter();
        let own: Vec<(u8, &str)> = asked
            .iter()
            .map(|asked| asked.as_ref().map_or((0, ""), |asked| (asked.kind.number(), asked.value.as_str())))
            .collect();
        let hits = self.store.hits(&own)?;
        for (((value, observable), questions), hits) in values.iter().zip(asked).zip(questions).zip(hits) {
            let mut mentions = Vec::new();
            let mut more = false;
            for (position, about) in questions.into_iter().enumerate() {
                let Some(looked) = answers.next() else { break };
                more |= looked.more;
                for mention in looked.mentions {
                    let holdings = self.store.holdings(&mention.id, None, LOOK_MENTIONS_MAX)?.items;
                    mentions.push(Said { about: about.clone(), is_exact: position == 0, mention, holdings });
                }
            }
            known.push(Known { asked: value.clone(), observable, mentions, more, hits });
        }
        Ok(())
    }

    /// Which network sizes occur among what is known; asking for a dozen networks around an address is
    /// cheaper than for all 161 that there could be.
    fn network_lengths(&self) -> Result<Lengths, Error> {
        Ok(Lengths::read(self.store.meta(LENGTHS)?.as_deref().unwrap_or_default()))
    }

    /// Notes network sizes before objects with such networks are stored: the note may say too much, never
    /// too little, also after a crash between the two.
    pub(crate) fn note_networks<'a>(
        store: &dyn entente_store::Store,
        observables: impl Iterator<Item = &'a entente_store::Observed>,
    ) -> Result<(), entente_store::Error> {
        let mut networks = observables.filter(|observed| observed.value.contains('/')).peekable();
        if networks.peek().is_none() {
            return Ok(());
        }
        let mut lengths = Lengths::read(store.meta(LENGTHS)?.as_deref().unwrap_or_default());
        let before = lengths.0.len();
        for observed in networks {
            lengths.note(observed.kind, &observed.value);
        }
        if lengths.0.len() > before { store.set_meta(LENGTHS, Some(&lengths.text())) } else { Ok(()) }
    }
}

const LENGTHS: &str = "network_lengths";

/// Prefix lengths that occur, by kind number.
struct Lengths(BTreeSet<(u8, u8)>);

impl Lengths {
    fn read(text: &str) -> Lengths {
        let pairs = text.split(' ').filter_map(|pair| {
            let (kind, length) = pair.split_once('/')?;
            Some((kind.parse().ok()?, length.parse().ok()?))
        });
        Lengths(pairs.collect())
    }

    fn note(&mut self, kind: u8, network: &str) {
        let is_address = kind == Kind::Ipv4.number() || kind == Kind::Ipv6.number();
        if let Some((_, length)) = network.split_once('/').filter(|_| is_address)
            && let Ok(length) = length.parse()
        {
            self.0.insert((kind, length));
        }
    }

    fn text(&self) -> String {
        let pairs: Vec<String> = self.0.iter().map(|(kind, length)| format!("{kind}/{length}")).collect();
        pairs.join(" ")
    }

    fn of(&self, kind: Kind) -> impl Iterator<Item = u8> {
        self.0.iter().rev().filter(move |(noted, _)| *noted == kind.number()).map(|(_, length)| *length)
    }
}

/// The value itself, then everything that covers it: parent domains, networks, the host of a URL.
fn covering(asked: &Observable, lengths: &Lengths) -> Vec<Observable> {
    let mut questions = vec![asked.clone()];
    match asked.kind {
        Kind::Domain => questions.extend(parents(&asked.value)),
        Kind::Ipv4 | Kind::Ipv6 => questions.extend(networks(asked, lengths)),
        Kind::Url => questions.extend(host(&asked.value).into_iter().flat_map(|host| covering(&host, lengths))),
        Kind::Email => questions.extend(
            asked.value.rsplit_once('@').and_then(|(_, domain)| observable::normalise(Kind::Domain, domain).ok()),
        ),
        _ => {}
    }
    questions
}

fn parents(domain: &str) -> impl Iterator<Item = Observable> {
    let suffixes = domain.match_indices('.').filter_map(|(dot, _)| domain.get(dot + 1..));
    suffixes
        .filter(|parent| !observable::is_public_suffix(parent))
        .map(|parent| Observable { kind: Kind::Domain, value: parent.to_owned() })
}

fn networks(asked: &Observable, lengths: &Lengths) -> Vec<Observable> {
    let (address, longest) = match asked.value.split_once('/') {
        Some((address, length)) => (address, length.parse().unwrap_or(0)),
        None => (asked.value.as_str(), u8::MAX),
    };
    let around = lengths.of(asked.kind).filter(|length| *length < longest);
    around.filter_map(|length| observable::normalise(asked.kind, &format!("{address}/{length}")).ok()).collect()
}

fn host(url: &str) -> Option<Observable> {
    let authority = url.split(['/', '?']).next()?;
    let host = match authority.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next()?,
        None => authority.split(':').next()?,
    };
    let by_kind = [Kind::Ipv4, Kind::Ipv6, Kind::Domain];
    by_kind.into_iter().find_map(|kind| observable::normalise(kind, host).ok())
}

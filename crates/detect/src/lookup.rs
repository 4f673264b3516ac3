//! Everything that a generation holds about one value in normal form: exact, whatever the filters said.

use crate::arena::{AtomRecord, Reader};
use crate::atom::Test;
use crate::generation::Error;
use crate::key::{Key, URL_HOST_TAG, value_key};
use crate::table::Reference;
use entente_stix::observable::{Kind, Observable};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Gives `each` every atom that the value satisfies; [`Test::UrlHost`] only when asked for.
///
/// `raw` is the value as observed; patterns are tried on it and on the normal form.
pub(crate) fn lookup(
    reader: &mut Reader<'_>,
    observable: &Observable,
    raw: &str,
    url_hosts: bool,
    mut each: impl FnMut(&mut Reader<'_>, AtomRecord) -> Result<(), Error>,
) -> Result<(), Error> {
    let value = observable.value.as_str();
    let mut search = Search {
        reader,
        kind: observable.kind as u8,
        each: &mut each,
    };
    match observable.kind {
        Kind::Ipv4 | Kind::Ipv6 => {
            search.equal(value)?;
            search.networks(value)?;
        }
        Kind::Domain => search.domain(value)?,
        Kind::Url => search.url(value)?,
        _ => search.equal(value)?,
    }
    search.patterns(raw, observable)?;
    if url_hosts && matches!(observable.kind, Kind::Ipv4 | Kind::Ipv6 | Kind::Domain) {
        search.url_host(value)?;
    }
    Ok(())
}

struct Search<'a, 'g, F> {
    reader: &'a mut Reader<'g>,
    kind: u8,
    each: &'a mut F,
}

impl<F: FnMut(&mut Reader<'_>, AtomRecord) -> Result<(), Error>> Search<'_, '_, F> {
    /// Every atom under a hash that has this value and one of these tests.
    fn under(
        &mut self,
        hash: u64,
        kind: u8,
        value: &str,
        accepts: impl Fn(Test) -> bool,
    ) -> Result<(), Error> {
        let generation = self.reader.generation();
        for reference in generation.table.find(hash) {
            self.visit(reference, |atom| {
                atom.kind == kind && atom.value == value.as_bytes() && accepts(atom.test)
            })?;
        }
        Ok(())
    }

    fn visit(&mut self, reference: Reference, accepts: impl Fn(&AtomRecord) -> bool) -> Result<(), Error> {
        let each = &mut *self.each;
        self.reader.places(reference, |reader, place| {
            let atom = reader.atom(place)?;
            if accepts(&atom) {
                each(reader, atom)
            } else {
                Ok(())
            }
        })
    }

    fn equal(&mut self, value: &str) -> Result<(), Error> {
        match value_key(&self.reader.generation().keys, self.kind, value) {
            Some(Key::Hash(hash, _)) => self.under(hash, self.kind, value, |test| test == Test::Exact),
            _ => Ok(()),
        }
    }

    fn networks(&mut self, value: &str) -> Result<(), Error> {
        let generation = self.reader.generation();
        let is_network = |atom: &AtomRecord| atom.test == Test::Network;
        if let Ok(address) = value.parse::<Ipv4Addr>() {
            for network in generation.networks4.covering(u32::from(address)) {
                self.visit(network.reference, is_network)?;
            }
        } else if let Ok(address) = value.parse::<Ipv6Addr>() {
            for network in generation.networks6.covering(u128::from(address)) {
                self.visit(network.reference, is_network)?;
            }
        }
        Ok(())
    }

    fn domain(&mut self, name: &str) -> Result<(), Error> {
        let starts = name.match_indices('.').map(|(dot, _)| dot + 1);
        for start in std::iter::once(0).chain(starts) {
            let suffix = name.get(start..).unwrap_or_default();
            let hash = self.reader.generation().keys.domain(self.kind, suffix.as_bytes());
            self.under(hash, self.kind, suffix, |test| match test {
                Test::Exact => start == 0,
                Test::Domain => true,
                Test::Below => start > 0,
                _ => false,
            })?;
        }
        Ok(())
    }

    fn url(&mut self, url: &str) -> Result<(), Error> {
        let keys = &self.reader.generation().keys;
        let bare = url.split('?').next().unwrap_or_default();
        let mut prefixes = Vec::new();
        let bare_hash = keys.prefixes(self.kind, bare.as_bytes(), |hash, length| {
            prefixes.push((hash, length))
        });
        let whole_hash = keys.exact(self.kind, url.as_bytes());
        self.under(whole_hash, self.kind, url, |test| test == Test::Exact)?;
        self.under(bare_hash, self.kind, bare, |test| test == Test::UrlAnyQuery)?;
        for (hash, length) in prefixes {
            let prefix = bare.get(..length).unwrap_or_default();
            self.under(hash, self.kind, prefix, |test| test == Test::UrlPrefix)?;
        }
        Ok(())
    }

    fn url_host(&mut self, host: &str) -> Result<(), Error> {
        let hash = self
            .reader
            .generation()
            .keys
            .domain(URL_HOST_TAG, host.as_bytes());
        self.under(hash, Kind::Url as u8, host, |test| test == Test::UrlHost)
    }

    fn patterns(&mut self, raw: &str, observable: &Observable) -> Result<(), Error> {
        let patterns = &self.reader.generation().patterns;
        if !patterns.has(self.kind) {
            return Ok(());
        }
        let mut places = Vec::new();
        for text in spellings(raw, observable) {
            patterns.matching(self.kind, &text, &mut places);
        }
        places.sort_unstable();
        places.dedup();
        for place in places {
            self.visit(
                Reference {
                    place,
                    is_list: false,
                },
                |atom| atom.test.is_pattern(),
            )?;
        }
        Ok(())
    }
}

/// The texts on which patterns are tried: as observed and in normal form, a URL with either scheme.
pub(crate) fn spellings(raw: &str, observable: &Observable) -> Vec<String> {
    let normal = &observable.value;
    let mut spellings = vec![raw.to_owned(), normal.clone()];
    if observable.kind == Kind::Url {
        spellings.extend(["http", "https"].map(|scheme| format!("{scheme}://{normal}")));
    }
    spellings.sort_unstable();
    spellings.dedup();
    spellings
}

//! How often something is expected in rows, so that the rarest is looked for.
//!
//! Only the order counts. What rules themselves name often (`powershell`, `.exe`, `\windows\`) is what logs hold
//! often: the texts of all rules are the sample, four bytes at a time.

use super::probe::{Asks, GRAM_BYTES, Probe};

/// Counters of hashed grams.
const PLACES: usize = 1 << 16;

/// In how many texts a gram was seen.
#[derive(Debug)]
pub(super) struct Rarity {
    counts: Vec<u32>,
    texts: u32,
    /// Places of one text's grams, so that it counts once.
    seen: Vec<usize>,
}

impl Default for Rarity {
    fn default() -> Self {
        Rarity {
            counts: vec![0; PLACES],
            texts: 0,
            seen: Vec::new(),
        }
    }
}

impl Rarity {
    /// Takes in the texts of a probe.
    pub(super) fn learn(&mut self, probe: &Probe) {
        let Some(text) = probe.asks.text() else { return };
        self.texts += 1;
        self.seen.clear();
        self.seen.extend(grams(text.as_bytes()).map(place));
        self.seen.sort_unstable();
        self.seen.dedup();
        for place in &self.seen {
            if let Some(count) = self.counts.get_mut(*place) {
                *count += 1;
            }
        }
    }

    /// Share of rows, 0 to 1, in which the probe is expected to answer.
    pub(super) fn of(&self, probe: &Probe) -> f64 {
        match &probe.asks {
            Asks::Equals(text) => 0.5 * self.text(text),
            Asks::StartsWith(text) | Asks::EndsWith(text) => 0.8 * self.text(text),
            Asks::Contains(text) => self.text(text),
            Asks::Number(_) => 0.05,
            Asks::Network(network) => 0.5f64.powi(i32::from(network.length.min(24))).max(0.001),
            Asks::AtLeast(_) | Asks::AtMost(_) => 0.5,
            Asks::Present => 0.9,
        }
    }

    /// By its rarest gram, and a little by its length.
    fn text(&self, text: &str) -> f64 {
        let rarest = self.rarest_gram(text.as_bytes()).map(|(_, count)| count);
        let length = text.len().clamp(1, 64) as f64;
        match rarest {
            // Too short to be rare: `0x1`, `-e`.
            None => 0.2 / length,
            Some(count) => {
                let share = f64::from(count) / f64::from(self.texts.max(1));
                (share + 0.000_5) * (1.0 + 1.0 / length).min(2.0)
            }
        }
    }

    /// Where a text's rarest gram begins, and in how many texts it was seen.
    pub(super) fn rarest_gram(&self, text: &[u8]) -> Option<(usize, u32)> {
        let counts = grams(text).map(|gram| self.counts.get(place(gram)).copied().unwrap_or(0));
        counts.enumerate().min_by_key(|(_, count)| *count)
    }
}

impl Asks {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Asks::Equals(text) | Asks::StartsWith(text) | Asks::EndsWith(text) | Asks::Contains(text) => {
                Some(text)
            }
            _ => None,
        }
    }
}

/// Every four bytes in a row, as a number.
#[inline(always)]
pub(super) fn grams(text: &[u8]) -> impl Iterator<Item = u32> + '_ {
    text.array_windows::<GRAM_BYTES>()
        .map(|gram| u32::from_le_bytes(*gram))
}

fn place(gram: u32) -> usize {
    (gram.wrapping_mul(0x9e37_79b1) >> 16) as usize
}

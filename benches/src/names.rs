//! Names of hosts: those of the background, which hold no digit in their registered label.

use crate::random::Random;

const SYLLABLES: [&str; 32] = [
    "ba", "con", "da", "el", "fi", "gor", "ha", "in", "jo", "ka", "lu", "mon", "ne", "or", "pi", "qua", "ro",
    "sen", "ta", "ul", "va", "wex", "yo", "zen", "ber", "cal", "dor", "fen", "gil", "hol", "mar", "net",
];
pub(crate) const TOP: [&str; 12] = [
    "com", "net", "org", "info", "xyz", "top", "io", "de", "co.uk", "fr", "online", "site",
];
const HOSTS: [&str; 16] = [
    "www",
    "api",
    "cdn",
    "mail",
    "static",
    "img",
    "edge",
    "update",
    "login",
    "assets",
    "telemetry",
    "ns",
    "m",
    "events",
    "eu-west",
    "a1872",
];

/// The names that a network talks to, the first ones most.
pub(crate) struct Background {
    names: Vec<String>,
}

impl Background {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed ^ 0xbac6);
        Self {
            names: (0..40_000).map(|_| name(&mut random)).collect(),
        }
    }

    pub(crate) fn pick(&self, random: &mut Random) -> &str {
        // The square prefers low numbers, somewhat like the popularity of names does.
        let part = random.below(1 << 20);
        let at = (part * part * self.names.len() as u64) >> 40;
        self.names.get(at as usize).map_or("", String::as_str)
    }
}

fn name(random: &mut Random) -> String {
    let mut name = String::new();
    if random.chance(700_000) {
        if random.chance(150_000) {
            name.push_str(&format!(
                "r{}---sn-{:x}.",
                random.below(20),
                random.below(1 << 28)
            ));
        }
        name.push_str(random.pick(&HOSTS));
        name.push('.');
    }
    for _ in 0..2 + random.below(3) {
        name.push_str(random.pick(&SYLLABLES));
    }
    name.push('.');
    name.push_str(random.pick(&TOP));
    name
}

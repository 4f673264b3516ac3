//! Nodes that talk in process and through files. `ENTENTE_CASES` multiplies how many cases are tried.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout
)]

mod bundles;
mod cuts;
mod difference;
mod hello;
mod hostile;
mod shelf;
mod taxii;
mod world;

/// How many cases: so many in every run, more where the environment asks for it.
fn cases(quick: u64) -> u64 {
    std::env::var("ENTENTE_CASES").map_or(quick, |factor| quick * factor.parse::<u64>().expect("a factor"))
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound.max(1) as u64) as usize
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for place in (1..items.len()).rev() {
            items.swap(place, self.below(place + 1));
        }
    }
}

//! Compiled generations, as files that somebody may have damaged.

use entente_detect::Generation;

/// A generation file: opened and verified, or refused.
pub fn generation(data: &[u8]) {
    let Ok(generation) = Generation::open(data.to_vec()) else {
        return;
    };
    let _ = (generation.len(), generation.summary(), generation.verify());
}

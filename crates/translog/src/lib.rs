//! Merkle log: leaves, tiles, checkpoints, proofs, cosignatures. Verifies alone.

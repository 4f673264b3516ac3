//! What peers hear and say: slices of channels, offline bundles. Request to response; no socket.

//! Several nodes on one thread, with virtual time and a network and disks made of values, by seed.

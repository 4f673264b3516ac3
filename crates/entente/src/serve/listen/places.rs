//! Places for connections: so many in all, and so many of one network, so that one does not crowd out the others.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Who has how many.
pub(crate) struct Places {
    all_max: u32,
    network_max: u32,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    all: u32,
    by_network: BTreeMap<u128, u32>,
}

/// A place that is taken, until dropped.
pub(crate) struct Place {
    places: Arc<Places>,
    network: u128,
}

impl Places {
    pub(crate) fn new(all_max: u32, network_max: u32) -> Arc<Places> {
        Arc::new(Places {
            all_max,
            network_max,
            taken: Mutex::default(),
        })
    }

    /// A place for a connection from `address`, where there is one.
    pub(crate) fn take(self: Arc<Self>, address: IpAddr) -> Option<Place> {
        let network = network_of(address);
        {
            let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
            if taken.all >= self.all_max {
                return None;
            }
            let mine = taken.by_network.entry(network).or_default();
            if *mine >= self.network_max {
                return None;
            }
            *mine += 1;
            taken.all += 1;
        }
        Some(Place {
            places: self,
            network,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all = taken.all.saturating_sub(1);
        if let Some(mine) = taken.by_network.get_mut(&self.network) {
            *mine -= 1;
            if *mine == 0 {
                taken.by_network.remove(&self.network);
            }
        }
    }
}

/// An IPv4 address, or the /64 of an IPv6 address: what one customer has.
pub(in crate::serve) fn network_of(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits() & !u128::from(u64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_network_does_not_take_every_place() {
        let places = Places::new(3, 2);
        let near: IpAddr = "2001:db8::1".parse().unwrap();
        let beside: IpAddr = "2001:db8::2".parse().unwrap();
        let far: IpAddr = "192.0.2.1".parse().unwrap();
        let first = places.clone().take(near);
        let second = places.clone().take(beside);
        assert!(first.is_some() && second.is_some());
        assert!(places.clone().take(near).is_none());
        let third = places.clone().take(far);
        assert!(third.is_some());
        assert!(places.clone().take("192.0.2.2".parse().unwrap()).is_none());
        drop(first);
        assert!(places.take(near).is_some());
    }
}

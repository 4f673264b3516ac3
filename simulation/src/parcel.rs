//! Bundles on the backs of couriers: late, lost, doubled, torn, or handed to the wrong party.

use std::io::Cursor;

use entente_exchange::bundle;
use entente_stix::time::Timestamp;

use crate::network::Place;
use crate::rules::{Broken, Rule};
use crate::world::World;

/// A bundle on its way.
#[derive(Debug, Clone)]
pub struct Parcel {
    /// Who made it.
    pub from: Place,
    /// For whom.
    pub to: Place,
    /// Whom the courier gives it to.
    pub given_to: Place,
    /// When, in the world's time.
    pub arrives_at: u64,
    /// Whether it was damaged.
    pub is_damaged: bool,
    /// The file.
    pub bytes: Vec<u8>,
}

/// How long a bundle is good for, in microseconds: ninety days.
const GOOD_FOR: i64 = 90 * 86_400 * 1_000_000;

impl World {
    pub(crate) fn write_bundle(&mut self, from: Place, to: Place, pact: &str) -> Result<(), Broken> {
        let (now, peer) = (self.now, self.actor(to)?.id.clone());
        let mut bytes = Vec::new();
        let written = self.actor(from)?.at_desk(now, |node, desk| {
            let order = bundle::Order {
                party: &peer,
                agreement: pact,
                give_back: false,
                from: bundle::From::Receipts,
                until: Timestamp::from_micros(desk.at.micros() + GOOD_FOR),
            };
            bundle::write(node, &order, desk, &mut bytes)
        });
        match written {
            None => Ok(()),
            Some(Ok(_)) => {
                self.count("bundles written");
                self.after_act(from)?;
                self.give_to_couriers(from, to, bytes);
                Ok(())
            }
            Some(Err(error)) => self.bundle_failed(from, error),
        }
    }

    fn give_to_couriers(&mut self, from: Place, to: Place, bytes: Vec<u8>) {
        let copies = match self.random.below(10) {
            0 => 0,
            1..8 => 1,
            _ => 3,
        };
        for _ in 0..copies {
            let mut bytes = bytes.clone();
            let is_damaged = self.random.chance(20);
            if is_damaged {
                self.damage(&mut bytes);
            }
            let given_to = match self.random.chance(10) {
                true => self.random.below(self.actors.len()),
                false => to,
            };
            let arrives_at = self.now + self.random.between(1_000_000, 20_000_000_000);
            self.parcels.push(Parcel {
                from,
                to,
                given_to,
                arrives_at,
                is_damaged,
                bytes,
            });
        }
    }

    /// A torn write, a changed byte, or a byte too many.
    fn damage(&mut self, bytes: &mut Vec<u8>) {
        let at = self.random.below(bytes.len());
        match self.random.below(3) {
            0 => bytes.truncate(at),
            1 => bytes.push(0),
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << self.random.below(8);
                }
            }
        }
    }

    /// The courier whose time it is hands a bundle over.
    pub(crate) fn hand_over(&mut self, at: u64) -> Result<(), Broken> {
        let Some(place) = self.parcels.iter().position(|parcel| parcel.arrives_at == at) else {
            return Ok(());
        };
        let parcel = self.parcels.swap_remove(place);
        let reader = self.actor(parcel.given_to)?;
        let secret = reader.secret();
        let before = reader.node.as_ref().map(|node| state(node.store())).transpose()?;
        let read = reader.at_desk(self.now, |node, desk| {
            bundle::read(node, desk, secret, &mut Cursor::new(&parcel.bytes))
        });
        match read {
            None => Ok(()),
            Some(Ok(account)) => {
                self.count("bundles read");
                self.tell(format!("{} read a bundle of {}", parcel.given_to, parcel.from));
                let is_right = parcel.given_to == parcel.to && !parcel.is_damaged;
                if !is_right {
                    let how = format!(
                        "{} took a damaged bundle, or one for {}",
                        parcel.given_to, parcel.to
                    );
                    return Err(Rule::Whole.broken(how));
                }
                self.raised(parcel.given_to, &account.alarms);
                self.after_act(parcel.given_to)?;
                self.check_visible(parcel.given_to)
            }
            Some(Err(error)) => {
                if self.blown(parcel.given_to)? {
                    return Ok(());
                }
                self.count("bundles refused");
                self.tell(format!(
                    "{} refused a bundle of {}: {error}",
                    parcel.given_to, parcel.from
                ));
                let after = self
                    .actor(parcel.given_to)?
                    .node
                    .as_ref()
                    .map(|node| state(node.store()))
                    .transpose()?;
                if before != after && !error.is_fork() {
                    let how = format!(
                        "{} refused a bundle, and it changed something: {error}",
                        parcel.given_to
                    );
                    return Err(Rule::Whole.broken(how));
                }
                self.bundle_failed(parcel.given_to, error)
            }
        }
    }

    fn bundle_failed(&mut self, place: Place, error: bundle::Error) -> Result<(), Broken> {
        if self.blown(place)? {
            return Ok(());
        }
        match &error {
            bundle::Error::Node(error) => self.require_reason(place, error),
            bundle::Error::Io(error) => Err(Rule::Unexpected.broken(format!("{place}: {error}"))),
            _ => Ok(()),
        }
    }
}

/// What of a store a refused bundle must not change; acts stand on their own.
fn state(store: &dyn entente_store::Store) -> Result<(u64, Vec<(String, u64)>), Broken> {
    let channels = store
        .channels()?
        .into_iter()
        .map(|channel| (channel.origin, channel.size));
    Ok((store.change_number()?, channels.collect()))
}

//! A network made of values: messages on their way, and links that lose, double, delay and cut them.
//!
//! Time is virtual, in microseconds. A link is one-way, so partitions may be one-way and need not be transitive.

use std::collections::{BTreeMap, BTreeSet};

use crate::random::Random;

/// A node's number.
pub type Place = usize;

/// Bytes on their way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// From whom.
    pub from: Place,
    /// To whom.
    pub to: Place,
    /// Whether it answers.
    pub is_answer: bool,
    /// Which question of the asker's it is, or answers.
    pub number: u64,
    /// What travels.
    pub bytes: Vec<u8>,
}

/// How bad links are, in percent of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Weather {
    /// Lost.
    pub lost: u64,
    /// Delivered twice.
    pub doubled: u64,
    /// Cut short.
    pub cut: u64,
    /// A byte is changed.
    pub garbled: u64,
    /// The longest delay, in microseconds; delays differ, so messages overtake each other.
    pub delay_max: u64,
}

/// Messages on their way, by the time at which they arrive.
#[derive(Debug, Default)]
pub struct Network {
    queue: BTreeMap<(u64, u64), Message>,
    sent: u64,
    down: BTreeSet<(Place, Place)>,
    weather: Weather,
    past: Vec<Message>,
}

/// Old messages kept for being told again.
const PAST_MAX: usize = 64;

impl Network {
    /// From now on links are so.
    pub fn set_weather(&mut self, weather: Weather) {
        self.weather = weather;
    }

    /// Cuts the link from one to another, or mends it: one way.
    pub fn set_link(&mut self, from: Place, to: Place, up: bool) {
        match up {
            true => self.down.remove(&(from, to)),
            false => self.down.insert((from, to)),
        };
    }

    /// Every link is up.
    pub fn mend(&mut self) {
        self.down.clear();
    }

    /// Whether a message would pass.
    pub fn is_up(&self, from: Place, to: Place) -> bool {
        !self.down.contains(&(from, to))
    }

    /// Sends a message at `now`; what becomes of it, the weather decides.
    pub fn send(&mut self, message: Message, now: u64, random: &mut Random) {
        if self.past.len() < PAST_MAX {
            self.past.push(message.clone());
        } else if let Some(place) = self.past.get_mut(random.below(PAST_MAX)) {
            *place = message.clone();
        }
        let copies = 1 + usize::from(random.chance(self.weather.doubled));
        for _ in 0..copies {
            if !self.is_up(message.from, message.to) || random.chance(self.weather.lost) {
                continue;
            }
            let delay = 1_000 + random.between(0, self.weather.delay_max);
            let message = self.damaged(message.clone(), random);
            self.enqueue(now + delay, message);
        }
    }

    /// Sends a message of the past once more.
    pub fn replay(&mut self, now: u64, random: &mut Random) {
        if let Some(message) = random.pick(&self.past).cloned() {
            self.enqueue(now + 1_000, message);
        }
    }

    /// The next message and the time of its arrival. A link that went down meanwhile loses it.
    pub fn arrive(&mut self) -> Option<(u64, Message)> {
        loop {
            let ((at, _), message) = self.queue.pop_first()?;
            if self.is_up(message.from, message.to) {
                return Some((at, message));
            }
        }
    }

    /// When the next message arrives.
    pub fn next_at(&self) -> Option<u64> {
        self.queue.first_key_value().map(|((at, _), _)| *at)
    }

    fn enqueue(&mut self, at: u64, message: Message) {
        self.sent += 1;
        self.queue.insert((at, self.sent), message);
    }

    fn damaged(&self, mut message: Message, random: &mut Random) -> Message {
        if random.chance(self.weather.cut) {
            let length = random.below(message.bytes.len());
            message.bytes.truncate(length);
        }
        if random.chance(self.weather.garbled) {
            let at = random.below(message.bytes.len());
            if let Some(byte) = message.bytes.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
        message
    }
}

#[cfg(test)]
mod tests {
    use super::{Message, Network, Weather};
    use crate::random::Random;

    fn message(number: u64) -> Message {
        Message {
            from: 0,
            to: 1,
            is_answer: false,
            number,
            bytes: vec![1, 2, 3],
        }
    }

    fn arriving(network: &mut Network) -> Vec<u64> {
        std::iter::from_fn(|| network.arrive())
            .map(|(_, message)| message.number)
            .collect()
    }

    #[test]
    fn a_cut_link_loses_one_way_only() {
        let (mut network, mut random) = (Network::default(), Random::new(1));
        network.set_link(0, 1, false);
        network.send(message(1), 0, &mut random);
        let back = Message {
            from: 1,
            to: 0,
            ..message(2)
        };
        network.send(back, 0, &mut random);
        assert_eq!(arriving(&mut network), [2]);
        network.mend();
        network.send(message(3), 0, &mut random);
        assert_eq!(arriving(&mut network), [3]);
    }

    #[test]
    fn bad_weather_loses_doubles_and_reorders() {
        let (mut network, mut random) = (Network::default(), Random::new(1));
        network.set_weather(Weather {
            lost: 30,
            doubled: 30,
            delay_max: 1_000_000,
            ..Weather::default()
        });
        (0..100).for_each(|number| network.send(message(number), 0, &mut random));
        let numbers = arriving(&mut network);
        let mut sorted = numbers.clone();
        sorted.sort_unstable();
        assert_ne!(numbers, sorted);
        sorted.dedup();
        assert!(sorted.len() < 100 && sorted.len() < numbers.len());
    }
}

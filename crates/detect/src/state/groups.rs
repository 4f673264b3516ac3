//! The live groups: found by key, in order of their last event for each unit of the plan, so that what has
//! expired is found at the front and nothing is searched.

use super::values::Key;
use super::window::State;

/// No group.
const NONE: u32 = u32::MAX;

/// All groups of all units.
#[derive(Debug, Default)]
pub(super) struct Groups {
    slots: Vec<Slot>,
    /// Slots to use again, linked by `after`.
    free: u32,
    count: usize,
    /// Open addressing: a slot's number plus one, or 0. As long as a power of two, at most three quarters full.
    places: Vec<u32>,
    lists: Vec<List>,
}

#[derive(Debug)]
struct Slot {
    key: Key,
    unit: u32,
    before: u32,
    after: u32,
    state: State,
}

#[derive(Debug, Clone, Copy)]
struct List {
    first: u32,
    last: u32,
}

impl List {
    const EMPTY: List = List {
        first: NONE,
        last: NONE,
    };
}

impl Groups {
    pub(super) fn new(units: usize) -> Self {
        Groups {
            free: NONE,
            lists: vec![List::EMPTY; units],
            ..Groups::default()
        }
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    pub(super) fn find(&self, key: Key) -> Option<u32> {
        let mask = self.places.len().checked_sub(1)?;
        let mut place = key_place(key, mask);
        loop {
            let number = self.places.get(place)?.checked_sub(1)?;
            if self.slots.get(number as usize)?.key == key {
                return Some(number);
            }
            place = (place + 1) & mask;
        }
    }

    pub(super) fn state(&mut self, number: u32) -> Option<&mut State> {
        self.slots.get_mut(number as usize).map(|slot| &mut slot.state)
    }

    pub(super) fn unit(&self, number: u32) -> Option<u32> {
        self.slots.get(number as usize).map(|slot| slot.unit)
    }

    pub(super) fn key(&self, number: u32) -> Option<Key> {
        self.slots.get(number as usize).map(|slot| slot.key)
    }

    /// The group of a unit whose last event is the earliest.
    pub(super) fn first(&self, unit: usize) -> Option<(u32, &State)> {
        let number = self.lists.get(unit)?.first;
        self.slots.get(number as usize).map(|slot| (number, &slot.state))
    }

    /// The groups of a unit, the one with the earliest last event first.
    pub(super) fn of_unit(&self, unit: usize) -> impl Iterator<Item = (Key, &State)> {
        let mut next = self.lists.get(unit).map_or(NONE, |list| list.first);
        std::iter::from_fn(move || {
            let slot = self.slots.get(next as usize)?;
            next = slot.after;
            Some((slot.key, &slot.state))
        })
    }

    /// Goes through the states of a unit's groups.
    pub(super) fn states_of(&mut self, unit: usize, mut change: impl FnMut(&mut State)) {
        let mut next = self.lists.get(unit).map_or(NONE, |list| list.first);
        while let Some(slot) = self.slots.get_mut(next as usize) {
            next = slot.after;
            change(&mut slot.state);
        }
    }

    /// Gives units their new numbers, below `units`; those that have none must have no groups.
    pub(super) fn move_units(&mut self, numbers: &[Option<u32>], units: usize) {
        let before = std::mem::replace(&mut self.lists, vec![List::EMPTY; units]);
        for (list, number) in before.into_iter().zip(numbers) {
            if let Some(moved) = number.and_then(|number| self.lists.get_mut(number as usize)) {
                *moved = list;
            }
        }
        for slot in &mut self.slots {
            // What is free keeps a number that nobody asks for.
            if let Some(number) = numbers.get(slot.unit as usize).copied().flatten() {
                slot.unit = number;
            }
        }
    }

    /// Adds a group whose key is not there yet, as the one with the latest event of its unit.
    pub(super) fn add(&mut self, unit: u32, key: Key, state: State) {
        if (self.count + 1) * 4 > self.places.len() * 3 {
            self.grow();
        }
        let slot = Slot {
            key,
            unit,
            before: NONE,
            after: NONE,
            state,
        };
        let number = match self.slots.get_mut(self.free as usize) {
            Some(free) => {
                let number = self.free;
                self.free = free.after;
                *free = slot;
                number
            }
            None => {
                self.slots.push(slot);
                self.slots.len() as u32 - 1
            }
        };
        self.count += 1;
        self.put(key, number);
        self.append(number);
    }

    /// Notes that a group has the latest event of its unit.
    pub(super) fn touch(&mut self, number: u32) {
        self.unlink(number);
        self.append(number);
    }

    pub(super) fn remove(&mut self, number: u32) -> Option<State> {
        let key = self.key(number)?;
        self.take_out(key);
        self.unlink(number);
        let slot = self.slots.get_mut(number as usize)?;
        slot.after = self.free;
        self.free = number;
        self.count -= 1;
        Some(std::mem::take(&mut slot.state))
    }

    fn append(&mut self, number: u32) {
        let Some(slot) = self.slots.get_mut(number as usize) else {
            return;
        };
        let Some(list) = self.lists.get_mut(slot.unit as usize) else {
            return;
        };
        (slot.before, slot.after) = (list.last, NONE);
        let before = std::mem::replace(&mut list.last, number);
        match self.slots.get_mut(before as usize) {
            Some(before) => before.after = number,
            None => list.first = number,
        }
    }

    fn unlink(&mut self, number: u32) {
        let Some(slot) = self.slots.get(number as usize) else {
            return;
        };
        let (before, after, unit) = (slot.before, slot.after, slot.unit);
        let Some(list) = self.lists.get_mut(unit as usize) else {
            return;
        };
        match self.slots.get_mut(before as usize) {
            Some(before) => before.after = after,
            None => list.first = after,
        }
        match self.slots.get_mut(after as usize) {
            Some(after) => after.before = before,
            None => list.last = before,
        }
    }

    fn put(&mut self, key: Key, number: u32) {
        let mask = self.places.len().wrapping_sub(1);
        let mut place = key_place(key, mask);
        while let Some(taken) = self.places.get_mut(place) {
            if *taken == 0 {
                *taken = number + 1;
                return;
            }
            place = (place + 1) & mask;
        }
    }

    /// Takes a key out and moves up those that were put behind it for want of a place.
    fn take_out(&mut self, key: Key) {
        let mask = self.places.len().wrapping_sub(1);
        let mut hole = key_place(key, mask);
        while self.key_at(hole).is_some_and(|other| other != key) {
            hole = (hole + 1) & mask;
        }
        let mut place = hole;
        loop {
            place = (place + 1) & mask;
            let Some(other) = self.key_at(place) else {
                break;
            };
            let distance = place.wrapping_sub(key_place(other, mask)) & mask;
            if distance >= place.wrapping_sub(hole) & mask {
                self.places.swap(hole, place);
                hole = place;
            }
        }
        if let Some(hole) = self.places.get_mut(hole) {
            *hole = 0;
        }
    }

    fn key_at(&self, place: usize) -> Option<Key> {
        self.key(self.places.get(place)?.checked_sub(1)?)
    }

    fn grow(&mut self) {
        let length = (self.places.len() * 2).max(16);
        let numbers = std::mem::replace(&mut self.places, vec![0; length]);
        for number in numbers.into_iter().filter_map(|number| number.checked_sub(1)) {
            if let Some(key) = self.key(number) {
                self.put(key, number);
            }
        }
    }
}

fn key_place(key: Key, mask: usize) -> usize {
    key[0] as usize & mask
}

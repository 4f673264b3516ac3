//! Small tables from 64-bit keys to numbers, for keys that several entries may share.

/// An open table: keys are mixed by the caller, and compared here; what lies behind them is for the caller.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// Key and number; [`Table::FREE`] numbers are free. A power of two, at most half full.
    slots: Vec<(u64, u32)>,
}

impl Table {
    const FREE: u32 = u32::MAX;

    pub(super) fn new(entries: &[(u64, u32)]) -> Self {
        if entries.is_empty() {
            return Table::default();
        }
        let size = (entries.len() * 2).next_power_of_two();
        let mut slots = vec![(0, Self::FREE); size];
        for entry in entries {
            let mut at = place(entry.0, size);
            while let Some(slot) = slots.get_mut(at) {
                if slot.1 == Self::FREE {
                    *slot = *entry;
                    break;
                }
                at = (at + 1) & (size - 1);
            }
        }
        Table { slots }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Every number that was entered with this key.
    #[inline(always)]
    pub(super) fn find(&self, key: u64, mut found: impl FnMut(u32)) {
        let size = self.slots.len();
        let mut at = place(key, size);
        while let Some((known, number)) = self.slots.get(at)
            && *number != Self::FREE
        {
            if *known == key {
                found(*number);
            }
            at = (at + 1) & (size - 1);
        }
    }
}

#[inline(always)]
fn place(key: u64, size: usize) -> usize {
    (key >> 32) as usize & size.wrapping_sub(1)
}

/// Spreads a key over all bits.
#[inline(always)]
pub(super) fn mix(key: u64) -> u64 {
    let key = (key ^ key >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    key ^ key >> 29
}

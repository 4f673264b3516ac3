//! Long lists of texts of which one must fit, asked of a value at once instead of one by one.

use super::conditions::{Conditions, EVERY, Node, NodeNumber};
use super::index::FieldIndex;
use super::probe::{self, Probe};
use super::rarity::Rarity;
use crate::hash::Keys;
use std::collections::BTreeMap;

/// Fewer are as fast one by one.
const TEXTS_MIN: usize = 4;

/// For each node of which one part must hold, a faster way to decide it, where there is one.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// By node, the place in `ways`; [`Groups::NONE`] for most.
    places: Vec<u32>,
    ways: Vec<Way>,
}

/// What to ask instead of the parts.
#[derive(Debug)]
pub(super) struct Way {
    /// By field number: some answer is that the node holds.
    pub(super) fields: Vec<(u32, FieldIndex)>,
    /// The parts that are left.
    pub(super) rest: Box<[NodeNumber]>,
}

impl Groups {
    const NONE: u32 = u32::MAX;

    pub(super) fn new(conditions: &Conditions, keys: &Keys, rarity: &Rarity) -> Self {
        let mut groups = Groups::default();
        for node in &conditions.nodes {
            let way = match node {
                Node::Any(parts) if parts.len() >= TEXTS_MIN => Way::new(conditions, parts, keys, rarity),
                _ => None,
            };
            groups.places.push(match way {
                Some(way) => {
                    groups.ways.push(way);
                    groups.ways.len() as u32 - 1
                }
                None => Self::NONE,
            });
        }
        groups
    }

    #[inline]
    pub(super) fn way(&self, node: NodeNumber) -> Option<&Way> {
        let place = self.places.get(node as usize)?;
        self.ways.get(*place as usize)
    }
}

impl Way {
    fn new(conditions: &Conditions, parts: &[NodeNumber], keys: &Keys, rarity: &Rarity) -> Option<Way> {
        let mut by_field: BTreeMap<u32, Vec<(NodeNumber, Probe)>> = BTreeMap::new();
        for part in parts {
            if let Node::Atom(atom) = conditions.node(*part)
                && let Some(ready) = conditions.atoms.get(*atom as usize)
                && ready.field != EVERY
                && let Some(probe) = probe::exact(ready)
            {
                by_field.entry(ready.field).or_default().push((*part, probe));
            }
        }
        by_field.retain(|_, texts| texts.len() >= TEXTS_MIN);
        if by_field.is_empty() {
            return None;
        }
        let grouped: Vec<NodeNumber> = by_field.values().flatten().map(|(part, _)| *part).collect();
        let rest = parts.iter().copied().filter(|part| !grouped.contains(part));
        let index = |texts: &Vec<(NodeNumber, Probe)>| {
            let probes: Vec<(&Probe, u32)> = texts.iter().map(|(_, probe)| (probe, 0)).collect();
            FieldIndex::new(&probes, keys, rarity)
        };
        Some(Way {
            fields: by_field
                .iter()
                .map(|(field, texts)| (*field, index(texts)))
                .collect(),
            rest: rest.collect(),
        })
    }
}

//! Leaves to a table: equal parts joined, rows sorted by gate, a witness for each leaf.

use super::conditions::{Builder, Conditions, EVERY, Node, NodeNumber};
use super::groups::Groups;
use super::index::FieldIndex;
use super::probe::{Asks, Probe};
use super::rarity::Rarity;
use super::witness::{Witness, Witnesses};
use super::{FieldNames, Leaf, explain, order};
use crate::hash::Keys;
use crate::limits::RULE_LEAVES_MAX;
use std::collections::{BTreeMap, HashMap};

/// Leaves ready to be evaluated: immutable, and shared by threads, each with a [`Matcher`](super::Matcher).
#[derive(Debug)]
pub struct Rules {
    pub(super) conditions: Conditions,
    pub(super) names: FieldNames,
    pub(super) keys: Keys,
    /// By leaf.
    pub(super) gates: Vec<NodeNumber>,
    pub(super) leaves: Vec<NodeNumber>,
    /// By leaf, its place in [`Rules::tables`]; none where its gate lets nothing through.
    pub(super) table_of: Vec<Option<u32>>,
    /// The leaves of this one are places in [`Rules::tables`].
    pub(super) gate_table: Table,
    /// The first is of the leaves without a gate.
    pub(super) tables: Vec<Table>,
    pub(super) most_probes: usize,
    pub(super) groups: Groups,
    /// By leaf.
    pub(super) witnesses: Vec<explain::Witness>,
}

/// Leaves with the same gate, found by their witnesses.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) gate: NodeNumber,
    /// Which fields are asked what, by field number.
    pub(super) fields: Vec<(u32, FieldIndex)>,
    /// What all values are asked.
    pub(super) every: Option<FieldIndex>,
    /// By probe, where in `candidates` its leaves are.
    pub(super) probes: Vec<std::ops::Range<u32>>,
    pub(super) candidates: Vec<u32>,
    /// Leaves without a witness.
    pub(super) always: Vec<u32>,
}

/// A leaf that cannot be evaluated. It never matches; the others are not touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its number.
    pub leaf: usize,
    /// Why, for people.
    pub reason: String,
}

impl Rules {
    /// Compiles leaves; their numbers are their places. Gives also those that cannot be evaluated. `seed` is the
    /// key of hash functions, so that nobody can make texts that collide.
    pub fn compile<'l>(leaves: impl IntoIterator<Item = &'l Leaf>, seed: u64) -> (Rules, Vec<Refusal>) {
        Rules::compile_with_fields(leaves, [], seed)
    }

    /// The same; rows are to have these fields too ([`Rules::names`]), for others that look at the same rows.
    pub fn compile_with_fields<'l>(
        leaves: impl IntoIterator<Item = &'l Leaf>,
        fields: impl IntoIterator<Item = &'l str>,
        seed: u64,
    ) -> (Rules, Vec<Refusal>) {
        let mut builder = Builder::default();
        let mut refusals = Vec::new();
        let (mut gates, mut conditions) = (Vec::new(), Vec::new());
        for (number, leaf) in leaves.into_iter().enumerate() {
            let nodes = match builder.add(&leaf.gate) {
                _ if number >= RULE_LEAVES_MAX => Err(format!("more than {RULE_LEAVES_MAX} conditions")),
                Ok(gate) => builder.add(&leaf.condition).map(|condition| (gate, condition)),
                Err(reason) => Err(reason),
            };
            let (gate, condition) = nodes.unwrap_or_else(|reason| {
                refusals.push(Refusal { leaf: number, reason });
                (builder.nothing(), builder.nothing())
            });
            gates.push(gate);
            conditions.push(condition);
        }
        let fields = fields.into_iter().map(str::to_owned);
        builder.ordered_names.extend(fields);
        (Rules::of_nodes(builder, gates, conditions, seed), refusals)
    }

    fn of_nodes(builder: Builder, gates: Vec<NodeNumber>, leaves: Vec<NodeNumber>, seed: u64) -> Rules {
        let Builder {
            mut conditions,
            ordered_names,
            ..
        } = builder;
        let mut names = FieldNames::new(ordered_names);
        if conditions.atoms.iter().any(|ready| ready.field == EVERY) {
            names = names.and_every_value();
        }
        let rarity = learn(&conditions);
        order::by_cost(&mut conditions, &rarity);
        let keys = Keys::new(seed);
        let mut by_gate: BTreeMap<NodeNumber, Vec<u32>> = BTreeMap::new();
        for (number, gate) in (0..).zip(&gates) {
            by_gate.entry(*gate).or_default().push(number);
        }
        let mut witnesses = Witnesses::new(&conditions, &rarity);
        let mut tables = vec![Table::default()];
        let mut gated = Vec::new();
        let mut kinds = vec![explain::Witness::Never; leaves.len()];
        let mut table_of = vec![None; leaves.len()];
        for (gate, numbers) in by_gate {
            let nodes = numbers.iter().map(|number| {
                let leaf = leaves.get(*number as usize).copied().unwrap_or_default();
                let witness = witnesses.of(leaf);
                if let Some(kind) = kinds.get_mut(*number as usize) {
                    *kind = kind_of(witness.as_ref());
                }
                (*number, witness)
            });
            let table = Table {
                gate,
                ..Table::new(nodes, &keys, &rarity)
            };
            let place = match (conditions.node(gate), tables.first_mut()) {
                (Node::False, _) => continue,
                (Node::True, Some(first)) => {
                    *first = table;
                    0
                }
                _ => {
                    let place = u32::try_from(tables.len()).unwrap_or(u32::MAX);
                    gated.push((place, witnesses.of(gate)));
                    tables.push(table);
                    place
                }
            };
            for number in &numbers {
                if let Some(of) = table_of.get_mut(*number as usize) {
                    *of = Some(place);
                }
            }
        }
        let groups = Groups::new(&conditions, &keys, &rarity);
        let gate_table = Table::new(gated.into_iter(), &keys, &rarity);
        let most_probes = tables
            .iter()
            .chain([&gate_table])
            .map(|table| table.probes.len())
            .max();
        Rules {
            conditions,
            names,
            keys,
            gates,
            leaves,
            table_of,
            gate_table,
            tables,
            most_probes: most_probes.unwrap_or_default(),
            groups,
            witnesses: kinds,
        }
    }

    /// The names of the fields that rows are to have, with their numbers.
    pub fn names(&self) -> &FieldNames {
        &self.names
    }

    /// Which gate a leaf is behind, as a place in what [`Matcher::take_passed`](super::Matcher::take_passed) gives; none
    /// where its gate lets nothing through.
    pub fn gate_of(&self, leaf: usize) -> Option<usize> {
        let place = self.table_of.get(leaf).copied().flatten();
        place.map(|place| place as usize)
    }

    /// How many leaves there are, those that were refused included.
    pub fn len(&self) -> usize {
        self.leaves.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.leaves.is_empty()
    }
}

fn kind_of(witness: Option<&Witness>) -> explain::Witness {
    match witness {
        None => explain::Witness::Scan,
        Some(witness) if witness.probes.is_empty() => explain::Witness::Never,
        Some(witness) if witness.probes.iter().any(|probe| probe.asks == Asks::Present) => {
            explain::Witness::Presence
        }
        Some(witness) => explain::Witness::Indexed(witness.probes.len()),
    }
}

/// Texts of all probes that atoms could be found by: what rules name often is taken for frequent.
fn learn(conditions: &Conditions) -> Rarity {
    let mut rarity = Rarity::default();
    for ready in &conditions.atoms {
        for probe in super::probe::of_atom(ready).iter().flatten() {
            rarity.learn(probe);
        }
    }
    rarity
}

impl Table {
    fn new(leaves: impl Iterator<Item = (u32, Option<Witness>)>, keys: &Keys, rarity: &Rarity) -> Self {
        let mut table = Table::default();
        let mut asked: Vec<(Probe, Vec<u32>)> = Vec::new();
        let mut known: HashMap<Probe, usize> = HashMap::new();
        for (leaf, witness) in leaves {
            let Some(witness) = witness else {
                table.always.push(leaf);
                continue;
            };
            for probe in witness.probes {
                let place = *known.entry(probe.clone()).or_insert_with(|| {
                    asked.push((probe, Vec::new()));
                    asked.len() - 1
                });
                if let Some((_, leaves)) = asked.get_mut(place) {
                    leaves.push(leaf);
                }
            }
        }
        let mut by_field: BTreeMap<u32, Vec<(&Probe, u32)>> = BTreeMap::new();
        for (number, (probe, leaves)) in (0..).zip(&asked) {
            let start = table.candidates.len() as u32;
            table.candidates.extend(leaves);
            table.probes.push(start..table.candidates.len() as u32);
            by_field.entry(probe.field).or_default().push((probe, number));
        }
        for (field, probes) in by_field {
            let index = FieldIndex::new(&probes, keys, rarity);
            if field == EVERY {
                table.every = Some(index);
            } else {
                table.fields.push((field, index));
            }
        }
        table
    }
}

//! Looking at files: workers take one input after the other, answers come in the order of the inputs.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;

use entente_yara::{Key, Match, Rules, Scanner, Skipped, Verdicts, limits, members};
use sha2::{Digest as _, Sha256};

use super::rules::Sets;
use crate::inputs::Input;

/// What was found in one input.
#[derive(Debug, Default)]
pub(crate) struct Looked {
    /// The input's number.
    pub(crate) input: usize,
    /// Its size.
    pub(crate) bytes: u64,
    /// Files and members looked at.
    pub(crate) parts: u64,
    /// How many of them were known to be clean.
    pub(crate) remembered: u64,
    /// What matched.
    pub(crate) found: Vec<Found>,
    /// Members that were passed over.
    pub(crate) skipped: Vec<Skipped>,
    /// Looks that were broken off for their time, by name.
    pub(crate) incomplete: Vec<String>,
    /// Why the input could not be looked at.
    pub(crate) failed: Option<String>,
    /// What was clean, to be remembered.
    pub(crate) clean: Vec<Key>,
}

/// A rule that matches a file or an archive's member.
#[derive(Debug)]
pub(crate) struct Found {
    /// The file or member.
    pub(crate) name: String,
    /// SHA-256 of its bytes.
    pub(crate) digest: [u8; 32],
    /// The rule, its strings and their places.
    pub(crate) what: Match,
    /// The indicator whose rule it is, for those that the node was told.
    pub(crate) indicator: Option<String>,
}

/// Looks at every input; `tell` gets each answer, in the order of the inputs. It ends early when `tell` fails.
pub(crate) fn look<E>(
    sets: &Sets,
    book: &Verdicts,
    inputs: &[Input],
    threads: NonZeroUsize,
    mut tell: impl FnMut(Looked) -> Result<(), E>,
) -> Result<(), E> {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let (send, looked) = sync_channel::<Looked>(threads.get() * 4);
        for _ in 0..threads.get().min(inputs.len()) {
            let (send, next) = (send.clone(), &next);
            scope.spawn(move || {
                let mut worker = Worker::new(sets, book);
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(input) = inputs.get(number) else { return };
                    // Nobody listens any more: the answer could not be written.
                    if send.send(worker.look(number, input)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        let mut waiting = BTreeMap::new();
        let mut due = 0;
        for one in looked {
            waiting.insert(one.input, one);
            while let Some(one) = waiting.remove(&due) {
                tell(one)?;
                due += 1;
            }
        }
        Ok(())
    })
}

struct Worker<'s> {
    /// The operator's rules, then those that the node was told.
    sets: [(&'s Rules, Scanner<'s>, bool); 2],
    book: &'s Verdicts,
}

impl<'s> Worker<'s> {
    fn new(sets: &'s Sets, book: &'s Verdicts) -> Self {
        let scanner = |rules| Scanner::new(rules, limits::LOOK_MAX);
        Worker {
            sets: [
                (&sets.own, scanner(&sets.own), false),
                (&sets.told, scanner(&sets.told), true),
            ],
            book,
        }
    }

    fn look(&mut self, number: usize, input: &Input) -> Looked {
        let mut looked = Looked {
            input: number,
            ..Looked::default()
        };
        let name = input.name();
        let mut bytes = Vec::new();
        let read = input
            .open()
            .and_then(|file| file.take(limits::FILE_BYTES_MAX + 1).read_to_end(&mut bytes));
        looked.bytes = bytes.len() as u64;
        match read {
            Err(error) => looked.failed = Some(error.to_string()),
            Ok(_) if bytes.len() as u64 > limits::FILE_BYTES_MAX => {
                looked.failed = Some(format!(
                    "it is larger than {} bytes, which are looked at at most",
                    limits::FILE_BYTES_MAX
                ));
            }
            Ok(_) => {
                let skipped = members(&name, &bytes, &mut |member| {
                    self.part(member.name, member.bytes, &mut looked);
                });
                looked.skipped = skipped;
            }
        }
        looked
    }

    fn part(&mut self, name: &str, bytes: &[u8], looked: &mut Looked) {
        looked.parts += 1;
        let mut is_known = true;
        for (rules, scanner, is_told) in &mut self.sets {
            if rules.is_empty() {
                continue;
            }
            let key = Key::of(rules, bytes, name);
            if key.is_some_and(|key| self.book.is_clean(key)) {
                continue;
            }
            is_known = false;
            let verdict = match scanner.look(bytes, name) {
                Ok(verdict) => verdict,
                Err(error) => {
                    looked.failed = Some(format!("{name}: {error}"));
                    continue;
                }
            };
            if verdict.incomplete {
                looked.incomplete.push(name.to_owned());
            } else if verdict.matches.is_empty() {
                looked.clean.extend(key);
            }
            looked.found.extend(verdict.matches.into_iter().map(|what| Found {
                name: name.to_owned(),
                digest: Sha256::digest(bytes).into(),
                indicator: is_told.then(|| what.origin.clone()),
                what,
            }));
        }
        looked.remembered += u64::from(is_known);
    }
}

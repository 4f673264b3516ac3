//! Reading a bundle: verified whole, then applied slice by slice.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use entente_node::acts::Fate;
use entente_node::bundled::LastBundle;
use entente_node::channel::Desk;
use entente_node::reading::{Alarm, TakenIn};
use entente_node::view::Refused;
use entente_node::{Error as NodeError, Node};

use super::check::{Checked, Section, begin};
use super::{Error, Header};

/// What reading a bundle came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// What the bundle says of itself.
    pub header: Header,
    /// Acts that were new here.
    pub acts: u64,
    /// Acts that were refused here: what they are about, and why.
    pub refused: Vec<(String, String)>,
    /// What was taken in, by log.
    pub logs: BTreeMap<String, TakenIn>,
    /// Logs of which more is held than the bundle tells: nothing of it was applied.
    pub older: Vec<String>,
    /// Receipts for logs of this node's own that were new.
    pub receipts: u64,
    /// What must be looked at by people.
    pub alarms: Vec<Alarm>,
}

impl Account {
    /// Whether the bundle brought nothing that was not held.
    pub fn is_old(&self) -> bool {
        self.acts == 0 && self.logs.values().all(|log| log.held == log.before)
    }
}

/// Reads a bundle for this node's own party, whose secret for files is `secret` (`AGE-SECRET-KEY-1…`).
///
/// All of it is verified first: who made it, for whom, that it is whole, and that its slices are what their logs'
/// heads prove. Then it is applied. Reading it again changes nothing; if this breaks off while it applies, what was
/// applied is the beginning of each log, as in a conversation that breaks off, and reading it again goes on. What a
/// bundle says of keys and agreements stands on its own; where its slices can only be verified by it, it is taken
/// in before them, once the bundle is known to be whole and its issuer's.
///
/// The file is read more than once, and never more of it held than one section.
///
/// # Errors
/// [`Error`]: the bundle is refused, or the node or file failed.
pub fn read<F: Read + Seek>(
    node: &Node,
    desk: &Desk<'_>,
    secret: &str,
    file: &mut F,
) -> Result<Account, Error> {
    let mut account = None;
    let checked = match check(node, desk, secret, file) {
        Err(Error::Node(error)) if may_be_cured(&error) => {
            let checked = begin(node, desk, secret, file)?.check(false)?;
            let account = account.insert(Account::of(checked.header));
            if account.take_acts(node, desk, secret, file)? == 0 {
                return Err(Error::Node(error));
            }
            check(node, desk, secret, file)?
        }
        checked => checked?,
    };
    let mut account = account.unwrap_or_else(|| Account::of(checked.header.clone()));
    account.apply(node, desk, secret, file, checked)?;
    Ok(account)
}

/// Verifies all of it; a proof of two histories is kept.
fn check<F: Read + Seek>(node: &Node, desk: &Desk<'_>, secret: &str, file: &mut F) -> Result<Checked, Error> {
    let checked = begin(node, desk, secret, file)?.check(true);
    if let Err(Error::Node(NodeError::Forked { origin, proof })) = &checked {
        node.keep_fork(origin, proof, desk.at)?;
    }
    checked
}

/// Whether keys or agreements that the bundle brings could make a difference.
fn may_be_cured(error: &NodeError) -> bool {
    matches!(
        error,
        NodeError::NotInForce { .. }
            | NodeError::UnknownChannel { .. }
            | NodeError::WrongAudience { .. }
            | NodeError::BadLog { .. }
            | NodeError::BadSlice { .. }
    )
}

impl Account {
    fn of(header: Header) -> Account {
        Account {
            header,
            acts: 0,
            refused: Vec::new(),
            logs: BTreeMap::new(),
            older: Vec::new(),
            receipts: 0,
            alarms: Vec::new(),
        }
    }

    fn take_acts<F: Read + Seek>(
        &mut self,
        node: &Node,
        desk: &Desk<'_>,
        secret: &str,
        file: &mut F,
    ) -> Result<u64, Error> {
        let before = self.acts;
        if let Some((_, Section::Acts(acts))) = begin(node, desk, secret, file)?.next()? {
            self.take(node, desk, Section::Acts(acts))?;
        }
        Ok(self.acts - before)
    }

    fn apply<F: Read + Seek>(
        &mut self,
        node: &Node,
        desk: &Desk<'_>,
        secret: &str,
        file: &mut F,
        checked: Checked,
    ) -> Result<(), Error> {
        self.older = checked.older;
        let mut pass = begin(node, desk, secret, file)?;
        if pass.header != checked.header {
            return Err(Error::Changed);
        }
        for digest in checked.sections {
            match pass.next()? {
                Some((found, section)) if found == digest => self.take(node, desk, section)?,
                _ => return Err(Error::Changed),
            }
        }
        let header = &self.header;
        let bundle = LastBundle {
            number: header.number,
            digest: checked.digest,
        };
        // Names of agreements that are none would be remembered without end.
        if node.pact(&header.agreement, desk.at)?.is_some() {
            node.note_bundle_read(&header.agreement, &header.issuer, bundle, desk.at)?;
        }
        Ok(())
    }

    fn take(&mut self, node: &Node, desk: &Desk<'_>, section: Section) -> Result<(), Error> {
        let issuer = self.header.issuer.clone();
        match section {
            Section::Acts(acts) => {
                for taken in node.take_acts(&acts, desk.at)? {
                    match taken.fate {
                        Fate::New => self.acts += 1,
                        Fate::Known => {}
                        Fate::Refused(refusal) => self.refused.push((taken.subject, refusal.to_string())),
                    }
                }
            }
            Section::Slice(slice) if self.older.contains(&slice.origin) => {}
            Section::Slice(slice) => {
                let mut taken = node.take_in(&issuer, &slice, desk)?;
                self.alarms.append(&mut taken.alarms);
                let log = self.logs.entry(slice.origin);
                log.and_modify(|before| crate::sync::add(before, &taken))
                    .or_insert(taken);
            }
            Section::Receipts(notes) => {
                let view = node.view(&issuer, desk.at);
                for note in notes {
                    match view.take_receipt(&note, desk.at) {
                        Ok(()) => self.receipts += 1,
                        Err(failed @ Refused::Failed(_)) => return Err(failed.into()),
                        Err(_) => {}
                    }
                }
            }
            Section::Heads(notes) => self.alarms.extend(node.take_heads(&notes, desk.at)?),
        }
        Ok(())
    }
}

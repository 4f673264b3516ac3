//! Whether a proof, or a log from elsewhere, is good by the keys that are known here.

use std::collections::BTreeMap;

use entente_node::Node;
use entente_node::channel::opening::Opening;
use entente_node::channel::read_origin;
use entente_translog::checkpoint::Checkpoint;
use entente_translog::commitment;
use entente_translog::note::{Note, Verifier};
use entente_translog::tlog_proof::{Policy, TlogProof};

use crate::exit::Failure;
use crate::names::Names;

/// Whose signatures count, and what was seen of each log before.
pub(crate) struct Trust {
    pub(crate) keys: Vec<Verifier>,
    /// The same keys, as they cosign others' logs.
    pub(crate) witnesses: Vec<Verifier>,
    /// How many of them must have cosigned.
    pub(crate) quorum: usize,
    pub(crate) names: Names,
    /// The keys were named: whoever named them answers for them. Otherwise a log's owner must have signed.
    named: bool,
    pub(crate) seen: BTreeMap<String, (u64, [u8; 32])>,
}

impl Trust {
    /// These keys, whosever they are.
    pub(crate) fn named(keys: Vec<Verifier>, quorum: usize) -> Trust {
        Trust {
            witnesses: cosigners(&keys),
            quorum,
            names: Names::default(),
            keys,
            named: true,
            seen: BTreeMap::new(),
        }
    }

    /// The keys of the parties that are known here; logs must go on from the heads that are held.
    ///
    /// # Errors
    /// The store failed.
    pub(crate) fn known(node: &Node, quorum: usize) -> Result<Trust, Failure> {
        let keys: Vec<Verifier> = node
            .parties()?
            .iter()
            .flat_map(|party| party.all_verifiers())
            .collect();
        Ok(Trust {
            witnesses: cosigners(&keys),
            quorum,
            names: Names::of(node)?,
            keys,
            named: false,
            seen: seen(node)?,
        })
    }

    /// Whether the log's owner is among those who signed its head.
    pub(crate) fn is_owners(&self, origin: &str, signers: &[entente_translog::note::Signed]) -> bool {
        let owner = read_origin(origin).map(|(_, owner)| owner);
        self.named || owner.is_some_and(|owner| signers.iter().any(|signed| signed.key.name() == owner))
    }
}

fn cosigners(keys: &[Verifier]) -> Vec<Verifier> {
    keys.iter().filter_map(|key| key.as_cosigner().ok()).collect()
}

/// The heads that this node knows: a published log must go on from them.
fn seen(node: &Node) -> Result<BTreeMap<String, (u64, [u8; 32])>, Failure> {
    let mut seen = BTreeMap::new();
    for log in node.logs()? {
        let Some((_, note)) = &log.head else { continue };
        let checkpoint = Note::read(note.as_bytes()).and_then(|note| Checkpoint::read(note.text()));
        if let Ok(checkpoint) = checkpoint {
            seen.insert(log.origin, (checkpoint.size, checkpoint.root));
        }
    }
    Ok(seen)
}

/// The log, the number and the words of what a proof proves; or why it proves nothing.
pub(crate) fn proven(bytes: &[u8], trust: &Trust) -> Result<(String, u64, String), String> {
    let text = |error: entente_translog::Error| error.to_string();
    let proof = TlogProof::read(bytes).map_err(text)?;
    let note = Note::read(proof.checkpoint.as_bytes()).map_err(text)?;
    let origin = Checkpoint::read(note.text()).map_err(text)?.origin;
    let extra = proof.extra.as_deref().unwrap_or_default();
    let (salt, opening) = extra
        .split_first_chunk::<32>()
        .ok_or("it does not say what was logged (no salt and opening as extra data)")?;
    let policy = Policy {
        origin: &origin,
        log_keys: &trust.keys,
        witness_keys: &trust.witnesses,
        quorum: trust.quorum,
    };
    let verified = proof
        .verify(&commitment::commit(salt, opening), &policy)
        .map_err(text)?;
    if !trust.is_owners(&origin, verified.signers()) {
        return Err("its head is signed by a known party, but not by the owner of the log".to_owned());
    }
    let says = match Opening::read(opening).map_err(|error| error.to_string())? {
        Opening::Release(release) => format!("release of {} by clause `{}`", release.object, release.clause),
        Opening::Recall(recall) => format!("recall of {}: {}", recall.object, recall.reason),
        Opening::Close { reason } => format!("close: {reason}"),
    };
    Ok((origin, proof.index, says))
}

//! Intelligence in: hostile bytes to objects, objects to the store, and an account of every item.
//!
//! Reading and deriving happen on the caller's thread, committing on another, batch by batch; an item is
//! reported only after its batch is durable. Begin at [`Node::import`].

mod account;
mod entries;
mod objects;
pub(crate) mod ownership;
mod pipeline;

use std::io::{BufReader, Read};

use entente_formats::Kind;
use entente_stix::time::Timestamp;

pub use account::{Account, Fate, Item};
use pipeline::Pipeline;

use crate::channel::PARTY_SOURCE;
use crate::{Error, Node};

/// How an import is to be taken.
#[derive(Clone, Debug)]
pub struct Settings<'a> {
    /// Who says so.
    pub source: &'a str,
    /// When: the moment noted with each holding.
    pub at: Timestamp,
    /// What the input is; `None` tells it from the content.
    pub kind: Option<Kind>,
    /// Refuse objects that break a MUST of STIX 2.1.
    pub strict: bool,
    /// Store nothing: say what is new and what is refused.
    pub dry_run: bool,
}

/// What became of an input.
#[derive(Debug)]
pub struct Imported {
    /// The sums over its items.
    pub account: Account,
    /// Why it could not be read to its end; what came before is in the account.
    pub broken_off: Option<Error>,
}

impl Node {
    /// Takes one input in and reports every item, in order, once it is durable.
    ///
    /// What belongs to a party is not changed by an import: another text of it is kept beside, as a proposal.
    ///
    /// # Errors
    /// [`Error::ReservedSource`] where the source's name is one under which parties' objects are held; the store
    /// failed. Items reported until then are stored; the rest is not.
    pub fn import<R: Read>(
        &self,
        input: R,
        name: &str,
        settings: &Settings<'_>,
        report: &mut dyn FnMut(Item),
    ) -> Result<Imported, Error> {
        if settings.source.starts_with(PARTY_SOURCE) {
            return Err(Error::ReservedSource {
                name: settings.source.to_owned(),
            });
        }
        let (head, input) = with_head(input, name)?;
        let kind = settings
            .kind
            .clone()
            .unwrap_or_else(|| entente_formats::detect_kind(&head, name));
        let input = BufReader::with_capacity(256 << 10, head.as_slice().chain(input));
        std::thread::scope(|scope| {
            let mut pipeline = Pipeline::start(scope, self.store(), settings, report);
            let read = match kind {
                Kind::Stix => objects::read(input, name, settings, &mut pipeline),
                Kind::List => entries::read_list(input, name, settings, &mut pipeline),
                Kind::Csv => entries::read_csv(input, name, settings, &mut pipeline),
                Kind::Misp => pipeline.refuse(String::new(), None, MISP_NOT_READ.to_owned()),
                Kind::Unknown(why) => pipeline.refuse(String::new(), None, why),
            };
            // What was read before a fault is still committed and accounted for.
            let account = pipeline.finish()?;
            match read {
                Ok(()) => Ok(Imported {
                    account,
                    broken_off: None,
                }),
                Err(error @ Error::Input { .. }) => Ok(Imported {
                    account,
                    broken_off: Some(error),
                }),
                Err(error) => Err(error),
            }
        })
    }
}

/// Bytes looked at to tell what an input is.
const HEAD_BYTES: u64 = 16 << 10;

const MISP_NOT_READ: &str =
    "MISP events are not read yet; export them as STIX 2.1 from MISP (`returnFormat: stix2`) and import that";

/// The first bytes of an input, enough to tell what it is, and the rest.
fn with_head<R: Read>(mut input: R, name: &str) -> Result<(Vec<u8>, R), Error> {
    let mut head = Vec::new();
    (&mut input)
        .take(HEAD_BYTES)
        .read_to_end(&mut head)
        .map_err(|cause| Error::Input {
            name: name.to_owned(),
            cause: cause.to_string(),
        })?;
    Ok((head, input))
}

//! Where the node lives, what time it is, and the node itself, opened.

use std::path::{Path, PathBuf};

use entente_node::Node;
use entente_node::steady::Steady;
use entente_stix::time::Timestamp;
use entente_store::sqlite::{Access, Options, Sqlite};

use crate::cli::Global;
use crate::exit::{Exit, Failure};

const DAY_MICROS: i64 = 86_400_000_000;

/// The clock. Everything below takes time as an argument; this is where it comes from.
pub(crate) fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "the binary is where the clock is read")]
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// The data folder: `--data`, `ENTENTE_DATA`, or the platform's place for data.
pub(crate) fn data_folder(global: &Global) -> Result<PathBuf, Failure> {
    if let Some(folder) = &global.data {
        return Ok(folder.clone());
    }
    let folders = directories::ProjectDirs::from("", "", "entente");
    folders
        .map(|folders| folders.data_dir().to_owned())
        .ok_or_else(|| {
            Failure::usage(
                "there is no home directory to keep data in; name a folder with `--data DIR` or ENTENTE_DATA",
            )
        })
}

/// Nothing that is written for people may go into the data folder: what is there is the node's own.
pub(crate) fn require_outside(global: &Global, output: Option<&Path>) -> Result<(), Failure> {
    let Some(output) = output.filter(|path| path.as_os_str() != "-") else {
        return Ok(());
    };
    let Ok(data) = data_folder(global).and_then(|folder| Ok(folder.canonicalize()?)) else {
        return Ok(());
    };
    // Of a path that is not there yet, the nearest folder that is.
    let nearest = output
        .ancestors()
        .find_map(|path| match path.as_os_str().is_empty() {
            true => Path::new(".").canonicalize().ok(),
            false => path.canonicalize().ok(),
        });
    if nearest.is_some_and(|path| path.starts_with(&data)) {
        return Err(Failure::usage(format!(
            "`{}` is in the data folder, which is the node's own; write elsewhere",
            output.display()
        )));
    }
    Ok(())
}

/// A node opened for reading. What is not there yet is a clear answer, not an empty one.
///
/// What is past its time is deleted first, also where nobody writes for months; another process that writes, or a
/// folder that cannot be written, is no reason not to answer.
pub(crate) fn open_to_read(global: &Global) -> Result<Node, Failure> {
    let folder = data_folder(global)?;
    let node = open(&folder, Access::Read)?;
    let is_over = !node
        .store()
        .expiring(now().micros(), 1)
        .map_err(failure)?
        .is_empty();
    if !is_over {
        return Ok(node);
    }
    drop(node);
    drop(open_to_write(global));
    open(&folder, Access::Read)
}

/// A node opened for writing; made when it is not there. Sightings that a crash left unwritten are written first,
/// and what is past the time that an agreement gives it is deleted.
pub(crate) fn open_to_write(global: &Global) -> Result<Node, Failure> {
    let node = open(&data_folder(global)?, Access::Write)?;
    let identity = identity(&node)?;
    let at = now();
    node.write_sightings(&identity, at).map_err(node_failure)?;
    // What was agreed to be deleted by now goes, whatever the node was opened for.
    if let Steady::Ahead(micros) = node.retain_steadily(at).map_err(node_failure)? {
        eprintln!(
            "entente: the clock is {} days ahead of when this node was last used; is it right? What agreements give a \
             time is deleted from tomorrow on if it stays so",
            micros / DAY_MICROS
        );
    }
    Ok(node)
}

/// A node opened for writing that must be there already: what only asks must not make one by a typing slip.
pub(crate) fn open_existing_to_write(global: &Global) -> Result<Node, Failure> {
    drop(open_to_read(global)?);
    open_to_write(global)
}

/// The id of the process that writes here, where another one does.
pub(crate) fn writer(global: &Global) -> Result<Option<String>, Failure> {
    match Sqlite::open(&data_folder(global)?, &Options::write()) {
        Ok(_) => Ok(None),
        Err(entente_store::Error::Locked { holder, .. }) => Ok(Some(holder)),
        Err(error) => Err(failure(error)),
    }
}

/// A node for a dry run of an import: the real one to read from, or an empty one that goes away again.
pub(crate) fn open_for_dry_run(global: &Global) -> Result<(Node, Option<tempfile::TempDir>), Failure> {
    match open_to_read(global) {
        Err(failure) if failure.exit == Exit::NotFound => {
            let failed = |error| Failure::store(format!("cannot make a folder for the dry run: {error}"));
            let folder = tempfile::Builder::new()
                .prefix("entente-dry-run-")
                .tempdir()
                .map_err(failed)?;
            Ok((open(folder.path(), Access::Write)?, Some(folder)))
        }
        opened => Ok((opened?, None)),
    }
}

fn open(folder: &Path, access: Access) -> Result<Node, Failure> {
    let options = match access {
        Access::Read => Options::read(),
        Access::Write => Options::write(),
    };
    let store = Sqlite::open(folder, &options).map_err(failure)?;
    Node::open(Box::new(store), &folder.join("generations"), seed()).map_err(node_failure)
}

/// The node's own STIX identity, made once: who sights what is sighted here.
pub(crate) fn identity(node: &Node) -> Result<String, Failure> {
    node.identity(&random().to_string(), now()).map_err(node_failure)
}

/// A random identifier, which is also 122 random bits.
pub(crate) fn random() -> uuid::Uuid {
    #[expect(
        clippy::disallowed_methods,
        reason = "the binary is where randomness comes from"
    )]
    uuid::Uuid::new_v4()
}

/// What hashes of one run begin with, so that nobody can send values that collide.
pub(crate) fn seed() -> u64 {
    random().as_u64_pair().0
}

/// The store's fault, or its disk's.
pub(crate) fn failure(error: entente_store::Error) -> Failure {
    use entente_store::Error;
    match error {
        Error::TooMuch { .. } | Error::BadCursor { .. } => Failure::usage(error),
        Error::Missing { .. } => Failure::not_found(error),
        _ => Failure::store(error),
    }
}

/// Whose fault a node's error is.
pub(crate) fn node_failure(error: entente_node::Error) -> Failure {
    use entente_node::Error;
    let exit = match error {
        Error::Store(error) => return failure(error),
        Error::Input { .. }
        | Error::Pipeline { .. }
        | Error::Act(_)
        | Error::Agreement(_)
        | Error::NoCard
        | Error::Log(_)
        | Error::WrongAudience { .. }
        | Error::Gap { .. }
        | Error::Older { .. }
        | Error::BadSlice { .. }
        | Error::BadLog { .. }
        | Error::Forked { .. } => Exit::BadInput,
        Error::UnknownParty { .. }
        | Error::UnknownAgreement { .. }
        | Error::UnknownKey { .. }
        | Error::NoRule { .. }
        | Error::UnknownChannel { .. }
        | Error::NoEntry { .. } => Exit::NotFound,
        Error::AmbiguousParty { .. }
        | Error::NotFounded
        | Error::Founded { .. }
        | Error::Name { .. }
        | Error::NotOurKeys
        | Error::RootElsewhere
        | Error::TooLong { .. }
        | Error::ReservedSource { .. }
        | Error::KeyList { .. } => Exit::Usage,
        Error::KeyOver { .. } | Error::LastKey | Error::NotInForce { .. } => Exit::Refused,
        _ => Exit::Store,
    };
    Failure {
        exit,
        message: error.to_string(),
    }
}

//! Files that are written for people: whole or not at all.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::exit::Failure;

type Give<'g, T> = dyn FnOnce(&mut dyn Write) -> Result<T, Failure> + 'g;

/// Writes to `path`: whole or not at all where that is a file. Pipes and devices are written as they are.
pub(crate) fn into<T>(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let write: Box<Give<'_, T>> = Box::new(write);
    match path.metadata() {
        Ok(meta) if meta.is_dir() => Err(Failure::usage(format!(
            "`{}` is a folder; name a file in it",
            path.display()
        ))),
        // A link keeps pointing where it does; what it points at is replaced.
        Ok(meta) if meta.is_file() => {
            let target = path.canonicalize().map_err(|error| failed(path, &error))?;
            whole_file(&target, write)
        }
        Ok(_) => {
            let opened = std::fs::OpenOptions::new().write(true).open(path);
            let mut out = BufWriter::new(opened.map_err(|error| failed(path, &error))?);
            let written = write(&mut out)?;
            out.flush()?;
            Ok(written)
        }
        Err(_) => whole_file(path, write),
    }
}

/// Writes beside the target under a name of its own and renames.
fn whole_file<T>(path: &Path, write: Box<Give<'_, T>>) -> Result<T, Failure> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        return Err(Failure::store(format!(
            "cannot write `{}`: there is no folder `{}`; make it first, or write elsewhere",
            path.display(),
            folder.display()
        )));
    }
    let failed = |error: io::Error| failed(path, &error);
    let part = part_file(folder).map_err(failed)?;
    let mut out = BufWriter::new(part);
    let written = write(&mut out)?;
    let part = out.into_inner().map_err(|error| failed(error.into_error()))?;
    part.as_file().sync_all().map_err(failed)?;
    part.persist(path).map_err(|error| failed(error.error))?;
    Ok(written)
}

/// A new file that is removed again unless it is persisted; readable as any file that its user makes.
fn part_file(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".entente-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure::store(format!(
        "cannot write `{}`: {error}; check space and permissions",
        path.display()
    ))
}

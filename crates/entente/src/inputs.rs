//! Paths, folders, globs and stdin to a list of readable inputs, in a stable order.
//!
//! Opening is left to the moment of use, so that one unreadable file is one named item and not the end. So is
//! a folder that cannot be looked into: it stands in the list as itself, and fails when it is opened.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::exit::Failure;

/// One thing to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// Standard input.
    Stdin,
    /// A file.
    File(Found),
}

/// A file, and where the search for it began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    path: PathBuf,
    /// The folder that was given, where the file was found below one.
    below: Option<PathBuf>,
}

impl std::ops::Deref for Found {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.path
    }
}

impl Input {
    /// The name that reports use.
    pub(crate) fn name(&self) -> String {
        match self {
            Input::Stdin => "-".to_owned(),
            Input::File(path) => path.display().to_string(),
        }
    }

    /// What it is called among the files that came with it: the path below the given folder, or the file's
    /// own name. The best guess at who says so.
    pub(crate) fn label(&self) -> String {
        let Input::File(found) = self else {
            return "stdin".to_owned();
        };
        let below = found
            .below
            .as_deref()
            .and_then(|folder| found.strip_prefix(folder).ok());
        let parts: Vec<_> = match below {
            Some(relative) => relative.iter().collect(),
            None => found.file_name().into_iter().collect(),
        };
        if parts.is_empty() {
            return "file".to_owned();
        }
        parts
            .iter()
            .map(|part| part.to_string_lossy())
            .collect::<Vec<_>>()
            .join("/")
    }

    /// Size in bytes, where it can be known before reading.
    pub(crate) fn size(&self) -> Option<u64> {
        match self {
            Input::Stdin => None,
            Input::File(path) => path
                .metadata()
                .ok()
                .filter(|meta| meta.is_file())
                .map(|meta| meta.len()),
        }
    }

    /// Its text, decompressed: the first `most` bytes and one more where there is one, and a reader of the rest.
    /// `name` is what errors call it.
    pub(crate) fn begin(&self, name: &str, most: usize) -> Result<(Vec<u8>, impl Read), Failure> {
        let failed = |error: io::Error| {
            Failure::input(format!(
                "cannot read `{}`: {error}; check path, permissions and content",
                crate::render::safe(name)
            ))
        };
        let opened = self.open().map_err(failed)?;
        let mut rest = entente_telemetry::decompressed(opened, name).map_err(Failure::input)?;
        let mut first = Vec::new();
        (&mut rest)
            .take(most as u64 + 1)
            .read_to_end(&mut first)
            .map_err(failed)?;
        Ok((first, rest))
    }

    /// Opens it for reading.
    pub(crate) fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        match self {
            Input::Stdin => Ok(Box::new(io::stdin())),
            Input::File(path) if path.is_dir() => Err(unread(path)),
            Input::File(path) => Ok(Box::new(File::open(&**path)?)),
        }
    }
}

/// Why a folder stands in the list: what is in it could not be listed.
fn unread(folder: &Path) -> io::Error {
    match folder.read_dir() {
        Err(error) => error,
        Ok(_) => io::Error::other("the folder could not be read when it was looked into"),
    }
}

/// Everything that `paths` name. A folder stands for all files below it; a name with `*`, `?` or `[` that
/// is not a file itself is a glob; `-` is stdin.
pub(crate) fn collect(paths: &[String]) -> Result<Vec<Input>, Failure> {
    let mut inputs = Vec::new();
    for path in paths {
        if path == "-" {
            inputs.push(Input::Stdin);
            continue;
        }
        let given = Path::new(path);
        if given.is_dir() {
            below(given, &mut inputs);
        } else if given.exists() || !path.contains(['*', '?', '[']) {
            if !given.exists() {
                return Err(Failure::input(format!(
                    "cannot read `{}`: there is no such file or folder; check the path, or quote a glob",
                    crate::render::safe(path)
                )));
            }
            inputs.push(Input::File(single(given.to_owned())));
        } else {
            matching(path, &mut inputs)?;
        }
    }
    Ok(inputs)
}

fn single(path: PathBuf) -> Found {
    Found { path, below: None }
}

fn below(folder: &Path, inputs: &mut Vec<Input>) {
    // Links to folders are not followed: a loop must not hang a scan.
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let path = match entry {
            Ok(entry) if entry.path().is_file() => entry.into_path(),
            Ok(_) => continue,
            Err(error) => error.path().unwrap_or(folder).to_owned(),
        };
        inputs.push(Input::File(Found {
            path,
            below: Some(folder.to_owned()),
        }));
    }
}

fn matching(pattern: &str, inputs: &mut Vec<Input>) -> Result<(), Failure> {
    let before = inputs.len();
    let paths = glob::glob(pattern).map_err(|error| {
        Failure::usage(format!(
            "`{}` is not a glob: {error}",
            crate::render::safe(pattern)
        ))
    })?;
    for path in paths {
        match path {
            Ok(path) if path.is_dir() => below(&path, inputs),
            Ok(path) if path.is_file() => inputs.push(Input::File(single(path))),
            // A pipe or a device might never end; it is read only when it is named itself.
            Ok(_) => {}
            Err(error) => inputs.push(Input::File(single(error.path().to_owned()))),
        }
    }
    if inputs.len() == before {
        return Err(Failure::input(format!(
            "nothing matches `{}`; check the path, or leave the quotes off to let the shell expand it",
            crate::render::safe(pattern)
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_globs_and_stdin_are_listed_in_order() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.json", "a.json", "sub/c.txt"] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        let root = folder.path().display().to_string();
        let names = |paths: &[String]| -> Vec<String> {
            collect(paths)
                .unwrap()
                .iter()
                .map(|input| input.name().replace(&root, ""))
                .collect()
        };
        assert_eq!(
            names(&[root.clone(), "-".into()]),
            ["/a.json", "/b.json", "/sub/c.txt", "-"]
        );
        assert_eq!(names(&[format!("{root}/*.json")]), ["/a.json", "/b.json"]);
        assert!(collect(&[format!("{root}/missing.json")]).is_err());
        assert!(collect(&[format!("{root}/*.nothing")]).is_err());
    }

    #[test]
    fn files_of_one_name_are_told_apart_by_their_place_below_the_given_folder() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().display().to_string();
        for name in ["one/domains.txt", "two/domains.txt"] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        let check = |given: &str, labels: &[&str]| {
            let inputs = collect(&[given.to_owned()]).unwrap();
            assert_eq!(inputs.iter().map(Input::label).collect::<Vec<_>>(), labels);
        };
        check(&root, &["one/domains.txt", "two/domains.txt"]);
        check(&format!("{root}/one/domains.txt"), &["domains.txt"]);
        check(&format!("{root}/*/domains.txt"), &["domains.txt", "domains.txt"]);
        check("-", &["stdin"]);
    }

    #[test]
    fn a_folder_that_cannot_be_listed_is_one_input_that_fails_when_it_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let gone = folder.path().join("gone");
        let mut inputs = Vec::new();
        below(&gone, &mut inputs);
        assert_eq!(
            inputs.iter().map(Input::name).collect::<Vec<_>>(),
            [gone.display().to_string()]
        );
        assert!(inputs[0].open().is_err());
        assert!(Input::File(single(folder.path().to_owned())).open().is_err());
    }

    #[test]
    fn glob_passes_over_pipes_and_devices() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("a.log");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        if !made.is_ok_and(|status| status.success()) {
            return;
        }
        std::fs::write(folder.path().join("b.log"), "x").unwrap();
        let found = collect(&[format!("{}/*.log", folder.path().display())]).unwrap();
        assert_eq!(found.len(), 1);
        assert!(found[0].name().ends_with("b.log"));
    }
}

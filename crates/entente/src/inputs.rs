//! Paths, folders, globs and stdin to a list of readable inputs, in a stable order.
//!
//! Opening is left to the moment of use, so that one unreadable file is one named item and not the end.

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
    File(PathBuf),
}

impl Input {
    /// The name that reports use.
    pub(crate) fn name(&self) -> String {
        match self {
            Input::Stdin => "-".to_owned(),
            Input::File(path) => path.display().to_string(),
        }
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

    /// Opens it for reading.
    pub(crate) fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        match self {
            Input::Stdin => Ok(Box::new(io::stdin())),
            Input::File(path) => Ok(Box::new(File::open(path)?)),
        }
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
            below(given, &mut inputs)?;
        } else if given.exists() || !path.contains(['*', '?', '[']) {
            if !given.exists() {
                return Err(Failure::input(format!(
                    "cannot read `{}`: there is no such file or folder; check the path, or quote a glob",
                    crate::render::safe(path)
                )));
            }
            inputs.push(Input::File(given.to_owned()));
        } else {
            matching(path, &mut inputs)?;
        }
    }
    Ok(inputs)
}

fn below(folder: &Path, inputs: &mut Vec<Input>) -> Result<(), Failure> {
    // Links to folders are not followed: a loop must not hang a scan.
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry =
            entry.map_err(|error| Failure::input(format!("cannot read `{}`: {error}", folder.display())))?;
        if entry.path().is_file() {
            inputs.push(Input::File(entry.into_path()));
        }
    }
    Ok(())
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
        let path = path.map_err(|error| Failure::input(error.to_string()))?;
        if path.is_dir() {
            below(&path, inputs)?;
        } else {
            inputs.push(Input::File(path));
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
}

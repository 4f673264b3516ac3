//! The built binary, run in a folder of its own.

use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// A data folder and a place for files, removed afterwards.
pub(crate) struct Home {
    folder: tempfile::TempDir,
}

/// What a run of the program gave.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Standard output as lines of JSON.
    pub(crate) fn json(&self) -> Vec<Value> {
        self.out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The last line of JSON: sums and summaries.
    pub(crate) fn last(&self) -> Value {
        self.json().pop().unwrap()
    }
}

impl Home {
    pub(crate) fn new() -> Home {
        Home {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A home whose node looks for `evil.example`.
    pub(crate) fn with_indicator() -> Home {
        let home = Home::new();
        let file = home.file(
            "feed.json",
            bundle(&[indicator(1, "[domain-name:value = 'evil.example']")]),
        );
        home.ok(&["import", "--quiet", &file]);
        home
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// Writes a file and gives its path.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_entente"));
        command
            .args(arguments)
            .env("ENTENTE_DATA", self.data())
            .env("ENTENTE_GUARD", self.path("heads"))
            .env_remove("NO_COLOR")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        ran(self.command(arguments).output().unwrap())
    }

    /// Runs, and expects success.
    pub(crate) fn ok(&self, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}\n{}\n{}", ran.out, ran.err);
        ran
    }

    pub(crate) fn with_input(&self, arguments: &[&str], input: impl AsRef<[u8]>) -> Ran {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.as_ref().to_vec();
        let writer = std::thread::spawn(move || {
            // A program that stops reading early is not the test's failure.
            let _ = stdin.write_all(&input);
        });
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        ran(output)
    }
}

/// The files of a home as they once were, for others to begin with.
pub(crate) struct Snapshot(Vec<(PathBuf, u32, Option<Vec<u8>>)>);

impl Snapshot {
    pub(crate) fn of(home: &Home) -> Snapshot {
        let entries = walkdir::WalkDir::new(home.folder.path()).min_depth(1);
        let entries = entries.into_iter().map(|entry| {
            let entry = entry.unwrap();
            let path = entry.path().strip_prefix(home.folder.path()).unwrap();
            let mode = entry.metadata().unwrap().permissions().mode();
            let is_file = entry.file_type().is_file();
            let content = is_file.then(|| std::fs::read(entry.path()).unwrap());
            (path.to_owned(), mode, content)
        });
        Snapshot(entries.collect())
    }

    /// A home that begins there.
    pub(crate) fn home(&self) -> Home {
        let home = Home::new();
        for (path, mode, content) in &self.0 {
            let path = home.folder.path().join(path);
            match content {
                Some(content) => std::fs::write(&path, content).unwrap(),
                None => std::fs::create_dir(&path).unwrap(),
            }
            std::fs::set_permissions(&path, Permissions::from_mode(*mode)).unwrap();
        }
        home
    }
}

fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Real material beside the checkout; `None` where it is absent, and the test is skipped.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")).join(path);
    path.exists().then_some(path)
}

/// A repeatable sequence of numbers (splitmix64): tests need no randomness of the machine's.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// A small indicator as text.
pub(crate) fn indicator(number: u64, pattern: &str) -> String {
    serde_json::json!({
        "type": "indicator", "spec_version": "2.1",
        "id": format!("indicator--{:08x}-0000-4000-8000-{:012x}", number, number),
        "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
        "name": format!("indicator {number}"), "pattern": pattern, "pattern_type": "stix",
        "valid_from": "2000-01-01T00:00:00Z",
    })
    .to_string()
}

/// Objects as a bundle.
pub(crate) fn bundle(objects: &[String]) -> String {
    format!(
        "{{\"type\":\"bundle\",\"id\":\"bundle--5d0092c5-5f74-4287-9642-33f4c354e56d\",\"objects\":[{}]}}",
        objects.join(",\n")
    )
}

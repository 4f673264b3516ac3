//! The compiled form of everything the node looks for, kept as a file beside the store.
//!
//! A generation belongs to one generation number of the store and is never changed; a newer one takes its
//! place whole. Begin at [`Node::generation`].

use std::fs::File;
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use entente_detect::{Atom, Compiler, Entry, Generation, Settings, terms};
use entente_stix::json::Value;
use entente_stix::object::Object;
use entente_stix::time::Timestamp;
use entente_stix::{observable, pattern};
use entente_store::{Cursor, IndicatorRow, Stored};

use crate::derive::{label, stix_pattern};
use crate::limits::LISTED_MAX;
use crate::rules::is_sigma;
use crate::{Error, Node};

/// Moves on with every change of what goes into the file or how.
const COMPILED_FORM: u32 = 3;

/// A compiled generation, and what of the indicators did not get into it.
pub struct Compiled {
    /// What events are matched against.
    pub generation: Generation,
    /// Indicators that are not evaluated, wholly or in part, and why.
    pub not_evaluated: Vec<NotEvaluated>,
    /// The ids of indicators that carry a rule, for [`Node::rules`].
    pub rules: Vec<String>,
}

/// What a generation does not hold.
#[derive(Default)]
struct Beside {
    not_evaluated: Vec<NotEvaluated>,
    rules: Vec<String>,
}

impl Beside {
    fn with(self, generation: Generation) -> Compiled {
        let Beside { not_evaluated, rules } = self;
        Compiled {
            generation,
            not_evaluated,
            rules,
        }
    }
}

/// An indicator that needs more than single values, or a rule that cannot be evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotEvaluated {
    /// Its id.
    pub id: String,
    /// The text that a rule is from; none where it is an object of the node.
    pub text: Option<String>,
    /// What it needs, or why it cannot be.
    pub reason: String,
}

impl Node {
    /// The generation of now: read when it is there, compiled when it is not.
    ///
    /// # Errors
    /// The store failed, or the file could not be written or read.
    pub fn generation(&self) -> Result<Compiled, Error> {
        let number = self.store.generation_number()?;
        let path = self.folder.join(format!("{number}.{COMPILED_FORM}.generation"));
        if let Ok(file) = File::open(&path)
            && let Ok(generation) = Generation::open(file)
            && let Some(beside) = read_notes(&notes_path(&path))
        {
            return Ok(beside.with(generation));
        }
        match self.compile(&path) {
            // Who may not write here may still scan: the generation is then made in memory, each time.
            Err(Error::Io { cause, .. }) if is_forbidden(&cause) => self.compile_in_memory(&path),
            compiled => compiled,
        }
    }

    fn compile(&self, path: &Path) -> Result<Compiled, Error> {
        let io = |doing| {
            move |cause| Error::Io {
                doing,
                path: path.to_owned(),
                cause,
            }
        };
        private_folder(&self.folder).map_err(io("make the folder of"))?;
        // Names of this process's own: two that compile at once do not meet before the renames.
        let new = new_path(path);
        let out = private_file(&new).map_err(io("write"))?;
        let (beside, written) = self.compile_to(out, path)?;

        // Synced before it gets its name: what has the name is whole, also after a power loss. Notes first,
        // generation last: a reader that finds the generation finds its notes.
        written.sync_all().map_err(io("write"))?;
        let notes = notes_path(path);
        write_notes(&new_path(&notes), &beside).map_err(io("write"))?;
        std::fs::rename(new_path(&notes), &notes).map_err(io("rename"))?;
        std::fs::rename(&new, path).map_err(io("rename"))?;
        self.remove_older(path);

        let file = File::open(path).map_err(io("open"))?;
        let generation = Generation::open(file).map_err(|error| failed(path, error))?;
        Ok(beside.with(generation))
    }

    fn compile_in_memory(&self, path: &Path) -> Result<Compiled, Error> {
        let (beside, bytes) = self.compile_to(Vec::new(), path)?;
        let generation = Generation::open(bytes).map_err(|error| failed(path, error))?;
        Ok(beside.with(generation))
    }

    fn compile_to<W: Write>(&self, out: W, path: &Path) -> Result<(Beside, W), Error> {
        let settings = Settings {
            seed: self.secret,
            url_hosts: true,
        };
        let mut compiler = Compiler::new(out, settings).map_err(|error| failed(path, error))?;
        let beside = self.fill(&mut compiler)?;
        let (_, out) = compiler.finish().map_err(|error| failed(path, error))?;
        Ok((beside, out))
    }

    fn fill(&self, compiler: &mut Compiler<impl Write>) -> Result<Beside, Error> {
        let mut beside = Beside::default();
        let mut after: Option<Cursor> = None;
        loop {
            let page = self.store.indicators(after.as_ref(), LISTED_MAX)?;
            for row in &page.items {
                if let Some(reason) = self.add(row, compiler, &mut beside.rules)? {
                    beside.not_evaluated.push(NotEvaluated {
                        id: row.id.clone(),
                        text: None,
                        reason,
                    });
                }
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(beside),
            }
        }
    }

    /// Adds one indicator; answers what of it is not evaluated. One that carries a rule is named in `rules`.
    fn add(
        &self,
        row: &IndicatorRow,
        compiler: &mut Compiler<impl Write>,
        rules: &mut Vec<String>,
    ) -> Result<Option<String>, Error> {
        let object = Object::read(&row.text).map_err(|refusal| Error::Text {
            id: row.id.clone(),
            cause: refusal.to_string(),
        })?;
        let value = object.value();
        let (mut atoms, mut not_evaluated) = match stix_pattern(value) {
            Some(text) => match pattern::parse(text) {
                Ok(pattern) => {
                    let terms = terms::of_parsed(&pattern);
                    // What needs more than single values is looked for as a rule.
                    if terms.not_evaluated.is_some() && !row.revoked {
                        rules.push(row.id.clone());
                    }
                    (terms.atoms, None)
                }
                Err(_) => (Vec::new(), terms::of_pattern(text).not_evaluated),
            },
            None if is_sigma(value) => {
                if !row.revoked {
                    rules.push(row.id.clone());
                }
                (Vec::new(), None)
            }
            None => (Vec::new(), Some(other_language(value))),
        };
        atoms.extend(self.based_on(row)?);
        let name = label(&object);
        let entry = Entry {
            id: &row.id,
            name: &name,
            valid_from: time(value, "valid_from"),
            valid_until: time(value, "valid_until"),
            revoked: row.revoked,
            confidence: value
                .get("confidence")
                .and_then(Value::as_i64)
                .and_then(|number| u8::try_from(number).ok()),
        };
        if !atoms.is_empty() {
            let refused = compiler
                .add(&entry, &atoms)
                .map_err(|error| failed(&self.folder, error))?;
            if !refused.is_empty() {
                let all: Vec<String> = not_evaluated.into_iter().chain(refused).collect();
                not_evaluated = Some(all.join("; "));
            }
        }
        Ok(not_evaluated)
    }

    /// The values of observables that the indicator is based on, through `based-on` relationships
    /// (STIX 2.1 §4.7.2), also through observed-data.
    fn based_on(&self, row: &IndicatorRow) -> Result<Vec<Atom>, Error> {
        let mut targets: Vec<String> = row
            .relations
            .iter()
            .filter_map(|relation| based_on_target(relation))
            .collect();
        if row.relations.len() >= entente_store::limits::RELATIONS_MAX {
            targets = self.all_targets(&row.id)?;
        }
        let mut atoms = Vec::new();
        for stored in self.known(&targets)? {
            let observed: Vec<String> = match Object::read(&stored.text) {
                Ok(object) if object.type_name() == "observed-data" => object
                    .references()
                    .filter(|reference| reference.property.starts_with("object_refs"))
                    .map(|reference| reference.target.to_owned())
                    .collect(),
                Ok(_) => Vec::new(),
                Err(_) => continue,
            };
            push_atoms(&stored, &mut atoms);
            self.known(&observed)?
                .iter()
                .for_each(|stored| push_atoms(stored, &mut atoms));
        }
        Ok(atoms)
    }

    /// What an indicator with more relationships than come with it is based on.
    fn all_targets(&self, indicator: &str) -> Result<Vec<String>, Error> {
        let mut targets = Vec::new();
        let mut after: Option<Cursor> = None;
        loop {
            let page = self
                .store
                .edges_to(indicator, Some("source_ref"), after.as_ref(), LISTED_MAX)?;
            let relations: Vec<String> = page.items.into_iter().map(|edge| edge.source).collect();
            let known = self.known(&relations)?;
            targets.extend(
                known
                    .iter()
                    .filter_map(|relation| based_on_target(&relation.text)),
            );
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(targets),
            }
        }
    }

    fn known(&self, ids: &[String]) -> Result<Vec<Stored>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        Ok(self.store.current_many(&ids)?.into_iter().flatten().collect())
    }

    /// Removes every compiled generation: each is made anew when it is needed.
    pub(crate) fn forget_generations(&self) {
        self.remove_generations(|_| true);
    }

    /// Generations of other numbers, and what a crash left of them, are of no use any more; one that cannot be
    /// removed does no harm.
    fn remove_older(&self, current: &Path) {
        let current = number_of(current);
        self.remove_generations(|number| Some(number) != current);
    }

    fn remove_generations(&self, is_unwanted: impl Fn(u64) -> bool) {
        let Ok(entries) = std::fs::read_dir(&self.folder) else {
            return;
        };
        for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
            if number_of(&path).is_some_and(&is_unwanted) {
                let _ = std::fs::remove_file(path);
            }
        }
    }
}

/// The generation number that a file of ours begins with.
fn number_of(path: &Path) -> Option<u64> {
    path.file_name()?.to_str()?.split('.').next()?.parse().ok()
}

fn based_on_target(relation: &[u8]) -> Option<String> {
    let relation = Object::read(relation).ok()?;
    let value = relation.value();
    let is_based_on = value.get("relationship_type").and_then(Value::as_str) == Some("based-on");
    if !is_based_on || relation.revoked() {
        return None;
    }
    value.get("target_ref").and_then(Value::as_str).map(str::to_owned)
}

fn push_atoms(stored: &Stored, atoms: &mut Vec<Atom>) {
    if let Ok(object) = Object::read(&stored.text) {
        for (observable, _) in observable::of_object(&object) {
            atoms.extend(terms::atoms_of_observable(observable.kind, &observable.value));
        }
    }
}

fn other_language(value: &Value<'_>) -> String {
    match value.get("pattern_type").and_then(Value::as_str) {
        Some("yara") => {
            "its YARA rule is about files; `entente scan --files` holds files against it".to_owned()
        }
        Some(kind) => format!("its pattern is of type `{kind}`, which is not evaluated"),
        None => "it has no pattern".to_owned(),
    }
}

pub(crate) fn time(value: &Value<'_>, property: &str) -> Option<i64> {
    value
        .get(property)
        .and_then(Value::as_str)
        .and_then(|text| Timestamp::parse(text).ok())
        .map(Timestamp::micros)
}

fn failed(path: &Path, error: impl std::fmt::Display) -> Error {
    Error::Generation {
        path: path.to_owned(),
        cause: error.to_string(),
    }
}

fn notes_path(path: &Path) -> PathBuf {
    path.with_extension("notes")
}

/// Notes are lines: the id of an indicator that carries a rule alone; id, tab, reason of one that is not evaluated.
/// They are ours, and read back as written.
fn write_notes(path: &Path, beside: &Beside) -> std::io::Result<()> {
    let mut out = BufWriter::new(private_file(path)?);
    for id in &beside.rules {
        writeln!(out, "{id}")?;
    }
    for note in &beside.not_evaluated {
        writeln!(out, "{}\t{}", note.id, note.reason.replace(['\n', '\r'], " "))?;
    }
    out.flush()
}

fn read_notes(path: &Path) -> Option<Beside> {
    let text = std::fs::read_to_string(path).ok()?;
    let mut beside = Beside::default();
    for line in text.lines() {
        match line.split_once('\t') {
            Some((id, reason)) => beside.not_evaluated.push(NotEvaluated {
                id: id.to_owned(),
                text: None,
                reason: reason.to_owned(),
            }),
            None => beside.rules.push(line.to_owned()),
        }
    }
    Some(beside)
}

fn new_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    PathBuf::from(name)
}

fn is_forbidden(cause: &std::io::Error) -> bool {
    matches!(
        cause.kind(),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem
    )
}

pub(crate) fn private_folder(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

pub(crate) fn private_file(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
}

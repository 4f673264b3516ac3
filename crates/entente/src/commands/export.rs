//! `entente export`: what is known, given back to its operator.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use entente_node::Node;
use entente_node::export::Selection;
use entente_store::Stored;

use crate::cli::{Export, ExportTo, Global};
use crate::commands::out;
use crate::exit::{Exit, Failure};
use crate::place;

pub(crate) fn run(global: &Global, asked: &Export) -> Result<Exit, Failure> {
    let node = place::open_to_read(global)?;
    let (to, write): (&ExportTo, Writer) = match asked {
        Export::Stix(to) => (to, stix),
        Export::Csv(to) => (to, csv),
    };
    let selection = Selection {
        types: to.types.clone(),
        versions: to.versions,
    };
    match &to.output {
        None => {
            let mut out = out();
            write(&node, &selection, &mut out)?;
            out.flush()?;
        }
        Some(path) => whole_file(path, |out| write(&node, &selection, out))?,
    }
    Ok(Exit::Done)
}

type Writer = fn(&Node, &Selection, &mut dyn Write) -> Result<(), Failure>;

/// A bundle whose objects are the texts as they came in, one after another.
fn stix(node: &Node, selection: &Selection, out: &mut dyn Write) -> Result<(), Failure> {
    let id = node.bundle_id(selection).map_err(place::node_failure)?;
    write!(out, "{{\"type\":\"bundle\",\"id\":\"{id}\",\"objects\":[")?;
    let mut separator = "\n";
    node.export::<Failure>(selection, &mut |stored: &Stored| {
        out.write_all(separator.as_bytes())?;
        out.write_all(&stored.text)?;
        separator = ",\n";
        Ok(())
    })?;
    out.write_all(b"\n]}\n")?;
    Ok(())
}

fn csv(node: &Node, selection: &Selection, out: &mut dyn Write) -> Result<(), Failure> {
    let types = if selection.types.is_empty() {
        vec!["indicator".to_owned()]
    } else {
        selection.types.clone()
    };
    let selection = Selection {
        types,
        versions: false,
    };
    let mut rows = entente_formats::export::csv::Writer::new(out)?;
    node.export::<Failure>(&selection, &mut |stored: &Stored| {
        node.rows::<Failure>(stored, &mut |row| Ok(rows.write(row)?))
    })?;
    rows.finish()?;
    Ok(())
}

/// Writes beside the target and renames: the file appears whole or not at all.
fn whole_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<(), Failure>) -> Result<(), Failure> {
    let failed = |error: io::Error| {
        Failure::store(format!(
            "cannot write `{}`: {error}; check space and permissions",
            path.display()
        ))
    };
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    let mut out = BufWriter::new(File::create(&part).map_err(failed)?);
    let written = write(&mut out).and_then(|()| {
        out.flush().map_err(failed)?;
        out.get_ref().sync_all().map_err(failed)?;
        std::fs::rename(&part, path).map_err(failed)
    });
    if written.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    written
}

impl From<entente_node::Error> for Failure {
    fn from(error: entente_node::Error) -> Failure {
        place::node_failure(error)
    }
}

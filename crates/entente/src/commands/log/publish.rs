//! `entente log publish`: logs as files that anyone may have, and verify.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use serde_json::json;

use crate::answers::log::matching;
use crate::cli::{Global, LogPublish};
use crate::commands::{json_line, out};
use crate::exit::{Exit, Failure};
use crate::render::{counted, safe};
use crate::{outputs, place};

pub(super) fn run(global: &Global, asked: &LogPublish) -> Result<Exit, Failure> {
    place::require_outside(global, Some(&asked.folder))?;
    let node = place::open_to_read(global)?;
    let logs = node.logs()?;
    let mut chosen = Vec::new();
    if asked.logs.is_empty() {
        chosen.extend(logs.iter().filter(|log| log.is_own && log.head.is_some()));
    }
    for name in &asked.logs {
        chosen.extend(matching(&logs, name)?);
    }
    if chosen.is_empty() {
        return Err(Failure::not_found(
            "nothing was released from here yet, so there is no log to publish; `entente release` makes the first entry",
        ));
    }
    let mut out = out();
    for log in chosen {
        let folder = asked.folder.join(&log.origin);
        let size = node.publish::<Failure>(&log.origin, |path, bytes| write(&folder, path, bytes))?;
        if global.json {
            json_line(
                &mut out,
                &json!({"log": log.origin, "entries": size, "folder": folder}),
            )?;
        } else if !global.quiet {
            let place = safe(&folder.display().to_string());
            writeln!(out, "{}  {}", counted(size, "entry"), place)?;
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn write(folder: &Path, path: &str, bytes: &[u8]) -> Result<(), Failure> {
    let path = folder.join(path);
    if let Some(parent) = path.parent() {
        let failed =
            |error| Failure::store(format!("cannot make the folder `{}`: {error}", parent.display()));
        fs::create_dir_all(parent).map_err(failed)?;
    }
    outputs::into(&path, |out| Ok(out.write_all(bytes)?))
}

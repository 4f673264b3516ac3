//! `entente import`: intelligence in, and the account.

use std::cell::RefCell;
use std::io::{self, Read, Write};

use entente_formats::Kind;
use entente_node::Node;
use entente_node::import::{Account, Fate, Item, Settings};

use crate::answers::import::{ImportAccount, ImportEnd, ImportItem, Unread};
use crate::cli::{Format, Global, Import};
use crate::commands::{json_line, out};
use crate::exit::{Exit, Failure, unless_hung_up};
use crate::inputs::{self, Input};
use crate::place;
use crate::progress::Progress;
use crate::render::{count, counted, safe, short};

/// Refusals shown to people before the rest is only counted.
const REFUSALS_SHOWN: u64 = 20;

pub(crate) fn run(global: &Global, asked: &Import) -> Result<Exit, Failure> {
    let inputs = inputs::collect(&asked.paths)?;
    let (node, scratch) = if asked.dry_run {
        place::open_for_dry_run(global)?
    } else {
        (place::open_to_write(global)?, None)
    };
    let mut out = out();
    let done = import(global, asked, &node, &inputs, &mut out);
    unless_hung_up(out.flush().map_err(Failure::from))?;
    node.close().map_err(place::node_failure)?;
    drop(scratch);
    done
}

fn import(
    global: &Global,
    asked: &Import,
    node: &Node,
    inputs: &[Input],
    out: &mut impl Write,
) -> Result<Exit, Failure> {
    let total: Option<u64> = inputs.iter().map(Input::size).sum();
    let progress = Progress::bytes(total, global.quiet);
    let mut account = Account::default();
    let mut unread = 0;
    for input in inputs {
        progress.about(&input.name());
        let broken_off = match import_one(global, asked, node, input, &progress, out) {
            Ok((one, broken_off)) => {
                account.add(one);
                broken_off
            }
            Err(failure) if failure.exit == Exit::BadInput => Some(failure),
            // The store's faults end the import.
            Err(failure) => return Err(failure),
        };
        // One input that cannot be read, or not to its end, is one named item.
        if let Some(failure) = broken_off {
            unread += 1;
            unless_hung_up(tell_unread(global, input, &failure, &progress, out))?;
        }
    }
    progress.clear();
    unless_hung_up(tell_account(global, asked, inputs.len(), unread, &account, out))?;
    Ok(if account.refused > 0 || unread > 0 {
        Exit::BadInput
    } else {
        Exit::Done
    })
}

fn import_one(
    global: &Global,
    asked: &Import,
    node: &Node,
    input: &Input,
    progress: &Progress,
    out: &mut impl Write,
) -> Result<(Account, Option<Failure>), Failure> {
    let name = input.name();
    let source = asked.source.clone().unwrap_or_else(|| input.label());
    let settings = Settings {
        source: &source,
        at: place::now(),
        kind: asked.format.map(|format| match format {
            Format::Stix => Kind::Stix,
            Format::List => Kind::List,
            Format::Csv => Kind::Csv,
        }),
        strict: asked.strict,
        dry_run: asked.dry_run,
    };
    let opened = input.open().map_err(|error| {
        Failure::input(format!(
            "cannot read `{}`: {error}; check path and permissions",
            safe(&name)
        ))
    })?;
    let reader = entente_telemetry::decompressed(
        Counted {
            inner: opened,
            progress,
        },
        &name,
    )
    .map_err(Failure::input)?;
    let written: RefCell<Result<(), Failure>> = RefCell::new(Ok(()));
    let mut teller = Teller {
        json: global.json,
        quiet: global.quiet,
        name: &name,
        refused: 0,
        progress,
    };
    let imported = node
        .import(reader, &name, &settings, &mut |item| {
            let mut written = written.borrow_mut();
            if written.is_ok() {
                *written = teller.item(&item, out);
            }
        })
        .map_err(place::node_failure)?;
    unless_hung_up(written.into_inner())?;
    teller.finish(&imported.account);
    Ok((imported.account, imported.broken_off.map(place::node_failure)))
}

/// Tells items while the import runs: every one as JSON, refusals only to people.
struct Teller<'a> {
    json: bool,
    quiet: bool,
    name: &'a str,
    refused: u64,
    progress: &'a Progress,
}

impl Teller<'_> {
    fn item(&mut self, item: &Item, out: &mut impl Write) -> Result<(), Failure> {
        if self.json {
            json_line(out, &ImportItem::of(self.name, item))?;
            // Scripts that follow along learn what is durable as soon as it is.
            return Ok(out.flush()?);
        }
        let Fate::Refused { reason } = &item.fate else {
            return Ok(());
        };
        self.refused += 1;
        if self.refused <= REFUSALS_SHOWN && !self.quiet {
            let words = [Some(self.name), Some(item.place.as_str()), item.id.as_deref()];
            let words: Vec<String> = words
                .into_iter()
                .flatten()
                .filter(|word| !word.is_empty())
                .map(safe)
                .collect();
            let line = format!("refused  {}: {}", words.join(" "), short(reason, 400));
            self.progress.suspend(|| eprintln!("{line}"));
        }
        Ok(())
    }

    fn finish(&self, account: &Account) {
        if account.refused > REFUSALS_SHOWN && !self.json && !self.quiet {
            let more = account.refused - REFUSALS_SHOWN;
            let name = safe(self.name);
            self.progress
                .suspend(|| eprintln!("refused  {name}: {more} more; `--json` names every one"));
        }
    }
}

fn tell_unread(
    global: &Global,
    input: &Input,
    failure: &Failure,
    progress: &Progress,
    out: &mut impl Write,
) -> Result<(), Failure> {
    if global.json {
        return json_line(out, &Unread::of(input.name(), failure.message.clone()));
    }
    progress.suspend(|| eprintln!("unread   {}", safe(&failure.message)));
    Ok(())
}

fn tell_account(
    global: &Global,
    asked: &Import,
    inputs: usize,
    unread: u64,
    account: &Account,
    out: &mut impl Write,
) -> Result<(), Failure> {
    if global.json {
        let account = ImportAccount::of(inputs as u64, unread, account, asked.dry_run);
        return json_line(out, &ImportEnd { account });
    }
    if global.quiet {
        return Ok(());
    }
    let would = if asked.dry_run {
        " (dry run: nothing was stored)"
    } else {
        ""
    };
    writeln!(
        out,
        "{} from {}{would}",
        counted(account.items, "item"),
        counted(inputs as u64, "input")
    )?;
    writeln!(out, "  stored         {:>12}", count(account.stored))?;
    writeln!(out, "  new versions   {:>12}", count(account.versions))?;
    writeln!(out, "  already known  {:>12}", count(account.known))?;
    writeln!(out, "  refused        {:>12}", count(account.refused))?;
    if unread > 0 {
        writeln!(out, "  inputs unread  {:>12}", count(unread))?;
    }
    if account.items > 0 && account.items == account.known {
        writeln!(out, "Nothing changed: all of it was known already.")?;
    }
    Ok(())
}

/// Counts what is read, for the progress bar.
struct Counted<'a> {
    inner: Box<dyn Read + Send>,
    progress: &'a Progress,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.progress.advance(read as u64);
        Ok(read)
    }
}

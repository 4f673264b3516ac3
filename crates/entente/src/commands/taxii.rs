//! `entente taxii`: other organisations' TAXII servers, looked at, read and written to.

mod info;
mod pull;
mod push;
mod takeover;

use crate::cli::{Global, Taxii, TaxiiNamed};
use crate::exit::{Exit, Failure};
use crate::feeds::{self, Feed, state};
use crate::place;
use crate::render::safe;

pub(crate) fn run(global: &Global, asked: &Taxii) -> Result<Exit, Failure> {
    match asked {
        Taxii::Info(asked) => info::run(global, asked),
        Taxii::Pull(asked) => pull::run(global, asked),
        Taxii::Push(asked) => push::run(global, asked),
        Taxii::Stop(asked) => set_stopped(global, asked, true),
        Taxii::Resume(asked) => set_stopped(global, asked, false),
        Taxii::Remove(asked) => remove(global, asked),
        Taxii::Takeover(asked) => takeover::run(global, asked),
    }
}

/// A runtime on this thread, for one conversation after the other.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::store(format!("cannot prepare to wait for the network: {error}")))
}

fn set_stopped(global: &Global, asked: &TaxiiNamed, stopped: bool) -> Result<Exit, Failure> {
    change(global, &asked.name, |feed| feed.stopped = stopped)?;
    if !global.quiet {
        let word = if stopped { "stopped" } else { "is read on" };
        eprintln!("feed `{}` {word}", safe(&asked.name));
    }
    Ok(Exit::Done)
}

fn change(global: &Global, name: &str, change: impl FnOnce(&mut Feed)) -> Result<(), Failure> {
    let book = feeds::book(&place::data_folder(global)?);
    book.change(|book| {
        change(book.feeds.get_mut(name).ok_or_else(|| unknown(name))?);
        Ok(())
    })
}

fn remove(global: &Global, asked: &TaxiiNamed) -> Result<Exit, Failure> {
    let book = feeds::book(&place::data_folder(global)?);
    book.change(|book| match book.feeds.remove(&asked.name) {
        Some(_) => Ok(()),
        None => Err(unknown(&asked.name)),
    })?;
    // While the server runs only it can write the store: there it forgets the feed itself.
    if let Ok(node) = place::open_existing_to_write(global) {
        state::forget(&node, &asked.name)?;
        node.close()?;
    }
    if !global.quiet {
        eprintln!("feed `{}` removed; what it told stays", safe(&asked.name));
    }
    Ok(Exit::Done)
}

fn unknown(name: &str) -> Failure {
    Failure::not_found(format!(
        "no feed is called `{}`; `entente taxii info` lists the feeds",
        safe(name)
    ))
}

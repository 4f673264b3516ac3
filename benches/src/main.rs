//! `workload`: everything that the benchmarks read, by seed, streaming, with its truth.
//!
//! Indicators are numbered; the log's generator plants the n-th one without holding any. Background
//! values never equal an indicator by construction: background names have no digits where those of
//! indicators have one, background addresses are odd where those of indicators are even.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing))]

mod bundles;
mod event;
mod indicator;
mod log;
mod names;
mod objects;
mod random;
mod zeek_json;
mod zeek_tsv;

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about)]
struct Cli {
    /// Everything follows from it.
    #[arg(long, global = true, default_value_t = 1)]
    seed: u64,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// A list of indicators, one a line: 45 % domains, 25 % addresses, 15 % URLs, 15 % hashes
    Indicators {
        /// How many
        #[arg(long)]
        count: u64,
        /// The list
        #[arg(long)]
        out: PathBuf,
        /// The same without schemes, as fixed strings for a text search
        #[arg(long)]
        patterns: Option<PathBuf>,
    },
    /// Zeek logs: one JSON file of all types, and the same events as TSV, a file a type
    Log(log::Wanted),
    /// Values to look up: every second one is an indicator
    Lookups {
        /// How many indicators there are
        #[arg(long)]
        count: u64,
        /// How many values
        #[arg(long)]
        values: u64,
        /// The values, one a line
        #[arg(long)]
        out: PathBuf,
    },
    /// STIX bundles of indicators that are TLP:CLEAR, one for each number
    Objects {
        /// The first number
        #[arg(long, default_value_t = 0)]
        from: u64,
        /// How many
        #[arg(long)]
        count: u64,
        /// The folder to write to
        #[arg(long)]
        out: PathBuf,
    },
    /// STIX bundles, copied under new ids until they are enough, or made up where there are none
    Bundles {
        /// A folder of bundles to copy
        #[arg(long)]
        from: Option<PathBuf>,
        /// At least so many bytes
        #[arg(long)]
        bytes: u64,
        /// The folder to write to
        #[arg(long)]
        out: PathBuf,
    },
}

fn main() -> io::Result<()> {
    let cli = Cli::parse();
    match cli.command {
        Command::Indicators { count, out, patterns } => {
            indicators(cli.seed, count, &out, patterns.as_deref())
        }
        Command::Log(wanted) => log::write(cli.seed, &wanted),
        Command::Lookups { count, values, out } => lookups(cli.seed, count, values, &out),
        Command::Objects { from, count, out } => objects::write(cli.seed, from, count, &out),
        Command::Bundles { from, bytes, out } => bundles::write(cli.seed, from.as_deref(), bytes, &out),
    }
}

fn create(path: &Path) -> io::Result<BufWriter<File>> {
    let file = File::create(path).map_err(|error| {
        io::Error::new(
            error.kind(),
            format!("cannot write `{}`: {error}", path.display()),
        )
    })?;
    Ok(BufWriter::with_capacity(1 << 20, file))
}

fn indicators(seed: u64, count: u64, out: &Path, patterns: Option<&Path>) -> io::Result<()> {
    let mut list = create(out)?;
    let mut fixed = patterns.map(create).transpose()?;
    writeln!(list, "# made up, seed {seed}")?;
    for number in 0..count {
        let value = indicator::nth(seed, number).value;
        writeln!(list, "{value}")?;
        if let Some(fixed) = &mut fixed {
            writeln!(fixed, "{}", value.strip_prefix("http://").unwrap_or(&value))?;
        }
    }
    if let Some(mut fixed) = fixed {
        fixed.flush()?;
    }
    list.flush()
}

fn lookups(seed: u64, count: u64, values: u64, out: &Path) -> io::Result<()> {
    let mut random = random::Random::new(seed ^ 0x100c);
    let mut list = create(out)?;
    for number in 0..values {
        // Numbers at and above the count are of the same make, and unknown.
        let beyond = if number % 2 == 0 { 0 } else { count };
        let picked = beyond + random.below(count.max(1));
        writeln!(list, "{}", indicator::nth(seed, picked).value)?;
    }
    list.flush()
}

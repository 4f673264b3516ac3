//! The log: background events, some of them made hits or look-alikes, with the truth beside it.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::Args;

use crate::{
    create,
    event::{Event, Network, What},
    indicator::{self, Indicator, Kind},
    zeek_json, zeek_tsv,
};

#[derive(Args)]
pub(crate) struct Wanted {
    /// How many indicators there are to plant
    #[arg(long)]
    indicators: u64,
    /// About so many bytes of JSON
    #[arg(long)]
    bytes: u64,
    /// Hits in a million events
    #[arg(long, default_value_t = 100)]
    hits: u64,
    /// Look-alikes in a million events
    #[arg(long, default_value_t = 50)]
    look_alikes: u64,
    /// The JSON file
    #[arg(long)]
    json: PathBuf,
    /// The folder of the TSV files
    #[arg(long)]
    tsv: Option<PathBuf>,
    /// What is to be found: file, line, field, value, indicator, kind and how, tab-separated
    #[arg(long)]
    truth: PathBuf,
    /// The look-alikes, in the same form
    #[arg(long)]
    traps: PathBuf,
}

/// Where something was planted.
struct Planted {
    field: &'static str,
    value: String,
    indicator: Indicator,
    how: &'static str,
}

pub(crate) fn write(seed: u64, wanted: &Wanted) -> io::Result<()> {
    let mut network = Network::new(seed);
    let mut json = create(&wanted.json)?;
    let mut tsv = wanted.tsv.as_deref().map(zeek_tsv::Writer::new).transpose()?;
    let mut truth = create(&wanted.truth)?;
    let mut traps = create(&wanted.traps)?;
    let name = wanted
        .json
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let mut line = Vec::with_capacity(2_048);
    let (mut bytes, mut number) = (0, 0_u64);
    while bytes < wanted.bytes {
        let mut event = network.event();
        let planted = plant(seed, wanted, &mut network, &mut event);
        line.clear();
        zeek_json::write(&mut line, &event);
        json.write_all(&line)?;
        bytes += line.len() as u64;
        number += 1;
        let in_tsv = match &mut tsv {
            Some(tsv) => Some(tsv.write(&event)?),
            None => None,
        };
        let Some((hit, planted)) = planted else { continue };
        let told = if hit { &mut truth } else { &mut traps };
        tell(told, &name, number, &planted)?;
        if let Some((name, number)) = in_tsv {
            tell(told, name, number, &planted)?;
        }
    }
    if let Some(tsv) = tsv {
        tsv.finish()?;
    }
    json.flush()?;
    truth.flush()?;
    traps.flush()
}

fn tell(out: &mut impl Write, file: &str, line: u64, planted: &Planted) -> io::Result<()> {
    let Planted {
        field,
        value,
        indicator,
        how,
    } = planted;
    let Indicator { kind, value: of } = indicator;
    writeln!(
        out,
        "{file}\t{line}\t{field}\t{value}\t{of}\t{}\t{how}",
        kind.name()
    )
}

/// Makes a hit (true) or a look-alike (false) of a few events.
fn plant(seed: u64, wanted: &Wanted, network: &mut Network, event: &mut Event) -> Option<(bool, Planted)> {
    let random = network.random();
    let drawn = random.below(1_000_000);
    let hit = drawn < wanted.hits;
    if !hit && drawn >= wanted.hits + wanted.look_alikes {
        return None;
    }
    let variant = random.below(3);
    // Hashes do not occur in these logs: take the next indicator that does. Every second request
    // gets a URL, which would be rare among all the rest.
    let of_url = matches!(event.what, What::Http(_)) && random.chance(500_000);
    let picked = random.below(wanted.indicators);
    let fitting = |kind| fits(kind, &event.what) && (!of_url || kind == Kind::Url);
    let indicator = (0..200)
        .map(|step| indicator::nth(seed, (picked + step) % wanted.indicators))
        .find(|indicator| fitting(indicator.kind))?;
    let planted = match indicator.kind {
        Kind::Address => address(event, indicator, hit, variant),
        Kind::Domain => domain(event, indicator, hit, variant),
        _ => url(event, indicator, hit, variant),
    };
    planted.map(|planted| (hit, planted))
}

fn fits(kind: Kind, what: &What) -> bool {
    match kind {
        Kind::Address => true,
        Kind::Domain => !matches!(what, What::Conn(_)),
        Kind::Url => matches!(what, What::Http(_)),
        Kind::Sha256 | Kind::Md5 => false,
    }
}

fn address(event: &mut Event, indicator: Indicator, hit: bool, variant: u64) -> Option<Planted> {
    let value = if hit {
        indicator.value.clone()
    } else {
        neighbour(&indicator.value)
    };
    let how = if hit { "exact" } else { "neighbour" };
    let field = match &mut event.what {
        What::Dns(dns) => {
            dns.kind = (1, "A");
            dns.code = (0, "NOERROR");
            dns.answers.push(value.clone());
            "answers"
        }
        _ if variant == 0 => {
            event.from.0.clone_from(&value);
            "id.orig_h"
        }
        _ => {
            event.to.0.clone_from(&value);
            "id.resp_h"
        }
    };
    Some(Planted {
        field,
        value,
        indicator,
        how,
    })
}

/// The odd address after an even one, which is no indicator; or one with a digit more.
fn neighbour(address: &str) -> String {
    match address
        .rsplit_once('.')
        .and_then(|(net, last)| Some((net, last.parse::<u64>().ok()?)))
    {
        Some((net, last)) => format!("{net}.{}", last + 1),
        None => address.to_owned(),
    }
}

fn domain(event: &mut Event, indicator: Indicator, hit: bool, variant: u64) -> Option<Planted> {
    let of = &indicator.value;
    let (value, how) = match (hit, variant) {
        (true, 0) => (format!("cdn7.eu.{of}"), "subdomain"),
        (true, _) => (of.clone(), "exact"),
        (false, 0) => (format!("not{of}"), "prefix glued"),
        (false, 1) => (format!("{of}.hosting.example"), "suffix glued"),
        (false, _) => (format!("my-{of}"), "hyphen glued"),
    };
    let field = match &mut event.what {
        What::Dns(dns) => {
            dns.query.clone_from(&value);
            "query"
        }
        What::Http(http) => {
            http.host = Some(value.clone());
            "host"
        }
        What::Conn(_) => return None,
    };
    Some(Planted {
        field,
        value,
        indicator,
        how,
    })
}

fn url(event: &mut Event, indicator: Indicator, hit: bool, variant: u64) -> Option<Planted> {
    let What::Http(http) = &mut event.what else {
        return None;
    };
    let bare = indicator.value.strip_prefix("http://")?.to_owned();
    let (host, path) = bare.split_at(bare.find('/')?);
    let (host, path, how) = match (hit, variant) {
        (true, _) => (host.to_owned(), path.to_owned(), "split over host and uri"),
        (false, 0) => (format!("not{host}"), path.to_owned(), "host glued"),
        (false, _) => (host.to_owned(), "/robots.txt".to_owned(), "other path"),
    };
    let value = format!("http://{host}{path}");
    http.host = Some(host);
    http.uri = path;
    Some(Planted {
        field: "host",
        value,
        indicator,
        how,
    })
}

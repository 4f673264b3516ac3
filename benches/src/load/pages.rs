//! One client through a whole TAXII 2.1 collection, by `next`.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;

use clap::Args;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::Failure;
use crate::client::{Answer, Client, Target};
use crate::times::Times;

#[derive(Args)]
pub(crate) struct Wanted {
    #[command(flatten)]
    target: Target,
    /// Objects of a page
    #[arg(long, default_value_t = 1000)]
    limit: u32,
    /// How often, one after the other
    #[arg(long, default_value_t = 1)]
    rounds: u32,
    /// No more pages than this
    #[arg(long, default_value_t = u32::MAX)]
    pages: u32,
    /// Whether every object is told once only is looked at, too
    #[arg(long)]
    verify: bool,
    /// Where the pages of the last round are kept, as files 0, 1, 2, …
    #[arg(long)]
    save: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Envelope<T> {
    #[serde(default)]
    more: bool,
    next: Option<String>,
    #[serde(default = "Vec::new")]
    objects: Vec<T>,
}

#[derive(Deserialize, PartialEq, Eq, Hash)]
struct Named {
    id: String,
    modified: Option<String>,
}

pub(crate) async fn run(wanted: &Wanted) -> Result<Value, Failure> {
    let mut rounds = Vec::new();
    for round in 1..=wanted.rounds {
        let mut client = Client::connect(&wanted.target).await?;
        let save = wanted.save.as_ref().filter(|_| round == wanted.rounds);
        rounds.push(one_round(wanted, &mut client, save).await?);
    }
    Ok(Value::Array(rounds))
}

async fn one_round(wanted: &Wanted, client: &mut Client, save: Option<&PathBuf>) -> Result<Value, Failure> {
    let limit = wanted.limit.to_string();
    let (mut times, mut objects, mut bytes, mut next) = (Times::default(), 0, 0, None::<String>);
    let (mut seen, mut added) = (HashSet::new(), Vec::new());
    for page in 0..wanted.pages {
        let mut pairs = vec![("limit", limit.as_str())];
        pairs.extend(next.as_deref().map(|next| ("next", next)));
        let answer = client.get(&wanted.target.path(&pairs)).await?;
        if answer.status != 200 {
            return Err(refused(&answer).into());
        }
        times.add(answer.took);
        bytes += answer.body.len();
        added.extend(header(&answer, "x-taxii-date-added-last"));
        if let Some(folder) = save {
            fs::write(folder.join(page.to_string()), &answer.body)?;
        }
        let (count, is_more, then) = match wanted.verify {
            true => {
                let envelope: Envelope<Named> = serde_json::from_slice(&answer.body)?;
                let count = envelope.objects.len();
                seen.extend(envelope.objects);
                (count, envelope.more, envelope.next)
            }
            false => {
                let envelope: Envelope<IgnoredAny> = serde_json::from_slice(&answer.body)?;
                (envelope.objects.len(), envelope.more, envelope.next)
            }
        };
        objects += count;
        next = then;
        if !is_more || next.is_none() {
            break;
        }
    }
    let seconds = times.sum().as_secs_f64();
    Ok(json!({
        "objects": objects,
        "distinct": wanted.verify.then_some(seen.len()),
        "bytes": bytes,
        "seconds": seconds,
        "objects_per_second": f64::from(u32::try_from(objects)?) / seconds,
        "times": times.told(),
        "added": added,
    }))
}

fn header(answer: &Answer, name: &str) -> Option<String> {
    let value = answer.headers.get(name)?;
    value.to_str().ok().map(str::to_owned)
}

pub(crate) fn refused(answer: &Answer) -> String {
    let body = String::from_utf8_lossy(&answer.body);
    format!(
        "answered with {}: {}",
        answer.status,
        body.chars().take(300).collect::<String>()
    )
}

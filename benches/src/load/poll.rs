//! Clients that ask at fixed times for what was added after some instant, each on a connection of its own.
//!
//! A request's time counts from when it was due: a server that holds one up does not make the next ones look quick.

use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::Failure;
use crate::client::{Client, Target};
use crate::times::Times;

#[derive(Args)]
pub(crate) struct Wanted {
    #[command(flatten)]
    target: Target,
    /// How many clients
    #[arg(long, default_value_t = 200)]
    clients: u32,
    /// For how long
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// How often each asks
    #[arg(long, default_value_t = 1000)]
    every_ms: u64,
    /// Objects of an answer, at most
    #[arg(long, default_value_t = 100)]
    limit: u32,
    /// Instants to ask from, in order: the clients go through them
    #[arg(long, required = true)]
    after: Vec<String>,
}

/// What one client met.
#[derive(Default)]
struct Met {
    /// Of each instant.
    times: Vec<Times>,
    errors: Vec<String>,
}

pub(crate) async fn run(wanted: Wanted) -> Result<Value, Failure> {
    let wanted = Arc::new(wanted);
    let mut clients = JoinSet::new();
    let begin = Instant::now() + Duration::from_millis(500);
    for number in 0..wanted.clients {
        let wanted = wanted.clone();
        clients.spawn(async move { one(&wanted, number, begin).await });
    }
    let mut all = Met::default();
    all.times.resize_with(wanted.after.len(), Times::default);
    while let Some(met) = clients.join_next().await {
        let met = met?;
        all.errors.extend(met.errors);
        for (sum, times) in all.times.iter_mut().zip(met.times) {
            sum.append(times);
        }
    }
    let by_depth: Vec<Value> = all.times.iter().map(Times::told).collect();
    let mut times = Times::default();
    all.times.into_iter().for_each(|some| times.append(some));
    Ok(json!({
        "times": times.told(),
        "errors": all.errors.len(),
        "first_error": all.errors.first(),
        "by_depth": by_depth,
    }))
}

async fn one(wanted: &Wanted, number: u32, begin: Instant) -> Met {
    let mut met = Met::default();
    met.times.resize_with(wanted.after.len(), Times::default);
    let every = Duration::from_millis(wanted.every_ms);
    let limit = wanted.limit.to_string();
    let mut client = None;
    let mut due = begin + every.mul_f64(f64::from(number) / f64::from(wanted.clients.max(1)));
    let end = begin + Duration::from_secs(wanted.seconds);
    let depths = wanted.after.iter().enumerate().cycle().skip(number as usize);
    for (depth, after) in depths {
        if due >= end {
            return met;
        }
        tokio::time::sleep_until(due.into()).await;
        let path = wanted.target.path(&[("limit", &limit), ("added_after", after)]);
        match ask(&mut client, wanted, &path).await {
            Ok(()) => met
                .times
                .get_mut(depth)
                .into_iter()
                .for_each(|times| times.add(due.elapsed())),
            Err(error) => {
                met.errors.push(error.to_string());
                client = None;
            }
        }
        due += every;
    }
    met
}

async fn ask(client: &mut Option<Client>, wanted: &Wanted, path: &str) -> Result<(), Failure> {
    let client = match client {
        Some(client) => client,
        None => client.insert(Client::connect(&wanted.target).await?),
    };
    let answer = client.get(path).await?;
    match answer.status {
        200 => Ok(()),
        _ => Err(crate::pages::refused(&answer).into()),
    }
}

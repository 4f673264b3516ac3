//! Slow loris: connections that begin a request and send a byte now and then, beside a client in good faith.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::Failure;
use crate::client::{Client, Target};
use crate::times::Times;

#[derive(Args)]
pub(crate) struct Wanted {
    #[command(flatten)]
    target: Target,
    /// How many slow connections
    #[arg(long, default_value_t = 1000)]
    connections: u32,
    /// How long the client in good faith is measured alone
    #[arg(long, default_value_t = 5)]
    before_seconds: u64,
    /// How long is waited for the slow ones to be closed
    #[arg(long, default_value_t = 60)]
    most_seconds: u64,
}

/// How often a slow connection sends a byte, and the client in good faith asks.
const EVERY: Duration = Duration::from_millis(200);
const ASKS: Duration = Duration::from_millis(10);

pub(crate) async fn run(wanted: Wanted) -> Result<Value, Failure> {
    let mut client = Client::connect(&wanted.target).await?;
    let path = wanted.target.path(&[]);
    let alone = Instant::now() + Duration::from_secs(wanted.before_seconds);
    let mut before = Times::default();
    while Instant::now() < alone {
        before.add(ask(&mut client, &path).await?);
    }
    let address: Arc<str> = wanted.target.address()?.into();
    let most = Duration::from_secs(wanted.most_seconds);
    let open = Arc::new(AtomicU32::new(0));
    let mut slow = JoinSet::new();
    let began = Instant::now();
    for _ in 0..wanted.connections {
        let (address, open) = (address.clone(), open.clone());
        slow.spawn(async move { trickle(&address, &open, most).await });
    }
    let (mut during, mut freed, mut peak, mut refused) = (Times::default(), Duration::ZERO, 0, 0);
    while !slow.is_empty() {
        during.add(ask(&mut client, &path).await?);
        peak = peak.max(open.load(Ordering::Relaxed));
        while let Some(closed) = slow.try_join_next() {
            match closed? {
                Some(held) => freed = freed.max(held),
                None => refused += 1,
            }
        }
    }
    Ok(json!({
        "before": before.told(),
        "during": during.told(),
        "held_at_once": peak,
        "longest_held_s": freed.as_secs_f64(),
        "refused": refused,
        "seconds": began.elapsed().as_secs_f64(),
    }))
}

async fn ask(client: &mut Client, path: &str) -> Result<Duration, Failure> {
    let answer = client.get(path).await?;
    if answer.status != 200 {
        return Err(crate::pages::refused(&answer).into());
    }
    tokio::time::sleep(ASKS).await;
    Ok(answer.took)
}

/// How long the server kept the connection; `None` where it took none.
async fn trickle(address: &str, open: &AtomicU32, most: Duration) -> Option<Duration> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    let began = Instant::now();
    open.fetch_add(1, Ordering::Relaxed);
    let begun = stream
        .write_all(b"GET /taxii2/ HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        .await;
    let mut answer = [0; 512];
    let mut is_open = begun.is_ok();
    while is_open && began.elapsed() < most {
        is_open = match tokio::time::timeout(EVERY, stream.read(&mut answer)).await {
            // An answer such as 408 is followed by the end.
            Ok(read) => read.is_ok_and(|bytes| bytes > 0),
            Err(_) => stream.write_all(b"x").await.is_ok(),
        };
    }
    open.fetch_sub(1, Ordering::Relaxed);
    Some(began.elapsed())
}

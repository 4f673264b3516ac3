//! The same bytes as static files.

use clap::Args;
use serde_json::{Value, json};

use crate::Failure;
use crate::client::{Client, Target};
use crate::pages::refused;
use crate::times::Times;

#[derive(Args)]
pub(crate) struct Wanted {
    #[command(flatten)]
    target: Target,
    /// How many files
    #[arg(long)]
    count: u32,
    /// How often, one after the other
    #[arg(long, default_value_t = 1)]
    rounds: u32,
}

pub(crate) async fn run(wanted: &Wanted) -> Result<Value, Failure> {
    let mut rounds = Vec::new();
    for _ in 0..wanted.rounds {
        let mut client = Client::connect(&wanted.target).await?;
        let (mut times, mut bytes) = (Times::default(), 0);
        for file in 0..wanted.count {
            let answer = client.get(&format!("{}{file}", wanted.target.path(&[]))).await?;
            if answer.status != 200 {
                return Err(refused(&answer).into());
            }
            times.add(answer.took);
            bytes += answer.body.len();
        }
        rounds.push(json!({"bytes": bytes, "seconds": times.sum().as_secs_f64(), "times": times.told()}));
    }
    Ok(Value::Array(rounds))
}

//! What a conversation needs beside the line: patience where something on the way broke, and how it went afterwards.

use std::time::Duration;

use entente_exchange::{Account, Error};
use entente_node::Node;
use entente_stix::time::Timestamp;

use super::line::{Line, LineError};
use super::state::State;
use crate::exit::{Exit, Failure};
use crate::place;
use crate::render::short;

/// How often one question is asked in all, where the answer does not come through.
const TRIES_MAX: u32 = 4;
/// Before the second time; doubled each time after.
const PAUSE: Duration = Duration::from_millis(200);

/// Characters of the sentence that is kept about a failure.
const ERROR_CHARACTERS_MAX: usize = 1000;

/// Brings a question to the peer and the answer back; asks again where the line broke, from the same place: at most one
/// answer is lost.
pub(crate) async fn carry(line: &Line, question: &[u8]) -> Result<Vec<u8>, LineError> {
    let mut tries = 0;
    loop {
        tries += 1;
        match line.ask(question.to_vec()).await {
            Err(error) if error.is_passing() && tries < TRIES_MAX => {
                tokio::time::sleep(jittered(PAUSE * 2_u32.pow(tries - 1))).await;
            }
            // It says itself when: soon is waited for, later is for the next conversation.
            Err(LineError::Busy { seconds, .. }) if seconds <= 5 && tries < TRIES_MAX => {
                tokio::time::sleep(jittered(Duration::from_secs(seconds))).await;
            }
            answered => return answered,
        }
    }
}

/// Between this and half as much more: those who wait for the same thing do not come back all at once.
pub(crate) fn jittered(time: Duration) -> Duration {
    let (random, _) = place::random().as_u64_pair();
    time + time.mul_f64((random % 1024) as f64 / 2048.0)
}

/// Whose fault it is that a conversation ended early.
pub(crate) fn failure(error: Error) -> Failure {
    match error {
        Error::Node(error) => place::node_failure(error),
        Error::Own(_) | Error::Pack(_) => Failure::store(error),
        error => Failure {
            exit: Exit::Network,
            message: error.to_string(),
        },
    }
}

impl State {
    /// A conversation came to its end.
    pub(crate) fn succeed(&mut self, account: &Account, at: Timestamp) {
        self.succeeded = Some(at.to_string());
        self.error = None;
        self.failures = 0;
        self.held_until = None;
        self.conversations += 1;
        self.count(account);
    }

    /// A conversation ended early.
    pub(crate) fn fail(&mut self, why: &str, account: &Account, held_until: Option<Timestamp>) {
        // A stranger may have written some of it.
        self.error = Some(short(why, ERROR_CHARACTERS_MAX));
        self.failures = self.failures.saturating_add(1);
        self.held_until = held_until.map(|until| until.to_string());
        self.count(account);
    }

    fn count(&mut self, account: &Account) {
        self.sent += account.sent;
        self.received += account.received;
    }

    /// How far each side is behind the other, as is known here.
    pub(crate) fn measure(&mut self, node: &Node, party: &str) -> Result<(), Failure> {
        (self.lag, self.queue) = (0, 0);
        for log in node.logs()? {
            let Some((size, _)) = log.head else { continue };
            if log.owner == party {
                self.lag += size.saturating_sub(log.held);
            }
            let theirs = log.acknowledged.iter().filter(|one| one.party == party);
            self.queue += theirs.map(|one| size.saturating_sub(one.size)).sum::<u64>();
        }
        self.parked = node.parked_of(party)?;
        Ok(())
    }
}

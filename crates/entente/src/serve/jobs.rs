//! What the server does by itself while it runs, and how it is told to stop.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::task::JoinSet;

use super::server::Server;
use super::work::blocking;

/// How often what is past its time is looked for.
const TIDY_EVERY: Duration = Duration::from_secs(60);

/// Small records past their time that are deleted in one go.
const SWEPT_AT_ONCE: usize = 1_000;

/// Jobs that run beside the requests; each ends when the server stops.
pub(crate) struct Jobs(JoinSet<()>);

/// Starts them.
pub(crate) fn spawn(server: &Arc<Server>) -> Jobs {
    let mut jobs = JoinSet::new();
    jobs.spawn(tidy(server.clone()));
    jobs.spawn(super::peers::attend(server.clone()));
    jobs.spawn(super::feeds::run(server.clone()));
    Jobs(jobs)
}

impl Jobs {
    pub(crate) async fn finish(mut self) {
        let ended = async { while self.0.join_next().await.is_some() {} };
        if tokio::time::timeout(super::limits::STOP_AFTER, ended)
            .await
            .is_err()
        {
            self.0.abort_all();
        }
    }
}

/// Deletes what is past its time, writes sightings that wait, tries again what was parked.
async fn tidy(server: Arc<Server>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(TIDY_EVERY) => {}
            () = server.stopped() => return,
        }
        let done = blocking(&server, |server| {
            server.gate.write_uses(server.at())?;
            server.node.retain_steadily(server.at())?;
            while server
                .node
                .store()
                .sweep_documents(server.at().micros(), SWEPT_AT_ONCE)?
                == SWEPT_AT_ONCE as u64
            {}
            let identity = crate::place::identity(&server.node)?;
            server.node.write_sightings(&identity, server.at())?;
            if let Ok(desk) = server.desk() {
                server.node.retry_parked(&desk)?;
            }
            Ok(())
        });
        if let Err(problem) = done.await {
            eprintln!("entente: tidying: {}", problem.detail);
        }
    }
}

/// Returns when somebody wants the server to stop.
pub(crate) async fn until_stopped(until_stdin_closes: bool) {
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    let closed = async {
        if !until_stdin_closes {
            return std::future::pending().await;
        }
        let mut stdin = tokio::io::stdin();
        let mut bytes = [0; 64];
        while !matches!(stdin.read(&mut bytes).await, Ok(0) | Err(_)) {}
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
        () = closed => {}
    }
}

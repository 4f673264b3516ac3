//! The door: behind it nothing is async. What asks the node runs on a bounded number of blocking threads.

use std::sync::Arc;

use super::problem::Problem;
use super::server::Server;

/// Does `work` on a blocking thread; 503 where too much is under way.
pub(crate) async fn blocking<T: Send + 'static>(
    server: &Arc<Server>,
    work: impl FnOnce(&Server) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let Ok(place) = server.work.clone().try_acquire_owned() else {
        return Err(Problem::busy("more is asked than this node does at a time; ask again").retry(2));
    };
    let server = server.clone();
    let done = tokio::task::spawn_blocking(move || {
        let done = work(&server);
        drop(place);
        done
    });
    done.await.unwrap_or_else(|error| {
        eprintln!("entente: a request ended early: {error}");
        Err(Problem::failed("this node could not finish that"))
    })
}

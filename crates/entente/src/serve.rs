//! `entente serve`: sockets, TLS and routes around one node.
//!
//! Async ends here: handlers ask the node on blocking threads ([`work`]). Begin at [`run`]; what is served is the
//! table in [`routes`], who may ask for it is found by [`caller`], and what a connection may cost stands in [`listen`].

mod api;
mod body;
pub(crate) mod caller;
pub(crate) mod feeds;
mod first;
mod gate;
mod health;
mod jobs;
pub(crate) mod limits;
mod listen;
mod metrics;
mod peer;
pub(crate) mod peers;
mod problem;
pub(crate) mod proxy;
mod router;
mod routes;
mod server;
mod shares;
mod taxii;
pub(crate) mod tls;
#[cfg(test)]
mod tried;
mod work;

use std::sync::Arc;

use crate::cli::{self, Global};
use crate::commands::{json_line, out};
use crate::exit::{Exit, Failure};

pub(crate) use jobs::until_stopped;
pub(crate) use server::Server;

/// Serves until told to stop.
pub(crate) fn run(global: &Global, asked: &cli::Serve) -> Result<Exit, Failure> {
    tls::install_provider();
    let server = Arc::new(Server::open(global, asked)?);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("entente-serve")
        .max_blocking_threads(limits::BLOCKING_THREADS_MAX)
        .build()
        .map_err(|error| Failure::store(format!("cannot start threads: {error}")))?;
    let served = runtime.block_on(serve(global, asked, &server));
    // Who still computes gets a moment; nothing acknowledged depends on it.
    runtime.shutdown_timeout(limits::STOP_AFTER);
    served?;
    server.close()?;
    Ok(Exit::Done)
}

async fn serve(global: &Global, asked: &cli::Serve, server: &Arc<Server>) -> Result<(), Failure> {
    let mut listeners = Vec::new();
    for address in &asked.listen {
        listeners.push(listen::Listener::bind(*address, asked).await?);
    }
    let addresses: Vec<_> = listeners.iter().map(listen::Listener::address).collect();
    let tls = tls::for_server(global, asked, &addresses, server)?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let urls: Vec<String> = addresses
        .iter()
        .map(|address| format!("{scheme}://{address}"))
        .collect();
    announce(global, server, &urls)?;
    let router = router::router(server);
    let jobs = jobs::spawn(server);
    let mut accepting = tokio::task::JoinSet::new();
    for listener in listeners {
        accepting.spawn(listener.accept(server.clone(), tls.clone(), router.clone()));
    }
    jobs::until_stopped(asked.until_stdin_closes).await;
    if !global.quiet {
        eprintln!("stopping: no new connections; answers under way are finished");
    }
    server.stop();
    while accepting.join_next().await.is_some() {}
    jobs.finish().await;
    Ok(())
}

/// Says where it listens, and what a newcomer needs next.
fn announce(global: &Global, server: &Server, urls: &[String]) -> Result<(), Failure> {
    let first = server.first_link(urls)?;
    for url in urls {
        if global.json {
            let mut out = out();
            json_line(
                &mut out,
                &serde_json::json!({ "listening": url, "first_link": first }),
            )?;
            std::io::Write::flush(&mut out)?;
        }
        if !global.quiet {
            eprintln!("listening on {url}");
        }
    }
    if !global.quiet {
        if let Some(link) = first {
            eprintln!("there is no administrator yet; make the first one within a day, once, at\n  {link}");
        }
        if let Some(why) = server.locked() {
            eprintln!("{why}");
        }
    }
    Ok(())
}

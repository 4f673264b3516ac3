//! Stands between a client and a server and counts what passes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::Args;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::Failure;

#[derive(Args)]
pub(crate) struct Wanted {
    /// The server
    #[arg(long)]
    to: SocketAddr,
}

/// A line on standard input asks for the bytes so far, which are then counted anew.
pub(crate) async fn run(wanted: Wanted) -> Result<Value, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    crate::tell(&json!({"address": listener.local_addr()?.to_string()}))?;
    let bytes = Arc::new(AtomicU64::new(0));
    let counted = bytes.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(pass(client, wanted.to, counted.clone()));
        }
    });
    let mut lines = [0; 64];
    let mut input = tokio::io::stdin();
    while input.read(&mut lines).await? > 0 {
        crate::tell(&json!({"bytes": bytes.swap(0, Ordering::Relaxed)}))?;
    }
    Ok(json!({"bytes": bytes.load(Ordering::Relaxed)}))
}

async fn pass(client: TcpStream, to: SocketAddr, bytes: Arc<AtomicU64>) {
    let Ok(server) = TcpStream::connect(to).await else {
        return;
    };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::join!(
        copy(from_client, to_server, &bytes),
        copy(from_server, to_client, &bytes)
    );
}

async fn copy(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, bytes: &AtomicU64) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        bytes.fetch_add(read as u64, Ordering::Relaxed);
        let Some(part) = buffer.get(..read) else { return };
        if to.write_all(part).await.is_err() {
            return;
        }
    }
    // The other side may still have something to say.
    let _ = to.shutdown().await;
}

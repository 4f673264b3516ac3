//! The server as clap sees it.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::Unlock;
use crate::serve::proxy::Proxy;

#[derive(Debug, Args)]
#[command(
    after_help = "The address it serves at, and on the first start a link to make the first administrator with, are printed \
                  on stderr. Accounts: `entente account add`. Without a passphrase it serves what is signed already, and \
                  signs nothing new."
)]
pub(crate) struct Serve {
    /// Where to listen; port 0 takes a free one. May be given more than once
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8440")]
    pub(crate) listen: Vec<SocketAddr>,
    /// TLS certificate chain (PEM), with `--key` [default: self-signed, made at first start]
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(crate) cert: Option<PathBuf>,
    /// The certificate's private key (PEM)
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(crate) key: Option<PathBuf>,
    /// Names that the self-signed certificate is for, beside the addresses listened at and localhost
    #[arg(long, value_name = "NAME", conflicts_with = "cert")]
    pub(crate) name: Vec<String>,
    /// Plain HTTP instead of TLS, on loopback
    #[arg(long, conflicts_with_all = ["cert", "key", "name"])]
    pub(crate) plain: bool,
    /// Plain HTTP also where others listen in: only behind a proxy that does TLS
    #[arg(long, requires = "plain")]
    pub(crate) plain_beyond_loopback: bool,
    /// A reverse proxy, by address or network: its `X-Forwarded-For` or `Forwarded` says from where somebody asks. May be
    /// given more than once [default: nobody is believed about others]
    #[arg(long, value_name = "CIDR")]
    pub(crate) trusted_proxy: Vec<Proxy>,
    /// Take client certificates of these authorities too (PEM), beside the keys that peers were pinned with
    #[arg(long, value_name = "FILE", conflicts_with = "plain")]
    pub(crate) client_ca: Option<PathBuf>,
    /// Connections at a time
    #[arg(long, value_name = "N", default_value_t = 4096, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) connections: u32,
    /// Stop when stdin is closed: for programs that start a server and may end before it
    #[arg(long)]
    pub(crate) until_stdin_closes: bool,
    #[command(flatten)]
    pub(crate) unlock: Unlock,
}

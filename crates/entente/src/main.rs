//! The binary: command line, clock, randomness, environment, files. Wires and renders; never decides.
//!
//! Begin at [`cli`] for what can be asked, `commands/` for what happens then.

#![expect(
    clippy::print_stderr,
    reason = "the binary is where progress and errors meet people; answers go through `out`"
)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

mod accounts;
mod answers;
mod cli;
mod commands;
mod desk;
mod exit;
mod feeds;
mod guard;
mod http;
mod inflate;
mod inputs;
mod kept;
mod keys;
mod names;
mod near;
mod outputs;
mod peers;
mod place;
mod progress;
mod render;
mod serve;
mod trust;
mod yara;

use std::process::ExitCode;

use clap::Parser as _;

use exit::Exit;

fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() {
                Exit::Usage.into()
            } else {
                Exit::Done.into()
            };
        }
    };
    match commands::run(cli) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            if !failure.message.is_empty() {
                eprintln!("entente: {}", render::safe_lines(&failure.message));
            }
            failure.exit.into()
        }
    }
}

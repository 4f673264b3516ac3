//! The release logs: what left, to whom, and that nothing else did.

use std::io::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use entente_node::audit::LogShown;
use serde::Deserialize;
use utoipa::IntoParams;

use super::input::{Json, Path, Query, Text};
use super::lines::written;
use super::{Items, Place, long};
use crate::answers::log::{Guarded, LogEntryShown, LogHead, LogVerdict, entry, held, matching};
use crate::answers::proof::{Trust, proven};
use crate::exit::Failure;
use crate::serve::problem::Problem;
use crate::serve::server::Server;
use crate::serve::work::blocking;

/// The log that a path names: whole, or so much of its name that there is only one.
fn one(server: &Server, name: &str) -> Result<LogShown, Problem> {
    let logs = server.node.logs()?;
    match matching(&logs, name)?.as_slice() {
        [log] => Ok((*log).clone()),
        several => {
            let names: Vec<&str> = several.iter().map(|log| log.origin.as_str()).collect();
            Err(Problem::conflict(format!(
                "{} logs begin so; give more of the name: {}",
                names.len(),
                crate::render::short(&names.join(", "), 500)
            )))
        }
    }
}

/// The logs that are held here: heads, receipts, recalls not yet acknowledged
#[utoipa::path(get, path = "/api/v1/logs", tag = "logs", responses((status = 200, body = Items<LogHead>)))]
pub(super) async fn list(State(server): State<Arc<Server>>) -> Result<Json<Items<LogHead>>, Problem> {
    let done = blocking(&server, |server| {
        Ok(Items::all(server.node.logs()?.iter().map(LogHead::from)))
    });
    done.await.map(Json)
}

/// A log: its head, receipts, recalls not yet acknowledged
#[utoipa::path(get, path = "/api/v1/logs/{log}", tag = "logs",
    params(("log" = String, Path, description = "The log's name (slashes as %2F), or its beginning, or its agreement")),
    responses((status = 200, body = LogHead)))]
pub(super) async fn show(
    State(server): State<Arc<Server>>,
    Path(log): Path<String>,
) -> Result<Json<LogHead>, Problem> {
    let done = blocking(&server, move |server| Ok(LogHead::from(&one(server, &log)?)));
    done.await.map(Json)
}

/// A page of a log's entries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct EntriesQuery {
    /// `next` of the page before, or the number of an entry: entries from this one on.
    after: Option<u64>,
    /// At most so many.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u16>,
}

/// The entries of a log, in order
#[utoipa::path(get, path = "/api/v1/logs/{log}/entries", tag = "logs",
    params(("log" = String, Path, description = "The log's name (slashes as %2F), or its beginning, or its agreement"), EntriesQuery),
    responses((status = 200, body = Items<LogEntryShown>)))]
pub(super) async fn entries(
    State(server): State<Arc<Server>>,
    Path(log): Path<String>,
    Query(query): Query<EntriesQuery>,
) -> Result<Json<Items<LogEntryShown>>, Problem> {
    let done = blocking(&server, move |server| {
        let log = one(server, &log)?;
        let from = query.after.unwrap_or_default();
        let limit = usize::from(query.limit.unwrap_or(100));
        if from >= log.held {
            return Ok(Items::all([]));
        }
        let shown = server.node.log_entries(&log.origin, from, limit)?;
        let next = from.saturating_add(shown.len() as u64);
        Ok(Items {
            items: shown
                .iter()
                .map(|entry| LogEntryShown::of(&log.origin, entry))
                .collect(),
            next: (next < log.held && !shown.is_empty()).then(|| next.to_string()),
        })
    });
    done.await.map(Json)
}

/// Verify a log that is held here: its head, each entry, and that its contents are what they commit to
#[utoipa::path(get, path = "/api/v1/logs/{log}/verification", tag = "logs",
    params(("log" = String, Path, description = "The log's name (slashes as %2F), or its beginning, or its agreement")),
    responses((status = 200, body = Items<LogVerdict>)))]
pub(super) async fn verify(
    State(server): State<Arc<Server>>,
    place: Place,
    Path(log): Path<String>,
) -> Result<Json<Items<LogVerdict>>, Problem> {
    let done = long(&server, place, move |server| {
        let log = one(server, &log)?;
        Ok(Items::all(held(&server.node, &server.global, &log)?))
    });
    done.await.map(Json)
}

/// The log as others can verify it: checkpoint, tiles, salted commitments; as a tar archive
#[utoipa::path(get, path = "/api/v1/logs/{log}/archive", tag = "logs",
    params(("log" = String, Path, description = "The log's name (slashes as %2F), or its beginning, or its agreement")),
    responses((status = 200, content((Vec<u8> = "application/x-tar")))))]
pub(super) async fn archive(
    State(server): State<Arc<Server>>,
    place: Place,
    Path(log): Path<String>,
) -> Result<Response, Problem> {
    written(&server, place, "application/x-tar", move |server, out| {
        let log = one(server, &log)?;
        server.node.publish::<Failure>(&log.origin, |path, bytes| {
            out.write_all(&tar_header(path, bytes.len())?)?;
            out.write_all(bytes)?;
            let padding = bytes.len().next_multiple_of(512) - bytes.len();
            Ok(out.write_all(&vec![0; padding])?)
        })?;
        // Two empty blocks end an archive (POSIX.1-1988 ustar).
        out.write_all(&[0; 1024]).map_err(Failure::from)?;
        Ok(())
    })
    .await
}

/// The header of a file in an archive (POSIX.1-1988 ustar): 512 bytes.
fn tar_header(path: &str, length: usize) -> Result<Vec<u8>, Failure> {
    if path.len() > 100 {
        return Err(Failure::store(format!(
            "the path `{path}` is too long for an archive"
        )));
    }
    let mut header = Vec::with_capacity(512);
    let mut field = |text: &str, width: usize| {
        header.extend_from_slice(text.as_bytes());
        header.resize(header.len() + width.saturating_sub(text.len()), 0);
    };
    field(path, 100);
    field("0000644", 8);
    field("0000000", 8);
    field("0000000", 8);
    field(&format!("{length:011o}"), 12);
    field("00000000000", 12);
    // The sum is over the header with blanks in the sum's place.
    field("        ", 8);
    field("0", 1);
    field("", 100);
    field("ustar", 6);
    field("00", 2);
    field("", 512 - 265);
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header.splice(148..156, format!("{sum:06o}\0 ").into_bytes());
    Ok(header)
}

/// Guard the heads of this node's logs anew, after it was moved or restored and has read on with every reader
#[utoipa::path(post, path = "/api/v1/logs/guard", tag = "logs", responses((status = 200, body = Items<Guarded>)))]
pub(super) async fn guard(State(server): State<Arc<Server>>) -> Result<Json<Items<Guarded>>, Problem> {
    let done = blocking(&server, |server| {
        let guarded = server.node.guard_anew(&server.desk()?)?;
        Ok(Items::all(
            guarded.into_iter().map(|(log, guarded)| Guarded { log, guarded }),
        ))
    });
    done.await.map(Json)
}

/// Whose release is to be proved.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ProofQuery {
    /// The id of a released object, or the number of an entry together with `log`.
    #[param(min_length = 1, max_length = 1000)]
    of: String,
    /// In which log; the one in which the object was released where it is not given.
    #[param(min_length = 1, max_length = 1000)]
    log: Option<String>,
}

/// A proof that an object's release is in a log (C2SP tlog-proof)
#[utoipa::path(get, path = "/api/v1/proof", tag = "logs", params(ProofQuery),
    responses((status = 200, content((String = "text/plain")))))]
pub(super) async fn prove(
    State(server): State<Arc<Server>>,
    Query(query): Query<ProofQuery>,
) -> Result<Response, Problem> {
    let done = blocking(&server, move |server| {
        let (origin, number) = entry(&server.node, &query.of, query.log.as_deref())?;
        Ok(server.node.prove(&origin, number)?)
    });
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], done.await?).into_response())
}

/// How a proof is to be verified.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct QuorumQuery {
    /// At least so many of the parties that are known here must have cosigned the head.
    #[param(maximum = 1000, default = 0)]
    quorum: Option<u16>,
}

/// Verify a proof by the keys of the parties that are known here
#[utoipa::path(post, path = "/api/v1/proof/verification", tag = "logs", params(QuorumQuery),
    request_body(content = String, content_type = "text/plain"), responses((status = 200, body = LogVerdict)))]
pub(super) async fn verify_proof(
    State(server): State<Arc<Server>>,
    Query(query): Query<QuorumQuery>,
    Text(proof): Text,
) -> Result<Json<LogVerdict>, Problem> {
    let done = blocking(&server, move |server| {
        let trust = Trust::known(&server.node, usize::from(query.quorum.unwrap_or_default()))?;
        Ok(match proven(proof.as_bytes(), &trust) {
            Ok((origin, number, says)) => LogVerdict::good(&origin, 1, format!(", number {number}: {says}")),
            Err(why) => LogVerdict::bad("body", "bad-proof", "", &why),
        })
    });
    done.await.map(Json)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_header_is_one_that_tar_reads() {
        let header = super::tar_header("tile/0/000", 8192).unwrap();
        assert_eq!(header.len(), 512);
        let octal = |range: std::ops::Range<usize>| {
            let text = String::from_utf8_lossy(&header[range]).into_owned();
            u32::from_str_radix(text.trim_matches(['\0', ' ']), 8).unwrap()
        };
        assert_eq!(octal(124..136), 8192);
        let blanked = header.iter().enumerate();
        let blanked = blanked.map(|(at, byte)| {
            if (148..156).contains(&at) {
                32
            } else {
                u32::from(*byte)
            }
        });
        assert_eq!(octal(148..156), blanked.sum::<u32>());
        assert_eq!(&header[257..262], b"ustar");
        assert!(super::tar_header(&"a".repeat(101), 1).is_err());
    }
}

//! Bounds of the server.

use std::time::Duration;

/// Threads that ask the node; requests beyond them wait in line.
pub(crate) const BLOCKING_THREADS_MAX: usize = 32;
/// Requests that wait for such a thread or have one; beyond them the answer is 503.
pub(crate) const WORK_MAX: usize = 512;
/// How long a connection may take to greet: the whole TLS handshake.
pub(crate) const HANDSHAKE_WITHIN: Duration = Duration::from_secs(8);
/// How long the head of a request may take, from when the connection was last idle.
pub(crate) const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// How long a connection may do nothing.
pub(crate) const IDLE_WITHIN: Duration = Duration::from_secs(12);
/// How long a body may pause.
pub(crate) const BODY_PAUSE_MAX: Duration = Duration::from_secs(8);
/// How long a body is waited for before its pace is looked at, each time.
pub(crate) const BODY_GRACE: Duration = Duration::from_secs(10);
/// A body that came slower than this since its pace was looked at last is given up.
pub(crate) const BODY_BYTES_A_SECOND_MIN: u64 = 512;
/// How long the rest of a body that nobody wants is read, so that its sender hears the answer.
pub(crate) const UNREAD_WITHIN: Duration = Duration::from_secs(2);
/// How much of it.
pub(crate) const UNREAD_BYTES_MAX: usize = 1 << 20;
/// How long a reader may take nothing of an answer.
pub(crate) const WRITE_STALL_MAX: Duration = Duration::from_secs(12);
/// A reader that takes less than this of what waits for it is let go.
pub(crate) const READ_BYTES_A_SECOND_MIN: u64 = 4 << 10;
/// How long a piece of an answer may wait until its reader has room for the next one.
pub(crate) const ANSWER_STALL_MAX: Duration = Duration::from_secs(20);
/// Bytes of a request's head.
pub(crate) const HEAD_BYTES_MAX: usize = 32 << 10;
/// Streams of an HTTP/2 connection at a time.
pub(crate) const STREAMS_MAX: u32 = 64;
/// Connections of one address (of one /64 of IPv6) at a time, as a part of all: one in so many.
pub(crate) const ADDRESS_SHARE: u32 = 2;
/// How long answers under way may take when the server stops.
pub(crate) const STOP_AFTER: Duration = Duration::from_secs(10);
/// Bytes of a body that is read whole, as it comes.
pub(crate) const BODY_BYTES_MAX: usize = 16 << 20;
/// Bytes of a body of somebody who is not known yet.
pub(crate) const SMALL_BODY_BYTES_MAX: usize = 16 << 10;
/// Bytes of all bodies that are read whole and are under way.
pub(crate) const BODIES_BYTES_MAX: u64 = 384 << 20;
/// Of one caller's: more than one body as it comes and decoded.
pub(crate) const CALLER_BODIES_BYTES_MAX: u64 = 96 << 20;
/// Bytes of all small bodies under way.
pub(crate) const SMALL_BODIES_BYTES_MAX: u64 = 16 << 20;
/// Of one network's, or one caller's.
pub(crate) const CALLER_SMALL_BODIES_BYTES_MAX: u64 = 2 << 20;
/// Bytes of a body of JSON, as it comes and decoded: what it becomes in memory is many times as much.
pub(crate) const JSON_BYTES_MAX: usize = 4 << 20;
/// Decoded bytes of a body that is read as it comes: intelligence, logs, bundles.
pub(crate) const UPLOAD_BYTES_MAX: u64 = 64 << 30;
/// Uploads and downloads of any length that are under way at a time.
pub(crate) const LONG_MAX: u64 = 12;
/// Of one caller's.
pub(crate) const CALLER_LONG_MAX: u64 = 3;
/// Items in a page of a list, and items that an answer lists one by one.
pub(crate) const ITEMS_MAX: usize = 1_000;
/// How long the questions of one request may take; between two of them it ends.
pub(crate) const QUESTIONS_WITHIN: Duration = Duration::from_secs(20);
/// Bytes of an answer that is kept, to be given again to a request that is repeated.
pub(crate) const KEPT_ANSWER_BYTES_MAX: usize = 1 << 20;
/// Such answers of one caller.
pub(crate) const KEPT_ANSWERS_MAX: usize = 500;
/// Their bytes.
pub(crate) const KEPT_ANSWERS_BYTES_MAX: u64 = 16 << 20;
/// How long such an answer is kept.
pub(crate) const KEPT_ANSWER_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// Passwords that are hashed at a time: each takes 19 MiB and a core.
pub(crate) const HASHING_MAX: usize = 2;
/// Passwords that wait to be hashed or are.
pub(crate) const HASHING_WAITING_MAX: usize = 64;
/// Bytes of TAXII answers that wait for their readers.
pub(crate) const TAXII_BYTES_MAX: u64 = 384 << 20;
/// Of one caller's.
pub(crate) const CALLER_TAXII_BYTES_MAX: u64 = 96 << 20;
/// Of all who did not say who they are.
pub(crate) const STRANGERS_TAXII_BYTES_MAX: u64 = 192 << 20;
/// Bytes of rendered TAXII pages that are kept.
pub(crate) const PAGES_BYTES_MAX: usize = 96 << 20;

/// Every bound with its name, its value and what happens beyond it.
pub(crate) const ALL: &[(&str, u64, &str)] = &[
    (
        "peers that are talked with",
        super::peers::PEERS_MAX as u64,
        "further ones are kept, and not asked",
    ),
    (
        "questions of one peer at a time",
        super::peer::AT_ONCE as u64,
        "further ones wait, at most 15 s",
    ),
    (
        "questions of one peer that wait",
        super::peer::WAITING_MAX as u64,
        "the answer is 429 with Retry-After",
    ),
    (
        "TAXII requests of one caller at a time",
        super::peer::VISITORS_AT_ONCE as u64,
        "further ones wait, at most 15 s",
    ),
    (
        "TAXII requests of one caller that wait",
        super::peer::VISITORS_WAITING_MAX as u64,
        "the answer is 429 with Retry-After",
    ),
    (
        "bytes that one party contributes a day over TAXII",
        super::peer::CONTRIBUTED_BYTES_A_DAY,
        "the answer is 429 with Retry-After",
    ),
    (
        "threads that ask the node",
        BLOCKING_THREADS_MAX as u64,
        "requests wait in line",
    ),
    (
        "requests that wait for a thread or have one",
        WORK_MAX as u64,
        "the answer is 503 with Retry-After",
    ),
    (
        "seconds of a TLS handshake",
        HANDSHAKE_WITHIN.as_secs(),
        "the connection is closed",
    ),
    (
        "seconds of a request's head",
        HEAD_WITHIN.as_secs(),
        "the connection is closed",
    ),
    (
        "seconds in which a connection does nothing",
        IDLE_WITHIN.as_secs(),
        "the connection is closed",
    ),
    (
        "seconds in which a body pauses",
        BODY_PAUSE_MAX.as_secs(),
        "the answer is 408",
    ),
    (
        "bytes of a body a second, at the least, in any 10 s that it is waited for",
        BODY_BYTES_A_SECOND_MIN,
        "the answer is 408",
    ),
    (
        "seconds in which a reader takes nothing of an answer",
        WRITE_STALL_MAX.as_secs(),
        "the connection is closed",
    ),
    (
        "bytes of an answer a second that a reader takes, at the least, in any 12 s that it lets wait",
        READ_BYTES_A_SECOND_MIN,
        "the connection is closed",
    ),
    (
        "bytes of a request's head",
        HEAD_BYTES_MAX as u64,
        "the answer is 431",
    ),
    (
        "streams of an HTTP/2 connection at a time",
        STREAMS_MAX as u64,
        "the stream is refused",
    ),
    (
        "share of the connections that one network gets: one in",
        ADDRESS_SHARE as u64,
        "further connections are closed",
    ),
    (
        "bytes of a body that is read whole",
        BODY_BYTES_MAX as u64,
        "the answer is 413",
    ),
    (
        "bytes of the body of a sign-in",
        SMALL_BODY_BYTES_MAX as u64,
        "the answer is 413",
    ),
    (
        "bytes of a body of JSON, decoded",
        JSON_BYTES_MAX as u64,
        "the answer is 413",
    ),
    (
        "bytes of all such bodies under way",
        BODIES_BYTES_MAX,
        "the answer is 503 with Retry-After",
    ),
    (
        "bytes of such bodies of one caller under way",
        CALLER_BODIES_BYTES_MAX,
        "the answer is 429 with Retry-After",
    ),
    (
        "bytes of all bodies of sign-ins and hellos under way",
        SMALL_BODIES_BYTES_MAX,
        "the answer is 503 with Retry-After",
    ),
    (
        "bytes of such bodies of one network under way",
        CALLER_SMALL_BODIES_BYTES_MAX,
        "the answer is 429 with Retry-After",
    ),
    (
        "bytes of an upload, decoded",
        UPLOAD_BYTES_MAX,
        "what came before stays, the answer is 413",
    ),
    (
        "uploads and downloads under way",
        LONG_MAX,
        "the answer is 503 with Retry-After",
    ),
    (
        "uploads and downloads of one caller under way",
        CALLER_LONG_MAX,
        "the answer is 429 with Retry-After",
    ),
    (
        "items that an answer lists",
        ITEMS_MAX as u64,
        "the answer says how many more there are, or where the next page begins",
    ),
    (
        "seconds in which the questions of one request about patterns and rules are answered",
        QUESTIONS_WITHIN.as_secs(),
        "the answer is 422, and names the first that was not answered",
    ),
    (
        "bytes of an answer that is kept for a repeated request",
        KEPT_ANSWER_BYTES_MAX as u64,
        "it is not kept, and the request is done again",
    ),
    (
        "such answers that are kept for one caller",
        KEPT_ANSWERS_MAX as u64,
        "the oldest go first",
    ),
    (
        "bytes of such answers that are kept for one caller",
        KEPT_ANSWERS_BYTES_MAX,
        "the oldest go first",
    ),
    (
        "hours for which such an answer is kept",
        KEPT_ANSWER_FOR.as_secs() / 3600,
        "the request is done again",
    ),
    (
        "decoded bytes to one byte of a body",
        crate::inflate::RATIO_MAX,
        "the answer is 413",
    ),
    (
        "passwords that are verified at a time",
        HASHING_MAX as u64,
        "others wait in line",
    ),
    (
        "passwords that wait to be verified",
        HASHING_WAITING_MAX as u64,
        "the answer is 503 with Retry-After",
    ),
    (
        "bytes of TAXII answers that wait for their readers",
        TAXII_BYTES_MAX,
        "the answer is 503 with Retry-After",
    ),
    (
        "bytes of TAXII answers that wait for one caller",
        CALLER_TAXII_BYTES_MAX,
        "the answer is 429 with Retry-After",
    ),
    (
        "bytes of TAXII answers that wait for callers who are not known",
        STRANGERS_TAXII_BYTES_MAX,
        "the answer is 503 with Retry-After",
    ),
    (
        "bytes of rendered TAXII pages that are kept",
        PAGES_BYTES_MAX as u64,
        "the page that was used longest ago is rendered anew",
    ),
];

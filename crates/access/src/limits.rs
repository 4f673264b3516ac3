//! Every bound of this crate, shown to people by `entente limits`.

use crate::Seconds;

const MINUTE: Seconds = 60;
const HOUR: Seconds = 60 * MINUTE;
const DAY: Seconds = 24 * HOUR;

/// Accounts of one node, disabled ones included.
pub const ACCOUNTS_MAX: usize = 10_000;

/// Tokens of one account that are not over.
pub const TOKENS_MAX: usize = 100;

/// Characters of an account's name.
pub const NAME_CHARS_MAX: usize = 64;

/// Characters of a token's label.
pub const LABEL_CHARS_MAX: usize = 100;

/// Characters of a password at least (OWASP ASVS 6.2.1 asks for 8 with more, NIST SP 800-63B-4 for 15 without).
pub const PASSWORD_CHARS_MIN: usize = 12;

/// Bytes of a password at most: hashing must not be fed megabytes.
pub const PASSWORD_BYTES_MAX: usize = 1024;

/// Bytes of `Authorization` that are read: a password of 1,024 bytes with a name, in base 64.
pub const AUTHORIZATION_BYTES_MAX: usize = 2 << 10;

/// How long a token lasts where nothing is said.
pub const TOKEN_SECONDS: Seconds = 90 * DAY;

/// How long a token lasts at most: two years.
pub const TOKEN_SECONDS_MAX: Seconds = 2 * 365 * DAY;

/// How long a token that is over is still told from one that never was.
pub const TOKEN_REMEMBERED: Seconds = 30 * DAY;

/// A token's last use is written down when what is written is this old.
pub const USE_NOTED_AFTER: Seconds = HOUR;

/// How far a clock may have gone back before a token counts as made in the future.
pub const CLOCK_BACK_MAX: Seconds = DAY;

/// Failed tries in [`TRIES_WITHIN`] from one network: at all accounts that are not known from there, and at each that is.
pub const TRIES_MAX: usize = 10;

/// Failed tries in [`TRIES_WITHIN`] at one account's password, from all networks together that it is not known from.
pub const TRIES_FROM_EVERYWHERE_MAX: usize = 100;

/// Networks that an account is known from: those that it signed in from last.
pub const KNOWN_NETWORKS_MAX: usize = 16;

/// How long an account is known from a network after it signed in there.
pub const KNOWN_FOR: Seconds = 30 * DAY;

/// The span in which failed tries are counted.
pub const TRIES_WITHIN: Seconds = 15 * MINUTE;

/// Networks whose failed tries are remembered; beyond them the one that failed longest ago is forgotten.
pub const NETWORKS_MAX: usize = 65_536;

/// Counters of failed tries by account name, real or not; names may share one.
pub const ACCOUNT_COUNTERS: usize = 65_536;

/// People signed in at once; beyond them whoever has been idle longest is signed out.
pub const SESSIONS_MAX: usize = 10_000;

/// Sessions of one account; beyond them the one that has been idle longest ends.
pub const SESSIONS_OF_ONE_MAX: usize = 20;

/// A session ends when nothing was asked in it for so long.
pub const SESSION_IDLE: Seconds = 30 * MINUTE;

/// A session ends so long after it began.
pub const SESSION_WHOLE: Seconds = 12 * HOUR;

/// How long a sign-in waits for its second factor.
pub const SECOND_FACTOR_WITHIN: Seconds = 5 * MINUTE;

/// How long a verified password is known again without hashing it.
pub const VERIFIED_FOR: Seconds = 30;

/// Verified passwords that are known again at once.
pub const VERIFIED_MAX: usize = 4_096;

/// How long the link for the first administrator is good.
pub const FIRST_LINK_FOR: Seconds = DAY;

/// What is bounded, by how much, and what happens beyond it.
pub const ALL: &[(&str, u64, &str)] = &[
    ("accounts", ACCOUNTS_MAX as u64, "no further one is made"),
    ("tokens of an account", TOKENS_MAX as u64, "revoke one first"),
    (
        "characters of an account's name",
        NAME_CHARS_MAX as u64,
        "refused",
    ),
    ("characters of a token's label", LABEL_CHARS_MAX as u64, "refused"),
    (
        "characters of a password, at least",
        PASSWORD_CHARS_MIN as u64,
        "refused when shorter",
    ),
    ("bytes of a password", PASSWORD_BYTES_MAX as u64, "refused"),
    (
        "bytes of `Authorization`",
        AUTHORIZATION_BYTES_MAX as u64,
        "the answer is 401",
    ),
    (
        "days of a token",
        TOKEN_SECONDS_MAX / DAY,
        "refused; 90 where nothing is said",
    ),
    (
        "failed tries in 15 minutes from one network",
        TRIES_MAX as u64,
        "429 until the oldest is 15 minutes ago; at accounts known from there apart",
    ),
    (
        "failed tries in 15 minutes at a password, from everywhere",
        TRIES_FROM_EVERYWHERE_MAX as u64,
        "429, but for networks that the account is known from",
    ),
    (
        "networks that an account is known from",
        KNOWN_NETWORKS_MAX as u64,
        "the one that it signed in from longest ago is forgotten",
    ),
    (
        "days for which an account is known from a network",
        KNOWN_FOR / DAY,
        "it is a network as any other",
    ),
    (
        "networks whose failed tries are counted",
        NETWORKS_MAX as u64,
        "the one that failed longest ago is forgotten",
    ),
    (
        "counters of failed tries by account",
        ACCOUNT_COUNTERS as u64,
        "names share a counter",
    ),
    ("sessions", SESSIONS_MAX as u64, "the one idle longest ends"),
    (
        "sessions of an account",
        SESSIONS_OF_ONE_MAX as u64,
        "the one idle longest ends",
    ),
    ("idle minutes of a session", SESSION_IDLE / MINUTE, "it ends"),
    ("hours of a session", SESSION_WHOLE / HOUR, "it ends"),
    (
        "seconds a verified password is known again",
        VERIFIED_FOR,
        "it is hashed again",
    ),
    (
        "hours of the link for the first administrator",
        FIRST_LINK_FOR / HOUR,
        "start again for a new one",
    ),
];

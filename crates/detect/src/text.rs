//! Untyped text to pieces that may be observables, typed by guess.
//!
//! Used only where a log has no schema: messages, command lines, unknown fields. Every piece is a slice of the
//! text with boundaries on both sides, so that no value is found inside a longer one. A piece may turn out to
//! be nothing; whether it is what it looks like is for normalisation to say. Begin at [`pieces`].

use entente_telemetry::Kind;

/// Which pieces are worth cutting out: those that some indicator asks for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) addresses: bool,
    pub(crate) domains: bool,
    pub(crate) urls: bool,
    pub(crate) emails: bool,
    pub(crate) hashes: bool,
    pub(crate) names: bool,
    pub(crate) paths: bool,
    pub(crate) keys: bool,
    pub(crate) agents: bool,
}

const WORD: u8 = 1;
const HEX: u8 = 2;
const DIGIT: u8 = 4;
const LETTER: u8 = 8;
/// Ends a piece that may hold anything else: blanks, quotes, brackets and what lists are made with.
const BREAK: u8 = 16;
/// Besides those of a word, what the part of an e-mail address before `@` may hold.
const LOCAL: u8 = 32;

const CLASSES: [u8; 256] = classes();

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn classes() -> [u8; 256] {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let is_letter = (byte as u8).is_ascii_alphabetic() || byte >= 0x80;
        let is_digit = (byte as u8).is_ascii_digit();
        classes[byte] = if is_letter { WORD | LETTER } else { 0 }
            | if is_digit { WORD | DIGIT | HEX } else { 0 }
            | if (byte as u8).is_ascii_hexdigit() { HEX } else { 0 }
            | match byte as u8 {
                b'.' | b'-' | b'_' => WORD,
                0..=b' ' | b'"' | b'\'' | b'<' | b'>' | b'`' | b'|' | 0x7f => BREAK,
                b'{' | b'}' | b'[' | b']' | b'(' | b')' | b',' | b';' => BREAK,
                b'+' | b'%' | b'!' | b'#' | b'$' | b'&' | b'*' | b'/' | b'=' | b'?' | b'^' | b'~' => LOCAL,
                _ => 0,
            };
        byte += 1;
    }
    classes
}

#[inline(always)]
#[expect(clippy::indexing_slicing, reason = "a u8 is below 256")]
fn is(byte: u8, class: u8) -> bool {
    CLASSES[byte as usize] & class != 0
}

/// Gives every piece of `text` that may be something wanted.
///
/// Words are the longest runs of letters, digits, `.`, `-`, `_` and whatever is not ASCII.
pub(crate) fn pieces<'t>(text: &'t [u8], wanted: Wanted, mut piece: impl FnMut(Kind, &'t [u8])) {
    let mut at = 0;
    let mut urls = Urls::default();
    while let Some(start) = find(text, at, WORD) {
        let end = run_end(text, start, WORD);
        word(text, start, end, wanted, &mut piece);
        if wanted.urls && matches!(text.get(end), Some(b'/' | b':')) {
            urls.begin(text, start, end, &mut piece);
        }
        at = end;
    }
    if wanted.addresses {
        colons(text, &mut piece);
    }
    if wanted.agents || wanted.paths || wanted.names || wanted.keys {
        quoted(text, wanted, &mut piece);
    }
}

fn find(text: &[u8], from: usize, class: u8) -> Option<usize> {
    let rest = text.get(from..)?;
    rest.iter()
        .position(|&byte| is(byte, class))
        .map(|offset| from + offset)
}

fn run_end(text: &[u8], from: usize, class: u8) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    from + rest
        .iter()
        .position(|&byte| !is(byte, class))
        .unwrap_or(rest.len())
}

fn run_start(text: &[u8], to: usize, class: u8) -> usize {
    let before = text.get(..to).unwrap_or_default();
    before
        .iter()
        .rposition(|&byte| !is(byte, class))
        .map_or(0, |last| last + 1)
}

fn slice(text: &[u8], start: usize, end: usize) -> &[u8] {
    text.get(start..end).unwrap_or_default()
}

/// One word: perhaps a domain or an address, the beginning of a URL, a hash, half an e-mail address.
fn word<'t>(
    text: &'t [u8],
    start: usize,
    end: usize,
    wanted: Wanted,
    piece: &mut impl FnMut(Kind, &'t [u8]),
) {
    let whole = slice(text, start, end);
    let before = start.checked_sub(1).and_then(|place| text.get(place)).copied();
    let trimmed = trim(whole);
    let dots = memchr::memchr_iter(b'.', trimmed).count();
    if wanted.hashes && whole.len() >= 32 {
        hashes(whole, piece);
    }
    if wanted.names && !trimmed.is_empty() {
        piece(Kind::FileName, trimmed);
    }
    if dots > 0 {
        if wanted.domains || wanted.addresses {
            piece(Kind::Host, trimmed);
        }
        if wanted.addresses && dots >= 3 && trimmed.iter().any(|&byte| matches!(byte, b'-' | b'_')) {
            for part in trimmed.split(|byte| matches!(byte, b'-' | b'_')) {
                piece(Kind::Address, part);
            }
        }
    }
    if (wanted.emails || wanted.domains) && before == Some(b'@') {
        let local = run_start(text, start - 1, WORD | LOCAL);
        if local < start - 1 {
            email(slice(text, local, end), piece);
        }
    }
}

/// Without dots, dashes and underscores at its ends.
fn trim(word: &[u8]) -> &[u8] {
    let is_end = |byte: &u8| !matches!(byte, b'.' | b'-' | b'_');
    let start = word.iter().position(is_end).unwrap_or(word.len());
    let end = word.iter().rposition(is_end).map_or(start, |last| last + 1);
    slice(word, start, end)
}

fn hashes<'t>(word: &'t [u8], piece: &mut impl FnMut(Kind, &'t [u8])) {
    for part in word.split(|&byte| !is(byte, LETTER | DIGIT)) {
        if matches!(part.len(), 32 | 40 | 64 | 128) && part.iter().all(|&byte| is(byte, HEX)) {
            piece(Kind::Hash, part);
            if part.len() == 32 {
                piece(Kind::Ja3, part);
            }
        }
    }
}

/// The URL that was found last, in which others are only looked for by their scheme, and not without end.
#[derive(Default)]
struct Urls {
    stop: usize,
    nested: usize,
}

/// URLs in one another's queries that are looked for.
const NESTED_URLS_MAX: usize = 8;

impl Urls {
    /// `word://…`, or `host/…`, or `host:port/…`, up to where no URL goes on.
    fn begin<'t>(
        &mut self,
        text: &'t [u8],
        start: usize,
        end: usize,
        piece: &mut impl FnMut(Kind, &'t [u8]),
    ) {
        let rest = slice(text, end, text.len());
        let has_scheme = rest.starts_with(b"://");
        let port = rest
            .iter()
            .skip(1)
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let has_path = match rest.first() {
            Some(b'/') => true,
            _ => port > 0 && rest.get(port + 1) == Some(&b'/'),
        };
        let is_host = slice(text, start, end).contains(&b'.');
        let is_inside = start < self.stop;
        if !(has_scheme || has_path && is_host && !is_inside) {
            return;
        }
        if !is_inside {
            let length = rest
                .iter()
                .position(|&byte| is_url_end(byte))
                .unwrap_or(rest.len());
            *self = Urls {
                stop: end + length,
                nested: 0,
            };
        }
        self.nested += 1;
        if self.nested <= NESTED_URLS_MAX {
            url(slice(text, start, self.stop), piece);
        }
    }
}

/// A URL as it stands, and without what may be the text's punctuation rather than its own.
fn url<'t>(whole: &'t [u8], piece: &mut impl FnMut(Kind, &'t [u8])) {
    piece(Kind::Url, whole);
    let mut shorter = whole;
    while let Some((last, before)) = shorter.split_last()
        && matches!(
            last,
            b'.' | b',' | b';' | b':' | b'!' | b'?' | b')' | b']' | b'}' | b'\\'
        )
        && whole.len() - shorter.len() < 3
    {
        shorter = before;
        piece(Kind::Url, shorter);
    }
    if let Some(place) = whole
        .iter()
        .position(|byte| matches!(byte, b',' | b';' | b')' | b']' | b'}' | b'|'))
    {
        piece(Kind::Url, slice(whole, 0, place));
    }
}

fn is_url_end(byte: u8) -> bool {
    matches!(byte, 0..=b' ' | b'"' | b'\'' | b'<' | b'>' | b'`' | 0x7f)
}

/// `local@host`, of which the beginning may be more than an address (`to=user@host`).
fn email<'t>(whole: &'t [u8], piece: &mut impl FnMut(Kind, &'t [u8])) {
    let whole = whole.strip_suffix(b".").unwrap_or(whole);
    piece(Kind::Email, whole);
    let local = memchr::memchr(b'@', whole).unwrap_or(0);
    let odd = |byte: &u8| is(*byte, LOCAL) && !matches!(byte, b'+' | b'%');
    if let Some(place) = slice(whole, 0, local).iter().rposition(odd) {
        piece(Kind::Email, slice(whole, place + 1, whole.len()));
    }
}

/// IPv6: the longest runs of hex digits, colons and dots with at least two colons.
fn colons<'t>(text: &'t [u8], piece: &mut impl FnMut(Kind, &'t [u8])) {
    let belongs = |byte: u8| is(byte, HEX) || matches!(byte, b':' | b'.');
    let mut at = 0;
    while let Some(colon) = memchr::memchr(b':', slice(text, at, text.len())).map(|offset| at + offset) {
        let start = slice(text, at, colon)
            .iter()
            .rposition(|&byte| !belongs(byte))
            .map_or(at, |last| at + last + 1);
        let rest = slice(text, colon, text.len());
        let end = colon + rest.iter().position(|&byte| !belongs(byte)).unwrap_or(rest.len());
        let run = slice(text, start, end);
        if memchr::memchr_iter(b':', run).count() >= 2 {
            let joined_before =
                start > 0 && text.get(start - 1).is_some_and(|&byte| is(byte, LETTER | DIGIT));
            let joined_after = text.get(end).is_some_and(|&byte| is(byte, LETTER | DIGIT));
            let ends = run.strip_suffix(b".").unwrap_or(run);
            if !joined_before && !joined_after {
                piece(Kind::Address, ends);
                if let Some(shorter) = ends.strip_suffix(b":") {
                    piece(Kind::Address, shorter);
                }
            }
            // `name:` before, as in `src:2001:db8::1`.
            if !joined_after
                && let Some(shorter) = memchr::memchr(b':', ends).and_then(|place| ends.get(place + 1..))
            {
                piece(Kind::Address, shorter);
            }
        }
        at = end.max(colon + 1);
    }
}

/// What stands between quotes, and what stands between breaks: user agents, paths, registry keys.
fn quoted<'t>(text: &'t [u8], wanted: Wanted, piece: &mut impl FnMut(Kind, &'t [u8])) {
    let mut long = |part: &'t [u8]| {
        if part.is_empty() {
            return;
        }
        if wanted.agents {
            piece(Kind::UserAgent, part);
        }
        let slashed = part.iter().any(|byte| matches!(byte, b'\\' | b'/'));
        if slashed && (wanted.paths || wanted.names) {
            piece(Kind::FilePath, part);
        } else if wanted.names {
            piece(Kind::FileName, part);
        }
        if slashed && wanted.keys {
            piece(Kind::RegistryKey, part);
        }
    };
    long(text);
    for quote in [b'"', b'\''] {
        if memchr::memchr(quote, text).is_some() {
            text.split(|&byte| byte == quote).for_each(&mut long);
        }
    }
    for part in text.split(|&byte| is(byte, BREAK)) {
        long(part);
        if let Some(equals) = memchr::memchr(b'=', part) {
            long(slice(part, equals + 1, part.len()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Wanted = Wanted {
        addresses: true,
        domains: true,
        urls: true,
        emails: true,
        hashes: true,
        names: true,
        paths: true,
        keys: true,
        agents: true,
    };

    #[track_caller]
    fn check(text: &str, kind: Kind, expected: &[&str]) {
        let mut found = Vec::new();
        pieces(text.as_bytes(), ALL, |piece_kind, piece| {
            if piece_kind == kind {
                found.push(String::from_utf8(piece.to_vec()).unwrap());
            }
        });
        for value in expected {
            assert!(
                found.iter().any(|piece| piece == value),
                "`{value}` is not among {found:?}"
            );
        }
    }

    #[test]
    fn hosts_stand_between_any_punctuation() {
        check(
            "to evil.example, (a.example) [b.example]:80 x=c.example.",
            Kind::Host,
            &["evil.example", "a.example", "b.example", "c.example"],
        );
        check(
            "SRC=1.2.3.4 DST=5.6.7.8:443 9.9.9.9/24",
            Kind::Host,
            &["1.2.3.4", "5.6.7.8", "9.9.9.9"],
        );
        check("range 1.2.3.4-1.2.3.9", Kind::Address, &["1.2.3.4", "1.2.3.9"]);
    }

    #[test]
    fn longer_words_are_not_cut() {
        let mut found = Vec::new();
        pieces(b"1.2.3.45 notevil.example evil.example.com", ALL, |_, piece| {
            found.push(piece.to_vec())
        });
        for part in [&b"1.2.3.4"[..], b"evil.example"] {
            assert!(!found.iter().any(|piece| piece == part));
        }
    }

    #[test]
    fn urls_are_found_with_and_without_scheme() {
        check(
            "GET http://evil.example/a?b=c HTTP/1.1",
            Kind::Url,
            &["http://evil.example/a?b=c"],
        );
        check(
            "see <https://evil.example/a>.",
            Kind::Url,
            &["https://evil.example/a"],
        );
        check(
            "(see http://evil.example/a).",
            Kind::Url,
            &["http://evil.example/a"],
        );
        check(
            "url=evil.example:81/x/y status=200",
            Kind::Url,
            &["evil.example:81/x/y"],
        );
        check("cs-uri evil.example/x", Kind::Url, &["evil.example/x"]);
        check(
            "proxy,http://evil.example/a,200",
            Kind::Url,
            &["http://evil.example/a"],
        );
    }

    #[test]
    fn addresses_of_version_six() {
        check("from 2001:db8::1.", Kind::Address, &["2001:db8::1"]);
        check(
            "from [2001:db8::1]:443 src=::ffff:1.2.3.4 x:2001:db8::2",
            Kind::Address,
            &["2001:db8::1", "::ffff:1.2.3.4", "2001:db8::2"],
        );
    }

    #[test]
    fn mail_hashes_and_names() {
        check(
            "to=<user@evil.example> from=a.b@c.example",
            Kind::Email,
            &["user@evil.example", "a.b@c.example"],
        );
        check(
            "MD5=D41D8CD98F00B204E9800998ECF8427E,x",
            Kind::Hash,
            &["D41D8CD98F00B204E9800998ECF8427E"],
        );
        check(
            "started C:\\Temp\\evil.exe -x",
            Kind::FilePath,
            &["C:\\Temp\\evil.exe"],
        );
        check("started C:\\Temp\\evil.exe -x", Kind::FileName, &["evil.exe"]);
        check(
            "\"C:\\Program Files\\evil.exe\" -x",
            Kind::FilePath,
            &["C:\\Program Files\\evil.exe"],
        );
        check(
            "1.2.3.4 - - \"GET /\" 200 \"-\" \"Evil/1.0 (x; y)\"",
            Kind::UserAgent,
            &["Evil/1.0 (x; y)"],
        );
    }
}

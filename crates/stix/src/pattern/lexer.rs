//! Text of a pattern to tokens, by the grammar's rule: the longest match wins, and keywords win over names.

/// A word of the language; only upper case counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub(super) enum Keyword {
    And,
    Or,
    Not,
    FollowedBy,
    Like,
    Matches,
    IsSuperset,
    IsSubset,
    Exists,
    /// Reserved by the grammar, used by no rule.
    Last,
    In,
    Start,
    Stop,
    Seconds,
    Within,
    Repeats,
    Times,
}

impl Keyword {
    pub(super) fn from_text(text: &str) -> Option<Keyword> {
        Some(match text {
            "AND" => Self::And,
            "OR" => Self::Or,
            "NOT" => Self::Not,
            "FOLLOWEDBY" => Self::FollowedBy,
            "LIKE" => Self::Like,
            "MATCHES" => Self::Matches,
            "ISSUPERSET" => Self::IsSuperset,
            "ISSUBSET" => Self::IsSubset,
            "EXISTS" => Self::Exists,
            "LAST" => Self::Last,
            "IN" => Self::In,
            "START" => Self::Start,
            "STOP" => Self::Stop,
            "SECONDS" => Self::Seconds,
            "WITHIN" => Self::Within,
            "REPEATS" => Self::Repeats,
            "TIMES" => Self::Times,
            _ => return None,
        })
    }
}

/// One token; literals hold their text between the quotes, unresolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Keyword(Keyword),
    /// A name without a hyphen: type or property.
    Name(&'a str),
    /// A name with a hyphen: a type only.
    HyphenName(&'a str),
    Text(&'a str),
    Hex(&'a str),
    Binary(&'a str),
    Timestamp(&'a str),
    /// With its sign, if one is written.
    Integer(&'a str),
    Float(&'a str),
    Boolean(bool),
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Colon,
    Dot,
    Comma,
    OpenRound,
    CloseRound,
    OpenSquare,
    CloseSquare,
    Asterisk,
    /// What no rule uses: a stray sign, an unknown character.
    Stray(char),
    /// A `'` that begins no text, and why.
    BadText(&'static str),
    /// `t'…'`, `h'…'` or `b'…'` whose content is not of its form, and what the form is.
    BadLiteral(&'static str),
    End,
}

/// A token and the byte offset at which it begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spanned<'a> {
    pub(super) token: Token<'a>,
    pub(super) offset: usize,
    /// The text of the token, for messages.
    pub(super) text: &'a str,
}

pub(super) struct Lexer<'a> {
    text: &'a str,
    rest: &'a str,
}

const TIMESTAMP_FORM: &str = "write a timestamp as t'2024-05-31T12:00:00.000Z'";
const HEX_FORM: &str = "write bytes as h'…' with an even number of hexadecimal digits";
const BINARY_FORM: &str = "write binary as b'…' with padded base64, not empty";
const BAD_ESCAPE: &str = r"in a text only \' and \\ are escapes; write a backslash as \\";
const UNCLOSED: &str = "the text is not closed; end it with `'`";

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Lexer { text, rest: text }
    }

    /// The next token; [`Token::End`] for ever after the last.
    pub(super) fn next(&mut self) -> Spanned<'a> {
        self.skip_blanks();
        let offset = self.text.len() - self.rest.len();
        let (token, length) = scan(self.rest);
        let (text, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        Spanned { token, offset, text }
    }

    fn skip_blanks(&mut self) {
        loop {
            self.rest = self.rest.trim_start_matches(is_blank);
            if let Some(comment) = self.rest.strip_prefix("//") {
                self.rest = comment.trim_start_matches(|character| character != '\r' && character != '\n');
            } else if let Some((_, after)) = self
                .rest
                .strip_prefix("/*")
                .and_then(|body| body.split_once("*/"))
            {
                self.rest = after;
            } else {
                return;
            }
        }
    }
}

/// White space as the grammar lists it, which is not quite Unicode's.
fn is_blank(character: char) -> bool {
    matches!(
        character,
        ' ' | '\t' | '\r' | '\n' | '\u{0b}' | '\u{0c}' | '\u{85}' | '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}' | '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

/// The first token of a text and its length in bytes.
fn scan(text: &str) -> (Token<'_>, usize) {
    let mut characters = text.chars();
    let Some(first) = characters.next() else {
        return (Token::End, 0);
    };
    let second = characters.next();
    match first {
        '\'' => match scan_text(text) {
            Ok((inner, length)) => (Token::Text(inner), length),
            Err(reason) => (Token::BadText(reason), 1),
        },
        'a'..='z' | 'A'..='Z' | '_' => scan_word(text),
        '0'..='9' | '.' | '+' | '-' => scan_number(text).unwrap_or(match first {
            '.' => (Token::Dot, 1),
            sign => (Token::Stray(sign), 1),
        }),
        '=' if second == Some('=') => (Token::Equal, 2),
        '=' => (Token::Equal, 1),
        '!' if second == Some('=') => (Token::NotEqual, 2),
        '<' if second == Some('>') => (Token::NotEqual, 2),
        '<' if second == Some('=') => (Token::LessOrEqual, 2),
        '<' => (Token::Less, 1),
        '>' if second == Some('=') => (Token::GreaterOrEqual, 2),
        '>' => (Token::Greater, 1),
        ':' => (Token::Colon, 1),
        ',' => (Token::Comma, 1),
        '(' => (Token::OpenRound, 1),
        ')' => (Token::CloseRound, 1),
        '[' => (Token::OpenSquare, 1),
        ']' => (Token::CloseSquare, 1),
        '*' => (Token::Asterisk, 1),
        stray => (Token::Stray(stray), stray.len_utf8()),
    }
}

/// A text that begins with a quote: what is between the quotes, and the length with them.
fn scan_text(text: &str) -> Result<(&str, usize), &'static str> {
    let body = text.strip_prefix('\'').ok_or(UNCLOSED)?;
    let bytes = body.as_bytes();
    let mut at = 0;
    loop {
        let skipped = memchr::memchr2(b'\'', b'\\', bytes.get(at..).unwrap_or_default()).ok_or(UNCLOSED)?;
        at += skipped;
        match (bytes.get(at), bytes.get(at + 1)) {
            (Some(b'\''), _) => return body.get(..at).map(|inner| (inner, at + 2)).ok_or(UNCLOSED),
            (_, Some(b'\'' | b'\\')) => at += 2,
            _ => return Err(BAD_ESCAPE),
        }
    }
}

fn scan_word(text: &str) -> (Token<'_>, usize) {
    let length = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))
        .unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(length).unwrap_or((text, ""));
    if rest.starts_with('\'') && matches!(word, "t" | "h" | "b") {
        return scan_literal(word, rest);
    }
    let token = match word {
        "true" => Token::Boolean(true),
        "false" => Token::Boolean(false),
        _ => match Keyword::from_text(word) {
            Some(keyword) => Token::Keyword(keyword),
            None if word.contains('-') => Token::HyphenName(word),
            None => Token::Name(word),
        },
    };
    (token, length)
}

/// `t'…'`, `h'…'`, `b'…'`; `rest` begins with the quote.
fn scan_literal<'a>(letter: &str, rest: &'a str) -> (Token<'a>, usize) {
    let form = match letter {
        "t" => TIMESTAMP_FORM,
        "h" => HEX_FORM,
        _ => BINARY_FORM,
    };
    let Ok((inner, length)) = scan_text(rest) else {
        return (Token::BadLiteral(form), 1);
    };
    let token = match letter {
        "t" if super::ast::has_timestamp_form(inner) => Token::Timestamp(inner),
        "h" if inner.len().is_multiple_of(2) && inner.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            Token::Hex(inner)
        }
        "b" if has_base64_form(inner) => Token::Binary(inner),
        _ => Token::BadLiteral(form),
    };
    (token, length + 1)
}

/// At least one group of four, padding only at the end.
fn has_base64_form(text: &str) -> bool {
    let body = text
        .strip_suffix("==")
        .or_else(|| text.strip_suffix('='))
        .unwrap_or(text);
    !text.is_empty()
        && text.len().is_multiple_of(4)
        && body
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/')
}

/// An integer or a float, the longer of the two; none where the text begins with neither.
fn scan_number(text: &str) -> Option<(Token<'_>, usize)> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let sign = usize::from(text.starts_with(['+', '-']));
    let unsigned = text.get(sign..)?;
    let whole = digits(unsigned);
    let fraction = unsigned.get(whole..)?.strip_prefix('.').map_or(0, digits);
    if fraction > 0 {
        let length = sign + whole + 1 + fraction;
        return Some((Token::Float(text.get(..length)?), length));
    }
    // `01` is `0` and then `1`: the grammar knows no leading zeros.
    let length = match (whole, unsigned.starts_with('0')) {
        (0, _) => return None,
        (_, true) => sign + 1,
        (_, false) => sign + whole,
    };
    Some((Token::Integer(text.get(..length)?), length))
}

//! A text of rules by its tokens, before the engine reads it: how deep it nests, and what is no token at all.
//!
//! The engine's parser descends into brackets and signs, and has no bound of its own. So texts are split here into
//! tokens just as the engine splits them: strings, expressions and comments hide brackets. That both split alike is kept
//! by giving the engine [`Text::clean`], where whatever begins no token is replaced by signs that no rule has.

use std::borrow::Cow;

use crate::limits::{IMPORTS_MAX, NESTING_MAX, RULES_MAX, STRANGERS_MAX};

/// What stands for a byte that begins no token: the engine calls it an error, up to the next blank.
const ERROR: u8 = b'?';

/// A text that can be given to the engine.
#[derive(Debug)]
pub(crate) struct Text<'t> {
    /// The text, place by place the same, its byte order mark and what is no token replaced.
    pub(crate) clean: Cow<'t, [u8]>,
}

/// Why a text is not given to the engine.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unread {
    /// The line where that shows.
    pub(crate) line: usize,
    /// In words.
    pub(crate) reason: String,
}

/// The text, unless it is nested too deep, or holds too much that is no token: the engine looks at all that follows,
/// at each.
pub(crate) fn read(text: &[u8]) -> Result<Text<'_>, Unread> {
    let mut reader = Reader {
        clean: Cow::Borrowed(text),
        at: 0,
        depth: Depth::default(),
        after_equals: false,
        in_hex: false,
        comments_are_over: false,
        strangers: 0,
        rules: 0,
        imports: 0,
    };
    if text.starts_with(b"\xef\xbb\xbf") {
        reader.replace(3, b' ');
    }
    while let Some(byte) = reader.byte(0) {
        reader.token(byte);
        let reason = if reader.depth.now() > NESTING_MAX {
            format!(
                "brackets, signs and operators are nested deeper than {NESTING_MAX}; the text is not read"
            )
        } else if reader.strangers > STRANGERS_MAX {
            format!("more than {STRANGERS_MAX} words are none that rules have; the text is not read")
        } else if reader.rules > RULES_MAX || reader.imports > IMPORTS_MAX {
            format!("more than {RULES_MAX} rules or {IMPORTS_MAX} imports are in one text; split it")
        } else {
            continue;
        };
        let before = text.get(..reader.at).unwrap_or(text);
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        return Err(Unread { line, reason });
    }
    Ok(Text { clean: reader.clean })
}

/// Whether the text without blanks and comments before it begins a rule or an import.
pub(crate) fn begins_as_rules(text: &[u8]) -> bool {
    let text = after_comments(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text));
    let (word, rest) = text.split_at(word_length(text));
    let is_blank = rest.first().is_some_and(u8::is_ascii_whitespace);
    let next = after_comments(rest).first().copied().unwrap_or_default();
    match word {
        b"rule" | b"private" | b"global" => is_blank && (next.is_ascii_alphabetic() || next == b'_'),
        b"import" | b"include" => next == b'"',
        _ => false,
    }
}

fn after_comments(mut text: &[u8]) -> &[u8] {
    loop {
        text = text.trim_ascii_start();
        match comment(text) {
            Some(length) => text = text.get(length..).unwrap_or_default(),
            None => return text,
        }
    }
}

/// How deep the tree gets that the parser builds: it, and what goes through the tree, descend as deep.
#[derive(Debug, Default)]
struct Depth {
    /// The brackets that are open, with what stands before them.
    open: Vec<Level>,
    /// Open brackets, and the signs before them.
    outside: usize,
    /// What is between the brackets.
    level: Level,
    /// Whether an operand stands before this place, so that a bracket belongs to it.
    after_operand: bool,
}

#[derive(Debug, Default)]
struct Level {
    /// The deepest of the parts before the last `and`, `or` or comma.
    done: usize,
    /// The deepest operand of this part.
    operand: usize,
    /// Operators of this part that go down by one each.
    chain: usize,
    /// Signs in a row: `not`, `defined`, `-`, `~`.
    signs: usize,
    /// The last of `+`, `-` and `*`: of a row of one of them the tree makes one list.
    list: u8,
}

impl Level {
    fn height(&self) -> usize {
        self.done.max(self.operand + self.chain + self.signs)
    }
}

impl Depth {
    fn now(&self) -> usize {
        self.outside + self.level.height()
    }

    fn sign(&mut self) {
        self.level.signs += 1;
        self.after_operand = false;
    }

    fn operand(&mut self, height: usize) {
        self.level.operand = self.level.operand.max(height + self.level.signs);
        self.level.signs = 0;
        self.after_operand = true;
    }

    fn operator(&mut self) {
        self.level.chain += 1;
        self.after_operand = false;
    }

    fn list(&mut self, operator: u8) {
        self.level.chain += usize::from(self.level.list != operator);
        self.level.list = operator;
        self.after_operand = false;
    }

    fn separator(&mut self) {
        let done = self.level.height();
        self.level = Level {
            done,
            ..Level::default()
        };
        self.after_operand = false;
    }

    fn open(&mut self) {
        self.level.chain += usize::from(self.after_operand);
        self.outside += 1 + self.level.signs;
        self.open.push(std::mem::take(&mut self.level));
        self.after_operand = false;
    }

    fn close(&mut self) {
        let height = self.level.height() + 1;
        if let Some(level) = self.open.pop() {
            self.outside -= 1 + level.signs;
            self.level = level;
        }
        self.operand(height);
    }
}

/// What a word is to an expression.
enum Word {
    Sign,
    Separator,
    Operator,
    Operand,
}

impl Word {
    fn of(word: &[u8]) -> Word {
        match word {
            b"not" | b"defined" => Word::Sign,
            b"and" | b"or" | b"condition" => Word::Separator,
            b"contains" | b"icontains" | b"startswith" | b"istartswith" | b"endswith" | b"iendswith"
            | b"iequals" | b"matches" | b"at" | b"in" | b"of" => Word::Operator,
            _ => Word::Operand,
        }
    }
}

struct Reader<'t> {
    clean: Cow<'t, [u8]>,
    at: usize,
    depth: Depth,
    /// Whether a hex string may begin here, for `=` came last.
    after_equals: bool,
    /// Whether this is inside of a hex string, which has brackets only.
    in_hex: bool,
    /// Whether no `*/` follows any more.
    comments_are_over: bool,
    /// How much was no token.
    strangers: usize,
    /// How often `rule` and `import` stood there.
    rules: usize,
    imports: usize,
}

impl Reader<'_> {
    fn byte(&self, ahead: usize) -> Option<u8> {
        self.clean.get(self.at + ahead).copied()
    }

    fn rest(&self) -> &[u8] {
        self.clean.get(self.at..).unwrap_or_default()
    }

    fn token(&mut self, byte: u8) {
        let comment = self.comment();
        let is_blank = comment.is_some() || byte.is_ascii_whitespace() || !byte.is_ascii();
        let length = match byte {
            b' ' | b'\t' | b'\n' | b'\r' => 1,
            b'/' => match comment {
                Some(length) => length,
                None => self.operand(expression(self.rest())),
            },
            b'"' => self.operand(string(self.rest())),
            b'?' => self.questions(),
            _ if byte.is_ascii_alphanumeric() || byte == b'_' => self.word(),
            _ if !byte.is_ascii() => wide_blank(self.rest()),
            _ => self.sign(byte),
        };
        if length == 0 {
            self.strangers += 1;
            let end = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
            let length = self.rest().iter().position(end).unwrap_or(self.rest().len());
            return self.replace(length, ERROR);
        }
        if !is_blank {
            self.after_equals = byte == b'=' && length == 1;
        }
        self.at += length;
    }

    /// The length of a comment that begins here.
    fn comment(&mut self) -> Option<usize> {
        let is_long = self.rest().starts_with(b"/*");
        let length = match is_long && self.comments_are_over {
            true => None,
            false => comment(self.rest()),
        };
        // No later one has an end either.
        self.comments_are_over |= is_long && length.is_none();
        length
    }

    fn operand(&mut self, length: usize) -> usize {
        self.depth.operand(0);
        length
    }

    fn word(&mut self) -> usize {
        let length = word_length(self.rest());
        let word = self.rest().get(..length).unwrap_or_default();
        let (is_rule, is_import) = (word == b"rule", word == b"import");
        let (is_hex, kind) = (word.iter().all(u8::is_ascii_hexdigit), Word::of(word));
        // What no hex string holds ends it, closed or not: the parser goes on with the next section.
        self.in_hex &= is_hex;
        self.rules += usize::from(is_rule);
        self.imports += usize::from(is_import);
        match kind {
            Word::Sign => self.depth.sign(),
            Word::Separator => self.depth.separator(),
            Word::Operator => self.depth.operator(),
            Word::Operand => self.depth.operand(0),
        }
        length
    }

    /// What is neither word nor text; 0 where it is no token.
    fn sign(&mut self, byte: u8) -> usize {
        match byte {
            b'(' | b'[' => {
                self.depth.after_operand &= !self.in_hex;
                self.depth.open();
            }
            b')' | b']' => self.depth.close(),
            // A rule or a hex string ends, and nothing is open behind it.
            b'{' | b'}' => {
                self.depth = Depth::default();
                self.in_hex = byte == b'{' && self.after_equals;
            }
            _ if self.in_hex && matches!(byte, b'|' | b'-' | b'~') => {}
            b'-' if self.depth.after_operand => self.depth.list(byte),
            b'-' | b'~' => self.depth.sign(),
            b'=' if self.byte(1) != Some(b'=') => self.depth.separator(),
            b',' | b':' => self.depth.separator(),
            b'=' | b'<' | b'>' => {
                self.depth.operator();
                let is_double = matches!(self.byte(1), Some(next) if next == byte || next == b'=');
                return 1 + usize::from(is_double);
            }
            b'!' if self.byte(1) == Some(b'=') => {
                self.depth.operator();
                return 2;
            }
            b'!' | b'#' | b'$' | b'@' => self.depth.operand(0),
            b'%' | b'&' | b'\\' | b'^' | b'|' | b'.' => self.depth.operator(),
            b'*' | b'+' => self.depth.list(byte),
            _ => return 0,
        }
        1
    }

    /// Half bytes of hex strings; elsewhere an error up to the next blank, which must not hide where a string or a
    /// comment begins.
    fn questions(&mut self) -> usize {
        let is_hex = |byte: &u8| byte.is_ascii_hexdigit() || matches!(byte, b'?' | b'~');
        let length = self.rest().iter().take_while(|byte| is_hex(byte)).count();
        match self.byte(length) {
            Some(b'"' | b'/') => 0,
            _ => {
                self.strangers += usize::from(!self.in_hex);
                1
            }
        }
    }

    fn replace(&mut self, length: usize, with: u8) {
        let to = self.at + length;
        if let Some(place) = self.clean.to_mut().get_mut(self.at..to) {
            place.fill(with);
        }
        self.at = to;
    }
}

/// The length of a blank beyond ASCII that the text begins with; 0 where it is another character.
fn wide_blank(text: &[u8]) -> usize {
    match text {
        [0xc2, 0xa0, ..] => 2,
        [0xe2, 0x80, 0x80..=0x8a | 0xaf, ..] | [0xe2, 0x81, 0x9f, ..] => 3,
        _ => 0,
    }
}

fn word_length(text: &[u8]) -> usize {
    let is_letter = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
    text.iter().take_while(is_letter).count()
}

/// The length of the comment that the text begins with.
fn comment(text: &[u8]) -> Option<usize> {
    match text {
        [b'/', b'/', rest @ ..] => {
            let end = rest.iter().position(|byte| *byte == b'\n');
            Some(2 + end.unwrap_or(rest.len()))
        }
        [b'/', b'*', rest @ ..] => {
            let end = rest.windows(2).position(|two| two == b"*/")?;
            Some(end + 4)
        }
        _ => None,
    }
}

/// The length of the string that the text begins with; 0 where it has no end.
fn string(text: &[u8]) -> usize {
    if text.starts_with(b"\"\"\"") {
        let long = delimited(text, 3, b'"', false);
        let closes = |end: &usize| text.get(*end - 1..*end + 2) == Some(b"\"\"\"");
        if let Some(end) = long.filter(closes) {
            return end + 2;
        }
    }
    delimited(text, 1, b'"', true).unwrap_or(0)
}

/// The length of the regular expression that the text begins with; 0 where it is none.
fn expression(text: &[u8]) -> usize {
    // A comment without an end is no expression.
    let is_open_comment = text.get(1) == Some(&b'*');
    let Some(end) = delimited(text, 1, b'/', true).filter(|_| !is_open_comment) else {
        return 0;
    };
    let flags = text.get(end..).unwrap_or_default();
    end + flags
        .iter()
        .take(2)
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count()
}

/// Where what is delimited by `mark` ends, behind the mark, its inside beginning at `from`.
fn delimited(text: &[u8], from: usize, mark: u8, in_line: bool) -> Option<usize> {
    let mut at = from;
    loop {
        match *text.get(at)? {
            b'\\' if *text.get(at + 1)? == b'\n' => return None,
            b'\\' => at += 2,
            b'\n' if in_line => return None,
            byte if byte == mark => return Some(at + 1),
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(text: &str) -> String {
        String::from_utf8(read(text.as_bytes()).unwrap().clean.into_owned()).unwrap()
    }

    #[test]
    fn what_is_a_rule_stays_as_it_is() {
        for text in [
            "rule a : b { meta: x = \"((\\\"\" strings: $a = /a\\/[(\"]b/is $h = { 0? ~?1 [4-] ( 00 | ?? ) } condition: $a }",
            "/* (((( \"' */ rule a { condition: \"\"\"a\n(\"\"\" contains \"\" // '\n}",
            "rule a\u{a0}{ condition:\u{2003}true }",
            "rule a { condition: #a > 1 and @a[1] != !b[2] and 1 \\ 2 % 3 == -0x1 << 2 }",
        ] {
            assert_eq!(clean(text), text);
            assert!(matches!(read(text.as_bytes()).unwrap().clean, Cow::Borrowed(_)));
        }
    }

    #[test]
    fn what_is_no_token_becomes_an_error_up_to_the_next_blank() {
        for (text, expected) in [
            ("\u{feff}rule a", "   rule a"),
            ("a \"open (( \nb", "a ????? (( \nb"),
            ("a /* open", "a ?? open"),
            ("a /open b", "a ????? b"),
            ("a /* open / b", "a ?? open ? b"),
            ("a 'x\"y' b", "a ????? b"),
            ("a ?\"/* b", "a ???? b"),
            ("a \u{fc}/* b", "a ???? b"),
            ("\"a\\\n\" b", "???\n? b"),
        ] {
            assert_eq!(clean(text), expected, "{text}");
        }
    }

    #[test]
    fn depth_is_that_of_brackets_and_signs_whatever_hides_them() {
        let deep = |text: String| read(text.as_bytes()).err().map(|unread| unread.line);
        let of = |unit: &str, count: usize| format!("rule a {{ condition:\n{}", unit.repeat(count));
        for unit in [
            "(", "[", "not ", "-", "~ ", "defined ", "( /*)*/", "(/*}*/", "- // x\n", "a[b[", "( \")\"",
        ] {
            assert_eq!(deep(of(unit, 120)), None, "{unit}");
            assert!(deep(of(unit, 300)).is_some(), "{unit}");
        }
        for unit in [
            "1 & ",
            "1 \\ ",
            "1 == ",
            "x.",
            "x(",
            "x[",
            "a contains ",
            "1 + 1 - ",
        ] {
            assert_eq!(deep(of(unit, 120)), None, "{unit}");
            assert!(deep(of(unit, 300)).is_some(), "{unit}");
        }
        let after = |unit: &str, count: usize| deep(format!("rule a {{ condition: x{}", unit.repeat(count)));
        for open in ["{ 00", "/x/ {", "/x/ /* */ {"] {
            let text = format!("rule a {{ strings: $a = {open} condition: {}", "- ".repeat(300));
            assert!(deep(text).is_some(), "{open}");
        }
        for unit in ["[0]", "()", ".x", " & (1 or 2)"] {
            assert_eq!(after(unit, 100), None, "{unit}");
            assert!(after(unit, 300).is_some(), "{unit}");
        }
        let hex = format!(
            "rule a {{ strings: $a = {{ {} }}",
            "00 [1-2] ( 01 | 02 ) ".repeat(2000)
        );
        assert_eq!(deep(hex), None);
        assert_eq!(deep(of("not (", 100)), None);
        assert_eq!(deep(of("not (", 200)), Some(2));
        for unit in [
            "\"(\" ",
            "/(((/ ",
            "() or ",
            "(a - b) + ",
            "a - b ",
            "( ) and ",
            "// ((((((\n",
            "/*--*/ ",
            "( } ",
        ] {
            assert_eq!(deep(of(unit, 2000)), None, "{unit}");
        }
    }

    #[test]
    fn rules_are_told_from_other_texts() {
        for text in [
            "rule x { condition: true }",
            "/* a\n */ // b\n  private rule x",
            "\u{feff}import \"pe\"",
            "global\nprivate rule x",
            "import/**/\"pe\"",
        ] {
            assert!(begins_as_rules(text.as_bytes()), "{text}");
        }
        for text in [
            "",
            "rule",
            "rule: x",
            "title: rule",
            "rules x",
            "/* rule x",
            "importer: \"x\"",
            "rule = 1",
            "[file:size = 1]",
        ] {
            assert!(!begins_as_rules(text.as_bytes()), "{text}");
        }
    }
}

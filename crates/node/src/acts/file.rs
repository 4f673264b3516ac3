//! Acts as a file to hand over: a party's card, an agreement with its signatures (`docs/formats/party.md`).
//!
//! Text that survives e-mail: ends of lines may come as CR LF. What the acts say is not looked at here.

use super::{Act, Kind, Refusal};
use crate::limits::{ACTS_FILE_BYTES_MAX, ACTS_IN_FILE_MAX};

/// The first line of every such file.
pub const FIRST_LINE: &str = "entente/acts/v1";

/// What begins the line before each act; the act's kind follows.
const MARK: &str = "== ";

/// Whether `text` begins as a file of acts does.
pub fn is_file(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}');
    text.lines()
        .next()
        .is_some_and(|line| line.trim_end() == FIRST_LINE)
}

/// The file that hands `acts` over, in this order.
pub fn write<'a>(acts: impl IntoIterator<Item = &'a Act>) -> String {
    let mut out = format!("{FIRST_LINE}\n");
    for act in acts {
        out.push_str(MARK);
        out.push_str(act.kind.name());
        out.push('\n');
        out.push_str(&act.text);
        if !act.text.ends_with('\n') {
            out.push('\n');
        }
    }
    out
}

/// The acts of a file, in its order.
///
/// # Errors
/// The file is too big or not of the form; a kind that is not known makes the whole file unreadable, since what
/// it would change cannot be told.
pub fn read(text: &str) -> Result<Vec<Act>, Refusal> {
    let malformed = |cause: String| Refusal::malformed("the file", cause);
    if text.len() > ACTS_FILE_BYTES_MAX {
        return Err(Refusal::TooMany {
            what: "bytes in a file of acts",
            limit: ACTS_FILE_BYTES_MAX as u64,
        });
    }
    if !is_file(text) {
        return Err(malformed(format!("its first line is not `{FIRST_LINE}`")));
    }
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let mut acts: Vec<Act> = Vec::new();
    for line in text.split_inclusive('\n').skip(1) {
        let Some(name) = line.strip_prefix(MARK) else {
            let Some(act) = acts.last_mut() else {
                return Err(malformed(format!("its second line does not begin with `{MARK}`")));
            };
            act.text.push_str(line);
            continue;
        };
        let name = name.trim_end();
        let kind = Kind::of(name).ok_or_else(|| {
            let name: String = name.chars().take(40).collect();
            malformed(format!(
                "`{name}` is no kind of act; it may come from a later version of Entente"
            ))
        })?;
        if acts.len() >= ACTS_IN_FILE_MAX {
            return Err(Refusal::TooMany {
                what: "acts in a file",
                limit: ACTS_IN_FILE_MAX as u64,
            });
        }
        acts.push(Act {
            kind,
            text: String::new(),
        });
    }
    acts.iter_mut().for_each(trim);
    Ok(acts)
}

/// An agreement's canonical text has no line end of its own; a note ends with exactly one.
fn trim(act: &mut Act) {
    let kept = act.text.trim_end_matches('\n').len();
    act.text.truncate(kept);
    if act.kind != Kind::Agreement {
        act.text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn act(kind: Kind, text: &str) -> Act {
        Act {
            kind,
            text: text.to_owned(),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let acts = [
            act(Kind::Party, "a\nb\n\n— name sig\n"),
            act(Kind::Agreement, "{\"id\":\"x\"}"),
            act(Kind::Leaving, "c\n"),
        ];
        let file = write(&acts);
        assert_eq!(read(&file).unwrap(), acts);
        let by_mail = format!("\u{feff}{}\r\n\r\n", file.replace('\n', "\r\n"));
        assert_eq!(read(&by_mail).unwrap(), acts);
    }

    #[test]
    fn other_texts_are_refused_with_the_reason() {
        for (text, reason) in [
            ("", "its first line is not"),
            ("hello\n", "its first line is not"),
            ("entente/acts/v1\nhello\n", "its second line does not begin with"),
            ("entente/acts/v1\n== treaty\nx\n", "`treaty` is no kind of act"),
        ] {
            let refusal = read(text).unwrap_err().to_string();
            assert!(refusal.contains(reason), "{text:?}: {refusal}");
        }
        assert_eq!(read("entente/acts/v1\n"), Ok(vec![]));
    }
}

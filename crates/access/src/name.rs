//! Names of accounts: one spelling each.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

use crate::limits::NAME_CHARS_MAX;

/// The name of an account: `a-z 0-9 . _ - @ +`, a letter or digit first.
///
/// Case and compatibility forms of Unicode (full-width letters, ligatures) are folded when a name is read, so that
/// `Ada`, `ada` and `ａｄａ` are one account, and one counter of failed tries. What still has other letters then is no
/// name: a Cyrillic `а` is not let stand for a Latin one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

/// What failed tries with a text as a name are counted under: the account that it names, or else the text in one spelling.
#[must_use]
pub fn counted_as(text: &str) -> String {
    let bounded: String = text.chars().take(NAME_CHARS_MAX + 1).collect();
    match text.parse::<Name>() {
        Ok(name) => name.0,
        Err(_) => folded(&bounded),
    }
}

fn folded(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).collect()
}

/// Why a text is no account's name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// Nothing, or too much of it.
    #[error("an account's name has 1 to {NAME_CHARS_MAX} characters; this one has {0}")]
    Length(usize),
    /// A character that none may have there.
    #[error(
        "an account's name is made of a-z, 0-9 and . _ - @ +, with a letter or digit first; `{0}` cannot stand there"
    )]
    Character(char),
    /// What would be taken for a token or its number.
    #[error("`{0}` is how tokens begin; take another name")]
    Reserved(&'static str),
}

impl Name {
    /// The name as it is kept.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Name, BadName> {
        // Bounded before it is folded: one character may become eighteen.
        let given = text.chars().take(NAME_CHARS_MAX + 1).count();
        if given == 0 || given > NAME_CHARS_MAX {
            return Err(BadName::Length(text.chars().count()));
        }
        let folded = folded(text);
        if folded.len() > NAME_CHARS_MAX {
            return Err(match folded.chars().find(|character| !character.is_ascii()) {
                Some(character) => BadName::Character(character),
                None => BadName::Length(folded.len()),
            });
        }
        let wrong = folded
            .chars()
            .enumerate()
            .find(|(position, character)| !may_stand(*position, *character));
        if let Some((_, character)) = wrong {
            return Err(BadName::Character(character));
        }
        for reserved in [crate::secret::TOKEN_PREFIX, crate::secret::TOKEN_ID_PREFIX] {
            if folded.starts_with(reserved) {
                return Err(BadName::Reserved(reserved));
            }
        }
        Ok(Name(folded))
    }
}

fn may_stand(position: usize, character: char) -> bool {
    match character {
        'a'..='z' | '0'..='9' => true,
        '.' | '_' | '-' | '@' | '+' => position > 0,
        _ => false,
    }
}

impl TryFrom<String> for Name {
    type Error = BadName;

    fn try_from(text: String) -> Result<Name, BadName> {
        text.parse()
    }
}

impl From<Name> for String {
    fn from(name: Name) -> String {
        name.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_a_name_are_one_account() {
        for text in ["Ada", "ADA", "ada", "ａｄａ", "Ａda", "ᴬda", "𝐚𝐝𝐚"] {
            assert_eq!(text.parse::<Name>().unwrap().as_str(), "ada", "{text}");
        }
        // Kelvin sign, long s, ligature.
        assert_eq!("\u{212a}im".parse::<Name>().unwrap().as_str(), "kim");
        assert_eq!("ro\u{17f}e".parse::<Name>().unwrap().as_str(), "rose");
        assert_eq!("\u{fb03}".parse::<Name>().unwrap().as_str(), "ffi");
        assert_eq!(
            "ops@cert.example".parse::<Name>().unwrap().as_str(),
            "ops@cert.example"
        );
    }

    #[test]
    fn tries_are_counted_under_one_spelling_also_of_what_is_no_name() {
        for text in ["Ada", "ａｄａ", "ADA"] {
            assert_eq!(counted_as(text), "ada");
        }
        assert_eq!(counted_as("АDA\0"), counted_as("аda\0"));
        assert!(counted_as(&"\u{fdfa}".repeat(10_000)).chars().count() < 2_000);
    }

    #[test]
    fn what_is_no_name_says_why() {
        for (text, character) in [
            ("аda", 'а'),
            (" ada", ' '),
            ("a:b", ':'),
            ("-a", '-'),
            ("a\0", '\0'),
            ("ad\u{131}", '\u{131}'),
        ] {
            assert_eq!(text.parse::<Name>(), Err(BadName::Character(character)), "{text}");
        }
        assert_eq!("".parse::<Name>(), Err(BadName::Length(0)));
        assert_eq!("a".repeat(65).parse::<Name>(), Err(BadName::Length(65)));
        assert!("\u{fdfa}".repeat(64).parse::<Name>().is_err());
        assert_eq!("ent_x".parse::<Name>(), Err(BadName::Reserved("ent_")));
        assert_eq!("Tok-1".parse::<Name>(), Err(BadName::Reserved("tok-")));
    }
}

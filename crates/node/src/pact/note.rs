//! What a party signs about an agreement, as text (`docs/formats/agreement.md`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use entente_stix::time::Timestamp;

use crate::acts::Kind;

/// A signature's text: which text of which version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signature {
    pub(crate) agreement: String,
    pub(crate) version: u32,
    pub(crate) digest: [u8; 32],
}

const SIGNATURE: &str = "entente/agreement/v1";

impl Signature {
    pub(crate) fn text(&self) -> String {
        let Signature {
            agreement,
            version,
            digest,
        } = self;
        format!(
            "{SIGNATURE}\n{agreement}\n{version}\n{}\n",
            STANDARD.encode(digest)
        )
    }

    pub(crate) fn read(text: &str) -> Result<Signature, String> {
        let [first, agreement, version, digest] = lines(text)?;
        let digest = STANDARD.decode(digest).ok();
        let signature = Signature {
            agreement: agreement.to_owned(),
            version: version.parse().map_err(|_| "its version is not a number")?,
            digest: digest
                .and_then(|bytes| bytes.try_into().ok())
                .ok_or("its digest is not the base64 of 32 bytes")?,
        };
        exactly(first == SIGNATURE && signature.text() == text)?;
        Ok(signature)
    }
}

/// A party's word about an agreement, said at a time: it is suspended, it goes on, it is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) kind: Kind,
    pub(crate) agreement: String,
    pub(crate) version: u32,
    pub(crate) at: Timestamp,
}

impl Word {
    pub(crate) fn text(&self) -> String {
        let Word {
            kind,
            agreement,
            version,
            at,
        } = self;
        format!("entente/{}/v1\n{agreement}\n{version}\n{at}\n", kind.name())
    }

    pub(crate) fn read(kind: Kind, text: &str) -> Result<Word, String> {
        let [_, agreement, version, at] = lines(text)?;
        let word = Word {
            kind,
            agreement: agreement.to_owned(),
            version: version.parse().map_err(|_| "its version is not a number")?,
            at: Timestamp::parse(at).map_err(|error| error.to_string())?,
        };
        exactly(word.text() == text)?;
        Ok(word)
    }
}

fn lines(text: &str) -> Result<[&str; 4], String> {
    let lines: Vec<&str> = text.lines().take(5).collect();
    lines
        .try_into()
        .map_err(|_| "it does not have four lines".to_owned())
}

/// One meaning, one text: what could be written in two ways could be two acts.
fn exactly(is_so: bool) -> Result<(), String> {
    if is_so {
        Ok(())
    } else {
        Err("it is not written as such a note is".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_read_as_written_and_in_no_other_way() {
        let signature = Signature {
            agreement: "pact".to_owned(),
            version: 2,
            digest: [7; 32],
        };
        assert_eq!(Signature::read(&signature.text()), Ok(signature.clone()));
        let word = Word {
            kind: Kind::Leaving,
            agreement: "pact".to_owned(),
            version: 2,
            at: Timestamp::from_micros(1_700_000_000_123_000),
        };
        assert_eq!(Word::read(Kind::Leaving, &word.text()), Ok(word.clone()));
        assert!(Word::read(Kind::Suspension, &word.text()).is_err());
        for text in [
            signature.text().replace("\n2\n", "\n02\n"),
            signature.text().replace("\n2\n", "\n+2\n"),
            signature.text().replace("v1", "v2"),
            signature.text().replace('\n', "\r\n"),
            signature.text() + "\n",
            word.text().replace(".123Z", ".1230Z"),
            String::new(),
        ] {
            assert!(Signature::read(&text).is_err(), "{text:?}");
            assert!(Word::read(Kind::Leaving, &text).is_err(), "{text:?}");
        }
    }
}

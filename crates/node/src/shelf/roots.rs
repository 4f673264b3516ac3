//! What was taken over with the collections of another server: what it and its roots are called.

use entente_formats::medallion::About;
use entente_stix::json::{self, Value, quote};
use entente_stix::time::Timestamp;
use entente_store::{Expected, NewDocument};

use crate::{Error, Node};

/// Kind of the documents that tell what a taken-over root is called; its key is the path name.
const ROOT: &str = "taxii-root";

/// Kind of the document that tells what the taken-over server is called.
const SERVER: &str = "taxii-server";

/// What a taken-over server or root is called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) title: String,
    pub(super) description: Option<String>,
    pub(super) contact: Option<String>,
    /// The path name of the root to begin with.
    pub(super) default: Option<String>,
}

impl Names {
    /// As another server's file tells them.
    pub(super) fn of(about: &About) -> Names {
        Names {
            title: about.title.clone(),
            description: about.description.clone(),
            contact: about.contact.clone(),
            default: about.default.clone(),
        }
    }

    pub(super) fn text(&self) -> String {
        let mut text = String::from("{\"title\":");
        quote(&self.title, &mut text);
        let others = [
            ("description", &self.description),
            ("contact", &self.contact),
            ("default", &self.default),
        ];
        for (name, value) in others {
            if let Some(value) = value {
                text.push_str(&format!(",\"{name}\":"));
                quote(value, &mut text);
            }
        }
        text.push('}');
        text
    }

    fn read(text: &[u8]) -> Option<Names> {
        let value = json::read(text).ok()?;
        let string = |name| value.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Names {
            title: string("title")?,
            description: string("description"),
            contact: string("contact"),
            default: string("default"),
        })
    }
}

pub(super) fn root_document<'a>(root: &'a str, text: &'a str) -> NewDocument<'a> {
    document(ROOT, root, text)
}

pub(super) fn server_document(text: &str) -> NewDocument<'_> {
    document(SERVER, SERVER, text)
}

fn document<'a>(kind: &'a str, key: &'a str, text: &'a str) -> NewDocument<'a> {
    NewDocument {
        kind,
        key,
        value: Some(text.as_bytes()),
        expires_at: None,
        expected: Expected::Any,
    }
}

impl Node {
    /// What a root that was taken over is called.
    pub(super) fn taken_over_root(&self, root: &str, at: Timestamp) -> Result<Option<Names>, Error> {
        let document = self.store().document(ROOT, root, at.micros())?;
        Ok(document.and_then(|document| Names::read(&document.value)))
    }

    /// What the server that was taken over is called.
    pub(super) fn taken_over_server(&self, at: Timestamp) -> Result<Option<Names>, Error> {
        let document = self.store().document(SERVER, SERVER, at.micros())?;
        Ok(document.and_then(|document| Names::read(&document.value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_as_they_were_written() {
        let whole = Names {
            title: "a \"title\"".to_owned(),
            description: Some("d".to_owned()),
            contact: None,
            default: Some("api1".to_owned()),
        };
        assert_eq!(Names::read(whole.text().as_bytes()), Some(whole));
        assert_eq!(Names::read(b"{}"), None);
    }
}

//! A JSON object as it is written: member by member, what may be absent left out.

use entente_stix::json::quote;

/// An object that is being written.
pub(super) struct Members {
    text: String,
}

impl Members {
    pub(super) fn new() -> Members {
        Members {
            text: String::from("{"),
        }
    }

    /// A member whose value is JSON already.
    pub(super) fn raw(mut self, key: &str, json: &str) -> Members {
        self.key(key);
        self.text.push_str(json);
        self
    }

    pub(super) fn string(mut self, key: &str, value: &str) -> Members {
        self.key(key);
        quote(value, &mut self.text);
        self
    }

    pub(super) fn string_if(self, key: &str, value: Option<&str>) -> Members {
        match value {
            Some(value) => self.string(key, value),
            None => self,
        }
    }

    pub(super) fn bool(self, key: &str, value: bool) -> Members {
        self.raw(key, if value { "true" } else { "false" })
    }

    pub(super) fn number(self, key: &str, value: u64) -> Members {
        self.raw(key, &value.to_string())
    }

    pub(super) fn strings<'s>(mut self, key: &str, values: impl IntoIterator<Item = &'s str>) -> Members {
        self.key(key);
        self.text.push('[');
        for (place, value) in values.into_iter().enumerate() {
            if place > 0 {
                self.text.push(',');
            }
            quote(value, &mut self.text);
        }
        self.text.push(']');
        self
    }

    /// The object.
    pub(super) fn done(mut self) -> String {
        self.text.push('}');
        self.text
    }

    fn key(&mut self, key: &str) {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        quote(key, &mut self.text);
        self.text.push(':');
    }
}

/// A list of objects that are written already; `None` where there is none, since TAXII leaves such a member out.
pub(super) fn list(objects: &[String]) -> Option<String> {
    (!objects.is_empty()).then(|| format!("[{}]", objects.join(",")))
}

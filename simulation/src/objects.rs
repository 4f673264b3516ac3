//! Made-up objects: what parties say in the simulated world.

use entente_stix::marking::Tlp;
use entente_stix::object::Object;
use entente_stix::time::Timestamp;

use crate::random::Random;

/// A SHA-256 of an object's canonical form.
pub type Digest = [u8; 32];

/// An object that somebody made, and every version of it.
#[derive(Debug, Clone)]
pub struct Made {
    /// Its id.
    pub id: String,
    /// Its type.
    pub type_name: &'static str,
    /// Its level; it never changes.
    pub tlp: Tlp,
    created: Timestamp,
    modified: Timestamp,
    creator: String,
    target: Option<(String, String)>,
    revoked: bool,
}

/// The types that are made, by number.
const TYPES: [&str; 6] = [
    "indicator",
    "malware",
    "tool",
    "relationship",
    "note",
    "domain-name",
];

impl Made {
    /// A new object of `creator` (an identity's id), made at `at`. One in three refers to two of `others`.
    pub fn new(creator: &str, others: &[String], at: Timestamp, random: &mut Random) -> Made {
        let mut type_name = random.pick(&TYPES).copied().unwrap_or("malware");
        let ends = others.iter().filter(|id| !id.starts_with("relationship--"));
        let ends: Vec<&String> = ends.collect();
        let target = random.pick(&ends).zip(random.pick(&ends));
        let target = target.map(|(source, target)| ((*source).clone(), (*target).clone()));
        if matches!(type_name, "relationship" | "note") && target.is_none() {
            type_name = "indicator";
        }
        let tlp = match random.below(20) {
            0..8 => Tlp::Clear,
            8..16 => Tlp::Green,
            16..18 => Tlp::Amber,
            18 => Tlp::AmberStrict,
            _ => Tlp::Red,
        };
        let mut made = Made {
            id: format!("{type_name}--{}", random.uuid()),
            type_name,
            tlp,
            created: at,
            modified: at,
            creator: creator.to_owned(),
            target,
            revoked: false,
        };
        if type_name == "domain-name" {
            made.id = made.observable_id();
        }
        made
    }

    /// The same object as said by somebody else, who claims to be its creator, in a newer version.
    pub fn forged(&self, at: Timestamp, random: &mut Random) -> Made {
        Made {
            modified: Timestamp::from_micros(at.micros() + 1_000_000),
            revoked: random.chance(50),
            tlp: Tlp::Clear,
            ..self.clone()
        }
    }

    /// Whether the type has versions.
    pub fn has_versions(&self) -> bool {
        self.type_name != "domain-name" && !self.revoked
    }

    /// Makes a newer version.
    pub fn change(&mut self, at: Timestamp) {
        let next = self.modified.micros() + 1_000;
        self.modified = Timestamp::from_micros(at.micros().max(next));
    }

    /// Makes a newer version that is revoked.
    pub fn revoke(&mut self, at: Timestamp) {
        self.change(at);
        self.revoked = true;
    }

    /// The present version as text.
    pub fn text(&self) -> String {
        let marking = self.tlp.definition_id();
        let head = format!(
            r#"{{"type":"{}","spec_version":"2.1","id":"{}","object_marking_refs":["{marking}"]"#,
            self.type_name, self.id
        );
        if self.type_name == "domain-name" {
            return format!(r#"{head},"value":"{}"}}"#, self.value());
        }
        let (created, modified, creator) = (self.created, self.modified, &self.creator);
        let revoked = if self.revoked { r#","revoked":true"# } else { "" };
        let common = format!(
            r#"{head},"created":"{created}","modified":"{modified}","created_by_ref":"{creator}"{revoked}"#
        );
        format!("{common},{}}}", self.body())
    }

    /// The digest of the present version.
    pub fn digest(&self) -> Digest {
        let text = self.text();
        Object::read(text.as_bytes()).map_or([0; 32], |object| *object.digest().as_bytes())
    }

    fn body(&self) -> String {
        let none = (String::new(), String::new());
        let (source, target) = self.target.as_ref().unwrap_or(&none);
        match self.type_name {
            "malware" => format!(r#""name":"{}","is_family":false"#, self.value()),
            "tool" => format!(r#""name":"{}""#, self.value()),
            "relationship" => {
                format!(r#""relationship_type":"related-to","source_ref":"{source}","target_ref":"{target}""#)
            }
            "note" => format!(r#""content":"{}","object_refs":["{source}"]"#, self.value()),
            _ => format!(
                r#""name":"{0}","pattern":"[domain-name:value = '{0}']","pattern_type":"stix","valid_from":"{1}""#,
                self.value(),
                self.created
            ),
        }
    }

    /// What it is about: made from the id, so that a version is all that differs between two texts of one id.
    fn value(&self) -> String {
        let uuid = self.id.rsplit("--").next().unwrap_or_default();
        let word: String = uuid
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(10)
            .collect();
        match self.type_name {
            "domain-name" => format!("x{}.example", self.created.micros()),
            _ => format!("{word}.example"),
        }
    }

    fn observable_id(&self) -> String {
        let text = self.text();
        let object = entente_stix::json::read(text.as_bytes()).ok();
        let id = object.and_then(|object| entente_stix::id::deterministic(&object));
        id.map_or_else(String::new, |id| id.as_str().to_owned())
    }
}

/// The identity object of a party.
pub fn bundle(texts: &[String], random: &mut Random) -> String {
    format!(
        r#"{{"type":"bundle","id":"bundle--{}","objects":[{}]}}"#,
        random.uuid(),
        texts.join(",")
    )
}

#[cfg(test)]
mod tests {
    use entente_stix::object::Object;
    use entente_stix::time::Timestamp;
    use entente_stix::validate::{self, Severity};

    use super::{Made, Random};

    #[test]
    fn everything_made_is_valid() {
        let mut random = Random::new(1);
        let creator = format!("identity--{}", random.uuid());
        let mut ids = Vec::new();
        for number in 0..200 {
            let at = Timestamp::from_micros(1_780_000_000_000_000 + number * 1_000_000);
            let mut made = Made::new(&creator, &ids, at, &mut random);
            ids.push(made.id.clone());
            for _ in 0..2 {
                let text = made.text();
                let object = Object::read(text.as_bytes()).unwrap();
                let findings = validate::object(object.value());
                let errors = findings
                    .iter()
                    .filter(|finding| finding.severity == Severity::Error);
                assert_eq!(
                    errors.collect::<Vec<_>>(),
                    [] as [&validate::Finding; 0],
                    "{text}"
                );
                made.revoke(at);
            }
        }
    }
}

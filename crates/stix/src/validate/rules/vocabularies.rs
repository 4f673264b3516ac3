//! Open vocabularies, suggested relationships, and how terms are written (STIX 2.1 §2.14, §5.1, §10).

use super::super::findings::{Findings, Place};
use super::super::schema::Shape;
use super::super::vocabulary::Vocabulary;
use super::super::{forms, rule};
use super::{Object, values};
use crate::json::Value;
use crate::object::{META_TYPES, OBSERVABLE_TYPES, RELATIONSHIP_TYPES};

pub(super) fn check(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    open_vocabularies(object, place, findings);
    kill_chains(object, place, findings);
    if object.type_name == "relationship" {
        relationship(object, place, findings);
    }
}

fn open_vocabularies(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    for property in object.known.map_or(&[][..], |known| known.properties) {
        let (Shape::Open(vocabulary) | Shape::List(Shape::Open(vocabulary))) = &property.shape else {
            continue;
        };
        let Some(value) = object.get(property.name) else {
            continue;
        };
        self::vocabulary(vocabulary, value, &place.key(property.name), findings);
    }
}

/// One finding for all the terms that the vocabulary lacks, and one for each that is misspelt.
pub(super) fn vocabulary(
    vocabulary: &Vocabulary,
    value: &Value<'_>,
    place: &Place<'_>,
    findings: &mut Findings,
) {
    let values = value
        .as_array()
        .unwrap_or(std::slice::from_ref(value))
        .iter()
        .filter_map(Value::as_str);
    let unknown: Vec<&str> = values.filter(|term| !vocabulary.contains(term)).collect();
    for term in unknown.iter().filter(|term| !forms::is_term(term)) {
        let message = format!("`{}` is not written as terms are", values::shown(term));
        findings.add(
            &rule::OPEN_VOCABULARY_FORM,
            place,
            message,
            "use lower case, and hyphens between words",
        );
    }
    if !unknown.is_empty() {
        let terms: Vec<String> = unknown
            .iter()
            .take(8)
            .map(|term| format!("`{}`", values::shown(term)))
            .collect();
        let message = format!(
            "{} not in {}: {}",
            if terms.len() == 1 { "a value" } else { "values" },
            vocabulary.name,
            terms.join(", ")
        );
        findings.add(
            vocabulary.rule,
            place,
            message,
            format!("use one of: {}", vocabulary.terms.join(", ")),
        );
    }
}

fn kill_chains(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    if object
        .known
        .is_none_or(|known| known.property("kill_chain_phases").is_none())
    {
        return;
    }
    let Some(phases) = object.get("kill_chain_phases").and_then(Value::as_array) else {
        return;
    };
    let place = place.key("kill_chain_phases");
    for (index, phase) in phases.iter().enumerate() {
        let place = place.item(index);
        for name in ["kill_chain_name", "phase_name"] {
            if let Some(term) = phase.get(name).and_then(Value::as_str)
                && !forms::is_term(term)
            {
                let message = format!(
                    "`{}` is not written as names of kill chains are",
                    values::shown(term)
                );
                findings.add(
                    &rule::KILL_CHAIN_FORM,
                    &place.key(name),
                    message,
                    "use lower case, and hyphens between words",
                );
            }
        }
    }
}

/// The relationships that the standard suggests: source, type, targets.
const RELATIONSHIPS: &[(&str, &str, &[&str])] = &[
    ("attack-pattern", "delivers", &["malware"]),
    (
        "attack-pattern",
        "targets",
        &["identity", "location", "vulnerability"],
    ),
    ("attack-pattern", "uses", &["malware", "tool"]),
    ("campaign", "attributed-to", &["intrusion-set", "threat-actor"]),
    ("campaign", "compromises", &["infrastructure"]),
    ("campaign", "originates-from", &["location"]),
    ("campaign", "targets", &["identity", "location", "vulnerability"]),
    (
        "campaign",
        "uses",
        &["attack-pattern", "infrastructure", "malware", "tool"],
    ),
    ("course-of-action", "investigates", &["indicator"]),
    (
        "course-of-action",
        "mitigates",
        &["attack-pattern", "indicator", "malware", "tool", "vulnerability"],
    ),
    ("course-of-action", "remediates", &["malware", "vulnerability"]),
    (
        "domain-name",
        "resolves-to",
        &["domain-name", "ipv4-addr", "ipv6-addr"],
    ),
    ("identity", "located-at", &["location"]),
    ("indicator", "based-on", &["observed-data"]),
    (
        "indicator",
        "indicates",
        &[
            "attack-pattern",
            "campaign",
            "infrastructure",
            "intrusion-set",
            "malware",
            "threat-actor",
            "tool",
        ],
    ),
    (
        "infrastructure",
        "communicates-with",
        &["domain-name", "infrastructure", "ipv4-addr", "ipv6-addr", "url"],
    ),
    (
        "infrastructure",
        "consists-of",
        &["infrastructure", "observed-data"],
    ),
    ("infrastructure", "controls", &["infrastructure", "malware"]),
    ("infrastructure", "delivers", &["malware"]),
    ("infrastructure", "has", &["vulnerability"]),
    ("infrastructure", "hosts", &["malware", "tool"]),
    ("infrastructure", "located-at", &["location"]),
    ("infrastructure", "uses", &["infrastructure"]),
    ("intrusion-set", "attributed-to", &["threat-actor"]),
    ("intrusion-set", "compromises", &["infrastructure"]),
    ("intrusion-set", "hosts", &["infrastructure"]),
    ("intrusion-set", "originates-from", &["location"]),
    ("intrusion-set", "owns", &["infrastructure"]),
    (
        "intrusion-set",
        "targets",
        &["identity", "location", "vulnerability"],
    ),
    (
        "intrusion-set",
        "uses",
        &["attack-pattern", "infrastructure", "malware", "tool"],
    ),
    ("ipv4-addr", "belongs-to", &["autonomous-system"]),
    ("ipv4-addr", "resolves-to", &["mac-addr"]),
    ("ipv6-addr", "belongs-to", &["autonomous-system"]),
    ("ipv6-addr", "resolves-to", &["mac-addr"]),
    ("malware", "authored-by", &["intrusion-set", "threat-actor"]),
    ("malware", "beacons-to", &["infrastructure"]),
    (
        "malware",
        "communicates-with",
        &["domain-name", "ipv4-addr", "ipv6-addr", "url"],
    ),
    ("malware", "controls", &["malware"]),
    ("malware", "downloads", &["file", "malware", "tool"]),
    ("malware", "drops", &["file", "malware", "tool"]),
    ("malware", "exfiltrates-to", &["infrastructure"]),
    ("malware", "exploits", &["vulnerability"]),
    ("malware", "originates-from", &["location"]),
    ("malware", "targets", &["identity", "infrastructure", "location"]),
    (
        "malware",
        "uses",
        &["attack-pattern", "infrastructure", "malware", "tool"],
    ),
    ("malware", "variant-of", &["malware"]),
    ("malware-analysis", "analysis-of", &["malware"]),
    ("malware-analysis", "characterizes", &["malware"]),
    ("malware-analysis", "dynamic-analysis-of", &["malware"]),
    ("malware-analysis", "static-analysis-of", &["malware"]),
    ("threat-actor", "attributed-to", &["identity"]),
    ("threat-actor", "compromises", &["infrastructure"]),
    ("threat-actor", "hosts", &["infrastructure"]),
    ("threat-actor", "impersonates", &["identity"]),
    ("threat-actor", "located-at", &["location"]),
    ("threat-actor", "owns", &["infrastructure"]),
    (
        "threat-actor",
        "targets",
        &["identity", "location", "vulnerability"],
    ),
    (
        "threat-actor",
        "uses",
        &["attack-pattern", "infrastructure", "malware", "tool"],
    ),
    ("tool", "delivers", &["malware"]),
    ("tool", "drops", &["malware"]),
    ("tool", "has", &["vulnerability"]),
    (
        "tool",
        "targets",
        &["identity", "infrastructure", "location", "vulnerability"],
    ),
    ("tool", "uses", &["infrastructure"]),
    ("vulnerability", "impacts", &["infrastructure", "tool"]),
];

fn relationship(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    let type_of = |name| {
        object
            .text(name)
            .and_then(|id| id.rsplit_once("--"))
            .map(|(type_name, _)| type_name)
    };
    let (Some(kind), Some(source), Some(target)) = (
        object.text("relationship_type"),
        type_of("source_ref"),
        type_of("target_ref"),
    ) else {
        return;
    };
    // Every object can have these; and what is not to be linked at all, other rules tell.
    let is_common = matches!(kind, "derived-from" | "duplicate-of" | "related-to");
    let is_unlinkable =
        |name: &str| name == "bundle" || META_TYPES.contains(&name) || RELATIONSHIP_TYPES.contains(&name);
    if is_common || is_unlinkable(source) || is_unlinkable(target) {
        return;
    }
    let from = || RELATIONSHIPS.iter().filter(|(name, _, _)| *name == source);
    let way_out = match from().find(|(_, name, _)| *name == kind) {
        Some((_, _, targets)) if targets.contains(&target) => return,
        // An infrastructure consists of any observable.
        Some((_, "consists-of", _)) if OBSERVABLE_TYPES.contains(&target) => return,
        Some((_, _, targets)) => format!("it leads to: {}", targets.join(", ")),
        None => {
            let kinds: Vec<&str> = from().map(|(_, name, _)| *name).collect();
            format!("use `related-to`, or one of: {}", kinds.join(", "))
        }
    };
    let message = format!(
        "the standard knows no `{source}` that `{}` a `{target}`",
        values::shown(kind)
    );
    findings.add(
        &rule::RELATIONSHIP_TYPE,
        &place.key("relationship_type"),
        message,
        way_out,
    );
}

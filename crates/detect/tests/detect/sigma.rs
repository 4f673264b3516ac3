//! Sigma rules over events, through everything: text, pipelines, table, telemetry.

use crate::{naive, shared};
use entente_detect::rules::{Field, FieldNames, Leaf, Matcher, Rules, from_sigma};
use entente_sigma::{Collection, Pipelines, Reason};
use entente_stix::json::{self, Value};
use entente_telemetry::{Defect, Kind, Observed, Record, Scratch, Source, Visitor};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Matches each record, and compares with what conditions mean where it is told the leaves.
struct Matching<'r> {
    rules: &'r Rules,
    matcher: Matcher,
    leaves: Option<&'r [Leaf]>,
    hits: Vec<u32>,
    records: usize,
}

impl<'r> Matching<'r> {
    fn new(rules: &'r Rules) -> Self {
        Matching {
            rules,
            matcher: Matcher::new(),
            leaves: None,
            hits: Vec::new(),
            records: 0,
        }
    }

    fn read(&mut self, log: &[u8]) {
        let mut source = Source::open(log, "log").unwrap();
        let mut scratch = Scratch::new();
        while let Some(batch) = source.next().unwrap() {
            batch.visit(self, &mut scratch);
            source.recycle(batch);
        }
    }
}

impl Visitor for Matching<'_> {
    fn wants(&self, _: Kind) -> bool {
        false
    }
    fn observed(&mut self, _: Observed<'_>) {}
    fn names(&self) -> Option<&FieldNames> {
        Some(self.rules.names())
    }
    fn fields(&mut self, fields: &[Field<'_>]) {
        let hits = self.rules.matching(fields, &mut self.matcher);
        if let Some(leaves) = self.leaves {
            assert_eq!(
                hits,
                naive::matching(leaves, self.rules.names(), fields),
                "{fields:?}"
            );
        }
        self.hits.extend(hits);
    }
    fn record(&mut self, _: &Record<'_>) {
        self.records += 1;
    }
    fn defect(&mut self, defect: Defect) {
        panic!("{defect:?}");
    }
}

/// Every rule there is, for every kind of event that our pipelines know.
struct All {
    rules: Rules,
    leaves: Vec<Leaf>,
    /// By leaf, the rule's id.
    ids: Vec<String>,
    names: BTreeSet<String>,
}

fn all() -> Option<&'static All> {
    static ALL: OnceLock<Option<All>> = OnceLock::new();
    let compile = || {
        let folder = shared::folder("data/sigma")?;
        let pipelines = Pipelines::builtin().unwrap();
        let (mut leaves, mut ids, mut names) = (Vec::new(), Vec::new(), BTreeSet::new());
        for path in files(&folder, "yml") {
            for rule in Collection::read(&std::fs::read_to_string(&path).unwrap()).rules {
                let id = rule.meta.id.clone().unwrap_or_default();
                names.insert(id.clone());
                let prepared = match pipelines.prepare(&rule) {
                    Ok(prepared) => prepared,
                    // Lists that every site has its own of; nobody filled them here.
                    Err(refusal) => {
                        assert!(matches!(refusal.reason, Reason::Placeholder(_)), "{refusal}");
                        continue;
                    }
                };
                for variant in prepared.variants {
                    let Some(route) = &variant.route else { continue };
                    let leaf = Leaf {
                        gate: from_sigma(route).unwrap(),
                        condition: from_sigma(&variant.expression).unwrap(),
                    };
                    leaves.push(leaf);
                    ids.push(id.clone());
                }
            }
        }
        let (rules, refusals) = Rules::compile(&leaves, 7);
        assert_eq!(refusals, []);
        Some(All {
            rules,
            leaves,
            ids,
            names,
        })
    };
    ALL.get_or_init(compile).as_ref()
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|known| known == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn each_regression_pair_fires() {
    let Some(all) = all() else { return };
    let folder = shared::folder("data/sigma/regression-sample").unwrap();
    let mut silent = Vec::new();
    for path in files(&folder, "evtx").into_iter().chain(files(&folder, "json")) {
        let mut matching = Matching::new(&all.rules);
        matching.read(&std::fs::read(&path).unwrap());
        let id = path.file_stem().unwrap().to_str().unwrap();
        assert!(all.names.contains(id), "{id}");
        let fired = matching.hits.iter().any(|hit| all.ids[*hit as usize] == id);
        if !fired || matching.records == 0 {
            silent.push(path.file_name().unwrap().to_owned());
        }
    }
    assert!(silent.is_empty(), "{silent:?}");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "who runs a longer campaign says so")]
fn real_rules_find_in_real_logs_what_they_mean() {
    let Some(all) = all() else { return };
    let every = std::env::var("ENTENTE_RULES_EVERY")
        .ok()
        .and_then(|every| every.parse().ok())
        .unwrap_or(31);
    let logs = shared::folder("data/logs").unwrap();
    let mut records = 0;
    for path in files(&logs.join("windows-json"), "json")
        .into_iter()
        .chain(files(&logs.join("zeek"), "json"))
    {
        let text = std::fs::read_to_string(path).unwrap();
        let sample: Vec<&str> = text.lines().step_by(every).take(150 / every).collect();
        let mut matching = Matching::new(&all.rules);
        matching.leaves = Some(&all.leaves);
        matching.read((sample.join("\n") + "\n").as_bytes());
        records += matching.records;
    }
    assert!(records > 30, "{records}");
}

/// Where hayabusa's verdict is not ours: the case, and why.
const OVERRULED: &[(&str, &str)] = &[
    (
        "hy048",
        "a map below a field is no value (Sigma 2.1 rules, `Value`): the rule is refused",
    ),
    (
        "hy096",
        "a map below a field is no value (Sigma 2.1 rules, `Value`): the rule is refused",
    ),
    (
        "hy086",
        "`neq` needs a value that differs; a missing field is what `not` is for",
    ),
    (
        "hy108",
        "`base64` encodes the whole value, its padding too; `base64offset` is what leaves it out",
    ),
    (
        "hy114",
        "`base64` encodes the whole value, its padding too; `base64offset` is what leaves it out",
    ),
    (
        "hy112",
        "modifiers are applied in order: `contains` adds wildcards, which `base64` cannot encode",
    ),
    (
        "hy226",
        "`EventData` names what fields lie in, and has no value of its own",
    ),
];

#[test]
fn cases_of_one_rule_and_one_event() {
    let Some(text) = shared::read("cases/sigma_hayabusa_select.json") else {
        return;
    };
    let file = json::read(&text).unwrap();
    let mut wrong = Vec::new();
    let mut done = 0;
    for case in file.get("cases").and_then(Value::as_array).unwrap() {
        let id = case.get("id").and_then(Value::as_str).unwrap();
        let rule = case.get("rule").and_then(Value::as_str).unwrap();
        let dialect = [
            "endswithfield",
            "equalsfield",
            "regexes",
            "allowlist",
            "min_length",
        ];
        if dialect.iter().any(|word| rule.contains(word)) {
            continue;
        }
        done += 1;
        let expected = *case.get("expect").unwrap() == Value::Bool(true);
        let found = match compiled(rule) {
            Ok(rules) => {
                let event = case.get("event").and_then(|event| event.get("Event")).unwrap();
                let mut matching = Matching::new(&rules);
                matching.read(format!("{{\"Event\":{}}}\n", event.canonical()).as_bytes());
                assert_eq!(matching.records, 1);
                Ok(!matching.hits.is_empty())
            }
            Err(reason) => Err(reason),
        };
        let is_overruled = OVERRULED.iter().any(|(overruled, _)| *overruled == id);
        if (found == Ok(expected)) == is_overruled {
            wrong.push(format!("{id} expected {expected}, found {found:?}:{rule}"));
        }
    }
    assert_eq!(done, 107);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A rule in hayabusa's dialect: no head, and no condition where there is one selection.
pub(crate) fn compiled(rule: &str) -> Result<Rules, String> {
    let lines = rule.lines().filter(|line| !line.trim().is_empty());
    let margin = lines
        .clone()
        .map(|line| line.len() - line.trim_start().len())
        .min()
        .unwrap_or_default();
    let mut text = String::from("title: case\nlogsource:\n    product: windows\n");
    for line in lines {
        text += line.get(margin..).unwrap_or_default();
        text += "\n";
        if line.trim() == "detection:" && !rule.contains("condition:") {
            text += "    condition: selection\n";
        }
    }
    let rule = entente_sigma::one_rule(&text).map_err(|refusal| refusal.to_string())?;
    let expression = rule.expression().map_err(|refusal| refusal.to_string())?;
    let leaf = Leaf {
        gate: entente_detect::rules::Condition::True,
        condition: from_sigma(&expression)?,
    };
    let (rules, refusals) = Rules::compile([&leaf], 1);
    match refusals.first() {
        Some(refusal) => Err(refusal.reason.clone()),
        None => Ok(rules),
    }
}

/// Whether a rule with these lines below its only selection matches a record with these members.
pub(crate) fn matches(selection: &str, event: &str) -> bool {
    let rule = format!("detection:\n    selection:\n        {selection}\n    condition: selection\n");
    found(&compiled(&rule).unwrap(), event)
}

/// Whether one of the rules matches a record with these members.
pub(crate) fn found(rules: &Rules, event: &str) -> bool {
    let mut matching = Matching::new(rules);
    matching.read(format!("{{\"EventID\":1,\"Channel\":\"c\",\"Hostname\":\"h\",{event}}}\n").as_bytes());
    assert_eq!(matching.records, 1);
    !matching.hits.is_empty()
}

#[test]
fn values_meet_events_as_the_text_has_it() {
    let check = |selection: &str, event: &str, expected: bool| {
        assert_eq!(matches(selection, event), expected, "{selection} {event}");
    };
    // Case is folded as Unicode has it; expressions and `cased` mind it.
    check("f: ПРИВЕТ", r#""f":"привет""#, true);
    check("f: kelvin", "\"f\":\"\u{212a}ELVIN\"", true);
    check("f|cased: Abc", r#""f":"abc""#, false);
    check("f|re: ABC", r#""f":"abc""#, false);
    check("f|re|i: ABC", r#""f":"xabcx""#, true);
    // Escapes: a backslash stands for itself unless a wildcard or backslash follows.
    check(r"f: C:\\*\\x", r#""f":"C:\\a\\x""#, true);
    check(r"f: a\*b", r#""f":"a*b""#, true);
    check(r"f: a\*b", r#""f":"axb""#, false);
    // Wildcards cross line ends, and `?` is one character.
    check("f|contains: 'a*b'", r#""f":"xa\r\nbx""#, true);
    check("f: 'a?b'", r#""f":"a\u00e9b""#, true);
    check("f: 'a?b'", r#""f":"ab""#, false);
    // Null is absent or null; the empty text is only itself; `exists` asks for presence.
    check("f: null", r#""g":1"#, true);
    check("f: null", r#""f":null"#, true);
    check("f: null", r#""f":"""#, false);
    check("f: ''", r#""f":"""#, true);
    check("f: ''", r#""g":1"#, false);
    check("f|exists: true", r#""f":null"#, true);
    check("f|exists: false", r#""g":1"#, true);
    // All of several values; one of several.
    check("f|contains|all: [a, b]", r#""f":"xbxa""#, true);
    check("f|contains|all: [a, b]", r#""f":"xa""#, false);
    check("f|contains: [a, b]", r#""f":"xa""#, true);
    // Another field.
    check("f|fieldref: g", r#""f":"A","g":"a""#, true);
    check("f|fieldref: g", r#""f":"A""#, false);
    // `neq` wants a value that differs.
    check("f|neq: x", r#""g":1"#, false);
    check("f|neq: x", r#""f":"y""#, true);
    check("f|neq: x", r#""f":["x","y"]"#, false);
    // Lists: one element suffices.
    check("f: x", r#""f":["y","X"]"#, true);
    // Numbers and texts of numbers are the same; comparisons convert.
    check("f: 4625", r#""f":"4625""#, true);
    check("f: '4625'", r#""f":4625"#, true);
    check("f|lt: 10", r#""f":"9.5""#, true);
    check("f|gte: 10", r#""f":"nine""#, false);
    check("f: true", r#""f":"True""#, true);
    // Networks; IPv4 mapped into IPv6 is IPv4.
    check("f|cidr: 10.0.0.0/8", r#""f":"10.1.2.3""#, true);
    check("f|cidr: 10.0.0.0/8", r#""f":"::ffff:10.1.2.3""#, true);
    check("f|cidr: 10.0.0.0/8", r#""f":"11.1.2.3""#, false);
    check("f|cidr: 2001:db8::/32", r#""f":"2001:db8::1""#, true);
    // Keywords are anywhere, in any value.
    check("- needle", r#""f":"hay needles","g":1"#, true);
    check("- needle", r#""f":"hay""#, false);
}

//! The rules of a decision once more, naively: no Cedar, no classes, on `serde_json`'s values. Slow, and
//! written from the rules, not from the product.

use entente_policy::agreement::{Agreement, Clause, Parties};
use entente_policy::handling::{Pap, Tlp};
use entente_policy::{Audience, Condition, Provenance, Standing, Surroundings};
use entente_stix::id;
use entente_stix::object::{Class, OBSERVABLE_TYPES};
use entente_stix::time::Timestamp;
use entente_stix::validate::{self, Severity, tables};
use serde_json::{Map, Value, json};

/// What the rules say.
#[derive(Debug, PartialEq)]
pub(crate) enum Ruling {
    Goes {
        clause: String,
        whole: bool,
        value: Value,
    },
    /// The nearest clause, and what stands in the way.
    Denied {
        nearest: Option<String>,
        failing: Vec<Condition>,
    },
    Stays(&'static str),
}

pub(crate) struct Asked<'a> {
    pub(crate) agreement: &'a Agreement,
    pub(crate) owner: &'a str,
    pub(crate) audience: &'a Audience,
    pub(crate) object: &'a Value,
    pub(crate) provenance: Provenance<'a>,
    pub(crate) standing: &'a Standing,
    pub(crate) now: Timestamp,
    pub(crate) around: &'a dyn Surroundings,
}

struct Marks {
    tlp: Option<Tlp>,
    pap: Option<Pap>,
}

pub(crate) fn rule(asked: &Asked<'_>) -> Ruling {
    let agreement = asked.agreement;
    if *asked.standing != Standing::InForce || asked.now < agreement.from || asked.now >= agreement.until {
        return Ruling::Stays("not-in-force");
    }
    let Some(marks) = marks_of(asked.object, asked.around) else {
        return Ruling::Stays("marking");
    };
    let labels = match asked.object.get("labels") {
        None => Vec::new(),
        Some(Value::Array(list)) if list.iter().all(Value::is_string) => list
            .iter()
            .map(|label| label.as_str().unwrap().trim().to_lowercase())
            .collect(),
        Some(_) => return Ruling::Stays("unreadable"),
    };
    let mut rules = Vec::new();
    if let Provenance::Received {
        agreement: under,
        redistribute,
        ..
    } = asked.provenance
    {
        if !redistribute {
            rules.push(Condition::Redistribution);
        }
        if under == agreement.id {
            rules.push(Condition::Return);
        }
    }
    let name = |id: &str| {
        &agreement
            .parties
            .iter()
            .find(|member| member.identity == id)
            .unwrap()
            .name
    };
    let has = |parties: &Parties, id: &str| match parties {
        Parties::All => true,
        Parties::Named(names) => names.contains(name(id)),
    };
    let reaching = agreement.clauses.iter().filter(|clause| {
        has(&clause.from, asked.owner)
            && asked
                .audience
                .members
                .iter()
                .all(|member| has(&clause.to, member))
    });
    let failing: Vec<(&Clause, Vec<Condition>)> = reaching
        .map(|clause| (clause, fails(asked, clause, &marks, &labels)))
        .collect();
    let good: Vec<&Clause> = failing
        .iter()
        .filter(|(_, failing)| failing.is_empty())
        .map(|(clause, _)| *clause)
        .collect();
    if good.is_empty() || !rules.is_empty() {
        let mut nearest: Option<&(&Clause, Vec<Condition>)> = None;
        for one in &failing {
            if nearest.is_none_or(|best| one.1.len() < best.1.len()) {
                nearest = Some(one);
            }
        }
        rules.extend(nearest.iter().flat_map(|(_, failing)| failing.iter().copied()));
        return Ruling::Denied {
            nearest: nearest.map(|(clause, _)| clause.name.clone()),
            failing: rules,
        };
    }
    let mut first = None;
    for clause in good {
        match form(asked, clause) {
            Ok(value) => {
                let whole = value == *asked.object;
                return Ruling::Goes {
                    clause: clause.name.clone(),
                    whole,
                    value,
                };
            }
            Err(code) => first = first.or(Some(code)),
        }
    }
    Ruling::Stays(first.unwrap())
}

fn fails(asked: &Asked<'_>, clause: &Clause, marks: &Marks, labels: &[String]) -> Vec<Condition> {
    let object = asked.object;
    let mut fails = Vec::new();
    if !clause.types.contains(object["type"].as_str().unwrap()) {
        fails.push(Condition::Type);
    }
    if marks
        .tlp
        .or(clause.unmarked)
        .is_none_or(|level| level > clause.markings_up_to)
    {
        fails.push(Condition::Marking);
    }
    if let (Some(ceiling), Some(level)) = (clause.pap_up_to, marks.pap)
        && level > ceiling
    {
        fails.push(Condition::Pap);
    }
    if let Some(least) = clause.confidence_at_least {
        let stated = object.get("confidence").and_then(Value::as_f64);
        let stated = stated.filter(|stated| stated.fract() == 0.0 && (0.0..=100.0).contains(stated));
        if stated.is_none_or(|stated| stated < f64::from(least)) {
            fails.push(Condition::Confidence);
        }
    }
    let has = |label: &String| labels.contains(&label.trim().to_lowercase());
    if !clause.labels_any.is_empty() && !clause.labels_any.iter().any(has) {
        fails.push(Condition::LabelsAny);
    }
    if clause.labels_none.iter().any(has) {
        fails.push(Condition::LabelsNone);
    }
    if let Some(greatest) = clause.not_older_than {
        let time = ["modified", "created"]
            .iter()
            .find_map(|key| object.get(key)?.as_str());
        let age = time.map(|time| asked.now.micros() - Timestamp::parse(time).unwrap().micros());
        if age.is_none_or(|age| age > greatest as i64 * 1_000_000) {
            fails.push(Condition::Age);
        }
    }
    fails
}

fn one_mark(id: &str, around: &dyn Surroundings) -> Option<Marks> {
    if let Some(tlp) = Tlp::of_definition_id(id) {
        return Some(Marks {
            tlp: Some(tlp),
            pap: None,
        });
    }
    let facts = around.marking(id)?;
    facts.known.then_some(Marks {
        tlp: facts.tlp,
        pap: facts.pap,
    })
}

fn marks_of(object: &Value, around: &dyn Surroundings) -> Option<Marks> {
    let mut marks = Marks { tlp: None, pap: None };
    if let Some(refs) = object.get("object_marking_refs") {
        for id in refs.as_array()? {
            let one = one_mark(id.as_str()?, around)?;
            marks.tlp = marks.tlp.max(one.tlp);
            marks.pap = marks.pap.max(one.pap);
        }
    }
    Some(marks)
}

/// Whether an object is TLP:CLEAR as a whole and in each part, with no PAP above PAP:CLEAR.
pub(crate) fn is_clear(object: &Value, around: &dyn Surroundings) -> bool {
    marks_of(object, around).is_some_and(|marks| marks.tlp == Some(Tlp::Clear) && is_open(&marks))
        && parts_are_clear(object, around)
}

fn is_open(marks: &Marks) -> bool {
    !matches!(marks.tlp, Some(tlp) if tlp != Tlp::Clear)
        && !matches!(marks.pap, Some(pap) if pap != Pap::Clear)
}

fn parts_are_clear(value: &Value, around: &dyn Surroundings) -> bool {
    let one = |granular: &Value| {
        let Some(selectors) = granular.get("selectors").and_then(Value::as_array) else {
            return false;
        };
        let selects = |selector: &Value| {
            let selector = selector.as_str();
            selector.is_some_and(|selector| follow(&mut value.clone(), selector).is_some())
        };
        match (granular.get("marking_ref"), granular.get("lang")) {
            (None, Some(lang)) => lang.is_string(),
            (Some(Value::String(id)), None) => {
                !selectors.is_empty()
                    && selectors.iter().all(selects)
                    && one_mark(id, around).is_some_and(|marks| is_open(&marks))
            }
            _ => false,
        }
    };
    let granular = match value.get("granular_markings") {
        None => true,
        Some(Value::Array(list)) => list.iter().all(one),
        Some(_) => false,
    };
    let inside: Vec<&Value> = match value {
        Value::Array(list) => list.iter().collect(),
        Value::Object(map) => map.values().collect(),
        _ => Vec::new(),
    };
    granular
        && inside.into_iter().all(|part| {
            marks_of(part, around).is_some_and(|marks| is_open(&marks)) && parts_are_clear(part, around)
        })
}

fn gone() -> Value {
    json!("\u{0}gone")
}

fn form(asked: &Asked<'_>, clause: &Clause) -> Result<Value, &'static str> {
    let object = asked.object;
    let own = object["id"].as_str().unwrap();
    let may = |id: &str| {
        id == own
            || Tlp::of_definition_id(id).is_some()
            || asked.agreement.parties.iter().any(|member| member.identity == id)
            || asked.around.is_released(id)
    };
    for id in object
        .get("object_marking_refs")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        if !may(id.as_str().unwrap()) {
            return Err("marking-not-released");
        }
    }
    let original = object["object_ref"].as_str().unwrap_or_default();
    if object["type"] == "language-content"
        && asked.around.is_released(original)
        && !asked.around.is_whole(original)
    {
        return Err("translates-parts");
    }
    let over = |id: &str| {
        let within = |marks: Marks| {
            marks.tlp.is_none_or(|tlp| tlp <= clause.markings_up_to)
                && clause
                    .pap_up_to
                    .is_none_or(|ceiling| marks.pap.is_none_or(|pap| pap <= ceiling))
        };
        !may(id) || !one_mark(id, asked.around).is_some_and(within)
    };
    // Every part is replaced by a sign, later swept away.
    let mut marked = object.clone();
    let mut above = false;
    let mut name_marked = false;
    for granular in object
        .get("granular_markings")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let Some(marking) = granular.get("marking_ref") else {
            continue;
        };
        for selector in granular["selectors"].as_array().unwrap() {
            let selector = selector.as_str().unwrap();
            if follow(&mut object.clone(), selector).is_none() {
                return Err("unreadable");
            }
            if over(marking.as_str().unwrap()) {
                above = true;
                name_marked |= selector == "name";
                if let Some(place) = follow(&mut marked, selector) {
                    *place = gone();
                }
            }
        }
    }
    for (key, inside) in marked.as_object_mut().unwrap() {
        if key != "granular_markings" {
            above |= sweep_marked_inside(inside, &over);
        }
    }
    if above && !clause.redact {
        return Err("part-above");
    }
    if clause.drop_custom {
        drop_custom(&mut marked)?;
    }
    for (key, inside) in marked.as_object_mut().unwrap() {
        let in_graph = key == "objects" && object["type"] == "observed-data";
        if key != "granular_markings" {
            take_ids(inside, &may, if in_graph { 2 } else { 0 });
        }
    }
    // Whole, even where a selector selects nothing.
    if marked == *object {
        return not_told(object, &may).map_or_else(|| Ok(object.clone()), Err);
    }
    let swept = sweep(object, &marked).unwrap();
    if let Some(code) = not_told(&swept, &may) {
        return Err(code);
    }
    if swept == *object {
        return Ok(swept);
    }
    let tells = matches!(own.as_bytes()[own.len() - 22], b'3' | b'5');
    let type_name = object["type"].as_str().unwrap();
    if tells && OBSERVABLE_TYPES.contains(&type_name) {
        let same = id::contributing(type_name)
            .iter()
            .all(|key| object.get(key) == swept.get(key));
        if !same {
            return Err("id-tells");
        }
    } else if tells && name_marked {
        return Err("id-tells");
    }
    let text = swept.to_string();
    let value = entente_stix::json::read(text.as_bytes()).unwrap();
    match validate::object(&value)
        .iter()
        .any(|finding| finding.severity == Severity::Error)
    {
        true => Err("rest"),
        false => Ok(swept),
    }
}

fn follow<'v>(value: &'v mut Value, selector: &str) -> Option<&'v mut Value> {
    selector.split('.').try_fold(value, |value, step| {
        match step.strip_prefix('[').and_then(|step| step.strip_suffix(']')) {
            Some(place) => value.as_array_mut()?.get_mut(place.parse::<usize>().ok()?),
            None => value.as_object_mut()?.get_mut(step),
        }
    })
}

fn sweep_marked_inside(value: &mut Value, over: &dyn Fn(&str) -> bool) -> bool {
    match value {
        Value::Object(map) => {
            let refs = map.get("object_marking_refs");
            let refs = refs.and_then(Value::as_array).cloned().unwrap_or_default();
            if refs.iter().any(|id| over(id.as_str().unwrap())) {
                *value = gone();
                return true;
            }
            map.values_mut()
                .fold(false, |found, inner| sweep_marked_inside(inner, over) | found)
        }
        Value::Array(list) => list
            .iter_mut()
            .fold(false, |found, inner| sweep_marked_inside(inner, over) | found),
        _ => false,
    }
}

/// The made-up objects have custom content in three places only.
fn drop_custom(object: &mut Value) -> Result<(), &'static str> {
    let type_name = object["type"].as_str().unwrap().to_owned();
    if Class::of_type(&type_name) == Class::Custom {
        return Err("custom-type");
    }
    let known = tables::find(&type_name).unwrap();
    for (key, value) in object.as_object_mut().unwrap() {
        if known.property(key).is_none() || key == "extensions" {
            *value = gone();
        }
    }
    if let Some(translations) = object.pointer_mut("/contents/de/x_own") {
        *translations = gone();
    }
    Ok(())
}

/// `graph` is 2 at the `objects` of observed data, 1 at one of them.
fn take_ids(value: &mut Value, may: &dyn Fn(&str) -> bool, graph: usize) {
    match value {
        Value::String(text) if id::is_id(text) && !may(text) => *value = gone(),
        Value::Array(list) => list.iter_mut().for_each(|inner| take_ids(inner, may, 0)),
        Value::Object(map) => {
            let own = map.get("id").and_then(Value::as_str).filter(|own| id::is_id(own));
            if own.is_some_and(|own| graph != 1 || !may(own)) {
                *value = gone();
                return;
            }
            for (key, inner) in map {
                match id::is_id(key) && !may(key) {
                    true => *inner = gone(),
                    false => take_ids(inner, may, graph.saturating_sub(1)),
                }
            }
        }
        _ => {}
    }
}

/// Sweeps what is gone, and what became empty by it; leads selectors to where their part is now.
fn sweep(object: &Value, marked: &Value) -> Option<Value> {
    let mut swept = sweep_value(marked)?;
    let granular = object.get("granular_markings").and_then(Value::as_array);
    let led: Vec<Value> = granular
        .into_iter()
        .flatten()
        .filter_map(|one| lead(object, marked, one))
        .collect();
    let map = swept.as_object_mut().unwrap();
    map.remove("granular_markings");
    if !led.is_empty() {
        map.insert("granular_markings".to_owned(), json!(led));
    }
    Some(swept)
}

fn sweep_value(value: &Value) -> Option<Value> {
    if *value == gone() {
        return None;
    }
    let swept = match value {
        Value::Array(list) => Value::Array(list.iter().filter_map(sweep_value).collect()),
        Value::Object(map) => {
            let members = map
                .iter()
                .filter_map(|(key, inner)| Some((key.clone(), sweep_value(inner)?)));
            Value::Object(members.collect::<Map<String, Value>>())
        }
        other => other.clone(),
    };
    let emptied = swept == json!([]) || swept == json!({});
    (!emptied || swept == *value).then_some(swept)
}

fn lead(object: &Value, marked: &Value, granular: &Value) -> Option<Value> {
    let selectors = granular["selectors"].as_array()?.iter().filter_map(|selector| {
        follow(&mut object.clone(), selector.as_str()?)?;
        let mut here = marked;
        let mut led = Vec::new();
        for step in selector.as_str()?.split('.') {
            let place = step.strip_prefix('[').and_then(|step| step.strip_suffix(']'));
            here = match place {
                Some(place) => {
                    let (place, list) = (place.parse::<usize>().ok()?, here.as_array()?);
                    let before = list[..place]
                        .iter()
                        .filter(|one| sweep_value(one).is_some())
                        .count();
                    led.push(format!("[{before}]"));
                    list.get(place)?
                }
                None => {
                    led.push(step.to_owned());
                    here.get(step)?
                }
            };
            sweep_value(here)?;
        }
        Some(json!(led.join(".")))
    });
    let selectors: Vec<Value> = selectors.collect();
    let mut granular = granular.clone();
    granular["selectors"] = json!(selectors);
    (!selectors.is_empty()).then_some(granular)
}

/// Every text against every way to begin an id in it.
fn not_told(value: &Value, may: &dyn Fn(&str) -> bool) -> Option<&'static str> {
    let text_tells = |text: &str| {
        if id::is_id(text) {
            return !may(text);
        }
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (0..text.len()).any(|start| {
            let begins = start == 0 || !is_part(text.as_bytes()[start - 1]);
            let ends = (start..text.len()).filter_map(|end| text.get(start..=end));
            begins
                && ends
                    .into_iter()
                    .any(|piece| id::is_id(&piece.to_lowercase()) && !may(piece))
        })
    };
    let tells = match value {
        Value::String(text) => text_tells(text),
        Value::Array(list) => return list.iter().find_map(|inner| not_told(inner, may)),
        Value::Object(map) => {
            return map.iter().find_map(|(key, inner)| match text_tells(key) {
                true => Some("mentions"),
                false => not_told(inner, may),
            });
        }
        _ => false,
    };
    tells.then_some("mentions")
}

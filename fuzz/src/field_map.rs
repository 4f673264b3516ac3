//! The field map of patterns over telemetry.

use entente_detect::{
    rules::{Field, FieldNames, Matcher, Rules, Value},
    sco::{Comparing, Map, Projection, Projector, from_stix},
};

/// Values that the transforms of maps look for.
const VALUES: [Value<'static>; 8] = [
    Value::Text("conn"),
    Value::Text("192.0.2.1"),
    Value::Text("2001:DB8::1,example.org."),
    Value::Number("443"),
    Value::Text(r"HKLM\Software\evil"),
    Value::Text("MD5=D41D8CD98F00B204E9800998ECF8427E"),
    Value::Null,
    Value::Text("cafe\u{301}"),
];

/// A map: read, or refused at a line with a reason; what is read gives objects and rows of any event, and patterns
/// match the rows of no event of which they say that none can match.
pub fn field_map(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let map = match Map::read([("fuzz", text)]) {
        Ok(map) => map,
        Err(error) => return assert!(error.line <= text.lines().count() && !error.reason.is_empty()),
    };
    assert!(
        map.versions()
            .all(|(name, version)| name == "fuzz" && version > 0)
    );
    let schema = text.lines().find_map(|line| line.trim().strip_prefix("for "));
    let schema = schema
        .and_then(|schemas| schemas.split_whitespace().next())
        .unwrap_or_default();
    let whole = Projection::whole(&map);
    let types = map.types();
    for turn in 0..VALUES.len() {
        let event = event(whole.names(), schema, turn);
        for object in whole.objects(&event, &mut Projector::new()) {
            let found = object.get("type").and_then(|name| name.as_str()).expect("a type");
            assert!(types.contains(found), "{found}");
        }
    }
    for pattern in [
        "[NOT EXISTS network-traffic:src_ref.value]",
        "[file:hashes[*].x != 1]",
        "[a:b.c[*] IN ('conn', 443)]",
    ] {
        matched(&map, pattern, schema);
    }
}

fn matched(map: &Map, pattern: &str, schema: &str) {
    let pattern = entente_stix::pattern::parse(pattern).expect("a pattern");
    let Ok(rule) = from_stix(&pattern, map, Comparing::Canonical) else {
        return;
    };
    let (rules, _) = Rules::compile(rule.parts.iter().map(|part| &part.leaf), 1);
    let projection = Projection::new(map, rules.names());
    let (mut projector, mut matcher) = (Projector::new(), Matcher::new());
    for turn in 0..VALUES.len() {
        let event = event(projection.names(), schema, turn);
        projection.rows(&event, &mut projector, |row| {
            assert!(rules.matching(row, &mut matcher).is_empty() || rule.can_match);
        });
    }
}

/// Each field with a value, some with two.
fn event<'t>(names: &FieldNames, schema: &'t str, turn: usize) -> Vec<Field<'t>> {
    let mut event = Vec::new();
    for number in 0..u32::try_from(names.len()).unwrap_or(u32::MAX) {
        let at = |more: usize| VALUES[(number as usize + turn + more) % VALUES.len()];
        let value = match names.name(number) {
            Some(FieldNames::SCHEMA) => Value::Text(schema),
            _ => at(0),
        };
        event.push(Field { number, value });
        if number % 3 == 2 {
            event.push(Field { number, value: at(1) });
        }
    }
    event
}

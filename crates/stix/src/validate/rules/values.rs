//! Whether a value has the shape that the tables give it.

use super::super::findings::{Findings, Place};
use super::super::rule::{self, Rule};
use super::super::schema::{AnyOf, Others, Property, Shape, Structure, Target};
use super::super::{forms, language, registry};
use super::{Object, Setting, properties, references, timestamps};
use crate::json::{Map, Value};
use crate::pattern::HashForm;

/// Checks one value against its shape.
pub(super) fn check(
    object: &Object<'_>,
    shape: &Shape,
    value: &Value<'_>,
    place: &Place<'_>,
    findings: &mut Findings,
) {
    if matches!(value, Value::Null) {
        findings.add(
            &rule::NULL_VALUE,
            place,
            "the value is null",
            "leave the property out instead",
        );
        return;
    }
    match shape {
        Shape::Any | Shape::Graph | Shape::Extensions => empty(value, place, findings),
        Shape::Boolean => is_type(value.as_bool().is_some(), "true or false", value, place, findings),
        Shape::Integer { min, max } => integer(*min, *max, value, place, findings),
        Shape::Number { min, max } => number(*min, *max, value, place, findings),
        Shape::List(item) => list(object, item, value, place, findings),
        Shape::Object(inner) => {
            if let Some(map) = expect_object(value, place, findings) {
                structure(object, inner, map, place, findings);
            }
        }
        Shape::Dictionary(item) => dictionary(object, item, value, place, findings),
        Shape::Hashes => hashes(value, place, findings),
        Shape::StartupInfo => startup_info(value, place, findings),
        Shape::TextOrInteger => {
            let fits = value.as_str().is_some() || value.as_i64().is_some();
            is_type(fits, "a string or a whole number", value, place, findings);
        }
        Shape::TextOrTexts if value.as_array().is_some() => {
            list(object, &Shape::Text, value, place, findings)
        }
        _ => match value.as_str() {
            Some(text) => self::text(object, shape, text, place, findings),
            None => is_type(false, "a string", value, place, findings),
        },
    }
}

/// Checks the properties of a structure.
pub(super) fn structure(
    object: &Object<'_>,
    structure: &Structure,
    map: &Map<'_>,
    place: &Place<'_>,
    findings: &mut Findings,
) {
    if map.is_empty() {
        findings.add(
            &rule::EMPTY_VALUE,
            place,
            format!("the {} is empty", structure.name),
            "leave it out instead",
        );
        return;
    }
    properties::required(structure.properties.iter(), map, structure.name, place, findings);
    let one_of = match structure.any_of {
        AnyOf::Nothing => true,
        AnyOf::Own => map.keys().any(|name| structure.property(name).is_some()),
        AnyOf::These(names) => names.iter().any(|name| map.contains_key(name)),
    };
    if !one_of {
        let names: Vec<&str> = match structure.any_of {
            AnyOf::These(names) => names.to_vec(),
            _ => structure
                .properties
                .iter()
                .map(|property| property.name)
                .collect(),
        };
        properties::report_any_of(structure.name, &names, place, findings);
    }
    for (name, value) in map.iter() {
        let place = place.key(name);
        match (structure.property(name), structure.others) {
            (Some(Property { shape, .. }), _) => check(object, shape, value, &place, findings),
            (None, Others::Free) => {}
            (None, Others::Custom) if !object.is_observable_setting() => {}
            (None, Others::Custom) => findings.add(
                &rule::CUSTOM_PROPERTY,
                &place,
                format!("`{name}` is not a property of {}", structure.name),
                "put it into a property extension of its own",
            ),
            (None, Others::Forbidden) => findings.add(
                &rule::FORBIDDEN_PROPERTY,
                &place,
                format!("{} has no property `{name}`", structure.name),
                "leave it out",
            ),
        }
    }
}

/// A text of one of the many kinds.
fn text(object: &Object<'_>, shape: &Shape, text: &str, place: &Place<'_>, findings: &mut Findings) {
    match shape {
        Shape::Timestamp => timestamps::form(text, timestamps::Precision::Any, place, findings),
        Shape::TimestampToTheMillisecond => {
            timestamps::form(text, timestamps::Precision::Millisecond, place, findings);
        }
        Shape::TimestampToTheSecond => timestamps::form(text, timestamps::Precision::Second, place, findings),
        Shape::TypeName => properties::type_name(text, place, findings),
        Shape::SpecVersion => properties::spec_version(text, place, findings),
        Shape::Identifier(target) => identifier(object, *target, text, place, findings),
        Shape::RegistryKey => registry_key(text, place, findings),
        Shape::Enumeration(values) if !values.contains(&text) => findings.add(
            &rule::ENUMERATION,
            place,
            format!("`{}` is none of the values", shown(text)),
            format!("use one of: {}", values.join(", ")),
        ),
        _ => {
            if let Some((fits, rule, way_out)) = form(shape)
                && !fits(text)
            {
                findings.add(
                    rule,
                    place,
                    format!("`{}` is not one: {}", shown(text), rule.summary),
                    way_out,
                );
            }
        }
    }
}

type Form = (fn(&str) -> bool, &'static Rule, &'static str);

/// The texts that are right or wrong by themselves: the test, the rule, the way out.
fn form(shape: &Shape) -> Option<Form> {
    Some(match shape {
        Shape::Hex => (forms::is_hex, &rule::HEX, "write two digits for each byte"),
        Shape::Binary => (
            forms::is_base64,
            &rule::BINARY,
            "encode it as base64 (RFC 4648 §4) with padding",
        ),
        Shape::Uri => (
            forms::is_uri,
            &rule::URI,
            "begin with a scheme and percent-encode what is not ASCII",
        ),
        Shape::DomainName => (
            forms::is_domain_name,
            &rule::DOMAIN_NAME,
            "write labels of letters, digits and inner hyphens, without a scheme or path",
        ),
        Shape::EmailAddress => (
            forms::is_email_address,
            &rule::EMAIL_ADDRESS,
            "write `name@host` only; a name to show goes into `display_name`",
        ),
        Shape::Ipv4 => (forms::is_ipv4, &rule::IPV4, "write `192.0.2.1` or `192.0.2.0/24`"),
        Shape::Ipv6 => (
            forms::is_ipv6,
            &rule::IPV6,
            "write `2001:db8::1` or `2001:db8::/32`",
        ),
        Shape::MacAddress => (
            forms::is_mac_address,
            &rule::MAC_ADDRESS,
            "write `00:1b:44:11:3a:b7`",
        ),
        Shape::Cpe => (
            forms::is_cpe,
            &rule::CPE,
            "write `cpe:2.3:a:vendor:product:version:*:*:*:*:*:*:*`",
        ),
        Shape::MediaType => (
            |text| registry::MEDIA_TYPES.contains(text),
            &rule::MEDIA_TYPE,
            "use a name of the IANA registry, such as `application/pdf`",
        ),
        Shape::CharacterSet => (
            |text| registry::CHARACTER_SETS.contains(text),
            &rule::CHARACTER_SET,
            "use a name of the IANA registry, such as `UTF-8`",
        ),
        Shape::Language => (
            language::is_language,
            &rule::LANGUAGE,
            "write it as `en` or `de-CH`",
        ),
        Shape::SoftwareLanguage => (
            language::is_software_language,
            &rule::LANGUAGE,
            "write it as `en` or `de-CH`",
        ),
        Shape::RelationshipType => (
            is_relationship_type,
            &rule::RELATIONSHIP_TYPE_NAME,
            "write it as `based-on`",
        ),
        _ => return None,
    })
}

fn is_relationship_type(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn identifier(object: &Object<'_>, target: Target, text: &str, place: &Place<'_>, findings: &mut Findings) {
    match object.setting {
        // Markings are not among the observables, everything else that an observable names is.
        Setting::Graph(siblings) if !target.admits("marking-definition") || target == Target::Any => {
            references::in_graph(siblings, target, text, place, findings);
        }
        _ if object.is_known_observable() => references::of_observable(target, text, place, findings),
        _ => references::identifier(target, text, place, findings),
    }
}

fn registry_key(text: &str, place: &Place<'_>, findings: &mut Findings) {
    if let Some(hive) = forms::short_hive(text) {
        let short = text.split('\\').next().unwrap_or_default();
        findings.add(
            &rule::REGISTRY_KEY,
            place,
            format!("the hive is written as `{short}`"),
            format!("write `{hive}`"),
        );
    }
}

fn is_type(fits: bool, expected: &str, value: &Value<'_>, place: &Place<'_>, findings: &mut Findings) {
    if !fits {
        let message = format!("{} where {expected} is expected", value.type_words());
        findings.add(&rule::VALUE_TYPE, place, message, format!("write {expected}"));
    }
}

fn expect_object<'v>(
    value: &'v Value<'v>,
    place: &Place<'_>,
    findings: &mut Findings,
) -> Option<&'v Map<'v>> {
    is_type(value.as_object().is_some(), "an object", value, place, findings);
    value.as_object()
}

/// Lists are not empty (STIX 2.1 §2.12).
fn empty(value: &Value<'_>, place: &Place<'_>, findings: &mut Findings) {
    if value.as_array().is_some_and(<[Value<'_>]>::is_empty) {
        findings.add(
            &rule::EMPTY_VALUE,
            place,
            "the list is empty",
            "leave the property out instead",
        );
    }
}

fn integer(min: i64, max: i64, value: &Value<'_>, place: &Place<'_>, findings: &mut Findings) {
    match value.as_i64() {
        None => is_type(false, "a whole number", value, place, findings),
        Some(number) if !(min..=max).contains(&number) => {
            let way_out = format!("write a number from {min} to {max}");
            findings.add(
                &rule::VALUE_RANGE,
                place,
                format!("`{number}` is out of range"),
                way_out,
            );
        }
        Some(_) => {}
    }
}

fn number(min: f64, max: f64, value: &Value<'_>, place: &Place<'_>, findings: &mut Findings) {
    match value.as_f64() {
        None => is_type(false, "a number", value, place, findings),
        Some(number) if !(min..=max).contains(&number) => {
            let way_out = format!("write a number from {min} to {max}");
            findings.add(
                &rule::VALUE_RANGE,
                place,
                format!("`{number}` is out of range"),
                way_out,
            );
        }
        Some(_) => {}
    }
}

fn list(object: &Object<'_>, item: &Shape, value: &Value<'_>, place: &Place<'_>, findings: &mut Findings) {
    let Some(items) = value.as_array() else {
        is_type(false, "a list", value, place, findings);
        return;
    };
    empty(value, place, findings);
    for (index, value) in items.iter().enumerate() {
        check(object, item, value, &place.item(index), findings);
    }
}

fn dictionary(
    object: &Object<'_>,
    item: &Shape,
    value: &Value<'_>,
    place: &Place<'_>,
    findings: &mut Findings,
) {
    let Some(map) = expect_object(value, place, findings) else {
        return;
    };
    if map.is_empty() {
        findings.add(
            &rule::EMPTY_VALUE,
            place,
            "the dictionary is empty",
            "leave the property out instead",
        );
    }
    for (key, value) in map.iter() {
        let place = place.key(key);
        dictionary_key(key, &place, findings);
        check(object, item, value, &place, findings);
    }
}

pub(super) fn dictionary_key(key: &str, place: &Place<'_>, findings: &mut Findings) {
    if !forms::is_dictionary_key(key) {
        let message = format!("`{}` cannot be a key", shown(key));
        findings.add(
            &rule::DICTIONARY_KEY,
            place,
            message,
            "use up to 250 letters, digits, hyphens and underscores",
        );
    }
}

/// STIX 2.1 §2.7: names of at least three characters, values of the algorithm's form.
fn hashes(value: &Value<'_>, place: &Place<'_>, findings: &mut Findings) {
    let Some(map) = expect_object(value, place, findings) else {
        return;
    };
    if map.is_empty() {
        findings.add(
            &rule::EMPTY_VALUE,
            place,
            "there are no hashes",
            "leave the property out instead",
        );
    }
    for (algorithm, value) in map.iter() {
        let place = place.key(algorithm);
        if algorithm.len() < 3 || !forms::is_dictionary_key(algorithm) {
            let message = format!("`{}` names no algorithm", shown(algorithm));
            let way_out = "use the name of the algorithm, such as `SHA-256`";
            findings.add(&rule::DICTIONARY_KEY, &place, message, way_out);
        }
        let Some(hash) = value.as_str() else {
            is_type(false, "a string", value, &place, findings);
            continue;
        };
        if let Some(form) = HashForm::exactly(algorithm)
            && !form.fits(hash)
        {
            let message = format!("`{}` is not a {algorithm} hash", shown(hash));
            findings.add(&rule::HASH_VALUE, &place, message, form.way_out());
        }
    }
}

/// The fields of Windows' `STARTUPINFO` (STIX 2.1 §6.13.2): texts, numbers, and those that are reserved.
fn startup_info(value: &Value<'_>, place: &Place<'_>, findings: &mut Findings) {
    let Some(map) = expect_object(value, place, findings) else {
        return;
    };
    for (name, value) in map.iter() {
        let place = place.key(name);
        match name {
            "lpDesktop" | "lpTitle" | "dwFillAttribute" | "dwFlags" | "wShowWindow" | "hStdInput"
            | "hStdOutput" | "hStdError" => {
                is_type(value.as_str().is_some(), "a string", value, &place, findings)
            }
            "cb" | "dwX" | "dwY" | "dwXSize" | "dwYSize" | "dwXCountChars" | "dwYCountChars" => {
                is_type(
                    value.as_i64().is_some(),
                    "a whole number",
                    value,
                    &place,
                    findings,
                );
            }
            "lpReserved" | "lpReserved2" => {
                is_type(matches!(value, Value::Null), "null", value, &place, findings)
            }
            "cbReserved2" => is_type(value.as_i64() == Some(0), "0", value, &place, findings),
            _ => findings.add(
                &rule::FORBIDDEN_PROPERTY,
                &place,
                format!("`STARTUPINFO` has no field `{}`", shown(name)),
                "leave it out",
            ),
        }
    }
}

/// What a message can show of a text.
pub(super) fn shown(text: &str) -> &str {
    const SHOWN: usize = 120;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => text.get(..end).unwrap_or_default(),
        None => text,
    }
}

//! What single observables SHOULD hold, values from registries above all (STIX 2.1 §6), and the
//! `objects` of observed data, which STIX 2.1 inherited.

use super::super::findings::{Findings, Place};
use super::super::registry::{self, Registry};
use super::super::rule::{self, Rule};
use super::super::{forms, vocabulary};
use super::{Object, Setting, check_in, values, vocabularies};
use crate::json::{Map, Value};

pub(super) fn check(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    match object.type_name {
        "observed-data" => graph(object, place, findings),
        "indicator" => indicator(object, place, findings),
        "malware-analysis" => product(object, place, findings),
        "location" => country(object, place, findings),
        "network-traffic" => network_traffic(object, place, findings),
        "file" => file(object, place, findings),
        "process" => priority(object, place, findings),
        "email-message" => {
            headers(object, place, findings);
            parts(object, place, findings);
        }
        _ => {}
    }
    if object.is_known_observable() {
        hash_algorithms(object, place, findings);
    }
    if object.is_observable_setting() {
        key_case(object.map, place, findings);
    }
}

/// `objects` is deprecated; its keys are numbers, its values observables (STIX 2.1 §2.9, §2.13).
fn graph(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    let Some(objects) = object.get("objects") else {
        return;
    };
    let place = place.key("objects");
    let way_out = "make them objects of their own and name them in `object_refs`";
    findings.add(
        &rule::DEPRECATED_PROPERTY,
        &place,
        "`objects` is deprecated",
        way_out,
    );
    let Some(map) = objects.as_object() else {
        let message = format!("{} where an object is expected", objects.type_words());
        findings.add(
            &rule::VALUE_TYPE,
            &place,
            message,
            "file each observable under its key",
        );
        return;
    };
    if map.is_empty() {
        findings.add(
            &rule::EMPTY_VALUE,
            &place,
            "there are no objects",
            "leave the property out instead",
        );
    }
    for (key, value) in map.iter() {
        let place = place.key(key);
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_digit()) {
            let message = format!("`{}` is not a number", values::shown(key));
            findings.add(&rule::OBSERVABLE_KEY, &place, message, "count the objects from 0");
        }
        check_in(value, Setting::Graph(map), &place, findings);
    }
}

fn indicator(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    if !object.has("name") || !object.has("description") {
        let message = "the indicator has no `name` or no `description`";
        findings.add(
            &rule::INDICATOR_NAME,
            place,
            message,
            "tell people what it indicates",
        );
    }
}

fn product(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    let Some(product) = object.text("product") else {
        return;
    };
    if !forms::is_product(product) {
        let message = format!("`{}` is not written as products are", values::shown(product));
        findings.add(
            &rule::PRODUCT_FORM,
            &place.key("product"),
            message,
            "use lower case, and hyphens between words",
        );
    }
}

fn country(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    let Some(country) = object.text("country") else {
        return;
    };
    if !registry::COUNTRIES.contains(&country.to_ascii_uppercase()) {
        let message = format!("`{}` is no code of ISO 3166-1 alpha-2", values::shown(country));
        findings.add(&rule::COUNTRY, &place.key("country"), message, "write it as `CH`");
    }
}

fn network_traffic(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    if !object.has("src_port") || !object.has("dst_port") {
        let message = "the traffic lacks `src_port` or `dst_port`";
        findings.add(
            &rule::NETWORK_TRAFFIC_PORTS,
            place,
            message,
            "give both ports where the protocol has them",
        );
    }
    let protocols = object
        .get("protocols")
        .and_then(Value::as_array)
        .unwrap_or_default();
    let place_of_protocols = place.key("protocols");
    for (index, protocol) in protocols.iter().enumerate() {
        if let Some(name) = protocol.as_str() {
            let place = place_of_protocols.item(index);
            registered(&registry::PROTOCOLS, name, &rule::PROTOCOL, &place, findings);
        }
    }
    keys(
        object,
        &["ipfix"],
        &registry::IPFIX,
        &rule::IPFIX_ELEMENT,
        place,
        findings,
    );
    let headers = ["extensions", "http-request-ext", "request_header"];
    keys(
        object,
        &headers,
        &registry::HTTP_REQUEST_HEADERS,
        &rule::HTTP_REQUEST_HEADER,
        place,
        findings,
    );
    let options = ["extensions", "socket-ext", "options"];
    keys(
        object,
        &options,
        &registry::SOCKET_OPTIONS,
        &rule::SOCKET_OPTION,
        place,
        findings,
    );
    place.at(&options, &mut |place| {
        for name in keys_at(object, &options).filter(|name| !forms::is_socket_option(name)) {
            let message = format!("`{}` is not written as socket options are", values::shown(name));
            findings.add(
                &rule::DICTIONARY_KEY,
                &place.key(name),
                message,
                "write it as `SO_KEEPALIVE`",
            );
        }
    });
}

fn file(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    if let Some(name) = object.text("mime_type") {
        registered(
            &registry::MEDIA_TYPES,
            name,
            &rule::FILE_MEDIA_TYPE,
            &place.key("mime_type"),
            findings,
        );
    }
    const INFO: &[&str] = &[
        "Title",
        "Author",
        "Subject",
        "Keywords",
        "Creator",
        "Producer",
        "CreationDate",
        "ModDate",
        "Trapped",
    ];
    let path = ["extensions", "pdf-ext", "document_info_dict"];
    place.at(&path, &mut |place| {
        for name in keys_at(object, &path).filter(|name| !INFO.contains(name)) {
            let message = format!("a PDF has no document information `{}`", values::shown(name));
            findings.add(
                &rule::PDF_DOCUMENT_INFO,
                &place.key(name),
                message,
                format!("use one of: {}", INFO.join(", ")),
            );
        }
    });
    let path = ["extensions", "windows-pebinary-ext", "pe_type"];
    if let Some(value) = object.inside(&path) {
        place.at(&path, &mut |place| {
            vocabularies::vocabulary(&vocabulary::WINDOWS_PEBINARY_TYPE, value, place, findings);
        });
    }
}

fn priority(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    let path = ["extensions", "windows-process-ext", "priority"];
    let Some(priority) = object.inside(&path).and_then(Value::as_str) else {
        return;
    };
    if priority.strip_suffix("_CLASS").is_none_or(str::is_empty) {
        let message = format!("`{}` does not end in `_CLASS`", values::shown(priority));
        place.at(&path, &mut |place| {
            findings.add(
                &rule::PRIORITY_CLASS,
                place,
                message.as_str(),
                "write it as `NORMAL_PRIORITY_CLASS`",
            );
        });
    }
}

/// Header fields that have properties of their own are not among the additional ones (STIX 2.1 §6.6).
fn headers(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    const OWN: &[&str] = &[
        "date",
        "received_lines",
        "content_type",
        "from_ref",
        "sender_ref",
        "to_refs",
        "cc_refs",
        "bcc_refs",
        "subject",
    ];
    let fields = object.get("additional_header_fields").and_then(Value::as_object);
    let place = place.key("additional_header_fields");
    for name in fields
        .into_iter()
        .flat_map(Map::keys)
        .filter(|name| OWN.contains(name))
    {
        let message = format!("`{name}` is a property of its own");
        findings.add(
            &rule::PROPERTY_COMBINATION,
            &place.key(name),
            message,
            "move it out of here",
        );
    }
}

/// A part of a message has its body here or elsewhere (STIX 2.1 §6.6.2).
fn parts(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    let place = place.key("body_multipart");
    let parts = object
        .get("body_multipart")
        .and_then(Value::as_array)
        .unwrap_or_default();
    for (index, part) in parts.iter().enumerate() {
        if part.get("body").is_some() && part.get("body_raw_ref").is_some() {
            let message = "a part has `body` or `body_raw_ref`, not both";
            findings.add(
                &rule::PROPERTY_COMBINATION,
                &place.item(index),
                message,
                "keep one of them",
            );
        }
    }
}

/// Every dictionary of hashes: names are of the vocabulary, or begin with `x_`.
fn hash_algorithms(object: &Object<'_>, place: &Place<'_>, findings: &mut Findings) {
    const PLACES: &[&[&str]] = &[
        &["hashes"],
        &["extensions", "windows-pebinary-ext", "file_header_hashes"],
        &["extensions", "windows-pebinary-ext", "optional_header", "hashes"],
    ];
    const PLACES_IN_LISTS: &[&[&str]] = &[
        &["extensions", "ntfs-ext", "alternate_data_streams"],
        &["extensions", "windows-pebinary-ext", "sections"],
    ];
    for path in PLACES {
        if let Some(hashes) = object.inside(path) {
            place.at(path, &mut |place| algorithms(hashes, place, findings));
        }
    }
    for path in PLACES_IN_LISTS {
        let items = object.inside(path).and_then(Value::as_array).unwrap_or_default();
        place.at(path, &mut |place| {
            for (index, hashes) in items
                .iter()
                .enumerate()
                .filter_map(|(index, item)| Some((index, item.get("hashes")?)))
            {
                algorithms(hashes, &place.item(index).key("hashes"), findings);
            }
        });
    }
}

fn algorithms(hashes: &Value<'_>, place: &Place<'_>, findings: &mut Findings) {
    for algorithm in hashes.as_object().into_iter().flat_map(Map::keys) {
        if !vocabulary::HASH_ALGORITHM.contains(algorithm) && !algorithm.starts_with("x_") {
            let message = format!("`{}` is not in hash-algorithm-ov", values::shown(algorithm));
            let way_out = format!("use one of: {}", vocabulary::HASH_ALGORITHM.terms.join(", "));
            findings.add(&rule::HASH_ALGORITHM_OV, &place.key(algorithm), message, way_out);
        }
    }
}

/// Dictionaries whose keys have a case of their own.
const OWN_CASE: &[&str] = &[
    "hashes",
    "file_header_hashes",
    "request_header",
    "additional_header_fields",
    "document_info_dict",
    "exif_tags",
    "ipfix",
    "options",
    "environment_variables",
    "startup_info",
];

/// Keys are lower case, dictionaries inside of dictionaries too; as deep as JSON was let in.
fn key_case(map: &Map<'_>, place: &Place<'_>, findings: &mut Findings) {
    for (key, value) in map.iter() {
        let place = place.key(key);
        if key.bytes().any(|byte| byte.is_ascii_uppercase()) {
            let message = format!("`{}` is not lower case", values::shown(key));
            findings.add(
                &rule::DICTIONARY_KEY_CASE,
                &place,
                message,
                "write it in lower case",
            );
        }
        if let Some(inner) = value.as_object()
            && !OWN_CASE.contains(&key)
        {
            key_case(inner, &place, findings);
        }
    }
}

/// Keys of a dictionary that a registry should know.
fn keys(
    object: &Object<'_>,
    path: &[&str],
    registry: &Registry,
    rule: &'static Rule,
    place: &Place<'_>,
    findings: &mut Findings,
) {
    place.at(path, &mut |place| {
        for name in keys_at(object, path) {
            registered(registry, name, rule, &place.key(name), findings);
        }
    });
}

/// The keys of a dictionary inside an object; none where there is no such dictionary.
fn keys_at<'v>(object: &Object<'v>, path: &[&str]) -> impl Iterator<Item = &'v str> {
    object
        .inside(path)
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(Map::keys)
}

fn registered(
    registry: &Registry,
    name: &str,
    rule: &'static Rule,
    place: &Place<'_>,
    findings: &mut Findings,
) {
    if !registry.contains(name) {
        let message = format!("`{}` is not registered", values::shown(name));
        findings.add(rule, place, message, "use the registered name, spelt as there");
    }
}

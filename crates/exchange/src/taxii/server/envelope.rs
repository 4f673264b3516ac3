//! A body that puts objects into a collection (TAXII 2.1 §3.7): read whole and strictly first, then each object kept
//! as the bytes that it came in.

use entente_stix::json::{self, Error, ErrorKind, Value, raw};

use super::refusal::Refusal;
use crate::limits::POST_BYTES_MAX;

/// The objects of an envelope, each with its JSON pointer. Other members say nothing here: a STIX bundle is taken
/// for what is in it.
pub(super) fn objects(body: &[u8]) -> Result<Vec<(String, &[u8])>, Refusal> {
    if body.len() > POST_BYTES_MAX {
        return Err(Refusal::too_large(format!(
            "the body has {} bytes, the limit is {POST_BYTES_MAX}; send less at a time",
            body.len()
        )));
    }
    let envelope = json::read(body).map_err(malformed)?;
    let Some(members) = envelope.as_object() else {
        let found = envelope.type_words();
        return Err(Refusal::unprocessable(
            "",
            format!("this is {found}, and must be an envelope: an object with `objects`"),
        ));
    };
    let found = match members.get("objects") {
        Some(Value::Array(objects)) if !objects.is_empty() => objects.len(),
        Some(Value::Array(_)) | None => {
            return Err(Refusal::unprocessable(
                "/objects",
                "there are no objects in the envelope".to_owned(),
            ));
        }
        Some(other) => {
            let found = other.type_words();
            return Err(Refusal::unprocessable(
                "/objects",
                format!("`objects` is {found}, and must be a list"),
            ));
        }
    };
    let texts = texts(body).map_err(malformed)?;
    let mut objects = Vec::with_capacity(found);
    for (place, text) in texts.into_iter().enumerate() {
        objects.push((format!("/objects/{place}"), text.as_bytes()));
    }
    Ok(objects)
}

/// The elements of `objects`, as they are written.
fn texts(body: &[u8]) -> Result<Vec<&str>, Error> {
    let text = std::str::from_utf8(body).unwrap_or_default();
    let mut members = raw::members(text)?.into_iter();
    let list = members.find(|(key, _)| key == "objects");
    raw::elements(list.map_or("[]", |(_, value)| value))
}

fn malformed(error: Error) -> Refusal {
    let description = format!("the body is not JSON as it must be: {error}");
    let refusal = match error.kind {
        ErrorKind::TooManyValues => Refusal::too_large(description),
        _ => Refusal::bad_request(description),
    };
    let mut refusal = refusal.at(&error.pointer);
    refusal.details.push(("offset", error.offset.to_string()));
    refusal
}

/// The objects of a body, each with its pointer, as a collection would be given them; `None`: it is refused. For those
/// who try the reader.
pub fn objects_again(body: &[u8]) -> Option<Vec<(String, &[u8])>> {
    objects(body).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_the_bytes_they_are() {
        let body = br#"{"id":"bundle--1", "objects" : [ {"a":1.0} ,  {"b": "\u00e9]"}], "more": false}"#;
        let objects = objects(body).unwrap();
        let found: Vec<(&str, &str)> = objects
            .iter()
            .map(|(pointer, text)| (pointer.as_str(), std::str::from_utf8(text).unwrap()))
            .collect();
        assert_eq!(
            found,
            [
                ("/objects/0", r#"{"a":1.0}"#),
                ("/objects/1", r#"{"b": "\u00e9]"}"#)
            ]
        );
    }

    #[test]
    fn faults_are_told_with_their_place() {
        for (body, status, pointer) in [
            ("", 400, ""),
            ("{\"objects\":[{\"a\":tru}]}", 400, "/objects/0/a"),
            ("{\"objects\":[{\"a\":1,\"a\":2}]}", 400, "/objects/0/a"),
            ("{\"objects\":[{}],\"objects\":[]}", 400, "/objects"),
            ("{\"objects\":[{\"a\":\"\\ud800\"}]}", 400, "/objects/0/a"),
            ("[]", 422, ""),
            ("\"objects\"", 422, ""),
            ("{}", 422, "/objects"),
            ("{\"objects\":[]}", 422, "/objects"),
            ("{\"objects\":{}}", 422, "/objects"),
        ] {
            let refusal = objects(body.as_bytes()).unwrap_err();
            assert_eq!(refusal.status, status, "{body}");
            let found = refusal.details.iter().find(|(key, _)| *key == "pointer");
            assert_eq!(found.map(|(_, value)| value.as_str()), Some(pointer), "{body}");
        }
        let many = format!("{{\"objects\":[{}1]}}", "1,".repeat(600_000));
        assert_eq!(objects(many.as_bytes()).unwrap_err().status, 413);
        let big = vec![b' '; POST_BYTES_MAX + 1];
        assert_eq!(objects(&big).unwrap_err().status, 413);
    }
}

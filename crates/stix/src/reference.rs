//! What an object refers to: every `*_ref` and `*_refs`, at any depth.

use crate::id;
use crate::json::Value;

/// One reference of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference<'v> {
    /// Where it stands: names joined by dots, without list positions (`granular_markings.marking_ref`).
    pub property: String,
    /// The identifier that it names.
    pub target: &'v str,
}

/// All references of an object, in the order of its text. The short references of STIX 2.0 between
/// the observables of one `observed-data` (`"0"`, `"1"`) name no object and are left out.
pub fn of_value<'v>(object: &'v Value<'_>) -> Vec<Reference<'v>> {
    let mut found = Vec::new();
    walk(object, &mut String::new(), &mut found);
    found
}

fn walk<'v>(value: &'v Value<'_>, path: &mut String, found: &mut Vec<Reference<'v>>) {
    match value {
        Value::Array(elements) => elements.iter().for_each(|element| walk(element, path, found)),
        Value::Object(map) => {
            for (key, member) in map.iter() {
                let length = path.len();
                if length > 0 {
                    path.push('.');
                }
                path.push_str(key);
                if key.ends_with("_ref") || key.ends_with("_refs") {
                    collect(member, path, found);
                }
                walk(member, path, found);
                path.truncate(length);
            }
        }
        _ => {}
    }
}

fn collect<'v>(value: &'v Value<'_>, path: &str, found: &mut Vec<Reference<'v>>) {
    let texts = match value {
        Value::Array(elements) => elements.as_slice(),
        one => std::slice::from_ref(one),
    };
    for target in texts
        .iter()
        .filter_map(Value::as_str)
        .filter(|text| id::is_id(text))
    {
        found.push(Reference {
            property: path.to_owned(),
            target,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn references_are_found_at_any_depth_with_their_property() {
        let text = r#"{
            "created_by_ref": "identity--d7f3e25a-ba1c-447a-ab71-6434b092b05e",
            "object_refs": ["tool--d7f3e25a-ba1c-447a-ab71-6434b092b051", "no id", 7,
                            "tool--d7f3e25a-ba1c-447a-ab71-6434b092b052"],
            "granular_markings": [{"marking_ref": "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9"}],
            "objects": {"0": {"parent_directory_ref": "1"}},
            "extensions": {"archive-ext": {"contains_refs": ["file--d7f3e25a-ba1c-447a-ab71-6434b092b053"]}},
            "href": "tool--d7f3e25a-ba1c-447a-ab71-6434b092b054"
        }"#;
        let value = json::read(text.as_bytes()).unwrap();
        let found: Vec<_> = of_value(&value)
            .into_iter()
            .map(|found| (found.property, found.target))
            .collect();
        let expected = [
            ("created_by_ref", "identity--d7f3e25a-ba1c-447a-ab71-6434b092b05e"),
            ("object_refs", "tool--d7f3e25a-ba1c-447a-ab71-6434b092b051"),
            ("object_refs", "tool--d7f3e25a-ba1c-447a-ab71-6434b092b052"),
            (
                "granular_markings.marking_ref",
                "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9",
            ),
            (
                "extensions.archive-ext.contains_refs",
                "file--d7f3e25a-ba1c-447a-ab71-6434b092b053",
            ),
        ];
        assert_eq!(
            found,
            expected.map(|(property, target)| (property.to_owned(), target))
        );
    }
}

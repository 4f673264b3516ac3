use super::super::lint;
use super::*;

/// Kind, column and words of every remark.
fn told(text: &str) -> Vec<(RemarkKind, usize, String)> {
    let remarks = lint(text).unwrap().remarks;
    remarks
        .into_iter()
        .map(|one| (one.kind, one.column, one.message))
        .collect()
}

fn check(text: &str, kind: RemarkKind, column: usize, words: &str) {
    let told = told(text);
    let [(told_kind, told_column, message)] = told.as_slice() else {
        panic!("{text}: {told:?}")
    };
    assert_eq!((*told_kind, *told_column), (kind, column), "{text}: {message}");
    assert!(message.contains(words), "{text}: {message}");
}

#[test]
fn what_is_written_well_is_not_remarked_on() {
    for text in [
        "[file:hashes.'SHA-256' = 'aec070645fe53ee3b3763059376134f058cc337247c978add178b6ccdfb0019f']",
        "[network-traffic:src_ref.value = '203.0.113.1' AND network-traffic:dst_port = 443]",
        "[network-traffic:dst_ref.type = 'domain-name']",
        "[process:image_ref.parent_directory_ref.path LIKE 'C:\\\\%' AND process:pid > 4]",
        "[file:extensions.'windows-pebinary-ext'.sections[*].entropy > 7.0]",
        "[file:extensions.'windows-pebinary-ext'.optional_header.magic_hex = '020b']",
        "[windows-registry-key:values[0].data_type = 'REG_SZ']",
        "[email-message:to_refs[*].value = 'a@example.org' AND email-message:is_multipart = false]",
        "[email-message:additional_header_fields.'Reply-To'[0] = 'x']",
        "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'[*] LIKE '%x%']",
        "[network-traffic:protocols[*] = 'tcp' AND EXISTS network-traffic:protocols]",
        "[file:mtime > t'2024-01-01T00:00:00Z' AND file:magic_number_hex = h'ffd8']",
        "[artifact:payload_bin MATCHES 'x' OR artifact:payload_bin = b'AAAA']",
        "[ipv4-addr:value ISSUBSET '10.0.0.0/8' OR network-traffic:src_ref.value ISSUBSET '::/0']",
        "[process:environment_variables.PATH = 1]",
        "[file:contains_refs[0].name = 'x' AND file:id = 'x']",
        "([file:size = 1] FOLLOWEDBY [file:size = 2]) WITHIN 300 SECONDS",
        "[file:size = 1] REPEATS 5 TIMES WITHIN 300 SECONDS",
        "[file:size = 1] REPEATS 2 TIMES AND [file:size = 2] REPEATS 5 TIMES",
    ] {
        assert_eq!(told(text), [], "{text}");
    }
}

#[test]
fn names_that_no_object_has_come_with_near_ones() {
    use RemarkKind::*;
    check(
        "[domain:value = 'x']",
        UnknownType,
        2,
        "did you mean `domain-name`?",
    );
    check(
        "[registry-key:key = 'x']",
        UnknownType,
        2,
        "did you mean `windows-registry-key`?",
    );
    check("[malware:name = 'x']", UnknownType, 2, "is no observable");
    check(
        "[file:nam = 'x']",
        UnknownProperty,
        7,
        "`file` has no property `nam`; did you mean `name`?",
    );
    check(
        "[file:size = 1 AND file:colour = 'x']",
        UnknownProperty,
        25,
        "it has `hashes`, `size`",
    );
    check(
        "[network-traffic:src_ref.valeu = 'x']",
        UnknownProperty,
        26,
        "did you mean `value`?",
    );
    check(
        "[file:extensions.'windows-pe-ext'.imphash = 'x']",
        UnknownProperty,
        18,
        "no extension `windows-pe-ext`",
    );
    check(
        "[file:path = 'x']",
        UnknownProperty,
        7,
        "did you mean `parent_directory_ref.path`?",
    );
    check(
        "[http-request-ext:request_method = 'get']",
        UnknownType,
        2,
        "write `network-traffic:extensions.'http-request-ext'`",
    );
    check("[process:name = 'x']", OldName, 10, "it is `image_ref.name`");
    check(
        "[process:binary_ref.name = 'x']",
        OldName,
        10,
        "it is `image_ref`",
    );
    check(
        "[file:hashes.sha256 = 'aec070645fe53ee3b3763059376134f058cc337247c978add178b6ccdfb0019f']",
        HashName,
        14,
        "hashes.'SHA-256'",
    );
}

#[test]
fn what_is_somebodys_own_is_a_note() {
    for (text, column) in [
        ("[x-usb-device:serial = 'x']", 2),
        ("[file:x_origin = 'x']", 7),
        ("[file:extensions.'x-foo-ext'.bar[3].baz = 'x']", 18),
        ("[file:extensions.'extension-definition--1'.bar = 'x']", 18),
        ("[file:hashes.IMPHASH = 'x']", 14),
    ] {
        check(text, RemarkKind::Custom, column, "");
        assert_eq!(RemarkKind::Custom.severity().name(), "note");
        assert!(lint(text).unwrap().is_valid());
    }
}

#[test]
fn paths_are_told_where_they_miss_a_list_or_a_value() {
    use RemarkKind::PathShape;
    check(
        "[network-traffic:protocols = 'tcp']",
        PathShape,
        2,
        "write `protocols[*]`",
    );
    check(
        "[email-message:to_refs.value = 'x']",
        PathShape,
        24,
        "write `to_refs[*]`",
    );
    check("[file:name[0] = 'x']", PathShape, 12, "leave the index out");
    check("[file:name.first = 'x']", PathShape, 12, "plain value");
    check("[file:hashes = 'x']", PathShape, 2, "name one: hashes.'SHA-256'");
    check(
        "[file:extensions.'pdf-ext' = 'x']",
        PathShape,
        2,
        "holds other properties",
    );
}

#[test]
fn constants_that_never_equal_the_property_are_told() {
    use RemarkKind::ConstantType;
    check(
        "[network-traffic:dst_port = '443']",
        ConstantType,
        29,
        "leave the quotes off",
    );
    check(
        "[network-traffic:dst_port IN (443, 80, '22')]",
        ConstantType,
        40,
        "is a number",
    );
    check("[file:name = 7]", ConstantType, 14, "into single quotes");
    check(
        "[email-message:is_multipart = 'true']",
        ConstantType,
        31,
        "without quotes",
    );
    check(
        "[file:ctime > '2024-01-01T00:00:00Z']",
        ConstantType,
        15,
        "letter by letter; write it as t'",
    );
    check("[file:magic_number_hex = 1]", ConstantType, 26, "h'");
    check(
        "[file:name ISSUBSET '10.0.0.0/8']",
        ConstantType,
        2,
        "compares networks",
    );
    check(
        "[windows-registry-key:values[*].data_type = 'REG_SV']",
        ConstantType,
        45,
        "did you mean 'REG_SZ'?",
    );
}

#[test]
fn qualifiers_that_restrict_less_than_meant_are_told() {
    use RemarkKind::*;
    check(
        "[file:size = 1] FOLLOWEDBY [file:size = 2] WITHIN 300 SECONDS",
        QualifierReach,
        44,
        "write `(… FOLLOWEDBY …) WITHIN 300 SECONDS`",
    );
    check(
        "([file:size = 1] AND [file:size = 2] WITHIN 5 SECONDS) REPEATS 2 TIMES",
        QualifierReach,
        38,
        "(… AND …)",
    );
    check(
        "[file:size = 1] WITHIN 5 SECONDS",
        VacuousQualifier,
        17,
        "restricts nothing",
    );
    check(
        "([file:size = 1] OR [file:size = 2]) WITHIN 5 SECONDS",
        VacuousQualifier,
        38,
        "restricts nothing",
    );
    check(
        "[file:size = 1] FOLLOWEDBY [file:size = 2] REPEATS 5 TIMES",
        QualifierBinding,
        44,
        "(… FOLLOWEDBY …) REPEATS 5 TIMES",
    );
}

#[test]
fn remarks_stand_in_the_order_of_the_text_and_are_bounded() {
    let told = told("[file:nam = 1 OR file:size IN ()\n OR file:name = 2]");
    let kinds: Vec<RemarkKind> = told.iter().map(|(kind, ..)| *kind).collect();
    use RemarkKind::*;
    assert_eq!(kinds, [UnknownProperty, NeverMatches, ConstantType]);
    let checked = lint("[file:nam = 1\n AND é:b = 1]");
    assert!(checked.is_err());
    let long = format!(
        "[{} OR a:b = 1] REPEATS 0 TIMES",
        vec!["f:n IN ()"; 70_000].join(" OR ")
    );
    let checked = lint(&long).unwrap();
    assert_eq!(checked.remarks.len(), FINDINGS_MAX);
    assert!(!checked.is_valid());
}

//! What pipelines make of rules.

use std::collections::BTreeMap;

use entente_sigma::search::{Expression, Item};
use entente_sigma::test::{Test, Token};
use entente_sigma::{Pipeline, Pipelines, Rule, one_rule};

use crate::real::loaded;

pub(crate) fn rule(logsource: &str, detection: &str) -> Rule {
    one_rule(&format!(
        "title: t\nlogsource: {logsource}\ndetection: {detection}"
    ))
    .unwrap()
}

/// An expression in one line.
pub(crate) fn shown(expression: &Expression) -> String {
    let joined = |parts: &[Expression], word: &str| {
        let parts: Vec<_> = parts.iter().map(shown).collect();
        format!("({})", parts.join(word))
    };
    match expression {
        Expression::Item(item) => shown_item(item),
        Expression::And(parts) => joined(parts, " & "),
        Expression::Or(parts) => joined(parts, " | "),
        Expression::Not(inside) => format!("!{}", shown(inside)),
        other => format!("{other:?}"),
    }
}

fn shown_item(item: &Item) -> String {
    let tests: Vec<_> = item.tests.iter().map(shown_test).collect();
    let negated = if item.negated { "~" } else { "" };
    format!(
        "{negated}{}={}",
        item.field.as_deref().unwrap_or("*"),
        tests.join(",")
    )
}

pub(crate) fn shown_test(test: &Test) -> String {
    match test {
        Test::Text(pattern) => {
            let tokens = pattern.tokens.iter().map(|token| match token {
                Token::Literal(text) => text.clone(),
                Token::Run => "*".to_owned(),
                Token::One => "?".to_owned(),
                Token::Placeholder(name) => format!("%{name}%"),
            });
            format!(
                "'{}'{}",
                tokens.collect::<String>(),
                if pattern.cased { "c" } else { "" }
            )
        }
        Test::Regex(regex) => format!("/{}/", regex.source),
        Test::Number(number) => number.to_string(),
        Test::Any(tests) => format!("<{}>", tests.iter().map(shown_test).collect::<Vec<_>>().join(",")),
        other => format!("{other:?}"),
    }
}

/// Alternative, route and expression of every variant.
fn variants(pipelines: &Pipelines, rule: &Rule) -> Vec<(String, String, String)> {
    let prepared = pipelines.prepare(rule).unwrap();
    let each = prepared.variants.iter().map(|variant| {
        let route = variant.route.as_ref().map_or("any".to_owned(), shown);
        (variant.alternative.clone(), route, shown(&variant.expression))
    });
    each.collect()
}

#[test]
fn process_creation_is_sysmon_and_security() {
    let rule = rule(
        "{category: process_creation, product: windows}",
        r"{sel: {Image|endswith: '\a.exe', User: x, OriginalFileName: null}, condition: sel}",
    );
    let made = variants(&Pipelines::builtin().unwrap(), &rule);
    let expected = [
        (
            "windows-sysmon",
            "(Channel='Microsoft-Windows-Sysmon/Operational' & EventID=1)",
            r"(Image='*\a.exe' & User='x' & OriginalFileName=Null)",
        ),
        (
            "windows-security",
            "(Channel='Security' & EventID=4688)",
            r"(NewProcessName='*\a.exe' & (SubjectUserName='x' | SubjectDomainName='x') & OriginalFileName=Null)",
        ),
        (
            "ecs-windows-sysmon",
            "((winlog.channel='Microsoft-Windows-Sysmon/Operational' & (event.code=1 | winlog.event_id=1)) & #schema='ecs')",
            r"((process.executable='*\a.exe' | winlog.event_data.Image='*\a.exe') & winlog.event_data.User='x' & (process.pe.original_file_name=Null & winlog.event_data.OriginalFileName=Null))",
        ),
    ];
    for (index, (name, route, expression)) in expected.into_iter().enumerate() {
        assert_eq!(
            made[index],
            (name.to_owned(), route.to_owned(), expression.to_owned())
        );
    }
    assert!(made.iter().any(|(name, _, _)| name == "ocsf"));
}

#[test]
fn published_rules_find_their_log_sources() {
    let Some(all) = loaded() else {
        return;
    };
    let pipelines = Pipelines::builtin().unwrap();
    let mut by_alternative: BTreeMap<String, usize> = BTreeMap::new();
    let mut refused = Vec::new();
    for rule in &all.rules {
        match pipelines.prepare(rule) {
            Ok(prepared) => {
                for variant in prepared.variants {
                    let name = if variant.route.is_some() {
                        variant.alternative
                    } else {
                        "unknown".to_owned()
                    };
                    *by_alternative.entry(name).or_default() += 1;
                }
            }
            Err(refusal) => refused.push(refusal.to_string()),
        }
    }
    // Two rules of Linux expand placeholders that only the one who runs them knows.
    let placeholders = refused
        .iter()
        .filter(|refusal| refusal.contains("placeholder"))
        .count();
    assert_eq!((refused.len(), placeholders), (2, 2), "{refused:?}");
    let expected = [
        ("ecs-unix", 242),
        ("ecs-windows", 652),
        ("ecs-windows-security", 1754),
        ("ecs-windows-sysmon", 2234),
        ("linux", 248),
        ("ocsf", 2367),
        ("suricata", 155),
        ("unknown", 377),
        ("windows", 652),
        ("windows-security", 1754),
        ("windows-sysmon", 2234),
        ("zeek", 179),
    ];
    let found: Vec<(&str, usize)> = by_alternative
        .iter()
        .map(|(name, count)| (name.as_str(), *count))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn placeholders_need_values() {
    let rule = rule(
        "{category: test}",
        "{sel: {User|contains|expand: '%admins%', Host|re|expand: '^%hosts%$'}, condition: sel}",
    );
    let refusal = Pipelines::none().prepare(&rule).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "line 1, column 1: placeholder `%admins%` has no values; give it some in a pipeline (`value_placeholders`)"
    );
    let pipeline =
        "vars: {admins: [root, adm*], hosts: 'a.b*'}\ntransformations: [{type: value_placeholders}]";
    let pipelines = Pipelines::none().with(Pipeline::read(pipeline).unwrap());
    let made = variants(&pipelines, &rule);
    assert_eq!(made[0].2, r"(User=<'*root*','*adm*'> & Host=/^a\.b.*$/)");
}

#[test]
fn each_transformation_does_what_it_says() {
    for (transformation, detection, expected) in [
        (
            "{type: field_name_mapping, mapping: {a: [b, c]}}",
            "{a|neq: x}",
            "(~b='x' | ~c='x')",
        ),
        (
            "{type: field_name_mapping, mapping: {a: [b, c]}}",
            "{a: [x, null]}",
            "(b='x' | c='x' | (b=Null & c=Null))",
        ),
        (
            "{type: field_name_mapping, mapping: {null: [b, c]}}",
            "[k]",
            "(b='*k*' | c='*k*')",
        ),
        (
            "{type: field_name_prefix_mapping, mapping: {win.: w.}}",
            "{win.a: 1, b: 2}",
            "(w.a=1 & b=2)",
        ),
        (
            "{type: field_name_prefix, prefix: p., field_name_conditions: [{type: exclude_fields, fields: [b]}]}",
            "{a: 1, b: 2}",
            "(p.a=1 & b=2)",
        ),
        ("{type: field_name_suffix, suffix: .s}", "{a: 1}", "a.s=1"),
        (
            "{type: field_name_transform, function: snake_case}",
            "{ParentCommandLine: 1}",
            "parent_command_line=1",
        ),
        (
            "{type: drop_detection_item, field_name_conditions: [{type: include_fields, fields: ['a.*'], mode: re}]}",
            "{ab: 1, b: 2}",
            "b=2",
        ),
        (
            "{type: drop_detection_item, detection_item_conditions: [{type: is_null}]}",
            "{a: null, b: 2}",
            "b=2",
        ),
        (
            "{type: replace_string, regex: '^C:(.*)$', replacement: '?:\\1'}",
            r"{a: 'C:\x*'}",
            r"a='?:\x*'",
        ),
        (
            "{type: replace_string, regex: 'x+', replacement: '*', skip_special: true}",
            "{a: 'axx?'}",
            "a='a*?'",
        ),
        (
            "{type: map_string, mapping: {High: [h, H2]}}",
            "{a: [High, Low]}",
            "a=<'h','H2'>,'Low'",
        ),
        ("{type: set_value, value: 5}", "{a: [x, y]}", "a=5,5"),
        ("{type: convert_type, target_type: num}", "{a: '15'}", "a=15"),
        ("{type: convert_type, target_type: str}", "{a: 15}", "a='15'"),
        ("{type: case, method: upper}", "{a: x*y}", "a='X*Y'"),
        ("{type: regex, method: plain}", "{a: x.*}", r"a=/\Ax\..*\z/"),
        ("{type: wildcard_placeholders}", "{a|expand: 'x%y%'}", "a='x*'"),
        (
            "{type: hashes_fields, valid_hash_algos: [MD5, SHA1], field_prefix: File}",
            "{Hashes|contains: ['MD5=aa', 'SHA1=bb', 'IMPHASH=cc']}",
            "(FileMD5='aa' | FileSHA1='bb')",
        ),
        (
            "{type: nest, items: [{type: field_name_prefix, prefix: x}, {type: field_name_prefix, prefix: y}]}",
            "{a: 1}",
            "yxa=1",
        ),
        (
            "{type: field_name_mapping, mapping: {a: b}, rule_conditions: [{type: tag, tag: attack.t1}]}",
            "{a: 1}",
            "a=1",
        ),
        (
            "{type: field_name_mapping, mapping: {a: b}, rule_conditions: {l: {type: logsource, category: other}, f: {type: contains_field, field: a}}, rule_cond_expr: not l and f}",
            "{a: 1}",
            "b=1",
        ),
        (
            "{type: field_name_mapping, mapping: {a: b}, rule_conditions: [{type: contains_detection_item, field: a, value: '1'}]}",
            "{a: 1}",
            "b=1",
        ),
    ] {
        let pipeline = Pipeline::read(&format!("transformations:\n- {transformation}")).unwrap();
        let rule = rule(
            "{category: test}",
            &format!("{{sel: {detection}, condition: sel}}"),
        );
        let made = variants(&Pipelines::none().with(pipeline), &rule);
        assert_eq!(made[0].2, expected, "{transformation}");
    }
}

#[test]
fn conditions_do_without_what_was_dropped() {
    let drop = "{type: drop_detection_item, field_name_conditions: [{type: include_fields, fields: [a]}]}";
    let pipelines = Pipelines::none().with(Pipeline::read(&format!("transformations:\n- {drop}")).unwrap());
    let rule_of = |condition: &str| {
        rule(
            "{category: test}",
            &format!("{{one: {{a: 1}}, two: {{b: 2}}, condition: {condition}}}"),
        )
    };
    for (condition, expected) in [
        ("one and two", "b=2"),
        ("one or two", "b=2"),
        ("two and not one", "b=2"),
        ("not 1 of them", "!b=2"),
    ] {
        assert_eq!(
            variants(&pipelines, &rule_of(condition))[0].2,
            expected,
            "{condition}"
        );
    }
    let refusal = pipelines.prepare(&rule_of("not one")).unwrap_err();
    assert!(refusal.to_string().contains("dropped everything"), "{refusal}");
}

#[test]
fn pipelines_refuse_rules_in_their_words() {
    let pipeline = "name: mine\ntransformations:\n- {type: rule_failure, message: no such events here}";
    let refusal = Pipelines::none()
        .with(Pipeline::read(pipeline).unwrap())
        .prepare(&rule("{category: test}", "{s: {a: 1}, condition: s}"))
        .unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "line 1, column 1: pipeline `mine`: no such events here"
    );
}

#[test]
fn faults_of_pipelines_have_a_place_and_a_suggestion() {
    for (text, expected) in [
        (
            "transformations:\n- type: field_name_maping",
            "line 2, column 3: unknown transformation `field_name_maping`; did you mean `field_name_mapping`?",
        ),
        (
            "transformations:\n- {type: replace_string, regex: '(', replacement: x}",
            "line 2, column 33: regular expression, character 1: unclosed group",
        ),
        (
            "transfomations: [1]",
            "line 1, column 1: `transfomations` has no meaning here; did you mean `transformations`?",
        ),
        (
            "transformations:\n- {type: drop_detection_item, rule_conditions: [{type: logsorce}]}",
            "unknown condition `logsorce`; did you mean `logsource`?",
        ),
    ] {
        let refusal = Pipeline::read(text).unwrap_err().to_string();
        assert!(refusal.contains(expected), "{refusal}");
    }
}

#[test]
fn fields_of_correlations_are_found_by_alternative() {
    let pipelines = Pipelines::builtin().unwrap();
    let rule = rule(
        "{category: process_creation, product: windows}",
        "{s: {Image: a}, condition: s}",
    );
    assert_eq!(
        pipelines.field(&rule, "windows-security", "Image"),
        ["NewProcessName"]
    );
    assert_eq!(pipelines.field(&rule, "windows-sysmon", "Image"), ["Image"]);
    assert_eq!(
        pipelines.field(&rule, "ecs-windows-sysmon", "Image"),
        ["process.executable", "winlog.event_data.Image"]
    );
}

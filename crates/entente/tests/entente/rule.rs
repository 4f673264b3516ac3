//! Detection rules on the command line: checked, evaluated, explained, one by one and as batches.

use serde_json::{Value, json};

use crate::harness::{Home, shared};

fn cases(file: &str) -> Option<Vec<Value>> {
    let text = std::fs::read(shared(&format!("cases/{file}"))?).unwrap();
    let value: Value = serde_json::from_slice(&text).unwrap();
    Some(value["cases"].as_array().unwrap().clone())
}

fn batch(command: &str, lines: &[Value]) -> Vec<Value> {
    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let ran = Home::new().with_input(&["rule", command, "--batch"], input);
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran.json()
}

const RULE: &str = "title: Certutil downloads
id: 11111111-1111-4111-8111-111111111111
status: test
level: high
logsource: {product: windows, category: process_creation}
detection:
  selection:
    Image|endswith: '\\certutil.exe'
    CommandLine|contains: [urlcache, verifyctl]
  filter_admin:
    User: admin
  condition: selection and not 1 of filter_*
";

const EVENT: &str = r#"{"Event":{"System":{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational"},"EventData":{"Image":"C:\\Windows\\certutil.exe","CommandLine":"certutil -URLCACHE x","User":"eve"}}}"#;

#[test]
fn what_others_accept_and_refuse_so_does_the_batch_form() {
    let Some(cases) = cases("sigma_parse.json") else {
        return;
    };
    let lines: Vec<Value> = cases
        .iter()
        .map(|case| json!({"id": case["id"], "rule": case["input"]}))
        .collect();
    let differing: Vec<String> = cases
        .iter()
        .zip(batch("check", &lines))
        .filter(|(case, answer)| {
            assert_eq!(case["id"], answer["id"]);
            case["valid"] != answer["valid"] || answer["error"].is_null() != (answer["valid"] == true)
        })
        .map(|(case, answer)| format!("{} {answer}\n", case["id"]))
        .collect();
    assert!(differing.is_empty(), "{}", differing.concat());
}

#[test]
fn single_rules_on_single_events_are_decided_as_by_others() {
    let Some(cases) = cases("sigma_hayabusa_select.json") else {
        return;
    };
    let other = [
        "endswithfield",
        "equalsfield",
        "regexes",
        "allowlist",
        "min_length",
    ];
    let usable: Vec<&Value> = cases
        .iter()
        .filter(|case| {
            !other
                .iter()
                .any(|word| case["rule"].as_str().unwrap().contains(word))
        })
        .collect();
    let lines: Vec<Value> = usable
        .iter()
        .map(|case| json!({"id": case["id"], "rule": case["rule"], "event": case["event"]}))
        .collect();
    let answers = batch("eval", &lines);
    assert!(usable.len() > 100);
    for (case, answer) in usable.iter().zip(&answers) {
        let expected = if case["expect"] == true {
            "match"
        } else {
            "no_match"
        };
        assert_eq!(answer["verdict"], expected, "{case} {answer}");
    }
}

#[test]
fn batches_answer_each_line_also_what_is_no_rule() {
    let event: Value = serde_json::from_str(EVENT).unwrap();
    let answers = batch(
        "eval",
        &[
            json!({"id": 1, "rule": RULE, "event": event}),
            json!({"id": 2, "rule": "title: [", "event": {}}),
            json!({"id": 3, "rule": RULE, "event": {}}),
            json!({"id": 4, "rule": RULE, "event": 5}),
            json!({"id": 5}),
            json!({"id": 6, "rule": RULE.replace("admin\n", "'%who%'\n").replace("User:", "User|expand:"), "event": event}),
        ],
    );
    let verdicts: Vec<&str> = answers
        .iter()
        .map(|answer| answer["verdict"].as_str().unwrap())
        .collect();
    assert_eq!(
        verdicts,
        ["match", "error", "no_match", "error", "error", "error"]
    );
    assert!(
        answers[1]["error"].as_str().unwrap().contains("line 2, column 1"),
        "{answers:?}"
    );
    assert!(
        answers[5]["error"].as_str().unwrap().contains("%who%"),
        "{answers:?}"
    );
    let answers = batch("check", &[json!({"id": "x"}), json!({"id": 2, "rule": RULE})]);
    assert_eq!(
        answers[0],
        json!({"id": "x", "valid": false, "error": "there is no `rule`"})
    );
    assert_eq!(answers[1], json!({"id": 2, "valid": true, "error": null}));
}

#[test]
fn one_bad_rule_among_good_ones_is_named_with_its_place() {
    let home = Home::new();
    let bad = RULE.replace("contains", "contians");
    let file = home.file(
        "rules/many.yml",
        format!("{RULE}---\n{bad}---\n{}", RULE.replace("1111", "2222")),
    );
    home.file("rules/notes.txt", "nothing");
    let folder = home.path("rules").display().to_string();
    let ran = home.run(&["rule", "check", &folder]);
    assert_eq!(ran.code, 6);
    assert!(
        ran.out.contains(&format!("error    {file}:22:5  "))
            && ran
                .out
                .contains("unknown modifier `contians`; did you mean `contains`?"),
        "{}",
        ran.out
    );
    assert!(
        ran.out
            .ends_with("2 rules load, 1 refused, 1 file without rules passed over\n"),
        "{}",
        ran.out
    );
    let ran = home.run(&["rule", "check", "--json", &file]);
    let valid: Vec<bool> = ran.json().iter().map(|line| line["valid"] == true).collect();
    assert_eq!(valid, [true, false, true]);
}

#[test]
fn checking_says_what_a_rule_can_match_and_what_it_costs() {
    let home = Home::new();
    let file = home.file("rule.yml", RULE);
    let ran = home.ok(&["rule", "check", "--cost", &file]);
    for said in [
        "rule     ",
        "log source: product windows, category process_creation",
        "looks at windows-sysmon: ",
        "Microsoft-Windows-Sysmon/Operational",
        "looks at windows-security: ",
        "4 comparisons, found by index (",
        "fields: CommandLine, Image, User",
        "1 rule loads, 0 refused\n",
    ] {
        assert!(ran.out.contains(said), "{said}\n{}", ran.out);
    }
    let ran = home.ok(&["rule", "check", "--json", "--pipeline", "windows-sysmon", &file]);
    let rule = &ran.json()[0];
    assert_eq!(rule["matches"].as_array().unwrap().len(), 1);
    assert_eq!(rule["matches"][0]["cost"]["found_by"], "index");
    let ran = home.run(&["rule", "check", "--pipeline", "windows-sysmom", &file]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("windows-sysmon"), "{}", ran.err);
}

#[test]
fn rules_come_as_objects_and_as_json_too() {
    let home = Home::new();
    let indicator = |number: u32, kind: &str, pattern: &str| {
        json!({"type": "indicator", "spec_version": "2.1",
            "id": format!("indicator--0000000{number}-0000-4000-8000-000000000001"),
            "created": "2026-01-01T00:00:00Z", "modified": "2026-01-01T00:00:00Z",
            "valid_from": "2026-01-01T00:00:00Z", "pattern_type": kind, "pattern": pattern})
        .to_string()
    };
    let objects = home.file(
        "feed.json",
        crate::harness::bundle(&[
            indicator(1, "sigma", RULE),
            indicator(2, "sigma", "title: x"),
            indicator(3, "stix", "[file:name = ]"),
            indicator(4, "snort", "alert"),
        ]),
    );
    let ran = home.run(&["rule", "check", &objects]);
    assert_eq!(ran.code, 6);
    assert!(
        ran.out.contains(&format!(
            "error    {objects}#/objects/1:1:1  `logsource` is missing"
        )),
        "{}",
        ran.out
    );
    assert!(
        ran.out
            .contains(&format!("error    {objects}#/objects/2:1:14  found `]`")),
        "{}",
        ran.out
    );
    assert!(
        ran.out
            .ends_with("1 rule loads, 2 refused, 1 object without a rule passed over\n"),
        "{}",
        ran.out
    );
}

#[test]
fn references_work_over_files_and_circles_are_refused() {
    let home = Home::new();
    let of = |name: &str, to: &str| {
        format!(
            "title: {name}\nname: {name}\ncorrelation:\n  type: event_count\n  rules: [{to}]\n  group-by: [User]\n  timespan: 5m\n  condition: {{gte: 3}}\n"
        )
    };
    home.file("rules/a.yml", RULE.replace("title:", "name: certutil\ntitle:"));
    home.file("rules/b.yml", of("many", "certutil"));
    home.file(
        "rules/c.yml",
        format!("{}---\n{}", of("one", "two"), of("two", "one")),
    );
    let ran = home.run(&["rule", "check", &home.path("rules").display().to_string()]);
    assert_eq!(ran.code, 6);
    assert!(ran.out.contains("refer to each other in a circle"), "{}", ran.out);
    assert!(
        ran.out.contains("1 rule loads, 2 refused, 1 correlation"),
        "{}",
        ran.out
    );
}

#[test]
fn matches_are_told_and_misses_end_with_1() {
    let home = Home::new();
    let rule = home.file("rule.yml", RULE);
    let events = home.file(
        "events.json",
        format!("{EVENT}\n{}\n", EVENT.replace("certutil.exe", "cmd.exe")),
    );
    let ran = home.ok(&["rule", "eval", &rule, &events]);
    assert_eq!(
        ran.out,
        format!("match    {events}:1  Certutil downloads\n1 rule on 2 events: 1 match\n")
    );
    let ran = home.ok(&["rule", "eval", "--json", "--pipeline", "all", &rule, EVENT]);
    assert_eq!(ran.json()[0]["verdict"], "match");
    let ran = home.run(&["rule", "eval", &rule, "{\"Image\":\"x\"}"]);
    assert_eq!(ran.code, 1);
    let ran = home.run(&["rule", "eval", &rule, "no-such-file.json"]);
    assert_eq!(ran.code, 6);
}

#[test]
fn explaining_shows_the_parts_that_settle_it_and_near_names() {
    let home = Home::new();
    let rule = home.file("rule.yml", RULE);
    let ran = home.ok(&["rule", "explain", &rule, EVENT]);
    assert_eq!(
        ran.out,
        "match    event:1  Certutil downloads
  yes (selection and not 1 of filter_*)
    yes selection
      yes Image ends with \"\\certutil.exe\"; it has \"C:\\Windows\\certutil.exe\"
      yes CommandLine contains \"urlcache\" or contains \"verifyctl\"; it has \"certutil -URLCACHE x\"
    yes not 1 of filter_*
      no  1 of filter_*
        no  filter_admin
          no  User is \"admin\"; it has \"eve\"
"
    );
    let ran = home.run(&[
        "rule",
        "explain",
        &rule,
        &EVENT.replace("\"Image\"", "\"Imagge\""),
    ]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.out
            .contains("no  Image ends with \"\\certutil.exe\"; the event has no `Image`, but `Imagge`"),
        "{}",
        ran.out
    );
    assert!(!ran.out.contains("CommandLine"), "{}", ran.out);
    let ran = home.run(&[
        "rule",
        "explain",
        "--json",
        "--pipeline",
        "windows-security",
        &rule,
        EVENT,
    ]);
    assert_eq!(ran.code, 1);
    assert_eq!(ran.json()[0]["verdict"], "no_match");
    assert_eq!(ran.json()[0]["because"][0]["parts"][0]["holds"], false);
}

#[test]
fn hostile_rules_end_with_an_error_soon() {
    let home = Home::new();
    let bomb: String = (1..40).fold("a0: &a0 [x, x]\n".to_owned(), |text, number| {
        format!("{text}a{number}: &a{number} [*a{0}, *a{0}, *a{0}]\n", number - 1)
    });
    let with = |search: &str, condition: &str| {
        format!(
            "title: x\nlogsource: {{category: test}}\ndetection:\n  s: {search}\n  condition: {condition}\n"
        )
    };
    for (text, said) in [
        (bomb, "more than"),
        ("[".repeat(100_000), "error"),
        (
            with(
                "{a: b}",
                &format!("{}s{}", "(".repeat(100_000), ")".repeat(100_000)),
            ),
            "error",
        ),
        (with("{a|re: '(('}", "s"), "regular expression"),
        (
            with(&format!("{{a|contains: '{}'}}", "x".repeat(4 << 20)), "s"),
            "1 rule loads",
        ),
        (with("{a|re: '(?=x)y'}", "s"), "under a step limit"),
        ("\u{0}\u{1}".to_owned(), "error"),
    ] {
        let file = home.file("hostile.yml", text);
        let ran = home.run(&["rule", "check", &file]);
        assert!(
            ran.out.contains(said),
            "{said}: {}",
            &ran.out[..ran.out.len().min(400)]
        );
        assert_eq!(ran.code, if ran.out.contains("error ") { 6 } else { 0 });
        assert!(ran.out.len() < 10_000);
    }
}

/// The values of a text of JSON, one behind the other.
fn values(path: &std::path::Path) -> Vec<Value> {
    let text = std::fs::read(path).unwrap();
    let values = serde_json::Deserializer::from_slice(&text).into_iter();
    values.map(Result::unwrap).collect()
}

/// The ids of published rules with their texts.
fn published() -> std::collections::BTreeMap<String, String> {
    let folders = ["rules", "rules-emerging-threats", "rules-threat-hunting"];
    let folders = folders
        .iter()
        .map(|name| shared(&format!("data/sigma/{name}")).unwrap());
    let files = folders.flat_map(|folder| walkdir::WalkDir::new(folder).into_iter().map(Result::unwrap));
    files
        .filter(|entry| entry.path().extension().is_some_and(|ending| ending == "yml"))
        .filter_map(|entry| {
            let text = std::fs::read_to_string(entry.path()).unwrap();
            let id = text
                .lines()
                .find_map(|line| line.strip_prefix("id: "))
                .map(str::trim);
            id.map(str::to_owned).map(|id| (id, text))
        })
        .collect()
}

#[test]
fn each_regression_pair_fires_also_as_a_batch() {
    let Some(samples) = shared("data/sigma/regression-sample") else {
        return;
    };
    let rules = published();
    let mut lines = Vec::new();
    for entry in std::fs::read_dir(samples).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "json") {
            let id = path.file_stem().unwrap().to_str().unwrap();
            let events = values(&path);
            lines.extend(
                events
                    .iter()
                    .map(|event| json!({"id": id, "rule": rules[id], "event": event})),
            );
        }
    }
    let answers = batch("eval", &lines);
    let of = |verdict: &'static str| -> std::collections::BTreeSet<&str> {
        let these = answers.iter().filter(|answer| answer["verdict"] == verdict);
        these.map(|answer| answer["id"].as_str().unwrap()).collect()
    };
    let fired = of("match");
    assert_eq!((fired.len(), of("error").len()), (41, 0));
    // A file may hold events before and behind the one that is meant.
    assert!(of("no_match").is_subset(&fired));
}

#[test]
fn yara_rules_are_checked_one_by_one() {
    let home = Home::new();
    let file = home.file(
        "rules/mixed.yar",
        "import \"pe\"\nrule good : tag { strings: $a = \"needle\" condition: $a and pe.is_pe }\n\
         rule bad { condition: no_such_thing }\nrule falls { condition: bad }\n",
    );
    home.file("rules/notes.md", "rule: none");
    home.file("rules/alert.rules", "alert tcp any any -> any any (msg:\"x\";)");
    let folder = home.path("rules").display().to_string();
    let ran = home.run(&["rule", "check", "--cost", &folder]);
    assert_eq!(ran.code, 6);
    assert_eq!(
        ran.out,
        format!(
            "yara     {file}:2  good\n         1 string, asks the module `pe`\n\
             error    {file}:3:23  `bad`: unknown identifier `no_such_thing`: this identifier has not been declared  (E009)\n\
             error    {file}:4:25  `falls`: unknown identifier `bad`: this identifier has not been declared  (E009)\n\
             1 rule loads, 2 refused, 1 of YARA among them, 2 files without rules passed over\n"
        )
    );
    let ran = home.run(&["rule", "check", "--json", &file]);
    let lines = ran.json();
    assert_eq!(lines.len(), 3);
    assert_eq!(
        (
            &lines[0]["kind"],
            &lines[0]["yara"]["modules"],
            &lines[0]["yara"]["tags"]
        ),
        (&json!("yara"), &json!(["pe"]), &json!(["tag"]))
    );
    assert_eq!(lines[1]["remarks"][0]["kind"], "E009");
    // Others' rules may not be slow: an indicator is read as those who are sent it read it.
    let slow = "rule slow { strings: $a = /a/ condition: $a }";
    let own = home.file("slow.yar", slow);
    assert_eq!(home.run(&["rule", "check", &own]).code, 0);
    let indicator = json!({"type": "indicator", "id": "indicator--00000001-0000-4000-8000-000000000001",
        "pattern_type": "yara", "pattern": slow});
    let objects = home.file("feed.json", crate::harness::bundle(&[indicator.to_string()]));
    let ran = home.run(&["rule", "check", &objects]);
    assert_eq!(ran.code, 6);
    assert!(
        ran.out.contains(&format!("error    {objects}#/objects/0:1:")),
        "{}",
        ran.out
    );
    let answers = batch(
        "check",
        &[
            json!({"id": 1, "rule": slow}),
            json!({"id": 2, "rule": "rule x {"}),
        ],
    );
    assert_eq!(answers[0], json!({"id": 1, "valid": true, "error": null}));
    assert!(
        answers[1]["error"]
            .as_str()
            .unwrap()
            .starts_with("line 1, column "),
        "{answers:?}"
    );
}

#[test]
fn published_yara_rules_all_pass_the_check() {
    let Some(folder) = shared("data/yara") else {
        return;
    };
    let ran = Home::new().ok(&[
        "rule",
        "check",
        "--quiet",
        "--json",
        &folder.display().to_string(),
    ]);
    let lines = ran.json();
    assert_eq!(lines.len(), 5_883);
    assert!(
        lines
            .iter()
            .all(|line| line["valid"] == true && line["kind"] == "yara")
    );
}

#[test]
fn explaining_keeps_the_names_of_searches_behind_pipelines() {
    let home = Home::new();
    let rule = home.file("rule.yml", RULE);
    let ran = home.ok(&["rule", "explain", "--pipeline", "windows-sysmon", &rule, EVENT]);
    for part in [
        "  yes as `windows-sysmon` has it\n",
        "    yes (selection and not 1 of filter_*)\n",
        "      yes selection\n",
        "          no  filter_admin\n",
    ] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
}

#[test]
fn each_remark_has_a_name() {
    let home = Home::new();
    let rule = home.file(
        "rule.yml",
        RULE.replace("filter_admin:", "unused: {x: y}\n  filter_admin:")
            .replace("status: test\n", ""),
    );
    let ran = home.ok(&["rule", "check", &rule]);
    assert_eq!(
        ran.out,
        format!(
            "note     {rule}:1:1  `Certutil downloads`: `status` is missing  (missing-attribute)\n\
             warning  {rule}:9:3  `Certutil downloads`: no condition uses the search `unused`  (unused-search)\n\
             1 rule loads, 0 refused, 1 warning, 1 note\n"
        )
    );
    let ran = home.ok(&["rule", "check", "--json", &rule]);
    let lines = ran.json();
    let remarks = lines[0]["remarks"].as_array().unwrap().iter();
    let kinds: Vec<&Value> = remarks.map(|remark| &remark["kind"]).collect();
    assert_eq!(kinds, ["missing-attribute", "unused-search"]);
}

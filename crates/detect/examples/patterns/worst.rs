//! The worst patterns that may come: what each kind takes away from the others is measured.

/// Kinds of them, with as many of each as are added at once.
pub(crate) fn kinds(count: usize) -> Vec<(&'static str, Vec<String>)> {
    let all = |of: &dyn Fn(usize) -> String| (0..count).map(of).collect::<Vec<String>>();
    let list = |what: &dyn Fn(usize) -> String, many: usize, joint: &str| -> String {
        (0..many).map(what).collect::<Vec<String>>().join(joint)
    };
    // Texts that most events have.
    let texts = |test: &str| {
        let paths = [
            "process:command_line",
            "file:name",
            "domain-name:value",
            "process:image_ref.parent_directory_ref.path",
        ];
        let comparisons: Vec<String> = paths.iter().map(|path| format!("{path} {test}")).collect();
        format!("[{}]", comparisons.join(" OR "))
    };
    vec![
        (
            "nested wildcards",
            all(&|n| texts(&format!("LIKE '{}%{n}'", "%a%e%i%o".repeat(40)))),
        ),
        (
            "one character each",
            all(&|n| texts(&format!("LIKE '%{}x{n}_%'", "_".repeat(9)))),
        ),
        (
            "one character and one letter",
            all(&|n| texts(&format!("LIKE '%{}{n}%'", "_a".repeat(9)))),
        ),
        (
            "evil expressions",
            all(&|n| texts(&format!("MATCHES '^(([a-z])+.)+[A-Z]([a-z])+{n}$'"))),
        ),
        (
            "many states",
            all(&|n| texts(&format!("MATCHES '[a-q][^u-z]{{{}}}x'", 13 + n))),
        ),
        (
            "many repetitions",
            all(&|n| texts(&format!("MATCHES '(.*[a-z]){{12}}{n}$'"))),
        ),
        (
            "alternatives",
            all(&|n| {
                texts(&format!(
                    "MATCHES '({})'",
                    list(&|other| format!("{:x}", 4096 + n * 31 + other * 7), 800, "|")
                ))
            }),
        ),
        (
            "10,000 values",
            all(&|n| {
                texts(&format!(
                    "IN ({})",
                    list(&|other| format!("'w{other}.{n}.test'"), 10_000, ", ")
                ))
            }),
        ),
        (
            "none of 10,000 values",
            all(&|n| {
                texts(&format!(
                    "NOT IN ({})",
                    list(&|other| format!("'w{other}.{n}.test'"), 10_000, ", ")
                ))
            }),
        ),
        (
            "no witness",
            all(&|n| {
                format!(
                    "[NOT EXISTS network-traffic:src_byte_count OR NOT EXISTS file:hashes.MD5 OR network-traffic:src_port < {n}]"
                )
            }),
        ),
        ("presence", all(&|n| texts(&format!("!= '{n}'")))),
        (
            "looking around",
            all(&|n| texts(&format!("MATCHES '^(([a-z])+.?)*(?=.9z{n})$'"))),
        ),
        (
            "referring back",
            all(&|n| texts(&format!("MATCHES '^(a|.)*\\\\1q{n}$'"))),
        ),
    ]
}

//! Rules of objects on trial: how trials are kept, and what scans and watches tell meanwhile.

mod kept;
mod scanned;

use crate::peers::{Memory, Peer, id};
use crate::world::{Home, day};

/// An indicator with a rule.
fn in_language(language: &str, number: u32, modified: i64, pattern: &str, more: &str) -> String {
    let pattern = pattern
        .replace('\\', r"\\")
        .replace('"', r#"\""#)
        .replace('\n', r"\n");
    format!(
        r#"{{"type":"indicator","spec_version":"2.1","id":"{}","created":"{}","modified":"{}","pattern":"{pattern}","pattern_type":"{language}","valid_from":"{}"{more}}}"#,
        id("indicator", number),
        day(0),
        day(modified),
        day(0),
    )
}

/// A Sigma rule as an object: processes whose image ends so.
fn rule(number: u32, modified: i64, ends: &str, more: &str) -> String {
    let pattern = format!(
        "title: Rule {number}\nlogsource:\n  product: windows\n  category: process_creation\ndetection:\n  a:\n    Image|endswith: {ends}\n  condition: a"
    );
    in_language("sigma", number, modified, &pattern, more)
}

fn desk(rules: &[String]) -> Peer {
    let (home, guard) = (Home::founded("Alpha", 1), Memory::default());
    let desk = Peer { home, guard };
    desk.import("feed", rules, day(3));
    desk
}

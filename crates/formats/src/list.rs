//! Plain lists: one value a line, with comments.
//!
//! Understood beside the bare value: defanged values, `# comment` lines and ` # comment` behind a
//! value, `value;comment`, `value;score;comment`, `value<TAB>comment`, `address:port`, hosts files
//! (`0.0.0.0 domain`) and `||domain^`. A block of comment lines is the heading of the values below it,
//! except the first one of a file: that is about the file, and often carries a date which would
//! make every entry a new one at every download. A value that is commented out is no heading.

mod file_name;
mod line;

use std::{
    collections::VecDeque,
    io::{self, BufRead},
};

use crate::{
    entry::{Attributes, Entry, Item},
    lines::Lines,
    value,
};
use line::Shape;

/// Reads a list; every line is an entry (or several, in a hosts file), a comment or a defect.
pub struct Reader<R> {
    lines: Lines<R>,
    heading: Heading,
    waiting: VecDeque<Item>,
    skipped: u64,
}

impl<R: BufRead> Reader<R> {
    /// A reader of plain, decompressed text.
    pub fn new(reader: R) -> Self {
        Self {
            lines: Lines::new(reader),
            heading: Heading::default(),
            waiting: VecDeque::new(),
            skipped: 0,
        }
    }

    /// Comment and empty lines so far.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// The next entry or defect, or nothing at the end.
    ///
    /// # Errors
    /// What the underlying reader gives.
    pub fn read_item(&mut self) -> io::Result<Option<Item>> {
        loop {
            if let Some(item) = self.waiting.pop_front() {
                return Ok(Some(item));
            }
            let Some(line) = self.lines.read_line()? else {
                return Ok(None);
            };
            let text = match line.text {
                Ok(text) => text,
                Err(refusal) => return Ok(Some(Item::Defect(refusal.at(line.number, "")))),
            };
            match line::shape(text) {
                Shape::Empty => {
                    self.skipped += 1;
                    self.heading.pause();
                }
                Shape::Comment(comment) => {
                    self.skipped += 1;
                    if !line::is_value(comment) {
                        self.heading.add(comment);
                    }
                }
                Shape::Hosts(names) => {
                    self.heading.use_up();
                    for name in names.split_whitespace() {
                        let item = item(line.number, text, value::guess(name), None, &self.heading);
                        self.waiting.push_back(item);
                    }
                }
                Shape::Value { value, comment } => {
                    self.heading.use_up();
                    return Ok(Some(item(line.number, text, value, comment, &self.heading)));
                }
            }
        }
    }
}

fn item(
    line: u64,
    text: &str,
    value: Result<value::Value, crate::entry::Refusal>,
    comment: Option<line::Comment<'_>>,
    heading: &Heading,
) -> Item {
    let value = match value {
        Ok(value) => value,
        Err(refusal) => return Item::Defect(refusal.at(line, text)),
    };
    let mut attributes = Attributes::default();
    if let Some(comment) = comment {
        attributes.describe(comment.text);
        if let Some(score) = comment.score {
            attributes.describe(&format!("score {score}"));
        }
        add_links(&mut attributes, comment.text);
    }
    heading.describe(&mut attributes);
    let value::Value {
        observable,
        written,
        port,
    } = value;
    Item::Entry(Entry {
        line,
        observable,
        written,
        port,
        attributes,
    })
}

/// The block of comment lines above the values.
#[derive(Default)]
struct Heading {
    lines: Vec<String>,
    bytes: usize,
    state: State,
    seen_first: bool,
}

#[derive(Default, PartialEq)]
enum State {
    /// The next comment line begins a new block.
    #[default]
    Over,
    /// Comment lines are being added.
    Open,
}

impl Heading {
    fn add(&mut self, comment: &str) {
        if self.state == State::Over {
            self.seen_first |= !self.lines.is_empty();
            self.lines.clear();
            self.bytes = 0;
            self.state = State::Open;
        }
        // An empty comment line stands for itself, so that the block counts as one.
        self.bytes += comment.len();
        if self.bytes <= crate::limits::DESCRIPTION_BYTES_MAX {
            self.lines.push(comment.to_owned());
        }
    }

    /// An empty line ends a block; what is below may still be its values.
    fn pause(&mut self) {
        self.state = State::Over;
    }

    fn use_up(&mut self) {
        self.state = State::Over;
    }

    /// Says the heading of an entry, unless it is the head of the file.
    fn describe(&self, attributes: &mut Attributes) {
        if !self.seen_first {
            return;
        }
        for line in &self.lines {
            let text = line.strip_prefix("Reference:").map_or(line.as_str(), str::trim);
            add_links(attributes, text);
            let only_link = !text.contains(' ') && text.contains("://");
            if !only_link {
                attributes.describe(text);
            }
        }
    }
}

fn add_links(attributes: &mut Attributes, text: &str) {
    for word in text.split_whitespace() {
        let word = word.trim_matches(['(', ')', '<', '>', ',', ';', '"']);
        if word.starts_with("https://") || word.starts_with("http://") {
            attributes.link(word);
        }
    }
}

#[cfg(test)]
mod tests {
    use entente_stix::observable::Kind;

    use super::*;

    fn read(text: &str) -> Vec<Item> {
        let mut reader = Reader::new(text.as_bytes());
        let mut items = Vec::new();
        while let Some(item) = reader.read_item().unwrap() {
            items.push(item);
        }
        items
    }

    fn entry(text: &str) -> Entry {
        let mut items = read(text);
        assert_eq!(items.len(), 1, "{items:?}");
        match items.remove(0) {
            Item::Entry(entry) => entry,
            Item::Defect(defect) => panic!("{defect}"),
        }
    }

    fn check(text: &str, kind: Kind, value: &str) -> Entry {
        let entry = entry(text);
        assert_eq!(
            (entry.observable.kind, entry.observable.value.as_str()),
            (kind, value),
            "{text}"
        );
        entry
    }

    fn refused(text: &str) -> String {
        match read(text).as_slice() {
            [Item::Defect(defect)] => format!("{}; {}", defect.reason, defect.way_out),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn values_are_read_as_people_write_them() {
        check("198.51.100.7", Kind::Ipv4, "198.51.100.7");
        check("198.51.100[.]7", Kind::Ipv4, "198.51.100.7");
        check("198.51.100.0/24", Kind::Ipv4, "198.51.100.0/24");
        check("evil[.]example", Kind::Domain, "evil.example");
        check("\"evil.example\",", Kind::Domain, "evil.example");
        check("  Evil.Example.  ", Kind::Domain, "evil.example");
        check("2001:db8::1", Kind::Ipv6, "2001:db8::1");
        check("||evil.example^", Kind::Domain, "evil.example");
        check(
            "d41d8cd98f00b204e9800998ecf8427e",
            Kind::Md5,
            "d41d8cd98f00b204e9800998ecf8427e",
        );
    }

    #[test]
    fn ports_are_kept_apart_from_the_address() {
        assert_eq!(check("192.0.2.1:443", Kind::Ipv4, "192.0.2.1").port, Some(443));
        assert_eq!(
            check("evil.example:8080", Kind::Domain, "evil.example").port,
            Some(8080)
        );
        assert_eq!(
            check("[2001:db8::1]:53", Kind::Ipv6, "2001:db8::1").port,
            Some(53)
        );
        assert_eq!(
            check("tcp://192.0.2.1:4444", Kind::Ipv4, "192.0.2.1").port,
            Some(4444)
        );
        assert_eq!(check("2001:db8::1:443", Kind::Ipv6, "2001:db8::1:443").port, None);
    }

    #[test]
    fn comments_beside_a_value_describe_it() {
        let hash = check(
            "0C2674C3A97C53082187D930EFB645C2;Panda - https://x.example/r",
            Kind::Md5,
            "0c2674c3a97c53082187d930efb645c2",
        );
        assert_eq!(
            hash.attributes.description.as_deref(),
            Some("Panda - https://x.example/r")
        );
        assert_eq!(hash.attributes.links, ["https://x.example/r"]);
        let scored = check("192.0.2.9;65", Kind::Ipv4, "192.0.2.9");
        assert_eq!(scored.attributes.description.as_deref(), Some("score 65"));
        let inline = check("evil.example    # was: other", Kind::Domain, "evil.example");
        assert_eq!(inline.attributes.description.as_deref(), Some("was: other"));
        let tabbed = check("192.0.2.9\t12", Kind::Ipv4, "192.0.2.9");
        assert_eq!(tabbed.attributes.description.as_deref(), Some("score 12"));
    }

    #[test]
    fn a_url_keeps_its_fragment_and_its_semicolons() {
        assert_eq!(
            entry("http://evil.example/a;b=1#c").written,
            "http://evil.example/a;b=1#c"
        );
        let commented = entry("hxxp://evil[.]example/a;seen in March");
        assert_eq!(commented.written, "http://evil.example/a");
    }

    #[test]
    fn headings_describe_their_section_and_the_file_head_nobody() {
        let text = "# Banner\n# updated today\n\na.example\n\n# Operation X\n# Reference: \
                    https://r.example/1\n\nb.example\nc.example\n\n# Y\nd.example\n";
        let described: Vec<_> = read(text)
            .into_iter()
            .map(|item| match item {
                Item::Entry(entry) => (entry.attributes.description, entry.attributes.links.len()),
                Item::Defect(defect) => panic!("{defect}"),
            })
            .collect();
        let x = || (Some("Operation X".to_owned()), 1);
        assert_eq!(described, [(None, 0), x(), x(), (Some("Y".into()), 0)]);
    }

    #[test]
    fn a_value_commented_out_is_neither_taken_nor_a_heading() {
        let text = "# head\n\n# Y\n# a.example;off\nb.example\n";
        assert_eq!(read(text).len(), 1);
        assert_eq!(entry(text).attributes.description.as_deref(), Some("Y"));
    }

    #[test]
    fn hosts_files_give_each_name() {
        let items = read("0.0.0.0 a.example b.example # ads\n");
        let names: Vec<_> = items
            .iter()
            .map(|item| match item {
                Item::Entry(entry) => entry.observable.value.as_str(),
                Item::Defect(defect) => panic!("{defect}"),
            })
            .collect();
        assert_eq!(names, ["a.example", "b.example"]);
    }

    #[test]
    fn refusals_name_the_reason_and_a_way_out() {
        assert!(refused("/gate.php").contains("path without a host"));
        assert!(refused("see the report").contains("behind ` # `"));
        assert!(refused("evil.example,c2").contains("header line"));
        assert!(refused(r"\\(svchost|lsass)\.exe$;50").contains("regular expression"));
    }

    #[test]
    fn plain_file_name_expressions_become_file_names() {
        let entry = check(r"\\njRAT\.exe;50", Kind::FileName, "njrat.exe");
        assert_eq!(entry.attributes.description.as_deref(), Some("score 50"));
    }
}

//! Patterns by seed: most look like what the logs hold and match nothing, some match.

use entente_detect::rules::{Field, FieldNames, Value};

/// Paths that patterns ask for, by type.
const PATHS: &[&str] = &[
    "file:name",
    "file:parent_directory_ref.path",
    "file:hashes.MD5",
    "file:hashes.'SHA-256'",
    "process:command_line",
    "process:image_ref.name",
    "process:image_ref.parent_directory_ref.path",
    "process:parent_ref.image_ref.name",
    "process:pid",
    "process:creator_user_ref.account_login",
    "windows-registry-key:key",
    "windows-registry-key:values[*].name",
    "windows-registry-key:values[*].data",
    "network-traffic:src_ref.value",
    "network-traffic:dst_ref.value",
    "network-traffic:src_port",
    "network-traffic:dst_port",
    "network-traffic:protocols[*]",
    "network-traffic:dst_byte_count",
    "network-traffic:extensions.'http-request-ext'.request_value",
    "domain-name:value",
    "domain-name:resolves_to_refs[*].value",
    "ipv4-addr:value",
    "url:value",
    "email-addr:value",
    "email-message:subject",
    "email-message:from_ref.value",
    "x509-certificate:subject",
    "x509-certificate:issuer",
    "user-account:account_login",
];

/// One row of an event: paths by number, and their values.
type Seen = Vec<(usize, String)>;

/// What logs hold at the paths, and chance.
pub(crate) struct Maker {
    rows: Vec<Seen>,
    chance: u64,
}

/// The names of the fields that rows are to have for a [`Maker`].
pub(crate) fn names() -> FieldNames {
    FieldNames::new(PATHS)
}

impl Maker {
    pub(crate) fn new(seed: u64) -> Self {
        Maker {
            rows: Vec::new(),
            chance: seed,
        }
    }

    /// Takes in a row with fields of [`names`].
    pub(crate) fn learn(&mut self, row: &[Field<'_>]) {
        let seen = row.iter().filter_map(|field| match field.value {
            Value::Text(text) | Value::Number(text) if (field.number as usize) < PATHS.len() => {
                Some((field.number as usize, text.to_owned()))
            }
            _ => None,
        });
        let seen: Seen = seen.collect();
        if !seen.is_empty() {
            self.rows.push(seen);
        }
    }

    /// A number below `end`.
    fn below(&mut self, end: usize) -> usize {
        self.chance = self.chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.chance ^ self.chance >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) % end.max(1) as u64) as usize
    }

    /// A pattern: one observation, or two that are joined.
    pub(crate) fn pattern(&mut self) -> String {
        match self.below(10) {
            0 => format!(
                "({} FOLLOWEDBY {}) WITHIN 300 SECONDS",
                self.observation(),
                self.observation()
            ),
            1 => format!("{} AND {}", self.observation(), self.observation()),
            _ => self.observation(),
        }
    }

    fn observation(&mut self) -> String {
        // Of every twenty one asks for what some event holds.
        let is_real = self.below(20) == 0;
        let row = self.below(self.rows.len());
        let row = self.rows[row].clone();
        let comparisons: Vec<String> = (0..1 + self.below(3))
            .map(|number| {
                let (path, value) = &row[self.below(row.len())];
                self.comparison(PATHS[*path], value, is_real || number > 0)
            })
            .collect();
        let operator = if self.below(3) == 0 && !is_real {
            " OR "
        } else {
            " AND "
        };
        if operator == " OR " {
            // By OR each comparison is one of its own.
            let (path, value) = &row[self.below(row.len())];
            let first = self.comparison(PATHS[*path], value, false);
            let (path, value) = &row[self.below(row.len())];
            let second = self.comparison(PATHS[*path], value, false);
            return format!("[{first} OR {second}]");
        }
        format!("[{}]", comparisons.join(operator))
    }

    fn comparison(&mut self, path: &str, value: &str, is_real: bool) -> String {
        if let Ok(number) = value.parse::<i64>() {
            let number = if is_real {
                number
            } else {
                70_000 + self.below(1 << 30) as i64
            };
            return match self.below(4) {
                0 => format!("{path} IN ({number}, {})", number + 7),
                1 => format!("{path} >= {number}"),
                _ => format!("{path} = {number}"),
            };
        }
        if let Ok(address) = value.parse::<std::net::Ipv4Addr>() {
            let [first, second, ..] = address.octets();
            let address = match is_real {
                true => address.to_string(),
                false => format!(
                    "198.{}.{}.{}",
                    18 + self.below(2),
                    self.below(256),
                    self.below(256)
                ),
            };
            return match self.below(4) {
                0 if is_real => format!("{path} ISSUBSET '{first}.{second}.0.0/16'"),
                0 => format!("{path} ISSUBSET '{address}/24'"),
                1 => format!("{path} IN ('{address}', '203.0.113.{}')", self.below(256)),
                _ => format!("{path} = '{address}'"),
            };
        }
        self.of_text(path, value, is_real)
    }

    fn of_text(&mut self, path: &str, value: &str, is_real: bool) -> String {
        let value: String = value.chars().take(60).collect();
        let is_hash = path.contains("hashes");
        let value = match (is_real, is_hash) {
            (true, _) => value,
            (false, true) => value.bytes().map(|_| HEX[self.below(16)]).collect(),
            (false, false) => self.look_alike(&value),
        };
        let parts: Vec<&str> = value.split(|one: char| !one.is_alphanumeric()).collect();
        let longest = parts
            .iter()
            .max_by_key(|part| part.len())
            .copied()
            .unwrap_or_default();
        let quoted = |text: &str| text.replace('\\', "\\\\").replace('\'', "\\'");
        let end: String = value.chars().skip(value.chars().count() / 2).collect();
        match self.below(if is_hash || longest.len() < 4 { 2 } else { 6 }) {
            0 => {
                let others: Vec<String> = (0..3)
                    .map(|_| format!("'{}'", quoted(&self.look_alike(&value))))
                    .collect();
                format!("{path} IN ('{}', {})", quoted(&value), others.join(", "))
            }
            1 => format!("{path} = '{}'", quoted(&value)),
            2 => format!("{path} LIKE '%{longest}%'"),
            3 => format!("{path} LIKE '%{}'", quoted(&end)),
            4 => format!("{path} MATCHES '(?i){longest}.*'"),
            _ => format!("{path} MATCHES '^.*{longest}(\\\\W|$)'"),
        }
    }

    /// A text with one word changed.
    fn look_alike(&mut self, text: &str) -> String {
        let word: String = (0..8).map(|_| char::from(b'a' + self.below(26) as u8)).collect();
        let longest = text
            .split(|one: char| !one.is_alphanumeric())
            .max_by_key(|part| part.len());
        match longest.filter(|longest| !longest.is_empty()) {
            Some(longest) => text.replacen(longest, &word, 1),
            None => word,
        }
    }
}

const HEX: [char; 16] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
];

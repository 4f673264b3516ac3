//! `export csv`: RFC 4180, one row an object, safe to open in a spreadsheet.

use std::io::{self, Write};

/// The columns, in order.
pub const COLUMNS: [&str; 13] = [
    "id",
    "type",
    "kind",
    "value",
    "name",
    "valid_from",
    "valid_until",
    "confidence",
    "labels",
    "tlp",
    "created_by",
    "sources",
    "modified",
];

/// One row. Empty text stands for what an object does not say.
#[derive(Debug, Clone, Copy, Default)]
pub struct Row<'a> {
    /// The object's id.
    pub id: &'a str,
    /// The object's STIX type.
    pub type_name: &'a str,
    /// The observable's kind by its stable name, where the row is about one.
    pub kind: &'a str,
    /// The observable in normal form, or the pattern where it says more than one value.
    pub value: &'a str,
    /// The name for people.
    pub name: &'a str,
    /// RFC 3339.
    pub valid_from: &'a str,
    /// RFC 3339.
    pub valid_until: &'a str,
    /// 0 to 100.
    pub confidence: Option<u8>,
    /// Joined by commas.
    pub labels: &'a [&'a str],
    /// As `TLP:AMBER`.
    pub tlp: &'a str,
    /// The creator's identity.
    pub created_by: &'a str,
    /// Who told it; joined by commas.
    pub sources: &'a [&'a str],
    /// RFC 3339.
    pub modified: &'a str,
}

/// Writes rows; the header goes before the first one.
pub struct Writer<W: Write> {
    csv: csv::Writer<W>,
}

impl<W: Write> Writer<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// What the underlying writer gives.
    pub fn new(writer: W) -> io::Result<Self> {
        let mut csv = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_writer(writer);
        csv.write_record(COLUMNS)?;
        Ok(Self { csv })
    }

    /// Writes one row.
    ///
    /// # Errors
    /// What the underlying writer gives.
    pub fn write(&mut self, row: &Row<'_>) -> io::Result<()> {
        let confidence = row
            .confidence
            .map(|confidence| confidence.to_string())
            .unwrap_or_default();
        let (labels, sources) = (row.labels.join(","), row.sources.join(","));
        let fields = [
            row.id,
            row.type_name,
            row.kind,
            row.value,
            row.name,
            row.valid_from,
            row.valid_until,
            &confidence,
            &labels,
            row.tlp,
            row.created_by,
            &sources,
            row.modified,
        ];
        self.csv.write_record(
            fields
                .map(|field| neutral(field))
                .iter()
                .map(|field| field.as_bytes()),
        )?;
        Ok(())
    }

    /// Writes what is buffered and gives the writer back.
    ///
    /// # Errors
    /// What the underlying writer gives.
    pub fn finish(self) -> io::Result<W> {
        self.csv.into_inner().map_err(|error| error.into_error())
    }
}

/// The field with an apostrophe before it where a spreadsheet would run it as a formula
/// (OWASP, CSV injection); our CSV reader takes that apostrophe off again.
fn neutral(field: &str) -> std::borrow::Cow<'_, str> {
    if field.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{field}").into()
    } else {
        field.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(rows: &[Row<'_>]) -> String {
        let mut writer = Writer::new(Vec::new()).unwrap();
        for row in rows {
            writer.write(row).unwrap();
        }
        String::from_utf8(writer.finish().unwrap()).unwrap()
    }

    #[test]
    fn header_comes_even_without_rows() {
        assert_eq!(written(&[]), COLUMNS.join(",") + "\r\n");
    }

    #[test]
    fn fields_are_quoted_by_rfc_4180() {
        let row = Row {
            name: "a \"b\", c\nd",
            labels: &["x", "y"],
            ..Row::default()
        };
        let text = written(&[row]);
        assert!(text.contains("\"a \"\"b\"\", c\nd\""), "{text}");
        assert!(text.contains("\"x,y\""), "{text}");
    }

    #[test]
    fn formulas_are_neutralised() {
        for formula in ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            let text = written(&[Row {
                id: formula,
                ..Row::default()
            }]);
            let row = text.split_once("\r\n").unwrap().1;
            assert!(row.trim_start_matches('"').starts_with('\''), "{row}");
        }
    }
}

//! `export csv`: RFC 4180, one row an object, safe to open in a spreadsheet.

use std::io::{self, Write};

use crate::{entry, limits};

/// The columns, in order.
pub const COLUMNS: [&str; 14] = [
    "id",
    "type",
    "kind",
    "value",
    "name",
    "description",
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
    /// What people say about it; its first [`limits::DESCRIPTION_BYTES_MAX`] bytes and 50 lines are written.
    pub description: &'a str,
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
        csv.write_record(COLUMNS).map_err(plain)?;
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
            readable(row.description),
            row.valid_from,
            row.valid_until,
            &confidence,
            &labels,
            row.tlp,
            row.created_by,
            &sources,
            row.modified,
        ];
        self.csv
            .write_record(
                fields
                    .map(|field| neutral(field))
                    .iter()
                    .map(|field| field.as_bytes()),
            )
            .map_err(plain)
    }

    /// Writes what is buffered and gives the writer back.
    ///
    /// # Errors
    /// What the underlying writer gives.
    pub fn finish(self) -> io::Result<W> {
        self.csv.into_inner().map_err(|error| error.into_error())
    }
}

/// The writer's own error: callers tell a reader that hung up from a full disk by its kind.
fn plain(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// The beginning of a description that our CSV reader takes back as part of one record.
fn readable(description: &str) -> &str {
    let kept = entry::cut(description, limits::DESCRIPTION_BYTES_MAX);
    let lines_end = kept.match_indices('\n').nth(limits::CSV_RECORD_LINES_MAX / 2 - 1);
    lines_end.map_or(kept, |(end, _)| kept.get(..end).unwrap_or(kept))
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
    fn a_reader_that_hung_up_is_told_by_its_kind() {
        struct HungUp;
        impl Write for HungUp {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut writer = Writer::new(HungUp).unwrap();
        let name = "x".repeat(1 << 16);
        let row = Row {
            name: &name,
            ..Row::default()
        };
        let error = writer.write(&row).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
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

//! Imports old registers from CSV. An old register contains numbers from the time before this software. This module parses and checks each
//! line, and records the error of each invalid line.

use hotline_core::{statistics::figures::Measure, text::locale::Words};
use hotline_store::{
    db::store::Store,
    error::{Conflict, StoreError},
    statistics::adjustments::NewAdjustment,
};
use serde::Deserialize;

/// A line of an imported register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Line number in the file; the header is line 1.
    pub line: u64,
    /// The fields of the line, joined by commas.
    pub text: String,
    /// The parsed opening balance or adjustment. `None` if parsing failed.
    pub read: Option<NewAdjustment>,
    /// The reason why the line can't be entered. `None` if it can be entered.
    pub wrong: Option<Wrong>,
}

/// The reason why a line can't be entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// The line could not be parsed. The text is the parser's message.
    Unread(String),
    /// The store rejected the parsed entry.
    Refused(Conflict),
}

impl Wrong {
    /// Returns the reason as text. A reason from the store is in the reader's language; a parser's message is in English.
    #[must_use]
    pub fn localized(&self, words: &Words) -> String {
        match self {
            Self::Unread(why) => why.clone(),
            Self::Refused(why) => words.say(why.key()),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    of: Measure,
    value: String,
    from: chrono::NaiveDate,
    to: chrono::NaiveDate,
    count: i64,
    source: String,
    #[serde(default)]
    correction: bool,
    #[serde(default)]
    reason: String,
}

/// Parses a register with the columns `of,value,from,to,count,source` and optionally `correction,reason`. The file must be UTF-8, with
/// commas or semicolons as separators.
#[must_use]
pub fn read(csv: &[u8]) -> Vec<Row> {
    // Some spreadsheets write a byte order mark before the text.
    let csv = csv.strip_prefix(b"\xef\xbb\xbf").unwrap_or(csv);
    let head = csv.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let delimiter = if head.contains(&b';') { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .trim(csv::Trim::All)
        .flexible(true)
        .from_reader(csv);
    let head = match reader.headers() {
        Ok(head) => head.clone(),
        Err(error) => return vec![unread(1, String::new(), &error)],
    };
    let rows = reader.into_records().zip(2_u64..);
    rows.map(|(record, number)| match record {
        Ok(record) => {
            let line = record.position().map_or(number, csv::Position::line);
            let text = record.iter().collect::<Vec<_>>().join(", ");
            if record.len() > head.len() {
                // An unquoted comma inside a number, such as 20,000, adds a field to the line.
                let why = format!("{} fields where the head has {}", record.len(), head.len());
                return Row {
                    line,
                    text,
                    read: None,
                    wrong: Some(Wrong::Unread(why)),
                };
            }
            match record.deserialize::<Read>(Some(&head)) {
                Ok(read) => Row {
                    line,
                    text,
                    read: Some(NewAdjustment {
                        of: read.of,
                        value: read.value,
                        correction: read.correction,
                        from: read.from,
                        to: read.to,
                        count: read.count,
                        source: read.source,
                        reason: read.reason,
                    }),
                    wrong: None,
                },
                Err(error) => unread(line, text, &error),
            }
        }
        Err(error) => unread(number, String::new(), &error),
    })
    .collect()
}

fn unread(line: u64, text: String, error: &csv::Error) -> Row {
    Row {
        line,
        text,
        read: None,
        wrong: Some(Wrong::Unread(error.to_string())),
    }
}

/// Checks whether the store would accept each parsed line if all preceding lines had been entered. The reason for a rejection is written to
/// the field `wrong` of the line.
///
/// # Errors
/// Fails if a database query fails.
pub async fn tried(store: &Store, mut rows: Vec<Row>) -> Result<Vec<Row>, StoreError> {
    let new: Vec<NewAdjustment> = rows.iter().filter_map(|row| row.read.clone()).collect();
    let mut found = store.check_adjustments(&new).await?.into_iter();
    for row in rows.iter_mut().filter(|row| row.read.is_some()) {
        row.wrong = found.next().flatten().map(Wrong::Refused);
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_register_is_read_with_commas_or_semicolons_and_a_mark_before_it() {
        let comma = "of,value,from,to,count,source\ncontact,telephone,2017-02-27,2022-12-31,20000,\"Reports, printed\"\n";
        let semicolon = "\u{feff}of;value;from;to;count;source;correction;reason\r\ncase;mup;2017-02-27;2022-12-31;-3;Report;true;counted twice\r\n";
        let rows = read(comma.as_bytes());
        assert_eq!(rows[0].read.as_ref().unwrap().source, "Reports, printed");
        let rows = read(semicolon.as_bytes());
        let read = rows[0].read.as_ref().unwrap();
        assert_eq!((read.of, read.count, read.correction), (Measure::Case, -3, true));
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named_by_its_number() {
        let rows = read(b"of,value,from,to,count,source\ncontact,telephone,2017-02-30,2022-12-31,1,x\nperson,a,2017-01-01,2017-01-01,1,x\n");
        assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 3]);
        assert!(rows.iter().all(|row| matches!(row.wrong, Some(Wrong::Unread(_)))));
        assert!(read(b"").is_empty());
    }
}

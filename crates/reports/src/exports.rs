//! Tables as files: CSV (RFC 4180) and Excel workbooks.

use chrono::NaiveDate;
use hotline_core::text::locale::Words;
use rust_xlsxwriter::{Color, DocProperties, ExcelDateTime, Format, FormatAlign, Workbook, XlsxError};

use crate::{
    cover::Cover,
    tables::{BACKLOG, Cell, Line, Table},
};

/// The longest sheet name that Excel accepts, in characters.
const SHEET_NAME: usize = 31;
/// The longest cell text that Excel accepts, in UTF-16 code units.
const CELL: usize = 32_767;

/// Options for CSV files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CsvForm {
    /// The field separator: `,` or `;`.
    pub separator: u8,
    /// Whether the file begins with a byte order mark, which some spreadsheets need to recognise UTF-8.
    pub bom: bool,
    /// Whether the cover precedes the header row. The cover states the time at which the figures were read. A file without a cover always
    /// has the same bytes for the same figures.
    pub cover: bool,
}

impl Default for CsvForm {
    fn default() -> Self {
        Self {
            separator: b',',
            bom: false,
            cover: false,
        }
    }
}

/// Writes one table as CSV, with the same rows and columns as the table on the statistics page.
///
/// # Errors
/// Fails if the CSV writer fails.
pub fn csv_of_table(
    words: &Words,
    cover: &Cover,
    table: &Table,
    form: CsvForm,
) -> Result<Vec<u8>, csv::Error> {
    let head = [&table.side].into_iter().chain(&table.columns);
    let lines = table.rows.iter().chain(&table.foot).map(|line| {
        let cells = line.cells.iter().map(|cell| cell.plain());
        [harmless(&line.label)].into_iter().chain(cells).collect()
    });
    let cover = &cover.clone().with_notes(words, std::slice::from_ref(table));
    csv(
        words,
        cover,
        form,
        head.map(|text| harmless(text)).collect(),
        lines.collect(),
    )
}

/// Writes several tables into one CSV file. The file has one line for each cell that is not empty, with the fields table, row, column and
/// figure.
///
/// # Errors
/// Fails if the CSV writer fails.
pub fn csv_of_tables(
    words: &Words,
    cover: &Cover,
    tables: &[Table],
    form: CsvForm,
) -> Result<Vec<u8>, csv::Error> {
    let head = ["table", "row", "column", "figure"].map(|key| words.say(&format!("csv-{key}")));
    let mut lines = Vec::new();
    // The backlog changes from minute to minute, and only a cover states when it was read. A file without a cover therefore omits the
    // backlog.
    let lasting = |table: &&Table| form.cover || table.id != BACKLOG;
    for table in tables.iter().filter(lasting) {
        for line in table.rows.iter().chain(&table.foot) {
            for (column, cell) in table.columns.iter().zip(&line.cells) {
                if *cell != Cell::Empty {
                    let place = [&table.title, &line.label, column].map(|text| harmless(text));
                    lines.push(place.into_iter().chain([cell.plain()]).collect());
                }
            }
        }
    }
    let cover = &cover.clone().with_notes(words, tables);
    csv(words, cover, form, head.into(), lines)
}

fn csv(
    words: &Words,
    cover: &Cover,
    form: CsvForm,
    head: Vec<String>,
    lines: Vec<Vec<String>>,
) -> Result<Vec<u8>, csv::Error> {
    let mut first = begun(form);
    if form.cover {
        let mut cover = cover.clone();
        let count = (words.say("cover-lines"), lines.len().to_string());
        cover.lines.push(count);
        first = csv_of_cover(&cover, form, head.len())?;
    }
    let mut csv = writer(first, form);
    csv.write_record(head)?;
    for line in lines {
        csv.write_record(line)?;
    }
    csv.into_inner().map_err(|error| error.into_error().into())
}

/// Writes the first lines of a CSV file, which contain the cover and an empty line. The other lines of the file have `width` fields.
///
/// # Errors
/// Fails if the CSV writer fails.
pub fn csv_of_cover(cover: &Cover, form: CsvForm, width: usize) -> Result<Vec<u8>, csv::Error> {
    let mut csv = writer(begun(form), form);
    let title = (cover.title.clone(), String::new());
    let empty = (String::new(), String::new());
    for (label, text) in [&title].into_iter().chain(&cover.lines).chain([&empty]) {
        // Every record has as many fields as the header (RFC 4180, section 2).
        let mut record = vec![harmless(label), harmless(text)];
        record.resize(width.max(record.len()), String::new());
        csv.write_record(record)?;
    }
    csv.into_inner().map_err(|error| error.into_error().into())
}

/// Returns the first bytes of a CSV file: a byte order mark, or no bytes.
pub fn begun(form: CsvForm) -> Vec<u8> {
    if form.bom { "\u{feff}".into() } else { Vec::new() }
}

/// Creates a CSV writer with the line endings of RFC 4180.
pub fn writer<W: std::io::Write>(into: W, form: CsvForm) -> csv::Writer<W> {
    csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .delimiter(form.separator)
        .from_writer(into)
}

/// Prefixes text with an apostrophe if a spreadsheet would evaluate it as a formula (OWASP: CSV injection).
#[must_use]
pub fn harmless(text: &str) -> String {
    let first = text.trim_start_matches(' ').chars().next();
    let full_width = ['＝', '＋', '－', '＠'];
    if first.is_some_and(|first| "=+-@\t\r\n\0".contains(first) || full_width.contains(&first)) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// Writes a workbook with a cover sheet and a sheet for each table. Figures are stored as numbers; the workbook contains no formulas.
///
/// # Errors
/// Fails if the workbook writer fails.
pub fn workbook(words: &Words, cover: &Cover, tables: &[Table]) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    // The creation time of the workbook is the time on the cover, rounded down to the minute. Two exports of the same figures in the same
    // minute therefore have the same bytes.
    let made = ExcelDateTime::from_timestamp(cover.as_of.timestamp() / 60 * 60)?;
    book.set_properties(&DocProperties::new().set_creation_datetime(&made));
    let bold = Format::new().set_bold();
    let head = Format::new()
        .set_bold()
        .set_text_wrap()
        .set_align(FormatAlign::Top)
        .set_background_color(Color::RGB(0x00E9_EDF2));
    let percent = Format::new().set_num_format("0.0 %");
    let change = Format::new().set_num_format("+#,##0;-#,##0;0");
    let (number, sum) = (
        Format::new().set_num_format("#,##0"),
        Format::new().set_num_format("#,##0").set_bold(),
    );
    let sheet = book.add_worksheet();
    sheet.set_name(sheet_name(&words.say("cover")))?;
    sheet.set_column_width(0, 28)?.set_column_width(1, 80)?;
    sheet.write_string_with_format(
        0,
        0,
        cell(&cover.title),
        &Format::new().set_bold().set_font_size(16),
    )?;
    for (row, (label, text)) in (2_u32..).zip(&cover.lines) {
        sheet.write_string_with_format(row, 0, cell(label), &bold)?;
        sheet.write_string_with_format(row, 1, cell(text), &Format::new().set_text_wrap())?;
    }
    for table in tables {
        let sheet = book.add_worksheet();
        sheet.set_name(sheet_name(&table.title))?;
        sheet
            .set_column_width(0, 44)?
            .set_freeze_panes(1, 1)?
            .set_print_fit_to_pages(1, 0);
        sheet.write_string_with_format(0, 0, cell(&table.side), &head)?;
        for (column, name) in (1_u16..).zip(&table.columns) {
            sheet.set_column_width(column, 14)?;
            sheet.write_string_with_format(0, column, cell(name), &head)?;
        }
        let lines = table.rows.len() + table.foot.len();
        let first_note = u32::try_from(lines).unwrap_or(u32::MAX).saturating_add(2);
        for (row, note) in (first_note..).zip(&table.notes) {
            sheet.write_string(row, 0, cell(note))?;
        }
        let rows = table.rows.iter().map(|line| (line, &number, false));
        let foot = table.foot.iter().map(|line| (line, &sum, true));
        for (row, (line, format, is_foot)) in (1_u32..).zip(rows.chain(foot)) {
            let Line { label, cells, .. } = line;
            if is_foot {
                sheet.write_string_with_format(row, 0, cell(label), &bold)?;
            } else {
                sheet.write_string(row, 0, cell(label))?;
            }
            for (column, one) in (1_u16..).zip(cells) {
                match one {
                    // Figures of a helpline are far below 2^53, so the conversion is exact.
                    Cell::Count(count) => {
                        sheet.write_number_with_format(row, column, as_number(*count), format)?;
                    }
                    Cell::PerMille(part) => {
                        let share = as_number(*part) / 1_000.0;
                        sheet.write_number_with_format(row, column, share, &percent)?;
                    }
                    Cell::Difference { by, .. } | Cell::Change(by) => {
                        sheet.write_number_with_format(row, column, as_number(*by), &change)?;
                    }
                    Cell::Hidden => {
                        sheet.write_string(row, column, words.say("figure-hidden"))?;
                    }
                    Cell::Empty => {}
                }
            }
        }
    }
    book.save_to_buffer()
}

#[expect(clippy::cast_precision_loss, reason = "figures are far below 2^53")]
const fn as_number(count: i64) -> f64 {
    count as f64
}

/// Truncates a text to [`CELL`] UTF-16 code units.
fn cell(text: &str) -> String {
    let mut left = CELL;
    let fits = |c: &char| {
        let fits = c.len_utf16() <= left;
        left = left.saturating_sub(c.len_utf16());
        fits
    };
    text.chars().take_while(fits).collect()
}

fn sheet_name(title: &str) -> String {
    let lawful = title
        .chars()
        .map(|c| if "[]:*?/\\'".contains(c) { ' ' } else { c });
    lawful.take(SHEET_NAME).collect()
}

/// Formats a period for a file name.
pub fn days(from: Option<NaiveDate>, to: Option<NaiveDate>) -> String {
    match (from, to) {
        (Some(from), Some(to)) => format!("{from}-{to}"),
        (Some(from), None) => format!("from-{from}"),
        (None, Some(to)) => format!("until-{to}"),
        (None, None) => "ever".to_owned(),
    }
}

/// The media type of CSV.
pub const CSV: &str = "text/csv; charset=utf-8";
/// The media type of a document for a word processor.
pub const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
/// The media type of a workbook.
pub const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"] {
            assert!(harmless(cell).starts_with('\''), "{cell}");
        }
        assert_eq!(harmless("grooming"), "grooming");
    }

    #[test]
    fn a_sheet_takes_any_title() {
        assert_eq!(sheet_name("a/b [c]: d*e?"), "a b  c   d e ");
        assert_eq!(sheet_name(&"ж".repeat(40)).chars().count(), 31);
    }
}

//! The narrative report as a document for a word processor (DOCX), with contents and page numbers.

use std::io::Cursor;

use docx_rs::{
    AlignmentType, Docx, FieldCharType, Footer, Header, InstrPAGEREF, InstrText, LineSpacing, NumPages,
    PageMargin, PageNum, Paragraph, Run, RunFonts, Shading, Style, StyleType, Tab, TabLeaderType,
    TabValueType, Table as DocxTable, TableAlignmentType, TableBorder, TableBorderPosition, TableBorders,
    TableCell, TableCellMargins, TableRow, WidthType,
};
use hotline_core::text::locale::Words;

use crate::{
    narrative::{
        Narrative,
        columns::{self, Columns},
    },
    tables::{Line, Table},
};

/// The width of the text on a page, in twentieths of a point.
const WIDTH: usize = 9_638;
const FONT: &str = "Arial";
const SHADE: &str = "E9EDF2";
const DEEP: &str = "0B5394";
const SOFT: &str = "51606F";

/// Writes the narrative report.
///
/// # Errors
/// Fails if the document cannot be packed.
pub fn to_docx(words: &Words, report: &Narrative) -> std::io::Result<Vec<u8>> {
    let running = format!("{} · {}", report.centre, report.period);
    let mut docx = styled(Docx::new())
        .title_pg()
        .first_header(Header::new().add_paragraph(Paragraph::new()))
        .first_footer(Footer::new().add_paragraph(Paragraph::new()))
        .header(Header::new().add_paragraph(small(&running).align(AlignmentType::Right)))
        .footer(Footer::new().add_paragraph(page_number(words)));
    docx = add_cover(docx, report);
    docx = docx.add_paragraph(
        Paragraph::new()
            .add_run(Run::new().add_text(words.say("contents")))
            .style("Contents")
            .page_break_before(true),
    );
    for (number, chapter) in report.chapters.iter().enumerate() {
        docx = docx.add_paragraph(contents_entry(number, &chapter.title));
    }
    for (number, chapter) in report.chapters.iter().enumerate() {
        docx = docx.add_paragraph(section_heading(number, &chapter.title).page_break_before(number == 0));
        for sentence in &chapter.sentences {
            docx = docx.add_paragraph(text(sentence));
        }
        for table in &chapter.tables {
            docx = add_table(docx, words, &chapter.title, table);
        }
    }
    let mut bytes = Cursor::new(Vec::new());
    docx.created_at(&report.as_of.format("%Y-%m-%dT%H:%M:00Z").to_string())
        .build()
        .pack(&mut bytes)
        .map_err(std::io::Error::other)?;
    Ok(bytes.into_inner())
}

fn styled(docx: Docx) -> Docx {
    let paragraph = |id: &str, name: &str| Style::new(id, StyleType::Paragraph).name(name);
    let heading = |id: &str, name: &str, size: usize, before: u32| {
        paragraph(id, name)
            .size(size)
            .bold()
            .color(DEEP)
            .q_format(true)
            .next("Normal")
            .line_spacing(LineSpacing::new().before(before).after(120))
    };
    docx.add_style(heading("Heading1", "heading 1", 32, 360).outline_lvl(0))
        .add_style(heading("Heading2", "heading 2", 24, 240).outline_lvl(1))
        .add_style(heading("Contents", "Contents Heading", 32, 0))
        .add_style(
            paragraph("ReportTitle", "Report Title")
                .size(56)
                .bold()
                .color(DEEP),
        )
        .default_fonts(RunFonts::new().ascii(FONT).hi_ansi(FONT).cs(FONT))
        .default_size(21)
        .default_line_spacing(LineSpacing::new().after(120))
        .page_size(11_906, 16_838)
        .page_margin(
            PageMargin::new()
                .top(1_134)
                .bottom(1_134)
                .left(1_134)
                .right(1_134),
        )
}

/// Adds the cover: the letterhead of the centre, the title, the period, and the lines that every exported file has.
fn add_cover(mut docx: Docx, report: &Narrative) -> Docx {
    let name = Run::new().add_text(&report.centre).bold().size(28);
    docx = docx
        .add_paragraph(Paragraph::new().add_run(name))
        .add_paragraph(small(&report.reached))
        .add_paragraph(
            Paragraph::new()
                .add_run(Run::new().add_text(&report.title))
                .style("ReportTitle")
                .line_spacing(LineSpacing::new().before(4_000).after(240)),
        )
        .add_paragraph(
            Paragraph::new()
                .add_run(Run::new().add_text(&report.period).size(36))
                .line_spacing(LineSpacing::new().after(2_400)),
        );
    for (label, line) in &report.cover {
        let label = Run::new().add_text(format!("{label}: ")).color(SOFT);
        docx = docx.add_paragraph(Paragraph::new().add_run(label).add_run(Run::new().add_text(line)));
    }
    docx
}

fn add_table(mut docx: Docx, words: &Words, section: &str, table: &Table) -> Docx {
    let head = [&table.side].into_iter().chain(&table.columns).cloned().collect();
    let texts = |line: &Line| {
        let cells = line.cells.iter().map(|cell| cell.localized(words));
        [line.localized(words)].into_iter().chain(cells).collect()
    };
    let lines = table.rows.iter().chain(&table.foot).map(texts);
    let all: Vec<Vec<String>> = [head].into_iter().chain(lines).collect();
    let columns = Columns::fitting(&all, WIDTH);
    let first_of_foot = 1 + table.rows.len();
    let rows = all.iter().enumerate().map(|(number, texts)| {
        let is_head = number == 0;
        row(texts, &columns, is_head || number >= first_of_foot, is_head)
    });
    let inner = TableBorder::new(TableBorderPosition::InsideH)
        .color("D0D7DF")
        .size(4);
    let bottom = TableBorder::new(TableBorderPosition::Bottom)
        .color("D0D7DF")
        .size(4);
    let padding = columns::PADDING / 2;
    let table_of_rows = DocxTable::without_borders(rows.collect())
        .set_grid(columns.widths.clone())
        .margins(TableCellMargins::new().margin(0, padding, 0, padding))
        .width(WIDTH, WidthType::Dxa)
        .align(TableAlignmentType::Left)
        .set_borders(TableBorders::with_empty().set(inner).set(bottom));
    if table.title != section {
        docx = docx.add_paragraph(heading(&table.title, "Heading2"));
    }
    docx = docx.add_table(table_of_rows);
    for note in &table.notes {
        docx = docx.add_paragraph(small(note).line_spacing(LineSpacing::new().before(60).after(60)));
    }
    docx.add_paragraph(Paragraph::new())
}

fn row(texts: &[String], columns: &Columns, bold: bool, is_head: bool) -> TableRow {
    let cells = texts
        .iter()
        .zip(&columns.widths)
        .enumerate()
        .map(|(index, (text, width))| {
            let mut run = Run::new().add_text(text).size(columns.size);
            if bold {
                run = run.bold();
            }
            let align = match index {
                0 => AlignmentType::Left,
                _ => AlignmentType::Right,
            };
            let paragraph = Paragraph::new()
                .add_run(run)
                .align(align)
                .line_spacing(LineSpacing::new().before(30).after(30));
            let cell = TableCell::new()
                .add_paragraph(paragraph)
                .width(*width, WidthType::Dxa);
            if is_head {
                cell.shading(Shading::new().fill(SHADE))
            } else {
                cell
            }
        });
    TableRow::new(cells.collect()).cant_split()
}

fn heading(title: &str, style: &str) -> Paragraph {
    Paragraph::new()
        .add_run(Run::new().add_text(title))
        .style(style)
        .keep_next(true)
}

/// Returns the heading of a section, with a bookmark to which the contents refer.
fn section_heading(number: usize, title: &str) -> Paragraph {
    Paragraph::new()
        .add_bookmark_start(number + 1, bookmark(number))
        .add_run(Run::new().add_text(title))
        .add_bookmark_end(number + 1)
        .style("Heading1")
        .keep_next(true)
}

/// Returns a line of the contents: a title, and a field with the number of the page of its section. A word processor computes the number
/// when it opens the document. We do not use the table of contents of `docx-rs`, because LibreOffice shows the instructions of its fields.
fn contents_entry(number: usize, title: &str) -> Paragraph {
    let page = Run::new()
        .add_tab()
        .add_field_char(FieldCharType::Begin, true)
        .add_instr_text(InstrText::PAGEREF(InstrPAGEREF::new(bookmark(number))))
        .add_field_char(FieldCharType::Separate, false)
        .add_text("–")
        .add_field_char(FieldCharType::End, false);
    let leader = Tab::new()
        .val(TabValueType::Right)
        .leader(TabLeaderType::Dot)
        .pos(WIDTH);
    Paragraph::new()
        .add_tab(leader)
        .add_run(Run::new().add_text(title))
        .add_run(page)
}

fn bookmark(number: usize) -> String {
    format!("section{}", number + 1)
}

fn text(sentence: &str) -> Paragraph {
    Paragraph::new().add_run(Run::new().add_text(sentence))
}

fn small(line: &str) -> Paragraph {
    Paragraph::new().add_run(Run::new().add_text(line).size(17).color(SOFT))
}

fn page_number(words: &Words) -> Paragraph {
    Paragraph::new()
        .add_run(Run::new().add_text(format!("{} ", words.say("page-number"))))
        .add_page_num(PageNum::new())
        .add_run(Run::new().add_text(" / "))
        .add_num_pages(NumPages::new())
        .align(AlignmentType::Center)
}

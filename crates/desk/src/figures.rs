//! Figures cut by one or two dimensions, as a table with bars (`/desk/statistics`) and as CSV.

use axum::{
    extract::{Query, State},
    http::header,
    response::{IntoResponse, Response},
};
use axum_extra::extract::CookieJar;
use hotline_core::{
    classification::Scheme,
    figures::{self, CHANNEL, COUNSELLING, Every, HOUR, LANGUAGE, WEEKDAY},
    locale::{Language, Words},
};
use hotline_store::figures::{Breakdown, Cut};
use serde::Deserialize;

use crate::{
    desk::Desk,
    error::PageError,
    statistics::Asked,
    view::{channel_name, query_of},
};

/// A period and by what it is cut, as the page's form has it.
#[derive(Default, Deserialize)]
pub(crate) struct Chosen {
    #[serde(default)]
    pub from: String,
    #[serde(default)]
    pub to: String,
    #[serde(default)]
    pub by: String,
    #[serde(default)]
    pub and: String,
    #[serde(default)]
    pub every: String,
}

impl Chosen {
    pub(crate) fn asked(&self) -> Asked {
        Asked {
            from: self.from.clone(),
            to: self.to.clone(),
        }
    }

    /// As it stands in an address.
    pub(crate) fn in_address(&self) -> String {
        query_of([
            ("from", &self.from),
            ("to", &self.to),
            ("by", &self.by),
            ("and", &self.and),
            ("every", &self.every),
        ])
    }

    /// A table has two sides: of three ways to cut, the pieces of the period give way.
    fn cut(&self) -> Result<Cut, PageError> {
        let two = !self.by.is_empty() && !self.and.is_empty();
        let by = [&self.by, &self.and].into_iter().filter(|by| !by.is_empty());
        Ok(Cut {
            period: self.asked().period()?,
            by: by.cloned().collect(),
            every: Every::parse(&self.every).filter(|_| !two),
        })
    }
}

/// A table of figures, in the reader's language.
pub(crate) struct Table {
    /// What stands in the first column.
    pub side: String,
    /// The other columns.
    pub columns: Vec<String>,
    pub rows: Vec<Line>,
    /// What has no value in one of the dimensions.
    pub rest: i64,
    pub registered: i64,
    /// The largest figure of a table with one column.
    most: i64,
}

pub(crate) struct Line {
    pub label: String,
    pub counts: Vec<i64>,
    pub total: i64,
}

impl Table {
    /// The length of a bar, of a hundred.
    pub(crate) fn bar(&self, count: &i64) -> i64 {
        (count * 100).checked_div(self.most).unwrap_or_default()
    }
}

/// The table that was asked for. `None`: nothing to cut by was chosen.
pub(crate) async fn table(desk: &Desk, words: &Words, chosen: &Chosen) -> Result<Option<Table>, PageError> {
    let cut = chosen.cut()?;
    if cut.by.is_empty() && cut.every.is_none() {
        return Ok(None);
    }
    let found = desk.store.breakdown(&cut).await?;
    Ok(Some(laid_out(words, desk.store.scheme(), &found)))
}

/// Pieces of the period or values of the first dimension downwards, values of the other across.
fn laid_out(words: &Words, scheme: &Scheme, found: &Breakdown) -> Table {
    let said = |dimension: &str, value: &str| value_said(words, scheme, dimension, value);
    let mut down: Vec<(String, String)> = Vec::new();
    let mut across: Vec<(String, String)> = Vec::new();
    let mut cells = Vec::new();
    for row in &found.rows {
        let named = found.by.iter().zip(&row.values);
        let named = named.map(|(dimension, value)| (value.clone(), said(dimension, value)));
        let mut places: Vec<(String, String)> = row
            .piece
            .iter()
            .map(|piece| (piece.clone(), piece.clone()))
            .chain(named)
            .collect();
        let column = if places.len() > 1 { places.pop() } else { None };
        let Some(line) = places.pop() else { continue };
        let place = |all: &mut Vec<(String, String)>, one: (String, String)| {
            let known = all.iter().position(|known| *known == one);
            known.unwrap_or_else(|| {
                all.push(one);
                all.len() - 1
            })
        };
        let column = column
            .map(|column| place(&mut across, column))
            .unwrap_or_default();
        cells.push((place(&mut down, line), column, row.count));
    }
    let width = across.len().max(1);
    let mut rows: Vec<Line> = down
        .iter()
        .map(|(_, label)| Line {
            label: label.clone(),
            counts: vec![0; width],
            total: 0,
        })
        .collect();
    for (line, column, count) in cells {
        if let Some(line) = rows.get_mut(line) {
            line.total += count;
            if let Some(cell) = line.counts.get_mut(column) {
                *cell += count;
            }
        }
    }
    let first = found.by.first().map(String::as_str).unwrap_or_default();
    let number = scheme
        .question(first)
        .is_some_and(|question| question.number.is_some());
    if found.every.is_some() || [HOUR, WEEKDAY].contains(&first) {
        // They stand in their order already.
    } else if number {
        rows.sort_by_key(|line| line.label.parse::<u32>().unwrap_or(u32::MAX));
    } else {
        rows.sort_by_key(|line| std::cmp::Reverse(line.total));
    }
    let side = match found.every {
        Some(every) => words.say(&format!("every-{}", every.as_str())),
        None => dimension_said(words, scheme, first),
    };
    Table {
        side,
        columns: across.into_iter().map(|(_, label)| label).collect(),
        most: rows.iter().map(|line| line.total).max().unwrap_or_default(),
        rows,
        rest: found.rest,
        registered: found.registered,
    }
}

/// The dimensions to choose from: their names, and what they are called.
pub(crate) fn dimensions(words: &Words, scheme: &Scheme) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = figures::dimensions(scheme)
        .into_iter()
        .map(|dimension| {
            let said = dimension_said(words, scheme, &dimension);
            (dimension, said)
        })
        .collect();
    all.sort_by(|a, b| a.1.cmp(&b.1));
    all
}

fn dimension_said(words: &Words, scheme: &Scheme, dimension: &str) -> String {
    match scheme.question(dimension) {
        Some(question) => question.label.said(words),
        None if dimension == CHANNEL => words.say("channel"),
        None => words.say(&format!("by-{dimension}")),
    }
}

fn value_said(words: &Words, scheme: &Scheme, dimension: &str, value: &str) -> String {
    match dimension {
        CHANNEL => channel_name(words, value),
        LANGUAGE => Language::parse(value).map_or_else(|| value.to_owned(), |one| one.own_name().to_owned()),
        HOUR => format!("{value}:00"),
        WEEKDAY => words.say(&format!("weekday-{value}")),
        COUNSELLING => words.say(&format!("counselling-{value}")),
        _ => scheme
            .question(dimension)
            .and_then(|question| question.answers.iter().find(|answer| answer.id == value))
            .map_or_else(|| value.to_owned(), |answer| answer.said(words)),
    }
}

/// The same table as a file (RFC 4180, UTF-8).
pub(crate) async fn csv(
    State(desk): State<Desk>,
    jar: CookieJar,
    Query(chosen): Query<Chosen>,
) -> Result<Response, PageError> {
    let words = desk.words(&jar);
    let table = table(&desk, words, &chosen)
        .await?
        .ok_or(PageError::Bad("error-nothing-chosen"))?;
    let written = as_csv(words, &table).map_err(|error| {
        tracing::error!(%error, "A table could not be written");
        PageError::Bad("error-form")
    })?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"figures.csv\"",
        ),
    ];
    Ok((headers, written).into_response())
}

fn as_csv(words: &Words, table: &Table) -> Result<Vec<u8>, csv::Error> {
    let mut csv = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    let total = words.say("total");
    let head = [table.side.as_str()]
        .into_iter()
        .chain(table.columns.iter().map(String::as_str));
    csv.write_record(head.chain([total.as_str()]).map(harmless))?;
    let width = table.columns.len();
    for line in &table.rows {
        let counts = line.counts.iter().take(width).map(ToString::to_string);
        let all = [harmless(&line.label)].into_iter().chain(counts);
        csv.write_record(all.chain([line.total.to_string()]))?;
    }
    let empty = || std::iter::repeat_n(String::new(), width);
    for (label, count) in [("figures-rest", table.rest), ("registered", table.registered)] {
        let all = [harmless(&words.say(label))].into_iter().chain(empty());
        csv.write_record(all.chain([count.to_string()]))?;
    }
    csv.into_inner().map_err(|error| error.into_error().into())
}

/// Spreadsheets take a cell that begins so for a formula (OWASP: CSV injection).
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\0']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

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
}

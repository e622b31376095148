//! Figures as tables in a language: what stands on the page, in files and on paper is made from these, so all say the same.

use hotline_core::text::locale::Words;

use crate::reports::charts;

pub(crate) use crate::reports::tables::names::{dimension_label, measure_label, part_label, value_label};
pub use crate::reports::tables::{
    breakdown::of_breakdown,
    names::minutes_label,
    report::{of_report, of_return},
};

mod breakdown;
mod names;
mod opening;
mod report;

/// The name of the table of how the work stands now.
pub(crate) const STANDING: &str = "standing";

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name in files and addresses.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What stands in the first column.
    pub side: String,
    /// The other columns.
    pub columns: Vec<String>,
    /// What they hold.
    pub rows: Vec<Line>,
    /// What stands below: sums, and what is in none of the rows.
    pub foot: Vec<Line>,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it is the row of.
    pub label: String,
    /// A cell for each column.
    pub cells: Vec<Cell>,
    /// For each of them where it opens to what it counts, if it does.
    pub opens: Vec<Option<String>>,
}

/// A cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// A figure.
    Count(i64),
    /// So many of a thousand.
    PerMille(i64),
    /// None, or not shown.
    Hidden,
    /// Nothing belongs here.
    Empty,
}

impl Cell {
    /// As people read it.
    #[must_use]
    pub fn localized(self, words: &Words) -> String {
        match self {
            Self::Count(count) => words.number(count),
            Self::PerMille(part) => charts::percent(words, part, 1_000),
            Self::Hidden => words.say("figure-hidden"),
            Self::Empty => String::new(),
        }
    }

    /// As programs read it.
    #[must_use]
    pub fn plain(self) -> String {
        match self {
            Self::Count(count) => count.to_string(),
            Self::PerMille(part) => format!("{}.{:03}", part / 1_000, part % 1_000),
            Self::Hidden => "hidden".to_owned(),
            Self::Empty => String::new(),
        }
    }
}

impl Line {
    /// Its label as people read it.
    #[must_use]
    pub fn localized(&self, words: &Words) -> String {
        names::localized_label(words, &self.label)
    }

    fn new(label: impl Into<String>, counts: impl IntoIterator<Item = i64>) -> Self {
        Self {
            label: label.into(),
            cells: counts.into_iter().map(Cell::Count).collect(),
            opens: Vec::new(),
        }
    }

    /// Its first cell opens there.
    fn opening(mut self, address: Option<String>) -> Self {
        self.opens = vec![address];
        self
    }

    /// Where a cell opens, for who `may` read that.
    pub(crate) fn address(&self, column: usize, may: bool) -> Option<&str> {
        let counts = matches!(self.cells.get(column), Some(Cell::Count(1..)));
        self.opens.get(column)?.as_deref().filter(|_| may && counts)
    }

    /// With the figure in the last of so many columns.
    fn last(label: impl Into<String>, columns: usize, count: i64) -> Self {
        let mut cells = vec![Cell::Empty; columns.saturating_sub(1)];
        cells.push(Cell::Count(count));
        Self {
            label: label.into(),
            cells,
            opens: Vec::new(),
        }
    }
}

impl Table {
    /// The largest figure in a column, to draw bars against. 0 if there is none.
    fn most(&self) -> i64 {
        let counts = self.rows.iter().filter_map(|row| match row.cells.first() {
            Some(Cell::Count(count)) => Some(*count),
            Some(Cell::PerMille(_) | Cell::Hidden | Cell::Empty) | None => None,
        });
        counts.max().unwrap_or_default()
    }

    /// The length of a row's bar, of a hundred.
    pub(crate) fn bar(&self, line: &Line) -> i64 {
        match line.cells.first() {
            Some(Cell::Count(count)) => (count * 100).checked_div(self.most()).unwrap_or_default().max(0),
            Some(Cell::PerMille(_) | Cell::Hidden | Cell::Empty) | None => 0,
        }
    }
}

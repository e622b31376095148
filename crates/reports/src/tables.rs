//! Figures as tables in the reader's language. Pages, files and printouts are made from these tables, so they show the same figures.

use hotline_core::text::locale::Words;

use crate::labels;

pub(crate) use crate::tables::names::duration_label;
pub use crate::tables::names::{dimension_label, measure_label, part_label, value_label};
pub use crate::tables::waits::late_replies;
pub use crate::tables::{
    breakdown::of_breakdown,
    comparison::{changed_most, compare_breakdown, compare_report},
    names::minutes_label,
    report::of_report,
    returns::{ContactLists, of_return, unclassified_contacts},
    waits::{first_reply_facts, urgent_facts},
};

mod breakdown;
mod comparison;
mod drill_down_links;
mod hidden;
mod names;
mod outreach;
mod referrals;
mod report;
mod returns;
mod shortened;
pub(crate) mod waits;

/// The id of the table that shows the current backlog.
pub const BACKLOG: &str = "standing";

/// A table of figures.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// The id used in files and URLs.
    pub id: String,
    /// The title of the table.
    pub title: String,
    /// The header of the first column.
    pub side: String,
    /// The headers of the other columns.
    pub columns: Vec<String>,
    /// The rows of the table.
    pub rows: Vec<Line>,
    /// The rows at the foot of the table, such as the total, or the number of items that no other row counts.
    pub foot: Vec<Line>,
    /// Sentences that explain the table, for example which figures are hidden and why.
    pub notes: Vec<String>,
    /// Whether the last two columns compare the table with an earlier period.
    pub compared: bool,
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The label in the first column.
    pub label: String,
    /// The cells after the label, one for each column.
    pub cells: Vec<Cell>,
    /// The URL of the drill-down list for each cell. The list contains the items that the cell counts. `None` if there is no list.
    pub opens: Vec<Option<String>>,
}

/// The content of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// A number of items.
    Count(i64),
    /// A share in thousandths.
    PerMille(i64),
    /// The change from the earlier count `then`.
    Difference {
        /// The later count minus the earlier one.
        by: i64,
        /// The earlier count.
        then: i64,
    },
    /// The later count minus the earlier one, without a percentage.
    Change(i64),
    /// A figure suppressed because it is small, or 0 in a table with suppressed figures. Both are rendered in the same way, so that readers
    /// can't distinguish them.
    Hidden,
    /// A cell without a value.
    Empty,
}

impl Cell {
    /// Formats the cell in the reader's language.
    #[must_use]
    pub fn localized(self, words: &Words) -> String {
        match self {
            Self::Count(count) => words.number(count),
            Self::PerMille(part) => labels::percent(words, part, 1_000),
            Self::Difference { by, then } => labels::difference(words, then + by, then),
            Self::Change(by) => labels::difference(words, by, 0),
            Self::Hidden => words.say("figure-hidden"),
            Self::Empty => String::new(),
        }
    }

    /// Formats the cell for programs. The result does not depend on the language.
    #[must_use]
    pub fn plain(self) -> String {
        match self {
            Self::Count(count) => count.to_string(),
            Self::PerMille(part) => format!("{}.{:03}", part / 1_000, part % 1_000),
            Self::Difference { by, .. } | Self::Change(by) => by.to_string(),
            Self::Hidden => "hidden".to_owned(),
            Self::Empty => String::new(),
        }
    }
}

impl Line {
    /// Formats the label in the reader's language.
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

    /// Links the first cell to the drill-down list at `address`.
    fn opening(mut self, address: Option<String>) -> Self {
        self.opens = vec![address];
        self
    }

    /// Returns the URL of a cell's drill-down list. Returns `None` if the reader may not open the list (`may` is `false`), or if the figure
    /// is not positive.
    pub fn address(&self, column: usize, may: bool) -> Option<&str> {
        let counts = matches!(self.cells.get(column), Some(Cell::Count(1..)));
        self.opens.get(column)?.as_deref().filter(|_| may && counts)
    }

    /// Creates a row with one figure, labelled with the text for `key`. If `figure` is `None`, the row contains the cell `none` instead.
    fn some(words: &Words, key: &str, figure: Option<i64>, none: Cell) -> Self {
        Self {
            label: words.say(key),
            cells: vec![figure.map_or(none, Cell::Count)],
            opens: Vec::new(),
        }
    }

    /// Creates a row of `columns` cells with `count` in the last cell. The other cells are empty.
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
    /// Returns whether bars beside the rows would show something: apart from a comparison there is one column, and there are several rows
    /// to compare.
    #[must_use]
    pub fn has_bars(&self) -> bool {
        let compared = if self.compared { 2 } else { 0 };
        self.columns.len() == 1 + compared && self.rows.len() > 1 && self.most() > 0
    }

    /// Returns the largest count in the first column after the labels, which sets the scale of the bars. Returns 0 if the column has no
    /// count.
    fn most(&self) -> i64 {
        let counts = self.rows.iter().filter_map(|row| match row.cells.first() {
            Some(Cell::Count(count)) => Some(*count),
            Some(
                Cell::PerMille(_) | Cell::Difference { .. } | Cell::Change(_) | Cell::Hidden | Cell::Empty,
            )
            | None => None,
        });
        counts.max().unwrap_or_default()
    }

    /// Returns the length of the bar beside a row, as a percentage of the longest bar in the table. The bar shows the row's first count.
    pub fn bar(&self, line: &Line) -> i64 {
        match line.cells.first() {
            Some(Cell::Count(count)) => (count * 100).checked_div(self.most()).unwrap_or_default().max(0),
            Some(
                Cell::PerMille(_) | Cell::Difference { .. } | Cell::Change(_) | Cell::Hidden | Cell::Empty,
            )
            | None => 0,
        }
    }
}

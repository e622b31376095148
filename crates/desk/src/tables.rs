//! Figures as tables in a language: what stands on the page, in files and on paper is made from these, so all say the same.

use hotline_core::{
    classification::Scheme,
    figures::{FIRST_REPLY, HOUR, WEEKDAY},
    locale::Words,
};
use hotline_store::figures::{BANDS, Breakdown};

pub(crate) use self::names::{dimension_said, value_said};
pub use self::{
    names::minutes_said,
    report::{of_report, of_return},
};

mod names;
mod report;

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
}

/// A cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// A figure.
    Count(i64),
    /// None, or not shown.
    Hidden,
    /// Nothing belongs here.
    Empty,
}

impl Cell {
    /// As people read it.
    #[must_use]
    pub fn said(self, words: &Words) -> String {
        match self {
            Self::Count(count) => words.number(count),
            Self::Hidden => words.say("figure-hidden"),
            Self::Empty => String::new(),
        }
    }

    /// As programs read it.
    #[must_use]
    pub fn plain(self) -> String {
        match self {
            Self::Count(count) => count.to_string(),
            Self::Hidden => "hidden".to_owned(),
            Self::Empty => String::new(),
        }
    }
}

impl Line {
    fn new(label: impl Into<String>, counts: impl IntoIterator<Item = i64>) -> Self {
        Self {
            label: label.into(),
            cells: counts.into_iter().map(Cell::Count).collect(),
        }
    }

    /// With the figure in the last of so many columns.
    fn last(label: impl Into<String>, columns: usize, count: i64) -> Self {
        let mut cells = vec![Cell::Empty; columns.saturating_sub(1)];
        cells.push(Cell::Count(count));
        Self {
            label: label.into(),
            cells,
        }
    }
}

impl Table {
    /// The largest figure in a column, to draw bars against. 0 if there is none.
    fn most(&self) -> i64 {
        let counts = self.rows.iter().filter_map(|row| match row.cells.first() {
            Some(Cell::Count(count)) => Some(*count),
            Some(Cell::Hidden | Cell::Empty) | None => None,
        });
        counts.max().unwrap_or_default()
    }

    /// The length of a row's bar, of a hundred.
    pub(crate) fn bar(&self, line: &Line) -> i64 {
        match line.cells.first() {
            Some(Cell::Count(count)) => (count * 100).checked_div(self.most()).unwrap_or_default().max(0),
            Some(Cell::Hidden | Cell::Empty) | None => 0,
        }
    }
}

/// Pieces of the period or values of the first dimension downwards, values of the other across.
#[must_use]
pub fn of_breakdown(words: &Words, scheme: &Scheme, found: &Breakdown) -> Table {
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
        let column = column.map(|column| place(&mut across, column));
        cells.push((place(&mut down, line), column, row.count));
    }
    let crossed = !across.is_empty();
    let across_of = found.by.last().map(String::as_str).unwrap_or_default();
    // Hours, ages and steps of waiting stand in their order; the rest as they came, the first lines being the largest.
    let mut order: Vec<usize> = (0..across.len()).collect();
    if is_ordered(scheme, across_of) {
        order.sort_by_key(|place| across.get(*place).map(|(value, _)| in_order(value)));
    }
    // What is hidden looks like what there is not.
    let none = match found.hidden_below {
        Some(_) => Cell::Hidden,
        None => Cell::Count(0),
    };
    let mut rows: Vec<(String, Line, i64)> = down
        .iter()
        .map(|(value, label)| {
            let line = Line {
                label: label.clone(),
                cells: vec![none; across.len()],
            };
            (value.clone(), line, 0)
        })
        .collect();
    for (line, column, count) in cells {
        let Some((_, line, sum)) = rows.get_mut(line) else {
            continue;
        };
        *sum += count;
        if let Some(column) = column
            && let Some(place) = order.iter().position(|place| *place == column)
            && let Some(cell) = line.cells.get_mut(place)
        {
            *cell = Cell::Count(count);
        }
    }
    let first = found.by.first().map(String::as_str).unwrap_or_default();
    if found.every.is_some() || is_ordered(scheme, first) {
        rows.sort_by_key(|(value, ..)| in_order(value));
    } else {
        rows.sort_by_key(|(.., sum)| std::cmp::Reverse(*sum));
    }
    for (_, line, sum) in &mut rows {
        // Without what is hidden it is not the sum of its line.
        let whole = !line.cells.contains(&Cell::Hidden);
        line.cells
            .push(if whole { Cell::Count(*sum) } else { Cell::Hidden });
    }
    let side = match found.every {
        Some(every) => words.say(&format!("every-{}", every.as_str())),
        None => dimension_said(words, scheme, first),
    };
    let columns = order
        .iter()
        .filter_map(|place| across.get(*place))
        .map(|(_, said)| said.clone());
    let columns: Vec<String> = columns.chain([words.say("total")]).collect();
    let width = columns.len();
    let title = match crossed {
        true => format!("{side} × {}", dimension_said(words, scheme, across_of)),
        false => side.clone(),
    };
    let rest = match found.hidden_below {
        Some(_) => "figures-rest-hidden",
        None => "figures-rest",
    };
    Table {
        id: "figures".to_owned(),
        title,
        side,
        columns,
        rows: rows.into_iter().map(|(_, line, _)| line).collect(),
        foot: vec![
            Line::last(words.say(rest), width, found.rest),
            Line::last(words.say("registered"), width, found.registered),
        ],
    }
}

fn place(all: &mut Vec<(String, String)>, one: (String, String)) -> usize {
    let known = all.iter().position(|known| known.0 == one.0);
    known.unwrap_or_else(|| {
        all.push(one);
        all.len() - 1
    })
}

fn is_ordered(scheme: &Scheme, dimension: &str) -> bool {
    let number = scheme
        .question(dimension)
        .is_some_and(|question| question.number.is_some());
    number || dimension.starts_with(BANDS) || [HOUR, WEEKDAY, FIRST_REPLY].contains(&dimension)
}

/// Numbers by what they are, all else by its letters.
fn in_order(value: &str) -> (u32, String) {
    let digits: String = value.chars().take_while(char::is_ascii_digit).collect();
    (digits.parse().unwrap_or(u32::MAX), value.to_owned())
}

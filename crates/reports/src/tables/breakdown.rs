//! Converts a breakdown into a table.

use std::collections::BTreeMap;

use hotline_core::{
    contact::classification::Scheme,
    statistics::figures::{FIRST_REPLY, HOUR, URGENT_READ, WEEKDAY},
    text::locale::Words,
};
use hotline_store::statistics::counts::{BANDS, Breakdown};

use crate::tables::{
    Cell, Line, Table,
    drill_down_links::DrillDownLinks,
    hidden,
    names::{dimension_label, measure_label, value_label},
};

/// A row of the table under construction.
struct Down {
    /// The values that identify the row: an interval of the period, a value of the first dimension, or both in this order.
    places: Vec<String>,
    /// The figures of the row, each with the value of its column.
    counts: Vec<(String, i64)>,
}

impl Down {
    fn sum(&self) -> i64 {
        self.counts.iter().map(|(_, count)| count).sum()
    }

    fn count(&self, column: &str) -> Option<i64> {
        let found = self.counts.iter().find(|(known, _)| known == column);
        found.map(|(_, count)| *count)
    }
}

/// Builds the table of a breakdown. Each row is an interval of the period or, without intervals, a value of the first dimension. With
/// intervals and two dimensions, each row combines an interval with a value of the first dimension. Each column is a value of the last
/// dimension; a further column at the right contains totals. With only intervals, or only one dimension, the column of totals is the only
/// column.
#[must_use]
pub fn of_breakdown(words: &Words, scheme: &Scheme, found: &Breakdown) -> Table {
    let crossed = found.by.len() + usize::from(found.every.is_some()) > 1;
    let (mut down, mut across) = lines(found, crossed);
    let first = found.by.first().map(String::as_str).unwrap_or_default();
    let across_of = found.by.last().map(String::as_str).unwrap_or_default();
    if !crossed && found.every.is_none() && is_ordered(scheme, first) {
        // In a sequence such as age bands, a missing row would look like an error. In other tables, a note names the missing rows.
        let hidden = |value: &str| Down {
            places: vec![value.to_owned()],
            counts: Vec::new(),
        };
        down.extend(hidden::hidden_values(found).into_iter().map(hidden));
    }
    // Hours, weekdays, ages, waiting times and intervals are sorted in their natural order. Other rows are sorted by their sum, largest
    // first.
    if is_ordered(scheme, across_of) {
        across.sort_by_key(|value| in_order(value));
    }
    if found.every.is_some() || is_ordered(scheme, first) {
        down.sort_by_key(|line| {
            line.places
                .iter()
                .map(|place| in_order(place))
                .collect::<Vec<_>>()
        });
    } else {
        down.sort_by_key(|line| std::cmp::Reverse(line.sum()));
    }
    let every = found
        .every
        .map(|every| words.say(&format!("every-{}", every.as_str())));
    let side = match every {
        Some(every) if found.by.len() > 1 => format!("{every} · {}", dimension_label(words, scheme, first)),
        Some(every) => every,
        None if found.by.is_empty() => measure_label(words, found.of),
        None => dimension_label(words, scheme, first),
    };
    let title = match crossed {
        true => format!("{side} × {}", dimension_label(words, scheme, across_of)),
        false => side.clone(),
    };
    let rest = match found.suppressed_below {
        Some(_) => "figures-rest-hidden",
        None => "figures-rest",
    };
    let columns: Vec<String> = across
        .iter()
        .map(|value| value_label(words, scheme, across_of, value))
        .chain([words.say("total")])
        .collect();
    let width = columns.len();
    let mut registered = Line::last(words.say("registered"), width, found.registered);
    registered.opens = vec![None; width - 1];
    registered
        .opens
        .push(DrillDownLinks::of(found).uncut().address([]));
    Table {
        id: "figures".to_owned(),
        title,
        side,
        columns,
        rows: down
            .iter()
            .map(|line| row(words, scheme, found, &across, line))
            .collect(),
        foot: vec![Line::last(words.say(rest), width, found.rest), registered],
        notes: hidden::notes(words, scheme, found),
        ..Table::default()
    }
}

/// Collects the rows of the table, and the values that become its columns.
fn lines(found: &Breakdown, crossed: bool) -> (Vec<Down>, Vec<String>) {
    let mut down: Vec<Down> = Vec::new();
    let mut across: Vec<String> = Vec::new();
    if found.every.is_some() && found.by.len() < 2 && found.suppressed_below.is_none() {
        // Intervals without any figures are shown as empty rows.
        let empty = |piece| Down {
            places: vec![piece],
            counts: Vec::new(),
        };
        down.extend(found.pieces().into_iter().map(empty));
    }
    let mut known: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    known.extend(down.iter().map(|line| line.places.clone()).zip(0..));
    for row in &found.rows {
        let mut places: Vec<String> = row.piece.iter().chain(&row.values).cloned().collect();
        let column = if crossed { places.pop() } else { None }.unwrap_or_default();
        if crossed && !across.contains(&column) {
            across.push(column.clone());
        }
        if places.is_empty() {
            continue;
        }
        let place = *known.entry(places.clone()).or_insert(down.len());
        if place == down.len() {
            down.push(Down {
                places,
                counts: Vec::new(),
            });
        }
        if let Some(line) = down.get_mut(place) {
            line.counts.push((column, row.count));
        }
    }
    (down, across)
}

fn row(words: &Words, scheme: &Scheme, found: &Breakdown, across: &[String], line: &Down) -> Line {
    let (piece, values) = match (found.every, line.places.split_first()) {
        (Some(_), Some((piece, values))) => (Some(piece.as_str()), values),
        _ => (None, line.places.as_slice()),
    };
    let said = found
        .by
        .iter()
        .zip(values)
        .map(|(dimension, value)| value_label(words, scheme, dimension, value));
    let label: Vec<String> = piece.map(str::to_owned).into_iter().chain(said).collect();
    let opening = DrillDownLinks::of(found).in_piece(piece);
    let opens = |column: Option<&String>| {
        let values = values.iter().chain(column).map(String::as_str);
        opening.address(values)
    };
    // If the breakdown suppresses small figures, a missing figure is either 0 or suppressed. Both are rendered in the same way.
    let none = match found.suppressed_below {
        Some(_) => Cell::Hidden,
        None => Cell::Count(0),
    };
    let mut cells: Vec<Cell> = across
        .iter()
        .map(|column| line.count(column).map_or(none, Cell::Count))
        .collect();
    // If any cell is hidden, the total is hidden too. A visible total is therefore always the sum of visible cells. A row without counts
    // belongs to a value that is suppressed or has no items.
    let is_hidden = found.suppressed_below.is_some() && line.counts.is_empty();
    let whole = !is_hidden && !cells.contains(&Cell::Hidden);
    cells.push(if whole {
        Cell::Count(line.sum())
    } else {
        Cell::Hidden
    });
    Line {
        label: label.join(" · "),
        cells,
        opens: across.iter().map(Some).chain([None]).map(opens).collect(),
    }
}

pub(super) fn is_ordered(scheme: &Scheme, dimension: &str) -> bool {
    let number = scheme
        .question(dimension)
        .is_some_and(|question| question.number.is_some());
    number || dimension.starts_with(BANDS) || [HOUR, WEEKDAY, FIRST_REPLY, URGENT_READ].contains(&dimension)
}

/// Returns the sort key of a value: its leading number, then the value itself. A value without a leading number comes last.
fn in_order(value: &str) -> (u32, String) {
    let digits: String = value.chars().take_while(char::is_ascii_digit).collect();
    (digits.parse().unwrap_or(u32::MAX), value.to_owned())
}

//! Compares tables with those of an earlier period. A table with one dimension gets two columns: the earlier figures, and the differences. A
//! table with two dimensions gets a second table with the difference of each cell.

use hotline_core::{
    contact::classification::Scheme, statistics::comparison::EarlierPeriod, text::locale::Words,
};
use hotline_store::statistics::{counts::Breakdown, report::Report};

use crate::{
    labels::difference,
    tables::{
        Cell, Line, Table,
        breakdown::{is_ordered, of_breakdown},
        report,
    },
};

/// Compares the tables of a report that have one dimension with the earlier period for which the report contains figures. Other tables stay
/// as they are.
#[must_use]
pub fn compare_report(words: &Words, scheme: &Scheme, of: &Report, tables: Vec<Table>) -> Vec<Table> {
    let Some(compared) = &of.compared else {
        return tables;
    };
    let totals = match compared.against {
        EarlierPeriod::Before => &of.before,
        EarlierPeriod::YearBefore => &of.a_year_before,
    };
    let Some(totals) = totals else {
        return tables;
    };
    let mut earlier = vec![
        report::parts(words, totals),
        report::cases(words, scheme, totals),
        report::answering(words, compared.answering, (totals.from, totals.to)),
    ];
    for (id, found) in [
        ("topics", Some(&compared.topics)),
        ("counselling", Some(&compared.counselling)),
        ("ages", compared.ages.as_ref()),
        ("genders", compared.genders.as_ref()),
        ("regions", compared.regions.as_ref()),
    ] {
        earlier.extend(found.map(|found| Table {
            id: id.to_owned(),
            ..of_breakdown(words, scheme, found)
        }));
    }
    let suppressed = |id: &str| {
        let is_personal = ["topics", "ages", "genders", "regions"].contains(&id);
        is_personal && compared.topics.suppressed_below.is_some()
    };
    let compare = |table: Table| match earlier.iter().find(|earlier| earlier.id == table.id) {
        Some(earlier) => {
            let (missing, ordered) = (missing_cell(suppressed(&table.id)), table.id == "ages");
            compare(words, table, earlier, compared.against, missing, ordered)
        }
        None => table,
    };
    tables.into_iter().map(compare).collect()
}

/// Compares the table of a breakdown by one or two dimensions with the same breakdown of an earlier period.
#[must_use]
pub fn compare_breakdown(
    words: &Words,
    scheme: &Scheme,
    table: Table,
    earlier: &Breakdown,
    against: EarlierPeriod,
) -> Vec<Table> {
    let missing = missing_cell(earlier.suppressed_below.is_some());
    let ordered = earlier.by.first().is_some_and(|by| is_ordered(scheme, by));
    let is_crossed = earlier.by.len() > 1;
    let earlier = of_breakdown(words, scheme, earlier);
    if is_crossed {
        let differences = differences(words, &table, &earlier, against, missing);
        return vec![table, differences];
    }
    vec![compare(words, table, &earlier, against, missing, ordered)]
}

/// Returns a table with the difference of each cell. Rows and columns have the order of `table`; those that only the earlier table has
/// follow. The last column of both tables contains totals.
fn differences(
    words: &Words,
    table: &Table,
    earlier: &Table,
    against: EarlierPeriod,
    missing: Cell,
) -> Table {
    let values = |table: &Table| table.columns.len().saturating_sub(1);
    let mut columns: Vec<String> = table.columns.iter().take(values(table)).cloned().collect();
    for column in earlier.columns.iter().take(values(earlier)) {
        if !columns.contains(column) {
            columns.push(column.clone());
        }
    }
    columns.push(words.say("total"));
    let mut labels: Vec<&str> = table.rows.iter().map(|line| line.label.as_str()).collect();
    for line in &earlier.rows {
        if !labels.contains(&line.label.as_str()) {
            labels.push(&line.label);
        }
    }
    let figure = |of: &Table, lines: &[Line], label: &str, column: &str| {
        let line = lines.iter().find(|line| line.label == label);
        let place = of.columns.iter().position(|known| known == column);
        let cell = line.zip(place).and_then(|(line, place)| line.cells.get(place));
        cell.copied().unwrap_or(missing)
    };
    let row = |label: &str, now: &[Line], then: &[Line]| Line {
        label: label.to_owned(),
        cells: columns
            .iter()
            .map(|column| {
                // Percentages of small numbers in a large table would hide the numbers.
                difference_of(
                    figure(table, now, label, column),
                    figure(earlier, then, label, column),
                    |now, then| Cell::Change(now - then),
                )
            })
            .collect(),
        opens: Vec::new(),
    };
    let foot = table.foot.iter().map(|line| &line.label);
    Table {
        id: "differences".to_owned(),
        title: format!("{} – {}", table.title, words.say(key_of(against))),
        side: table.side.clone(),
        rows: labels
            .iter()
            .map(|label| row(label, &table.rows, &earlier.rows))
            .collect(),
        foot: foot.map(|label| row(label, &table.foot, &earlier.foot)).collect(),
        columns,
        ..Table::default()
    }
}

const fn key_of(against: EarlierPeriod) -> &'static str {
    match against {
        EarlierPeriod::Before => "difference-before",
        EarlierPeriod::YearBefore => "difference-a-year-before",
    }
}

/// Returns the difference of two figures, of which `count` makes a cell. A difference from or to a hidden figure is hidden.
fn difference_of(now: Cell, then: Cell, count: impl Fn(i64, i64) -> Cell) -> Cell {
    match (now, then) {
        (Cell::Count(now), Cell::Count(then)) => count(now, then),
        (Cell::Hidden, _) | (_, Cell::Hidden) => Cell::Hidden,
        _ => Cell::Empty,
    }
}

/// Returns the cell for a value without a row. If figures are suppressed, a missing figure is either 0 or suppressed.
const fn missing_cell(suppressed: bool) -> Cell {
    if suppressed { Cell::Hidden } else { Cell::Count(0) }
}

/// Adds the columns. Rows that only the earlier table has are added: where the earlier table has them if the rows have a natural order,
/// otherwise at the end.
fn compare(
    words: &Words,
    mut table: Table,
    earlier: &Table,
    against: EarlierPeriod,
    missing: Cell,
    ordered: bool,
) -> Table {
    let width = table.columns.len();
    let mut place = 0;
    for line in &earlier.rows {
        match table.rows.iter().position(|known| known.label == line.label) {
            Some(known) => place = known + 1,
            None => {
                let added = Line {
                    label: line.label.clone(),
                    cells: vec![missing; width],
                    opens: Vec::new(),
                };
                let at = if ordered { place } else { table.rows.len() };
                table.rows.insert(at, added);
                place = at + 1;
            }
        }
    }
    for (lines, before) in [(&mut table.rows, &earlier.rows), (&mut table.foot, &earlier.foot)] {
        for line in lines {
            let then = before.iter().find(|then| then.label == line.label);
            let figure = then.and_then(|then| then.cells.last().copied());
            let figure = figure.unwrap_or(missing);
            let difference = line.cells.last().map_or(Cell::Empty, |now| {
                difference_of(*now, figure, |now, then| Cell::Difference {
                    by: now - then,
                    then,
                })
            });
            line.opens.resize(width, None);
            line.opens.push(then.and_then(Line::address_of_total));
            line.cells.extend([figure, difference]);
        }
    }
    table.columns.push(words.say(match against {
        EarlierPeriod::Before => "period-before",
        EarlierPeriod::YearBefore => "a-year-before",
    }));
    table.columns.push(words.say("difference"));
    table.compared = true;
    table
}

impl Line {
    /// Returns the URL of the list of the items that the last cell counts. In a table of sums, the list belongs to the registered items in
    /// the first cell.
    fn address_of_total(&self) -> Option<String> {
        if self.cells.first() == self.cells.last() {
            return self.opens.first().cloned().flatten();
        }
        self.opens.get(self.cells.len() - 1).cloned().flatten()
    }
}

/// Names the rows of a compared table that changed most, at most five. Returns `None` if the table is not compared or nothing changed.
#[must_use]
pub fn changed_most(words: &Words, table: &Table) -> Option<String> {
    const MOST: usize = 5;
    let change = |line: &Line| match line.cells.last() {
        Some(Cell::Difference { by, then }) if *by != 0 => Some((*by, *then)),
        _ => None,
    };
    let mut changed: Vec<(&str, i64, i64)> = table
        .rows
        .iter()
        .filter_map(|line| change(line).map(|(by, then)| (line.label.as_str(), by, then)))
        .collect();
    if !table.compared || changed.is_empty() {
        return None;
    }
    changed.sort_by_key(|(_, by, _)| std::cmp::Reverse(by.abs()));
    let named: Vec<String> = changed
        .iter()
        .take(MOST)
        .map(|(label, by, then)| format!("{label} {}", difference(words, then + by, *then)))
        .collect();
    Some(words.with("changed-most", "changes", &named.join("; ")))
}

#[cfg(test)]
mod tests {
    use hotline_core::text::locale::{Language, Locales};

    use super::*;

    fn table(rows: &[(&str, Cell)]) -> Table {
        let line = |(label, cell): &(&str, Cell)| Line {
            label: (*label).to_owned(),
            cells: vec![*cell],
            opens: Vec::new(),
        };
        Table {
            columns: vec!["total".to_owned()],
            rows: rows.iter().map(line).collect(),
            ..Table::default()
        }
    }

    fn rows(table: &Table) -> Vec<(&str, Vec<Cell>)> {
        let row = |line: &'_ Line| line.cells.clone();
        table
            .rows
            .iter()
            .map(|line| (line.label.as_str(), row(line)))
            .collect()
    }

    fn compared(now: &[(&str, Cell)], then: &[(&str, Cell)], missing: Cell, ordered: bool) -> Table {
        let locales = Locales;
        let words = locales.of(Language::En);
        let then = table(then);
        compare(words, table(now), &then, EarlierPeriod::Before, missing, ordered)
    }

    #[test]
    fn each_row_has_the_earlier_figure_and_the_difference() {
        let now = [("phone", Cell::Count(9)), ("mail", Cell::Count(2))];
        let then = [("mail", Cell::Count(5)), ("chat", Cell::Count(1))];
        let table = compared(&now, &then, Cell::Count(0), false);
        let change = |by, then| Cell::Difference { by, then };
        assert_eq!(
            rows(&table),
            [
                ("phone", vec![Cell::Count(9), Cell::Count(0), change(9, 0)]),
                ("mail", vec![Cell::Count(2), Cell::Count(5), change(-3, 5)]),
                ("chat", vec![Cell::Count(0), Cell::Count(1), change(-1, 1)]),
            ]
        );
        assert!(table.has_bars(), "the bars show the figures of the period");
        assert_eq!(table.columns.len(), 3);
    }

    #[test]
    fn a_hidden_figure_has_no_difference() {
        let now = [("5-12", Cell::Count(9)), ("13-18", Cell::Hidden)];
        let then = [("0-4", Cell::Count(6)), ("13-18", Cell::Count(8))];
        let table = compared(&now, &then, Cell::Hidden, true);
        assert_eq!(
            rows(&table),
            [
                ("0-4", vec![Cell::Hidden, Cell::Count(6), Cell::Hidden]),
                ("5-12", vec![Cell::Count(9), Cell::Hidden, Cell::Hidden]),
                ("13-18", vec![Cell::Hidden, Cell::Count(8), Cell::Hidden]),
            ]
        );
    }

    #[test]
    fn each_cell_of_two_dimensions_has_its_difference() {
        let crossed = |columns: &[&str], rows: &[(&str, &[i64])]| Table {
            columns: columns.iter().map(|column| (*column).to_owned()).collect(),
            rows: rows
                .iter()
                .map(|(label, counts)| Line::new(*label, counts.iter().copied()))
                .collect(),
            ..Table::default()
        };
        let now = crossed(&["phone", "chat", "Total"], &[("grooming", &[4, 1, 5])]);
        let then = crossed(
            &["chat", "mail", "Total"],
            &[("grooming", &[3, 1, 4]), ("gaming", &[0, 2, 2])],
        );
        let locales = Locales;
        let words = locales.of(Language::En);
        let found = differences(words, &now, &then, EarlierPeriod::YearBefore, Cell::Count(0));
        assert_eq!(found.columns, ["phone", "chat", "mail", "Total"]);
        let change = Cell::Change;
        assert_eq!(
            rows(&found),
            [
                ("grooming", vec![change(4), change(-2), change(-1), change(1)]),
                ("gaming", vec![change(0), change(0), change(-2), change(-2)]),
            ]
        );
    }
}

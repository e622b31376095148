//! Converts returns into tables. A return is a form in which a statistics body collects figures.

use hotline_core::{
    contact::classification::Scheme,
    statistics::returns::{self, Return},
    text::locale::Words,
};
use hotline_store::statistics::returns::FilledReturn;

use crate::tables::{Line, Table, value_label};

/// Builds the tables of a return. The foot of each table ends with the total. Above it are a row for each value that has no row in the
/// return, a row for the contacts whose kind is not asked the question, and a row for the contacts without an answer.
#[must_use]
pub fn of_return(words: &Words, scheme: &Scheme, mapping: &Return, filled: &FilledReturn) -> Vec<Table> {
    let table = |(of, filled): (&returns::Table, &returns::Filled)| {
        let said = |id: &str| {
            let row = of.rows.iter().find(|row| row.id == id);
            row.map_or_else(
                || value_label(words, scheme, &of.by, id),
                |row| row.localized(words),
            )
        };
        let named = |key: &'static str| {
            move |(value, count): &(String, i64)| {
                let value = value_label(words, scheme, &of.by, value);
                Line::new(words.with(key, "value", &value), [*count])
            }
        };
        let without_row = filled.without_row.iter().map(named("return-without-row"));
        let unmapped = filled.unmapped.iter().map(named("return-unmapped"));
        let not_asked = Line::new(words.say("return-not-asked"), [filled.not_asked]);
        let not_asked = (filled.not_asked > 0).then_some(not_asked);
        let missing = Line::new(words.say("figures-rest"), [filled.missing]);
        let total = Line::new(words.say("total"), [filled.total]);
        Table {
            id: of.id.clone(),
            title: of.label.localized(words),
            side: of.label.localized(words),
            columns: vec![words.say("total")],
            rows: filled
                .rows
                .iter()
                .map(|(id, count)| Line::new(said(id), [*count]))
                .collect(),
            foot: without_row
                .chain(unmapped)
                .chain(not_asked)
                .chain([missing, total])
                .collect(),
        }
    };
    mapping.tables.iter().zip(&filled.tables).map(table).collect()
}

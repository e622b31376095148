//! Converts returns into tables. A return is a form in which a statistics body collects figures.

use hotline_core::{
    contact::classification::{KIND, Scheme},
    statistics::{
        figures::{COUNSELLING, Measure},
        returns::{self, Return},
    },
    text::locale::Words,
};
use hotline_store::statistics::{counts::BANDS, returns::FilledReturn};

use crate::tables::{Line, Table, drill_down_links::DrillDownLinks, value_label};

/// Builds the tables of a return. The foot of each table ends with the total. Above it are a row for each value that has no row in the
/// return, a row for the contacts whose kind is not asked the question, and a row for the contacts without an answer. Each figure has the
/// URL of the list of the contacts that it counts.
#[must_use]
pub fn of_return(words: &Words, scheme: &Scheme, mapping: &Return, filled: &FilledReturn) -> Vec<Table> {
    let table = |(of, counts): (&returns::Table, &returns::Filled)| {
        let lists = ContactLists::of(mapping, of, scheme, filled);
        let said = |id: &str| {
            let row = of.rows.iter().find(|row| row.id == id);
            row.map_or_else(
                || value_label(words, scheme, &of.by, id),
                |row| row.localized(words),
            )
        };
        let named = |key: &'static str| {
            move |(value, count): &(String, i64)| {
                let label = value_label(words, scheme, &of.by, value);
                let line = Line::new(words.with(key, "value", &label), [*count]);
                line.opening(lists.with_value(value))
            }
        };
        let without_row = counts.without_row.iter().map(named("return-without-row"));
        let unmapped = counts.unmapped.iter().map(named("return-unmapped"));
        let not_asked =
            Line::new(words.say("return-not-asked"), [counts.not_asked]).opening(lists.not_asked());
        let not_asked = (counts.not_asked > 0).then_some(not_asked);
        let missing = Line::new(words.say("figures-rest"), [counts.missing]).opening(lists.missing());
        let total = Line::new(words.say("total"), [counts.total]).opening(lists.all());
        Table {
            id: of.id.clone(),
            title: of.label.localized(words),
            side: of.label.localized(words),
            columns: vec![words.say("total")],
            rows: counts
                .rows
                .iter()
                .map(|(id, count)| Line::new(said(id), [*count]).opening(lists.of_row(id)))
                .collect(),
            foot: without_row
                .chain(unmapped)
                .chain(not_asked)
                .chain([missing, total])
                .collect(),
            ..Table::default()
        }
    };
    mapping.tables.iter().zip(&filled.tables).map(table).collect()
}

/// Returns the URL of the list of contacts that are not yet classified as counselling or non-counselling.
#[must_use]
pub fn unclassified_contacts(filled: &FilledReturn) -> Option<String> {
    address(filled, &[(COUNSELLING, NO_VALUE.to_owned())])
}

/// Selects the contacts without a value in a dimension, in the query of a drill-down list.
const NO_VALUE: &str = "-";

fn address(filled: &FilledReturn, values: &[(&str, String)]) -> Option<String> {
    let by: Vec<String> = values.iter().map(|(by, _)| (*by).to_owned()).collect();
    let days = (Some(filled.from), Some(filled.to));
    DrillDownLinks::new(Measure::Contact, days, &by).address(values.iter().map(|(_, value)| value.as_str()))
}

/// The lists of contacts behind the figures of one table of a return.
#[derive(Clone, Copy)]
pub struct ContactLists<'a> {
    mapping: &'a Return,
    table: &'a returns::Table,
    scheme: &'a Scheme,
    filled: &'a FilledReturn,
}

impl<'a> ContactLists<'a> {
    /// Creates the lists of a table.
    #[must_use]
    pub const fn of(
        mapping: &'a Return,
        table: &'a returns::Table,
        scheme: &'a Scheme,
        filled: &'a FilledReturn,
    ) -> Self {
        Self {
            mapping,
            table,
            scheme,
            filled,
        }
    }

    fn select(&self, values: &[(&str, String)]) -> Option<String> {
        let only = self.table.only.as_ref();
        let only = only.map(|only| (only.by.as_str(), only.value.clone()));
        let all: Vec<(&str, String)> = only.into_iter().chain(values.iter().cloned()).collect();
        address(self.filled, &all)
    }

    fn of_row(&self, row: &str) -> Option<String> {
        if self.table.bands {
            let bands = format!("{BANDS}{}", self.mapping.name);
            return self.select(&[(bands.as_str(), row.to_owned())]);
        }
        let values = self.mapping.values_of(self.table, self.scheme, row);
        // The form has rows for which the wrap-up has no answer.
        let values = Some(values.join("|")).filter(|values| !values.is_empty())?;
        self.select(&[(self.table.by.as_str(), values)])
    }

    /// Returns the URL of the list of contacts with this value in the table's dimension.
    #[must_use]
    pub fn with_value(&self, value: &str) -> Option<String> {
        self.select(&[(self.table.by.as_str(), value.to_owned())])
    }

    /// Returns the URL of the list of contacts without an answer, although their kind is asked the question.
    #[must_use]
    pub fn missing(&self) -> Option<String> {
        let none = (self.table.by.as_str(), NO_VALUE.to_owned());
        let not_asked = self.table.kinds_not_asked(self.scheme);
        if not_asked.is_empty() {
            return self.select(&[none]);
        }
        self.select(&[none, (KIND, format!("!{}", not_asked.join("|")))])
    }

    fn not_asked(&self) -> Option<String> {
        let kinds = self.table.kinds_not_asked(self.scheme).join("|");
        self.select(&[(self.table.by.as_str(), NO_VALUE.to_owned()), (KIND, kinds)])
    }

    fn all(&self) -> Option<String> {
        self.select(&[])
    }
}

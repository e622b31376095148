//! Statistical returns: tables that statistics bodies, such as Insafe, regularly collect from helplines.
//!
//! A mapping defines the tables of one body's return, and assigns the values of our dimensions to the rows of these tables. When a body
//! changes its questions, a new version of its mapping is added.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    contact::classification::{KIND, Label, Scheme},
    text::locale::Words,
    time::period::{Every, Period},
};

/// The built-in mappings.
const FILES: [&str; 4] = [
    include_str!("../../../../config/returns/insafe-1.toml"),
    include_str!("../../../../config/returns/insafe-2.toml"),
    include_str!("../../../../config/returns/chi-1.toml"),
    include_str!("../../../../config/returns/chi-2.toml"),
];

/// The name of the return whose rows the classification chooses.
const INSAFE: &str = "insafe";

/// The mapping for the return to one statistics body, valid from the day `from` to the day `until`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Return {
    /// The name of the statistics body.
    pub name: String,
    /// The version of this mapping.
    pub version: u32,
    /// The first day on which the mapping is in force. `None`: since the beginning.
    #[serde(default)]
    pub from: Option<NaiveDate>,
    /// The last day on which the mapping is in force. `None`: until further notice.
    #[serde(default)]
    pub until: Option<NaiveDate>,
    /// How often the body collects the return.
    pub every: Every,
    /// The title of the return.
    pub label: Label,
    /// The age bands into which the body divides ages.
    pub bands: Vec<Band>,
    /// The tables of the return.
    pub tables: Vec<Table>,
}

/// An age band, both ends included.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// The id of the age band.
    pub id: String,
    /// The lowest age.
    pub least: u32,
    /// The highest age.
    pub most: u32,
}

/// A table of a return.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The id of the table.
    pub id: String,
    /// The title of the table.
    pub label: Label,
    /// The dimension by whose values the table counts items.
    pub by: String,
    /// A condition on another dimension. The table counts only items that meet the condition. `None`: the table counts all items.
    #[serde(default)]
    pub only: Option<Only>,
    /// The rows that the body defined. Each row lists the dimension values that it counts.
    #[serde(default)]
    pub rows: Vec<Row>,
    /// The values for which the body's form has no row. They are listed below the table.
    #[serde(default)]
    pub without_row: Vec<String>,
    /// Whether the dimension is a question of the classification scheme. If so, the scheme states, for each answer, which row counts it.
    #[serde(default)]
    pub of_scheme: bool,
    /// Whether the dimension contains ages. If so, the rows of the table are the age bands.
    #[serde(default)]
    pub bands: bool,
    /// Whether every value of the dimension has a row of its own.
    #[serde(default)]
    pub each: bool,
}

/// A condition for an item to be counted in a table: the item must have the value `value` in the dimension `by`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Only {
    /// The dimension of the condition.
    pub by: String,
    /// The required value in that dimension.
    pub value: String,
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The id of the row.
    pub id: String,
    /// The label in Serbian, Cyrillic.
    pub sr: String,
    /// The label in English.
    pub en: String,
    /// The values that this row counts, all from the table's dimension.
    #[serde(default)]
    pub values: Vec<String>,
}

/// A table of a return with the counts filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "FilledTable")]
pub struct Filled {
    /// The id of the table.
    pub id: String,
    /// The id and count of every row, in the order that the body defined, including rows whose count is zero.
    pub rows: Vec<(String, i64)>,
    /// The number of items that have no value in the table's dimension, although their kind is asked for one.
    pub missing: i64,
    /// The number of items whose kind is not asked for a value in the table's dimension.
    #[serde(default)]
    pub not_asked: i64,
    /// The values for which the body's form has no row, with their counts.
    #[serde(default)]
    pub without_row: Vec<(String, i64)>,
    /// The values that the mapping does not know, with their counts.
    pub unmapped: Vec<(String, i64)>,
    /// The sum of all counts above.
    pub total: i64,
}

/// The items that a table counts: those that meet its condition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    /// Each value of the table's dimension with its count.
    pub values: Vec<(String, i64)>,
    /// The number of items without a value in the table's dimension whose kind is not asked for one.
    pub not_asked: i64,
    /// The number of all items, including those without a value in the dimension.
    pub total: i64,
}

impl Return {
    /// Parses a mapping.
    ///
    /// # Errors
    /// Fails if `text` is not a mapping, lists a value or a row twice, or has overlapping age bands.
    pub fn read(text: &str) -> anyhow::Result<Self> {
        let read: Self = toml::from_str(text)?;
        for table in &read.tables {
            let mut seen = BTreeSet::new();
            let values = table.rows.iter().flat_map(|row| &row.values);
            for value in values.chain(&table.without_row) {
                anyhow::ensure!(seen.insert(value), "{} names {value} twice", table.id);
            }
            let mut ids = BTreeSet::new();
            for row in &table.rows {
                anyhow::ensure!(ids.insert(&row.id), "{} has the row {} twice", table.id, row.id);
            }
        }
        for pair in read.bands.windows(2) {
            let [one, next] = pair else { continue };
            anyhow::ensure!(
                one.most < next.least,
                "the bands {} and {} overlap",
                one.id,
                next.id
            );
        }
        Ok(read)
    }

    /// Returns the built-in mappings.
    ///
    /// # Errors
    /// Fails if one of the mappings is invalid. A test checks that all are valid.
    pub fn all() -> anyhow::Result<Vec<Self>> {
        FILES.into_iter().map(Self::read).collect()
    }

    /// Returns the newest mapping for the body `name` that is in force on the day `on`, or `None` if there is none.
    #[must_use]
    pub fn in_force<'a>(all: &'a [Self], name: &str, on: NaiveDate) -> Option<&'a Self> {
        let in_force = |one: &&Self| {
            Period {
                from: one.from,
                to: one.until,
            }
            .holds(on)
        };
        all.iter()
            .filter(|one| one.name == name)
            .filter(in_force)
            .max_by_key(|one| one.version)
    }

    /// Returns the id of the age band that contains this age.
    #[must_use]
    pub fn band(&self, age: &str) -> Option<&str> {
        let age: u32 = age.parse().ok()?;
        let found = self
            .bands
            .iter()
            .find(|band| (band.least..=band.most).contains(&age));
        found.map(|band| band.id.as_str())
    }

    /// Returns the id of the row of `table` that counts items with this value.
    pub(super) fn row_of<'a>(
        &'a self,
        table: &'a Table,
        scheme: &'a Scheme,
        value: &'a str,
    ) -> Option<&'a str> {
        if table.each {
            return Some(value);
        }
        if table.bands {
            return self.band(value);
        }
        if table.of_scheme {
            let question = scheme.question(&table.by)?;
            let answer = question.answer(value)?;
            let row = match self.name.as_str() {
                INSAFE => answer.insafe.as_deref(),
                "chi" => answer.chi.as_deref(),
                _ => None,
            }?;
            return table.rows.iter().any(|known| known.id == row).then_some(row);
        }
        let found = table
            .rows
            .iter()
            .find(|row| row.values.iter().any(|one| one == value));
        found.map(|row| row.id.as_str())
    }

    /// Returns the values of the table's dimension that a row counts. A row of an age band counts ages, which are not listed: the result is
    /// empty.
    #[must_use]
    pub fn values_of<'a>(&'a self, table: &'a Table, scheme: &'a Scheme, row: &'a str) -> Vec<&'a str> {
        if table.each {
            return vec![row];
        }
        if table.of_scheme {
            let question = scheme.question(&table.by);
            let answers = question.map(|question| question.answers.as_slice());
            let ids = answers
                .unwrap_or_default()
                .iter()
                .map(|answer| answer.id.as_str());
            return ids
                .filter(|id| self.row_of(table, scheme, id) == Some(row))
                .collect();
        }
        let found = table.rows.iter().find(|known| known.id == row);
        found.map_or_else(Vec::new, |row| row.values.iter().map(String::as_str).collect())
    }

    /// Fills in a table.
    #[must_use]
    pub fn fill(&self, table: &Table, scheme: &Scheme, counted: &Counted) -> Filled {
        let mut rows: Vec<(String, i64)> = if table.bands {
            self.bands.iter().map(|band| (band.id.clone(), 0)).collect()
        } else {
            table.rows.iter().map(|row| (row.id.clone(), 0)).collect()
        };
        let mut unmapped = BTreeMap::new();
        let mut without_row = Vec::new();
        for (value, count) in &counted.values {
            match self.row_of(table, scheme, value) {
                None if table.without_row.contains(value) => without_row.push((value.clone(), *count)),
                None => *unmapped.entry(value.clone()).or_default() += count,
                Some(row) => match rows.iter_mut().find(|(id, _)| id == row) {
                    Some((_, sum)) => *sum += count,
                    None => rows.push((row.to_owned(), *count)),
                },
            }
        }
        let without_value = counted.total - counted.values.iter().map(|(_, count)| count).sum::<i64>();
        let not_asked = counted.not_asked.min(without_value);
        Filled {
            id: table.id.clone(),
            missing: without_value - not_asked,
            not_asked,
            rows,
            without_row,
            unmapped: unmapped.into_iter().collect(),
            total: counted.total,
        }
    }
}

/// Returns the rows of the return to Insafe among which the answers of a question of the classification are divided. Empty if the
/// classification does not choose the rows of this question.
#[must_use]
pub fn rows_of_answers<'a>(newest: &[&'a Return], question: &str) -> &'a [Row] {
    let insafe = newest.iter().find(|one| one.name == INSAFE);
    let mut tables = insafe
        .map(|insafe| insafe.tables.as_slice())
        .unwrap_or_default()
        .iter();
    let table = tables.find(|table| table.of_scheme && table.by == question);
    table.map(|table| table.rows.as_slice()).unwrap_or_default()
}

impl Table {
    /// Returns the kinds of contact that are not asked for a value in the table's dimension, as ids of answers to [`KIND`].
    #[must_use]
    pub fn kinds_not_asked<'a>(&self, scheme: &'a Scheme) -> Vec<&'a str> {
        let Some(question) = scheme.question(&self.by).filter(|question| question.id != KIND) else {
            return Vec::new();
        };
        let kinds = scheme.question(KIND).map(|kind| kind.answers.as_slice());
        let kinds = kinds.unwrap_or_default().iter();
        let not_asked = kinds.filter(|kind| !Scheme::asks(question, Some(kind)));
        not_asked.map(|kind| kind.id.as_str()).collect()
    }
}

impl Row {
    /// Returns the label in the language and script of `words`.
    #[must_use]
    pub fn localized(&self, words: &Words) -> String {
        words.either(&self.sr, &self.en)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn every_answer_that_is_counted_has_its_row_in_every_return_and_no_return_asks_for_what_there_is_not() {
        let scheme = Scheme::centre().unwrap();
        for one in Return::all().unwrap() {
            for table in &one.tables {
                let Some(question) = scheme.question(&table.by) else {
                    assert!(
                        ["channel", "counselling"].contains(&table.by.as_str()),
                        "{}",
                        table.by
                    );
                    continue;
                };
                for answer in &question.answers {
                    let counselling = table.only.as_ref().is_none_or(|only| only.value != "no");
                    let of_other_kind = table.by == "kind" && answer.counselling != counselling;
                    if of_other_kind || answer.marking.is_some() {
                        continue;
                    }
                    let has_row = one.row_of(table, &scheme, &answer.id).is_some();
                    let is_known = has_row != table.without_row.contains(&answer.id);
                    assert!(is_known, "{} {} {}", one.name, table.id, answer.id);
                }
                let known = |value: &String| question.answer(value).is_some();
                assert!(
                    table.rows.iter().flat_map(|row| &row.values).all(known),
                    "{}",
                    table.id
                );
            }
        }
    }

    #[test]
    fn a_child_of_twelve_is_in_the_band_of_its_year() {
        let all = Return::all().unwrap();
        let band = |on| {
            Return::in_force(&all, "insafe", day(on))
                .unwrap()
                .band("12")
                .unwrap()
        };
        assert_eq!((band("2024-12-31"), band("2025-01-01")), ("12-18", "5-12"));
        assert_eq!(Return::in_force(&all, "nobody", day("2025-01-01")), None);
    }

    #[test]
    fn the_newest_return_in_force_is_filled_in() {
        let all = Return::all().unwrap();
        let version = |on| Return::in_force(&all, "chi", day(on)).unwrap().version;
        assert_eq!((version("2025-12-31"), version("2026-12-31")), (1, 2));
    }

    #[test]
    fn topics_without_a_row_are_listed_below_the_table() {
        let (all, scheme) = (Return::all().unwrap(), Scheme::centre().unwrap());
        let chi = Return::in_force(&all, "chi", day("2026-12-31")).unwrap();
        let reasons = chi.tables.iter().find(|table| table.id == "reason").unwrap();
        let counted = Counted {
            values: vec![("technical".to_owned(), 4), ("suicide".to_owned(), 2)],
            not_asked: 3,
            total: 10,
        };
        let filled = chi.fill(reasons, &scheme, &counted);
        assert_eq!(filled.without_row, [("technical".to_owned(), 4)]);
        assert_eq!((filled.unmapped.len(), filled.missing), (0, 1));
    }

    #[test]
    fn a_table_is_its_rows_what_is_missing_and_what_does_not_map() {
        let (all, scheme) = (Return::all().unwrap(), Scheme::centre().unwrap());
        let insafe = Return::in_force(&all, "insafe", day("2026-01-01")).unwrap();
        let topics = insafe.tables.iter().find(|table| table.id == "topic").unwrap();
        let counts =
            [("suicide", 2), ("self_harm", 3), ("former", 1)].map(|(value, count)| (value.to_owned(), count));
        let counted = Counted {
            values: counts.to_vec(),
            not_asked: 0,
            total: 10,
        };
        let filled = insafe.fill(topics, &scheme, &counted);
        assert!(filled.rows.contains(&("self_harm".to_owned(), 5)));
        assert_eq!(filled.unmapped, [("former".to_owned(), 1)]);
        assert_eq!(filled.missing, 4);
        let rows: i64 = filled.rows.iter().map(|(_, count)| count).sum();
        assert_eq!(rows + 1 + filled.missing, filled.total);
    }

    #[test]
    fn a_row_counts_exactly_its_values() {
        let (all, scheme) = (Return::all().unwrap(), Scheme::centre().unwrap());
        for one in &all {
            for table in one.tables.iter().filter(|table| !table.bands && !table.each) {
                for row in &table.rows {
                    for value in one.values_of(table, &scheme, &row.id) {
                        assert_eq!(
                            one.row_of(table, &scheme, value),
                            Some(row.id.as_str()),
                            "{}",
                            table.id
                        );
                    }
                }
            }
        }
        let insafe = Return::in_force(&all, "insafe", day("2026-01-01")).unwrap();
        let table = |id: &str| insafe.tables.iter().find(|table| table.id == id).unwrap();
        assert_eq!(
            insafe.values_of(table("topic"), &scheme, "self_harm"),
            ["suicide", "self_harm"]
        );
        assert_eq!(
            insafe.values_of(table("who"), &scheme, "children"),
            ["child", "student"]
        );
        assert!(table("topic").kinds_not_asked(&scheme).contains(&"presentation"));
    }

    #[test]
    fn what_is_named_twice_is_refused() {
        let text = FILES[0].replace(r#"values = ["parent"]"#, r#"values = ["parent", "child"]"#);
        assert!(Return::read(&text).is_err());
        let text = FILES[0].replace("least = 12", "least = 11");
        assert!(Return::read(&text).is_err());
    }
}

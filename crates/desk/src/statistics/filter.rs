//! What the form of the page asks figures to be cut by.

use std::collections::BTreeSet;

use hotline_core::{
    statistics::figures::Measure,
    text::locale::Words,
    time::period::{Every, Period},
};
use hotline_store::statistics::figures::StatisticsFilter;
use serde::Deserialize;

use crate::{
    http::errors::PageError,
    reports::{
        labels::query_of,
        tables::{Table, dimension_label, of_breakdown},
    },
    state::Desk,
    statistics::page::StatisticsQuery,
};

/// A period and by what it is cut, as the page's form has it.
#[derive(Default, Deserialize)]
pub(crate) struct FilterForm {
    #[serde(flatten)]
    pub asked: StatisticsQuery,
    #[serde(default)]
    pub of: String,
    #[serde(default)]
    pub by: String,
    #[serde(default)]
    pub and: String,
    #[serde(default)]
    pub every: String,
}

impl FilterForm {
    /// The same view of another period, as it stands in an address.
    pub(crate) fn of_period(&self, name: &str) -> String {
        let name = name.to_owned();
        query_of([
            ("period", &name),
            ("of", &self.of),
            ("by", &self.by),
            ("and", &self.and),
            ("every", &self.every),
        ])
    }

    /// As it stands in an address.
    pub(crate) fn in_address(&self) -> String {
        query_of([
            ("period", &self.asked.period),
            ("from", &self.asked.from),
            ("to", &self.asked.to),
            ("of", &self.of),
            ("by", &self.by),
            ("and", &self.and),
            ("every", &self.every),
        ])
    }

    /// The same cut in the address of a file.
    pub(crate) fn in_address_of_file(&self) -> String {
        let by = [&self.by, &self.and, &self.every].map(String::as_str);
        let by: Vec<&str> = by.into_iter().filter(|by| !by.is_empty()).collect();
        query_of([
            ("period", &self.asked.period),
            ("from", &self.asked.from),
            ("to", &self.asked.to),
            ("of", &self.of),
            ("by", &by.join(",")),
        ])
    }

    /// What is counted; what is not known is registered communications.
    pub(crate) fn counted(&self) -> Measure {
        Measure::parse(&self.of).unwrap_or(Measure::Contact)
    }

    fn cut(&self, period: Period) -> StatisticsFilter {
        let by = [&self.by, &self.and].into_iter().filter(|by| !by.is_empty());
        StatisticsFilter {
            of: self.counted(),
            period,
            by: by.cloned().collect(),
            every: Every::parse(&self.every),
        }
    }
}

/// The table that was asked for, as it is shown to who is shown no fewer than `least`. `None`: nothing to cut by was chosen.
pub(crate) async fn table(
    desk: &Desk,
    words: &Words,
    chosen: &FilterForm,
    least: i64,
) -> Result<Option<Table>, PageError> {
    let cut = chosen.cut(chosen.asked.period(desk.store.today())?);
    if cut.by.is_empty() && cut.every.is_none() {
        return Ok(None);
    }
    let found = desk.store.shown(&cut, least).await?;
    Ok(Some(of_breakdown(words, desk.store.scheme(), &found)))
}

/// The dimensions of anything that is counted, to choose from: their names, and what they are called.
pub(crate) fn dimensions(words: &Words, desk: &Desk) -> Vec<(String, String)> {
    let of_any: BTreeSet<String> = Measure::ALL
        .into_iter()
        .flat_map(|of| desk.store.dimensions(of))
        .collect();
    let mut all: Vec<(String, String)> = of_any
        .into_iter()
        .map(|dimension| {
            let said = dimension_label(words, desk.store.scheme(), &dimension);
            (dimension, said)
        })
        .collect();
    all.sort_by(|a, b| a.1.cmp(&b.1));
    all
}

//! The filter form of the statistics page: the period, the measure (what is counted), the dimensions and the unit of time.

use std::collections::BTreeSet;

use hotline_core::{
    statistics::{comparison::EarlierPeriod, figures::Measure, purpose::Purpose},
    text::locale::Words,
    time::period::{Every, Period},
};
use hotline_store::statistics::counts::StatisticsFilter;
use serde::Deserialize;

use crate::{http::errors::PageError, state::Desk, statistics::page::StatisticsQuery};
use hotline_reports::{
    labels::query_of,
    tables::{Table, compare_breakdown, dimension_label, of_breakdown},
};

/// The value of [`FilterForm::against`] for tables without a comparison.
pub(crate) const NO_COMPARISON: &str = "none";

fn comparison_name(earlier: Option<EarlierPeriod>) -> &'static str {
    earlier.map_or(NO_COMPARISON, EarlierPeriod::as_str)
}

/// The fields of the filter form: a period, a measure (`of`), up to two dimensions (`by`, `and`) and a unit of time (`every`).
#[derive(Clone, Default, Deserialize)]
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
    /// `yes` shows figures for publication, in which small figures about persons are suppressed.
    #[serde(default)]
    pub publication: String,
    /// The earlier period with which tables are compared: the name of an [`EarlierPeriod`], or `none`. If empty, the period before.
    #[serde(default)]
    pub against: String,
}

impl FilterForm {
    /// Returns the filter as a query string in which the selected period is replaced by the period with the name `name`.
    pub(crate) fn of_period(&self, name: &str) -> String {
        let asked = StatisticsQuery {
            period: name.to_owned(),
            ..StatisticsQuery::default()
        };
        let chosen = Self {
            asked,
            ..self.clone()
        };
        chosen.in_address()
    }

    /// Returns the filter as a query string with figures for the given purpose.
    pub(crate) fn of_purpose(&self, purpose: Purpose) -> String {
        let publication = match purpose {
            Purpose::Internal => String::new(),
            Purpose::Publication => "yes".to_owned(),
        };
        let chosen = Self {
            publication,
            ..self.clone()
        };
        chosen.in_address()
    }

    pub(crate) fn in_address(&self) -> String {
        query_of([
            ("period", &self.asked.period),
            ("from", &self.asked.from),
            ("to", &self.asked.to),
            ("of", &self.of),
            ("by", &self.by),
            ("and", &self.and),
            ("every", &self.every),
            ("publication", &self.publication),
            ("against", &self.against),
        ])
    }

    /// Returns the earlier period with which tables are compared.
    pub(crate) fn earlier(&self) -> Option<EarlierPeriod> {
        match self.against.as_str() {
            NO_COMPARISON => None,
            name => Some(EarlierPeriod::parse(name).unwrap_or(EarlierPeriod::Before)),
        }
    }

    /// Returns the filter as a query string in which the earlier period is replaced by `earlier`.
    pub(super) fn of_comparison(&self, earlier: Option<EarlierPeriod>) -> String {
        let chosen = Self {
            against: comparison_name(earlier).to_owned(),
            ..self.clone()
        };
        chosen.in_address()
    }

    /// Returns the value of the parameter `against` for file downloads.
    pub(crate) fn against_of_file(&self) -> &'static str {
        comparison_name(self.earlier())
    }

    /// Returns the filter as a query string for file downloads. The parameter `by` contains the dimensions and the unit of time, joined by
    /// commas. The query string does not contain the purpose.
    pub(crate) fn in_address_of_file(&self) -> String {
        let by = [&self.by, &self.and, &self.every].map(String::as_str);
        let by: Vec<&str> = by.into_iter().filter(|by| !by.is_empty()).collect();
        query_of([
            ("period", &self.asked.period),
            ("from", &self.asked.from),
            ("to", &self.asked.to),
            ("of", &self.of),
            ("by", &by.join(",")),
            ("against", &comparison_name(self.earlier()).to_owned()),
        ])
    }

    /// Returns whether the page shows figures for publication.
    pub(crate) fn is_for_publication(&self) -> bool {
        self.publication == "yes"
    }

    /// Returns the selected measure. An unknown or empty name selects [`Measure::Contact`].
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

/// Builds the table that the filter requests, and for two dimensions the table of the differences from the earlier period. Figures about
/// persons that are smaller than `least` are suppressed. Returns no table if neither a dimension nor a unit of time was selected.
pub(crate) async fn tables(
    desk: &Desk,
    words: &Words,
    chosen: &FilterForm,
    least: i64,
) -> Result<Vec<Table>, PageError> {
    let cut = chosen.cut(chosen.asked.period(desk.store.today())?);
    if cut.by.is_empty() && cut.every.is_none() {
        return Ok(Vec::new());
    }
    let scheme = desk.store.scheme();
    let against = chosen.earlier();
    let compared = desk.store.breakdown_compared(&cut, least, against).await?;
    let table = of_breakdown(words, &scheme, &compared.found);
    Ok(match (against, &compared.earlier) {
        (Some(against), Some(earlier)) => compare_breakdown(words, &scheme, table, earlier, against),
        _ => vec![table],
    })
}

/// Returns the dimensions of all measures as pairs of id and label, sorted by label.
pub(crate) fn dimensions(words: &Words, desk: &Desk) -> Vec<(String, String)> {
    let of_any: BTreeSet<String> = Measure::ALL
        .iter()
        .flat_map(|of| desk.store.dimensions(*of))
        .collect();
    let mut all: Vec<(String, String)> = of_any
        .into_iter()
        .map(|dimension| {
            let said = dimension_label(words, &desk.store.scheme(), &dimension);
            (dimension, said)
        })
        .collect();
    all.sort_by(|a, b| a.1.cmp(&b.1));
    all
}

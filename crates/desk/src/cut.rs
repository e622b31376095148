//! Figures cut by one or two dimensions, as a table with bars and as a file.

use axum::{
    extract::{Query, State},
    response::Response,
};
use axum_extra::extract::CookieJar;
use hotline_core::{
    figures::Of,
    locale::Words,
    period::{Every, Period},
};
use hotline_store::figures::Cut;
use serde::Deserialize;

use crate::{
    access::Reader,
    desk::Desk,
    error::PageError,
    exports::{CSV, csv_of_table, download},
    statistics::Asked,
    tables::{Table, dimension_said, of_breakdown},
    view::query_of,
};

/// A period and by what it is cut, as the page's form has it.
#[derive(Default, Deserialize)]
pub(crate) struct Chosen {
    #[serde(flatten)]
    pub asked: Asked,
    #[serde(default)]
    pub by: String,
    #[serde(default)]
    pub and: String,
    #[serde(default)]
    pub every: String,
}

impl Chosen {
    /// The same view of another period, as it stands in an address.
    pub(crate) fn of_period(&self, name: &str) -> String {
        let name = name.to_owned();
        query_of([
            ("period", &name),
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
            ("by", &self.by),
            ("and", &self.and),
            ("every", &self.every),
        ])
    }

    /// A table has two sides: of three ways to cut, the pieces of the period give way.
    fn cut(&self, period: Period) -> Cut {
        let two = !self.by.is_empty() && !self.and.is_empty();
        let by = [&self.by, &self.and].into_iter().filter(|by| !by.is_empty());
        Cut {
            of: Of::Contact,
            period,
            by: by.cloned().collect(),
            every: Every::parse(&self.every).filter(|_| !two),
        }
    }
}

/// The table that was asked for, as it is shown to who is shown no fewer than `least`. `None`: nothing to cut by was chosen.
pub(crate) async fn table(
    desk: &Desk,
    words: &Words,
    chosen: &Chosen,
    least: i64,
) -> Result<Option<Table>, PageError> {
    let cut = chosen.cut(chosen.asked.period(desk.store.today())?);
    if cut.by.is_empty() && cut.every.is_none() {
        return Ok(None);
    }
    let found = desk.store.shown(&cut, least).await?;
    Ok(Some(of_breakdown(words, desk.store.scheme(), &found)))
}

/// The dimensions to choose from: their names, and what they are called.
pub(crate) fn dimensions(words: &Words, desk: &Desk) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = desk
        .store
        .dimensions(Of::Contact)
        .into_iter()
        .map(|dimension| {
            let said = dimension_said(words, desk.store.scheme(), &dimension);
            (dimension, said)
        })
        .collect();
    all.sort_by(|a, b| a.1.cmp(&b.1));
    all
}

/// The same table as a file.
pub(crate) async fn csv(
    State(desk): State<Desk>,
    reader: Reader,
    jar: CookieJar,
    Query(chosen): Query<Chosen>,
) -> Result<Response, PageError> {
    let words = desk.words(&jar);
    let table = table(&desk, words, &chosen, reader.least(&desk)).await?;
    let table = table.ok_or(PageError::Bad("error-nothing-chosen"))?;
    Ok(download(
        CSV,
        "figures.csv",
        csv_of_table(&table).map_err(PageError::fault)?,
    ))
}

//! Registered communications one by one, without persons: for whoever counts on with other programs.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use axum::{
    body::{Body, Bytes},
    extract::{Query, State},
    http::header,
    response::{IntoResponse, Response},
};
use futures::stream;
use hotline_core::{
    figures::{Facts, Of, is_personal},
    period::Period,
};
use hotline_store::{error::StoreError, figures::After, store::Store};

use super::Asked;
use crate::{
    access::Reader,
    desk::Desk,
    error::PageError,
    exports::{CSV, harmless, writer},
};

/// `GET /api/v1/statistics/rows`: a line for each, with its day, its values and nothing by which it could be found. What tells of
/// persons is left out of lines that fewer share than cells show.
pub(crate) async fn csv(
    State(desk): State<Desk>,
    reader: Reader,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let period = asked.period(desk.store.today())?;
    let least = reader.least(&desk);
    let alike = match least {
        0 => HashMap::new(),
        _ => alike(&desk.store, period).await?,
    };
    let dimensions = hotline_core::figures::dimensions(Of::Contact, desk.store.scheme());
    let head = [vec!["day".to_owned()], dimensions.iter().cloned().collect()].concat();
    let head = line_of(&head).map_err(PageError::fault)?;
    let rows = Rows {
        store: Arc::clone(&desk.store),
        period,
        dimensions,
        alike,
        least,
    };
    let begun = (Arc::new(rows), None, Some(head));
    let lines = stream::try_unfold(begun, |(rows, after, head)| async move {
        if let Some(head) = head {
            return Ok::<_, std::io::Error>(Some((head, (rows, after, None))));
        }
        let (found, next) = rows
            .store
            .rows(rows.period, after)
            .await
            .map_err(std::io::Error::other)?;
        let Some(next) = next else { return Ok(None) };
        let mut lines = Vec::new();
        for facts in found {
            lines.extend(line_of(&rows.line(&facts)).map_err(std::io::Error::other)?);
        }
        Ok(Some((Bytes::from(lines), (rows, Some(next), None))))
    });
    let headers = [
        (header::CONTENT_TYPE, CSV),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"communications.csv\"",
        ),
    ];
    Ok((headers, Body::from_stream(lines)).into_response())
}

struct Rows {
    store: Arc<Store>,
    period: Period,
    dimensions: BTreeSet<String>,
    /// How many share what tells of a person.
    alike: HashMap<Vec<String>, i64>,
    least: i64,
}

impl Rows {
    fn line(&self, facts: &Facts) -> Vec<String> {
        let few = self.least > 0
            && self
                .alike
                .get(&personal(facts))
                .is_none_or(|count| *count < self.least);
        let value = |dimension: &String| match facts.values.get(dimension) {
            Some(_) if few && is_personal(dimension) => String::new(),
            Some(value) => harmless(value),
            None => String::new(),
        };
        let values = self.dimensions.iter().map(value);
        [facts.day.to_string()].into_iter().chain(values).collect()
    }
}

/// What tells of a person.
fn personal(facts: &Facts) -> Vec<String> {
    let personal = facts
        .values
        .iter()
        .filter(|(dimension, _)| is_personal(dimension));
    personal
        .map(|(dimension, value)| format!("{dimension}={value}"))
        .collect()
}

async fn alike(store: &Store, period: Period) -> Result<HashMap<Vec<String>, i64>, StoreError> {
    let mut alike = HashMap::new();
    let mut after: Option<After> = None;
    loop {
        let (found, next) = store.rows(period, after).await?;
        for facts in &found {
            *alike.entry(personal(facts)).or_default() += 1;
        }
        match next {
            Some(next) => after = Some(next),
            None => return Ok(alike),
        }
    }
}

fn line_of(fields: &[String]) -> Result<Bytes, csv::Error> {
    let mut csv = writer(Vec::new());
    csv.write_record(fields)?;
    let line = csv.into_inner().map_err(|error| error.into_error())?;
    Ok(Bytes::from(line))
}

//! Registered communications one by one, without persons: for whoever counts on with other programs.

use std::{collections::BTreeSet, sync::Arc};

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
use hotline_store::store::Store;

use super::Asked;
use crate::{
    access::Reader,
    desk::Desk,
    error::PageError,
    exports::{CSV, harmless, writer},
};

/// `GET /api/v1/statistics/rows`: a line for each, with its day, its values and nothing by which it could be found. What tells of
/// persons stands in it only for who may read what they wrote.
pub(crate) async fn csv(
    State(desk): State<Desk>,
    reader: Reader,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let period = asked.period(desk.store.today())?;
    if let Some(person) = reader.person() {
        let day = |day: Option<chrono::NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
        let days = format!("{}/{}", day(period.from), day(period.to));
        desk.note_read(person, "rows", &days).await;
    }
    let mut dimensions = hotline_core::figures::dimensions(Of::Contact, desk.store.scheme());
    if reader.least(&desk) > 0 {
        dimensions.retain(|dimension| !is_personal(dimension));
    }
    let head = [vec!["day".to_owned()], dimensions.iter().cloned().collect()].concat();
    let head = line_of(&head).map_err(PageError::fault)?;
    let rows = Rows {
        store: Arc::clone(&desk.store),
        period,
        dimensions,
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
}

impl Rows {
    fn line(&self, facts: &Facts) -> Vec<String> {
        let value = |dimension| facts.values.get(dimension).map(|value| harmless(value));
        let values = self.dimensions.iter().map(|one| value(one).unwrap_or_default());
        [facts.day.to_string()].into_iter().chain(values).collect()
    }
}

fn line_of(fields: &[String]) -> Result<Bytes, csv::Error> {
    let mut csv = writer(Vec::new());
    csv.write_record(fields)?;
    let line = csv.into_inner().map_err(|error| error.into_error())?;
    Ok(Bytes::from(line))
}

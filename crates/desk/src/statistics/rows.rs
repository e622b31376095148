//! Registered communications as CSV lines for analysis in other programs. The lines contain no references and no message content.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    body::{Body, Bytes},
    extract::{Query, State},
    http::header,
    response::IntoResponse,
};
use futures::stream;
use hotline_core::{
    staff::{audit::AuditAction, rights::Right},
    statistics::{
        figures::{Facts, Measure, is_personal},
        purpose::Purpose,
    },
    time::period::Period,
};
use hotline_store::db::store::Store;

use crate::{
    http::{access::Reader, answers::CsvFile, errors::PageError, extractors::Cookies},
    state::Desk,
    statistics::files::{FileQuery, file_name},
};
use hotline_reports::{
    cover::Cover,
    exports::{CSV, CsvForm, begun, csv_of_cover, days, harmless, writer},
};

/// `GET /api/v1/statistics/rows`: sends one line for each registered communication. The line contains the day and the value in each
/// dimension. The line contains no contact reference, so that readers cannot look up the contact. Dimensions about persons are included
/// only for staff who may read contacts, and never for publication.
pub(crate) async fn download_rows(
    State(desk): State<Desk>,
    reader: Reader,
    Cookies(jar): Cookies,
    Query(wanted): Query<FileQuery>,
) -> Result<CsvFile, PageError> {
    let period = wanted.period.period(desk.store.today())?;
    let form = wanted.csv_form()?;
    let (days, purpose) = (days(period.from, period.to), wanted.purpose(&reader)?);
    if let Some(person) = reader.person() {
        desk.note_read(person, AuditAction::Rows, &days).await;
    }
    let mut dimensions =
        hotline_core::statistics::figures::dimensions(Measure::Contact, &desk.store.scheme());
    // A row tells about one person, so the rights are the same as for contacts.
    let may_read = match reader.person() {
        Some(person) => person.role.may(Right::ReadContacts) && !desk.store.is_limited(person).await?,
        None => false,
    };
    if !may_read || purpose == Purpose::Publication {
        dimensions.retain(|dimension| !is_personal(dimension));
    }
    let head = [vec!["day".to_owned()], dimensions.iter().cloned().collect()].concat();
    let mut first = begun(form);
    if form.cover {
        let words = wanted.words(&desk, &jar);
        let now = desk.clock.now();
        let cover = Cover::of_rows(words, &desk.centre, period, now, purpose, reader.name());
        first = csv_of_cover(&cover, form, head.len()).map_err(PageError::fault)?;
    }
    let head = line_of(&head, first, form).map_err(PageError::fault)?;
    let rows = Rows {
        store: Arc::clone(&desk.store),
        period,
        dimensions,
        form,
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
            lines.extend(line_of(&rows.line(&facts), Vec::new(), rows.form).map_err(std::io::Error::other)?);
        }
        Ok(Some((Bytes::from(lines), (rows, Some(next), None))))
    });
    let headers = [
        (header::CONTENT_TYPE, CSV.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!(
                "attachment; filename=\"{}-{days}.csv\"",
                file_name("communications", purpose)
            ),
        ),
    ];
    Ok(CsvFile((headers, Body::from_stream(lines)).into_response()))
}

struct Rows {
    store: Arc<Store>,
    period: Period,
    dimensions: BTreeSet<String>,
    form: CsvForm,
}

impl Rows {
    fn line(&self, facts: &Facts) -> Vec<String> {
        let value = |dimension| facts.values.get(dimension).map(|value| harmless(value));
        let values = self.dimensions.iter().map(|one| value(one).unwrap_or_default());
        [facts.day.to_string()].into_iter().chain(values).collect()
    }
}

fn line_of(fields: &[String], begun: Vec<u8>, form: CsvForm) -> Result<Bytes, csv::Error> {
    let mut csv = writer(begun, form);
    csv.write_record(fields)?;
    let line = csv.into_inner().map_err(|error| error.into_error())?;
    Ok(Bytes::from(line))
}

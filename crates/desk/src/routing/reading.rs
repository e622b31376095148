//! What colleagues read in the last 24 hours, and what of it is unusual (`/desk/routing/reading`, `/api/v1/routing/reading`).

use askama::Template;
use axum::extract::State;
use hotline_core::{
    staff::{reading::Unusual, rights::Right},
    text::locale::Language,
};
use hotline_store::contacts::reading::StaffReading;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use crate::{
    http::{
        access::Who,
        answers::Answer,
        errors::PageError,
        extractors::{Cookies, ResponseFormat},
        page::{Frame, WithoutHits, page as written},
    },
    state::Desk,
};

/// What members of staff read in the last 24 hours.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ReadingsJson {
    /// Unusual readings first. Members of staff who read nothing are left out.
    readings: Vec<ReadingJson>,
}

/// What a member of staff read in the last 24 hours.
#[derive(Serialize, JsonSchema)]
struct ReadingJson {
    id: Uuid,
    name: String,
    /// The number of opened contacts.
    contacts: usize,
    /// The number of contacts on a usual day; null if there are too few earlier days.
    usual_contacts: Option<usize>,
    /// Contacts that are neither assigned to the reader, nor has the reader worked on them.
    not_own: usize,
    /// Contacts that were opened outside the reader's shifts.
    off_shift: usize,
    searches: usize,
    /// Contacts whose identity was revealed.
    reveals: usize,
    /// Files that were downloaded or looked at.
    files: usize,
    /// What is unusual.
    unusual: Vec<Unusual>,
}

impl From<StaffReading> for ReadingJson {
    fn from(one: StaffReading) -> Self {
        Self {
            id: one.member.id,
            name: one.member.name,
            contacts: one.reading.contacts,
            usual_contacts: one.usual_contacts,
            not_own: one.reading.not_own,
            off_shift: one.reading.off_shift,
            searches: one.reading.searches,
            reveals: one.reading.reveals,
            files: one.reading.files,
            unusual: one.unusual,
        }
    }
}

#[derive(Template)]
#[template(path = "routing/reading.html")]
struct ReadingPage<'a> {
    frame: Frame<'a>,
    readings: Vec<StaffReading>,
}

impl WithoutHits for ReadingPage<'_> {}

pub(crate) async fn list(
    State(desk): State<Desk>,
    Who(me): Who,
    Cookies(jar): Cookies,
    format: ResponseFormat,
) -> Result<Answer<ReadingsJson>, PageError> {
    let readings = desk.store.readings().await?;
    if format.is_json() {
        let readings = readings.into_iter().map(ReadingJson::from).collect();
        return Ok(Answer::Json(ReadingsJson { readings }));
    }
    let rendered = written(&ReadingPage {
        frame: Frame::new(&desk, &jar, &me, "routing").await?,
        readings,
    })?;
    Ok(Answer::Page(rendered))
}

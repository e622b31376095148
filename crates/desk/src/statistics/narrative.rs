//! The narrative report: the report of a period as a document for a word processor.

use aide::{
    OperationOutput,
    generate::GenContext,
    openapi::{Operation, Response as DescribedResponse},
};
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use schemars::{JsonSchema, json_schema};
use serde::Deserialize;

use crate::{
    http::{
        access::Reader,
        answers::{describe_content, succeed},
        errors::PageError,
        extractors::Cookies,
    },
    state::Desk,
    statistics::files::{self, FileQuery},
};
use hotline_reports::{
    cover::Cover,
    exports::{DOCX, days},
    narrative::{Section, narrative},
};

/// A period, and the sections of its report.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct NarrativeQuery {
    #[serde(flatten)]
    file: FileQuery,
    /// `yes` includes the summary in sentences. If no section is requested, the report contains all sections.
    #[serde(default)]
    summary: String,
    /// `yes` includes the communications by channel, over time and year by year.
    #[serde(default)]
    communications: String,
    /// `yes` includes age, gender and region.
    #[serde(default)]
    people: String,
    /// `yes` includes the topics.
    #[serde(default)]
    topics: String,
    /// `yes` includes the cases.
    #[serde(default)]
    cases: String,
    /// `yes` includes waiting times and reply targets.
    #[serde(default)]
    answering: String,
    /// `yes` includes the outreach.
    #[serde(default)]
    outreach: String,
}

impl NarrativeQuery {
    fn sections(&self) -> Result<Vec<Section>, PageError> {
        let mut chosen = Vec::new();
        for section in Section::ALL {
            let wanted = match section {
                Section::Summary => &self.summary,
                Section::Communications => &self.communications,
                Section::People => &self.people,
                Section::Topics => &self.topics,
                Section::Cases => &self.cases,
                Section::Answering => &self.answering,
                Section::Outreach => &self.outreach,
            };
            if files::parse_yes(wanted)? {
                chosen.push(section);
            }
        }
        if chosen.is_empty() {
            chosen.extend(Section::ALL);
        }
        Ok(chosen)
    }
}

/// A document for a word processor.
pub(crate) struct DocumentFile(Response);

impl IntoResponse for DocumentFile {
    fn into_response(self) -> Response {
        self.0
    }
}

impl OperationOutput for DocumentFile {
    type Inner = String;

    fn inferred_responses(_: &mut GenContext, _: &mut Operation) -> Vec<(Option<u16>, DescribedResponse)> {
        let binary = json_schema!({ "type": "string", "format": "binary" });
        succeed(describe_content("The report", [(DOCX, binary)]))
    }
}

/// `GET /api/v1/statistics/narrative`: sends the report of a period as a document with a cover, contents and the requested sections.
pub(crate) async fn download_narrative(
    State(desk): State<Desk>,
    reader: Reader,
    Cookies(jar): Cookies,
    Query(wanted): Query<NarrativeQuery>,
) -> Result<DocumentFile, PageError> {
    let sections = wanted.sections()?;
    let period = wanted.file.period.period(desk.store.today())?;
    let purpose = wanted.file.purpose(&reader)?;
    let report = desk.store.report(period, purpose.smallest(desk.smallest)).await?;
    files::note_exact(
        &desk,
        &reader,
        purpose,
        "narrative",
        &days(period.from, period.to),
    )
    .await;
    let words = wanted.file.words(&desk, &jar);
    let cover = Cover::of_report(words, &desk.centre, &report, purpose, reader.name());
    let scheme = desk.store.scheme();
    let bytes =
        narrative(words, scheme, &desk.centre, &report, &cover, &sections).map_err(PageError::fault)?;
    let name = files::file_name("report", purpose);
    Ok(DocumentFile(files::download(DOCX, &name, cover.days, bytes)))
}

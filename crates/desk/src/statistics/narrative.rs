//! The narrative report: the report of a period as a document for a word processor.

use aide::{
    OperationOutput,
    generate::GenContext,
    openapi::{Operation, Response as DescribedResponse},
};
use askama::Template;
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use chrono::NaiveDate;
use hotline_core::{
    staff::{audit::AuditAction, rights::Right},
    text::locale::{Language, Words},
};
use schemars::{JsonSchema, json_schema};
use serde::Deserialize;

use crate::{
    http::{
        access::{Reader, Who},
        answers::{describe_content, succeed},
        errors::PageError,
        extractors::Cookies,
        page::{Frame, page},
    },
    state::Desk,
    statistics::files::{self, FileQuery},
};
use hotline_reports::{
    cover::Cover,
    exports::{DOCX, days},
    narrative::{Narrative, Section, document},
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

#[derive(Template)]
#[template(path = "statistics/narrative_page.html")]
struct NarrativePage<'a> {
    frame: Frame<'a>,
    report: Narrative,
}

/// `GET /desk/statistics/narrative`: shows the report of a period as a page that can be printed.
pub(crate) async fn show_narrative(
    State(desk): State<Desk>,
    Who(me): Who,
    reader: Reader,
    Cookies(jar): Cookies,
    Query(wanted): Query<NarrativeQuery>,
) -> Result<Response, PageError> {
    let words = desk.words(&jar);
    let report = compose(&desk, &reader, words, &wanted).await?.report;
    page(&NarrativePage {
        frame: Frame::new(&desk, &jar, &me, "statistics").await?,
        report,
    })
}

/// `GET /api/v1/statistics/narrative`: sends the report of a period as a document with a cover, contents and the requested sections.
pub(crate) async fn download_narrative(
    State(desk): State<Desk>,
    reader: Reader,
    Cookies(jar): Cookies,
    Query(wanted): Query<NarrativeQuery>,
) -> Result<DocumentFile, PageError> {
    let words = wanted.file.words(&desk, &jar);
    let composed = compose(&desk, &reader, words, &wanted).await?;
    let bytes = document::to_docx(words, &composed.report).map_err(PageError::fault)?;
    let file = files::download(DOCX, &composed.file_name, composed.days, bytes);
    Ok(DocumentFile(file))
}

/// A report with the name of its file and its period.
struct Composed {
    report: Narrative,
    file_name: String,
    days: (Option<NaiveDate>, Option<NaiveDate>),
}

async fn compose(
    desk: &Desk,
    reader: &Reader,
    words: &Words,
    wanted: &NarrativeQuery,
) -> Result<Composed, PageError> {
    let sections = wanted.sections()?;
    let period = wanted.file.period.period(desk.store.today())?;
    let purpose = wanted.file.purpose(reader)?;
    let least = purpose.smallest(desk.smallest);
    let against = wanted.file.earlier()?;
    let report = desk.store.report_compared(period, least, against).await?;
    let days = days(period.from, period.to);
    files::note_exact(desk, reader, purpose, AuditAction::Narrative, &days).await;
    let cover = Cover::of_report(words, &desk.centre, &report, purpose, reader.name());
    let scheme = desk.store.scheme();
    Ok(Composed {
        report: Narrative::new(words, &scheme, &desk.store.centre(), &report, &cover, &sections),
        file_name: files::file_name("report", purpose),
        days: cover.days,
    })
}

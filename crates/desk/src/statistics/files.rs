//! The figures of the statistics page as JSON and as files.

use axum::{
    extract::{Query, State},
    http::header,
    response::{IntoResponse, Response},
};
use axum_extra::extract::CookieJar;
use chrono::NaiveDate;
use hotline_core::{
    staff::audit::AuditAction,
    statistics::{comparison::EarlierPeriod, figures::Measure, purpose::Purpose},
    text::locale::{Language, Words},
};
use hotline_store::statistics::{
    comparison::ComparedBreakdown,
    counts::{Breakdown, StatisticsFilter},
    report::Report,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    http::{access::Reader, answers::FiguresFile, errors::PageError, extractors::Cookies},
    state::Desk,
    statistics::{filter::NO_COMPARISON, page::StatisticsQuery},
};
use hotline_reports::{
    cover::Cover,
    exports::{CSV, CsvForm, DOCX, XLSX, csv_of_table, csv_of_tables, days, workbook},
    tables::{self, Table},
};

/// A period, and the format in which its figures are sent.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct FileQuery {
    #[serde(flatten)]
    pub(crate) period: StatisticsQuery,
    /// The format: `json`, `csv` or `xlsx`. If empty, `json` is used.
    #[serde(default)]
    pub(crate) format: String,
    /// The language of the file: `sr-Cyrl`, `sr-Latn` or `en`. If empty, the language in the cookie `language` is used. Without this
    /// cookie, the language of the centre is used.
    #[serde(default)]
    language: String,
    /// The field separator of a CSV file: `,` or `;`. If empty, `,` is used.
    #[serde(default)]
    separator: String,
    /// `yes` puts a byte order mark at the beginning of a CSV file. If empty, `no` is used.
    #[serde(default)]
    bom: String,
    /// `yes` puts a cover before the header row of a CSV file. The cover states the centre, the period, the time at which the figures were
    /// read, the author, and the number of lines. If empty, `no` is used.
    #[serde(default)]
    cover: String,
    /// `yes` asks for figures for publication, in which small figures about persons are suppressed. With a read-only token, figures are
    /// always for publication. If empty, `no` is used.
    #[serde(default)]
    publication: String,
    /// The earlier period with which tables with one dimension are compared: `before` (the period before) or `year_before` (the same days a
    /// year earlier). Each of these tables then has the earlier figures and the differences in two more columns. If empty, `none` is used.
    #[serde(default)]
    against: String,
}

/// Figures as JSON, with what they may be used for.
#[derive(Serialize, JsonSchema)]
pub(crate) struct FiguresJson<T> {
    /// `internal`: exact figures for internal use. `publication`: figures for publication, in which small figures about persons are
    /// suppressed.
    purpose: &'static str,
    #[serde(flatten)]
    figures: T,
}

pub(crate) fn parse_yes(text: &str) -> Result<bool, PageError> {
    match text {
        "" | "no" => Ok(false),
        "yes" => Ok(true),
        _ => Err(PageError::Bad("error-format")),
    }
}

impl FileQuery {
    /// Returns the translated texts in the language that the request asks for or, if it asks for none, in the language of the desk's pages.
    pub(crate) fn words<'a>(&self, desk: &'a Desk, jar: &CookieJar) -> &'a Words {
        match Language::parse(&self.language) {
            Some(language) => desk.locales.of(language),
            None => desk.words(jar),
        }
    }

    /// Returns the purpose for which this reader gets the figures.
    pub(crate) fn purpose(&self, reader: &Reader) -> Result<Purpose, PageError> {
        Ok(reader.purpose(parse_yes(&self.publication)?))
    }

    /// Returns the earlier period with which tables are compared.
    pub(crate) fn earlier(&self) -> Result<Option<EarlierPeriod>, PageError> {
        match self.against.as_str() {
            "" | NO_COMPARISON => Ok(None),
            name => EarlierPeriod::parse(name)
                .map(Some)
                .ok_or(PageError::Bad("error-form")),
        }
    }

    pub(crate) fn csv_form(&self) -> Result<CsvForm, PageError> {
        let separator = match self.separator.as_str() {
            "" | "," => b',',
            ";" => b';',
            _ => return Err(PageError::Bad("error-format")),
        };
        Ok(CsvForm {
            separator,
            bom: parse_yes(&self.bom)?,
            cover: parse_yes(&self.cover)?,
        })
    }

    /// Sends tables in the requested format. A CSV file with a single table has the same rows and columns as the table on the statistics
    /// page. A CSV file with several tables has one line for each figure.
    pub(crate) fn answer<T>(
        &self,
        words: &Words,
        name: &str,
        cover: &Cover,
        tables: &[Table],
        json: T,
    ) -> Result<FiguresFile<T>, PageError> {
        let form = self.csv_form()?;
        Ok(match self.format.as_str() {
            "" | "json" => FiguresFile::Json(json),
            "csv" => {
                let csv = match tables {
                    [one] => csv_of_table(words, cover, one, form),
                    many => csv_of_tables(words, cover, many, form),
                };
                let csv = csv.map_err(PageError::fault)?;
                FiguresFile::File(download(CSV, name, cover.days, csv))
            }
            "xlsx" => {
                let book = workbook(words, cover, tables).map_err(PageError::fault)?;
                FiguresFile::File(download(XLSX, name, cover.days, book))
            }
            _ => return Err(PageError::Bad("error-format")),
        })
    }
}

/// Sends the statistics report of a period as JSON or as a file.
pub(crate) async fn report(
    State(desk): State<Desk>,
    reader: Reader,
    Cookies(jar): Cookies,
    Query(wanted): Query<FileQuery>,
) -> Result<FiguresFile<FiguresJson<Report>>, PageError> {
    let period = wanted.period.period(desk.store.today())?;
    let purpose = wanted.purpose(&reader)?;
    let least = purpose.smallest(desk.smallest);
    let report = desk
        .store
        .report_compared(period, least, wanted.earlier()?)
        .await?;
    note_exact(
        &desk,
        &reader,
        purpose,
        AuditAction::Report,
        &days(period.from, period.to),
    )
    .await;
    let words = wanted.words(&desk, &jar);
    let cover = Cover::of_report(words, &desk.centre, &report, purpose, reader.name());
    let scheme = desk.store.scheme();
    let tables = tables::of_report(words, &scheme, &report);
    let tables = tables::compare_report(words, &scheme, &report, tables);
    let json = FiguresJson {
        purpose: purpose_name(purpose),
        figures: report,
    };
    wanted.answer(words, &file_name("statistics", purpose), &cover, &tables, json)
}

/// The measure, the period and the groupings of the requested figures.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct BreakdownQuery {
    #[serde(flatten)]
    file: FileQuery,
    /// The measure: `contact` (registered communications), `closing`, `case` or `referral`. If empty, `contact` is used.
    #[serde(default)]
    of: String,
    /// The groupings, separated by commas: up to two dimensions, and optionally one of `day`, `week`, `month`, `quarter` and `year`.
    /// Example: `channel,month`.
    #[serde(default)]
    by: String,
}

/// Sends figures grouped as requested, as JSON or as a file.
pub(crate) async fn breakdown(
    State(desk): State<Desk>,
    reader: Reader,
    Cookies(jar): Cookies,
    Query(asked): Query<BreakdownQuery>,
) -> Result<FiguresFile<FiguresJson<Breakdown>>, PageError> {
    let of = match asked.of.as_str() {
        "" => Measure::Contact,
        name => Measure::parse(name).ok_or(PageError::Bad("error-form"))?,
    };
    let wanted = asked.file;
    let period = wanted.period.period(desk.store.today())?;
    let cut = StatisticsFilter::parse(of, period, &asked.by)?;
    let purpose = wanted.purpose(&reader)?;
    let least = purpose.smallest(desk.smallest);
    let against = wanted.earlier()?;
    let ComparedBreakdown { found, earlier } = desk.store.breakdown_compared(&cut, least, against).await?;
    let figures = format!("{} {} {}", of.as_str(), asked.by, days(period.from, period.to));
    note_exact(&desk, &reader, purpose, AuditAction::Figures, &figures).await;
    let words = wanted.words(&desk, &jar);
    let scheme = desk.store.scheme();
    let table = tables::of_breakdown(words, &scheme, &found);
    let title = table.title.clone();
    let tables = match (against, &earlier) {
        (Some(against), Some(earlier)) => tables::compare_breakdown(words, &scheme, table, earlier, against),
        _ => vec![table],
    };
    let cover = Cover::of_breakdown(
        words,
        &desk.centre,
        &title,
        &found,
        earlier.as_ref(),
        purpose,
        reader.name(),
    );
    let json = FiguresJson {
        purpose: purpose_name(purpose),
        figures: found,
    };
    wanted.answer(words, &file_name("figures", purpose), &cover, &tables, json)
}

/// Records in the audit that a member of staff exported exact figures.
pub(crate) async fn note_exact(
    desk: &Desk,
    reader: &Reader,
    purpose: Purpose,
    action: AuditAction,
    object: &str,
) {
    if let (Purpose::Internal, Some(person)) = (purpose, reader.person()) {
        desk.note_read(person, action, object).await;
    }
}

/// Returns the name of a file without its days. A CSV file without a cover states its purpose only in this name.
pub(crate) fn file_name(name: &str, purpose: Purpose) -> String {
    format!("{name}-{}", purpose_name(purpose))
}

const fn purpose_name(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Internal => "internal",
        Purpose::Publication => "publication",
    }
}

/// Sends a file as a download. The file name contains the period.
pub(crate) fn download(
    kind: &'static str,
    name: &str,
    (from, to): (Option<NaiveDate>, Option<NaiveDate>),
    bytes: Vec<u8>,
) -> Response {
    let ending = match kind {
        CSV => "csv",
        DOCX => "docx",
        _ => "xlsx",
    };
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}-{}.{ending}\"", days(from, to)),
        ),
    ];
    (headers, bytes).into_response()
}

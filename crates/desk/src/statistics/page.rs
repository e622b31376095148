//! The statistics page (`/desk/statistics`), and the totals and sentences as JSON.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};
use axum_extra::extract::CookieJar;
use chrono::{Datelike, NaiveDate};
use hotline_core::{
    staff::rights::Right,
    statistics::{figures::Measure, purpose::Purpose},
    text::locale::Language,
    time::period::{Every, NAMES, Period},
};
use hotline_store::{
    error::Conflict,
    staff::tokens::Token,
    statistics::{adjustments::Adjustment, report::Report, totals::Totals},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    http::{
        access::{Reader, Who},
        answers::Answer,
        errors::PageError,
        extractors::Cookies,
        page::{Choice, Frame, page as written},
    },
    state::Desk,
    statistics::{
        entries,
        files::FileQuery,
        filter::{self, FilterForm},
    },
};
use hotline_reports::{
    charts::{self, Bar, Columns, Heat},
    cover::{period_label, purpose_label},
    labels::difference,
    sentences,
    tables::{self, Cell, Table},
};

#[derive(Template)]
#[template(path = "statistics/page.html")]
struct StatisticsPage<'a> {
    frame: Frame<'a>,
    report: Report,
    tables: Vec<Table>,
    over_time: Option<Columns>,
    heat: Option<Heat>,
    funnel: Vec<Bar>,
    topics_sentence: String,
    sentences: Vec<String>,
    /// Entered figures, each with its label.
    entered: Vec<(Adjustment, String)>,
    /// The options of the form for entering figures, each as a pair: the form value, and the label.
    countable: Vec<(String, String)>,
    /// The available returns (report forms), each with its name and label.
    returns: Vec<(String, String)>,
    tokens: Vec<Token>,
    chosen: FilterForm,
    period: Period,
    /// The dimensions by which figures can be grouped.
    dimensions: Vec<(String, String)>,
    cut: Option<Table>,
    /// The error message if the table that the filter form requests can't be shown.
    cut_refused: Option<String>,
    /// Whether the figures are exact, or for publication.
    purpose: Purpose,
}

/// The requested period.
#[derive(Clone, Default, Deserialize, JsonSchema)]
pub(crate) struct StatisticsQuery {
    /// The name of a period, such as `month`, `last_quarter`, `2024`, `2024-Q1` or `2024-03`. If `period` is empty, `from` and `to` apply.
    #[serde(default)]
    pub(crate) period: String,
    /// The first day, such as `2026-01-01`. If empty, the period begins with the establishment of the centre.
    #[serde(default)]
    pub(crate) from: String,
    /// The last day, such as `2026-03-31`. If empty, the period extends to today.
    #[serde(default)]
    pub(crate) to: String,
}

impl StatisticsQuery {
    pub(crate) fn period(&self, today: NaiveDate) -> Result<Period, PageError> {
        if !self.period.is_empty() {
            return Period::named(&self.period, today).ok_or(PageError::Bad("error-period"));
        }
        let period = Period {
            from: day(&self.from)?,
            to: day(&self.to)?,
        };
        match (period.from, period.to) {
            (Some(from), Some(to)) if to < from => Err(PageError::Bad("error-days-backwards")),
            _ => Ok(period),
        }
    }
}

pub(crate) fn day(text: &str) -> Result<Option<NaiveDate>, PageError> {
    if text.is_empty() {
        return Ok(None);
    }
    // Stored days are compared as text, so years must have four digits.
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    let day = day.filter(|day| (1..=9_999).contains(&day.year()));
    day.map(Some).ok_or(PageError::Bad("error-day"))
}

pub(crate) async fn page(
    State(desk): State<Desk>,
    Who(me): Who,
    reader: Reader,
    jar: CookieJar,
    Query(chosen): Query<FilterForm>,
) -> Result<Response, PageError> {
    let words = desk.words(&jar);
    let purpose = reader.purpose(chosen.is_for_publication());
    let (store, least) = (&desk.store, purpose.smallest(desk.smallest));
    let period = chosen.asked.period(store.today())?;
    let report = store.report(period, least).await?;
    let scheme = store.scheme();
    let entered = match me.role.may(Right::ReadStatistics) {
        true => store.balances().await?,
        false => Vec::new(),
    };
    let tokens = match me.role.may(Right::EnterAdjustments) {
        true => store.tokens().await?,
        false => Vec::new(),
    };
    let (cut, cut_refused) = match filter::table(&desk, words, &chosen, least).await {
        Ok(table) => (table, None),
        Err(PageError::Conflict(
            why @ (Conflict::TooFine | Conflict::TooManyToCross | Conflict::NoDimension),
        )) => (None, Some(words.say(why.key()))),
        Err(error) => return Err(error),
    };
    let returns = store.returns().into_iter();
    written(&StatisticsPage {
        tables: tables::of_report(words, scheme, &report),
        over_time: charts::over_time(words, &report.over_time),
        heat: charts::heat(words, &report.hours),
        funnel: charts::funnel(words, &report.period),
        topics_sentence: charts::topics_sentence(words, scheme, &report),
        sentences: sentences::of_report(words, &report),
        entered: entered
            .into_iter()
            .map(|one| {
                let said = entries::entry_label(&desk, words, &one);
                (one, said)
            })
            .collect(),
        countable: entries::countable(&desk, words),
        returns: returns
            .map(|one| (one.name.clone(), one.label.localized(words)))
            .collect(),
        tokens,
        dimensions: filter::dimensions(words, &desk),
        cut,
        cut_refused,
        frame: Frame::new(&desk, words, &me, "statistics").await?,
        report,
        chosen,
        period,
        purpose,
    })
}

pub(crate) async fn totals(
    State(desk): State<Desk>,
    Query(asked): Query<StatisticsQuery>,
) -> Result<Answer<Totals>, PageError> {
    let period = asked.period(desk.store.today())?;
    Ok(Answer::Json(desk.store.totals(period).await?))
}

/// The figures of a period, written as sentences for an annual report.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SentencesJson {
    /// The tag of the language in which the sentences are written.
    language: &'static str,
    sentences: Vec<String>,
}

/// Sends the figures of a period, written as sentences for an annual report.
pub(crate) async fn sentences(
    State(desk): State<Desk>,
    reader: Reader,
    Cookies(jar): Cookies,
    Query(wanted): Query<FileQuery>,
) -> Result<Answer<SentencesJson>, PageError> {
    let period = wanted.period.period(desk.store.today())?;
    let least = wanted.purpose(&reader)?.smallest(desk.smallest);
    let report = desk.store.report(period, least).await?;
    let words = wanted.words(&desk, &jar);
    Ok(Answer::Json(SentencesJson {
        language: words.language().tag(),
        sentences: sentences::of_report(words, &report),
    }))
}

impl StatisticsPage<'_> {
    fn number(&self, number: &i64) -> String {
        self.frame.words.number(*number)
    }

    fn cell(&self, cell: &Cell) -> String {
        cell.localized(self.frame.words)
    }

    fn table(&self, id: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.id == id)
    }

    /// Returns the report's table with this id, unless the table has no rows.
    fn table_with_rows(&self, id: &str) -> Option<&Table> {
        self.table(id).filter(|table| !table.rows.is_empty())
    }

    /// Returns the periods to choose from. The value of each choice is a query string for the statistics page.
    fn periods(&self) -> Vec<Choice> {
        let chosen = &self.chosen;
        let ever = chosen.asked.period.is_empty() && self.period == Period::default();
        let of = |name: &str| {
            let key = format!("period-{}", name.replace('_', "-"));
            Choice {
                value: chosen.of_period(name),
                label: self.frame.words.say(&key),
                chosen: chosen.asked.period == name || (ever && name == "ever"),
            }
        };
        NAMES.into_iter().map(of).collect()
    }

    /// Returns the purposes to choose from. The value of each choice is a query string for the statistics page.
    fn purposes(&self) -> Vec<Choice> {
        let of = |(purpose, key): (Purpose, &str)| Choice {
            value: self.chosen.of_purpose(purpose),
            label: self.frame.words.say(key),
            chosen: purpose == self.purpose,
        };
        [
            (Purpose::Internal, "purpose-internal"),
            (Purpose::Publication, "purpose-publication"),
        ]
        .map(of)
        .into()
    }

    /// Returns remarks on the figures, for example that small figures are suppressed.
    fn remarks(&self) -> Vec<String> {
        let words = self.frame.words;
        let mut remarks = vec![purpose_label(words, self.purpose)];
        if let Ok(left_out @ 1..) = i64::try_from(self.report.period.left_out) {
            remarks.push(words.counted("left-out", left_out));
        }
        if let Some(least) = self.report.topics.suppressed_below {
            remarks.push(words.with("cells-hidden", "least", &least.to_string()));
        }
        remarks
    }

    fn period_label(&self) -> String {
        period_label(self.frame.words, self.report.from, self.report.to)
    }

    /// Compares the total of the period with the totals of the preceding period and of the same period a year earlier. Each comparison is a
    /// pair of texts: the difference, and the earlier total with its days. An earlier period with a total of 0 is left out.
    fn compared(&self) -> Vec<(String, String)> {
        let (report, words) = (&self.report, self.frame.words);
        let of = |key: &str, then: &Option<Totals>| {
            let then = then.as_ref().filter(|then| then.sum.total != 0)?;
            let by = difference(words, report.period.sum.total, then.sum.total);
            let (days, total) = (
                period_label(words, then.from, then.to),
                words.number(then.sum.total),
            );
            Some((by, format!("{}: {total} ({days})", words.say(key))))
        };
        let before = of("against-before", &report.before);
        let a_year = of("against-a-year-before", &report.a_year_before);
        before.into_iter().chain(a_year).collect()
    }

    fn minutes(&self, minutes: &Option<i64>) -> String {
        match minutes {
            Some(minutes) => tables::minutes_label(self.frame.words, *minutes),
            None => "–".to_owned(),
        }
    }

    /// Formats a duration in minutes as an upper bound, such as "up to 5 hours". The page shows the age of the oldest open contact and the
    /// longest wait in this form.
    fn hours(&self, minutes: &Option<i64>) -> String {
        let words = self.frame.words;
        minutes.map_or_else(
            || "–".to_owned(),
            |minutes| {
                let hours = minutes / 60;
                let long = match hours {
                    ..=48 => words.count("hours-long", hours),
                    _ => words.count("days", hours / 24 + 1),
                };
                words.with("up-to", "time", &long)
            },
        )
    }

    fn share(&self, per_mille: &Option<i64>) -> String {
        let said = |part: i64| Cell::PerMille(part).localized(self.frame.words);
        per_mille.map_or_else(|| "–".to_owned(), said)
    }

    /// Returns the period as a query string with the first and the last day instead of the name of the period.
    fn days(&self) -> String {
        let days = FilterForm {
            asked: self.asked_days(),
            ..FilterForm::default()
        };
        days.in_address()
    }

    /// Returns the filter as a query string. The query string contains the first and the last day instead of the name of a period, so that
    /// a link always shows the same days.
    fn days_in_address(&self) -> String {
        let days = FilterForm {
            asked: self.asked_days(),
            ..self.chosen.clone()
        };
        days.in_address()
    }

    fn asked_days(&self) -> StatisticsQuery {
        let day = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
        StatisticsQuery {
            period: String::new(),
            from: day(self.period.from),
            to: day(self.period.to),
        }
    }
}

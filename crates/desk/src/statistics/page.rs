//! The statistics page (`/desk/statistics`), and the totals and sentences as JSON.

use std::ops::RangeInclusive;

use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};
use axum_extra::extract::CookieJar;
use chrono::{Datelike, NaiveDate};
use hotline_core::{
    contact::classification::Scheme,
    staff::rights::Right,
    statistics::{figures::Measure, purpose::Purpose},
    text::locale::{Language, Words},
    time::period::{Every, Period},
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
        page::{Frame, page as written},
    },
    state::Desk,
    statistics::{
        entries,
        files::FileQuery,
        filter::{self, FilterForm},
    },
};
use hotline_reports::{
    charts::{self, Columns, Heat},
    cover::{by_hand, period_label, purpose_label, registered_since},
    labels::{difference, format_day},
    narrative::Section,
    sentences,
    tables::{self, Cell, Line, Table},
};

/// The name of the period that the page shows if the address contains none: the last month that is over, because figures of a month that is
/// not over cannot be compared with those of other months.
const OPENS_ON: &str = "last_month";

#[derive(Template)]
#[template(path = "statistics/page.html")]
pub(super) struct StatisticsPage<'a> {
    pub(super) frame: Frame<'a>,
    report: Report,
    tables: Vec<Table>,
    pub(super) over_time: Option<Columns>,
    heat: Option<Heat>,
    /// A sentence that compares the numbers of communications, cases and forwarded cases.
    cases_share: Option<String>,
    /// Why there are no topics.
    topics_sentence: Option<String>,
    sentences: Vec<String>,
    /// Entered figures, each with its label.
    entered: Vec<(Adjustment, String)>,
    /// The options of the form for entering figures, each as a pair: the form value, and the label.
    countable: Vec<(String, String)>,
    /// The available returns (report forms), each with its name and label.
    returns: Vec<(String, String)>,
    tokens: Vec<Token>,
    pub(super) chosen: FilterForm,
    pub(super) period: Period,
    pub(super) today: NaiveDate,
    /// The years that the statistics cover.
    pub(super) covered: RangeInclusive<i32>,
    /// The dimensions by which figures can be grouped.
    dimensions: Vec<(String, String)>,
    /// The table that the reader requested, and its differences from the earlier period. Empty: no table was requested.
    cut: Vec<Table>,
    /// The error message if the table that the filter form requests can't be shown.
    cut_refused: Option<String>,
    /// Whether the figures are exact, or for publication.
    pub(super) purpose: Purpose,
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
    fn is_empty(&self) -> bool {
        self.period.is_empty() && self.from.is_empty() && self.to.is_empty()
    }

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
    Query(mut chosen): Query<FilterForm>,
) -> Result<Response, PageError> {
    if chosen.asked.is_empty() {
        OPENS_ON.clone_into(&mut chosen.asked.period);
    }
    let words = desk.words(&jar);
    let purpose = reader.purpose(chosen.is_for_publication());
    let (store, least) = (&desk.store, purpose.smallest(desk.smallest));
    let period = chosen.asked.period(store.today())?;
    let report = store.report_compared(period, least, chosen.earlier()).await?;
    let scheme = store.scheme();
    let entered = match me.role.may(Right::ReadStatistics) {
        true => store.balances().await?,
        false => Vec::new(),
    };
    let tokens = match me.role.may(Right::EnterAdjustments) {
        true => store.tokens().await?,
        false => Vec::new(),
    };
    let (cut, cut_refused) = match filter::tables(&desk, words, &chosen, least).await {
        Ok(tables) => (tables, None),
        Err(PageError::Conflict(
            why @ (Conflict::TooFine | Conflict::TooManyToCross | Conflict::NoDimension),
        )) => (Vec::new(), Some(words.say(why.key()))),
        Err(error) => return Err(error),
    };
    let returns = store.returns().into_iter();
    written(&StatisticsPage {
        tables: shown_tables(words, &scheme, &report, period),
        over_time: charts::over_time(words, &report.over_time),
        heat: charts::heat(words, &report.hours),
        cases_share: charts::cases_share(words, &report.period),
        topics_sentence: charts::no_topics_sentence(words, &report),
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
        frame: Frame::new(&desk, &jar, &me, "statistics").await?,
        report,
        chosen,
        period,
        today: store.today(),
        covered: store.years_with_figures().await?,
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

/// Returns the tables of the report as the page shows them.
fn shown_tables(words: &Words, scheme: &Scheme, report: &Report, period: Period) -> Vec<Table> {
    let tables = tables::of_report(words, scheme, report).into_iter();
    let mut tables: Vec<Table> = tables.map(Table::shortened).collect();
    if period == Period::default() {
        // The first card shows the sums since the centre was established.
        for table in tables.iter_mut().filter(|table| table.id == "channels") {
            table.foot.clear();
        }
    }
    tables::compare_report(words, scheme, report, tables)
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

    /// Names the topics that changed most, if they are compared with an earlier period.
    fn topics_changed(&self) -> Option<String> {
        tables::changed_most(self.frame.words, self.table("topics")?)
    }

    /// Returns the report's table with this id, unless the table has no rows.
    pub(super) fn table_with_rows(&self, id: &str) -> Option<&Table> {
        self.table(id).filter(|table| !table.rows.is_empty())
    }

    /// Returns the report's table with this id, unless it has neither rows nor a note that explains why it has none.
    pub(super) fn explained_table(&self, id: &str) -> Option<&Table> {
        let table = self.table(id)?;
        (!table.rows.is_empty() || !table.notes.is_empty()).then_some(table)
    }

    /// Returns whether the page shows the figures since the centre was established.
    pub(super) fn is_ever(&self) -> bool {
        self.period == Period::default()
    }

    /// Returns the total since the establishment until the end of a period that is over, with its label.
    fn until_end(&self) -> Option<(String, String)> {
        let (until_end, to) = (self.report.until_end?, self.report.to?);
        let words = self.frame.words;
        let label = words.with("until-day", "day", &format_day(to));
        Some((label, words.number(until_end.total)))
    }

    /// Returns the rows of the flow. The number of open contacts is left out if the period is not over: the card of the backlog shows it.
    fn flow(&self) -> Vec<&Line> {
        let Some(table) = self.table("flow") else {
            return Vec::new();
        };
        let is_over = self.period.to.is_some_and(|to| to < self.today);
        let open = table.foot.iter().filter(move |_| is_over);
        table.rows.iter().chain(open).collect()
    }

    /// Returns remarks on the figures, for example that small figures are suppressed.
    fn remarks(&self) -> Vec<String> {
        let words = self.frame.words;
        let mut remarks = vec![purpose_label(words, self.purpose)];
        if let Some(entered) = &self.report.period.left_out_communications {
            remarks.push(by_hand(words, "left-out", entered));
        }
        remarks.extend(registered_since(words, &self.report));
        if let Some(least) = self.report.topics.suppressed_below {
            remarks.push(words.with("cells-hidden", "least", &least.to_string()));
        }
        remarks
    }

    /// Returns the address and the label of the requested table for the earlier period, with which it is not compared.
    fn earlier_table(&self) -> Option<(String, String)> {
        let earlier = self.chosen.earlier()?.days(self.period, self.today)?;
        let (from, to) = (earlier.from?, earlier.to?);
        let chosen = FilterForm {
            asked: StatisticsQuery {
                period: String::new(),
                from: from.to_string(),
                to: to.to_string(),
            },
            ..self.chosen.clone()
        };
        let words = self.frame.words;
        let label = words.with(
            "figures-earlier",
            "period",
            &period_label(words, Some(from), Some(to)),
        );
        Some((format!("/desk/statistics?{}#cut", chosen.in_address()), label))
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

    /// Returns a text if the reader asked for a comparison and there is none.
    fn why_not_compared(&self) -> Option<String> {
        let is_asked = self.chosen.earlier().is_some();
        (is_asked && self.compared().is_empty()).then(|| self.frame.words.say("figures-no-earlier"))
    }

    fn minutes(&self, minutes: &Option<i64>) -> String {
        match minutes {
            Some(minutes) => tables::minutes_label(self.frame.words, *minutes),
            None => "–".to_owned(),
        }
    }

    /// Returns the reply targets and the share of the first replies in time, each as a pair of label and text.
    fn first_reply_facts(&self) -> Vec<(String, String)> {
        tables::first_reply_facts(self.frame.words, &self.report)
    }

    /// Returns the same for urgent contacts.
    fn urgent_facts(&self) -> Vec<(String, String)> {
        tables::urgent_facts(self.frame.words, &self.report)
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

    /// Returns the query string of the report as a file: its days, and the earlier period with which its tables are compared.
    fn file_query(&self) -> String {
        format!("{}&against={}", self.days(), self.chosen.against_of_file())
    }

    /// Returns the period as a query string with the first and the last day instead of the name of the period.
    fn days(&self) -> String {
        let days = FilterForm {
            asked: self.named_days(),
            ..FilterForm::default()
        };
        days.in_address()
    }

    /// Returns the filter as a query string. The query string contains the first and the last day instead of the name of a period, so that
    /// a link always shows the same days.
    fn days_in_address(&self) -> String {
        let days = FilterForm {
            asked: self.named_days(),
            ..self.chosen.clone()
        };
        days.in_address()
    }

    pub(super) fn named_days(&self) -> StatisticsQuery {
        let day = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
        StatisticsQuery {
            period: if self.is_ever() { "ever" } else { "" }.to_owned(),
            from: day(self.period.from),
            to: day(self.period.to),
        }
    }
}

//! Drill-down (`/desk/statistics/contacts`): lists the contacts that a figure counts, for staff who may read contacts.

use askama::Template;
use axum::extract::{Query, State};
use chrono::{DateTime, Utc};
use hotline_core::{
    contact::lifecycle::Status,
    staff::{audit::AuditAction, rights::Right},
    statistics::figures::Measure,
    text::locale::Language,
    time::period::Period,
};
use hotline_store::{
    inbox::list::Place,
    statistics::counts::{CountedContacts, DrillDown, SelectedValues},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    contact::open::refuse_limited,
    http::{
        access::Who,
        answers::Answer,
        errors::PageError,
        extractors::{Cookies, ResponseFormat},
        page::{Frame, page},
    },
    state::Desk,
    statistics::page::StatisticsQuery,
};
use hotline_reports::{
    cover::period_label,
    exports::days,
    labels::query_of,
    tables::{dimension_label, measure_label, value_label},
};

/// The largest accepted length of a dimension's value, in bytes.
const LONGEST_VALUE: usize = 64;
/// The largest accepted length of all values together, in bytes.
const LONGEST_SELECTION: usize = 2_000;
/// Number of contacts per page of the list.
const ROWS: usize = 100;

/// The figure whose contacts are listed: the measure (what is counted), the period, and the value in each dimension.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct DrillDownQuery {
    #[serde(flatten)]
    period: StatisticsQuery,
    /// The measure: `contact` (registered communications) or `closing`. If empty, `contact` is used.
    #[serde(default)]
    of: String,
    /// Up to three dimensions, separated by commas, such as `channel,topic`.
    #[serde(default)]
    by: String,
    /// The value of each dimension in `by`, separated by commas. Values are written as in the JSON of the statistics. An empty value
    /// matches contacts with any value in that dimension, `a|b` matches the values `a` and `b`, `-` matches contacts without a value, and
    /// `!a|b` matches contacts without a value or with another value than `a` and `b`.
    #[serde(default)]
    is: String,
    /// The value of `next` from the previous page. If empty, the first page is returned.
    #[serde(default)]
    after: String,
}

/// Parses the selected values of one dimension, as [`DrillDownQuery::is`] describes them.
fn parse_values(text: &str) -> SelectedValues {
    let all = |text: &str| text.split('|').map(str::to_owned).collect();
    match (text, text.strip_prefix('!')) {
        ("", _) => SelectedValues::Any,
        ("-", _) => SelectedValues::None,
        (_, Some(others)) => SelectedValues::NoneOf(all(others)),
        (values, None) => SelectedValues::OneOf(all(values)),
    }
}

impl DrillDownQuery {
    fn pointed(&self, desk: &Desk) -> Result<DrillDown, PageError> {
        let of = match self.of.as_str() {
            "" => Measure::Contact,
            name => Measure::parse(name).ok_or(PageError::Bad("error-form"))?,
        };
        let by: Vec<&str> = self.by.split(',').filter(|by| !by.is_empty()).collect();
        let is: Vec<&str> = self.is.split(',').collect();
        let mut values = self.is.split([',', '|']);
        let strange = |is: &str| is.len() > LONGEST_VALUE || is.chars().any(char::is_control);
        if is.len() > by.len().max(1) || self.is.len() > LONGEST_SELECTION || values.any(strange) {
            return Err(PageError::Bad("error-form"));
        }
        let is = is.into_iter().chain(std::iter::repeat(""));
        let values = by
            .into_iter()
            .zip(is)
            .map(|(by, is)| (by.to_owned(), parse_values(is)));
        Ok(DrillDown {
            of,
            period: self.period.period(desk.store.today())?,
            values: values.collect(),
        })
    }

    /// Returns the query string of the next page.
    fn next(&self, place: Place) -> String {
        query_of([
            ("of", &self.of),
            ("period", &self.period.period),
            ("from", &self.period.from),
            ("to", &self.period.to),
            ("by", &self.by),
            ("is", &self.is),
            ("after", &place.to_text()),
        ])
    }
}

#[derive(Template)]
#[template(path = "statistics/drill_down.html")]
struct DrillDownPage<'a> {
    frame: Frame<'a>,
    /// The dimensions of the figure, each as a pair: the label of the dimension, and the label of the value.
    values: Vec<(String, String)>,
    pointed: DrillDown,
    listed: CountedContacts,
    next: Option<String>,
    /// `true` if the number of listed contacts differs from the figure, which indicates a programming error. Always `false` if the list has
    /// several pages.
    differs: bool,
}

/// A page of the list of contacts that a figure counts.
#[derive(Serialize, JsonSchema)]
pub(crate) struct CountedContactsJson {
    /// The number of contacts that the figure counts.
    count: i64,
    contacts: Vec<CountedContactJson>,
    /// The position of the next page, to be sent as `after`; null on the last page.
    next: Option<String>,
}

/// A contact that a figure counts.
#[derive(Serialize, JsonSchema)]
struct CountedContactJson {
    reference: String,
    /// When the contact was registered. If the figure counts closings, this field contains the time of closing instead.
    at: DateTime<Utc>,
    channel: String,
    status: Status,
}

/// `GET /desk/statistics/contacts` and `GET /api/v1/statistics/contacts`: lists the contacts that a figure counts, page by page.
pub(crate) async fn list(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Cookies(jar): Cookies,
    Query(query): Query<DrillDownQuery>,
) -> Result<Answer<CountedContactsJson>, PageError> {
    refuse_limited(&desk, &me).await?;
    let pointed = query.pointed(&desk)?;
    let after = match query.after.as_str() {
        "" => None,
        place => Some(Place::parse(place).ok_or(PageError::Bad("error-form"))?),
    };
    let listed = desk.store.pointed_at(&pointed, after, ROWS).await?;
    let days = days(pointed.period.from, pointed.period.to);
    let figure = format!("{} {days} {} {}", pointed.of.as_str(), query.by, query.is);
    desk.note_read(&me, AuditAction::ListFigure, &figure).await;
    if format.is_json() {
        let contacts = listed.rows.iter().map(|row| CountedContactJson {
            reference: row.reference.to_string(),
            at: row.at,
            channel: row.channel.clone(),
            status: row.status,
        });
        return Ok(Answer::Json(CountedContactsJson {
            count: listed.count,
            contacts: contacts.collect(),
            next: listed.next.map(Place::to_text),
        }));
    }
    let words = desk.words(&jar);
    let scheme = desk.store.scheme();
    let said = |(dimension, selected): &(String, SelectedValues)| {
        let label = |value: &String| value_label(words, &scheme, dimension, value);
        let all = |values: &[String]| values.iter().map(label).collect::<Vec<_>>().join(", ");
        let value = match selected {
            SelectedValues::Any => words.say("figure-any"),
            SelectedValues::OneOf(values) => all(values),
            SelectedValues::None => words.say("figure-no-answer"),
            SelectedValues::NoneOf(values) => words.with("figure-none-of", "values", &all(values)),
        };
        (dimension_label(words, &scheme, dimension), value)
    };
    let whole = after.is_none() && listed.next.is_none();
    let count = i64::try_from(listed.rows.len()).unwrap_or(i64::MAX);
    let rendered = page(&DrillDownPage {
        frame: Frame::new(&desk, &jar, &me, "statistics").await?,
        values: pointed.values.iter().map(said).collect(),
        next: listed.next.map(|place| query.next(place)),
        differs: whole && count != listed.count,
        pointed,
        listed,
    })?;
    Ok(Answer::Page(rendered))
}

impl DrillDownPage<'_> {
    fn period_label(&self) -> String {
        let Period { from, to } = self.pointed.period;
        period_label(self.frame.words, from, to)
    }

    fn number(&self) -> String {
        self.frame.words.number(self.listed.count)
    }

    fn counted(&self) -> String {
        measure_label(self.frame.words, self.pointed.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_selects_values_several_values_and_no_answer() {
        let all = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
        assert_eq!(parse_values(""), SelectedValues::Any);
        assert_eq!(parse_values("-"), SelectedValues::None);
        assert_eq!(
            parse_values("child|student"),
            SelectedValues::OneOf(all(&["child", "student"]))
        );
        assert_eq!(
            parse_values("!prank|silent"),
            SelectedValues::NoneOf(all(&["prank", "silent"]))
        );
        assert_eq!(parse_values("in-person"), SelectedValues::one("in-person"));
    }
}

//! The registered-communications statistic.

use askama::Template;
use axum::{
    Json,
    extract::{Form, Query, State},
    response::{Redirect, Response},
};
use axum_extra::extract::CookieJar;
use chrono::NaiveDate;
use hotline_core::{figures::Every, locale::Language, rights::Right};
use hotline_store::{
    figures::{Breakdown, Cut},
    totals::{Balance, Period, Totals},
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    access::Who,
    desk::Desk,
    error::PageError,
    figures::{self, Chosen, Table},
    view::{Frame, page as written},
};

#[derive(Template)]
#[template(path = "statistics.html")]
struct Page<'a> {
    frame: Frame<'a>,
    ever: Totals,
    period: Totals,
    balances: Vec<Balance>,
    /// The channels a figure from before can belong to.
    channels: Vec<String>,
    chosen: Chosen,
    /// By what figures can be cut.
    dimensions: Vec<(String, String)>,
    table: Option<Table>,
}

/// The period asked for: local days, both included.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Asked {
    #[serde(default)]
    pub(crate) from: String,
    #[serde(default)]
    pub(crate) to: String,
}

impl Asked {
    pub(crate) fn period(&self) -> Result<Period, PageError> {
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

fn day(text: &str) -> Result<Option<NaiveDate>, PageError> {
    if text.is_empty() {
        return Ok(None);
    }
    NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .map(Some)
        .map_err(|_| PageError::Bad("error-day"))
}

pub(crate) async fn page(
    State(desk): State<Desk>,
    Who(me): Who,
    jar: CookieJar,
    Query(chosen): Query<Chosen>,
) -> Result<Response, PageError> {
    let period = chosen.asked().period()?;
    let words = desk.words(&jar);
    written(&Page {
        dimensions: figures::dimensions(words, desk.store.scheme()),
        table: figures::table(&desk, words, &chosen).await?,
        ever: desk.store.totals(Period::default()).await?,
        period: desk.store.totals(period).await?,
        balances: desk.store.balances().await?,
        channels: desk.store.channels(),
        frame: Frame::new(&desk, words, &me, "statistics").await?,
        chosen,
    })
}

pub(crate) async fn totals(
    State(desk): State<Desk>,
    Query(asked): Query<Asked>,
) -> Result<Json<Totals>, PageError> {
    Ok(Json(desk.store.totals(asked.period()?).await?))
}

/// A period, and by what it is cut.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Cutting {
    #[serde(flatten)]
    period: Asked,
    /// Up to two dimensions and one of `day`, `week`, `month`, `quarter`, `year`, with commas: `channel,month`.
    #[serde(default)]
    by: String,
}

pub(crate) async fn breakdown(
    State(desk): State<Desk>,
    Query(asked): Query<Cutting>,
) -> Result<Json<Breakdown>, PageError> {
    let cut = Cut::parse(asked.period.period()?, &asked.by)?;
    Ok(Json(desk.store.breakdown(&cut).await?))
}

#[derive(Deserialize)]
pub(crate) struct Entered {
    channel: String,
    from: String,
    to: String,
    count: i64,
    source: String,
    #[serde(default)]
    reason: String,
}

pub(crate) async fn enter_balance(
    State(desk): State<Desk>,
    Who(me): Who,
    Form(entered): Form<Entered>,
) -> Result<Redirect, PageError> {
    let missing = || PageError::Bad("error-days-missing");
    let from = day(&entered.from)?.ok_or_else(missing)?;
    let to = day(&entered.to)?.ok_or_else(missing)?;
    if !desk.store.channels().contains(&entered.channel) {
        return Err(PageError::Bad("error-channel"));
    }
    let Entered {
        channel,
        count,
        source,
        reason,
        ..
    } = &entered;
    desk.store
        .enter_balance(Some(&me), channel, from, to, *count, source, reason)
        .await?;
    Ok(Redirect::to("/desk/statistics"))
}

impl Page<'_> {
    /// A number as written here: thousands apart.
    fn number(&self, number: &i64) -> String {
        let digits = number.unsigned_abs().to_string();
        let separator = if self.frame.words.language() == Language::En {
            ','
        } else {
            '.'
        };
        let mut written = String::new();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                written.push(separator);
            }
            written.push(digit);
        }
        if *number < 0 {
            format!("−{written}")
        } else {
            written
        }
    }
}

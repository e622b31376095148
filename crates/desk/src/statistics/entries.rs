//! Figures that managers enter: opening balances, corrections, and registers imported from CSV. Also manages access tokens for programs.

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Redirect},
};
use axum_extra::extract::CookieJar;
use hotline_core::{
    statistics::figures::{ADVISORY, INSTITUTION, Measure},
    text::locale::{Language, Words},
};
use hotline_store::statistics::adjustments::{Adjustment, NewBalance};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    http::{
        access::Who,
        errors::{PageError, PageResult},
        extractors::{FormOrJson, Nothing, ResponseFormat},
        page::plain_page,
    },
    reports::{
        cover::period_label,
        labels::channel_name,
        registers::{self, Row},
        tables,
    },
    state::Desk,
    statistics::page::day,
};

/// A figure to enter.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Entered {
    /// The measure, a colon and the value: `contact:` and a channel, `case:advisory`, or `case:` and an institution. Examples:
    /// `contact:telephone`, `case:mup`.
    what: String,
    /// The first day, such as `2017-02-27`.
    from: String,
    /// The last day.
    to: String,
    /// The number of items; may be negative for a correction.
    count: i64,
    /// `true` corrects figures that the service counted; `false` enters an opening balance.
    #[serde(default)]
    correction: bool,
    /// The source of the figure.
    source: String,
    /// The reason; required for a correction.
    #[serde(default)]
    reason: String,
}

/// `POST /desk/statistics/entries`: enters a figure.
pub(crate) async fn enter(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    FormOrJson(entered): FormOrJson<Entered>,
) -> PageResult {
    let missing = || PageError::Bad("error-days-missing");
    let (of, value) = what(&entered.what).ok_or(PageError::Bad("error-channel"))?;
    let new = NewBalance {
        of,
        value,
        correction: entered.correction,
        from: day(&entered.from)?.ok_or_else(missing)?,
        to: day(&entered.to)?.ok_or_else(missing)?,
        count: entered.count,
        source: entered.source,
        reason: entered.reason,
    };
    desk.store.enter_balance(Some(&me), &new).await?;
    back(program)
}

/// Parses text such as `contact:telephone`.
fn what(text: &str) -> Option<(Measure, String)> {
    let (of, value) = text.split_once(':')?;
    Some((Measure::parse(of)?, value.to_owned()))
}

fn back(program: ResponseFormat) -> PageResult {
    Ok(if program.0 {
        Json(json!({})).into_response()
    } else {
        Redirect::to("/desk/statistics#entries").into_response()
    })
}

/// `POST /desk/statistics/entries/{id}/withdraw`: withdraws an entered figure.
pub(crate) async fn withdraw(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    Path(id): Path<Uuid>,
    FormOrJson(_): FormOrJson<Nothing>,
) -> PageResult {
    desk.store.withdraw_balance(Some(&me), id).await?;
    back(program)
}

/// `GET /api/v1/statistics/entries`: returns all entered figures.
pub(crate) async fn list(State(desk): State<Desk>) -> Result<Json<Value>, PageError> {
    Ok(Json(json!({ "entries": desk.store.balances().await? })))
}

/// A register to import.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Register {
    /// CSV with a header row: of, value, from, to, count, source, and optionally correction and reason.
    csv: String,
    /// Whether to check the lines without entering them.
    #[serde(default)]
    dry_run: bool,
}

/// `POST /desk/statistics/entries/import`: enters all lines, or none if one of them is invalid.
pub(crate) async fn import(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    jar: CookieJar,
    FormOrJson(register): FormOrJson<Register>,
) -> PageResult {
    let rows = registers::read(register.csv.as_bytes());
    let rows = registers::tried(&desk.store, rows).await?;
    let lawful = rows.iter().all(|row| row.wrong.is_none()) && !rows.is_empty();
    let enters = lawful && !register.dry_run;
    if enters {
        let new: Vec<NewBalance> = rows.iter().filter_map(|row| row.read.clone()).collect();
        desk.store.enter_balances(Some(&me), &new).await?;
    }
    if program.0 {
        let words = desk.locales.of(Language::En);
        let rows: Vec<Value> = rows.iter().map(|row| row.to_json(words)).collect();
        return Ok(Json(json!({ "entered": enters, "rows": rows })).into_response());
    }
    if enters {
        return back(program);
    }
    let words = desk.words(&jar);
    let said: Vec<String> = rows.iter().map(|row| row_label(&desk, words, row)).collect();
    let head = words.say(match (rows.is_empty(), lawful) {
        (true, _) => "import-empty",
        (false, true) => "import-would",
        (false, false) => "import-wrong",
    });
    plain_page(words, &head, &said, "/desk/statistics#entries")
}

fn row_label(desk: &Desk, words: &Words, row: &Row) -> String {
    let what = match &row.read {
        Some(new) => format!(
            "{}, {}: {}",
            value_label(desk, words, new.of, &new.value),
            period_label(words, Some(new.from), Some(new.to)),
            words.number(new.count)
        ),
        None => row.text.clone(),
    };
    match &row.wrong {
        Some(wrong) => format!("{}: {what} – {}", row.line, wrong.localized(words)),
        None => format!("{}: {what}", row.line),
    }
}

/// A token to create.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Named {
    /// The purpose of the token.
    name: String,
}

/// `POST /desk/statistics/tokens`: creates a token. Only this response shows the token.
pub(crate) async fn make_token(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    jar: CookieJar,
    FormOrJson(named): FormOrJson<Named>,
) -> PageResult {
    let token = desk.store.make_token(Some(&me), &named.name).await?;
    if program.0 {
        return Ok(Json(json!({ "token": token.expose() })).into_response());
    }
    let words = desk.words(&jar);
    let said = [words.say("token-once"), token.expose().clone()];
    plain_page(words, &words.say("token-made"), &said, "/desk/statistics#tokens")
}

/// `POST /desk/statistics/tokens/{id}/end`: revokes a token.
pub(crate) async fn end_token(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    Path(id): Path<Uuid>,
    FormOrJson(_): FormOrJson<Nothing>,
) -> PageResult {
    desk.store.end_token(Some(&me), id).await?;
    back(program)
}

/// `GET /api/v1/statistics/tokens`: lists the tokens.
pub(crate) async fn tokens(State(desk): State<Desk>) -> Result<Json<Value>, PageError> {
    Ok(Json(json!({ "tokens": desk.store.tokens().await? })))
}

/// Returns the form value and the label of each value for which figures can be entered.
pub(crate) fn countable(desk: &Desk, words: &Words) -> Vec<(String, String)> {
    let of = |of: Measure| {
        let values = desk.store.countable(of).into_iter();
        values.map(move |value| (of, value))
    };
    of(Measure::Contact)
        .chain(of(Measure::Case))
        .map(|(of, value)| {
            let said = value_label(desk, words, of, &value);
            (format!("{}:{value}", of.as_str()), said)
        })
        .collect()
}

fn value_label(desk: &Desk, words: &Words, of: Measure, value: &str) -> String {
    match of {
        Measure::Contact | Measure::Closing => channel_name(words, value),
        Measure::Case | Measure::Referral if value == ADVISORY => words.say("cases-advisory"),
        Measure::Case | Measure::Referral => {
            let institution = tables::value_label(words, desk.store.scheme(), INSTITUTION, value);
            words.with("cases-forwarded-to", "institution", &institution)
        }
    }
}

/// Returns the label of an entry's value.
pub(crate) fn entry_label(desk: &Desk, words: &Words, entry: &Adjustment) -> String {
    value_label(desk, words, entry.said.of, &entry.said.value)
}

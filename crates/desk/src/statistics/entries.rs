//! Figures that managers enter: opening balances, corrections, and old registers imported from CSV. This module also manages read-only
//! tokens for programs.

use axum::extract::{Path, State};
use hotline_core::{
    statistics::figures::{ADVISORY, INSTITUTION, Measure},
    text::locale::{Language, Words},
};
use hotline_store::{
    staff::tokens::Token,
    statistics::adjustments::{Adjustment, NewAdjustment},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    http::{
        access::Who,
        answers::{Answer, EmptyJson},
        errors::PageError,
        extractors::{Cookies, FormOrJson, IdPath, NoBody, ResponseFormat},
        flash::Flash,
        page::plain_page,
    },
    state::Desk,
    statistics::page::day,
};
use hotline_reports::{
    cover::period_label,
    labels::channel_name,
    registers::{self, Row},
    tables,
};

/// A figure to enter.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct EntryForm {
    /// The measure (what is counted), a colon and the group to which the count belongs. For the measure `contact`, the group is a channel.
    /// For the measure `case`, the group is `advisory` or the id of an institution. Examples: `contact:telephone`, `case:advisory`,
    /// `case:mup`.
    what: String,
    /// The first day that the figure covers, such as `2017-02-27`.
    from: String,
    /// The last day that the figure covers.
    to: String,
    /// The number of communications or cases. Only a correction may be negative.
    count: i64,
    /// `true` enters a correction of what the service counted; `false` enters an opening balance, that is, a count from before the service
    /// was used.
    #[serde(default)]
    correction: bool,
    /// Where the number comes from, for example the name of a paper register.
    source: String,
    /// The reason for the entry; required for a correction.
    #[serde(default)]
    reason: String,
}

/// `POST /desk/statistics/entries`: enters a figure.
pub(crate) async fn enter(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    FormOrJson(entered): FormOrJson<EntryForm>,
) -> Result<Answer<EmptyJson>, PageError> {
    let missing = || PageError::Bad("error-days-missing");
    let (of, value) = what(&entered.what).ok_or(PageError::Bad("error-channel"))?;
    let new = NewAdjustment {
        of,
        value,
        correction: entered.correction,
        from: day(&entered.from)?.ok_or_else(missing)?,
        to: day(&entered.to)?.ok_or_else(missing)?,
        count: entered.count,
        source: entered.source,
        reason: entered.reason,
    };
    desk.store.enter_adjustment(Some(&me), &new).await?;
    succeed(format, Flash::EntrySaved)
}

/// Parses a text such as `contact:telephone` into a measure and the group to which a count belongs.
fn what(text: &str) -> Option<(Measure, String)> {
    let (of, value) = text.split_once(':')?;
    Some((Measure::parse(of)?, value.to_owned()))
}

/// Returns the response to a successful change: an empty JSON object or, for a form, a redirect to [`ENTRIES`].
fn succeed(format: ResponseFormat, flash: Flash) -> Result<Answer<EmptyJson>, PageError> {
    Ok(format.answer(EmptyJson {}, ENTRIES, flash))
}

/// The URL of the list of entered figures on the statistics page.
const ENTRIES: &str = "/desk/statistics#entries";

/// `POST /desk/statistics/entries/{id}/withdraw`: withdraws an entered figure. The figure stays in the list but no longer counts.
pub(crate) async fn withdraw(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Path(IdPath { id }): Path<IdPath>,
    FormOrJson(_): FormOrJson<NoBody>,
) -> Result<Answer<EmptyJson>, PageError> {
    desk.store.withdraw_balance(Some(&me), id).await?;
    succeed(format, Flash::EntryWithdrawn)
}

/// All entered figures, including withdrawn figures.
#[derive(Serialize, JsonSchema)]
pub(crate) struct EntryListJson {
    entries: Vec<Adjustment>,
}

/// `GET /api/v1/statistics/entries`: returns all entered figures.
pub(crate) async fn list(State(desk): State<Desk>) -> Result<Answer<EntryListJson>, PageError> {
    let entries = desk.store.balances().await?;
    Ok(Answer::Json(EntryListJson { entries }))
}

/// A register (list of earlier figures) to import.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct RegisterForm {
    /// CSV with the header row `of,value,from,to,count,source`. `of` is the measure and `value` is the group; for a single entry, both are
    /// in the field `what`. The columns `correction` and `reason` are optional.
    csv: String,
    /// `true` only checks the lines and enters none.
    #[serde(default)]
    dry_run: bool,
}

/// The outcome of an import.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ImportJson {
    /// Whether the lines were entered. They are not entered if the request was only a check (`dry_run`), if a line is invalid, or if there
    /// are no lines.
    entered: bool,
    rows: Vec<ImportedRowJson>,
}

/// A line of an imported register.
#[derive(Serialize, JsonSchema)]
struct ImportedRowJson {
    /// The line number in the file; the header is line 1.
    line: u64,
    /// The fields of the line, joined by commas.
    text: String,
    /// The reason why the line can't be entered, in English; null if it can be entered.
    wrong: Option<String>,
}

/// `POST /desk/statistics/entries/import`: enters all lines of a register. If any line is invalid, no line is entered.
pub(crate) async fn import(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Cookies(jar): Cookies,
    FormOrJson(register): FormOrJson<RegisterForm>,
) -> Result<Answer<ImportJson>, PageError> {
    let rows = registers::read(register.csv.as_bytes());
    let rows = registers::tried(&desk.store, rows).await?;
    let lawful = rows.iter().all(|row| row.wrong.is_none()) && !rows.is_empty();
    let enters = lawful && !register.dry_run;
    if enters {
        let new: Vec<NewAdjustment> = rows.iter().filter_map(|row| row.read.clone()).collect();
        desk.store.enter_adjustments(Some(&me), &new).await?;
    }
    if format.is_json() {
        let words = desk.locales.of(Language::En);
        let rows = rows.into_iter().map(|row| ImportedRowJson {
            line: row.line,
            wrong: row.wrong.map(|wrong| wrong.localized(words)),
            text: row.text,
        });
        return Ok(Answer::Json(ImportJson {
            entered: enters,
            rows: rows.collect(),
        }));
    }
    if enters {
        return Ok(Answer::redirect(ENTRIES, Flash::EntriesImported));
    }
    let words = desk.words(&jar);
    let said: Vec<String> = rows.iter().map(|row| row_label(&desk, words, row)).collect();
    let head = words.say(match (rows.is_empty(), lawful) {
        (true, _) => "import-empty",
        (false, true) => "import-would",
        (false, false) => "import-wrong",
    });
    Ok(Answer::Page(plain_page(words, &head, &said, ENTRIES)?))
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
pub(crate) struct TokenForm {
    /// The name of the token, such as the program that will use it.
    name: String,
}

/// A new token, with which a program can read the statistics.
#[derive(Serialize, JsonSchema)]
pub(crate) struct NewTokenJson {
    /// The token. Programs send it in the header `Authorization: Bearer <token>`. No later response contains the token.
    token: String,
}

/// `POST /desk/statistics/tokens`: creates a token. Only this response shows the token.
pub(crate) async fn make_token(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Cookies(jar): Cookies,
    FormOrJson(form): FormOrJson<TokenForm>,
) -> Result<Answer<NewTokenJson>, PageError> {
    let token = desk.store.make_token(Some(&me), &form.name).await?;
    if format.is_json() {
        let token = token.expose().clone();
        return Ok(Answer::Json(NewTokenJson { token }));
    }
    let words = desk.words(&jar);
    let said = [words.say("token-once"), token.expose().clone()];
    let page = plain_page(words, &words.say("token-made"), &said, "/desk/statistics#tokens")?;
    Ok(Answer::Page(page))
}

/// `POST /desk/statistics/tokens/{id}/end`: revokes a token.
pub(crate) async fn end_token(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Path(IdPath { id }): Path<IdPath>,
    FormOrJson(_): FormOrJson<NoBody>,
) -> Result<Answer<EmptyJson>, PageError> {
    desk.store.end_token(Some(&me), id).await?;
    succeed(format, Flash::TokenEnded)
}

/// The read-only tokens for programs, including revoked tokens.
#[derive(Serialize, JsonSchema)]
pub(crate) struct TokenListJson {
    tokens: Vec<Token>,
}

/// `GET /api/v1/statistics/tokens`: lists the tokens.
pub(crate) async fn list_tokens(State(desk): State<Desk>) -> Result<Answer<TokenListJson>, PageError> {
    let tokens = desk.store.tokens().await?;
    Ok(Answer::Json(TokenListJson { tokens }))
}

/// Returns the options of the entry form. Each option is a pair: a form value such as `contact:telephone`, and a label.
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
            let institution = tables::value_label(words, &desk.store.scheme(), INSTITUTION, value);
            words.with("cases-forwarded-to", "institution", &institution)
        }
    }
}

/// Returns the label of the group to which an entered figure belongs, such as the name of the channel.
pub(crate) fn entry_label(desk: &Desk, words: &Words, entry: &Adjustment) -> String {
    value_label(desk, words, entry.entry.of, &entry.entry.value)
}

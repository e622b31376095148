//! The actions of a counsellor on a contact.

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect},
};
use axum_extra::extract::CookieJar;
use chrono::{DateTime, TimeDelta, Utc};
use hotline_core::{contact::lifecycle::Marking, identifiers::reference::Reference};
use hotline_store::contacts::assignment::Recipient;
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    contact::{
        closing::{WithReason, or_ask, words_of},
        open::parsed,
    },
    http::{
        access::Who,
        errors::{PageError, PageResult},
        extractors::{Back, FormOrJson, ResponseFormat},
    },
    state::Desk,
};

pub(crate) async fn fetch(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    Path((reference, id)): Path<(String, Uuid)>,
    FormOrJson(to): FormOrJson<Back>,
) -> PageResult {
    desk.store.want_file(&me, parsed(&reference)?, id).await?;
    program.then(&desk, &me, &reference, &to.view).await
}

pub(crate) async fn claim(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    Path(reference): Path<String>,
    FormOrJson(to): FormOrJson<Back>,
) -> PageResult {
    desk.store.take(&me, parsed(&reference)?).await?;
    program.then(&desk, &me, &reference, &to.view).await
}

pub(crate) async fn give_back(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    Path(reference): Path<String>,
    FormOrJson(to): FormOrJson<Back>,
) -> PageResult {
    desk.store.give_back(&me, parsed(&reference)?).await?;
    program.then(&desk, &me, &reference, &to.view).await
}

pub(crate) async fn ask_for_files(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    Path(reference): Path<String>,
    FormOrJson(to): FormOrJson<Back>,
) -> PageResult {
    desk.store.ask_for_files(&me, parsed(&reference)?).await?;
    program.then(&desk, &me, &reference, &to.view).await
}

pub(crate) async fn close(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    jar: CookieJar,
    Path(reference): Path<String>,
    FormOrJson(to): FormOrJson<WithReason>,
) -> PageResult {
    let reason = words_of(&to.reason, &to.why);
    let done = desk.store.close(&me, parsed(&reference)?, reason).await;
    if program.0 {
        done?;
    } else {
        let fields = vec![("view".to_owned(), to.view.clone())];
        if let Some(asked) = or_ask(&desk, &jar, done, &reference, "close", fields)? {
            return Ok(asked);
        }
    }
    program.then(&desk, &me, &reference, &to.view).await
}

pub(crate) async fn reopen(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    Path(reference): Path<String>,
    FormOrJson(to): FormOrJson<Back>,
) -> PageResult {
    desk.store.reopen(&me, parsed(&reference)?).await?;
    program.then(&desk, &me, &reference, &to.view).await
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Mark {
    /// `spam`, `test` or `duplicate` removes the contact from the total; `none` adds the contact to the total again.
    #[schemars(extend("enum" = ["none", "spam", "test", "duplicate"]))]
    marking: String,
    /// The reason for closing the contact without a reply, kept as a note. Required for an urgent, unassigned contact whose person waits
    /// for a reply.
    #[serde(default)]
    reason: String,
    #[serde(default)]
    #[schemars(skip)]
    why: String,
    #[serde(default)]
    #[schemars(skip)]
    view: String,
}

pub(crate) async fn mark(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    jar: CookieJar,
    Path(reference): Path<String>,
    FormOrJson(mark): FormOrJson<Mark>,
) -> PageResult {
    let marking = match mark.marking.as_str() {
        "none" => None,
        name => Some(Marking::parse(name).ok_or(PageError::Bad("error-marking"))?),
    };
    let reason = words_of(&mark.reason, &mark.why);
    let done = desk
        .store
        .mark_with_reason(&me, parsed(&reference)?, marking, reason)
        .await;
    let done = done.map(|_| ());
    if program.0 {
        done?;
    } else {
        let fields = [("view", &mark.view), ("marking", &mark.marking)]
            .map(|(name, value)| (name.to_owned(), value.clone()));
        if let Some(asked) = or_ask(&desk, &jar, done, &reference, "mark", fields.into())? {
            return Ok(asked);
        }
    }
    program.then(&desk, &me, &reference, &mark.view).await
}

pub(crate) async fn send_again(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    Path((reference, id)): Path<(String, Uuid)>,
    FormOrJson(to): FormOrJson<Back>,
) -> PageResult {
    desk.store.send_again(&me, parsed(&reference)?, id).await?;
    program.then(&desk, &me, &reference, &to.view).await
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Duty {
    on: bool,
}

pub(crate) async fn duty(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    FormOrJson(duty): FormOrJson<Duty>,
) -> PageResult {
    desk.store.set_on_duty(&me, duty.on).await?;
    if program.0 {
        return Ok(axum::http::StatusCode::NO_CONTENT.into_response());
    }
    Ok(Redirect::to("/desk/inbox").into_response())
}

/// The other contact of a link.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Link {
    /// The reference of the other contact.
    to: String,
    /// `true` links the two contacts; `false` removes the link.
    #[serde(default = "yes")]
    linked: bool,
    #[serde(default)]
    #[schemars(skip)]
    view: String,
}

const fn yes() -> bool {
    true
}

pub(crate) async fn link(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    Path(reference): Path<String>,
    FormOrJson(link): FormOrJson<Link>,
) -> PageResult {
    let to = Reference::parse(&link.to).map_err(|_| PageError::Bad("error-reference"))?;
    desk.store.link(&me, parsed(&reference)?, to, link.linked).await?;
    program.then(&desk, &me, &reference, &link.view).await
}

/// The choice to follow or unfollow the contact.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Follow {
    #[serde(default = "yes")]
    follows: bool,
    #[serde(default)]
    #[schemars(skip)]
    view: String,
}

pub(crate) async fn follow(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    Path(reference): Path<String>,
    FormOrJson(follow): FormOrJson<Follow>,
) -> PageResult {
    desk.store
        .set_followed(&me, parsed(&reference)?, follow.follows)
        .await?;
    program.then(&desk, &me, &reference, &follow.view).await
}

/// The new assignee, and the reason for handing over.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct HandOver {
    /// The id of a colleague, or `team:` and the name of a team.
    to: String,
    #[serde(default)]
    note: String,
    #[serde(default)]
    #[schemars(skip)]
    view: String,
}

pub(crate) async fn hand_over(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    Path(reference): Path<String>,
    FormOrJson(to): FormOrJson<HandOver>,
) -> PageResult {
    let recipient = match to.to.strip_prefix("team:") {
        Some(team) => Recipient::Team(team.to_owned()),
        None => Recipient::Person(to.to.parse().map_err(|_| PageError::Bad("error-form"))?),
    };
    desk.store
        .hand_over(&me, parsed(&reference)?, &recipient, &to.note)
        .await?;
    program.then(&desk, &me, &reference, &to.view).await
}

pub(crate) async fn ask_for(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    Path(reference): Path<String>,
    FormOrJson(to): FormOrJson<Back>,
) -> PageResult {
    desk.store.ask_for(&me, parsed(&reference)?).await?;
    program.then(&desk, &me, &reference, &to.view).await
}

/// The number of days for which contacts of this identifier are hidden and unassigned. They are still registered and counted. 0 ends the
/// block.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Block {
    days: u8,
    #[serde(default)]
    #[schemars(skip)]
    view: String,
}

pub(crate) async fn block(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    Path(reference): Path<String>,
    FormOrJson(block): FormOrJson<Block>,
) -> PageResult {
    let until = (block.days > 0).then(|| desk.clock.now() + TimeDelta::days(block.days.into()));
    desk.store.block(&me, parsed(&reference)?, until).await?;
    program.then(&desk, &me, &reference, &block.view).await
}

/// The length of a snooze: a number of hours from now, or an end time. Without either, the contact is shown again.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Snooze {
    hours: Option<u16>,
    until: Option<DateTime<Utc>>,
    #[serde(default)]
    #[schemars(skip)]
    view: String,
}

pub(crate) async fn snooze(
    State(desk): State<Desk>,
    Who(me): Who,
    program: ResponseFormat,
    Path(reference): Path<String>,
    FormOrJson(snooze): FormOrJson<Snooze>,
) -> PageResult {
    let hours = snooze.hours.filter(|hours| *hours > 0);
    let until = hours.map(|hours| desk.clock.now() + TimeDelta::hours(hours.into()));
    desk.store
        .snooze(&me, parsed(&reference)?, snooze.until.or(until))
        .await?;
    program.then(&desk, &me, &reference, &snooze.view).await
}

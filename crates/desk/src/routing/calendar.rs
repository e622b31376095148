//! The calendar of a person's shifts (`/calendar/{token}.ics`), to which calendar programs subscribe without a log-in.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use chrono::TimeDelta;
use hotline_core::time::shifts::render_calendar;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    http::{
        access::Who,
        answers::{Answer, Confirmation},
        errors::PageError,
        extractors::{Cookies, FormOrJson, NoBody, ResponseFormat},
        flash::Flash,
    },
    routing::shifts,
    state::Desk,
};

/// The days before today whose shifts the calendar contains.
const PAST: TimeDelta = TimeDelta::days(30);
/// The days after today whose shifts the calendar contains.
const COMING: TimeDelta = TimeDelta::days(180);

/// The address of a calendar.
#[derive(Serialize, JsonSchema)]
pub(crate) struct CalendarAddressJson {
    /// The address, to which calendar programs subscribe without a log-in. No later response contains it.
    address: String,
}

/// Responds with the calendar of the person to whom the secret in the address belongs. The calendar contains only this person's shifts, and
/// no name.
pub(crate) async fn feed(State(desk): State<Desk>, Path(file): Path<String>) -> Result<Response, PageError> {
    let token = file.strip_suffix(".ics").ok_or(PageError::NotFound)?;
    let owner = desk.store.calendar_owner(token).await?;
    let owner = owner.ok_or(PageError::NotFound)?;
    let plan = desk.store.shift_plan().await?.content.unwrap_or_default();
    let now = desk.clock.now();
    let zone = desk.centre.time_zone;
    let shifts = plan.shifts_between(owner.id, owner.team.as_deref(), now - PAST, now + COMING, zone);
    let title = desk
        .locales
        .of(owner.preferences.language.unwrap_or(desk.centre.language))
        .say("calendar-title");
    let headers = [
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, render_calendar(&shifts, &title, owner.id, now)).into_response())
}

/// `POST /desk/routing/calendar`: makes the address of the calendar, in place of an earlier one. Only this response shows the address.
pub(crate) async fn renew(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    headers: HeaderMap,
    Cookies(jar): Cookies,
    FormOrJson(_): FormOrJson<NoBody>,
) -> Result<Answer<CalendarAddressJson>, PageError> {
    let secret = desk.store.renew_calendar_secret(&me).await?;
    let address = format!("{}/calendar/{}.ics", desk.site(&headers), secret.expose());
    if format.is_json() {
        return Ok(Answer::Json(CalendarAddressJson { address }));
    }
    Ok(Answer::Page(
        shifts::page_with_address(&desk, &jar, &me, address).await?,
    ))
}

/// `POST /desk/routing/calendar/revoke`: revokes the address of the calendar.
pub(crate) async fn revoke(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    FormOrJson(_): FormOrJson<NoBody>,
) -> Result<Confirmation, PageError> {
    desk.store.revoke_calendar_secret(&me).await?;
    Ok(format.confirm("/desk/routing/shifts", Flash::CalendarRevoked))
}

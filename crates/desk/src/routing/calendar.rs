//! The calendar of a person's shifts (`/calendar/{token}.ics`), to which calendar programs subscribe without a log-in.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use chrono::TimeDelta;
use hotline_core::time::shifts::render_calendar;
use hotline_store::staff::accounts::StaffMember;

use crate::{http::errors::PageError, state::Desk};

/// The days before today whose shifts the calendar contains.
const PAST: TimeDelta = TimeDelta::days(30);
/// The days after today whose shifts the calendar contains.
const COMING: TimeDelta = TimeDelta::days(180);

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

/// Returns the address of a person's calendar.
pub(super) fn address(desk: &Desk, headers: &HeaderMap, owner: &StaffMember) -> String {
    let (site, secret) = (desk.site(headers), desk.store.calendar_token(owner.id));
    format!("{site}/calendar/{secret}.ics")
}

//! Alarms: their history, and test alarms (`/desk/alarms`, `/api/v1/alarms`).

use askama::Template;
use axum::{extract::State, response::Response};
use axum_extra::extract::CookieJar;
use chrono::{DateTime, Utc};
use hotline_core::staff::rights::Right;
use hotline_core::text::locale::Language;
use hotline_store::{
    db::values::AlarmKind,
    routing::alarm::{AlarmNotice, AlarmRecord},
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    http::{
        access::Who,
        answers::{Answer, Confirmation},
        errors::PageError,
        extractors::{FormOrJson, ResponseFormat, ReturnTo},
        flash::Flash,
        page::{Frame, page as written},
    },
    state::Desk,
};

/// The number of alarms that the history shows.
const MOST: u64 = 100;

/// The history of alarms.
#[derive(Serialize, JsonSchema)]
pub(crate) struct AlarmsJson {
    /// The most recent alarms, newest first.
    alarms: Vec<AlarmJson>,
}

/// An alarm with every attempt to send it to a recipient.
#[derive(Serialize, JsonSchema)]
struct AlarmJson {
    kind: AlarmKind,
    /// The reference of the contact in immediate danger. `null` for a test.
    reference: Option<String>,
    raised_at: DateTime<Utc>,
    /// When the alarm ended. `null`: it goes on.
    ended_at: Option<DateTime<Utc>>,
    /// The attempts to send the alarm, in order.
    notices: Vec<NoticeJson>,
}

/// An attempt to send an alarm to a recipient.
#[derive(Serialize, JsonSchema)]
struct NoticeJson {
    at: DateTime<Utc>,
    /// The step of the alarm to which the attempt belongs.
    step: i16,
    /// The recipient's name in the settings.
    recipient: String,
    /// The line that sent the alarm.
    line: String,
    /// Why the alarm could not be sent. Empty if the line accepted the alarm.
    problem: String,
}

impl From<AlarmNotice> for NoticeJson {
    fn from(notice: AlarmNotice) -> Self {
        Self {
            at: notice.at,
            step: notice.step,
            recipient: notice.recipient,
            line: notice.line,
            problem: notice.problem,
        }
    }
}

impl From<AlarmRecord> for AlarmJson {
    fn from(alarm: AlarmRecord) -> Self {
        Self {
            kind: alarm.kind,
            reference: alarm.reference.map(|reference| reference.to_string()),
            raised_at: alarm.raised_at,
            ended_at: alarm.ended_at,
            notices: alarm.notices.into_iter().map(NoticeJson::from).collect(),
        }
    }
}

#[derive(Template)]
#[template(path = "routing/alarms.html")]
struct AlarmsPage<'a> {
    frame: Frame<'a>,
    alarms: Vec<AlarmRecord>,
}

pub(crate) async fn page(
    State(desk): State<Desk>,
    Who(me): Who,
    jar: CookieJar,
) -> Result<Response, PageError> {
    written(&AlarmsPage {
        frame: Frame::new(&desk, &jar, &me, "routing").await?,
        alarms: desk.store.alarms(MOST).await?,
    })
}

pub(crate) async fn list(State(desk): State<Desk>, Who(_): Who) -> Result<Answer<AlarmsJson>, PageError> {
    let alarms = desk.store.alarms(MOST).await?;
    Ok(Answer::Json(AlarmsJson {
        alarms: alarms.into_iter().map(AlarmJson::from).collect(),
    }))
}

pub(crate) async fn send_test(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    FormOrJson(_): FormOrJson<ReturnTo>,
) -> Result<Confirmation, PageError> {
    desk.store.test_alarm(&me).await?;
    Ok(format.confirm("/desk/alarms", Flash::TestAlarmSent))
}

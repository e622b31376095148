//! The contacts whose reply missed its target (`/desk/statistics/late`), for staff who may read contacts.

use askama::Template;
use axum::extract::{Query, State};
use chrono::{DateTime, Utc};
use hotline_core::{
    routing::targets::ReplyOrder,
    staff::{audit::AuditAction, rights::Right},
    text::locale::Language,
    time::period::Period,
};
use hotline_reports::{cover::period_label, exports::days, labels::target_label};
use hotline_store::routing::targets::{KeptTargets, MissedTarget};
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

/// The missed targets that are listed.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct LateQuery {
    #[serde(flatten)]
    period: StatisticsQuery,
    /// The urgency while the person waited: 0 ordinary, 1 urgent, 2 in immediate danger. If empty, all.
    #[serde(default)]
    urgency: String,
    /// `first`: targets of first replies; `next`: targets of later replies. If empty, both.
    #[serde(default)]
    order: String,
}

/// The replies that missed their target.
#[derive(Serialize, JsonSchema)]
pub(crate) struct LateJson {
    /// Latest due time first. At most 500.
    late: Vec<LateReplyJson>,
}

/// A reply that missed its target.
#[derive(Serialize, JsonSchema)]
struct LateReplyJson {
    reference: String,
    channel: String,
    /// Since when the person waited for the reply.
    since: DateTime<Utc>,
    due_at: DateTime<Utc>,
    /// When the reply left. Null if it has not.
    replied_at: Option<DateTime<Utc>>,
}

#[derive(Template)]
#[template(path = "statistics/late.html")]
struct LatePage<'a> {
    frame: Frame<'a>,
    period: Period,
    /// Which targets are listed. Empty for all.
    target: String,
    late: Vec<MissedTarget>,
}

/// `GET /desk/statistics/late` and `GET /api/v1/statistics/late`: lists the contacts whose person began to wait in the period and got the
/// reply late or not yet.
pub(crate) async fn list(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Cookies(jar): Cookies,
    Query(query): Query<LateQuery>,
) -> Result<Answer<LateJson>, PageError> {
    let period = query.period.period(desk.store.today())?;
    let urgency = match query.urgency.as_str() {
        "" => None,
        urgency => Some(urgency.parse().map_err(|_| PageError::Bad("error-form"))?),
    };
    let order = match query.order.as_str() {
        "" => None,
        order => Some(
            order
                .parse::<ReplyOrder>()
                .map_err(|_| PageError::Bad("error-form"))?,
        ),
    };
    refuse_limited(&desk, &me).await?;
    let late = desk.store.missed_targets(period, urgency, order).await?;
    let figure = format!(
        "late {} {} {}",
        days(period.from, period.to),
        query.urgency,
        query.order
    );
    desk.note_read(&me, AuditAction::ListFigure, &figure).await;
    if format.is_json() {
        let late = late.into_iter().map(|one| LateReplyJson {
            reference: one.reference.to_string(),
            channel: one.channel,
            since: one.since,
            due_at: one.due_at,
            replied_at: one.replied_at,
        });
        return Ok(Answer::Json(LateJson { late: late.collect() }));
    }
    let words = desk.words(&jar);
    let target = urgency.zip(order).map(|(urgency, order)| {
        let of = KeptTargets {
            urgency,
            first: order == ReplyOrder::First,
            kept: 0,
            missed: 0,
        };
        target_label(words, &of, true)
    });
    let rendered = page(&LatePage {
        frame: Frame::new(&desk, &jar, &me, "statistics").await?,
        period,
        target: target.unwrap_or_default(),
        late,
    })?;
    Ok(Answer::Page(rendered))
}

impl LatePage<'_> {
    fn period_label(&self) -> String {
        period_label(self.frame.words, self.period.from, self.period.to)
    }
}

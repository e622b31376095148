//! The queue, the availability of counsellors and the recent decisions as JSON (`GET /api/v1/routing`).

use axum::extract::State;
use chrono::{DateTime, Utc};
use hotline_core::routing::{availability::Availability, decide::Decision, skills::Skills};
use hotline_store::routing::{
    overview::{CounsellorState, Overview},
    targets::KeptTargets,
};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use crate::{
    http::{access::Who, answers::Answer, errors::PageError},
    state::Desk,
};

/// The state of routing.
#[derive(Serialize, JsonSchema)]
pub(crate) struct RoutingJson {
    /// How many targets were kept for the people who began to wait today.
    targets_today: Vec<KeptTargets>,
    /// The contacts that wait for a counsellor, by line and urgency.
    queue: Vec<QueueJson>,
    /// The number of snoozed contacts whose persons wait for a reply. `queue` does not include them.
    snoozed: u64,
    /// The number of contacts in quarantine. `queue` does not include them.
    quarantined: u64,
    /// The counsellors.
    counsellors: Vec<CounsellorJson>,
    /// The most recent decisions, newest first.
    decisions: Vec<DecisionJson>,
}

/// The waiting contacts of one line and one urgency.
#[derive(Serialize, JsonSchema)]
struct QueueJson {
    /// The name of the line.
    line: String,
    /// The urgency: 0 ordinary, 1 urgent, 2 in immediate danger.
    urgency: i16,
    /// The number of people who wait for a reply.
    waiting: u64,
    /// How many of these contacts have no assignee.
    unassigned: u64,
    /// How many of these contacts wait for a late reply.
    late: u64,
    /// Since when the longest-waiting person has waited.
    oldest: Option<DateTime<Utc>>,
}

/// A counsellor.
#[derive(Serialize, JsonSchema)]
struct CounsellorJson {
    id: Uuid,
    name: String,
    team: Option<String>,
    /// Whether the counsellor's on-duty switch is on.
    on_duty: bool,
    /// Whether the counsellor is available: on duty, logged in, and active within the last minutes.
    available: bool,
    /// Since when the counsellor has been away.
    away_since: Option<DateTime<Utc>>,
    /// The load in points.
    load: u16,
    /// The capacity in points.
    capacity: u16,
    /// The number of contacts that wait for the counsellor's reply.
    waiting: u64,
    /// The number of contacts that the counsellor got automatically in the last seven days.
    given_this_week: u32,
    skills: Skills,
}

/// A decision of routing.
#[derive(Serialize, JsonSchema)]
struct DecisionJson {
    /// The reference of the contact.
    reference: String,
    at: DateTime<Utc>,
    /// Whether the contact was offered instead of assigned.
    offered: bool,
    /// The chosen counsellor with the reasons, and every counsellor who was passed over with the reason. `null` for decisions of older
    /// versions.
    decision: Option<Decision>,
}

pub(crate) async fn show_routing(
    State(desk): State<Desk>,
    Who(_): Who,
) -> Result<Answer<RoutingJson>, PageError> {
    let Overview {
        targets_today,
        queue,
        snoozed,
        quarantined,
        counsellors,
        decisions,
    } = desk.store.routing_overview().await?;
    Ok(Answer::Json(RoutingJson {
        targets_today,
        queue: queue
            .into_iter()
            .map(|part| QueueJson {
                line: part.line,
                urgency: part.urgency,
                waiting: part.waiting,
                unassigned: part.unassigned,
                late: part.late,
                oldest: part.oldest,
            })
            .collect(),
        snoozed: snoozed.map_or(0, |snoozed| snoozed.waiting),
        quarantined,
        counsellors: counsellors.into_iter().map(counsellor).collect(),
        decisions: decisions
            .into_iter()
            .map(|made| DecisionJson {
                reference: made.reference.to_string(),
                at: made.at,
                offered: made.offered,
                decision: made.decision,
            })
            .collect(),
    }))
}

fn counsellor(one: CounsellorState) -> CounsellorJson {
    let away_since = match one.availability {
        Availability::Available { .. } => None,
        Availability::Away { since } => Some(since),
    };
    CounsellorJson {
        id: one.member.id,
        name: one.member.name,
        team: one.member.team,
        on_duty: one.member.on_duty,
        available: away_since.is_none(),
        away_since,
        load: one.load,
        capacity: one.capacity,
        waiting: one.waiting,
        given_this_week: one.given_this_week,
        skills: one.member.skills,
    }
}

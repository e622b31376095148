//! The order in which waiting contacts get counsellors.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::routing::{
    decide::{Counsellor, Decision, decide, inability},
    settings::Routing,
    skills::Need,
};

/// Returns the place of a contact in the queue. The contact with the smallest place comes first. Contacts in danger come before urgent
/// contacts, and urgent contacts before ordinary ones; among contacts of the same urgency, the contact whose person has waited longest
/// comes first.
#[must_use]
pub fn place(need: &Need) -> impl Ord + use<> {
    (Reverse(need.urgency), need.waiting_since, need.contact)
}

/// Decides about all waiting contacts in the order of the queue. Each decision adds to the load that later decisions use. A contact that no
/// counsellor can take does not delay the contacts behind it.
#[must_use]
pub fn assign_all(
    mut waiting: Vec<Need>,
    counsellors: &mut [Counsellor],
    routing: &Routing,
    now: DateTime<Utc>,
) -> Vec<(Need, Decision)> {
    waiting.sort_by_key(place);
    let mut decided = Vec::with_capacity(waiting.len());
    for need in waiting {
        let decision = decide(&need, counsellors, routing, now);
        if let Some(chosen) = &decision.chosen
            && let Some(one) = counsellors.iter_mut().find(|one| one.staff == chosen.staff)
        {
            one.give(&need, routing, now);
        }
        decided.push((need, decision));
    }
    decided
}

/// Returns the first contact of the queue that this counsellor is able to take. The shift and the mode of the team are not considered,
/// because the counsellor asks for a contact.
#[must_use]
pub fn next_for(
    waiting: &[Need],
    counsellor: &Counsellor,
    routing: &Routing,
    now: DateTime<Utc>,
) -> Option<Uuid> {
    waiting
        .iter()
        .filter(|need| inability(need, counsellor, routing, now).is_none())
        .min_by_key(|need| place(need))
        .map(|need| need.contact)
}

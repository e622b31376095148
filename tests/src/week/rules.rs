//! The compared rules.

use chrono::{DateTime, TimeDelta, Utc};
use hotline_core::routing::{decide::Counsellor, queue::assign_all, skills::Need};
use uuid::Uuid;

use super::{centre::Centre, desk::Desk};

/// A rule that assigns contacts to counsellors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The product's rule: availability, return to the queue, urgency, skills and capacity.
    Product,
    /// To each counsellor on duty in turn.
    RoundRobin,
    /// To the counsellor on duty with the fewest open contacts; at a tie to the one who has been idle longest.
    FewestOpen,
}

impl Rule {
    /// All rules in the order of the report.
    pub const ALL: [Self; 3] = [Self::Product, Self::RoundRobin, Self::FewestOpen];

    /// The name in the report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Product => "(a) product",
            Self::RoundRobin => "(b) round robin",
            Self::FewestOpen => "(c) fewest open",
        }
    }
}

/// A rule at work, with what it remembers between two passes.
#[derive(Debug)]
pub struct Router {
    rule: Rule,
    turn: usize,
    last_pass: Option<Snapshot>,
}

/// The facts that can change the decisions of a pass. As long as they are the same, a pass would decide nothing new.
#[derive(Debug, PartialEq, Eq)]
struct Snapshot {
    /// Availability, break and load of each counsellor.
    counsellors: Vec<(bool, bool, u16)>,
    /// The waiting contacts with the numbers of their relaxed requirements.
    waiting: Vec<(Uuid, usize)>,
}

impl Router {
    /// Creates the router of a rule.
    #[must_use]
    pub const fn new(rule: Rule) -> Self {
        Self {
            rule,
            turn: 0,
            last_pass: None,
        }
    }

    /// Assigns the waiting contacts as far as the rule can.
    pub fn route(&mut self, centre: &mut Centre<'_>, now: DateTime<Utc>) {
        match self.rule {
            Rule::Product => self.run_pass(centre, now),
            Rule::RoundRobin => {
                let turn = &mut self.turn;
                assign_in_turn(centre, now, |desks| {
                    let on_duty = desks.iter().filter(|desk| desk.duty.switched_on).count();
                    *turn = turn.checked_rem(on_duty).unwrap_or_default() + 1;
                    desks
                        .iter_mut()
                        .filter(|desk| desk.duty.switched_on)
                        .nth(*turn - 1)
                });
            }
            Rule::FewestOpen => assign_in_turn(centre, now, |desks| {
                desks
                    .iter_mut()
                    .filter(|desk| desk.duty.switched_on)
                    .min_by_key(|desk| (desk.waiting.len(), desk.last_given))
            }),
        }
    }

    /// One pass of the product, as `hotline_store::routing::pass` runs it.
    fn run_pass(&mut self, centre: &mut Centre<'_>, now: DateTime<Utc>) {
        let routing = &centre.world.routing;
        for desk in &mut centre.desks {
            let duty = desk.duty;
            let returned =
                desk.take_back(|contact| duty.must_return(contact.arrival.urgency > 0, routing, now));
            centre.returns += u32::try_from(returned.len()).unwrap_or(u32::MAX);
            centre.queue.extend(returned);
        }
        if centre.queue.is_empty() {
            return;
        }
        let counsellors: Vec<(bool, bool, u16)> = centre
            .desks
            .iter()
            .map(|desk| {
                let available = desk.duty.availability(routing, now).is_available();
                (available, desk.on_break, desk.load(routing, now))
            })
            .collect();
        let has_room = |(desk, (available, _, load)): (&Desk<'_>, &(bool, bool, u16))| {
            *available && *load < desk.member.skills.capacity.unwrap_or(routing.capacity)
        };
        // As in the store, contacts in danger need no room.
        let danger = centre.queue.iter().any(|contact| contact.need().is_danger());
        if !danger && !centre.desks.iter().zip(&counsellors).any(has_room) {
            return;
        }
        let relaxed = |since: DateTime<Utc>| {
            let waited = now - since;
            routing
                .relax_minutes
                .values()
                .filter(|minutes| waited >= TimeDelta::minutes((**minutes).into()))
                .count()
        };
        let waiting = centre.queue.iter();
        let snapshot = Snapshot {
            counsellors,
            waiting: waiting
                .map(|contact| (contact.arrival.id, relaxed(contact.waiting_since)))
                .collect(),
        };
        if self.last_pass.as_ref() == Some(&snapshot) {
            return;
        }
        self.last_pass = Some(snapshot);
        centre.passes += 1;
        let needs: Vec<Need> = centre.queue.iter().map(|contact| contact.need()).collect();
        let mut counsellors: Vec<Counsellor> = centre
            .desks
            .iter()
            .map(|desk| desk.counsellor(routing, now))
            .collect();
        for (need, decision) in assign_all(needs, &mut counsellors, routing, now) {
            let Some(chosen) = decision.chosen else { continue };
            let desk = centre
                .desks
                .iter_mut()
                .find(|desk| desk.member.id == chosen.staff);
            let contact = centre
                .queue
                .iter()
                .position(|contact| contact.arrival.id == need.contact);
            if let (Some(desk), Some(contact)) = (desk, contact) {
                desk.assign(centre.queue.remove(contact), now);
            }
        }
    }
}

/// Assigns the waiting contacts in the order of arrival to the desks that `choose` returns.
fn assign_in_turn<'world>(
    centre: &mut Centre<'world>,
    now: DateTime<Utc>,
    mut choose: impl for<'desks> FnMut(&'desks mut [Desk<'world>]) -> Option<&'desks mut Desk<'world>>,
) {
    for contact in std::mem::take(&mut centre.queue) {
        match choose(&mut centre.desks) {
            Some(desk) => desk.assign(contact, now),
            None => centre.queue.push(contact),
        }
    }
}

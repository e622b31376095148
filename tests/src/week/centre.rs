//! The state of the simulated centre.
//!
//! A contact is owned by exactly one list at a time, so that the numbers of contacts in all lists add up to the arrivals.

use chrono::{DateTime, TimeDelta, Utc};
use hotline_core::routing::{
    decide::{Counsellor, PassedOver, inability},
    skills::DANGER,
};

use super::{
    desk::{CHAT, Contact, Desk},
    world::World,
};

/// The centre under one rule.
#[derive(Debug)]
pub struct Centre<'world> {
    /// The drawn facts.
    pub world: &'world World,
    /// The contacts that wait and have no assignee.
    pub queue: Vec<Contact<'world>>,
    /// The counsellors.
    pub desks: Vec<Desk<'world>>,
    /// The answered contacts in which nothing more happens.
    pub finished: Vec<Contact<'world>>,
    /// The contacts in quarantine.
    pub quarantined: Vec<Contact<'world>>,
    /// How long persons who wrote again waited for the reply.
    pub later_waits: Vec<TimeDelta>,
    /// How often a contact returned from a counsellor to the queue.
    pub returns: u32,
    /// The number of passes of the product's rule.
    pub passes: u32,
}

impl<'world> Centre<'world> {
    /// An empty centre before anybody comes to work.
    #[must_use]
    pub fn new(world: &'world World) -> Self {
        Self {
            world,
            queue: Vec::new(),
            desks: world.staff.iter().map(Desk::new).collect(),
            finished: Vec::new(),
            quarantined: Vec::new(),
            later_waits: Vec::new(),
            returns: 0,
            passes: 0,
        }
    }

    /// Lets all counsellors work, and persons write again.
    pub fn advance_staff(&mut self, now: DateTime<Utc>) {
        for desk in &mut self.desks {
            // A person who writes again waits for the same counsellor.
            let again = desk
                .answered
                .extract_if(.., |contact| contact.again_at.is_some_and(|at| at <= now));
            for mut contact in again {
                contact.again_at = None;
                contact.waiting_since = now;
                contact.last_in = now;
                desk.waiting.push(contact);
            }
            let over = desk.answered.extract_if(.., |contact| {
                contact.again_at.is_none() && contact.last_in <= now - CHAT
            });
            self.finished.extend(over);
            if let Some(contact) = desk.advance(now) {
                if contact.replies > 1 {
                    self.later_waits.push(now - contact.waiting_since);
                }
                desk.answered.push(contact);
            }
        }
    }

    /// Adds `step` to the stalled time of the danger messages that nobody available has got yet.
    pub fn watch_danger(&mut self, step: TimeDelta, now: DateTime<Utc>) {
        let routing = &self.world.routing;
        let is_new = |contact: &Contact<'_>| contact.arrival.urgency == DANGER && !contact.reached;
        for desk in &mut self.desks {
            if desk.is_free_to_help(routing, now) {
                for contact in &mut desk.waiting {
                    contact.reached = true;
                }
            }
        }
        let desks = self.desks.iter().flat_map(|desk| &desk.waiting);
        if !self.queue.iter().chain(desks).any(is_new) {
            return;
        }
        let free: Vec<Counsellor> = self
            .desks
            .iter()
            .filter(|desk| desk.is_free_to_help(routing, now))
            .map(|desk| desk.counsellor(routing, now))
            .collect();
        if free.is_empty() {
            return;
        }
        let desks = self.desks.iter_mut().flat_map(|desk| &mut desk.waiting);
        for contact in self.queue.iter_mut().chain(desks).filter(|one| is_new(one)) {
            contact.stalled += step;
            let language = contact.arrival.language;
            if free.iter().any(|one| one.skills.languages.contains(&language)) {
                contact.stalled_able += step;
            }
            let need = contact.need();
            let reason = free
                .iter()
                .map(|one| inability(&need, one, routing, now))
                .max_by_key(|reason| closeness(*reason));
            let reason = reason.flatten().map_or("assignee away", PassedOver::as_str);
            *contact.stalled_by.entry(reason).or_insert_with(TimeDelta::zero) += step;
        }
    }

    /// All contacts, in whatever list they are.
    pub fn contacts(&self) -> impl Iterator<Item = &Contact<'world>> {
        let desks = self
            .desks
            .iter()
            .flat_map(|desk| desk.waiting.iter().chain(&desk.answered));
        self.queue
            .iter()
            .chain(desks)
            .chain(&self.finished)
            .chain(&self.quarantined)
    }
}

/// How close a counsellor is to getting a contact: the later the check that failed, the closer.
fn closeness(reason: Option<PassedOver>) -> usize {
    reason.map_or(usize::MAX, |reason| {
        let place = PassedOver::ALL.iter().position(|one| *one == reason);
        place.unwrap_or_default()
    })
}

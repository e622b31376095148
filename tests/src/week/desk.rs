//! Contacts, and how counsellors work on them. The behaviour is the same under every rule.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use chrono::{DateTime, TimeDelta, Utc};
use hotline_core::routing::{availability::Duty, decide::Counsellor, settings::Routing, skills::Need};
use uuid::Uuid;

use super::world::{Arrival, Habit, Member};

/// The product counts an answered contact in the load for this time after the person's last message.
pub(super) const CHAT: TimeDelta = TimeDelta::minutes(30);
/// The product ends a log-in after this time without an action.
const LOG_IN: TimeDelta = TimeDelta::minutes(30);

/// A contact in the simulation.
#[derive(Debug, Clone)]
pub struct Contact<'world> {
    /// The drawn facts.
    pub arrival: &'world Arrival,
    /// Since when the person has waited.
    pub waiting_since: DateTime<Utc>,
    /// When the person last wrote.
    pub last_in: DateTime<Utc>,
    /// The number of replies.
    pub replies: usize,
    /// When the person writes again after the last reply.
    pub again_at: Option<DateTime<Utc>>,
    /// When the first reply was sent.
    pub first_reply: Option<DateTime<Utc>>,
    /// The counsellors who replied.
    pub known_to: BTreeSet<Uuid>,
    /// Whether the contact was ever assigned to somebody who was available.
    pub reached: bool,
    /// How long the contact waited until it was assigned to somebody who was available, counting only the time in which somebody was.
    pub stalled: TimeDelta,
    /// Like `stalled`, but counting only the time in which somebody was available who speaks the person's language.
    pub stalled_able: TimeDelta,
    /// The parts of `stalled` by what kept the available counsellor who was closest to getting the contact from it.
    pub stalled_by: BTreeMap<&'static str, TimeDelta>,
}

impl<'world> Contact<'world> {
    /// Begins a contact at its arrival.
    #[must_use]
    pub fn new(arrival: &'world Arrival) -> Self {
        Self {
            arrival,
            waiting_since: arrival.at,
            last_in: arrival.at,
            replies: 0,
            again_at: None,
            first_reply: None,
            known_to: BTreeSet::new(),
            reached: false,
            stalled: TimeDelta::zero(),
            stalled_able: TimeDelta::zero(),
            stalled_by: BTreeMap::new(),
        }
    }

    /// The need of the contact, as the product's store builds it.
    #[must_use]
    pub fn need(&self) -> Need {
        Need {
            contact: self.arrival.id,
            urgency: self.arrival.urgency,
            waiting_since: self.waiting_since,
            language: Some(self.arrival.language),
            channel: self.arrival.channel.as_str().to_owned(),
            topic: self.arrival.topic.map(str::to_owned),
            team: None,
            known_to: self.known_to.clone(),
            declined_by: BTreeSet::new(),
        }
    }

    fn handling(&self) -> TimeDelta {
        let round = self.arrival.rounds.get(self.replies);
        round.map_or(TimeDelta::zero(), |round| round.handling)
    }
}

/// Where a counsellor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Not at work.
    Home,
    /// At the desk.
    Desk,
    /// On a break.
    Pause,
}

/// The reply that a counsellor writes.
#[derive(Debug, Clone, Copy)]
struct Work {
    contact: Uuid,
    until: DateTime<Utc>,
}

/// A counsellor with the assigned contacts.
#[derive(Debug)]
pub struct Desk<'world> {
    /// The drawn facts.
    pub member: &'world Member,
    /// Where the counsellor is.
    pub presence: Presence,
    /// What the product knows about the counsellor's duty.
    pub duty: Duty,
    /// Whether the counsellor told the product about a break.
    pub on_break: bool,
    /// The contacts that wait for the counsellor's reply.
    pub waiting: Vec<Contact<'world>>,
    /// The contacts that the counsellor answered, while they count in the load or the person will write again.
    pub answered: Vec<Contact<'world>>,
    /// The number of contacts that the counsellor got.
    pub given: u32,
    /// When the counsellor last got a contact.
    pub last_given: Option<DateTime<Utc>>,
    /// How often a contact returned to the queue while the counsellor wrote the reply.
    pub interrupted: u32,
    work: Option<Work>,
    next_action: usize,
}

impl<'world> Desk<'world> {
    pub(super) fn new(member: &'world Member) -> Self {
        Self {
            member,
            presence: Presence::Home,
            duty: Duty {
                switched_on: false,
                logged_in: false,
                last_action: None,
            },
            on_break: false,
            waiting: Vec::new(),
            answered: Vec::new(),
            given: 0,
            last_given: None,
            interrupted: 0,
            work: None,
            next_action: 0,
        }
    }

    /// Assigns a contact to the counsellor.
    pub fn assign(&mut self, contact: Contact<'world>, now: DateTime<Utc>) {
        self.waiting.push(contact);
        self.given += 1;
        self.last_given = Some(now);
    }

    /// Takes away the waiting contacts that `leaves` chooses.
    pub fn take_back(&mut self, leaves: impl Fn(&Contact<'world>) -> bool) -> Vec<Contact<'world>> {
        let taken: Vec<_> = self.waiting.extract_if(.., |contact| leaves(contact)).collect();
        let is_written =
            |contact: &Contact<'_>| self.work.is_some_and(|work| work.contact == contact.arrival.id);
        if taken.iter().any(is_written) {
            self.interrupted += 1;
        }
        taken
    }

    /// Whether the counsellor could begin a reply: available and not on a break.
    #[must_use]
    pub fn is_free_to_help(&self, routing: &Routing, now: DateTime<Utc>) -> bool {
        !self.on_break && self.duty.availability(routing, now).is_available()
    }

    /// The load as the product's store counts it: the waiting contacts, and the chats in which the person wrote a short time ago.
    #[must_use]
    pub fn load(&self, routing: &Routing, now: DateTime<Utc>) -> u16 {
        let answered = self
            .answered
            .iter()
            .filter(|contact| contact.last_in > now - CHAT);
        let counted = self.waiting.iter().chain(answered);
        counted
            .map(|contact| routing.weight(contact.arrival.channel.as_str()))
            .sum()
    }

    /// The facts that the product's rule considers. There is no cap of severe contacts in the default settings, so none are counted.
    #[must_use]
    pub fn counsellor(&self, routing: &Routing, now: DateTime<Utc>) -> Counsellor {
        let mut skills = self.member.skills.clone();
        skills.on_break = self.on_break;
        Counsellor {
            staff: self.member.id,
            team: None,
            skills,
            available: self.duty.availability(routing, now).is_available(),
            on_shift: true,
            load: self.load(routing, now),
            severe: 0,
            given_this_week: self.given,
            last_given: self.last_given,
        }
    }

    /// Records an action at the desk. An action after the end of a log-in begins a new one.
    fn record_action(&mut self, now: DateTime<Utc>) {
        self.duty.logged_in = true;
        self.duty.last_action = Some(now);
    }

    /// Lets the counsellor come, act, write, take a break and leave. Returns the contact that got a reply.
    pub(super) fn advance(&mut self, now: DateTime<Utc>) -> Option<Contact<'world>> {
        if self.duty.last_action.is_some_and(|last| now - last >= LOG_IN) {
            self.duty.logged_in = false;
        }
        let mut looks = false;
        while let Some(at) = self.member.actions.get(self.next_action)
            && *at <= now
        {
            looks = true;
            self.next_action += 1;
        }
        if looks && self.presence == Presence::Desk {
            self.record_action(now);
            // The page shows that the contact is no longer the counsellor's.
            if let Some(work) = self.work
                && !self
                    .waiting
                    .iter()
                    .any(|contact| contact.arrival.id == work.contact)
            {
                self.work = None;
            }
        }
        let replied = self.finish_reply(now);
        if self.work.is_none() {
            self.change_presence(now);
        }
        if self.work.is_none() && self.presence == Presence::Desk {
            self.begin_reply(now);
        }
        replied
    }

    fn finish_reply(&mut self, now: DateTime<Utc>) -> Option<Contact<'world>> {
        let work = self.work.filter(|work| work.until <= now)?;
        self.work = None;
        self.record_action(now);
        let place = self
            .waiting
            .iter()
            .position(|contact| contact.arrival.id == work.contact)?;
        let mut contact = self.waiting.remove(place);
        let again_after = contact
            .arrival
            .rounds
            .get(contact.replies)
            .and_then(|round| round.again_after);
        contact.again_at = again_after.map(|after| now + after);
        contact.replies += 1;
        contact.first_reply.get_or_insert(now);
        contact.known_to.insert(self.member.id);
        Some(contact)
    }

    /// Begins the most urgent reply; among equals that of the person who has waited longest.
    fn begin_reply(&mut self, now: DateTime<Utc>) {
        let order = |contact: &&Contact<'_>| (Reverse(contact.arrival.urgency), contact.waiting_since);
        let next = self.waiting.iter().min_by_key(order);
        self.work = next.map(|contact| Work {
            contact: contact.arrival.id,
            until: now + contact.handling(),
        });
        if self.work.is_some() {
            self.record_action(now);
        }
    }

    /// Begins or ends a shift or a break. A counsellor who writes a reply finishes it first.
    fn change_presence(&mut self, now: DateTime<Utc>) {
        let shift = self.member.shifts.iter().find(|shift| shift.time.contains(&now));
        let declares = self.member.habit == Habit::SwitchesOff;
        match (self.presence, shift) {
            (Presence::Home, Some(_)) => {
                self.presence = Presence::Desk;
                self.duty.switched_on = true;
                self.record_action(now);
            }
            (Presence::Desk | Presence::Pause, None) => {
                self.presence = Presence::Home;
                self.on_break = false;
                match self.member.habit {
                    Habit::SwitchesOff => {
                        self.record_action(now);
                        self.duty.switched_on = false;
                        self.duty.logged_in = false;
                    }
                    Habit::LogsOut => {
                        self.record_action(now);
                        self.duty.logged_in = false;
                    }
                    Habit::ClosesLaptop => {}
                }
            }
            (Presence::Desk, Some(shift)) if shift.pause.contains(&now) => {
                self.presence = Presence::Pause;
                if declares {
                    self.on_break = true;
                    self.record_action(now);
                }
            }
            (Presence::Pause, Some(shift)) if !shift.pause.contains(&now) => {
                self.presence = Presence::Desk;
                self.on_break = false;
                self.record_action(now);
            }
            (Presence::Home, None) | (Presence::Desk | Presence::Pause, Some(_)) => {}
        }
    }
}

//! Random histories of a desk: people go on duty, act, fall silent and log out, while contacts arrive and are answered. After every pass of
//! routing, no contact waits for somebody who has been away for longer than the return time.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::{collection, prelude::*};
use uuid::Uuid;

use crate::routing::{
    availability::Duty,
    decide::Counsellor,
    queue::assign_all,
    settings::Routing,
    skills::{Need, Skills},
};

/// The number of counsellors.
const PEOPLE: usize = 4;

/// What happens next.
#[derive(Debug, Clone, Copy)]
enum Happens {
    Passes(i64),
    LogsIn(usize),
    Switches(usize),
    Acts(usize),
    LogsOut(usize),
    Arrives { urgent: bool },
    Answers(usize),
    WritesAgain,
}

fn happens() -> impl Strategy<Value = Happens> {
    let person = || 0..PEOPLE;
    prop_oneof![
        4 => (1i64..400).prop_map(Happens::Passes),
        2 => person().prop_map(Happens::LogsIn),
        3 => person().prop_map(Happens::Switches),
        4 => person().prop_map(Happens::Acts),
        1 => person().prop_map(Happens::LogsOut),
        4 => any::<bool>().prop_map(|urgent| Happens::Arrives { urgent }),
        2 => person().prop_map(Happens::Answers),
        1 => Just(Happens::WritesAgain),
    ]
}

struct Contact {
    need: Need,
    assignee: Option<usize>,
    waits: bool,
}

struct Desk {
    routing: Routing,
    now: DateTime<Utc>,
    duties: Vec<Duty>,
    contacts: Vec<Contact>,
}

impl Desk {
    fn new(return_after_minutes: u16) -> Self {
        let nobody = Duty {
            switched_on: false,
            logged_in: false,
            last_action: None,
        };
        Self {
            routing: Routing {
                return_after_minutes,
                ..Routing::default()
            },
            now: DateTime::UNIX_EPOCH + TimeDelta::days(20_000),
            duties: vec![nobody; PEOPLE],
            contacts: Vec::new(),
        }
    }

    fn step(&mut self, happens: Happens) {
        match happens {
            Happens::Passes(seconds) => self.now += TimeDelta::seconds(seconds),
            Happens::LogsIn(who) => self.act(who, |duty| duty.logged_in = true),
            Happens::Switches(who) if self.duties[who].logged_in => {
                self.act(who, |duty| duty.switched_on = !duty.switched_on);
            }
            Happens::Acts(who) if self.duties[who].logged_in => self.act(who, |_| {}),
            Happens::LogsOut(who) => self.act(who, |duty| {
                duty.logged_in = false;
                duty.switched_on = false;
            }),
            Happens::Arrives { urgent } => self.arrives(urgent),
            Happens::Answers(who) if self.duties[who].logged_in => {
                self.act(who, |_| {});
                let mine = self
                    .contacts
                    .iter_mut()
                    .find(|one| one.waits && one.assignee == Some(who));
                if let Some(contact) = mine {
                    contact.waits = false;
                    contact.need.known_to.insert(id(who));
                }
            }
            Happens::WritesAgain => {
                let answered = self.contacts.iter_mut().find(|one| !one.waits);
                if let Some(contact) = answered {
                    contact.waits = true;
                    contact.need.waiting_since = self.now;
                }
            }
            Happens::Switches(_) | Happens::Acts(_) | Happens::Answers(_) => {}
        }
    }

    fn act(&mut self, who: usize, change: impl FnOnce(&mut Duty)) {
        let duty = &mut self.duties[who];
        change(duty);
        duty.last_action = Some(self.now);
    }

    fn arrives(&mut self, urgent: bool) {
        let contact = Uuid::from_u128(1_000 + self.contacts.len() as u128);
        self.contacts.push(Contact {
            need: Need {
                contact,
                urgency: i16::from(urgent),
                waiting_since: self.now,
                language: None,
                channel: "letters".to_owned(),
                topic: None,
                team: None,
                known_to: BTreeSet::new(),
                declined_by: BTreeSet::new(),
            },
            assignee: None,
            waits: true,
        });
    }

    /// Runs one pass of routing, as the store does.
    fn route(&mut self) {
        for contact in self.contacts.iter_mut().filter(|one| one.waits) {
            let duty = contact.assignee.map(|who| self.duties[who]);
            let urgent = contact.need.is_severe();
            if duty.is_some_and(|duty| duty.must_return(urgent, &self.routing, self.now)) {
                contact.assignee = None;
            }
        }
        let mut counsellors = self.counsellors();
        let waiting = self
            .contacts
            .iter()
            .filter(|one| one.waits && one.assignee.is_none());
        let waiting = waiting.map(|one| one.need.clone()).collect();
        for (need, decision) in assign_all(waiting, &mut counsellors, &self.routing, self.now) {
            let Some(chosen) = decision.chosen else { continue };
            let contact = self
                .contacts
                .iter_mut()
                .find(|one| one.need.contact == need.contact);
            contact.unwrap().assignee = Some(usize::try_from(chosen.staff.as_u128()).unwrap());
        }
    }

    fn counsellors(&self) -> Vec<Counsellor> {
        let one = |who: usize| Counsellor {
            staff: id(who),
            team: None,
            skills: Skills::default(),
            available: self.duties[who]
                .availability(&self.routing, self.now)
                .is_available(),
            on_shift: true,
            load: self.load(who),
            severe: 0,
            given_this_week: 0,
            last_given: None,
        };
        (0..PEOPLE).map(one).collect()
    }

    fn load(&self, who: usize) -> u16 {
        let mine = self
            .contacts
            .iter()
            .filter(|one| one.waits && one.assignee == Some(who));
        u16::try_from(mine.count()).unwrap()
    }
}

fn id(who: usize) -> Uuid {
    Uuid::from_u128(who as u128)
}

proptest! {
    #[test]
    fn no_contact_waits_for_an_absent_person_longer_than_the_return_time(
        story in collection::vec(happens(), 1..60), return_after in 0u16..8
    ) {
        let mut desk = Desk::new(return_after);
        for happens in story {
            desk.step(happens);
            desk.route();
            let limit = desk.routing.return_after();
            for contact in desk.contacts.iter().filter(|one| one.waits) {
                let Some(who) = contact.assignee else {
                    // No available counsellor has capacity left for the contact.
                    let free = |one: &Counsellor| one.available && one.load < one.capacity(&desk.routing);
                    prop_assert!(!desk.counsellors().iter().any(free));
                    continue;
                };
                let duty = desk.duties[who];
                if let Some(away) = duty.availability(&desk.routing, desk.now).away_for(desk.now) {
                    prop_assert!(away < limit.max(TimeDelta::nanoseconds(1)));
                    let present = duty.is_present(&desk.routing, desk.now);
                    prop_assert!(present || !contact.need.is_severe(), "urgent contacts return at once");
                }
            }
        }
    }
}

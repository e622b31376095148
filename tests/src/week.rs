//! One simulated week of a helpline: the product's routing and two simpler rules, with the same arrivals and the same behaviour of staff.
//!
//! The simulation runs in memory on its own clock. The same plan prints the same table.

pub mod centre;
pub mod desk;
pub mod report;
pub mod rules;
pub mod world;

use chrono::TimeDelta;

use self::{
    centre::Centre,
    desk::Contact,
    rules::{Router, Rule},
    world::World,
};

/// The time between two passes of the product if nothing happens.
const STEP: TimeDelta = TimeDelta::seconds(2);

/// What is simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// The seed of the generator.
    pub seed: u64,
    /// The number of days from Monday on.
    pub days: i64,
    /// The contacts in seven days, without danger messages and the flood.
    pub contacts: u64,
    /// Whether the product's rule quarantines the flood.
    pub quarantine: bool,
    /// The capacity of each counsellor in points. `None`: the product's default.
    pub capacity: Option<u16>,
    /// Minutes of waiting after which no requirement holds. `None`: the product's defaults.
    pub relax_minutes: Option<u16>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            seed: 1,
            days: 7,
            contacts: 900,
            quarantine: false,
            capacity: None,
            relax_minutes: None,
        }
    }
}

/// Simulates a world under one rule.
#[must_use]
pub fn simulate<'world>(world: &'world World, rule: Rule, plan: &Plan) -> Centre<'world> {
    let mut centre = Centre::new(world);
    let mut router = Router::new(rule);
    let mut arrivals = world.arrivals.iter().peekable();
    let mut now = world.time.start;
    while now < world.time.end {
        while let Some(arrival) = arrivals.next_if(|arrival| arrival.at <= now) {
            let contact = Contact::new(arrival);
            if arrival.robot && plan.quarantine && rule == Rule::Product {
                centre.quarantined.push(contact);
            } else {
                centre.queue.push(contact);
            }
        }
        centre.advance_staff(now);
        router.route(&mut centre, now);
        centre.watch_danger(STEP, now);
        now += STEP;
    }
    // The last arrivals, less than a step before the end.
    centre.queue.extend(arrivals.map(Contact::new));
    centre
}

#[cfg(test)]
mod tests {
    use super::{report::Outcome, *};

    fn two_days() -> Plan {
        Plan {
            days: 2,
            ..Plan::default()
        }
    }

    fn danger_goal_is_met(plan: &Plan) {
        let world = World::draw(plan);
        let outcome = Outcome::evaluate(&simulate(&world, Rule::Product, plan));
        assert_eq!(outcome.count.total(), world.arrivals.len());
        assert!(outcome.meets_danger_goal(), "{:?}", outcome.danger);
    }

    #[test]
    fn no_rule_loses_a_contact() {
        let plan = two_days();
        let world = World::draw(&plan);
        for rule in Rule::ALL {
            let mut centre = simulate(&world, rule, &plan);
            assert_eq!(
                Outcome::evaluate(&centre).count.total(),
                world.arrivals.len(),
                "{rule:?}"
            );
            centre.finished.pop();
            assert_eq!(
                Outcome::evaluate(&centre).count.total(),
                world.arrivals.len() - 1,
                "{rule:?}"
            );
        }
    }

    #[test]
    fn with_room_and_quick_relaxation_danger_is_assigned_within_two_minutes() {
        danger_goal_is_met(&Plan {
            capacity: Some(1_000),
            relax_minutes: Some(1),
            ..two_days()
        });
    }

    #[test]
    fn the_default_settings_assign_danger_within_two_minutes() {
        danger_goal_is_met(&two_days());
    }

    #[test]
    fn the_same_seed_gives_the_same_week() {
        let plan = Plan {
            days: 1,
            ..Plan::default()
        };
        let table = || report::compare_rules(&World::draw(&plan), &plan);
        assert_eq!(table(), table());
    }
}

//! Rules that hold for every queue and every set of counsellors. `PROPTEST_CASES` sets the number of random cases.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::{collection, option, prelude::*, sample::subsequence};
use uuid::Uuid;

use crate::routing::{
    decide::{Counsellor, PassedOver, decide, obstacle},
    queue::{assign_all, next_for, place},
    settings::Routing,
    skills::{Need, Requirement, Skills, Spoken},
};

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

fn names(all: &'static [&'static str]) -> impl Strategy<Value = BTreeSet<String>> {
    subsequence(all, 0..=all.len()).prop_map(|some| some.into_iter().map(str::to_owned).collect())
}

fn name(all: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(all).prop_map(str::to_owned)
}

const TOPICS: &[&str] = &["cyberbullying", "sextortion", "gaming"];
const CHANNELS: &[&str] = &["letters", "chat", "page"];
const TEAMS: &[&str] = &["north", "south"];

fn skills() -> impl Strategy<Value = Skills> {
    let spoken = subsequence(Spoken::ALL, 0..=Spoken::ALL.len());
    (
        spoken,
        names(TOPICS),
        names(CHANNELS),
        any::<bool>(),
        option::of(0u16..9),
        option::of(0u16..3),
        any::<(bool, bool)>(),
    )
        .prop_map(
            |(languages, topics, channels, takes_danger, capacity, severe_cap, (fallback, on_break))| {
                Skills {
                    languages: languages.into_iter().collect(),
                    topics,
                    channels,
                    takes_danger,
                    capacity,
                    severe_cap,
                    fallback,
                    on_break,
                    talk_wanted: None,
                }
            },
        )
}

fn counsellor(id: u128) -> impl Strategy<Value = Counsellor> {
    (
        skills(),
        option::of(name(TEAMS)),
        any::<(bool, bool)>(),
        0u16..9,
        0u16..4,
        0u32..50,
        option::of(0i64..600),
    )
        .prop_map(
            move |(skills, team, (available, on_shift), load, severe, given_this_week, idle)| Counsellor {
                staff: Uuid::from_u128(id),
                team,
                skills,
                available,
                on_shift,
                load,
                severe,
                given_this_week,
                last_given: idle.map(|minutes| now() - TimeDelta::minutes(minutes)),
            },
        )
}

fn counsellors() -> impl Strategy<Value = Vec<Counsellor>> {
    (0usize..7).prop_flat_map(|count| (0..count as u128).map(counsellor).collect::<Vec<_>>())
}

fn need(id: u128) -> impl Strategy<Value = Need> {
    let people = || subsequence((0u128..7).collect::<Vec<_>>(), 0..3);
    (
        0i16..3,
        0i64..40,
        option::of(prop::sample::select(Spoken::ALL)),
        name(CHANNELS),
        option::of(name(TOPICS)),
        option::of(name(TEAMS)),
        people(),
        people(),
    )
        .prop_map(
            move |(urgency, waited, language, channel, topic, team, known_to, declined_by)| Need {
                contact: Uuid::from_u128(id),
                urgency,
                waiting_since: now() - TimeDelta::minutes(waited),
                language,
                channel,
                topic,
                team,
                known_to: known_to.into_iter().map(Uuid::from_u128).collect(),
                declined_by: declined_by.into_iter().map(Uuid::from_u128).collect(),
            },
        )
}

fn waiting() -> impl Strategy<Value = Vec<Need>> {
    (0usize..9).prop_flat_map(|count| (100..100 + count as u128).map(need).collect::<Vec<_>>())
}

fn routing() -> impl Strategy<Value = Routing> {
    let relax = collection::btree_map(prop::sample::select(Requirement::ALL), 0u16..30, 0..5);
    (1u16..9, 0u16..3, relax).prop_map(|(capacity, severe_cap, relax_minutes)| Routing {
        capacity,
        severe_cap,
        relax_minutes,
        ..Routing::default()
    })
}

proptest! {
    #[test]
    fn no_contact_waits_while_somebody_able_is_free(
        waiting in waiting(), mut counsellors in counsellors(), routing in routing()
    ) {
        let decided = assign_all(waiting, &mut counsellors, &routing, now());
        for (need, decision) in decided.iter().filter(|(_, decision)| decision.chosen.is_none()) {
            for one in &counsellors {
                let obstacle = obstacle(need, one, &routing, now());
                prop_assert!(obstacle.is_some());
                prop_assert!(obstacle != Some(PassedOver::OffShift) || !one.skills.fallback);
            }
            prop_assert_eq!(decision.passed_over.len(), counsellors.len());
        }
    }

    #[test]
    fn nobody_gets_what_they_cannot_take(
        waiting in waiting(), counsellors in counsellors(), routing in routing()
    ) {
        let any_danger = waiting.iter().any(Need::is_danger);
        let mut after = counsellors.clone();
        for (need, decision) in assign_all(waiting, &mut after, &routing, now()) {
            let Some(chosen) = decision.chosen else { continue };
            let one = counsellors.iter().find(|one| one.staff == chosen.staff).unwrap();
            prop_assert!(one.available && !one.skills.on_break);
            prop_assert!(one.on_shift || (one.skills.fallback && chosen.fallback));
            prop_assert!(need.is_danger() || chosen.load + routing.weight(&need.channel) <= one.capacity(&routing));
            prop_assert!(!need.declined_by.contains(&one.staff));
            let relaxed = need.relaxed(&routing, now());
            for requirement in Requirement::ALL {
                prop_assert!(
                    relaxed.contains(requirement)
                        || need.is_met(*requirement, &one.skills, one.team.as_deref())
                );
            }
        }
        for (before, after) in counsellors.iter().zip(&after) {
            // Only danger exceeds the capacity and the cap.
            prop_assert!(any_danger || after.load == before.load || after.load <= after.capacity(&routing));
            let cap = after.skills.severe_cap.unwrap_or(routing.severe_cap);
            prop_assert!(any_danger || cap == 0 || after.severe == before.severe || after.severe <= cap);
        }
    }

    #[test]
    fn the_same_facts_give_the_same_decisions(
        waiting in waiting(), counsellors in counsellors(), routing in routing(), turn in 0usize..7
    ) {
        let turned = |mut all: Vec<Counsellor>| {
            let by = turn % all.len().max(1);
            all.rotate_left(by);
            all
        };
        let mut reversed = waiting.clone();
        reversed.reverse();
        prop_assert_eq!(
            assign_all(waiting, &mut counsellors.clone(), &routing, now()),
            assign_all(reversed, &mut turned(counsellors), &routing, now())
        );
    }

    #[test]
    fn nobody_with_the_same_need_is_overtaken(
        waiting in waiting(), mut counsellors in counsellors(), routing in routing()
    ) {
        let same = |a: &Need, b: &Need| {
            Need { contact: a.contact, waiting_since: a.waiting_since, ..b.clone() } == *a
        };
        let decided = assign_all(waiting, &mut counsellors, &routing, now());
        for (first, decision) in &decided {
            for (later, other) in &decided {
                if decision.chosen.is_none() && same(first, later) && place(first) < place(later) {
                    // A later contact has relaxed no requirement that the earlier one has not.
                    prop_assert!(other.chosen.is_none());
                }
            }
        }
    }

    /// Requirements relax and capacity is freed, so every person gets a counsellor in the end, regardless of how many more urgent contacts
    /// arrive.
    #[test]
    fn everybody_is_served_when_capacity_is_freed(waiting in waiting(), mut one in counsellor(0)) {
        one.available = true;
        one.on_shift = true;
        one.skills = Skills { capacity: Some(2), on_break: false, severe_cap: Some(0), ..one.skills };
        let routing = Routing::default();
        let mut left = waiting.into_iter().map(|mut need| { need.declined_by.clear(); need }).collect::<Vec<_>>();
        let mut time = now() + TimeDelta::minutes(15);
        for _ in 0..left.len() {
            one.load = 0;
            let next = decide_first(&left, &one, &routing, time);
            prop_assert_eq!(next, next_for(&left, &one, &routing, time));
            left.retain(|need| Some(need.contact) != next);
            time += TimeDelta::minutes(1);
        }
        prop_assert!(left.is_empty());
    }
}

fn decide_first(waiting: &[Need], one: &Counsellor, routing: &Routing, now: DateTime<Utc>) -> Option<Uuid> {
    let mut waiting: Vec<_> = waiting.iter().collect();
    waiting.sort_by_key(|need| place(need));
    let first = waiting.first()?;
    decide(first, std::slice::from_ref(one), routing, now)
        .chosen
        .map(|_| first.contact)
}

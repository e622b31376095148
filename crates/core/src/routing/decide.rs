//! Decides which counsellor gets a contact.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::routing::{
    settings::{Mode, Routing},
    skills::{Match, Need, Requirement, Skills},
};

/// A counsellor who is considered for contacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counsellor {
    /// The counsellor's staff id.
    pub staff: Uuid,
    /// The counsellor's team.
    pub team: Option<String>,
    /// What the counsellor can do.
    pub skills: Skills,
    /// Whether the counsellor is available, see [`crate::routing::availability::Availability`].
    pub available: bool,
    /// Whether the counsellor is on shift. `true` if the centre has no shift plan.
    pub on_shift: bool,
    /// The counsellor's load in points.
    pub load: u16,
    /// The number of severe contacts (urgent or in danger) that the counsellor got in the last twelve hours.
    pub severe: u16,
    /// The number of contacts that the counsellor got automatically in the last seven days.
    pub given_this_week: u32,
    /// When a contact was last assigned or offered to the counsellor automatically. `None`: never.
    pub last_given: Option<DateTime<Utc>>,
}

/// Why a counsellor does not get a contact.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PassedOver {
    /// The counsellor is away.
    Away,
    /// The counsellor takes a break.
    Break,
    /// The counsellor's shift is not now.
    OffShift,
    /// The mode of the counsellor's team is `pull`: its counsellors get contacts only by asking for the next one.
    Pull,
    /// The counsellor declined the contact or did not accept it in time.
    Declined,
    /// The counsellor does not speak the language.
    Language,
    /// The counsellor does not know the topic.
    Topic,
    /// The counsellor does not answer on the channel.
    Channel,
    /// The counsellor belongs to another team.
    Team,
    /// The counsellor takes no contacts in danger.
    Danger,
    /// The contact would exceed the counsellor's capacity. This is no reason if the contact is in danger.
    Capacity,
    /// The counsellor got the maximum number of severe contacts in the last twelve hours.
    SevereCap,
    /// The counsellor could take the contact, but another counsellor comes first.
    NotFirst,
}

crate::named!(PassedOver);

impl From<Requirement> for PassedOver {
    fn from(requirement: Requirement) -> Self {
        match requirement {
            Requirement::Language => Self::Language,
            Requirement::Topic => Self::Topic,
            Requirement::Channel => Self::Channel,
            Requirement::Team => Self::Team,
            Requirement::Danger => Self::Danger,
        }
    }
}

/// The counsellor who gets a contact, and the facts that led to the choice. The facts are stored with the decision and shown in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Chosen {
    /// The counsellor's staff id.
    pub staff: Uuid,
    /// The requirements that the counsellor meets through a recorded skill or through membership of a team.
    pub matches: Vec<Match>,
    /// Whether the counsellor answered this person before.
    pub knows_person: bool,
    /// The counsellor's load before this contact, in points.
    pub load: u16,
    /// The counsellor's capacity, in points.
    pub capacity: u16,
    /// Minutes since the counsellor last got a contact automatically. `None`: never.
    pub idle_minutes: Option<i64>,
    /// Whether the counsellor was chosen as a member of the fallback group.
    pub fallback: bool,
    /// The requirements that no longer hold because the person has waited too long.
    pub relaxed: Vec<Requirement>,
}

/// The decision about a contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Decision {
    /// The counsellor who gets the contact. `None`: the contact goes on waiting.
    pub chosen: Option<Chosen>,
    /// Each counsellor who does not get the contact, with the reason, in the order of staff ids.
    pub passed_over: Vec<(Uuid, PassedOver)>,
}

/// Decides which counsellor gets a contact.
///
/// A counsellor is eligible if [`obstacle`] returns `None`. The eligible counsellors are compared by these criteria, in this order: who
/// answered the person before, who has the best match of skills, who has the lowest load relative to the capacity, who has been idle
/// longest, and who got the fewest contacts in the last seven days. The first criterion in which two counsellors differ decides between
/// them. If no counsellor is eligible, the members of the fallback group for whom the shift is the only obstacle are compared by the same
/// criteria.
#[must_use]
pub fn decide(need: &Need, counsellors: &[Counsellor], routing: &Routing, now: DateTime<Utc>) -> Decision {
    let obstacles: Vec<_> = counsellors
        .iter()
        .map(|one| (one, obstacle(need, one, routing, now)))
        .collect();
    let on_shift = obstacles.iter().filter(|(_, obstacle)| obstacle.is_none());
    let fallback = obstacles
        .iter()
        .filter(|(one, obstacle)| one.skills.fallback && *obstacle == Some(PassedOver::OffShift));
    let first = |one: &&Counsellor| rank(need, one, routing);
    let chosen = on_shift
        .map(|(one, _)| *one)
        .min_by_key(first)
        .map(|one| (one, false));
    let chosen = chosen.or_else(|| {
        fallback
            .map(|(one, _)| *one)
            .min_by_key(first)
            .map(|one| (one, true))
    });
    let mut passed_over: Vec<(Uuid, PassedOver)> = obstacles
        .iter()
        .filter(|(one, _)| chosen.is_none_or(|(chosen, _)| chosen.staff != one.staff))
        .map(|(one, obstacle)| (one.staff, obstacle.unwrap_or(PassedOver::NotFirst)))
        .collect();
    passed_over.sort_unstable_by_key(|(staff, _)| *staff);
    Decision {
        chosen: chosen.map(|(one, fallback)| facts(need, one, fallback, routing, now)),
        passed_over,
    }
}

/// Returns the first reason why a counsellor cannot get a contact automatically. `None`: the counsellor can.
///
/// [`PassedOver::OffShift`] is checked last. It therefore means that the shift is the only reason.
#[must_use]
pub fn obstacle(
    need: &Need,
    counsellor: &Counsellor,
    routing: &Routing,
    now: DateTime<Utc>,
) -> Option<PassedOver> {
    if let Some(unable) = inability(need, counsellor, routing, now) {
        return Some(unable);
    }
    if routing.mode_of(counsellor.team.as_deref()) == Mode::Pull {
        return Some(PassedOver::Pull);
    }
    (!counsellor.on_shift).then_some(PassedOver::OffShift)
}

/// Returns the first reason why a counsellor cannot take a contact, not even by asking for it. `None`: there is no such reason.
#[must_use]
pub fn inability(
    need: &Need,
    counsellor: &Counsellor,
    routing: &Routing,
    now: DateTime<Utc>,
) -> Option<PassedOver> {
    let skills = &counsellor.skills;
    if !counsellor.available {
        return Some(PassedOver::Away);
    }
    if skills.on_break {
        return Some(PassedOver::Break);
    }
    if need.declined_by.contains(&counsellor.staff) {
        return Some(PassedOver::Declined);
    }
    let relaxed = need.relaxed(routing, now);
    let unmet = Requirement::ALL.iter().find(|requirement| {
        !relaxed.contains(requirement) && !need.is_met(**requirement, skills, counsellor.team.as_deref())
    });
    if let Some(unmet) = unmet {
        return Some((*unmet).into());
    }
    // The capacity and the limit of severe contacts protect counsellors from too much work. Neither applies to a contact in danger.
    if need.is_danger() {
        return None;
    }
    let load = counsellor.load.saturating_add(routing.weight(&need.channel));
    if load > counsellor.capacity(routing) {
        return Some(PassedOver::Capacity);
    }
    let cap = skills.severe_cap.unwrap_or(routing.severe_cap);
    if need.is_severe() && cap > 0 && counsellor.severe >= cap {
        return Some(PassedOver::SevereCap);
    }
    None
}

impl Counsellor {
    /// Returns the maximum load in points.
    #[must_use]
    pub fn capacity(&self, routing: &Routing) -> u16 {
        self.skills.capacity.unwrap_or(routing.capacity)
    }

    /// Counts a contact that the counsellor gets at `now`.
    pub fn give(&mut self, need: &Need, routing: &Routing, now: DateTime<Utc>) {
        self.load = self.load.saturating_add(routing.weight(&need.channel));
        self.severe = self.severe.saturating_add(u16::from(need.is_severe()));
        self.given_this_week = self.given_this_week.saturating_add(1);
        self.last_given = Some(now);
    }
}

/// Returns the rank of a counsellor among the eligible counsellors. The smallest rank comes first.
fn rank(need: &Need, counsellor: &Counsellor, routing: &Routing) -> impl Ord + use<> {
    let capacity = u64::from(counsellor.capacity(routing).max(1));
    (
        Reverse(need.known_to.contains(&counsellor.staff)),
        Reverse(need.matches(&counsellor.skills, counsellor.team.as_deref()).len()),
        // The share of the capacity that is used, in units of 1/65,536.
        u64::from(counsellor.load) * 65_536 / capacity,
        counsellor.last_given,
        counsellor.given_this_week,
        counsellor.staff,
    )
}

fn facts(need: &Need, one: &Counsellor, fallback: bool, routing: &Routing, now: DateTime<Utc>) -> Chosen {
    let relaxed = need.relaxed(routing, now);
    Chosen {
        staff: one.staff,
        matches: need.matches(&one.skills, one.team.as_deref()),
        knows_person: need.known_to.contains(&one.staff),
        load: one.load,
        capacity: one.capacity(routing),
        idle_minutes: one.last_given.map(|at| (now - at).num_minutes().max(0)),
        fallback,
        relaxed: relaxed
            .into_iter()
            .filter(|requirement| !need.is_met(*requirement, &one.skills, one.team.as_deref()))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono::TimeDelta;

    use super::*;
    use crate::routing::skills::Spoken;

    fn now() -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
    }

    fn someone(id: u128) -> Counsellor {
        Counsellor {
            staff: Uuid::from_u128(id),
            team: None,
            skills: Skills::default(),
            available: true,
            on_shift: true,
            load: 0,
            severe: 0,
            given_this_week: 0,
            last_given: None,
        }
    }

    fn need() -> Need {
        Need {
            contact: Uuid::from_u128(100),
            urgency: 0,
            waiting_since: now(),
            language: Some(Spoken::Serbian),
            channel: "letters".to_owned(),
            topic: Some("cyberbullying".to_owned()),
            team: None,
            known_to: BTreeSet::new(),
            declined_by: BTreeSet::new(),
        }
    }

    fn chosen(need: &Need, counsellors: &[Counsellor]) -> Option<u128> {
        let decision = decide(need, counsellors, &Routing::default(), now());
        decision.chosen.map(|chosen| chosen.staff.as_u128())
    }

    #[test]
    fn who_knows_the_person_comes_before_the_best_match_and_the_lowest_load() {
        let mut all = [someone(1), someone(2), someone(3)];
        all[1].skills.topics.insert("cyberbullying".to_owned());
        all[1].load = 5;
        all[2].load = 9;
        let mut need = need();
        assert_eq!(chosen(&need, &all), Some(2), "best match");
        need.known_to.insert(Uuid::from_u128(3));
        assert_eq!(chosen(&need, &all), Some(3), "knows the person");
        need.known_to.clear();
        need.topic = None;
        assert_eq!(chosen(&need, &all), Some(1), "lowest load");
    }

    #[test]
    fn load_is_compared_relative_to_capacity_then_idle_time_decides() {
        let mut all = [someone(1), someone(2)];
        all[0].load = 2;
        all[0].skills.capacity = Some(4);
        all[1].load = 3;
        assert_eq!(chosen(&need(), &all), Some(2), "3 of 12 is less than 2 of 4");
        all[1].load = 6;
        all[0].last_given = Some(now() - TimeDelta::minutes(5));
        all[1].last_given = Some(now() - TimeDelta::minutes(9));
        assert_eq!(
            chosen(&need(), &all),
            Some(2),
            "both are half full; 2 is idle for longer"
        );
    }

    #[test]
    fn danger_waits_for_no_room_and_for_no_skill_longer_than_a_minute() {
        let mut full = someone(1);
        full.load = 12;
        full.skills.languages.insert(Spoken::English);
        let mut need = need();
        need.urgency = 2;
        assert_eq!(
            chosen(&need, std::slice::from_ref(&full)),
            None,
            "another language"
        );
        need.waiting_since -= TimeDelta::minutes(1);
        assert_eq!(chosen(&need, std::slice::from_ref(&full)), Some(1));
        need.urgency = 1;
        assert_eq!(chosen(&need, &[full]), None, "urgent contacts need room");
    }

    #[test]
    fn the_fallback_group_gets_what_nobody_on_shift_can_take() {
        let mut all = [someone(1), someone(2)];
        all[0].available = false;
        all[1].on_shift = false;
        assert_eq!(chosen(&need(), &all), None);
        all[1].skills.fallback = true;
        assert_eq!(chosen(&need(), &all), Some(2));
        all[0].available = true;
        assert_eq!(chosen(&need(), &all), Some(1), "somebody on shift comes first");
    }

    #[test]
    fn a_requirement_relaxes_after_its_time_and_the_decision_says_so() {
        let mut english = someone(1);
        english.skills.languages.insert(Spoken::English);
        let mut need = need();
        let decision = decide(&need, &[english.clone()], &Routing::default(), now());
        assert_eq!(decision.passed_over, [(english.staff, PassedOver::Language)]);
        need.waiting_since -= TimeDelta::minutes(15);
        let chosen = decide(&need, &[english], &Routing::default(), now())
            .chosen
            .unwrap();
        assert_eq!(chosen.relaxed, [Requirement::Language]);
    }
}

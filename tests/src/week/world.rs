//! The simulated world: who writes when, and who works when. It is drawn once from the seed and is the same for every rule.
//!
//! The clock of the simulation shows local time.

use std::{collections::BTreeSet, ops::Range};

use chrono::{DateTime, TimeDelta, Utc};
use hotline_core::routing::{
    settings::Routing,
    skills::{DANGER, Skills, Spoken},
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use uuid::Uuid;

use super::Plan;

/// The start of every simulated week: Monday, 5 January 2026, at midnight.
const START: i64 = 1_767_571_200;
/// Relative number of contacts by hour of the day.
const HOURS: [f64; 24] = [
    2.0, 1.0, 1.0, 0.5, 0.5, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 5.0, 6.0, 7.0, 9.0, 10.0, 10.0, 10.0, 9.0, 9.0,
    9.0, 7.0, 5.0, 3.0,
];
/// Relative number of contacts by weekday, Monday first.
const WEEKDAYS: [f64; 7] = [1.1, 1.0, 1.0, 1.0, 0.9, 0.8, 1.0];
/// The shifts of each day: first hour and length in hours. The counsellors take them in turn.
const SHIFTS: [(i64, i64); 7] = [(6, 8), (9, 8), (13, 8), (14, 8), (14, 8), (13, 8), (22, 8)];
/// The number of counsellors.
const COUNSELLORS: u8 = 10;
/// The counsellor who is absent, and on which days.
const ABSENT: (u8, [i64; 2]) = (3, [2, 3]);
/// The topics that a form offers.
const TOPICS: [&str; 5] = ["bullying", "family", "health", "internet", "violence"];
/// The messages of the flood, and on which day and in which hour it starts.
const FLOOD: (u32, i64, i64) = (300, 3, 15);
/// The spread of the log-normal times.
const SPREAD: f64 = 0.6;

/// The channel of a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// E-mail.
    Mail,
    /// The web form.
    Form,
    /// The first chat.
    Telegram,
    /// The second chat.
    Discord,
}

impl Channel {
    /// The name of the channel in a need.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "email",
            Self::Form => "webform",
            Self::Telegram => "telegram",
            Self::Discord => "discord",
        }
    }

    const fn is_chat(self) -> bool {
        matches!(self, Self::Telegram | Self::Discord)
    }

    fn draw(rng: &mut StdRng) -> Self {
        match rng.random_range(0..20) {
            0..6 => Self::Mail,
            6..11 => Self::Form,
            11..16 => Self::Telegram,
            _ => Self::Discord,
        }
    }

    /// The median minutes of work for the first reply.
    const fn handling_minutes(self) -> f64 {
        if self.is_chat() { 12.0 } else { 8.0 }
    }

    /// The median minutes after which a person who writes again does so.
    const fn again_minutes(self) -> f64 {
        if self.is_chat() { 3.0 } else { 120.0 }
    }
}

/// One message of a person with the work that it causes.
#[derive(Debug, Clone)]
pub struct Round {
    /// How long a counsellor works on the reply.
    pub handling: TimeDelta,
    /// How long after the reply the person writes again. `None`: the person does not.
    pub again_after: Option<TimeDelta>,
}

/// A contact that begins in the week.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The contact.
    pub id: Uuid,
    /// When the first message arrives.
    pub at: DateTime<Utc>,
    /// The urgency as in [`hotline_core::routing::skills::Need`].
    pub urgency: i16,
    /// The channel.
    pub channel: Channel,
    /// The language.
    pub language: Spoken,
    /// The topic; only forms ask for it.
    pub topic: Option<&'static str>,
    /// Whether a robot sent the message, as a part of the flood.
    pub robot: bool,
    /// The message and those that follow the replies.
    pub rounds: Vec<Round>,
}

/// What a counsellor does at the end of a shift.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Habit {
    /// Switches to "off duty" and logs out.
    SwitchesOff,
    /// Logs out and stays on duty.
    LogsOut,
    /// Closes the laptop and does nothing else.
    ClosesLaptop,
}

/// One shift of a counsellor.
#[derive(Debug, Clone)]
pub struct Shift {
    /// When the counsellor is at work.
    pub time: Range<DateTime<Utc>>,
    /// When the counsellor takes a break.
    pub pause: Range<DateTime<Utc>>,
}

/// A counsellor of the simulated centre.
#[derive(Debug, Clone)]
pub struct Member {
    /// The staff id.
    pub id: Uuid,
    /// The name in the report.
    pub name: String,
    /// What the counsellor can do.
    pub skills: Skills,
    /// How the counsellor leaves.
    pub habit: Habit,
    /// The shifts that the counsellor works.
    pub shifts: Vec<Shift>,
    /// When the counsellor does something at the desk beside beginning and finishing replies, as far as the counsellor is there.
    pub actions: Vec<DateTime<Utc>>,
}

/// The arrivals and the staff of one week.
#[derive(Debug, Clone)]
pub struct World {
    /// The simulated time.
    pub time: Range<DateTime<Utc>>,
    /// The settings of the product's rule.
    pub routing: Routing,
    /// The contacts in the order of their arrival.
    pub arrivals: Vec<Arrival>,
    /// The counsellors.
    pub staff: Vec<Member>,
}

impl World {
    /// Draws a world.
    #[must_use]
    pub fn draw(plan: &Plan) -> Self {
        let start = DateTime::UNIX_EPOCH + TimeDelta::seconds(START);
        let mut rng = StdRng::seed_from_u64(plan.seed);
        let mut routing = Routing::default();
        for chat in [Channel::Telegram, Channel::Discord] {
            routing.weights.insert(chat.as_str().to_owned(), 2);
        }
        routing.capacity = plan.capacity.unwrap_or(routing.capacity);
        for minutes in routing.relax_minutes.values_mut() {
            *minutes = plan.relax_minutes.unwrap_or(*minutes);
        }
        let staff = (0..COUNSELLORS)
            .map(|number| draw_member(&mut rng, number, plan.days, start))
            .collect();
        Self {
            time: start..start + TimeDelta::days(plan.days),
            routing,
            arrivals: draw_arrivals(&mut rng, plan, start),
            staff,
        }
    }
}

fn draw_arrivals(rng: &mut StdRng, plan: &Plan, start: DateTime<Utc>) -> Vec<Arrival> {
    let hours: Vec<(DateTime<Utc>, f64)> = (0..plan.days)
        .zip(WEEKDAYS.iter().cycle())
        .flat_map(|(day, weekday)| {
            let hour = move |(hour, weight): (i64, &f64)| {
                (start + TimeDelta::hours(day * 24 + hour), weight * weekday)
            };
            (0..).zip(&HOURS).map(hour)
        })
        .collect();
    let total: f64 = hours.iter().map(|(_, weight)| weight).sum();
    let mut arrivals = Vec::new();
    let within = |rng: &mut StdRng, seconds| TimeDelta::seconds(rng.random_range(0..seconds));
    for _ in 0..plan.contacts * plan.days.unsigned_abs() / 7 {
        let mut left = rng.random_range(0.0..total);
        let hour = hours.iter().find(|(_, weight)| {
            left -= weight;
            left < 0.0
        });
        let hour = hour.map_or(start, |(hour, _)| *hour);
        let urgency = i16::from(rng.random_bool(0.12));
        let at = hour + within(rng, 3_600);
        arrivals.push(draw_arrival(rng, at, urgency));
    }
    for (hour, _) in &hours {
        let at = *hour + within(rng, 3_600);
        arrivals.push(draw_arrival(rng, at, DANGER));
    }
    let (robots, day, hour) = FLOOD;
    if day < plan.days {
        for _ in 0..robots {
            let at = start + TimeDelta::hours(day * 24 + hour) + within(rng, 1_200);
            arrivals.push(draw_robot(rng, at));
        }
    }
    arrivals.sort_by_key(|arrival| arrival.at);
    // Ids in the order of arrival, as the product assigns them.
    for (number, arrival) in (1..).zip(&mut arrivals) {
        arrival.id = Uuid::from_u128(number);
    }
    arrivals
}

fn draw_arrival(rng: &mut StdRng, at: DateTime<Utc>, urgency: i16) -> Arrival {
    let channel = Channel::draw(rng);
    let english = rng.random_bool(0.1);
    let topic = TOPICS.get(rng.random_range(0..TOPICS.len())).copied();
    let mut rounds = Vec::new();
    let mut writes = true;
    while writes {
        // Later replies of the same conversation take half the time.
        let share = if rounds.is_empty() { 1.0 } else { 0.5 };
        let handling = log_normal(rng, channel.handling_minutes() * share);
        let pause = log_normal(rng, channel.again_minutes());
        writes = rng.random_bool(0.4);
        rounds.push(Round {
            handling,
            again_after: writes.then_some(pause),
        });
    }
    Arrival {
        id: Uuid::nil(),
        at,
        urgency,
        channel,
        language: if english { Spoken::English } else { Spoken::Serbian },
        topic: topic.filter(|_| channel == Channel::Form),
        robot: false,
        rounds,
    }
}

/// A message of the flood. A counsellor sees what it is and closes it with a short reply.
fn draw_robot(rng: &mut StdRng, at: DateTime<Utc>) -> Arrival {
    Arrival {
        id: Uuid::nil(),
        at,
        urgency: 0,
        channel: Channel::Form,
        language: Spoken::Serbian,
        topic: None,
        robot: true,
        rounds: vec![Round {
            handling: log_normal(rng, 1.0),
            again_after: None,
        }],
    }
}

fn draw_member(rng: &mut StdRng, number: u8, days: i64, start: DateTime<Utc>) -> Member {
    let every = i64::from(COUNSELLORS);
    let per_day = SHIFTS.len() as i64;
    let (absent, absent_days) = ABSENT;
    let mut shifts = Vec::new();
    // The night shift before the first day ends in the simulated time.
    for day in -1..days {
        for (place, (hour, length)) in (0..).zip(SHIFTS) {
            if (day * per_day + place).rem_euclid(every) != i64::from(number) {
                continue;
            }
            if number == absent && absent_days.contains(&day) {
                continue;
            }
            let from = start + TimeDelta::hours(day * 24 + hour);
            let pause = from + TimeDelta::minutes(rng.random_range(180..270));
            shifts.push(Shift {
                time: from..from + TimeDelta::hours(length),
                pause: pause..pause + TimeDelta::minutes(30),
            });
        }
    }
    let languages = if number.is_multiple_of(5) {
        BTreeSet::from([Spoken::Serbian, Spoken::English])
    } else {
        BTreeSet::from([Spoken::Serbian])
    };
    // Each counsellor knows three of the five topics.
    let topics = TOPICS.iter().cycle().skip(number.into()).take(3);
    Member {
        id: Uuid::from_u128(1_000_000 + u128::from(number)),
        name: format!("counsellor {}", number + 1),
        skills: Skills {
            languages,
            topics: topics.map(|topic| (*topic).to_owned()).collect(),
            takes_danger: !matches!(number, 2 | 4 | 7),
            ..Skills::default()
        },
        habit: match number {
            1 => Habit::LogsOut,
            6 => Habit::ClosesLaptop,
            _ => Habit::SwitchesOff,
        },
        actions: draw_actions(rng, days, start),
        shifts,
    }
}

/// Actions come on average every three minutes; one pause in thirty is longer than ten minutes.
fn draw_actions(rng: &mut StdRng, days: i64, start: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let mut at = start - TimeDelta::days(1);
    let mut actions = Vec::new();
    while at < start + TimeDelta::days(days) {
        let pause = -180.0 * (1.0 - rng.random::<f64>()).ln();
        at += TimeDelta::milliseconds((pause * 1_000.0) as i64);
        actions.push(at);
    }
    actions
}

fn log_normal(rng: &mut StdRng, median_minutes: f64) -> TimeDelta {
    // Box–Muller.
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    let normal = radius * (std::f64::consts::TAU * rng.random::<f64>()).cos();
    let minutes = median_minutes * (SPREAD * normal).exp();
    TimeDelta::seconds((minutes * 60.0) as i64)
}

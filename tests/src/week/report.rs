//! What a simulated week shows, as a table.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use chrono::TimeDelta;
use hotline_core::routing::skills::DANGER;

use super::{Plan, centre::Centre, desk::Contact, rules::Rule, simulate, world::World};

/// Within this time a danger message is assigned to somebody, if anybody is available.
const DANGER_GOAL: TimeDelta = TimeDelta::minutes(2);

/// How long persons waited.
#[derive(Debug, Clone)]
pub struct Waits {
    /// Who waited.
    pub label: &'static str,
    /// How many persons waited.
    pub count: usize,
    /// How many have no reply at the end.
    pub unanswered: usize,
    sorted: Vec<TimeDelta>,
}

impl Waits {
    fn new(label: &'static str, waits: impl IntoIterator<Item = TimeDelta>, unanswered: usize) -> Self {
        let mut sorted: Vec<TimeDelta> = waits.into_iter().collect();
        sorted.sort_unstable();
        Self {
            label,
            count: sorted.len(),
            unanswered,
            sorted,
        }
    }

    /// The time from the arrival to the first reply. Persons without a reply count with the time until the end.
    fn of_first_replies(
        label: &'static str,
        centre: &Centre<'_>,
        includes: impl Fn(&Contact<'_>) -> bool,
    ) -> Self {
        let contacts: Vec<&Contact<'_>> = centre.contacts().filter(|contact| includes(contact)).collect();
        let end = centre.world.time.end;
        let waits = contacts
            .iter()
            .map(|contact| contact.first_reply.unwrap_or(end) - contact.arrival.at);
        let unanswered = contacts
            .iter()
            .filter(|contact| contact.first_reply.is_none())
            .count();
        Self::new(label, waits, unanswered)
    }

    /// The time within which this share of the persons, in percent, had waited enough (nearest rank).
    #[must_use]
    pub fn percentile(&self, percent: usize) -> TimeDelta {
        let rank = (self.count * percent).div_ceil(100);
        let wait = self.sorted.get(rank.saturating_sub(1));
        wait.copied().unwrap_or(TimeDelta::zero())
    }
}

/// Where the contacts are at the end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Different contacts that have a reply and wait for no further one.
    pub answered: usize,
    /// Different contacts that wait without an assignee.
    pub waiting: usize,
    /// Different contacts that wait for their assignee.
    pub assigned: usize,
    /// Different contacts in quarantine.
    pub quarantined: usize,
}

impl Count {
    fn take(centre: &Centre<'_>) -> Self {
        fn different<'all>(contacts: impl Iterator<Item = &'all Contact<'all>>) -> usize {
            contacts
                .map(|contact| contact.arrival.id)
                .collect::<BTreeSet<_>>()
                .len()
        }
        let desks = || centre.desks.iter();
        let answered = desks().flat_map(|desk| &desk.answered);
        let answered = answered.chain(&centre.finished);
        Self {
            answered: different(answered.filter(|contact| contact.first_reply.is_some())),
            waiting: different(centre.queue.iter()),
            assigned: different(desks().flat_map(|desk| &desk.waiting)),
            quarantined: different(centre.quarantined.iter()),
        }
    }

    /// The number of all contacts.
    #[must_use]
    pub const fn total(self) -> usize {
        self.answered + self.waiting + self.assigned + self.quarantined
    }
}

/// The assignment of danger messages to counsellors who are available.
#[derive(Debug, Clone)]
pub struct Danger {
    /// The wait until the assignment, counting only the time in which anybody was available.
    pub waits: Waits,
    /// The messages for which this wait is longer than two minutes.
    pub late: usize,
    /// The minutes of all late messages by what kept the closest available counsellor from getting them.
    pub late_by: BTreeMap<&'static str, i64>,
}

impl Danger {
    fn measure(
        label: &'static str,
        centre: &Centre<'_>,
        stalled: impl Fn(&Contact<'_>) -> TimeDelta,
    ) -> Self {
        let danger = centre
            .contacts()
            .filter(|contact| contact.arrival.urgency == DANGER);
        let waits = Waits::new(label, danger.map(&stalled), 0);
        let late = waits.sorted.iter().filter(|wait| **wait > DANGER_GOAL).count();
        let mut by = BTreeMap::new();
        for contact in centre.contacts().filter(|contact| stalled(contact) > DANGER_GOAL) {
            for (reason, time) in &contact.stalled_by {
                *by.entry(*reason).or_insert_with(TimeDelta::zero) += *time;
            }
        }
        Self {
            waits,
            late,
            late_by: by
                .into_iter()
                .map(|(reason, time)| (reason, time.num_minutes()))
                .collect(),
        }
    }

    fn meets_goal(&self) -> bool {
        self.late == 0 && self.waits.percentile(95) < DANGER_GOAL
    }
}

/// What a simulated week shows.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The waits by urgency, and those after a reply.
    pub waits: Vec<Waits>,
    /// Where the contacts are at the end.
    pub count: Count,
    /// The danger messages, while anybody was available.
    pub danger: Danger,
    /// The danger messages, while somebody was available who speaks the person's language.
    pub danger_able: Danger,
    /// The name of each counsellor, and the number of contacts given.
    pub given: Vec<(String, u32)>,
    /// How often a contact returned to the queue.
    pub returns: u32,
    /// How often a contact returned while its assignee wrote the reply.
    pub interrupted: u32,
    /// The number of passes of the product's rule.
    pub passes: u32,
}

impl Outcome {
    /// Evaluates a simulated week.
    #[must_use]
    pub fn evaluate(centre: &Centre<'_>) -> Self {
        let urgency = |label, urgency| {
            Waits::of_first_replies(label, centre, move |contact| {
                contact.arrival.urgency == urgency && !is_quarantined(centre, contact)
            })
        };
        let people = Waits::of_first_replies("ordinary, persons only", centre, |contact| {
            contact.arrival.urgency == 0 && !contact.arrival.robot
        });
        let desks = || centre.desks.iter();
        let end = centre.world.time.end;
        let open: Vec<TimeDelta> = desks()
            .flat_map(|desk| &desk.waiting)
            .chain(&centre.queue)
            .filter(|contact| contact.replies > 0)
            .map(|contact| end - contact.waiting_since)
            .collect();
        let later = centre.later_waits.iter().chain(&open).copied();
        let later = Waits::new("after writing again", later, open.len());
        Self {
            waits: vec![
                urgency("ordinary", 0),
                people,
                urgency("urgent", 1),
                urgency("danger", DANGER),
                later,
            ],
            count: Count::take(centre),
            danger: Danger::measure("anybody", centre, |contact| contact.stalled),
            danger_able: Danger::measure("somebody with the language", centre, |contact| {
                contact.stalled_able
            }),
            given: desks()
                .map(|desk| (desk.member.name.clone(), desk.given))
                .collect(),
            returns: centre.returns,
            interrupted: desks().map(|desk| desk.interrupted).sum(),
            passes: centre.passes,
        }
    }

    /// Whether every danger message was assigned to somebody available within two minutes, not counting the time in which nobody was.
    #[must_use]
    pub fn meets_danger_goal(&self) -> bool {
        self.danger.meets_goal()
    }
}

fn is_quarantined(centre: &Centre<'_>, contact: &Contact<'_>) -> bool {
    let id = contact.arrival.id;
    centre.quarantined.iter().any(|one| one.arrival.id == id)
}

/// The printed table, and whether the product passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The table in Markdown.
    pub text: String,
    /// What went wrong.
    pub failures: Vec<String>,
}

/// Simulates the world under each rule and compares the outcomes.
#[must_use]
pub fn compare_rules(world: &World, plan: &Plan) -> Table {
    let outcomes: Vec<(Rule, Outcome)> = Rule::ALL
        .into_iter()
        .map(|rule| (rule, Outcome::evaluate(&simulate(world, rule, plan))))
        .collect();
    let mut failures = Vec::new();
    for (rule, outcome) in &outcomes {
        let (found, arrived) = (outcome.count.total(), world.arrivals.len());
        if found != arrived {
            failures.push(format!(
                "{}: {found} of {arrived} contacts are answered, waiting or assigned",
                rule.name()
            ));
        }
        if *rule == Rule::Product && !outcome.meets_danger_goal() {
            failures.push(format!(
                "{}: {} danger messages waited longer than two minutes while somebody was available",
                rule.name(),
                outcome.danger.late
            ));
        }
    }
    Table {
        text: render(&outcomes, world, plan),
        failures,
    }
}

fn render(outcomes: &[(Rule, Outcome)], world: &World, plan: &Plan) -> String {
    let robots = world.arrivals.iter().filter(|arrival| arrival.robot).count();
    let quarantine = if plan.quarantine {
        "quarantined under (a)"
    } else {
        "routed like ordinary messages"
    };
    let mut text = format!(
        "Seed {}, {} days, {} arrivals, {robots} of them from robots ({quarantine}).\n\n",
        plan.seed,
        plan.days,
        world.arrivals.len()
    );
    text += "| minutes until the reply | rule | count | p50 | p95 | max | unanswered |\n|---|---|---|---|---|---|---|\n";
    let kinds = outcomes.first().map_or(0, |(_, outcome)| outcome.waits.len());
    for kind in 0..kinds {
        for (rule, outcome) in outcomes {
            let Some(waits) = outcome.waits.get(kind) else {
                continue;
            };
            let [p50, p95, max] = [50, 95, 100].map(|percent| format_minutes(waits.percentile(percent)));
            let row = [
                waits.label.to_owned(),
                rule.name().to_owned(),
                waits.count.to_string(),
                p50,
                p95,
                max,
                waits.unanswered.to_string(),
            ];
            push_row(&mut text, &row);
        }
    }
    text += "\n| contacts given |";
    for (rule, _) in outcomes {
        let _ = write!(text, " {} | share |", rule.name());
    }
    text += "\n|---|---|---|---|---|---|---|\n";
    for (place, member) in world.staff.iter().enumerate() {
        let cells = outcomes.iter().flat_map(|(_, outcome)| {
            let all: u32 = outcome.given.iter().map(|(_, given)| given).sum();
            let given = outcome.given.get(place).map_or(0, |(_, given)| *given);
            let share = 100.0 * f64::from(given) / f64::from(all.max(1));
            [given.to_string(), format!("{share:.1} %")]
        });
        let row: Vec<String> = std::iter::once(member.name.clone()).chain(cells).collect();
        push_row(&mut text, &row);
    }
    text += "\n| what |";
    for (rule, _) in outcomes {
        let _ = write!(text, " {} |", rule.name());
    }
    text += "\n|---|---|---|---|\n";
    type Cell = fn(&Outcome) -> String;
    let facts: [(&str, Cell); 8] = [
        ("returns to the queue", |outcome| outcome.returns.to_string()),
        ("returns while the reply was written", |outcome| {
            outcome.interrupted.to_string()
        }),
        ("passes with new facts", |outcome| outcome.passes.to_string()),
        (
            "danger, counsellor available: p95 wait until assigned, minutes",
            |outcome| format_minutes(outcome.danger.waits.percentile(95)),
        ),
        ("danger, counsellor available: waited over 2 minutes", |outcome| {
            outcome.danger.late.to_string()
        }),
        (
            "danger, counsellor with the language available: p95 wait until assigned, minutes",
            |outcome| format_minutes(outcome.danger_able.waits.percentile(95)),
        ),
        (
            "danger, counsellor with the language available: waited over 2 minutes",
            |outcome| outcome.danger_able.late.to_string(),
        ),
        ("answered + waiting + assigned + quarantined", |outcome| {
            let count = outcome.count;
            format!(
                "{} + {} + {} + {} = {}",
                count.answered,
                count.waiting,
                count.assigned,
                count.quarantined,
                count.total()
            )
        }),
    ];
    for (label, cell) in facts {
        let cells = outcomes.iter().map(|(_, outcome)| cell(outcome));
        let row: Vec<String> = std::iter::once(label.to_owned()).chain(cells).collect();
        push_row(&mut text, &row);
    }
    let product = outcomes.iter().find(|(rule, _)| *rule == Rule::Product);
    for (reason, minutes) in product.iter().flat_map(|(_, outcome)| &outcome.danger.late_by) {
        let _ = write!(
            text,
            "\nLate danger messages under (a) waited {minutes} minutes because of: {reason}."
        );
    }
    text
}

fn push_row(text: &mut String, cells: &[String]) {
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}

fn format_minutes(time: TimeDelta) -> String {
    format!("{:.1}", time.num_seconds() as f64 / 60.0)
}

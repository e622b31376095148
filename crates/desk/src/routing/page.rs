//! The supervisor's page (`/desk/routing`): the queue, the counsellors, and the recent decisions in words.

use askama::Template;
use axum::{extract::State, response::Response};
use axum_extra::extract::CookieJar;
use chrono::{DateTime, Utc};
use hotline_core::{
    contact::classification::TOPIC,
    identifiers::reference::Reference,
    routing::{
        availability::Availability,
        skills::{Skills, Spoken},
    },
    staff::rights::Right,
    text::locale::{Language, Words},
};
use hotline_store::{
    inbox::list::{Filter, InboxPage, View},
    routing::overview::{CounsellorState, MadeDecision, QueuePart, SnoozedWaiting},
    staff::accounts::StaffMember,
};
use uuid::Uuid;

use crate::{
    http::{
        access::Who,
        errors::PageError,
        page::{Choice, Frame, page as written},
    },
    routing::{hours, words},
    state::Desk,
};
use hotline_reports::{
    labels::{channel_name, target_label},
    tables::{late_replies, value_label},
};

/// The number of contacts without an assignee that the page lists.
const UNASSIGNED: u64 = 20;

#[derive(Template)]
#[template(path = "routing/overview.html")]
struct RoutingPage<'a> {
    frame: Frame<'a>,
    /// Warnings about schedules that are missing or cannot be read.
    warnings: Vec<String>,
    queue: Vec<QueuePart>,
    /// The first contacts without an assignee, and the colleagues to whom these contacts can be given. Available colleagues come first.
    unassigned: InboxPage,
    recipients: Vec<Choice>,
    targets_today: Vec<TargetRow>,
    snoozed: Option<SnoozedWaiting>,
    /// The number of contacts in quarantine.
    quarantined: u64,
    counsellors: Vec<CounsellorRow>,
    decisions: Vec<DecisionRow>,
    forms: Vec<CounsellorForms>,
    /// The capacity of a counsellor for whom no other capacity is recorded.
    usual_capacity: u16,
}

impl RoutingPage<'_> {
    /// Returns the snoozed contact whose person waits longest, and a sentence about all snoozed contacts.
    fn also_snoozed(&self) -> Option<(Reference, String)> {
        let snoozed = self.snoozed.as_ref()?;
        let count = self.frame.words.counted(
            "routing-snoozed",
            i64::try_from(snoozed.waiting).unwrap_or(i64::MAX),
        );
        let values = [
            ("count", count.as_str()),
            ("contact", &snoozed.longest.to_string()),
            ("since", &self.frame.at(&snoozed.oldest)),
        ];
        Some((
            snoozed.longest,
            self.frame.words.with_all("routing-snoozed-all", &values),
        ))
    }

    /// Returns the contact whose person waits longest of all that are not snoozed, and a sentence about it.
    fn longest(&self) -> Option<(Reference, String)> {
        let waiting = self.queue.iter().filter_map(|part| Some((part.oldest?, part)));
        let (oldest, part) = waiting.min_by_key(|(oldest, _)| *oldest)?;
        let reference = part.longest?;
        let values = [
            ("contact", reference.to_string()),
            ("line", part.line.clone()),
            ("since", self.frame.at(&oldest)),
        ];
        let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
        Some((
            reference,
            self.frame.words.with_all("routing-longest-all", &values),
        ))
    }

    /// States how long a person has waited, and since when.
    fn waits(&self, oldest: &DateTime<Utc>) -> String {
        let (long, at) = (self.frame.since(oldest), self.frame.at(oldest));
        let values = [("long", long.as_str()), ("at", at.as_str())];
        self.frame.words.with_all("routing-since-at", &values)
    }
}

/// The reply targets of one urgency, either for first replies or for later replies.
struct TargetRow {
    label: String,
    kept: i64,
    missed: i64,
    /// The address of the list of the missed targets.
    late: String,
}

/// A counsellor in the table.
struct CounsellorRow {
    id: Uuid,
    name: String,
    team: String,
    /// Whether the counsellor is planned now but not available.
    missing: bool,
    available: bool,
    on_break: bool,
    /// Since when the counsellor wants a talk.
    talk_wanted: Option<DateTime<Utc>>,
    state: String,
    planned: String,
    load: String,
    waiting: u64,
    given_this_week: u32,
    skills: String,
}

/// A recent decision.
struct DecisionRow {
    at: DateTime<Utc>,
    reference: String,
    decided: String,
    reasons: String,
    /// The counsellors who did not get the contact, each with the reason.
    passed_over: Vec<(String, String)>,
}

/// The values of the forms about a counsellor.
struct CounsellorForms {
    id: Uuid,
    name: String,
    languages: Vec<Choice>,
    topics: Vec<Choice>,
    channels: Vec<Choice>,
    takes_danger: bool,
    fallback: bool,
    capacity: String,
    severe_cap: String,
    /// The colleagues to whom the work can be moved.
    colleagues: Vec<Choice>,
}

pub(crate) async fn page(
    State(desk): State<Desk>,
    Who(me): Who,
    jar: CookieJar,
) -> Result<Response, PageError> {
    let words = desk.words(&jar);
    let frame = Frame::new(&desk, &jar, &me, "routing").await?;
    let overview = desk.store.routing_overview().await?;
    let staff = desk.store.staff().await?;
    let plan = desk.store.shift_plan().await?;
    let mut warnings = hours::warnings(&desk, words).await?;
    if plan.version > 0 && plan.content.is_none() {
        warnings.push(words.say("shifts-unreadable"));
    }
    let has_plan = plan.content.is_some_and(|plan| !plan.is_empty());
    let forms = overview
        .counsellors
        .iter()
        .map(|one| forms(&desk, words, &one.member, &overview.counsellors))
        .collect();
    let mut counsellors: Vec<CounsellorRow> = overview
        .counsellors
        .into_iter()
        .map(|one| counsellor_row(&desk, &frame, one, has_plan))
        .collect();
    // Counsellors who are missing come first, and available counsellors come next. Within each group the order by name stays.
    counsellors.sort_by_key(|row| (!row.missing, !row.available));
    let recipients = counsellors
        .iter()
        .map(|row| Choice {
            value: row.id.to_string(),
            label: match row.available {
                true => row.name.clone(),
                false => format!("{} ({})", row.name, row.state),
            },
            chosen: false,
        })
        .collect();
    let unassigned = desk
        .store
        .inbox(View::Unassigned, &Filter::default(), me.id, None, UNASSIGNED)
        .await?;
    let decisions = overview
        .decisions
        .into_iter()
        .map(|made| decision_row(&desk, words, &staff, made))
        .collect();
    let today = desk.store.today();
    written(&RoutingPage {
        warnings,
        queue: overview.queue,
        unassigned,
        recipients,
        targets_today: overview
            .targets_today
            .iter()
            .map(|one| TargetRow {
                label: target_label(words, one, true),
                kept: one.kept,
                missed: one.missed,
                late: late_replies((Some(today), Some(today)), one),
            })
            .collect(),
        snoozed: overview.snoozed,
        quarantined: overview.quarantined,
        counsellors,
        decisions,
        forms,
        usual_capacity: desk.store.routing_settings().capacity,
        frame,
    })
}

fn counsellor_row(desk: &Desk, frame: &Frame<'_>, one: CounsellorState, has_plan: bool) -> CounsellorRow {
    let words = frame.words;
    let state = match one.availability {
        Availability::Available { .. } => words.say("routing-available"),
        Availability::Away { .. } if !one.member.on_duty => words.say("routing-off-duty"),
        Availability::Away { since } if since == DateTime::UNIX_EPOCH => words.say("routing-away"),
        Availability::Away { since } => words.with("routing-away-since", "since", &frame.at(&since)),
    };
    let planned = match &one.shift {
        Some(shift) => words.with("routing-planned-until", "until", &frame.at(&shift.to)),
        None if has_plan => words.say("routing-not-planned"),
        None => words.say("routing-no-plan"),
    };
    let (load, capacity) = (one.load.to_string(), one.capacity.to_string());
    CounsellorRow {
        missing: one.is_missing(),
        available: one.availability.is_available(),
        on_break: one.member.skills.on_break,
        talk_wanted: one.member.skills.talk_wanted,
        state,
        planned,
        load: words.with_all("routing-points", &[("load", &load), ("capacity", &capacity)]),
        waiting: one.waiting,
        given_this_week: one.given_this_week,
        skills: skills_in_words(desk, words, &one.member.skills),
        id: one.member.id,
        name: words.own(&one.member.name),
        team: one.member.team.map(|team| words.own(&team)).unwrap_or_default(),
    }
}

/// Describes the skills that differ from "everything".
fn skills_in_words(desk: &Desk, words: &Words, skills: &Skills) -> String {
    let scheme = desk.store.scheme();
    let mut parts = Vec::new();
    if !skills.languages.is_empty() {
        let spoken: Vec<String> = skills.languages.iter().map(|one| language(words, *one)).collect();
        parts.push(words.with("skills-languages", "list", &spoken.join(", ")));
    }
    if !skills.topics.is_empty() {
        let topics: Vec<String> = skills
            .topics
            .iter()
            .map(|id| value_label(words, &scheme, TOPIC, id))
            .collect();
        parts.push(words.with("skills-topics", "list", &topics.join(", ")));
    }
    if !skills.channels.is_empty() {
        let channels: Vec<String> = skills
            .channels
            .iter()
            .map(|channel| channel_name(words, channel))
            .collect();
        parts.push(words.with("skills-channels", "list", &channels.join(", ")));
    }
    if !skills.takes_danger {
        parts.push(words.say("skills-no-danger"));
    }
    if let Some(most) = skills.severe_cap {
        parts.push(words.with("skills-severe", "most", &most.to_string()));
    }
    if skills.fallback {
        parts.push(words.say("skills-fallback"));
    }
    if parts.is_empty() {
        return words.say("skills-everything");
    }
    parts.join("; ")
}

fn language(words: &Words, spoken: Spoken) -> String {
    words.say(&format!("spoken-{}", spoken.as_str()))
}

fn decision_row(desk: &Desk, words: &Words, staff: &[StaffMember], made: MadeDecision) -> DecisionRow {
    let name = |id: Uuid| {
        let member = staff.iter().find(|one| one.id == id);
        member.map_or_else(|| "–".to_owned(), |one| words.own(&one.name))
    };
    let key = if made.offered { "offered" } else { "assigned" };
    let chosen = made.decision.as_ref().and_then(|made| made.chosen.as_ref());
    let (decided, reasons) = match chosen {
        Some(chosen) => (
            words.with(&format!("decided-{key}"), "name", &name(chosen.staff)),
            words::reasons(words, &desk.store.scheme(), chosen),
        ),
        None => (words.say(&format!("decided-{key}-once")), String::new()),
    };
    let passed_over = made.decision.map(|made| made.passed_over).unwrap_or_default();
    DecisionRow {
        at: made.at,
        reference: made.reference.to_string(),
        decided,
        reasons,
        passed_over: passed_over
            .into_iter()
            .map(|(id, why)| (name(id), words.say(&format!("passed-{}", why.as_str()))))
            .collect(),
    }
}

fn forms(desk: &Desk, words: &Words, member: &StaffMember, all: &[CounsellorState]) -> CounsellorForms {
    let skills = &member.skills;
    let choice = |value: &str, label: String, chosen: bool| Choice {
        value: value.to_owned(),
        label,
        chosen,
    };
    let languages = Spoken::ALL
        .iter()
        .map(|one| {
            choice(
                one.as_str(),
                language(words, *one),
                skills.languages.contains(one),
            )
        })
        .collect();
    let scheme = desk.store.scheme();
    let question = scheme.question(TOPIC);
    let answers = question
        .map(|question| question.answers.as_slice())
        .unwrap_or_default();
    let topics = answers
        .iter()
        .map(|one| choice(&one.id, one.localized(words), skills.topics.contains(&one.id)))
        .collect();
    let channels = desk
        .channels()
        .iter()
        .map(|one| choice(one, channel_name(words, one), skills.channels.contains(one)))
        .collect();
    let colleagues = all
        .iter()
        .filter(|one| one.member.id != member.id)
        .map(|one| choice(&one.member.id.to_string(), words.own(&one.member.name), false))
        .collect();
    let number = |number: Option<u16>| number.map(|number| number.to_string()).unwrap_or_default();
    CounsellorForms {
        id: member.id,
        name: words.own(&member.name),
        languages,
        topics,
        channels,
        takes_danger: skills.takes_danger,
        fallback: skills.fallback,
        capacity: number(skills.capacity),
        severe_cap: number(skills.severe_cap),
        colleagues,
    }
}

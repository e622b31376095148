//! The past months of the demo: closed contacts with plausible seasons, hours, ages, topics and regions.

use std::sync::Arc;

use anyhow::Context;
use chrono::{DateTime, Datelike, Months, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use hotline_core::{
    contact::{
        classification::Answers,
        joining::Joining,
        message::{Incoming, Normalised, RawMessage},
    },
    text::locale::Language,
    time::{clock, hours::OpeningHours},
};
use hotline_store::{db::store::Store, registration::past::PastContact, staff::accounts::StaffMember};
use serde_json::json;

use super::{
    dice::Dice,
    raw::{self, DISCORD, FORM, MAIL, Post, TELEGRAM, Writer},
    samples::{Filled, Sample, Samples},
};
use crate::lines::Lines;

/// The fewest months before the current month.
const MONTHS: u32 = 18;
/// How many contacts a month has compared with the average month, from January to December.
const SEASONS: [f64; 12] = [0.95, 1.2, 1.1, 1.0, 1.05, 0.8, 0.5, 0.55, 1.1, 1.25, 1.3, 1.0];
/// How many contacts a weekday has compared with the average day, from Monday to Sunday.
const WEEKDAYS: [f64; 7] = [1.3, 1.2, 1.15, 1.1, 1.0, 0.4, 0.45];
/// How likely an hour of the day is in writing.
const HOURS: [i64; 24] = [
    2, 1, 0, 0, 0, 1, 2, 8, 12, 15, 16, 15, 14, 15, 17, 18, 17, 15, 15, 17, 18, 15, 9, 5,
];
/// How likely an hour of the day is for calls.
const CALL_HOURS: [i64; 24] = [
    0, 0, 0, 0, 0, 0, 0, 0, 14, 20, 22, 19, 15, 14, 16, 17, 13, 9, 7, 5, 0, 0, 0, 0,
];
const REGIONS: [(&str, i64); 7] = [
    ("belgrade", 34),
    ("vojvodina", 25),
    ("west", 19),
    ("south_east", 14),
    ("kosovo", 2),
    ("abroad", 3),
    ("unknown", 3),
];
const GENDERS: [(&str, i64); 3] = [("girl", 49), ("boy", 41), ("unknown", 10)];

/// The channels with their shares at the beginning and at the end of the past months.
const CHANNELS: [(&str, i64, i64); 9] = [
    ("telephone", 360, 250),
    (MAIL, 240, 170),
    (FORM, 190, 230),
    ("viber", 80, 70),
    ("instagram", 60, 45),
    ("facebook", 35, 15),
    ("in-person", 14, 10),
    (TELEGRAM, 0, 130),
    (DISCORD, 0, 90),
];

/// What the past months are made of.
pub struct Making<'a> {
    pub store: &'a Store,
    pub lines: &'a Lines,
    pub samples: &'a Samples,
    pub staff: &'a [Arc<StaffMember>],
    pub hours: &'a OpeningHours,
    pub zone: Tz,
    pub now: DateTime<Utc>,
    pub language: Language,
    /// About how many contacts to make.
    pub count: u16,
}

impl Making<'_> {
    /// Returns the first day of the past months: at least [`MONTHS`] before the current month, and the whole last year, for which people
    /// write reports.
    pub fn first_day(&self) -> anyhow::Result<NaiveDate> {
        let today = clock::day_of(self.now, self.zone);
        let month = today.with_day(1).context("No first day of the month")?;
        let earliest = month.checked_sub_months(Months::new(MONTHS));
        let last_year = NaiveDate::from_ymd_opt(today.year() - 1, 1, 1);
        earliest.min(last_year).context("No such month")
    }

    /// Makes all closed contacts, oldest first. `progress` is called with the number of contacts made so far.
    pub fn contacts(&self, dice: &mut Dice) -> anyhow::Result<Vec<PastContact>> {
        let (first, today) = (self.first_day()?, clock::day_of(self.now, self.zone));
        let days: Vec<NaiveDate> = first.iter_days().take_while(|day| *day <= today).collect();
        let length = days.len() as f64;
        let weight = |number: usize, day: &NaiveDate| {
            let season = SEASONS.get(day.month0() as usize).copied().unwrap_or(1.0);
            let weekday = day.weekday().num_days_from_monday() as usize;
            let growth = 1.0 + 0.6 * number as f64 / length;
            season * growth * WEEKDAYS.get(weekday).copied().unwrap_or(1.0)
        };
        let total: f64 = days
            .iter()
            .enumerate()
            .map(|(number, day)| weight(number, day))
            .sum();
        let mut owed = 0.0;
        let mut moments = Vec::new();
        for (number, day) in days.iter().enumerate() {
            let noise = 0.7 + dice.between(0, 60) as f64 / 100.0;
            owed += f64::from(self.count) * weight(number, day) * noise / total;
            while owed >= 1.0 {
                owed -= 1.0;
                let share = number as f64 / length;
                let channel = dice.weigh(&CHANNELS, |channel| share_of(channel, share));
                let (channel, _, _) = channel.context("No channel")?;
                moments.push((self.moment(*day, channel, dice), *channel));
            }
        }
        moments.sort();
        let mut made = Vec::with_capacity(moments.len());
        for (number, (at, channel)) in moments.into_iter().enumerate() {
            let number = i64::try_from(number).unwrap_or_default() + 1;
            made.extend(self.contact(number, at, channel, dice)?);
        }
        Ok(made)
    }

    /// Returns a time on `day`. Calls come while the centre is open, other messages at any time.
    fn moment(&self, day: NaiveDate, channel: &str, dice: &mut Dice) -> DateTime<Utc> {
        let at = |hour: i64, minute: i64| {
            let wait = TimeDelta::hours(hour) + TimeDelta::minutes(minute);
            clock::start_of_day(day, self.zone) + wait
        };
        let calls = is_spoken(channel);
        let hours: &[i64] = if calls { &CALL_HOURS } else { &HOURS };
        let numbered: Vec<(i64, i64)> = (0..).zip(hours.iter().copied()).collect();
        for _ in 0..40 {
            let hour = dice
                .weigh(&numbered, |(_, weight)| *weight)
                .map_or(12, |(hour, _)| *hour);
            let moment = at(hour, dice.between(0, 59)) + TimeDelta::seconds(dice.between(0, 59));
            if !calls || self.hours.is_open(moment, self.zone) {
                return moment;
            }
        }
        at(11, dice.between(0, 59))
    }

    /// Makes one contact. Returns `None` if the contact would not be closed yet.
    fn contact(
        &self,
        number: i64,
        at: DateTime<Utc>,
        channel: &str,
        dice: &mut Dice,
    ) -> anyhow::Result<Option<PastContact>> {
        let is_call = is_spoken(channel);
        let fits = |sample: &Sample| match (is_call, sample.kind.as_str()) {
            (true, "spam" | "thanks") => 0,
            (false, _) if sample.spoken => 0,
            _ => sample.weight,
        };
        let sample = dice.weigh(&self.samples.messages, fits).context("No sample")?;
        let language = self.language_of(dice);
        let filled = self.samples.fill(sample, language, dice);
        let (raw, incoming) = if is_call {
            call(number, channel, at, &filled)?
        } else {
            match self.message(number, at, channel, language, &filled, dice)? {
                Some(message) => message,
                None => return Ok(None),
            }
        };
        let (read_at, replied_at) = match sample.urgency.as_str() {
            _ if is_call => (at, at),
            // Somebody is on call for people in danger.
            "danger" => {
                let read_at = at + TimeDelta::seconds(dice.between(15, 60));
                (read_at, read_at + TimeDelta::seconds(dice.between(20, 80)))
            }
            urgency => self.times(at, urgency == "urgent", dice),
        };
        let reply = sample.reply.as_ref().filter(|_| !is_call && !dice.happens(3));
        let reply = reply.map(|key| (replied_at, self.samples.reply(key, language)));
        // For a part of the calls, nobody wrote the duration down.
        let talk = TimeDelta::seconds(dice.between(40, 1_800));
        let talk = Some(talk).filter(|_| is_call && !dice.happens(7));
        let closed_at = match is_call {
            true => at + TimeDelta::minutes(dice.between(5, 40)),
            false => replied_at + TimeDelta::minutes(dice.between(2, 90)),
        };
        if closed_at >= self.now - TimeDelta::minutes(5) {
            return Ok(None);
        }
        let assignee = dice.pick(self.staff).context("No staff")?;
        Ok(Some(PastContact {
            raw,
            incoming,
            talk,
            is_call,
            assignee: Arc::clone(assignee),
            read_at,
            reply,
            closed_at,
            answers: answers(sample, &filled, dice),
        }))
    }

    fn language_of(&self, dice: &mut Dice) -> Language {
        let shares = match self.language {
            Language::En => [(Language::En, 78), (Language::SrCyrl, 13), (Language::SrLatn, 9)],
            Language::SrCyrl | Language::SrLatn => {
                [(Language::SrCyrl, 52), (Language::SrLatn, 40), (Language::En, 8)]
            }
        };
        dice.weigh(&shares, |(_, share)| *share)
            .map_or(self.language, |(language, _)| *language)
    }

    /// Returns the raw and the parsed message. Returns `None` if the channel ignores the message.
    fn message(
        &self,
        number: i64,
        at: DateTime<Utc>,
        channel: &str,
        language: Language,
        filled: &Filled,
        dice: &mut Dice,
    ) -> anyhow::Result<Option<(RawMessage, Incoming)>> {
        let name = self.samples.name(dice, language);
        // Every seventh person has written before.
        let person = if dice.happens(14) {
            dice.between(1, number)
        } else {
            number
        };
        let writer = Writer {
            id: 7_000_000 + person,
            name: name.clone(),
            language,
        };
        let text = filled.text.as_str();
        let raw = match channel {
            MAIL => {
                let from = format!("{name} <osoba-{person}@example.org>");
                let subject = self.samples.subject(dice, language);
                raw::raw(MAIL, number, at, raw::mail(number, at, &from, &subject, text))?
            }
            TELEGRAM => {
                let bytes = raw::telegram(number, at, &writer, json!({ "text": text }), false);
                raw::raw(TELEGRAM, number, at, bytes)?
            }
            DISCORD => {
                let bytes = raw::discord(number, at, &writer, text, json!([]), false);
                raw::raw(DISCORD, number, at, bytes)?
            }
            _ => {
                let post = Post {
                    kind: "advice",
                    text,
                    url: "",
                    language,
                    unproven: false,
                };
                raw::post(self.store, number, at, &post)?
            }
        };
        let line = self.lines.get(&raw.line).context("No such line")?;
        match line.normalise(&raw) {
            Normalised::Message(incoming) => Ok(Some((raw, *incoming))),
            Normalised::Report(_)
            | Normalised::Notice(_)
            | Normalised::Ignore(_)
            | Normalised::Unreadable(_) => Ok(None),
        }
    }

    /// Returns when a message that arrived at `at` was read and answered.
    fn times(&self, at: DateTime<Utc>, urgent: bool, dice: &mut Dice) -> (DateTime<Utc>, DateTime<Utc>) {
        let opens = match self.hours.is_open(at, self.zone) {
            true => at,
            false => self.hours.next_opening(at, self.zone).unwrap_or(at),
        };
        let wait = match dice.between(1, 100) {
            _ if urgent => dice.between(1, 12),
            1..=45 => dice.between(2, 15),
            46..=82 => dice.between(15, 60),
            83..=96 => dice.between(60, 190),
            _ => dice.between(190, 420),
        };
        let read_at = opens + TimeDelta::minutes(wait) + TimeDelta::seconds(dice.between(0, 59));
        let writes = if urgent {
            dice.between(3, 15)
        } else {
            dice.between(6, 45)
        };
        (read_at, read_at + TimeDelta::minutes(writes))
    }
}

fn share_of((_, first, last): &(&str, i64, i64), share: f64) -> i64 {
    first + ((last - first) as f64 * share) as i64
}

fn is_spoken(channel: &str) -> bool {
    ![MAIL, FORM, TELEGRAM, DISCORD].contains(&channel)
}

fn call(
    number: i64,
    channel: &str,
    at: DateTime<Utc>,
    filled: &Filled,
) -> anyhow::Result<(RawMessage, Incoming)> {
    let mut raw = raw::raw(channel, number, at, filled.text.clone().into_bytes())?;
    raw.external_id = format!("call {number}");
    let incoming = Incoming {
        joining: Joining::ByEvidence,
        text: filled.text.clone(),
        ..Incoming::default()
    };
    Ok((raw, incoming))
}

/// Classifies a contact.
pub fn answers(sample: &Sample, filled: &Filled, dice: &mut Dice) -> Answers {
    let mut answers = Answers::new();
    let mut give = |question: &str, answer: &str| {
        answers.insert(question.to_owned(), vec![answer.to_owned()]);
    };
    give("kind", &sample.kind);
    if sample.is_only_a_kind() {
        return answers;
    }
    give("role", &sample.role);
    give("topic", &sample.topic);
    give("urgency", &sample.urgency);
    give("outcome", &sample.outcome);
    if let Some((least, most)) = sample.ages {
        // The sum of two throws makes the middle of the range more likely.
        let age = (dice.between(least, most) + dice.between(least, most) + 1) / 2;
        give("age", &age.min(most).to_string());
        if let Some((gender, _)) = dice.weigh(&GENDERS, |(_, weight)| *weight) {
            give("gender", gender);
        }
    }
    if let Some((region, _)) = dice
        .weigh(&REGIONS, |(_, weight)| *weight)
        .filter(|_| !dice.happens(8))
    {
        give("region", region);
    }
    if let Some((platform, place)) = &filled.platform {
        give("platform", platform);
        give("where", place);
    }
    if sample.kind == "report" {
        give("found", "social_network");
        give("type", if dice.happens(50) { "image" } else { "text" });
        give("shows", "other");
    }
    answers
}

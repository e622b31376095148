//! The working day of the demo. Every message is accepted and registered like a real one, and staff act through the store.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use hotline_core::{
    contact::{classification::Answers, message::RawMessage},
    identifiers::{ids, reference::Reference},
    intake::Intake,
    job::JobKind,
    routing::targets::{ReplyOrder, Targets},
    text::{locale::Language, reason::Known},
    time::{clock::Clock, hours::OpeningHours},
};
use hotline_store::{
    cases::CaseTarget,
    contacts::{assignment::Recipient, reply::NewReply},
    db::store::Store,
    staff::accounts::StaffMember,
};
use serde_json::json;

use super::{
    centre::{CentreData, People, person},
    clock::DemoClock,
    raw::{self, DISCORD, MAIL, Post, TELEGRAM, Writer},
    samples::Both,
    script::{Action, DayData, OpenContact, Step},
};
use crate::{lines::Lines, receive};

/// The picture and the voice message that people send.
pub const PICTURE: &[u8] = include_bytes!("picture.png");
pub const VOICE: &[u8] = include_bytes!("voice.ogg");

/// The longest time for which the lease of a job in the demo is needed.
const LEASE: Duration = Duration::from_secs(60);

/// The working day, with what it needs.
pub struct Day<'a> {
    pub store: &'a Arc<Store>,
    pub lines: &'a Arc<Lines>,
    pub clock: &'a DemoClock,
    pub people: &'a People,
    pub centre: &'a CentreData,
    pub hours: &'a OpeningHours,
    pub language: Language,
    pub now: DateTime<Utc>,
}

impl Day<'_> {
    /// Plays the day: what happens to all contacts, in the order of time.
    pub async fn play(&self) -> anyhow::Result<()> {
        let data: DayData =
            toml::from_str(include_str!("day.toml")).context("The working day cannot be read")?;
        let mut moments = Vec::new();
        for (number, contact) in data.contact.iter().enumerate() {
            let arrived = match contact.late {
                true => self.late_arrival(number),
                false => self.now - TimeDelta::minutes(contact.minutes),
            };
            moments.push((arrived, number, None));
            for step in &contact.step {
                moments.push((arrived + TimeDelta::minutes(step.after), number, Some(step)));
            }
        }
        moments.sort_by_key(|(at, number, step)| (*at, *number, step.map(|step| step.after)));
        let mut references = vec![None; data.contact.len()];
        for (message, (at, number, step)) in moments.into_iter().enumerate() {
            let contact = data.contact.get(number).context("No such contact")?;
            // The numbers of messages begin far above those of the past months, and grow with time.
            let message = 8_000_000 + i64::try_from(message).unwrap_or_default() * 2;
            let person = 9_000_000 + i64::try_from(number).unwrap_or_default();
            self.clock.set(at);
            let reference = references.get_mut(number).context("No such contact")?;
            match (step, &reference) {
                (None, _) => *reference = Some(self.arrive(contact, message, person, at).await?),
                (Some(step), Some(reference)) => {
                    let first = (self.now - TimeDelta::minutes(contact.minutes), person);
                    self.act(contact, step, *reference, message, first, at).await?;
                }
                (Some(_), None) => {}
            }
        }
        self.clock.set(self.now);
        Ok(())
    }

    /// Returns the newest time, in steps of half an hour, at which an ordinary contact arrived whose reply is late now.
    fn late_arrival(&self, number: usize) -> DateTime<Utc> {
        let targets = Targets::default();
        let zone = chrono_tz::Europe::Belgrade;
        let (target, order) = (targets.ordinary, ReplyOrder::First);
        let mut at = self.now - TimeDelta::minutes(37 + 22 * i64::try_from(number).unwrap_or_default());
        for _ in 0..1_000 {
            let due = targets.due(target, order, at, Some(self.hours), zone);
            if due.is_none_or(|due| due.at < self.now - TimeDelta::minutes(20)) {
                break;
            }
            at -= TimeDelta::minutes(30);
        }
        at
    }

    fn writer(&self, contact: &OpenContact, person: i64) -> Writer {
        Writer {
            id: person,
            name: contact.name.of(self.language),
            language: self.language,
        }
    }

    async fn arrive(
        &self,
        contact: &OpenContact,
        message: i64,
        person: i64,
        at: DateTime<Utc>,
    ) -> anyhow::Result<Reference> {
        let text = contact.text.of(self.language);
        let writer = self.writer(contact, person);
        let raw = match contact.line.as_str() {
            MAIL => {
                let subject = contact.subject.of(self.language);
                let from = format!("<{}>", contact.from);
                raw::raw(MAIL, message, at, raw::mail(message, at, &from, &subject, &text))?
            }
            TELEGRAM => {
                let bytes = raw::telegram(message, at, &writer, json!({ "text": text }), false);
                raw::raw(TELEGRAM, message, at, bytes)?
            }
            DISCORD => {
                let bytes = raw::discord(person, at, &writer, &text, json!([]), false);
                raw::raw(DISCORD, message, at, bytes)?
            }
            _ => {
                let post = Post {
                    kind: &contact.kind,
                    text: &text,
                    url: &contact.url,
                    language: self.language,
                    unproven: contact.unproven,
                };
                raw::post(self.store, message, at, &post)?
            }
        };
        self.register(raw).await
    }

    /// Accepts and registers a message, and fetches its files. Returns the reference that is reserved for the message.
    async fn register(&self, raw: RawMessage) -> anyhow::Result<Reference> {
        let accepted = self.store.accept(vec![raw], None).await?;
        receive::round(self.store, self.lines).await?;
        for job in self.store.claim(JobKind::Fetch, 8, LEASE, i32::MAX, &[]).await? {
            let Some(file) = self.store.file_to_fetch(&job).await? else {
                continue;
            };
            let is_voice = file.reference.expose().contains("voice");
            let bytes = if is_voice { VOICE } else { PICTURE };
            self.store.keep_fetched(&job, bytes.to_vec()).await?;
        }
        Ok(accepted
            .first()
            .context("The message was not accepted")?
            .reference)
    }

    /// Writes a further message of the person, or another version of the first message.
    async fn write(
        &self,
        contact: &OpenContact,
        action: &Action,
        message: i64,
        (first_at, person): (DateTime<Utc>, i64),
        at: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let writer = self.writer(contact, person);
        let said = if let Action::Write { text } | Action::Edit { text } | Action::Photo { text } = action {
            text.of(self.language)
        } else {
            String::new()
        };
        let edits = matches!(action, Action::Edit { .. });
        let bytes = if contact.line == TELEGRAM {
            let size = json!({
                "file_id": format!("picture {message}"), "file_unique_id": format!("p{message}"),
                "file_size": PICTURE.len(), "width": 480, "height": 640,
            });
            let voice = json!({
                "file_id": format!("voice {message}"), "file_unique_id": format!("v{message}"),
                "file_size": VOICE.len(), "duration": 4, "mime_type": "audio/ogg",
            });
            let content = if matches!(action, Action::Photo { .. }) {
                json!({ "photo": [size], "caption": said })
            } else if matches!(action, Action::Voice) {
                json!({ "voice": voice })
            } else {
                json!({ "text": said })
            };
            raw::telegram(message, at, &writer, content, false)
        } else {
            let file = json!({
                "id": message.to_string(), "filename": "picture.png", "size": PICTURE.len(), "content_type": "image/png",
                "url": "https://cdn.discordapp.com/attachments/1/1/picture.png",
                "proxy_url": "https://media.discordapp.net/attachments/1/1/picture.png", "width": 480, "height": 640,
            });
            let files = if matches!(action, Action::Photo { .. }) {
                json!([file])
            } else {
                json!([])
            };
            let (number, sent_at) = if edits {
                (person, first_at)
            } else {
                (person + message, at)
            };
            raw::discord(number, sent_at, &writer, &said, files, edits)
        };
        self.register(raw::raw(&contact.line, message, at, bytes)?)
            .await?;
        Ok(())
    }

    async fn act(
        &self,
        contact: &OpenContact,
        step: &Step,
        reference: Reference,
        message: i64,
        first: (DateTime<Utc>, i64),
        at: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let written = matches!(
            step.action,
            Action::Write { .. } | Action::Edit { .. } | Action::Photo { .. } | Action::Voice
        );
        if written {
            return self.write(contact, &step.action, message, first, at).await;
        }
        let who = person(self.people, &step.who)?;
        let opened = self.store.contact(reference).await?.context("No such contact")?;
        self.store.note_contact_read(opened.id).await?;
        match &step.action {
            Action::Write { .. } | Action::Edit { .. } | Action::Photo { .. } | Action::Voice => {}
            Action::Take => drop(self.store.take(&who, reference).await?),
            Action::Reply { text } => {
                self.reply(&who, reference, text, at).await?;
                for job in self
                    .store
                    .claim(JobKind::Deliver, 8, LEASE, i32::MAX, &[])
                    .await?
                {
                    self.store.sent(&job).await?;
                }
            }
            Action::Fail { text } => {
                self.reply(&who, reference, text, at).await?;
                for job in self
                    .store
                    .claim(JobKind::Deliver, 8, LEASE, i32::MAX, &[])
                    .await?
                {
                    self.store.failed(&job, Known::AccountGone.into()).await?;
                }
            }
            Action::Note { text } => self.note(&who, reference, text).await?,
            Action::AskForHelp { to, text } => {
                self.note(&who, reference, text).await?;
                self.store
                    .set_followed(&*person(self.people, to)?, reference, true)
                    .await?;
            }
            Action::HandOver { team, text } => {
                let to = Recipient::Team(self.centre.team(team, self.language)?);
                let note = text.of(self.language);
                self.store.take(&who, reference).await?;
                self.store.hand_over(&who, reference, &to, &note).await?;
            }
            Action::Snooze { hours } => {
                let until = self.now + TimeDelta::hours(*hours);
                self.store.snooze(&who, reference, Some(until)).await?;
            }
            Action::Follow => drop(self.store.set_followed(&who, reference, true).await?),
            Action::Classify { topic, urgency } => {
                self.store
                    .classify(&who, reference, answers(topic, urgency))
                    .await?;
            }
            Action::Case { text } => {
                let case = self
                    .store
                    .form_case(
                        &who,
                        reference,
                        CaseTarget::New {
                            summary: "",
                            also: &[],
                        },
                    )
                    .await?;
                self.store
                    .describe_case(&who, case, &text.of(self.language))
                    .await?;
            }
            Action::Close { topic } => {
                self.store
                    .wrap_up(&who, reference, answers(topic, "ordinary"), true, None)
                    .await?;
            }
        }
        Ok(())
    }

    /// Writes a reply, and moves the clock past the time in which the reply can be taken back.
    async fn reply(
        &self,
        who: &StaffMember,
        reference: Reference,
        text: &Both,
        at: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let reply = NewReply {
            id: ids::new(self.clock.now()),
            text: text.of(self.language),
            ..NewReply::default()
        };
        self.store.reply(who, reference, reply).await?;
        self.clock.set(at + TimeDelta::seconds(20));
        Ok(())
    }

    async fn note(&self, who: &StaffMember, reference: Reference, text: &Both) -> anyhow::Result<()> {
        let id = ids::new(self.clock.now());
        Ok(self
            .store
            .note(who, reference, id, &text.of(self.language))
            .await?)
    }
}

fn answers(topic: &str, urgency: &str) -> Answers {
    let given = [
        ("kind", "counselling"),
        ("role", "child"),
        ("age", "15"),
        ("topic", topic),
        ("urgency", urgency),
        ("outcome", "advice"),
    ];
    let one = |(question, answer): (&str, &str)| (question.to_owned(), vec![answer.to_owned()]);
    given.into_iter().map(one).collect()
}

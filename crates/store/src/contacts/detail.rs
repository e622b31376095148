//! One contact, whole: what was said, what came with it, what was done.

use chrono::{DateTime, Utc};
use hotline_core::{
    contact::{
        lifecycle::{Marking, Status},
        message::Asks,
    },
    identifiers::reference::Reference,
    job::Delivery,
    text::reason::Reason,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::{
    cases::CaseRow,
    contacts::{attachments::Attachment, wrap_up::WrapUpRecord},
    db::{
        entity::{attachments, contacts, events, jobs, journal, messages, outbox, versions},
        history::newest_event,
        store::{Store, time},
    },
    error::StoreError,
    inbox::list::{name_of, reference_of},
    intake::choices::choice_of,
    outreach,
    sealing::{
        bodies::{Body, Card, unseal},
        places::version_place,
    },
};

/// A contact, whole.
pub struct ContactDetail {
    /// Its id.
    pub id: Uuid,
    /// Its reference.
    pub reference: Reference,
    /// Its line.
    pub line: String,
    /// Its channel.
    pub channel: String,
    /// Where it stands.
    pub status: Status,
    /// Why it left the total, if it did.
    pub marking: Option<Marking>,
    /// What the person asks for, if said.
    pub asks: Option<Asks>,
    /// The language, if known.
    pub language: Option<String>,
    /// How pressing somebody found it: 0 ordinary, 1 urgent, 2 immediate danger.
    pub urgency: i16,
    /// Until when it is out of sight.
    pub snoozed_until: Option<DateTime<Utc>>,
    /// Colleagues who asked whoever holds it to hand it over, since they hold it.
    pub asked_by: Vec<(Uuid, String)>,
    /// Whether it is a call: somebody answered it as it came.
    pub is_call: bool,
    /// Whether closing it now leaves its person without the answer they wait for, so that a reason is asked for.
    pub needs_reason: bool,
    /// Who holds it: id and work name.
    pub assignee: Option<(Uuid, String)>,
    /// The day it counts on.
    pub day: String,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// Since when the person waits.
    pub waiting_since: Option<DateTime<Utc>>,
    /// Whether anybody had it before them until now.
    pub was_read: bool,
    /// Who is on the other side. `None` if erased.
    pub card: Option<Card>,
    /// What was said, oldest first.
    pub messages: Vec<Message>,
    /// What was done, oldest first.
    pub history: Vec<HistoryEvent>,
    /// The number of the newest event that a reply has to have seen.
    pub newest: i64,
    /// Earlier and later contacts of the same identifier on the same line, newest first, at most 20.
    pub others: Vec<Other>,
    /// A contact of somebody else that it refers to.
    pub refers_to: Option<Reference>,
    /// Whether the person can be asked for files, and if so, whether that was done and none came yet.
    pub files: Option<bool>,
    /// Whether files can be sent with a reply.
    pub sends_files: bool,
    /// The team whose work it is.
    pub team: Option<String>,
    /// Until when nobody is called to what its identifier writes.
    pub blocked_until: Option<DateTime<Utc>>,
    /// How it is classified so far.
    pub record: WrapUpRecord,
    /// The contacts it was linked to, with where they stand.
    pub linked: Vec<(Reference, Status)>,
    /// The events it asked for.
    pub events: Vec<outreach::OutreachEvent>,
    /// The cases it is in.
    pub cases: Vec<CaseRow>,
}

/// One message of a contact.
pub struct Message {
    /// Its id.
    pub id: Uuid,
    /// `in`, `reply`, `automatic` or `note`.
    pub direction: String,
    /// The work name of who wrote it.
    pub author: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
    /// What it says. `None` if erased.
    pub body: Option<Body>,
    /// Whether its raw source can be looked at.
    pub has_source: bool,
    /// What came with it.
    pub attachments: Vec<Attachment>,
    /// How it fares on each line it leaves by.
    pub deliveries: Vec<Delivered>,
    /// What it said before, oldest first.
    pub versions: Vec<Version>,
}

impl Message {
    /// When its sender says that it was sent, if that is more than an hour from when it arrived.
    #[must_use]
    pub fn claimed(&self) -> Option<DateTime<Utc>> {
        let claimed = self.body.as_ref()?.claimed_at?;
        let apart = claimed.signed_duration_since(self.at).abs();
        (apart > chrono::TimeDelta::hours(1)).then_some(claimed)
    }
}

/// An earlier version of a message.
pub struct Version {
    /// When it was written.
    pub at: DateTime<Utc>,
    /// What it says. `None` if erased.
    pub body: Option<Body>,
    /// What came with it and with no later version.
    pub attachments: Vec<Attachment>,
}

/// How a message fares on one line.
pub struct Delivered {
    /// The line.
    pub line: String,
    /// Its state.
    pub state: Delivery,
    /// Why it fares so.
    pub said: Option<Reason>,
    /// When the other side took it.
    pub sent_at: Option<DateTime<Utc>>,
    /// Whether it will be handed over, or handed over again, by itself.
    pub under_way: bool,
    /// Until when it can be taken back.
    pub leaves_at: Option<DateTime<Utc>>,
}

/// Something that was done to a contact.
pub struct HistoryEvent {
    /// When.
    pub at: DateTime<Utc>,
    /// The work name of who did it.
    pub actor: Option<String>,
    /// What.
    pub kind: String,
    /// How.
    pub detail: String,
}

/// Another contact of the same identifier.
pub struct Other {
    /// Its reference.
    pub reference: Reference,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// Where it stands.
    pub status: Status,
}

/// Why a contact was closed without a reply: its history names the note that says so, which can be erased.
fn reason_in(messages: &[Message], note: &str) -> String {
    let note = messages
        .iter()
        .find(|message| message.id.simple().to_string() == note);
    let body = note.and_then(|note| note.body.as_ref());
    body.map(|body| body.text.clone()).unwrap_or_default()
}

impl Store {
    /// A contact by its reference. `None` if there is none.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn contact(&self, reference: Reference) -> Result<Option<ContactDetail>, StoreError> {
        let found = contacts::Entity::find().filter(contacts::Column::Reference.eq(reference.number()));
        let Some(contact) = found.one(&self.reading).await? else {
            return Ok(None);
        };
        let names = self.names().await?;
        let newest = newest_event(&self.reading, contact.id).await?;
        let history = events::Entity::find()
            .filter(events::Column::ContactId.eq(contact.id))
            .order_by_asc(events::Column::Id)
            .all(&self.reading)
            .await?;
        let changes = ["claimed", "given_back", "handed_over", "assigned"];
        let since = history
            .iter()
            .rposition(|event| changes.contains(&event.kind.as_str()));
        let asked = history.iter().skip(since.unwrap_or_default());
        let mut asked_by: Vec<(Uuid, String)> = asked
            .filter(|event| event.kind == "asked_for")
            .filter_map(|event| Some((event.actor?, name_of(&names, event.actor?)?)))
            .collect();
        asked_by.dedup();
        let refers_to = match contact.refers_to {
            Some(id) => contacts::Entity::find_by_id(id)
                .one(&self.reading)
                .await?
                .as_ref()
                .map(reference_of),
            None => None,
        };
        let messages = self.messages(&contact, &names).await?;
        let record = self.record_of(&self.reading, &contact).await?;
        let before = self.before_closing(&contact, &record);
        let asks = self.line(&contact.line).is_some_and(|line| line.asks_for_files);
        let sends_files = self.line(&contact.line).is_some_and(|line| line.sends_files);
        Ok(Some(ContactDetail {
            files: asks.then_some(contact.files_wanted),
            newest,
            sends_files,
            cases: self.cases_of(contact.id).await?,
            events: self.events_of(contact.id).await?,
            linked: self.linked(contact.id).await?,
            record,
            is_call: before.is_call,
            needs_reason: before.needs_reason() && contact.data_key.is_some(),
            id: contact.id,
            reference,
            blocked_until: choice_of(&self.reading, &contact)
                .await?
                .blocked_until
                .filter(|until| *until > self.now())
                .map(time),
            others: self.others(&contact).await?,
            history: history
                .into_iter()
                .map(|event| HistoryEvent {
                    at: time(event.at),
                    actor: event.actor.and_then(|actor| name_of(&names, actor)),
                    detail: match event.kind.as_str() {
                        "closed" => reason_in(&messages, &event.detail),
                        _ => event.detail,
                    },
                    kind: event.kind,
                })
                .collect(),
            messages,
            refers_to,
            asked_by,
            urgency: contact.urgency,
            snoozed_until: contact
                .snoozed_until
                .filter(|until| *until > self.now())
                .map(time),
            card: self.card(&contact).ok(),
            status: Status::parse(&contact.status).unwrap_or(Status::Waiting),
            marking: contact.marking.as_deref().and_then(Marking::parse),
            asks: contact.asks.as_deref().and_then(Asks::parse),
            assignee: contact
                .assignee
                .and_then(|assignee| Some((assignee, name_of(&names, assignee)?))),
            opened_at: time(contact.opened_at),
            waiting_since: contact.waiting_since.map(time),
            was_read: contact.first_read_at.is_some(),
            line: contact.line,
            channel: contact.channel,
            team: contact.team,
            language: contact.language,
            day: contact.day,
        }))
    }

    async fn messages(
        &self,
        contact: &contacts::Model,
        names: &[(Uuid, String)],
    ) -> Result<Vec<Message>, StoreError> {
        let key = self.contact_key(contact).ok();
        let rows = messages::Entity::find()
            .filter(messages::Column::ContactId.eq(contact.id))
            .order_by_asc(messages::Column::At)
            .order_by_asc(messages::Column::Id)
            .all(&self.reading)
            .await?;
        let parts = attachments::Entity::find()
            .filter(attachments::Column::ContactId.eq(contact.id))
            .order_by_asc(attachments::Column::Position)
            .all(&self.reading)
            .await?;
        let sent = outbox::Entity::find()
            .filter(outbox::Column::ContactId.eq(contact.id))
            .all(&self.reading)
            .await?;
        let under_way = jobs::Entity::find()
            .filter(jobs::Column::OutboxId.is_in(sent.iter().map(|outgoing| outgoing.id)))
            .all(&self.reading)
            .await?;
        let job_of = |outgoing: Uuid| under_way.iter().find(|job| job.outbox_id == Some(outgoing));
        let untouched = |job: &&jobs::Model| job.state == "ready" && job.attempt == 0;
        let mut versions = versions::Entity::find()
            .filter(versions::Column::MessageId.is_in(rows.iter().map(|row| row.id)))
            .order_by_asc(versions::Column::At)
            .order_by_asc(versions::Column::Id)
            .all(&self.reading)
            .await?;
        let mut shown = Vec::with_capacity(rows.len());
        for row in rows {
            let body = key.as_ref().and_then(|key| self.body(key, &row).ok());
            let mut rest: Vec<_> = parts.iter().filter(|part| part.message_id == row.id).collect();
            let own = self.take_files(&mut rest, body.as_ref(), contact).await?;
            let mut earlier = Vec::new();
            // What belongs to no later version belongs to the one it came with.
            for version in versions.extract_if(.., |version| version.message_id == row.id) {
                let body: Option<Body> = key
                    .as_ref()
                    .zip(version.body.as_ref())
                    .and_then(|(key, sealed)| unseal(key, &version_place(version.id), sealed).ok());
                earlier.push(Version {
                    at: time(version.at),
                    attachments: self.take_files(&mut rest, body.as_ref(), contact).await?,
                    body,
                });
            }
            let deliveries = sent
                .iter()
                .filter(|outgoing| outgoing.message_id == row.id)
                .map(|outgoing| Delivered {
                    line: outgoing.line.clone(),
                    state: Delivery::parse(&outgoing.state).unwrap_or(Delivery::Unknown),
                    said: self.localized(contact, outgoing),
                    sent_at: outgoing.sent_at.map(time),
                    under_way: job_of(outgoing.id).is_some(),
                    leaves_at: job_of(outgoing.id).filter(untouched).map(|job| time(job.due_at)),
                });
            shown.push(Message {
                id: row.id,
                author: row.author.and_then(|author| name_of(names, author)),
                at: time(row.at),
                versions: earlier,
                body,
                has_source: row.journal_id.is_some(),
                attachments: own,
                deliveries: deliveries.collect(),
                direction: row.direction,
            });
        }
        // Of what came at the same time, what the platform says came first; what it tells of the person comes after that.
        shown.sort_by_key(|message| {
            (
                message.at,
                message.body.as_ref().and_then(Body::place).unwrap_or(u64::MAX),
            )
        });
        Ok(shown)
    }

    async fn others(&self, contact: &contacts::Model) -> Result<Vec<Other>, StoreError> {
        let Some(hash) = &contact.identifier_hash else {
            return Ok(Vec::new());
        };
        let rows = contacts::Entity::find()
            .filter(contacts::Column::Line.eq(&contact.line))
            .filter(contacts::Column::IdentifierHash.eq(hash.clone()))
            .filter(contacts::Column::Id.ne(contact.id))
            .order_by_desc(contacts::Column::OpenedAt)
            .limit(20)
            .all(&self.reading)
            .await?;
        let other = |row: &contacts::Model| Other {
            reference: reference_of(row),
            opened_at: time(row.opened_at),
            status: Status::parse(&row.status).unwrap_or(Status::Waiting),
        };
        Ok(rows.iter().map(other).collect())
    }

    /// The raw source of a message of this contact. The caller writes the audit entry first.
    ///
    /// # Errors
    /// When it does not open or cannot be read.
    pub async fn source(&self, reference: Reference, message: Uuid) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(row) = messages::Entity::find_by_id(message).one(&self.reading).await? else {
            return Ok(None);
        };
        let contact = contacts::Entity::find_by_id(row.contact_id)
            .one(&self.reading)
            .await?;
        if contact.is_none_or(|contact| reference_of(&contact) != reference) {
            return Ok(None);
        }
        let Some(journal_id) = row.journal_id else {
            return Ok(None);
        };
        let Some(raw) = journal::Entity::find_by_id(journal_id).one(&self.reading).await? else {
            return Ok(None);
        };
        self.open_raw(&raw).await.map(Some)
    }
}

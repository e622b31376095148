//! The contact detail: all data on the page of one contact.

use chrono::{DateTime, TimeDelta, Utc};
use hotline_core::{
    contact::{
        lifecycle::{Marking, Status},
        message::Asks,
    },
    identifiers::reference::Reference,
    job::Delivery,
    routing::targets::Due,
    text::{locale::Language, reason::Reason, rich::ReplyStyle},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::{
    cases::CaseRow,
    contacts::{attachments::Attachment, pinned_notes::PinnedNote, wrap_up::WrapUpRecord},
    db::{
        contact_row::{is_unread, reference_of},
        entity::{attachments, contacts, events, jobs, journal, messages, outbox, versions},
        history::newest_event,
        store::{Store, time},
        values::{Direction, FetchState, HistoryKind, JobState},
    },
    error::StoreError,
    inbox::list::name_of,
    intake::choices::choice_of,
    outreach,
    sealing::{
        bodies::{ContactContent, MessageContent, unseal},
        places::version_place,
    },
};

/// A contact with its messages, files, history and related records.
pub struct ContactDetail {
    /// Id of the contact.
    pub id: Uuid,
    /// The reference of the contact.
    pub reference: Reference,
    /// The line of the contact.
    pub line: String,
    /// The channel of the contact.
    pub channel: String,
    /// Current status.
    pub status: Status,
    /// The marking: spam, test, duplicate or quarantine. The statistics leave out marked contacts. `None` if the contact is not marked.
    pub marking: Option<Marking>,
    /// The purpose that the person selected: asking for advice, or reporting content or conduct. `None` if unknown.
    pub asks: Option<Asks>,
    /// Language of the person, if known.
    pub language: Option<Language>,
    /// Urgency of the contact: 0 ordinary, 1 urgent, 2 in immediate danger.
    pub urgency: i16,
    /// End of the snooze. `None` if the contact is visible now.
    pub snoozed_until: Option<DateTime<Utc>>,
    /// Ids and display names of the colleagues who asked the assignee to hand the contact over. Leaves out
    /// requests from before the contact was last assigned or given back.
    pub asked_by: Vec<(Uuid, String)>,
    /// Whether the contact is a call. A call counts as answered from the start.
    pub is_call: bool,
    /// How long the call lasted. `None` if the contact is not a call, or if the duration was not recorded.
    pub talk: Option<TimeDelta>,
    /// Whether a counsellor who closes the contact now must give a reason for not replying.
    pub needs_reason: bool,
    /// Id and display name of the assignee. `None` if the contact is unassigned.
    pub assignee: Option<(Uuid, String)>,
    /// The day, in the centre's time zone, on which the statistics count the contact.
    pub day: String,
    /// When the contact was registered.
    pub opened_at: DateTime<Utc>,
    /// When the person began to wait for a reply. `None` if the person is not waiting.
    pub waiting_since: Option<DateTime<Utc>>,
    /// When the reply to the person is due. `None` if the person is not waiting, or if there is no target.
    pub due: Option<Due>,
    /// Whether staff have not read the newest message from the person.
    pub is_unread: bool,
    /// Whether the assignee opened the contact since it was raised to danger.
    pub danger_seen: bool,
    /// The keyed hash of the person's identifier on this line, for example for the pseudonym. `None` if the contact has no identifier.
    pub person: Option<Vec<u8>>,
    /// Whether the identity of the person is masked.
    pub identity: Identity,
    /// The contact content, such as name, addresses and subject. `None` if the contact was erased.
    pub card: Option<ContactContent>,
    /// Whether a reply can reach the person. `false` if there is no address, if no line can send replies to a logged call, or if the contact
    /// was erased.
    pub can_be_answered: bool,
    /// Messages, replies and notes, oldest first.
    pub messages: Vec<Message>,
    /// History events, oldest first.
    pub history: Vec<HistoryEvent>,
    /// Id of the newest history event, such as a new message, that a counsellor must have seen before replying. A reply by someone who has
    /// not seen the event is refused. 0 if there is no such event.
    pub newest: i64,
    /// Up to 20 other contacts of the same identifier on the same line, newest first.
    pub others: Vec<Other>,
    /// The contact whose thread token the first message of this contact contains. `None` if the message contains no token, or if both
    /// contacts have the same identifier.
    pub refers_to: Option<Reference>,
    /// `true` if a counsellor has asked the person for files and no files have arrived since. `None` if the line does not support asking
    /// for files.
    pub files: Option<bool>,
    /// Whether the contact's line can send files with a reply.
    pub sends_files: bool,
    /// How the contact's line shows replies to the person.
    pub reply_style: ReplyStyle,
    /// The team to which the contact belongs. `None` if it belongs to no team.
    pub team: Option<String>,
    /// End of the block of the contact's identifier. `None` if the identifier is not blocked.
    pub blocked_until: Option<DateTime<Utc>>,
    /// The classification of the contact so far.
    pub record: WrapUpRecord,
    /// References and statuses of the contacts linked to this contact.
    pub linked: Vec<(Reference, Status)>,
    /// Outreach events requested through this contact.
    pub events: Vec<outreach::OutreachEvent>,
    /// Cases to which the contact belongs.
    pub cases: Vec<CaseRow>,
    /// Notes about the person, newest first.
    pub pinned: Vec<PinnedNote>,
}

/// Whether the identifier and the name of a person are readable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// They are readable: the settings do not mask them, or the service loaded the contact for itself ([`Store::contact`]).
    Open,
    /// They are masked.
    Masked,
    /// The reader revealed them, until this time.
    RevealedUntil(DateTime<Utc>),
}

/// One message of a contact.
pub struct Message {
    /// The id of the message.
    pub id: Uuid,
    /// Whether the message came from the person, is a `reply`, an `automatic` message or an internal `note`, or is a `notice` from the
    /// platform.
    pub direction: Direction,
    /// Display name of the member of staff who wrote the message. `None` if the person or the software wrote it.
    pub author: Option<String>,
    /// When the message arrived or was written.
    pub at: DateTime<Utc>,
    /// The message content. `None` if the contact was erased.
    pub body: Option<MessageContent>,
    /// Whether the raw message from which this message was parsed can be shown.
    pub has_source: bool,
    /// Files of the current version of the message.
    pub attachments: Vec<Attachment>,
    /// The delivery state on each line that sends the message.
    pub deliveries: Vec<Delivered>,
    /// Earlier versions of the message, oldest first.
    pub versions: Vec<Version>,
}

impl Message {
    /// Returns the sending time stated in the message. `None` if the message states none, or if the stated time differs from the time of
    /// arrival by at most an hour.
    #[must_use]
    pub fn claimed(&self) -> Option<DateTime<Utc>> {
        let claimed = self.body.as_ref()?.claimed_at?;
        let apart = claimed.signed_duration_since(self.at).abs();
        (apart > chrono::TimeDelta::hours(1)).then_some(claimed)
    }
}

/// An earlier version of a message.
pub struct Version {
    /// When this version was written.
    pub at: DateTime<Utc>,
    /// The content of this version. `None` if the contact was erased.
    pub body: Option<MessageContent>,
    /// Files of this version, without those that are also in the current version or are already listed with an older version.
    pub attachments: Vec<Attachment>,
}

/// The delivery state of a message on one line.
pub struct Delivered {
    /// The line that sends the message.
    pub line: String,
    /// The delivery state.
    pub state: Delivery,
    /// Why the message has this delivery state, if a reason is known.
    pub reason: Option<Reason>,
    /// When the platform or mail server accepted the message. `None` if it has not accepted the message.
    pub sent_at: Option<DateTime<Utc>>,
    /// Whether a queued job will make the first or a further attempt to send the message.
    pub under_way: bool,
    /// When the first attempt to send begins. Until then, the author can take the message back. `None` once an attempt has begun.
    pub leaves_at: Option<DateTime<Utc>>,
}

/// An event in the history of a contact.
pub struct HistoryEvent {
    /// When the event happened.
    pub at: DateTime<Utc>,
    /// Display name of the member of staff who acted. `None` if no member of staff acted.
    pub actor: Option<String>,
    /// Kind of event.
    pub kind: HistoryKind,
    /// Details, depending on the kind.
    pub detail: String,
}

/// Another contact of the same identifier.
pub struct Other {
    /// Reference of that contact.
    pub reference: Reference,
    /// When that contact was registered.
    pub opened_at: DateTime<Utc>,
    /// Status of that contact.
    pub status: Status,
    /// The first words of that contact. Empty if it was erased.
    pub first_words: String,
}

/// Returns the text of the note with the id `note`, in which a counsellor explained why a contact was closed without a reply. The history
/// stores only the id of the note, so that the text can be erased.
fn reason_in(messages: &[Message], note: &str) -> String {
    let note = messages
        .iter()
        .find(|message| message.id.simple().to_string() == note);
    let body = note.and_then(|note| note.body.as_ref());
    body.map(|body| body.text.clone()).unwrap_or_default()
}

impl Store {
    /// Loads a contact by its reference. Returns `None` if no contact has this reference.
    ///
    /// # Errors
    /// Fails if a database query fails.
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
        let changes = [
            HistoryKind::Claimed,
            HistoryKind::GivenBack,
            HistoryKind::HandedOver,
            HistoryKind::Assigned,
        ];
        let since = history.iter().rposition(|event| changes.contains(&event.kind));
        let asked = history.iter().skip(since.unwrap_or_default());
        let mut asked_by: Vec<(Uuid, String)> = asked
            .filter(|event| event.kind == HistoryKind::AskedFor)
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
        let card = self.contact_content(&contact).ok();
        let has_line = self.line(&contact.line).is_some();
        let has_address = card
            .as_ref()
            .is_some_and(|card| card.answer_address(true).is_some());
        let asks = self.line(&contact.line).is_some_and(|line| line.asks_for_files);
        let sends_files = self.line(&contact.line).is_some_and(|line| line.sends_files);
        let reply_style = self
            .line(&contact.line)
            .map(|line| line.reply_style)
            .unwrap_or_default();
        Ok(Some(ContactDetail {
            files: asks.then_some(contact.files_wanted),
            newest,
            sends_files,
            reply_style,
            cases: self.cases_of(contact.id).await?,
            events: self.events_of(contact.id).await?,
            linked: self.linked(contact.id).await?,
            pinned: self.pinned_notes(&contact, &names).await?,
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
                    detail: if event.kind == HistoryKind::Closed {
                        reason_in(&messages, &event.detail)
                    } else {
                        event.detail
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
            identity: Identity::Open,
            person: contact.identifier_hash.clone(),
            card,
            can_be_answered: has_address && (has_line || !before.is_call),
            status: contact.status.0,
            marking: contact.marking.map(|marking| marking.0),
            asks: contact.asks.map(|asks| asks.0),
            assignee: contact
                .assignee
                .and_then(|assignee| Some((assignee, name_of(&names, assignee)?))),
            opened_at: time(contact.opened_at),
            waiting_since: contact.waiting_since.map(time),
            due: self.target_times(&self.reading).await?.due(&contact),
            is_unread: is_unread(&contact),
            danger_seen: contact.danger_seen_at.is_some(),
            talk: contact.talk_seconds.map(TimeDelta::seconds),
            line: contact.line,
            channel: contact.channel,
            team: contact.team,
            language: contact.language.map(|language| language.0),
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
            // A mail server tells the second of arrival. Messages of one second stand in the order of the journal.
            .order_by_asc(messages::Column::JournalId)
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
        let untouched = |job: &&jobs::Model| job.state == JobState::Ready && job.attempt == 0;
        let mut versions = versions::Entity::find()
            .filter(versions::Column::MessageId.is_in(rows.iter().map(|row| row.id)))
            .order_by_asc(versions::Column::At)
            .order_by_asc(versions::Column::Id)
            .all(&self.reading)
            .await?;
        let mut shown = Vec::with_capacity(rows.len());
        for row in rows {
            let body = key.as_ref().and_then(|key| self.message_content(key, &row).ok());
            let mut rest: Vec<_> = parts.iter().filter(|part| part.message_id == row.id).collect();
            let own = self.take_files(&mut rest, body.as_ref(), contact).await?;
            let mut earlier = Vec::new();
            // A file that the current version no longer contains is listed with the oldest version that contains it.
            for version in versions.extract_if(.., |version| version.message_id == row.id) {
                let body: Option<MessageContent> = key
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
                    state: outgoing.state.0,
                    reason: self.localized(contact, outgoing),
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
                has_source: row
                    .journal_id
                    .is_some_and(|raw| !parts.iter().any(|part| hides_raw(part, raw))),
                attachments: own,
                deliveries: deliveries.collect(),
                direction: row.direction,
            });
        }
        // Messages with the same time keep the platform's order. Messages that have no position in that order, such as notices, come last.
        shown.sort_by_key(|message| {
            (
                message.at,
                message
                    .body
                    .as_ref()
                    .and_then(MessageContent::place)
                    .unwrap_or(u64::MAX),
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
            first_words: self
                .contact_content(row)
                .map(|card| card.first_words)
                .unwrap_or_default(),
            opened_at: time(row.opened_at),
            status: row.status.0,
        };
        Ok(rows.iter().map(other).collect())
    }

    /// Loads the raw message from which a message of this contact was parsed. Before a member of staff opens the raw message, the caller
    /// must record this in the audit log.
    ///
    /// # Errors
    /// Returns [`StoreError::Locked`] if a file inside the raw message is locked as suspected abuse material. Fails if the raw message cannot
    /// be loaded or decrypted.
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
        let locked = attachments::Entity::find()
            .filter(attachments::Column::JournalId.eq(journal_id))
            .filter(attachments::Column::Fate.eq(FetchState::Locked));
        if locked.one(&self.reading).await?.is_some() {
            return Err(StoreError::Locked);
        }
        let Some(raw) = journal::Entity::find_by_id(journal_id).one(&self.reading).await? else {
            return Ok(None);
        };
        self.open_raw(&raw).await.map(Some)
    }
}

/// Returns whether nobody may open the raw message with this journal id, because it contains a file that is locked or was purged.
fn hides_raw(part: &attachments::Model, journal_id: i64) -> bool {
    part.journal_id == journal_id && matches!(part.fate, FetchState::Locked | FetchState::Purged)
}

//! Writing closed contacts in bulk. The rows and figures are those that registering, answering, classifying and closing each contact
//! would have written, but thousands of contacts take one transaction. The demo writes its past months in this way.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use hotline_core::{
    contact::{
        classification::{Answers, TOPIC},
        lifecycle::Status,
        message::{Incoming, RawMessage},
    },
    identifiers::{ids, reference::Reference},
    job::Delivery,
    routing::targets::ReplyOrder,
    staff::audit::AuditAction,
    statistics::tally::Tally,
};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ConnectionTrait, DatabaseTransaction, EntityTrait, QueryTrait,
    sea_query::Query,
};
use uuid::Uuid;

use crate::{
    db::{
        contact_row::reference_of,
        entity::{contacts, figures, journal, messages, outbox, records, reply_targets},
        store::Store,
        stored::Stored,
        values::{Direction, HistoryKind, Outcome},
    },
    error::{Conflict, StoreError},
    jobs::queue::{Claimed, Journalled},
    registration::changes::Changes,
    routing::targets::TargetTimes,
    sealing::{
        bodies::{MessageContent, seal},
        places::{message_content_place, raw_place},
    },
    staff::{accounts::StaffMember, schemes::number_of},
    statistics::counts::{AT_ONCE, row},
};

/// A contact that was opened, read and closed in the past.
pub struct PastContact {
    /// The message that opened the contact, as it arrived.
    pub raw: RawMessage,
    /// The parsed message. It must have no files and no evidence.
    pub incoming: Incoming,
    /// Whether the contact is a logged call.
    pub is_call: bool,
    /// How long the call lasted. `None` if the contact is no call, or if the duration is unknown.
    pub talk: Option<TimeDelta>,
    /// The member of staff who read, classified and closed the contact.
    pub assignee: Arc<StaffMember>,
    /// When the contact was read. A call counts as read when it arrived.
    pub read_at: DateTime<Utc>,
    /// When the reply was sent, and its text. `None`: nobody replied.
    pub reply: Option<(DateTime<Utc>, String)>,
    /// When the contact was closed.
    pub closed_at: DateTime<Utc>,
    /// The complete classification, without free text.
    pub answers: Answers,
}

/// The number of contacts that one statement writes. Databases limit the number of bound values in a statement.
const TOGETHER: usize = 200;

/// The rows of some contacts, apart from those in [`Changes`].
#[derive(Default)]
struct PastRows {
    changes: Changes,
    outbox: Vec<outbox::ActiveModel>,
    records: Vec<records::ActiveModel>,
    targets: Vec<reply_targets::ActiveModel>,
    references: Vec<Reference>,
}

impl Store {
    /// Writes contacts of the past to a database without contacts, in one transaction. Returns their references in the same order.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the database has contacts, or if a classification is incomplete or contains free text.
    pub async fn write_past(&self, past: Vec<PastContact>) -> Result<Vec<Reference>, StoreError> {
        let transaction = self.begin().await?;
        self.lock_registration(&transaction).await?;
        if contacts::Entity::find().one(&transaction).await?.is_some() {
            return Err(StoreError::Conflict(Conflict::DoneAlready));
        }
        let times = self.target_times(&transaction).await?;
        let mut references = Vec::with_capacity(past.len());
        let mut tally = Tally::default();
        let mut newest: HashMap<Vec<u8>, Uuid> = HashMap::new();
        let mut past = past.into_iter().peekable();
        while past.peek().is_some() {
            let some: Vec<PastContact> = past.by_ref().take(TOGETHER).collect();
            let journalled = self.journal_past(&transaction, &some).await?;
            let mut rows = PastRows::default();
            for (one, journalled) in some.into_iter().zip(&journalled) {
                self.add_past(&mut rows, &times, &mut tally, &mut newest, one, journalled)?;
            }
            references.append(&mut rows.references);
            rows.write(&transaction).await?;
        }
        // Without contacts there were no figures, so none of these rows exists yet.
        let mut cells = tally.finished().sorted();
        loop {
            let some: Vec<_> = cells.by_ref().take(AT_ONCE).map(row).collect();
            if some.is_empty() {
                break;
            }
            figures::Entity::insert_many(some)
                .exec_without_returning(&transaction)
                .await?;
        }
        self.audit_in(
            &transaction,
            None,
            AuditAction::WritePast,
            &references.len().to_string(),
        )
        .await?;
        self.commit(transaction).await?;
        Ok(references)
    }

    /// Writes the raw messages of the contacts to the journal, without jobs that parse them.
    async fn journal_past(
        &self,
        transaction: &DatabaseTransaction,
        past: &[PastContact],
    ) -> Result<Vec<Journalled>, StoreError> {
        let references = self.draw_references(transaction, past.len()).await?;
        let mut models = Vec::with_capacity(past.len());
        let mut opened = Vec::with_capacity(past.len());
        for (one, reference) in past.iter().zip(references) {
            let raw = &one.raw;
            let external = format!("{}\n{}", raw.line, raw.external_id);
            let external_hash = self.keys.lookup("external id", &external);
            let place = raw_place(&external_hash);
            let (key, data_key) = self.keys.new_data_key(&place)?;
            models.push(journal::ActiveModel {
                id: NotSet,
                line: Set(raw.line.as_str().to_owned()),
                external_hash: Set(external_hash.clone()),
                received_at: Set(raw.received_at.timestamp_micros()),
                size: Set(i64::try_from(raw.bytes.len()).unwrap_or(i64::MAX)),
                cut_from: Set(None),
                sealed: Set(Some(key.seal(&place, &raw.bytes)?)),
                data_key: Set(Some(data_key)),
                file: Set(None),
                outcome: Set(Outcome::Message),
                reason: Set(String::new()),
                reference: Set(Some(reference)),
            });
            opened.push((external_hash, reference));
        }
        let insert = journal::Entity::insert_many(models)
            .into_query()
            .returning(Query::returning().columns([journal::Column::Id, journal::Column::ExternalHash]))
            .to_owned();
        let mut ids: HashMap<Vec<u8>, i64> = HashMap::new();
        for row in transaction.query_all(&insert).await? {
            ids.insert(row.try_get("", "external_hash")?, row.try_get("", "id")?);
        }
        let mut journalled = Vec::with_capacity(past.len());
        for (one, (external_hash, reference)) in past.iter().zip(opened) {
            let journal_id = *ids
                .get(&external_hash)
                .ok_or(StoreError::NotFound("raw message"))?;
            journalled.push(Journalled {
                job: Claimed {
                    id: 0,
                    attempt: 0,
                    interrupted: false,
                    journal_id,
                    outbox_id: Uuid::nil(),
                    attachment_id: Uuid::nil(),
                },
                external_hash: Vec::new(),
                data_key: Vec::new(),
                reference: self.reference_of_row(journal_id, Some(reference)),
                raw: one.raw.clone(),
            });
        }
        Ok(journalled)
    }

    /// Adds the rows of one contact. `newest` contains the newest contact of each identifier.
    fn add_past(
        &self,
        rows: &mut PastRows,
        times: &TargetTimes<'_>,
        tally: &mut Tally,
        newest: &mut HashMap<Vec<u8>, Uuid>,
        past: PastContact,
        journalled: &Journalled,
    ) -> Result<(), StoreError> {
        let invalid = || StoreError::Conflict(Conflict::InvalidAnswers);
        let scheme = self.scheme();
        let answers = scheme.validate(past.answers).map_err(|_| invalid())?;
        let (chosen, words) = scheme.chosen_and_words(&answers);
        if !words.is_empty() || !scheme.missing(&answers).is_empty() {
            return Err(invalid());
        }
        let who = &past.assignee;
        let opened_at = past.raw.received_at.timestamp_micros();
        let (read_at, closed_at) = (past.read_at.timestamp_micros(), past.closed_at.timestamp_micros());
        let arrival = self.arrival(journalled, past.incoming, Vec::new());
        let identifier = arrival.identifier_hash.clone();
        let earlier = identifier.as_ref().and_then(|hash| newest.get(hash).copied());
        let known = rows.changes.events.len();
        let id = self.open_contact(&mut rows.changes, &arrival, earlier, None)?;
        newest.extend(identifier.map(|hash| (hash, id)));
        for event in rows.changes.events.iter_mut().skip(known) {
            event.at = Set(opened_at);
        }
        self.add_message(&mut rows.changes, id, arrival)?;
        if past.is_call
            && let Some(message) = rows.changes.messages.last_mut()
        {
            message.direction = Direction::Call;
            message.author = Some(who.id);
        }
        let mut contact = rows.changes.state.contact(id)?.clone();
        contact.urgency = scheme.urgency(&answers).unwrap_or_default();
        contact.topic = answers.get(TOPIC).and_then(|topics| topics.first().cloned());
        contact.assignee = Some(who.id);
        contact.team.clone_from(&who.team);
        let mut event = |at: i64, actor: Option<Uuid>, kind: HistoryKind, detail: &str| {
            rows.changes.event(id, at, actor, kind, detail);
        };
        if past.is_call {
            event(closed_at, Some(who.id), HistoryKind::Logged, "");
            contact.first_read_at = Some(opened_at);
        } else {
            event(read_at, Some(who.id), HistoryKind::Claimed, "");
            contact.first_read_at = Some(read_at.max(opened_at + 1));
        }
        contact.read_at = contact.first_read_at.max(Some(contact.last_in_at));
        if let Some((at, _)) = &past.reply {
            let at = at.timestamp_micros();
            event(at, Some(who.id), HistoryKind::Replied, "");
            event(at, None, HistoryKind::Delivery, Delivery::Sent.as_str());
        }
        if !past.is_call {
            event(closed_at, Some(who.id), HistoryKind::Classified, "");
        }
        contact.marking = scheme.kind(&answers).and_then(|kind| kind.marking).map(Stored);
        if let Some(marking) = contact.marking {
            event(closed_at, Some(who.id), HistoryKind::Marked, marking.0.as_str());
        }
        if !past.is_call {
            event(closed_at, Some(who.id), HistoryKind::Closed, "");
        }
        if let Some((at, text)) = past.reply {
            self.add_past_reply(rows, times, &contact, who, at.timestamp_micros(), text)?;
            contact.first_reply_at = Some(at.timestamp_micros());
        }
        contact.status = Stored(Status::Closed);
        contact.waiting_since = None;
        contact.closed_at = Some(closed_at);
        contact.talk_seconds = past.talk.map(|talk| talk.num_seconds());
        for facts in self.facts(&(&contact).into(), &chosen) {
            tally.add(&facts, 1);
        }
        rows.records.push(records::ActiveModel {
            contact_id: Set(id),
            scheme: Set(scheme.name.clone()),
            version: Set(number_of(&scheme)),
            answers: Set(serde_json::to_string(&chosen).unwrap_or_default()),
            words: Set(None),
            complete: Set(true),
            by: Set(who.id),
            at: Set(closed_at),
        });
        rows.references.push(reference_of(&contact));
        rows.changes.state.add(contact);
        Ok(())
    }

    /// Adds the rows of a sent reply to the waiting contact `contact`.
    fn add_past_reply(
        &self,
        rows: &mut PastRows,
        times: &TargetTimes<'_>,
        contact: &contacts::Model,
        who: &StaffMember,
        at: i64,
        text: String,
    ) -> Result<(), StoreError> {
        let message_id = ids::new(self.clock.now());
        let body = MessageContent {
            text,
            ..MessageContent::default()
        };
        let place = message_content_place(message_id);
        rows.changes.messages.push(messages::Model {
            id: message_id,
            contact_id: contact.id,
            direction: Direction::Reply,
            author: Some(who.id),
            at,
            journal_id: None,
            body: Some(seal(&self.contact_key(contact)?, &place, &body)?),
            message_id_hash: None,
            digest: None,
        });
        rows.outbox.push(outbox::ActiveModel {
            id: Set(ids::new(self.clock.now())),
            message_id: Set(message_id),
            contact_id: Set(contact.id),
            line: Set(contact.line.clone()),
            state: Set(Stored(Delivery::Sent)),
            tries: Set(1),
            queued_at: Set(at),
            sent_at: Set(Some(at)),
            reason: Set(None),
            done: Set(1),
        });
        let due = times.due(contact).zip(contact.waiting_since);
        rows.targets
            .extend(due.map(|(due, since)| reply_targets::ActiveModel {
                contact_id: Set(contact.id),
                since: Set(since),
                reply_order: Set(Stored(ReplyOrder::First)),
                urgency: Set(contact.urgency),
                line: Set(contact.line.clone()),
                due_at: Set(due.at.timestamp_micros()),
                replied_at: Set(Some(at)),
            }));
        Ok(())
    }
}

impl PastRows {
    /// Writes the rows. The caller counts all contacts together.
    async fn write(self, transaction: &DatabaseTransaction) -> Result<(), StoreError> {
        self.changes.write(transaction).await?;
        if !self.outbox.is_empty() {
            outbox::Entity::insert_many(self.outbox)
                .exec_without_returning(transaction)
                .await?;
        }
        if !self.records.is_empty() {
            records::Entity::insert_many(self.records)
                .exec_without_returning(transaction)
                .await?;
        }
        if !self.targets.is_empty() {
            reply_targets::Entity::insert_many(self.targets)
                .exec_without_returning(transaction)
                .await?;
        }
        Ok(())
    }
}

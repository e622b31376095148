//! Logging a call. The call becomes one contact, which the statistics count on the day on which the call took place.

use chrono::{DateTime, TimeDelta, Utc};
use hotline_core::{
    contact::{
        classification::{Answers, KIND},
        joining::Joining,
        lifecycle::Status,
        message::{Incoming, LONGEST_TEXT, RawMessage},
    },
    identifiers::{line_name::LineName, reference::Reference},
    staff::audit::AuditAction,
    time::{clock, talk},
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{NotSet, Set},
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter,
};
use uuid::Uuid;

use crate::{
    db::{
        contact_row::reference_of,
        entity::{contacts, journal, messages},
        store::Store,
        stored::Stored,
        values::{Direction, HistoryKind, Outcome},
    },
    error::{Conflict, StoreError},
    jobs::queue::{Claimed, Journalled},
    registration::changes::Changes,
    sealing::places::raw_place,
    staff::accounts::StaffMember,
};

/// A call to log. Also used for a message that a person sent on a network for which this software has no line.
pub struct NewCall {
    /// Id of the form in which the call was entered. If the form is submitted twice, the call is logged once.
    pub id: Uuid,
    /// Name of the network (channel) on which the person called or wrote.
    pub network: String,
    /// When the call took place. Must not be in the future.
    pub at: DateTime<Utc>,
    /// The colleague who took the call. `None` if the member of staff who logs the call also took it.
    pub for_whom: Option<Uuid>,
    /// The number or name of the caller on the network. Empty if unknown.
    pub caller: String,
    /// Description of the call.
    pub text: String,
    /// How long the call lasted. `None` if unknown.
    pub talk: Option<TimeDelta>,
    /// Classification of the call. If all required questions are answered, the contact of the call is closed.
    pub answers: Answers,
}

/// Maximum age of a call that can be logged: thirty years.
const LONGEST_AGO: TimeDelta = TimeDelta::days(30 * 365);
/// A call may be dated at most this far in the future, because the clock of the user's device may be ahead of the server's clock.
const AHEAD: TimeDelta = TimeDelta::minutes(2);

impl Store {
    /// Registers a call that was answered outside this software. Returns the reference of the call's contact.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the time of the call is in the future or too long ago, if the text is too long, if the duration
    /// is not positive or longer than [`talk::LONGEST`], if the network
    /// is not a valid line name, if the text and the answers are both empty, if the answers are not valid in the classification scheme, if
    /// the same form was already submitted with a different text or colleague, or if an opening balance of the statistics already includes
    /// the calls of that day.
    pub async fn log_call(&self, who: &StaffMember, call: NewCall) -> Result<Reference, StoreError> {
        let now = self.clock.now();
        if call.at > now + AHEAD {
            return Err(StoreError::Conflict(Conflict::InTheFuture));
        }
        if call.at < now - LONGEST_AGO {
            return Err(StoreError::Conflict(Conflict::TooFar));
        }
        if call.text.chars().count() > LONGEST_TEXT {
            return Err(StoreError::Conflict(Conflict::TooLong));
        }
        let in_range = |talk: TimeDelta| talk > TimeDelta::zero() && talk <= talk::LONGEST;
        if call.talk.is_some_and(|talk| !in_range(talk)) {
            return Err(StoreError::Conflict(Conflict::TalkTime));
        }
        let scheme = self.scheme();
        let answers = scheme
            .validate(call.answers)
            .map_err(|_| StoreError::Conflict(Conflict::InvalidAnswers))?;
        let line = LineName::parse(&call.network).map_err(|_| StoreError::Conflict(Conflict::NoNetwork))?;
        let taken_by = match call.for_whom {
            Some(colleague) => self.colleague(colleague).await?,
            None => who.clone(),
        };
        // The form proposes the kind, so the kind alone does not show that there was a call. Kinds such as "silent" need nothing else.
        let only_a_kind = answers.keys().all(|question| question == KIND)
            && scheme.kind(&answers).is_none_or(|kind| kind.counselling);
        if call.text.trim().is_empty() && call.talk.is_none() && only_a_kind {
            return Err(StoreError::Conflict(Conflict::NoText));
        }
        let raw = RawMessage {
            line,
            external_id: format!("call {}", call.id),
            received_at: call.at.min(now),
            bytes: call.text.clone().into_bytes(),
            cut_from: None,
        };
        let caller = Some(call.caller.trim().to_owned()).filter(|caller| !caller.is_empty());
        let incoming = Incoming {
            identifier: caller.map(Into::into),
            joining: Joining::ByEvidence,
            text: call.text.trim().to_owned(),
            ..Incoming::default()
        };
        let transaction = self.begin().await?;
        self.lock_registration(&transaction).await?;
        let (row, fresh) = self.journal_one(&transaction, &raw).await?;
        let journal_id = row.id;
        if !fresh {
            let known = messages::Entity::find()
                .filter(messages::Column::JournalId.eq(journal_id))
                .one(&transaction)
                .await?
                .ok_or(StoreError::NotFound("call"))?;
            let contact = contacts::Entity::find_by_id(known.contact_id)
                .one(&transaction)
                .await?;
            let contact = contact.ok_or(StoreError::NotFound("contact"))?;
            let said = self.message_content(&self.contact_key(&contact)?, &known)?.text;
            if known.author != Some(taken_by.id) || said != call.text.trim() {
                return Err(StoreError::Conflict(Conflict::DoneAlready));
            }
            return Ok(reference_of(&contact));
        }
        let day = clock::day_of(call.at, self.zone);
        if self.has_opening_balance(&transaction, &call.network, day).await? {
            return Err(StoreError::Conflict(Conflict::DayEntered));
        }
        let journalled = Journalled {
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
            reference: self.reference_of_row(row.id, row.reference),
            raw,
        };
        let mut changes = Changes {
            now: self.now(),
            ..Changes::default()
        };
        let arrival = self.arrival(&journalled, incoming, Vec::new());
        let id = self.open_contact(&mut changes, &arrival, None, None)?;
        self.add_message(&mut changes, id, arrival)?;
        if let Some(message) = changes.messages.last_mut() {
            message.direction = Direction::Call;
            message.author = Some(taken_by.id);
        }
        let complete = scheme.missing(&answers).is_empty();
        let contact = changes.state.contact_mut(id)?;
        let status = if complete {
            Status::Closed
        } else {
            Status::Answered
        };
        contact.status = Stored(status);
        contact.assignee = Some(taken_by.id);
        contact.team.clone_from(&taken_by.team);
        contact.waiting_since = None;
        contact.talk_seconds = call.talk.map(|talk| talk.num_seconds());
        // A call is answered on arrival, so the contact counts as read at the time of the call.
        contact.first_read_at = Some(contact.opened_at);
        contact.read_at = Some(contact.last_in_at);
        contact.closed_at = complete.then_some(changes.now);
        let contact = contact.clone();
        let for_whom = if taken_by.id == who.id {
            ""
        } else {
            taken_by.name.as_str()
        };
        changes.event(
            contact.id,
            self.now(),
            Some(who.id),
            HistoryKind::Logged,
            for_whom,
        );
        changes.set_outcome(journal_id, Outcome::Message, "");
        self.count(&transaction, &mut changes).await?;
        changes.write(&transaction).await?;
        self.keep_record(&transaction, who, &contact, &answers).await?;
        if let Some(marking) = scheme.kind(&answers).and_then(|kind| kind.marking) {
            self.mark_in(&transaction, who, &contact, Some(marking), None)
                .await?;
        }
        let reference = reference_of(&contact);
        self.audit_in(
            &transaction,
            Some(who.id),
            AuditAction::Log,
            &format!("{reference} {day}"),
        )
        .await?;
        self.commit(transaction).await?;
        Ok(reference)
    }

    /// Writes a raw message to the journal without creating a job to parse it. Returns the existing row if the journal already contains the
    /// message. The returned flag is `true` if the row is new.
    async fn journal_one(
        &self,
        transaction: &DatabaseTransaction,
        raw: &RawMessage,
    ) -> Result<(journal::Model, bool), StoreError> {
        let external_hash = self
            .keys
            .lookup("external id", &format!("{}\n{}", raw.line, raw.external_id));
        let known = journal::Entity::find()
            .filter(journal::Column::Line.eq(raw.line.as_str()))
            .filter(journal::Column::ExternalHash.eq(external_hash.clone()))
            .one(transaction)
            .await?;
        if let Some(known) = known {
            return Ok((known, false));
        }
        let place = raw_place(&external_hash);
        let (key, data_key) = self.keys.new_data_key(&place)?;
        let references = self.draw_references(transaction, 1).await?;
        let row = journal::ActiveModel {
            id: NotSet,
            line: Set(raw.line.as_str().to_owned()),
            external_hash: Set(external_hash),
            received_at: Set(raw.received_at.timestamp_micros()),
            size: Set(i64::try_from(raw.bytes.len()).unwrap_or(i64::MAX)),
            cut_from: Set(None),
            sealed: Set(Some(key.seal(&place, &raw.bytes)?)),
            data_key: Set(Some(data_key)),
            file: Set(None),
            outcome: Set(Outcome::Accepted),
            reason: Set(String::new()),
            reference: Set(references.first().copied()),
        };
        Ok((row.insert(transaction).await?, true))
    }
}

//! Closing and reopening contacts, and marking them as spam, test or duplicate. Each operation writes the change and its history event in
//! one transaction.

use hotline_core::{
    contact::{
        classification::{Answers, KIND},
        lifecycle::{BeforeClosing, Marking, Status, Step},
    },
    identifiers::{ids, reference::Reference},
    staff::{audit::AuditAction, rights::Right},
};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use crate::{
    contacts::{reply::not_too_long, wrap_up::WrapUpRecord},
    db::{
        contact_row::{is_call, reference_of, write_contact},
        entity::{contacts, messages},
        store::Store,
        stored::Stored,
        values::{Direction, HistoryKind},
    },
    error::{Conflict, StoreError},
    staff::accounts::StaffMember,
    statistics::counts,
};

/// The reason for closing or marking a contact. The text is stored as an encrypted note, and the history event stores only the id of that
/// note.
type Reason<'a> = Option<&'a str>;

impl Store {
    /// Closes a contact. `reason` explains why staff send no reply, and is stored as a note. [`BeforeClosing::needs_reason`] returns
    /// whether a reason is required.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the contact is already closed, is assigned to someone else, or lacks a required reason. Returns
    /// this error also if the configuration requires a complete classification and the contact's classification is incomplete.
    pub async fn close(
        &self,
        who: &StaffMember,
        reference: Reference,
        reason: Reason<'_>,
    ) -> Result<(), StoreError> {
        self.step(who, reference, Step::Close, HistoryKind::Closed, reason)
            .await
    }

    /// Saves the answers of a contact's classification, and closes the contact if `close` is `true`. [`BeforeClosing`] defines when closing
    /// requires a reason.
    ///
    /// # Errors
    /// Returns the errors of [`Store::classify`], [`Store::mark`] and [`Store::close`].
    pub async fn wrap_up(
        &self,
        who: &StaffMember,
        reference: Reference,
        answers: Answers,
        close: bool,
        reason: Reason<'_>,
    ) -> Result<(), StoreError> {
        if close && words_of(reason)?.is_none() {
            let (transaction, contact) = self.begin_work(who, reference).await?;
            let record = self.record_of(&transaction, &contact).await?;
            if contact.data_key.is_some() && self.before_closing(&contact, &record).needs_reason_to_mark() {
                return Err(StoreError::Conflict(Conflict::ReasonNeeded));
            }
        }
        // If the chosen kind is also a marking (spam, test, duplicate), `classify_with_reason` closes the contact, so `close` is not
        // called.
        let marks = self
            .scheme()
            .kind(&answers)
            .is_some_and(|kind| kind.marking.is_some());
        self.classify_with_reason(who, reference, answers, reason).await?;
        if close && !marks {
            self.close(who, reference, reason).await?;
        }
        Ok(())
    }

    pub(crate) fn before_closing(&self, contact: &contacts::Model, record: &WrapUpRecord) -> BeforeClosing {
        BeforeClosing {
            status: contact.status.0,
            urgent: contact.urgency > 0,
            assigned: contact.assignee.is_some(),
            was_answered: contact.first_reply_at.is_some(),
            is_call: is_call(contact),
            counselling: self.scheme().kind(&record.answers).map(|kind| kind.counselling),
        }
    }

    /// Writes a note with the reason for closing a contact. Returns the id of the note, or an empty string if no note was written.
    async fn write_reason(
        &self,
        transaction: &DatabaseTransaction,
        who: &StaffMember,
        contact: &contacts::Model,
        reason: Option<&str>,
        now: i64,
    ) -> Result<String, StoreError> {
        // An erased contact has no key, so no text can be stored for it.
        let Some(reason) = reason.filter(|_| contact.data_key.is_some()) else {
            return Ok(String::new());
        };
        let id = ids::new(self.clock.now());
        self.write_message(transaction, contact, who, id, Direction::Note, reason, now)
            .await?;
        Ok(id.simple().to_string())
    }

    /// Reopens a closed contact. If the contact was marked, the marking is removed, and the statistics count the contact again.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the contact is open or assigned to someone else.
    pub async fn reopen(&self, who: &StaffMember, reference: Reference) -> Result<(), StoreError> {
        self.step(who, reference, Step::Reopen, HistoryKind::Reopened, None)
            .await
    }

    async fn step(
        &self,
        who: &StaffMember,
        reference: Reference,
        step: Step,
        kind: HistoryKind,
        reason: Reason<'_>,
    ) -> Result<(), StoreError> {
        let reason = words_of(reason)?;
        let (transaction, contact) = self.begin_work(who, reference).await?;
        if step == Step::Close && !self.is_wrapped_up(&transaction, &contact).await? {
            return Err(StoreError::Conflict(Conflict::NotWrappedUp));
        }
        let mut status = contact
            .status
            .0
            .after(step)
            .map_err(|_| StoreError::Conflict(Conflict::DoneAlready))?;
        // A caller does not wait for a reply. A reopened call therefore gets the status `Answered` instead of `Waiting`.
        if status == Status::Waiting && is_call(&contact) {
            status = Status::Answered;
        }
        if step == Step::Close && reason.is_none() && contact.data_key.is_some() {
            let record = self.record_of(&transaction, &contact).await?;
            if self.before_closing(&contact, &record).needs_reason() {
                return Err(StoreError::Conflict(Conflict::ReasonNeeded));
            }
        }
        let now = self.now();
        let mut waiting_since = None;
        if status == Status::Waiting {
            let unanswered = first_unanswered(&transaction, contact.id).await?;
            waiting_since = Some(unanswered.unwrap_or(now));
        }
        let stepped = contacts::Model {
            status: Stored(status),
            closed_at: (!status.is_open()).then_some(now),
            waiting_since,
            // Closing and reopening end a snooze. A closed contact needs no snooze, and a reopened contact must be visible at once.
            snoozed_until: None,
            ..contact.clone()
        };
        self.change_contact(&transaction, &contact, &stepped).await?;
        let why = self
            .write_reason(&transaction, who, &contact, reason, now)
            .await?;
        self.add_event(&transaction, contact.id, Some(who.id), kind, &why)
            .await?;
        // Only a supervisor removes a contact from the quarantine.
        if status.is_open() && contact.marking.is_some_and(|marking| marking.0.closes()) {
            self.mark_in(&transaction, who, &stepped, None, None).await?;
        }
        self.commit(transaction).await
    }

    /// Marks a contact as spam, test or duplicate and closes the contact. `None` removes the marking. The same transaction updates the
    /// statistics of the day on which the contact is counted. Returns `false` if nothing changed.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the contact is assigned to someone else, if it is quarantined and `who` may not release it, or
    /// if marking would close a contact that is urgent, unassigned and waiting. Closing such a contact requires a reason
    /// ([`Store::mark_with_reason`]).
    pub async fn mark(
        &self,
        who: &StaffMember,
        reference: Reference,
        marking: Option<Marking>,
    ) -> Result<bool, StoreError> {
        self.mark_with_reason(who, reference, marking, None).await
    }

    /// Marks a contact like [`Store::mark`], with a reason. The reason is required if marking would close a contact that is urgent,
    /// unassigned and waiting.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the contact is assigned to someone else, or if a required reason is missing.
    pub async fn mark_with_reason(
        &self,
        who: &StaffMember,
        reference: Reference,
        marking: Option<Marking>,
        reason: Reason<'_>,
    ) -> Result<bool, StoreError> {
        let (transaction, contact) = self.begin_work(who, reference).await?;
        let is_so = contact.marking == marking.map(Stored);
        if is_so && (marking.is_none() || !contact.status.0.is_open()) {
            return Ok(false);
        }
        self.mark_in(&transaction, who, &contact, marking, reason).await?;
        self.commit(transaction).await?;
        Ok(true)
    }

    /// Releases a contact from the quarantine. The marking is removed, so the contact counts on the day of its registration. Returns
    /// `false` if the contact is not quarantined.
    ///
    /// # Errors
    /// Returns the errors of [`Store::mark`].
    pub async fn release(&self, who: &StaffMember, reference: Reference) -> Result<bool, StoreError> {
        self.end_quarantine(who, reference, None).await
    }

    /// Discards a quarantined contact: marks it as spam and closes it. Returns `false` if the contact is not quarantined.
    ///
    /// # Errors
    /// Returns the errors of [`Store::mark`].
    pub async fn discard(&self, who: &StaffMember, reference: Reference) -> Result<bool, StoreError> {
        self.end_quarantine(who, reference, Some(Marking::Spam)).await
    }

    async fn end_quarantine(
        &self,
        who: &StaffMember,
        reference: Reference,
        marking: Option<Marking>,
    ) -> Result<bool, StoreError> {
        let (transaction, contact) = self.begin_work(who, reference).await?;
        if contact.marking != Some(Stored(Marking::Quarantine)) {
            return Ok(false);
        }
        self.mark_in(&transaction, who, &contact, marking, None).await?;
        self.commit(transaction).await?;
        Ok(true)
    }

    pub(crate) async fn mark_in(
        &self,
        transaction: &DatabaseTransaction,
        who: &StaffMember,
        contact: &contacts::Model,
        marking: Option<Marking>,
        reason: Reason<'_>,
    ) -> Result<(), StoreError> {
        let reason = words_of(reason)?;
        let quarantined = contact.marking == Some(Stored(Marking::Quarantine));
        if quarantined && !who.role.may(Right::WorkOnOthers) {
            return Err(StoreError::Conflict(Conflict::Quarantined));
        }
        let detail = marking.map_or("none", Marking::as_str);
        let now = self.now();
        // If the kind chosen in the wrap-up is also a marking (spam, test, duplicate), removing the marking also removes that kind from the
        // classification.
        let record = self.record_of(transaction, contact).await?;
        let closes = marking.is_some_and(Marking::closes) && contact.status.0.is_open();
        let may_ask = closes && reason.is_none() && contact.data_key.is_some();
        if may_ask && self.before_closing(contact, &record).needs_reason_to_mark() {
            return Err(StoreError::Conflict(Conflict::ReasonNeeded));
        }
        let counted_before = self.facts(&contact.into(), &record.chosen);
        let (mut answers, mut chosen) = (record.answers, record.chosen);
        let scheme = self.scheme();
        let kind = scheme.kind(&answers);
        if marking.is_none() && kind.is_some_and(|kind| kind.marking.is_some()) {
            answers.remove(KIND);
            chosen.remove(KIND);
            self.keep_record(transaction, who, contact, &answers).await?;
        }
        let mut marked = contacts::Model {
            marking: marking.map(Stored),
            ..contact.clone()
        };
        let counted = self.facts(&(&marked).into(), &chosen);
        counts::recount(transaction, &counted_before, &counted).await?;
        // A marked contact needs no further work, so it is closed. A later message from the person is shown to staff as usual.
        if closes {
            marked.status = Stored(Status::Closed);
            marked.closed_at = Some(now);
            marked.waiting_since = None;
        }
        write_contact(transaction, contact, &marked).await?;
        self.add_event(transaction, contact.id, Some(who.id), HistoryKind::Marked, detail)
            .await?;
        if closes {
            let why = self.write_reason(transaction, who, contact, reason, now).await?;
            self.add_event(transaction, contact.id, Some(who.id), HistoryKind::Closed, &why)
                .await?;
        }
        let what = format!("{} {detail}", reference_of(contact));
        self.audit_in(transaction, Some(who.id), AuditAction::Mark, &what)
            .await
    }
}

/// Trims a reason and checks its length. Returns `None` for an empty reason.
fn words_of(reason: Reason<'_>) -> Result<Option<&str>, StoreError> {
    let reason = reason.map(not_too_long).transpose()?;
    Ok(reason.filter(|reason| !reason.is_empty()))
}

/// Returns the time of the first message that the person wrote after the last reply, or `None` if there is no such message. A reopened
/// contact counts as waiting since that time.
async fn first_unanswered(
    transaction: &DatabaseTransaction,
    contact: Uuid,
) -> Result<Option<i64>, StoreError> {
    let of = |direction: Direction| {
        messages::Entity::find()
            .filter(messages::Column::ContactId.eq(contact))
            .filter(messages::Column::Direction.eq(direction))
    };
    let answered = of(Direction::Reply)
        .order_by_desc(messages::Column::At)
        .one(transaction)
        .await?;
    let since = answered.map_or(i64::MIN, |reply| reply.at);
    let first = of(Direction::In)
        .filter(messages::Column::At.gt(since))
        .order_by_asc(messages::Column::At)
        .one(transaction)
        .await?;
    Ok(first.map(|message| message.at))
}

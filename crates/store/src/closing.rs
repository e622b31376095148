//! Closing and marking. Each step is one transaction with its entry in the history.

use hotline_core::{
    classification::KIND,
    contact::{Marking, Status, Step},
    reference::Reference,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, SqlErr,
};
use uuid::Uuid;

use crate::{
    entity::{contacts, messages},
    error::{Conflict, StoreError},
    figures,
    inbox::reference_of,
    register::event,
    staff::Person,
    store::Store,
    work::status_of,
};

impl Store {
    /// Closes a contact.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if it is closed, or somebody else holds it.
    pub async fn close(&self, who: &Person, reference: Reference) -> Result<(), StoreError> {
        self.step(who, reference, Step::Close, "closed").await
    }

    /// Opens a closed contact again. One that was marked counts again: spam is not worked on.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if it is open, or somebody else holds it.
    pub async fn reopen(&self, who: &Person, reference: Reference) -> Result<(), StoreError> {
        self.step(who, reference, Step::Reopen, "reopened").await
    }

    async fn step(
        &self,
        who: &Person,
        reference: Reference,
        step: Step,
        kind: &str,
    ) -> Result<(), StoreError> {
        let (transaction, contact) = self.begin_held(who, reference).await?;
        if step == Step::Close && !self.is_wrapped_up(&transaction, &contact).await? {
            return Err(StoreError::Conflict(Conflict::NotWrappedUp));
        }
        let status = status_of(&contact)
            .after(step)
            .map_err(|_| StoreError::Conflict(Conflict::DoneAlready))?;
        let now = self.now();
        let mut waiting_since = None;
        if status.is_open() {
            let unanswered = first_unanswered(&transaction, contact.id).await?;
            waiting_since = Some(unanswered.unwrap_or(now));
        }
        let update = contacts::ActiveModel {
            id: Unchanged(contact.id),
            status: Set(status.as_str().to_owned()),
            closed_at: Set((!status.is_open()).then_some(now)),
            waiting_since: Set(waiting_since),
            // Nothing that is done with is out of sight for now, and what is opened again is worked on.
            snoozed_until: Set(None),
            ..Default::default()
        };
        update.update(&transaction).await.map_err(newer_open)?;
        event(contact.id, now, Some(who.id), kind, "")
            .insert(&transaction)
            .await?;
        let stepped = contacts::Model {
            status: status.as_str().to_owned(),
            closed_at: (!status.is_open()).then_some(now),
            ..contact.clone()
        };
        self.recount_contact(&transaction, &contact, &stepped).await?;
        if status.is_open() && contact.marking.is_some() {
            self.mark_in(&transaction, who, &stepped, None).await?;
        }
        self.done(transaction).await
    }

    /// Marks a contact as spam, test or duplicate, which closes it, or takes the marking away. The day's total follows in the
    /// same commit.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if somebody else holds it.
    pub async fn mark(
        &self,
        who: &Person,
        reference: Reference,
        marking: Option<Marking>,
    ) -> Result<(), StoreError> {
        let (transaction, contact) = self.begin_held(who, reference).await?;
        self.mark_in(&transaction, who, &contact, marking).await?;
        self.done(transaction).await
    }

    pub(crate) async fn mark_in(
        &self,
        transaction: &DatabaseTransaction,
        who: &Person,
        contact: &contacts::Model,
        marking: Option<Marking>,
    ) -> Result<(), StoreError> {
        let name = marking.map(|marking| marking.as_str().to_owned());
        let detail = name.clone().unwrap_or_else(|| "none".to_owned());
        let now = self.now();
        // A kind that is a marking goes with it.
        let record = self.record_of(transaction, contact).await?;
        let counted_before = self.facts(contact, &record.chosen);
        let (mut answers, mut chosen) = (record.answers, record.chosen);
        let kind = self.scheme.kind(&answers);
        if marking.is_none() && kind.is_some_and(|kind| kind.marking.is_some()) {
            answers.remove(KIND);
            chosen.remove(KIND);
            self.keep_record(transaction, who, contact, &answers).await?;
        }
        let closes = marking.is_some() && status_of(contact).is_open();
        let marked = contacts::Model {
            marking: name,
            ..contact.clone()
        };
        let counted = self.facts(&marked, &chosen);
        figures::recount(transaction, &counted_before, &counted).await?;
        let mut update = contacts::ActiveModel {
            id: Unchanged(contact.id),
            marking: Set(marked.marking),
            ..Default::default()
        };
        // What is marked is done with. If the person writes again it is seen again.
        if closes {
            update.status = Set(Status::Closed.as_str().to_owned());
            update.closed_at = Set(Some(now));
            update.waiting_since = Set(None);
        }
        update.update(transaction).await?;
        event(contact.id, now, Some(who.id), "marked", &detail)
            .insert(transaction)
            .await?;
        if closes {
            event(contact.id, now, Some(who.id), "closed", "")
                .insert(transaction)
                .await?;
        }
        let what = format!("{} {detail}", reference_of(contact));
        self.audit_in(transaction, Some(who.id), "mark", &what).await
    }
}

/// Opening a contact breaks a rule only if its person has another one open.
pub(crate) fn newer_open(error: DbErr) -> StoreError {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => StoreError::Conflict(Conflict::NewerOpen),
        Some(_) | None => error.into(),
    }
}

/// When the person wrote what nobody has answered yet. A contact that was closed by mistake has waited since then.
async fn first_unanswered(
    transaction: &DatabaseTransaction,
    contact: Uuid,
) -> Result<Option<i64>, StoreError> {
    let of = |direction: &str| {
        messages::Entity::find()
            .filter(messages::Column::ContactId.eq(contact))
            .filter(messages::Column::Direction.eq(direction))
    };
    let answered = of("reply")
        .order_by_desc(messages::Column::At)
        .one(transaction)
        .await?;
    let since = answered.map_or(i64::MIN, |reply| reply.at);
    let first = of("in")
        .filter(messages::Column::At.gt(since))
        .order_by_asc(messages::Column::At)
        .one(transaction)
        .await?;
    Ok(first.map(|message| message.at))
}

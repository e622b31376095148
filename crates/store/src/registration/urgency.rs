//! Raising the urgency of a contact by the rules of urgency.

use chrono::TimeDelta;
use hotline_core::{
    contact::{
        message::{Incoming, Normalised},
        urgency::{Findings, InDanger},
    },
    routing::skills::DANGER,
};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter};
use uuid::Uuid;

use crate::{
    db::{
        entity::messages,
        store::Store,
        values::{Direction, HistoryKind},
    },
    error::StoreError,
    registration::changes::Changes,
};

impl Store {
    /// Raises the urgency of a contact by a message that was just added to the contact. Never lowers the urgency: only staff do that.
    pub(super) async fn raise_by_message(
        &self,
        transaction: &DatabaseTransaction,
        changes: &mut Changes,
        contact: Uuid,
        findings: Findings,
        in_danger: Option<InDanger>,
    ) -> Result<(), StoreError> {
        let written = self.written_again(transaction, changes, contact).await?;
        self.raise(changes, contact, findings, in_danger, written)
    }

    /// Raises the urgency of a contact by the text of a changed message.
    pub(super) fn raise_by_text(
        &self,
        changes: &mut Changes,
        contact: Uuid,
        text: &str,
    ) -> Result<(), StoreError> {
        self.raise(changes, contact, self.urgency_rules().findings(text), None, 0)
    }

    fn raise(
        &self,
        changes: &mut Changes,
        contact: Uuid,
        findings: Findings,
        in_danger: Option<InDanger>,
        written: u32,
    ) -> Result<(), StoreError> {
        let assessed = self.urgency_rules().assess(findings, in_danger, written);
        let row = changes.state.contact_mut(contact)?;
        if assessed.urgency.to_stored() <= row.urgency {
            return Ok(());
        }
        row.urgency = assessed.urgency.to_stored();
        if row.urgency >= DANGER {
            // The assignee has to open the contact again. Neither a snooze nor a block hides a contact in danger.
            row.danger_seen_at = None;
            row.snoozed_until = None;
        }
        let rules: Vec<&str> = assessed
            .reasons
            .iter()
            .map(|reason| reason.rule.as_str())
            .collect();
        changes.event(contact, self.now(), None, HistoryKind::Raised, &rules.join(" "));
        Ok(())
    }

    /// Counts the messages that the person wrote in the contact without a reply, within the time that the rules state.
    async fn written_again(
        &self,
        transaction: &DatabaseTransaction,
        changes: &Changes,
        contact: Uuid,
    ) -> Result<u32, StoreError> {
        let row = changes.state.contact(contact)?;
        let minutes = TimeDelta::minutes(self.urgency_rules().written_again().minutes.into());
        let since = self.now() - minutes.num_microseconds().unwrap_or_default();
        let since = since.max(row.waiting_since.unwrap_or_default());
        let is_recent = |message: &&messages::Model| {
            message.contact_id == contact && message.direction == Direction::In && message.at >= since
        };
        let new = changes.messages.iter().filter(is_recent).count();
        if changes.state.before(contact).is_none() {
            return Ok(u32::try_from(new).unwrap_or(u32::MAX));
        }
        let stored = messages::Entity::find()
            .filter(messages::Column::ContactId.eq(contact))
            .filter(messages::Column::Direction.eq(Direction::In))
            .filter(messages::Column::At.gte(since))
            .count(transaction)
            .await?;
        Ok(u32::try_from(new as u64 + stored).unwrap_or(u32::MAX))
    }
}

/// A text with what the rules of urgency find in it.
pub(super) struct AssessedText {
    text: String,
    findings: Findings,
}

impl Store {
    /// Applies the rules of urgency to a message before the transaction that registers the message, because this takes a while for a long
    /// text. `None` if the message has no text.
    pub(super) fn assess_early(&self, normalised: &Normalised) -> Option<AssessedText> {
        let Normalised::Message(incoming) = normalised else {
            return None;
        };
        let text = assessed_text(incoming);
        Some(AssessedText {
            findings: self.urgency_rules().findings(&text),
            text,
        })
    }

    /// Returns the findings in the text of a message. Uses `early` unless the transaction has changed the text since.
    pub(super) fn findings_in(&self, incoming: &Incoming, early: Option<AssessedText>) -> Findings {
        let text = assessed_text(incoming);
        match early.filter(|early| early.text == text) {
            Some(early) => early.findings,
            None => self.urgency_rules().findings(&text),
        }
    }
}

/// Returns the text of a message that the rules of urgency read: the subject and the text, or the quoted text of a message that has no text
/// of its own, such as a forwarded mail.
fn assessed_text(incoming: &Incoming) -> String {
    let text = if incoming.text.trim().is_empty() {
        &incoming.quoted
    } else {
        &incoming.text
    };
    match &incoming.subject {
        Some(subject) => format!("{subject}\n{text}"),
        None => text.clone(),
    }
}

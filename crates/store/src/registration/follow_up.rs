//! The automatic answer to a message: an acknowledgement and, if the line is closed, the time at which the message will be read.

use hotline_core::{
    contact::{
        lifecycle::Marking,
        message::{Incoming, Origin, Remark},
    },
    identifiers::ids,
    text::locale::Language,
    time::hours::{Opening, opens_in_words},
};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::{
    db::{
        contact_row::reference_of,
        entity::{contacts, messages},
        store::{LineSettings, Store, time},
        stored::Stored,
        values::{Direction, HistoryKind},
    },
    error::StoreError,
    jobs::new::outbox_row,
    registration::changes::Changes,
    sealing::{
        bodies::{MessageContent, seal},
        places::message_content_place,
    },
};

/// Maximum number of acknowledgements to one identifier on one line in 24 hours. The limit ends a loop with a program that answers each
/// acknowledgement.
const ACKNOWLEDGEMENTS_A_DAY: usize = 3;

/// Whether a message opened a contact or joined one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrived {
    Opened,
    Joined,
}

impl Store {
    /// Queues an automatic answer to a message. If the message opened the contact, the answer contains the acknowledgement. If the line is
    /// closed, the answer says when the message will be read. Both texts are sent as one message. Does nothing if neither text is due, if
    /// the contact has no identifier, or if it is quarantined.
    pub(super) async fn answer_automatically(
        &self,
        transaction: &DatabaseTransaction,
        changes: &mut Changes,
        contact: Uuid,
        arrived: Arrived,
    ) -> Result<(), StoreError> {
        let contact = changes.state.contact(contact)?.clone();
        let Some(settings) = self.line(&contact.line) else {
            return Ok(());
        };
        let Some(identifier) = contact.identifier_hash.clone() else {
            return Ok(());
        };
        if contact.marking == Some(Stored(Marking::Quarantine)) {
            return Ok(());
        }
        let mut texts = Vec::new();
        if arrived == Arrived::Opened
            && let Some(key) = settings.acknowledgement
        {
            if self
                .was_acknowledged_often(transaction, changes, &contact, &identifier)
                .await?
            {
                changes.event(contact.id, self.now(), None, HistoryKind::NotAcknowledged, "");
            } else {
                let reference = reference_of(&contact).to_string();
                texts.push(
                    self.automatic_text(key, &contact, ("reference", &reference))
                        .await?,
                );
                changes.state.contact_mut(contact.id)?.acknowledged_at = Some(self.now());
            }
        }
        if let Some(text) = self
            .closed_text(transaction, changes, &settings, &contact)
            .await?
        {
            texts.push(text);
            changes
                .closed_told
                .push((contact.line.clone(), identifier.clone()));
            let choice = changes.state.choices.entry(identifier).or_default();
            choice.closed_told_at = Some(self.now());
        }
        if texts.is_empty() {
            return Ok(());
        }
        self.queue_automatic(changes, &contact, texts.join("\n\n"))
    }

    /// Returns whether the identifier received [`ACKNOWLEDGEMENTS_A_DAY`] acknowledgements in the last 24 hours.
    async fn was_acknowledged_often(
        &self,
        transaction: &DatabaseTransaction,
        changes: &Changes,
        contact: &contacts::Model,
        identifier: &Vec<u8>,
    ) -> Result<bool, StoreError> {
        let since = self.now().saturating_sub(86_400_000_000);
        let recent = contacts::Entity::find()
            .filter(contacts::Column::Line.eq(&contact.line))
            .filter(contacts::Column::IdentifierHash.eq(identifier.clone()))
            .filter(contacts::Column::AcknowledgedAt.gt(since))
            .select_only()
            .column(contacts::Column::Id)
            .limit(ACKNOWLEDGEMENTS_A_DAY as u64)
            .into_tuple::<Uuid>()
            .all(transaction)
            .await?
            .len();
        let pending = changes.state.opened().filter(|other| {
            other.acknowledged_at.is_some()
                && other.identifier_hash.as_ref() == Some(identifier)
                && other.line == contact.line
        });
        Ok(recent + pending.count() >= ACKNOWLEDGEMENTS_A_DAY)
    }

    /// Returns the text that says when the message will be read. Returns `None` if the line is open, if the line has no such text, or if
    /// the person already got the text in this closed period.
    async fn closed_text(
        &self,
        transaction: &DatabaseTransaction,
        changes: &mut Changes,
        settings: &LineSettings,
        contact: &contacts::Model,
    ) -> Result<Option<String>, StoreError> {
        let Some(key) = settings.closed else {
            return Ok(None);
        };
        let now = self.clock.now();
        if !changes.openings.contains_key(&contact.line) {
            let opening = self.opening_in(transaction, &contact.line, now).await?;
            changes.openings.insert(contact.line.clone(), opening);
        }
        let Some(Opening::Closed { period, opens }) = changes.openings.get(&contact.line).copied() else {
            return Ok(None);
        };
        let choice = contact
            .identifier_hash
            .as_ref()
            .and_then(|hash| changes.state.choices.get(hash));
        let told = choice.and_then(|choice| choice.closed_told_at).map(time);
        if told.is_some_and(|told| period.since.is_none_or(|since| told >= since)) {
            return Ok(None);
        }
        let words = self.locales.of(self.language_of(contact));
        let opens = opens_in_words(words, opens, now, self.zone);
        self.automatic_text(key, contact, ("opens", &opens))
            .await
            .map(Some)
    }

    /// Returns an automatic text that is in force now, in the language of the contact. `value` is the name and the value of a further field.
    async fn automatic_text(
        &self,
        key: &str,
        contact: &contacts::Model,
        value: (&str, &str),
    ) -> Result<String, StoreError> {
        let now = self.clock.now();
        let (_, hours) = self.opening_hours_now(&contact.line, now).await?;
        let centre = self
            .centre
            .current()
            .with_hours(hours.as_deref(), &self.locales, now);
        let words = self.locales.of(self.language_of(contact));
        let values = [value, ("form", self.form_url.as_str())];
        Ok(centre.say(words, key, &values))
    }

    /// Returns the language of the contact. If it is unknown, returns the language of the centre.
    fn language_of(&self, contact: &contacts::Model) -> Language {
        let language = contact.language.map(|language| language.0);
        language.unwrap_or(self.centre.settings().language)
    }

    fn queue_automatic(
        &self,
        changes: &mut Changes,
        contact: &contacts::Model,
        text: String,
    ) -> Result<(), StoreError> {
        let now = self.now();
        let key = self.contact_key(contact)?;
        let id = ids::new(self.clock.now());
        let body = MessageContent {
            text,
            ..MessageContent::default()
        };
        changes.messages.push(messages::Model {
            id,
            contact_id: contact.id,
            direction: Direction::Automatic,
            author: None,
            at: now,
            journal_id: None,
            body: Some(seal(&key, &message_content_place(id), &body)?),
            message_id_hash: None,
            digest: None,
        });
        let row = outbox_row(
            ids::new(self.clock.now()),
            id,
            contact.id,
            contact.line.clone(),
            now,
        );
        changes.outbox.push(row);
        Ok(())
    }
}

/// Returns whether a message may be acknowledged. The message must come from a person, be readable, and not forbid automatic replies. A
/// message that asks for replies at another address is not acknowledged; otherwise anyone could direct acknowledgements to other people's
/// addresses.
pub(super) fn may_be_acknowledged(incoming: &Incoming) -> bool {
    incoming.origin == Origin::Person
        && !incoming.unacknowledged
        && !incoming.remarks.contains(&Remark::Unreadable)
        && incoming.answer_to.is_none()
}

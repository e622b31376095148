//! The step after a contact was opened: the person gets an acknowledgement.

use hotline_core::{
    contact::message::{Incoming, Origin, Remark},
    identifiers::ids,
};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::{
    db::{
        entity::{contacts, messages},
        store::{LineSettings, Store},
        values::{Direction, HistoryKind},
    },
    error::StoreError,
    inbox::list::reference_of,
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

impl Store {
    /// Queues the acknowledgement of the message that opened the contact. Does nothing if the line has no acknowledgement text, or if the
    /// contact has no identifier. If the identifier received [`ACKNOWLEDGEMENTS_A_DAY`] acknowledgements in the last 24 hours, only records
    /// in the contact's history that no acknowledgement was sent.
    pub(super) async fn acknowledge(
        &self,
        transaction: &DatabaseTransaction,
        changes: &mut Changes,
        contact: Uuid,
    ) -> Result<(), StoreError> {
        let contact = changes.state.contact(contact)?;
        let Some(settings) = self.line(&contact.line) else {
            return Ok(());
        };
        let Some(template) = acknowledgement(settings, contact.language.map(|language| language.0.tag()))
        else {
            return Ok(());
        };
        let Some(identifier) = contact.identifier_hash.clone() else {
            return Ok(());
        };
        let now = self.now();
        let since = now.saturating_sub(86_400_000_000);
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
                && other.identifier_hash.as_ref() == Some(&identifier)
                && other.line == contact.line
        });
        if recent + pending.count() >= ACKNOWLEDGEMENTS_A_DAY {
            changes.event(contact.id, now, None, HistoryKind::NotAcknowledged, "");
            return Ok(());
        }
        let (contact_id, line) = (contact.id, contact.line.clone());
        let reference = reference_of(contact).to_string();
        let key = self.contact_key(contact)?;
        let id = ids::new(self.clock.now());
        let body = MessageContent {
            text: template.replace("{reference}", &reference),
            ..MessageContent::default()
        };
        changes.messages.push(messages::Model {
            id,
            contact_id,
            direction: Direction::Automatic,
            author: None,
            at: now,
            journal_id: None,
            body: Some(seal(&key, &message_content_place(id), &body)?),
            message_id_hash: None,
            digest: None,
        });
        changes
            .outbox
            .push(outbox_row(ids::new(self.clock.now()), id, contact_id, line, now));
        changes.state.contact_mut(contact_id)?.acknowledged_at = Some(now);
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

fn acknowledgement<'a>(settings: &'a LineSettings, language: Option<&str>) -> Option<&'a String> {
    let texts = &settings.acknowledgement;
    let in_language = texts.iter().find(|(tag, _)| Some(tag.as_str()) == language);
    in_language.or(texts.first()).map(|(_, text)| text)
}

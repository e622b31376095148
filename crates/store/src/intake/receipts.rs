//! The conversation that a person can read with a receipt code: the person's messages and the replies, on the answer page of the web form.

use hotline_core::{
    identifiers::{line_name::LineName, receipt::ReceiptCode},
    intake::{Conversation, ConversationMessage},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::{
    db::{
        contact_row::reference_of,
        entity::{contacts, messages},
        store::{Store, time},
        values::Direction,
    },
    error::StoreError,
};

impl Store {
    pub(crate) async fn read_answers(
        &self,
        line: &LineName,
        code: &ReceiptCode,
    ) -> Result<Option<Conversation>, StoreError> {
        let hash = self.hash_of_identifier(line.as_str(), &self.keys.receipt_mark(code));
        let found = contacts::Entity::find()
            .filter(contacts::Column::Line.eq(line.as_str()))
            .filter(contacts::Column::IdentifierHash.eq(hash))
            .order_by_asc(contacts::Column::OpenedAt)
            .all(&self.reading)
            .await?;
        let Some(newest) = found.last() else {
            return Ok(None);
        };
        let reference = reference_of(newest);
        let mut shown = Vec::new();
        for contact in &found {
            let key = self.contact_key(contact)?;
            let rows = messages::Entity::find()
                .filter(messages::Column::ContactId.eq(contact.id))
                .filter(messages::Column::Direction.is_in(["in", "reply", "automatic"]))
                .order_by_asc(messages::Column::At)
                // A mail server tells the second of arrival. Messages of one second stand in the order of the journal.
                .order_by_asc(messages::Column::JournalId)
                .order_by_asc(messages::Column::Id)
                .all(&self.reading)
                .await?;
            for row in rows {
                let body = self.message_content(&key, &row)?;
                let text = body
                    .url
                    .into_iter()
                    .chain(Some(body.text))
                    .filter(|text| !text.is_empty());
                shown.push(ConversationMessage {
                    by_us: row.direction != Direction::In,
                    automatic: row.direction == Direction::Automatic,
                    at: time(row.at),
                    text: text.collect::<Vec<_>>().join("\n\n").into(),
                });
            }
        }
        let target = self.target_times(&self.reading).await?.shown_to_person(newest);
        Ok(Some(Conversation {
            reference,
            target,
            messages: shown,
            files_wanted: newest.files_wanted,
        }))
    }
}

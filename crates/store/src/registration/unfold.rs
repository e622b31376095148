//! Folding (hiding by default) the text that an e-mail copies from its thread. Text that looks copied but occurs in no earlier message is
//! new, so it is not folded.

use hotline_core::{contact::message::Incoming, text::quoting::unfold};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::{
    db::{entity::messages, store::Store},
    error::StoreError,
    registration::changes::Changes,
};

/// The copied text is compared with at most this many stored messages of each contact. The newest messages are used.
const MOST: u64 = 100;

impl Store {
    /// Compares the text of `incoming` that looks copied with the earlier messages of the contacts `threads` (ids). Unfolds the part of
    /// this text that occurs in none of these messages.
    pub(super) async fn show_what_is_new(
        &self,
        transaction: &DatabaseTransaction,
        changes: &Changes,
        incoming: &mut Incoming,
        threads: &[Uuid],
    ) -> Result<(), StoreError> {
        let Some((copy, rest)) = incoming.quoted.split_at_checked(incoming.copied) else {
            return Ok(());
        };
        if copy.is_empty() {
            return Ok(());
        }
        let mut earlier = Vec::new();
        for contact in threads {
            let contact = changes.state.contact(*contact)?;
            // An erased contact has no key and no text to compare.
            let Ok(key) = self.contact_key(contact) else {
                continue;
            };
            let stored = messages::Entity::find()
                .filter(messages::Column::ContactId.eq(contact.id))
                .filter(messages::Column::Direction.is_in(["in", "reply", "automatic"]))
                .order_by_desc(messages::Column::At)
                .limit(MOST)
                .all(transaction)
                .await?;
            let added = changes
                .messages
                .iter()
                .filter(|message| message.contact_id == contact.id);
            for message in stored.iter().chain(added) {
                if message.body.is_some() {
                    let body = self.message_content(&key, message)?;
                    earlier.extend([body.text, body.quoted]);
                }
            }
        }
        let split = unfold(copy, &earlier);
        let below = |first: &str, second: &str| match (first.is_empty(), second.is_empty()) {
            (false, false) => format!("{first}\n\n{second}"),
            _ => format!("{first}{second}"),
        };
        (incoming.text, incoming.quoted) = (
            below(&incoming.text, &split.text),
            below(&split.quoted, rest.trim_start()),
        );
        incoming.copied = split.quoted.len();
        Ok(())
    }
}

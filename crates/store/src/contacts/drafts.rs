//! Drafts of replies and notes. They are saved while a counsellor types, so that a crash, a reload or a change of device loses no text.

use chrono::{DateTime, Utc};
use hotline_core::{contact::message::LONGEST_TEXT, identifiers::reference::Reference};
use schemars::JsonSchema;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::OnConflict,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use crate::db::values::DraftKind;
use crate::{
    db::{
        entity::{contacts, drafts, messages},
        store::{Store, time},
    },
    error::{Conflict, StoreError},
    sealing::{
        bodies::{seal, unseal},
        places::draft_place,
    },
    staff::accounts::StaffMember,
};

/// A saved draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Draft {
    /// The text that the author has written so far.
    pub text: String,
    /// Id of the newest history event that the author had seen when beginning the draft. If the person has written since, the reply is
    /// refused until the author has seen that message.
    pub seen: i64,
    /// When the draft was last saved.
    #[serde(skip)]
    pub at: DateTime<Utc>,
}

impl Store {
    /// Saves a draft in place of the earlier draft of the same kind. An empty text deletes the draft. `of` is the id that the message will
    /// have once it is sent. If a stored message with this id begins with `text`, the message was sent before this draft arrived, and the
    /// draft is not saved.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the text is longer than a message may be.
    pub async fn keep_draft(
        &self,
        who: &StaffMember,
        reference: Reference,
        kind: DraftKind,
        text: &str,
        seen: i64,
        of: Option<Uuid>,
    ) -> Result<(), StoreError> {
        if text.chars().count() > LONGEST_TEXT {
            return Err(StoreError::Conflict(Conflict::TooLong));
        }
        let (transaction, contact) = self.begin_on(reference).await?;
        if let Some(id) = of
            && let Some(written) = messages::Entity::find_by_id(id).one(&transaction).await?
            && written.contact_id == contact.id
            && self
                .message_content(&self.contact_key(&contact)?, &written)?
                .text
                .starts_with(text.trim())
        {
            return Ok(());
        }
        if text.trim().is_empty() {
            drop_draft(&transaction, who.id, contact.id, kind).await?;
            transaction.commit().await?;
            return Ok(());
        }
        let draft = Draft {
            text: text.to_owned(),
            seen,
            at: self.clock.now(),
        };
        self.put_draft(&transaction, who, &contact, kind, &draft).await?;
        transaction.commit().await?;
        Ok(())
    }

    pub(crate) async fn put_draft(
        &self,
        connection: &impl ConnectionTrait,
        who: &StaffMember,
        contact: &contacts::Model,
        kind: DraftKind,
        draft: &Draft,
    ) -> Result<(), StoreError> {
        let key = self.contact_key(contact)?;
        let row = drafts::ActiveModel {
            staff_id: Set(who.id),
            contact_id: Set(contact.id),
            kind: Set(kind),
            body: Set(seal(&key, &draft_place(who.id, contact.id), draft)?),
            at: Set(draft.at.timestamp_micros()),
        };
        let key = [
            drafts::Column::StaffId,
            drafts::Column::ContactId,
            drafts::Column::Kind,
        ];
        let newer = OnConflict::columns(key)
            .update_columns([drafts::Column::Body, drafts::Column::At])
            .to_owned();
        drafts::Entity::insert(row)
            .on_conflict(newer)
            .exec_without_returning(connection)
            .await?;
        Ok(())
    }

    /// Loads the draft of this kind that a member of staff has for a contact.
    ///
    /// # Errors
    /// Fails if a database query fails or the draft cannot be decrypted.
    pub async fn draft(
        &self,
        who: Uuid,
        reference: Reference,
        kind: DraftKind,
    ) -> Result<Option<Draft>, StoreError> {
        let found = contacts::Entity::find().filter(contacts::Column::Reference.eq(reference.number()));
        let Some(contact) = found.one(&self.reading).await? else {
            return Ok(None);
        };
        let row = drafts::Entity::find_by_id((who, contact.id, kind));
        let Some(row) = row.one(&self.reading).await? else {
            return Ok(None);
        };
        let key = self.contact_key(&contact)?;
        let mut draft: Draft = unseal(&key, &draft_place(who, contact.id), &row.body)?;
        draft.at = time(row.at);
        Ok(Some(draft))
    }
}

pub(crate) async fn drop_draft(
    connection: &impl ConnectionTrait,
    who: Uuid,
    contact: Uuid,
    kind: DraftKind,
) -> Result<(), StoreError> {
    drafts::Entity::delete_by_id((who, contact, kind))
        .exec(connection)
        .await?;
    Ok(())
}

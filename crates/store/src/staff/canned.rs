//! Canned replies, shared by all counsellors.

use hotline_core::{contact::message::LONGEST_TEXT, identifiers::ids, text::canned::fill};
use schemars::JsonSchema;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    sea_query::OnConflict,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    db::{entity::canned, store::Store},
    error::{Conflict, StoreError},
    staff::accounts::StaffMember,
};

/// Maximum length of a name, in characters.
const LONGEST_NAME: usize = 60;

/// A canned reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Canned {
    /// Id of the canned reply.
    pub id: Uuid,
    /// Name by which counsellors find the canned reply.
    pub name: String,
    /// Serbian text in Cyrillic. The Latin text is derived from it.
    pub sr: String,
    /// English text.
    pub en: String,
}

impl Store {
    /// Returns all canned replies, sorted by name.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn canned(&self) -> Result<Vec<Canned>, StoreError> {
        let rows = canned::Entity::find()
            .order_by_asc(canned::Column::Name)
            .all(&self.reading)
            .await?;
        let read = |row: canned::Model| Canned {
            id: row.id,
            name: row.name,
            sr: row.sr,
            en: row.en,
        };
        Ok(rows.into_iter().map(read).collect())
    }

    /// Adds a canned reply, or changes the canned reply with this id.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the name is missing, taken or too long; if both texts are missing; or if a text is too long or
    /// has an unknown placeholder.
    pub async fn write_canned(
        &self,
        who: &StaffMember,
        id: Option<Uuid>,
        name: &str,
        sr: &str,
        en: &str,
    ) -> Result<Uuid, StoreError> {
        let (name, sr, en) = (name.trim(), sr.trim(), en.trim());
        if name.is_empty() || (sr.is_empty() && en.is_empty()) {
            return Err(StoreError::Conflict(Conflict::NoText));
        }
        let long = |text: &str| text.chars().count() > LONGEST_TEXT;
        if name.chars().count() > LONGEST_NAME || long(sr) || long(en) {
            return Err(StoreError::Conflict(Conflict::TooLong));
        }
        if [sr, en]
            .iter()
            .any(|text| fill(text, |_| Some(String::new())).is_err())
        {
            return Err(StoreError::Conflict(Conflict::NoField));
        }
        let id = id.unwrap_or_else(|| ids::new(self.clock.now()));
        let transaction = self.begin().await?;
        let others = canned::Entity::find()
            .filter(canned::Column::Name.eq(name))
            .filter(canned::Column::Id.ne(id));
        if others.count(&transaction).await? > 0 {
            return Err(StoreError::Conflict(Conflict::NameTaken));
        }
        let row = canned::ActiveModel {
            id: Set(id),
            name: Set(name.to_owned()),
            sr: Set(sr.to_owned()),
            en: Set(en.to_owned()),
            by: Set(who.id),
            at: Set(self.now()),
        };
        let newer = OnConflict::column(canned::Column::Id)
            .update_columns([
                canned::Column::Name,
                canned::Column::Sr,
                canned::Column::En,
                canned::Column::By,
                canned::Column::At,
            ])
            .to_owned();
        canned::Entity::insert(row)
            .on_conflict(newer)
            .exec_without_returning(&transaction)
            .await?;
        self.audit_in(&transaction, Some(who.id), "write canned reply", &id.to_string())
            .await?;
        transaction.commit().await?;
        Ok(id)
    }

    /// Deletes a canned reply.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn delete_canned(&self, who: &StaffMember, id: Uuid) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        canned::Entity::delete_by_id(id).exec(&transaction).await?;
        self.audit_in(&transaction, Some(who.id), "delete canned reply", &id.to_string())
            .await?;
        transaction.commit().await?;
        Ok(())
    }
}

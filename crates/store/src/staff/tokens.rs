//! Read-only tokens: with one a program reads figures, and nothing else.

use chrono::{DateTime, Utc};
use data_encoding::BASE32_NOPAD;
use hotline_core::identifiers::{chance, ids, private::Private};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder,
};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    db::{
        entity::tokens,
        store::{Store, time},
    },
    error::{Conflict, StoreError},
    staff::accounts::Person,
};

/// How every token begins, so that scanners for leaked secrets find it.
const PREFIX: &str = "hotline_figures_";
/// The longest name of one, in characters.
const LONGEST: usize = 60;
/// That it was used is noted once in this many microseconds.
const NOTED: i64 = 60_000_000;

/// A token that was made; the secret itself is not kept.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct Token {
    /// Its id.
    pub id: Uuid,
    /// For what it was made.
    pub name: String,
    /// When.
    pub made_at: DateTime<Utc>,
    /// When it was last used, to a minute.
    pub used_at: Option<DateTime<Utc>>,
    /// When it was ended.
    pub ended_at: Option<DateTime<Utc>>,
}

impl Store {
    /// Makes a token of this name. It is said once: only its hash is kept.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if it has no name or a long one.
    pub async fn make_token(&self, who: Option<&Person>, name: &str) -> Result<Private<String>, StoreError> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > LONGEST {
            return Err(StoreError::Conflict(Conflict::TokenWithoutName));
        }
        let secret = format!(
            "{PREFIX}{}",
            BASE32_NOPAD.encode(&chance::bytes::<32>()).to_lowercase()
        );
        let now = self.clock.now();
        let transaction = self.begin().await?;
        let row = tokens::ActiveModel {
            id: Set(ids::new(now)),
            name: Set(name.to_owned()),
            hash: Set(self.keys.lookup("figures token", &secret)),
            made_by: Set(who.map(|who| who.id)),
            made_at: Set(now.timestamp_micros()),
            used_at: Set(None),
            ended_at: Set(None),
        };
        row.insert(&transaction).await?;
        self.audit_in(&transaction, who.map(|who| who.id), "make token", name)
            .await?;
        transaction.commit().await?;
        Ok(secret.into())
    }

    /// Ends a token, now.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if it was ended.
    pub async fn end_token(&self, who: Option<&Person>, id: Uuid) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        let found = tokens::Entity::find_by_id(id).one(&transaction).await?;
        let found = found.ok_or(StoreError::NotFound("token"))?;
        if found.ended_at.is_some() {
            return Err(StoreError::Conflict(Conflict::DoneAlready));
        }
        let ended = tokens::ActiveModel {
            id: Unchanged(id),
            ended_at: Set(Some(self.now())),
            ..Default::default()
        };
        ended.update(&transaction).await?;
        self.audit_in(&transaction, who.map(|who| who.id), "end token", &found.name)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Every token, the newest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        let rows = tokens::Entity::find()
            .order_by_desc(tokens::Column::MadeAt)
            .all(&self.reading)
            .await?;
        let token = |row: tokens::Model| Token {
            id: row.id,
            name: row.name,
            made_at: time(row.made_at),
            used_at: row.used_at.map(time),
            ended_at: row.ended_at.map(time),
        };
        Ok(rows.into_iter().map(token).collect())
    }

    /// Whether this is a token that was not ended.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn reads_figures(&self, secret: &str) -> Result<bool, StoreError> {
        if !secret.starts_with(PREFIX) {
            return Ok(false);
        }
        let found = tokens::Entity::find()
            .filter(tokens::Column::Hash.eq(self.keys.lookup("figures token", secret)))
            .filter(tokens::Column::EndedAt.is_null())
            .one(&self.reading)
            .await?;
        let Some(found) = found else { return Ok(false) };
        let now = self.now();
        if found.used_at.is_none_or(|used| now - used > NOTED) {
            // On a full disk figures can still be read.
            if let Err(error) = self.note_token_use(found.id, now).await {
                tracing::warn!(%error, "That a token was used could not be noted");
            }
        }
        Ok(true)
    }

    async fn note_token_use(&self, id: Uuid, now: i64) -> Result<(), StoreError> {
        let used = tokens::ActiveModel {
            id: Unchanged(id),
            used_at: Set(Some(now)),
            ..Default::default()
        };
        let transaction = self.begin().await?;
        used.update(&transaction).await?;
        transaction.commit().await?;
        Ok(())
    }
}

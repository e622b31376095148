//! Read-only tokens. Programs use these tokens to read the statistical figures. The tokens give no access to other data.

use chrono::{DateTime, Utc};
use data_encoding::BASE32_NOPAD;
use hotline_core::{
    identifiers::{chance, ids, private::Private},
    staff::audit::AuditAction,
};
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
    staff::accounts::StaffMember,
};

/// The prefix of every token. The prefix allows scanners for leaked secrets to recognise a token.
const PREFIX: &str = "hotline_figures_";
/// Maximum length of a token's name, in characters.
const LONGEST: usize = 60;
/// Minimum time between two updates of a token's time of last use, in microseconds.
const NOTED: i64 = 60_000_000;

/// A token without its secret. The secret is not stored.
#[derive(Debug, Clone, Serialize, PartialEq, Eq, schemars::JsonSchema)]
pub struct Token {
    /// Id of the token.
    pub id: Uuid,
    /// Purpose of the token, as entered when it was created.
    pub name: String,
    /// When the token was created.
    pub made_at: DateTime<Utc>,
    /// When the token was last used, accurate to a minute.
    pub used_at: Option<DateTime<Utc>>,
    /// When the token was revoked. `None` while the token is valid.
    pub ended_at: Option<DateTime<Utc>>,
}

impl Store {
    /// Creates a token and returns its secret. The secret cannot be shown again, because only its hash is stored.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the name is empty or too long.
    pub async fn make_token(
        &self,
        who: Option<&StaffMember>,
        name: &str,
    ) -> Result<Private<String>, StoreError> {
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
        self.audit_in(&transaction, who.map(|who| who.id), AuditAction::MakeToken, name)
            .await?;
        transaction.commit().await?;
        Ok(secret.into())
    }

    /// Revokes a token immediately.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the token was already revoked.
    pub async fn end_token(&self, who: Option<&StaffMember>, id: Uuid) -> Result<(), StoreError> {
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
        self.audit_in(
            &transaction,
            who.map(|who| who.id),
            AuditAction::EndToken,
            &found.name,
        )
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Returns all tokens, newest first.
    ///
    /// # Errors
    /// Fails if a database query fails.
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

    /// Returns whether `secret` is a valid token.
    ///
    /// # Errors
    /// Fails if a database query fails.
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
            // A failure is only logged, so that figures can still be read if the disk is full.
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

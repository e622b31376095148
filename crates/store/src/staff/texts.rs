//! The texts for the public that administrators replaced on screen. Each change adds a version; the newest version is in force.

use std::{collections::BTreeMap, sync::Arc, sync::atomic::Ordering};

use chrono::{DateTime, Utc};
use hotline_core::{
    centre::{
        Centre,
        texts::{PublicText, TextContent},
    },
    staff::audit::AuditAction,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
};
use uuid::Uuid;

use crate::{
    db::{
        entity::texts,
        store::{Store, time},
    },
    error::{Conflict, StoreError},
    staff::accounts::StaffMember,
};

/// A version of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextVersion {
    /// The number of the version, from 1.
    pub version: i64,
    /// When the version was made.
    pub made_at: DateTime<Utc>,
    /// The member of staff who made the version.
    pub made_by: Option<Uuid>,
    /// The content. `None`: the text of the settings file, or else the built-in text, was put back into force.
    pub content: Option<TextContent>,
}

impl Store {
    /// Returns the centre with the texts in force.
    #[must_use]
    pub fn centre(&self) -> Arc<Centre> {
        self.centre.current()
    }

    /// Returns the centre as the settings describe it.
    #[must_use]
    pub fn centre_of_settings(&self) -> &Centre {
        self.centre.settings()
    }

    /// Returns the URL of the web form, which automatic messages name.
    #[must_use]
    pub fn form_url(&self) -> &str {
        &self.form_url
    }

    /// Returns the newest version of each text that was ever replaced.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn newest_texts(&self) -> Result<BTreeMap<PublicText, TextVersion>, StoreError> {
        // There are few versions, so reading all of them is cheaper than a query that finds the newest ones.
        let rows = texts::Entity::find()
            .order_by_asc(texts::Column::Version)
            .all(&self.reading)
            .await?;
        let newest = rows
            .into_iter()
            .filter_map(|row| Some((PublicText::parse(&row.text)?, version_of(row))));
        Ok(newest.collect())
    }

    /// Returns all versions of a text, the newest first.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn text_versions(&self, text: PublicText) -> Result<Vec<TextVersion>, StoreError> {
        let rows = texts::Entity::find()
            .filter(texts::Column::Text.eq(text.as_str()))
            .order_by_desc(texts::Column::Version)
            .all(&self.reading)
            .await?;
        Ok(rows.into_iter().map(version_of).collect())
    }

    /// Replaces a text if `version` is its newest version (0: it was never replaced). `None` puts the text of the settings file, or else the
    /// built-in text, back into force. Returns the new version.
    ///
    /// # Errors
    /// Returns [`Conflict::TextChanged`] if somebody else stored a newer version. Returns [`Conflict::InvalidText`] if the content has a
    /// mistake. Returns [`Conflict::SoAlready`] if this content is in force already.
    pub async fn replace_text(
        &self,
        who: &StaffMember,
        text: PublicText,
        version: i64,
        content: Option<&TextContent>,
    ) -> Result<i64, StoreError> {
        if content.is_some_and(|content| text.check(content).is_err()) {
            return Err(StoreError::Conflict(Conflict::InvalidText));
        }
        let transaction = self.begin_administration(Some(who)).await?;
        let newest = newest_of(&transaction, text).await?;
        let known = newest.as_ref().map_or(0, |newest| newest.version);
        if known != version {
            return Err(StoreError::Conflict(Conflict::TextChanged));
        }
        if newest.and_then(|newest| newest.content).as_ref() == content {
            return Err(StoreError::Conflict(Conflict::SoAlready));
        }
        let row = texts::ActiveModel {
            text: Set(text.as_str().to_owned()),
            version: Set(version + 1),
            made_at: Set(self.now()),
            made_by: Set(Some(who.id)),
            content: Set(content
                .map(serde_json::to_string)
                .transpose()
                .map_err(crate::error::unreadable)?),
        };
        texts::Entity::insert(row)
            .exec_without_returning(&transaction)
            .await?;
        let what = format!("{}: version {}", text.as_str(), version + 1);
        self.audit_in(&transaction, Some(who.id), AuditAction::ReplaceText, &what)
            .await?;
        self.commit(transaction).await?;
        self.refresh_texts().await?;
        Ok(version + 1)
    }

    /// Puts the stored texts into force in this process if texts were stored since the last call. Versions are only added, so their number
    /// shows whether there is a new one.
    pub(crate) async fn refresh_texts(&self) -> Result<(), StoreError> {
        // Two calls at once could put an older text into force again.
        let _alone = self.texts_refreshing.lock().await;
        let stored = texts::Entity::find().count(&self.reading).await?;
        if stored == self.texts_read.load(Ordering::Acquire) {
            return Ok(());
        }
        let mut centre = self.centre.settings().clone();
        for (text, newest) in self.newest_texts().await? {
            if let Some(content) = newest.content {
                text.replace(&content, &mut centre);
            }
        }
        self.centre.set(centre);
        self.texts_read.store(stored, Ordering::Release);
        Ok(())
    }
}

async fn newest_of(
    connection: &impl ConnectionTrait,
    text: PublicText,
) -> Result<Option<TextVersion>, StoreError> {
    let newest = texts::Entity::find()
        .filter(texts::Column::Text.eq(text.as_str()))
        .order_by_desc(texts::Column::Version)
        .one(connection)
        .await?;
    Ok(newest.map(version_of))
}

/// Converts a row. A content that cannot be read counts as none, so that the text of the settings applies.
fn version_of(row: texts::Model) -> TextVersion {
    let content = row.content.as_deref().and_then(|content| {
        serde_json::from_str(content)
            .inspect_err(|error| {
                tracing::warn!(text = row.text, version = row.version, error = %error, "A text cannot be read");
            })
            .ok()
    });
    TextVersion {
        version: row.version,
        made_at: time(row.made_at),
        made_by: row.made_by,
        content,
    }
}

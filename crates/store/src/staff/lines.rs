//! The lines that administrators connected on screen. Each change adds a version; the newest version is in force. The settings of a line are
//! sealed, because they contain passwords and tokens.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
};

use chrono::{DateTime, Utc};
use hotline_core::{
    identifiers::{line_name::LineName, private::Private},
    staff::audit::AuditAction,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, PaginatorTrait,
    QueryFilter, QueryOrder,
};
use tokio::sync::watch;
use uuid::Uuid;

use crate::{
    db::{
        entity::{contacts, lines, stored_lines},
        store::{LineSettings, Store, time},
    },
    error::{Conflict, StoreError},
    sealing::places::line_settings_place,
    staff::accounts::StaffMember,
};

/// A version of a line that administrators connected on screen.
#[derive(Debug, Clone)]
pub struct StoredLine {
    /// The name of the line.
    pub name: LineName,
    /// The name of the line's channel.
    pub channel: String,
    /// The number of the version, from 1.
    pub version: i64,
    /// When the version was made.
    pub made_at: DateTime<Utc>,
    /// The member of staff who made the version.
    pub made_by: Option<Uuid>,
    /// Whether the line receives no messages. It still sends replies.
    pub paused: bool,
    /// The settings of the line as JSON. They contain secrets.
    pub settings: Private<String>,
}

/// A line that administrators connected on screen and that is not in force, usually because it cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnopenedLine {
    /// The name of the line.
    pub name: String,
    /// The name of the line's channel.
    pub channel: String,
    /// Whether administrators paused the line.
    pub paused: bool,
}

impl Store {
    /// Returns the lines that were connected on screen and are not in force in this process. Decrypts nothing.
    ///
    /// # Errors
    /// Fails if the database query fails.
    pub async fn unopened_lines(&self) -> Result<Vec<UnopenedLine>, StoreError> {
        let stored = newest_line_rows(&self.reading).await?;
        let in_force = self.lines();
        let unopened = stored
            .into_values()
            .filter(|row| in_force.iter().all(|line| line.name != row.line));
        Ok(unopened
            .map(|row| UnopenedLine {
                name: row.line,
                channel: row.channel,
                paused: row.paused,
            })
            .collect())
    }

    /// Returns the newest version of each line that was connected on screen, sorted by name.
    ///
    /// # Errors
    /// Fails if a database query fails, or if settings cannot be decrypted.
    pub async fn stored_lines(&self) -> Result<Vec<StoredLine>, StoreError> {
        let newest = newest_line_rows(&self.reading).await?;
        newest.into_values().map(|row| self.line_version(row)).collect()
    }

    /// Returns all versions of a line, the newest first. Empty if no line with this name was connected on screen.
    ///
    /// # Errors
    /// Fails if a database query fails, or if settings cannot be decrypted.
    pub async fn line_versions(&self, line: &LineName) -> Result<Vec<StoredLine>, StoreError> {
        let rows = stored_lines::Entity::find()
            .filter(stored_lines::Column::Line.eq(line.as_str()))
            .order_by_desc(stored_lines::Column::Version)
            .all(&self.reading)
            .await?;
        rows.into_iter().map(|row| self.line_version(row)).collect()
    }

    /// Connects a line, or replaces its settings, if `version` is its newest version (0: there is no such line yet). A paused line stays
    /// paused. Returns the new version.
    ///
    /// # Errors
    /// Returns [`Conflict::LineChanged`] if somebody else stored a newer version. Returns [`Conflict::LineOfOtherChannel`] if a line of
    /// another channel has or had this name, because its contacts would get their replies through the wrong channel.
    pub async fn put_line(
        &self,
        who: &StaffMember,
        line: &LineName,
        version: i64,
        channel: &str,
        settings: &Private<String>,
    ) -> Result<i64, StoreError> {
        let transaction = self.begin_administration(Some(who)).await?;
        let newest = newest_of(&transaction, line).await?;
        if newest.as_ref().map_or(0, |newest| newest.version) != version {
            return Err(StoreError::Conflict(Conflict::LineChanged));
        }
        let reported = lines::Entity::find_by_id(line.as_str().to_owned())
            .one(&transaction)
            .await?;
        let before = newest
            .as_ref()
            .map(|newest| newest.channel.as_str())
            .or(reported.as_ref().map(|reported| reported.channel.as_str()));
        // Contacts that were logged by hand have their network as the line.
        let logged = contacts::Entity::find()
            .filter(contacts::Column::Line.eq(line.as_str()))
            .filter(contacts::Column::Channel.ne(channel))
            .one(&transaction)
            .await?;
        if before.is_some_and(|before| !before.is_empty() && before != channel) || logged.is_some() {
            return Err(StoreError::Conflict(Conflict::LineOfOtherChannel));
        }
        let new = StoredLine {
            name: line.clone(),
            channel: channel.to_owned(),
            version: version + 1,
            made_at: time(self.now()),
            made_by: Some(who.id),
            paused: newest.is_some_and(|newest| newest.paused),
            settings: settings.clone(),
        };
        self.insert_line_version(&transaction, &new).await?;
        let what = format!("{line}: version {}", new.version);
        self.audit_in(&transaction, Some(who.id), AuditAction::SaveLine, &what)
            .await?;
        self.commit(transaction).await?;
        self.notice_line_changes().await?;
        Ok(new.version)
    }

    /// Pauses a line, or resumes it. A paused line receives no messages and still sends replies.
    ///
    /// # Errors
    /// Fails if no line with this name was connected on screen. Returns [`Conflict::SoAlready`] if the line is in this state already.
    pub async fn pause_line(
        &self,
        who: &StaffMember,
        line: &LineName,
        paused: bool,
    ) -> Result<(), StoreError> {
        let transaction = self.begin_administration(Some(who)).await?;
        let newest = newest_of(&transaction, line).await?;
        let newest = newest.ok_or(StoreError::NotFound("line"))?;
        if newest.paused == paused {
            return Err(StoreError::Conflict(Conflict::SoAlready));
        }
        let newest = self.line_version(newest)?;
        let new = StoredLine {
            version: newest.version + 1,
            made_at: time(self.now()),
            made_by: Some(who.id),
            paused,
            ..newest
        };
        self.insert_line_version(&transaction, &new).await?;
        let what = if paused {
            AuditAction::PauseLine
        } else {
            AuditAction::ResumeLine
        };
        self.audit_in(&transaction, Some(who.id), what, line.as_str())
            .await?;
        self.commit(transaction).await?;
        self.notice_line_changes().await
    }

    /// Subscribes to changes of the stored lines. The value is the number of stored versions.
    #[must_use]
    pub fn watch_stored_lines(&self) -> watch::Receiver<u64> {
        self.stored_line_versions.subscribe()
    }

    /// Notifies the subscribers if versions of lines were stored since the last call, in this process or in another. Versions are only
    /// added, so their number shows whether there is a new one.
    pub(crate) async fn notice_line_changes(&self) -> Result<(), StoreError> {
        let stored = stored_lines::Entity::find().count(&self.reading).await?;
        self.stored_line_versions.send_if_modified(|known| {
            let is_new = *known != stored;
            *known = stored;
            is_new
        });
        Ok(())
    }

    /// Replaces the lines that are in force.
    pub fn set_lines(&self, lines: Vec<LineSettings>) {
        let lines = lines.into_iter().map(Arc::new).collect();
        *self.lines.write().unwrap_or_else(PoisonError::into_inner) = lines;
    }

    /// Returns the lines that are in force, sorted by name.
    #[must_use]
    pub fn lines(&self) -> Arc<[Arc<LineSettings>]> {
        Arc::clone(&self.lines.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the line with this name if it is in force.
    pub(crate) fn line(&self, name: &str) -> Option<Arc<LineSettings>> {
        let lines = self.lines();
        lines.iter().find(|line| line.name == name).cloned()
    }

    /// Returns whether administrators paused the line.
    pub(crate) fn is_paused(&self, line: &LineName) -> bool {
        self.line(line.as_str()).is_some_and(|line| line.paused)
    }

    async fn insert_line_version(
        &self,
        transaction: &DatabaseTransaction,
        new: &StoredLine,
    ) -> Result<(), StoreError> {
        let place = line_settings_place(&new.name, new.version);
        let (key, data_key) = self.keys.new_data_key(&place)?;
        let row = stored_lines::ActiveModel {
            line: Set(new.name.as_str().to_owned()),
            version: Set(new.version),
            made_at: Set(new.made_at.timestamp_micros()),
            made_by: Set(new.made_by),
            channel: Set(new.channel.clone()),
            paused: Set(new.paused),
            data_key: Set(data_key),
            settings: Set(key.seal(&place, new.settings.expose().as_bytes())?),
        };
        stored_lines::Entity::insert(row)
            .exec_without_returning(transaction)
            .await?;
        Ok(())
    }

    /// Decrypts a row.
    fn line_version(&self, row: stored_lines::Model) -> Result<StoredLine, StoreError> {
        let name = LineName::stored(row.line);
        let place = line_settings_place(&name, row.version);
        let settings = self
            .keys
            .data_key(&place, &row.data_key)?
            .open(&place, &row.settings)?;
        Ok(StoredLine {
            settings: String::from_utf8(settings)
                .map_err(|_| StoreError::Sealed("The settings of a line"))?
                .into(),
            name,
            channel: row.channel,
            version: row.version,
            made_at: time(row.made_at),
            made_by: row.made_by,
            paused: row.paused,
        })
    }
}

/// Returns the newest version of each stored line, by name.
async fn newest_line_rows(
    connection: &impl ConnectionTrait,
) -> Result<BTreeMap<String, stored_lines::Model>, StoreError> {
    // There are few versions, so reading all of them is cheaper than a query that finds the newest ones.
    let rows = stored_lines::Entity::find()
        .order_by_asc(stored_lines::Column::Line)
        .order_by_asc(stored_lines::Column::Version)
        .all(connection)
        .await?;
    Ok(rows.into_iter().map(|row| (row.line.clone(), row)).collect())
}

async fn newest_of(
    connection: &impl ConnectionTrait,
    line: &LineName,
) -> Result<Option<stored_lines::Model>, StoreError> {
    Ok(stored_lines::Entity::find()
        .filter(stored_lines::Column::Line.eq(line.as_str()))
        .order_by_desc(stored_lines::Column::Version)
        .one(connection)
        .await?)
}

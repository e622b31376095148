//! Choices stored for an identifier (address or account) on a line: the language of automatic texts, whether the person sent `/stop`, and
//! whether staff blocked the identifier.

use std::collections::{HashMap, HashSet};

use hotline_core::{contact::message::News, identifiers::line_name::LineName, text::locale::Language};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter,
    sea_query::{Expr, OnConflict},
};

use crate::{
    db::{
        entity::{contacts, people},
        store::Store,
        stored::Stored,
    },
    error::StoreError,
};

/// The choices stored for one identifier on one line.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Choice {
    pub(crate) language: Option<Language>,
    pub(crate) stopped: bool,
    /// End of the block by staff, in microseconds since 1970. `None` if staff never blocked or have unblocked the identifier.
    pub(crate) blocked_until: Option<i64>,
    /// When the person last got the out-of-hours answer, in microseconds since 1970.
    pub(crate) closed_told_at: Option<i64>,
}

impl From<people::Model> for Choice {
    fn from(row: people::Model) -> Self {
        Self {
            language: row.language.map(|language| language.0),
            stopped: row.stopped,
            blocked_until: row.blocked_until,
            closed_told_at: row.closed_told_at,
        }
    }
}

impl Store {
    pub(crate) async fn read_chosen_language(
        &self,
        line: &LineName,
        identifier: &str,
    ) -> Result<Option<Language>, StoreError> {
        let hash = self.hash_of_identifier(line.as_str(), identifier);
        let row = people::Entity::find_by_id((line.as_str().to_owned(), hash))
            .one(&self.reading)
            .await?;
        Ok(row.and_then(|row| Choice::from(row).language))
    }

    /// Returns the keyed hash of an identifier on a line. Rows are found by this hash, so that the identifier itself is stored only in
    /// encrypted form.
    pub(crate) fn hash_of_identifier(&self, line: &str, identifier: &str) -> Vec<u8> {
        self.keys.lookup("identifier", &format!("{line}\n{identifier}"))
    }
}

/// Loads the choices stored for the identifier of a contact. Returns [`Choice::default`] if the contact has no identifier or nothing is
/// stored.
pub(crate) async fn choice_of(
    database: &impl ConnectionTrait,
    contact: &contacts::Model,
) -> Result<Choice, StoreError> {
    let Some(hash) = contact.identifier_hash.clone() else {
        return Ok(Choice::default());
    };
    let row = people::Entity::find_by_id((contact.line.clone(), hash))
        .one(database)
        .await?;
    Ok(row.map(Choice::from).unwrap_or_default())
}

/// Blocks an identifier until the time `until`, in microseconds since 1970. `None` unblocks the identifier.
pub(crate) async fn block(
    transaction: &DatabaseTransaction,
    line: &str,
    identifier_hash: Vec<u8>,
    until: Option<i64>,
) -> Result<(), StoreError> {
    let row = people::ActiveModel {
        line: Set(line.to_owned()),
        identifier_hash: Set(identifier_hash),
        language: Set(None),
        stopped: Set(false),
        blocked_until: Set(until),
        closed_told_at: Set(None),
    };
    let mut conflict = OnConflict::columns([people::Column::Line, people::Column::IdentifierHash]);
    conflict.update_column(people::Column::BlockedUntil);
    people::Entity::insert(row)
        .on_conflict(conflict)
        .exec_without_returning(transaction)
        .await?;
    Ok(())
}

/// Loads the choices stored for the identifiers with these hashes. The keys of the returned map are the hashes.
pub(crate) async fn choices(
    transaction: &DatabaseTransaction,
    identifiers: &HashSet<Vec<u8>>,
) -> Result<HashMap<Vec<u8>, Choice>, StoreError> {
    let rows = people::Entity::find()
        .filter(people::Column::IdentifierHash.is_in(identifiers.iter().cloned()))
        .all(transaction)
        .await?;
    // The hash is computed from the line and the identifier, so no filter by line is needed.
    Ok(rows
        .into_iter()
        .map(|row| (row.identifier_hash.clone(), row.into()))
        .collect())
}

/// Stores the choice that a platform notice reports: a language, or that the person sent `/stop`. Ignores a notice that reports something
/// else.
pub(crate) async fn choose(
    transaction: &DatabaseTransaction,
    line: &str,
    identifier_hash: Vec<u8>,
    news: News,
) -> Result<(), StoreError> {
    let (language, stopped, column) = match news {
        News::Chose(language) => (Some(Stored(language)), false, people::Column::Language),
        News::Stopped => (None, true, people::Column::Stopped),
        News::Blocked | News::Unblocked | News::Gap => return Ok(()),
    };
    let row = people::ActiveModel {
        line: Set(line.to_owned()),
        identifier_hash: Set(identifier_hash),
        language: Set(language),
        stopped: Set(stopped),
        blocked_until: Set(None),
        closed_told_at: Set(None),
    };
    let mut conflict = OnConflict::columns([people::Column::Line, people::Column::IdentifierHash]);
    conflict.update_column(column);
    people::Entity::insert(row)
        .on_conflict(conflict)
        .exec_without_returning(transaction)
        .await?;
    Ok(())
}

/// Allows replies again to the identifiers with these hashes, because their persons wrote again after they had sent `/stop`.
pub(crate) async fn hear_again(
    transaction: &DatabaseTransaction,
    identifiers: Vec<Vec<u8>>,
) -> Result<(), StoreError> {
    if identifiers.is_empty() {
        return Ok(());
    }
    people::Entity::update_many()
        .col_expr(people::Column::Stopped, Expr::value(false))
        .filter(people::Column::IdentifierHash.is_in(identifiers))
        .exec(transaction)
        .await?;
    Ok(())
}

/// Records for the identifiers of a line that their persons got the out-of-hours answer at `at`. `at` is in microseconds since 1970.
pub(crate) async fn note_closed_told(
    transaction: &DatabaseTransaction,
    told: Vec<(String, Vec<u8>)>,
    at: i64,
) -> Result<(), StoreError> {
    if told.is_empty() {
        return Ok(());
    }
    let rows = told
        .into_iter()
        .map(|(line, identifier_hash)| people::ActiveModel {
            line: Set(line),
            identifier_hash: Set(identifier_hash),
            language: Set(None),
            stopped: Set(false),
            blocked_until: Set(None),
            closed_told_at: Set(Some(at)),
        });
    let mut conflict = OnConflict::columns([people::Column::Line, people::Column::IdentifierHash]);
    conflict.update_column(people::Column::ClosedToldAt);
    people::Entity::insert_many(rows)
        .on_conflict(conflict)
        .exec_without_returning(transaction)
        .await?;
    Ok(())
}

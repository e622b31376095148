//! Cursors: the positions up to which each source of a line (a mail folder, or a conversation on a chat platform) was read. The cursor of a
//! conversation is sealed (encrypted), because even the fact that a person has a conversation with the helpline is confidential.

use hotline_core::{
    identifiers::line_name::LineName,
    intake::{Cursor, Source},
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
    sea_query::OnConflict,
};

use crate::{
    db::{
        batch_request::CursorRow,
        entity::{conversations, cursors},
        store::Store,
    },
    error::StoreError,
    sealing::{
        bodies::{seal, unseal},
        places::conversation_place,
    },
};

impl Store {
    pub(crate) fn cursor_row(&self, cursor: &Cursor) -> Result<CursorRow, StoreError> {
        let line = cursor.line.as_str().to_owned();
        Ok(match &cursor.source {
            Source::Named(name) => CursorRow::Named(cursors::ActiveModel {
                line: Set(line),
                source: Set(name.clone()),
                position: Set(cursor.position.clone()),
            }),
            Source::Conversation(source) => {
                let hash = self.conversation_hash(&cursor.line, source.expose());
                let place = conversation_place(&hash);
                let (key, data_key) = self.keys.new_data_key(&place)?;
                let content = (source.expose(), &cursor.position);
                CursorRow::Conversation(conversations::ActiveModel {
                    line: Set(line),
                    sealed: Set(seal(&key, &place, &content)?),
                    source_hash: Set(hash),
                    data_key: Set(data_key),
                    moved_at: Set(self.now()),
                })
            }
        })
    }

    pub(crate) async fn read_cursor(
        &self,
        line: &LineName,
        source: &Source,
    ) -> Result<Option<String>, StoreError> {
        match source {
            Source::Named(name) => {
                let row = cursors::Entity::find()
                    .filter(cursors::Column::Line.eq(line.as_str()))
                    .filter(cursors::Column::Source.eq(name));
                Ok(row.one(&self.reading).await?.map(|row| row.position))
            }
            Source::Conversation(source) => {
                let row = conversations::Entity::find()
                    .filter(conversations::Column::Line.eq(line.as_str()))
                    .filter(
                        conversations::Column::SourceHash.eq(self.conversation_hash(line, source.expose())),
                    );
                let row = row.one(&self.reading).await?;
                row.map(|row| self.open_conversation(&row).map(|(_, position)| position))
                    .transpose()
            }
        }
    }

    pub(crate) async fn read_conversations(&self, line: &LineName) -> Result<Vec<Cursor>, StoreError> {
        let rows = conversations::Entity::find()
            .filter(conversations::Column::Line.eq(line.as_str()))
            .order_by_desc(conversations::Column::MovedAt)
            .all(&self.reading)
            .await?;
        rows.iter()
            .map(|row| {
                let (source, position) = self.open_conversation(row)?;
                Ok(Cursor {
                    line: line.clone(),
                    source: Source::Conversation(source.into()),
                    position,
                })
            })
            .collect()
    }

    fn open_conversation(&self, row: &conversations::Model) -> Result<(String, String), StoreError> {
        let place = conversation_place(&row.source_hash);
        unseal(&self.keys.data_key(&place, &row.data_key)?, &place, &row.sealed)
    }

    fn conversation_hash(&self, line: &LineName, source: &str) -> Vec<u8> {
        self.keys.lookup("conversation", &format!("{line}\n{source}"))
    }
}

/// Stores a cursor, and replaces the earlier cursor of the same source.
pub(crate) async fn write(transaction: &DatabaseTransaction, row: CursorRow) -> Result<(), StoreError> {
    match row {
        CursorRow::Named(row) => {
            let mut conflict = OnConflict::columns([cursors::Column::Line, cursors::Column::Source]);
            conflict.update_column(cursors::Column::Position);
            cursors::Entity::insert(row)
                .on_conflict(conflict)
                .exec_without_returning(transaction)
                .await?;
        }
        CursorRow::Conversation(row) => {
            let mut conflict =
                OnConflict::columns([conversations::Column::Line, conversations::Column::SourceHash]);
            conflict.update_columns([
                conversations::Column::DataKey,
                conversations::Column::Sealed,
                conversations::Column::MovedAt,
            ]);
            conversations::Entity::insert(row)
                .on_conflict(conflict)
                .exec_without_returning(transaction)
                .await?;
        }
    }
    Ok(())
}

//! Requests from channel adapters to commit messages to the journal. Requests that arrive while a commit is running share the next commit.

use hotline_core::intake::{Accepted, NotAccepted};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::db::entity::{conversations, cursors};

/// A request to commit sealed (encrypted) messages and a cursor (read position) in one transaction.
pub(crate) struct BatchRequest {
    pub(crate) rows: Vec<JournalRow>,
    pub(crate) cursor: Option<CursorRow>,
    pub(crate) answer: oneshot::Sender<Result<Vec<Accepted>, NotAccepted>>,
}

/// A journal row to be inserted. `data_key` is encrypted with the master key.
pub(crate) struct JournalRow {
    pub(crate) line: String,
    pub(crate) external_hash: Vec<u8>,
    pub(crate) received_at: i64,
    pub(crate) size: i64,
    pub(crate) cut_from: Option<i64>,
    pub(crate) data_key: Vec<u8>,
    pub(crate) sealed: Option<Vec<u8>>,
    pub(crate) file: Option<Uuid>,
}

/// A cursor (read position) to be written: the cursor of a source with a fixed name, or the cursor of a conversation with a person.
pub(crate) enum CursorRow {
    Named(cursors::ActiveModel),
    Conversation(conversations::ActiveModel),
}

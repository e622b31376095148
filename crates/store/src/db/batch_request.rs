//! Requests from adapters to commit messages to the journal. Requests that arrive during a commit share the next commit.

use hotline_core::intake::{Accepted, NotAccepted};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::db::entity::{conversations, cursors};

/// A request to commit sealed messages and a cursor in one transaction.
pub(crate) struct BatchRequest {
    pub(crate) rows: Vec<JournalRow>,
    pub(crate) cursor: Option<CursorRow>,
    pub(crate) answer: oneshot::Sender<Result<Vec<Accepted>, NotAccepted>>,
}

/// A journal row that is not inserted yet, with its wrapped data key.
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

/// A cursor to be written.
pub(crate) enum CursorRow {
    Named(cursors::ActiveModel),
    Conversation(conversations::ActiveModel),
}

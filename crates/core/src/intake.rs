//! The door into the queue.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::{
    contact::message::RawMessage,
    health::Health,
    identifiers::{line::LineName, private::Private, receipt::ReceiptCode, reference::Reference},
    text::locale::Language,
};

/// Where an adapter stands in its source. Its text means something to the adapter alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Whose it is.
    pub line: LineName,
    /// Which of the line's sources.
    pub source: Source,
    /// How far it was read.
    pub position: String,
}

/// One of the sources of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Named by the settings: a folder, say.
    Named(String),
    /// A conversation with a person: kept sealed.
    Conversation(Private<String>),
}

/// A raw message is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// The reference that a contact opened by this message has.
    pub reference: Reference,
    /// False if the same message was accepted before.
    pub fresh: bool,
}

/// Nothing was written: the disk is full, the database away. The source must not be told anything, and asked again later.
#[derive(Debug, thiserror::Error)]
#[error("could not be written down: {0}")]
pub struct NotAccepted(pub String);

/// The queue as an adapter sees it.
#[async_trait]
pub trait Intake: Send + Sync {
    /// Writes the messages and the job of handling each, in one commit, together with the cursor they move. They are on disk
    /// when this returns, each once by (line, external id). The answer has their order.
    ///
    /// # Errors
    /// When nothing was written. The caller acknowledges nothing and tries again.
    async fn accept(
        &self,
        arrived: Vec<RawMessage>,
        cursor: Option<Cursor>,
    ) -> Result<Vec<Accepted>, NotAccepted>;

    /// The bytes of the message that was accepted under this external id. `None` if there is none, or it was erased.
    ///
    /// # Errors
    /// When the database or a file cannot be read.
    async fn accepted_before(
        &self,
        line: &LineName,
        external_id: &str,
    ) -> Result<Option<Vec<u8>>, NotAccepted>;

    /// Where the line stands in one of its sources.
    ///
    /// # Errors
    /// When the database cannot be read.
    async fn cursor(&self, line: &LineName, source: &Source) -> Result<Option<String>, NotAccepted>;

    /// Every conversation of the line that has a cursor, the one that moved last first.
    ///
    /// # Errors
    /// When the database cannot be read.
    async fn conversations(&self, line: &LineName) -> Result<Vec<Cursor>, NotAccepted>;

    /// The language somebody chose for our automatic texts on this line.
    ///
    /// # Errors
    /// When the database cannot be read.
    async fn chosen_language(
        &self,
        line: &LineName,
        identifier: &Private<String>,
    ) -> Result<Option<Language>, NotAccepted>;

    /// The reference of the contact that a message of this person became part of, which may have been there before. `None`: the
    /// message is not registered yet.
    ///
    /// # Errors
    /// When the database cannot be read.
    async fn registered_in(
        &self,
        line: &LineName,
        external_id: &str,
        identifier: &Private<String>,
    ) -> Result<Option<Reference>, NotAccepted>;

    /// Notes how the line is doing, for the staff to see.
    async fn health(&self, line: &LineName, health: Health);

    /// The receipt code of the message with this external id on this line: always the same one, and not to be computed
    /// without the master key.
    fn receipt_code(&self, line: &LineName, external_id: &str) -> ReceiptCode;

    /// The mark that stands for a receipt code wherever something is kept: a keyed hash.
    fn receipt_mark(&self, code: &ReceiptCode) -> String;

    /// What the holder of a receipt code may read. `None` if no contact of the line has it.
    ///
    /// # Errors
    /// When the database cannot be read.
    async fn conversation(
        &self,
        line: &LineName,
        code: &ReceiptCode,
    ) -> Result<Option<Conversation>, NotAccepted>;
}

/// A conversation as the person who began it may read it: no notes, no names of staff.
#[derive(Debug, Clone)]
pub struct Conversation {
    /// The reference of its newest contact.
    pub reference: Reference,
    /// What was said, oldest first.
    pub said: Vec<Said>,
    /// Whether a counsellor asked the person for files and none came yet.
    pub files_wanted: bool,
}

/// One message of a conversation.
#[derive(Debug, Clone)]
pub struct Said {
    /// True if the centre said it.
    pub by_us: bool,
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub text: Private<String>,
}

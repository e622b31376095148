//! The interface through which channel adapters store raw messages and queue the jobs that register them.

pub mod flood;

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    contact::message::RawMessage,
    health::Health,
    identifiers::{line_name::LineName, private::Private, receipt::ReceiptCode, reference::Reference},
    intake::flood::Surge,
    routing::targets::TargetClock,
    text::locale::Language,
    time::hours::OpeningHours,
};

/// The position up to which an adapter has read a source. Only that adapter can interpret the position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The line that the source belongs to.
    pub line: LineName,
    /// The source, such as a mail folder.
    pub source: Source,
    /// The position up to which the adapter has read the source.
    pub position: String,
}

/// A source that a line reads from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A source whose name is in the settings, such as a mail folder.
    Named(String),
    /// A conversation with a person on a chat platform. The id of the conversation is stored encrypted.
    Conversation(Private<String>),
}

/// Confirmation that a raw message is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// The reference reserved for the message. If the message opens a contact, the contact gets this reference.
    pub reference: Reference,
    /// `true` if the message is new, `false` if the same message was already accepted earlier.
    pub fresh: bool,
}

/// The error for a message that could not be stored, for example because the disk is full or the database is unreachable. The
/// adapter must then not acknowledge the message to its source, and must fetch it again later.
#[derive(Debug, thiserror::Error)]
#[error("could not be written down: {0}")]
pub struct NotAccepted(pub String);

/// The operations with which channel adapters store messages and read what was stored.
#[async_trait]
pub trait Intake: Send + Sync {
    /// Stores the messages, a job for each message, and the new cursor position, all in one transaction. The messages are on disk when the
    /// function returns. A message whose line and external id are already stored is not stored again. The results are in the order of
    /// `arrived`.
    ///
    /// # Errors
    /// Fails if the messages were not stored. The caller must not acknowledge them and must try again.
    async fn accept(
        &self,
        arrived: Vec<RawMessage>,
        cursor: Option<Cursor>,
    ) -> Result<Vec<Accepted>, NotAccepted>;

    /// Returns the bytes of the message that was accepted with this external id. Returns `None` if no message with this id was accepted, or
    /// if the message was erased.
    ///
    /// # Errors
    /// Fails if the database or a file cannot be read.
    async fn accepted_before(
        &self,
        line: &LineName,
        external_id: &str,
    ) -> Result<Option<Vec<u8>>, NotAccepted>;

    /// Returns the cursor position of one of the line's sources.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    async fn cursor(&self, line: &LineName, source: &Source) -> Result<Option<String>, NotAccepted>;

    /// Returns the cursor of every conversation of the line. The most recently changed cursor comes first.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    async fn conversations(&self, line: &LineName) -> Result<Vec<Cursor>, NotAccepted>;

    /// Returns the language that the person chose for automatic texts on this line.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    async fn chosen_language(
        &self,
        line: &LineName,
        identifier: &Private<String>,
    ) -> Result<Option<Language>, NotAccepted>;

    /// Returns the reference of the contact that the message with this external id opened or joined. Returns `None` if the message is not
    /// registered yet.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    async fn registered_in(
        &self,
        line: &LineName,
        external_id: &str,
        identifier: &Private<String>,
    ) -> Result<Option<Reference>, NotAccepted>;

    /// Returns the opening hours of the line, and whether it is closed at this moment.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    async fn opening(&self, line: &LineName) -> Result<LineOpening, NotAccepted>;

    /// Quarantines the contacts that were opened by posts of a surge without a form token. Contacts that staff have opened or answered stay
    /// as they are. Posts of the surge that are registered later are quarantined too.
    ///
    /// # Errors
    /// Fails if nothing was written. The call can be repeated.
    async fn quarantine_surge(&self, line: &LineName, surge: Surge) -> Result<(), NotAccepted>;

    /// Records the health of the line, for display to staff.
    async fn health(&self, line: &LineName, health: Health);

    /// Derives the receipt code of the message with this external id. The same id always gives the same code. The derivation uses the
    /// master key, so an id alone does not reveal the code.
    fn receipt_code(&self, line: &LineName, external_id: &str) -> ReceiptCode;

    /// Returns the keyed hash that is stored in place of a receipt code.
    fn receipt_mark(&self, code: &ReceiptCode) -> String;

    /// Returns the key with which the line signs its form tokens and proof-of-work challenges. The key is derived from the master key, so
    /// that all processes that serve the line accept each other's tokens and challenges.
    fn challenge_key(&self, line: &LineName) -> Vec<u8>;

    /// Returns the conversation that this receipt code gives access to. Returns `None` if no contact of the line has this code.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    async fn conversation(
        &self,
        line: &LineName,
        code: &ReceiptCode,
    ) -> Result<Option<Conversation>, NotAccepted>;
}

/// The opening hours of a line, and whether it is closed at this moment.
#[derive(Debug, Clone, Default)]
pub struct LineOpening {
    /// The hours that apply to the line. `None`: neither the line nor the centre has stored hours, and the line is always open.
    pub hours: Option<Arc<OpeningHours>>,
    /// When the line opens. `None`: it is open.
    pub closed: Option<Closed>,
    /// Whether administrators paused the line. A paused line accepts no messages.
    pub paused: bool,
}

/// A line is closed at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed {
    /// When the line opens. `None`: not within the next 400 days.
    pub opens: Option<DateTime<Utc>>,
}

/// A conversation as shown to the person who started it: without notes and without names of staff.
#[derive(Debug, Clone)]
pub struct Conversation {
    /// The reference of the newest contact in the conversation.
    pub reference: Reference,
    /// The messages, oldest first.
    pub messages: Vec<ConversationMessage>,
    /// `true` if a counsellor asked the person for files and no file has arrived yet.
    pub files_wanted: bool,
    /// The target for the reply that the person waits for. `None`: the person waits for no reply, or there is no target.
    pub target: Option<ReplyTarget>,
}

/// The target for a reply, as shown to the person who waits for it. It is always the target of an ordinary contact: the person does not
/// learn how urgent staff consider the contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplyTarget {
    /// The time within which the centre wants to reply.
    pub within: TimeDelta,
    /// Whether the time counts only during opening hours or always.
    pub clock: TargetClock,
    /// Whether the person has waited for longer.
    pub is_missed: bool,
}

/// One message of a conversation.
#[derive(Debug, Clone)]
pub struct ConversationMessage {
    /// `true` if the centre wrote the message, `false` if the person wrote it.
    pub by_us: bool,
    /// `true` if the service wrote the message automatically.
    pub automatic: bool,
    /// When the message was written.
    pub at: DateTime<Utc>,
    /// The text of the message.
    pub text: Private<String>,
}

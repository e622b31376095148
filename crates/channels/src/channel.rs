//! The interface that every channel implements.

use std::{path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use hotline_core::{
    centre::Centre,
    contact::{
        joining::Joining,
        message::{Normalised, OutboundMessage, RawMessage, Unreadable},
    },
    identifiers::{line_name::LineName, private::Private},
    intake::Intake,
    text::{locale::Locales, reason::Reason},
    time::clock::Clock,
};
use tokio_util::sync::CancellationToken;

/// A kind of channel, with its name and the function that opens a line of this kind.
pub struct ChannelKind {
    /// The name of the kind in the settings (`channel = "…"`), in the database and in the statistics.
    pub name: &'static str,
    /// `true` if only one line of this kind may exist. A second line would serve the same public URLs.
    pub only_one: bool,
    /// Opens a line from its settings. Does not connect to the platform yet.
    pub open: fn(Opening) -> anyhow::Result<Arc<dyn Channel>>,
}

/// The settings and services that are needed to open a line.
pub struct Opening {
    /// The name of the line.
    pub name: LineName,
    /// The line's table in the settings.
    pub settings: config::Value,
    /// The `[centre]` settings.
    pub centre: Arc<Centre>,
    /// The base URL of the public pages, which include the web form.
    pub public_url: String,
    /// The e-mail addresses of all lines, as written in the settings. An e-mail that arrives on one line may concern a message that
    /// another line sent.
    pub addresses: Arc<[String]>,
    /// The texts of all languages.
    pub locales: Arc<Locales>,
    /// The clock that gives the current time.
    pub clock: Arc<dyn Clock>,
}

/// One open line of a channel.
#[async_trait]
pub trait Channel: Send + Sync {
    /// Fetches messages and hands them to `intake` until `stop` is cancelled. Reconnects automatically after every failure. The
    /// default implementation only waits until `stop` is cancelled. It is sufficient for a channel whose messages arrive only
    /// through `routes`.
    ///
    /// # Errors
    /// Returns an error if the line can never work. The caller reports the error and does not start the line again.
    async fn receive(&self, _intake: Arc<dyn Intake>, stop: CancellationToken) -> anyhow::Result<()> {
        stop.cancelled().await;
        Ok(())
    }

    /// Returns the routes to which other servers or visitors post messages for this line. The program's public HTTP listener serves these
    /// routes.
    fn routes(&self, _intake: Arc<dyn Intake>) -> Option<axum::Router> {
        None
    }

    /// Parses a raw message. This function is pure, and it returns a result for any bytes.
    fn normalise(&self, raw: &RawMessage) -> Normalised;

    /// Returns the number of chunks into which a message is split, for example because its text is long. The line hands one chunk after
    /// another to the platform or the mail server. Each chunk is recorded as sent as soon as it has been accepted there.
    fn chunk_count(&self, _message: &OutboundMessage) -> usize {
        1
    }

    /// Hands one chunk of a message to the platform or the mail server. Chunks are counted from 0. This function may be called again for
    /// the same chunk, for example after a failure.
    ///
    /// # Errors
    /// Returns an error if the hand-over failed or if its outcome is unknown. The error says whether a retry makes sense.
    async fn send(&self, message: &OutboundMessage, chunk: usize) -> Result<(), ChannelError>;

    /// Returns whether a person sees a message twice if the message is handed over twice. This matters if it is unknown whether a hand-over
    /// succeeded. If `true`, a counsellor then decides whether to repeat the hand-over. If `false`, the hand-over is repeated
    /// automatically.
    fn repeats_are_seen(&self) -> bool {
        false
    }

    /// Returns whether an outgoing message waits until every earlier message to the same person has been handed over.
    fn keeps_order(&self) -> bool {
        false
    }

    /// Returns whether files can be sent with a message.
    fn sends_files(&self) -> bool {
        false
    }

    /// Shows the person that a counsellor is writing an answer. Ignores failures.
    async fn show_typing(&self, _to: &Private<String>, _thread: &[String]) {}

    /// Fetches a file from the platform. `reference` is the text that a received message contained in place of the file.
    ///
    /// # Errors
    /// Returns an error if the file could not be fetched. The error says whether a retry makes sense.
    async fn fetch(&self, _reference: &Private<String>) -> Result<Vec<u8>, ChannelError> {
        Err(ChannelError::Permanent {
            reason: "this channel fetches nothing".into(),
        })
    }

    /// Tests everything that this line needs, such as its connections and permissions. Returns a sentence for each successful
    /// test.
    ///
    /// # Errors
    /// Returns an error if a test fails. The error names the cause and the remedy.
    async fn check(&self) -> anyhow::Result<Vec<String>>;

    /// Returns the external ids of all messages that are now stored where the line fetches them, such as a mailbox. Returns `None` if
    /// messages are not kept there.
    ///
    /// # Errors
    /// Returns an error if, for example, the mailbox can't be read.
    async fn held_ids(&self) -> anyhow::Result<Option<Vec<String>>> {
        Ok(None)
    }

    /// Returns the key, in the localized texts, of the text with which the line acknowledges the first message of a contact. Returns `None`
    /// if the line sends no acknowledgement.
    fn acknowledgement(&self) -> Option<&'static str> {
        None
    }

    /// Returns whether people can send files only after a counsellor asked for files.
    fn asks_for_files(&self) -> bool {
        false
    }

    /// Returns the name of the e-mail line that sends a copy of each answer to people who left an e-mail address.
    fn answers_also_by(&self) -> Option<String> {
        None
    }
}

/// How a line handles files that people send. The setting `attachments` of the line chooses one of these values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attachments {
    /// Accepts no files. In place of each file, the message lists its type and, if known, its size.
    Never,
    /// Accepts, fetches or shows a file only after a counsellor asked for it. Each request by a counsellor is logged.
    #[default]
    OnRequest,
    /// Accepts or fetches every file immediately. A file is still shown only when a counsellor asks for it.
    Always,
}

/// Why a message could not be handed over or a file could not be fetched, or why the outcome is unknown. The text of the error comes from
/// the platform or the mail server and may contain addresses.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// A later attempt may succeed.
    #[error("{reason}")]
    Transient {
        /// The reason, as shown to staff.
        reason: Reason,
        /// How long the platform or the mail server asked us to wait; `None` if it named no time. If it named a time, the refused hand-over
        /// does not count as a failed attempt.
        retry_after: Option<Duration>,
    },
    /// The outcome of the hand-over is unknown: the message may have arrived or not.
    #[error("{reason}")]
    Unknown {
        /// The reason, as shown to staff.
        reason: Reason,
    },
    /// No later attempt can succeed.
    #[error("{reason}")]
    Permanent {
        /// The reason, as shown to staff.
        reason: Reason,
    },
}

impl ChannelError {
    /// Creates an error for a hand-over that may succeed later. The platform or the mail server named no time for a retry.
    pub(crate) fn transient(reason: impl Into<Reason>) -> Self {
        Self::Transient {
            reason: reason.into(),
            retry_after: None,
        }
    }

    /// Creates an error for a hand-over with an unknown outcome.
    pub(crate) fn unknown(reason: impl Into<Reason>) -> Self {
        Self::Unknown {
            reason: reason.into(),
        }
    }

    /// Creates an error for a hand-over that can never succeed.
    pub(crate) fn permanent(reason: impl Into<Reason>) -> Self {
        Self::Permanent {
            reason: reason.into(),
        }
    }
}

/// Creates the result for a message that can't be parsed. The sender's identifier alone decides which contact the message joins.
/// This function is therefore only for platforms on which a sender's account can't be forged.
pub(crate) fn unreadable(reason: &str, identifier: Option<String>) -> Normalised {
    Normalised::Unreadable(Unreadable {
        reason: reason.to_owned(),
        joining: Joining::ByIdentifier,
        identifier: identifier.map(Private::new),
        subject: None,
    })
}

/// Returns `true`. This is the default of settings that are on unless the operator switches them off.
pub(crate) const fn default_true() -> bool {
    true
}

/// Returns a secret from the settings, which contain either the secret (`value`) or the path of a file with the secret (`file`). Line
/// breaks at the end of the file are removed.
pub(crate) fn read_secret(
    value: Option<&Private<String>>,
    file: Option<&PathBuf>,
) -> anyhow::Result<Option<String>> {
    use anyhow::Context;
    match (value, file) {
        (Some(_), Some(_)) => anyhow::bail!("Give the secret or its file, not both"),
        (Some(value), None) => Ok(Some(value.expose().clone())),
        (None, Some(file)) => {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("Could not read the secret in {}", file.display()))?;
            Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
        }
        (None, None) => Ok(None),
    }
}

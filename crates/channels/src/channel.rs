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

/// A kind of channel: its name and the function that opens a line of it.
pub struct ChannelKind {
    /// The name of the kind in the settings (`channel = "…"`), in the database and in figures.
    pub name: &'static str,
    /// Whether only one line of this kind can exist, because all its lines would have the same public addresses.
    pub only_one: bool,
    /// Opens a line without connecting to anything yet.
    pub open: fn(Opening) -> anyhow::Result<Arc<dyn Channel>>,
}

/// The settings and services that a line is opened with.
pub struct Opening {
    /// The name of the line.
    pub name: LineName,
    /// The line's table in the settings.
    pub settings: config::Value,
    /// The `[centre]` settings.
    pub centre: Arc<Centre>,
    /// The base URL of the public pages, where the web form is.
    pub public_url: String,
    /// The e-mail addresses of all lines, as in the settings. A mail on one line may concern a message that another line sent.
    pub addresses: Arc<[String]>,
    /// The texts of all languages.
    pub locales: Arc<Locales>,
    /// The clock that gives the current time.
    pub clock: Arc<dyn Clock>,
}

/// One open line of a channel.
#[async_trait]
pub trait Channel: Send + Sync {
    /// Pulls messages and hands them to `intake` until `stop`. Reconnects automatically after every failure. A channel that
    /// only receives pushed messages keeps this default, which waits for `stop`.
    ///
    /// # Errors
    /// When the line can never work. The error is then reported, and the line is not started again.
    async fn receive(&self, _intake: Arc<dyn Intake>, stop: CancellationToken) -> anyhow::Result<()> {
        stop.cancelled().await;
        Ok(())
    }

    /// Returns the routes at which messages are pushed to this channel. The public listener serves them.
    fn routes(&self, _intake: Arc<dyn Intake>) -> Option<axum::Router> {
        None
    }

    /// Parses a raw message. This is a pure function that returns a result for any bytes.
    fn normalise(&self, raw: &RawMessage) -> Normalised;

    /// Returns the number of chunks in which a message leaves, such as the parts of a long text. Each chunk is handed over separately, in order, and is recorded
    /// once the other side took it.
    fn chunk_count(&self, _message: &OutboundMessage) -> usize {
        1
    }

    /// Hands one chunk of a message to the other side. Chunks are counted from 0. May be called again for the same chunk.
    ///
    /// # Errors
    /// When the hand-over failed or its outcome is unknown. The error says whether a retry makes sense.
    async fn send(&self, message: &OutboundMessage, chunk: usize) -> Result<(), ChannelError>;

    /// Returns whether the person would see a message twice if it is handed over twice. A counsellor then decides whether to
    /// risk a repeat.
    fn repeats_are_seen(&self) -> bool {
        false
    }

    /// Returns whether a message waits until every earlier message to the same person has left, as in a conversation.
    fn keeps_order(&self) -> bool {
        false
    }

    /// Returns whether files can be sent with a message.
    fn sends_files(&self) -> bool {
        false
    }

    /// Shows the person that a counsellor is writing an answer. Failures are ignored.
    async fn show_typing(&self, _to: &Private<String>, _thread: &[String]) {}

    /// Fetches a file that a message only referred to.
    ///
    /// # Errors
    /// When the file was not fetched. The error says whether a retry makes sense.
    async fn fetch(&self, _reference: &Private<String>) -> Result<Vec<u8>, ChannelError> {
        Err(ChannelError::Permanent {
            reason: "this channel fetches nothing".into(),
        })
    }

    /// Tests everything that this line needs. Returns a sentence for each part that works.
    ///
    /// # Errors
    /// When a part does not work. The error says which part, and what to do.
    async fn check(&self) -> anyhow::Result<Vec<String>>;

    /// Returns the external ids of all messages that the source holds now. Returns `None` if the source keeps no messages.
    ///
    /// # Errors
    /// When the source can't be read.
    async fn held_ids(&self) -> anyhow::Result<Option<Vec<String>>> {
        Ok(None)
    }

    /// Returns the key of the text that acknowledges the first message of a contact. `None` means that no acknowledgement is
    /// sent.
    fn acknowledgement(&self) -> Option<&'static str> {
        None
    }

    /// Returns whether people can send files only after a counsellor asked for them.
    fn asks_for_files(&self) -> bool {
        false
    }

    /// Returns the name of the line that sends a copy of each answer to people who left an address.
    fn answers_also_by(&self) -> Option<String> {
        None
    }
}

/// How a line handles files that people send: its setting `attachments`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attachments {
    /// Takes no files. The message lists each file with its type, and with its size if that is known.
    Never,
    /// Takes, fetches or shows files only when a counsellor asks for them. Each request is logged.
    #[default]
    OnRequest,
    /// Takes every file as it arrives. A file is still shown only when a counsellor asks for it.
    Always,
}

/// Why a message could not be handed over. The text comes from the other side and may contain addresses.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// A later attempt may succeed.
    #[error("{reason}")]
    Transient {
        /// The reason, as shown to staff.
        reason: Reason,
        /// How long the other side asked us to wait, if it named a time. Such a wait does not count as an attempt.
        retry_after: Option<Duration>,
    },
    /// The connection broke during the hand-over, so the message may or may not have arrived.
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
    /// Creates an error for a hand-over that may succeed at any later time.
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

/// Creates the result for a message that can't be parsed, from a platform whose accounts can't be forged.
pub(crate) fn unreadable(reason: &str, identifier: Option<String>) -> Normalised {
    Normalised::Unreadable(Unreadable {
        reason: reason.to_owned(),
        joining: Joining::ByIdentifier,
        identifier: identifier.map(Private::new),
        subject: None,
    })
}

/// Returns the default of settings that are on unless they are switched off.
pub(crate) const fn default_true() -> bool {
    true
}

/// Reads a secret that is given directly or in a file. Line breaks at the end of the file are not part of the secret.
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

//! What every channel is.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use hotline_core::{
    centre::Centre,
    contact::message::{Normalised, OutboundMessage, RawMessage},
    identifiers::{line::LineName, private::Private},
    intake::Intake,
    text::{locale::Locales, reason::Reason},
    time::clock::Clock,
};
use tokio_util::sync::CancellationToken;

/// A kind of channel: its name and how to open a line of it.
pub struct ChannelKind {
    /// Its name in the settings (`channel = "…"`), in the database and in figures.
    pub name: &'static str,
    /// Whether there can be only one line of it, since all would have the same public addresses.
    pub only_one: bool,
    /// Opens a line. Nothing is connected yet.
    pub open: fn(Opening) -> anyhow::Result<Arc<dyn Channel>>,
}

/// What a line is opened with.
pub struct Opening {
    /// Its name.
    pub name: LineName,
    /// Its table of the settings.
    pub settings: config::Value,
    /// What the centre says of itself.
    pub centre: Arc<Centre>,
    /// How the public pages are reached: for who would rather write there.
    pub public_url: String,
    /// The addresses of all lines, as the settings give them: a mail by one may be about what another one sent.
    pub addresses: Arc<[String]>,
    /// Texts.
    pub locales: Arc<Locales>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// One opened line of one channel.
#[async_trait]
pub trait Channel: Send + Sync {
    /// Pulls messages and hands them to `intake` until `stop`; reconnects for ever by itself. A channel that is only
    /// pushed to has nothing to do here.
    ///
    /// # Errors
    /// When it can never work; it is then reported and not started again.
    async fn receive(&self, _intake: Arc<dyn Intake>, stop: CancellationToken) -> anyhow::Result<()> {
        stop.cancelled().await;
        Ok(())
    }

    /// The addresses by which it is pushed to, for the public listener.
    fn routes(&self, _intake: Arc<dyn Intake>) -> Option<axum::Router> {
        None
    }

    /// Reads a raw message. Pure and total: whatever the bytes, there is an answer.
    fn normalise(&self, raw: &RawMessage) -> Normalised;

    /// In how many pieces a message leaves. Each is handed over by itself, in order, and noted when it was.
    fn pieces(&self, _message: &OutboundMessage) -> usize {
        1
    }

    /// Hands a piece of a message (from 0) to the other side. May be called again with the same.
    ///
    /// # Errors
    /// Whether trying again makes sense.
    async fn send(&self, message: &OutboundMessage, piece: usize) -> Result<(), ChannelError>;

    /// Whether a message that is handed over twice is seen twice, so that a person decides whether to risk it.
    fn repeats_are_seen(&self) -> bool {
        false
    }

    /// Whether a message waits behind an earlier one to the same person that has not left yet, as in a conversation.
    fn keeps_order(&self) -> bool {
        false
    }

    /// Whether files can leave with a message.
    fn sends_files(&self) -> bool {
        false
    }

    /// Shows the person that somebody is writing an answer. Done or not: nothing depends on it.
    async fn typing(&self, _to: &Private<String>, _thread: &[String]) {}

    /// Fetches a file that a message only named.
    ///
    /// # Errors
    /// Whether trying again makes sense.
    async fn fetch(&self, _reference: &Private<String>) -> Result<Vec<u8>, ChannelError> {
        Err(ChannelError::Permanent {
            reason: "this channel fetches nothing".into(),
        })
    }

    /// Tries everything this line needs, and says in words what worked.
    ///
    /// # Errors
    /// What did not work, and what to do.
    async fn check(&self) -> anyhow::Result<Vec<String>>;

    /// The external ids of everything its source holds now. `None` if the source keeps nothing.
    ///
    /// # Errors
    /// When the source cannot be asked.
    async fn holds(&self) -> anyhow::Result<Option<Vec<String>>> {
        Ok(None)
    }

    /// The key of the text that acknowledges the first message of a contact, if any does.
    fn acknowledgement(&self) -> Option<&'static str> {
        None
    }

    /// Whether the other side sends files only when a counsellor asked for them.
    fn asks_for_files(&self) -> bool {
        false
    }

    /// The line by which somebody who left an address is answered as well.
    fn answers_also_by(&self) -> Option<String> {
        None
    }
}

/// What a line does with files people send: its setting `attachments`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attachments {
    /// Takes none. What was sent is named with its kind and size, if that is known.
    Never,
    /// Takes, fetches or shows them only when a counsellor asks, which is logged.
    #[default]
    OnRequest,
    /// Takes them as they come. They are shown only when asked for all the same.
    Always,
}

/// Why a message could not be handed over. The text is what the other side said; it may hold addresses.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// It may work later.
    #[error("{reason}")]
    Transient {
        /// Why.
        reason: Reason,
        /// When the other side wants to be asked again, if it named a time. Such a wait does not count as an attempt.
        retry_after: Option<Duration>,
    },
    /// The connection broke while it was handed over: it may or may not have been taken.
    #[error("{reason}")]
    Unknown {
        /// What broke.
        reason: Reason,
    },
    /// It never will.
    #[error("{reason}")]
    Permanent {
        /// Why.
        reason: Reason,
    },
}

impl ChannelError {
    /// It may work later, whenever.
    pub(crate) fn later(reason: impl Into<Reason>) -> Self {
        Self::Transient {
            reason: reason.into(),
            retry_after: None,
        }
    }

    /// It never will.
    pub(crate) fn never(reason: impl Into<Reason>) -> Self {
        Self::Permanent {
            reason: reason.into(),
        }
    }
}

/// For settings that are on unless they are switched off.
pub(crate) const fn yes() -> bool {
    true
}

/// Reads a secret given as itself or as a file; the file's last line end does not belong to it.
pub(crate) fn secret(
    value: Option<&String>,
    file: Option<&std::path::PathBuf>,
) -> anyhow::Result<Option<String>> {
    use anyhow::Context;
    match (value, file) {
        (Some(_), Some(_)) => anyhow::bail!("Give the secret or its file, not both"),
        (Some(value), None) => Ok(Some(value.clone())),
        (None, Some(file)) => {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("Could not read the secret in {}", file.display()))?;
            Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
        }
        (None, None) => Ok(None),
    }
}

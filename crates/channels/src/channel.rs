//! The interface that every channel implements.

use std::{
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use async_trait::async_trait;
use hotline_core::{
    centre::CentreInForce,
    contact::{
        joining::Joining,
        message::{Normalised, OutboundMessage, RawMessage, Unreadable},
    },
    identifiers::{line_name::LineName, private::Private},
    intake::Intake,
    line_fields::LineField,
    network::OutgoingSettings,
    text::{locale::Locales, reason::Reason, rich::ReplyStyle},
    time::clock::Clock,
};
use tokio_util::sync::CancellationToken;

/// A kind of channel, with its name and the function that opens a line of this kind.
pub struct ChannelKind {
    /// The name of the kind in the settings (`channel = "…"`), in the database and in the statistics.
    pub name: &'static str,
    /// The name of the platform that can read the messages and keeps them in other countries. `None`: there is none.
    pub platform: Option<&'static str>,
    /// `true` if only one line of this kind may exist, because a second line would use the same public URLs.
    pub only_one: bool,
    /// The settings that administrators can enter on screen. A setting without a field, such as a file on the server, can only be set in the
    /// settings file.
    pub fields: &'static [LineField],
    /// Opens a line from its settings. Does not connect to the platform yet.
    pub open: fn(Opening) -> anyhow::Result<Arc<dyn Channel>>,
}

/// The settings and services that are needed to open a line.
pub struct Opening {
    /// The name of the line.
    pub name: LineName,
    /// The line's table in the settings.
    pub settings: config::Value,
    /// The centre with the texts in force.
    pub centre: CentreInForce,
    /// The base URL of the pages that visitors can open, such as the web form.
    pub public_url: String,
    /// The e-mail addresses of all lines. A mail to one line may answer a message that another line sent.
    pub addresses: LineAddresses,
    /// The hosts to which the line may connect.
    pub outgoing: OutgoingSettings,
    /// The texts of all languages.
    pub locales: Arc<Locales>,
    /// The clock that gives the current time.
    pub clock: Arc<dyn Clock>,
}

/// The e-mail addresses of all lines, as written in the settings. Lines share this value, because lines are connected while others run.
#[derive(Clone, Default)]
pub struct LineAddresses(Arc<RwLock<Arc<[String]>>>);

impl LineAddresses {
    /// Returns the addresses that lines have now.
    #[must_use]
    pub fn current(&self) -> Arc<[String]> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the addresses.
    pub fn set(&self, addresses: Arc<[String]>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = addresses;
    }
}

/// One open line of a channel.
#[async_trait]
pub trait Channel: Send + Sync {
    /// Fetches messages and hands them to `intake` until `stop` is cancelled. Reconnects automatically after every failure. The default
    /// implementation fetches nothing. It is for channels that receive messages only through `routes`.
    ///
    /// # Errors
    /// Returns an error if the line can never work. The caller reports the error and does not start the line again.
    async fn receive(&self, _intake: Arc<dyn Intake>, stop: CancellationToken) -> anyhow::Result<()> {
        stop.cancelled().await;
        Ok(())
    }

    /// Returns the hosts of the settings to which the line connects.
    fn hosts(&self) -> Vec<String>;

    /// Returns the HTTP routes to which platforms or visitors post messages for this line. The public HTTP listener serves these routes.
    fn routes(&self, _intake: Arc<dyn Intake>) -> Option<axum::Router> {
        None
    }

    /// Parses a raw message. Uses neither the network nor the clock, and returns a result for any bytes.
    fn normalise(&self, raw: &RawMessage) -> Normalised;

    /// Returns the number of chunks in which a message is sent. A long text, for example, is split into several chunks. The chunks are
    /// sent one after another, and each chunk is recorded as sent once the platform or the mail server accepted it.
    fn chunk_count(&self, _message: &OutboundMessage) -> usize {
        1
    }

    /// Sends one chunk of a message to the platform or the mail server. The first chunk has the number 0. After a failure, this function
    /// may be called again for the same chunk.
    ///
    /// # Errors
    /// Returns an error if the platform or the mail server did not accept the chunk, or if it is unknown whether it did. The error says
    /// whether a retry makes sense.
    async fn send(&self, message: &OutboundMessage, chunk: usize) -> Result<(), ChannelError>;

    /// Returns whether the person would see the message twice if it is sent again after an attempt with an unknown outcome. If `true`, a
    /// counsellor decides whether to send the message again. If `false`, the message is sent again automatically.
    fn repeats_are_seen(&self) -> bool {
        false
    }

    /// Returns whether a message is sent only after every earlier message to the same person was sent.
    fn keeps_order(&self) -> bool {
        false
    }

    /// Returns whether `send` reaches the address of a message that answers nobody. `false` if the line has no way to send, or if people fetch
    /// their answers.
    fn reaches_addresses(&self) -> bool {
        true
    }

    /// Returns whether the line can send files to people.
    fn sends_files(&self) -> bool {
        false
    }

    /// Returns how the line shows replies, and how long a message can be.
    fn reply_style(&self) -> ReplyStyle {
        ReplyStyle::Plain
    }

    /// Shows the person that a counsellor is writing an answer. Ignores failures.
    async fn show_typing(&self, _to: &Private<String>, _thread: &[String]) {}

    /// Fetches a file from the platform. `reference` identifies the file; it was stored with the received message in place of the file.
    ///
    /// # Errors
    /// Returns an error if the file could not be fetched. The error says whether a retry makes sense.
    async fn fetch(&self, _reference: &Private<String>) -> Result<Vec<u8>, ChannelError> {
        Err(ChannelError::Permanent {
            reason: "this channel fetches nothing".into(),
        })
    }

    /// Tests everything that this line needs, such as its connections and permissions. Returns a sentence about the result of each test.
    ///
    /// # Errors
    /// Returns an error if a test fails. The error names the cause and the remedy.
    async fn check(&self) -> anyhow::Result<Vec<String>>;

    /// Returns whether the line reports its own health while it runs. A line that only waits for requests reports none, so nothing would
    /// correct a state that a test stored.
    fn reports_health(&self) -> bool {
        true
    }

    /// Returns whether the source deletes messages after about a day if the line did not receive them.
    fn loses_messages_after_a_day(&self) -> bool {
        false
    }

    /// Returns the external ids of all messages that the platform or the mail server currently stores for this line, for example in a
    /// mailbox. Returns `None` if messages can't be listed there.
    ///
    /// # Errors
    /// Returns an error if the list could not be fetched.
    async fn held_ids(&self) -> anyhow::Result<Option<Vec<String>>> {
        Ok(None)
    }

    /// Returns the key of a localized text, with which the line acknowledges the first message of a contact. Returns `None` if the line
    /// sends no acknowledgement.
    fn acknowledgement(&self) -> Option<&'static str> {
        None
    }

    /// Returns whether a person can send files only after a counsellor asked the person for files.
    fn asks_for_files(&self) -> bool {
        false
    }

    /// Returns the name of an e-mail line. That line sends a copy of each answer to people who left an e-mail address.
    fn answers_also_by(&self) -> Option<String> {
        None
    }
}

/// How a line handles files that people send. The setting `attachments` of the line chooses one of these values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attachments {
    /// The line accepts no files. The message lists the media type and, if known, the size of each file.
    Never,
    /// The line fetches or shows a file only when a counsellor requests it. Each request is logged.
    #[default]
    OnRequest,
    /// The line fetches every file immediately. A file is still shown only when a counsellor requests it.
    Always,
}

/// Why a message was not sent or a file was not fetched, or why it is unknown whether a message was sent. The reason may contain text
/// from the platform or the mail server, and this text may contain addresses.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// A later attempt may succeed.
    #[error("{reason}")]
    Transient {
        /// The reason, as shown to staff.
        reason: Reason,
        /// How long the platform or the mail server asked us to wait; `None` if it named no time. If it named a time, the attempt does
        /// not count as a failed attempt.
        retry_after: Option<Duration>,
    },
    /// It is unknown whether the platform or the mail server accepted the message.
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
    /// Creates an error for an attempt that failed but may succeed later. The error names no time for the retry.
    pub(crate) fn transient(reason: impl Into<Reason>) -> Self {
        Self::Transient {
            reason: reason.into(),
            retry_after: None,
        }
    }

    /// Creates an error for an attempt to send a message whose outcome is unknown.
    pub(crate) fn unknown(reason: impl Into<Reason>) -> Self {
        Self::Unknown {
            reason: reason.into(),
        }
    }

    /// Creates an error for an attempt that can never succeed.
    pub(crate) fn permanent(reason: impl Into<Reason>) -> Self {
        Self::Permanent {
            reason: reason.into(),
        }
    }
}

/// Creates the result for a message that can't be parsed. The message joins a contact of the sender, identified by `identifier` alone.
/// Only platforms on which nobody can forge a sender's account may therefore use this function.
pub(crate) fn unreadable(reason: &str, identifier: Option<String>) -> Normalised {
    Normalised::Unreadable(Unreadable {
        reason: reason.to_owned(),
        joining: Joining::ByIdentifier,
        identifier: identifier.map(Private::new),
        subject: None,
    })
}

/// Checks a URL of the settings: it uses TLS, unless it leads to this machine or to a host that the settings name.
pub(crate) fn check_url(outgoing: &OutgoingSettings, key: &str, url: &reqwest::Url) -> anyhow::Result<()> {
    anyhow::ensure!(
        outgoing.protects(url),
        "`{key}` begins with https://. Only an address of this machine, or a host in `outgoing.plain_hosts`, can begin with http://"
    );
    Ok(())
}

/// Returns the host of a URL, as a list of one or no element.
pub(crate) fn host_of(url: Option<&reqwest::Url>) -> Vec<String> {
    let host = url.and_then(|url| url.host_str());
    host.map(str::to_owned).into_iter().collect()
}

/// The default for settings that are on unless the operator switches them off.
pub(crate) const fn default_true() -> bool {
    true
}

/// Returns a secret from the settings. Either `value` is the secret, or `file` is the path of a file that contains it. Line breaks at the
/// end of the file are removed.
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

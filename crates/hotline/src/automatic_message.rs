//! Messages that the service sends automatically, outside the conversation of a contact.

use std::time::Duration;

use hotline_channels::channel::ChannelError;
use hotline_core::{
    contact::message::OutboundMessage,
    identifiers::{chance, ids, line_name::LineName, reference::Reference, token::ThreadToken},
    time::clock::{Clock, SystemClock},
};

use crate::lines::Lines;

/// The time limit for sending a message to one recipient.
const PATIENCE: Duration = Duration::from_secs(30);

/// Builds a message. The reference is `None` if the message is about no contact. No answer can join a contact, because the token is new.
pub fn build(reference: Option<Reference>, to: String, subject: String, text: String) -> OutboundMessage {
    let now = SystemClock.now();
    OutboundMessage {
        id: ids::new(now),
        reference: reference.unwrap_or(Reference::from_number(0)),
        token: ThreadToken::from_secret(&chance::bytes::<32>()),
        to: to.into(),
        subject: Some(subject.into()),
        text: text.into(),
        thread: Vec::new(),
        files: Vec::new(),
        uncertain: false,
        automatic: true,
        written_at: now,
    }
}

/// Why a message was not sent, or why it is unknown whether it was.
#[derive(Debug)]
pub struct SendError {
    /// The reason, for the log.
    pub problem: String,
    /// Whether the recipient may have got the message, or may still get it.
    pub is_uncertain: bool,
}

/// Sends all parts of a message by a line.
///
/// # Errors
/// Returns an error if there is no such line or if sending fails. If it takes longer than 30 seconds, it is uncertain whether the message was
/// sent.
pub async fn send(lines: &Lines, line: &LineName, message: &OutboundMessage) -> Result<(), SendError> {
    let sent = tokio::time::timeout(PATIENCE, send_chunks(lines, line, message)).await;
    sent.unwrap_or_else(|_| {
        Err(SendError {
            problem: "no answer within 30 seconds".to_owned(),
            is_uncertain: true,
        })
    })
}

async fn send_chunks(lines: &Lines, line: &LineName, message: &OutboundMessage) -> Result<(), SendError> {
    let channel = lines.find(line).await.ok_or_else(|| SendError {
        problem: "there is no such line".to_owned(),
        is_uncertain: false,
    })?;
    for chunk in 0..channel.chunk_count(message) {
        channel.send(message, chunk).await.map_err(|error| SendError {
            problem: error.to_string(),
            is_uncertain: matches!(error, ChannelError::Unknown { .. }),
        })?;
    }
    Ok(())
}

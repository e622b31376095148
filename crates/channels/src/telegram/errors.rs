//! Interprets and describes the errors that requests to Telegram return.

use std::time::Duration;

use hotline_core::text::reason::{Known, Reason};
use teloxide::{ApiError, RequestError};

use crate::channel::ChannelError;

/// Converts a failed request into an error that says whether a retry makes sense.
pub fn to_channel_error(error: &RequestError) -> ChannelError {
    let reason = reason_of(error);
    let later = |retry_after: Option<Duration>| ChannelError::Transient {
        reason: reason.clone(),
        retry_after,
    };
    match error {
        RequestError::RetryAfter(wait) => later(Some(wait.duration())),
        RequestError::Api(ApiError::InvalidToken) => later(None),
        // For a response with an HTTP status of 500 or above, teloxide returns only a text. The text shows the status.
        RequestError::Api(ApiError::Unknown(words)) if is_the_servers_fault(words) => later(None),
        RequestError::Api(_) | RequestError::MigrateToChatId(_) => ChannelError::permanent(reason),
        // The request never reached Telegram.
        RequestError::Network(error) if error.is_connect() || error.is_builder() => later(None),
        // It is unknown whether Telegram accepted the message. For example, the connection may have broken, or a proxy may have responded
        // instead of Telegram.
        RequestError::Network(_) | RequestError::InvalidJson { .. } | RequestError::Io(_) => {
            ChannelError::Unknown { reason }
        }
    }
}

/// Returns the reason for an error. The desk can translate some reasons; the others are descriptions in English.
fn reason_of(error: &RequestError) -> Reason {
    match error {
        RequestError::Api(ApiError::BotBlocked) => Known::Blocked.into(),
        RequestError::Api(ApiError::UserDeactivated) => Known::AccountGone.into(),
        RequestError::Api(ApiError::InvalidToken) => Known::TokenRefused.into(),
        RequestError::RetryAfter(_) => Known::Wait.into(),
        RequestError::Network(error) if error.is_timeout() => Known::TooSlow.into(),
        RequestError::Network(error) if error.is_connect() => Known::Unreachable.into(),
        RequestError::Network(_) => Known::Broke.into(),
        RequestError::Api(_)
        | RequestError::MigrateToChatId(_)
        | RequestError::InvalidJson { .. }
        | RequestError::Io(_) => describe_error(error).into(),
    }
}

fn is_the_servers_fault(words: &str) -> bool {
    [
        "Internal Server Error",
        "Bad Gateway",
        "Service Unavailable",
        "Gateway Timeout",
        "Too Many Requests",
    ]
    .iter()
    .any(|fault| words.starts_with(fault))
}

/// Describes an error without the URL of the request, because the URL contains the bot's token.
pub fn describe_error(error: &RequestError) -> String {
    match error {
        RequestError::Api(ApiError::InvalidToken) => {
            "Telegram refuses the token: is it that of the bot, whole?".to_owned()
        }
        RequestError::Api(ApiError::ChatNotFound | ApiError::CantInitiateConversation) => {
            "Telegram knows no such chat, or the person never began it".to_owned()
        }
        RequestError::Api(ApiError::TerminatedByOtherGetUpdates) => {
            "another program reads the messages of this bot with the same token: stop it, or messages go there"
                .to_owned()
        }
        RequestError::Api(ApiError::CantGetUpdates) => {
            "a webhook was set for this bot; it is removed".to_owned()
        }
        RequestError::Api(error) => format!("Telegram says: {error}"),
        RequestError::RetryAfter(wait) => format!("Telegram asks us to wait {} seconds", wait.seconds()),
        RequestError::MigrateToChatId(_) => "the group became another one".to_owned(),
        RequestError::Network(error) if error.is_timeout() => "Telegram took too long to answer".to_owned(),
        RequestError::Network(error) if error.is_connect() => "Telegram cannot be reached".to_owned(),
        RequestError::Network(_) => "the connection to Telegram broke".to_owned(),
        RequestError::InvalidJson { .. } => "what answered was not Telegram, or spoke nonsense".to_owned(),
        RequestError::Io(error) => error.to_string(),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub fn to_anyhow(error: RequestError) -> anyhow::Error {
    anyhow::anyhow!(describe_error(&error))
}

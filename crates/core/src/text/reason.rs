//! The reason why a reply has its delivery state, such as failed or delayed, and the description of this reason in the reader's language.

use serde::{Deserialize, Serialize};

use crate::text::{locale::Words, problem};

/// The reason for a delivery state: a known kind of reason, the text received from the other side (the platform or mail server), or both.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Reason {
    /// The kind of reason, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<Known>,
    /// The text received from the other side. It may contain addresses.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub words: String,
}

impl Reason {
    /// Returns the kind of reason in the language of `words`. The result quotes nothing, so it contains no address.
    #[must_use]
    pub fn kind_localized(&self, words: &Words) -> String {
        match self.known {
            Some(known) => words.say(known.key()),
            None => problem::localize(words, &self.words),
        }
    }

    /// Returns the reason in the language of `words`.
    #[must_use]
    pub fn localized(&self, words: &Words) -> String {
        let kind = self.kind_localized(words);
        // If a mail server responded with a status code, its response is quoted, so that an administrator can look up the code.
        match self.words.split_once("error (") {
            Some((_, answer)) if answer.starts_with(|c: char| c.is_ascii_digit()) => {
                let answer = answer.replacen("):", "", 1);
                format!("{kind} {}", words.quoted(answer.trim()))
            }
            Some(_) | None => kind,
        }
    }
}

/// The known kinds of reason for a delivery state. The other side is the platform or mail server to which the reply is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Known {
    /// The person blocked us.
    Blocked,
    /// The person's account no longer exists.
    AccountGone,
    /// The platform does not let us send this person direct messages.
    NoDirectMessages,
    /// The person asked to receive no messages from us.
    Stopped,
    /// The person left no address to which a reply could be sent.
    NoAddress,
    /// The address contains characters that require SMTPUTF8, which our mail server does not support.
    LettersInAddress,
    /// The reply's recipient address belongs to the centre, so only the centre would receive the reply.
    OwnAddress,
    /// The line on which the reply must be sent is no longer in the settings.
    NoLine,
    /// The program repeatedly failed to prepare the reply for sending.
    CannotPrepare,
    /// The program was interrupted while it sent the reply.
    CutOff,
    /// The connection was lost while the reply was being sent.
    Broke,
    /// The other side took too long to respond.
    TooSlow,
    /// The other side is unreachable.
    Unreachable,
    /// The other side asked us to send the reply later.
    Wait,
    /// The platform rejected the token with which our bot logs in.
    TokenRefused,
    /// Sending was retried for five days without success, and no further attempt is made.
    GivenUp,
}

impl Known {
    /// Every kind of reason.
    pub const ALL: [Self; 16] = [
        Self::Blocked,
        Self::AccountGone,
        Self::NoDirectMessages,
        Self::Stopped,
        Self::NoAddress,
        Self::LettersInAddress,
        Self::OwnAddress,
        Self::NoLine,
        Self::CannotPrepare,
        Self::CutOff,
        Self::Broke,
        Self::TooSlow,
        Self::Unreachable,
        Self::Wait,
        Self::TokenRefused,
        Self::GivenUp,
    ];

    /// Returns the key of the kind's text in the locale files.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Blocked => "reason-blocked",
            Self::AccountGone => "reason-account-gone",
            Self::NoDirectMessages => "reason-no-direct-messages",
            Self::Stopped => "conflict-stopped",
            Self::NoAddress => "conflict-no-address",
            Self::LettersInAddress => "reason-letters-in-address",
            Self::OwnAddress => "reason-own-address",
            Self::NoLine => "reason-no-line",
            Self::CannotPrepare => "reason-cannot-prepare",
            Self::CutOff => "reason-cut-off",
            Self::Broke => "reason-broke",
            Self::TooSlow => "reason-too-slow",
            Self::Unreachable => "reason-unreachable",
            Self::Wait => "reason-wait",
            Self::TokenRefused => "reason-token-refused",
            Self::GivenUp => "reason-given-up",
        }
    }

    /// Returns a reason of this kind. `words` is the text received from the other side.
    #[must_use]
    pub fn saying(self, words: impl Into<String>) -> Reason {
        Reason {
            known: Some(self),
            words: words.into(),
        }
    }
}

impl From<Known> for Reason {
    fn from(known: Known) -> Self {
        known.saying("")
    }
}

impl From<&str> for Reason {
    fn from(words: &str) -> Self {
        words.to_owned().into()
    }
}

impl From<String> for Reason {
    fn from(words: String) -> Self {
        Self { known: None, words }
    }
}

/// Formats the reason for logs and errors. The desk uses [`Reason::localized`] instead.
impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.known, self.words.as_str()) {
            (None, words) => f.write_str(words),
            (Some(known), "") => write!(f, "{known:?}"),
            (Some(known), words) => write!(f, "{known:?}: {words}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::locale::{Language, Locales};

    #[test]
    fn what_a_library_says_is_said_in_the_readers_language() {
        let locales = Locales;
        let words = locales.of(Language::SrCyrl);
        let refused = Reason::from("Connection error: Connection refused (os error 111)");
        assert_eq!(refused.localized(words), words.say("problem-connection-refused"));
        let given_up = Known::GivenUp.saying("Connection error: Connection refused (os error 111)");
        assert_eq!(given_up.localized(words), words.say("reason-given-up"));
        let unknown = Reason::from("permanent error (550): 5.1.1 User unknown");
        assert_eq!(
            unknown.localized(words),
            "таква адреса не постоји „550 5.1.1 User unknown“"
        );
    }

    #[test]
    fn every_reason_is_said_in_every_language() {
        let locales = Locales;
        for known in Known::ALL {
            for language in [Language::En, Language::SrCyrl, Language::SrLatn] {
                let said = locales.of(language).say(known.key());
                assert_ne!(said, known.key(), "{known:?} in {language:?}");
            }
        }
    }
}

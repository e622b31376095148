//! Why a reply fares as it does: by its kind, in the reader's language.

use serde::{Deserialize, Serialize};

use crate::text::{locale::Words, problem};

/// What we know of it, and what the other side said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Reason {
    /// What we know of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<Known>,
    /// What the other side said; may hold addresses.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub words: String,
}

impl Reason {
    /// As a reader of these words reads it.
    #[must_use]
    pub fn localized(&self, words: &Words) -> String {
        let kind = match self.known {
            Some(known) => words.say(known.key()),
            None => problem::localize(words, &self.words),
        };
        // What a mail server answered with a code is quoted: an administrator can look it up.
        match self.words.split_once("error (") {
            Some((_, answer)) if answer.starts_with(|c: char| c.is_ascii_digit()) => {
                let answer = answer.replacen("):", "", 1);
                format!("{kind} {}", words.quoted(answer.trim()))
            }
            Some(_) | None => kind,
        }
    }
}

/// What is known of why a reply fares as it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Known {
    /// The person blocked us.
    Blocked,
    /// The person's account does not exist any more.
    AccountGone,
    /// The platform does not let us write to this person directly.
    NoDirectMessages,
    /// The person asked not to be written to.
    Stopped,
    /// The person left no address.
    NoAddress,
    /// The address has letters that only servers with SMTPUTF8 take, and ours is none.
    LettersInAddress,
    /// The address is one of ours: nobody is there but us.
    OwnAddress,
    /// The line is not in the settings.
    NoLine,
    /// It could not be prepared, again and again.
    CannotPrepare,
    /// We were cut off while handing it over.
    CutOff,
    /// The connection broke while it was handed over.
    Broke,
    /// The other side took too long to answer.
    TooSlow,
    /// The other side cannot be reached.
    Unreachable,
    /// The other side asks us to wait.
    Wait,
    /// The platform refuses our token.
    TokenRefused,
    /// Tried for five days.
    GivenUp,
}

impl Known {
    /// Every one of them.
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

    /// The key of its text.
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

    /// With what the other side said.
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

/// For logs and errors. Screens say it in the reader's language.
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
    fn what_a_library_says_is_said_in_the_readers_language() -> anyhow::Result<()> {
        let locales = Locales::load()?;
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
        Ok(())
    }

    #[test]
    fn every_reason_is_said_in_every_language() -> anyhow::Result<()> {
        let locales = Locales::load()?;
        for known in Known::ALL {
            for language in [Language::En, Language::SrCyrl, Language::SrLatn] {
                let said = locales.of(language).say(known.key());
                assert_ne!(said, known.key(), "{known:?} in {language:?}");
            }
        }
        Ok(())
    }
}

//! Texts that operators and staff enter in Serbian and, if they wish, in English.

use crate::text::locale::{Language, Words};

/// A text in the settings, given in Serbian only or in Serbian and English.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum Text {
    /// Serbian in Cyrillic. It is transliterated for readers of Latin script.
    Serbian(String),
    /// Serbian and English.
    Both {
        /// Serbian, in Cyrillic.
        sr: String,
        /// English.
        en: String,
    },
}

impl Text {
    /// Returns the text in the language and script of `words`. If the text has no English version, English readers see the
    /// Serbian version in Latin script.
    #[must_use]
    pub fn localized(&self, words: &Words) -> String {
        match self {
            Self::Serbian(text) => words.own(text),
            Self::Both { sr, en } => words.either(sr, en),
        }
    }

    /// Returns the Serbian version, in Cyrillic.
    #[must_use]
    pub fn serbian(&self) -> &str {
        match self {
            Self::Serbian(sr) | Self::Both { sr, .. } => sr,
        }
    }

    /// Returns the English version; the Serbian one if there is none.
    #[must_use]
    pub fn english(&self) -> &str {
        match self {
            Self::Serbian(text) | Self::Both { en: text, .. } => text,
        }
    }

    /// Returns the HTML `lang` attribute for this text if the text is in another language than the rest of the page; otherwise `None`.
    #[must_use]
    pub fn foreign(&self, words: &Words) -> Option<&'static str> {
        match words.language() {
            Language::En => match self {
                Self::Serbian(text) if text.chars().any(char::is_alphabetic) => Some(Language::SrLatn.tag()),
                Self::Serbian(_) | Self::Both { .. } => None,
            },
            Language::SrCyrl | Language::SrLatn => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::locale::Locales;

    #[test]
    fn a_text_of_the_settings_is_said_in_english_or_marked_as_serbian() {
        let locales = Locales;
        let alone = Text::Serbian("Полиција".to_owned());
        let both = Text::Both {
            sr: "Полиција".to_owned(),
            en: "Police".to_owned(),
        };
        for (language, of_alone, foreign, of_both) in [
            (Language::SrCyrl, "Полиција", None, "Полиција"),
            (Language::SrLatn, "Policija", None, "Policija"),
            (Language::En, "Policija", Some("sr-Latn"), "Police"),
        ] {
            let words = locales.of(language);
            assert_eq!(
                (alone.localized(words).as_str(), alone.foreign(words)),
                (of_alone, foreign)
            );
            assert_eq!(
                (both.localized(words).as_str(), both.foreign(words)),
                (of_both, None)
            );
        }
    }
}

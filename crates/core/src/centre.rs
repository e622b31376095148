//! What the centre tells people about itself.

use chrono_tz::Tz;

use crate::text::locale::{Language, Words};

/// The centre as its settings describe it.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Centre {
    /// Its name, shown on every page and in every mail.
    pub name: String,
    /// The IANA zone in which a day is a day.
    pub time_zone: Tz,
    /// The language of automatic texts when a message does not tell its own.
    pub language: Language,
    /// When somebody is there, in words: "Monday to Friday, 07:30 to 15:30".
    pub opening_hours: Text,
    /// The centre's own telephone number.
    pub telephone: String,
    /// Whom to call when it cannot wait.
    pub emergency: Vec<Emergency>,
    /// Where "Leave this page" leads: a page that says nothing about its reader.
    pub exit_url: String,
    /// For how many days after it was closed a contact takes a later message of the same identifier.
    pub reopen_days: u16,
}

impl Centre {
    /// The text with this key, with what the centre says of itself in it, and `more`.
    #[must_use]
    pub fn say(&self, words: &Words, key: &str, more: &[(&str, &str)]) -> String {
        let emergency: Vec<String> = self
            .emergency
            .iter()
            .map(|one| format!("{} – {}", one.number, one.name.localized(words)))
            .collect();
        let emergency = emergency.join("\n");
        let (name, hours) = (words.own(&self.name), self.opening_hours.localized(words));
        let mut values = vec![
            ("centre", name.as_str()),
            ("hours", &hours),
            ("telephone", &self.telephone),
            ("emergency", &emergency),
        ];
        values.extend(more);
        words.with_all(key, &values)
    }
}

/// A telephone number for emergencies.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Emergency {
    /// The number.
    pub number: String,
    /// Who answers there.
    pub name: Text,
}

/// A text of the settings: in Serbian alone, or in English as well.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(untagged)]
pub enum Text {
    /// In Serbian, Cyrillic. Who reads Latin letters gets it transliterated.
    Serbian(String),
    /// In both.
    Both {
        /// In Serbian, Cyrillic.
        sr: String,
        /// In English.
        en: String,
    },
}

impl Text {
    /// In the language and script of these words, as far as the settings give it.
    #[must_use]
    pub fn localized(&self, words: &Words) -> String {
        match self {
            Self::Serbian(text) => words.own(text),
            Self::Both { sr, en } => words.either(sr, en),
        }
    }

    /// The language of the text, where it is another than that of the page round it.
    #[must_use]
    pub fn foreign(&self, words: &Words) -> Option<&'static str> {
        match (self, words.language()) {
            (Self::Serbian(text), Language::En) if text.chars().any(char::is_alphabetic) => {
                Some(Language::SrLatn.tag())
            }
            (Self::Serbian(_) | Self::Both { .. }, _) => None,
        }
    }
}

impl Default for Centre {
    fn default() -> Self {
        let text = |sr: &str, en: &str| Text::Both {
            sr: sr.to_owned(),
            en: en.to_owned(),
        };
        let number = |number: &str, sr: &str, en: &str| Emergency {
            number: number.to_owned(),
            name: text(sr, en),
        };
        Self {
            name: "Контакт центар за безбедност деце на интернету".to_owned(),
            time_zone: chrono_tz::Europe::Belgrade,
            language: Language::SrCyrl,
            opening_hours: text("понедељак–петак, 07:30–15:30", "Monday–Friday, 07:30–15:30"),
            telephone: "19833".to_owned(),
            emergency: vec![
                number("192", "Полиција", "Police"),
                number("194", "Хитна помоћ", "Ambulance"),
                number("116111", "НАДЕЛ", "NADEL children’s line"),
            ],
            exit_url: "https://www.hidmet.gov.rs/".to_owned(),
            reopen_days: 7,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::locale::Locales;

    #[test]
    fn a_text_of_the_settings_is_said_in_english_or_marked_as_serbian() {
        let locales = Locales::load().unwrap();
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

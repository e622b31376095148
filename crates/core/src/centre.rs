//! The centre's own details, as shown to the public.

use chrono_tz::Tz;

use crate::text::locale::{Language, Words};

/// The `[centre]` table of the settings.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Centre {
    /// The centre's name. Every page and every mail shows it.
    pub name: String,
    /// The IANA time zone that determines where each day begins and ends.
    pub time_zone: Tz,
    /// The language of automatic texts if the person's language is unknown.
    pub language: Language,
    /// Opening hours as free text, such as "Monday to Friday, 07:30 to 15:30".
    pub opening_hours: Text,
    /// The centre's own telephone number.
    pub telephone: String,
    /// Emergency numbers, in the order in which they are shown.
    pub emergency: Vec<Emergency>,
    /// The URL that the link "Leave this page" of the web form opens. The site at this URL reveals nothing about the visitor.
    pub exit_url: String,
    /// For this number of days after a contact was closed, a new message from the same identifier can still join the contact.
    pub reopen_days: u16,
}

impl Centre {
    /// Returns the localized text for `key`. Its placeholders are replaced by the centre's details and by the values in `more`, given as
    /// pairs of name and value.
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

/// An emergency telephone number.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Emergency {
    /// The number as it is dialled.
    pub number: String,
    /// The name of the service that answers the number.
    pub name: Text,
}

/// A text in the settings, given in Serbian only or in Serbian and English.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
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

    /// Returns the HTML `lang` attribute for this text. Returns `None` if the text is in the language of the rest of the page.
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

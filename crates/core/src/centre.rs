//! What the centre tells people about itself.

use chrono_tz::Tz;

use crate::locale::{Language, Words};

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
    pub opening_hours: String,
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
            .map(|one| format!("{} – {}", one.number, words.own(&one.name)))
            .collect();
        let emergency = emergency.join("\n");
        let (name, hours) = (words.own(&self.name), words.own(&self.opening_hours));
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
    pub name: String,
}

impl Default for Centre {
    fn default() -> Self {
        let number = |number: &str, name: &str| Emergency {
            number: number.to_owned(),
            name: name.to_owned(),
        };
        Self {
            name: "Контакт центар за безбедност деце на интернету".to_owned(),
            time_zone: chrono_tz::Europe::Belgrade,
            language: Language::SrCyrl,
            opening_hours: "понедељак–петак, 07:30–15:30".to_owned(),
            telephone: "19833".to_owned(),
            emergency: vec![
                number("192", "Полиција"),
                number("194", "Хитна помоћ"),
                number("116111", "НАДЕЛ"),
            ],
            exit_url: "https://www.hidmet.gov.rs/".to_owned(),
            reopen_days: 7,
        }
    }
}

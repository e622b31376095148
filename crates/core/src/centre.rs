//! The centre's own details, as shown to the public.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

pub use crate::text::bilingual::Text;
use crate::{
    text::locale::{Language, Locales, Words},
    time::hours::OpeningHours,
};

pub mod texts;

/// The `[centre]` table of the settings.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Centre {
    /// The centre's name. Every page and every mail shows it.
    pub name: Text,
    /// The IANA time zone that determines where each day begins and ends.
    pub time_zone: Tz,
    /// The language of automatic texts if the person's language is unknown.
    pub language: Language,
    /// Opening hours as free text, such as "Monday to Friday, 07:30 to 15:30". Hours that staff store replace it.
    pub opening_hours: Text,
    /// The centre's own telephone number.
    pub telephone: String,
    /// The postal address in the letterhead of letters to institutions. Empty: the letterhead has none.
    pub address: String,
    /// The centre's public e-mail address, which the form and the letterhead show. Empty: they show none.
    pub email: String,
    /// The user name of the centre on Telegram, without `@`. Empty: the form shows none.
    pub telegram: String,
    /// The code of an invitation to the centre's Discord server: the part of the link after `discord.gg/`. Empty: the form shows none.
    pub discord: String,
    /// Helplines of others that people can call instead, in the order in which they are shown.
    pub helplines: Vec<Emergency>,
    /// Emergency numbers, in the order in which they are shown.
    pub emergency: Vec<Emergency>,
    /// The URL that the link "Leave this page" of the web form opens. The site at this URL reveals nothing about the visitor.
    pub exit_url: String,
    /// For this number of days after a contact was closed, a new message from the same identifier can still join the contact.
    pub reopen_days: u16,
    /// The messages that administrators replaced on screen, by the key of the built-in message.
    #[serde(skip)]
    pub messages: BTreeMap<String, Text>,
}

/// The centre with the texts in force: those of the settings, unless administrators replaced them on screen. All parts of a process share
/// one value, so a replaced text applies to each of them at once.
#[derive(Debug, Clone)]
pub struct CentreInForce {
    /// The centre as the settings describe it.
    settings: Arc<Centre>,
    current: Arc<RwLock<Arc<Centre>>>,
}

impl CentreInForce {
    /// Begins with the centre as the settings describe it.
    #[must_use]
    pub fn new(settings: Centre) -> Self {
        let settings = Arc::new(settings);
        Self {
            current: Arc::new(RwLock::new(Arc::clone(&settings))),
            settings,
        }
    }

    /// Returns the centre with the texts in force.
    #[must_use]
    pub fn current(&self) -> Arc<Centre> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the centre as the settings describe it.
    #[must_use]
    pub fn settings(&self) -> &Centre {
        &self.settings
    }

    /// Replaces the centre with the texts in force.
    pub fn set(&self, centre: Centre) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(centre);
    }
}

impl Centre {
    /// Returns whether people can reach the centre, or another helpline, in another way than the web form.
    #[must_use]
    pub fn has_other_ways(&self) -> bool {
        let ways = [&self.telephone, &self.email, &self.telegram, &self.discord];
        ways.into_iter().any(|way| !way.is_empty()) || !self.helplines.is_empty()
    }

    /// Returns the details with the opening hours that apply at `now` in words. If no hours are stored (`None`), the text of the settings
    /// remains.
    #[must_use]
    pub fn with_hours(&self, hours: Option<&OpeningHours>, locales: &Locales, now: DateTime<Utc>) -> Self {
        let today = now.with_timezone(&self.time_zone).date_naive();
        Self {
            opening_hours: hours.map_or_else(
                || self.opening_hours.clone(),
                |hours| hours.in_words(locales, today),
            ),
            ..self.clone()
        }
    }

    /// Returns the localized text for `key`, or the message with which administrators replaced it. Its placeholders are replaced by the
    /// centre's details and by the values in `more`, given as pairs of name and value.
    #[must_use]
    pub fn say(&self, words: &Words, key: &str, more: &[(&str, &str)]) -> String {
        let emergency: Vec<String> = self
            .emergency
            .iter()
            .map(|one| format!("{} – {}", one.number, one.name.localized(words)))
            .collect();
        let emergency = emergency.join("\n");
        let (name, hours) = (self.name.localized(words), self.opening_hours.localized(words));
        let mut values = vec![
            ("centre", name.as_str()),
            ("hours", &hours),
            ("telephone", &self.telephone),
            ("emergency", &emergency),
        ];
        values.extend(more);
        match self.messages.get(key) {
            Some(message) => texts::fill(&message.localized(words), &values),
            None => words.with_all(key, &values),
        }
    }
}

/// A telephone number that people in need can call.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Emergency {
    /// The number as it is dialled.
    pub number: String,
    /// The name of the service that answers the number.
    pub name: Text,
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
            name: Text::Serbian("Контакт центар за безбедност деце на интернету".to_owned()),
            time_zone: chrono_tz::Europe::Belgrade,
            language: Language::SrCyrl,
            opening_hours: text("понедељак–петак, 07:30–15:30", "Monday–Friday, 07:30–15:30"),
            telephone: "19833".to_owned(),
            address: String::new(),
            email: String::new(),
            telegram: String::new(),
            discord: String::new(),
            helplines: Vec::new(),
            emergency: vec![
                number("192", "Полиција", "Police"),
                number("194", "Хитна помоћ", "Ambulance"),
                number("116111", "НАДЕЛ", "NADEL children’s line"),
            ],
            exit_url: "https://www.hidmet.gov.rs/".to_owned(),
            reopen_days: 7,
            messages: BTreeMap::new(),
        }
    }
}

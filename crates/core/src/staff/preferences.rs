//! How somebody of the staff likes the desk.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::locale::Language;

/// What a person chose for themselves. What is missing or unknown is as usual.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Preferences {
    /// The language of the pages. `None`: as the device or the centre has it.
    pub language: Option<Language>,
    /// Colours.
    pub theme: Theme,
    /// Whether a short sound tells a hidden page that somebody new waits.
    pub sound: bool,
    /// Whether the browser tells so, without a word of what was written.
    pub notify: bool,
    /// Whether single keys do nothing, for who speaks to the machine or hits keys by chance (WCAG 2.1, 2.1.4).
    pub quiet_keys: bool,
    /// Views with filters that the person made up.
    pub saved: Vec<SavedView>,
}

/// A view of the inbox with filters, under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SavedView {
    /// What it is called.
    pub name: String,
    /// The query of its address.
    pub query: String,
}

/// So many views somebody may save.
const MOST_SAVED: usize = 20;

impl Preferences {
    /// Saves a view under a name, in the place of one that is called the same; without a query that one goes.
    pub fn save_view(&mut self, name: &str, query: &str) {
        self.saved.retain(|one| one.name != name);
        if !query.is_empty() && self.saved.len() < MOST_SAVED {
            self.saved.push(SavedView {
                name: name.to_owned(),
                query: query.to_owned(),
            });
        }
    }
}

/// Colours of the desk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the device has it.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
    /// Shades of grey: nothing calls for attention by its colour.
    Calm,
}

impl Theme {
    /// Every theme, as they are offered.
    pub const ALL: [Self; 4] = [Self::System, Self::Light, Self::Dark, Self::Calm];

    /// Its name in the style sheet and in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
            Self::Calm => "calm",
        }
    }
}

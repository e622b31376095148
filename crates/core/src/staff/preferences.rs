//! The personal preferences of members of staff for the desk pages.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::locale::Language;

/// The preferences of one member of staff. A preference that is missing in the stored data gets its default value. Unknown preferences in
/// the stored data are ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Preferences {
    /// The language of the pages. `None`: the pages use the language that was last chosen on the device or, if none was chosen, the
    /// language of the centre.
    pub language: Option<Language>,
    /// The colour theme.
    pub theme: Theme,
    /// Whether a desk page in a background tab plays a short sound when a new person is waiting.
    pub sound: bool,
    /// Whether the browser shows a notification when a new person is waiting. The notification never contains the person's words.
    pub notify: bool,
    /// Which waiting people the sound and the notification are about.
    pub notify_about: NotifyAbout,
    /// Whether single-key shortcuts are off, for staff who use speech input or press keys by accident (WCAG 2.1, success
    /// criterion 2.1.4).
    pub quiet_keys: bool,
    /// Whether the list of the inbox shows more contacts with fewer words of each.
    pub compact: bool,
    /// The saved views of the inbox.
    pub saved: Vec<SavedView>,
}

/// A view of the inbox with its filters, which a member of staff saved under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SavedView {
    /// The name that the member of staff chose for the view.
    pub name: String,
    /// The query string of the view's URL.
    pub query: String,
}

/// The maximum number of saved views per member of staff.
const MOST_SAVED: usize = 20;

impl Preferences {
    /// Saves a view under `name` and replaces an existing view of that name. An empty query deletes the view. A new view is not saved if
    /// the member of staff already has `MOST_SAVED` views.
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

/// Which waiting people a sound or a notification is about.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum NotifyAbout {
    /// All people who are assigned to the member of staff or to nobody.
    #[default]
    Everyone,
    /// Only people who are assigned to the member of staff.
    Mine,
    /// Only urgent people and people in danger who are assigned to the member of staff or to nobody.
    Urgent,
}

crate::named!(NotifyAbout);

/// The colour theme of the desk.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Theme {
    /// The light or dark theme that is set on the device.
    #[default]
    System,
    /// A light theme.
    Light,
    /// A dark theme.
    Dark,
    /// Shades of grey, so that no element attracts attention by its colour.
    Calm,
}

crate::named!(Theme);

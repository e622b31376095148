//! The facts about a text for the public: its content, where it comes from, its versions, and previews.

use chrono::{DateTime, Utc};
use hotline_core::{
    centre::{
        Centre,
        texts::{PublicText, TextContent, TextFormat},
    },
    text::locale::{Language, Words},
    time::{hours::opens_in_words, local::NamedTime},
};
use hotline_store::staff::{accounts::StaffMember, texts::TextVersion};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use crate::{
    http::errors::PageError,
    state::{Desk, SettingSource},
};

/// The reference in previews. Its check character is wrong, so it belongs to no contact.
pub(in crate::admin) const SAMPLE_REFERENCE: &str = "0000-0001";

/// A text for the public.
#[derive(Serialize, JsonSchema)]
pub(crate) struct PublicTextJson {
    pub(super) text: PublicText,
    /// Where the text in force comes from.
    pub(super) source: TextSource,
    /// Where the text comes from if it is not replaced on screen.
    pub(super) settings_source: TextSource,
    /// The key of the setting; null if the text is built in.
    pub(super) setting: Option<&'static str>,
    /// The number of the newest version; 0 if the text was never replaced.
    pub(super) version: i64,
    /// When the newest version was made.
    pub(super) changed_at: Option<DateTime<Utc>>,
    /// The name of the member of staff who made the newest version.
    pub(super) changed_by: Option<String>,
    /// The content in force. Messages have their fields in braces.
    pub(super) content: TextContent,
    /// The content in force as people see it, in each language.
    pub(super) previews: Vec<TextPreviewJson>,
    /// The versions, the newest first. Empty in the list of all texts.
    pub(super) versions: Vec<TextVersionJson>,
}

/// Where a text comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum TextSource {
    /// An administrator replaced it on screen.
    Screen,
    /// The settings file.
    File,
    /// An environment variable.
    Environment,
    /// The program, which sets some values of the demo.
    Program,
    /// The default of a setting that is not set.
    Default,
    /// The texts of the program, which are no settings.
    BuiltIn,
}

/// A version of a text.
#[derive(Serialize, JsonSchema)]
pub(super) struct TextVersionJson {
    pub(super) version: i64,
    pub(super) made_at: DateTime<Utc>,
    /// The name of the member of staff who made the version.
    pub(super) made_by: Option<String>,
    /// The content; null if the version put the text of the settings file, or else the built-in text, back into force.
    pub(super) content: Option<TextContent>,
}

/// A text as people see it in one language.
#[derive(Serialize, JsonSchema)]
pub(crate) struct TextPreviewJson {
    pub(crate) language: Language,
    pub(crate) text: String,
}

/// Loads a text with its versions.
pub(super) async fn load(desk: &Desk, text: PublicText) -> Result<PublicTextJson, PageError> {
    let versions = desk.store.text_versions(text).await?;
    let staff = desk.store.staff().await?;
    let mut facts = describe(desk, &staff, text, versions.first());
    facts.versions = versions
        .into_iter()
        .map(|one| TextVersionJson {
            version: one.version,
            made_at: one.made_at,
            made_by: name_of(&staff, one.made_by),
            content: one.content,
        })
        .collect();
    Ok(facts)
}

/// Loads all texts without their versions.
pub(in crate::admin) async fn load_all(desk: &Desk) -> Result<Vec<PublicTextJson>, PageError> {
    let newest = desk.store.newest_texts().await?;
    let staff = desk.store.staff().await?;
    let describe = |text: &PublicText| describe(desk, &staff, *text, newest.get(text));
    Ok(PublicText::ALL.iter().map(describe).collect())
}

fn describe(
    desk: &Desk,
    staff: &[StaffMember],
    text: PublicText,
    newest: Option<&TextVersion>,
) -> PublicTextJson {
    let replaced = newest.and_then(|newest| newest.content.clone());
    let settings_source = source_of_setting(desk, text);
    let source = match &replaced {
        Some(_) => TextSource::Screen,
        None => settings_source,
    };
    let content = replaced.unwrap_or_else(|| text.content(desk.store.centre_of_settings()));
    PublicTextJson {
        text,
        source,
        settings_source,
        setting: text.setting(),
        version: newest.map_or(0, |newest| newest.version),
        changed_at: newest.map(|newest| newest.made_at),
        changed_by: name_of(staff, newest.and_then(|newest| newest.made_by)),
        previews: previews(desk, text, &content),
        content,
        versions: Vec::new(),
    }
}

fn name_of(staff: &[StaffMember], id: Option<Uuid>) -> Option<String> {
    let found = staff.iter().find(|one| Some(one.id) == id);
    found.map(|one| one.name.clone())
}

/// Returns where a text comes from if it is not replaced on screen.
fn source_of_setting(desk: &Desk, text: PublicText) -> TextSource {
    let Some(key) = text.setting() else {
        return TextSource::BuiltIn;
    };
    let is_part = |name: &str| {
        name.strip_prefix(key)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let found = desk.program.settings.iter().find(|one| is_part(&one.key));
    match found.map(|one| one.source) {
        Some(SettingSource::File) => TextSource::File,
        Some(SettingSource::Environment) => TextSource::Environment,
        Some(SettingSource::Program) => TextSource::Program,
        Some(SettingSource::Default) | None => TextSource::Default,
    }
}

/// Returns a content as people would see it in each language. Fields are filled in with sample values.
pub(super) fn previews(desk: &Desk, text: PublicText, content: &TextContent) -> Vec<TextPreviewJson> {
    let mut centre = Centre::clone(&desk.store.centre());
    text.replace(content, &mut centre);
    let preview = |language: Language| TextPreviewJson {
        language,
        text: preview(desk, text, &centre, desk.locales.of(language)),
    };
    Language::ALL.into_iter().map(preview).collect()
}

fn preview(desk: &Desk, text: PublicText, centre: &Centre, words: &Words) -> String {
    match text.format() {
        TextFormat::Line => words.with("hours", "hours", &centre.opening_hours.localized(words)),
        TextFormat::Message(format) => {
            let now = desk.clock.now();
            let tomorrow_at_eight = NamedTime::Tomorrow.after(now, centre.time_zone);
            let opens = opens_in_words(words, Some(tomorrow_at_eight), now, centre.time_zone);
            let values = [
                ("reference", SAMPLE_REFERENCE),
                ("opens", &opens),
                ("form", desk.store.form_url()),
            ];
            centre.say(words, format.key, &values)
        }
        TextFormat::Same { .. } | TextFormat::Numbers { .. } => match text.content(centre) {
            TextContent::Same(line) => line,
            TextContent::Localized(_) => String::new(),
            TextContent::Numbers(numbers) => {
                let lines = numbers
                    .iter()
                    .map(|one| format!("{} – {}", one.number, one.name.localized(words)));
                lines.collect::<Vec<_>>().join("\n")
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use hotline_core::identifiers::reference::Reference;

    use super::*;

    #[test]
    fn the_sample_reference_belongs_to_no_contact() {
        assert!(Reference::parse(SAMPLE_REFERENCE).is_err());
    }
}

//! The settings in force (`/desk/admin/settings`): every key with its value, where the value comes from, and how to change it. Secrets are
//! not shown.

use askama::Template;
use axum::extract::State;
use hotline_core::{
    centre::texts::PublicText,
    staff::rights::Right,
    text::locale::{Language, Words},
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    http::{
        access::Who,
        answers::Answer,
        errors::PageError,
        extractors::{Cookies, ResponseFormat},
        page::{Frame, page as written},
    },
    state::{Desk, SettingInForce, SettingSource, SettingValue},
};

/// The settings in force.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SettingListJson {
    /// The settings file; null if no file was read.
    file: Option<String>,
    /// The settings, sorted by key. Keys of a line are listed only if they are set.
    settings: Vec<SettingJson>,
}

/// A setting in force.
#[derive(Serialize, JsonSchema)]
struct SettingJson {
    /// The key, with its tables joined by dots.
    key: String,
    /// The value; null if the setting has no value or is a secret.
    value: Option<String>,
    /// Whether the value is a secret, or could contain one.
    secret: bool,
    source: SettingSource,
    /// The line of the settings file that sets the value; null if the file does not set it.
    line: Option<usize>,
    /// The environment variable that sets the value, or would set it.
    variable: String,
    /// The text that administrators can replace on screen (`/api/v1/admin/texts/{text}`); null if the setting is changed in the file.
    text: Option<PublicText>,
    /// Whether an administrator replaced the text on screen, so that the value is not in force.
    replaced: bool,
    /// How to change the setting, in English.
    how: String,
}

#[derive(Template)]
#[template(path = "admin/settings.html")]
struct SettingsPage<'a> {
    frame: Frame<'a>,
    file: &'a str,
    /// The settings of each table, with the name of the table.
    tables: Vec<(&'a str, Vec<SettingRow<'a>>)>,
}

/// A setting as the page shows it.
struct SettingRow<'a> {
    setting: &'a SettingInForce,
    /// The text that administrators can replace on screen.
    text: Option<PublicText>,
    /// Whether the text is replaced on screen.
    replaced: bool,
    source: String,
    how: String,
}

/// Returns the text for the public that contains a setting.
fn text_of(key: &str) -> Option<PublicText> {
    let is_part = |text: &&PublicText| {
        let rest = text.setting().and_then(|setting| key.strip_prefix(setting));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    PublicText::ALL.iter().find(is_part).copied()
}

/// States where a value comes from: the line of the file, the variable, or the default.
fn source_in_words(words: &Words, setting: &SettingInForce) -> String {
    match (setting.source, setting.line) {
        (SettingSource::File, Some(line)) => words.with("setting-file-line", "line", &line.to_string()),
        (SettingSource::File, None) => words.say("setting-file"),
        (SettingSource::Environment, _) => words.with("setting-variable", "name", &setting.variable()),
        (SettingSource::Program, _) => words.say("setting-program"),
        (SettingSource::Default, _) => words.say("setting-default"),
    }
}

/// States in one sentence how to change a setting.
fn how_in_words(words: &Words, setting: &SettingInForce, file: &str, text: Option<PublicText>) -> String {
    if text.is_some() {
        return words.say("setting-how-screen");
    }
    let (variable, line) = (setting.variable(), setting.line.unwrap_or_default().to_string());
    let values = [
        ("file", file),
        ("line", line.as_str()),
        ("key", setting.key.as_str()),
        ("name", variable.as_str()),
    ];
    let key = match (setting.source, setting.line) {
        (SettingSource::File, Some(_)) => "setting-how-line",
        (SettingSource::File, None) => "setting-how-file",
        (SettingSource::Environment, _) => "setting-how-variable",
        (SettingSource::Program, _) => "setting-how-program",
        (SettingSource::Default, _) if file.is_empty() => "setting-how-no-file",
        (SettingSource::Default, _) => "setting-how-default",
    };
    words.with_all(key, &values)
}

/// `GET /desk/admin/settings` and `GET /api/v1/admin/settings`: shows the settings in force.
pub(crate) async fn show(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Cookies(jar): Cookies,
) -> Result<Answer<SettingListJson>, PageError> {
    let program = &desk.program;
    let newest = desk.store.newest_texts().await?;
    let is_replaced = |text: PublicText| newest.get(&text).is_some_and(|newest| newest.content.is_some());
    let words = match format {
        ResponseFormat::Json => desk.locales.of(Language::En),
        ResponseFormat::Page => desk.words(&jar),
    };
    let rows = program.settings.iter().map(|setting| {
        let text = text_of(&setting.key);
        SettingRow {
            setting,
            text,
            replaced: text.is_some_and(is_replaced),
            source: source_in_words(words, setting),
            how: how_in_words(words, setting, &program.settings_file, text),
        }
    });
    if format.is_json() {
        return Ok(Answer::Json(SettingListJson {
            file: Some(program.settings_file.clone()).filter(|file| !file.is_empty()),
            settings: rows.map(SettingJson::from).collect(),
        }));
    }
    let mut tables: Vec<(&str, Vec<SettingRow<'_>>)> = Vec::new();
    for row in rows {
        let table = table_of(&row.setting.key);
        match tables.last_mut() {
            Some((name, settings)) if *name == table => settings.push(row),
            Some(_) | None => tables.push((table, vec![row])),
        }
    }
    let page = written(&SettingsPage {
        frame: Frame::new(&desk, &jar, &me, "admin").await?,
        file: &program.settings_file,
        tables,
    })?;
    Ok(Answer::Page(page))
}

impl From<SettingRow<'_>> for SettingJson {
    fn from(row: SettingRow<'_>) -> Self {
        let (value, secret) = match &row.setting.value {
            SettingValue::Text(text) => (Some(text.clone()), false),
            SettingValue::Secret => (None, true),
            SettingValue::Missing => (None, false),
        };
        Self {
            key: row.setting.key.clone(),
            value,
            secret,
            source: row.setting.source,
            line: row.setting.line,
            variable: row.setting.variable(),
            text: row.text,
            replaced: row.replaced,
            how: row.how,
        }
    }
}

/// Returns the name of the table under which a key is shown: its first part, and for a line also the name of the line.
fn table_of(key: &str) -> &str {
    let parts = if key.starts_with("lines.") { 2 } else { 1 };
    let mut dots = key.match_indices('.').map(|(at, _)| at);
    let end = dots.nth(parts - 1).unwrap_or(key.len());
    key.get(..end).unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_are_texts_are_changed_on_screen() {
        for (key, text) in [
            ("centre.opening_hours.sr", Some(PublicText::OpeningHours)),
            ("centre.emergency.1.number", Some(PublicText::Emergency)),
            ("centre.telephone", Some(PublicText::Telephone)),
            ("centre.emergency_other", None),
            ("centre.name", None),
        ] {
            assert_eq!(text_of(key), text, "{key}");
        }
    }

    #[test]
    fn settings_are_grouped_by_table_and_by_line() {
        assert_eq!(table_of("http.public"), "http");
        assert_eq!(table_of("centre.emergency.1.number"), "centre");
        assert_eq!(table_of("lines.mail.imap.host"), "lines.mail");
        assert_eq!(table_of("lines.form.channel"), "lines.form");
    }
}

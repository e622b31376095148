//! The settings in force (`/desk/admin/settings`): every key with its value and where the value comes from. Secrets are not shown.

use askama::Template;
use axum::extract::State;
use hotline_core::{staff::rights::Right, text::locale::Language};
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
}

impl From<&SettingInForce> for SettingJson {
    fn from(setting: &SettingInForce) -> Self {
        let (value, secret) = match &setting.value {
            SettingValue::Text(text) => (Some(text.clone()), false),
            SettingValue::Secret => (None, true),
            SettingValue::Missing => (None, false),
        };
        Self {
            key: setting.key.clone(),
            value,
            secret,
            source: setting.source,
        }
    }
}

#[derive(Template)]
#[template(path = "admin/settings.html")]
struct SettingsPage<'a> {
    frame: Frame<'a>,
    file: &'a str,
    /// The settings of each table, with the name of the table.
    tables: Vec<(&'a str, Vec<&'a SettingInForce>)>,
}

impl SettingsPage<'_> {
    fn source(&self, setting: &SettingInForce) -> String {
        self.frame.words.say(match setting.source {
            SettingSource::File => "setting-file",
            SettingSource::Environment => "setting-environment",
            SettingSource::Program => "setting-program",
            SettingSource::Default => "setting-default",
        })
    }
}

/// `GET /desk/admin/settings` and `GET /api/v1/admin/settings`: shows the settings in force.
pub(crate) async fn show(
    State(desk): State<Desk>,
    Who(me): Who,
    format: ResponseFormat,
    Cookies(jar): Cookies,
) -> Result<Answer<SettingListJson>, PageError> {
    let program = &desk.program;
    if format.is_json() {
        return Ok(Answer::Json(SettingListJson {
            file: Some(program.settings_file.clone()).filter(|file| !file.is_empty()),
            settings: program.settings.iter().map(SettingJson::from).collect(),
        }));
    }
    let mut tables: Vec<(&str, Vec<&SettingInForce>)> = Vec::new();
    for setting in &program.settings {
        let table = table_of(&setting.key);
        match tables.last_mut() {
            Some((name, settings)) if *name == table => settings.push(setting),
            Some(_) | None => tables.push((table, vec![setting])),
        }
    }
    let page = written(&SettingsPage {
        frame: Frame::new(&desk, &jar, &me, "admin").await?,
        file: &program.settings_file,
        tables,
    })?;
    Ok(Answer::Page(page))
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
    fn settings_are_grouped_by_table_and_by_line() {
        assert_eq!(table_of("http.public"), "http");
        assert_eq!(table_of("centre.emergency.1.number"), "centre");
        assert_eq!(table_of("lines.mail.imap.host"), "lines.mail");
        assert_eq!(table_of("lines.form.channel"), "lines.form");
    }
}

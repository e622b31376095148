//! The lines as the page and the API show them. Secrets are left out.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use hotline_core::{
    line_fields::{FieldKind, LineField, without_secrets},
    text::{
        locale::{Language, Words},
        problem,
    },
};
use hotline_store::staff::lines::StoredLine;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::{
    http::errors::PageError,
    state::{Desk, SettingSource},
};

/// All lines, and the channels of which a line can be connected.
#[derive(Serialize, JsonSchema)]
pub(crate) struct LineListJson {
    lines: Vec<SetUpLineJson>,
    channels: Vec<ChannelFieldsJson>,
}

/// A line with its settings.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SetUpLineJson {
    /// The name of the line.
    pub(super) line: String,
    pub(super) channel: String,
    pub(super) source: LineSource,
    /// The line of the settings file at which the settings of this line begin; null if they are elsewhere.
    pub(super) file_line: Option<usize>,
    /// Whether the line receives nothing. It still sends replies.
    pub(super) paused: bool,
    /// Whether the line is open in this process. A stored line is not if it cannot be opened.
    pub(super) open: bool,
    /// The version of the settings; 0 if they are not stored on screen.
    pub(super) version: i64,
    pub(super) changed_at: Option<DateTime<Utc>>,
    /// The display name of the administrator who made this version.
    pub(super) changed_by: Option<String>,
    /// The settings without secrets; null if they are not stored on screen.
    pub(super) settings: Option<Value>,
    /// The keys of the stored secrets.
    pub(super) secrets: Vec<&'static str>,
    /// The problem in English; null if there is none.
    pub(super) problem: Option<String>,
}

/// Where the settings of a line are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LineSource {
    /// In the settings file.
    File,
    /// In environment variables.
    Environment,
    /// In the program, as in the demo.
    Program,
    /// In the database: an administrator connected the line on screen.
    Screen,
}

/// A channel of which a line can be connected.
#[derive(Serialize, JsonSchema)]
struct ChannelFieldsJson {
    channel: &'static str,
    fields: Vec<LineFieldJson>,
}

/// A setting of a line.
#[derive(Serialize, JsonSchema)]
struct LineFieldJson {
    /// The key, with its table and its name joined by a dot.
    key: &'static str,
    kind: FieldKindJson,
    required: bool,
    /// The values of a choice.
    choices: &'static [&'static str],
    /// The default as text; empty if there is none.
    default: &'static str,
    /// The meaning of the setting, in English.
    help: String,
}

/// The kind of a value.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum FieldKindJson {
    Text,
    Secret,
    Number,
    Switch,
    Choice,
}

impl LineListJson {
    pub(super) fn new(desk: &Desk, lines: Vec<SetUpLineJson>) -> Self {
        let words = desk.locales.of(Language::En);
        let channels = desk.program.lines.channels();
        let of_channel = channels.iter().map(|form| ChannelFieldsJson {
            channel: form.name,
            fields: form.fields.iter().map(|field| field_json(field, words)).collect(),
        });
        Self {
            lines,
            channels: of_channel.collect(),
        }
    }
}

fn field_json(field: &LineField, words: &Words) -> LineFieldJson {
    let (kind, choices): (_, &'static [&'static str]) = match field.kind {
        FieldKind::Text => (FieldKindJson::Text, &[]),
        FieldKind::Secret => (FieldKindJson::Secret, &[]),
        FieldKind::Number => (FieldKindJson::Number, &[]),
        FieldKind::Switch => (FieldKindJson::Switch, &[]),
        FieldKind::Choice(values) => (FieldKindJson::Choice, values),
    };
    LineFieldJson {
        key: field.key,
        kind,
        required: field.required,
        choices,
        default: field.default,
        help: words.say(&format!("line-field-{}-hint", field.name())),
    }
}

/// Returns the line with this name.
pub(super) async fn load(desk: &Desk, name: &str) -> Result<Option<SetUpLineJson>, PageError> {
    let all = load_all(desk).await?;
    Ok(all.into_iter().find(|line| line.line == name))
}

/// Returns all lines, sorted by name: those in force, and stored lines that cannot be opened.
pub(super) async fn load_all(desk: &Desk) -> Result<Vec<SetUpLineJson>, PageError> {
    let words = desk.locales.of(Language::En);
    let names = desk.store.staff().await?;
    let mut lines = BTreeMap::new();
    for state in desk.store.line_states().await? {
        let (source, file_line) = place_in_settings(desk, &state.line).unwrap_or((LineSource::Screen, None));
        let line = SetUpLineJson {
            channel: state.channel,
            source,
            file_line,
            paused: state.paused,
            open: true,
            version: 0,
            changed_at: None,
            changed_by: None,
            settings: None,
            secrets: Vec::new(),
            problem: (!state.problem.is_empty()).then(|| problem::localize(words, &state.problem)),
            line: state.line,
        };
        lines.insert(line.line.clone(), line);
    }
    for stored in desk.store.stored_lines().await? {
        // The settings file comes first: what is stored under the same name does not apply.
        if place_in_settings(desk, stored.name.as_str()).is_some() {
            continue;
        }
        let by = names.iter().find(|one| Some(one.id) == stored.made_by);
        let by = by.map(|one| one.name.clone());
        let known = lines.remove(stored.name.as_str());
        let line = stored_line(desk, stored, by, known);
        lines.insert(line.line.clone(), line);
    }
    Ok(lines.into_values().collect())
}

fn stored_line(
    desk: &Desk,
    stored: StoredLine,
    by: Option<String>,
    known: Option<SetUpLineJson>,
) -> SetUpLineJson {
    let channels = desk.program.lines.channels();
    let form = channels.iter().find(|form| form.name == stored.channel);
    let fields = form.map(|form| form.fields).unwrap_or_default();
    let settings: Value = serde_json::from_str(stored.settings.expose()).unwrap_or_default();
    let is_stored = |field: &&LineField| field.kind == FieldKind::Secret && field.find(&settings).is_some();
    SetUpLineJson {
        secrets: fields.iter().filter(is_stored).map(|field| field.key).collect(),
        settings: Some(without_secrets(fields, &settings)),
        line: stored.name.as_str().to_owned(),
        channel: stored.channel,
        source: LineSource::Screen,
        file_line: None,
        paused: stored.paused,
        open: known.is_some(),
        version: stored.version,
        changed_at: Some(stored.made_at),
        changed_by: by,
        problem: known.and_then(|known| known.problem),
    }
}

/// Returns where the settings file, the environment or the program sets a line, and at which line of the file.
pub(super) fn place_in_settings(desk: &Desk, line: &str) -> Option<(LineSource, Option<usize>)> {
    let table = format!("lines.{line}.");
    let mut keys = desk.program.settings.iter();
    let found = keys.find(|setting| setting.key.starts_with(&table))?;
    let source = match found.source {
        SettingSource::File | SettingSource::Default => LineSource::File,
        SettingSource::Environment => LineSource::Environment,
        SettingSource::Program => LineSource::Program,
    };
    Some((source, found.line))
}

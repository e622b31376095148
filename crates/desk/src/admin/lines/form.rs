//! The form of a line, built from the fields of its channel.

use std::collections::BTreeMap;

use hotline_core::{
    line_fields::{FieldKind, FieldMistake, LineField, read_form},
    text::locale::Words,
};
use serde_json::Value;

use crate::{
    admin::lines::{facts::SetUpLineJson, save::Refusal},
    http::page::{Choice, shown},
    state::{ChannelForm, LineFault},
};

/// The values of the form.
#[derive(Default)]
pub(super) struct LineForm {
    pub(super) name: String,
    /// The version that the page showed. 0: the line is new.
    pub(super) version: i64,
    pub(super) channel: String,
    /// Whether the line is stored although its test found a fault.
    pub(super) untested: bool,
    /// The texts of the fields by key. Secrets are not shown again, so the page does not use theirs.
    typed: BTreeMap<String, String>,
    /// The keys of the secrets that are stored.
    pub(super) kept_secrets: Vec<&'static str>,
    /// Why the line was not stored, in words.
    pub(super) mistake: String,
    /// The key of the field that has the mistake; `name` for the name of the line.
    pub(super) mistaken: Option<String>,
    /// Whether the line can be stored although its test found a fault.
    pub(super) may_save_untested: bool,
}

/// The fields of one table of the settings, such as those of the IMAP server.
pub(super) struct FieldGroup {
    /// The name of the table in words. `None`: the line's own table.
    pub(super) legend: Option<String>,
    pub(super) rows: Vec<FieldRow>,
}

/// A field as the page shows it.
pub(super) struct FieldRow {
    pub(super) key: &'static str,
    /// The id of the control.
    pub(super) id: String,
    pub(super) kind: FieldKind,
    pub(super) label: String,
    pub(super) hint: String,
    pub(super) example: &'static str,
    pub(super) value: String,
    /// The values of a choice.
    pub(super) choices: Vec<Choice>,
    /// Whether the browser requires a value.
    pub(super) required: bool,
    /// Whether a secret is stored, which stays if nothing is typed.
    pub(super) is_kept: bool,
    pub(super) has_mistake: bool,
}

impl LineForm {
    /// Returns the form of a new line.
    pub(super) fn empty(channel: &ChannelForm) -> Self {
        let default = |field: &LineField| (field.key.to_owned(), field.default.to_owned());
        Self {
            channel: channel.name.to_owned(),
            typed: channel.fields.iter().map(default).collect(),
            ..Self::default()
        }
    }

    /// Returns the form of a stored line.
    pub(super) fn stored(channel: &ChannelForm, line: &SetUpLineJson) -> Self {
        let settings = line.settings.clone().unwrap_or_default();
        let text = |field: &LineField| {
            let text = match field.find(&settings) {
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
                None => field.default.to_owned(),
            };
            (field.key.to_owned(), text)
        };
        Self {
            name: line.line.clone(),
            version: line.version,
            channel: line.channel.clone(),
            typed: channel.fields.iter().map(text).collect(),
            kept_secrets: line.secrets.clone(),
            ..Self::default()
        }
    }

    /// Reads the fields as typed. The names of the settings begin with `set.`, so that they differ from the other fields.
    pub(super) fn typed(fields: Vec<(String, String)>) -> Self {
        let mut form = Self::default();
        for (name, value) in fields {
            match (name.as_str(), name.strip_prefix("set.")) {
                (_, Some(key)) => {
                    form.typed.insert(key.to_owned(), value);
                }
                ("name", None) => value.trim().clone_into(&mut form.name),
                ("version", None) => form.version = value.parse().unwrap_or_default(),
                ("channel", None) => form.channel = value,
                ("untested", None) => form.untested = value == "yes",
                (_, None) => {}
            }
        }
        form
    }

    /// Returns the settings that were typed.
    pub(super) fn settings(&self, fields: &[LineField]) -> Result<Value, FieldMistake> {
        read_form(fields, |key| self.typed.get(key).map(String::as_str))
    }

    /// Notes why the line was not stored.
    pub(super) fn refuse(&mut self, words: &Words, refusal: &Refusal) {
        self.mistake = shown(&refusal.in_words(words)).into_owned();
        self.may_save_untested = matches!(refusal, Refusal::Fault(LineFault::Connection(_)));
        self.mistaken = match refusal {
            Refusal::InvalidName | Refusal::InFile => Some("name".to_owned()),
            Refusal::Field(mistake) => Some(mistake.key().to_owned()),
            // The error names the setting first, between backticks.
            Refusal::Fault(LineFault::Settings(error)) => error.split('`').nth(1).map(str::to_owned),
            Refusal::Fault(LineFault::Connection(_)) | Refusal::Conflict(_) => None,
        };
    }

    /// Returns the fields of the form, grouped by the tables of the settings.
    pub(super) fn groups(&self, words: &Words, channel: &ChannelForm, rare: bool) -> Vec<FieldGroup> {
        let mut groups: Vec<FieldGroup> = Vec::new();
        let mut last = None;
        for field in channel.fields.iter().filter(|field| field.rare == rare) {
            if groups.is_empty() || last != field.table() {
                last = field.table();
                groups.push(FieldGroup {
                    legend: last.map(|table| words.say(&format!("line-table-{table}"))),
                    rows: Vec::new(),
                });
            }
            if let Some(group) = groups.last_mut() {
                group.rows.push(self.row(words, field));
            }
        }
        groups
    }

    fn row(&self, words: &Words, field: &LineField) -> FieldRow {
        let value = match field.kind {
            FieldKind::Secret => String::new(),
            FieldKind::Text | FieldKind::Number | FieldKind::Switch | FieldKind::Choice(_) => {
                self.typed.get(field.key).cloned().unwrap_or_default()
            }
        };
        let choices = match field.kind {
            FieldKind::Choice(values) => values,
            FieldKind::Text | FieldKind::Secret | FieldKind::Number | FieldKind::Switch => &[],
        };
        let choice = |one: &&'static str| Choice {
            value: (*one).to_owned(),
            label: words.say(&format!("line-choice-{one}")),
            chosen: value == **one,
        };
        let label = format!("line-field-{}", field.name());
        let is_kept = self.kept_secrets.contains(&field.key);
        FieldRow {
            key: field.key,
            id: format!("set-{}", field.key.replace(['.', '_'], "-")),
            kind: field.kind,
            hint: words.say(&format!("{label}-hint")),
            label: words.say(&label),
            example: field.example,
            choices: choices.iter().map(choice).collect(),
            required: field.required && !is_kept,
            is_kept,
            has_mistake: self.mistaken.as_deref() == Some(field.key),
            value,
        }
    }
}

#[cfg(test)]
mod tests {
    use hotline_core::text::locale::{Language, Locales};

    use super::*;

    const FIELDS: &[LineField] = &[
        LineField::text("address").required(),
        LineField::text("imap.host").required(),
        LineField::secret("imap.password").required(),
    ];

    #[test]
    fn a_typed_secret_is_used_once_and_never_shown_again() {
        let fields = [
            ("name", " post "),
            ("version", "3"),
            ("channel", "letter"),
            ("set.address", "a@example.org"),
            ("set.imap.password", "canary"),
        ];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut form = LineForm::typed(fields.into());
        assert_eq!((form.name.as_str(), form.version), ("post", 3));
        assert_eq!(form.settings(FIELDS).unwrap()["imap"]["password"], "canary");
        let words = Locales;
        let words = words.of(Language::En);
        form.refuse(
            words,
            &Refusal::Field(FieldMistake::Missing("imap.host".to_owned())),
        );
        let channel = ChannelForm {
            platform: None,
            name: "letter",
            fields: FIELDS,
        };
        let rows: Vec<FieldRow> = form
            .groups(words, &channel, false)
            .into_iter()
            .flat_map(|group| group.rows)
            .collect();
        let values: Vec<_> = rows
            .iter()
            .map(|row| (row.value.as_str(), row.has_mistake))
            .collect();
        assert_eq!(values, [("a@example.org", false), ("", true), ("", false)]);
    }
}

//! The settings of a line as the fields of a form. Each channel describes its own fields, so that the desk can show the form without knowing
//! the channel.

use serde_json::{Map, Value};

/// A setting of a line that administrators enter on screen.
///
/// The locale keys `line-field-<name>` and `line-field-<name>-hint` label and explain the field; `<name>` is the last part of the key.
#[derive(Debug, Clone, Copy)]
pub struct LineField {
    /// The key of the setting. A dot separates the name of a table from a key in this table, as in `imap.host`.
    pub key: &'static str,
    /// The kind of value.
    pub kind: FieldKind,
    /// Whether the line cannot be opened without this setting.
    pub required: bool,
    /// Whether few lines need the setting, so that the form shows it apart from the others.
    pub rare: bool,
    /// The value with which the form of a new line begins.
    pub default: &'static str,
    /// A valid value, which the form shows as an example.
    pub example: &'static str,
    /// The keys of the settings that say to which server a secret is sent, and how the connection is protected. A stored secret must be
    /// typed again if one of them changes: whoever does not know it may not send it elsewhere or in clear.
    pub sent_to: &'static [&'static str],
}

/// The kind of value of a [`LineField`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// A text in one line.
    Text,
    /// A text that is never shown again, such as a password.
    Secret,
    /// A number without decimals.
    Number,
    /// `true` or `false`.
    Switch,
    /// One of these values. The locale key `line-choice-<value>` labels a value.
    Choice(&'static [&'static str]),
}

/// A mistake in the values that were entered for a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldMistake {
    /// A required setting has no value.
    #[error("`{0}` is required")]
    Missing(String),
    /// The value of a setting is not of the right kind.
    #[error("`{0}` has a value of the wrong kind")]
    WrongKind(String),
    /// No field has this key.
    #[error("`{0}` is not a setting that can be changed on screen")]
    Unknown(String),
}

impl FieldMistake {
    /// Returns the key of the setting that has the mistake.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Self::Missing(key) | Self::WrongKind(key) | Self::Unknown(key) => key,
        }
    }
}

impl LineField {
    /// Describes a text.
    #[must_use]
    pub const fn text(key: &'static str) -> Self {
        Self::new(key, FieldKind::Text)
    }

    /// Describes a secret.
    #[must_use]
    pub const fn secret(key: &'static str) -> Self {
        Self::new(key, FieldKind::Secret)
    }

    /// Describes a number.
    #[must_use]
    pub const fn number(key: &'static str, default: &'static str) -> Self {
        Self::new(key, FieldKind::Number).with_default(default)
    }

    /// Describes a switch.
    #[must_use]
    pub const fn switch(key: &'static str, default: bool) -> Self {
        Self::new(key, FieldKind::Switch).with_default(if default { "true" } else { "false" })
    }

    /// Describes a choice.
    #[must_use]
    pub const fn choice(key: &'static str, values: &'static [&'static str], default: &'static str) -> Self {
        Self::new(key, FieldKind::Choice(values)).with_default(default)
    }

    const fn new(key: &'static str, kind: FieldKind) -> Self {
        Self {
            key,
            kind,
            required: false,
            rare: false,
            default: "",
            example: "",
            sent_to: &[],
        }
    }

    /// Makes the setting required.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Shows the setting apart from the others.
    #[must_use]
    pub const fn rare(mut self) -> Self {
        self.rare = true;
        self
    }

    /// Sets the default.
    #[must_use]
    pub const fn with_default(mut self, default: &'static str) -> Self {
        self.default = default;
        self
    }

    /// Sets the example.
    #[must_use]
    pub const fn example(mut self, example: &'static str) -> Self {
        self.example = example;
        self
    }

    /// Names the settings that say where the secret is sent.
    #[must_use]
    pub const fn sent_to(mut self, keys: &'static [&'static str]) -> Self {
        self.sent_to = keys;
        self
    }

    /// Returns the last part of the key, by which the texts of the field are found.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.key.rsplit_once('.').map_or(self.key, |(_, name)| name)
    }

    /// Returns the table that contains the setting, such as `imap`. `None`: the setting is in the line's own table.
    #[must_use]
    pub fn table(&self) -> Option<&'static str> {
        self.key.split_once('.').map(|(table, _)| table)
    }

    /// Returns the value of this field in the settings of a line.
    #[must_use]
    pub fn find<'a>(&self, settings: &'a Value) -> Option<&'a Value> {
        find(settings, self.key)
    }

    /// Converts what was typed into a value. `None`: nothing was typed.
    fn read(&self, typed: &str) -> Result<Option<Value>, FieldMistake> {
        let typed = typed.trim();
        let wrong = || FieldMistake::WrongKind(self.key.to_owned());
        if typed.is_empty() {
            return Ok(None);
        }
        let value = match self.kind {
            FieldKind::Text | FieldKind::Secret => typed.into(),
            FieldKind::Number => typed.parse::<u64>().map_err(|_| wrong())?.into(),
            FieldKind::Switch => (typed == "true").into(),
            FieldKind::Choice(values) if values.contains(&typed) => typed.into(),
            FieldKind::Choice(_) => return Err(wrong()),
        };
        Ok(Some(value))
    }

    fn accepts(&self, value: &Value) -> bool {
        match self.kind {
            FieldKind::Text | FieldKind::Secret => value.is_string(),
            FieldKind::Number => value.is_u64(),
            FieldKind::Switch => value.is_boolean(),
            FieldKind::Choice(values) => value.as_str().is_some_and(|value| values.contains(&value)),
        }
    }
}

/// Builds the settings of a line from what was typed into its form. `typed` returns the text of the field with this key. A switch that is
/// not sent is off.
///
/// # Errors
/// Fails if a value is not of the kind of its field.
pub fn read_form<'a>(
    fields: &[LineField],
    typed: impl Fn(&str) -> Option<&'a str>,
) -> Result<Value, FieldMistake> {
    let mut settings = Value::Object(Map::new());
    for field in fields {
        let off = (field.kind == FieldKind::Switch).then_some("false");
        if let Some(value) = field.read(typed(field.key).or(off).unwrap_or_default())? {
            put(&mut settings, field.key, value);
        }
    }
    Ok(settings)
}

/// Adds to `settings` each secret that they lack and that the settings before contained, unless it would be sent in another way
/// ([`LineField::sent_to`]). Then checks that every setting has a field, that its value is of the right kind, and that no required setting is
/// missing. Only settings with a field are allowed on screen: the others name files and commands of the server.
///
/// # Errors
/// Returns the first mistake.
pub fn complete(
    fields: &[LineField],
    mut settings: Value,
    before: Option<&Value>,
) -> Result<Value, FieldMistake> {
    for field in fields.iter().filter(|field| field.kind == FieldKind::Secret) {
        let same_server = |before: &&Value| {
            let mut keys = field.sent_to.iter();
            keys.all(|key| find(before, key) == find(&settings, key))
        };
        let kept = before.filter(same_server).and_then(|before| field.find(before));
        if let (Some(kept), None) = (kept, field.find(&settings)) {
            put(&mut settings, field.key, kept.clone());
        }
    }
    check_keys(fields, &settings, "")?;
    for field in fields {
        match field.find(&settings) {
            Some(value) if !field.accepts(value) => {
                return Err(FieldMistake::WrongKind(field.key.to_owned()));
            }
            None if field.required => return Err(FieldMistake::Missing(field.key.to_owned())),
            Some(_) | None => {}
        }
    }
    Ok(settings)
}

/// Returns the settings without secrets.
#[must_use]
pub fn without_secrets(fields: &[LineField], settings: &Value) -> Value {
    let mut shown = Value::Object(Map::new());
    for field in fields.iter().filter(|field| field.kind != FieldKind::Secret) {
        if let Some(value) = field.find(settings) {
            put(&mut shown, field.key, value.clone());
        }
    }
    shown
}

fn check_keys(fields: &[LineField], settings: &Value, table: &str) -> Result<(), FieldMistake> {
    let keys = settings.as_object().into_iter().flatten();
    for (name, value) in keys {
        let key = match table {
            "" => name.clone(),
            table => format!("{table}.{name}"),
        };
        let is_table = fields.iter().any(|field| field.table() == Some(key.as_str()));
        if is_table && value.is_object() {
            check_keys(fields, value, &key)?;
        } else if !fields.iter().any(|field| field.key == key) {
            return Err(FieldMistake::Unknown(key));
        }
    }
    Ok(())
}

fn find<'a>(settings: &'a Value, key: &str) -> Option<&'a Value> {
    key.split('.').try_fold(settings, |value, part| value.get(part))
}

/// Sets the value of a key. Creates the table that contains the key.
fn put(settings: &mut Value, key: &str, value: Value) {
    let Value::Object(map) = settings else { return };
    match key.split_once('.') {
        None => {
            map.insert(key.to_owned(), value);
        }
        Some((table, rest)) => {
            let table = map.entry(table).or_insert_with(|| Value::Object(Map::new()));
            put(table, rest, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const FIELDS: &[LineField] = &[
        LineField::text("address").required(),
        LineField::text("server.host").required(),
        LineField::number("server.port", "993"),
        LineField::secret("server.password")
            .sent_to(&["server.host"])
            .required(),
        LineField::switch("acknowledge", true),
        LineField::choice("mode", &["polling", "webhook"], "polling"),
    ];

    fn typed(key: &str) -> Option<&'static str> {
        match key {
            "address" => Some(" a@example.org "),
            "server.host" => Some("mail.example.org"),
            "server.port" => Some("143"),
            "mode" => Some("webhook"),
            _ => None,
        }
    }

    #[test]
    fn a_form_becomes_settings_with_tables_numbers_and_switches() {
        let settings = read_form(FIELDS, typed).unwrap();
        let expected = json!({
            "address": "a@example.org", "acknowledge": false, "mode": "webhook",
            "server": { "host": "mail.example.org", "port": 143 }
        });
        assert_eq!(settings, expected);
        let wrong = read_form(FIELDS, |key| match key {
            "server.port" => Some("many"),
            other => typed(other),
        });
        assert_eq!(wrong, Err(FieldMistake::WrongKind("server.port".to_owned())));
    }

    #[test]
    fn a_secret_that_is_not_typed_keeps_its_value_and_is_never_shown() {
        let settings = read_form(FIELDS, typed).unwrap();
        let missing = complete(FIELDS, settings.clone(), None);
        assert_eq!(missing, Err(FieldMistake::Missing("server.password".to_owned())));
        let before = json!({ "server": { "host": "mail.example.org", "password": "canary" } });
        let whole = complete(FIELDS, settings.clone(), Some(&before)).unwrap();
        assert_eq!(whole["server"]["password"], "canary");
        assert_eq!(without_secrets(FIELDS, &whole), settings);
        let elsewhere = json!({ "server": { "host": "other.example.org", "password": "canary" } });
        let missing = complete(FIELDS, settings, Some(&elsewhere));
        assert_eq!(missing, Err(FieldMistake::Missing("server.password".to_owned())));
    }

    #[test]
    fn a_setting_without_a_field_is_refused() {
        for (settings, key) in [
            (json!({ "password_file": "/etc/shadow" }), "password_file"),
            (
                json!({ "server": { "token_command": "id" } }),
                "server.token_command",
            ),
            (json!({ "address": { "token_command": "id" } }), "address"),
        ] {
            let refused = complete(FIELDS, settings, None).unwrap_err();
            assert_eq!(refused.key(), key);
        }
    }
}

//! The settings in force, for the administrators: every key with its value and where the value comes from. Secrets are left out.

use std::collections::BTreeMap;

use config::{Value, ValueKind};
use hotline_desk::state::{SettingInForce, SettingSource, SettingValue};

use crate::settings::Settings;

/// The keys that are set, each with its source. The parts of a key are joined by dots.
pub type Given = BTreeMap<String, SettingSource>;

/// The key of the URL of the database. The URL can contain a password.
const DATABASE_URL: &str = "database.url";

/// Returns the keys that are set, each with its source.
pub fn given(cache: &Value) -> Given {
    let mut found = Given::new();
    walk(cache, "", &mut |key, value| {
        // Only values of environment variables have an origin, because the file is read as a text.
        let source = match value.origin() {
            Some(_) => SettingSource::Environment,
            None => SettingSource::File,
        };
        found.insert(key.to_owned(), source);
    });
    found
}

/// Returns the keys that the program itself sets, as the demo does.
pub fn given_by_program(cache: &Value, lines: &BTreeMap<String, Value>) -> Given {
    let mut found = Given::new();
    let mut note = |key: &str, _: &Value| {
        found.insert(key.to_owned(), SettingSource::Program);
    };
    walk(cache, "", &mut note);
    for (name, value) in lines {
        walk(value, &format!("lines.{name}"), &mut note);
    }
    found
}

/// Returns every setting in force, sorted by key. Keys of a line are listed only if they are set, because the channel of the line decides
/// which other keys there are.
pub fn in_force(settings: &Settings) -> Vec<SettingInForce> {
    let file = settings.file.as_ref();
    let text = file.and_then(|file| std::fs::read_to_string(file).ok());
    let mut all = with_sources(settings);
    note_lines(&mut all, &text.unwrap_or_default());
    all
}

/// Returns the keys whose values differ from the defaults, sorted.
pub fn changed_keys(settings: &Settings) -> Vec<String> {
    let nothing = config::Environment::with_prefix("HOTLINE_WITHOUT_ENVIRONMENT");
    let defaults: BTreeMap<String, SettingValue> = match Settings::read("", nothing) {
        Ok(defaults) => with_sources(&defaults)
            .into_iter()
            .map(|one| (one.key, one.value))
            .collect(),
        Err(_) => BTreeMap::new(),
    };
    let changed = with_sources(settings).into_iter().filter(|one| {
        let default = defaults.get(&one.key).unwrap_or(&SettingValue::Missing);
        one.source != SettingSource::Default && one.value != *default
    });
    changed.map(|one| one.key).collect()
}

/// Notes the line of the settings file that sets each value. A list is set as a whole, so its elements without a line of their own have the
/// line of the list.
fn note_lines(all: &mut [SettingInForce], text: &str) {
    let Ok(document) = toml_edit::Document::parse(text) else {
        return;
    };
    for one in all.iter_mut().filter(|one| one.source == SettingSource::File) {
        let mut item = document.as_item();
        let mut start = None;
        for part in one.key.split('.') {
            let key = item.as_table_like().and_then(|table| table.get_key_value(part));
            let index = part
                .parse::<usize>()
                .ok()
                .and_then(|number| number.checked_sub(1));
            let (span, next) = match (key, index.and_then(|index| item.get(index))) {
                (Some((key, next)), _) => (key.span(), next),
                (None, Some(next)) => (next.span(), next),
                (None, None) => break,
            };
            start = span.map(|span| span.start).or(start);
            item = next;
        }
        let before = start.and_then(|start| text.get(..start));
        one.line = before.map(|before| before.matches('\n').count() + 1);
    }
}

fn with_sources(settings: &Settings) -> Vec<SettingInForce> {
    let mut all = Vec::new();
    let json = serde_json::to_value(settings).unwrap_or_default();
    flatten(&json, "", &mut |key, text| {
        all.push(SettingInForce {
            key: key.to_owned(),
            value: masked(key, text),
            source: source_of(&settings.given, key),
            line: None,
        });
    });
    all.push(SettingInForce {
        key: DATABASE_URL.to_owned(),
        value: match &settings.database.url {
            Some(_) => SettingValue::Secret,
            None => SettingValue::Missing,
        },
        source: match &settings.database.url_file {
            Some(_) => source_of(&settings.given, "database.url_file"),
            None => source_of(&settings.given, DATABASE_URL),
        },
        line: None,
    });
    for (name, value) in &settings.lines {
        let line = format!("lines.{name}");
        walk(value, &line, &mut |key, value| {
            all.push(SettingInForce {
                key: key.to_owned(),
                value: masked(key, Some(value.to_string())),
                source: source_of(&settings.given, key),
                line: None,
            });
        });
    }
    all.sort_by(|a, b| a.key.cmp(&b.key));
    all
}

/// Returns where the value of a key comes from. A list is set as a whole, so its elements have the source of the list.
fn source_of(given: &Given, key: &str) -> SettingSource {
    let mut part = key;
    loop {
        if let Some(source) = given.get(part) {
            return *source;
        }
        match part.rsplit_once('.') {
            Some((above, _)) => part = above,
            None => return SettingSource::Default,
        }
    }
}

/// Returns whether the values of a key are secret: passwords, tokens and commands that print them. The path of a file that contains a secret
/// is not secret.
fn is_secret(key: &str) -> bool {
    let name = key.rsplit('.').next().unwrap_or(key);
    let names_secret = ["password", "secret", "token", "key"]
        .iter()
        .any(|word| name.contains(word));
    let names_file = name.ends_with("_file") || name == "breached_passwords";
    key == DATABASE_URL || names_secret && !names_file
}

fn masked(key: &str, text: Option<String>) -> SettingValue {
    match text {
        None => SettingValue::Missing,
        Some(_) if is_secret(key) => SettingValue::Secret,
        // A URL can contain a password before its host, and a secret in its query.
        Some(text) if text.contains("://") && (text.contains('@') || text.contains('?')) => {
            SettingValue::Secret
        }
        Some(text) => SettingValue::Text(text),
    }
}

/// Calls `found` for each value that is not a table.
fn walk(value: &Value, key: &str, found: &mut dyn FnMut(&str, &Value)) {
    match &value.kind {
        ValueKind::Table(table) => {
            for (name, value) in table {
                walk(value, &join(key, name), found);
            }
        }
        ValueKind::Nil
        | ValueKind::Boolean(_)
        | ValueKind::I64(_)
        | ValueKind::I128(_)
        | ValueKind::U64(_)
        | ValueKind::U128(_)
        | ValueKind::Float(_)
        | ValueKind::String(_)
        | ValueKind::Array(_) => found(key, value),
    }
}

/// Calls `found` for each value that is neither an object nor a list of objects. The values of a list are joined by commas.
fn flatten(value: &serde_json::Value, key: &str, found: &mut dyn FnMut(&str, Option<String>)) {
    match value {
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                flatten(value, &join(key, name), found);
            }
        }
        serde_json::Value::Array(list) if list.iter().any(serde_json::Value::is_object) => {
            for (index, value) in list.iter().enumerate() {
                flatten(value, &join(key, &(index + 1).to_string()), found);
            }
        }
        serde_json::Value::Array(list) if list.is_empty() => found(key, Some("[]".to_owned())),
        serde_json::Value::Array(list) => {
            let texts: Vec<String> = list.iter().map(plain).collect();
            found(key, Some(texts.join(", ")));
        }
        serde_json::Value::Null => found(key, None),
        serde_json::Value::Bool(_) | serde_json::Value::Number(_) | serde_json::Value::String(_) => {
            found(key, Some(plain(value)));
        }
    }
}

fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn join(key: &str, name: &str) -> String {
    if key.is_empty() {
        name.to_owned()
    } else {
        format!("{key}.{name}")
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use config::Environment;

    use super::*;

    const NOTHING: &str = "NOTHING_OF_THE_KIND";

    fn read(text: &str, environment: Environment) -> Vec<SettingInForce> {
        in_force(&Settings::read(text, environment).unwrap())
    }

    fn one<'a>(all: &'a [SettingInForce], key: &str) -> &'a SettingInForce {
        all.iter().find(|one| one.key == key).unwrap()
    }

    #[test]
    fn every_value_states_where_it_comes_from() {
        let variables = [
            ("HOTLINE__DATA__BACKLOG", "77"),
            ("HOTLINE__LINES__MAIL__SMTP__PORT", "26"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let environment = Environment::with_prefix("HOTLINE")
            .prefix_separator("__")
            .separator("__")
            .source(Some(variables.into_iter().collect()));
        let text = "[data]\nreserve_mib = 9\nbacklog = 5\n[lines.mail]\nchannel = \"letter\"\n[lines.mail.smtp]\nhost = \"h\"\n\
                    [[alarm.recipients]]\nname = \"Duty\"\nline = \"mail\"\nto = \"a@example.org\"\n";
        let all = read(text, environment);
        for (key, value, source) in [
            ("data.reserve_mib", "9", SettingSource::File),
            ("data.backlog", "77", SettingSource::Environment),
            ("data.folder", "data", SettingSource::Default),
            ("lines.mail.channel", "letter", SettingSource::File),
            ("lines.mail.smtp.port", "26", SettingSource::Environment),
            ("alarm.recipients.1.name", "Duty", SettingSource::File),
            ("centre.emergency.1.number", "192", SettingSource::Default),
            ("routing.mode", "assign", SettingSource::Default),
        ] {
            let found = one(&all, key);
            assert_eq!(found.value, SettingValue::Text(value.to_owned()), "{key}");
            assert_eq!(found.source, source, "{key}");
        }
        assert_eq!(one(&all, "data.key_file").value, SettingValue::Missing);
    }

    #[test]
    fn every_value_of_the_file_states_its_line() {
        let text = "[data]\nreserve_mib = 9\n\n[centre]\nopening_hours = { sr = \"увек\", en = \"always\" }\n\
                    [[centre.emergency]]\nnumber = \"192\"\nname = \"Полиција\"\n[[centre.emergency]]\nnumber = \"194\"\n\
                    name = \"Хитна помоћ\"\n[desk]\nnetworks = [\"viber\"]\n[lines.mail]\nchannel = \"letter\"\n";
        let mut all = with_sources(&Settings::read(text, Environment::with_prefix(NOTHING)).unwrap());
        note_lines(&mut all, text);
        for (key, line) in [
            ("data.reserve_mib", Some(2)),
            ("data.backlog", None),
            ("centre.opening_hours.en", Some(5)),
            ("centre.emergency.2.number", Some(10)),
            ("desk.networks", Some(13)),
            ("lines.mail.channel", Some(15)),
        ] {
            assert_eq!(one(&all, key).line, line, "{key}");
        }
    }

    #[test]
    fn no_secret_is_among_the_settings_in_force() {
        let text = "[database]\nurl = \"postgres://hotline:canary@db.example.org/hotline\"\n\
                    [http]\npublic_url = \"https://ana:canary@example.org\"\n\
                    [lines.mail]\nchannel = \"email\"\n[lines.mail.imap]\npassword = \"canary\"\npassword_file = \"/run/imap\"\n\
                    token_command = \"print canary\"\n[lines.chat]\nchannel = \"telegram\"\ntoken = \"canary\"\n\
                    webhook_url = \"https://example.org/?key=canary\"\n[lines.bridge]\nchannel = \"bridge\"\nsecret = \"canary\"\n";
        let all = read(text, Environment::with_prefix(NOTHING));
        assert!(!format!("{all:?}").contains("canary"), "{all:?}");
        let secrets = all.iter().filter(|one| one.value == SettingValue::Secret);
        assert_eq!(secrets.count(), 7);
        let file = SettingValue::Text("/run/imap".to_owned());
        assert_eq!(one(&all, "lines.mail.imap.password_file").value, file);
    }

    #[test]
    fn only_values_that_differ_from_the_defaults_are_changed() {
        let text = "[data]\nreserve_mib = 512\nbacklog = 5\n[database]\nurl = \"sqlite:canary\"\n";
        let settings = Settings::read(text, Environment::with_prefix(NOTHING)).unwrap();
        assert_eq!(changed_keys(&settings), ["data.backlog", "database.url"]);
    }

    /// Fails if a channel has a private setting whose name does not show that it is secret.
    #[test]
    fn every_private_setting_of_a_channel_counts_as_secret() {
        let mut found = 0;
        let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../channels/src")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let source = std::fs::read_to_string(&path).unwrap();
                for line in source.lines() {
                    let Some((name, _)) = line.split_once(": Option<Private<String>>") else {
                        continue;
                    };
                    let name = name.trim().trim_start_matches("pub ");
                    if name.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
                        found += 1;
                        assert!(is_secret(name), "{name} in {}", path.display());
                    }
                }
            }
        }
        assert!(found >= 4, "the source is read: {found}");
    }
}

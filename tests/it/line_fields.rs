//! The fields that each channel describes are its settings.

use std::{collections::BTreeSet, sync::Arc};

use hotline_channels::{
    KINDS,
    channel::{ChannelKind, LineAddresses, Opening},
};
use hotline_core::{
    centre::{Centre, CentreInForce},
    identifiers::line_name::LineName,
    line_fields::{FieldKind, LineField, complete, read_form},
    network::OutgoingSettings,
    text::locale::{Language, Locales},
    time::clock::SystemClock,
};
use serde_json::{Value, json};

/// Opens a line with these settings, and returns the error if it cannot be opened.
fn refusal(kind: &ChannelKind, settings: &Value) -> Option<String> {
    let mut settings = settings.clone();
    settings["channel"] = kind.name.into();
    let opening = Opening {
        name: LineName::parse("line").unwrap(),
        settings: serde_json::from_value(settings).unwrap(),
        centre: CentreInForce::new(Centre::default()),
        public_url: "https://help.example.org".to_owned(),
        addresses: LineAddresses::default(),
        outgoing: OutgoingSettings::default(),
        locales: Arc::new(Locales),
        clock: Arc::new(SystemClock),
    };
    (kind.open)(opening).err().map(|error| format!("{error:#}"))
}

/// Returns a valid text for the field.
fn sample(field: &LineField) -> &'static str {
    match field.kind {
        _ if !field.default.is_empty() => field.default,
        FieldKind::Text | FieldKind::Secret if field.example.is_empty() => "sample",
        FieldKind::Text | FieldKind::Secret | FieldKind::Number => field.example,
        FieldKind::Switch => "true",
        FieldKind::Choice(values) => values[0],
    }
}

fn settings_of(kind: &ChannelKind, fields: impl Fn(&LineField) -> bool) -> Value {
    let typed = |key: &str| {
        let field = kind.fields.iter().find(|field| field.key == key).unwrap();
        fields(field).then(|| sample(field))
    };
    read_form(kind.fields, typed).unwrap()
}

#[test]
fn every_field_and_every_choice_is_a_setting_of_its_channel() {
    for kind in KINDS {
        let all = settings_of(kind, |_| true);
        assert_eq!(refusal(kind, &all), None, "{}", kind.name);
        for field in kind.fields {
            let FieldKind::Choice(values) = field.kind else {
                continue;
            };
            for value in values {
                let chosen = |key: &str| {
                    let other = kind.fields.iter().find(|one| one.key == key).unwrap();
                    Some(if key == field.key { *value } else { sample(other) })
                };
                let refused = refusal(kind, &read_form(kind.fields, chosen).unwrap());
                let is_unknown = refused.is_some_and(|refused| refused.contains("variant"));
                assert!(!is_unknown, "{}: {} = {value}", kind.name, field.key);
            }
        }
    }
}

#[test]
fn every_url_of_a_line_needs_tls_outside_this_machine() {
    let mut checked = 0;
    for kind in KINDS {
        for field in kind.fields.iter().filter(|field| field.key.ends_with("_url")) {
            for (url, permitted) in [
                ("https://example.org", true),
                ("http://127.0.0.1:9000", true),
                ("http://example.org", false),
                ("http://10.0.0.7:9000", false),
            ] {
                let mut settings = settings_of(kind, |field| field.required);
                settings[field.key] = url.into();
                let refused = refusal(kind, &settings);
                assert_eq!(refused.is_none(), permitted, "{} {url}: {refused:?}", field.key);
                checked += 1;
            }
        }
    }
    assert_eq!(checked, 16, "two of Telegram, one of Discord, one of bridges");
}

#[test]
fn required_fields_are_enough_and_each_of_them_is_needed() {
    for kind in KINDS {
        let required = settings_of(kind, |field| field.required);
        assert!(
            complete(kind.fields, required.clone(), None).is_ok(),
            "{}",
            kind.name
        );
        let refused = refusal(kind, &required);
        assert!(refused.is_none(), "{}: {refused:?}", kind.name);
        for left_out in kind.fields.iter().filter(|field| field.required) {
            let rest = settings_of(kind, |field| field.required && field.key != left_out.key);
            assert!(complete(kind.fields, rest, None).is_err(), "{}", left_out.key);
        }
    }
}

/// The settings that only the settings file can contain, because they name files or commands of the server.
fn is_of_server(name: &str) -> bool {
    name.ends_with("_file") || name.ends_with("_command")
}

#[test]
fn every_setting_has_a_field_unless_it_names_a_file_or_command_of_the_server() {
    for kind in KINDS {
        let tables = kind.fields.iter().map(LineField::table);
        for table in tables.chain([None]).collect::<BTreeSet<_>>() {
            let mut settings = settings_of(kind, |_| true);
            match table {
                Some(table) => settings[table]["no_such_key"] = json!(1),
                None => settings["no_such_key"] = json!(1),
            }
            // The error lists the settings that exist.
            let refused = refusal(kind, &settings).unwrap();
            let names = refused.split('`').skip(1).step_by(2);
            let known = |name: &str| {
                kind.fields.iter().any(|field| {
                    field.table() == table && field.name() == name || field.table() == Some(name)
                })
            };
            for name in names.filter(|name| !["no_such_key", "channel"].contains(name)) {
                assert!(
                    known(name) != is_of_server(name),
                    "{}: {table:?} {name}",
                    kind.name
                );
            }
        }
    }
}

#[test]
fn every_field_and_choice_has_its_texts_in_every_language() {
    for language in Language::ALL {
        let words = Locales.of(language);
        for field in KINDS.iter().flat_map(|kind| kind.fields) {
            let label = format!("line-field-{}", field.name());
            let mut keys = vec![format!("{label}-hint"), label];
            if let FieldKind::Choice(values) = field.kind {
                keys.extend(values.iter().map(|value| format!("line-choice-{value}")));
            }
            keys.extend(field.table().map(|table| format!("line-table-{table}")));
            for key in keys {
                assert_ne!(words.say(&key), key, "{language:?}");
            }
        }
    }
}

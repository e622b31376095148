//! Texts and files are read from a chat platform's JSON whatever other fields it contains.

use hotline_core::contact::message::{Incoming, Normalised};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::golden::{OPENED, raw};

const WORDS: [&str; 3] = ["neko mi preti", "vidi sliku", "znam gde živiš"];

/// Fields whose type a platform may change. Unknown values in them must not hide text or files.
const TELEGRAM: &[&str] = &[
    "caption_entities",
    "contact",
    "date",
    "entities",
    "external_reply",
    "forward_origin",
    "link_preview_options",
    "location",
    "poll",
    "quote",
    "reply_markup",
    "reply_to_message",
    "sticker",
    "venue",
    "via_bot",
];
const DISCORD: &[&str] = &[
    "components",
    "edited_timestamp",
    "embeds",
    "flags",
    "mention_roles",
    "mentions",
    "message_reference",
    "poll",
    "referenced_message",
    "sticker_items",
    "timestamp",
    "tts",
];
const OF_FILES: &[&str] = &[
    "content_type",
    "duration",
    "file_name",
    "filename",
    "mime_type",
    "thumbnail",
    "width",
];
const OF_PEOPLE: &[&str] = &[
    "first_name",
    "global_name",
    "is_premium",
    "public_flags",
    "username",
];

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-zš<@#&:>0-9 ]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        let fields = prop::collection::btree_map("[a-z_]{1,10}", inner.clone(), 0..5);
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(Value::from),
            fields.prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Generates fields to add to an object: with the given names, and with unknown ones.
fn noise(names: &'static [&'static str]) -> impl Strategy<Value = Vec<(String, Value)>> {
    let name = prop_oneof![
        prop::sample::select(names).prop_map(str::to_owned),
        "x_[a-z]{1,8}"
    ];
    prop::collection::vec((name, anything()), 0..6)
}

fn put_over(object: &mut Value, noise: Vec<(String, Value)>) {
    let fields = object.as_object_mut().unwrap();
    fields.extend(noise);
}

fn read(channel: &str, update: &Value) -> Incoming {
    let (_, line) = OPENED.iter().find(|(name, _)| *name == channel).unwrap();
    match line.normalise(&raw(update.to_string().into_bytes())) {
        Normalised::Message(message) => *message,
        Normalised::Unreadable(_) => panic!("unreadable: {update}"),
        Normalised::Ignore(reason) => panic!("{reason}: {update}"),
        Normalised::Notice(_) | Normalised::Report(_) => panic!("no message: {update}"),
    }
}

fn holds_all(message: &Incoming, words: &[&str], files: usize) -> Result<(), TestCaseError> {
    for words in words {
        prop_assert!(message.text.contains(words), "{words}: {}", message.text);
    }
    prop_assert!(message.parts.len() >= files, "{} files", message.parts.len());
    prop_assert_eq!(
        message.identifier.as_ref().map(|one| one.expose().as_str()),
        Some("7001")
    );
    Ok(())
}

proptest! {
    #[test]
    fn words_and_files_of_telegram_survive_whatever_surrounds_them(
        of_message in noise(TELEGRAM), of_file in noise(OF_FILES), of_photo in noise(OF_FILES), of_person in noise(OF_PEOPLE), edited: bool,
    ) {
        let mut document = json!({ "file_id": "d1", "file_unique_id": "ud1", "file_size": 5 });
        put_over(&mut document, of_file);
        let mut photo = json!({ "file_id": "p1", "file_unique_id": "up1", "width": 9, "height": 9 });
        put_over(&mut photo, of_photo);
        let mut person = json!({ "id": 7001, "is_bot": false, "first_name": "Ana" });
        put_over(&mut person, of_person);
        let mut message = json!({});
        put_over(&mut message, of_message);
        put_over(&mut message, vec![
            ("message_id".to_owned(), json!(5)), ("chat".to_owned(), json!({ "id": 7001, "type": "private" })),
            ("from".to_owned(), person), ("text".to_owned(), json!(WORDS[0])), ("caption".to_owned(), json!(WORDS[1])),
            ("document".to_owned(), document), ("photo".to_owned(), json!([photo])),
        ]);
        let kind = if edited { "edited_message" } else { "message" };
        let message = read("telegram", &json!({ "update_id": 1, kind: message }));
        holds_all(&message, &WORDS[..2], 2)?;
    }

    #[test]
    fn words_and_files_of_discord_survive_whatever_surrounds_them(
        of_message in noise(DISCORD), of_file in noise(OF_FILES), of_snapshot in noise(DISCORD), of_person in noise(OF_PEOPLE),
    ) {
        let mut file = json!({ "id": "601", "size": 5 });
        put_over(&mut file, of_file);
        let mut person = json!({ "id": "7001", "username": "ana" });
        put_over(&mut person, of_person);
        let mut snapshot = json!({});
        put_over(&mut snapshot, of_snapshot);
        put_over(&mut snapshot, vec![("content".to_owned(), json!(WORDS[2])), ("attachments".to_owned(), json!([file.clone()]))]);
        let mut message = json!({});
        put_over(&mut message, of_message);
        put_over(&mut message, vec![
            ("id".to_owned(), json!("1441700000000000001")), ("author".to_owned(), person), ("content".to_owned(), json!(WORDS[0])),
            ("attachments".to_owned(), json!([file])), ("message_snapshots".to_owned(), json!([{ "message": snapshot }])),
        ]);
        let envelope = json!({ "channel": "9001", "person": "7001", "thread": false, "message": message });
        holds_all(&read("discord", &envelope), &[WORDS[0], WORDS[2]], 2)?;
    }
}

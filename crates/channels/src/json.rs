//! Reads single fields from the JSON of platforms that often add fields. All other fields are ignored.

use serde_json::Value;

/// Parses JSON from a platform. Replaces unpaired surrogates and invalid UTF-8 with U+FFFD, because `serde_json` refuses them.
pub fn parse(bytes: &[u8]) -> Option<Value> {
    serde_json::from_slice(bytes).ok().or_else(|| {
        let text = String::from_utf8_lossy(bytes);
        serde_json::from_str(&without_half_pairs(&text)).ok()
    })
}

/// Returns the text at a JSON pointer such as `/author/id`.
pub fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str()
}

/// Returns the integer at a JSON pointer. The JSON may contain it as a number or as a string of digits.
pub fn number(value: &Value, pointer: &str) -> Option<i64> {
    let found = value.pointer(pointer)?;
    found.as_i64().or_else(|| found.as_str()?.trim().parse().ok())
}

/// Returns the id at a JSON pointer: a positive integer. The JSON may contain it as a number or as a string of digits.
pub fn id(value: &Value, pointer: &str) -> Option<u64> {
    let found = value.pointer(pointer)?;
    let id = found.as_u64().or_else(|| found.as_str()?.trim().parse().ok());
    id.filter(|id| *id != 0)
}

/// Returns the size at a JSON pointer, for example the size of a file in bytes. Returns `None` if there is no valid size.
pub fn size(value: &Value, pointer: &str) -> Option<u64> {
    let found = value.pointer(pointer)?;
    found.as_u64().or_else(|| found.as_str()?.trim().parse().ok())
}

/// Returns the elements of the list at a JSON pointer. Returns no elements if there is no list.
pub fn list<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// Collects every string in a JSON value, at any depth.
pub fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(all) => all.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

/// Collects the strings in all fields that have one of the given names, at any depth.
pub fn texts_named<'a>(value: &'a Value, names: &[&str]) -> Vec<&'a str> {
    match value {
        Value::Array(all) => all.iter().flat_map(|one| texts_named(one, names)).collect(),
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| {
                // The string in a field with another name, such as `"type": "paragraph"`, is not collected. An object or a list in such a
                // field is searched for fields with the given names.
                if names.contains(&name.as_str()) {
                    own_texts(value, names)
                } else {
                    texts_named(value, names)
                }
            })
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// Collects the strings in the value of a field that has one of the given names. The value is a string, an object or a list. In an
/// object, only fields with the given names are read.
fn own_texts<'a>(value: &'a Value, names: &[&str]) -> Vec<&'a str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(all) => all.iter().flat_map(|one| own_texts(one, names)).collect(),
        Value::Object(_) => texts_named(value, names),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

/// Finds the number after each occurrence of the field name `name`, even if the text is not valid JSON. A number may be written as a
/// string of digits.
pub fn numbers_after(text: &str, name: &str) -> Vec<u64> {
    let name = format!("\"{name}\"");
    let after_name = text.split(&name).skip(1);
    let numbers = after_name.filter_map(|after| {
        let value = after.trim_start().strip_prefix(':')?.trim_start();
        let value = value.strip_prefix('"').unwrap_or(value);
        let digits = value.split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse().ok()
    });
    numbers.collect()
}

/// Replaces each escaped unpaired surrogate, such as `\ud83d`, with `\ufffd`.
fn without_half_pairs(json: &str) -> String {
    let mut whole = String::with_capacity(json.len());
    let mut rest = json;
    while let Some((before, escape)) = rest.find('\\').and_then(|at| rest.split_at_checked(at)) {
        whole.push_str(before);
        let (kept, length) = match unit(escape) {
            Some(0xd800..=0xdbff) => match escape.get(6..).and_then(unit) {
                Some(0xdc00..=0xdfff) => (None, 12),
                Some(_) | None => (Some("\\ufffd"), 6),
            },
            Some(0xdc00..=0xdfff) => (Some("\\ufffd"), 6),
            Some(_) => (None, 6),
            None => (None, escape.chars().take(2).map(char::len_utf8).sum()),
        };
        let (taken, after) = escape.split_at_checked(length).unwrap_or((escape, ""));
        whole.push_str(kept.unwrap_or(taken));
        rest = after;
    }
    whole.push_str(rest);
    whole
}

/// Returns the UTF-16 code unit that an escape such as `\u0161` at the start of `escape` encodes.
fn unit(escape: &str) -> Option<u16> {
    u16::from_str_radix(escape.strip_prefix("\\u")?.get(..4)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_found_in_invalid_json() {
        let broken =
            r#"{"op":0,"t":"MESSAGE_CREATE","d":{"channel_id": "81","content":"\ud8"x, "channel_id":82"#;
        assert_eq!(numbers_after(broken, "channel_id"), [81, 82]);
        assert!(numbers_after("{\"channel_id\":null}", "channel_id").is_empty());
    }

    #[test]
    fn half_a_surrogate_pair_hides_no_words() {
        for (given, read) in [
            (r#"{"text":"pre \ud83d posle"}"#, "pre \u{fffd} posle"),
            (r#"{"text":"pre \ude2d posle"}"#, "pre \u{fffd} posle"),
            (r#"{"text":"\ud83d\u0161ta"}"#, "\u{fffd}šta"),
            (r#"{"text":"\ud83d\ude2d\ud83d"}"#, "😭\u{fffd}"),
            (r#"{"text":"\\ud83d \ud83d\n"}"#, "\\ud83d \u{fffd}\n"),
        ] {
            let value = parse(given.as_bytes());
            assert_eq!(
                value.as_ref().and_then(|value| text(value, "/text")),
                Some(read),
                "{given}"
            );
        }
        assert_eq!(parse(b"{\"text\":\"\xe9\"}"), Some(json!({ "text": "\u{fffd}" })));
        assert_eq!(parse(b"{\"text\":\"pola"), None);
    }

    #[test]
    fn numbers_may_be_written_as_text() {
        let value = json!({ "a": "17", "b": 17, "c": -5, "d": [], "e": 0 });
        assert_eq!((id(&value, "/a"), id(&value, "/b")), (Some(17), Some(17)));
        assert_eq!(
            (id(&value, "/c"), id(&value, "/d"), id(&value, "/e")),
            (None, None, None)
        );
        assert_eq!(number(&value, "/c"), Some(-5));
    }
}

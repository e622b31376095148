//! Parses text with entities, given by a parse mode or as a list.

use serde_json::{Map, Value, json};

use super::params::{Params, Refusal, bad_request};

/// A text and its entities, as a message contains them.
#[derive(Clone, Debug)]
pub(super) struct Rich {
    pub(super) text: String,
    pub(super) entities: Vec<Value>,
}

/// Returns the length of a text in UTF-16 code units, the unit of entities.
pub(super) fn utf16_len(text: &str) -> usize {
    text.encode_utf16().count()
}

impl Rich {
    /// Reads the text parameter `name` of a request. The entities come from the parse mode or from the parameter `list`.
    pub(super) fn read(params: Params<'_>, name: &str, list: &str) -> Result<Self, Refusal> {
        let text = params.text(name).unwrap_or_default();
        let mode = params.text("parse_mode").unwrap_or_default().to_lowercase();
        match mode.as_str() {
            "" => {
                let entities = params.json(list)?;
                let entities = entities.as_ref().and_then(Value::as_array);
                let entities = entities.cloned().unwrap_or_default();
                check(&text, &entities)?;
                Ok(Self { text, entities })
            }
            "html" => from_html(&text).map_err(|why| bad_request(&format!("can't parse entities: {why}"))),
            _ => Err(bad_request("unsupported parse_mode")),
        }
    }

    /// Refuses a text that is longer than `longest`.
    pub(super) fn at_most(&self, longest: usize, utf16: bool, why: &str) -> Result<(), Refusal> {
        let length = if utf16 {
            utf16_len(&self.text)
        } else {
            self.text.chars().count()
        };
        if length > longest {
            return Err(bad_request(why));
        }
        Ok(())
    }

    /// Puts the text and its entities into a message.
    pub(super) fn put(self, message: &mut Map<String, Value>, name: &str, list: &str) {
        if self.text.is_empty() {
            return;
        }
        message.insert(name.to_owned(), self.text.into());
        if !self.entities.is_empty() {
            message.insert(list.to_owned(), self.entities.into());
        }
    }
}

fn check(text: &str, entities: &[Value]) -> Result<(), Refusal> {
    let end = i64::try_from(utf16_len(text)).unwrap_or(i64::MAX);
    for entity in entities {
        let number = |name: &str| entity.get(name).and_then(Value::as_i64);
        let known = entity.get("type").is_some_and(Value::is_string);
        let (Some(offset), Some(length), true) = (number("offset"), number("length"), known) else {
            return Err(bad_request("can't parse MessageEntity"));
        };
        if offset < 0 || length < 1 || offset > end {
            return Err(bad_request("entity begins in a wrong place"));
        }
        if offset.saturating_add(length) > end {
            return Err(bad_request(&format!(
                "entity beginning at UTF-16 offset {offset} ends after the end of the text at UTF-16 offset {end}"
            )));
        }
    }
    Ok(())
}

/// An open tag: its name, its entity, and where its text begins.
struct Open {
    name: String,
    entity: Map<String, Value>,
    start: usize,
}

fn from_html(html: &str) -> Result<Rich, String> {
    let mut rich = Rich {
        text: String::new(),
        entities: Vec::new(),
    };
    let mut open: Vec<Open> = Vec::new();
    let mut rest = html;
    while let Some(c) = rest.chars().next() {
        let offset = html.len() - rest.len();
        if c == '<' {
            let (tag, after) = rest
                .strip_prefix('<')
                .and_then(|tag| tag.split_once('>'))
                .ok_or_else(|| format!("Unclosed start tag at byte offset {offset}"))?;
            rest = after;
            if let Some(name) = tag.strip_prefix('/') {
                let name = name.trim().to_lowercase();
                let tag = open
                    .pop()
                    .ok_or_else(|| format!("Unexpected end tag at byte offset {offset}"))?;
                if tag.name != name && !name.is_empty() {
                    return Err(format!(
                        "Unmatched end tag at byte offset {offset}, expected \"</{}>\", found \"</{name}>\"",
                        tag.name
                    ));
                }
                close(&mut rich, tag);
            } else {
                let name = tag.split_whitespace().next().unwrap_or_default().to_lowercase();
                let entity = start_tag(&name, tag)
                    .ok_or_else(|| format!("Unsupported start tag \"{name}\" at byte offset {offset}"))?;
                let start = utf16_len(&rich.text);
                open.push(Open { name, entity, start });
            }
        } else if let Some((c, after)) = reference(rest) {
            rich.text.push(c);
            rest = after;
        } else {
            rich.text.push(c);
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        }
    }
    if let Some(tag) = open.pop() {
        return Err(format!(
            "Can't find end tag corresponding to start tag \"{}\"",
            tag.name
        ));
    }
    let offset = |entity: &Value| entity.get("offset").and_then(Value::as_u64);
    rich.entities.sort_by_key(offset);
    Ok(rich)
}

fn close(rich: &mut Rich, tag: Open) {
    let length = utf16_len(&rich.text).saturating_sub(tag.start);
    if length == 0 || tag.entity.is_empty() {
        return;
    }
    let mut entity = tag.entity;
    entity.insert("offset".to_owned(), tag.start.into());
    entity.insert("length".to_owned(), length.into());
    rich.entities.push(entity.into());
}

fn start_tag(name: &str, tag: &str) -> Option<Map<String, Value>> {
    let entity = match name {
        "b" | "strong" => json!({ "type": "bold" }),
        "i" | "em" => json!({ "type": "italic" }),
        "u" | "ins" => json!({ "type": "underline" }),
        "s" | "strike" | "del" => json!({ "type": "strikethrough" }),
        "tg-spoiler" => json!({ "type": "spoiler" }),
        "span" if attribute(tag, "class")? == "tg-spoiler" => json!({ "type": "spoiler" }),
        "code" => json!({ "type": "code" }),
        "pre" => json!({ "type": "pre" }),
        "blockquote" => json!({ "type": "blockquote" }),
        "tg-emoji" => json!({ "type": "custom_emoji", "custom_emoji_id": attribute(tag, "emoji-id")? }),
        "a" => match attribute(tag, "href") {
            Some(url) => json!({ "type": "text_link", "url": url }),
            None => json!({}),
        },
        _ => return None,
    };
    entity.as_object().cloned()
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, value) = tag.split_once(&format!("{name}="))?;
    let quote = value.chars().next().filter(|c| *c == '"' || *c == '\'')?;
    let (value, _) = value.strip_prefix(quote)?.split_once(quote)?;
    Some(value.replace("&quot;", "\"").replace("&amp;", "&"))
}

/// Decodes the character reference (`&...;`) at the beginning of a text. Returns the character and the rest of the text.
fn reference(text: &str) -> Option<(char, &str)> {
    let (name, rest) = text.strip_prefix('&')?.split_once(';')?;
    let c = match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        _ => {
            let number = name.strip_prefix('#')?;
            let number = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(number.ok()?)?
        }
    };
    Some((c, rest))
}

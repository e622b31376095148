//! Replaces mentions with names. A mention such as `<@7002>` is the markup for which Discord's own clients show a name.

use serde_json::Value;

use crate::{clean::one_line, json};

/// A mention: markup between `<` and `>` in a text.
enum Mention<'a> {
    Person(u64),
    Role,
    Channel(u64),
    Emoji(&'a str),
    Command(&'a str),
}

/// Replaces each mention with a name from the message. The returned flag is `true` if a mention stayed unchanged because the message does
/// not contain the name. It never contains the names of roles, and may lack the name of a person or a channel.
pub fn replace_mentions(text: &str, message: &Value) -> (String, bool) {
    let mut named = String::with_capacity(text.len());
    let mut nameless = false;
    let mut rest = text;
    while let Some((before, from)) = rest.find('<').and_then(|at| rest.split_at_checked(at)) {
        named.push_str(before);
        let inside = from.strip_prefix('<').and_then(|from| from.split_once('>'));
        let marked = inside.and_then(|(inside, after)| Some((inside, parse_mention(inside)?, after)));
        let Some((inside, mention, after)) = marked else {
            named.push('<');
            rest = from.strip_prefix('<').unwrap_or_default();
            continue;
        };
        let name = match mention {
            Mention::Person(id) => name_in(message, "/mentions", id, &["/global_name", "/username"])
                .map(|name| format!("@{name}")),
            Mention::Channel(id) => {
                name_in(message, "/mention_channels", id, &["/name"]).map(|name| format!("#{name}"))
            }
            Mention::Role => None,
            Mention::Emoji(name) => Some(format!(":{name}:")),
            Mention::Command(name) => Some(format!("/{name}")),
        };
        nameless |= name.is_none();
        named.push_str(&name.unwrap_or_else(|| format!("<{inside}>")));
        rest = after;
    }
    named.push_str(rest);
    (named, nameless)
}

fn parse_mention(inside: &str) -> Option<Mention<'_>> {
    let number = |text: &str| text.parse::<u64>().ok();
    if let Some(role) = inside.strip_prefix("@&") {
        return number(role).map(|_| Mention::Role);
    }
    if let Some(person) = inside.strip_prefix('@') {
        return number(person.trim_start_matches('!')).map(Mention::Person);
    }
    if let Some(channel) = inside.strip_prefix('#') {
        return number(channel).map(Mention::Channel);
    }
    if let Some(command) = inside.strip_prefix('/') {
        return name_before_id(command).map(Mention::Command);
    }
    let emoji = inside.strip_prefix("a:").or_else(|| inside.strip_prefix(':'))?;
    name_before_id(emoji).map(Mention::Emoji)
}

/// Returns the name in a text of the form `name:id`. Mentions of emoji and commands have this form.
fn name_before_id(text: &str) -> Option<&str> {
    let (name, number) = text.split_once(':')?;
    (!name.is_empty() && number.parse::<u64>().is_ok()).then_some(name)
}

/// Looks up the name for an id. `list` is the JSON pointer to a list of objects in the message. `names` are JSON pointers to the name
/// inside such an object; the first one that leads to a text is used.
fn name_in(message: &Value, list: &str, id: u64, names: &[&str]) -> Option<String> {
    let one = json::list(message, list).find(|one| json::id(one, "/id") == Some(id))?;
    let found = names.iter().find_map(|name| json::text(one, name));
    found.map(one_line).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_become_names_and_nothing_else_changes() {
        let message = json!({
            "mentions": [{ "id": "7", "username": "vuk", "global_name": "Vuk V." }, { "id": 8, "username": "senka" }],
            "mention_channels": [{ "id": "9", "name": "opšte" }],
        });
        for (written, read, nameless) in [
            ("<@7> i <@!8>", "@Vuk V. i @senka", false),
            ("u <#9>", "u #opšte", false),
            ("<:tuga:1><a:mase:2> </pomoc:3>", ":tuga::mase: /pomoc", false),
            ("<@6> <@&5> <#4>", "<@6> <@&5> <#4>", true),
            (
                "3 < 5 > 2, <b>x</b>, <@ja>, <3 <@7",
                "3 < 5 > 2, <b>x</b>, <@ja>, <3 <@7",
                false,
            ),
            ("<<@7>>", "<@Vuk V.>", false),
        ] {
            assert_eq!(replace_mentions(written, &message), (read.to_owned(), nameless));
        }
    }
}

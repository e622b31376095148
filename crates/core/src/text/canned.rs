//! Canned replies: prepared texts with fields that are filled in for each contact.

/// The names of the fields that a canned reply may contain in braces.
pub const FIELDS: [&str; 3] = ["reference", "counsellor", "centre"];

/// The error for a text with an unknown or unclosed field in braces. The string is the text of the field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no field {{{0}}}")]
pub struct NoField(pub String);

/// Fills in the fields of a text.
///
/// # Errors
/// Returns [`NoField`] if the text contains an unknown or unclosed field. If such a field were left in the text, the person would receive
/// it with its braces.
pub fn fill(text: &str, value: impl Fn(&str) -> Option<String>) -> Result<String, NoField> {
    fill_fields(text, |name| {
        let name = name.trim();
        FIELDS.contains(&name).then(|| value(name)).flatten()
    })
}

/// Replaces each name in braces by its value. Values are inserted as they are, even if they contain braces.
///
/// # Errors
/// Returns [`NoField`] if a name has no value or a brace is not closed.
pub(crate) fn fill_fields(
    text: &str,
    mut value: impl FnMut(&str) -> Option<String>,
) -> Result<String, NoField> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let (name, after) = after.split_once('}').ok_or_else(|| NoField(after.to_owned()))?;
        filled.push_str(&value(name).ok_or_else(|| NoField(name.to_owned()))?);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// Returns whether a reply contains an unfinished search for a canned reply. Counsellors search for a canned reply by typing a slash and
/// the start of its name. A search is unfinished if the last word of the reply is a single slash, or if the whole reply is a slash followed
/// by one word. The desk refuses to send such a reply, because the person would receive the search as typed.
#[must_use]
pub fn is_unfinished(reply: &str) -> bool {
    let reply = reply.trim();
    let last = reply.rsplit(char::is_whitespace).next().unwrap_or_default();
    let is_one_word = last.len() == reply.len();
    last == "/"
        || (is_one_word && last.starts_with('/') && !last.get(1..).is_some_and(|name| name.contains('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> Result<String, NoField> {
        fill(text, |name| Some(name.to_uppercase()))
    }

    #[test]
    fn the_name_of_a_canned_reply_is_no_reply() {
        for unfinished in ["/", " / ", "/прве", "/hvala", "Здраво /", "Здраво\n/"] {
            assert!(is_unfinished(unfinished), "{unfinished}");
        }
        for words in [
            "",
            "1/2",
            "и/или",
            "/stop значи да вам не пишемо",
            "https://example.org/",
            "/a/b",
            "Пиши на /language данас",
        ] {
            assert!(!is_unfinished(words), "{words}");
        }
    }

    #[test]
    fn fields_are_filled_in_and_a_mistyped_one_is_told_before_it_reaches_anybody() {
        assert_eq!(
            filled("Писали сте нам ({reference}). { counsellor }, {centre}").as_deref(),
            Ok("Писали сте нам (REFERENCE). COUNSELLOR, CENTRE")
        );
        assert_eq!(filled("без поља } тако").as_deref(), Ok("без поља } тако"));
        assert_eq!(filled("{refrence}"), Err(NoField("refrence".to_owned())));
        assert_eq!(filled("{reference"), Err(NoField("reference".to_owned())));
    }
}

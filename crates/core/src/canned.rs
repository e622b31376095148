//! Canned replies: texts that are written once, with fields that are filled in for each person.

/// What can stand in braces.
pub const FIELDS: [&str; 3] = ["reference", "counsellor", "centre"];

/// Something in braces that is no field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no field {{{0}}}")]
pub struct NoField(pub String);

/// Fills in the fields of a text.
///
/// # Errors
/// [`NoField`] if something else stands in braces: it would reach the person as it is.
pub fn fill(text: &str, value: impl Fn(&str) -> Option<String>) -> Result<String, NoField> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let (name, after) = after.split_once('}').ok_or_else(|| NoField(after.to_owned()))?;
        let known = FIELDS
            .contains(&name.trim())
            .then(|| value(name.trim()))
            .flatten();
        filled.push_str(&known.ok_or_else(|| NoField(name.to_owned()))?);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> Result<String, NoField> {
        fill(text, |name| Some(name.to_uppercase()))
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

//! Formatting of days, channel names and query strings.

use chrono::NaiveDate;
use hotline_core::text::locale::Words;

/// Formats a day as `31.01.2026.`.
pub(crate) fn format_day(day: NaiveDate) -> String {
    day.format("%d.%m.%Y.").to_string()
}

/// Builds a query string from the non-empty parameters.
pub(crate) fn query_of<'a>(pairs: impl IntoIterator<Item = (&'static str, &'a String)>) -> String {
    let filled = pairs.into_iter().filter(|(_, value)| !value.is_empty());
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(filled)
        .finish()
}

/// Returns the translated name of a channel, or its id from the settings if there is no translation.
pub(crate) fn channel_name(words: &Words, channel: &str) -> String {
    let key = format!("channel-{channel}");
    let name = words.say(&key);
    if name == key { channel.to_owned() } else { name }
}

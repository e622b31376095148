//! Days, channels and queries as people and browsers write them.

use chrono::NaiveDate;
use hotline_core::text::locale::Words;

/// A day as people here write it.
pub(crate) fn format_day(day: NaiveDate) -> String {
    day.format("%d.%m.%Y.").to_string()
}

/// What stands in an address after the question mark, without what is empty.
pub(crate) fn query_of<'a>(pairs: impl IntoIterator<Item = (&'static str, &'a String)>) -> String {
    let filled = pairs.into_iter().filter(|(_, value)| !value.is_empty());
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(filled)
        .finish()
}

/// What a channel is called; one without a name of its own by what it is in the settings.
pub(crate) fn channel_name(words: &Words, channel: &str) -> String {
    let key = format!("channel-{channel}");
    let name = words.say(&key);
    if name == key { channel.to_owned() } else { name }
}

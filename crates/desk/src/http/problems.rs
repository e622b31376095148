//! Texts that describe jobs and set-aside messages (raw messages that did not become contacts) in the reader's language.

use hotline_core::{job::JobKind, text::locale::Words};
use hotline_store::db::values::Outcome;

/// The reasons for setting a message aside, as stored, each with the suffix of its locale key.
const ASIDE: [(&str, &str); 15] = [
    ("our own message", "own"),
    ("our own message, come back", "own"),
    ("the platform's own remark about the conversation", "platform"),
    ("the platform's own remark about the chat", "platform"),
    ("written in a group or channel, where nobody is served", "group"),
    ("a command, which the bot answers by itself", "command"),
    ("a button pressed by nobody", "button"),
    ("a button that means nothing any more", "button"),
    ("added to a group or channel, or removed from it", "group"),
    ("a chat was begun", "begun"),
    ("a read receipt", "receipt"),
    ("a provider's report of abuse", "abuse"),
    ("news of somebody who has not written", "news"),
    ("delivered again", "again"),
    ("an automatic answer that belongs to nothing", "automatic"),
];

/// Explains why a raw message did not become a contact. Returns an empty text if no reason is stored with the raw message.
pub(crate) fn why_aside(words: &Words, outcome: &Outcome, noted: &str) -> String {
    if noted.is_empty() {
        return String::new();
    }
    let known = ASIDE.iter().find(|(text, _)| *text == noted);
    let end = match (known, outcome) {
        (Some((_, end)), _) => end,
        (None, Outcome::Report) => "report",
        (None, _) => "other",
    };
    words.say(&format!("aside-{end}"))
}

pub(crate) fn job(words: &Words, kind: &JobKind) -> String {
    words.say(&format!("job-{}", kind.as_str()))
}

/// Describes the outcome of a raw message that did not become a contact.
pub(crate) fn outcome(words: &Words, outcome: &Outcome) -> String {
    words.say(&format!("outcome-{outcome}"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use hotline_core::{
        job::JobKind,
        text::locale::{Language, Locales},
    };

    use super::*;

    #[test]
    fn every_kind_has_a_text_in_every_language() {
        let locales = Locales;
        for language in Language::ALL {
            let words = locales.of(language);
            let aside = ASIDE.iter().map(|(_, end)| format!("aside-{end}"));
            let more =
                ["aside-other", "aside-report", "outcome-ignored", "outcome-report"].map(str::to_owned);
            let jobs = [JobKind::Receive, JobKind::Deliver, JobKind::Fetch]
                .into_iter()
                .map(|kind| format!("job-{}", kind.as_str()));
            for key in aside.chain(more).chain(jobs) {
                assert_ne!(words.say(&key), key, "{key} in {language:?}");
            }
        }
    }

    /// Fails if the channels crate sets a message aside for a reason that is missing from [`ASIDE`].
    #[test]
    fn every_reason_to_set_something_aside_has_a_text() {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut found = 0;
        let mut folders = vec![crates.join("channels/src")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let source = std::fs::read_to_string(&path).unwrap();
                for reason in source.split("Normalised::Ignore(\"").skip(1) {
                    let reason = reason.split('"').next().unwrap();
                    found += 1;
                    assert!(
                        ASIDE.iter().any(|(text, _)| *text == reason),
                        "{reason} in {}",
                        path.display()
                    );
                }
            }
        }
        assert!(found > 5, "the source is read");
    }
}

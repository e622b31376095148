//! The decisions of routing in words.

use hotline_core::{
    contact::classification::{Scheme, TOPIC},
    routing::{
        decide::{Chosen, Decision},
        skills::Requirement,
    },
    text::locale::Words,
};
use hotline_reports::{labels::channel_name, tables::value_label};

/// Describes how a counsellor took a contact. `detail` is the name of the absent colleague whose contact it was, `next` if the counsellor
/// asked for the next contact, or empty.
pub(crate) fn claimed(words: &Words, detail: &str) -> String {
    match detail {
        "" => String::new(),
        "next" => words.say("claimed-next"),
        name => words.with("claimed-from", "name", &words.own(name)),
    }
}

/// Describes why a counsellor was chosen. `detail` is a [`Decision`] as JSON. Older versions stored a single word, which is not shown.
pub(crate) fn decided(words: &Words, scheme: &Scheme, detail: &str) -> String {
    let decision: Option<Decision> = serde_json::from_str(detail).ok();
    let chosen = decision.and_then(|decision| decision.chosen);
    chosen.map_or_else(String::new, |chosen| reasons(words, scheme, &chosen))
}

/// Describes the facts that led to a choice, such as "knows this person, 2 of 6 points used, idle 12 minutes".
pub(crate) fn reasons(words: &Words, scheme: &Scheme, chosen: &Chosen) -> String {
    let mut parts = Vec::new();
    if chosen.knows_person {
        parts.push(words.say("chosen-knows-person"));
    }
    for met in &chosen.matches {
        let value = match met.requirement {
            Requirement::Language => words.say(&format!("spoken-{}", met.value)),
            Requirement::Topic => value_label(words, scheme, TOPIC, &met.value),
            Requirement::Channel => channel_name(words, &met.value),
            Requirement::Team => words.own(&met.value),
            Requirement::Danger => String::new(),
        };
        let key = format!("chosen-{}", met.requirement.as_str());
        parts.push(words.with(&key, "value", &value));
    }
    let (load, capacity) = (chosen.load.to_string(), chosen.capacity.to_string());
    parts.push(words.with_all("chosen-load", &[("load", &load), ("capacity", &capacity)]));
    if let Some(minutes) = chosen.idle_minutes {
        let long = words.count("minutes", minutes);
        parts.push(words.with("chosen-idle", "long", &long));
    }
    if chosen.fallback {
        parts.push(words.say("chosen-fallback"));
    }
    for requirement in &chosen.relaxed {
        parts.push(words.say(&format!("relaxed-{}", requirement.as_str())));
    }
    parts.join(", ")
}

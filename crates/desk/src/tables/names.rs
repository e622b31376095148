//! What dimensions and their values are called.

use hotline_core::{
    classification::Scheme,
    figures::{
        ANSWERED, CASE_KIND, CHANNEL, COUNSELLING, FIRST_REPLY, HOUR, INSTITUTION, LANGUAGE, Of, URGENT_READ,
        WEEKDAY,
    },
    locale::{Language, Words},
};

use crate::view::channel_name;

/// What is counted, in a word.
pub(crate) fn counted_said(words: &Words, of: Of) -> String {
    words.say(&format!("counted-{}", of.as_str()))
}

/// What a dimension is called.
pub(crate) fn dimension_said(words: &Words, scheme: &Scheme, dimension: &str) -> String {
    match scheme.question(dimension) {
        Some(question) => question.label.said(words),
        None if dimension == CHANNEL => words.say("channel"),
        None => words.say(&format!("by-{}", dimension.replace('_', "-"))),
    }
}

pub(crate) fn value_said(words: &Words, scheme: &Scheme, dimension: &str, value: &str) -> String {
    match dimension {
        CHANNEL => channel_name(words, value),
        LANGUAGE => Language::parse(value).map_or_else(|| value.to_owned(), |one| one.own_name().to_owned()),
        HOUR => format!("{value}:00"),
        WEEKDAY => words.say(&format!("weekday-{value}")),
        COUNSELLING => words.say(&format!("counselling-{value}")),
        CASE_KIND => words.say(&format!("case-{value}")),
        ANSWERED => words.say(&format!("answered-{value}")),
        FIRST_REPLY | URGENT_READ => match value.parse() {
            Ok(minutes) => words.with("within", "time", &minutes_said(words, minutes)),
            Err(_) => words.say("within-later"),
        },
        INSTITUTION => {
            let known = scheme.institutions.iter().find(|one| one.id == value);
            known.map_or_else(|| value.to_owned(), |one| words.either(&one.sr, &one.en))
        }
        _ => scheme
            .question(dimension)
            .and_then(|question| question.answers.iter().find(|answer| answer.id == value))
            .map_or_else(|| value.to_owned(), |answer| answer.said(words)),
    }
}

/// Minutes as people say them.
#[must_use]
pub fn minutes_said(words: &Words, minutes: i64) -> String {
    match minutes {
        ..=90 => words.count("minutes", minutes),
        91..=2_880 => words.count("hours-long", minutes / 60),
        _ => words.count("days", minutes / 1_440),
    }
}

//! Functions that the templates of a conversation call.

use chrono::TimeDelta;
use hotline_core::time::talk;
use hotline_store::{
    contacts::detail::{ContactDetail, Identity, Message},
    db::values::Direction,
};

use crate::{http::page::shown, inbox::page::Inbox};

/// A thread with at most this number of messages is not folded.
const LONGEST_UNFOLDED: usize = 30;
/// The number of messages that are shown before the folded ones.
const SHOWN_BEFORE_FOLD: usize = 2;
/// The number of messages that are shown after the folded ones.
const SHOWN_AFTER_FOLD: usize = 20;

/// The number of characters of a message that are proposed as the summary of a case.
const PROPOSED: usize = 300;

/// A part of a thread.
pub(super) struct ThreadPart<'a> {
    /// The index of the first message of the part.
    pub(super) begin: usize,
    /// Whether the part is folded at first.
    pub(super) folded: bool,
    pub(super) messages: &'a [Message],
}

impl Inbox<'_> {
    /// Returns who wrote a message.
    pub(super) fn author(&self, message: &Message) -> String {
        let words = self.frame.words;
        let author = words.own(message.author.as_deref().unwrap_or_default());
        match message.direction {
            Direction::In => {
                if let Some(pseudonym) = self.open.and_then(|open| self.pseudonym(open)) {
                    return pseudonym;
                }
                let body = message.body.as_ref().and_then(|body| body.name.as_deref());
                let card = self.open.and_then(|open| open.card.as_ref()?.name.as_deref());
                let name = body.or(card).map(str::trim).filter(|name| !name.is_empty());
                name.map_or_else(|| words.say("the-person"), |name| shown(name).into_owned())
            }
            Direction::Note => format!("{}: {author}", words.say("note")),
            Direction::Call => {
                let taken = format!("{} {author}", words.say("call-by"));
                let talk = self.open.and_then(|open| open.talk).map(talk::format_with_unit);
                talk.map_or(taken.clone(), |talk| format!("{taken} · {talk}"))
            }
            Direction::Automatic => words.say("acknowledgement"),
            Direction::Reply | Direction::Notice => author,
        }
    }

    /// Returns whether the message with index `which` follows a message of the same kind and the same author at most ten minutes later, so
    /// that the page shows the author only once.
    pub(super) fn continues(&self, which: &usize) -> bool {
        let messages = self.open.map_or(&[][..], |open| open.messages.as_slice());
        let before = which.checked_sub(1).and_then(|before| messages.get(before));
        let Some((before, message)) = before.zip(messages.get(*which)) else {
            return false;
        };
        (before.direction, &before.author) == (message.direction, &message.author)
            && message.at - before.at < TimeDelta::minutes(10)
            && self.new_day(which).is_none()
    }

    /// Splits a thread into its parts. The middle of a long thread is folded.
    pub(super) fn thread<'m>(&self, open: &'m ContactDetail) -> Vec<ThreadPart<'m>> {
        let end = open.messages.len();
        let (head, tail) = match end {
            0..=LONGEST_UNFOLDED => (0, 0),
            _ => (SHOWN_BEFORE_FOLD, end - SHOWN_AFTER_FOLD),
        };
        [(0, head, false), (head, tail, true), (tail, end, false)]
            .into_iter()
            .filter_map(|(begin, end, folded)| {
                let messages = open
                    .messages
                    .get(begin..end)
                    .filter(|messages| !messages.is_empty())?;
                Some(ThreadPart {
                    begin,
                    folded,
                    messages,
                })
            })
            .collect()
    }

    /// Describes the folded part of a thread.
    pub(super) fn folded(&self, part: &ThreadPart<'_>) -> String {
        let count = i64::try_from(part.messages.len()).unwrap_or(i64::MAX);
        self.frame.words.count("messages-folded", count)
    }

    /// Proposes the summary of a new case: the subject or, without a subject, the beginning of the first message that has a text.
    pub(super) fn proposed_summary(&self, open: &ContactDetail) -> String {
        // What one reader revealed must not reach everybody who reads the case.
        if matches!(open.identity, Identity::RevealedUntil(_)) {
            return String::new();
        }
        let subject = open.card.as_ref().and_then(|card| card.subject.clone());
        let mut bodies = open.messages.iter().filter_map(|message| message.body.as_ref());
        let text = bodies.find(|body| !body.text.trim().is_empty());
        let text = text.map(|body| body.text.chars().take(PROPOSED).collect());
        let proposed = subject.filter(|subject| !subject.trim().is_empty()).or(text);
        proposed.unwrap_or_default()
    }

    /// Returns why the composer of a reply is not shown. `None` if the contact can be answered.
    pub(super) fn why_no_reply(&self, open: &ContactDetail) -> Option<String> {
        let key = match &open.card {
            None => "no-reply-erased",
            Some(_) if open.can_be_answered => return None,
            Some(card) if open.is_call && card.answered_at().is_none() => "no-reply-anonymous",
            Some(_) if open.is_call => "no-reply-network",
            Some(_) => "no-reply-address",
        };
        Some(self.frame.words.say(key))
    }

    /// Returns the date to show above the message with index `which`. Returns `None` if the previous message has the same date, or if the
    /// contact has only one message.
    pub(super) fn new_day(&self, which: &usize) -> Option<String> {
        let messages = &self.open?.messages;
        let day = |at: usize| messages.get(at).map(|message| self.frame.date(&message.at));
        let here = day(*which);
        let before = which.checked_sub(1).and_then(day);
        here.filter(|_| messages.len() > 1 && day(*which) != before)
    }
}

//! Reading a mail: bytes in, a message out. No clock, no network, no panic that is ours.

use hotline_core::{
    counting::Joining,
    locale::Language,
    message::{Evidence, Incoming, Normalised, Origin, RawMessage, Remark, Unreadable},
    private::Private,
    token::ThreadToken,
};
use mail_parser::{Address, HeaderValue, Message, MessageParser};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

use super::{
    mend,
    parts::parts,
    report::{Report, recognise},
    thread::OwnAddress,
    words::words,
};
use crate::{channel::Attachments, clean::one_line};

/// Ids of a thread that are looked at.
const MOST_REFERENCES: usize = 50;

/// Reads a raw message that came to `own`. With `Attachments::Never` the parts are named and not kept apart.
pub fn read(raw: &RawMessage, own: &OwnAddress, attachments: Attachments) -> Normalised {
    let bytes = mend::mended(&raw.bytes);
    let Some(mail) = MessageParser::default().parse(bytes.as_ref()) else {
        return unreadable("it has no headers", None);
    };
    if mail.headers().is_empty() {
        return unreadable("it has no headers", None);
    }
    match recognise(&mail, &bytes, own) {
        Some(Report::Delivery(report)) => return Normalised::Report(report),
        Some(Report::Opened) => return Normalised::Ignore("a read receipt"),
        None => {}
    }
    let mut remarks = Vec::new();
    let (text, quoted) = words(&mail, raw, &mut remarks);
    let parts = parts(&mail, attachments, &mut remarks);
    let identifier = mail.from().and_then(first_address);
    let answer_to = answer_to(&mail, identifier.as_deref());
    if answer_to.is_some() {
        remarks.push(Remark::AnswerElsewhere);
    }
    if text.is_empty() && parts.is_empty() && subject(&mail).is_none() && identifier.is_none() {
        return unreadable("there is nothing in it that can be read", None);
    }
    let mut origin = origin(&mail);
    // Whoever writes in our name is answered by no machine: it would answer itself.
    if origin == Origin::Person && identifier.as_deref() == Some(own.plain().as_str()) {
        origin = Origin::Machine;
    }
    if origin != Origin::Person {
        remarks.push(Remark::Automatic);
    }
    let ancestors = ancestors(&mail);
    let addressed = ["To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To"];
    let tokens = addressed
        .iter()
        .flat_map(|name| mail.header_values(*name))
        .flat_map(addresses);
    let mut evidence: Vec<_> = tokens
        .filter_map(|address| own.token_in_address(&address))
        .take(MOST_REFERENCES)
        .map(Evidence::Token)
        .collect();
    evidence.extend(ancestors.iter().rev().map(|id| own.evidence(id)));
    let message_id = mail
        .message_id()
        .map(one_line)
        .filter(|id| !id.is_empty() && id.len() <= 500);
    Normalised::Message(Box::new(Incoming {
        name: name(&mail),
        answer_to: answer_to.map(Private::new),
        joining: Joining::ByEvidence,
        echo_of: echo_of(own, message_id.as_deref(), identifier.as_deref()),
        evidence,
        references: ancestors,
        message_id,
        subject: subject(&mail),
        language: Language::guess(&text),
        text,
        quoted,
        parts,
        origin,
        claimed_at: mail
            .date()
            .and_then(|date| chrono::DateTime::from_timestamp(date.to_timestamp(), 0)),
        identifier: identifier.map(Private::new),
        remarks,
        ..Incoming::default()
    }))
}

fn unreadable(reason: &str, identifier: Option<String>) -> Normalised {
    Normalised::Unreadable(Unreadable {
        reason: reason.to_owned(),
        identifier: identifier.map(Private::new),
        ..Unreadable::default()
    })
}

/// A copy of our own mail is one that carries our Message-ID and our address; the store knows whether we sent it.
fn echo_of(
    own: &OwnAddress,
    message_id: Option<&str>,
    identifier: Option<&str>,
) -> Option<(Uuid, Option<ThreadToken>)> {
    let ours = identifier.is_some_and(|identifier| identifier == own.plain());
    let (id, token) = message_id.filter(|_| ours).and_then(|id| own.own_message(id))?;
    Some((id, Some(token)))
}

/// A sender's address in its one spelling: small letters. Nothing that could not be answered.
pub fn first_address(addresses: &Address<'_>) -> Option<String> {
    addresses.iter().find_map(|one| canonical(one.address()?))
}

fn canonical(address: &str) -> Option<String> {
    let address: String = address.trim().nfc().collect::<String>().to_lowercase();
    let (local, domain) = address.rsplit_once('@')?;
    let odd = |c: char| c.is_whitespace() || c.is_control() || "<>,;".contains(c);
    let lawful = !local.is_empty() && !domain.is_empty() && address.len() <= 320 && !address.contains(odd);
    lawful.then_some(address)
}

fn answer_to(mail: &Message<'_>, identifier: Option<&str>) -> Option<String> {
    let mut all = mail
        .reply_to()?
        .iter()
        .filter_map(|one| canonical(one.address()?));
    let (first, second) = (all.next()?, all.next());
    (second.is_none() && Some(first.as_str()) != identifier).then_some(first)
}

fn name(mail: &Message<'_>) -> Option<String> {
    let name = mail.from()?.iter().find_map(|one| one.name())?;
    Some(one_line(name).chars().take(200).collect()).filter(|name: &String| !name.is_empty())
}

pub fn subject(mail: &Message<'_>) -> Option<String> {
    Some(one_line(mail.subject()?).chars().take(1_000).collect())
        .filter(|subject: &String| !subject.is_empty())
}

/// Every address a header names, whatever form it was parsed into.
fn addresses(value: &HeaderValue<'_>) -> Vec<String> {
    if let HeaderValue::Address(addresses) = value {
        addresses
            .iter()
            .filter_map(|one| one.address())
            .take(200)
            .map(str::to_owned)
            .collect()
    } else {
        value
            .as_text()
            .map(|text| text.trim_matches(['<', '>', ' ']).to_owned())
            .into_iter()
            .collect()
    }
}

/// The ids a mail names as its ancestors: References, then In-Reply-To, oldest first.
fn ancestors(mail: &Message<'_>) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for header in [mail.references(), mail.in_reply_to()] {
        let many = header
            .as_text_list()
            .unwrap_or_default()
            .iter()
            .map(|id| one_line(id));
        let one = header
            .as_text()
            .filter(|_| header.as_text_list().is_none())
            .map(one_line);
        for id in many.chain(one).take(MOST_REFERENCES * 20) {
            let lawful = !id.is_empty() && id.len() <= 500 && !id.contains(' ');
            if lawful && !ids.contains(&id) {
                ids.push(id);
            }
        }
    }
    let surplus = ids.len().saturating_sub(MOST_REFERENCES);
    ids.split_off(surplus)
}

/// Whether a person wrote it (RFC 3834, section 2, and what programs do in practice).
fn origin(mail: &Message<'_>) -> Origin {
    let header = |name: &str| {
        mail.header_raw(name)
            .map(|value| value.trim().to_ascii_lowercase())
    };
    let submitted = header("Auto-Submitted").unwrap_or_default();
    let precedence = header("Precedence").unwrap_or_default();
    let replied = submitted.starts_with("auto-replied")
        || precedence == "auto_reply"
        || ["X-Autoreply", "X-Autorespond", "X-Autoresponder"]
            .iter()
            .any(|name| header(name).is_some());
    if replied {
        return Origin::AutoReply;
    }
    let machine = (!submitted.is_empty() && !submitted.starts_with("no"))
        || ["bulk", "list", "junk"].contains(&precedence.as_str())
        || [
            "List-Id",
            "List-Unsubscribe",
            "X-Loop",
            "X-Auto-Response-Suppress",
            "Feedback-ID",
        ]
        .iter()
        .any(|name| header(name).is_some())
        || header("Return-Path").is_some_and(|path| path == "<>");
    if machine { Origin::Machine } else { Origin::Person }
}

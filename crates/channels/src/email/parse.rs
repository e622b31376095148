//! Parses the bytes of a mail into a message. The result depends only on the bytes and the settings, not on the time or the network. The
//! code in this crate that parses mails never panics.

use bytes::Bytes;
use hotline_core::{
    contact::{
        joining::Joining,
        message::{Evidence, Incoming, Normalised, Origin, RawMessage, Remark, Unreadable},
    },
    identifiers::{private::Private, token::ThreadToken},
    text::{locale::Language, quoting::split},
};
use mail_parser::{Address, HeaderValue, Message, MessageParser};
use uuid::Uuid;

use super::{
    address::{self, Sender, canonical},
    automatic::{self, is_to_many},
    contents::{MailContents, read_contents},
    own_addresses::OurAddresses,
    parts::parts,
    repair,
    report::{Report, recognise_report},
    text::join_paragraphs,
    token_search, tree,
};
use crate::{channel::Attachments, clean::one_line};

/// How many Message-IDs from `References` and `In-Reply-To` are examined at most. If a mail has more, only the last ones are examined.
const MOST_REFERENCES: usize = 50;

/// Parses a raw message that arrived in one of our mailboxes. With `Attachments::Never`, the bytes of files are left out.
pub fn parse_mail(raw: &RawMessage, ours: &OurAddresses, attachments: Attachments) -> Normalised {
    let bytes = repair::repaired(&raw.bytes);
    let Some(mail) = MessageParser::default().parse(bytes.as_ref()) else {
        return unreadable("it has no headers", None);
    };
    if mail.headers().is_empty() {
        return unreadable("it has no headers", None);
    }
    match recognise_report(&mail, &bytes, ours) {
        Some(Report::Delivery(report)) => return Normalised::Report(report),
        Some(Report::Opened) => return Normalised::Ignore("a read receipt"),
        Some(Report::Complaint) => return Normalised::Ignore("a provider's report of abuse"),
        None => {}
    }
    let mut remarks = Vec::new();
    let contents = match raw.cut_from {
        None => {
            let mail = tree::read(&Bytes::copy_from_slice(&bytes), attachments);
            read_contents(&mail, &mut remarks)
        }
        Some(_) => {
            remarks.push(Remark::TooLarge);
            MailContents::default()
        }
    };
    let text = contents.text;
    let parts = parts(contents.files, attachments, &mut remarks);
    let Sender {
        address: identifier,
        name,
    } = address::sender(&mail);
    let answer_to = answer_to(&mail, identifier.as_deref(), ours);
    if answer_to.is_some() {
        remarks.push(Remark::AnswerElsewhere);
    }
    if text.is_empty()
        && contents.folded.is_empty()
        && parts.is_empty()
        && subject(&mail).is_none()
        && identifier.is_none()
    {
        return unreadable("there is nothing in it that can be read", None);
    }
    let ancestors = ancestors(&mail);
    let addressed = ["To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To"];
    let tokens = addressed
        .iter()
        .flat_map(|name| mail.header_values(*name))
        .flat_map(addresses);
    let mut evidence: Vec<_> = tokens
        .filter_map(|address| ours.token_in_address(&address))
        .take(MOST_REFERENCES)
        .map(Evidence::Token)
        .collect();
    evidence.extend(ancestors.iter().rev().map(|id| ours.evidence(id)));
    let answers_us = evidence.iter().any(|one| matches!(one, Evidence::Token(_)));
    let split = split(&text, answers_us, &|address: &str| ours.contains(address));
    let subject = subject(&mail);
    let parsed = automatic::ParsedMail {
        mail: &mail,
        ours,
        identifier: identifier.as_deref(),
        subject: subject.as_deref(),
        text: &split.text,
        answers_us,
    };
    let origin = automatic::origin(&parsed);
    let unacknowledged = automatic::is_unacknowledged(&parsed);
    if origin != Origin::Person {
        remarks.push(Remark::Automatic);
    } else if is_to_many(&mail) {
        remarks.push(Remark::MailingList);
    }
    if origin == Origin::AutoReply && !parsed.answers_us {
        let found = token_search::find_token(&mail, &bytes, ours);
        evidence.extend(found.map(|found| Evidence::Token(found.token)));
    }
    let message_id = mail
        .message_id()
        .map(one_line)
        .filter(|id| !id.is_empty() && id.len() <= 500);
    Normalised::Message(Box::new(Incoming {
        name,
        answer_to: answer_to.map(Private::new),
        joining: Joining::ByEvidence,
        echo_of: echo_of(ours, message_id.as_deref(), identifier.as_deref()),
        evidence,
        references: ancestors,
        message_id,
        subject,
        language: Language::guess(&split.text),
        copied: split.quoted.len(),
        quoted: join_paragraphs(&[&split.quoted, &contents.folded]),
        text: split.text,
        parts,
        origin,
        unacknowledged,
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

/// Returns the id and the thread token of a message that we may have sent, if this mail looks like a copy of it. A copy has the
/// Message-ID of our message and our sender address. The intake later checks whether we really sent the message.
fn echo_of(
    ours: &OurAddresses,
    message_id: Option<&str>,
    identifier: Option<&str>,
) -> Option<(Uuid, Option<ThreadToken>)> {
    let from_us = identifier.is_some_and(|identifier| ours.contains(identifier));
    let (id, token) = message_id
        .filter(|_| from_us)
        .and_then(|id| ours.own_message(id))?;
    Some((id, Some(token)))
}

/// Returns the `Reply-To` address, if it differs from the sender's address. Ignores our own addresses, because the reply would only
/// return to us, and mailing lists, because all subscribers would read the reply. Returns `None` if several addresses remain.
fn answer_to(mail: &Message<'_>, identifier: Option<&str>, ours: &OurAddresses) -> Option<String> {
    let posts = mail.header_raw("List-Post").unwrap_or_default().to_lowercase();
    let headers = [mail.to(), mail.cc()].into_iter().flatten();
    let wrote_to: Vec<String> = headers
        .flat_map(Address::iter)
        .filter_map(|one| canonical(one.address()?))
        .collect();
    let mut all = mail
        .reply_to()?
        .iter()
        .filter_map(|one| canonical(one.address()?))
        .filter(|address| {
            let is_list = posts.contains(&format!("mailto:{address}"))
                || (is_to_many(mail) && wrote_to.contains(address));
            !ours.contains(address) && !is_list
        });
    let (first, second) = (all.next()?, all.next());
    (second.is_none() && Some(first.as_str()) != identifier).then_some(first)
}

fn subject(mail: &Message<'_>) -> Option<String> {
    Some(one_line(mail.subject()?).chars().take(1_000).collect())
        .filter(|subject: &String| !subject.is_empty())
}

/// Returns all addresses in a header, even if the parser read the header as plain text.
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

/// Returns the Message-IDs in the `References` header, oldest first, followed by those in `In-Reply-To`. Returns only the last
/// `MOST_REFERENCES` if there are more.
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

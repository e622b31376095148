//! What a mail says: its text, from whichever of its parts has one, and what was quoted with it.

use hotline_core::message::{RawMessage, Remark};
use mail_parser::{Message, MessagePart, MimeHeaders, PartType};
use unicode_normalization::UnicodeNormalization;

use super::{
    html, mend,
    quote::split,
    read::{first_address, subject},
};

/// Characters of text beyond which the rest is left to the raw message.
const LONGEST_TEXT: usize = 100_000;
/// What the person wrote, and what was quoted with it.
pub fn words(mail: &Message<'_>, raw: &RawMessage, remarks: &mut Vec<Remark>) -> (String, String) {
    if raw.cut_from.is_some() {
        remarks.push(Remark::TooLarge);
        return (String::new(), String::new());
    }
    let plain: Vec<String> = mail
        .text_bodies()
        .filter_map(|part| plain_text(mail, part))
        .collect();
    let mut text = tidy(&plain.join("\n\n"));
    if text.is_empty() {
        let html: Vec<String> = mail
            .html_bodies()
            .filter_map(|part| html_text(mail, part))
            .collect();
        text = tidy(&html.join("\n\n"));
        if !text.is_empty() {
            remarks.push(Remark::FromHtml);
        }
    }
    if text.is_empty() {
        text = tidy(&unsplit(mail));
    }
    if text.is_empty()
        && let Some(passed_on) = passed_on(mail)
    {
        return (String::new(), passed_on);
    }
    if text.chars().count() > LONGEST_TEXT {
        text = text.chars().take(LONGEST_TEXT).collect();
        remarks.push(Remark::TextCut);
    }
    let split = split(&text);
    (split.text, split.quoted)
}

/// The text of a mail that was passed on without a word, with what its head says of it.
fn passed_on(mail: &Message<'_>) -> Option<String> {
    let inner = mail.attachments().find_map(MessagePart::message)?;
    let text: Vec<String> = inner
        .text_bodies()
        .filter_map(|part| plain_text(inner, part))
        .collect();
    let head = [subject(inner), inner.from().and_then(first_address)]
        .into_iter()
        .flatten();
    let whole: Vec<String> = head.chain([tidy(&text.join("\n\n"))]).collect();
    let shown: String = whole.join("\n").trim().chars().take(LONGEST_TEXT).collect();
    Some(shown).filter(|shown| !shown.is_empty())
}

/// What stands in a multipart whose boundary never comes: nothing of it is a part, all of it may be the message.
fn unsplit(mail: &Message<'_>) -> String {
    let whole = mail.attachments().find(|part| {
        part.content_type()
            .is_some_and(|kind| kind.ctype() == "multipart")
    });
    whole
        .and_then(|part| part.text_contents())
        .unwrap_or_default()
        .to_owned()
}

fn plain_text(mail: &Message<'_>, part: &MessagePart<'_>) -> Option<String> {
    let PartType::Text(text) = &part.body else {
        return None;
    };
    let text = mend::text_of(&mail.raw_message, part, charset(part), text);
    let kind = part.content_type();
    let flowed = kind
        .and_then(|kind| kind.attribute("format"))
        .is_some_and(|format| format.eq_ignore_ascii_case("flowed"));
    let deleted = kind
        .and_then(|kind| kind.attribute("delsp"))
        .is_some_and(|delsp| delsp.eq_ignore_ascii_case("yes"));
    Some(if flowed {
        unflowed(&text, deleted)
    } else {
        text.to_string()
    })
}

fn html_text(mail: &Message<'_>, part: &MessagePart<'_>) -> Option<String> {
    let PartType::Html(html) = &part.body else {
        return None;
    };
    Some(html::text_of(&mend::text_of(
        &mail.raw_message,
        part,
        charset(part),
        html,
    )))
}

fn charset<'a>(part: &'a MessagePart<'_>) -> Option<&'a str> {
    part.content_type()?.attribute("charset")
}

/// Joins the lines of flowed text (RFC 3676): one that ends in a space goes on in the next of the same quote depth.
fn unflowed(text: &str, deleted: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open: Option<usize> = None;
    for line in text.lines() {
        let depth = line.chars().take_while(|c| *c == '>').count();
        let body = line.trim_start_matches('>');
        let body = body.strip_prefix(' ').unwrap_or(body);
        if open != Some(depth) {
            if !out.is_empty() {
                out.push('\n');
            }
            out.push_str(&">".repeat(depth));
            if depth > 0 {
                out.push(' ');
            }
        }
        let goes_on = body.ends_with(' ') && body != "-- ";
        out.push_str(if goes_on && deleted {
            body.strip_suffix(' ').unwrap_or(body)
        } else {
            body
        });
        open = goes_on.then_some(depth);
    }
    out
}

/// Composed letters, plain line ends, no characters that no one can see and something else might act on.
fn tidy(text: &str) -> String {
    let unified = text.replace("\r\n", "\n").replace('\r', "\n");
    let seen = |c: &char| (!c.is_control() && *c != '\u{feff}') || matches!(c, '\n' | '\t');
    unified.nfc().filter(seen).collect::<String>().trim().to_owned()
}

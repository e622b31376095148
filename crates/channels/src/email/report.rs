//! Recognises delivery reports (RFC 3464) and bounces in other formats.
//!
//! A mail is recognised as a report mainly by two facts: it contains one of our messages, and a mail system sent it. The rules do not
//! depend on the mail server's software. A report that a person forwards counts as a mail from that person. Headers that are typical of
//! reports do not suffice to make a person's mail a report.

use hotline_core::contact::message::DeliveryReport;
use mail_parser::{Message, MessagePart, MimeHeaders, PartType};

use super::{
    automatic::{auto_submitted, has_absent_subject, has_null_sender},
    delivery_status,
    own_addresses::OurAddresses,
    token_search::{self, FoundToken, Place},
};

/// A report that a program sent.
pub enum Report {
    /// A report on the delivery of a message. We may not be the sender of that message.
    Delivery(DeliveryReport),
    /// A read receipt: the recipient's mail program reports that a mail was opened.
    Opened,
    /// A provider reports that a recipient marked a mail as abuse (RFC 5965).
    Complaint,
}

/// Who or what sent a mail that may be a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Author {
    /// A mail system, recognised by its name.
    Daemon,
    /// The postmaster, who may be a mail system or a person.
    Postmaster,
    /// A gateway, such as a virus scanner, recognised by its name.
    Gateway,
    /// An empty sender address (`<>`), to which no answer can be sent.
    Nobody,
    /// A program that marks its mail as automatic (`Auto-Submitted`).
    Program,
    /// Any other sender.
    Person,
}

/// Returns the report that a mail contains. Returns `None` if the mail is not a report.
pub fn recognise_report(mail: &Message<'_>, raw: &[u8], ours: &OurAddresses) -> Option<Report> {
    let author = author(mail);
    // Normally a disposition notification is a read receipt. From a mail system, it means that the system discarded the mail.
    if author != Author::Daemon
        && let Some(disposition) = part_in_report(mail, &["disposition-notification"])
        && !delivery_status::field(&disposition, "disposition").is_empty()
    {
        return Some(Report::Opened);
    }
    if part_in_report(mail, &["feedback-report"]).is_some() {
        return Some(Report::Complaint);
    }
    let status = part_in_report(mail, &STATUS).or_else(|| match author {
        Author::Person => None,
        // An automatic sender may put the status part outside the `multipart/report`, or declare another report type. All parts of its
        // mail are therefore searched.
        Author::Daemon | Author::Postmaster | Author::Gateway | Author::Nobody | Author::Program => {
            first_part_of(mail.parts.iter(), &STATUS)
        }
    });
    let is_report = match author {
        Author::Person => status.is_some(),
        Author::Daemon => true,
        Author::Postmaster | Author::Gateway | Author::Nobody | Author::Program => {
            status.is_some() || speaks_of_delivery(mail, raw, ours, author)
        }
    };
    is_report.then(|| {
        Report::Delivery(delivery_report(
            mail,
            status,
            token_search::find_token(mail, raw, ours),
        ))
    })
}

/// The media subtypes of parts that contain a delivery status. The first is for ASCII, the second for UTF-8 (RFC 6533).
const STATUS: [&str; 2] = ["delivery-status", "global-delivery-status"];

/// Returns whether a mail without a status part is a delivery report. A mail from an `Author::Daemon` always is. A person may have sent a
/// mail that only looks like a report, for example a postmaster, or a visitor of a web form that sets no address. Any other mail is
/// therefore a report only if it contains one of our thread tokens, or if it mentions a delivery and was sent automatically.
fn speaks_of_delivery(mail: &Message<'_>, raw: &[u8], ours: &OurAddresses, author: Author) -> bool {
    let failed = mail.header_raw("X-Failed-Recipients").is_some()
        || mail.parts.iter().any(is_report)
        || delivery_status::is_of_delivery(mail.subject().unwrap_or_default());
    let token = token_search::find_token(mail, raw, ours);
    let returned = token.as_ref().is_some_and(|token| token.place == Place::Returned);
    let by_program = has_null_sender(mail) || !auto_submitted(mail).is_empty();
    // If the `From` header is only `<>`, no person sent the mail. The `From` header of a person's mail contains at least a name.
    let is_nobodys = mail.header_raw("From").is_some_and(|from| from.trim() == "<>");
    match author {
        Author::Daemon => true,
        // An out-of-office answer may also contain the message that it answers, so such a mail is not always a report.
        Author::Nobody if returned => failed || !has_absent_subject(mail.subject()),
        Author::Nobody if is_nobodys && token.is_some() => true,
        Author::Nobody | Author::Postmaster => returned || (failed && (by_program || token.is_some())),
        Author::Gateway => failed && token.is_some(),
        Author::Program => failed && returned,
        Author::Person => false,
    }
}

fn delivery_report(mail: &Message<'_>, status: Option<String>, token: Option<FoundToken>) -> DeliveryReport {
    let text = first_text(mail);
    let subject = mail.subject().unwrap_or_default();
    let fate = match &status {
        Some(status) => {
            delivery_status::fate_of(status).unwrap_or_else(|| delivery_status::fate_in_words(subject, &text))
        }
        None => delivery_status::fate_in_words(subject, &text),
    };
    let reason = status
        .map(|status| delivery_status::describe_status(&status))
        .unwrap_or_default();
    let reason = if reason.is_empty() {
        let recipients = mail
            .header_raw("X-Failed-Recipients")
            .map(str::trim)
            .unwrap_or_default();
        format!(
            "{recipients} {}",
            delivery_status::reply_line(&text).unwrap_or_default()
        )
    } else {
        reason
    };
    let (message, token) = token.map_or((None, None), |found| (found.message, Some(found.token)));
    DeliveryReport {
        token,
        message,
        fate,
        reason: reason.trim().to_owned().into(),
    }
}

fn author(mail: &Message<'_>) -> Author {
    let from = mail.from().and_then(|from| from.first());
    let address = from.and_then(|from| from.address()).unwrap_or_default();
    let name = from.and_then(|from| from.name()).unwrap_or_default();
    let raw_from = mail.header_raw("From").unwrap_or_default().trim().to_lowercase();
    let local = address.split('@').next().unwrap_or_default().to_lowercase();
    let letters: String = local.chars().filter(|c| c.is_alphanumeric()).collect();
    let name = name.to_lowercase();
    let daemons = ["mailerdaemon", "maildaemon", "maildeliverysubsystem", "mdaemon"];
    let systems = [
        "mail delivery s",
        "mail-delivery-s",
        "mailer-daemon",
        "mailer daemon",
        "internet mail delivery",
    ];
    let is_system = |text: &str| systems.iter().any(|start| text.starts_with(start));
    let raw_name = raw_from.trim_matches('"');
    let postmasters = ["postmaster", "systemadministrator"];
    let gateways = [
        "ndr",
        "dsn",
        "smtp",
        "imss",
        "antivirus",
        "mailscanner",
        "mailsweeper",
    ];
    let mut words = local.split(|c: char| !c.is_alphanumeric());
    let system = is_system(&name) || (address.is_empty() && is_system(raw_name));
    if system || daemons.contains(&letters.as_str()) {
        Author::Daemon
    } else if postmasters.contains(&letters.as_str()) || letters.starts_with("microsoftexchange") {
        Author::Postmaster
    } else if has_null_sender(mail) || raw_from.ends_with("<>") {
        Author::Nobody
    } else if !auto_submitted(mail).is_empty() {
        Author::Program
    } else if words.any(|word| gateways.contains(&word)) {
        Author::Gateway
    } else {
        Author::Person
    }
}

fn is_report(part: &MessagePart<'_>) -> bool {
    let kind = part.content_type();
    kind.is_some_and(|kind| kind.ctype() == "multipart" && kind.subtype() == Some("report"))
}

/// Finds the first part with one of the given media subtypes inside a `multipart/report`, and returns its decoded text.
fn part_in_report(mail: &Message<'_>, subtypes: &[&str]) -> Option<String> {
    let reports = mail.parts.iter().filter(|part| is_report(part));
    let inside = reports.flat_map(|report| match &report.body {
        PartType::Multipart(parts) => parts.as_slice(),
        PartType::Text(_)
        | PartType::Html(_)
        | PartType::Binary(_)
        | PartType::InlineBinary(_)
        | PartType::Message(_) => &[],
    });
    first_part_of(inside.filter_map(|id| mail.part(*id)), subtypes)
}

fn first_part_of<'a>(parts: impl Iterator<Item = &'a MessagePart<'a>>, subtypes: &[&str]) -> Option<String> {
    let mut parts = parts.filter(|part| {
        let kind = part.content_type();
        kind.is_some_and(|kind| {
            let named = |subtype: &str| subtypes.iter().any(|one| one.eq_ignore_ascii_case(subtype));
            kind.ctype().eq_ignore_ascii_case("message") && kind.subtype().is_some_and(named)
        })
    });
    let part = parts.next()?;
    Some(String::from_utf8_lossy(part_bytes(part)).into_owned())
}

fn part_bytes<'a>(part: &'a MessagePart<'_>) -> &'a [u8] {
    match &part.body {
        PartType::Text(text) | PartType::Html(text) => text.as_bytes(),
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => bytes,
        PartType::Message(message) => message.raw_message(),
        PartType::Multipart(_) => &[],
    }
}

/// Returns the text of a report for human readers, without the copy of the returned message.
fn first_text(mail: &Message<'_>) -> String {
    let found = mail.body_text(0).unwrap_or_default();
    delivery_status::without_copy(&found).to_owned()
}

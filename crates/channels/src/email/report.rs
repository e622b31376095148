//! Delivery reports (RFC 3464) and the bounces of servers that do not write them.

use hotline_core::message::{DeliveryReport, Fate};
use mail_parser::{Message, MessagePart, MimeHeaders, PartType};

use super::thread::OwnAddress;

/// What kind of machine-made report a mail is.
pub enum Report {
    /// About a message of ours.
    Delivery(DeliveryReport),
    /// Somebody's program says that a mail was opened.
    Opened,
}

/// Recognises a report. `None`: an ordinary mail.
pub fn recognise(mail: &Message<'_>, raw: &[u8], own: &OwnAddress) -> Option<Report> {
    let kind = mail
        .content_type()
        .filter(|kind| kind.ctype() == "multipart" && kind.subtype() == Some("report"));
    let report_type = kind
        .and_then(|kind| kind.attribute("report-type"))
        .map(str::to_ascii_lowercase);
    match report_type.as_deref() {
        Some("disposition-notification") => return Some(Report::Opened),
        Some("delivery-status") => {}
        _ => return bounce(mail, raw, own),
    }
    let status = mail
        .parts
        .iter()
        .find(|part| is_type(part, "delivery-status"))
        .map(|part| String::from_utf8_lossy(contents(part)).into_owned())
        .unwrap_or_default();
    let fate = match field(&status, "action").to_ascii_lowercase().as_str() {
        "delayed" => Fate::Delayed,
        "delivered" | "relayed" | "expanded" => Fate::Delivered,
        _ => Fate::Failed,
    };
    let said = format!(
        "{} {}",
        field(&status, "status"),
        field(&status, "diagnostic-code")
    );
    Some(Report::Delivery(tied(
        mail,
        raw,
        own,
        fate,
        said.trim().to_owned(),
    )))
}

/// A bounce in words only: Exim and qmail, and servers that send no proper report.
fn bounce(mail: &Message<'_>, raw: &[u8], own: &OwnAddress) -> Option<Report> {
    let failed = mail
        .header_raw("X-Failed-Recipients")
        .map(|recipients| recipients.trim().to_owned());
    let from = mail
        .from()
        .and_then(|from| from.first())
        .and_then(|from| from.address())
        .unwrap_or_default();
    let daemon = from.to_ascii_lowercase().starts_with("mailer-daemon@");
    let report = tied(mail, raw, own, Fate::Failed, failed.clone().unwrap_or_default());
    // Without our own mark in it, only a server that says what it is is believed.
    (failed.is_some() || (daemon && report.token.is_some())).then_some(Report::Delivery(report))
}

fn tied(mail: &Message<'_>, raw: &[u8], own: &OwnAddress, fate: Fate, said: String) -> DeliveryReport {
    let original = returned_ids(raw).find_map(|id| own.own_message(&id));
    let addressed = mail
        .to()
        .and_then(|to| to.iter().find_map(|to| own.token_in_address(to.address()?)));
    let (message, token) = match original {
        Some((id, token)) => (Some(id), Some(token)),
        None => (None, addressed),
    };
    DeliveryReport {
        token,
        message,
        fate,
        said: said.into(),
    }
}

/// The Message-IDs of what came back: every such header below the report's own head.
fn returned_ids(raw: &[u8]) -> impl Iterator<Item = String> + '_ {
    let lines = raw.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    lines
        .skip_while(|line| !line.is_empty())
        .take(20_000)
        .filter_map(|line| {
            let (name, value) = line.split_at_checked(11)?;
            let id = name
                .eq_ignore_ascii_case(b"message-id:")
                .then(|| String::from_utf8_lossy(value.trim_ascii()));
            id.map(|id| id.trim_matches(['<', '>']).to_owned())
        })
}

fn is_type(part: &MessagePart<'_>, subtype: &str) -> bool {
    let found = part.content_type().and_then(mail_parser::ContentType::subtype);
    found.is_some_and(|found| found.eq_ignore_ascii_case(subtype))
}

fn contents<'a>(part: &'a MessagePart<'_>) -> &'a [u8] {
    match &part.body {
        PartType::Text(text) | PartType::Html(text) => text.as_bytes(),
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => bytes,
        PartType::Message(message) => message.raw_message(),
        PartType::Multipart(_) => &[],
    }
}

/// A field of a delivery-status part, its continuation lines joined.
fn field(status: &str, name: &str) -> String {
    let mut lines = status.lines();
    let starts = |line: &str| {
        line.split_once(':')
            .is_some_and(|(found, _)| found.trim().eq_ignore_ascii_case(name))
    };
    let Some(first) = lines.by_ref().find(|line| starts(line)) else {
        return String::new();
    };
    let mut value = first
        .split_once(':')
        .map(|(_, value)| value.trim().to_owned())
        .unwrap_or_default();
    for more in lines.take_while(|line| line.starts_with([' ', '\t'])) {
        value.push(' ');
        value.push_str(more.trim());
    }
    value
}

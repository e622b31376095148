//! Mail from people is never classified as mail from programs, for generated mails.

use std::sync::{Arc, LazyLock};

use hotline_channels::channel::Channel;
use hotline_core::contact::message::{Normalised, Origin, Remark};
use proptest::{prelude::*, sample::select};

use super::golden::{cases, mailbox, raw};

static MAILBOX: LazyLock<Arc<dyn Channel>> = LazyLock::new(mailbox);

const OURS: &str = "r.01a22026d1b477989bb4f3817439ac27.kzciapoo5pnkue5bfzyb@centar.example.org";
const TAGGED: &str = "kontakt+kzciapoo5pnkue5bfzyb@centar.example.org";

/// Generates headers that a person's mail may have from a mail program, server, mailing list or copied message.
fn header() -> impl Strategy<Value = String> {
    let fixed = select(vec![
        "Auto-Submitted: no",
        "Auto-Submitted: No (typed)",
        "X-Autoreply: no",
        "X-Autorespond: false",
        "X-Autoresponder:",
        "X-Auto-Response-Suppress: All",
        "X-Auto-Response-Suppress: DR, RN, NRN, OOF, AutoReply",
        "X-Failed-Recipients: ana@example.org",
        "Precedence: bulk",
        "Precedence: list",
        "Precedence: junk",
        "List-Id: <skola.example.org>",
        "List-Unsubscribe: <https://example.org/u>",
        "List-Post: <mailto:skola@example.org>",
        "Feedback-ID: 1:2:3",
        "X-Loop: kontakt@centar.example.org",
        "Return-Path: <ana@example.org>",
        "Return-Receipt-To: ana@example.org",
        "Disposition-Notification-To: ana@example.org",
        "X-Original-Message-ID: <MAILER-DAEMON@example.org>",
        "Reply-To: postmaster@example.org",
        "Sender: MAILER-DAEMON@example.org",
        "Errors-To: <>",
        "X-Spam-Flag: YES",
        "Importance: high",
    ])
    .prop_map(str::to_owned);
    let answers = select(vec!["In-Reply-To", "References", "X-Forwarded-Message-Id", "Cc"]);
    let to = select(vec![OURS, TAGGED, "x@example.org"]);
    prop_oneof![
        3 => fixed,
        1 => (answers, to).prop_map(|(name, to)| format!("{name}: <{to}>")),
        1 => "X-[A-Z][a-z]{1,9}: [ -~]{0,40}",
    ]
}

/// Generates subjects of people's mail, some of them about bounces.
fn subject() -> impl Strategy<Value = String> {
    let known = select(vec![
        "Re: Pitanje",
        "Undelivered Mail Returned to Sender",
        "Fwd: Delivery Status Notification (Failure)",
        "failure notice",
        "Warning: message delayed",
        "Mail delivery failed",
        "Out of order",
        "Automatski odgovor?",
        "Read: Re: Pitanje",
    ])
    .prop_map(str::to_owned);
    prop_oneof![known, "[ -~]{0,40}", "[а-шА-ШčćžšđA-Z ]{0,30}"]
}

fn words() -> impl Strategy<Value = String> {
    let known = select(vec![
        "Neko mi preti.".to_owned(),
        "550 5.1.1 User unknown".to_owned(),
        "This is the mail system. I'm sorry to have to inform you that your message could not be delivered."
            .to_owned(),
        "Final-Recipient: rfc822; ana@example.org\r\nAction: failed\r\nStatus: 5.1.1".to_owned(),
        format!("> Message-ID: <{OURS}>"),
        format!("Message-ID: <{OURS}>"),
        "Disposition: manual-action/MDN-sent-manually; displayed".to_owned(),
        "MAILER-DAEMON".to_owned(),
    ]);
    prop_oneof![known, "[ -~]{1,60}", "[а-шčćžšđ ]{1,40}x"]
}

/// Generates bodies: plain text, or several parts, including forwarded reports.
fn body() -> impl Strategy<Value = String> {
    let kind = select(vec![
        "text/plain",
        "text/html",
        "text/rfc822-headers",
        "message/rfc822",
        "application/octet-stream",
    ]);
    let part = (kind, words()).prop_map(|(kind, words)| {
        let head = if kind == "message/rfc822" {
            "Subject: x\r\n\r\n"
        } else {
            ""
        };
        format!("Content-Type: {kind}\r\n\r\n{head}{words}")
    });
    let whole = select(vec![
        "multipart/mixed",
        "multipart/alternative",
        "multipart/report",
        "multipart/report; report-type=delivery-status",
        "multipart/report; report-type=disposition-notification",
        "multipart/report; report-type=feedback-report",
    ]);
    let passed_on = select(vec![
        "",
        "delivery-status",
        "disposition-notification",
        "feedback-report",
    ]);
    prop_oneof![
        2 => words().prop_map(|words| format!("Content-Type: text/plain; charset=utf-8\r\n\r\n{words}")),
        1 => (whole, words(), proptest::collection::vec(part, 0..4)).prop_map(|(whole, words, parts)| {
            let parts = parts.iter().map(|part| format!("\r\n--b\r\n{part}"));
            format!("Content-Type: {whole}; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{words}{}\r\n--b--",
                parts.collect::<String>())
        }),
        1 => (words(), words(), passed_on).prop_map(|(words, status, kind)| {
            let attached = if kind.is_empty() {
                String::new()
            } else {
                format!("\r\n--b\r\nContent-Type: message/{kind}\r\nContent-Disposition: attachment\r\n\r\n{status}")
            };
            format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{words}{attached}\r\n--b--")
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(2_000)))]

    /// A mail is a person's if it has a sender, is not from a daemon, and does not declare itself automatic. The only exception is a reply
    /// to the centre with both the subject and the text of an absence notice. The generated mails never contain such a text.
    #[test]
    fn no_persons_mail_is_taken_for_a_machines(
        name in "[A-Za-z]{0,12}",
        from in select(vec!["ana@example.org", "daemon@example.org", "postman@example.org", "mailer@example.org"]),
        subject in subject(),
        headers in proptest::collection::vec(header(), 0..6),
        body in body(),
    ) {
        let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        let mail = format!(
            "From: {name} <{from}>\r\nTo: <{TAGGED}>\r\nSubject: {subject}\r\nMessage-ID: <x@example.org>\r\n{headers}\
             MIME-Version: 1.0\r\n{body}\r\n"
        );
        let shown = mail.clone();
        match MAILBOX.normalise(&raw(mail.into_bytes())) {
            Normalised::Message(message) => {
                prop_assert_eq!(message.origin, Origin::Person, "{}", shown);
                prop_assert!(!message.remarks.contains(&Remark::Automatic), "{}", shown);
            }
            Normalised::Report(_) => prop_assert!(false, "a report: {}", shown),
            Normalised::Ignore(reason) => prop_assert!(false, "{}: {}", reason, shown),
            Normalised::Notice(_) | Normalised::Unreadable(_) => prop_assert!(false, "not read: {}", shown),
        }
    }
}

//! Determines whether a person or a program wrote a mail, and whether the line may acknowledge it automatically (RFC 3834).
//!
//! If a person's mail is mistaken for an automatic mail, the person may get no answer. A header such as `Auto-Submitted` is therefore
//! judged by its value: `Auto-Submitted: no` does not mark a mail as automatic. A mail from a mailing list or another mass mailing is
//! never acknowledged. It still counts as written by a person unless a header marks it as automatic.

use hotline_core::contact::message::Origin;
use mail_parser::Message;

use super::own_addresses::OurAddresses;

/// Headers with which programs mark automatic answers. A header with a value that means "no" is ignored.
const ANSWERED: [&str; 6] = [
    "X-Autoreply",
    "X-Auto-Reply",
    "X-Autorespond",
    "X-Autoresponder",
    "X-Mail-Autoreply",
    "X-Vacation",
];

/// Beginnings of subjects that are typical of out-of-office answers.
const ABSENT_SUBJECTS: [&str; 41] = [
    "automatic reply",
    "automatic response",
    "auto reply",
    "auto-reply",
    "autoreply",
    "auto response",
    "auto-response",
    "autoresponse",
    "auto:",
    "out of office",
    "out of the office",
    "out-of-office",
    "ooo:",
    "vacation reply",
    "away from the office",
    "automatski odgovor",
    "automatska poruka",
    "автоматски одговор",
    "аутоматски одговор",
    "аутоматска порука",
    "van kancelarije",
    "ван канцеларије",
    "odsustvo:",
    "одсуство:",
    "odsutnost:",
    "izvan ureda",
    "samodejni odgovor",
    "automatische antwort",
    "abwesenheitsnotiz",
    "abwesenheitsmeldung",
    "abwesend:",
    "réponse automatique",
    "absence du bureau",
    "respuesta automática",
    "fuera de la oficina",
    "risposta automatica",
    "автоответ",
    "автоматический ответ",
    "automatikus válasz",
    "automatisch antwoord",
    "odpowiedź automatyczna",
];

/// Phrases that are typical of the text of out-of-office answers.
const ABSENT_WORDS: [&str; 30] = [
    "out of office",
    "out of the office",
    "out-of-office",
    "on vacation",
    "on annual leave",
    "on leave",
    "away from the office",
    "limited access to",
    "automatic reply",
    "nisam u kancelariji",
    "нисам у канцеларији",
    "van kancelarije",
    "ван канцеларије",
    "izvan ureda",
    "nisam u uredu",
    "na godišnjem odmoru",
    "na godisnjem odmoru",
    "на годишњем одмору",
    "na odmoru",
    "на одмору",
    "na bolovanju",
    "на боловању",
    "odsutan sam",
    "odsutna sam",
    "одсутан сам",
    "одсутна сам",
    "nicht im büro",
    "abwesend",
    "im urlaub",
    "automatski odgovor",
];

/// Local parts of addresses to which the line sends no automatic answer (RFC 3834, section 2). Either no person reads mail to such an
/// address, or a program may answer it and cause a mail loop.
const UNREAD: [&str; 16] = [
    "mailer-daemon",
    "mailerdaemon",
    "mail-daemon",
    "postmaster",
    "noreply",
    "no-reply",
    "no_reply",
    "no.reply",
    "donotreply",
    "do-not-reply",
    "do_not_reply",
    "nobody",
    "listserv",
    "majordomo",
    "bounce",
    "bounces",
];

/// The properties of a mail that show who or what wrote it.
pub struct ParsedMail<'a> {
    pub mail: &'a Message<'a>,
    pub ours: &'a OurAddresses,
    /// The sender's address.
    pub identifier: Option<&'a str>,
    pub subject: Option<&'a str>,
    pub text: &'a str,
    /// Whether the mail answers one of our messages.
    pub answers_us: bool,
}

/// Returns who or what wrote a mail: a person, a program that answers mails automatically, or another program.
pub fn origin(parsed: &ParsedMail<'_>) -> Origin {
    let submitted = auto_submitted(parsed.mail);
    let precedence = header(parsed.mail, "Precedence").unwrap_or_default();
    let answered = ["auto-replied", "auto-reply"].contains(&submitted.as_str())
        || ["auto_reply", "auto-reply"].contains(&precedence.as_str())
        || ANSWERED
            .iter()
            .any(|name| header(parsed.mail, name).is_some_and(|value| means_yes(&value)));
    let machine = !submitted.is_empty() || has_null_sender(parsed.mail);
    let suppresses = header(parsed.mail, "X-Auto-Response-Suppress").is_some();
    let absent = has_absent_subject(parsed.subject);
    // A mail that a program wrote (`machine`) is an automatic answer in two cases: (1) its subject is typical of an out-of-office answer;
    // (2) it answers one of our messages and has the header `X-Auto-Response-Suppress`, as automatic answers of Exchange do. Some programs
    // do not mark their automatic answers. An unmarked mail is therefore an automatic answer if it answers one of our messages and if both
    // its subject and its text are typical of an out-of-office answer.
    let away = match machine {
        true => absent || (suppresses && parsed.answers_us),
        false => absent && parsed.answers_us && has_absent_words(parsed.text),
    };
    if answered || away {
        Origin::AutoReply
    } else if machine {
        Origin::Machine
    } else {
        Origin::Person
    }
}

/// Returns whether the line must not acknowledge the mail automatically.
pub fn is_unacknowledged(parsed: &ParsedMail<'_>) -> bool {
    let unread = parsed
        .identifier
        .is_none_or(|address| is_unread(address) || parsed.ours.contains(address));
    let suppressed = header(parsed.mail, "X-Auto-Response-Suppress").is_some_and(|value| {
        let asked = |word: &str| ["all", "oof", "autoreply"].contains(&word.trim());
        value.split(',').any(asked)
    });
    unread || suppressed || is_to_many(parsed.mail) || header(parsed.mail, "X-Loop").is_some()
}

/// Returns whether a mail came from a mailing list or another mass mailing.
pub fn is_to_many(mail: &Message<'_>) -> bool {
    let precedence = header(mail, "Precedence").unwrap_or_default();
    let lists = ["List-Id", "List-Post", "List-Unsubscribe", "Feedback-ID"];
    ["bulk", "list", "junk"].contains(&precedence.as_str())
        || lists.iter().any(|name| header(mail, name).is_some())
}

/// Returns whether the envelope sender of a mail is empty. Mail systems send their reports with an empty envelope sender, so that no
/// program answers the reports (RFC 5321, section 4.5.5).
pub fn has_null_sender(mail: &Message<'_>) -> bool {
    // For an empty envelope sender, the pipe program of Postfix writes `<mailer-daemon>`.
    header(mail, "Return-Path").is_some_and(|path| ["", "<>", "<mailer-daemon>"].contains(&path.as_str()))
}

/// Returns the value of `Auto-Submitted` without parameters and comments. Returns an empty text if the value is "no" or the
/// header is missing.
pub fn auto_submitted(mail: &Message<'_>) -> String {
    let value = header(mail, "Auto-Submitted").unwrap_or_default();
    let word = value
        .split(|c: char| c == ';' || c == '(' || c.is_whitespace())
        .find(|word| !word.is_empty())
        .unwrap_or_default();
    if word == "no" {
        String::new()
    } else {
        word.to_owned()
    }
}

/// Returns whether a subject begins like the subject of an out-of-office answer.
pub fn has_absent_subject(subject: Option<&str>) -> bool {
    let subject = subject.unwrap_or_default().trim().to_lowercase();
    ABSENT_SUBJECTS.iter().any(|start| subject.starts_with(start))
}

fn has_absent_words(text: &str) -> bool {
    let text = text.to_lowercase();
    ABSENT_WORDS.iter().any(|words| text.contains(words))
}

fn is_unread(address: &str) -> bool {
    let local = address
        .rsplit_once('@')
        .map_or(address, |(local, _)| local)
        .to_lowercase();
    let base = local.split(['+', '=']).next().unwrap_or_default();
    UNREAD.contains(&base)
        || ["owner-", "bounce-", "bounces-", "noreply-", "no-reply-"]
            .iter()
            .any(|start| base.starts_with(start))
        || [
            "-request",
            "-owner",
            "-bounce",
            "-bounces",
            "-noreply",
            "-no-reply",
        ]
        .iter()
        .any(|end| base.ends_with(end))
}

fn means_yes(value: &str) -> bool {
    !["", "no", "false", "0", "none", "off", "never"].contains(&value)
}

/// Returns a header's value, trimmed and in lower case.
fn header(mail: &Message<'_>, name: &str) -> Option<String> {
    mail.header_raw(name)
        .map(|value| value.trim().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use mail_parser::MessageParser;

    use super::{super::own_addresses::OwnAddress, *};

    /// Returns who wrote a mail with these headers, and whether the mail may be acknowledged.
    fn parsed(headers: &str, answers_us: bool, text: &str) -> (Origin, bool) {
        let from = if headers.contains("From:") {
            ""
        } else {
            "From: ana@example.org\r\n"
        };
        let raw = format!("{from}{headers}\r\n\r\n{text}");
        let mail = MessageParser::default().parse(raw.as_bytes()).unwrap();
        let identifier = mail
            .from()
            .and_then(|from| from.first()?.address().map(str::to_owned));
        let own = OwnAddress::parse("kontakt@centar.example").unwrap();
        let parsed = ParsedMail {
            mail: &mail,
            ours: &OurAddresses::new(own, &[]),
            identifier: identifier.as_deref(),
            subject: mail.subject(),
            text,
            answers_us,
        };
        (origin(&parsed), !is_unacknowledged(&parsed))
    }

    #[test]
    fn a_person_is_a_person_whatever_headers_the_way_added() {
        for (headers, acknowledged) in [
            ("Subject: x", true),
            ("Auto-Submitted: no", true),
            ("Auto-Submitted: No (typed by hand)", true),
            ("X-Autoreply: no", true),
            ("X-Autorespond: no", true),
            ("X-Autoresponder: false", true),
            ("X-Autoreply:", true),
            ("X-Auto-Response-Suppress: None", true),
            ("X-Auto-Response-Suppress: DR, RN, NRN", true),
            ("X-Auto-Response-Suppress: DR, OOF, AutoReply", false),
            ("X-Auto-Response-Suppress: All", false),
            ("Precedence: first-class", true),
            ("Precedence: bulk", false),
            ("Precedence: list\r\nList-Id: <skola.example>", false),
            ("List-Unsubscribe: <https://example.org/u>", false),
            ("Feedback-ID: 1:2:3", false),
            ("X-Loop: x", false),
            ("X-Failed-Recipients: b@example.org", true),
            ("Subject: Automatic reply: my phone", true),
            ("From: noreply@example.org", false),
            ("From: no-reply+7@example.org", false),
            ("From: MAILER-DAEMON@example.org", false),
            ("From: postmaster@example.org", false),
            ("From: skola-bounces@example.org", false),
            ("From: owner-skola@example.org", false),
            ("From: bounces+12=ana@example.org", false),
            ("From: Kontakt@centar.example", false),
            ("From: norepla@example.org", true),
        ] {
            assert_eq!(
                parsed(headers, false, "x"),
                (Origin::Person, acknowledged),
                "{headers}"
            );
        }
    }

    #[test]
    fn what_says_that_it_is_automatic_is() {
        for (headers, expected) in [
            ("Auto-Submitted: auto-replied", Origin::AutoReply),
            ("Auto-Submitted: auto-replied; owner=x", Origin::AutoReply),
            ("Auto-Submitted: auto-replied (vacation)", Origin::AutoReply),
            ("Auto-Submitted: auto-generated", Origin::Machine),
            ("Auto-Submitted: auto-notified", Origin::Machine),
            ("X-Autoreply: yes", Origin::AutoReply),
            ("X-Autorespond: Re: Pitanje", Origin::AutoReply),
            ("Precedence: auto_reply", Origin::AutoReply),
            ("Return-Path: <>", Origin::Machine),
            (
                "Return-Path: <>\r\nSubject: Automatski odgovor: Re: x",
                Origin::AutoReply,
            ),
            (
                "Auto-Submitted: auto-generated\r\nSubject: Abwesenheitsnotiz: Re: x",
                Origin::AutoReply,
            ),
            // A school's web form may ask receivers not to answer its mails automatically. The mail may contain a person's
            // message, so it must not count as an automatic answer.
            (
                "Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All",
                Origin::Machine,
            ),
        ] {
            assert_eq!(parsed(headers, false, "x").0, expected, "{headers}");
        }
    }

    #[test]
    fn an_answer_that_says_nothing_of_itself_has_to_give_itself_away_three_times() {
        let subject = "Subject: Automatic reply: Re: Pitanje";
        let away = "Nisam u kancelariji do ponedeljka.";
        assert_eq!(parsed(subject, true, away).0, Origin::AutoReply);
        assert_eq!(parsed(subject, false, away).0, Origin::Person);
        assert_eq!(
            parsed(subject, true, "Mama je videla vaš odgovor.").0,
            Origin::Person
        );
        assert_eq!(parsed("Subject: Re: Pitanje", true, away).0, Origin::Person);
        let suppressed = "Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All";
        assert_eq!(parsed(suppressed, true, "x").0, Origin::AutoReply);
    }
}

//! Determines from a delivery report whether a message was delivered, delayed or refused. Uses the status fields of the report or, if it
//! has none, the words of its subject and text.

use hotline_core::contact::message::Fate;

/// How many bytes of a report's text are searched for phrases. The text may be followed by the returned message, whose words must not be
/// mistaken for the report's words.
const LONGEST: usize = 4_000;

/// Phrases in subjects of delivery reports that mention delivery.
const DELIVERY: [&str; 51] = [
    "undeliver",
    "delivery status",
    "delivery notification",
    "delivery report",
    "delivery fail",
    "delivery has failed",
    "delivery error",
    "delivery problem",
    "delivery delay",
    "delivery attempt",
    "delivery incomplete",
    "delivery is delayed",
    "mail delivery",
    "message delivery",
    "failure notice",
    "failure delivery",
    "failed mail",
    "failed delivery",
    "mail failure",
    "mail error",
    "mail system error",
    "returned mail",
    "returned message",
    "returned to sender",
    "return to sender",
    "returning message",
    "non-deliver",
    "nondeliver",
    "non deliver",
    "non remis",
    "not deliver",
    "could not be delivered",
    "couldn't be delivered",
    "can't be delivered",
    "cannot be delivered",
    "unable to deliver",
    "unzustellbar",
    "nicht zugestellt",
    "nicht zustellbar",
    "zustellung",
    "neisporuč",
    "nije isporuč",
    "isporuka",
    "неиспоруч",
    "није испоруч",
    "испорука",
    "no se puede entregar",
    "no entregado",
    "mancata consegna",
    "недоставлен",
    "could not send message",
];

/// Prefixes that mail programs add to the subjects of replies and forwarded mails.
const PREFIXES: [&str; 12] = [
    "re:",
    "fw:",
    "fwd:",
    "aw:",
    "wg:",
    "sv:",
    "odg:",
    "одг:",
    "pr:",
    "пр:",
    "prosl:",
    "просл:",
];

/// Phrases in a report's subject that mean that the delivery is delayed.
const LATE_SUBJECTS: [&str; 15] = [
    "delay",
    "still being retried",
    "not yet been delivered",
    "not been delivered yet",
    "could not send message for past",
    "verzöger",
    "verspätet",
    "odložen",
    "kasni",
    "одложен",
    "касни",
    "retardé",
    "retrasad",
    "ritardata",
    "задерж",
];

/// Phrases in a report's text that mean that the delivery is delayed.
const LATE_WORDS: [&str; 22] = [
    "will keep trying",
    "will continue to try",
    "will continue trying",
    "attempts will continue",
    "continue to be attempted",
    "will be retried until",
    "will be retried for",
    "will retry for",
    "will try again",
    "still being retried",
    "still trying",
    "message is still queued",
    "do not need to resend",
    "don't need to resend",
    "has not yet been delivered",
    "hasn't been delivered yet",
    "has not been delivered yet",
    "temporary problem delivering",
    "this is a warning message only",
    "this is a warning only",
    "delivery is delayed to",
    "wird weiterhin versucht",
];

/// Phrases in a report's text that mean that the server stopped trying to deliver the message. They take precedence over `LATE_WORDS`.
const FINAL_WORDS: [&str; 9] = [
    "permanent error",
    "permanent fatal error",
    "permanent failure",
    "giving up",
    "given up",
    "gave up",
    "will not be retried",
    "retry timeout exceeded",
    "no further attempts",
];

/// Phrases in a report's subject that mean a successful delivery.
const ARRIVED: [&str; 6] = [
    "successful mail delivery",
    "(success)",
    "(relay)",
    "delivered:",
    "relayed:",
    "expanded:",
];

/// Beginnings of lines after which a report contains a copy of the returned message.
const COPY: [&str; 12] = [
    "this is a copy of",
    "below this line is a copy",
    "a copy of the original message",
    "original message follows",
    "original message headers",
    "the header of the original",
    "message header follows",
    "message headers follow",
    "unsent message below",
    "return-path:",
    "received: ",
    "message-id:",
];

/// Returns whether a subject mentions delivery in the way that delivery reports do.
pub fn is_of_delivery(subject: &str) -> bool {
    let subject = subject.trim_start().to_lowercase();
    // People, not mail systems, write replies and forward mails.
    if PREFIXES.iter().any(|prefix| subject.starts_with(prefix)) {
        return false;
    }
    let speaks = |words: &[&str]| words.iter().any(|word| subject.contains(word));
    speaks(&DELIVERY) || subject.starts_with("delayed mail") || speaks(&ARRIVED)
}

/// Returns the outcome of a delivery from the fields of a status part (`message/delivery-status`). Returns the worst outcome if the part
/// states several, for example for several recipients. Returns `None` if the part states none.
pub fn fate_of(status: &str) -> Option<Fate> {
    let actions = fields(status, "action").filter_map(|action| {
        let word = action
            .split(|c: char| !c.is_ascii_alphabetic())
            .find(|word| !word.is_empty())
            .unwrap_or_default()
            .to_ascii_lowercase();
        match word.as_str() {
            "failed" | "failure" => Some(Fate::Failed),
            "delayed" => Some(Fate::Delayed),
            "delivered" | "relayed" | "expanded" => Some(Fate::Delivered),
            _ => None,
        }
    });
    let worst = |fates: Vec<Fate>| {
        [Fate::Failed, Fate::Delayed, Fate::Delivered]
            .into_iter()
            .find(|fate| fates.contains(fate))
    };
    worst(actions.collect()).or_else(|| {
        let codes = fields(status, "status").filter_map(|code| match code.chars().next() {
            Some('5') => Some(Fate::Failed),
            Some('2') => Some(Fate::Delivered),
            _ => None,
        });
        worst(codes.collect())
    })
}

/// Determines the outcome of a delivery from the words in a report's subject and text. An unclear report counts as a failed delivery, so
/// that staff check it.
pub fn fate_in_words(subject: &str, text: &str) -> Fate {
    let (subject, text) = (subject.to_lowercase(), text.to_lowercase());
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let late = LATE_SUBJECTS.iter().any(|words| subject.contains(words));
    let trying = LATE_WORDS.iter().any(|words| text.contains(words));
    let given_up = FINAL_WORDS.iter().any(|words| text.contains(words));
    if late || (trying && !given_up) {
        Fate::Delayed
    } else if ARRIVED.iter().any(|words| subject.contains(words)) {
        Fate::Delivered
    } else {
        Fate::Failed
    }
}

/// Returns the text of a report without the copy of the returned message.
pub fn without_copy(text: &str) -> &str {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let lower = line.to_lowercase();
        if at > LONGEST
            || COPY
                .iter()
                .any(|words| lower.trim_start_matches([' ', '-', '>', '\t']).starts_with(words))
        {
            break;
        }
        at += line.len();
    }
    text.get(..at).unwrap_or(text)
}

/// Returns the status code and the recipient server's error message from the fields of a status part.
pub fn describe_status(status: &str) -> String {
    let code = field(status, "status");
    format!("{code} {}", field(status, "diagnostic-code"))
        .trim()
        .to_owned()
}

/// Returns the first line of a text that contains an SMTP error reply, such as `550 5.1.1 User unknown`.
pub fn reply_line(text: &str) -> Option<String> {
    let line = text.lines().find(|line| {
        let mut words = line.split(|c: char| c.is_whitespace() || "-:;()<>#".contains(c));
        words.any(|word| is_reply_code(word) || is_enhanced_code(word))
    })?;
    Some(line.trim().chars().take(300).collect())
}

fn is_reply_code(word: &str) -> bool {
    word.len() == 3 && word.starts_with(['4', '5']) && word.chars().all(|c| c.is_ascii_digit())
}

fn is_enhanced_code(word: &str) -> bool {
    let numbers: Vec<&str> = word.split('.').collect();
    let number = |text: &&str| (1..=3).contains(&text.len()) && text.chars().all(|c| c.is_ascii_digit());
    let one_digit = numbers.first().is_some_and(|class| class.len() == 1);
    numbers.len() == 3 && one_digit && word.starts_with(['4', '5']) && numbers.iter().all(number)
}

/// Returns the value of the first field with this name in a status part, with continuation lines joined. Returns an empty text if
/// there is no such field.
pub fn field(status: &str, name: &str) -> String {
    fields(status, name).next().unwrap_or_default()
}

/// Returns the values of all fields with this name in a status part.
fn fields<'a>(status: &'a str, name: &'a str) -> impl Iterator<Item = String> + 'a {
    let lines: Vec<&str> = status.lines().collect();
    let starts: Vec<usize> = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| {
            line.split_once(':')
                .is_some_and(|(found, _)| found.trim().eq_ignore_ascii_case(name))
        })
        .map(|(at, _)| at)
        .collect();
    starts.into_iter().map(move |at| {
        let mut from = lines.iter().skip(at);
        let first = from.next().and_then(|line| line.split_once(':'));
        let mut value = first
            .map(|(_, value)| value.trim().to_owned())
            .unwrap_or_default();
        for more in from.take_while(|line| line.starts_with([' ', '\t']) && !line.trim().is_empty()) {
            value.push(' ');
            value.push_str(more.trim());
        }
        value
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_of_reports_are_told_from_those_of_people() {
        for subject in [
            "Undeliverable: Re: Pitanje",
            "Mail delivery failed: returning message to sender",
            "Delivery Status Notification (Delay)",
            "Порука није испоручена",
            "Unzustellbar: Pitanje",
        ] {
            assert!(is_of_delivery(subject), "{subject}");
        }
        for subject in [
            "Re: Mail delivery failed",
            "Fwd: Undeliverable",
            "Odg: isporuka",
            "Pitanje",
            "",
        ] {
            assert!(!is_of_delivery(subject), "{subject}");
        }
    }

    #[test]
    fn the_fields_say_the_fate_of_the_worst_recipient() {
        for (status, expected) in [
            ("Action: failed\nStatus: 5.1.1", Some(Fate::Failed)),
            (
                "action : Delayed (will retry)\nStatus: 4.4.1",
                Some(Fate::Delayed),
            ),
            ("Action: relayed", Some(Fate::Delivered)),
            ("Action: delivered\n\nAction: failed", Some(Fate::Failed)),
            ("Action: delivered\n\nAction: delayed", Some(Fate::Delayed)),
            ("Status: 5.0.0", Some(Fate::Failed)),
            ("Status: 4.4.7", None),
            ("Action: failed\nStatus: 4.4.7", Some(Fate::Failed)),
            ("Action:\n failed", Some(Fate::Failed)),
            ("", None),
        ] {
            assert_eq!(fate_of(status), expected, "{status}");
        }
    }

    #[test]
    fn words_say_whether_it_is_late_or_lost() {
        for (subject, text, expected) in [
            ("Warning: message 1abcde delayed 24 hours", "", Fate::Delayed),
            ("Delivery Status Notification (Delay)", "", Fate::Delayed),
            (
                "Warning: could not send message for past 4 hours",
                "",
                Fate::Delayed,
            ),
            (
                "Warning",
                "Mail is late. We will\nkeep trying for 5 days.",
                Fate::Delayed,
            ),
            (
                "Mail delivery failed",
                "It was retried until we gave up.",
                Fate::Failed,
            ),
            (
                "Mail delivery failed",
                "has not yet been delivered: retry timeout exceeded",
                Fate::Failed,
            ),
            ("Undeliverable", "", Fate::Failed),
            ("Successful Mail Delivery Report", "", Fate::Delivered),
            ("", "", Fate::Failed),
        ] {
            assert_eq!(fate_in_words(subject, text), expected, "{subject} {text}");
        }
    }

    #[test]
    fn what_came_back_is_not_what_the_report_says() {
        let text = "It failed.\n\n------ This is a copy of the message ------\n\nWe will keep trying.";
        assert_eq!(without_copy(text), "It failed.\n\n");
        assert_eq!(without_copy("It failed."), "It failed.");
    }

    #[test]
    fn the_answer_of_the_other_server_is_found() {
        for (text, expected) in [
            (
                "Sorry.\n  550 5.1.1 User unknown\n",
                Some("550 5.1.1 User unknown"),
            ),
            (
                "Remote host said: 552-mailbox full",
                Some("Remote host said: 552-mailbox full"),
            ),
            ("#5.1.1 bad", Some("#5.1.1 bad")),
            ("call 19833 or 112", None),
            ("on 192.0.2.10", None),
        ] {
            assert_eq!(reply_line(text).as_deref(), expected, "{text}");
        }
    }
}

//! Determines the kind of a technical problem from the error text of a library or server. From the kind, the desk chooses a description in
//! the reader's language.

use crate::text::locale::Words;

/// The kinds of technical problem, each with phrases that occur in error texts of this kind. If phrases of several kinds occur in a text,
/// the kind that comes first in this list is used.
const KINDS: [(&str, &[&str]); 24] = [
    (
        "disk",
        &[
            "the disk is nearly full",
            "database or disk is full",
            "no space left",
        ],
    ),
    ("moved", &["was deleted, replaced or moved"]),
    ("backlog", &["wait to be registered already"]),
    ("not-fetched", &["cannot be fetched and are asked for again"]),
    ("unread-events", &["events of discord could not be read"]),
    ("few-starts", &["lets the bot connect only"]),
    ("no-calls", &["cannot call us"]),
    ("waited", &["a message waited for"]),
    ("no-line", &["not in the settings"]),
    ("not-registered", &["could not be registered"]),
    ("gone", &["raw message is gone"]),
    ("key", &["does not open with this master key"]),
    (
        "no-such-address",
        &[
            "5.1.1",
            "user unknown",
            "no such user",
            "unknown user",
            "not an address mail can be sent to",
        ],
    ),
    ("full-mailbox", &["5.2.2", "4.2.2", "mailbox full", "over quota"]),
    (
        "log-in",
        &[
            "authentication",
            "login",
            "log in",
            "credentials",
            "unauthorized",
            "token",
            "password",
            "535 ",
        ],
    ),
    ("certificate", &["certificate", "tls", "ssl", "handshake"]),
    (
        "name",
        &[
            "dns",
            "lookup",
            "resolve",
            "name or service not known",
            "no such host",
        ],
    ),
    ("connection-refused", &["connection refused", "os error 111"]),
    ("too-slow", &["timed out", "timeout", "deadline", "took too long"]),
    (
        "unreachable",
        &[
            "unreachable",
            "no route to host",
            "network is down",
            "error sending request",
            "failed to connect",
        ],
    ),
    (
        "broke",
        &[
            "reset by peer",
            "broken pipe",
            "closed",
            "eof",
            "connection lost",
            "connection broke",
            "aborted",
            "disconnected",
        ],
    ),
    (
        "nonsense",
        &[
            "makes no sense",
            "invalid response",
            "unexpected response",
            "answered 5",
        ],
    ),
    ("folder", &["folder", "mailbox", "uidvalidity"]),
    (
        "refused",
        &[
            "refused",
            "rejected",
            "permanent error",
            "transient error",
            "answered 4",
        ],
    ),
];

/// Returns the kind of a technical problem from its error text `noted`, or `other` if the kind is unknown.
#[must_use]
pub fn kind_of(noted: &str) -> &'static str {
    let noted = noted.to_lowercase();
    let fits = |signs: &[&str]| signs.iter().any(|sign| noted.contains(sign));
    let found = KINDS.iter().find(|(_, signs)| fits(signs));
    found.map_or("other", |(kind, _)| kind)
}

/// Returns a localized description of the technical problem with the error text `noted`. The log keeps the error text itself.
#[must_use]
pub fn localize(words: &Words, noted: &str) -> String {
    if noted.is_empty() {
        return String::new();
    }
    words.say(&format!("problem-{}", kind_of(noted)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::locale::{Language, Locales};

    #[test]
    fn what_libraries_say_is_told_by_its_kind() {
        for (noted, kind) in [
            (
                "The server cannot be reached: Connection refused (os error 111)",
                "connection-refused",
            ),
            (
                "Connection error: Connection refused (os error 111)",
                "connection-refused",
            ),
            (
                "failed to lookup address information: Name or service not known",
                "name",
            ),
            ("invalid peer certificate: UnknownIssuer", "certificate"),
            (
                "no response: [AUTHENTICATIONFAILED] Authentication failed.",
                "log-in",
            ),
            ("the other side took too long to answer", "too-slow"),
            ("connection reset by peer (os error 104)", "broke"),
            ("the connection broke (unexpected end of file)", "broke"),
            ("the server refused", "refused"),
            ("the server's answer makes no sense", "nonsense"),
            ("permanent error (550): 5.1.1 User unknown", "no-such-address"),
            ("permanent error (552): 5.2.2 Mailbox full", "full-mailbox"),
            ("permanent error (554): 5.7.1 Spam", "refused"),
            (
                "3 of its messages cannot be fetched and are asked for again (UID 4, 5, 6)",
                "not-fetched",
            ),
            (
                "5 events of Discord could not be read; conversations are looked into instead",
                "unread-events",
            ),
            (
                "Discord lets the bot connect only 3 times more today: something connects again and again",
                "few-starts",
            ),
            (
                "Telegram cannot call us, and 2 updates wait there for at most 24 hours: Connection refused",
                "no-calls",
            ),
            (
                "a message waited for 7 hours; Telegram keeps them for 24 and then forgets them",
                "waited",
            ),
            ("not accepted: the disk is nearly full: 12 MiB free", "disk"),
            ("the database: database or disk is full", "disk"),
            ("No space left on device (os error 28)", "disk"),
            ("50000 messages wait to be registered already", "backlog"),
            ("The folder cannot be opened", "folder"),
            ("its line is not in the settings", "no-line"),
            ("something nobody has thought of", "other"),
        ] {
            assert_eq!(kind_of(noted), kind, "{noted}");
        }
    }

    #[test]
    fn every_kind_has_a_text_in_every_language() {
        let locales = Locales;
        for language in Language::ALL {
            for (kind, _) in KINDS.into_iter().chain([("other", [].as_slice())]) {
                let key = format!("problem-{kind}");
                assert_ne!(locales.of(language).say(&key), key, "{key} in {language:?}");
            }
        }
    }
}

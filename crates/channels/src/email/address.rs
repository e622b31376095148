//! Reads the sender of a mail, even if the `From` header is malformed.

use mail_parser::{Address, GetHeader, HeaderName, Message, MessagePart};

use super::encoded_words;
use crate::clean::one_line;

/// The longest display name that is kept, in characters.
const LONGEST_NAME: usize = 200;

/// The sender of a mail.
pub struct Sender {
    /// The address to which replies are sent; `None` if the `From` header contains no address.
    pub address: Option<String>,
    /// The display name. If the `From` header contains no address, this is the whole header.
    pub name: Option<String>,
}

pub fn sender(mail: &Message<'_>) -> Sender {
    let parsed = mail.from();
    let name = parsed.and_then(|from| from.iter().find_map(|one| one.name()));
    let address = parsed.and_then(first_address);
    let raw = mail
        .header_raw("From")
        .map(encoded_words::decode)
        .unwrap_or_default();
    if address.is_some() {
        return Sender {
            address,
            name: shown(name.unwrap_or_default()),
        };
    }
    let address = loose_address(&raw);
    let name = match &address {
        Some(_) => {
            let words = without_comments(&raw);
            let words = words.split_whitespace().filter(|word| !word.contains('@'));
            words.collect::<Vec<_>>().join(" ")
        }
        None => raw.trim().trim_end_matches("<>").to_owned(),
    };
    let name = name.trim_matches(|c: char| c.is_whitespace() || "\"'".contains(c));
    Sender {
        name: shown(name),
        address,
    }
}

fn shown(name: &str) -> Option<String> {
    Some(one_line(name).chars().take(LONGEST_NAME).collect()).filter(|name: &String| !name.is_empty())
}

/// Returns the subject and the sender of a forwarded mail, each on its own line. `head` is the head (header section) of that mail.
pub fn heading(head: &MessagePart<'_>) -> String {
    let text = |name: HeaderName<'_>| head.headers.header_value(&name);
    let subject = text(HeaderName::Subject)
        .and_then(|value| value.as_text())
        .map(one_line);
    let from = text(HeaderName::From)
        .and_then(|value| value.as_address())
        .and_then(Address::first);
    let name = from
        .and_then(|from| from.name())
        .map(one_line)
        .unwrap_or_default();
    let address = from
        .and_then(|from| from.address())
        .map(one_line)
        .unwrap_or_default();
    let from = match (name.is_empty(), address.is_empty()) {
        (false, false) => format!("{name} <{address}>"),
        (_, true) => name,
        (true, false) => address,
    };
    let lines = [subject.unwrap_or_default(), from];
    let lines: Vec<String> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    lines.join("\n")
}

/// Returns the first valid address in a header, in its canonical spelling.
fn first_address(addresses: &Address<'_>) -> Option<String> {
    addresses.iter().find_map(|one| canonical(one.address()?))
}

/// Returns an address in its canonical spelling, without source route, comments, unneeded quotes and trailing dot (RFC 5322).
/// Returns `None` if the address is invalid.
pub fn canonical(address: &str) -> Option<String> {
    hotline_core::text::address::canonical(&bare(address)?)
}

/// Removes the elements of an address that do not identify the mailbox: a source route (RFC 5322, section 4.4), comments, unneeded quotes
/// and a dot after the domain.
fn bare(address: &str) -> Option<String> {
    let address = without_comments(address);
    let address = address.trim().trim_start_matches('<').trim_end_matches('>');
    let address = match address.strip_prefix('@') {
        Some(routed) => routed.rsplit_once(':')?.1,
        None => address,
    };
    let (local, domain) = address.rsplit_once('@')?;
    let local = unquoted(local.trim());
    let domain = domain.split('.').map(str::trim).collect::<Vec<_>>().join(".");
    let domain = domain.trim_end_matches('.');
    let blank = |text: &str| text.contains(char::is_whitespace);
    let lawful = (local.starts_with('"') || !(blank(&local) || local.contains('@'))) && !blank(domain);
    lawful.then(|| format!("{local}@{domain}"))
}

/// Removes unneeded quotes around a local part. Removes the spaces around the dots of a local part without quotes.
fn unquoted(local: &str) -> String {
    let Some(inner) = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return local.split('.').map(str::trim).collect::<Vec<_>>().join(".");
    };
    let plain = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let dots = inner.starts_with('.') || inner.ends_with('.') || inner.contains("..");
    if !inner.is_empty() && inner.chars().all(plain) && !dots {
        inner.to_owned()
    } else {
        local.to_owned()
    }
}

/// Removes the comments from a header. A comment is text in parentheses outside quotes.
fn without_comments(value: &str) -> String {
    let mut depth = 0usize;
    let mut quoted = false;
    let mut escaped = false;
    let mut out = String::new();
    for c in value.chars() {
        let was_escaped = std::mem::take(&mut escaped);
        match c {
            '\\' if !was_escaped => escaped = true,
            '"' if depth == 0 && !was_escaped => quoted = !quoted,
            '(' if !quoted && !was_escaped => {
                depth += 1;
                continue;
            }
            ')' if !quoted && !was_escaped && depth > 0 => {
                depth -= 1;
                continue;
            }
            _ => {}
        }
        if depth == 0 {
            out.push(c);
        }
    }
    // If a parenthesis is never closed, the header is returned unchanged.
    if depth > 0 { value.to_owned() } else { out }
}

/// Finds an address in a malformed header. Searches angle brackets first, then every word that contains an at sign.
fn loose_address(header: &str) -> Option<String> {
    let header = without_comments(header);
    let bracketed = header
        .rsplit('<')
        .filter_map(|part| part.split('>').next())
        .find_map(canonical);
    let joined = header
        .replace(" @", "@")
        .replace("@ ", "@")
        .replace(" .", ".")
        .replace(". ", ".");
    let word = || {
        joined
            .split(|c: char| c.is_whitespace() || "<>,;()[]\"'".contains(c))
            .filter(|word| word.contains('@'))
            .find_map(|word| canonical(word.trim_matches([':', '.', ',', ';'])))
    };
    bracketed.or_else(word)
}

#[cfg(test)]
mod tests {
    use mail_parser::MessageParser;

    use super::*;
    use crate::email::repair;

    fn read(from: &[u8]) -> (Option<String>, Option<String>) {
        let mail = [b"From: ", from, b"\r\nSubject: x\r\n\r\nx"].concat();
        let mail = repair::repaired(&mail).into_owned();
        let sender = super::sender(&MessageParser::default().parse(&mail).unwrap());
        (sender.address, sender.name)
    }

    #[test]
    fn whoever_writes_can_be_answered() {
        for (from, address, name) in [
            ("Ana <ana@osoba.example>", Some("ana@osoba.example"), Some("Ana")),
            (
                "<@relay.example,@b.example:ana@osoba.example>",
                Some("ana@osoba.example"),
                None,
            ),
            (
                "Ana <@relay.example:ana@osoba.example>",
                Some("ana@osoba.example"),
                Some("Ana"),
            ),
            ("\"ana.p\"@osoba.example", Some("ana.p@osoba.example"), None),
            (
                "Ana <\"ana p\"@osoba.example>",
                Some("\"ana p\"@osoba.example"),
                Some("Ana"),
            ),
            ("ana@osoba.example", Some("ana@osoba.example"), None),
            (
                "Ana Probic ana@osoba.example",
                Some("ana@osoba.example"),
                Some("Ana Probic"),
            ),
            (
                "ana@osoba.example (Ana Probic)",
                Some("ana@osoba.example"),
                Some("Ana Probic"),
            ),
            (
                "Ana <ana(komentar)@osoba.example>",
                Some("ana@osoba.example"),
                Some("Ana (komentar)"),
            ),
            (
                "Ana <ana @ osoba . example>",
                Some("ana@osoba.example"),
                Some("Ana"),
            ),
            ("Ana <ANA@Osoba.Example.>", Some("ana@osoba.example"), Some("Ana")),
            (
                "=?utf-8?Q?Ana_Probi=C4=87_<ana@osoba.example>?=",
                Some("ana@osoba.example"),
                Some("Ana Probić"),
            ),
            (
                "=?utf-8?B?YW5hQG9zb2JhLmV4YW1wbGU=?=",
                Some("ana@osoba.example"),
                None,
            ),
            (
                "=?utf-8?Q?Ana?= <=?utf-8?Q?ana=40osoba.example?=>",
                Some("ana@osoba.example"),
                Some("Ana"),
            ),
            ("Ana <ana@osoba.example", Some("ana@osoba.example"), Some("Ana")),
            ("Ana Probic", None, Some("Ana Probic")),
            ("\"Ana\" <>", None, Some("Ana")),
        ] {
            let read = read(from.as_bytes());
            assert_eq!((read.0.as_deref(), read.1.as_deref()), (address, name), "{from}");
        }
    }

    #[test]
    fn an_address_that_is_none_is_answered_by_nobody() {
        for address in [
            "@osoba.example",
            "ana@",
            "ana",
            "a b@osoba.example",
            "ana@b@",
            "a,b@c.example",
            "ana@osoba.example>,<x@y",
        ] {
            assert_eq!(canonical(address), None, "{address}");
        }
    }
}

//! Searches a received mail for the thread tokens of messages that we sent. Our messages contain the token in the Message-ID and in a
//! tagged sender address (`local+token@domain`).
//!
//! A delivery report may contain our message as an attachment, as bare headers, encoded, folded, indented, or in the middle of other
//! text. After decoding, the token has the same letters in all these forms. The whole mail is therefore searched for tokens.

use std::borrow::Cow;

use hotline_core::identifiers::token::ThreadToken;
use mail_parser::{Encoding, Message, PartType};
use uuid::Uuid;

use super::own_addresses::OurAddresses;

/// The largest size, in bytes, of a binary part that is searched. A larger part can't be the head (header section) of a mail.
const LARGEST_BINARY: usize = 1 << 20;
/// How many levels of nested attached mails are searched.
const DEEPEST: usize = 8;
/// The longest local part (the part of an address before the at sign) that is examined, in bytes. All local parts that we create are
/// shorter.
const LONGEST_LOCAL: usize = 200;

/// A token that was found in a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundToken {
    /// The id of our message, if the token was in a Message-ID.
    pub message: Option<Uuid>,
    /// The thread token.
    pub token: ThreadToken,
    /// Where the token was found.
    pub place: Place,
}

/// Where a token was found, from the weakest to the strongest evidence that the mail concerns our message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In a tagged address.
    Address,
    /// In a Message-ID anywhere in the mail's body.
    Text,
    /// In a Message-ID in the mail's own head, usually in `References` or `In-Reply-To`. These headers name the messages that
    /// the mail answers.
    Ancestor,
    /// In the body, after the field name `Message-ID:`. This means that the mail contains our message or its head.
    Returned,
}

/// Searches the whole mail for our thread tokens, and returns the one with the strongest evidence.
pub fn find_token(mail: &Message<'_>, raw: &[u8], ours: &OurAddresses) -> Option<FoundToken> {
    let start = usize::try_from(mail.root_part().raw_body_offset()).unwrap_or_default();
    let (head, body) = raw.split_at_checked(start).unwrap_or((raw, &[]));
    let mut found = TokenSearch { ours, best: None };
    found.search(head, Place::Ancestor);
    found.search(body, Place::Text);
    let unbroken = without_soft_breaks(body);
    if let Cow::Owned(unbroken) = &unbroken {
        found.search(unbroken, Place::Text);
    }
    found.search_parts(mail, 0);
    found.best
}

struct TokenSearch<'a> {
    ours: &'a OurAddresses,
    best: Option<FoundToken>,
}

impl TokenSearch<'_> {
    /// Searches the decoded MIME parts of a mail, because a transfer encoding or a charset may hide tokens in the raw bytes.
    fn search_parts(&mut self, mail: &Message<'_>, depth: usize) {
        for part in &mail.parts {
            match &part.body {
                PartType::Text(text) | PartType::Html(text) => self.search(text.as_bytes(), Place::Text),
                PartType::Binary(bytes) | PartType::InlineBinary(bytes) if bytes.len() <= LARGEST_BINARY => {
                    self.search(bytes, Place::Text);
                }
                PartType::Binary(_) | PartType::InlineBinary(_) | PartType::Multipart(_) => {}
                PartType::Message(inner) => {
                    if part.encoding != Encoding::None {
                        self.search(inner.raw_message(), Place::Text);
                    }
                    if depth < DEEPEST {
                        self.search_parts(inner, depth + 1);
                    }
                }
            }
        }
    }

    /// Searches a text. A Message-ID after the field name `Message-ID:` is stronger evidence than a Message-ID elsewhere in the
    /// text.
    fn search(&mut self, text: &[u8], place: Place) {
        for (at, _) in text.iter().enumerate().filter(|(_, byte)| **byte == b'@') {
            let (before, after) = text.split_at(at);
            for own in self.ours.iter() {
                if !begins_with_domain(after, own.domain()) {
                    continue;
                }
                let local = trailing_local(before);
                let address = format!(
                    "{}@{}",
                    String::from_utf8_lossy(local).to_ascii_lowercase(),
                    own.domain()
                );
                let before = before.get(..before.len() - local.len()).unwrap_or_default();
                if let Some((id, token)) = own.own_message(&address) {
                    let returned = place == Place::Text && is_labelled(before);
                    self.keep_better(FoundToken {
                        message: Some(id),
                        token,
                        place: if returned { Place::Returned } else { place },
                    });
                } else if let Some(token) = own.token_in_address(&address) {
                    self.keep_better(FoundToken {
                        message: None,
                        token,
                        place: Place::Address,
                    });
                }
            }
        }
    }

    /// Replaces the best token so far with `mark` if `mark` is stronger evidence. With equal evidence, `Returned` and `Address` keep the
    /// first token, because the first returned message is the message that came back and later ones are quoted in it. `Text` and
    /// `Ancestor` take the last token, because the last ancestor is the message that the mail answers.
    fn keep_better(&mut self, mark: FoundToken) {
        let better = self.best.as_ref().is_none_or(|best| match mark.place {
            Place::Returned | Place::Address => mark.place > best.place,
            Place::Text | Place::Ancestor => mark.place >= best.place,
        });
        if better {
            self.best = Some(mark);
        }
    }
}

/// Returns whether a text begins with an at sign and this domain. A domain that only begins like this domain does not count.
fn begins_with_domain(text: &[u8], domain: &str) -> bool {
    let Some((found, rest)) = text.get(1..).and_then(|text| text.split_at_checked(domain.len())) else {
        return false;
    };
    let goes_on = match rest {
        [b'.', next, ..] => next.is_ascii_alphanumeric(),
        [next, ..] => next.is_ascii_alphanumeric() || *next == b'-',
        [] => false,
    };
    found.eq_ignore_ascii_case(domain.as_bytes()) && !goes_on
}

/// Returns the longest local part (the part of an address before the at sign) with which a text ends.
fn trailing_local(text: &[u8]) -> &[u8] {
    let belongs = |byte: &&u8| byte.is_ascii_alphanumeric() || b".+-_".contains(byte);
    let length = text.iter().rev().take(LONGEST_LOCAL).take_while(belongs).count();
    text.get(text.len() - length..).unwrap_or_default()
}

/// Returns whether a text ends with the field name `Message-ID:`. White space, quote marks and brackets may follow the name.
fn is_labelled(text: &[u8]) -> bool {
    let decoration = |byte: &&u8| byte.is_ascii_whitespace() || b"<>|*\"'&lt;".contains(byte);
    let skipped = text.iter().rev().take(40).take_while(decoration).count();
    let before = text.get(..text.len() - skipped).unwrap_or_default();
    let label: Vec<u8> = before
        .iter()
        .rev()
        .take(11)
        .rev()
        .map(u8::to_ascii_lowercase)
        .collect();
    label == b"message-id:" || label.ends_with(b"messageid:") || label == b"message id:"
}

/// Removes the soft line breaks of quoted-printable text, which may split a Message-ID. Some reports contain such text although no header
/// declares the encoding.
fn without_soft_breaks(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.windows(2).any(|pair| pair == b"=\n" || pair == b"=\r") {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        rest = match (byte, after) {
            (b'=', [b'\r', b'\n', after @ ..] | [b'\n', after @ ..]) => after,
            _ => {
                out.push(*byte);
                after
            }
        };
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use mail_parser::MessageParser;

    use super::{super::own_addresses::OwnAddress, *};

    const ID: &str = "r.01a22026d1b477989bb4f3817439ac27.kzciapoo5pnkue5bfzyb@centar.example";
    const OLDER: &str = "r.01a22026d1b477989bb4f3817439ac11.kzciapoo5pnkue5bfzyb@centar.example";

    fn mark(mail: &str) -> Option<FoundToken> {
        let own = OwnAddress::parse("kontakt@centar.example").unwrap();
        let ours = OurAddresses::new(own, &[]);
        let raw = mail.replace('\n', "\r\n").into_bytes();
        find_token(&MessageParser::default().parse(&raw).unwrap(), &raw, &ours)
    }

    fn place(mail: &str) -> Option<(Place, bool)> {
        let mark = mark(mail)?;
        let newest = mark.message == Some(Uuid::from_u128(0x01a2_2026_d1b4_7798_9bb4_f381_7439_ac27));
        Some((mark.place, newest))
    }

    #[test]
    fn an_id_is_found_however_it_came_back() {
        let encoded = data_encoding::BASE64.encode(format!("To: x\r\nMessage-ID: <{ID}>\r\n\r\n").as_bytes());
        let (begin, end) = ID.split_at(40);
        for body in [
            format!("\nMessage-ID: <{ID}>"),
            format!("\nMessage-ID:\n <{ID}>"),
            format!("\n> > MESSAGE-ID: <{}>", ID.to_uppercase()),
            format!("\n    Message-Id: {ID}\n"),
            format!("\nMessage-ID: &lt;{ID}&gt;"),
            format!("\nMessage-ID: <{begin}=\n{end}>"),
            format!(
                "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/rfc822-headers\n\
                 Content-Transfer-Encoding: base64\n\n{encoded}\n--b--"
            ),
            format!(
                "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\
                 Content-Transfer-Encoding: base64\n\n{encoded}\n--b--"
            ),
            format!(
                "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\n\
                 References: <{OLDER}>\nMessage-ID: <{ID}>\n\nHi\n--b--"
            ),
            format!("\nMessage-ID: <{ID}>\nReferences: <{OLDER}>\n\n> Message-ID: <{OLDER}>"),
        ] {
            let mail = format!("From: <>\nMessage-ID: <x@mx.example>\n{body}\n");
            assert_eq!(place(&mail), Some((Place::Returned, true)), "{body}");
        }
        let mail = format!("From: <>\nReferences: <{OLDER}> <{ID}>\n\nx\n");
        assert_eq!(place(&mail), Some((Place::Ancestor, true)));
        assert_eq!(
            place(&format!("From: <>\n\nWe lost {ID}.\n")),
            Some((Place::Text, true))
        );
        let tagged = mark("To: Kontakt+KZCIAPOO5PNKUE5BFZYB@centar.example\n\nx\n").unwrap();
        assert_eq!((tagged.message, tagged.place), (None, Place::Address));
    }

    #[test]
    fn what_only_looks_like_ours_is_not() {
        for text in [
            ID.replace("centar.example", "centar.example.org"),
            ID.replace("centar.example", "centar.example-a.org"),
            ID.replace("centar.example", "xcentar.example"),
            ID.replace("r.01", "r.1"),
            ID.replace("fzyb", "fzy"),
            "kontakt@centar.example".to_owned(),
            "kontakt+short@centar.example".to_owned(),
            "@centar.example".to_owned(),
            "@".to_owned(),
        ] {
            assert_eq!(mark(&format!("From: <>\n\n{text}")), None, "{text}");
        }
    }
}

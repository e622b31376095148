//! Our own e-mail addresses. A contact's thread token identifies the contact. Our messages contain it in the Message-ID and in a tagged
//! address (`local+token@domain`). An answer repeats at least one of the two, so the token shows to which contact the answer belongs.

use hotline_core::{
    contact::message::Evidence, identifiers::token::ThreadToken, text::address::ascii_domain,
};
use uuid::Uuid;

/// The address of a mailbox. The domain is stored as A-labels (the ASCII form of internationalised domain names), because every server
/// accepts this form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnAddress {
    local: String,
    domain: String,
}

/// The e-mail addresses of all lines. All are needed, because a mail to one mailbox may answer a message from another.
#[derive(Debug, Clone)]
pub struct OurAddresses(Vec<OwnAddress>);

impl OurAddresses {
    /// Collects the address of this line and those of the other lines.
    pub fn new(own: OwnAddress, all: &[String]) -> Self {
        let others = all.iter().filter_map(|address| OwnAddress::parse(address));
        let mut ours = vec![own];
        for other in others {
            if !ours.contains(&other) {
                ours.push(other);
            }
        }
        Self(ours)
    }

    pub fn iter(&self) -> impl Iterator<Item = &OwnAddress> {
        self.0.iter()
    }

    /// Returns whether an address is one of ours, with or without a tag after a plus sign.
    pub fn contains(&self, address: &str) -> bool {
        self.iter().any(|own| own.receives(address))
    }

    /// Returns the thread token in the tag of an address. Returns `None` if the address is not ours or contains no token.
    pub fn token_in_address(&self, address: &str) -> Option<ThreadToken> {
        self.iter().find_map(|own| own.token_in_address(address))
    }

    /// Parses a Message-ID of a message that we sent, and returns the UUID of the message and the thread token. Returns `None` for any
    /// other Message-ID.
    pub fn own_message(&self, message_id: &str) -> Option<(Uuid, ThreadToken)> {
        self.iter().find_map(|own| own.own_message(message_id))
    }

    /// Converts a Message-ID from the `References` or `In-Reply-To` header of a mail into evidence that the mail belongs to a certain
    /// contact.
    pub fn evidence(&self, message_id: &str) -> Evidence {
        match self.own_message(message_id) {
            Some((_, token)) => Evidence::Token(token),
            None => Evidence::EarlierMessage(message_id.to_owned()),
        }
    }
}

impl OwnAddress {
    /// Parses `local@domain`. Returns `None` for any other text.
    pub fn parse(address: &str) -> Option<Self> {
        let (local, domain) = address.trim().rsplit_once('@')?;
        let odd = |c: char| c.is_whitespace() || c.is_control() || "<>()[],;:\"@".contains(c);
        let lawful = !local.is_empty() && !domain.is_empty() && !local.contains(odd) && !domain.contains(odd);
        lawful.then(|| Self {
            local: local.to_lowercase(),
            domain: ascii_domain(domain),
        })
    }

    /// Returns the domain as A-labels.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Returns whether mail to an address arrives in this mailbox. The address may have a tag after a plus sign.
    fn receives(&self, address: &str) -> bool {
        let Some((local, domain)) = address.trim().rsplit_once('@') else {
            return false;
        };
        let local = local.to_lowercase();
        let tagged = local
            .strip_prefix(self.local.as_str())
            .is_some_and(|tag| tag.is_empty() || tag.starts_with('+'));
        tagged && ascii_domain(domain) == self.domain
    }

    /// Returns the address without a tag.
    pub fn plain(&self) -> String {
        format!("{}@{}", self.local, self.domain)
    }

    /// Returns the address with a thread token as its tag. A mail to this address belongs to the contact that the token identifies.
    pub fn tagged(&self, token: &ThreadToken) -> String {
        format!("{}+{}@{}", self.local, token.expose(), self.domain)
    }

    /// Returns the Message-ID of one of our messages. All attempts to send the message use the same Message-ID.
    pub fn message_id(&self, id: Uuid, token: &ThreadToken) -> String {
        format!("r.{}.{}@{}", id.simple(), token.expose(), self.domain)
    }

    /// Returns the thread token in the tag of an address. Returns `None` if the address is not this mailbox's address with a tag.
    pub fn token_in_address(&self, address: &str) -> Option<ThreadToken> {
        let (local, domain) = address.rsplit_once('@')?;
        let (own, tag) = local.rsplit_once('+')?;
        let ours = own.to_lowercase() == self.local && ascii_domain(domain) == self.domain;
        if ours { ThreadToken::parse(tag) } else { None }
    }

    /// Parses a Message-ID of a message that was sent from this mailbox, and returns the UUID of the message and the thread token.
    /// Returns `None` for any other Message-ID.
    pub fn own_message(&self, message_id: &str) -> Option<(Uuid, ThreadToken)> {
        let (left, domain) = message_id.rsplit_once('@')?;
        if !domain.eq_ignore_ascii_case(&self.domain) {
            return None;
        }
        let mut parts = left.split('.');
        let (Some("r"), Some(id), Some(token), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        Some((Uuid::try_parse(id).ok()?, ThreadToken::parse(token)?))
    }
}

/// Finds the Message-ID in the head (header section) of a raw message. Returns `None` if the head has no Message-ID.
pub fn message_id(raw: &[u8]) -> Option<String> {
    let head = raw.get(..raw.len().min(64 * 1024))?;
    for line in head.split(|byte| *byte == b'\n') {
        if line.trim_ascii().is_empty() {
            return None;
        }
        let Some((name, value)) = line.split_at_checked(11) else {
            continue;
        };
        if name.eq_ignore_ascii_case(b"message-id:") {
            let id = String::from_utf8_lossy(value.trim_ascii()).into_owned();
            return Some(id.trim_matches(['<', '>']).chars().take(500).collect())
                .filter(|id: &String| !id.is_empty());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_marks_read_back_and_nobody_elses_do() {
        let own = OwnAddress::parse("Kontakt@Centar.example.org").unwrap();
        let token = ThreadToken::from_secret(&[9; 32]);
        let id = Uuid::from_u128(7);
        assert_eq!(own.token_in_address(&own.tagged(&token)), Some(token.clone()));
        assert_eq!(
            own.own_message(&own.message_id(id, &token)),
            Some((id, token.clone()))
        );
        assert_eq!(
            own.token_in_address(&format!("kontakt+{}@evil.example.com", token.expose())),
            None
        );
        assert_eq!(own.own_message("r.7.short@centar.example.org"), None);
        assert!(OwnAddress::parse("no address").is_none());
    }

    #[test]
    fn every_line_and_tag_of_ours_is_ours_and_nothing_that_looks_like_it() {
        let own = OwnAddress::parse("kontakt@centar.example").unwrap();
        let ours = OurAddresses::new(own, &["skole@центар.срб".to_owned(), "none".to_owned()]);
        for address in [
            "kontakt@centar.example",
            "Kontakt+anything@Centar.Example",
            "skole@центар.срб",
            "skole+x@xn--80ajyniv.xn--90a3ac",
        ] {
            assert!(ours.contains(address), "{address}");
        }
        for address in [
            "kontakti@centar.example",
            "kontakt@centar.example.org",
            "kontakt@sub.centar.example",
            "skole@centar.example",
            "kontakt",
            "",
        ] {
            assert!(!ours.contains(address), "{address}");
        }
    }

    #[test]
    fn the_message_id_is_found_in_the_head_alone() {
        assert_eq!(
            message_id(b"Subject: x\r\nMESSAGE-ID: <a@b>\r\n\r\nbody").as_deref(),
            Some("a@b")
        );
        assert_eq!(message_id(b"Subject: x\r\n\r\nMessage-ID: <a@b>"), None);
        assert_eq!(message_id(b""), None);
    }
}

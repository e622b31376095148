//! Extracts the signed content from opaque S/MIME (RFC 8551), where the content is inside the signature (RFC 5652). The signature is
//! encoded in BER, often with indefinite lengths. This module neither verifies signatures nor decrypts content.

/// The object identifier of signed data, 1.2.840.113549.1.7.2, in BER.
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;
const OCTET_STRING: u8 = 0x04;
const OCTET_STRING_IN_PIECES: u8 = 0x24;
/// The explicit ASN.1 tag with the number 0.
const EXPLICIT: u8 = 0xa0;
/// How deeply the pieces of an octet string may be nested. Deeper nesting is an error, so that the recursion stays limited.
const DEEPEST: usize = 8;

/// Returns whether a part may contain S/MIME data.
pub fn may_be_smime(media_type: &str, name: Option<&str>) -> bool {
    let by_name = || name.is_some_and(|name| name.to_ascii_lowercase().ends_with(".p7m"));
    matches!(media_type, "application/pkcs7-mime" | "application/x-pkcs7-mime")
        || (media_type == "application/octet-stream" && by_name())
}

/// Returns the signed content: a MIME entity with its head. Returns `None` if the data is not signed data, for example if it is
/// encrypted.
pub fn signed_content(data: &[u8]) -> Option<Vec<u8>> {
    let (content_info, _) = element(data)?.of(SEQUENCE)?;
    let (kind, rest) = element(content_info)?.of(OBJECT_IDENTIFIER)?;
    if kind != SIGNED_DATA {
        return None;
    }
    let (explicit, _) = element(rest)?.of(EXPLICIT)?;
    let (signed_data, _) = element(explicit)?.of(SEQUENCE)?;
    // The version and the digest algorithms precede the content and are skipped.
    let after_version = element(signed_data)?.rest;
    let after_digests = element(after_version)?.rest;
    let (encapsulated, _) = element(after_digests)?.of(SEQUENCE)?;
    let (_, content) = element(encapsulated)?.of(OBJECT_IDENTIFIER)?;
    let (content, _) = element(content)?.of(EXPLICIT)?;
    let mut out = Vec::new();
    collect_octets(content, DEEPEST, &mut out)?;
    (!out.is_empty()).then_some(out)
}

struct Element<'a> {
    tag: u8,
    content: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Element<'a> {
    /// Returns the content of the element and the bytes after it, or `None` if the element has another tag.
    fn of(self, tag: u8) -> Option<(&'a [u8], &'a [u8])> {
        (self.tag == tag).then_some((self.content, self.rest))
    }
}

/// Reads the first BER element. A truncated element ends where the data ends.
fn element(data: &[u8]) -> Option<Element<'_>> {
    let (tag, data) = data.split_first()?;
    let (length, data) = data.split_first()?;
    if *length == 0x80 {
        return indefinite(*tag, data, 0);
    }
    let (length, data) = if *length < 0x80 {
        (usize::from(*length), data)
    } else {
        let (bytes, data) = data.split_at_checked(usize::from(length & 0x7f))?;
        if bytes.len() > 4 {
            return None;
        }
        let length = bytes
            .iter()
            .fold(0usize, |length, byte| (length << 8) | usize::from(*byte));
        (length, data)
    };
    let (content, rest) = data.split_at(length.min(data.len()));
    Some(Element {
        tag: *tag,
        content,
        rest,
    })
}

/// Reads a BER element of indefinite length. It ends at two zero bytes.
fn indefinite(tag: u8, data: &[u8], depth: usize) -> Option<Element<'_>> {
    let mut rest = data;
    loop {
        let at = data.len() - rest.len();
        match rest {
            [] => {
                return Some(Element {
                    tag,
                    content: data,
                    rest: &[],
                });
            }
            [0, 0, after @ ..] => {
                return Some(Element {
                    tag,
                    content: data.get(..at)?,
                    rest: after,
                });
            }
            [inner, 0x80, after @ ..] if depth < 30 => rest = indefinite(*inner, after, depth + 1)?.rest,
            [_, 0x80, ..] => return None,
            _ => rest = element(rest)?.rest,
        }
    }
}

/// Collects the bytes of an octet string. The string may consist of nested pieces.
fn collect_octets(data: &[u8], depth: usize, out: &mut Vec<u8>) -> Option<()> {
    let mut rest = data;
    while !rest.is_empty() {
        let one = element(rest)?;
        match one.tag {
            OCTET_STRING => out.extend_from_slice(one.content),
            OCTET_STRING_IN_PIECES if depth > 0 => collect_octets(one.content, depth - 1, out)?,
            _ => return None,
        }
        rest = one.rest;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = content.len();
        let mut out = vec![
            tag,
            0x82,
            u8::try_from(length >> 8).unwrap(),
            u8::try_from(length & 255).unwrap(),
        ];
        out.extend_from_slice(content);
        out
    }

    fn endless(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, 0x80], content, &[0, 0]].concat()
    }

    fn data(kind: &[u8], content: Vec<u8>, wrap: fn(u8, &[u8]) -> Vec<u8>) -> Vec<u8> {
        let inner = [tagged(6, &[0x2a, 1]), wrap(0xa0, &content)].concat();
        let signed = [
            tagged(2, &[1]),
            tagged(0x31, &[]),
            wrap(0x30, &inner),
            tagged(0x31, b"signature"),
        ]
        .concat();
        wrap(
            0x30,
            &[tagged(6, kind), wrap(0xa0, &wrap(0x30, &signed))].concat(),
        )
    }

    #[test]
    fn what_was_signed_is_taken_out() {
        let text = b"Content-Type: text/plain\r\n\r\nZdravo";
        let pieces = [tagged(4, &text[..9]), tagged(4, &text[9..])].concat();
        for (content, wrap) in [
            (tagged(4, text), tagged as fn(u8, &[u8]) -> Vec<u8>),
            (tagged(4, text), endless),
            (endless(0x24, &pieces), endless),
            (tagged(0x24, &pieces), tagged),
        ] {
            assert_eq!(
                signed_content(&data(SIGNED_DATA, content, wrap)).as_deref(),
                Some(&text[..])
            );
        }
    }

    #[test]
    fn anything_else_stays_closed() {
        let enveloped = [&SIGNED_DATA[..8], &[3]].concat();
        assert!(signed_content(&data(&enveloped, tagged(4, b"x"), tagged)).is_none());
        assert!(signed_content(b"").is_none());
        assert!(signed_content(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]).is_none());
        assert!(signed_content(&[0x30, 0x80].repeat(1_000)).is_none());
    }
}

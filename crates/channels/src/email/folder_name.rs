//! Encodes names of IMAP folders in modified UTF-7, as servers expect them (RFC 3501, section 5.1.3).

use std::borrow::Cow;

use data_encoding::BASE64_NOPAD;

use super::transfer_encoding::decode_base64;

/// Returns the name of a folder in modified UTF-7. An already encoded name stays unchanged, because earlier versions of Hotline required
/// encoded names in the settings.
pub fn on_the_wire(name: &str) -> Cow<'_, str> {
    let plain = |c: char| matches!(c, ' '..='~') && c != '&';
    if name.chars().all(plain) || is_encoded(name) {
        return Cow::Borrowed(name);
    }
    let mut out = String::new();
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let is_plain = matches!(first, ' '..='~');
        let end = rest
            .find(|c| matches!(c, ' '..='~') != is_plain)
            .unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        if is_plain {
            out.push_str(&run.replace('&', "&-"));
        } else {
            let units: Vec<u8> = run.encode_utf16().flat_map(u16::to_be_bytes).collect();
            let encoded = BASE64_NOPAD.encode(&units).replace('/', ",");
            out.push_str(&format!("&{encoded}-"));
        }
        rest = after;
    }
    Cow::Owned(out)
}

/// Returns whether a name is in modified UTF-7. Such a name consists of printable ASCII characters. Each `&` begins a sequence of encoded
/// characters that ends with `-`. At least one of these sequences is not empty.
fn is_encoded(name: &str) -> bool {
    let Some((before, mut rest)) = name.split_once('&') else {
        return false;
    };
    let mut letters = false;
    let printable = |text: &str| text.chars().all(|c| matches!(c, ' '..='~'));
    if !printable(before) {
        return false;
    }
    loop {
        let Some((run, after)) = rest.split_once('-') else {
            return false;
        };
        let Some(decoded) = decoded(run) else {
            return false;
        };
        letters |= !decoded.is_empty();
        match after.split_once('&') {
            Some((between, next)) if printable(between) => rest = next,
            Some(_) => return false,
            None => return letters && printable(after),
        }
    }
}

/// Decodes the characters between `&` and `-`. Returns `&` if there are none (`&-`). Returns `None` if they are invalid or if they encode a
/// character that needs no encoding.
fn decoded(run: &str) -> Option<String> {
    let bytes = decode_base64(run.replace(',', "/").as_bytes())?;
    let units: Vec<u16> = bytes
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(u16::from_be_bytes([*high, *low])),
            _ => None,
        })
        .collect::<Option<_>>()?;
    let text = String::from_utf16(&units).ok()?;
    (!run.contains('/') && text.chars().all(|c| !matches!(c, ' '..='~'))).then_some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Decodes the name of a folder from modified UTF-7, as a server does.
    fn read(name: &str) -> Option<String> {
        let mut out = String::new();
        let mut rest = name;
        while let Some((before, after)) = rest.split_once('&') {
            let (run, after) = after.split_once('-')?;
            out.push_str(before);
            out.push_str(&if run.is_empty() {
                "&".to_owned()
            } else {
                decoded(run)?
            });
            rest = after;
        }
        out.push_str(rest);
        Some(out)
    }

    #[test]
    fn names_are_written_as_the_rfc_shows() {
        for (name, expected) in [
            ("INBOX", "INBOX"),
            ("Sent/2026", "Sent/2026"),
            ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
            ("Pošta", "Po&AWE-ta"),
            ("Пошта", "&BB8EPgRIBEIEMA-"),
            ("Deca & mladi", "Deca &- mladi"),
            ("škola&kuća", "&AWE-kola&-ku&AQc-a"),
            ("😀", "&2D3eAA-"),
            // These names are already encoded.
            ("Po&AWE-ta", "Po&AWE-ta"),
            ("&AWE-kola&-ku&AQc-a", "&AWE-kola&-ku&AQc-a"),
            // These names are not encoded: their letters need no encoding, or the encoding is invalid.
            ("a&-b", "a&--b"),
            ("Q&A-list", "Q&-A-list"),
            ("&AEE-", "&-AEE-"),
        ] {
            assert_eq!(on_the_wire(name), expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn every_name_reads_back(name in "[a-zA-Z0-9 &/.,šđčćžА-Яа-яљњџ日本\u{1f600}+-]{1,30}") {
            prop_assume!(!is_encoded(&name));
            let written = on_the_wire(&name);
            prop_assert!(written.is_ascii());
            prop_assert_eq!(read(&written), Some(name));
        }
    }
}

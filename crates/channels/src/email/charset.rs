//! Decodes bytes into text. Uses the declared charset (the label), or the most plausible charset if the declared one can't be right.
//! Bodies, encoded words and file names are all decoded with [`decode`].

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use mail_parser::decoders::charsets::map::charset_decoder;

use super::charset_detection;

/// Decodes bytes whose declared charset is `label`.
pub fn decode(label: Option<&str>, bytes: &[u8]) -> String {
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        let bytes = bytes.get(length..).unwrap_or_default();
        return encoding.decode_without_bom_handling(bytes).0.into_owned();
    }
    let label = registered_label(label.unwrap_or_default());
    if bytes.is_ascii() && label.contains("utf") && label.ends_with('7') {
        return charset_decoder(b"utf-7").map_or_else(|| lossy(bytes), |decode| decode(bytes));
    }
    let named = Encoding::for_label(label.as_bytes()).filter(|named| *named != encoding_rs::REPLACEMENT);
    match named {
        Some(named) if named == UTF_16LE || named == UTF_16BE => {
            if let Some(text) = utf_16(&label, named, bytes) {
                return text;
            }
        }
        Some(named) if named != UTF_8 && !named.is_single_byte() => {
            let (text, wrong) = named.decode_without_bom_handling(bytes);
            if !wrong {
                return text.into_owned();
            }
        }
        _ => {}
    }
    // Text in another charset is almost never valid UTF-8. Bytes that are valid UTF-8 are therefore decoded as UTF-8, even if the label
    // differs.
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    // Text with only a few invalid bytes is also decoded as UTF-8, because it may be damaged or truncated.
    let text = String::from_utf8_lossy(bytes);
    let wrong = text.matches(char::REPLACEMENT_CHARACTER).count();
    let letters = text.chars().filter(|c| !c.is_ascii()).count() - wrong;
    let enough = if named == Some(UTF_8) {
        letters.max(1) >= wrong && letters > 0
    } else {
        letters > 2 * wrong
    };
    if enough {
        return text.into_owned();
    }
    // `mail_parser` supports some charsets that are not in the WHATWG Encoding Standard.
    if named.is_none()
        && let Some(decode) = charset_decoder(label.as_bytes())
    {
        return decode(bytes);
    }
    let ascii = ["us-ascii", "ascii", "ansi_x3.4-1968", "us"].contains(&label.as_str());
    let named = named.filter(|named| !ascii && named.is_single_byte());
    charset_detection::encoding_of(named, bytes)
        .decode_without_bom_handling(bytes)
        .0
        .into_owned()
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Returns the registered name of a charset. Some programs write other names, such as `cp-1250`, `win1250` or `utf-8*sr`.
fn registered_label(label: &str) -> String {
    let label = label.trim_matches(|c: char| c.is_whitespace() || "\"';".contains(c));
    let label = label.split('*').next().unwrap_or_default().to_ascii_lowercase();
    let label = label.strip_prefix("charset=").unwrap_or(&label).to_owned();
    let digits: String = label.chars().filter(char::is_ascii_digit).collect();
    if digits.len() == 4 && digits.starts_with("125") {
        return format!("windows-{digits}");
    }
    label
}

/// Decodes UTF-16 without a byte order mark. Returns `None` if the label is wrong: the bytes are then valid UTF-8 without control
/// characters. UTF-16 text with Latin or Cyrillic letters contains bytes that are control characters in UTF-8.
fn utf_16(label: &str, named: &'static Encoding, bytes: &[u8]) -> Option<String> {
    let controls = bytes
        .iter()
        .any(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace());
    if !controls && std::str::from_utf8(bytes).is_ok() {
        return None;
    }
    let usual = |text: &str| text.chars().filter(|c| u32::from(*c) < 0x500).count();
    let read = |encoding: &'static Encoding| encoding.decode_without_bom_handling(bytes).0.into_owned();
    if label.ends_with("le") || label.ends_with("be") {
        return Some(read(named));
    }
    let (little, big) = (read(UTF_16LE), read(UTF_16BE));
    Some(if usual(&big) > usual(&little) { big } else { little })
}

#[cfg(test)]
mod tests {
    use encoding_rs::{ISO_8859_2, KOI8_R, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252};

    use super::*;

    const SERBIAN: [&str; 6] = [
        "Poštovani, moje dete trpi nasilje. Želim da prijavim učenika. Đaci ćute, čekam odgovor.",
        "Lažni profil u školi",
        "Čovek ga prati već mesec dana i šalje mu poruke.",
        "Đorđe čuva žabe",
        "Prijava učenika Žk.pdf",
        "ŠTA DA RADIM? MOJA ĆERKA PLAČE.",
    ];
    const CYRILLIC: [&str; 4] = [
        "Поштовани, моја ћерка добија поруке од непознатог човека.",
        "Лажни профил",
        "Преписка из школе – ђаци ћуте.",
        "Мама мыла раму",
    ];

    #[test]
    fn letters_are_read_whatever_the_label_says() {
        let labels = [
            None,
            Some("us-ascii"),
            Some("iso-8859-1"),
            Some("windows-1252"),
            Some("utf-8"),
            Some("x-unknown"),
            Some("unknown-8bit"),
            Some("iso-8859-2"),
            Some("windows-1250"),
            Some("windows-1251"),
            Some("cp-1251"),
        ];
        for label in labels {
            for (encoding, samples) in [
                (WINDOWS_1250, &SERBIAN[..]),
                (ISO_8859_2, &SERBIAN[..]),
                (WINDOWS_1251, &CYRILLIC[..]),
                (UTF_8, &SERBIAN[..]),
                (UTF_8, &CYRILLIC[..]),
            ] {
                for sample in samples {
                    let bytes = encoding.encode(sample).0;
                    assert_eq!(decode(label, &bytes), *sample, "{} as {label:?}", encoding.name());
                }
            }
        }
    }

    #[test]
    fn a_right_label_is_believed() {
        for (encoding, labels, sample) in [
            (
                WINDOWS_1252,
                "iso-8859-1",
                "Très bien, mon père est là, l'élève a peur",
            ),
            (
                WINDOWS_1252,
                "windows-1252",
                "Grüße aus Köln, die Straße ist größer",
            ),
            (WINDOWS_1252, "windows-1252", "“It’s £50 – naïve café”, she said…"),
            (
                WINDOWS_1252,
                "iso-8859-1",
                "È già tardi, perché non c'è più nessuno",
            ),
            (
                WINDOWS_1252,
                "iso-8859-1",
                "Være så snill, jeg er redd og læreren hjelper ikke",
            ),
            (WINDOWS_1252, "iso-8859-1", "¿Qué pasa? Mi niña está mal"),
            (
                WINDOWS_1252,
                "us-ascii",
                "Après-midi, c'est très dangereux pour les élèves",
            ),
            (WINDOWS_1252, "iso-8859-1", "mère"),
            (WINDOWS_1252, "windows-1252", "Windows® is ©2026"),
            (WINDOWS_1250, "windows-1250", "Są w szkole i mają kłopot"),
            (
                WINDOWS_1250,
                "windows-1250",
                "Příliš žluťoučký kůň úpěl ďábelské ódy",
            ),
            (ISO_8859_2, "iso-8859-2", "Zażółć gęślą jaźń"),
            (ISO_8859_2, "iso-8859-2", "árvíztűrő tükörfúrógép"),
            (WINDOWS_1251, "windows-1251", "Съешь ещё этих мягких булок"),
            (KOI8_R, "koi8-r", "Мама мыла раму"),
            (encoding_rs::WINDOWS_1253, "windows-1253", "Ελληνικά, τι να κάνω;"),
            (encoding_rs::WINDOWS_1254, "iso-8859-9", "İstanbul ığşç"),
        ] {
            let bytes = encoding.encode(sample).0;
            assert_eq!(decode(Some(labels), &bytes), sample, "{labels}");
        }
    }

    #[test]
    fn a_mark_at_the_beginning_is_believed_first() {
        assert_eq!(decode(Some("iso-8859-1"), b"\xef\xbb\xbf\xc5\xa1"), "š");
        assert_eq!(decode(Some("utf-16"), b"\0Z\0d\0r"), "Zdr");
        assert_eq!(decode(Some("utf-16"), "Zdravo ћао".as_bytes()), "Zdravo ћао");
        assert_eq!(decode(Some("utf-7"), b"La+AX4-ni"), "Lažni");
    }
}

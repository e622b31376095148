//! Extracts the text of calendar invitations (RFC 5545), enriched text (RFC 1896) and RTF.

use super::charset;

/// Returns the text of a calendar invitation: its summary, times, place, organiser, description, comment and URL.
pub fn calendar(text: &str) -> String {
    let unfolded = text.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "");
    let mut out: Vec<String> = Vec::new();
    for line in unfolded.lines() {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        let (name, parameters) = name.split_once(';').unwrap_or((name, ""));
        let value = match name.to_ascii_uppercase().as_str() {
            "SUMMARY" | "LOCATION" | "DESCRIPTION" | "COMMENT" | "URL" => unescaped(value),
            "DTSTART" => time(value, parameters),
            "DTEND" => format!("– {}", time(value, parameters)),
            "ORGANIZER" => address(value),
            _ => continue,
        };
        if !value.trim().is_empty() && !out.contains(&value) {
            out.push(value);
        }
    }
    out.join("\n")
}

fn unescaped(value: &str) -> String {
    let mut out = String::new();
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n' | 'N') => out.push('\n'),
                Some(other) => out.push(other),
                None => {}
            },
            _ => out.push(c),
        }
    }
    out
}

fn address(value: &str) -> String {
    let start = value.get(..7).unwrap_or_default();
    if start.eq_ignore_ascii_case("mailto:") {
        value.get(7..).unwrap_or_default().to_owned()
    } else {
        value.to_owned()
    }
}

/// Formats `20261201T090000Z` as `2026-12-01 09:00 UTC`. A value that is not a time stays unchanged.
fn time(value: &str, parameters: &str) -> String {
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    let piece = |start: usize, end: usize| digits.get(start..end).unwrap_or_default();
    let zone = if value.trim_end().ends_with('Z') {
        " UTC".to_owned()
    } else {
        let named = parameters.split(';').find_map(|one| one.strip_prefix("TZID="));
        named.map_or_else(String::new, |zone| format!(" {}", zone.trim_matches('"')))
    };
    match digits.len() {
        8 => format!("{}-{}-{}", piece(0, 4), piece(4, 6), piece(6, 8)),
        12 | 14 => format!(
            "{}-{}-{} {}:{}{zone}",
            piece(0, 4),
            piece(4, 6),
            piece(6, 8),
            piece(8, 10),
            piece(10, 12)
        ),
        _ => value.to_owned(),
    }
}

/// Removes the commands, such as `<bold>`, from enriched text. Replaces `<<`, which is an escaped `<`, with `<`.
pub fn enriched(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        if let Some(more) = after.strip_prefix('<') {
            out.push('<');
            rest = more;
            continue;
        }
        let Some((command, more)) = after.split_once('>') else {
            out.push('<');
            rest = after;
            continue;
        };
        let command = command.to_ascii_lowercase();
        // A `param` command contains the name of a colour or a font, so its content is dropped.
        rest = match command.as_str() {
            "param" => more.split_once("</param>").map_or(more, |(_, more)| more),
            "nl" | "paragraph" | "/paragraph" => {
                out.push('\n');
                more
            }
            "lt" => {
                out.push('<');
                more
            }
            _ => more,
        };
    }
    out.push_str(rest);
    out
}

/// Returns the text of an RTF document.
pub fn rtf(document: &[u8]) -> String {
    let label = code_page(document);
    let mut out: Vec<u8> = Vec::new();
    let mut text = String::new();
    // If the current text is inside a hidden group, the nesting depth of the outermost one. Hidden groups contain fonts, colours,
    // pictures or other data, but no text for the reader.
    let mut hidden: Option<usize> = None;
    let mut depth = 0usize;
    let mut rest = document;
    while let Some((first, more)) = rest.split_first() {
        rest = more;
        match first {
            b'{' => depth += 1,
            b'}' => {
                depth = depth.saturating_sub(1);
                hidden = hidden.filter(|at| *at <= depth);
            }
            b'\\' => {
                let Control { word, number, after } = control(more);
                rest = after;
                let shown = hidden.is_none();
                match word {
                    b"'" => {
                        let byte = more.get(1..3).and_then(|hex| {
                            data_encoding::HEXLOWER_PERMISSIVE
                                .decode(hex)
                                .ok()?
                                .first()
                                .copied()
                        });
                        rest = more.get(3..).unwrap_or_default();
                        out.extend(byte.filter(|_| shown));
                    }
                    b"\\" | b"{" | b"}" if shown => out.extend_from_slice(word),
                    b"par" | b"line" | b"row" | b"sect" if shown => out.push(b'\n'),
                    b"tab" | b"cell" if shown => out.push(b'\t'),
                    b"~" if shown => out.push(b' '),
                    b"u" if shown => {
                        flush(&mut out, &mut text, label.as_deref());
                        let unit = number.unwrap_or_default().rem_euclid(65_536);
                        text.extend(u32::try_from(unit).ok().and_then(char::from_u32));
                        // After a Unicode character, RTF repeats it as a substitute for programs without Unicode. The substitute is
                        // skipped.
                        rest = match rest {
                            [b'\\', b'\'', _, _, after @ ..] => after,
                            [b'?', after @ ..] => after,
                            _ => rest,
                        };
                    }
                    b"*" | b"fonttbl" | b"colortbl" | b"stylesheet" | b"info" | b"pict" | b"header"
                    | b"footer" | b"generator" => hidden = hidden.or(Some(depth)),
                    _ => {}
                }
            }
            b'\r' | b'\n' => {}
            _ if hidden.is_none() => out.push(*first),
            _ => {}
        }
    }
    flush(&mut out, &mut text, label.as_deref());
    text
}

fn flush(bytes: &mut Vec<u8>, text: &mut String, label: Option<&str>) {
    text.push_str(&charset::decode(label, bytes));
    bytes.clear();
}

fn code_page(document: &[u8]) -> Option<String> {
    let at = document.windows(8).position(|window| window == b"\\ansicpg")?;
    let digits = document
        .get(at + 8..)?
        .iter()
        .take_while(|byte| byte.is_ascii_digit());
    let number: String = digits.map(|byte| char::from(*byte)).collect();
    Some(format!("cp{number}"))
}

/// A control word or control symbol of RTF.
struct Control<'a> {
    word: &'a [u8],
    number: Option<i64>,
    /// The bytes after the word or symbol.
    after: &'a [u8],
}

/// Reads the control word or control symbol at the start of a text.
fn control(text: &[u8]) -> Control<'_> {
    let letters = text.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    if letters == 0 {
        let (word, after) = text.split_at(text.len().min(1));
        return Control {
            word,
            number: None,
            after,
        };
    }
    let (word, rest) = text.split_at(letters);
    let minus = usize::from(rest.first() == Some(&b'-'));
    let digits = rest
        .iter()
        .skip(minus)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let (number, rest) = rest.split_at(if digits > 0 { minus + digits } else { 0 });
    let number = std::str::from_utf8(number)
        .ok()
        .and_then(|number| number.parse().ok());
    Control {
        word,
        number,
        after: rest.strip_prefix(b" ").unwrap_or(rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_says_what_when_and_where() {
        let text = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;TZID=Europe/Belgrade:20261201T090000\r\nDTEND:20261201T100000Z\r\n\
                    SUMMARY:Sastanak\\, hitno\r\nLOCATION;LANGUAGE=sr:Škola\r\n 12\r\nORGANIZER;CN=Ana:mailto:ana@example.org\r\nEND:VEVENT";
        assert_eq!(
            calendar(text),
            "2026-12-01 09:00 Europe/Belgrade\n– 2026-12-01 10:00 UTC\nSastanak, hitno\nŠkola12\nana@example.org"
        );
    }

    #[test]
    fn enriched_text_is_its_words() {
        assert_eq!(
            enriched("<bold>Molim</bold> <color><param>red</param>hitno</color>, 2 << 3 i <3"),
            "Molim hitno, 2 < 3 i <3"
        );
    }

    #[test]
    fn rtf_is_its_words() {
        let document = b"{\\rtf1\\ansi\\ansicpg1250{\\fonttbl{\\f0 Arial;}}{\\*\\generator X;}\\f0\\fs20 La\\'9eni profil\\par \\u1057?\\u1088\\'3fbija \\{a\\}}";
        assert_eq!(rtf(document), "Lažni profil\nСрbija {a}");
    }
}

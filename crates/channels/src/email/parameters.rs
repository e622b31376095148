//! Rewrites parameters of header fields that are split into numbered pieces or declare a charset (RFC 2231), such as
//! `filename*0*=windows-1251''%CF%F0`. The pieces are joined before they are decoded, because the bytes of one letter may be in two
//! pieces.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};

use super::charset;

/// The ASCII characters that are percent-encoded in a rewritten parameter.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// Returns whether a field has parameters that must be rewritten.
pub fn is_in_pieces(field: &[u8]) -> bool {
    let name = field.split(|byte| *byte == b':').next().unwrap_or_default();
    let named = [b"content-type".as_slice(), b"content-disposition"]
        .iter()
        .any(|known| name.trim_ascii().eq_ignore_ascii_case(known));
    // A parameter that consists of one piece in UTF-8 is not rewritten, because every parser reads it. A rewritten parameter has this
    // form, too.
    named
        && parameters(field)
            .1
            .iter()
            .any(|one| one.section.is_some() && !one.is_plain())
}

/// One parameter of a field.
struct Parameter<'a> {
    name: &'a [u8],
    /// The number of this piece, and whether the piece is percent-encoded; `None` for an ordinary parameter.
    section: Option<(usize, bool)>,
    value: &'a [u8],
    whole: &'a [u8],
}

impl Parameter<'_> {
    fn is_plain(&self) -> bool {
        self.section == Some((0, true))
            && self.value.to_ascii_lowercase().starts_with(b"utf-8''")
            && self.value.is_ascii()
            && !self.whole.windows(2).any(|pair| pair == b"*0")
            && std::str::from_utf8(&percent_decode(self.value).collect::<Vec<u8>>()).is_ok()
    }
}

/// The pieces of one parameter, by number. Each piece has a flag, which is `true` if the piece is percent-encoded, and its bytes.
type Pieces<'a> = BTreeMap<usize, (bool, &'a [u8])>;

/// Joins the pieces of each parameter in a field, and encodes the parameter in UTF-8. Returns `None` if no parameter has to be rewritten.
pub fn joined(field: &[u8]) -> Option<Vec<u8>> {
    if !is_in_pieces(field) {
        return None;
    }
    let (start, parameters) = parameters(field);
    let mut out = start.trim_ascii_end().to_vec();
    let mut pieces: BTreeMap<Vec<u8>, Pieces<'_>> = BTreeMap::new();
    for one in parameters {
        match one.section {
            Some((place, percent)) => {
                let named = pieces.entry(one.name.to_ascii_lowercase()).or_default();
                named.insert(place, (percent, one.value));
            }
            None => {
                out.extend_from_slice(b";\r\n ");
                out.extend_from_slice(one.whole.trim_ascii());
            }
        }
    }
    for (name, pieces) in pieces {
        let text = joined_value(pieces.into_values().collect());
        out.extend_from_slice(b";\r\n ");
        out.extend_from_slice(&name);
        out.extend_from_slice(b"*=utf-8''");
        out.extend(utf8_percent_encode(&text, ENCODED).flat_map(str::bytes));
    }
    out.extend_from_slice(b"\r\n");
    Some(out)
}

fn joined_value(pieces: Vec<(bool, &[u8])>) -> String {
    let mut label = None;
    let mut bytes = Vec::new();
    for (index, (percent, value)) in pieces.into_iter().enumerate() {
        let mut value = value;
        if index == 0 && percent {
            let mut thirds = value.splitn(3, |byte| *byte == b'\'');
            if let (Some(named), Some(_), Some(rest)) = (thirds.next(), thirds.next(), thirds.next()) {
                label = Some(String::from_utf8_lossy(named).into_owned());
                value = rest;
            }
        }
        if percent {
            bytes.extend(percent_decode(value));
        } else {
            bytes.extend_from_slice(value);
        }
    }
    charset::decode(label.as_deref(), &bytes)
}

/// Returns the bytes before the first semicolon of a field, and the field's parameters.
fn parameters(field: &[u8]) -> (&[u8], Vec<Parameter<'_>>) {
    let mut quoted = false;
    let mut escaped = false;
    let mut pieces = field.split(|byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b';' => return !quoted,
            _ => {}
        }
        false
    });
    let start = pieces.next().unwrap_or_default();
    let all = pieces.filter_map(|whole| {
        let equals = whole.iter().position(|byte| *byte == b'=')?;
        let (name, value) = whole.split_at_checked(equals)?;
        let value = value.get(1..)?.trim_ascii();
        let value = value
            .strip_prefix(b"\"")
            .map_or(value, |bare| bare.strip_suffix(b"\"").unwrap_or(bare));
        let mut sections = name.trim_ascii().split(|byte| *byte == b'*');
        let name = sections.next()?;
        let sections: Vec<&[u8]> = sections.collect();
        let section = match sections.as_slice() {
            [] => None,
            [b""] => Some((0, true)),
            [place, more @ ..] => {
                let place = std::str::from_utf8(place).ok()?.parse().ok()?;
                Some((place, more == [b""]))
            }
        };
        Some(Parameter {
            name,
            section,
            value,
            whole,
        })
    });
    (start, all.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_pieces_are_joined_before_they_are_decoded() {
        for (parameters, name) in [
            (
                "filename*0*=utf-8''La%C5; filename*1*=%BEni.pdf",
                "La%C5%BEni.pdf",
            ),
            (
                "filename*0*=windows-1251''%CF%F0%E5; filename*1*=%EF%E8%F1%EA%E0.txt",
                "%D0%9F%D1%80%D0%B5%D0%BF%D0%B8%D1%81%D0%BA%D0%B0.txt",
            ),
            (
                "filename*=windows-1250''u%E8enik%20%8Ek.pdf",
                "u%C4%8Denik%20%C5%BDk.pdf",
            ),
            (
                "filename*0=\"dugo ime; \"; filename*1=\"fajla.pdf\"",
                "dugo%20ime%3B%20fajla.pdf",
            ),
            (
                "filename*1*=%BEni.pdf; filename*0*=utf-8''La%C5",
                "La%C5%BEni.pdf",
            ),
            ("filename*0*=utf-8''x%20; filename*1=\"y.pdf\"", "x%20y.pdf"),
        ] {
            let field = format!("Content-Disposition: attachment; {parameters}\r\n");
            assert_eq!(
                String::from_utf8(joined(field.as_bytes()).unwrap()).unwrap(),
                format!("Content-Disposition: attachment;\r\n filename*=utf-8''{name}\r\n")
            );
        }
    }

    #[test]
    fn ordinary_parameters_are_left_alone() {
        for field in [
            "Content-Type: text/plain; charset=utf-8; name=\"a*b=c;d.txt\"\r\n",
            "Content-Disposition: attachment; filename*=utf-8''La%C5%BEni.pdf\r\n",
            "Subject: a*0=b; c*1=d\r\n",
        ] {
            assert!(joined(field.as_bytes()).is_none(), "{field}");
        }
    }
}

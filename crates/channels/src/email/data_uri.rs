//! Extracts files that are embedded in an HTML document as `data:` URLs (RFC 2397), such as a pasted screenshot.

use percent_encoding::percent_decode_str;

use super::transfer_encoding::lenient_base64;

/// The largest number of files that are extracted from one document.
const MOST: usize = 200;

#[derive(Debug, PartialEq, Eq)]
pub struct Embedded {
    pub media_type: String,
    /// The decoded bytes.
    pub bytes: Vec<u8>,
}

/// Separates the embedded files from a document. Returns the remaining document and the files. Searches only attribute values,
/// so `data:` URLs that a person wrote in the text stay there.
pub fn extract_files(html: &str) -> (String, Vec<Embedded>) {
    let mut out = String::new();
    let mut files = Vec::new();
    let mut rest = html;
    while files.len() < MOST
        && let Some(found) = next_url(rest)
    {
        out.push_str(found.before);
        match decode(found.url) {
            Some(file) if !file.bytes.is_empty() => files.push(file),
            _ => out.push_str(found.url),
        }
        rest = found.after;
    }
    out.push_str(rest);
    (out, files)
}

/// A `data:` URL in a document, with the text before and after it.
struct FoundUrl<'a> {
    before: &'a str,
    url: &'a str,
    after: &'a str,
}

/// Finds the next attribute value that is a `data:` URL.
fn next_url(html: &str) -> Option<FoundUrl<'_>> {
    let mut from = 0;
    // Everything is searched forward, so that a document with many of these words takes no longer than another one.
    let (mut scanned, mut inside, mut is_open_ended) = (0, false, false);
    loop {
        let at = from + find_ignoring_case(html.get(from..)?, "data:")?;
        let (before, value) = html.split_at_checked(at)?;
        let Some(quote) = before.trim_end().chars().next_back() else {
            from = at + 5;
            continue;
        };
        for byte in html.as_bytes().get(scanned..at).unwrap_or_default() {
            match byte {
                b'<' => inside = true,
                b'>' => inside = false,
                _ => {}
            }
        }
        scanned = at;
        let end = match quote {
            '"' | '\'' if inside => value.find(quote),
            '=' if inside && !is_open_ended => {
                let end = value.find(|c: char| c.is_whitespace() || c == '>');
                is_open_ended = end.is_none();
                end
            }
            _ => None,
        };
        if let Some((url, after)) = end.and_then(|end| value.split_at_checked(end)) {
            return Some(FoundUrl { before, url, after });
        }
        from = at + 5;
    }
}

fn find_ignoring_case(text: &str, wanted: &str) -> Option<usize> {
    text.as_bytes()
        .windows(wanted.len())
        .position(|window| window.eq_ignore_ascii_case(wanted.as_bytes()))
}

fn decode(value: &str) -> Option<Embedded> {
    let (kind, data) = value.get(5..)?.split_once(',')?;
    let (kind, is_base64) = match kind.rsplit_once(';') {
        Some((kind, last)) if last.trim().eq_ignore_ascii_case("base64") => (kind, true),
        _ => (kind, false),
    };
    let media_type = kind
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let plain: Vec<u8> = percent_decode_str(data).collect();
    let bytes = if is_base64 { lenient_base64(&plain) } else { plain };
    Some(Embedded {
        media_type: if media_type.is_empty() {
            "text/plain".to_owned()
        } else {
            media_type
        },
        bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_taken_out_of_attributes_alone() {
        for (html, left, files) in [
            (
                "<img src=\"data:image/png;base64,aVZC\">x",
                "<img src=\"\">x",
                vec![("image/png", "iVB")],
            ),
            (
                "<img src=data:image/gif;base64,R0lG >x",
                "<img src= >x",
                vec![("image/gif", "GIF")],
            ),
            (
                "<img src='DATA:image/png;BASE64,aV\nZC'>",
                "<img src=''>",
                vec![("image/png", "iVB")],
            ),
            (
                "<a href=\"data:text/plain,Zdravo%20svima\">x</a>",
                "<a href=\"\">x</a>",
                vec![("text/plain", "Zdravo svima")],
            ),
            (
                "<p>data:image/png;base64,aVZC</p>",
                "<p>data:image/png;base64,aVZC</p>",
                vec![],
            ),
            ("<p>Evo \"data: 5\"</p>", "<p>Evo \"data: 5\"</p>", vec![]),
        ] {
            let (text, found) = extract_files(html);
            let found: Vec<_> = found
                .iter()
                .map(|file| {
                    (
                        file.media_type.as_str(),
                        std::str::from_utf8(&file.bytes).unwrap(),
                    )
                })
                .collect();
            assert_eq!((text.as_str(), found), (left, files), "{html}");
        }
    }
}

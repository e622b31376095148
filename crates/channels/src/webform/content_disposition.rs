//! Reads the `Content-Disposition` header of one part of a multipart form (RFC 7578).
//!
//! Browsers send the names of fields and files in UTF-8 and in quotation marks. Old browsers and other programs may use another charset,
//! no quotation marks, the extended notation of RFC 8187, or parameter names in capitals. The content of a text field with an unknown
//! name is silently dropped. A part with a file name is always read as a file, whatever the name of its field, so that no file is lost.

use percent_encoding::percent_decode;

use crate::clean;

/// The name of a form field and, if the field contains a file, the name of the file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Disposition {
    /// The field's name.
    pub field: String,
    /// The file's name, which may be empty. `None` if the header contains no file name.
    pub file: Option<String>,
}

/// Parses the value of a `Content-Disposition` header.
pub fn read(value: &[u8]) -> Disposition {
    let mut read = Disposition::default();
    let mut extended = None;
    let mut rest = after(value, b';');
    while !rest.is_empty() {
        let Parameter { key, value, left } = parameter(rest);
        rest = left;
        match key.as_str() {
            "name" => read.field = clean::decode(&value).into_owned(),
            "filename" => read.file = Some(clean::decode(&value).into_owned()),
            "filename*" => extended = Some(from_extended(&value)),
            _ => {}
        }
    }
    read.file = extended.or(read.file);
    read
}

/// Returns the bytes of `text` after the first occurrence of `byte`.
fn after(text: &[u8], byte: u8) -> &[u8] {
    let at = text.iter().position(|one| *one == byte);
    at.and_then(|at| text.get(at + 1..)).unwrap_or_default()
}

struct Parameter<'a> {
    /// The parameter's name in lower case.
    key: String,
    value: Vec<u8>,
    /// The bytes after the parameter.
    left: &'a [u8],
}

/// Reads the first parameter, such as `filename="a.png"`, from the rest of a header value.
fn parameter(text: &[u8]) -> Parameter<'_> {
    let end = text.iter().position(|byte| matches!(byte, b'=' | b';'));
    let (key, rest) = text.split_at(end.unwrap_or(text.len()));
    let (value, rest) = match rest.strip_prefix(b"=").map(<[u8]>::trim_ascii_start) {
        None => (Vec::new(), rest),
        Some([b'"', quoted @ ..]) => unquoted(quoted),
        Some(value) => {
            let end = value.iter().position(|byte| *byte == b';');
            let (value, rest) = value.split_at(end.unwrap_or(value.len()));
            (value.trim_ascii().to_vec(), rest)
        }
    };
    Parameter {
        key: String::from_utf8_lossy(key.trim_ascii()).to_ascii_lowercase(),
        value,
        left: after(rest, b';'),
    }
}

/// Reads a quoted string from after its opening quotation mark. Returns its content, and the bytes after its closing quotation mark. A
/// backslash before a quotation mark escapes the mark if another quotation mark follows. Any other backslash is part of a Windows path.
fn unquoted(text: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut read = Vec::new();
    let mut rest = text;
    while let Some((byte, left)) = rest.split_first() {
        match (byte, left.strip_prefix(b"\"")) {
            (b'"', _) => return (read, left),
            (b'\\', Some(left)) if left.contains(&b'"') => {
                read.push(b'"');
                rest = left;
            }
            _ => {
                read.push(*byte);
                rest = left;
            }
        }
    }
    (read, rest)
}

/// Decodes a name in the extended notation of RFC 8187, `charset'language'percent-encoded`. Ignores the declared charset, and detects the
/// charset from the decoded bytes.
fn from_extended(text: &[u8]) -> String {
    let encoded = after(after(text, b'\''), b'\'');
    let encoded = if encoded.is_empty() { text } else { encoded };
    let bytes: Vec<u8> = percent_decode(encoded).collect();
    clean::decode(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(value: &[u8]) -> Option<String> {
        let read = read(value);
        assert_eq!(read.field, "file", "{}", String::from_utf8_lossy(value));
        read.file
    }

    #[test]
    fn a_file_is_known_however_its_name_is_written() {
        for (value, name) in [
            (
                &b"form-data; name=\"file\"; filename=\"slika.png\""[..],
                "slika.png",
            ),
            (
                "form-data; name=\"file\"; filename=\"слика.png\"".as_bytes(),
                "слика.png",
            ),
            // The file name is in windows-1250. It contains single bytes that are not UTF-8.
            (
                b"form-data; name=\"file\"; filename=\"\x9akola \xe8a\x9a.png\"",
                "škola čaš.png",
            ),
            // The file name is in windows-1251.
            (
                b"form-data; name=\"file\"; filename=\"\xd1\xeb\xe8\xea\xe0.png\"",
                "Слика.png",
            ),
            (b"form-data; name=\"file\"; filename=\"\"", ""),
            (b"form-data; name=\"file\"; filename=", ""),
            (b"form-data; name=\"file\"; filename", ""),
            (b"form-data; name=file; filename=moja slika.png", "moja slika.png"),
            (b"form-data;filename=a.png;name=file", "a.png"),
            (b"Form-Data; Name=\"file\"; FileName=\"a.png\"", "a.png"),
            (b"form-data; name = \"file\" ; filename = \"a.png\"", "a.png"),
            (b"form-data; name=\"file\"; filename=\"a.png", "a.png"),
            (b"form-data; name=\"file\"; filename=\"a\\\"b.png\"", "a\"b.png"),
            (
                b"form-data; name=\"file\"; filename=\"C:\\slike\\a.png\"",
                "C:\\slike\\a.png",
            ),
            (
                b"form-data; name=\"file\"; filename=\"a; name=x.png\"",
                "a; name=x.png",
            ),
            (
                b"form-data; name=\"file\"; filename*=UTF-8''%C5%A1kola.png",
                "škola.png",
            ),
            (
                b"form-data; name=\"file\"; filename*=\"utf-8'sr'a%20b.png\"; filename=\"x.png\"",
                "a b.png",
            ),
            (
                b"form-data; name=\"file\"; filename*=broken%zz.png",
                "broken%zz.png",
            ),
        ] {
            assert_eq!(
                file(value).as_deref(),
                Some(name),
                "{}",
                String::from_utf8_lossy(value)
            );
        }
        let odd = file(b"form-data; name=\"file\"; filename=\"\xff\xfe.png\"").unwrap();
        assert!(odd.ends_with(".png"), "{odd}");
    }

    #[test]
    fn a_field_that_is_no_file_has_no_file_name() {
        for value in [
            &b"form-data; name=\"message\""[..],
            b"form-data; name=message",
            b"form-data; xfilename=\"a\"; name=\"message\"",
            b"form-data; name=\"message\"; other=\"filename=a\"",
        ] {
            let read = read(value);
            assert_eq!((read.field.as_str(), read.file), ("message", None));
        }
        assert_eq!(read(b""), Disposition::default());
        assert_eq!(read(b"form-data"), Disposition::default());
    }
}

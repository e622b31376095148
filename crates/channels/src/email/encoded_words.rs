//! Decodes encoded words in headers (RFC 2047), and rewrites encoded words that a strict parser would misread.

use std::borrow::Cow;

use super::{
    charset,
    transfer_encoding::{lenient_base64, quoted_printable},
};

/// The longest encoded word that is recognised, in characters. RFC 2047 allows 75; some programs write longer words.
const LONGEST_WORD: usize = 2_000;

/// One encoded word, such as `=?utf-8?B?xaE=?=`.
struct Word<'a> {
    charset: &'a str,
    bytes: Vec<u8>,
    /// Whether a strict parser reads the word correctly.
    well: bool,
    /// The offset in the head at which the word ends.
    end: usize,
}

/// Rewrites a head (header section) so that a strict parser decodes its encoded words correctly. Words with raw bytes, missing padding or
/// a wrong charset are encoded again in UTF-8. If the bytes of a letter are split between two words, the words are joined.
pub fn repaired(head: &[u8]) -> Cow<'_, [u8]> {
    if !head.windows(2).any(|pair| pair == b"=?") {
        return Cow::Borrowed(head);
    }
    // Each byte is converted to the character with the same number, so that string functions also work on a head that is not valid UTF-8.
    let text: String = head.iter().map(|byte| char::from(*byte)).collect();
    let Some(repaired) = rewritten(&text) else {
        return Cow::Borrowed(head);
    };
    Cow::Owned(bytes_of(&repaired))
}

/// Decodes the encoded words in the value of a header.
pub fn decode(value: &str) -> String {
    let text: String = value.bytes().map(char::from).collect();
    let mut out = Vec::new();
    let mut done = 0;
    for run in runs(&text) {
        out.extend(bytes_of(text.get(done..run.start).unwrap_or_default()));
        out.extend(run.text.into_bytes());
        done = run.end;
    }
    out.extend(bytes_of(text.get(done..).unwrap_or_default()));
    String::from_utf8_lossy(&out).into_owned()
}

fn bytes_of(text: &str) -> Vec<u8> {
    text.chars()
        .filter_map(|c| u8::try_from(u32::from(c)).ok())
        .collect()
}

fn rewritten(head: &str) -> Option<String> {
    let mut out = String::new();
    let mut done = 0;
    for run in runs(head).filter(|run| !run.well) {
        let encoded = data_encoding::BASE64.encode(run.text.as_bytes());
        out.push_str(head.get(done..run.start)?);
        out.push_str(&format!("=?utf-8?B?{encoded}?="));
        done = run.end;
    }
    (done > 0).then(|| {
        out.push_str(head.get(done..).unwrap_or_default());
        out
    })
}

/// Adjacent encoded words in the same charset.
struct Run {
    start: usize,
    end: usize,
    text: String,
    /// Whether a strict parser reads all of these words correctly.
    well: bool,
}

/// Returns the encoded words of a head, with adjacent words in the same charset joined.
fn runs(head: &str) -> impl Iterator<Item = Run> {
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let start = from + head.get(from..)?.find("=?")?;
            if let Some(run) = run(head, start) {
                from = run.end;
                return Some(run);
            }
            from = start + 2;
        }
    })
}

fn run(head: &str, start: usize) -> Option<Run> {
    let mut all = word(head, start)?;
    while let Some(next) = next_word(head, &all) {
        all.well &= next.well;
        all.bytes.extend_from_slice(&next.bytes);
        all.end = next.end;
    }
    Some(Run {
        start,
        end: all.end,
        text: charset::decode(Some(all.charset), &all.bytes),
        well: all.well,
    })
}

fn next_word<'a>(head: &'a str, before: &Word<'a>) -> Option<Word<'a>> {
    let rest = head.get(before.end..)?;
    let start = before.end + rest.len() - rest.trim_ascii_start().len();
    let next = word(head, start)?;
    next.charset.eq_ignore_ascii_case(before.charset).then_some(next)
}

fn word(head: &str, start: usize) -> Option<Word<'_>> {
    let inside = head.get(start..)?.strip_prefix("=?")?;
    let near = inside
        .char_indices()
        .nth(LONGEST_WORD)
        .map_or(inside.len(), |(at, _)| at);
    let inside = inside.get(..near)?;
    let (charset, rest) = inside.split_once('?')?;
    let (encoding, rest) = rest.split_once('?')?;
    let (text, _) = rest.split_once("?=")?;
    let lawful = !charset.is_empty() && charset.len() < 60 && !charset.contains(char::is_whitespace);
    // A line break inside an encoded word must be followed by white space (a folded line). Otherwise the next line is another field.
    let folded = text.split('\n').skip(1).all(|line| line.starts_with([' ', '\t']));
    if !lawful || !folded {
        return None;
    }
    let bytes = match encoding {
        "b" | "B" => lenient_base64(&bytes_of(text)),
        "q" | "Q" => {
            let bare: String = text.split(['\r', '\n']).map(str::trim_ascii_end).collect();
            quoted_printable(&bytes_of(&bare.replace('_', " ")))
        }
        _ => return None,
    };
    let strict = match encoding {
        "b" | "B" => data_encoding::BASE64.decode(text.as_bytes()).is_ok(),
        _ => text.bytes().all(|byte| byte.is_ascii_graphic()),
    };
    Some(Word {
        charset,
        well: strict && charset.eq_ignore_ascii_case("utf-8") && std::str::from_utf8(&bytes).is_ok(),
        bytes,
        end: start + 2 + charset.len() + 1 + encoding.len() + 1 + text.len() + 2,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_whatever_is_wrong_with_them() {
        for (word, text) in [
            (&b"=?UTF-8?B?TGHF?=\r\n =?UTF-8?B?vm5p?="[..], "Lažni"),
            (b"=?utf-8?B?TGHFvm5pIHByb2ZpbA?=", "Lažni profil"),
            (b"=?windows-1250?Q?La=9Eni?=", "Lažni"),
            (
                b"=?windows-1250?Q?La\x9eni profil u \x9akoli?=",
                "Lažni profil u školi",
            ),
            (b"=?utf-8?Q?La\xc5\xbeni?=", "Lažni"),
            (b"=?us-ascii?Q?La=C5=BEni?=", "Lažni"),
            (b"=?us-ascii?B?TGHFvm5p?=", "Lažni"),
            (
                b"=?x-unknown?Q?La=9Eni_profil_u_=9Akoli?=",
                "Lažni profil u školi",
            ),
            (b"=?iso-8859-1?Q?=8Eelim_da_=E8ekam?=", "Želim da čekam"),
            (
                b"=?iso-8859-1?Q?=CB=E0=E6=ED=E8_=EF=F0=EE=F4=E8=EB?=",
                "Лажни профил",
            ),
            (b"=?iso-8859-1?Q?Th=E9r=E8se?=", "Thérèse"),
            (b"=?utf-8*sr?Q?La=C5=BEni?=", "Lažni"),
            (b"=?utf-8?B?TGHF\r\n vm5p?=", "Lažni"),
        ] {
            assert_eq!(decoded_bytes(word), text);
        }
    }

    fn decoded_bytes(word: &[u8]) -> String {
        let repaired = repaired(&[b"Subject: ", word].concat()).into_owned();
        let repaired = String::from_utf8(repaired).unwrap();
        decode(repaired.strip_prefix("Subject: ").unwrap())
    }

    #[test]
    fn a_letter_cut_in_two_is_whole_again() {
        assert_eq!(
            repaired(b"Subject: =?UTF-8?B?TGHF?=\r\n =?UTF-8?B?vm5p?= x\r\n"),
            &b"Subject: =?utf-8?B?TGHFvm5p?= x\r\n"[..]
        );
    }

    #[test]
    fn no_field_is_swallowed_by_a_word_without_an_end() {
        let head = b"Subject: =?utf-8?Q?x\r\nFrom: =?utf-8?Q?Ana?= <a@example.org>\r\n";
        assert_eq!(repaired(head), &head[..]);
    }
}

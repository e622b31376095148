//! For any tree of MIME parts, all words of all texts are shown, and all files keep their bytes.

use std::{collections::HashSet, fmt::Write};

use hotline_core::contact::message::{Content, Normalised};
use proptest::prelude::*;

use crate::golden::{cases, mailbox, raw};

/// A part of a mail.
#[derive(Debug, Clone)]
enum Part {
    Text(Vec<String>, Travel),
    Html(Vec<(String, usize)>, Travel),
    File(Vec<u8>, usize),
    Parts(usize, Vec<Part>),
    Mail(Box<Part>),
}

/// The encoding of a text: its charset and its transfer encoding.
#[derive(Debug, Clone, Copy)]
struct Travel {
    charset: usize,
    encoding: usize,
    inline: bool,
}

const CHARSETS: [&str; 2] = ["utf-8", "windows-1250"];
const TYPES: [&str; 6] = [
    "image/png",
    "application/pdf",
    "text/csv; charset=utf-8",
    "text/plain; charset=windows-1251",
    "text/html",
    "application/octet-stream",
];
const KINDS: [&str; 5] = ["mixed", "alternative", "related", "signed", "x-unknown"];
/// HTML elements that contain a word.
const ELEMENTS: [(&str, &str); 18] = [
    ("<p>", "</p>"),
    ("<b>", "</b> "),
    ("<div>", "</div>"),
    ("<table><tr><td>", "</td></tr></table>"),
    ("<ul><li>", "</ul>"),
    ("<a href=\"https://a.example/x\">", "</a> "),
    ("<blockquote>", "</blockquote>"),
    ("<h2>", "</h2>"),
    ("", "<br>"),
    ("<table><tr><td rowspan=2>", "</td></tr></table>"),
    ("<table><caption>", "</caption></table>"),
    ("<ol><p>", "</p></ol>"),
    ("<ol><li>x</li><ul><li>", "</li></ul></ol>"),
    ("<dl><div>", "</div></dl>"),
    ("<svg><text>", "</text></svg>"),
    ("<noscript>", " </noscript>"),
    ("<textarea>", "</textarea>"),
    ("<select><option>", "</option></select>"),
];

fn part() -> impl Strategy<Value = Part> {
    // Some words begin with the magic bytes of a known file type.
    let word =
        "(BM|MZ|GIF|ID3|FWS|BZh|OggS)?[bdgklmnprstv][aeiou][čćžšđ]?[aeiou][bdgklmnprstv]{1,2}[aeiou]{0,1}";
    let travel =
        (0..CHARSETS.len(), 0..3usize, any::<bool>()).prop_map(|(charset, encoding, inline)| Travel {
            charset,
            encoding,
            inline,
        });
    let leaf = prop_oneof![
        (prop::collection::vec(word, 1..12), travel.clone())
            .prop_map(|(words, travel)| Part::Text(words, travel)),
        (prop::collection::vec((word, 0..ELEMENTS.len()), 1..12), travel)
            .prop_map(|(words, travel)| Part::Html(words, travel)),
        (prop::collection::vec(any::<u8>(), 0..80), 0..TYPES.len())
            .prop_map(|(bytes, kind)| Part::File(bytes, kind)),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            4 => (0..KINDS.len(), prop::collection::vec(inner.clone(), 1..5))
                .prop_map(|(kind, parts)| Part::Parts(kind, parts)),
            1 => inner.prop_map(|part| Part::Mail(Box::new(part))),
        ]
    })
}

/// What the parsed mail must contain.
#[derive(Default)]
struct Expected {
    words: HashSet<String>,
    files: Vec<Vec<u8>>,
    boundaries: usize,
}

impl Part {
    fn write(&self, out: &mut Vec<u8>, expected: &mut Expected) {
        match self {
            Self::Text(words, travel) => {
                expected.words.extend(words.iter().cloned());
                let text = words
                    .chunks(4)
                    .map(|line| line.join(" "))
                    .collect::<Vec<_>>()
                    .join("\r\n");
                travel.write("plain", &text, out);
            }
            Self::Html(words, travel) => {
                let mut html = "<html><body>".to_owned();
                for (word, element) in words {
                    expected.words.insert(word.clone());
                    let (start, end) = ELEMENTS[*element];
                    write!(html, "{start}{word}{end}").unwrap();
                }
                travel.write("html", &html, out);
            }
            Self::File(bytes, kind) => {
                out.extend_from_slice(
                    format!(
                        "Content-Type: {}\r\nContent-Disposition: attachment; filename=f{}.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n",
                        TYPES[*kind],
                        expected.files.len()
                    )
                    .as_bytes(),
                );
                for line in data_encoding::BASE64.encode(bytes).as_bytes().chunks(60) {
                    out.extend_from_slice(line);
                    out.extend_from_slice(b"\r\n");
                }
                expected.files.push(bytes.clone());
            }
            Self::Parts(kind, parts) => {
                expected.boundaries += 1;
                let boundary = format!("b{}", expected.boundaries);
                let head = format!(
                    "Content-Type: multipart/{}; boundary={boundary}\r\n\r\n",
                    KINDS[*kind]
                );
                out.extend_from_slice(head.as_bytes());
                for part in parts {
                    out.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
                    part.write(out, expected);
                    out.extend_from_slice(b"\r\n");
                }
                out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
            }
            Self::Mail(part) => {
                out.extend_from_slice(
                    b"Content-Type: message/rfc822\r\n\r\nFrom: b@example.com\r\nSubject: y\r\n",
                );
                part.write(out, expected);
            }
        }
    }
}

impl Travel {
    fn write(self, kind: &str, text: &str, out: &mut Vec<u8>) {
        let charset = CHARSETS[self.charset];
        let encoding = ["8bit", "base64", "quoted-printable"][self.encoding];
        let inline = if self.inline {
            "Content-Disposition: inline\r\n"
        } else {
            ""
        };
        let head = format!(
            "Content-Type: text/{kind}; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n{inline}\r\n"
        );
        out.extend_from_slice(head.as_bytes());
        let bytes = encoding_rs::Encoding::for_label(charset.as_bytes())
            .unwrap()
            .encode(text)
            .0;
        match self.encoding {
            0 => out.extend_from_slice(&bytes),
            1 => out.extend_from_slice(data_encoding::BASE64.encode(&bytes).as_bytes()),
            _ => {
                for byte in bytes.iter() {
                    match byte {
                        b'\r' | b'\n' | b' '..=b'<' | b'>'..=b'~' => out.push(*byte),
                        _ => out.extend_from_slice(format!("={byte:02X}").as_bytes()),
                    }
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(150)))]

    #[test]
    fn every_word_of_a_mail_is_shown_and_every_file_is_unchanged(tree in part()) {
        let mut expected = Expected::default();
        let mut mail = b"From: <ana@example.org>\r\nSubject: x\r\nMIME-Version: 1.0\r\n".to_vec();
        tree.write(&mut mail, &mut expected);
        let Normalised::Message(message) = mailbox().normalise(&raw(mail)) else {
            return Err(TestCaseError::fail("no message"));
        };
        let shown = format!("{} {}", message.text, message.quoted);
        let shown: HashSet<&str> = shown.split(|c: char| !c.is_alphanumeric()).collect();
        for word in &expected.words {
            prop_assert!(shown.contains(word.as_str()), "{} is not shown", word);
        }
        for file in &expected.files {
            let kept = message.parts.iter().any(|part| match &part.content {
                Content::Here(bytes) => bytes == file,
                Content::NotTaken(_) | Content::TooLarge(_) | Content::Elsewhere(_) => false,
            });
            prop_assert!(kept, "a file of {} bytes changed", file.len());
        }
    }
}

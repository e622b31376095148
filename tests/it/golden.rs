//! Golden messages: each file is named for the behaviour that it shows, and a snapshot contains its complete parsed form.

use std::sync::{Arc, LazyLock};

use hotline_channels::{
    KINDS,
    channel::{Channel, LineAddresses, Opening},
};
use hotline_core::{
    centre::{Centre, CentreInForce},
    contact::message::{Content, Evidence, Normalised, RawMessage},
    identifiers::line_name::LineName,
    network::OutgoingSettings,
    text::locale::Locales,
    time::clock::SystemClock,
};
use proptest::prelude::*;

/// The settings for a line of each channel. A test below fails if a channel has no golden folder.
const LINES: &[(&str, &str)] = &[
    (
        "bridge",
        "channel = \"bridge\"\nsecret = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"\n",
    ),
    (
        "email",
        "channel = \"email\"\naddress = \"kontakt@centar.example.org\"\n[imap]\nhost = \"localhost\"\nuser = \"x\"\n\
         password = \"x\"\n[smtp]\nhost = \"localhost\"\nsecurity = \"plain\"\n",
    ),
    ("webform", "channel = \"webform\"\n"),
    ("discord", "channel = \"discord\"\ntoken = \"MTIzNDU2.a.b\"\n"),
    ("telegram", "channel = \"telegram\"\ntoken = \"4242:x\"\n"),
];

/// A line of each channel, opened once.
pub static OPENED: LazyLock<Vec<(&str, Arc<dyn Channel>)>> =
    LazyLock::new(|| LINES.iter().map(|(name, _)| (*name, line(name))).collect());

/// Returns the golden messages of a channel.
fn golden_files(channel: &str) -> Vec<std::path::PathBuf> {
    let folder = format!("{}/golden/{channel}", env!("CARGO_MANIFEST_DIR"));
    let entries = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Returns the mail line of [`LINES`].
pub fn mailbox() -> Arc<dyn Channel> {
    let opened = OPENED.iter().find(|(name, _)| *name == "email").unwrap();
    opened.1.clone()
}

fn line(channel: &str) -> Arc<dyn Channel> {
    let (_, settings) = LINES.iter().find(|(name, _)| *name == channel).unwrap();
    let settings = config::Config::builder()
        .add_source(config::File::from_str(settings, config::FileFormat::Toml))
        .build()
        .unwrap();
    let kind = KINDS.iter().find(|kind| kind.name == channel).unwrap();
    let opening = Opening {
        name: LineName::parse("line").unwrap(),
        settings: settings.try_deserialize().unwrap(),
        centre: CentreInForce::new(Centre::default()),
        addresses: LineAddresses::default(),
        outgoing: OutgoingSettings::default(),
        public_url: "https://centar.example.org".to_owned(),
        locales: Arc::new(Locales),
        clock: Arc::new(SystemClock),
    };
    (kind.open)(opening).unwrap()
}

pub fn raw(bytes: Vec<u8>) -> RawMessage {
    RawMessage {
        line: LineName::parse("mail").unwrap(),
        external_id: String::new(),
        received_at: chrono::DateTime::UNIX_EPOCH,
        bytes,
        cut_from: None,
    }
}

fn lies(content: &Content) -> String {
    match content {
        Content::Here(_) => String::new(),
        Content::NotTaken(_) => " not taken".to_owned(),
        Content::TooLarge(_) => " too large".to_owned(),
        Content::Elsewhere(file) => format!(" lies at {:?} ({})", file.reference.expose(), file.unique),
    }
}

/// Formats a parsed message for review.
fn shown(reading: &Normalised) -> String {
    match reading {
        Normalised::Ignore(reason) => format!("ignored: {reason}"),
        Normalised::Unreadable(unreadable) => format!(
            "unreadable: {}{}",
            unreadable.reason,
            unreadable
                .identifier
                .as_ref()
                .map_or_else(String::new, |one| format!("\nfrom: {:?}", one.expose()))
        ),
        Normalised::Notice(notice) => {
            format!("notice of {:?}: {:?}", notice.identifier.expose(), notice.news)
        }
        Normalised::Report(report) => {
            format!(
                "report: {:?}, ours: {}, {}",
                report.fate,
                report.token.is_some(),
                report.reason.expose()
            )
        }
        Normalised::Message(message) => {
            let tokens = message
                .evidence
                .iter()
                .filter(|one| matches!(one, Evidence::Token(_)))
                .count();
            let parts: Vec<_> = message
                .parts
                .iter()
                .map(|part| {
                    format!(
                        "\n  {:?} {} {} bytes inline={}{}",
                        part.name,
                        part.media_type,
                        part.content.size(),
                        part.inline,
                        lies(&part.content)
                    )
                })
                .collect();
            format!(
                "from: {:?} {:?}\n{}answer to: {:?}\nsubject: {:?}\norigin: {:?}{}\nremarks: {:?}\nevidence: {} of ours in {}\n\
                 claimed: {:?}\n{}parts: {}{}\n--- text\n{}\n--- quoted\n{}",
                message.identifier.as_ref().map(|one| one.expose()),
                message.name,
                message
                    .message_part
                    .as_ref()
                    .map_or_else(String::new, |piece| format!(
                        "piece: {piece:?} of {:?}\n",
                        message.message_id
                    )),
                message.answer_to.as_ref().map(|one| one.expose()),
                message.subject,
                message.origin,
                if message.unacknowledged {
                    " (unacknowledged)"
                } else {
                    ""
                },
                message.remarks,
                tokens,
                message.evidence.len(),
                message.claimed_at.map(|at| at.to_rfc3339()),
                message
                    .url
                    .as_ref()
                    .map_or_else(String::new, |url| format!("reports: {url:?}\n")),
                parts.len(),
                parts.concat(),
                message.text,
                message.quoted
            )
        }
    }
}

#[test]
fn every_channel_has_golden_messages() {
    for kind in KINDS {
        let folder = format!("{}/golden/{}", env!("CARGO_MANIFEST_DIR"), kind.name);
        let files = std::fs::read_dir(&folder).map_or(0, Iterator::count);
        assert!(files >= 10, "{folder} holds {files}");
    }
}

/// Defines a test that parses every file in a channel's folder.
macro_rules! golden {
    ($name:ident, $channel:literal, $files:literal) => {
        #[test]
        fn $name() {
            let line = line($channel);
            insta::glob!(concat!("../golden/", $channel), $files, |path| {
                let reading = line.normalise(&raw(std::fs::read(path).unwrap()));
                insta::assert_snapshot!(shown(&reading));
            });
        }
    };
}

golden!(every_golden_post_is_read_as_it_was_reviewed, "webform", "*.json");
golden!(
    every_golden_bridge_call_is_read_as_it_was_reviewed,
    "bridge",
    "*.json"
);
golden!(
    every_golden_telegram_update_is_read_as_it_was_reviewed,
    "telegram",
    "*.json"
);
golden!(
    every_golden_discord_message_is_read_as_it_was_reviewed,
    "discord",
    "*.json"
);
golden!(every_golden_mail_is_read_as_it_was_reviewed, "email", "*.eml");

#[test]
fn every_charset_the_web_knows_is_read() {
    let mailbox = mailbox();
    let samples = [
        "Žurno: đak šalje ćerki čudne poruke, džabe zovem.",
        "Џабе зовем: ђак шаље ћерки чудне поруке, њима је љубав.",
        "Ёлка, їжак, ўсё",
        "Мама мыла раму",
        "café naïve ¿qué? ß Ø",
        "Ελληνικά, τι να κάνω;",
        "שלום עולם",
        "سلام يا عالم",
        "ภาษาไทย",
        "こんにちは世界",
        "안녕하세요 세계",
        "你好，世界",
        "妳好，世界",
        "Labas rytas, šiandien ąžuolas",
        "İstanbul ığşç",
        "Dydd da, ŵyneb ŷ ṁ",
    ];
    let mut read = 0;
    for label in [
        "utf-8",
        "ibm866",
        "iso-8859-2",
        "iso-8859-3",
        "iso-8859-4",
        "iso-8859-5",
        "iso-8859-6",
        "iso-8859-7",
        "iso-8859-8",
        "iso-8859-8-i",
        "iso-8859-10",
        "iso-8859-13",
        "iso-8859-14",
        "iso-8859-15",
        "iso-8859-16",
        "koi8-r",
        "koi8-u",
        "macintosh",
        "windows-874",
        "windows-1250",
        "windows-1251",
        "windows-1252",
        "windows-1253",
        "windows-1254",
        "windows-1255",
        "windows-1256",
        "windows-1257",
        "windows-1258",
        "x-mac-cyrillic",
        "gbk",
        "gb18030",
        "big5",
        "euc-jp",
        "iso-2022-jp",
        "shift_jis",
        "euc-kr",
        "us-ascii",
        "iso-8859-1",
        "iso-8859-9",
        "cp1250",
        "x-cp1251",
        "ks_c_5601-1987",
    ] {
        let encoding = encoding_rs::Encoding::for_label(label.as_bytes()).unwrap();
        let mut any = false;
        for text in samples {
            let (bytes, _, unmappable) = encoding.encode(text);
            if unmappable {
                continue;
            }
            any = true;
            read += 1;
            let mut mail = format!(
                "From: <ana@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset={label}\r\n\
                 Content-Transfer-Encoding: 8bit\r\n\r\n"
            )
            .into_bytes();
            mail.extend_from_slice(&bytes);
            let Normalised::Message(message) = mailbox.normalise(&raw(mail)) else {
                panic!("{label}: {text}")
            };
            assert_eq!(message.text, text, "{label}");
        }
        assert!(any, "{label} writes none of the samples");
    }
    assert!(read > 80, "{read}");
}

/// These mails are too large to be stored as golden files.
#[test]
fn monstrous_mails_are_read_or_refused_and_nothing_breaks() {
    let run = || {
        let mailbox = mailbox();
        let head = "From: <ana@example.org>\r\nSubject: x\r\n";
        let mut nested = String::new();
        for depth in 0..1_000 {
            nested.push_str(&format!(
                "Content-Type: multipart/mixed; boundary=b{depth}\r\n\r\n--b{depth}\r\n"
            ));
        }
        let references = (0..10_000)
            .map(|number| format!("<{number}@example.org>"))
            .collect::<Vec<_>>()
            .join(" ");
        for mail in [
            format!("{head}\r\n{}", "a".repeat(10 << 20)),
            format!(
                "{head}Content-Type: text/html\r\n\r\n{}x",
                "<div>".repeat(100_000)
            ),
            format!("{head}{nested}"),
            format!("{head}References: {references}\r\n\r\nx"),
            format!("{head}{}\r\nx", "X-Many: header\r\n".repeat(100_000)),
            format!("{head}Subject: {}\r\n\r\nx", "š".repeat(1 << 20)),
            format!(
                "{head}Content-Type: message/rfc822\r\n\r\n{}",
                format!("{head}Content-Type: message/rfc822\r\n\r\n").repeat(1_000)
            ),
        ] {
            let size = mail.len();
            let begun = std::time::Instant::now();
            let reading = mailbox.normalise(&raw(mail.into_bytes()));
            assert!(!shown(&reading).is_empty(), "{size}");
            eprintln!("{size} bytes read in {:?}", begun.elapsed());
        }
    };
    // Uses the stack size of the service's parser threads, because parsers recurse.
    std::thread::Builder::new()
        .stack_size(64 << 20)
        .spawn(run)
        .unwrap()
        .join()
        .unwrap();
}

/// Returns the number of cases for a property test: `HOTLINE_FUZZ_CASES`, else `usual`.
pub fn cases(usual: u32) -> u32 {
    let asked = std::env::var("HOTLINE_FUZZ_CASES").ok();
    asked.and_then(|asked| asked.parse().ok()).unwrap_or(usual)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(400)))]

    #[test]
    fn no_bytes_at_all_break_a_reader(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        for (_, line) in OPENED.iter() {
            shown(&line.normalise(&raw(bytes.clone())));
        }
    }

    #[test]
    fn no_spoiled_message_breaks_a_reader(which in any::<usize>(), places in proptest::collection::vec((any::<u16>(), any::<u8>()), 1..30)) {
        for (channel, line) in OPENED.iter() {
            let files = golden_files(channel);
            let mut bytes = std::fs::read(&files[which % files.len()]).unwrap();
            for (place, byte) in &places {
                if !bytes.is_empty() {
                    let at = usize::from(*place) % bytes.len();
                    bytes[at] = *byte;
                }
            }
            shown(&line.normalise(&raw(bytes)));
        }
    }

    /// Replaces random values with others. The result is still JSON.
    #[test]
    fn no_twisted_update_breaks_a_reader(which in any::<usize>(), twists in proptest::collection::vec((any::<u16>(), 0usize..7), 1..6)) {
        for (channel, line) in OPENED.iter() {
            let files = golden_files(channel);
            let bytes = std::fs::read(&files[which % files.len()]).unwrap();
            let Ok(mut value) = serde_json::from_slice::<serde_json::Value>(&bytes) else { continue };
            for (place, kind) in &twists {
                let mut count = usize::from(*place) % 60;
                twist(&mut value, &mut count, *kind);
            }
            shown(&line.normalise(&raw(value.to_string().into_bytes())));
        }
    }
}

/// Replaces the value that comes after `count` other values in a traversal of the JSON.
fn twist(value: &mut serde_json::Value, count: &mut usize, kind: usize) {
    use serde_json::{Value, json};
    if *count == 0 {
        *value = [
            Value::Null,
            json!(-1),
            json!(u64::MAX),
            json!(""),
            json!("\u{202e}\u{0}"),
            json!([[]]),
            json!({ "id": {} }),
        ][kind]
            .clone();
    }
    *count = count.wrapping_sub(1);
    match value {
        Value::Array(all) => all.iter_mut().for_each(|one| twist(one, count, kind)),
        Value::Object(all) => all.values_mut().for_each(|one| twist(one, count, kind)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

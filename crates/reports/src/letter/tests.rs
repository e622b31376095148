use std::{
    io::Write,
    process::{Command, Stdio},
};

use proptest::prelude::*;

use super::{layout::wrap, *};

fn letter() -> Letter {
    Letter {
        language: "sr-Cyrl",
        sender: "Контакт центар за безбедност деце на интернету".to_owned(),
        sender_details: vec!["Измишљена улица 1, 11000 Београд".to_owned()],
        facts: vec![("Број".to_owned(), "12/2026".to_owned())],
        recipient: "Министарство просвете".to_owned(),
        subject: "Достављање података о случају 12/2026".to_owned(),
        draft: None,
        opening: "У складу са законом достављамо вам податке.".to_owned(),
        summary: "Непозната особа тражи слике. Đorđe, Čačak, šuma: њ љ ђ ћ џ.".to_owned(),
        enclosed_label: "Прилози".to_owned(),
        enclosed: vec!["снимци екрана".to_owned(), "адреса профила".to_owned()],
        signature_label: "потпис овлашћеног лица".to_owned(),
    }
}

/// Returns what a program of poppler-utils prints about a PDF.
fn printed(program: &str, arguments: &[&str], pdf: &[u8]) -> String {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(pdf).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the words of a text, separated by one space.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_text_of_a_letter_can_be_copied_out() {
    let letter = letter();
    let text = words(&printed("pdftotext", &["-", "-"], &letter.to_pdf().unwrap()));
    let details = [
        &letter.sender,
        &letter.recipient,
        &letter.subject,
        &letter.opening,
        &letter.summary,
    ];
    for part in details
        .into_iter()
        .chain(&letter.sender_details)
        .chain(&letter.enclosed)
    {
        assert!(text.contains(part.as_str()), "{part} in {text}");
    }
    assert!(
        text.contains("Број: 12/2026") && text.contains("1. снимци екрана"),
        "{text}"
    );
}

#[test]
fn a_letter_has_a_title_a_language_and_tags() {
    let pdf = letter().to_pdf().unwrap();
    let facts = printed("pdfinfo", &["-"], &pdf);
    let line = |name: &str| {
        let line = facts.lines().find_map(|line| line.strip_prefix(name));
        line.map(str::trim).unwrap_or_default().to_owned()
    };
    assert_eq!(line("Title:"), letter().subject);
    assert_eq!(line("Tagged:"), "yes");
    assert_eq!(line("Pages:"), "1");
    assert_eq!(line("CreationDate:"), "");
    let has = |bytes: &[u8]| pdf.windows(bytes.len()).any(|window| window == bytes);
    assert!(has(b"/Lang(sr-Cyrl)") || has(b"/Lang (sr-Cyrl)"));
}

#[test]
fn the_same_letter_gives_the_same_bytes() {
    assert!(letter().to_pdf().unwrap() == letter().to_pdf().unwrap());
}

#[test]
fn a_long_summary_continues_on_further_pages() {
    let summary = "Реченица која се понавља више пута. ".repeat(300);
    let long = Letter {
        summary: summary.clone(),
        ..letter()
    };
    let pdf = long.to_pdf().unwrap();
    let text = printed("pdftotext", &["-", "-"], &pdf);
    assert_eq!(text.matches("понавља").count(), 300);
    assert!(text.contains("1/4") && text.contains("4/4"), "{text}");
}

#[test]
fn a_word_wider_than_a_line_is_broken() {
    let lines = wrap("aaaaa bb cccc", 3.0, |text| {
        f32::from(u8::try_from(text.len()).unwrap())
    });
    assert_eq!(lines, ["aaa", "aa ", "bb ", "ccc", "c"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_text_can_be_written_into_a_letter(summary in any::<String>(), enclosed in "\\PC{0,40}") {
        let letter = Letter { summary, enclosed: vec![enclosed], ..letter() };
        let pdf = letter.to_pdf().unwrap();
        prop_assert!(pdf.starts_with(b"%PDF-1.7"));
    }

    #[test]
    fn wrapping_loses_no_character_and_keeps_the_width(text in "[a-zа-ш ]{0,80}", most in 1u8..12) {
        let width = |text: &str| f32::from(u8::try_from(text.chars().count()).unwrap());
        let lines = wrap(&text, f32::from(most), width);
        let without_spaces = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>();
        prop_assert_eq!(without_spaces(&lines.concat()), without_spaces(&text));
        for line in &lines {
            prop_assert!(width(line.trim_end()) <= f32::from(most), "{:?}", line);
        }
    }
}

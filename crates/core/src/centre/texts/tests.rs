use super::*;

fn both(sr: &str, en: &str) -> TextContent {
    TextContent::Localized(LocalizedText {
        sr: sr.to_owned(),
        en: en.to_owned(),
    })
}

fn same(text: &str) -> TextContent {
    TextContent::Same(text.to_owned())
}

fn number(number: &str, sr: &str) -> Emergency {
    Emergency {
        number: number.to_owned(),
        name: Text::Serbian(sr.to_owned()),
    }
}

#[test]
fn every_text_of_the_defaults_is_valid_and_replaces_itself() {
    let centre = Centre::default();
    for text in PublicText::ALL {
        let content = text.content(&centre);
        if content != same("") {
            assert_eq!(text.check(&content), Ok(()), "{text:?}");
        }
        let mut replaced = centre.clone();
        text.replace(&content, &mut replaced);
        assert_eq!(text.content(&replaced), content, "{text:?}");
    }
}

#[test]
fn a_built_in_message_says_the_same_when_it_is_stored() {
    let centre = Centre::default();
    let more = [
        ("reference", "7K3M-2QX9"),
        ("opens", "сутра"),
        ("form", "https://example.org"),
    ];
    for text in PublicText::ALL {
        let TextFormat::Message(format) = text.format() else {
            continue;
        };
        let mut stored = centre.clone();
        text.replace(&text.content(&centre), &mut stored);
        for language in Language::ALL {
            let words = Locales.of(language);
            let expected = centre.say(words, format.key, &more);
            assert_eq!(
                stored.say(words, format.key, &more),
                expected,
                "{text:?} {language:?}"
            );
            assert!(!expected.contains('{'), "{expected}");
        }
    }
}

#[test]
fn a_replaced_message_is_filled_in_and_transliterated() {
    let mut centre = Centre::default();
    let content = both(
        "Примљено: {reference}. {centre}",
        "Received: {reference}. {hours}",
    );
    PublicText::MailAcknowledgement.replace(&content, &mut centre);
    let say = |language| {
        centre.say(
            Locales.of(language),
            "mail-acknowledgement",
            &[("reference", "{x}")],
        )
    };
    assert_eq!(
        say(Language::SrLatn),
        "Primljeno: {x}. Kontakt centar za bezbednost dece na internetu"
    );
    assert_eq!(say(Language::En), "Received: {x}. Monday–Friday, 07:30–15:30");
}

#[test]
fn mistakes_in_texts_are_found() {
    use InvalidText::{
        BadAddress, BadNumber, ControlCharacter, Empty, Format, MissingField, NoNumber, NumberWithoutName,
        TooLong, TooManyNumbers, UnknownField,
    };
    let text = str::to_owned;
    let long = "а".repeat(LONGEST_LINE + 1);
    let many = vec![number("192", "Полиција"); MOST_NUMBERS + 1];
    let closed = "Читамо {opens}. {emergency}";
    for (public, content, mistake) in [
        (PublicText::Telephone, same(""), Empty(None)),
        (PublicText::Telephone, same("call us"), BadNumber(text("call us"))),
        (PublicText::Telephone, same("19833\n1"), ControlCharacter),
        (PublicText::Telephone, both("19833", ""), Format),
        (PublicText::Email, same("centar"), BadAddress(text("centar"))),
        (PublicText::Telegram, same("@centar"), BadAddress(text("@centar"))),
        (
            PublicText::OpeningHours,
            both("", "daily"),
            Empty(Some(Language::SrCyrl)),
        ),
        (PublicText::OpeningHours, both(&long, ""), TooLong(LONGEST_LINE)),
        (PublicText::Emergency, TextContent::Numbers(Vec::new()), NoNumber),
        (
            PublicText::Emergency,
            TextContent::Numbers(many),
            TooManyNumbers(MOST_NUMBERS),
        ),
        (
            PublicText::Helplines,
            TextContent::Numbers(vec![number("116111", " ")]),
            NumberWithoutName(text("116111")),
        ),
        (
            PublicText::ClosedAnswer,
            both(closed, ""),
            Empty(Some(Language::En)),
        ),
        (
            PublicText::ClosedAnswer,
            both(closed, "{opens}"),
            MissingField("emergency"),
        ),
        (
            PublicText::ClosedAnswer,
            both("{opens", closed),
            UnknownField(text("opens")),
        ),
        (
            PublicText::PrivacyKept,
            both("{reference}", "x"),
            UnknownField(text("reference")),
        ),
        (
            PublicText::PrivacyKept,
            both(&"а".repeat(LONGEST_MESSAGE + 1), "x"),
            TooLong(LONGEST_MESSAGE),
        ),
        (PublicText::PrivacyKept, both("а\u{7}", "x"), ControlCharacter),
    ] {
        assert_eq!(public.check(&content), Err(mistake), "{public:?} {content:?}");
    }
    for (public, content) in [
        (PublicText::Telephone, same("+381 11/123-456")),
        (PublicText::Email, same("")),
        (PublicText::OpeningHours, both("сваког дана", "")),
        (PublicText::Helplines, TextContent::Numbers(Vec::new())),
        (PublicText::ClosedAnswer, both(closed, "At {opens}:\n{emergency}")),
    ] {
        assert_eq!(public.check(&content), Ok(()), "{public:?} {content:?}");
    }
}

#[test]
fn the_setting_of_a_text_exists() {
    let json = serde_json::to_value(Centre::default()).unwrap();
    for setting in PublicText::ALL.iter().filter_map(|text| text.setting()) {
        let key = setting.strip_prefix("centre.").unwrap();
        assert!(json.get(key).is_some(), "{setting}");
    }
}

//! Localized texts for screens and mail: Serbian in both scripts, and English, using Fluent.

use std::{str::FromStr, sync::LazyLock};

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use unic_langid::LanguageIdentifier;

use crate::text::transliterate::to_latin;

/// The Serbian texts in Cyrillic script. The texts in Latin script are transliterated from them.
const SERBIAN: &str = include_str!("../../../../config/locales/sr.ftl");
/// The English texts.
const ENGLISH: &str = include_str!("../../../../config/locales/en.ftl");

/// A language of the pages and of automatic messages.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Default,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
    strum::EnumString,
    strum::IntoStaticStr,
)]
pub enum Language {
    /// Serbian in Cyrillic script.
    #[default]
    #[serde(rename = "sr-Cyrl")]
    #[strum(serialize = "sr-Cyrl")]
    SrCyrl,
    /// Serbian in Latin script.
    #[serde(rename = "sr-Latn")]
    #[strum(serialize = "sr-Latn")]
    SrLatn,
    /// English.
    #[serde(rename = "en")]
    #[strum(serialize = "en")]
    En,
}

impl Language {
    /// Every supported language.
    pub const ALL: [Self; 3] = [Self::SrCyrl, Self::SrLatn, Self::En];

    /// Returns the BCP 47 tag of the language.
    #[must_use]
    pub fn tag(self) -> &'static str {
        self.into()
    }

    /// Returns the name of the language as its speakers write it.
    #[must_use]
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::SrCyrl => "Српски",
            Self::SrLatn => "Srpski",
            Self::En => "English",
        }
    }

    /// Returns the language for a BCP 47 tag, or `None` if it is not supported. `sr` without a script means Cyrillic.
    #[must_use]
    pub fn parse(tag: &str) -> Option<Self> {
        let tag = tag.trim();
        Self::ALL
            .into_iter()
            .find(|language| language.tag().eq_ignore_ascii_case(tag))
            .or_else(|| match tag.to_ascii_lowercase().as_str() {
                "sr" | "sr-rs" | "sr-cyrl-rs" => Some(Self::SrCyrl),
                "sr-latn-rs" | "hr" | "bs" | "me" | "cnr" => Some(Self::SrLatn),
                other if other.starts_with("en-") => Some(Self::En),
                _ => None,
            })
    }

    /// Returns the supported language to which an `Accept-Language` header gives the highest weight (RFC 9110, section 12.5.4).
    #[must_use]
    pub fn accepted(header: &str) -> Option<Self> {
        let ranges = header.split(',').filter_map(|range| {
            let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
            let weight = parameters.trim().strip_prefix("q=").unwrap_or("1");
            let weight: f32 = weight.trim().parse().unwrap_or(0.0);
            Some((Self::parse(tag.trim())?, weight)).filter(|(_, weight)| *weight > 0.0)
        });
        // If the header gives two languages the same weight, the first one wins.
        ranges
            .reduce(|best, other| if other.1 > best.1 { other } else { best })
            .map(|(language, _)| language)
    }

    /// Guesses the language of a text. If most letters are Cyrillic, the result is Serbian in Cyrillic script. Otherwise, if the text
    /// contains č, ć, š, ž or đ, the result is Serbian in Latin script. In all other cases, the result is `None`.
    #[must_use]
    pub fn guess(text: &str) -> Option<Self> {
        let count = |set: &dyn Fn(char) -> bool| text.chars().take(5_000).filter(|c| set(*c)).count();
        let cyrillic = count(&|c| ('\u{400}'..='\u{4ff}').contains(&c));
        let letters = count(&char::is_alphabetic);
        if cyrillic * 2 > letters {
            return Some(Self::SrCyrl);
        }
        (count(&|c| "čćšžđČĆŠŽĐ".contains(c)) > 0).then_some(Self::SrLatn)
    }
}

/// The texts of one language.
pub struct Words {
    language: Language,
    bundle: FluentBundle<FluentResource>,
}

impl Words {
    /// Returns the language in which these texts are written.
    #[must_use]
    pub const fn language(&self) -> Language {
        self.language
    }

    /// Returns the text for `key`, or `key` itself if the text is missing. A test checks that no text is missing.
    #[must_use]
    pub fn say(&self, key: &str) -> String {
        self.format(key, None)
    }

    /// Returns the text for `key` with the placeholder `name` replaced by `value`.
    #[must_use]
    pub fn with(&self, key: &str, name: &str, value: &str) -> String {
        self.with_all(key, &[(name, value)])
    }

    /// Returns the text for `key` with placeholders replaced. `values` contains the name and value of each placeholder.
    #[must_use]
    pub fn with_all(&self, key: &str, values: &[(&str, &str)]) -> String {
        let mut args = FluentArgs::new();
        for (name, value) in values {
            args.set(*name, FluentValue::from(*value));
        }
        self.format(key, Some(&args))
    }

    /// Returns the text for `key` in the plural form that the number `n` requires.
    #[must_use]
    pub fn count(&self, key: &str, n: i64) -> String {
        let mut args = FluentArgs::new();
        args.set("n", FluentValue::from(n));
        self.format(key, Some(&args))
    }

    /// Formats a number with the thousands separator of the language.
    #[must_use]
    pub fn number(&self, number: i64) -> String {
        let digits = number.unsigned_abs().to_string();
        let separator = match self.language {
            Language::En => ',',
            Language::SrCyrl | Language::SrLatn => '.',
        };
        let mut written = if number < 0 {
            "−".to_owned()
        } else {
            String::new()
        };
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                written.push(separator);
            }
            written.push(digit);
        }
        written
    }

    /// Returns the text for `key` in the plural form that the number `n` requires. The formatted number replaces the placeholder `$number`
    /// in the text.
    #[must_use]
    pub fn counted(&self, key: &str, n: i64) -> String {
        let mut args = FluentArgs::new();
        args.set("n", FluentValue::from(n));
        args.set("number", FluentValue::from(self.number(n)));
        self.format(key, Some(&args))
    }

    /// Returns a Serbian text from the settings, such as the centre's name, in the script of this language. For English, the text is
    /// returned in Latin script.
    #[must_use]
    pub fn own(&self, text: &str) -> String {
        match self.language {
            Language::SrCyrl => text.to_owned(),
            Language::SrLatn | Language::En => to_latin(text),
        }
    }

    /// Returns `en` if this language is English, otherwise `sr`. `sr` must be in Cyrillic; it is transliterated if this language is Serbian
    /// in Latin script.
    #[must_use]
    pub fn either(&self, sr: &str, en: &str) -> String {
        match self.language {
            Language::SrCyrl => sr.to_owned(),
            Language::SrLatn => to_latin(sr),
            Language::En => en.to_owned(),
        }
    }

    /// Returns the parts of the text for `key` before and after the placeholder `name`. The caller can insert the value between
    /// the two parts and mark it up as text in another language.
    #[must_use]
    pub fn around(&self, key: &str, name: &str) -> (String, String) {
        let text = self.with(key, name, "\u{1}");
        text.split_once('\u{1}').map_or_else(
            || (text.clone(), String::new()),
            |(before, after)| (before.to_owned(), after.to_owned()),
        )
    }

    /// Encloses a text in the quotation marks of this language.
    #[must_use]
    pub fn quoted(&self, text: &str) -> String {
        let marks = self.say("quotes");
        let mut marks = marks.chars();
        let (before, after) = (marks.next().unwrap_or('"'), marks.next().unwrap_or('"'));
        format!("{before}{text}{after}")
    }

    fn format(&self, key: &str, args: Option<&FluentArgs<'_>>) -> String {
        let Some(pattern) = self.bundle.get_message(key).and_then(|message| message.value()) else {
            return key.to_owned();
        };
        self.bundle
            .format_pattern(pattern, args, &mut Vec::new())
            .into_owned()
    }
}

/// The texts of every language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Locales;

static CYRILLIC: LazyLock<Words> = LazyLock::new(|| words(Language::SrCyrl, SERBIAN.to_owned()));
static LATIN: LazyLock<Words> = LazyLock::new(|| words(Language::SrLatn, to_latin(SERBIAN)));
static ENGLISH_WORDS: LazyLock<Words> = LazyLock::new(|| words(Language::En, ENGLISH.to_owned()));

impl Locales {
    /// Returns the texts of a language. They are parsed at their first use, because parsing takes some milliseconds and many commands need
    /// only one language or none.
    #[must_use]
    pub fn of(&self, language: Language) -> &'static Words {
        match language {
            Language::SrCyrl => &CYRILLIC,
            Language::SrLatn => &LATIN,
            Language::En => &ENGLISH_WORDS,
        }
    }
}

#[expect(
    clippy::expect_used,
    reason = "a test checks that the built-in texts are valid"
)]
fn words(language: Language, source: String) -> Words {
    let resource = FluentResource::try_new(source).expect("the built-in texts are Fluent");
    let tag = LanguageIdentifier::from_str(language.tag()).expect("the tag is a language identifier");
    let mut bundle = FluentBundle::new_concurrent(vec![tag]);
    bundle.set_use_isolating(false);
    bundle
        .add_resource(resource)
        .expect("the built-in texts have different keys");
    Words { language, bundle }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn keys(source: &str) -> BTreeSet<&str> {
        source
            .lines()
            .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
            .filter_map(|line| line.split(" =").next())
            .collect()
    }

    #[test]
    fn every_text_stands_in_both_languages() {
        for language in [Language::SrCyrl, Language::SrLatn, Language::En] {
            assert!(!Locales.of(language).say("quotes").is_empty());
        }
        assert_eq!(keys(SERBIAN), keys(ENGLISH));
    }

    #[test]
    fn serbian_counts_one_few_and_other() {
        let locales = Locales;
        let say = |language, n| locales.of(language).count("contacts-waiting", n);
        assert_eq!(say(Language::SrCyrl, 21), "21 контакт чека");
        assert_eq!(say(Language::SrCyrl, 3), "3 контакта чекају");
        assert_eq!(say(Language::SrLatn, 12), "12 kontakata čeka");
        assert_eq!(say(Language::En, 1), "1 contact waiting");
    }

    #[test]
    fn thousands_stand_apart_as_the_language_has_it() {
        let locales = Locales;
        assert_eq!(locales.of(Language::SrLatn).number(28_205), "28.205");
        assert_eq!(locales.of(Language::En).number(1_028_205), "1,028,205");
        assert_eq!(locales.of(Language::En).number(-605), "−605");
    }

    #[test]
    fn languages_are_recognised() {
        assert_eq!(
            Language::accepted("de, sr-Latn;q=0.9, en;q=0.8"),
            Some(Language::SrLatn)
        );
        assert_eq!(Language::accepted("en;q=0.1, sr"), Some(Language::SrCyrl));
        assert_eq!(Language::accepted("sr;q=0, de"), None);
        assert_eq!(Language::guess("Неко ми прети"), Some(Language::SrCyrl));
        assert_eq!(Language::guess("Neko mi šalje poruke"), Some(Language::SrLatn));
        assert_eq!(Language::guess("Somebody writes to me"), None);
    }
}

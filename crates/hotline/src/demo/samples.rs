//! The sample texts of the demo: invented messages, replies and words. They are in the data files of this folder.

use std::collections::BTreeMap;

use anyhow::Context;
use hotline_core::text::{locale::Language, transliterate::to_latin};
use serde::Deserialize;

use super::dice::Dice;

/// A text in both languages. The Serbian text is in Cyrillic.
#[derive(Clone, Default, Deserialize)]
pub struct Both {
    pub sr: String,
    pub en: String,
}

impl Both {
    /// Returns the text in a language.
    pub fn of(&self, language: Language) -> String {
        match language {
            Language::SrCyrl => self.sr.clone(),
            Language::SrLatn => to_latin(&self.sr),
            Language::En => self.en.clone(),
        }
    }
}

/// A message, with the classification of its contact.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    pub topic: String,
    pub role: String,
    /// The range of the child's age.
    pub ages: Option<(i64, i64)>,
    pub weight: i64,
    #[serde(default = "counselling")]
    pub kind: String,
    #[serde(default = "ordinary")]
    pub urgency: String,
    #[serde(default = "advice")]
    pub outcome: String,
    /// The key of the reply. Without a key, the message gets no reply.
    pub reply: Option<String>,
    /// Whether only calls have this content.
    #[serde(default)]
    pub spoken: bool,
    pub sr: String,
    pub en: String,
}

fn counselling() -> String {
    "counselling".to_owned()
}

fn ordinary() -> String {
    "ordinary".to_owned()
}

fn advice() -> String {
    "advice".to_owned()
}

impl Sample {
    /// Returns whether the contact is classified by its kind only.
    pub fn is_only_a_kind(&self) -> bool {
        ["silent", "prank", "wrong_contact", "thanks", "spam"].contains(&self.kind.as_str())
    }
}

/// Words in both languages. If they name platforms, `ids` and `where` are the answers of the classification.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    sr: Vec<String>,
    en: Vec<String>,
    #[serde(default)]
    ids: Vec<String>,
    #[serde(default, rename = "where")]
    places: Vec<String>,
}

impl Words {
    fn of(&self, number: usize, language: Language) -> String {
        let words = Both {
            sr: self.sr.get(number).cloned().unwrap_or_default(),
            en: self.en.get(number).cloned().unwrap_or_default(),
        };
        words.of(language)
    }

    /// Returns one of the words in a language.
    pub fn pick(&self, dice: &mut Dice, language: Language) -> String {
        let number = self.number(dice);
        self.of(number, language)
    }

    fn number(&self, dice: &mut Dice) -> usize {
        let last = i64::try_from(self.sr.len()).unwrap_or_default() - 1;
        usize::try_from(dice.between(0, last)).unwrap_or_default()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AllWords {
    apps: Words,
    games: Words,
    when: Words,
    names: Words,
    subjects: Words,
}

#[derive(Deserialize)]
struct Messages {
    message: Vec<Sample>,
}

/// All sample texts.
pub struct Samples {
    pub messages: Vec<Sample>,
    replies: BTreeMap<String, Both>,
    words: AllWords,
}

/// The text of a message with the platform that it names, as answers of the classification.
pub struct Filled {
    pub text: String,
    /// The answers to the questions `platform` and `where`.
    pub platform: Option<(String, String)>,
}

impl Samples {
    /// Reads the data files.
    pub fn read() -> anyhow::Result<Self> {
        let messages: Messages =
            toml::from_str(include_str!("messages.toml")).context("The sample messages cannot be read")?;
        Ok(Self {
            messages: messages.message,
            replies: toml::from_str(include_str!("replies.toml")).context("The replies cannot be read")?,
            words: toml::from_str(include_str!("words.toml")).context("The words cannot be read")?,
        })
    }

    /// Returns the text of a sample with its placeholders replaced.
    pub fn fill(&self, sample: &Sample, language: Language, dice: &mut Dice) -> Filled {
        let both = Both {
            sr: sample.sr.clone(),
            en: sample.en.clone(),
        };
        let mut text = both.of(language);
        let mut platform = None;
        for (place, words) in [("{app}", &self.words.apps), ("{game}", &self.words.games)] {
            if text.contains(place) {
                let number = words.number(dice);
                text = text.replace(place, &words.of(number, language));
                let answers = words
                    .ids
                    .get(number)
                    .cloned()
                    .zip(words.places.get(number).cloned());
                platform = platform.or(answers);
            }
        }
        text = text.replace("{when}", &self.words.when.pick(dice, language));
        let mut letters = text.chars();
        // A placeholder at the beginning of an English sentence becomes a word with a capital letter.
        if let Some(first) = letters.next()
            && sample.en.starts_with('{')
        {
            text = first.to_uppercase().chain(letters).collect();
        }
        Filled { text, platform }
    }

    /// Returns the reply with this key.
    pub fn reply(&self, key: &str, language: Language) -> String {
        self.replies
            .get(key)
            .map(|both| both.of(language))
            .unwrap_or_default()
    }

    /// Returns an invented first name.
    pub fn name(&self, dice: &mut Dice, language: Language) -> String {
        self.words.names.pick(dice, language)
    }

    /// Returns a subject for a mail.
    pub fn subject(&self, dice: &mut Dice, language: Language) -> String {
        self.words.subjects.pick(dice, language)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_names_a_reply_and_has_no_unknown_placeholder() {
        let samples = Samples::read().unwrap();
        let mut dice = Dice::new(1);
        for sample in &samples.messages {
            for language in Language::ALL {
                let filled = samples.fill(sample, language, &mut dice);
                assert!(!filled.text.contains('{'), "{}", filled.text);
                if let Some(key) = &sample.reply {
                    assert!(!samples.reply(key, language).is_empty(), "{key}");
                }
            }
        }
    }
}

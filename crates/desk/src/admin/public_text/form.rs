//! A text for the public as an administrator typed it.

use hotline_core::{
    centre::{
        Emergency, Text,
        texts::{InvalidText, LocalizedText, TextContent, TextFormat},
    },
    text::locale::{Language, Words},
};

/// The number of empty rows below the telephone numbers of a list.
const EMPTY_ROWS: usize = 2;

/// The values of the form.
#[derive(Default)]
pub(super) struct TextForm {
    /// What the person does: `save`, `preview`, `restore` or `back`.
    pub(super) act: String,
    /// The version that the page showed.
    pub(super) version: i64,
    /// The version to restore.
    pub(super) restored: i64,
    pub(super) same: String,
    pub(super) sr: String,
    pub(super) en: String,
    pub(super) numbers: Vec<NumberFields>,
    pub(super) mistake: String,
}

/// The fields of a telephone number.
#[derive(Default, Clone, PartialEq, Eq, Debug)]
pub(super) struct NumberFields {
    pub(super) number: String,
    pub(super) sr: String,
    pub(super) en: String,
}

impl TextForm {
    pub(super) fn stored(version: i64, content: &TextContent) -> Self {
        let mut form = Self {
            version,
            ..Self::default()
        };
        match content {
            TextContent::Same(text) => form.same.clone_from(text),
            TextContent::Localized(text) => {
                form.sr.clone_from(&text.sr);
                form.en.clone_from(&text.en);
            }
            TextContent::Numbers(numbers) => form.numbers = numbers.iter().map(NumberFields::from).collect(),
        }
        form.add_empty_rows();
        form
    }

    /// Reads the fields as typed. The fields of each telephone number follow each other, the number first.
    pub(super) fn typed(fields: Vec<(String, String)>) -> Self {
        let mut form = Self::default();
        for (name, value) in fields {
            let value = value.replace("\r\n", "\n").trim().to_owned();
            match (name.as_str(), form.numbers.last_mut()) {
                ("do", _) => form.act = value,
                ("version", _) => form.version = value.parse().unwrap_or_default(),
                ("of", _) => form.restored = value.parse().unwrap_or_default(),
                ("same", _) => form.same = value,
                ("sr", _) => form.sr = value,
                ("en", _) => form.en = value,
                ("number", _) => form.numbers.push(NumberFields {
                    number: value,
                    ..NumberFields::default()
                }),
                ("name-sr", Some(one)) => one.sr = value,
                ("name-en", Some(one)) => one.en = value,
                _ => {}
            }
        }
        form.numbers.retain(|one| *one != NumberFields::default());
        form.add_empty_rows();
        form
    }

    fn add_empty_rows(&mut self) {
        let rows = self.numbers.len() + EMPTY_ROWS;
        self.numbers.resize(rows, NumberFields::default());
    }

    /// Returns what was typed as the content of a text with this format.
    pub(super) fn content(&self, format: TextFormat) -> TextContent {
        match format {
            TextFormat::Same { .. } => TextContent::Same(self.same.clone()),
            TextFormat::Line | TextFormat::Message(_) => TextContent::Localized(LocalizedText {
                sr: self.sr.clone(),
                en: self.en.clone(),
            }),
            TextFormat::Numbers { .. } => {
                let typed = self.numbers.iter().filter(|one| **one != NumberFields::default());
                TextContent::Numbers(typed.map(NumberFields::to_number).collect())
            }
        }
    }
}

impl NumberFields {
    fn to_number(&self) -> Emergency {
        let name = if self.en.is_empty() {
            Text::Serbian(self.sr.clone())
        } else {
            Text::Both {
                sr: self.sr.clone(),
                en: self.en.clone(),
            }
        };
        Emergency {
            number: self.number.clone(),
            name,
        }
    }
}

impl From<&Emergency> for NumberFields {
    fn from(number: &Emergency) -> Self {
        let (sr, en) = match &number.name {
            Text::Serbian(sr) => (sr.clone(), String::new()),
            Text::Both { sr, en } => (sr.clone(), en.clone()),
        };
        Self {
            number: number.number.clone(),
            sr,
            en,
        }
    }
}

/// Describes a mistake in a text.
pub(super) fn mistake_in_words(words: &Words, mistake: &InvalidText) -> String {
    match mistake {
        InvalidText::Format => words.say("error-form"),
        InvalidText::Empty(None) => words.say("text-empty"),
        InvalidText::Empty(Some(Language::En)) => words.say("text-empty-en"),
        InvalidText::Empty(Some(Language::SrCyrl | Language::SrLatn)) => words.say("text-empty-sr"),
        InvalidText::TooLong(most) => words.with("text-too-long", "n", &most.to_string()),
        InvalidText::ControlCharacter => words.say("text-control-character"),
        InvalidText::UnknownField(name) => words.with("text-unknown-field", "name", &format!("{{{name}}}")),
        InvalidText::MissingField(name) => words.with("text-missing-field", "name", &format!("{{{name}}}")),
        InvalidText::NoNumber => words.say("text-no-number"),
        InvalidText::TooManyNumbers(most) => words.with("text-many-numbers", "n", &most.to_string()),
        InvalidText::BadNumber(number) => words.with("text-bad-number", "number", number),
        InvalidText::NumberWithoutName(number) => words.with("text-nameless-number", "number", number),
        InvalidText::BadAddress(text) => words.with("text-bad-address", "text", text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_numbers_are_read_row_by_row() {
        let fields = [
            ("number", "192"),
            ("name-sr", " Полиција "),
            ("name-en", "Police"),
            ("number", ""),
            ("name-sr", ""),
            ("name-en", ""),
            ("number", "194"),
            ("name-sr", "Хитна помоћ"),
            ("name-en", ""),
        ];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let form = TextForm::typed(fields.into());
        assert_eq!(form.numbers.len(), 2 + EMPTY_ROWS);
        let content = form.content(TextFormat::Numbers { may_be_empty: false });
        let numbers = vec![
            Emergency {
                number: "192".to_owned(),
                name: Text::Both {
                    sr: "Полиција".to_owned(),
                    en: "Police".to_owned(),
                },
            },
            Emergency {
                number: "194".to_owned(),
                name: Text::Serbian("Хитна помоћ".to_owned()),
            },
        ];
        assert_eq!(content, TextContent::Numbers(numbers));
        let stored = TextForm::stored(1, &content);
        assert_eq!(stored.numbers, form.numbers);
    }
}

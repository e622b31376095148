//! The texts for the public that administrators can replace on screen. A replaced text takes the place of the text of the settings file or
//! of the built-in text, until it is withdrawn.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    centre::{Centre, Emergency, Text},
    text::{
        canned::{NoField, fill_fields},
        locale::{Language, Locales},
    },
};

/// The maximum number of characters of a message.
pub const LONGEST_MESSAGE: usize = 3_000;
/// The maximum number of characters of a single line.
pub const LONGEST_LINE: usize = 200;
/// The maximum number of telephone numbers in a list.
pub const MOST_NUMBERS: usize = 12;

/// A text that administrators can replace.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum PublicText {
    /// The opening hours in words.
    OpeningHours,
    /// The centre's own telephone number.
    Telephone,
    /// The centre's public e-mail address.
    Email,
    /// The user name of the centre on Telegram.
    Telegram,
    /// The code of the invitation to the centre's Discord server.
    Discord,
    /// The emergency numbers.
    Emergency,
    /// Helplines of others.
    Helplines,
    /// The acknowledgement of a mail.
    MailAcknowledgement,
    /// The acknowledgement of a message on Telegram or Discord.
    ChatAcknowledgement,
    /// The answer to a message that arrives while the line is closed.
    ClosedAnswer,
    /// The first message of the bot on Telegram.
    TelegramGreeting,
    /// Who reads what people write.
    PrivacyReads,
    /// What is kept.
    PrivacyKept,
    /// What is not kept.
    PrivacyNotKept,
    /// Who else is told.
    PrivacyOthers,
    /// What can be seen on the person's device.
    PrivacyDevice,
    /// The rights of the person.
    PrivacyRights,
}

crate::named!(PublicText);

/// The format of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextFormat {
    /// One line, the same in every language. `may_be_empty`: an empty line means that people are shown nothing.
    Same {
        /// Whether the line may be empty.
        may_be_empty: bool,
    },
    /// One line in Serbian and in English. Without English, readers of English see the Serbian text in Latin script.
    Line,
    /// A list of telephone numbers with names.
    Numbers {
        /// Whether the list may be empty.
        may_be_empty: bool,
    },
    /// A message in Serbian and in English, with fields in braces.
    Message(MessageFormat),
}

/// The format of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageFormat {
    /// The key of the built-in text in the locale files.
    pub key: &'static str,
    /// The fields that the message may contain.
    pub fields: &'static [&'static str],
    /// The fields that the message must contain.
    pub required: &'static [&'static str],
}

/// The content of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum TextContent {
    /// One line, the same in every language.
    Same(String),
    /// A text in two languages.
    Localized(LocalizedText),
    /// Telephone numbers with names, in the order in which they are shown.
    Numbers(Vec<Emergency>),
}

/// A text in two languages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LocalizedText {
    /// Serbian, in Cyrillic. It is transliterated for readers of Latin script.
    pub sr: String,
    /// English.
    pub en: String,
}

/// A mistake in the content of a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidText {
    /// The content has the format of another text.
    #[error("the content has the format of another text")]
    Format,
    /// The text is empty.
    #[error("the text is empty")]
    Empty(Option<Language>),
    /// The text is too long.
    #[error("the text has more than {0} characters")]
    TooLong(usize),
    /// A text of one line contains a line break or another control character.
    #[error("the text contains a line break or another control character")]
    ControlCharacter,
    /// The message contains a field that it may not contain, or a brace without its counterpart.
    #[error("there is no field {{{0}}}")]
    UnknownField(String),
    /// The message lacks a field that it must contain.
    #[error("the field {{{0}}} is missing")]
    MissingField(&'static str),
    /// The list of numbers is empty.
    #[error("there is no number")]
    NoNumber,
    /// The list of numbers is too long.
    #[error("there are more than {0} numbers")]
    TooManyNumbers(usize),
    /// The text is not a telephone number.
    #[error("“{0}” is not a telephone number")]
    BadNumber(String),
    /// The name of a telephone number is missing.
    #[error("the number {0} has no name")]
    NumberWithoutName(String),
    /// The text is not an address or a name of the expected form.
    #[error("“{0}” does not have the expected form")]
    BadAddress(String),
}

const CENTRE: [&str; 4] = ["centre", "hours", "telephone", "emergency"];
const GREETING: [&str; 5] = ["centre", "hours", "telephone", "emergency", "form"];
const ACKNOWLEDGEMENT: [&str; 6] = ["reference", "centre", "hours", "telephone", "emergency", "form"];
const CLOSED: [&str; 6] = ["opens", "centre", "hours", "telephone", "emergency", "form"];

impl PublicText {
    /// Returns the format of the text.
    #[must_use]
    pub fn format(self) -> TextFormat {
        let message = |key, fields, required| {
            TextFormat::Message(MessageFormat {
                key,
                fields,
                required,
            })
        };
        match self {
            Self::OpeningHours => TextFormat::Line,
            Self::Telephone => TextFormat::Same { may_be_empty: false },
            Self::Email | Self::Telegram | Self::Discord => TextFormat::Same { may_be_empty: true },
            Self::Emergency => TextFormat::Numbers { may_be_empty: false },
            Self::Helplines => TextFormat::Numbers { may_be_empty: true },
            Self::MailAcknowledgement => message("mail-acknowledgement", &ACKNOWLEDGEMENT, &["reference"]),
            Self::ChatAcknowledgement => message("chat-acknowledgement", &ACKNOWLEDGEMENT, &["reference"]),
            // While nobody reads messages, the person needs to know whom to call instead.
            Self::ClosedAnswer => message("closed-answer", &CLOSED, &["opens", "emergency"]),
            Self::TelegramGreeting => message("telegram-greeting", &GREETING, &[]),
            Self::PrivacyReads => message("privacy-reads-text", &CENTRE, &[]),
            Self::PrivacyKept => message("privacy-kept-text", &CENTRE, &[]),
            Self::PrivacyNotKept => message("privacy-not-kept-text", &CENTRE, &[]),
            Self::PrivacyOthers => message("privacy-others-text", &CENTRE, &[]),
            Self::PrivacyDevice => message("privacy-device-text", &CENTRE, &[]),
            Self::PrivacyRights => message("privacy-rights-text", &CENTRE, &[]),
        }
    }

    /// Returns the key of the setting that contains the text. `None`: the text is built in.
    #[must_use]
    pub const fn setting(self) -> Option<&'static str> {
        match self {
            Self::OpeningHours => Some("centre.opening_hours"),
            Self::Telephone => Some("centre.telephone"),
            Self::Email => Some("centre.email"),
            Self::Telegram => Some("centre.telegram"),
            Self::Discord => Some("centre.discord"),
            Self::Emergency => Some("centre.emergency"),
            Self::Helplines => Some("centre.helplines"),
            Self::MailAcknowledgement
            | Self::ChatAcknowledgement
            | Self::ClosedAnswer
            | Self::TelegramGreeting
            | Self::PrivacyReads
            | Self::PrivacyKept
            | Self::PrivacyNotKept
            | Self::PrivacyOthers
            | Self::PrivacyDevice
            | Self::PrivacyRights => None,
        }
    }

    /// Returns the text that is in force at this centre. Messages have their fields in braces.
    #[must_use]
    pub fn content(self, centre: &Centre) -> TextContent {
        match self {
            Self::OpeningHours => localized(&centre.opening_hours),
            Self::Telephone => TextContent::Same(centre.telephone.clone()),
            Self::Email => TextContent::Same(centre.email.clone()),
            Self::Telegram => TextContent::Same(centre.telegram.clone()),
            Self::Discord => TextContent::Same(centre.discord.clone()),
            Self::Emergency => TextContent::Numbers(centre.emergency.clone()),
            Self::Helplines => TextContent::Numbers(centre.helplines.clone()),
            Self::MailAcknowledgement
            | Self::ChatAcknowledgement
            | Self::ClosedAnswer
            | Self::TelegramGreeting
            | Self::PrivacyReads
            | Self::PrivacyKept
            | Self::PrivacyNotKept
            | Self::PrivacyOthers
            | Self::PrivacyDevice
            | Self::PrivacyRights => match self.format() {
                TextFormat::Message(format) => message_of(centre, format),
                TextFormat::Same { .. } | TextFormat::Line | TextFormat::Numbers { .. } => {
                    TextContent::Same(String::new())
                }
            },
        }
    }

    /// Replaces the text of a centre. A content with the format of another text changes nothing.
    pub fn replace(self, content: &TextContent, centre: &mut Centre) {
        match (self, content) {
            (Self::OpeningHours, TextContent::Localized(text)) => centre.opening_hours = text.to_text(),
            (Self::Telephone, TextContent::Same(text)) => centre.telephone.clone_from(text),
            (Self::Email, TextContent::Same(text)) => centre.email.clone_from(text),
            (Self::Telegram, TextContent::Same(text)) => centre.telegram.clone_from(text),
            (Self::Discord, TextContent::Same(text)) => centre.discord.clone_from(text),
            (Self::Emergency, TextContent::Numbers(numbers)) => centre.emergency.clone_from(numbers),
            (Self::Helplines, TextContent::Numbers(numbers)) => centre.helplines.clone_from(numbers),
            (text, TextContent::Localized(content)) => {
                if let TextFormat::Message(format) = text.format() {
                    centre.messages.insert(format.key.to_owned(), content.to_text());
                }
            }
            (_, TextContent::Same(_) | TextContent::Numbers(_)) => {}
        }
    }

    /// Finds a mistake in a content.
    ///
    /// # Errors
    /// Returns the first mistake.
    pub fn check(self, content: &TextContent) -> Result<(), InvalidText> {
        match (self.format(), content) {
            (TextFormat::Same { may_be_empty }, TextContent::Same(text)) => {
                if text.is_empty() && may_be_empty {
                    return Ok(());
                }
                check_line(text, None)?;
                self.check_address(text)
            }
            (TextFormat::Line, TextContent::Localized(text)) => {
                check_line(&text.sr, Some(Language::SrCyrl))?;
                if text.en.is_empty() {
                    return Ok(());
                }
                check_line(&text.en, Some(Language::En))
            }
            (TextFormat::Numbers { may_be_empty }, TextContent::Numbers(numbers)) => {
                if numbers.is_empty() && !may_be_empty {
                    return Err(InvalidText::NoNumber);
                }
                if numbers.len() > MOST_NUMBERS {
                    return Err(InvalidText::TooManyNumbers(MOST_NUMBERS));
                }
                numbers.iter().try_for_each(check_number)
            }
            (TextFormat::Message(format), TextContent::Localized(text)) => {
                format.check(&text.sr, Language::SrCyrl)?;
                format.check(&text.en, Language::En)
            }
            (
                TextFormat::Same { .. }
                | TextFormat::Line
                | TextFormat::Numbers { .. }
                | TextFormat::Message(_),
                TextContent::Same(_) | TextContent::Localized(_) | TextContent::Numbers(_),
            ) => Err(InvalidText::Format),
        }
    }

    fn check_address(self, text: &str) -> Result<(), InvalidText> {
        let all = |lawful: fn(char) -> bool| text.chars().all(lawful);
        let has_form = match self {
            Self::Telephone => is_telephone_number(text),
            Self::Email => {
                text.split_once('@')
                    .is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !host.contains('@'))
                    && !text.contains(char::is_whitespace)
            }
            Self::Telegram => text.len() >= 5 && all(|c| c.is_ascii_alphanumeric() || c == '_'),
            Self::Discord => all(|c| c.is_ascii_alphanumeric() || c == '-'),
            Self::OpeningHours
            | Self::Emergency
            | Self::Helplines
            | Self::MailAcknowledgement
            | Self::ChatAcknowledgement
            | Self::ClosedAnswer
            | Self::TelegramGreeting
            | Self::PrivacyReads
            | Self::PrivacyKept
            | Self::PrivacyNotKept
            | Self::PrivacyOthers
            | Self::PrivacyDevice
            | Self::PrivacyRights => true,
        };
        match has_form {
            true => Ok(()),
            false if self == Self::Telephone => Err(InvalidText::BadNumber(text.to_owned())),
            false => Err(InvalidText::BadAddress(text.to_owned())),
        }
    }
}

impl MessageFormat {
    fn check(&self, text: &str, language: Language) -> Result<(), InvalidText> {
        if text.trim().is_empty() {
            return Err(InvalidText::Empty(Some(language)));
        }
        if text.chars().count() > LONGEST_MESSAGE {
            return Err(InvalidText::TooLong(LONGEST_MESSAGE));
        }
        if text.chars().any(|c| c.is_control() && c != '\n') {
            return Err(InvalidText::ControlCharacter);
        }
        let mut found = Vec::new();
        fill_fields(text, |name| {
            found.push(name.to_owned());
            self.fields.contains(&name).then(String::new)
        })
        .map_err(|NoField(name)| InvalidText::UnknownField(name.chars().take(40).collect()))?;
        match self
            .required
            .iter()
            .find(|field| !found.iter().any(|name| name == *field))
        {
            Some(missing) => Err(InvalidText::MissingField(missing)),
            None => Ok(()),
        }
    }
}

impl LocalizedText {
    fn to_text(&self) -> Text {
        if self.en.is_empty() {
            Text::Serbian(self.sr.clone())
        } else {
            Text::Both {
                sr: self.sr.clone(),
                en: self.en.clone(),
            }
        }
    }
}

fn localized(text: &Text) -> TextContent {
    let (sr, en) = match text {
        Text::Serbian(sr) => (sr.clone(), String::new()),
        Text::Both { sr, en } => (sr.clone(), en.clone()),
    };
    TextContent::Localized(LocalizedText { sr, en })
}

/// Returns the message of this centre, or else the built-in message, with its fields in braces.
fn message_of(centre: &Centre, format: MessageFormat) -> TextContent {
    if let Some(text) = centre.messages.get(format.key) {
        return localized(text);
    }
    let braces: Vec<(&str, String)> = format
        .fields
        .iter()
        .map(|field| (*field, format!("{{{field}}}")))
        .collect();
    let values: Vec<(&str, &str)> = braces
        .iter()
        .map(|(field, value)| (*field, value.as_str()))
        .collect();
    let built_in = |language: Language| Locales.of(language).with_all(format.key, &values);
    TextContent::Localized(LocalizedText {
        sr: built_in(Language::SrCyrl),
        en: built_in(Language::En),
    })
}

/// Replaces the fields of a message. `values` contains the name and the value of each field. A field without a value stays.
pub(super) fn fill(message: &str, values: &[(&str, &str)]) -> String {
    let value = |name: &str| {
        let found = values.iter().find(|(field, _)| *field == name);
        Some(found.map_or_else(|| format!("{{{name}}}"), |(_, value)| (*value).to_owned()))
    };
    // A stored message was checked, so each brace is closed.
    fill_fields(message, value).unwrap_or_else(|_| message.to_owned())
}

fn check_line(text: &str, language: Option<Language>) -> Result<(), InvalidText> {
    if text.trim().is_empty() {
        return Err(InvalidText::Empty(language));
    }
    if text.chars().count() > LONGEST_LINE {
        return Err(InvalidText::TooLong(LONGEST_LINE));
    }
    match text.chars().any(char::is_control) {
        true => Err(InvalidText::ControlCharacter),
        false => Ok(()),
    }
}

fn check_number(number: &Emergency) -> Result<(), InvalidText> {
    if !is_telephone_number(&number.number) {
        return Err(InvalidText::BadNumber(number.number.chars().take(40).collect()));
    }
    let (sr, en) = match &number.name {
        Text::Serbian(sr) => (sr, ""),
        Text::Both { sr, en } => (sr, en.as_str()),
    };
    if sr.trim().is_empty() {
        return Err(InvalidText::NumberWithoutName(number.number.clone()));
    }
    check_line(sr, Some(Language::SrCyrl))?;
    if en.is_empty() {
        return Ok(());
    }
    check_line(en, Some(Language::En))
}

/// Returns whether a text can be dialled: 2 to 20 digits, with an optional `+` at the front and spaces, dashes and slashes between them.
fn is_telephone_number(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let rest = text.strip_prefix('+').unwrap_or(text);
    (2..=20).contains(&digits)
        && rest
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-' | '/'))
}

#[cfg(test)]
mod tests;

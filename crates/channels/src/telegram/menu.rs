//! The bot's automatic answers: a greeting, a choice of languages, an answer to `/stop`, and a message in groups that the bot does not
//! work there.
//!
//! Automatic answers are not correspondence and are not stored. If an answer is lost, the person can send the command or press the button
//! again. What the person sent is stored like any other update, so a `/stop` or a chosen language appears in the person's contact.

use std::sync::Arc;

use hotline_core::{
    centre::CentreInForce,
    identifiers::{line_name::LineName, private::Private},
    intake::Intake,
    text::locale::{Language, Locales},
    time::clock::Clock,
};
use serde_json::Value;
use teloxide::{
    Bot,
    payloads::{SendMessageSetters, SetMyCommandsSetters},
    requests::Requester,
    types::{
        BotCommand, CallbackQueryId, ChatId, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions,
    },
};
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

use super::errors;

/// The maximum number of commands and button presses in the queue for automatic answers. If the queue is full, further ones get no
/// answer, and the person can repeat them.
const WAITING: usize = 256;
/// The prefix of the data in a button that chooses a language. The language tag follows.
const CHOICE: &str = "language:";

/// A command that the bot knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    Start,
    Help,
    Language,
    Stop,
}

impl Command {
    const ALL: [(&'static str, Self); 4] = [
        ("start", Self::Start),
        ("help", Self::Help),
        ("language", Self::Language),
        ("stop", Self::Stop),
    ];

    /// Parses a text that consists only of a command, such as `/start`, `/start@bot` or `/start payload-of-a-link`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.trim().strip_prefix('/')?.split_whitespace();
        let name = words.next()?.split('@').next()?.to_ascii_lowercase();
        let (_, command) = Self::ALL.into_iter().find(|(known, _)| *known == name)?;
        let lawful = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
        // A person may write a message after the command, such as "/start pomozite". The text after `/start` counts as the payload of a
        // link only if it contains a digit, `_` or `-`.
        match (words.next(), words.next(), command) {
            (None, ..) => Some(command),
            (Some(payload), None, Self::Start) => {
                let marked = payload.contains(|c: char| c.is_ascii_digit() || "_-".contains(c));
                (marked && payload.len() <= 64 && payload.chars().all(lawful)).then_some(command)
            }
            (Some(_), ..) => None,
        }
    }
}

/// Returns the language in `data`, the data of a pressed button.
pub fn language_choice(data: &str) -> Option<Language> {
    Language::parse(data.strip_prefix(CHOICE)?)
}

/// The part of an update that needs an automatic answer.
enum Press {
    Command {
        chat: i64,
        command: Command,
        language: Option<Language>,
    },
    Chosen {
        chat: i64,
        query: String,
        language: Language,
    },
    /// A press of a button that no longer has an effect.
    Stale {
        query: String,
    },
    Group {
        chat: i64,
    },
}

/// The bot's automatic answers.
#[derive(Clone)]
pub struct Menu(Arc<Inner>);

struct Inner {
    line: LineName,
    bot: Bot,
    centre: CentreInForce,
    locales: Arc<Locales>,
    public_url: String,
    clock: Arc<dyn Clock>,
    presses: mpsc::Sender<Press>,
    pressed: Mutex<mpsc::Receiver<Press>>,
}

impl Menu {
    pub fn new(
        line: LineName,
        bot: Bot,
        centre: CentreInForce,
        locales: Arc<Locales>,
        public_url: String,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (presses, pressed) = mpsc::channel(WAITING);
        Self(Arc::new(Inner {
            line,
            bot,
            centre,
            locales,
            public_url,
            clock,
            presses,
            pressed: Mutex::new(pressed),
        }))
    }

    /// Queues an automatic answer to an update, if the update needs one. Must be called only once for each update, even if Telegram
    /// repeats the update.
    pub fn queue_answer(&self, update: &Value) {
        if let Some(press) = read_press(update) {
            // If the queue is full, there is no answer. The person can send the command or press the button again.
            let _ = self.0.presses.try_send(press);
        }
    }

    /// Answers the queued updates until `stop` is cancelled.
    pub async fn answer(&self, intake: &dyn Intake, stop: &CancellationToken) {
        let mut pressed = self.0.pressed.lock().await;
        self.0.set_commands().await;
        while let Some(Some(press)) = stop.run_until_cancelled(pressed.recv()).await {
            if let Err(error) = self.0.answer_press(intake, press).await {
                let reason = errors::describe_error(&error);
                tracing::warn!(line.name = %self.0.line, reason, "A press of a button could not be answered");
            }
        }
    }
}

/// Returns the command, the button press or the group chat that an update reports. Returns `None` if the update needs no automatic answer.
fn read_press(update: &Value) -> Option<Press> {
    if let Some(query) = update.get("callback_query") {
        let id = query.get("id")?.as_str()?.to_owned();
        let chat = query.pointer("/from/id")?.as_i64()?;
        let data = query.get("data").and_then(Value::as_str).unwrap_or_default();
        return Some(match language_choice(data) {
            Some(language) => Press::Chosen {
                chat,
                query: id,
                language,
            },
            None => Press::Stale { query: id },
        });
    }
    let message = update.get("message").or_else(|| update.get("my_chat_member"))?;
    let chat = message.pointer("/chat/id")?.as_i64()?;
    if message.pointer("/chat/type")?.as_str()? != "private" {
        let gone = message.pointer("/new_chat_member/status").and_then(Value::as_str);
        let gone = gone.is_some_and(|status| ["left", "kicked"].contains(&status));
        return (!gone).then_some(Press::Group { chat });
    }
    let command = Command::parse(message.get("text")?.as_str()?)?;
    let language = message.pointer("/from/language_code").and_then(Value::as_str);
    Some(Press::Command {
        chat,
        command,
        language: language.and_then(Language::parse),
    })
}

impl Inner {
    /// Tells Telegram which commands the bot has, with descriptions. Telegram shows this list to people who write to the bot.
    async fn set_commands(&self) {
        for language in Language::ALL {
            let words = self.locales.of(language);
            let commands = Command::ALL
                .map(|(name, _)| BotCommand::new(name, words.say(&format!("telegram-command-{name}"))));
            let set = self.bot.set_my_commands(commands);
            let set = match language {
                Language::SrCyrl => set.language_code("sr"),
                // Commands without a language code are shown to people whose language has no list of its own.
                Language::SrLatn => set,
                Language::En => set.language_code("en"),
            };
            if let Err(error) = set.await {
                let reason = errors::describe_error(&error);
                tracing::info!(line.name = %self.line, reason, "The bot's commands could not be set");
                return;
            }
        }
    }

    async fn answer_press(&self, intake: &dyn Intake, press: Press) -> Result<(), teloxide::RequestError> {
        match press {
            Press::Command {
                chat,
                command,
                language,
            } => {
                let person = Private::new(chat.to_string());
                let chosen = intake.chosen_language(&self.line, &person).await;
                let language = chosen
                    .ok()
                    .flatten()
                    .or(language)
                    .unwrap_or(self.centre.settings().language);
                match command {
                    Command::Start | Command::Help => self.greet(intake, chat, language).await,
                    Command::Language => self.offer_languages(chat, language).await,
                    Command::Stop => {
                        self.send_text(chat, self.locales.of(language).say("telegram-stopped"))
                            .await
                    }
                }
            }
            Press::Chosen {
                chat,
                query,
                language,
            } => {
                self.bot.answer_callback_query(CallbackQueryId(query)).await?;
                self.greet(intake, chat, language).await
            }
            Press::Stale { query } => {
                self.bot.answer_callback_query(CallbackQueryId(query)).await?;
                Ok(())
            }
            Press::Group { chat } => {
                let words = self.locales.of(self.centre.settings().language);
                let text = words.with("telegram-group", "form", &self.public_url);
                // The bot may not be allowed to write in the group. It leaves the group anyway.
                let _ = self.send_text(chat, text).await;
                self.bot.leave_chat(ChatId(chat)).await?;
                Ok(())
            }
        }
    }

    async fn greet(
        &self,
        intake: &dyn Intake,
        chat: i64,
        language: Language,
    ) -> Result<(), teloxide::RequestError> {
        let hours = intake.opening(&self.line).await.unwrap_or_default().hours;
        let centre = self.centre.current();
        let centre = centre.with_hours(hours.as_deref(), &self.locales, self.clock.now());
        let words = self.locales.of(language);
        let more = [("form", self.public_url.as_str())];
        let text = centre.say(words, "telegram-greeting", &more);
        self.send_text(chat, text).await
    }

    async fn offer_languages(&self, chat: i64, language: Language) -> Result<(), teloxide::RequestError> {
        let buttons = Language::ALL.map(|language| {
            let data = format!("{CHOICE}{}", language.tag());
            vec![InlineKeyboardButton::callback(language.own_name(), data)]
        });
        let text = self.locales.of(language).say("telegram-choose-language");
        self.bot
            .send_message(ChatId(chat), text)
            .reply_markup(InlineKeyboardMarkup::new(buttons))
            .await?;
        Ok(())
    }

    async fn send_text(&self, chat: i64, text: String) -> Result<(), teloxide::RequestError> {
        self.bot
            .send_message(ChatId(chat), text)
            .link_preview_options(no_preview())
            .await?;
        Ok(())
    }
}

/// Returns options that switch off link previews.
pub fn no_preview() -> LinkPreviewOptions {
    LinkPreviewOptions {
        is_disabled: true,
        url: None,
        prefer_small_media: false,
        prefer_large_media: false,
        show_above_text: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_one_only_when_nothing_else_was_written() {
        assert_eq!(Command::parse("/start"), Some(Command::Start));
        assert_eq!(Command::parse(" /HELP@centar_bot "), Some(Command::Help));
        assert_eq!(Command::parse("/start from_the-poster1"), Some(Command::Start));
        assert_eq!(Command::parse("/start pomozite"), None);
        assert_eq!(Command::parse("/start pomozite mi"), None);
        assert_eq!(Command::parse("/stop biće mi gore"), None);
        assert_eq!(Command::parse("/nasilje"), None);
        assert_eq!(Command::parse("start"), None);
    }
}

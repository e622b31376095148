//! The button in a server's channel: a form that fails visibly while we are away, and a private thread for what follows.

use std::time::Duration;

use hotline_core::{
    intake::Intake,
    locale::{Language, Words},
    message::RawMessage,
    reference::Reference,
};
use serde_json::{Value, json};
use serenity::all::{
    ActionRowComponent, ChannelId, ChannelType, ComponentInteraction, CreateActionRow, CreateAllowedMentions,
    CreateButton, CreateInputText, CreateInteractionResponse, CreateInteractionResponseMessage,
    CreateMessage, CreateModal, CreateThread, EditInteractionResponse, InputTextStyle, Interaction,
    LightMethod, ModalInteraction, Request, Route, UserId,
};

use super::{
    Shared,
    conversations::{Conversation, Reach},
    rest::RestError,
};

/// What the button and the form are called between Discord and us.
const BUTTON: &str = "hotline-write";
const FORM: &str = "hotline-form";
const FIELD: &str = "text";
/// The longest text of a form: Discord's limit, in characters.
const LONGEST: u16 = 4_000;
/// Discord takes an answer for three seconds.
const IN_TIME: Duration = Duration::from_millis(2_500);

impl Shared {
    /// Puts the button into the room, if it is not there.
    pub(super) async fn open_room(&self) {
        let Some((_, room)) = self.room else { return };
        if let Err(error) = self.put_button(room).await {
            tracing::warn!(line.name = %self.name, reason = %error, "The button could not be put into the room of line {}", self.name);
        }
    }

    async fn put_button(&self, room: ChannelId) -> Result<(), RestError> {
        let route = Route::ChannelMessages { channel_id: room };
        let last = self.rest.get(route, vec![("limit", "50".to_owned())]).await?;
        let me = self.me.to_string();
        let is_there = last.as_array().into_iter().flatten().any(|message| {
            message.pointer("/author/id").and_then(Value::as_str) == Some(&me)
                && message
                    .pointer("/components/0/components/0/custom_id")
                    .and_then(Value::as_str)
                    == Some(BUTTON)
        });
        if is_there {
            return Ok(());
        }
        let words = self.locales.of(self.centre.language);
        let message = CreateMessage::new()
            .content(self.said(words, "discord-room", &[]))
            .allowed_mentions(CreateAllowedMentions::new())
            .components(vec![CreateActionRow::Buttons(vec![
                CreateButton::new(BUTTON).label(words.say("discord-button")),
            ])]);
        self.rest.send(LightMethod::Post, route, &message).await?;
        Ok(())
    }

    /// Answers a press of the button or a form that was sent.
    #[expect(clippy::wildcard_enum_match_arm, reason = "a set that the platform adds to")]
    pub(super) async fn answer(&self, intake: &dyn Intake, interaction: Interaction) {
        let answered = match &interaction {
            Interaction::Component(pressed) if pressed.data.custom_id == BUTTON => {
                self.show_form(pressed).await
            }
            Interaction::Modal(form) if form.data.custom_id == FORM => self.take_form(intake, form).await,
            _ => Ok(()),
        };
        if let Err(error) = answered {
            tracing::warn!(line.name = %self.name, reason = %error, "A press of the button could not be answered");
        }
    }

    async fn show_form(&self, pressed: &ComponentInteraction) -> Result<(), RestError> {
        let words = self.words(&pressed.locale);
        let input = CreateInputText::new(InputTextStyle::Paragraph, words.say("discord-form-label"), FIELD)
            .placeholder(words.say("discord-form-hint"))
            .max_length(LONGEST)
            .required(true);
        let form = CreateModal::new(FORM, words.say("discord-form-title"))
            .components(vec![CreateActionRow::InputText(input)]);
        self.respond(
            pressed.id,
            &pressed.token,
            &CreateInteractionResponse::Modal(form),
        )
        .await
    }

    /// Accepts a form, and says so only then. The thread comes after.
    async fn take_form(&self, intake: &dyn Intake, form: &ModalInteraction) -> Result<(), RestError> {
        let words = self.words(&form.locale);
        let text = typed(form);
        let raw = self.form(form, &text);
        let accepted = tokio::time::timeout(IN_TIME, intake.accept(vec![raw], None)).await;
        let accepted = accepted.ok().and_then(Result::ok);
        let Some(one) = accepted.as_ref().and_then(|all| all.first()) else {
            // It fails visibly, and what was written is not lost to who wrote it.
            let text: String = text.chars().take(1_500).collect();
            let said = self.said(words, "discord-not-received", &[("text", &text)]);
            return self.respond(form.id, &form.token, &whisper(said)).await;
        };
        let said = self.said(
            words,
            "discord-received",
            &[("reference", &one.reference.to_string())],
        );
        self.respond(form.id, &form.token, &whisper(said.clone())).await?;
        if let Some(thread) = self.thread_for(intake, form.user.id, one.reference).await? {
            let more = words.with("discord-thread", "thread", &format!("<#{thread}>"));
            let edit = EditInteractionResponse::new().content(format!("{said}\n\n{more}"));
            let route = Route::WebhookOriginalInteractionResponse {
                application_id: form.application_id,
                token: &form.token,
            };
            self.rest.send(LightMethod::Patch, route, &edit).await?;
        }
        Ok(())
    }

    /// A form as a raw message.
    fn form(&self, form: &ModalInteraction, text: &str) -> RawMessage {
        let envelope = json!({
            "form": {
                "id": form.id.to_string(),
                "user": {
                    "id": form.user.id.to_string(),
                    "username": form.user.name,
                    "global_name": form.user.global_name,
                },
                "locale": form.locale,
                "text": text,
            }
        });
        RawMessage {
            line: self.name.clone(),
            external_id: format!("form {}", form.id),
            received_at: super::pull::sent_at(form.id.get()).min(self.clock.now()),
            bytes: envelope.to_string().into_bytes(),
            cut_from: None,
        }
    }

    /// The private thread of somebody, made at need. `None`: there can be none, and we write directly.
    async fn thread_for(
        &self,
        intake: &dyn Intake,
        person: UserId,
        reference: Reference,
    ) -> Result<Option<ChannelId>, RestError> {
        let Some((_, room)) = self.room else {
            return Ok(None);
        };
        let thread = match self.conversations.thread_of(person) {
            Some(thread) => thread,
            None => {
                let made = CreateThread::new(reference.to_string())
                    .kind(ChannelType::PrivateThread)
                    .invitable(false);
                let route = Route::ChannelThreads { channel_id: room };
                let made = self.rest.send(LightMethod::Post, route, &made).await?;
                let id = made
                    .get("id")
                    .and_then(Value::as_str)
                    .and_then(|id| id.parse().ok());
                let Some(id) = id.filter(|id| *id != 0) else {
                    return Ok(None);
                };
                ChannelId::new(id)
            }
        };
        self.add_to_thread(thread, person).await?;
        self.adopt(intake, thread, person).await;
        Ok(Some(thread))
    }

    async fn add_to_thread(&self, thread: ChannelId, person: UserId) -> Result<(), RestError> {
        let route = Route::ChannelThreadMember {
            channel_id: thread,
            user_id: person,
        };
        self.rest
            .call(route, Request::new(route, LightMethod::Put))
            .await?;
        Ok(())
    }

    /// Takes a thread for the conversation of somebody.
    async fn adopt(&self, intake: &dyn Intake, thread: ChannelId, person: UserId) {
        if self.conversations.get(thread).is_some() {
            return;
        }
        let conversation = Conversation {
            person,
            thread: true,
            after: thread.get(),
            reach: Reach::Open,
        };
        self.conversations.put(thread, conversation);
        // If this is not kept, the thread is found again among those there are.
        let _ = intake
            .accept(Vec::new(), Some(self.cursor(thread, &conversation)))
            .await;
    }

    /// Takes up threads that were made and are not known: we were cut off in between.
    pub(super) async fn find_threads(&self, intake: &dyn Intake) {
        let Some((guild, room)) = self.room else { return };
        let route = Route::GuildThreadsActive { guild_id: guild };
        let Ok(active) = self.rest.get(route, Vec::new()).await else {
            return;
        };
        let (me, room) = (self.me.to_string(), room.to_string());
        let text = |thread: &Value, key: &str| thread.get(key).and_then(Value::as_str).map(str::to_owned);
        for thread in active
            .get("threads")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let ours = text(thread, "owner_id").as_ref() == Some(&me)
                && text(thread, "parent_id").as_ref() == Some(&room);
            let id = text(thread, "id")
                .and_then(|id| id.parse().ok())
                .filter(|id| *id != 0);
            let Some(id) = id.map(ChannelId::new).filter(|_| ours) else {
                continue;
            };
            if self.conversations.get(id).is_some() {
                continue;
            }
            let members = Route::ChannelThreadMembers { channel_id: id };
            let Ok(members) = self.rest.get(members, Vec::new()).await else {
                continue;
            };
            let others = members.as_array().into_iter().flatten();
            let mut others = others
                .filter_map(|member| text(member, "user_id"))
                .filter(|id| *id != me);
            // With more than one it cannot be told whose it is.
            if let (Some(person), None) = (others.next(), others.next())
                && let Some(person) = person.parse().ok().filter(|id| *id != 0)
            {
                self.adopt(intake, id, UserId::new(person)).await;
            }
        }
    }

    async fn respond(
        &self,
        id: serenity::all::InteractionId,
        token: &str,
        response: &CreateInteractionResponse,
    ) -> Result<(), RestError> {
        let route = Route::InteractionResponse {
            interaction_id: id,
            token,
        };
        self.rest.send(LightMethod::Post, route, response).await?;
        Ok(())
    }

    /// The words in the language somebody uses Discord in.
    fn words(&self, locale: &str) -> &Words {
        self.locales
            .of(Language::parse(locale).unwrap_or(self.centre.language))
    }

    /// A text with what the centre says of itself.
    fn said(&self, words: &Words, key: &str, more: &[(&str, &str)]) -> String {
        let form = [("form", self.public_url.as_str())];
        self.centre.say(words, key, &[&form, more].concat())
    }
}

/// An answer that only the person sees.
fn whisper(text: String) -> CreateInteractionResponse {
    let message = CreateInteractionResponseMessage::new()
        .content(text)
        .ephemeral(true);
    CreateInteractionResponse::Message(message)
}

/// What was typed into a form.
#[expect(clippy::wildcard_enum_match_arm, reason = "a set that the platform adds to")]
fn typed(form: &ModalInteraction) -> String {
    let fields = form.data.components.iter().flat_map(|row| &row.components);
    let values = fields.filter_map(|field| match field {
        ActionRowComponent::InputText(input) => input.value.clone(),
        _ => None,
    });
    values.collect::<Vec<_>>().join("\n")
}

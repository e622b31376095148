//! The form that opens when a person presses the contact button. Counsellors answer a submitted form in a private thread, or by direct
//! message if no thread can be created. While the line is disconnected, Discord shows an error to a person who presses the button.

use std::{sync::Arc, time::Duration};

use hotline_core::{
    contact::message::RawMessage,
    identifiers::{private::Private, reference::Reference},
    intake::Intake,
};
use serde_json::{Value, json};
use serenity::all::{
    CreateActionRow, CreateInputText, CreateInteractionResponse, CreateInteractionResponseMessage,
    CreateModal, EditInteractionResponse, InputTextStyle, LightMethod, Route, UserId,
};
use tokio::time::Instant;

use super::{
    button::BUTTON,
    line::DiscordLine,
    rest::RestError,
    threads::{NoThread, ThreadRequest},
};
use crate::json;

/// The custom id of the form, and the custom id of its text field.
const FORM: &str = "hotline-form";
const FIELD: &str = "text";
/// The maximum length of a form's text, in characters (Discord's limit).
const LONGEST: u16 = 4_000;
/// The timeout for storing a submitted form. Discord waits at most three seconds for the response to the form.
const ACCEPTING: Duration = Duration::from_millis(2_000);
/// The response to a form contains the contact's reference. If the reference is still unknown this long after the form arrived, the
/// response is sent without it.
const IN_TIME: Duration = Duration::from_millis(2_300);
/// Before the response to a form is sent, the line checks at this interval whether the contact's reference is known.
const CHECK_EVERY: Duration = Duration::from_millis(50);
/// After the response to a form was sent, the line checks at this interval whether the contact's reference is known.
const CHECK_LATER_EVERY: Duration = Duration::from_secs(2);
/// How long the line tries to create a thread for a form. Afterwards the line tries again only when it sends a counsellor's reply. If
/// that attempt fails too, it sends the reply as a direct message.
const FOR_THREAD: Duration = Duration::from_secs(600);

/// The event for a press of the contact button or for a submitted form.
struct Press {
    id: u64,
    token: String,
    application: u64,
    /// The language of the person's Discord client.
    locale: String,
    person: u64,
    username: String,
    global_name: Option<String>,
    /// The custom id of the pressed button or of the submitted form.
    name: String,
    /// The text that the person typed into the form.
    text: String,
}

impl Press {
    /// Reads the event for a press of the contact button or for a submitted form. Returns `None` if the event lacks a field that is
    /// needed to respond.
    fn read(event: &Value) -> Option<Self> {
        let user = event.pointer("/member/user").or_else(|| event.get("user"))?;
        let typed = event
            .pointer("/data/components")
            .map(typed_text)
            .unwrap_or_default();
        Some(Self {
            id: json::id(event, "/id")?,
            token: json::text(event, "/token")?.to_owned(),
            application: json::id(event, "/application_id").unwrap_or(1),
            locale: json::text(event, "/locale").unwrap_or_default().to_owned(),
            person: json::id(user, "/id")?,
            username: json::text(user, "/username").unwrap_or_default().to_owned(),
            global_name: json::text(user, "/global_name").map(str::to_owned),
            name: json::text(event, "/data/custom_id")
                .unwrap_or_default()
                .to_owned(),
            text: typed,
        })
    }
}

/// Returns the text that the person typed into the form. Searches the components of the form at any depth.
fn typed_text(components: &Value) -> String {
    json::texts_named(components, &["value"]).join("\n")
}

impl DiscordLine {
    /// Responds to a press of the contact button or to a submitted form, in a separate task. Returns `false` if the event can't be read.
    pub(super) fn answer_press(self: Arc<Self>, intake: Arc<dyn Intake>, event: Value) -> bool {
        let Some(press) = Press::read(&event) else {
            return false;
        };
        tokio::spawn(async move {
            let answered = match press.name.as_str() {
                BUTTON => self.show_form(&press).await,
                FORM => {
                    self.accept_form(&*intake, &press).await;
                    Ok(())
                }
                _ => Ok(()),
            };
            if let Err(error) = answered {
                tracing::warn!(line.name = %self.name, reason = %error, "A press of the button could not be answered");
            }
        });
        true
    }

    async fn show_form(&self, press: &Press) -> Result<(), RestError> {
        let words = self.words(&press.locale);
        let input = CreateInputText::new(InputTextStyle::Paragraph, words.say("discord-form-label"), FIELD)
            .placeholder(words.say("discord-form-hint"))
            .max_length(LONGEST)
            .required(true);
        let form = CreateModal::new(FORM, words.say("discord-form-title"))
            .components(vec![CreateActionRow::InputText(input)]);
        self.respond(press, &CreateInteractionResponse::Modal(form)).await
    }

    /// Stores a submitted form. Then sends the response, which tells the person whether the form was stored. If the form was stored,
    /// finally creates its thread, even if the response could not be sent.
    async fn accept_form(&self, intake: &dyn Intake, form: &Press) {
        let begun = Instant::now();
        let words = self.words(&form.locale);
        let raw = self.form_to_raw(form);
        let external_id = raw.external_id.clone();
        let accepted = tokio::time::timeout(ACCEPTING, intake.accept(vec![raw], None)).await;
        let centre = tokio::time::timeout(CHECK_EVERY, self.centre_now(intake)).await;
        let centre = centre.unwrap_or_else(|_| self.centre.current().as_ref().clone());
        let Ok(Ok(accepted)) = accepted else {
            // The response says that the form was not stored. It contains the typed text, so that the person can copy it.
            let typed: String = form.text.chars().take(1_500).collect();
            let text = self.localized(&centre, words, "discord-not-received", &[("text", &typed)]);
            let _ = self.respond(form, &private_response(text)).await;
            return;
        };
        let person = form.person.to_string().into();
        let known = self
            .wait_for_reference(intake, &external_id, &person, (CHECK_EVERY, begun + IN_TIME))
            .await;
        let text = match known {
            Some(reference) => self.localized(
                &centre,
                words,
                "discord-received",
                &[("reference", &reference.to_string())],
            ),
            None => self.localized(&centre, words, "discord-received-only", &[]),
        };
        let confirmed = self.respond(form, &private_response(text.clone())).await;
        if let Err(error) = &confirmed {
            tracing::warn!(line.name = %self.name, reason = %error, "A form was accepted, and who sent it could not be told");
        }
        // The thread is named after the contact's reference, so the line waits for the reference before it creates the thread.
        let known = match known {
            Some(reference) => Some(reference),
            None => {
                self.wait_for_reference(
                    intake,
                    &external_id,
                    &person,
                    (CHECK_LATER_EVERY, begun + FOR_THREAD),
                )
                .await
            }
        };
        let own = accepted.first().map(|one| one.reference);
        let Some(reference) = known.or(own) else { return };
        let Some(thread) = self.wait_for_thread(form, reference).await else {
            return;
        };
        if confirmed.is_ok() {
            let more = words.with("discord-thread", "thread", &format!("<#{thread}>"));
            let edit = EditInteractionResponse::new().content(format!("{text}\n\n{more}"));
            let route = Route::WebhookOriginalInteractionResponse {
                application_id: form.application.into(),
                token: &form.token,
            };
            if let Err(error) = self.rest.send(LightMethod::Patch, route, &edit).await {
                tracing::info!(line.name = %self.name, reason = %error, "Who sent a form could not be told of the thread");
            }
        }
    }

    /// Waits until a message belongs to a contact, and returns the contact's reference. Checks at the interval `every`. Returns `None` if
    /// the message belongs to no contact by the time `until`.
    async fn wait_for_reference(
        &self,
        intake: &dyn Intake,
        external_id: &str,
        person: &Private<String>,
        (every, until): (Duration, Instant),
    ) -> Option<Reference> {
        loop {
            let found = intake.registered_in(&self.name, external_id, person).await;
            let found = found.ok().flatten();
            if found.is_some() || Instant::now() + every > until {
                return found;
            }
            tokio::time::sleep(every).await;
        }
    }

    /// Returns the private thread of the person who sent a form. Creates the thread if needed, and tries for `FOR_THREAD`. Returns `None`
    /// if all attempts fail or if Discord permanently refuses the thread.
    async fn wait_for_thread(&self, form: &Press, reference: Reference) -> Option<u64> {
        let request = ThreadRequest {
            person: UserId::new(form.person),
            reference,
            // The person may have left the thread of an earlier form, so the person is added again.
            invite: true,
        };
        let give_up = Instant::now() + FOR_THREAD;
        let mut pause = Duration::from_secs(1);
        loop {
            let wait = match self.thread_for(request).await {
                Ok(thread) => return Some(thread.get()),
                Err(NoThread::Never) => return None,
                Err(NoThread::NotYet(error)) => {
                    tracing::warn!(line.name = %self.name, reason = %error, "No thread could be made for a form; it is tried again");
                    match error {
                        RestError::Limited(asked) => asked,
                        RestError::Refused(_) | RestError::Unreachable | RestError::Broke => pause,
                    }
                }
            };
            if Instant::now() + wait > give_up {
                return None;
            }
            tokio::time::sleep(wait).await;
            pause = (pause * 2).min(Duration::from_secs(60));
        }
    }

    /// Converts a form into a raw message.
    fn form_to_raw(&self, form: &Press) -> RawMessage {
        let envelope = json!({
            "form": {
                "id": form.id.to_string(),
                "user": {
                    "id": form.person.to_string(),
                    "username": form.username,
                    "global_name": form.global_name,
                },
                "locale": form.locale,
                "text": form.text,
            }
        });
        RawMessage {
            line: self.name.clone(),
            external_id: format!("form {}", form.id),
            received_at: super::times::sent_at(form.id).min(self.clock.now()),
            bytes: envelope.to_string().into_bytes(),
            cut_from: None,
        }
    }

    async fn respond(&self, press: &Press, response: &CreateInteractionResponse) -> Result<(), RestError> {
        let route = Route::InteractionResponse {
            interaction_id: press.id.into(),
            token: &press.token,
        };
        self.rest.send(LightMethod::Post, route, response).await?;
        Ok(())
    }
}

/// Creates a response that is visible only to the person who pressed the button or sent the form.
fn private_response(text: String) -> CreateInteractionResponse {
    let message = CreateInteractionResponseMessage::new()
        .content(text)
        .ephemeral(true);
    CreateInteractionResponse::Message(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_is_read_whatever_it_stands_in() {
        for components in [
            json!([{ "type": 1, "components": [{ "type": 4, "custom_id": FIELD, "value": "zovu me" }] }]),
            json!([{ "type": 18, "id": 1, "component": { "type": 4, "custom_id": FIELD, "value": "zovu me" } }]),
        ] {
            let event = json!({
                "id": "5", "token": "t", "member": { "user": { "id": "7", "public_flags": "x" } },
                "data": { "custom_id": FORM, "components": components },
            });
            let press = Press::read(&event);
            assert!(press.is_some_and(|press| press.text == "zovu me" && press.person == 7));
        }
    }
}

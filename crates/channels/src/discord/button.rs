//! Posts the contact button in the Discord channel that the setting `room` names.

use serde_json::Value;
use serenity::all::{
    CreateActionRow, CreateAllowedMentions, CreateButton, CreateMessage, LightMethod, Route,
};

use super::{line::DiscordLine, rest::RestError};
use crate::json;

/// The custom id by which Discord's events identify the contact button.
pub const BUTTON: &str = "hotline-write";

impl DiscordLine {
    /// Posts the contact button in the Discord channel that the setting `room` names, unless one of the last 50 messages there is such a
    /// post.
    pub(super) async fn post_button(&self) -> Result<(), RestError> {
        let Some((_, room)) = self.room else { return Ok(()) };
        let route = Route::ChannelMessages { channel_id: room };
        let last = self
            .rest
            .get_with(route, vec![("limit", "50".to_owned())])
            .await?;
        let is_there = json::list(&last, "").any(|message| {
            self.is_own_id(json::id(message, "/author/id"))
                && message
                    .get("components")
                    .is_some_and(|components| json::texts_named(components, &["custom_id"]).contains(&BUTTON))
        });
        if is_there {
            return Ok(());
        }
        let words = self.locales.of(self.centre.settings().language);
        let message = CreateMessage::new()
            .content(self.localized(&self.centre.current(), words, "discord-room", &[]))
            .allowed_mentions(CreateAllowedMentions::new())
            .components(vec![CreateActionRow::Buttons(vec![
                CreateButton::new(BUTTON).label(words.say("discord-button")),
            ])]);
        let _: Value = self.rest.send(LightMethod::Post, route, &message).await?;
        Ok(())
    }
}

//! Checks the bot's token, its intents and its permissions, and describes each result in a sentence.

use anyhow::{Context, ensure};
use serenity::all::{GuildChannel, Member, PartialGuild, Permissions, Route};

use super::line::DiscordLine;
use crate::json;

/// The two application flags that allow a bot to read message content. Discord sets `1 << 18` for a bot in many servers and `1 << 19` for
/// a bot in few servers.
const MESSAGE_CONTENT: u64 = 1 << 18 | 1 << 19;

/// The permissions that the bot needs to post the contact button and to create private threads, each with Discord's name for it.
const NEEDED: [(Permissions, &str); 6] = [
    (Permissions::VIEW_CHANNEL, "View Channel"),
    (Permissions::SEND_MESSAGES, "Send Messages"),
    (Permissions::CREATE_PRIVATE_THREADS, "Create Private Threads"),
    (Permissions::SEND_MESSAGES_IN_THREADS, "Send Messages in Threads"),
    (Permissions::READ_MESSAGE_HISTORY, "Read Message History"),
    (Permissions::ATTACH_FILES, "Attach Files"),
];

impl DiscordLine {
    pub(super) async fn check(&self) -> anyhow::Result<Vec<String>> {
        let me = self.rest.get(Route::UserMe).await?;
        let name = json::text(&me, "/username").unwrap_or_default();
        let mut report = vec![format!("the token is that of the bot {name}")];
        let owner = self.own_id().await?;
        self.try_gateway().await?;
        report.push("the gateway lets it in".to_owned());
        let Some((guild, room)) = self.room else {
            report.push(
                "it takes direct messages; without `guild` and `room` there is no button in a server"
                    .to_owned(),
            );
            return Ok(report);
        };
        let application = self.rest.get(Route::Oauth2ApplicationCurrent).await?;
        let flags = application
            .get("flags")
            .and_then(serde_json::Value::as_u64)
            .unwrap_or_default();
        ensure!(
            flags & MESSAGE_CONTENT != 0,
            "The bot may not read messages in servers: switch on \"Message Content Intent\" in Discord's developer portal under \
             \"Bot\""
        );
        report.push("it may read messages in its threads".to_owned());
        let server = self.rest.get(Route::Guild { guild_id: guild }).await;
        let server: PartialGuild =
            serde_json::from_value(server.context("The bot is not in the server `guild`")?)
                .context("Discord's answer about the server cannot be read")?;
        let member = Route::GuildMember {
            guild_id: guild,
            user_id: owner,
        };
        let mut member = self.rest.get(member).await?;
        if let Some(fields) = member.as_object_mut() {
            fields.insert("guild_id".to_owned(), guild.to_string().into());
        }
        let member: Member = serde_json::from_value(member)
            .context("Discord's answer about the bot's roles cannot be read")?;
        let channel = self.rest.get(Route::Channel { channel_id: room }).await;
        let channel: GuildChannel =
            serde_json::from_value(channel.context("The bot does not see the channel `room`")?)
                .context("`room` is no channel of a server")?;
        ensure!(
            channel.guild_id == guild,
            "The channel `room` is not in the server `guild`"
        );
        let may = server.user_permissions_in(&channel, &member);
        let missing: Vec<&str> = NEEDED
            .iter()
            .filter(|(permission, _)| !may.contains(*permission))
            .map(|(_, name)| *name)
            .collect();
        ensure!(
            missing.is_empty(),
            "In #{} of {} the bot lacks: {}. Give its role these permissions there",
            channel.name,
            server.name,
            missing.join(", ")
        );
        report.push(format!(
            "in #{} of {} it may do all that the button needs",
            channel.name, server.name
        ));
        Ok(report)
    }
}

//! The settings of the demo.

use std::{net::SocketAddr, path::Path};

use config::{Config, Value};
use hotline_core::{routing::settings::Mode, text::locale::Language};
use hotline_desk::state::SettingSource;

use super::raw::{DISCORD, FORM, MAIL, TELEGRAM};
use crate::settings::{Settings, in_force::given_by_program};

/// Minutes after which the contacts of an absent counsellor would return to the queue: a day, so that the sample stays as it is.
const RETURN_AFTER: i64 = 1_440;

/// The name of the sample centre.
const NAME_SR: &str = "Центар за безбедност деце на интернету (пример)";
const NAME_EN: &str = "Centre for the Safety of Children on the Internet (sample)";

/// The addresses on this machine that receive what the demo sends.
#[derive(Debug, Clone, Copy)]
pub struct SinkAddresses {
    /// The mail server.
    pub smtp: SocketAddr,
    /// The server that takes the place of the chat platforms.
    pub platforms: SocketAddr,
}

/// Returns the settings of the demo.
pub fn settings(
    folder: &Path,
    port: u16,
    language: Language,
    sinks: SinkAddresses,
) -> anyhow::Result<Settings> {
    let here = format!("127.0.0.1:{port}");
    let config = Config::builder()
        .set_override("http.public", here.as_str())?
        .set_override("http.desk", here.as_str())?
        .set_override("http.public_url", format!("http://{here}"))?
        .set_override("centre.language", language.tag())?
        .set_override("centre.name.sr", NAME_SR)?
        .set_override("centre.name.en", NAME_EN)?
        .set_override("centre.address", "Измишљена улица 1, 11000 Београд")?
        .set_override("centre.email", "kontakt@centar.example.org")?
        .set_override(
            "centre.opening_hours.sr",
            "радним данима 08:00–20:00, викендом 10:00–16:00",
        )?
        .set_override(
            "centre.opening_hours.en",
            "weekdays 08:00–20:00, weekends 10:00–16:00",
        )?
        .set_override("accounts.second_factor", Vec::<String>::new())?
        .set_override("accounts.notices_line", MAIL)?
        // The terminal shows the addresses and names of the demo, not who did what.
        .set_override("audit.log", false)?
        .set_override("data.reserve_mib", 16)?
        .set_override("data.folder", folder.to_string_lossy().into_owned())?
        .set_override("routing.mode", Mode::Pull.as_str())?
        .set_override("routing.return_after_minutes", RETURN_AFTER)?
        .build()?;
    let cache = config.cache.clone();
    let mut settings: Settings = config.try_deserialize()?;
    let duty = Config::builder()
        .set_override("name", "Дежурни телефон")?
        .set_override("line", MAIL)?
        .set_override("to", "dezurni@centar.example.org")?
        .build()?;
    settings.alarm.recipients = vec![duty.try_deserialize()?];
    let platforms = format!("http://{}", sinks.platforms);
    let chat = |channel: &str, token: &str, api_url: String| -> anyhow::Result<Value> {
        let line = Config::builder()
            .set_override("channel", channel)?
            .set_override("token", token)?
            .set_override("api_url", api_url)?
            .set_override("attachments", "always")?
            .set_override("acknowledge", false)?
            .build()?;
        Ok(line.try_deserialize()?)
    };
    let form = Config::builder()
        .set_override("channel", "webform")?
        .set_override("answers_also_by", MAIL)?
        .build()?
        .try_deserialize()?;
    // The mailbox is never read, because a demo receives no mail.
    let mail = Config::builder()
        .set_override("channel", "email")?
        .set_override("address", "kontakt@centar.example.org")?
        .set_override("acknowledge", false)?
        .set_override("imap.host", "127.0.0.1")?
        .set_override("imap.port", 1)?
        .set_override("imap.security", "plain")?
        .set_override("imap.user", "kontakt")?
        .set_override("imap.password", "kontakt")?
        .set_override("smtp.host", sinks.smtp.ip().to_string())?
        .set_override("smtp.port", sinks.smtp.port())?
        .set_override("smtp.security", "plain")?
        .build()?
        .try_deserialize()?;
    settings.lines.insert(FORM.to_owned(), form);
    settings.lines.insert(MAIL.to_owned(), mail);
    let telegram = chat("telegram", "4242:demo", platforms.clone())?;
    settings.lines.insert(TELEGRAM.to_owned(), telegram);
    // The first part of the token is the bot's id, 4242, in base64.
    let discord = chat("discord", "NDI0Mg.demo.demo", format!("{platforms}/discord"))?;
    settings.lines.insert(DISCORD.to_owned(), discord);
    settings.given = given_by_program(&cache, &settings.lines);
    settings
        .given
        .insert("alarm.recipients".to_owned(), SettingSource::Program);
    Ok(settings)
}

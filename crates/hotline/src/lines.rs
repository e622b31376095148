//! Opens the lines from the settings. A line is a mailbox, web form or bot that receives messages.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Context, bail, ensure};
use hotline_channels::{
    KINDS,
    channel::{Channel, Opening},
};
use hotline_core::{identifiers::line_name::LineName, text::locale::Locales, time::clock::SystemClock};
use hotline_store::db::store::LineSettings;

use crate::settings::{self, Settings};

/// The opened lines by name, each with the name of its channel.
pub type Lines = BTreeMap<LineName, (&'static str, Arc<dyn Channel>)>;

/// Returns the addresses of the lines, for example e-mail addresses. Lines without an address are skipped.
fn addresses(settings: &Settings) -> Arc<[String]> {
    let tables = settings
        .lines
        .values()
        .filter_map(|value| value.clone().into_table().ok());
    tables
        .filter_map(|table| table.get("address")?.clone().into_string().ok())
        .collect()
}

/// Opens every configured line.
pub fn open_lines(settings: &Settings, locales: &Arc<Locales>) -> anyhow::Result<Lines> {
    let centre = settings.centre_in_force();
    let addresses = addresses(settings);
    let mut lines = Lines::new();
    for (name, value) in &settings.lines {
        let line = LineName::parse(name).with_context(|| format!("`[lines.{name}]`"))?;
        let table = value
            .clone()
            .into_table()
            .with_context(|| format!("`lines.{name}` is a table"))?;
        let channel = table
            .get("channel")
            .cloned()
            .and_then(|channel| channel.into_string().ok());
        let Some(channel) = channel else {
            bail!("`[lines.{name}]` needs `channel = …`")
        };
        let Some(kind) = KINDS.iter().find(|kind| kind.name == channel) else {
            let known: Vec<_> = KINDS.iter().map(|kind| kind.name).collect();
            bail!(
                "`lines.{name}.channel` is {channel:?}; there are {}",
                known.join(", ")
            );
        };
        if kind.only_one && lines.values().any(|(name, _)| *name == kind.name) {
            bail!("`[lines.{name}]`: there can be only one line with `channel = {channel:?}`");
        }
        let opening = Opening {
            name: line.clone(),
            settings: value.clone(),
            centre: centre.clone(),
            public_url: settings.http.public_url.clone(),
            addresses: Arc::clone(&addresses),
            locales: Arc::clone(locales),
            clock: Arc::new(SystemClock),
        };
        let opened =
            (kind.open)(opening).map_err(|error| settings::explained_line(&error, settings, name))?;
        lines.insert(line, (kind.name, opened));
    }
    for (name, (_, channel)) in &lines {
        if let Some(other) = channel.answers_also_by() {
            let known = lines.keys().any(|line| line.as_str() == other && line != name);
            ensure!(
                known,
                "`lines.{name}.answers_also_by` is {other:?}, and there is no such other line"
            );
        }
    }
    Ok(lines)
}

/// Returns the part of each line's settings that the store needs.
pub fn line_settings(lines: &Lines) -> Vec<LineSettings> {
    let of_line = |(name, (kind, channel)): (&LineName, &(&'static str, Arc<dyn Channel>))| LineSettings {
        name: name.as_str().to_owned(),
        channel: (*kind).to_owned(),
        acknowledgement: channel.acknowledgement(),
        closed: Some("closed-answer"),
        answers_also_by: channel.answers_also_by(),
        asks_for_files: channel.asks_for_files(),
        sends_files: channel.sends_files(),
        reply_style: channel.reply_style(),
        keeps_order: channel.keeps_order(),
    };
    lines.iter().map(of_line).collect()
}

//! Opens lines, and holds the lines that are in force. A line is a mailbox, web form or bot that receives messages.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, OnceLock, PoisonError, RwLock, Weak},
};

use anyhow::{Context, bail, ensure};
use config::{Value, ValueKind};
use hotline_channels::{
    KINDS,
    channel::{Channel, ChannelKind, LineAddresses, Opening},
};
use hotline_core::{
    centre::CentreInForce, identifiers::line_name::LineName, network::OutgoingSettings,
    text::locale::Locales, time::clock::SystemClock,
};
use hotline_store::{
    db::store::{LineSettings, Store},
    staff::lines::StoredLine,
};

use crate::{
    line_runner::LineRunner,
    notices, public_hosts,
    settings::{self, Settings},
};

/// An open line.
#[derive(Clone)]
pub struct Line {
    /// The name of the line's channel.
    pub kind: &'static str,
    /// The channel, opened with the settings of the line.
    pub channel: Arc<dyn Channel>,
    /// Whether administrators paused the line. It receives no messages, but still sends replies.
    pub paused: bool,
    /// The e-mail address of the line.
    address: Option<String>,
}

impl Line {
    /// Returns whether the line is a mailbox, which sends mails to addresses.
    pub const fn is_mailbox(&self) -> bool {
        self.address.is_some()
    }
}

/// Open lines by name.
pub type LineSet = BTreeMap<LineName, Line>;

/// The lines that are in force. Administrators change them while the service runs.
pub struct Lines {
    current: RwLock<Arc<LineSet>>,
    runner: OnceLock<Weak<LineRunner>>,
}

impl Lines {
    /// Begins with these lines.
    pub fn new(lines: LineSet) -> Self {
        Self {
            current: RwLock::new(Arc::new(lines)),
            runner: OnceLock::new(),
        }
    }

    /// Returns all lines.
    pub fn current(&self) -> Arc<LineSet> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces all lines.
    pub fn set(&self, lines: LineSet) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(lines);
    }

    /// Lets `find` ask this runner for lines that another process stored.
    pub fn set_runner(&self, runner: &Arc<LineRunner>) {
        let _ = self.runner.set(Arc::downgrade(runner));
    }

    /// Returns the channel of a line.
    pub fn get(&self, name: &LineName) -> Option<Arc<dyn Channel>> {
        self.current().get(name).map(|line| Arc::clone(&line.channel))
    }

    /// Returns the channel of a line. If the line is unknown, another process may just have connected it, so the stored lines are read
    /// first: a job of a new line must not fail because this process has not yet noticed the line.
    pub async fn find(&self, name: &LineName) -> Option<Arc<dyn Channel>> {
        if let Some(channel) = self.get(name) {
            return Some(channel);
        }
        self.runner.get()?.upgrade()?.apply_stored_lines().await;
        self.get(name)
    }
}

/// Opens lines. The lines of one opener know each other's e-mail addresses.
pub struct LineOpener {
    centre: CentreInForce,
    public_url: String,
    addresses: LineAddresses,
    outgoing: OutgoingSettings,
    locales: Arc<Locales>,
    /// The names of the lines in the settings file and the environment.
    in_file: BTreeSet<String>,
}

impl LineOpener {
    /// Creates an opener for the lines of a service with these settings.
    pub fn new(settings: &Settings, locales: &Arc<Locales>) -> Self {
        Self {
            centre: settings.centre_in_force(),
            public_url: settings.http.public_url.clone(),
            addresses: LineAddresses::default(),
            outgoing: settings.outgoing.clone(),
            locales: Arc::clone(locales),
            in_file: settings.lines.keys().cloned().collect(),
        }
    }

    /// Returns whether the settings file or the environment has a line with this name. A stored line with this name does not apply.
    pub fn is_in_file(&self, name: &LineName) -> bool {
        self.in_file.contains(name.as_str())
    }

    /// Opens a line. `others` are the lines beside which it is to run.
    pub fn open(&self, name: &LineName, settings: Value, others: &LineSet) -> anyhow::Result<Line> {
        let table = settings
            .clone()
            .into_table()
            .with_context(|| format!("`lines.{name}` is a table"))?;
        let text = |key: &str| table.get(key).cloned().and_then(|value| value.into_string().ok());
        let Some(channel) = text("channel") else {
            bail!("`[lines.{name}]` needs `channel = …`")
        };
        let kind = kind_of(&channel).with_context(|| {
            let known: Vec<_> = KINDS.iter().map(|kind| kind.name).collect();
            format!(
                "`lines.{name}.channel` is {channel:?}; there are {}",
                known.join(", ")
            )
        })?;
        let is_second = others
            .iter()
            .any(|(other, line)| line.kind == kind.name && other != name);
        ensure!(
            !(kind.only_one && is_second),
            "`[lines.{name}]`: there can be only one line with `channel = {channel:?}`"
        );
        let channel = (kind.open)(Opening {
            name: name.clone(),
            settings,
            centre: self.centre.clone(),
            public_url: self.public_url.clone(),
            addresses: self.addresses.clone(),
            outgoing: self.outgoing.clone(),
            locales: Arc::clone(&self.locales),
            clock: Arc::new(SystemClock),
        })?;
        for host in channel.hosts() {
            self.outgoing.check(&host)?;
        }
        Ok(Line {
            kind: kind.name,
            channel,
            paused: false,
            address: text("address"),
        })
    }

    /// Opens a line that was connected on screen. `settings` is a JSON object.
    pub fn open_json(
        &self,
        name: &LineName,
        channel: &str,
        settings: &str,
        others: &LineSet,
    ) -> anyhow::Result<Line> {
        let mut settings: Value =
            serde_json::from_str(settings).context("The stored settings cannot be read")?;
        if let ValueKind::Table(table) = &mut settings.kind {
            table.insert("channel".to_owned(), channel.into());
        }
        self.open(name, settings, others)
    }

    /// Checks the hosts of a line that an administrator enters on screen. Without a list of hosts in the settings, every address of each host
    /// must be public. Otherwise administrators could reach servers of the internal network through the service.
    pub async fn check_entered_hosts(&self, line: &Line) -> anyhow::Result<()> {
        match &self.outgoing.hosts {
            // `open` has compared the hosts with the list.
            Some(_) => Ok(()),
            None => public_hosts::check(&line.channel.hosts()).await,
        }
    }

    /// Opens a stored line.
    pub fn open_stored(&self, stored: &StoredLine, others: &LineSet) -> anyhow::Result<Line> {
        let line = self.open_json(&stored.name, &stored.channel, stored.settings.expose(), others)?;
        Ok(Line {
            paused: stored.paused,
            ..line
        })
    }

    /// Tells every line the e-mail addresses of these lines.
    pub fn share_addresses(&self, lines: &LineSet) {
        let addresses = lines.values().filter_map(|line| line.address.clone());
        self.addresses.set(addresses.collect());
    }
}

/// Opens every line of the settings file and the environment.
pub fn open_lines(settings: &Settings, opener: &LineOpener) -> anyhow::Result<LineSet> {
    let mut lines = LineSet::new();
    for (name, value) in &settings.lines {
        let line = LineName::parse(name).with_context(|| format!("`[lines.{name}]`"))?;
        let opened = opener
            .open(&line, value.clone(), &lines)
            .map_err(|error| settings::explained_line(&error, settings, name))?;
        lines.insert(line, opened);
    }
    opener.share_addresses(&lines);
    Ok(lines)
}

/// Opens every line: those of the settings file, and those that administrators connected on screen. A stored line that cannot be opened is
/// logged and left out, so that it does not keep the others from running.
pub async fn open_all_lines(
    settings: &Settings,
    opener: &LineOpener,
    store: &Store,
) -> anyhow::Result<LineSet> {
    let (lines, unopened) = try_all_lines(settings, opener, store).await?;
    for (name, error) in unopened {
        tracing::error!(line.name = %name, error = format!("{error:#}"), "Line {name} cannot be opened");
    }
    Ok(lines)
}

/// Opens every line. Also returns the stored lines that cannot be opened, with the reason, which can contain a host or an address.
pub async fn try_all_lines(
    settings: &Settings,
    opener: &LineOpener,
    store: &Store,
) -> anyhow::Result<(LineSet, Vec<(LineName, anyhow::Error)>)> {
    let mut lines = open_lines(settings, opener)?;
    let mut unopened = Vec::new();
    for stored in store.stored_lines().await? {
        if opener.is_in_file(&stored.name) {
            tracing::warn!(line.name = %stored.name, "Line {} is in the settings file, so its settings on screen do not apply", stored.name);
            continue;
        }
        match opener.open_stored(&stored, &lines) {
            Ok(line) => {
                lines.insert(stored.name, line);
            }
            Err(error) => unopened.push((stored.name, error)),
        }
    }
    opener.share_addresses(&lines);
    Ok((lines, unopened))
}

/// Checks that every line that the settings file names exists.
pub fn check_lines(settings: &Settings, lines: &LineSet) -> anyhow::Result<()> {
    for name in settings.lines.keys() {
        check_link(name, lines)?;
    }
    for name in settings.targets.lines.keys() {
        let is_known = lines.keys().any(|line| line.as_str() == name);
        ensure!(is_known, "`targets.lines.{name}`: there is no line `{name}`");
    }
    notices::check_line(&settings.accounts, lines)?;
    for recipient in &settings.operation.recipients {
        check_recipient("operation.recipients", &recipient.name, &recipient.line, lines)?;
    }
    for recipient in &settings.alarm.recipients {
        check_recipient("alarm.recipients", &recipient.name, &recipient.line, lines)?;
    }
    Ok(())
}

/// Checks that the line of a recipient exists and can send to an address.
fn check_recipient(key: &str, recipient: &str, name: &str, lines: &LineSet) -> anyhow::Result<()> {
    let line = lines.iter().find(|(line, _)| line.as_str() == name);
    let Some((_, line)) = line else {
        bail!("`{key}`: {recipient:?} is told by the line {name:?}, and there is no such line");
    };
    ensure!(
        line.channel.reaches_addresses(),
        "`{key}`: {recipient:?} is told by the line {name:?}, which cannot send to an address. Name a mail line, a Telegram line or a \
         bridge line with `callback_url`"
    );
    Ok(())
}

/// Checks that the line exists by which a line also sends its answers.
pub fn check_link(name: &str, lines: &LineSet) -> anyhow::Result<()> {
    let line = lines.iter().find(|(line, _)| line.as_str() == name);
    let other = line.and_then(|(_, line)| line.channel.answers_also_by());
    let Some(other) = other else { return Ok(()) };
    let is_known = other != name && lines.keys().any(|line| line.as_str() == other);
    ensure!(
        is_known,
        "`lines.{name}.answers_also_by` is {other:?}, and there is no such other line"
    );
    Ok(())
}

/// Returns the kind of channel with this name.
pub fn kind_of(channel: &str) -> Option<&'static ChannelKind> {
    KINDS.iter().find(|kind| kind.name == channel)
}

/// Returns the part of each line's settings that the store needs.
pub fn line_settings(lines: &LineSet) -> Vec<LineSettings> {
    let of_line = |(name, line): (&LineName, &Line)| LineSettings {
        name: name.as_str().to_owned(),
        channel: line.kind.to_owned(),
        acknowledgement: line.channel.acknowledgement(),
        closed: Some("closed-answer"),
        answers_also_by: line.channel.answers_also_by(),
        asks_for_files: line.channel.asks_for_files(),
        sends_files: line.channel.sends_files(),
        reply_style: line.channel.reply_style(),
        keeps_order: line.channel.keeps_order(),
        paused: line.paused,
    };
    lines.iter().map(of_line).collect()
}

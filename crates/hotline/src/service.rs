//! The service: opens the store and the lines, and starts everything.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use anyhow::{Context, bail, ensure};
use hotline_channels::{
    KINDS,
    channel::{Channel, Opening},
};
use hotline_core::{
    classification::Scheme,
    clock::{Clock, SystemClock},
    intake::Intake,
    line::LineName,
    locale::{Language, Locales},
};
use hotline_desk::desk::Desk;
use hotline_store::store::{LineSettings, Store};

use crate::{
    deliver, fetch, http,
    life::Life,
    listen, receive,
    settings::{self, Settings},
    typing,
};

/// Every line, opened.
pub type Lines = BTreeMap<LineName, (&'static str, Arc<dyn Channel>)>;

/// Runs the service until it is told to stop.
pub async fn serve(settings: Settings) -> anyhow::Result<()> {
    let life = Life::default();
    let store = start(settings, &life, Listening::All).await?;
    let stopped = life.until_stopped().await;
    store.disconnect().await;
    stopped
}

/// Whether lines are listened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listening {
    /// All of them.
    All,
    /// None: the demo has no mailbox.
    None,
}

/// Starts everything.
pub async fn start(settings: Settings, life: &Life, listening: Listening) -> anyhow::Result<Arc<Store>> {
    let locales = Arc::new(Locales::load()?);
    let lines = Arc::new(open_lines(&settings, &locales)?);
    let store = open_store(&settings, line_settings(&settings, &locales, &lines)).await?;
    store.take_over().await?;
    let intake: Arc<dyn Intake> = store.clone();
    let desk = Desk {
        store: Arc::clone(&store),
        locales,
        centre: Arc::new(settings.centre.clone()),
        clock: Arc::new(SystemClock),
        channels: channels(&settings, &lines).into(),
        networks: settings.desk.networks.clone().into(),
        https: settings.http.desk_url.starts_with("https:"),
        log_ins: Arc::new(hotline_desk::login::limiter()),
        reads: hotline_desk::desk::reads(),
        smallest: settings.statistics.smallest.into(),
    };
    let figure = settings.statistics.public.then(|| {
        hotline_desk::public::router(
            Arc::clone(&desk.store),
            Arc::clone(&desk.locales),
            Arc::clone(&desk.centre),
            Arc::clone(&desk.clock),
        )
    });
    http::listen(&settings.http, desk, &lines, &intake, figure, life).await?;
    let following = Arc::clone(&store).follow();
    let stopped = life.stop.clone();
    life.run(async move {
        tokio::select! { () = following => {}, () = stopped.cancelled() => {} }
    });
    let (searchable, stopped) = (Arc::clone(&store).keep_searchable(), life.stop.clone());
    life.run(async move {
        tokio::select! { () = searchable => {}, () = stopped.cancelled() => {} }
    });
    life.run(receive::work(
        Arc::clone(&store),
        Arc::clone(&lines),
        life.stop.clone(),
    ));
    life.run(deliver::work(
        Arc::clone(&store),
        Arc::clone(&lines),
        life.stop.clone(),
    ));
    life.run(fetch::work(
        Arc::clone(&store),
        Arc::clone(&lines),
        life.stop.clone(),
    ));
    life.run(typing::work(
        Arc::clone(&store),
        Arc::clone(&lines),
        life.stop.clone(),
    ));
    for (name, (_, channel)) in lines.iter().filter(|_| listening == Listening::All) {
        life.run(listen::listen(
            name.clone(),
            Arc::clone(channel),
            Arc::clone(&intake),
            life.stop.clone(),
        ));
    }
    tracing::info!(engine = store.engine(), "Ready");
    Ok(store)
}

/// The channels of the lines and what counsellors log, by name.
fn channels(settings: &Settings, lines: &Lines) -> Vec<String> {
    let of_lines = lines.values().map(|(channel, _)| (*channel).to_owned());
    let mut all: Vec<String> = of_lines.chain(settings.desk.networks.iter().cloned()).collect();
    all.sort();
    all.dedup();
    all
}

/// Opens the store that the settings name.
pub async fn open_store(settings: &Settings, lines: Vec<LineSettings>) -> anyhow::Result<Arc<Store>> {
    open_store_at(settings, lines, Arc::new(SystemClock)).await
}

/// The same, with another clock.
pub async fn open_store_at(
    settings: &Settings,
    lines: Vec<LineSettings>,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<Arc<Store>> {
    let scheme = match &settings.desk.scheme_file {
        Some(file) => scheme_in(file)?,
        None => Scheme::centre()?,
    };
    let of_store = hotline_store::store::Settings {
        url: settings.database_url(),
        folder: settings.data.folder.clone(),
        key_file: settings.data.key_file.clone(),
        zone: settings.centre.time_zone,
        reopen_days: settings.centre.reopen_days,
        scheme,
        wrap_up: settings.desk.wrap_up,
        undo: std::time::Duration::from_secs(settings.desk.undo_seconds.into()),
        reserve: settings.data.reserve_mib << 20,
        backlog: settings.data.backlog,
        lines,
        networks: settings
            .desk
            .networks
            .iter()
            .cloned()
            .chain(KINDS.iter().map(|kind| kind.name.to_owned()))
            .collect(),
    };
    Store::open(of_store, clock).await
}

fn scheme_in(file: &Path) -> anyhow::Result<Scheme> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("Could not read the classification {}", file.display()))?;
    let scheme = Scheme::read(&text);
    scheme.with_context(|| format!("The classification {} is not lawful", file.display()))
}

/// The addresses people write to, of every line that has one.
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
    let centre = Arc::new(settings.centre.clone());
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
            centre: Arc::clone(&centre),
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

/// What the store must know of each line.
pub fn line_settings(settings: &Settings, locales: &Locales, lines: &Lines) -> Vec<LineSettings> {
    let of_line = |(name, (kind, channel)): (&LineName, &(&'static str, Arc<dyn Channel>))| LineSettings {
        name: name.as_str().to_owned(),
        channel: (*kind).to_owned(),
        acknowledgement: channel
            .acknowledgement()
            .map(|key| acknowledgements(key, settings, locales))
            .unwrap_or_default(),
        answers_also_by: channel.answers_also_by(),
        asks_for_files: channel.asks_for_files(),
        sends_files: channel.sends_files(),
        keeps_order: channel.keeps_order(),
    };
    lines.iter().map(of_line).collect()
}

/// The acknowledgement in every language, the centre's own first. The store puts the reference in.
fn acknowledgements(key: &str, settings: &Settings, locales: &Locales) -> Vec<(String, String)> {
    let centre = &settings.centre;
    let mut languages = vec![centre.language];
    languages.extend(
        Language::ALL
            .into_iter()
            .filter(|language| *language != centre.language),
    );
    let text = |language: Language| {
        let more = [
            ("reference", "{reference}"),
            ("form", settings.http.public_url.as_str()),
        ];
        let said = centre.say(locales.of(language), key, &more);
        (language.tag().to_owned(), said)
    };
    languages.into_iter().map(text).collect()
}

/// How long an idle worker waits before it looks again.
pub const LOOK_AGAIN: Duration = Duration::from_secs(2);

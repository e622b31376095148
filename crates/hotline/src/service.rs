//! The service: opens the store and the lines, and starts all workers.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use hotline_channels::KINDS;
use hotline_core::{
    contact::{classification::Scheme, urgency::UrgencyRules},
    identifiers::line_name::LineName,
    staff::passkeys::RelyingParty,
    text::locale::Locales,
    time::clock::{Clock, SystemClock},
};
use hotline_desk::{
    limits::StaffLimits,
    state::{Desk, MalwareScanner, Persona, ProgramFacts, PushFacts},
};
use hotline_store::{
    db::{
        schema::{MigrationBackup, PendingMigrations},
        store::{LineSettings, Store},
    },
    error::StoreError,
};
use tokio_util::sync::CancellationToken;

use crate::{
    alarm, audit,
    backup::{self, BackupBeforeMigration, BackupPlan},
    deliver, fetch, http,
    identity_provider::OidcProvider,
    line_runner::{DeskLines, LineRunner},
    lines::{LineOpener, Lines, check_lines, line_settings, open_lines},
    locked_files,
    malware::Clamd,
    master_key,
    notices::NoticeSender,
    operation::Watch,
    picture::PictureProcesses,
    prometheus::Counted,
    push::Pusher,
    receive, retention,
    settings::{Settings, in_force::in_force},
    shutdown::{Lifecycle, Signals},
    typing,
};

/// How long a service answers that it is not ready, after a newer version has migrated its database, before it stops.
const ANSWERS_OUTDATED: Duration = Duration::from_secs(5);

/// Runs the service until it is stopped.
///
/// # Errors
/// Fails if the service cannot start, or if a newer version of Hotline has migrated its database.
pub async fn serve(settings: Settings) -> anyhow::Result<()> {
    let mut signals = Signals::install()?;
    let lifecycle = Lifecycle::default();
    let starting = start(settings, &lifecycle, Listening::All, Additions::default());
    let store = signals.cancel_during(&lifecycle.stop, starting).await?;
    lifecycle.run(stop_when_outdated(Arc::clone(&store), lifecycle.stop.clone()));
    lifecycle.until_stopped(signals).await;
    store.disconnect().await;
    match store.is_outdated() {
        true => Err(StoreError::Outdated.into()),
        false => Ok(()),
    }
}

/// Stops the service after a newer version of Hotline has migrated its database.
async fn stop_when_outdated(store: Arc<Store>, stop: CancellationToken) {
    let outdated = async {
        store.until_outdated().await;
        // Visitors are told to try again, and probes get the reason.
        tokio::time::sleep(ANSWERS_OUTDATED).await;
    };
    tokio::select! {
        () = outdated => stop.cancel(),
        () = stop.cancelled() => {}
    }
}

/// Whether the lines receive messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listening {
    /// Every line receives messages.
    All,
    /// No line receives messages. Used by the demo, which has no mailbox to receive from.
    None,
}

/// What the demo adds to the service. A service adds nothing.
#[derive(Default)]
pub struct Additions {
    /// The accounts that the log-in page offers with one click.
    pub personas: Vec<Persona>,
    /// Further public pages.
    pub routes: Option<axum::Router>,
}

/// Opens the store and the lines and starts all workers.
pub async fn start(
    settings: Settings,
    lifecycle: &Lifecycle,
    listening: Listening,
    additions: Additions,
) -> anyhow::Result<Arc<Store>> {
    // Counting begins before the store is opened, so that nothing is missed.
    let counted = match &settings.http.metrics {
        Some(_) => Some(Counted::begin(Arc::new(SystemClock))?),
        None => None,
    };
    let locales = Arc::new(Locales);
    let opener = LineOpener::new(&settings, &locales);
    let in_file = open_lines(&settings, &opener)?;
    let store = open_store_until(&settings, line_settings(&in_file), &lifecycle.stop).await?;
    store.take_over().await?;
    retention::check_kinds(&store)?;
    let lines = Arc::new(Lines::new(in_file));
    let runner = Arc::new(LineRunner {
        store: Arc::clone(&store),
        opener,
        lines: Arc::clone(&lines),
        routes: Arc::default(),
        listening,
        lifecycle: lifecycle.clone(),
        readers: tokio::sync::Mutex::default(),
        testing: tokio::sync::Mutex::default(),
    });
    lines.set_runner(&runner);
    runner.apply_stored_lines().await;
    if let Err(error) = check_lines(&settings, &lines.current()) {
        // The settings may name a stored line that cannot be opened. It must not keep the others from running.
        if !runner.lacks_a_stored_line().await {
            return Err(error);
        }
        tracing::error!(
            error = format!("{error:#}"),
            "The settings name a line that is not in force"
        );
    }
    // Compiling the rules takes some milliseconds. The first message should not wait for it.
    let with_rules = Arc::clone(&store);
    tokio::task::spawn_blocking(move || {
        let _ = with_rules.urgency_rules();
    });
    let backup_plan = match (&settings.backup.to, settings.backup.every) {
        (_, 0) | (None, _) => None,
        (Some(to), every) => Some((BackupPlan::new(&settings, to)?, every)),
    };
    let desk_url = settings.http.desk_address().to_owned();
    let pusher = match settings.push.enabled {
        true => Some(Pusher::new(&store, &settings.push, &locales, &desk_url).await?),
        false => None,
    };
    let desk = Desk {
        store: Arc::clone(&store),
        locales: Arc::clone(&locales),
        centre: Arc::new(settings.centre.clone()),
        clock: Arc::new(SystemClock),
        networks: settings.desk.networks.clone().into(),
        url: settings.http.desk_url.as_str().into(),
        https: settings.http.desk_url.starts_with("https:"),
        log_ins: Arc::new(hotline_desk::account::login::limiter()),
        limits: Arc::new(StaffLimits::new(
            settings.desk.opened_per_minute,
            settings.desk.downloads_per_minute,
        )),
        reads: hotline_desk::state::reads(),
        smallest: settings.statistics.smallest.into(),
        push: pusher.as_ref().map(|pusher| {
            Arc::new(PushFacts {
                public_key: pusher.public_key(),
                settings: settings.push.clone(),
            })
        }),
        personas: additions.personas.into(),
        program: Arc::new(ProgramFacts {
            started_at: SystemClock.now(),
            settings: in_force(&settings),
            settings_file: settings
                .file
                .as_ref()
                .map(|file| file.display().to_string())
                .unwrap_or_default(),
            record: settings.processing_record.clone(),
            is_key_apart: !crate::master_key::is_beside_data(&settings.data),
            accounts: settings.accounts.clone(),
            audit_months: settings.audit.months,
            backup_every: settings.backup.every,
            reads_lines: listening == Listening::All,
            lines: Box::new(DeskLines(Arc::clone(&runner))),
            pictures: Box::new(PictureProcesses::new()),
            scanner: settings
                .malware
                .clamd
                .clone()
                .map(|address| Box::new(Clamd::new(address)) as Box<dyn MalwareScanner>),
            identity_provider: match settings.identity_provider.is_set() {
                true => Some(Box::new(OidcProvider::new(
                    settings.identity_provider.clone(),
                    &settings.http.desk_url,
                    settings.outgoing.clone(),
                )?)),
                false => None,
            },
        }),
    };
    let figure = settings.statistics.public.then(|| {
        hotline_desk::statistics::public_total::router(
            Arc::clone(&desk.store),
            Arc::clone(&desk.locales),
            Arc::clone(&desk.centre),
            Arc::clone(&desk.clock),
        )
    });
    let further = figure.into_iter().chain(additions.routes).collect();
    // Before the public pages, so that who finds the service ready finds its metrics, too.
    if let (Some(address), Some(counted)) = (&settings.http.metrics, counted) {
        lifecycle.run(counted.clone().keep_up(lifecycle.stop.clone()));
        let router = counted.router(Arc::clone(&store));
        http::listen_for_metrics(address, router, lifecycle).await?;
    }
    http::listen(&settings.http, desk, &runner, further, lifecycle).await?;
    let following = Arc::clone(&store).follow();
    let stopped = lifecycle.stop.clone();
    lifecycle.run(async move {
        tokio::select! { () = following => {}, () = stopped.cancelled() => {} }
    });
    let (searchable, stopped) = (Arc::clone(&store).keep_searchable(), lifecycle.stop.clone());
    lifecycle.run(async move {
        tokio::select! { () = searchable => {}, () = stopped.cancelled() => {} }
    });
    if let Some(line) = &settings.accounts.notices_line {
        let sender = NoticeSender {
            store: Arc::clone(&store),
            lines: Arc::clone(&lines),
            line: LineName::parse(line)?,
            centre: Arc::new(settings.centre.clone()),
            locales: Arc::clone(&locales),
            desk_url: desk_url.clone(),
        };
        lifecycle.run(sender.work(lifecycle.stop.clone()));
    }
    let watch = Watch {
        store: Arc::clone(&store),
        lines: Arc::clone(&lines),
        settings: settings.operation.clone(),
        backup_every: settings.backup.every,
        started_at: SystemClock.now(),
        centre: Arc::new(settings.centre.clone()),
        locales: Arc::clone(&locales),
    };
    lifecycle.run(watch.work(lifecycle.stop.clone()));
    lifecycle.run(alarm::work(
        alarm::Teller {
            store: Arc::clone(&store),
            lines: Arc::clone(&lines),
            settings: settings.alarm.clone(),
            centre: Arc::new(settings.centre.clone()),
            locales,
            desk_url,
        },
        lifecycle.stop.clone(),
    ));
    lifecycle.run(audit::work(Arc::clone(&store), lifecycle.stop.clone()));
    if let Some(pusher) = pusher {
        lifecycle.run(pusher.work(lifecycle.stop.clone()));
    }
    let (routing, stopped) = (Arc::clone(&store).keep_routing(), lifecycle.stop.clone());
    lifecycle.run(async move {
        tokio::select! { () = routing => {}, () = stopped.cancelled() => {} }
    });
    lifecycle.run(receive::work(
        Arc::clone(&store),
        Arc::clone(&lines),
        lifecycle.stop.clone(),
    ));
    lifecycle.run(deliver::work(
        Arc::clone(&store),
        Arc::clone(&lines),
        lifecycle.stop.clone(),
    ));
    lifecycle.run(fetch::work(
        Arc::clone(&store),
        Arc::clone(&lines),
        lifecycle.stop.clone(),
    ));
    lifecycle.run(retention::work(Arc::clone(&store), lifecycle.stop.clone()));
    lifecycle.run(backup::worker::work(
        Arc::clone(&store),
        settings.data.folder.clone(),
        backup_plan,
        lifecycle.stop.clone(),
    ));
    lifecycle.run(locked_files::work(Arc::clone(&store), lifecycle.stop.clone()));
    lifecycle.run(typing::work(
        Arc::clone(&store),
        Arc::clone(&lines),
        lifecycle.stop.clone(),
    ));
    lifecycle.run(runner.run());
    if store.is_replacing_key() {
        tracing::warn!("The master key is being replaced: run `hotline keys replace`");
    }
    tracing::info!(engine = store.engine(), "Ready");
    Ok(store)
}

/// Opens the store with the system clock.
pub async fn open_store(settings: &Settings, lines: Vec<LineSettings>) -> anyhow::Result<Arc<Store>> {
    open_store_until(settings, lines, &CancellationToken::new()).await
}

/// Opens the store with the system clock. Fails if `stop` is cancelled while migrations wait for other processes, or during the backup
/// before them.
pub async fn open_store_until(
    settings: &Settings,
    lines: Vec<LineSettings>,
    stop: &CancellationToken,
) -> anyhow::Result<Arc<Store>> {
    open(settings, lines, Arc::new(SystemClock), Durability::Kept, stop).await
}

/// Whether the database outlives its first use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Each commit waits until the disk has written it.
    Kept,
    /// The database is deleted after use or can be filled again, so commits do not wait for the disk.
    ThrownAway,
}

/// Opens the store with the given clock.
pub async fn open_store_at(
    settings: &Settings,
    lines: Vec<LineSettings>,
    clock: Arc<dyn Clock>,
    durability: Durability,
) -> anyhow::Result<Arc<Store>> {
    open(settings, lines, clock, durability, &CancellationToken::new()).await
}

/// Opens the store. Migrations of a database that is not new run after a backup, if `backup.to` is set.
async fn open(
    settings: &Settings,
    lines: Vec<LineSettings>,
    clock: Arc<dyn Clock>,
    durability: Durability,
    stop: &CancellationToken,
) -> anyhow::Result<Arc<Store>> {
    let of_store = store_settings(settings, lines, durability).await?;
    let backup = BackupBeforeMigration::planned(settings, stop);
    let backup = backup.as_ref().map(|backup| backup as &dyn MigrationBackup);
    hotline_store::open_with_backup(of_store, clock, backup, Box::pin(stop.cancelled())).await
}

/// Opens the database without changing it. Returns the pending migrations, and no store if migrations are pending.
pub async fn open_to_read(settings: &Settings) -> anyhow::Result<(PendingMigrations, Option<Arc<Store>>)> {
    let of_store = store_settings(settings, Vec::new(), Durability::Kept).await?;
    hotline_store::open_to_read(of_store, Arc::new(SystemClock)).await
}

async fn store_settings(
    settings: &Settings,
    lines: Vec<LineSettings>,
    durability: Durability,
) -> anyhow::Result<hotline_store::db::store::Settings> {
    let scheme = match &settings.desk.scheme_file {
        Some(file) => scheme_in(file)?,
        None => Scheme::centre()?,
    };
    let known = |id: &String| scheme.institutions.iter().any(|one| one.id == *id);
    if let Some(id) = settings.cases.institutions.keys().find(|id| !known(id)) {
        bail!("`cases.institutions.{id}`: the classification has no institution `{id}`");
    }
    let urgency_rules = match &settings.desk.urgency_file {
        Some(file) => Some(urgency_rules_in(file)?),
        None => None,
    };
    Ok(hotline_store::db::store::Settings {
        url: settings.database_url(),
        folder: settings.data.folder.clone(),
        key: master_key::present(&settings.data).await?,
        old_key: master_key::old(&settings.data).await?,
        centre: settings.centre_in_force(),
        form_url: settings.http.public_url.clone(),
        routing: settings.routing.clone(),
        alarm: settings.alarm.clone(),
        targets: settings.targets.clone(),
        cases: settings.cases.clone(),
        audit: settings.audit.clone(),
        accounts: settings.accounts.clone(),
        relying_party: RelyingParty::new(settings.http.desk_address(), settings.centre.name.serbian()),
        retention: settings.retention.clone(),
        abuse_material: settings.abuse_material.clone(),
        masking: settings.masking.clone(),
        urgency_rules,
        scheme,
        wrap_up: settings.desk.wrap_up,
        durable: durability == Durability::Kept,
        undo: Duration::from_secs(settings.desk.undo_seconds.into()),
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
    })
}

fn urgency_rules_in(file: &Path) -> anyhow::Result<UrgencyRules> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("Could not read the rules of urgency {}", file.display()))?;
    let rules = UrgencyRules::parse(&text);
    rules.with_context(|| format!("The rules of urgency {} cannot work", file.display()))
}

fn scheme_in(file: &Path) -> anyhow::Result<Scheme> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("Could not read the classification {}", file.display()))?;
    let scheme = Scheme::read(&text);
    scheme.with_context(|| format!("The classification {} is not lawful", file.display()))
}

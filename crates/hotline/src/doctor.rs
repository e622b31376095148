//! `hotline doctor`: describes the state of the data. It only reads, and prints numbers, times, states and names of lines and settings, but
//! nothing that people wrote. `hotline check` tests settings and connections instead.

use std::{io::Write, process::ExitCode, sync::Arc};

use hotline_core::{
    text::locale::Locales,
    time::clock::{Clock, SystemClock},
};
use hotline_store::db::{schema::PendingMigrations, store::Store};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    OUTDATED, is_outdated,
    lines::{LineOpener, line_settings, try_all_lines},
    service::open_to_read,
    settings::{Settings, in_force::changed_keys},
};

mod data;
mod queues;
mod service_state;

/// The exit code if nothing could be examined.
const COULD_NOT_LOOK: u8 = 2;

/// How a finding is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Mark {
    Ok,
    Note,
    /// Somebody has to do something.
    Wrong,
}

/// What was found about one part of the service.
#[derive(Debug, Serialize)]
struct Finding {
    mark: Mark,
    part: &'static str,
    text: String,
    /// What to do. Only findings that are wrong have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'static str>,
    facts: Value,
}

impl Finding {
    fn ok(part: &'static str, text: String, facts: Value) -> Self {
        Self {
            mark: Mark::Ok,
            part,
            text,
            action: None,
            facts,
        }
    }

    fn note(part: &'static str, text: String, facts: Value) -> Self {
        Self {
            mark: Mark::Note,
            ..Self::ok(part, text, facts)
        }
    }

    fn wrong(part: &'static str, text: String, action: &'static str, facts: Value) -> Self {
        Self {
            mark: Mark::Wrong,
            action: Some(action),
            ..Self::ok(part, text, facts)
        }
    }

    /// Returns a finding that is wrong, with an action, if `is_wrong` is `true`.
    fn wrong_if(
        is_wrong: bool,
        part: &'static str,
        text: String,
        action: &'static str,
        facts: Value,
    ) -> Self {
        match is_wrong {
            true => Self::wrong(part, text, action, facts),
            false => Self::ok(part, text, facts),
        }
    }
}

/// Examines the service and prints what was found, as text or as JSON. Returns 0 if nothing is wrong, 1 if something needs attention, 2 if
/// nothing could be examined, and 3 if a newer version of Hotline has migrated the database.
pub async fn doctor(settings: anyhow::Result<Settings>, recount: bool, json: bool) -> ExitCode {
    let found = match settings {
        Ok(settings) => examine(&settings, recount).await,
        Err(error) => Err(error),
    };
    let printed = found.and_then(|found| {
        print(&found, json)?;
        Ok(found.iter().any(|one| one.mark == Mark::Wrong))
    });
    match printed {
        Ok(false) => ExitCode::SUCCESS,
        Ok(true) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("hotline: the service could not be examined: {error:#}");
            ExitCode::from(match is_outdated(&error) {
                true => OUTDATED,
                false => COULD_NOT_LOOK,
            })
        }
    }
}

async fn examine(settings: &Settings, recount: bool) -> anyhow::Result<Vec<Finding>> {
    let mut found = vec![
        describe_program(),
        describe_settings(settings),
        describe_zone(settings),
    ];
    let (schema, store) = open_to_read(settings).await?;
    found.push(describe_schema(&schema));
    let Some(store) = store else {
        return Ok(found);
    };
    let now = SystemClock.now();
    found.extend(open_lines(settings, &store).await);
    let one = std::iter::once::<Finding>;
    add(
        &mut found,
        "database",
        data::describe_engine(&store).await.map(one),
    );
    let rows = store.row_counts().await;
    if let Ok(rows) = &rows {
        found.push(data::describe_rows(rows));
    }
    add(&mut found, "line", queues::describe_lines(&store, now).await);
    add(
        &mut found,
        "jobs",
        queues::describe_jobs(&store, now).await.map(one),
    );
    add(
        &mut found,
        "parked jobs",
        queues::describe_parked(&store, now).await,
    );
    let outbox = match rows {
        Ok(rows) => queues::describe_outbox(&store, rows.outbox, now).await,
        Err(error) => Err(error.into()),
    };
    add(&mut found, "outbox", outbox.map(one));
    found.push(service_state::describe_disk(&store));
    let backup = service_state::describe_backup(&store, settings.backup.every, now).await;
    add(&mut found, "backup", backup.map(one));
    add(
        &mut found,
        "audit",
        service_state::describe_audit(&store, now).await.map(one),
    );
    found.push(service_state::describe_key(&store));
    if recount {
        add(
            &mut found,
            "statistics",
            data::describe_recount(&store).await.map(one),
        );
    }
    store.disconnect().await;
    Ok(found)
}

/// Adds findings about a part. A part that cannot be read is a finding, too, so that the others are still described. The reason is only in
/// the log.
fn add(
    found: &mut Vec<Finding>,
    part: &'static str,
    described: anyhow::Result<impl IntoIterator<Item = Finding>>,
) {
    match described {
        Ok(described) => found.extend(described),
        Err(error) => {
            tracing::warn!(
                part,
                error = format!("{error:#}"),
                "A part of the service could not be read"
            );
            found.push(Finding::wrong(
                part,
                "could not be read".to_owned(),
                "Run the command again; if it stays, read the reason in the standard error and test the database",
                Value::Null,
            ));
        }
    }
}

/// Opens the lines, so that they can be described. The reason why one cannot be opened can contain an address, so only `hotline check`
/// prints it.
async fn open_lines(settings: &Settings, store: &Arc<Store>) -> Option<Finding> {
    let opener = LineOpener::new(settings, &Arc::new(Locales));
    match try_all_lines(settings, &opener, store).await {
        Ok((lines, _)) => {
            store.set_lines(line_settings(&lines));
            None
        }
        Err(_) => Some(Finding::wrong(
            "lines",
            "a line of the settings cannot be opened, or the stored lines cannot be read, so the lines of the settings are not described"
                .to_owned(),
            "Run `hotline check`, which names the line and the reason",
            Value::Null,
        )),
    }
}

fn describe_program() -> Finding {
    let version = env!("CARGO_PKG_VERSION");
    let build = match (cfg!(debug_assertions), cfg!(feature = "demo")) {
        (true, _) => "for development",
        (false, true) => "with the demo",
        (false, false) => "for servers",
    };
    let (system, machine) = (std::env::consts::OS, std::env::consts::ARCH);
    Finding::ok(
        "version",
        format!("{version}, built {build}, {system} on {machine}"),
        json!({ "version": version, "build": build, "system": system, "machine": machine }),
    )
}

fn describe_settings(settings: &Settings) -> Finding {
    let keys = changed_keys(settings);
    let text = match keys.is_empty() {
        true => "every value is the default".to_owned(),
        false => format!("not the default: {}", keys.join(", ")),
    };
    Finding::ok("settings", text, json!({ "changed": keys }))
}

fn describe_zone(settings: &Settings) -> Finding {
    let zone = settings.centre.time_zone;
    let here = SystemClock.now().with_timezone(&zone);
    Finding::ok(
        "time zone",
        format!("{zone}, where it is {}", here.format("%Y-%m-%d %H:%M %z")),
        json!({ "zone": zone.name() }),
    )
}

fn describe_schema(migrations: &PendingMigrations) -> Finding {
    let (applied, pending) = (migrations.applied(), migrations.names.len());
    let newest = migrations.schema.as_deref().unwrap_or("none");
    Finding::wrong_if(
        pending > 0,
        "schema",
        format!("{applied} migrations applied, {pending} pending, newest {newest}"),
        "Stop the service and start it with this version, or run `hotline migrate`; the rest of the data is examined after that",
        json!({ "applied": applied, "pending": pending, "newest": migrations.schema }),
    )
}

fn print(found: &[Finding], json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        let needs_attention = found.iter().any(|one| one.mark == Mark::Wrong);
        let report = json!({ "needs_attention": needs_attention, "findings": found });
        writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?;
        return Ok(());
    }
    for one in found {
        let mark = match one.mark {
            Mark::Ok => "ok   ",
            Mark::Note => "note ",
            Mark::Wrong => "wrong",
        };
        let action = one.action.map(|action| format!(". {action}")).unwrap_or_default();
        writeln!(out, "{mark} {}: {}{action}", one.part, one.text)?;
    }
    Ok(())
}

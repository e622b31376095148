//! `hotline check`: checks the settings, the database and the connection of every line, and reports what works.

use std::{collections::BTreeSet, process::ExitCode, sync::Arc, time::Duration};

use hotline_channels::channel::Channel;
use hotline_core::{text::locale::Locales, time::shifts::Who};
use hotline_store::{db::store::Store, routing::schedules::CENTRE};

use crate::{alarm::check_recipients, lines::open_lines, service::open_store, settings::Settings};

/// Checks the database, the disk and every line. Returns a failure exit code if one of these checks fails.
pub async fn check(settings: Settings) -> anyhow::Result<ExitCode> {
    let mut works = true;
    if let Some(file) = &settings.file {
        println!("ok    settings: {}", file.display());
    }
    if let Some(warning) = settings.http.warnings() {
        println!("note  settings: {warning}");
    }
    match open_store(&settings, Vec::new()).await {
        Ok(store) => match store.ready().await {
            Ok(()) => {
                println!("ok    database: {} can be written, the key fits", store.engine());
                works &= check_schedules(&store, &settings).await?;
            }
            Err(error) => {
                works = false;
                println!("wrong database: {error}");
            }
        },
        Err(error) => {
            works = false;
            println!("wrong database: {error:#}");
        }
    }
    let locales = Arc::new(Locales);
    let lines = open_lines(&settings, &locales)?;
    match check_recipients(&settings.alarm, &lines) {
        Ok(()) if settings.alarm.recipients.is_empty() => {
            println!(
                "note  alarm: nobody is told if nobody takes care of a contact in danger. Add `[[alarm.recipients]]`"
            );
        }
        Ok(()) => println!("ok    alarm: {} recipients", settings.alarm.recipients.len()),
        Err(error) => {
            works = false;
            println!("wrong alarm: {error}");
        }
    }
    for (name, (kind, channel)) in lines {
        match check_line(&channel).await {
            Ok(said) => said
                .iter()
                .for_each(|said| println!("ok    line {name} ({kind}): {said}")),
            Err(error) => {
                works = false;
                println!("wrong line {name} ({kind}): {error:#}");
            }
        }
    }
    if settings.lines.is_empty() {
        println!("note  no lines: nobody can write. Add `[lines.<name>]`");
    }
    Ok(if works {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Tests everything that a line needs, for at most 90 seconds. Returns a sentence about the result of each check.
pub async fn check_line(channel: &Arc<dyn Channel>) -> anyhow::Result<Vec<String>> {
    let checked = tokio::time::timeout(Duration::from_secs(90), channel.check()).await;
    checked.unwrap_or_else(|_| Err(anyhow::anyhow!("it took longer than 90 seconds")))
}

/// Checks the stored opening hours and the shift plan. Returns `false` if one of them cannot work.
async fn check_schedules(store: &Store, settings: &Settings) -> anyhow::Result<bool> {
    let mut works = true;
    let centre = store.opening_hours(CENTRE).await?;
    let mut open = Vec::new();
    for line in std::iter::once(CENTRE).chain(settings.lines.keys().map(|line| line.as_str())) {
        let stored = store.opening_hours(line).await?;
        let place = if line == CENTRE {
            "of the whole centre".to_owned()
        } else {
            format!("of line {line}")
        };
        if let Some(hours) = &stored.content {
            match hours.check(store.today()) {
                Ok(()) => println!("ok    hours {place}: version {}", stored.version),
                Err(error) => {
                    works = false;
                    println!("wrong hours {place}: {error}");
                }
            }
        } else if stored.version > 0 {
            works = false;
            println!("wrong hours {place}: version {} cannot be read", stored.version);
        }
        if line != CENTRE && stored.content.is_none() && centre.content.is_none() {
            open.push(line);
        }
    }
    if centre.version == 0 && open.len() == settings.lines.len() {
        println!("note  hours: no opening hours are stored: every line counts as open");
    } else if !open.is_empty() {
        println!(
            "note  hours: these lines have no hours and count as open: {}",
            open.join(", ")
        );
    }
    Ok(check_shifts(store).await? && works)
}

/// Checks the shift plan, and names the staff in it who are disabled or unknown. Returns `false` if the plan cannot work.
async fn check_shifts(store: &Store) -> anyhow::Result<bool> {
    let stored = store.shift_plan().await?;
    let Some(plan) = stored.content else {
        if stored.version > 0 {
            println!("wrong shifts: version {} cannot be read", stored.version);
        }
        return Ok(stored.version == 0);
    };
    let staff = store.staff().await?;
    let workers = plan.weekly.iter().map(|shift| &shift.who);
    let workers = workers.chain(plan.exceptions.iter().map(|one| &one.who));
    let persons: BTreeSet<_> = workers.filter_map(Who::person).collect();
    for person in persons {
        match staff.iter().find(|one| one.id == person) {
            Some(one) if one.active => {}
            Some(one) => println!(
                "note  shifts: {} is planned, but the account is disabled",
                one.login
            ),
            None => println!("note  shifts: {person} is planned, but there is no such member of staff"),
        }
    }
    match plan.check() {
        Ok(()) => {
            println!("ok    shifts: version {}", stored.version);
            Ok(true)
        }
        Err(error) => {
            println!("wrong shifts: {error}");
            Ok(false)
        }
    }
}

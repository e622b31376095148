//! `hotline check`: checks the settings, the database and the connection of every line, and reports what works.

use std::{collections::BTreeSet, process::ExitCode, sync::Arc, time::Duration};

use chrono::Days;
use hotline_channels::channel::Channel;
use hotline_core::{
    identifiers::line_name::LineName, retention::DAYS_AHEAD, text::locale::Locales, time::shifts::Who,
};
use hotline_store::{db::store::Store, routing::schedules::CENTRE};

use crate::{
    identity_provider::OidcProvider,
    lines::{LineOpener, LineSet, check_lines, line_settings, open_all_lines, open_lines},
    malware::Clamd,
    master_key, retention,
    service::open_store,
    settings::Settings,
};

/// Checks the database, the disk and every line. Returns a failure exit code if one of these checks fails.
pub async fn check(settings: Settings) -> anyhow::Result<ExitCode> {
    let mut works = true;
    if let Some(file) = &settings.file {
        println!("ok    settings: {}", file.display());
    }
    if let Some(warning) = settings.http.warnings() {
        println!("note  settings: {warning}");
    }
    let opener = LineOpener::new(&settings, &Arc::new(Locales));
    let mut lines = open_lines(&settings, &opener)?;
    match open_store(&settings, line_settings(&lines)).await {
        Ok(store) => match store.ready().await {
            Ok(()) => {
                println!("ok    database: {} can be written, the key fits", store.engine());
                if master_key::is_beside_data(&settings.data) {
                    println!(
                        "note  key: the master key is in the data folder. Keep it apart, with `data.key_file`"
                    );
                }
                if store.is_replacing_key() {
                    println!("note  key: the master key is being replaced. Run `hotline keys replace`");
                }
                lines = open_all_lines(&settings, &opener, &store).await?;
                works &= check_schedules(&store, &lines).await?;
                check_scheme(&store);
                works &= check_retention(&store).await?;
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
    match settings.alarm.recipients.len() {
        0 => println!(
            "note  alarm: nobody is told if nobody takes care of a contact in danger. Add `[[alarm.recipients]]`"
        ),
        recipients => println!("ok    alarm: {recipients} recipients"),
    }
    match settings.operation.recipients.len() {
        0 => println!(
            "note  operation: nobody is told if a line is down or a disk is full. Add `[[operation.recipients]]`"
        ),
        recipients => println!("ok    operation: {recipients} recipients"),
    }
    works &= check_scanner(&settings).await;
    works &= check_identity_provider(&settings).await;
    if let Err(error) = check_lines(&settings, &lines) {
        works = false;
        println!("wrong lines: {error}");
    }
    for (name, line) in &lines {
        let kind = line.kind;
        match check_line(&line.channel).await {
            Ok(said) => said
                .iter()
                .for_each(|said| println!("ok    line {name} ({kind}): {said}")),
            Err(error) => {
                works = false;
                println!("wrong line {name} ({kind}): {error:#}");
            }
        }
    }
    if lines.is_empty() {
        println!(
            "note  no lines: nobody can write. Add `[lines.<name>]`, or connect a line at /desk/admin/lines"
        );
    }
    Ok(if works {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Checks whether the scanner for malware answers. Returns `false` if it does not.
async fn check_scanner(settings: &Settings) -> bool {
    let Some(address) = &settings.malware.clamd else {
        println!("note  malware: files are not scanned. Name a scanner in `malware.clamd`");
        return true;
    };
    match Clamd::new(address.clone()).ask_version().await {
        Ok(version) => println!("ok    malware: {version}"),
        Err(error) => {
            println!("wrong malware: {}: {error:#}", String::from(address.clone()));
            return false;
        }
    }
    true
}

/// Checks whether the identity provider answers. Returns `false` if it does not.
async fn check_identity_provider(settings: &Settings) -> bool {
    if !settings.identity_provider.is_set() {
        return true;
    }
    let provider = OidcProvider::new(
        settings.identity_provider.clone(),
        &settings.http.desk_url,
        settings.outgoing.clone(),
    );
    let checked = match provider {
        Ok(provider) => provider.check().await,
        Err(error) => Err(error),
    };
    match checked {
        Ok(()) => println!("ok    identity provider: {}", settings.identity_provider.issuer),
        Err(error) => {
            println!("wrong identity provider: {error:#}");
            return false;
        }
    }
    true
}

/// Tests everything that a line needs, for at most 90 seconds. Returns a sentence about the result of each check.
pub async fn check_line(channel: &Arc<dyn Channel>) -> anyhow::Result<Vec<String>> {
    let checked = tokio::time::timeout(Duration::from_secs(90), channel.check()).await;
    checked.unwrap_or_else(|_| Err(anyhow::anyhow!("it took longer than 90 seconds")))
}

/// Checks the wrap-up questions in force. Counsellors can work with questions that have mistakes, so these are notes.
fn check_scheme(store: &Store) {
    let (scheme, settings) = (store.scheme(), store.scheme_of_settings());
    println!(
        "ok    wrap-up questions: {}, version {}",
        scheme.name, scheme.version
    );
    if *scheme != *settings {
        println!(
            "note  wrap-up questions: this version was put into force at the desk and replaces version {} of the settings",
            settings.version
        );
    }
    for mistake in scheme.mistakes() {
        println!(
            "note  wrap-up questions: `{}`: {}",
            mistake.question, mistake.fault
        );
    }
}

/// Checks the rules of retention, and counts what they erase in the next 30 days. Returns `false` if a rule cannot work.
async fn check_retention(store: &Store) -> anyhow::Result<bool> {
    if let Err(error) = retention::check_kinds(store) {
        println!("wrong retention: {error}");
        return Ok(false);
    }
    let rules = store.retention_settings().rules().list().len();
    if rules == 0 {
        println!("note  retention: nothing is erased automatically. Add `[[retention.rules]]`");
        return Ok(true);
    }
    let last = store.today().checked_add_days(Days::new(DAYS_AHEAD));
    let due = store.due_contacts(last.unwrap_or_default()).await?.len();
    println!("ok    retention: {rules} rules; {due} contacts are erased in the next {DAYS_AHEAD} days");
    Ok(true)
}

/// Checks the stored opening hours and the shift plan. Returns `false` if one of them cannot work.
async fn check_schedules(store: &Store, lines: &LineSet) -> anyhow::Result<bool> {
    let mut works = true;
    let centre = store.opening_hours(CENTRE).await?;
    let mut open = Vec::new();
    for line in std::iter::once(CENTRE).chain(lines.keys().map(LineName::as_str)) {
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
    if centre.version == 0 && open.len() == lines.len() {
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

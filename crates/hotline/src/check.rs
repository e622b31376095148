//! `hotline check`: checks the settings, the database and the connection of every line, and reports what works.

use std::{process::ExitCode, sync::Arc, time::Duration};

use hotline_core::text::locale::Locales;

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
            Ok(()) => println!("ok    database: {} can be written, the key fits", store.engine()),
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
    let locales = Arc::new(Locales::load()?);
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
        let tried = tokio::time::timeout(Duration::from_secs(90), channel.check()).await;
        match tried.unwrap_or_else(|_| Err(anyhow::anyhow!("it took longer than 90 seconds"))) {
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

//! `hotline reconcile`: compares the messages in mailboxes and on platforms with the registered messages.

use std::{process::ExitCode, sync::Arc};

use hotline_core::text::locale::Locales;

use crate::{
    lines::{LineOpener, open_all_lines},
    service::open_store,
    settings::Settings,
};

/// Compares the registered messages of each line with the messages in its mailbox or on its platform. Returns a failure exit code if the
/// mailbox or platform has a message that is not registered.
pub async fn reconcile(settings: Settings) -> anyhow::Result<ExitCode> {
    let store = open_store(&settings, Vec::new()).await?;
    let opener = LineOpener::new(&settings, &Arc::new(Locales));
    let mut whole = true;
    for (name, line) in open_all_lines(&settings, &opener, &store).await? {
        let outcomes = store.outcomes(&name).await?;
        let accepted: i64 = outcomes.values().sum();
        let said: Vec<_> = outcomes
            .iter()
            .map(|(outcome, count)| format!("{count} {outcome}"))
            .collect();
        println!("{name}: {accepted} accepted ({})", said.join(", "));
        let strays = store.strays(&name).await?;
        if strays > 0 {
            whole = false;
            println!("{name}: {strays} are said to be messages and are in no contact");
        }
        match line.channel.held_ids().await {
            Ok(Some(held)) => {
                let missing = store.never_accepted(&name, &held).await?;
                println!(
                    "{name}: its source holds {}, {} of them never accepted",
                    held.len(),
                    missing.len()
                );
                whole &= missing.is_empty();
            }
            Ok(None) => println!("{name}: its source keeps nothing to compare with"),
            Err(error) => {
                whole = false;
                println!("{name}: its source cannot be asked: {error:#}");
            }
        }
    }
    for job in store.listed(true).await? {
        println!("parked: job {} ({}): {}", job.id, job.kind.as_str(), job.reason);
    }
    Ok(if whole {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

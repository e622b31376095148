//! `hotline statistics`.

use std::process::ExitCode;

use hotline_store::totals::{Period, Totals};

use crate::{
    arguments::{Figures, Format, Statistics},
    service::open_store,
    settings::Settings,
};

/// Prints totals, recounts them, or enters an opening balance.
pub async fn statistics(settings: Settings, command: Statistics) -> anyhow::Result<ExitCode> {
    let store = open_store(&settings, Vec::new()).await?;
    match command.command {
        Some(Figures::Verify) => {
            let verified = store.verify_totals().await?;
            for one in &verified.differences {
                println!(
                    "{} {}: the total says {}, {} contacts count",
                    one.day, one.line, one.kept, one.counted
                );
            }
            if verified.differences.is_empty() {
                println!(
                    "Every total equals the recount of {} contacts.",
                    verified.contacts
                );
                return Ok(ExitCode::SUCCESS);
            }
            println!("{} totals differ.", verified.differences.len());
            return Ok(ExitCode::FAILURE);
        }
        Some(Figures::Balance {
            channel,
            first,
            last,
            count,
            source,
        }) => {
            store
                .enter_balance(None, &channel, first, last, count, &source, "")
                .await?;
            println!("Entered.");
        }
        None => print(
            &store
                .totals(Period {
                    from: command.from,
                    to: command.to,
                })
                .await?,
            command.format,
        )?,
    }
    Ok(ExitCode::SUCCESS)
}

fn print(totals: &Totals, format: Format) -> anyhow::Result<()> {
    match format {
        Format::Json => println!("{}", serde_json::to_string_pretty(totals)?),
        Format::Csv => {
            let mut csv = csv::WriterBuilder::new()
                .terminator(csv::Terminator::CRLF)
                .from_writer(std::io::stdout());
            csv.write_record(["channel", "registered", "opening_balance", "total"])?;
            for one in &totals.channels {
                csv.serialize((&one.channel, one.registered, one.opening_balance, one.total))?;
            }
            csv.serialize(("total", totals.registered, totals.opening_balance, totals.total))?;
            csv.flush()?;
        }
        Format::Table => {
            let from = totals
                .from
                .map_or_else(|| "the establishment".to_owned(), |day| day.to_string());
            let to = totals
                .to
                .map_or_else(|| "today".to_owned(), |day| day.to_string());
            println!(
                "Registered communications from {from} to {to}, {}",
                totals.time_zone
            );
            println!(
                "{:<16} {:>12} {:>12} {:>12}",
                "channel", "registered", "before", "total"
            );
            for one in &totals.channels {
                println!(
                    "{:<16} {:>12} {:>12} {:>12}",
                    one.channel, one.registered, one.opening_balance, one.total
                );
            }
            println!(
                "{:<16} {:>12} {:>12} {:>12}",
                "total", totals.registered, totals.opening_balance, totals.total
            );
        }
    }
    Ok(())
}

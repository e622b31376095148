//! `hotline statistics`.

use std::process::ExitCode;

use hotline_store::{
    figures::{Breakdown, Cut, FigureRow, OtherFigure},
    totals::{Period, Totals},
};

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
            let figures = store.verify_figures(MOST_NAMED).await?;
            for OtherFigure { cell, kept, counted } in &figures {
                println!(
                    "{} {}={} {}={}: the figure says {kept}, {counted} contacts count",
                    cell.span, cell.one, cell.value, cell.other, cell.other_value
                );
            }
            let differ = verified.differences.len() + figures.len();
            if differ == 0 {
                println!(
                    "Every total and every figure equals the recount of {} contacts.",
                    verified.contacts
                );
                return Ok(ExitCode::SUCCESS);
            }
            let more = if figures.len() == MOST_NAMED {
                " or more"
            } else {
                ""
            };
            println!("{differ}{more} differ. `hotline statistics rebuild` mends figures.");
            return Ok(ExitCode::FAILURE);
        }
        Some(Figures::Rebuild) => {
            store.rebuild_figures().await?;
            println!("Every contact was counted anew.");
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
        None => {
            let period = Period {
                from: command.from,
                to: command.to,
            };
            match command.by {
                None => print(&store.totals(period).await?, command.format)?,
                Some(by) => {
                    let cut = Cut::parse(period, &by)?;
                    print_breakdown(&store.breakdown(&cut).await?, command.format)?;
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Differences that are named; a thousand tell as much as a million.
const MOST_NAMED: usize = 1_000;

fn print_breakdown(found: &Breakdown, format: Format) -> anyhow::Result<()> {
    let mut head: Vec<&str> = found.every.iter().map(|every| every.as_str()).collect();
    head.extend(found.by.iter().map(String::as_str));
    let line = |row: &FigureRow| -> Vec<String> {
        let values = row.values.iter().cloned();
        row.piece.iter().cloned().chain(values).collect()
    };
    match format {
        Format::Json => println!("{}", serde_json::to_string_pretty(found)?),
        Format::Csv => {
            let mut csv = csv::WriterBuilder::new()
                .terminator(csv::Terminator::CRLF)
                .from_writer(std::io::stdout());
            let named = head.iter().copied().chain(["count"]);
            csv.write_record(named)?;
            for row in &found.rows {
                csv.write_record(line(row).into_iter().chain([row.count.to_string()]))?;
            }
            csv.flush()?;
        }
        Format::Table => {
            println!("{:<50} {:>12}", head.join(", "), "count");
            for row in &found.rows {
                println!("{:<50} {:>12}", line(row).join(", "), row.count);
            }
            println!("{:<50} {:>12}", "not classified so", found.rest);
            println!("{:<50} {:>12}", "registered", found.registered);
        }
    }
    Ok(())
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

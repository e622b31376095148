//! `hotline statistics`.

use std::{io::Write, path::Path, process::ExitCode};

use anyhow::{Context, bail};
use hotline_core::{
    figures::Of,
    locale::{Language, Locales, Words},
    period::Period,
};
use hotline_desk::{
    cover::Cover,
    exports::{csv_of_tables, workbook, writer},
    registers,
    tables::{Table, of_report, of_return},
};
use hotline_store::{
    balances::NewBalance,
    figures::{Breakdown, Cut, FigureRow},
    store::Store,
};

use crate::{
    arguments::{Asked, Figures, Format, Statistics},
    service::open_store,
    settings::Settings,
};

/// Differences that are named; a thousand tell as much as a million.
const MOST_NAMED: usize = 1_000;

/// Prints figures, recounts them, or enters what was before the software.
pub async fn statistics(settings: Settings, command: Statistics) -> anyhow::Result<ExitCode> {
    let store = open_store(&settings, Vec::new()).await?;
    let locales = Locales::load()?;
    let words = |language: Option<Language>| locales.of(language.unwrap_or(settings.centre.language));
    match command.command {
        Some(Figures::Verify) => return verify(&store).await,
        Some(Figures::Rebuild) => {
            store.rebuild_figures().await?;
            println!("Everything was counted anew.");
        }
        Some(Figures::Balance {
            channel,
            of,
            first,
            last,
            count,
            source,
            correction,
            reason,
        }) => {
            let new = NewBalance {
                of,
                value: channel,
                correction,
                from: first,
                to: last,
                count,
                source,
                reason,
            };
            store.enter_balance(None, &new).await?;
            println!("Entered.");
        }
        Some(Figures::Import { file, dry_run }) => return import(&store, &file, dry_run, words(None)).await,
        Some(Figures::Return { name, asked, format }) => {
            let period = match asked.period(&store)? {
                Period { from: None, to: None } => {
                    store.last_due(&name).context("There is no such return")?
                }
                period => period,
            };
            let (Some(from), Some(to)) = (period.from, period.to) else {
                bail!("a return is of days from one to another: --from and --to, or --period 2026-Q1");
            };
            let filled = store.fill_return(&name, from, to).await?;
            let mapping = store.mapping(&name, to).context("There is no such return")?;
            let words = words(asked.language);
            let tables = of_return(words, store.scheme(), mapping, &filled);
            let cover = Cover::of_return(words, &settings.centre, mapping, &filled);
            print_tables(words, &cover, &tables, format, &filled)?;
            if !filled.is_complete() {
                eprintln!(
                    "It is not complete: something is not classified, has no row, or the period is another one."
                );
                return Ok(ExitCode::FAILURE);
            }
        }
        None => {
            let period = command.asked.period(&store)?;
            let words = words(command.asked.language);
            match command.by {
                Some(by) => {
                    let cut = Cut::parse(command.of, period, &by)?;
                    print_breakdown(&store.breakdown(&cut).await?, command.format)?;
                }
                None => {
                    let report = store.report(period, 0).await?;
                    let cover = Cover::of_report(words, &settings.centre, &report, None);
                    let tables = of_report(words, store.scheme(), &report);
                    print_tables(words, &cover, &tables, command.format, &report)?;
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

impl Asked {
    fn period(&self, store: &Store) -> anyhow::Result<Period> {
        match &self.period {
            Some(name) => Period::named(name, store.today()).with_context(|| {
                format!("`{name}` is no period; there are month, last_quarter, 2024, 2024-Q1 and 2024-03")
            }),
            None => Ok(Period {
                from: self.from,
                to: self.to,
            }),
        }
    }
}

async fn verify(store: &Store) -> anyhow::Result<ExitCode> {
    let verified = store.verify_figures(MOST_NAMED).await?;
    for other in &verified.differences {
        let cell = &other.cell;
        println!(
            "{} of {} {}={} {}={}: the figure says {}, {} count",
            cell.of.as_str(),
            cell.span,
            cell.one,
            cell.value,
            cell.other,
            cell.other_value,
            other.kept,
            other.counted
        );
    }
    let differ = verified.differences.len();
    if differ == 0 {
        println!(
            "Every total and every figure equals the recount of {} contacts.",
            verified.contacts
        );
        return Ok(ExitCode::SUCCESS);
    }
    let more = if differ == MOST_NAMED { " or more" } else { "" };
    println!("{differ}{more} differ. `hotline statistics rebuild` mends figures.");
    Ok(ExitCode::FAILURE)
}

/// Enters every line of a register, or says which cannot be and enters none.
async fn import(store: &Store, file: &Path, dry_run: bool, words: &Words) -> anyhow::Result<ExitCode> {
    let text = std::fs::read(file).with_context(|| format!("Could not read {}", file.display()))?;
    let rows = registers::tried(store, registers::read(&text)).await?;
    for row in &rows {
        match (&row.wrong, &row.read) {
            (Some(wrong), _) => println!("line {}: {}: {}", row.line, row.text, wrong.said(words)),
            (None, Some(new)) => println!(
                "line {}: {} {} from {} to {}: {}{}",
                row.line,
                new.of.as_str(),
                new.value,
                new.from,
                new.to,
                if new.correction { "correction " } else { "" },
                new.count
            ),
            (None, None) => {}
        }
    }
    if rows.is_empty() || rows.iter().any(|row| row.wrong.is_some()) {
        println!("Nothing was entered.");
        return Ok(ExitCode::FAILURE);
    }
    if dry_run {
        println!("These {} would be entered; nothing was.", rows.len());
        return Ok(ExitCode::SUCCESS);
    }
    let new: Vec<NewBalance> = rows.iter().filter_map(|row| row.read.clone()).collect();
    store.enter_balances(None, &new).await?;
    println!("Entered {}.", new.len());
    Ok(ExitCode::SUCCESS)
}

fn print_tables(
    words: &Words,
    cover: &Cover,
    tables: &[Table],
    format: Format,
    whole: &impl serde::Serialize,
) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match format {
        Format::Json => writeln!(out, "{}", serde_json::to_string_pretty(whole)?)?,
        Format::Csv => out.write_all(&csv_of_tables(words, tables)?)?,
        Format::Xlsx => out.write_all(&workbook(words, cover, tables)?)?,
        Format::Table => {
            for (label, text) in &cover.lines {
                writeln!(out, "{label}: {text}")?;
            }
            for table in tables {
                let head = table.columns.iter().map(|column| format!(" {column:>14}"));
                writeln!(
                    out,
                    "\n{}\n{:<44}{}",
                    table.title,
                    table.side,
                    head.collect::<String>()
                )?;
                for line in table.rows.iter().chain(&table.foot) {
                    let cells = line.cells.iter().map(|cell| format!(" {:>14}", cell.said(words)));
                    writeln!(out, "{:<44}{}", line.label, cells.collect::<String>())?;
                }
            }
        }
    }
    Ok(())
}

fn print_breakdown(found: &Breakdown, format: Format) -> anyhow::Result<()> {
    let mut head: Vec<&str> = found.every.iter().map(|every| every.as_str()).collect();
    head.extend(found.by.iter().map(String::as_str));
    let line = |row: &FigureRow| -> Vec<String> {
        let values = row.values.iter().cloned();
        row.piece.iter().cloned().chain(values).collect()
    };
    let count = |row: &FigureRow| row.count.to_string();
    match format {
        Format::Json => println!("{}", serde_json::to_string_pretty(found)?),
        Format::Csv => {
            let mut csv = writer(std::io::stdout());
            let named = head.iter().copied().chain(["count"]);
            csv.write_record(named)?;
            for row in &found.rows {
                csv.write_record(line(row).into_iter().chain([count(row)]))?;
            }
            csv.flush()?;
        }
        Format::Xlsx => bail!("a workbook is made of the whole report: leave out --by"),
        Format::Table => {
            let what = found.of;
            println!("{:<50} {:>12}", head.join(", "), what.as_str());
            for row in &found.rows {
                println!("{:<50} {:>12}", line(row).join(", "), count(row));
            }
            println!("{:<50} {:>12}", "not classified so", found.rest);
            println!("{:<50} {:>12}", "registered", found.registered);
        }
    }
    Ok(())
}

/// What is counted, by its name on the command line.
pub fn of(name: &str) -> Result<Of, String> {
    Of::parse(name).ok_or_else(|| "contact, closing, case or referral".to_owned())
}

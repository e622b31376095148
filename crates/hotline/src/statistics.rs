//! The `hotline statistics` command.

use std::{io::Write, path::Path, process::ExitCode};

use anyhow::{Context, bail};
use hotline_core::{
    statistics::purpose::Purpose,
    text::locale::{Language, Locales, Words},
    time::period::Period,
};
use hotline_reports::{
    cover::Cover,
    exports::{CsvForm, csv_of_table, csv_of_tables, workbook},
    registers,
    tables::{Table, of_breakdown, of_report, of_return},
};
use hotline_store::{
    db::store::Store,
    statistics::{adjustments::NewAdjustment, counts::StatisticsFilter},
};

use crate::{
    arguments::{Asked, Figures, Form, Format, Statistics},
    service::open_store,
    settings::Settings,
};

/// The maximum number of listed differences between stored and recounted figures. A longer list would not help to find their cause.
const MOST_NAMED: usize = 1_000;

/// Prints figures, recounts them, or enters figures from the time before this software was in use.
pub async fn run(settings: Settings, command: Statistics) -> anyhow::Result<ExitCode> {
    let store = open_store(&settings, Vec::new()).await?;
    let locales = Locales;
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
            let new = NewAdjustment {
                of,
                value: channel,
                correction,
                from: first,
                to: last,
                count,
                source,
                reason,
            };
            store.enter_adjustment(None, &new).await?;
            println!("Entered.");
        }
        Some(Figures::Import { file, dry_run }) => return import(&store, &file, dry_run, words(None)).await,
        Some(Figures::Return { name, asked, form }) => {
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
            let tables = of_return(words, &store.scheme(), mapping, &filled);
            let cover = Cover::of_return(words, &settings.centre, mapping, &filled, None);
            print_tables(words, &cover, &tables, &form, &filled)?;
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
            let purpose = match command.publication {
                true => Purpose::Publication,
                false => Purpose::Internal,
            };
            let least = purpose.smallest(settings.statistics.smallest.into());
            match command.by {
                Some(by) => {
                    let cut = StatisticsFilter::parse(command.of, period, &by)?;
                    let found = store.breakdown_for_reader(&cut, least).await?;
                    let table = of_breakdown(words, &store.scheme(), &found);
                    let cover = Cover::of_breakdown(
                        words,
                        &settings.centre,
                        &table.title,
                        &found,
                        None,
                        purpose,
                        None,
                    );
                    print_tables(words, &cover, &[table], &command.form, &found)?;
                }
                None => {
                    let report = store.report(period, least).await?;
                    let cover = Cover::of_report(words, &settings.centre, &report, purpose, None);
                    let tables = of_report(words, &store.scheme(), &report);
                    print_tables(words, &cover, &tables, &command.form, &report)?;
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
            None => match (self.from, self.to) {
                (Some(from), Some(to)) if to < from => bail!("the period ends before it begins"),
                (from, to) => Ok(Period { from, to }),
            },
        }
    }
}

impl Form {
    fn csv(&self) -> CsvForm {
        CsvForm {
            separator: if self.semicolon { b';' } else { b',' },
            bom: self.bom,
            cover: self.cover,
        }
    }
}

/// Recounts all figures, and prints those that differ from the stored ones. Returns a failure if any differs.
pub async fn verify(store: &Store) -> anyhow::Result<ExitCode> {
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

/// Enters all lines of a CSV file that contains an old register. If a line is invalid, this line is reported and no line is entered. If
/// `dry_run` is `true`, the lines are only printed.
async fn import(store: &Store, file: &Path, dry_run: bool, words: &Words) -> anyhow::Result<ExitCode> {
    let text = std::fs::read(file).with_context(|| format!("Could not read {}", file.display()))?;
    let rows = registers::tried(store, registers::read(&text)).await?;
    for row in &rows {
        match (&row.wrong, &row.read) {
            (Some(wrong), _) => println!("line {}: {}: {}", row.line, row.text, wrong.localized(words)),
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
    let new: Vec<NewAdjustment> = rows.iter().filter_map(|row| row.read.clone()).collect();
    store.enter_adjustments(None, &new).await?;
    println!("Entered {}.", new.len());
    Ok(ExitCode::SUCCESS)
}

fn print_tables(
    words: &Words,
    cover: &Cover,
    tables: &[Table],
    form: &Form,
    whole: &impl serde::Serialize,
) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match form.format {
        Format::Json => writeln!(out, "{}", serde_json::to_string_pretty(whole)?)?,
        Format::Csv => out.write_all(&match tables {
            [one] => csv_of_table(words, cover, one, form.csv())?,
            many => csv_of_tables(words, cover, many, form.csv())?,
        })?,
        Format::Xlsx => out.write_all(&workbook(words, cover, tables)?)?,
        Format::Table => {
            writeln!(out, "{}", cover.title)?;
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
                    let cells = line
                        .cells
                        .iter()
                        .map(|cell| format!(" {:>14}", cell.localized(words)));
                    writeln!(out, "{:<44}{}", line.label, cells.collect::<String>())?;
                }
                for note in &table.notes {
                    writeln!(out, "{note}")?;
                }
            }
        }
    }
    Ok(())
}

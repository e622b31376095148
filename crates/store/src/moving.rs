//! Moving a SQLite database to PostgreSQL. Every table is copied in batches, and then both databases are compared, table by table.
//!
//! Each batch is a transaction that also stores the position, so an interrupted move goes on behind the last batch. Nothing else opens the
//! target before the comparison has succeeded.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
    path::Path,
    time::Duration,
};

use anyhow::{Context, anyhow};
use futures::{TryStreamExt, future::BoxFuture};
use hotline_core::identifiers::private::Private;
use sha2::{Digest, Sha256};

use crate::db::{key_proof, schema::newest_migration, store::Store};

mod conversion;
mod encoding;
mod order;
mod schema;
mod source;
mod target;

pub use encoding::TableDigest;
use encoding::{Cell, TableHasher};
use order::order_by_references;
use schema::{Table, match_tables};
use source::{Source, read_row};
use target::{MoveMark, MoveState, Position, Target};

/// The largest number of rows in a batch.
const BATCH_ROWS: usize = 500;
/// The number of bytes at which a batch ends. One row more may be in it.
const BATCH_BYTES: usize = 4 << 20;
/// The number of rows between two reports while tables are compared.
const REPORT_EVERY: u64 = 1_000;

/// How long the move waits for the end of the connection to PostgreSQL.
const CLOSING: Duration = Duration::from_secs(3);

/// What the move is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MovePhase {
    /// Rows are copied.
    Copying,
    /// The table was copied.
    Copied,
    /// Rows of both databases are read and compared.
    Comparing,
}

/// How far a table is.
#[derive(Debug, Clone, Copy)]
pub struct MoveProgress<'a> {
    /// What is done with the table.
    pub phase: MovePhase,
    /// The name of the table.
    pub table: &'a str,
    /// The number of rows so far.
    pub rows: u64,
}

/// How a move ended.
#[derive(Debug)]
pub enum MoveOutcome {
    /// It was stopped, and goes on when it is run again.
    Stopped,
    /// It was complete before, and SQLite was not used since. Nothing was compared.
    CompleteBefore,
    /// All tables were copied and compared. The move is complete if all of them are equal.
    Compared(Vec<TableComparison>),
}

/// A table in both databases.
#[derive(Debug, Clone)]
pub struct TableComparison {
    /// The name of the table.
    pub table: String,
    /// Its content in SQLite.
    pub source: TableDigest,
    /// Its content in PostgreSQL.
    pub target: TableDigest,
}

impl TableComparison {
    /// Returns whether both databases have the same rows.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.source == self.target
    }
}

/// Gets the progress after each batch. `Break` stops the move.
pub type ProgressReceiver<'a> = dyn FnMut(MoveProgress<'_>) -> ControlFlow<()> + 'a;

/// The two databases when the move can begin.
struct Opened {
    source: Source,
    target: Target,
    /// `None`: the move was complete before.
    plan: Option<MovePlan>,
}

/// What is left to do.
struct MovePlan {
    tables: Vec<Table>,
    positions: BTreeMap<String, Position>,
    /// The last number that each table of the source gave out.
    given_out: BTreeMap<String, i64>,
}

/// Copies the SQLite database of the store to the PostgreSQL database at the URL, and compares both. Goes on with an interrupted move of
/// the same database. Does not change the SQLite database. Once `stopped` is ready, no longer waits for the databases; `report` stops the
/// copying.
///
/// # Errors
/// Fails if the service is running, if the target contains something else, if SQLite was used since the move began or was complete, if a
/// value does not fit, or if a database query fails.
pub async fn move_to_postgres(
    store: &Store,
    url: &Private<String>,
    stopped: BoxFuture<'_, ()>,
    report: &mut ProgressReceiver<'_>,
) -> anyhow::Result<MoveOutcome> {
    store.check_place()?;
    let file = store
        .database_path()
        .context("Only a SQLite database can be moved")?;
    let _alone = store
        .files
        .lock()
        .context("Stop the service before its database is moved")?;
    let proof = key_proof::proof(&store.reading)
        .await?
        .context("The SQLite database has no proof of its master key")?;
    let Opened {
        mut source,
        mut target,
        plan,
    } = tokio::select! {
        opened = open_databases(file, &proof, url.expose()) => opened?,
        () = stopped => return Ok(MoveOutcome::Stopped),
    };
    let outcome = match plan {
        None => MoveOutcome::CompleteBefore,
        Some(plan) => copy_and_compare(&mut source, &mut target, &plan, report).await?,
    };
    // A connection that was stopped in the middle of a table still has to read the rest of it.
    let _ = tokio::time::timeout(CLOSING, target.close()).await;
    source.close().await?;
    Ok(outcome)
}

/// Opens both databases, and makes the tables in PostgreSQL. If this is stopped, the next run goes on.
async fn open_databases(file: &Path, proof: &[u8], url: &str) -> anyhow::Result<Opened> {
    let mut source = Source::open(file).await?;
    let mut target = Target::connect(url)
        .await
        .context("Could not open the PostgreSQL database")?;
    let given_out = source.sequences().await?;
    let mark = MoveMark {
        source: Sha256::digest(proof).to_vec(),
        schema: newest_migration(),
        summary: summarize(&given_out, &source.row_counts().await?),
    };
    let plan = match target.begin(&mark, url).await? {
        MoveState::Complete => None,
        MoveState::Unfinished => Some(plan_move(&mut source, &mut target, given_out).await?),
    };
    Ok(Opened { source, target, plan })
}

async fn plan_move(
    source: &mut Source,
    target: &mut Target,
    given_out: BTreeMap<String, i64>,
) -> anyhow::Result<MovePlan> {
    target
        .migrate()
        .await
        .context("Could not make the tables in PostgreSQL")?;
    let tables = ordered_tables(source, target).await?;
    let positions = target.prepare(&tables).await?;
    Ok(MovePlan {
        tables,
        positions,
        given_out,
    })
}

async fn copy_and_compare(
    source: &mut Source,
    target: &mut Target,
    plan: &MovePlan,
    report: &mut ProgressReceiver<'_>,
) -> anyhow::Result<MoveOutcome> {
    for table in &plan.tables {
        let position = plan.positions.get(&table.name).copied();
        let position = position.with_context(|| format!("The table `{}` has no position", table.name))?;
        if !position.is_done
            && copy_table(source, target, table, position.rows, report)
                .await?
                .is_break()
        {
            return Ok(MoveOutcome::Stopped);
        }
    }
    target.continue_sequences(&plan.tables, &plan.given_out).await?;
    let mut compared = Vec::new();
    for table in &plan.tables {
        match compare_table(source, target, table, report).await? {
            ControlFlow::Break(()) => return Ok(MoveOutcome::Stopped),
            ControlFlow::Continue(comparison) => compared.push(comparison),
        }
    }
    if compared.iter().all(TableComparison::is_equal) {
        target.complete().await?;
    }
    compared.sort_by(|a, b| a.table.cmp(&b.table));
    Ok(MoveOutcome::Compared(compared))
}

/// Returns the tables in the order in which they are filled.
async fn ordered_tables(source: &mut Source, target: &mut Target) -> anyhow::Result<Vec<Table>> {
    let mut tables = match_tables(source.tables().await?, &target.tables().await?)
        .context("The two databases do not have the same tables")?;
    let names: BTreeSet<String> = tables.keys().cloned().collect();
    let references = target.references().await?;
    let ordered = order_by_references(names, &references).map_err(|left| {
        let left: Vec<String> = left.into_iter().collect();
        anyhow!(
            "These tables refer to themselves or to each other: {}",
            left.join(", ")
        )
    })?;
    Ok(ordered.iter().filter_map(|name| tables.remove(name)).collect())
}

/// Copies the rows of a table behind the first `copied` ones.
async fn copy_table(
    source: &mut Source,
    target: &mut Target,
    table: &Table,
    mut copied: u64,
    report: &mut ProgressReceiver<'_>,
) -> anyhow::Result<ControlFlow<()>> {
    let mut rows = source.rows(table, copied);
    loop {
        let mut batch: Vec<Vec<Cell>> = Vec::new();
        let mut bytes = 0_usize;
        let before = copied;
        let mut is_done = false;
        while !is_done && batch.len() < BATCH_ROWS && bytes < BATCH_BYTES {
            match rows.try_next().await? {
                Some(row) => {
                    copied += 1;
                    let cells = read_row(&row, table, copied)?;
                    bytes = cells.iter().map(Cell::size).fold(bytes, usize::saturating_add);
                    batch.push(cells);
                }
                None => is_done = true,
            }
        }
        let after = Position {
            rows: copied,
            is_done,
        };
        target.insert(table, &batch, before, after).await?;
        let progress = MoveProgress {
            phase: match is_done {
                true => MovePhase::Copied,
                false => MovePhase::Copying,
            },
            table: &table.name,
            rows: copied,
        };
        if report(progress).is_break() {
            return Ok(ControlFlow::Break(()));
        }
        if is_done {
            return Ok(ControlFlow::Continue(()));
        }
    }
}

async fn compare_table(
    source: &mut Source,
    target: &mut Target,
    table: &Table,
    report: &mut ProgressReceiver<'_>,
) -> anyhow::Result<ControlFlow<(), TableComparison>> {
    let mut is_going_on = |rows: u64| match rows.is_multiple_of(REPORT_EVERY) {
        true => report(MoveProgress {
            phase: MovePhase::Comparing,
            table: &table.name,
            rows,
        }),
        false => ControlFlow::Continue(()),
    };
    if is_going_on(0).is_break() {
        return Ok(ControlFlow::Break(()));
    }
    let mut hasher = TableHasher::new(table.columns.iter().map(|column| column.name.as_str()));
    let mut rows = source.rows(table, 0);
    let mut number = 0;
    while let Some(row) = rows.try_next().await? {
        number = hasher.add(&read_row(&row, table, number + 1)?);
        if is_going_on(number).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    let in_source = hasher.finish();
    let in_target = match target.digest(table, &mut is_going_on).await? {
        ControlFlow::Break(()) => return Ok(ControlFlow::Break(())),
        ControlFlow::Continue(digest) => digest,
    };
    Ok(ControlFlow::Continue(TableComparison {
        table: table.name.clone(),
        source: in_source,
        target: in_target,
    }))
}

/// Returns a text that differs after almost every change of the source.
fn summarize(given_out: &BTreeMap<String, i64>, rows: &BTreeMap<String, i64>) -> String {
    let numbers = given_out
        .iter()
        .map(|(table, number)| format!("{table} gave out {number}"));
    let rows = rows
        .iter()
        .map(|(table, rows)| format!("{table} has {rows} rows"));
    numbers.chain(rows).collect::<Vec<String>>().join("\n")
}

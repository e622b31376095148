//! The SQLite database that is moved. It is read, and never written.

use std::{collections::BTreeMap, path::Path, time::Duration};

use anyhow::{Context, bail};
use futures::stream::BoxStream;
use sea_orm::sqlx::{
    self, AssertSqlSafe, ConnectOptions, Connection, Executor, Row, Sqlite, SqliteConnection, TypeInfo,
    ValueRef,
    sqlite::{SqliteConnectOptions, SqliteRow},
};

use super::{
    conversion::{SqliteValue, convert},
    encoding::Cell,
    schema::{Column, SourceTable, Table, quoted},
};

/// How long the move waits for commands that are writing.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection that keeps every other one from writing, so that nothing changes during the move.
pub(super) struct Source(SqliteConnection);

impl Source {
    /// Opens the database and takes its write lock.
    pub(super) async fn open(file: &Path) -> anyhow::Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(false)
            .busy_timeout(PATIENCE)
            .pragma("trusted_schema", "OFF")
            .pragma("temp_store", "MEMORY")
            .disable_statement_logging();
        let mut connection = options.connect().await?;
        connection
            .execute("BEGIN IMMEDIATE")
            .await
            .context("Another program writes to the SQLite database")?;
        Ok(Self(connection))
    }

    pub(super) async fn close(self) -> Result<(), sqlx::Error> {
        let mut connection = self.0;
        connection.execute("ROLLBACK").await?;
        connection.close().await
    }

    /// Returns the tables, without the list of migrations, which every database has of its own.
    pub(super) async fn tables(&mut self) -> anyhow::Result<Vec<SourceTable>> {
        const NAMES: &str = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
                             AND name <> 'seaql_migrations' ORDER BY name";
        let names: Vec<String> = sqlx::query_scalar::<Sqlite, String>(NAMES)
            .fetch_all(&mut self.0)
            .await?;
        let mut tables = Vec::new();
        for name in names {
            const COLUMNS: &str = "SELECT name, pk FROM pragma_table_info(?) ORDER BY cid";
            let columns: Vec<(String, i64)> = sqlx::query_as::<Sqlite, (String, i64)>(COLUMNS)
                .bind(&name)
                .fetch_all(&mut self.0)
                .await?;
            let mut key: Vec<(i64, String)> = columns
                .iter()
                .filter(|(_, place)| *place > 0)
                .map(|(column, place)| (*place, column.clone()))
                .collect();
            key.sort_unstable();
            tables.push(SourceTable {
                name,
                columns: columns.into_iter().map(|(column, _)| column).collect(),
                key: key.into_iter().map(|(_, column)| column).collect(),
            });
        }
        Ok(tables)
    }

    /// Returns the last number that each table gave out, also if its row was deleted since.
    pub(super) async fn sequences(&mut self) -> anyhow::Result<BTreeMap<String, i64>> {
        const SEQUENCES: &str = "SELECT name, seq FROM sqlite_sequence";
        let sequences: Vec<(String, i64)> = sqlx::query_as::<Sqlite, (String, i64)>(SEQUENCES)
            .fetch_all(&mut self.0)
            .await?;
        Ok(sequences.into_iter().collect())
    }

    /// Returns the number of rows of each table.
    pub(super) async fn row_counts(&mut self) -> anyhow::Result<BTreeMap<String, i64>> {
        let mut counts = BTreeMap::new();
        for table in self.tables().await? {
            let count = format!("SELECT COUNT(*) FROM {}", quoted(&table.name));
            let rows = sqlx::query_scalar::<Sqlite, i64>(AssertSqlSafe(count))
                .fetch_one(&mut self.0)
                .await?;
            counts.insert(table.name, rows);
        }
        Ok(counts)
    }

    /// Returns the rows of a table in the order of the primary key, without the first `copied` rows.
    pub(super) fn rows(
        &mut self,
        table: &Table,
        copied: u64,
    ) -> BoxStream<'_, Result<SqliteRow, sqlx::Error>> {
        sqlx::query::<Sqlite>(AssertSqlSafe(table.select_from_sqlite()))
            .bind(i64::try_from(copied).unwrap_or(i64::MAX))
            .fetch(&mut self.0)
    }
}

/// Reads a row. `number` is its place in the order of the primary key, which an error names.
///
/// # Errors
/// Fails if a value cannot be read, or does not fit into its column of PostgreSQL.
pub(super) fn read_row(row: &SqliteRow, table: &Table, number: u64) -> anyhow::Result<Vec<Cell>> {
    let mut cells = Vec::with_capacity(table.columns.len());
    for (index, column) in table.columns.iter().enumerate() {
        let cell = read_cell(row, index, column).with_context(|| {
            format!(
                "The table `{}`, row {number} in the order of its primary key, column `{}`",
                table.name, column.name
            )
        })?;
        cells.push(cell);
    }
    Ok(cells)
}

fn read_cell(row: &SqliteRow, index: usize, column: &Column) -> anyhow::Result<Cell> {
    let kind = {
        let value = row.try_get_raw(index)?;
        match value.is_null() {
            true => "NULL".to_owned(),
            false => value.type_info().name().to_owned(),
        }
    };
    let value = match kind.as_str() {
        "NULL" => SqliteValue::Null,
        "INTEGER" => SqliteValue::Integer(row.try_get_unchecked(index)?),
        "REAL" => SqliteValue::Real,
        "TEXT" => SqliteValue::Text(row.try_get_unchecked(index)?),
        "BLOB" => SqliteValue::Blob(row.try_get_unchecked(index)?),
        other => bail!("the value is of the unknown kind {other}"),
    };
    match convert(value, column.column_type) {
        Ok(cell) => Ok(cell),
        Err(misfit) => bail!("{misfit}"),
    }
}

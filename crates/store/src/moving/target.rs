//! The PostgreSQL database that is filled. The table `database_move` says what is moved to it and whether that is complete, and
//! `database_move_tables` how far each table is. The position of a table is committed with its rows.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
    str::FromStr,
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use futures::TryStreamExt;
use hotline_migrations::{Migrator, MigratorTrait};
use sea_orm::{
    SqlxPostgresConnector,
    sqlx::{
        self, AssertSqlSafe, ConnectOptions, Connection, PgConnection, Postgres, Row, Transaction,
        postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgRow},
        query::Query,
    },
};

use super::{
    encoding::{Cell, TableDigest, TableHasher},
    order::Reference,
    schema::{Column, ColumnType, Table, TargetTables, quoted},
};
use crate::{
    backup::is_empty_postgres,
    db::schema::{SCHEMA_LOCK, TimeLimits, lift_time_limits},
};

/// How long the move waits for a connection.
const PATIENCE: Duration = Duration::from_secs(20);
/// The advisory lock that lets only one move write. A killed move holds it until its last statement has ended.
const LOCK: i64 = 7_205_759_403_792_811;
const LOCK_TRIES: u32 = 40;
const LOCK_WAIT: Duration = Duration::from_millis(500);
/// The tables that a move makes in its target.
const OWN_TABLES: [&str; 2] = ["database_move", "database_move_tables"];

/// What is moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MoveMark {
    /// Identifies the source: the hash of the proof of its master key, which is random.
    pub(super) source: Vec<u8>,
    /// The newest migration of the source.
    pub(super) schema: String,
    /// The last number that each table of the source gave out, and its number of rows. Almost every change gives out a number.
    pub(super) summary: String,
}

/// Whether the move begins, goes on, or ended before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MoveState {
    Unfinished,
    Complete,
}

/// How far a table is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) rows: u64,
    pub(super) is_done: bool,
}

pub(super) struct Target {
    /// Holds the advisory lock. If it is lost, the move fails: another move may begin then.
    connection: PgConnection,
    options: PgConnectOptions,
}

impl Target {
    /// Connects, and takes the lock.
    pub(super) async fn connect(url: &str) -> anyhow::Result<Self> {
        let options = PgConnectOptions::from_str(url)?.disable_statement_logging();
        let connection = tokio::time::timeout(PATIENCE, options.connect())
            .await
            .context("It did not answer in time")??;
        let mut target = Self { connection, options };
        target.take_lock().await?;
        let unlimited = AssertSqlSafe(lift_time_limits(TimeLimits::OfConnection));
        sqlx::query::<Postgres>(unlimited)
            .execute(&mut target.connection)
            .await?;
        Ok(target)
    }

    async fn take_lock(&mut self) -> anyhow::Result<()> {
        for _ in 0..LOCK_TRIES {
            let is_taken: bool = sqlx::query_scalar::<Postgres, bool>("SELECT pg_try_advisory_lock($1)")
                .bind(LOCK)
                .fetch_one(&mut self.connection)
                .await?;
            if is_taken {
                return Ok(());
            }
            tokio::time::sleep(LOCK_WAIT).await;
        }
        bail!("Another move writes to the PostgreSQL database: wait until it has ended")
    }

    pub(super) async fn close(self) {
        // What is copied is committed. The server ends the connection if this fails.
        let _ = self.connection.close().await;
    }

    /// Marks an empty database as the target of this move, or checks that an interrupted move can go on.
    ///
    /// # Errors
    /// Fails if the database contains something else, or if the source was used since.
    pub(super) async fn begin(&mut self, mark: &MoveMark, url: &str) -> anyhow::Result<MoveState> {
        const READ: &str = "SELECT source, schema, summary, is_complete FROM database_move";
        if !self.has_table("database_move").await? {
            ensure_empty(url).await?;
            self.write_mark(mark, url).await?;
            return Ok(MoveState::Unfinished);
        }
        let row = sqlx::query::<Postgres>(READ)
            .fetch_one(&mut self.connection)
            .await?;
        let found = MoveMark {
            source: row.try_get(0)?,
            schema: row.try_get(1)?,
            summary: row.try_get(2)?,
        };
        ensure!(
            found.source == mark.source,
            "The PostgreSQL database contains the move of another SQLite database, or the master key was replaced since: make an empty one"
        );
        if row.try_get::<bool, _>(3)? {
            ensure!(
                found == *mark,
                "The move was complete, but the SQLite database was used or upgraded since the move. It may contain messages that the \
                 PostgreSQL database lacks: do not delete it. To move what it contains now, make a new, empty PostgreSQL database"
            );
            return Ok(MoveState::Complete);
        }
        ensure!(
            found == *mark,
            "The SQLite database was used or upgraded since the move was interrupted, so the copied part is old. Make a new, empty \
             PostgreSQL database, and run the move again"
        );
        Ok(MoveState::Unfinished)
    }

    async fn has_table(&mut self, name: &str) -> anyhow::Result<bool> {
        let found = sqlx::query_scalar::<Postgres, bool>("SELECT to_regclass($1) IS NOT NULL")
            .bind(name)
            .fetch_one(&mut self.connection)
            .await?;
        Ok(found)
    }

    async fn write_mark(&mut self, mark: &MoveMark, url: &str) -> anyhow::Result<()> {
        const CREATE: &str = "CREATE TABLE database_move (source BYTEA PRIMARY KEY, schema TEXT NOT NULL, summary TEXT NOT NULL, \
                              is_complete BOOLEAN NOT NULL)";
        let mut transaction = self.connection.begin().await?;
        // A service makes its tables under this lock, too.
        sqlx::query::<Postgres>("SELECT pg_advisory_xact_lock($1)")
            .bind(SCHEMA_LOCK)
            .execute(&mut *transaction)
            .await?;
        ensure_empty(url).await?;
        sqlx::query::<Postgres>(CREATE).execute(&mut *transaction).await?;
        sqlx::query::<Postgres>("INSERT INTO database_move VALUES ($1, $2, $3, FALSE)")
            .bind(&mark.source)
            .bind(&mark.schema)
            .bind(&mark.summary)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Makes the tables, on a second connection. Each migration has a transaction, so an interrupted one is run again.
    pub(super) async fn migrate(&self) -> anyhow::Result<()> {
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(PATIENCE)
            .connect_with(self.options.clone())
            .await?;
        let connection = SqlxPostgresConnector::from_sqlx_postgres_pool(pool.clone());
        let migrated = Migrator::up(&connection, None).await;
        pool.close().await;
        Ok(migrated?)
    }

    /// Returns the tables that the migrations made.
    pub(super) async fn tables(&mut self) -> anyhow::Result<TargetTables> {
        const COLUMNS: &str = "SELECT columns.table_name::text, columns.column_name::text, columns.udt_name::text \
                               FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name) \
                               WHERE table_schema = current_schema() AND tables.table_type = 'BASE TABLE'";
        let rows: Vec<(String, String, String)> =
            sqlx::query_as::<Postgres, (String, String, String)>(COLUMNS)
                .fetch_all(&mut self.connection)
                .await?;
        let mut tables = TargetTables::new();
        for (table, column, named) in rows {
            if table != "seaql_migrations" && !OWN_TABLES.contains(&table.as_str()) {
                tables.entry(table).or_default().insert(column, named);
            }
        }
        Ok(tables)
    }

    /// Returns the foreign keys.
    pub(super) async fn references(&mut self) -> anyhow::Result<Vec<Reference>> {
        const REFERENCES: &str = "SELECT child.relname::text, parent.relname::text FROM pg_constraint \
                                  JOIN pg_class child ON child.oid = conrelid JOIN pg_class parent ON parent.oid = confrelid \
                                  JOIN pg_namespace ON pg_namespace.oid = child.relnamespace \
                                  WHERE contype = 'f' AND nspname = current_schema()";
        let rows: Vec<(String, String)> = sqlx::query_as::<Postgres, (String, String)>(REFERENCES)
            .fetch_all(&mut self.connection)
            .await?;
        Ok(rows
            .into_iter()
            .map(|(from, to)| Reference { from, to })
            .collect())
    }

    /// Returns the position of each table. The first time, deletes the rows that the migrations wrote, because the source has its own.
    pub(super) async fn prepare(&mut self, tables: &[Table]) -> anyhow::Result<BTreeMap<String, Position>> {
        const CREATE: &str = "CREATE TABLE database_move_tables (name TEXT PRIMARY KEY, copied BIGINT NOT NULL, \
                              is_done BOOLEAN NOT NULL)";
        const READ: &str = "SELECT name, copied, is_done FROM database_move_tables";
        if !self.has_table("database_move_tables").await? {
            let mut transaction = self.connection.begin().await?;
            sqlx::query::<Postgres>(CREATE).execute(&mut *transaction).await?;
            for table in tables.iter().rev() {
                let delete = format!("DELETE FROM {}", quoted(&table.name));
                sqlx::query::<Postgres>(AssertSqlSafe(delete))
                    .execute(&mut *transaction)
                    .await?;
                sqlx::query::<Postgres>("INSERT INTO database_move_tables VALUES ($1, 0, FALSE)")
                    .bind(&table.name)
                    .execute(&mut *transaction)
                    .await?;
            }
            transaction.commit().await?;
        }
        let rows: Vec<(String, i64, bool)> = sqlx::query_as::<Postgres, (String, i64, bool)>(READ)
            .fetch_all(&mut self.connection)
            .await?;
        let position = |copied: i64, is_done: bool| Position {
            rows: u64::try_from(copied).unwrap_or_default(),
            is_done,
        };
        let positions: BTreeMap<String, Position> = rows
            .into_iter()
            .map(|(name, copied, is_done)| (name, position(copied, is_done)))
            .collect();
        let expected: BTreeSet<&String> = tables.iter().map(|table| &table.name).collect();
        ensure!(
            positions.keys().collect::<BTreeSet<_>>() == expected,
            "The PostgreSQL database was changed since the move was interrupted: make an empty one"
        );
        Ok(positions)
    }

    /// Inserts the rows behind `before`, and stores the new position in the same transaction.
    ///
    /// # Errors
    /// Fails if the position in the database is not `before`.
    pub(super) async fn insert(
        &mut self,
        table: &Table,
        rows: &[Vec<Cell>],
        before: u64,
        after: Position,
    ) -> anyhow::Result<()> {
        const ADVANCE: &str = "UPDATE database_move_tables SET copied = $3, is_done = $4 \
                               WHERE name = $1 AND copied = $2 AND NOT is_done";
        let mut transaction = self.connection.begin().await?;
        let advanced = sqlx::query::<Postgres>(ADVANCE)
            .bind(&table.name)
            .bind(i64::try_from(before)?)
            .bind(i64::try_from(after.rows)?)
            .bind(after.is_done)
            .execute(&mut *transaction)
            .await?;
        ensure!(
            advanced.rows_affected() == 1,
            "Another move wrote to the PostgreSQL database meanwhile: run this one again"
        );
        if !rows.is_empty() {
            insert_rows(&mut transaction, table, rows).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Lets every sequence continue after the greatest number that the source gave out.
    pub(super) async fn continue_sequences(
        &mut self,
        tables: &[Table],
        given_out: &BTreeMap<String, i64>,
    ) -> anyhow::Result<()> {
        for table in tables {
            for column in table
                .columns
                .iter()
                .filter(|column| column.column_type.is_integer())
            {
                let given_out = given_out.get(&table.name).copied().unwrap_or_default();
                self.continue_sequence(table, column, given_out).await?;
            }
        }
        Ok(())
    }

    async fn continue_sequence(
        &mut self,
        table: &Table,
        column: &Column,
        given_out: i64,
    ) -> anyhow::Result<()> {
        let sequence: Option<String> =
            sqlx::query_scalar::<Postgres, Option<String>>("SELECT pg_get_serial_sequence($1, $2)")
                .bind(quoted(&table.name))
                .bind(&column.name)
                .fetch_one(&mut self.connection)
                .await?;
        let Some(sequence) = sequence else {
            return Ok(());
        };
        let greatest = format!(
            "SELECT COALESCE(MAX({}), 0)::int8 FROM {}",
            quoted(&column.name),
            quoted(&table.name)
        );
        let greatest: i64 = sqlx::query_scalar::<Postgres, i64>(AssertSqlSafe(greatest))
            .fetch_one(&mut self.connection)
            .await?;
        let last = greatest.max(given_out);
        // With `FALSE`, the next number is the given one.
        sqlx::query::<Postgres>("SELECT setval($1::text::regclass, $2, $3)")
            .bind(sequence)
            .bind(last.max(1))
            .bind(last > 0)
            .execute(&mut self.connection)
            .await?;
        Ok(())
    }

    /// Computes the digest of a table. `is_going_on` gets the number of rows so far, and may end the computation.
    pub(super) async fn digest(
        &mut self,
        table: &Table,
        is_going_on: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> anyhow::Result<ControlFlow<(), TableDigest>> {
        let mut hasher = TableHasher::new(table.columns.iter().map(|column| column.name.as_str()));
        let mut rows =
            sqlx::query::<Postgres>(AssertSqlSafe(table.select_from_postgres())).fetch(&mut self.connection);
        while let Some(row) = rows.try_next().await? {
            let rows_so_far = hasher.add(&read_row(&row, table)?);
            if is_going_on(rows_so_far).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(hasher.finish()))
    }

    /// Lets the service open the database.
    pub(super) async fn complete(&mut self) -> anyhow::Result<()> {
        // Until PostgreSQL has counted the rows, it would plan the first queries as if the tables were empty.
        sqlx::query::<Postgres>("ANALYZE")
            .execute(&mut self.connection)
            .await?;
        let mut transaction = self.connection.begin().await?;
        sqlx::query::<Postgres>("DROP TABLE database_move_tables")
            .execute(&mut *transaction)
            .await?;
        sqlx::query::<Postgres>("UPDATE database_move SET is_complete = TRUE")
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }
}

async fn ensure_empty(url: &str) -> anyhow::Result<()> {
    ensure!(
        is_empty_postgres(url).await?,
        "The PostgreSQL database is not empty: make an empty one, for example with `createdb`"
    );
    Ok(())
}

async fn insert_rows(
    transaction: &mut Transaction<'_, Postgres>,
    table: &Table,
    rows: &[Vec<Cell>],
) -> anyhow::Result<()> {
    let mut query = sqlx::query::<Postgres>(AssertSqlSafe(table.insert_into_postgres()));
    for (index, column) in table.columns.iter().enumerate() {
        query = bind_column(query, column.column_type, rows, index);
    }
    query
        .execute(&mut **transaction)
        .await
        .with_context(|| format!("PostgreSQL refused rows of the table `{}`", table.name))?;
    Ok(())
}

/// Binds the values of a column as an array.
fn bind_column<'q>(
    query: Query<'q, Postgres, PgArguments>,
    column_type: ColumnType,
    rows: &[Vec<Cell>],
    index: usize,
) -> Query<'q, Postgres, PgArguments> {
    match column_type {
        ColumnType::SmallInteger | ColumnType::Integer | ColumnType::BigInteger => {
            query.bind(column_values(rows, index, Cell::integer).as_slice())
        }
        ColumnType::Boolean => query.bind(column_values(rows, index, Cell::boolean).as_slice()),
        ColumnType::Text => query.bind(column_values(rows, index, Cell::text).as_slice()),
        ColumnType::Bytes => query.bind(column_values(rows, index, Cell::bytes).as_slice()),
        ColumnType::Uuid => query.bind(column_values(rows, index, Cell::uuid).as_slice()),
    }
}

fn column_values<'a, T>(
    rows: &'a [Vec<Cell>],
    index: usize,
    value: fn(&'a Cell) -> Option<T>,
) -> Vec<Option<T>> {
    rows.iter().map(|row| row.get(index).and_then(value)).collect()
}

fn read_row(row: &PgRow, table: &Table) -> Result<Vec<Cell>, sqlx::Error> {
    let cell = |(index, column): (usize, &Column)| {
        let cell = match column.column_type {
            ColumnType::SmallInteger | ColumnType::Integer | ColumnType::BigInteger => {
                row.try_get::<Option<i64>, _>(index)?.map(Cell::Integer)
            }
            ColumnType::Boolean => row.try_get::<Option<bool>, _>(index)?.map(Cell::Boolean),
            ColumnType::Text => row.try_get::<Option<String>, _>(index)?.map(Cell::Text),
            ColumnType::Bytes => row.try_get::<Option<Vec<u8>>, _>(index)?.map(Cell::Bytes),
            ColumnType::Uuid => row.try_get::<Option<uuid::Uuid>, _>(index)?.map(Cell::Uuid),
        };
        Ok::<Cell, sqlx::Error>(cell.unwrap_or(Cell::Null))
    };
    table.columns.iter().enumerate().map(cell).collect()
}

//! The table that `hotline move` makes in its target. Until the move is complete, nothing else opens the target.

use anyhow::{Context, ensure};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

/// Returns an error if the database is the target of a move that is not complete.
pub(crate) async fn refuse_unfinished_move(database: &impl ConnectionTrait) -> anyhow::Result<()> {
    const IS_TARGET: &str = "SELECT to_regclass('database_move') IS NOT NULL AS value";
    const IS_COMPLETE: &str = "SELECT COALESCE(bool_and(is_complete), FALSE) AS value FROM database_move";

    if database.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    ensure!(
        !read_flag(database, IS_TARGET).await? || read_flag(database, IS_COMPLETE).await?,
        "The PostgreSQL database is the target of an unfinished move. Run `hotline move` again with the settings of the SQLite database, \
         or name another database in `database.url`"
    );
    Ok(())
}

async fn read_flag(database: &impl ConnectionTrait, statement: &str) -> anyhow::Result<bool> {
    let statement = Statement::from_string(DbBackend::Postgres, statement);
    let row = database.query_one_raw(statement).await?;
    let row = row.context("PostgreSQL returned no row")?;
    Ok(row.try_get("", "value")?)
}

//! The state of backups: which process makes one, and how the last ones ended.

use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// Runs in one transaction, also on SQLite, so that an interrupted migration can be run again.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    /// Adds the table `backup_runs`. Its only row has the id 1. `owner` is the process that makes a backup until the time `lease_until`.
    /// `finished_at` and `name` describe the last good backup; `failed_at` and `problem` the last attempt, if it failed.
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("backup_runs")
            .col(schema::integer("id").primary_key())
            .col(schema::uuid_null("owner"))
            .col(schema::big_integer("lease_until"))
            .col(schema::big_integer_null("finished_at"))
            .col(schema::text_null("name"))
            .col(schema::big_integer_null("failed_at"))
            .col(schema::text_null("problem"))
            .to_owned();
        manager.create_table(table).await?;
        manager
            .get_connection()
            .execute_unprepared("INSERT INTO backup_runs (id, lease_until) VALUES (1, 0)")
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("backup_runs").to_owned())
            .await
    }
}

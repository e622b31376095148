//! How long logged calls lasted.

use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// Runs in one transaction, also on SQLite, so that an interrupted migration can be run again.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = schema::big_integer_null("talk_seconds").to_owned();
        let table = Table::alter().table("contacts").add_column(column).to_owned();
        manager.alter_table(table).await?;
        let mut talks = Index::create();
        talks
            .name("contacts_talk")
            .table("contacts")
            .col("opened_at")
            .col("talk_seconds")
            .col("marking")
            .cond_where(Expr::cust("talk_seconds IS NOT NULL"));
        manager.create_index(talks).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let index = Index::drop().name("contacts_talk").table("contacts").to_owned();
        manager.drop_index(index).await?;
        let table = Table::alter()
            .table("contacts")
            .drop_column("talk_seconds")
            .to_owned();
        manager.alter_table(table).await
    }
}

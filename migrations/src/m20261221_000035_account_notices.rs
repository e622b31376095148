//! Notices to members of staff about their accounts.

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
        // The address of the member of staff, encrypted.
        let address = schema::text_null("notice_address");
        let table = Table::alter().table("staff").add_column(address).to_owned();
        manager.alter_table(table).await?;
        let notices = Table::create()
            .table("account_notices")
            .col(schema::big_integer("id").auto_increment().primary_key())
            .col(schema::uuid("staff_id"))
            .col(schema::text("notice"))
            .col(schema::big_integer("at"))
            // The address when the notice was queued, encrypted. Null: the notice was sent or given up.
            .col(schema::text_null("address"))
            .col(schema::integer("attempts"))
            // No process tries the notice before this time.
            .col(schema::big_integer("next_at"))
            .to_owned();
        manager.create_table(notices).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("account_notices").to_owned())
            .await?;
        let table = Table::alter()
            .table("staff")
            .drop_column("notice_address")
            .to_owned();
        manager.alter_table(table).await
    }
}

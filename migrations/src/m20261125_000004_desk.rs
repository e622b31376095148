//! What a counsellor's day needs: drafts.

use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(drafts()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("drafts").to_owned()).await
    }
}

/// What somebody has begun to write to a contact and not sent. `body` is sealed with the contact's key.
fn drafts() -> TableCreateStatement {
    Table::create()
        .table("drafts")
        .col(schema::uuid("staff_id"))
        .col(schema::uuid("contact_id"))
        // `reply` or `note`
        .col(schema::text("kind"))
        .col(schema::blob("body"))
        .col(schema::big_integer("at"))
        .primary_key(Index::create().col("staff_id").col("contact_id").col("kind"))
        .foreign_key(
            ForeignKey::create()
                .from("drafts", "contact_id")
                .to("contacts", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .foreign_key(
            ForeignKey::create()
                .from("drafts", "staff_id")
                .to("staff", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

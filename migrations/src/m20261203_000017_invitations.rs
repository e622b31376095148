//! Invitations: one-time links with which people choose the password of their account.

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
        manager.create_table(invitations()).await?;
        let mut hash = Index::create();
        hash.name("invitations_hash")
            .table("invitations")
            .col("hash")
            .unique();
        manager.create_index(hash).await?;
        let mut staff = Index::create();
        staff
            .name("invitations_staff")
            .table("invitations")
            .col("staff_id");
        manager.create_index(staff).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::drop().table("invitations").to_owned();
        manager.drop_table(table).await
    }
}

/// `hash` is a keyed hash of the secret in the link. `made_by` is NULL if the command line made the link. `used_at` and `replaced_at` are
/// NULL while the link can be used.
fn invitations() -> TableCreateStatement {
    Table::create()
        .table("invitations")
        .col(schema::uuid("id").primary_key())
        .col(schema::uuid("staff_id"))
        .col(schema::binary("hash"))
        .col(schema::uuid_null("made_by"))
        .col(schema::big_integer("made_at"))
        .col(schema::big_integer("expires_at"))
        .col(schema::big_integer_null("used_at"))
        .col(schema::big_integer_null("replaced_at"))
        .foreign_key(
            ForeignKey::create()
                .from("invitations", "staff_id")
                .to("staff", "id"),
        )
        .to_owned()
}

//! Web Push: the key pair of this installation, and the devices that get notifications.

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
        manager.create_table(push_keys()).await?;
        manager.create_table(push_devices()).await?;
        let mut endpoint = Index::create();
        endpoint
            .name("push_devices_endpoint")
            .table("push_devices")
            .col("endpoint_hash")
            .unique();
        manager.create_index(endpoint).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["push_devices", "push_keys"] {
            let table = Table::drop().table(table).to_owned();
            manager.drop_table(table).await?;
        }
        Ok(())
    }
}

/// The only row has the id 1.
fn push_keys() -> TableCreateStatement {
    Table::create()
        .table("push_keys")
        .col(schema::integer("id").primary_key())
        .col(schema::binary("data_key"))
        .col(schema::binary("sealed"))
        .to_owned()
}

/// The subscription of a device ends with the session that made it. `endpoint_hash` is a keyed hash of the address at the push service.
/// `told` lists the waiting contacts about which the device was told, as JSON; it is NULL until the first look. `told_at` is when the
/// last notification was sent.
fn push_devices() -> TableCreateStatement {
    Table::create()
        .table("push_devices")
        .col(schema::binary("session_hash").primary_key())
        .col(schema::uuid("staff_id"))
        .col(schema::binary("endpoint_hash"))
        .col(schema::binary("data_key"))
        .col(schema::binary("sealed"))
        .col(schema::text_null("told"))
        .col(schema::big_integer("told_at"))
        .foreign_key(
            ForeignKey::create()
                .from("push_devices", "session_hash")
                .to("sessions", "token_hash")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .foreign_key(
            ForeignKey::create()
                .from("push_devices", "staff_id")
                .to("staff", "id"),
        )
        .to_owned()
}

//! Files that are locked as suspected abuse material, and the hash of each stored file.

use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// The new indexes: name, table, columns, and condition.
const INDEXES: [(&str, &str, &str, &str); 3] = [
    (
        "attachments_by_hash",
        "attachments",
        "file_hash",
        "file_hash IS NOT NULL",
    ),
    (
        "attachments_locked",
        "attachments",
        "contact_id",
        "fate = 'locked'",
    ),
    (
        "locked_files_undone",
        "locked_files",
        "locked_at",
        "purged_at IS NULL",
    ),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// Runs in one transaction, also on SQLite, so that an interrupted migration can be run again.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // The keyed hash of the file's SHA-256 hash. Files that were stored before this migration have none.
        let hash = Table::alter()
            .table("attachments")
            .add_column(schema::blob_null("file_hash"))
            .to_owned();
        manager.alter_table(hash).await?;
        manager.create_table(locked_files()).await?;
        for (name, table, columns, rows) in INDEXES {
            let statement = format!("CREATE INDEX {name} ON {table} ({columns}) WHERE {rows}");
            manager.get_connection().execute_unprepared(&statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("locked_files").to_owned())
            .await?;
        for name in ["attachments_by_hash", "attachments_locked"] {
            manager
                .drop_index(Index::drop().name(name).table("attachments").to_owned())
                .await?;
        }
        let hash = Table::alter()
            .table("attachments")
            .drop_column("file_hash")
            .to_owned();
        manager.alter_table(hash).await
    }
}

/// A row for each file that was locked. It stays after the file was purged or unlocked, and after its contact was erased.
///
/// `sha256` is null if the file was never stored here. `locked_by` is null if the list of known files locked it. `decision` is what
/// `proposed_by` proposes or, with `confirmed_by`, what both decided. `hold_until` is the last day of a hold, after which the file is purged.
/// `protocol` is the statement of what was decided and done, and `signature` signs it (Ed25519).
fn locked_files() -> TableCreateStatement {
    Table::create()
        .table("locked_files")
        .col(schema::uuid("id").primary_key())
        .col(schema::uuid("attachment_id"))
        .col(schema::uuid("contact_id"))
        .col(schema::big_integer("reference"))
        .col(schema::text("line"))
        .col(schema::big_integer("received_at"))
        .col(schema::text("media_type"))
        .col(schema::big_integer("size"))
        .col(schema::blob_null("sha256"))
        .col(schema::big_integer("locked_at"))
        .col(schema::uuid_null("locked_by"))
        .col(schema::text_null("decision"))
        .col(schema::uuid_null("proposed_by"))
        .col(schema::big_integer_null("proposed_at"))
        .col(schema::uuid_null("confirmed_by"))
        .col(schema::big_integer_null("confirmed_at"))
        .col(schema::text_null("hold_until"))
        .col(schema::big_integer_null("released_at"))
        .col(schema::big_integer_null("purged_at"))
        .col(schema::text_null("protocol"))
        .col(schema::blob_null("signature"))
        .to_owned()
}

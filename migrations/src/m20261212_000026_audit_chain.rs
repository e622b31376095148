//! The chain of the audit: every entry gets a random id, a keyed hash of what it states, its position in the chain, and a hash that
//! includes the hash of the entry before it.

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
        for column in [
            schema::uuid_null("entry"),
            schema::binary_null("mac"),
            schema::big_integer_null("position"),
            schema::binary_null("hash"),
        ] {
            let mut table = Table::alter();
            manager
                .alter_table(table.table("audit").add_column(column).to_owned())
                .await?;
        }
        // Actions were written with spaces.
        let connection = manager.get_connection();
        connection
            .execute_unprepared("UPDATE audit SET action = REPLACE(action, ' ', '-')")
            .await?;
        for (name, columns, unique) in INDEXES {
            let mut index = Index::create();
            index.name(name).table("audit");
            for column in columns {
                index.col(*column);
            }
            if unique {
                index.unique();
            }
            manager.create_index(index).await?;
        }
        manager.create_table(audit_chain()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("audit_chain").to_owned())
            .await?;
        for (name, _, _) in INDEXES {
            manager
                .drop_index(Index::drop().name(name).table("audit").to_owned())
                .await?;
        }
        for column in ["hash", "position", "mac", "entry"] {
            let mut table = Table::alter();
            manager
                .alter_table(table.table("audit").drop_column(column).to_owned())
                .await?;
        }
        Ok(())
    }
}

/// `audit_position` also finds the entries that are not yet part of the chain, whose position is NULL.
const INDEXES: [(&str, &[&str], bool); 5] = [
    ("audit_entry", &["entry"], true),
    ("audit_position", &["position"], true),
    ("audit_at", &["at", "id"], false),
    ("audit_actor", &["actor", "at", "id"], false),
    ("audit_action", &["action", "at", "id"], false),
];

/// The only row has the id 1. The chain begins after the entry with the position `first` and the hash `first_hash`; `signature` signs both.
/// The last entry of the chain has the position `last` and the hash `last_hash`.
fn audit_chain() -> TableCreateStatement {
    Table::create()
        .table("audit_chain")
        .col(schema::integer("id").primary_key())
        .col(schema::big_integer("first"))
        .col(schema::binary("first_hash"))
        .col(schema::binary("signature"))
        .col(schema::big_integer("last"))
        .col(schema::binary("last_hash"))
        .to_owned()
}

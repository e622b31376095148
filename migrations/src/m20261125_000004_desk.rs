//! Drafts, and the classification of contacts.

use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(drafts()).await?;
        manager.create_table(records()).await?;
        // The urgency from the classification: 0 ordinary, 1 urgent, 2 immediate danger.
        let urgency = schema::small_integer("urgency").default(0).to_owned();
        // The time until which the contact is hidden from the inbox.
        let snoozed = schema::big_integer_null("snoozed_until");
        for column in [urgency, snoozed] {
            manager
                .alter_table(Table::alter().table("contacts").add_column(column).to_owned())
                .await?;
        }
        let mut index = Index::create();
        index.name("contacts_marked").table("contacts");
        index.col("marking").col("last_in_at").col("id");
        manager.create_index(index).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_index(Index::drop().name("contacts_marked").table("contacts").to_owned())
            .await?;
        for column in ["snoozed_until", "urgency"] {
            manager
                .alter_table(Table::alter().table("contacts").drop_column(column).to_owned())
                .await?;
        }
        for table in ["records", "drafts"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

/// Unsent drafts of replies and notes. `body` is encrypted with the contact's key.
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

/// The classification of each contact, complete or not. Erasing the contact's content keeps its classification, which identifies no one.
fn records() -> TableCreateStatement {
    Table::create()
        .table("records")
        .col(schema::uuid("contact_id").primary_key())
        // The name and version of the classification scheme.
        .col(schema::text("scheme"))
        .col(schema::integer("version"))
        // The answers as JSON: answer ids by question id.
        .col(schema::text("answers"))
        .col(schema::boolean("complete"))
        .col(schema::uuid("by"))
        .col(schema::big_integer("at"))
        .foreign_key(
            ForeignKey::create()
                .from("records", "contact_id")
                .to("contacts", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

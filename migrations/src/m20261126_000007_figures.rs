//! What is counted: totals and their breakdowns, by day, month and year.

use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(figures()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("figures").to_owned())
            .await
    }
}

/// How many registered communications have this value, or these two, in a span. Nothing of anybody stands in it, and nothing that is
/// erased changes it.
fn figures() -> TableCreateStatement {
    Table::create()
        .table("figures")
        // A dimension; empty: the total.
        .col(schema::text("one"))
        // Another, later in the alphabet; empty: none.
        .col(schema::text("other"))
        // A day, a month or a year of the centre's zone.
        .col(schema::text("span"))
        .col(schema::text("value"))
        .col(schema::text("other_value"))
        .col(schema::big_integer("count"))
        .primary_key(
            Index::create()
                .col("one")
                .col("other")
                .col("span")
                .col("value")
                .col("other_value"),
        )
        .to_owned()
}

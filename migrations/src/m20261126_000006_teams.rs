//! Teams, blocked identifiers, earlier versions of case texts, and an index for each inbox filter.

use sea_orm_migration::{prelude::*, schema};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// The order of open contacts, as in the view indexes of the previous migration.
const ORDER: &str = "(COALESCE(waiting_since, 4000000000000000000) - urgency * 100000000000000000)";

/// One partial index for each filter of the long views: its name, its columns, and the condition.
const FILTERS: [(&str, &str, &str); 5] = [
    (
        "contacts_by_channel",
        "channel, last_in_at",
        "channel IS NOT NULL",
    ),
    (
        "contacts_by_language",
        "language, last_in_at",
        "language IS NOT NULL",
    ),
    ("contacts_by_topic", "topic, last_in_at", "topic IS NOT NULL"),
    ("contacts_by_holder", "holder, last_in_at", "holder IS NOT NULL"),
    ("contacts_by_urgency", "last_in_at", "urgency > 0"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in added() {
            manager
                .alter_table(Table::alter().table(table).add_column(column).to_owned())
                .await?;
        }
        manager.create_table(case_versions()).await?;
        let mut index = Index::create();
        index
            .name("case_versions_case")
            .table("case_versions")
            .col("case_id");
        manager.create_index(index).await?;
        let connection = manager.get_connection();
        for (name, columns, of) in FILTERS {
            let index = format!("CREATE INDEX {name} ON contacts ({columns}, id) WHERE {of}");
            connection.execute_unprepared(&index).await?;
        }
        let team = format!(
            "CREATE INDEX contacts_team ON contacts (team, {ORDER}, id) WHERE status <> 'closed' AND team IS NOT NULL"
        );
        connection.execute_unprepared(&team).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let filters = FILTERS.into_iter().map(|(name, ..)| name);
        for name in filters.chain(["contacts_team"]) {
            manager
                .drop_index(Index::drop().name(name).table("contacts").to_owned())
                .await?;
        }
        manager
            .drop_table(Table::drop().table("case_versions").to_owned())
            .await?;
        for (table, column) in added() {
            let name = column.get_column_name();
            manager
                .alter_table(Table::alter().table(table).drop_column(name).to_owned())
                .await?;
        }
        Ok(())
    }
}

/// The columns added to existing tables.
fn added() -> [(&'static str, ColumnDef); 5] {
    [
        // The team of the member of staff.
        ("staff", schema::text_null("team").to_owned()),
        // The team responsible for the contact: the assignee's team, or the team to which the contact was handed over.
        ("contacts", schema::text_null("team").to_owned()),
        // The main topic of the classification.
        ("contacts", schema::text_null("topic").to_owned()),
        // The time until which messages from this identifier notify no staff.
        ("people", schema::big_integer_null("blocked_until").to_owned()),
        // The free-text answers as JSON, encrypted with the contact's key.
        ("records", schema::blob_null("words").to_owned()),
    ]
}

/// Superseded texts of cases and referrals.
fn case_versions() -> TableCreateStatement {
    Table::create()
        .table("case_versions")
        .col(schema::uuid("id").primary_key())
        .col(schema::uuid("case_id"))
        // NULL if the text belongs to the case itself.
        .col(schema::uuid_null("referral_id"))
        // The member of staff who replaced this version, and the time.
        .col(schema::uuid("by"))
        .col(schema::big_integer("at"))
        // The superseded text, encrypted with the case's key.
        .col(schema::blob("text"))
        .foreign_key(
            ForeignKey::create()
                .from("case_versions", "case_id")
                .to("cases", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

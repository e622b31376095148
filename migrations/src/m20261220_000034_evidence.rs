//! Exports of evidence: who proposed and confirmed each, for whom, and the signed list of the files.

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
        let exports = Table::create()
            .table("evidence_exports")
            .col(schema::uuid("id").primary_key())
            .col(schema::uuid("contact_id"))
            // The reference outlives the contact.
            .col(schema::big_integer("reference"))
            // The institution and the number of its order. Staff are asked to name no persons here, because it outlives the contact.
            .col(schema::text("recipient"))
            .col(schema::uuid("proposed_by"))
            .col(schema::big_integer("proposed_at"))
            .col(schema::uuid_null("confirmed_by"))
            .col(schema::big_integer_null("confirmed_at"))
            .col(schema::big_integer_null("withdrawn_at"))
            // The password of the package and the manifest, encrypted with the key of the contact; the signature of the manifest.
            .col(schema::blob("password"))
            .col(schema::blob_null("manifest"))
            .col(schema::blob_null("signature"))
            .to_owned();
        manager.create_table(exports).await?;
        let index = Index::create()
            .name("evidence_exports_by_contact")
            .table("evidence_exports")
            .col("contact_id")
            .to_owned();
        manager.create_index(index).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("evidence_exports").to_owned())
            .await
    }
}

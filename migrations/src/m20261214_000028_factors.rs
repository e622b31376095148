//! Second factors: authenticator apps, recovery codes, and what a session still lacks.

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
        manager.create_table(totp_secrets()).await?;
        manager.create_table(recovery_codes()).await?;
        let index = Index::create()
            .name("recovery_codes_staff")
            .table("recovery_codes")
            .col("staff_id")
            .to_owned();
        manager.create_index(index).await?;
        // Sessions that began before this migration are complete and were proved by a password alone.
        for (column, default) in [("step", "complete"), ("proof", "password")] {
            let column = schema::text(column).default(default).to_owned();
            let table = Table::alter().table("sessions").add_column(column).to_owned();
            manager.alter_table(table).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // The version before takes every session for complete.
        manager
            .get_connection()
            .execute_unprepared("DELETE FROM sessions WHERE step <> 'complete'")
            .await?;
        for column in ["step", "proof"] {
            let table = Table::alter().table("sessions").drop_column(column).to_owned();
            manager.alter_table(table).await?;
        }
        for table in ["recovery_codes", "totp_secrets"] {
            let table = Table::drop().table(table).to_owned();
            manager.drop_table(table).await?;
        }
        Ok(())
    }
}

/// The authenticator app of an account. `sealed` is its secret, encrypted. `last_step` is the newest time step, in units of 30 seconds
/// since 1970, of which a code was accepted; a code is accepted only if its step is later. `wrong` counts the wrong codes since the last
/// right one.
fn totp_secrets() -> TableCreateStatement {
    Table::create()
        .table("totp_secrets")
        .col(schema::uuid("staff_id").primary_key())
        .col(schema::binary("data_key"))
        .col(schema::binary("sealed"))
        .col(schema::big_integer("made_at"))
        .col(schema::big_integer("last_step"))
        .col(schema::big_integer_null("used_at"))
        .col(schema::integer("wrong").default(0))
        .foreign_key(
            ForeignKey::create()
                .from("totp_secrets", "staff_id")
                .to("staff", "id"),
        )
        .to_owned()
}

/// Recovery codes. `hash` is a keyed hash of the account and the code.
fn recovery_codes() -> TableCreateStatement {
    Table::create()
        .table("recovery_codes")
        .col(schema::binary("hash").primary_key())
        .col(schema::uuid("staff_id"))
        .col(schema::big_integer("made_at"))
        .col(schema::big_integer_null("used_at"))
        .foreign_key(
            ForeignKey::create()
                .from("recovery_codes", "staff_id")
                .to("staff", "id"),
        )
        .to_owned()
}

//! The sessions of one member of staff: listing them, and ending some of them.

use chrono::{DateTime, Utc};
use data_encoding::HEXLOWER;
use hotline_core::staff::{audit::AuditAction, factors::LogInProof};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use crate::{
    db::{
        entity::sessions,
        store::{Store, time},
    },
    error::StoreError,
    staff::{accounts::StaffMember, availability::end_duty, factors::Reauthenticated, sessions::is_in_use},
};

/// The number of bytes of the stored hash that identify a session in a list.
const ID_BYTES: usize = 16;

/// A session of a member of staff.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct OwnSession {
    /// Identifies the session. It is derived from the keyed hash of the session's secret, so it gives no access.
    pub id: String,
    /// When the session began.
    pub begun_at: DateTime<Utc>,
    /// When the session was last used, accurate to 15 seconds.
    pub used_at: DateTime<Utc>,
    /// How the log-in was proved.
    pub proof: LogInProof,
    /// Whether the list was requested in this session.
    pub current: bool,
}

impl Store {
    /// Returns the sessions of a member of staff that have not ended, the newest first. `token` is the secret of the session in which the
    /// list was requested.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn own_sessions(&self, who: &StaffMember, token: &str) -> Result<Vec<OwnSession>, StoreError> {
        let now = self.steady.now(self.clock.now());
        let current = self.session_hash(token);
        let mut rows = sessions::Entity::find()
            .filter(sessions::Column::StaffId.eq(who.id))
            .order_by_desc(sessions::Column::MadeAt)
            .all(&self.reading)
            .await?;
        rows.retain(|row| is_in_use(row, now));
        let own = rows.into_iter().map(|row| OwnSession {
            id: id_of(&row),
            begun_at: time(row.made_at),
            used_at: time(row.seen_at),
            proof: row.proof.0,
            current: row.token_hash == current,
        });
        Ok(own.collect())
    }

    /// Ends the session that has this id of a member of staff who typed the password again.
    ///
    /// # Errors
    /// Fails if the member of staff has no such session.
    pub async fn end_own_session(&self, by: &Reauthenticated, id: &str) -> Result<(), StoreError> {
        let who = by.member();
        let rows = sessions::Entity::find()
            .filter(sessions::Column::StaffId.eq(who.id))
            .all(&self.reading)
            .await?;
        let found = rows.into_iter().find(|row| id_of(row) == id);
        let found = found.ok_or(StoreError::NotFound("session"))?;
        self.end_sessions_where(
            Some(who),
            who.id,
            Some(sessions::Column::TokenHash.eq(found.token_hash)),
            (AuditAction::EndOwnSession, &who.login),
        )
        .await
    }

    /// Ends all sessions of a member of staff who typed the password again, except the session whose secret is `token`.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn end_other_sessions(&self, by: &Reauthenticated, token: &str) -> Result<(), StoreError> {
        let who = by.member();
        self.end_sessions_where(
            Some(who),
            who.id,
            Some(sessions::Column::TokenHash.ne(self.session_hash(token))),
            (AuditAction::EndOtherOwnSessions, &who.login),
        )
        .await
    }

    /// Ends all sessions of an account.
    ///
    /// # Errors
    /// Fails if the log-in name is unknown.
    pub async fn end_sessions(&self, by: Option<&StaffMember>, login: &str) -> Result<(), StoreError> {
        let row = self.find_login(login).await?;
        let row = row.ok_or(StoreError::NotFound("log-in"))?;
        self.end_sessions_where(by, row.id, None, (AuditAction::StaffEndSessions, &row.login))
            .await
    }

    /// Ends the sessions of a member of staff that match a condition, and writes the audit entry `(action, object)`.
    pub(crate) async fn end_sessions_where(
        &self,
        by: Option<&StaffMember>,
        staff_id: Uuid,
        condition: Option<sea_orm::sea_query::SimpleExpr>,
        (action, object): (AuditAction, &str),
    ) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        self.end_sessions_in(transaction, by, staff_id, condition, (action, object))
            .await
    }

    /// Does what [`Store::end_sessions_where`] does, in a transaction that has begun, and commits it.
    pub(crate) async fn end_sessions_in(
        &self,
        transaction: DatabaseTransaction,
        by: Option<&StaffMember>,
        staff_id: Uuid,
        condition: Option<sea_orm::sea_query::SimpleExpr>,
        (action, object): (AuditAction, &str),
    ) -> Result<(), StoreError> {
        let mut ended = sessions::Entity::delete_many().filter(sessions::Column::StaffId.eq(staff_id));
        if let Some(condition) = condition {
            ended = ended.filter(condition);
        }
        ended.exec(&transaction).await?;
        if self.is_logged_out(&transaction, staff_id).await? {
            end_duty(&transaction, staff_id).await?;
        }
        self.audit_in(&transaction, by.map(|by| by.id), action, object)
            .await?;
        self.commit(transaction).await?;
        self.notice_ended_sessions().await;
        self.route_due.notify_one();
        Ok(())
    }
}

fn id_of(row: &sessions::Model) -> String {
    HEXLOWER.encode(row.token_hash.get(..ID_BYTES).unwrap_or(&row.token_hash))
}

//! Using the codes of second factors: each once, and no longer after too many wrong ones.

use hotline_core::staff::{
    audit::AuditAction,
    factors::{LogInProof, TypedCode},
    recovery::RecoveryCode,
    totp::TotpSecret,
};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, ExprTrait, QueryFilter, sea_query::Expr};
use uuid::Uuid;

use crate::{
    db::{
        entity::{recovery_codes, totp_secrets},
        store::Store,
    },
    error::{Conflict, StoreError},
    sealing::places::totp_place,
    staff::accounts::StaffMember,
};

/// After so many wrong codes in a row, the app's codes are refused until a recovery code is used or the factors are reset (NIST SP 800-63B
/// permits at most 100).
const MOST_WRONG: i32 = 100;

impl Store {
    /// Uses a code of a second factor, and returns what it proves; `None` if it is wrong. Each code works once, also if several requests use
    /// it at the same time: only one of them changes the row.
    ///
    /// # Errors
    /// Returns [`Conflict::TooManyCodes`] if the app's codes are refused after too many wrong ones.
    pub(crate) async fn use_code(
        &self,
        transaction: &DatabaseTransaction,
        who: &StaffMember,
        code: &TypedCode,
    ) -> Result<Option<LogInProof>, StoreError> {
        match code {
            TypedCode::Totp(code) => {
                let used = self.use_totp(transaction, who.id, code).await?;
                Ok(used.then_some(LogInProof::Totp))
            }
            TypedCode::Recovery(code) => {
                let used = recovery_codes::Entity::update_many()
                    .col_expr(recovery_codes::Column::UsedAt, Expr::value(self.now()))
                    .filter(recovery_codes::Column::Hash.eq(self.recovery_hash(who.id, code)))
                    .filter(recovery_codes::Column::UsedAt.is_null())
                    .exec(transaction)
                    .await?;
                if used.rows_affected != 1 {
                    return Ok(None);
                }
                totp_secrets::Entity::update_many()
                    .col_expr(totp_secrets::Column::Wrong, Expr::value(0))
                    .filter(totp_secrets::Column::StaffId.eq(who.id))
                    .exec(transaction)
                    .await?;
                Ok(Some(LogInProof::RecoveryCode))
            }
        }
    }

    async fn use_totp(
        &self,
        transaction: &DatabaseTransaction,
        staff_id: Uuid,
        code: &str,
    ) -> Result<bool, StoreError> {
        let row = totp_secrets::Entity::find_by_id(staff_id)
            .one(transaction)
            .await?;
        let Some(row) = row else { return Ok(false) };
        if row.wrong >= MOST_WRONG {
            return Err(StoreError::Conflict(Conflict::TooManyCodes));
        }
        let place = totp_place(staff_id);
        let opened = self
            .keys
            .data_key(&place, &row.data_key)?
            .open(&place, &row.sealed)?;
        let secret = TotpSecret::from_bytes(&opened).ok_or(StoreError::Sealed("a TOTP secret"))?;
        let Some(step) = secret.step_of(code, self.clock.now()) else {
            return Ok(false);
        };
        let used = totp_secrets::Entity::update_many()
            .col_expr(totp_secrets::Column::LastStep, Expr::value(step))
            .col_expr(totp_secrets::Column::UsedAt, Expr::value(self.now()))
            .col_expr(totp_secrets::Column::Wrong, Expr::value(0))
            .filter(totp_secrets::Column::StaffId.eq(staff_id))
            .filter(totp_secrets::Column::LastStep.lt(step))
            .filter(totp_secrets::Column::Wrong.lt(MOST_WRONG))
            .exec(transaction)
            .await?;
        Ok(used.rows_affected == 1)
    }

    /// Counts a wrong code and records it.
    pub(crate) async fn note_wrong_code(&self, who: &StaffMember) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        totp_secrets::Entity::update_many()
            .col_expr(
                totp_secrets::Column::Wrong,
                Expr::col(totp_secrets::Column::Wrong).add(1),
            )
            .filter(totp_secrets::Column::StaffId.eq(who.id))
            .exec(&transaction)
            .await?;
        self.audit_in(&transaction, Some(who.id), AuditAction::CodeRefused, &who.login)
            .await?;
        Ok(transaction.commit().await?)
    }

    /// Returns the hash under which a recovery code of an account is stored.
    pub(crate) fn recovery_hash(&self, staff_id: Uuid, code: &RecoveryCode) -> Vec<u8> {
        self.keys
            .lookup("recovery code", &format!("{staff_id}|{}", code.expose()))
    }
}

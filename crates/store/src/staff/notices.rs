//! Notices about accounts: the address to which they go, and the notices that wait to be sent.

use chrono::{DateTime, TimeDelta, Utc};
use hotline_core::{
    identifiers::private::Private,
    staff::{
        audit::AuditAction,
        notices::{AT_MOST_EVERY, AccountNotice},
    },
    text::locale::Language,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use uuid::Uuid;

use crate::{
    db::{
        entity::{account_notices, staff},
        store::{Store, time},
    },
    error::StoreError,
    sealing::places::notice_address_place,
    staff::{accounts::StaffMember, factors::FullyReauthenticated},
};

/// How often a notice is tried before it is given up.
const MOST_ATTEMPTS: i32 = 12;
/// The time between two attempts.
const RETRY_AFTER: TimeDelta = TimeDelta::minutes(10);
/// The time that a process has to send a notice, before another process tries it.
const LEASE: TimeDelta = TimeDelta::minutes(2);

/// A notice that waits to be sent. The process that received it from [`Store::due_notices`] has it for two minutes.
pub struct DueNotice {
    id: i64,
    attempts: i32,
    /// What the notice is about.
    pub notice: AccountNotice,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// The log-in name of the account.
    pub login: String,
    /// The address of the member of staff.
    pub address: Private<String>,
    /// The language of the member of staff. `None`: the language of the centre.
    pub language: Option<Language>,
}

impl Store {
    /// Returns the address to which notices about an account go. `None`: none is stored.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn notice_address(&self, who: &StaffMember) -> Result<Option<Private<String>>, StoreError> {
        let row = staff::Entity::find_by_id(who.id).one(&self.reading).await?;
        Ok(row.and_then(|row| self.open_notice_address(row.id, row.notice_address.as_deref())))
    }

    /// Stores the address to which notices about the own account go; `None` ends the notices. The earlier address gets a notice.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn set_notice_address(
        &self,
        who: &FullyReauthenticated,
        address: Option<&str>,
    ) -> Result<(), StoreError> {
        let who = who.member();
        let place = notice_address_place(who.id);
        let sealed = address.map(|address| self.keys.seal_lasting_text(&place, address));
        let sealed = sealed.transpose()?;
        let transaction = self.begin().await?;
        let row = staff::Entity::find_by_id(who.id).one(&transaction).await?;
        let row = row.ok_or(StoreError::NotFound("account"))?;
        self.queue_notice(&transaction, &row, AccountNotice::Address)
            .await?;
        staff::ActiveModel {
            id: Unchanged(who.id),
            notice_address: Set(sealed),
            ..Default::default()
        }
        .update(&transaction)
        .await?;
        self.audit_in(&transaction, Some(who.id), AuditAction::SetNoticeAddress, "")
            .await?;
        Ok(transaction.commit().await?)
    }

    /// Returns at most 20 notices that are to be sent now, and reserves them for this process.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn due_notices(&self) -> Result<Vec<DueNotice>, StoreError> {
        let now = self.now();
        let rows = account_notices::Entity::find()
            .filter(account_notices::Column::Address.is_not_null())
            .filter(account_notices::Column::NextAt.lte(now))
            .order_by_asc(account_notices::Column::Id)
            .limit(20)
            .all(&self.reading)
            .await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let transaction = self.begin().await?;
        let mut reserved_rows = Vec::with_capacity(rows.len());
        for row in rows {
            let reserved = account_notices::Entity::update_many()
                .col_expr(
                    account_notices::Column::NextAt,
                    Expr::value((self.clock.now() + LEASE).timestamp_micros()),
                )
                .filter(account_notices::Column::Id.eq(row.id))
                .filter(account_notices::Column::NextAt.eq(row.next_at))
                .exec(&transaction)
                .await?;
            if reserved.rows_affected == 1 {
                reserved_rows.push(row);
            }
        }
        transaction.commit().await?;
        let mut due = Vec::with_capacity(reserved_rows.len());
        for row in reserved_rows {
            due.extend(self.due_notice(row).await?);
        }
        Ok(due)
    }

    async fn due_notice(&self, row: account_notices::Model) -> Result<Option<DueNotice>, StoreError> {
        let account = staff::Entity::find_by_id(row.staff_id).one(&self.reading).await?;
        let address = self.open_notice_address(row.staff_id, row.address.as_deref());
        let (Some(account), Some(address), Some(notice)) =
            (account, address, AccountNotice::parse(&row.notice))
        else {
            self.end_notice(row.id).await?;
            return Ok(None);
        };
        let preferences: hotline_core::staff::preferences::Preferences =
            serde_json::from_str(&account.preferences).unwrap_or_default();
        Ok(Some(DueNotice {
            id: row.id,
            attempts: row.attempts,
            notice,
            at: time(row.at),
            login: account.login,
            address,
            language: preferences.language,
        }))
    }

    /// Notes that a notice was sent, or that it could not be sent. After two hours of attempts, a notice is given up. Returns whether it was
    /// given up.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn note_notice(&self, due: &DueNotice, is_sent: bool) -> Result<bool, StoreError> {
        if is_sent || due.attempts + 1 >= MOST_ATTEMPTS {
            self.end_notice(due.id).await?;
            return Ok(!is_sent);
        }
        let transaction = self.begin().await?;
        let next_at = (self.clock.now() + RETRY_AFTER).timestamp_micros();
        account_notices::Entity::update_many()
            .col_expr(account_notices::Column::NextAt, Expr::value(next_at))
            .col_expr(account_notices::Column::Attempts, Expr::value(due.attempts + 1))
            .filter(account_notices::Column::Id.eq(due.id))
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
        Ok(false)
    }

    /// Forgets the address of a notice that is done. The row stays for a while, so that no equal notice follows at once; older rows are removed.
    async fn end_notice(&self, id: i64) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        account_notices::Entity::update_many()
            .col_expr(
                account_notices::Column::Address,
                Expr::value(Option::<String>::None),
            )
            .filter(account_notices::Column::Id.eq(id))
            .exec(&transaction)
            .await?;
        let old = self.clock.now() - AT_MOST_EVERY;
        account_notices::Entity::delete_many()
            .filter(account_notices::Column::Address.is_null())
            .filter(account_notices::Column::At.lt(old.timestamp_micros()))
            .exec(&transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    fn open_notice_address(&self, account: Uuid, sealed: Option<&str>) -> Option<Private<String>> {
        let opened = self
            .keys
            .open_lasting_text(&notice_address_place(account), sealed?);
        opened.map(Private::from)
    }
}

//! What waits for a member of staff in the cases: referrals to confirm, referrals that were returned for changes, and answers that are due.

use chrono::NaiveDate;
use hotline_core::{casework::answers::Deadlines, staff::rights::Right};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
};
use uuid::Uuid;

use crate::{
    cases::record::deadlines_of,
    db::{
        entity::{cases, referrals},
        store::Store,
    },
    error::StoreError,
    staff::accounts::StaffMember,
};

/// Why a referral waits for a member of staff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CaseTaskKind {
    /// A supervisor is to confirm the referral or return it.
    ToConfirm,
    /// The referral was returned to the owner of the case for changes.
    Returned,
    /// The answer of the institution is due, and the owner of the case is to ask for it or record it.
    AnswerDue,
}

impl CaseTaskKind {
    /// Every kind, in the order in which pages show them.
    pub const ALL: [Self; 3] = [Self::AnswerDue, Self::Returned, Self::ToConfirm];
}

/// A referral that waits for a member of staff.
pub struct CaseTask {
    /// Why it waits.
    pub kind: CaseTaskKind,
    /// The id of the case.
    pub case: Uuid,
    /// Sequence number of the case within its year.
    pub number: i32,
    /// The year in which the case was formed.
    pub year: i32,
    /// Id of the institution in the classification scheme.
    pub institution: String,
    /// The last day on which the answer is in time. `None` if no answer is expected yet.
    pub due_on: Option<NaiveDate>,
    /// Whether the answer is late.
    pub overdue: bool,
}

/// The largest number of referrals that are counted or listed.
const MOST: u64 = 200;

impl Store {
    /// Returns the number of referrals that wait for a member of staff, at most 100.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn case_tasks_count(&self, who: &StaffMember) -> Result<u64, StoreError> {
        if !who.role.may(Right::WorkOnContacts) {
            return Ok(0);
        }
        let ids = self.select_tasks(who).select_only().column(referrals::Column::Id);
        self.count_rows(ids.limit(MOST).into_query()).await
    }

    /// Returns the referrals that wait for a member of staff, at most 100. Answers come first, the longest overdue first.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn case_tasks(&self, who: &StaffMember) -> Result<Vec<CaseTask>, StoreError> {
        if !who.role.may(Right::WorkOnContacts) {
            return Ok(Vec::new());
        }
        let found = self
            .select_tasks(who)
            .select_also(cases::Entity)
            .limit(MOST)
            .all(&self.reading)
            .await?;
        let today = self.today();
        let tasks = found.into_iter().filter_map(|(referral, case)| {
            let case = case?;
            let deadlines: Deadlines = deadlines_of(&referral);
            let kind = match (referral.confirmed_at, referral.returned_at) {
                (Some(_), _) => CaseTaskKind::AnswerDue,
                (None, Some(_)) => CaseTaskKind::Returned,
                (None, None) => CaseTaskKind::ToConfirm,
            };
            Some(CaseTask {
                kind,
                case: case.id,
                number: case.number,
                year: case.year,
                institution: referral.institution,
                due_on: deadlines.due_on,
                overdue: deadlines.is_overdue(today),
            })
        });
        let mut tasks: Vec<CaseTask> = tasks.collect();
        tasks.sort_by_key(|task| (task.due_on.is_none(), task.due_on));
        Ok(tasks)
    }

    /// Selects the referrals that wait for `who`. The condition on the outcome is the condition of the index `referrals_awaited`, which
    /// contains only the referrals without an outcome. In the order of the index, the database reads no other
    /// referral.
    fn select_tasks(&self, who: &StaffMember) -> Select<referrals::Entity> {
        use referrals::Column::{CaseId, ConfirmedAt, Outcome, ProposedBy, RemindOn, ReturnedAt};

        let own = || cases::Column::Owner.eq(who.id);
        let returned = Condition::all()
            .add(own())
            .add(ConfirmedAt.is_null())
            .add(ReturnedAt.is_not_null());
        let due = Condition::all()
            .add(own())
            .add(ConfirmedAt.is_not_null())
            .add(RemindOn.lte(self.today().to_string()));
        let mut waiting = Condition::any().add(returned).add(due);
        if who.role.may(Right::WorkOnOthers) {
            let to_confirm = Condition::all()
                .add(ConfirmedAt.is_null())
                .add(ReturnedAt.is_null())
                .add(ProposedBy.ne(who.id));
            waiting = waiting.add(to_confirm);
        }
        let of_case = referrals::Entity::belongs_to(cases::Entity)
            .from(CaseId)
            .to(cases::Column::Id)
            .into();
        referrals::Entity::find()
            .join(JoinType::InnerJoin, of_case)
            .filter(Outcome.is_null())
            .filter(waiting)
            .order_by_asc(CaseId)
    }
}

//! Referrals of cases to institutions: proposing, reviewing, recording what came of them, and withdrawing.

use chrono::NaiveDate;
use hotline_core::{
    casework::{answers::Deadlines, rights::CaseAction},
    identifiers::ids,
    staff::audit::AuditAction,
    statistics::figures::{FORWARDED, Facts},
    time::clock,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, ModelTrait, QueryFilter,
};
use uuid::Uuid;

use crate::{
    cases::{
        Details, ReferralRecord, case_for, check_open, details_place,
        record::{deadlines_of, record_of},
        ties,
    },
    db::{
        entity::{cases, referrals},
        store::{Store, time},
        values::{CaseEntryKind, HistoryKind},
    },
    error::{Conflict, StoreError},
    sealing::bodies::unseal,
    staff::accounts::StaffMember,
    statistics::counts::recount,
};

impl Store {
    /// Proposes a referral of a case to an institution. The case counts as forwarded once another member of staff confirms the referral.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the classification scheme has no such institution, if `who` is neither the owner of the case nor a
    /// supervisor, or if the case is closed.
    pub async fn propose_referral(
        &self,
        who: &StaffMember,
        case: Uuid,
        institution: &str,
        details: &Details,
    ) -> Result<(), StoreError> {
        if !self
            .scheme()
            .institutions
            .iter()
            .any(|known| known.id == institution)
        {
            return Err(StoreError::Conflict(Conflict::InvalidAnswers));
        }
        let transaction = self.begin().await?;
        self.lock_registration(&transaction).await?;
        let case = case_for(&transaction, who, case, CaseAction::ChangeReferrals).await?;
        check_open(&case)?;
        let id = ids::new(self.clock.now());
        let referral = referrals::ActiveModel {
            id: Set(id),
            case_id: Set(case.id),
            institution: Set(institution.to_owned()),
            proposed_by: Set(who.id),
            proposed_at: Set(self.now()),
            changed_at: Set(self.now()),
            sent_on: Set(details.sent_on.map(|day| day.to_string())),
            details: Set(self.seal_details(&case, id, details)?),
            ..Default::default()
        };
        referral.insert(&transaction).await?;
        self.audit_in(
            &transaction,
            Some(who.id),
            AuditAction::ProposeReferral,
            &id.to_string(),
        )
        .await?;
        self.commit(transaction).await
    }

    /// Makes `who` the proposer of each unconfirmed referral of a case, because the text that is sent has changed. Someone else must then
    /// confirm the referral. A referral that was returned for changes waits for a confirmation again.
    pub(super) async fn propose_again(
        &self,
        transaction: &DatabaseTransaction,
        who: &StaffMember,
        case: Uuid,
    ) -> Result<(), StoreError> {
        let proposed = referrals::Entity::find()
            .filter(referrals::Column::CaseId.eq(case))
            .filter(referrals::Column::ConfirmedBy.is_null());
        for referral in proposed.all(transaction).await? {
            referrals::ActiveModel {
                proposed_by: Set(who.id),
                ..self.changed(&referral)
            }
            .update(transaction)
            .await?;
        }
        Ok(())
    }

    /// Returns a change of a referral that only increases its version number and ends a return for changes.
    fn changed(&self, referral: &referrals::Model) -> referrals::ActiveModel {
        referrals::ActiveModel {
            id: Unchanged(referral.id),
            changed_at: Set(self.now().max(referral.changed_at.saturating_add(1))),
            returned_by: Set(None),
            returned_at: Set(None),
            ..Default::default()
        }
    }

    /// Loads a referral that `who` reviews, with its case. `seen` is the value that [`changed`](crate::cases::Referral::changed) had when
    /// `who` read the referral.
    async fn reviewed(
        &self,
        transaction: &DatabaseTransaction,
        who: &StaffMember,
        (case, id): (Uuid, Uuid),
        seen: i64,
    ) -> Result<(cases::Model, referrals::Model), StoreError> {
        let referral = referral(transaction, case, id).await?;
        let case = case_for(transaction, who, case, CaseAction::Review).await?;
        if referral.proposed_by == who.id {
            return Err(StoreError::Conflict(Conflict::SecondPerson));
        }
        if referral.confirmed_by.is_some() {
            return Err(StoreError::Conflict(Conflict::DoneAlready));
        }
        if referral.returned_at.is_some() {
            return Err(StoreError::Conflict(Conflict::ReferralReturned));
        }
        if seen != referral.changed_at {
            return Err(StoreError::Conflict(Conflict::Changed));
        }
        check_open(&case)?;
        Ok((case, referral))
    }

    /// Confirms a referral. The case then counts as forwarded. The referral keeps the summary that the case has now, because the letter to
    /// the institution contains it. `seen` is the value that [`changed`](crate::cases::Referral::changed) had when `who` read the referral.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] in each of these cases: `who` proposed the referral; the case is closed; the referral is already
    /// confirmed, or was returned for changes; the letter would have neither a summary nor enclosures; the referral was changed after `who`
    /// read it.
    pub async fn confirm_referral(
        &self,
        who: &StaffMember,
        case_id: Uuid,
        id: Uuid,
        seen: i64,
    ) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        self.lock_registration(&transaction).await?;
        let (case, referral) = self.reviewed(&transaction, who, (case_id, id), seen).await?;
        let key = self.case_key(&case)?;
        let mut details: Details = unseal(&key, &details_place(id), &referral.details)?;
        details.summary = self.summary(&key, &case)?;
        if details.sent.trim().is_empty() && details.summary.trim().is_empty() {
            return Err(StoreError::Conflict(Conflict::NothingSent));
        }
        let now = self.clock.now();
        let mut deadlines = deadlines_of(&referral);
        if deadlines.due_on.is_none() {
            let sent = details.sent_on.unwrap_or(clock::day_of(now, self.zone));
            deadlines = Deadlines::due(self.case_settings.due_on(&referral.institution, sent));
        }
        referrals::ActiveModel {
            id: Unchanged(id),
            confirmed_by: Set(Some(who.id)),
            confirmed_at: Set(Some(now.timestamp_micros())),
            due_on: Set(deadlines.due_on.map(|day| day.to_string())),
            remind_on: Set(deadlines.remind_on.map(|day| day.to_string())),
            details: Set(self.seal_details(&case, id, &details)?),
            ..Default::default()
        }
        .update(&transaction)
        .await?;
        self.count_as_forwarded(&transaction, &case, &referral, now)
            .await?;
        for tie in ties(&transaction, case.id).await? {
            let number = format!("{}/{}", case.number, case.year);
            self.add_event(
                &transaction,
                tie.contact_id,
                Some(who.id),
                HistoryKind::Forwarded,
                &number,
            )
            .await?;
        }
        self.audit_in(
            &transaction,
            Some(who.id),
            AuditAction::ConfirmReferral,
            &id.to_string(),
        )
        .await?;
        self.commit(transaction).await
    }

    /// Counts a referral that was confirmed at `now`, and marks its case as forwarded.
    async fn count_as_forwarded(
        &self,
        transaction: &DatabaseTransaction,
        case: &cases::Model,
        referral: &referrals::Model,
        now: chrono::DateTime<chrono::Utc>,
    ) -> Result<(), StoreError> {
        // The statistics count a case under the institution of its first confirmed referral.
        let first = case.institution.clone();
        let first = first.unwrap_or_else(|| referral.institution.clone());
        let forwarded = self.case_facts(&case.day, Some(&first));
        cases::ActiveModel {
            id: Unchanged(case.id),
            kind: Set(FORWARDED.to_owned()),
            institution: Set(Some(first)),
            ..Default::default()
        }
        .update(transaction)
        .await?;
        let sent = Facts::of_referral(&referral.institution, now, self.zone, None);
        let before = self.case_facts(&case.day, case.institution.as_deref());
        recount(transaction, &[before], &[forwarded, sent]).await
    }

    /// Returns an unconfirmed referral to the owner of its case for changes, with a reason. `seen` is as for [`Store::confirm_referral`].
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the reason is empty or too long, and in the same cases as [`Store::confirm_referral`], except if
    /// [`Details::sent`] is empty.
    pub async fn return_referral(
        &self,
        who: &StaffMember,
        case_id: Uuid,
        id: Uuid,
        seen: i64,
        reason: &str,
    ) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        self.lock_registration(&transaction).await?;
        let (case, referral) = self.reviewed(&transaction, who, (case_id, id), seen).await?;
        self.add_case_entry(
            &transaction,
            who,
            &case,
            (CaseEntryKind::Returned, Some(id)),
            reason,
        )
        .await?;
        referrals::ActiveModel {
            returned_by: Set(Some(who.id)),
            returned_at: Set(Some(self.now())),
            ..self.changed(&referral)
        }
        .update(&transaction)
        .await?;
        self.audit_in(
            &transaction,
            Some(who.id),
            AuditAction::ReturnReferral,
            &id.to_string(),
        )
        .await?;
        self.commit(transaction).await
    }

    /// Changes what is recorded about a referral: the legal basis, the information sent, the day of sending, the institution's reference
    /// number, the deadlines and the outcome.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] in each of these cases: `who` is neither the owner of the case nor a supervisor; the referral is
    /// confirmed and the change affects [`Details::basis`] or [`Details::sent`]; the referral is not confirmed and the change adds an
    /// outcome; the day of the answer is in the future.
    pub async fn record_referral(
        &self,
        who: &StaffMember,
        case_id: Uuid,
        id: Uuid,
        change: impl FnOnce(&mut ReferralRecord),
    ) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        self.lock_registration(&transaction).await?;
        let case = case_for(&transaction, who, case_id, CaseAction::ChangeReferrals).await?;
        let referral = referral(&transaction, case_id, id).await?;
        let details = unseal(&self.case_key(&case)?, &details_place(id), &referral.details)?;
        let before = record_of(&referral, details);
        let mut after = before.clone();
        change(&mut after);
        self.complete(&referral, &before, &mut after)?;
        if before == after {
            return Ok(());
        }
        let other_words =
            (&before.details.basis, &before.details.sent) != (&after.details.basis, &after.details.sent);
        if other_words && referral.confirmed_by.is_some() {
            return Err(StoreError::Conflict(Conflict::Confirmed));
        }
        if before.details != after.details {
            self.keep_case_version(&transaction, who, &case, Some(id), &before.details.to_text())
                .await?;
        }
        let day = |day: Option<NaiveDate>| Set(day.map(|day| day.to_string()));
        let mut changed = referrals::ActiveModel {
            sent_on: day(after.details.sent_on),
            due_on: day(after.deadlines.due_on),
            remind_on: day(after.deadlines.remind_on),
            outcome: Set(after.outcome.map(|outcome| outcome.as_str().to_owned())),
            answered_on: day(after.answered_on),
            details: Set(self.seal_details(&case, id, &after.details)?),
            ..self.changed(&referral)
        };
        if other_words {
            // If a member of staff changes the legal basis or the text to be sent, this member of staff becomes the proposer. Someone else
            // must then confirm the change.
            changed.proposed_by = Set(who.id);
        } else {
            // Another day or number does not answer the reason for which the referral was returned.
            changed.returned_by = Unchanged(referral.returned_by);
            changed.returned_at = Unchanged(referral.returned_at);
        }
        changed.update(&transaction).await?;
        if before.outcome != after.outcome {
            let facts = |outcome| {
                let at = time(referral.confirmed_at.unwrap_or_default());
                Facts::of_referral(&referral.institution, at, self.zone, outcome)
            };
            recount(&transaction, &[facts(before.outcome)], &[facts(after.outcome)]).await?;
        }
        self.audit_in(
            &transaction,
            Some(who.id),
            AuditAction::DetailReferral,
            &id.to_string(),
        )
        .await?;
        self.commit(transaction).await
    }

    /// Completes and checks a changed record: the deadlines follow the day of sending, and an answer has a day.
    fn complete(
        &self,
        referral: &referrals::Model,
        before: &ReferralRecord,
        after: &mut ReferralRecord,
    ) -> Result<(), StoreError> {
        if after.outcome.is_some() && referral.confirmed_at.is_none() {
            return Err(StoreError::Conflict(Conflict::NotConfirmed));
        }
        after.answered_on = match after.outcome {
            Some(outcome) if outcome.is_answer() => Some(after.answered_on.unwrap_or(self.today())),
            Some(_) | None => None,
        };
        if after.answered_on.is_some_and(|day| day > self.today()) {
            return Err(StoreError::Conflict(Conflict::InTheFuture));
        }
        if before.deadlines.due_on != after.deadlines.due_on {
            if before.deadlines.remind_on == after.deadlines.remind_on {
                after.deadlines.remind_on = after.deadlines.due_on;
            }
        } else if let Some(at) = referral.confirmed_at {
            let confirmed = clock::day_of(time(at), self.zone);
            let sent = |record: &ReferralRecord| record.details.sent_on.unwrap_or(confirmed);
            let days = (sent(before), sent(after));
            after.deadlines = self
                .case_settings
                .follow(&referral.institution, days, after.deadlines);
        }
        Ok(())
    }

    /// Withdraws an unconfirmed referral.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if `who` is neither the owner of the case nor a supervisor, or if the referral is confirmed, because
    /// it may already have been sent.
    pub async fn withdraw_referral(
        &self,
        who: &StaffMember,
        case_id: Uuid,
        id: Uuid,
    ) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        self.lock_registration(&transaction).await?;
        let case = case_for(&transaction, who, case_id, CaseAction::ChangeReferrals).await?;
        let referral = referral(&transaction, case_id, id).await?;
        if referral.confirmed_by.is_some() {
            return Err(StoreError::Conflict(Conflict::Confirmed));
        }
        let details: Details = unseal(&self.case_key(&case)?, &details_place(id), &referral.details)?;
        let withdrawn = format!("{}\n{}", referral.institution, details.to_text());
        self.keep_case_version(&transaction, who, &case, Some(id), &withdrawn)
            .await?;
        referral.delete(&transaction).await?;
        self.audit_in(
            &transaction,
            Some(who.id),
            AuditAction::WithdrawReferral,
            &id.to_string(),
        )
        .await?;
        self.commit(transaction).await
    }
}

async fn referral(
    connection: &impl ConnectionTrait,
    case: Uuid,
    id: Uuid,
) -> Result<referrals::Model, StoreError> {
    let found = referrals::Entity::find_by_id(id).one(connection).await?;
    found
        .filter(|found| found.case_id == case)
        .ok_or(StoreError::NotFound("referral"))
}

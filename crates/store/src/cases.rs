//! Forming, describing, forwarding and closing cases. A case is advisory until a second member of staff confirms a referral of the case to
//! an institution.

use hotline_core::{
    contact::message::LONGEST_TEXT,
    identifiers::{ids, reference::Reference},
    statistics::figures::{ADVISORY, FORWARDED, Facts},
    time::clock,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, ModelTrait, QueryFilter, QueryOrder,
};
use uuid::Uuid;

use crate::{
    db::{
        entity::{case_contacts, case_versions, cases, referrals},
        store::Store,
        values::HistoryKind,
    },
    error::{Conflict, StoreError},
    sealing::{
        bodies::{seal, unseal},
        keys::DataKey,
    },
    staff::accounts::StaffMember,
    statistics::counts::recount,
};

pub use crate::cases::view::{Case, CaseRow, CaseVersion, CasesOf, Details, Referral};

mod view;

impl Store {
    /// Forms a case from a contact, or adds the contact to the case `into`. Returns the id of the case.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the contact is assigned to someone else, or if the case `into` is closed or forwarded.
    pub async fn form_case(
        &self,
        who: &StaffMember,
        reference: Reference,
        into: Option<Uuid>,
    ) -> Result<Uuid, StoreError> {
        let transaction = self.begin().await?;
        // Registration takes this lock before it locks a contact. The same order here prevents deadlocks.
        self.lock_registration(&transaction).await?;
        let contact = self.lock_for_work(&transaction, who, reference).await?;
        let case = match into {
            Some(id) => {
                let case = open_case(&transaction, id).await?;
                // Staff confirm a referral for the contacts that are in the case at that time. A forwarded case therefore accepts no
                // further contacts.
                if case.kind == "forwarded" {
                    return Err(StoreError::Conflict(Conflict::Confirmed));
                }
                case
            }
            None => self.new_case(&transaction, who).await?,
        };
        let tied = case_contacts::Entity::find_by_id((case.id, contact.id))
            .one(&transaction)
            .await?;
        if tied.is_none() {
            let tie = case_contacts::ActiveModel {
                case_id: Set(case.id),
                contact_id: Set(contact.id),
            };
            case_contacts::Entity::insert(tie)
                .exec_without_returning(&transaction)
                .await?;
            let number = format!("{}/{}", case.number, case.year);
            self.add_event(
                &transaction,
                contact.id,
                Some(who.id),
                HistoryKind::InCase,
                &number,
            )
            .await?;
        }
        self.commit(transaction).await?;
        Ok(case.id)
    }

    async fn new_case(
        &self,
        transaction: &DatabaseTransaction,
        who: &StaffMember,
    ) -> Result<cases::Model, StoreError> {
        let now = self.clock.now();
        let day = clock::day_of(now, self.zone);
        let year = chrono::Datelike::year(&day);
        let newest = cases::Entity::find()
            .filter(cases::Column::Year.eq(year))
            .order_by_desc(cases::Column::Number)
            .one(transaction)
            .await?;
        let id = ids::new(now);
        let (key, data_key) = self.keys.new_data_key(&key_place(id))?;
        let case = cases::Model {
            id,
            number: newest.map_or(1, |newest| newest.number.saturating_add(1)),
            year,
            kind: ADVISORY.to_owned(),
            institution: None,
            formed_by: who.id,
            formed_at: now.timestamp_micros(),
            day: day.to_string(),
            closed_at: None,
            data_key: Some(data_key),
            summary: Some(seal(&key, &summary_place(id), &String::new())?),
        };
        cases::ActiveModel::from(case.clone())
            .reset_all()
            .insert(transaction)
            .await?;
        recount(transaction, &[], &[self.case_facts(&case.day, None)]).await?;
        self.audit_in(transaction, Some(who.id), "form case", &id.to_string())
            .await?;
        Ok(case)
    }

    /// Replaces the summary of a case and keeps the old summary as an earlier text.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the case is closed or the text is too long.
    pub async fn describe_case(&self, who: &StaffMember, id: Uuid, summary: &str) -> Result<(), StoreError> {
        if summary.chars().count() > LONGEST_TEXT {
            return Err(StoreError::Conflict(Conflict::TooLong));
        }
        let transaction = self.begin().await?;
        self.lock_registration(&transaction).await?;
        let case = open_case(&transaction, id).await?;
        let key = self.case_key(&case)?;
        let before = self.summary(&key, &case)?;
        if before == summary {
            return Ok(());
        }
        self.keep_case_version(&transaction, who, &case, None, &before)
            .await?;
        let sealed = seal(&key, &summary_place(id), &summary)?;
        cases::ActiveModel {
            id: Unchanged(id),
            summary: Set(Some(sealed)),
            ..Default::default()
        }
        .update(&transaction)
        .await?;
        self.audit_in(&transaction, Some(who.id), "describe case", &id.to_string())
            .await?;
        self.commit(transaction).await
    }

    /// Proposes a referral of a case to an institution. The case counts as forwarded once another member of staff confirms the referral.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the classification scheme has no such institution or the case is closed.
    pub async fn propose_referral(
        &self,
        who: &StaffMember,
        case: Uuid,
        institution: &str,
        details: &Details,
    ) -> Result<(), StoreError> {
        if !self
            .scheme
            .institutions
            .iter()
            .any(|known| known.id == institution)
        {
            return Err(StoreError::Conflict(Conflict::InvalidAnswers));
        }
        let transaction = self.begin().await?;
        self.lock_registration(&transaction).await?;
        let case = open_case(&transaction, case).await?;
        let id = ids::new(self.clock.now());
        let referral = referrals::ActiveModel {
            id: Set(id),
            case_id: Set(case.id),
            institution: Set(institution.to_owned()),
            proposed_by: Set(who.id),
            proposed_at: Set(self.now()),
            changed_at: Set(self.now()),
            confirmed_by: Set(None),
            confirmed_at: Set(None),
            sent_on: Set(details.sent_on.map(|day| day.to_string())),
            details: Set(self.seal_details(&case, id, details)?),
        };
        referral.insert(&transaction).await?;
        self.audit_in(&transaction, Some(who.id), "propose referral", &id.to_string())
            .await?;
        self.commit(transaction).await
    }

    /// Confirms a referral. The case then counts as forwarded. `seen` is the value that [`Referral::changed`] had when `who` read the
    /// referral.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] in each of these cases: `who` proposed the referral; the case is closed; the referral is already
    /// confirmed; [`Details::sent`] is empty; the referral was changed after `who` read it.
    pub async fn confirm_referral(
        &self,
        who: &StaffMember,
        case_id: Uuid,
        id: Uuid,
        seen: i64,
    ) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        self.lock_registration(&transaction).await?;
        let referral = referral(&transaction, case_id, id).await?;
        if referral.proposed_by == who.id {
            return Err(StoreError::Conflict(Conflict::SecondPerson));
        }
        if referral.confirmed_by.is_some() {
            return Err(StoreError::Conflict(Conflict::DoneAlready));
        }
        if seen != referral.changed_at {
            return Err(StoreError::Conflict(Conflict::Changed));
        }
        let case = open_case(&transaction, referral.case_id).await?;
        let details: Details = unseal(&self.case_key(&case)?, &details_place(id), &referral.details)?;
        if details.sent.trim().is_empty() {
            return Err(StoreError::Conflict(Conflict::NothingSent));
        }
        let now = self.clock.now();
        referrals::ActiveModel {
            id: Unchanged(id),
            confirmed_by: Set(Some(who.id)),
            confirmed_at: Set(Some(now.timestamp_micros())),
            ..Default::default()
        }
        .update(&transaction)
        .await?;
        // The statistics count a case under the institution of its first confirmed referral.
        let first = case
            .institution
            .clone()
            .unwrap_or_else(|| referral.institution.clone());
        let forwarded = cases::Model {
            kind: FORWARDED.to_owned(),
            institution: Some(first),
            ..case.clone()
        };
        cases::ActiveModel {
            id: Unchanged(case.id),
            kind: Set(forwarded.kind.clone()),
            institution: Set(forwarded.institution.clone()),
            ..Default::default()
        }
        .update(&transaction)
        .await?;
        let sent = Facts::of_referral(&referral.institution, now, self.zone);
        let facts = |case: &cases::Model| self.case_facts(&case.day, case.institution.as_deref());
        recount(&transaction, &[facts(&case)], &[facts(&forwarded), sent]).await?;
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
        self.audit_in(&transaction, Some(who.id), "confirm referral", &id.to_string())
            .await?;
        self.commit(transaction).await
    }

    /// Changes the details of a referral: the legal basis, the information sent, the day of sending, the institution's reference number,
    /// and the outcome.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the referral is confirmed and the change affects [`Details::basis`] or [`Details::sent`].
    pub async fn detail_referral(
        &self,
        who: &StaffMember,
        case_id: Uuid,
        id: Uuid,
        change: impl FnOnce(&mut Details),
    ) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        self.lock_registration(&transaction).await?;
        let referral = referral(&transaction, case_id, id).await?;
        let case = case(&transaction, referral.case_id).await?;
        let before: Details = unseal(&self.case_key(&case)?, &details_place(id), &referral.details)?;
        let mut after = before.clone();
        change(&mut after);
        if before == after {
            return Ok(());
        }
        self.keep_case_version(&transaction, who, &case, Some(id), &before.to_text())
            .await?;
        let other_words = (&before.basis, &before.sent) != (&after.basis, &after.sent);
        if other_words && referral.confirmed_by.is_some() {
            return Err(StoreError::Conflict(Conflict::Confirmed));
        }
        // If a member of staff changes the legal basis or the text to be sent, this member of staff becomes the proposer. Someone else must
        // then confirm the change.
        let proposed_by = if other_words { who.id } else { referral.proposed_by };
        referrals::ActiveModel {
            id: Unchanged(id),
            proposed_by: Set(proposed_by),
            changed_at: Set(self.now().max(referral.changed_at.saturating_add(1))),
            sent_on: Set(after.sent_on.map(|day| day.to_string())),
            details: Set(self.seal_details(&case, id, &after)?),
            ..Default::default()
        }
        .update(&transaction)
        .await?;
        self.audit_in(&transaction, Some(who.id), "detail referral", &id.to_string())
            .await?;
        self.commit(transaction).await
    }

    /// Withdraws an unconfirmed referral.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the referral is confirmed, because it may already have been sent.
    pub async fn withdraw_referral(
        &self,
        who: &StaffMember,
        case_id: Uuid,
        id: Uuid,
    ) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        self.lock_registration(&transaction).await?;
        let referral = referral(&transaction, case_id, id).await?;
        if referral.confirmed_by.is_some() {
            return Err(StoreError::Conflict(Conflict::Confirmed));
        }
        let case = case(&transaction, case_id).await?;
        let details: Details = unseal(&self.case_key(&case)?, &details_place(id), &referral.details)?;
        let withdrawn = format!("{}\n{}", referral.institution, details.to_text());
        self.keep_case_version(&transaction, who, &case, Some(id), &withdrawn)
            .await?;
        referral.delete(&transaction).await?;
        self.audit_in(&transaction, Some(who.id), "withdraw referral", &id.to_string())
            .await?;
        self.commit(transaction).await
    }

    /// Stores `before`, a text that the caller is about to replace, as an earlier version. The text belongs to the referral `referral` or,
    /// if `referral` is `None`, to the case itself. Stores nothing if `before` is empty.
    async fn keep_case_version(
        &self,
        transaction: &DatabaseTransaction,
        who: &StaffMember,
        case: &cases::Model,
        referral: Option<Uuid>,
        before: &str,
    ) -> Result<(), StoreError> {
        if before.trim().is_empty() {
            return Ok(());
        }
        let id = ids::new(self.clock.now());
        let version = case_versions::ActiveModel {
            id: Set(id),
            case_id: Set(case.id),
            referral_id: Set(referral),
            by: Set(who.id),
            at: Set(self.now()),
            text: Set(seal(&self.case_key(case)?, &version_place(id), &before)?),
        };
        version.insert(transaction).await?;
        Ok(())
    }

    /// Closes a case if `closed` is `true`. Otherwise reopens the case.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if `closed` is `true` and a referral of the case is unconfirmed.
    pub async fn close_case(&self, who: &StaffMember, id: Uuid, closed: bool) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        self.lock_registration(&transaction).await?;
        let case = case(&transaction, id).await?;
        let waits = referrals::Entity::find()
            .filter(referrals::Column::CaseId.eq(case.id))
            .filter(referrals::Column::ConfirmedBy.is_null())
            .one(&transaction)
            .await?;
        if closed && waits.is_some() {
            return Err(StoreError::Conflict(Conflict::ToConfirm));
        }
        cases::ActiveModel {
            id: Unchanged(case.id),
            closed_at: Set(closed.then(|| self.now())),
            ..Default::default()
        }
        .update(&transaction)
        .await?;
        let what = if closed { "close case" } else { "reopen case" };
        self.audit_in(&transaction, Some(who.id), what, &id.to_string())
            .await?;
        self.commit(transaction).await
    }

    /// Returns the facts (day, kind and institution) that determine how a case is counted.
    pub(crate) fn case_facts(&self, day: &str, institution: Option<&str>) -> Facts {
        // The store wrote `day`, so it always parses.
        Facts::of_case(day.parse().unwrap_or_default(), institution)
    }

    pub(crate) fn case_key(&self, case: &cases::Model) -> Result<DataKey, StoreError> {
        let wrapped = case
            .data_key
            .as_ref()
            .ok_or(StoreError::NotFound("content: it was erased"))?;
        self.keys.data_key(&key_place(case.id), wrapped)
    }

    pub(crate) fn summary(&self, key: &DataKey, case: &cases::Model) -> Result<String, StoreError> {
        match &case.summary {
            Some(sealed) => unseal(key, &summary_place(case.id), sealed),
            None => Ok(String::new()),
        }
    }

    /// Gives the case a new key and an empty summary. The caller stores the returned row; texts encrypted with the old key can then no
    /// longer be read.
    pub(crate) fn with_new_key(&self, case: cases::Model) -> Result<cases::Model, StoreError> {
        let (key, data_key) = self.keys.new_data_key(&key_place(case.id))?;
        let summary = seal(&key, &summary_place(case.id), &String::new())?;
        Ok(cases::Model {
            data_key: Some(data_key),
            summary: Some(summary),
            ..case
        })
    }

    pub(crate) fn seal_details(
        &self,
        case: &cases::Model,
        id: Uuid,
        details: &Details,
    ) -> Result<Vec<u8>, StoreError> {
        let all = [&details.basis, &details.sent, &details.number, &details.outcome];
        if all.iter().any(|text| text.chars().count() > LONGEST_TEXT) {
            return Err(StoreError::Conflict(Conflict::TooLong));
        }
        seal(&self.case_key(case)?, &details_place(id), details)
    }
}

fn key_place(id: Uuid) -> String {
    format!("case|{id}|key")
}

fn summary_place(id: Uuid) -> String {
    format!("case|{id}|summary")
}

fn version_place(id: Uuid) -> String {
    format!("case version|{id}")
}

fn details_place(id: Uuid) -> String {
    format!("referral|{id}|details")
}

async fn case(connection: &impl ConnectionTrait, id: Uuid) -> Result<cases::Model, StoreError> {
    let found = cases::Entity::find_by_id(id).one(connection).await?;
    found.ok_or(StoreError::NotFound("case"))
}

async fn open_case(connection: &impl ConnectionTrait, id: Uuid) -> Result<cases::Model, StoreError> {
    let found = case(connection, id).await?;
    if found.closed_at.is_some() {
        return Err(StoreError::Conflict(Conflict::CaseClosed));
    }
    Ok(found)
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

async fn ties(
    connection: &impl ConnectionTrait,
    case: Uuid,
) -> Result<Vec<case_contacts::Model>, StoreError> {
    let found = case_contacts::Entity::find().filter(case_contacts::Column::CaseId.eq(case));
    Ok(found.all(connection).await?)
}

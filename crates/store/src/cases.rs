//! Forming, describing and closing cases. A case is advisory until a second member of staff confirms a referral of the case to an
//! institution.

use hotline_core::{
    casework::rights::{CaseAction, CaseParty},
    contact::message::LONGEST_TEXT,
    identifiers::{ids, reference::Reference},
    staff::audit::AuditAction,
    statistics::figures::{ADVISORY, Facts},
    time::clock,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
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
        places::case_key_place,
    },
    staff::accounts::StaffMember,
    statistics::counts::recount,
};

pub use crate::cases::{
    entries::{CaseEntry, CaseEntryKind},
    record::ReferralRecord,
    tasks::{CaseTask, CaseTaskKind},
    view::{Case, CaseRow, CaseVersion, CasesOf, Details, Referral},
};

mod entries;
mod record;
mod referral;
mod tasks;
mod view;

/// The case to which a contact is added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaseTarget<'a> {
    /// A new case.
    New {
        /// The summary, which may be empty.
        summary: &'a str,
        /// Other contacts of the same incident, which are added too.
        also: &'a [Reference],
    },
    /// The existing case with this id.
    Existing(Uuid),
}

impl Store {
    /// Forms a case from a contact, or adds the contact to an existing case. Returns the id of the case.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the contact is assigned to someone else, if the existing case is closed or forwarded, or if the
    /// summary is too long.
    pub async fn form_case(
        &self,
        who: &StaffMember,
        reference: Reference,
        target: CaseTarget<'_>,
    ) -> Result<Uuid, StoreError> {
        let transaction = self.begin().await?;
        // Registration takes this lock before it locks a contact. The same order here prevents deadlocks.
        self.lock_registration(&transaction).await?;
        let contact = self.lock_for_work(&transaction, who, reference).await?;
        let mut added = vec![contact];
        let case = match target {
            CaseTarget::Existing(id) => {
                let case = open_case(&transaction, id).await?;
                // Staff confirm a referral for the contacts that are in the case at that time. A forwarded case therefore accepts no
                // further contacts.
                if case.kind == "forwarded" {
                    return Err(StoreError::Conflict(Conflict::Confirmed));
                }
                case
            }
            CaseTarget::New { summary, also } => {
                for &also in also.iter().filter(|also| **also != reference) {
                    let other = self.lock_for_work(&transaction, who, also).await;
                    if matches!(other, Err(StoreError::Conflict(Conflict::AssignedToOther))) {
                        return Err(StoreError::Conflict(Conflict::OtherOneAssigned));
                    }
                    added.push(other?);
                }
                self.new_case(&transaction, who, summary).await?
            }
        };
        for contact in added {
            let tied = case_contacts::Entity::find_by_id((case.id, contact.id))
                .one(&transaction)
                .await?;
            if tied.is_some() {
                continue;
            }
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
        summary: &str,
    ) -> Result<cases::Model, StoreError> {
        if summary.chars().count() > LONGEST_TEXT {
            return Err(StoreError::Conflict(Conflict::TooLong));
        }
        let now = self.clock.now();
        let day = clock::day_of(now, self.zone);
        let year = chrono::Datelike::year(&day);
        let newest = cases::Entity::find()
            .filter(cases::Column::Year.eq(year))
            .order_by_desc(cases::Column::Number)
            .one(transaction)
            .await?;
        let id = ids::new(now);
        let (key, data_key) = self.keys.new_data_key(&case_key_place(id))?;
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
            summary: Some(seal(&key, &summary_place(id), &summary)?),
            owner: Some(who.id),
        };
        cases::ActiveModel::from(case.clone())
            .reset_all()
            .insert(transaction)
            .await?;
        recount(transaction, &[], &[self.case_facts(&case.day, None)]).await?;
        self.audit_in(transaction, Some(who.id), AuditAction::FormCase, &id.to_string())
            .await?;
        Ok(case)
    }

    /// Replaces the summary of a case and keeps the old summary as an earlier text. The letter to an institution contains the summary, so
    /// the member of staff becomes the proposer of each unconfirmed referral, and someone else must then confirm it.
    ///
    /// # Errors
    /// Returns [`StoreError::Conflict`] if the case is closed, if `who` is neither its owner nor a supervisor, or if the text is too long.
    pub async fn describe_case(&self, who: &StaffMember, id: Uuid, summary: &str) -> Result<(), StoreError> {
        if summary.chars().count() > LONGEST_TEXT {
            return Err(StoreError::Conflict(Conflict::TooLong));
        }
        let transaction = self.begin().await?;
        self.lock_registration(&transaction).await?;
        let case = case_for(&transaction, who, id, CaseAction::ChangeSummary).await?;
        check_open(&case)?;
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
        self.propose_again(&transaction, who, id).await?;
        self.audit_in(
            &transaction,
            Some(who.id),
            AuditAction::DescribeCase,
            &id.to_string(),
        )
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
    /// Returns [`StoreError::Conflict`] if `who` is neither the owner of the case nor a supervisor, or if `closed` is `true` and a referral
    /// of the case is unconfirmed.
    pub async fn close_case(&self, who: &StaffMember, id: Uuid, closed: bool) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        self.lock_registration(&transaction).await?;
        let case = case_for(&transaction, who, id, CaseAction::Close).await?;
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
        let what = if closed {
            AuditAction::CloseCase
        } else {
            AuditAction::ReopenCase
        };
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
        self.keys.data_key(&case_key_place(case.id), wrapped)
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
        let (key, data_key) = self.keys.new_data_key(&case_key_place(case.id))?;
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

fn summary_place(id: Uuid) -> String {
    format!("case|{id}|summary")
}

fn version_place(id: Uuid) -> String {
    format!("case version|{id}")
}

fn details_place(id: Uuid) -> String {
    format!("referral|{id}|details")
}

fn entry_place(id: Uuid) -> String {
    format!("case entry|{id}")
}

async fn case(connection: &impl ConnectionTrait, id: Uuid) -> Result<cases::Model, StoreError> {
    let found = cases::Entity::find_by_id(id).one(connection).await?;
    found.ok_or(StoreError::NotFound("case"))
}

async fn open_case(connection: &impl ConnectionTrait, id: Uuid) -> Result<cases::Model, StoreError> {
    let found = case(connection, id).await?;
    check_open(&found)?;
    Ok(found)
}

const fn check_open(case: &cases::Model) -> Result<(), StoreError> {
    match case.closed_at {
        Some(_) => Err(StoreError::Conflict(Conflict::CaseClosed)),
        None => Ok(()),
    }
}

/// Loads a case, and checks that `who` may do `action` in it.
async fn case_for(
    transaction: &DatabaseTransaction,
    who: &StaffMember,
    id: Uuid,
    action: CaseAction,
) -> Result<cases::Model, StoreError> {
    let found = case(transaction, id).await?;
    match CaseParty::of(who.role, owner(&found) == who.id).may(action) {
        true => Ok(found),
        false => Err(StoreError::Conflict(Conflict::NotCaseOwner)),
    }
}

/// Returns the owner of a case: the member of staff who took it over last or, if nobody did, who formed it.
fn owner(case: &cases::Model) -> Uuid {
    case.owner.unwrap_or(case.formed_by)
}

async fn ties(
    connection: &impl ConnectionTrait,
    case: Uuid,
) -> Result<Vec<case_contacts::Model>, StoreError> {
    let found = case_contacts::Entity::find().filter(case_contacts::Column::CaseId.eq(case));
    Ok(found.all(connection).await?)
}

//! Erasing the data about a person from cases and saved views.

use std::collections::BTreeSet;

use hotline_core::{staff::preferences::Preferences, text::fold::words};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter,
};
use uuid::Uuid;

use super::forget_reasons;
use crate::{
    cases::Details,
    db::{
        entity::{case_contacts, case_entries, case_versions, cases, holds, referrals, staff},
        store::Store,
    },
    error::{Conflict, StoreError},
    sealing::bodies::ContactContent,
};

impl Store {
    /// Erases the texts of every case that a contact belongs to: the summary, the referrals, the additions and all earlier versions. Also erases the key
    /// that encrypted these texts. The case keeps its number, kind, institution and days, because figures of the statistics depend on them.
    ///
    /// Open cases are only erased if `also_open` is `true`.
    ///
    /// # Errors
    /// Returns [`Conflict::CaseOpen`] if one of these cases is still open.
    pub(super) async fn erase_cases(
        &self,
        transaction: &DatabaseTransaction,
        contact: Uuid,
        also_open: bool,
    ) -> Result<(), StoreError> {
        let links = case_contacts::Entity::find()
            .filter(case_contacts::Column::ContactId.eq(contact))
            .all(transaction)
            .await?;
        let all = cases::Entity::find()
            .filter(cases::Column::Id.is_in(links.iter().map(|link| link.case_id)))
            .all(transaction)
            .await?;
        for case in all {
            if case.closed_at.is_none() && !also_open {
                return Err(StoreError::Conflict(Conflict::CaseOpen));
            }
            self.erase_case(transaction, case).await?;
        }
        Ok(())
    }

    async fn erase_case(
        &self,
        transaction: &DatabaseTransaction,
        case: cases::Model,
    ) -> Result<(), StoreError> {
        case_versions::Entity::delete_many()
            .filter(case_versions::Column::CaseId.eq(case.id))
            .exec(transaction)
            .await?;
        case_entries::Entity::delete_many()
            .filter(case_entries::Column::CaseId.eq(case.id))
            .exec(transaction)
            .await?;
        forget_reasons(transaction, holds::Column::CaseId.eq(case.id)).await?;
        let emptied = self.with_new_key(case)?;
        let sent = referrals::Entity::find()
            .filter(referrals::Column::CaseId.eq(emptied.id))
            .all(transaction)
            .await?;
        for referral in sent {
            let details = Details {
                sent_on: referral.sent_on.as_deref().and_then(|day| day.parse().ok()),
                ..Details::default()
            };
            referrals::ActiveModel {
                id: Unchanged(referral.id),
                details: Set(self.seal_details(&emptied, referral.id, &details)?),
                ..Default::default()
            }
            .update(transaction)
            .await?;
        }
        cases::ActiveModel {
            id: Unchanged(emptied.id),
            data_key: Set(emptied.data_key),
            summary: Set(emptied.summary),
            ..Default::default()
        }
        .update(transaction)
        .await?;
        Ok(())
    }

    /// Deletes the saved inbox views whose names consist only of words from the contact's name, identifier, reply address or subject. The
    /// names of views are not encrypted, so they would otherwise remain readable.
    pub(super) async fn forget_saved_views(
        &self,
        transaction: &DatabaseTransaction,
        card: &ContactContent,
    ) -> Result<(), StoreError> {
        let about = [&card.name, &card.identifier, &card.answer_to, &card.subject];
        let about: BTreeSet<String> = about.into_iter().flatten().flat_map(|text| words(text)).collect();
        for row in staff::Entity::find().all(transaction).await? {
            let mut preferences: Preferences = serde_json::from_str(&row.preferences).unwrap_or_default();
            let count = preferences.saved.len();
            preferences.saved.retain(|view| {
                let name = words(&view.name);
                name.is_empty() || !name.iter().all(|word| about.contains(word))
            });
            if preferences.saved.len() == count {
                continue;
            }
            staff::ActiveModel {
                id: Unchanged(row.id),
                preferences: Set(serde_json::to_string(&preferences).unwrap_or_default()),
                ..Default::default()
            }
            .update(transaction)
            .await?;
        }
        Ok(())
    }
}

//! Reading cases: one case in full, and lists of cases.

use chrono::{DateTime, NaiveDate, Utc};
use hotline_core::{identifiers::reference::Reference, time::period::Period};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    cases::{
        CaseEntry, ReferralRecord, details_place, entry_place, owner,
        record::{deadlines_of, record_of},
        ties, version_place,
    },
    db::{
        contact_row::reference_of,
        entity::{case_contacts, case_entries, case_versions, cases, contacts, referrals},
        store::{Store, time},
    },
    error::StoreError,
    inbox::list::name_of,
    sealing::{
        bodies::{first_words, unseal},
        keys::DataKey,
    },
    staff::accounts::StaffMember,
};

/// A contact of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseContact {
    /// The reference of the contact.
    pub reference: Reference,
    /// The channel of the contact.
    pub channel: String,
    /// The local day on which the contact was registered, as `YYYY-MM-DD`.
    pub day: String,
}

/// A case with its contacts, referrals and earlier texts.
pub struct Case {
    /// The id of the case.
    pub id: Uuid,
    /// Sequence number of the case within its year.
    pub number: i32,
    /// The year in which the case was formed.
    pub year: i32,
    /// `true` if the case was forwarded to an institution; `false` if it is advisory, that is, without a confirmed referral.
    pub forwarded: bool,
    /// The display name of the member of staff who formed the case.
    pub formed_by: Option<String>,
    /// Id and display name of the owner: the member of staff who took the case over last or, if nobody did, who formed it.
    pub owner: (Uuid, String),
    /// When the case was formed.
    pub formed_at: DateTime<Utc>,
    /// When the case was closed. `None` while it is open.
    pub closed_at: Option<DateTime<Utc>>,
    /// Summary written by the counsellors.
    pub summary: String,
    /// The contacts in the case.
    pub contacts: Vec<CaseContact>,
    /// Referrals of the case to institutions.
    pub referrals: Vec<Referral>,
    /// Texts that staff added to the case, oldest first.
    pub entries: Vec<CaseEntry>,
    /// Earlier texts of the case and its referrals, oldest first.
    pub versions: Vec<CaseVersion>,
}

/// An earlier text of a case or of one of its referrals.
pub struct CaseVersion {
    /// When the text was changed or withdrawn.
    pub at: DateTime<Utc>,
    /// The display name of the member of staff who changed or withdrew the text.
    pub by: String,
    /// The referral to which the text belonged. `None` if the text was the summary of the case.
    pub referral: Option<Uuid>,
    /// The earlier text.
    pub text: String,
}

/// A proposed or confirmed referral of a case to an institution.
pub struct Referral {
    /// The id of the referral.
    pub id: Uuid,
    /// Id of the institution in the classification scheme.
    pub institution: String,
    /// Id and display name of the member of staff who proposed the referral.
    pub proposed_by: (Uuid, String),
    /// When the referral was proposed.
    pub proposed_at: DateTime<Utc>,
    /// The display name of the member of staff who confirmed the referral. `None` if it is not confirmed.
    pub confirmed_by: Option<String>,
    /// When the referral was confirmed. `None` if it is not confirmed.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// When the referral was last changed, in microseconds since 1970. Every change increases the value, so it also serves as a version
    /// number.
    pub changed: i64,
    /// The display name of the member of staff who returned the referral for changes, and when. `None` if it was not returned, or was
    /// changed since.
    pub returned: Option<(String, DateTime<Utc>)>,
    /// The texts, the deadlines and the outcome.
    pub record: ReferralRecord,
    /// Whether the answer of the institution is late.
    pub overdue: bool,
}

/// The details of a referral: the legal basis, the information sent, and the outcome.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Details {
    /// Legal basis of the referral.
    pub basis: String,
    /// Description of the information sent to the institution.
    pub sent: String,
    /// Day on which the referral was sent. `None` if the day is not entered.
    pub sent_on: Option<NaiveDate>,
    /// Reference number assigned by the institution.
    pub number: String,
    /// The outcome of the referral in words.
    pub outcome: String,
    /// The summary of the case as it was when the referral was confirmed. Empty before that.
    pub summary: String,
}

impl Details {
    /// Returns the details that are not empty, each on its own line.
    pub(crate) fn to_text(&self) -> String {
        let sent_on = self.sent_on.map(|day| day.to_string()).unwrap_or_default();
        [&self.basis, &self.sent, &sent_on, &self.number, &self.outcome]
            .into_iter()
            .filter(|text| !text.trim().is_empty())
            .cloned()
            .collect::<Vec<_>>()
            .join("\n")
    }
}

/// A filter for the list of cases. The default selects all cases.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CasesOf {
    /// Selects the cases that were formed in this period.
    pub period: Period,
    /// `true` selects forwarded cases, `false` selects advisory cases, and `None` selects both.
    pub forwarded: Option<bool>,
    /// Selects the cases whose first confirmed referral went to this institution. `None` selects all cases.
    pub institution: Option<String>,
}

/// One row of the list of cases.
pub struct CaseRow {
    /// The id of the case.
    pub id: Uuid,
    /// Sequence number of the case within its year.
    pub number: i32,
    /// The year in which the case was formed.
    pub year: i32,
    /// Whether the case was forwarded.
    pub forwarded: bool,
    /// When the case was formed.
    pub formed_at: DateTime<Utc>,
    /// When the case was closed. `None` while it is open.
    pub closed_at: Option<DateTime<Utc>>,
    /// The first words of the summary.
    pub summary: String,
    /// Whether the case has a referral that a second member of staff has not yet confirmed.
    pub to_confirm: bool,
    /// The earliest day on which an answer is due, among the referrals for which staff wait for an answer. `None` if there is none.
    pub answer_due: Option<NaiveDate>,
    /// Whether such an answer is late.
    pub overdue: bool,
}

impl Store {
    /// Loads a case with its contacts, referrals and earlier texts. Returns `None` if the case does not exist.
    ///
    /// # Errors
    /// Fails if a database query fails or if an encrypted (sealed) value cannot be decrypted.
    pub async fn case(&self, id: Uuid) -> Result<Option<Case>, StoreError> {
        let Some(row) = cases::Entity::find_by_id(id).one(&self.reading).await? else {
            return Ok(None);
        };
        let names = self.names().await?;
        let key = self.case_key(&row)?;
        let ties = ties(&self.reading, id).await?;
        let mut of = contacts::Entity::find()
            .filter(contacts::Column::Id.is_in(ties.iter().map(|tie| tie.contact_id)))
            .all(&self.reading)
            .await?;
        of.sort_by_key(|contact| contact.opened_at);
        let found = referrals::Entity::find()
            .filter(referrals::Column::CaseId.eq(id))
            .order_by_asc(referrals::Column::ProposedAt)
            .all(&self.reading)
            .await?;
        let mut all = Vec::with_capacity(found.len());
        for one in found {
            let name = |id| name_of(&names, id).unwrap_or_default();
            let details = unseal(&key, &details_place(one.id), &one.details)?;
            let record = record_of(&one, details);
            let awaited = one.confirmed_at.is_some() && record.outcome.is_none();
            all.push(Referral {
                overdue: awaited && record.deadlines.is_overdue(self.today()),
                record,
                returned: one.returned_by.map(name).zip(one.returned_at.map(time)),
                id: one.id,
                institution: one.institution,
                proposed_by: (one.proposed_by, name(one.proposed_by)),
                proposed_at: time(one.proposed_at),
                confirmed_by: one.confirmed_by.map(name),
                confirmed_at: one.confirmed_at.map(time),
                changed: one.changed_at,
            });
        }
        let found = case_versions::Entity::find()
            .filter(case_versions::Column::CaseId.eq(id))
            .order_by_asc(case_versions::Column::At)
            .order_by_asc(case_versions::Column::Id)
            .all(&self.reading)
            .await?;
        let mut versions = Vec::with_capacity(found.len());
        for one in found {
            versions.push(CaseVersion {
                at: time(one.at),
                by: name_of(&names, one.by).unwrap_or_default(),
                referral: one.referral_id,
                text: unseal(&key, &version_place(one.id), &one.text)?,
            });
        }
        let owned_by = owner(&row);
        Ok(Some(Case {
            id,
            versions,
            entries: self.case_entries(&key, id, &names).await?,
            owner: (owned_by, name_of(&names, owned_by).unwrap_or_default()),
            number: row.number,
            year: row.year,
            forwarded: row.kind == "forwarded",
            formed_by: name_of(&names, row.formed_by),
            formed_at: time(row.formed_at),
            closed_at: row.closed_at.map(time),
            summary: self.summary(&key, &row)?,
            contacts: of
                .iter()
                .map(|contact| CaseContact {
                    reference: reference_of(contact),
                    channel: contact.channel.clone(),
                    day: contact.day.clone(),
                })
                .collect(),
            referrals: all,
        }))
    }

    /// Loads a case without the contacts that `who` may not read.
    ///
    /// # Errors
    /// As [`Store::case`].
    pub async fn case_for(&self, who: &StaffMember, id: Uuid) -> Result<Option<Case>, StoreError> {
        let Some(mut case) = self.case(id).await? else {
            return Ok(None);
        };
        if let Some(sight) = self.sight_of(who).await? {
            let all = case.contacts.iter().map(|contact| contact.reference);
            let readable = self.readable_among(&sight, all.collect::<Vec<_>>()).await?;
            case.contacts
                .retain(|contact| readable.contains(&contact.reference));
        }
        Ok(Some(case))
    }

    /// Loads the texts that staff added to a case, oldest first.
    async fn case_entries(
        &self,
        key: &DataKey,
        case: Uuid,
        names: &[(Uuid, String)],
    ) -> Result<Vec<CaseEntry>, StoreError> {
        let found = case_entries::Entity::find()
            .filter(case_entries::Column::CaseId.eq(case))
            .order_by_asc(case_entries::Column::At)
            .order_by_asc(case_entries::Column::Id)
            .all(&self.reading)
            .await?;
        let entries = found.into_iter().map(|one| {
            Ok(CaseEntry {
                kind: one.kind,
                referral: one.referral_id,
                by: name_of(names, one.by).unwrap_or_default(),
                at: time(one.at),
                text: unseal(key, &entry_place(one.id), &one.text)?,
            })
        });
        entries.collect()
    }

    /// Returns at most `most` matching cases that `who` may read, newest first, and the number of all matching cases.
    ///
    /// # Errors
    /// Fails if a database query fails or if an encrypted (sealed) value cannot be decrypted.
    pub async fn cases(
        &self,
        who: &StaffMember,
        of: &CasesOf,
        most: u64,
    ) -> Result<(Vec<CaseRow>, u64), StoreError> {
        let mut query = cases::Entity::find();
        if let Some(sight) = self.sight_of(who).await? {
            query = query.filter(sight.condition_of_cases());
        }
        if let Some(from) = of.period.from {
            query = query.filter(cases::Column::Day.gte(from.to_string()));
        }
        if let Some(to) = of.period.to {
            query = query.filter(cases::Column::Day.lte(to.to_string()));
        }
        // A case is forwarded if and only if its row names an institution. The statistics use the same rule.
        query = match of.forwarded {
            Some(true) => query.filter(cases::Column::Institution.is_not_null()),
            Some(false) => query.filter(cases::Column::Institution.is_null()),
            None => query,
        };
        if let Some(institution) = &of.institution {
            query = query.filter(cases::Column::Institution.eq(institution));
        }
        let count = query.clone().count(&self.reading).await?;
        let rows = query
            .order_by_desc(cases::Column::FormedAt)
            .limit(most)
            .all(&self.reading)
            .await?;
        Ok((self.case_rows(rows).await?, count))
    }

    /// Returns the cases that a contact belongs to, oldest first.
    pub(crate) async fn cases_of(&self, contact: Uuid) -> Result<Vec<CaseRow>, StoreError> {
        let ties = case_contacts::Entity::find()
            .filter(case_contacts::Column::ContactId.eq(contact))
            .all(&self.reading)
            .await?;
        let rows = cases::Entity::find()
            .filter(cases::Column::Id.is_in(ties.iter().map(|tie| tie.case_id)))
            .order_by_asc(cases::Column::FormedAt)
            .all(&self.reading)
            .await?;
        self.case_rows(rows).await
    }

    pub(crate) async fn case_rows(&self, rows: Vec<cases::Model>) -> Result<Vec<CaseRow>, StoreError> {
        let awaited = referrals::Entity::find()
            .filter(referrals::Column::Outcome.is_null())
            .filter(referrals::Column::CaseId.is_in(rows.iter().map(|row| row.id)))
            .all(&self.reading)
            .await?;
        let today = self.today();
        rows.into_iter()
            .map(|row| {
                let of_case = || awaited.iter().filter(|one| one.case_id == row.id);
                let confirmed = of_case().filter(|one| one.confirmed_at.is_some());
                let answer_due = confirmed.filter_map(|one| deadlines_of(one).due_on).min();
                let summary = self.summary(&self.case_key(&row)?, &row)?;
                Ok(CaseRow {
                    id: row.id,
                    number: row.number,
                    year: row.year,
                    forwarded: row.kind == "forwarded",
                    formed_at: time(row.formed_at),
                    closed_at: row.closed_at.map(time),
                    summary: first_words(&summary),
                    to_confirm: of_case().any(|one| one.confirmed_at.is_none() && one.returned_at.is_none()),
                    answer_due,
                    overdue: answer_due.is_some_and(|due| due < today),
                })
            })
            .collect()
    }
}

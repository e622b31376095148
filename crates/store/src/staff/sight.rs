//! Which contacts and cases a counsellor may read, if `accounts.counsellors_see` limits that to the own team.

use std::collections::HashSet;

use hotline_core::{
    contact::lifecycle::Status,
    identifiers::reference::Reference,
    routing::skills::DANGER,
    staff::{factors::CounsellorsSee, rights::Role},
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait, sea_query::Expr};
use uuid::Uuid;

use crate::{
    db::{
        contact_row::reference_of,
        entity::{case_contacts, cases, contacts, offers, staff},
        store::Store,
    },
    error::StoreError,
    staff::accounts::{StaffMember, person},
};

/// What a counsellor may read: own contacts, those of the own team, open ones that belong to nobody or are in danger, and those on offer.
pub(crate) struct Sight {
    me: Uuid,
    team: Option<String>,
    /// The contacts on offer to the counsellor.
    offered: Vec<Uuid>,
}

/// The properties of a contact that decide who may read it.
pub(crate) struct Sighted<'a> {
    pub id: Uuid,
    pub assignee: Option<Uuid>,
    pub team: Option<&'a str>,
    pub status: Status,
    pub urgency: i16,
}

impl<'a> From<&'a contacts::Model> for Sighted<'a> {
    fn from(contact: &'a contacts::Model) -> Self {
        Self {
            id: contact.id,
            assignee: contact.assignee,
            team: contact.team.as_deref(),
            status: contact.status.0,
            urgency: contact.urgency,
        }
    }
}

impl Sight {
    /// Returns whether the counsellor may read a contact.
    pub(crate) fn covers<'a>(&self, contact: impl Into<Sighted<'a>>) -> bool {
        let contact = contact.into();
        let is_open = contact.status != Status::Closed;
        let belongs_to_nobody = contact.assignee.is_none() && contact.team.is_none();
        contact.assignee == Some(self.me)
            || (self.team.is_some() && contact.team == self.team.as_deref())
            || (is_open && (belongs_to_nobody || contact.urgency >= DANGER))
            || self.offered.contains(&contact.id)
    }

    /// Returns the same rule as a condition on the table of contacts.
    pub(crate) fn condition(&self) -> Condition {
        use contacts::Column;
        let nobody = Condition::all()
            .add(Column::Assignee.is_null())
            .add(Column::Team.is_null());
        let open = Condition::all()
            .add(Expr::cust("status <> 'closed'"))
            .add(Condition::any().add(nobody).add(Column::Urgency.gte(DANGER)));
        let team = self.team.as_ref().map(|team| Column::Team.eq(team));
        let offered = Some(&self.offered).filter(|offered| !offered.is_empty());
        Condition::any()
            .add(Column::Assignee.eq(self.me))
            .add_option(team)
            .add(open)
            .add_option(offered.map(|offered| Column::Id.is_in(offered.iter().copied())))
    }

    /// Returns the rule for cases as a condition on their table: own cases, and those with a contact that the counsellor may read.
    pub(crate) fn condition_of_cases(&self) -> Condition {
        let readable = contacts::Entity::find()
            .select_only()
            .column(contacts::Column::Id)
            .filter(self.condition());
        let with_readable = case_contacts::Entity::find()
            .select_only()
            .column(case_contacts::Column::CaseId)
            .filter(case_contacts::Column::ContactId.in_subquery(readable.into_query()));
        Condition::any()
            .add(is_own(self.me))
            .add(cases::Column::Id.in_subquery(with_readable.into_query()))
    }
}

/// Returns the condition for the cases of which an account is the owner.
fn is_own(me: Uuid) -> Condition {
    let formed = Condition::all()
        .add(cases::Column::Owner.is_null())
        .add(cases::Column::FormedBy.eq(me));
    Condition::any().add(cases::Column::Owner.eq(me)).add(formed)
}

impl Store {
    /// Returns what a member of staff may read; `None`: everything that the role permits.
    pub(crate) async fn sight_of(&self, who: &StaffMember) -> Result<Option<Sight>, StoreError> {
        match self.accounts.counsellors_see {
            CounsellorsSee::OwnTeam if who.role == Role::Counsellor => {}
            CounsellorsSee::OwnTeam | CounsellorsSee::All => return Ok(None),
        }
        let offered: Vec<Uuid> = offers::Entity::find()
            .select_only()
            .column(offers::Column::ContactId)
            .filter(offers::Column::StaffId.eq(who.id))
            .filter(offers::Column::Open.eq(true))
            .into_tuple()
            .all(&self.reading)
            .await?;
        Ok(Some(Sight {
            me: who.id,
            team: who.team.clone(),
            offered,
        }))
    }

    /// As [`Store::sight_of`], for the account with this id.
    pub(crate) async fn sight_of_account(&self, id: Uuid) -> Result<Option<Sight>, StoreError> {
        if self.accounts.counsellors_see == CounsellorsSee::All {
            return Ok(None);
        }
        let row = staff::Entity::find_by_id(id).one(&self.reading).await?;
        match row.and_then(person) {
            Some(who) => self.sight_of(&who).await,
            None => Ok(None),
        }
    }

    /// Returns those of the contacts that a limited member of staff may read.
    pub(crate) async fn readable_among(
        &self,
        sight: &Sight,
        references: impl IntoIterator<Item = Reference>,
    ) -> Result<HashSet<Reference>, StoreError> {
        let numbers = references.into_iter().map(|one| i64::try_from(one.number()));
        let numbers: Vec<i64> = numbers.filter_map(Result::ok).collect();
        let found = contacts::Entity::find()
            .filter(contacts::Column::Reference.is_in(numbers))
            .filter(sight.condition())
            .all(&self.reading)
            .await?;
        Ok(found.iter().map(reference_of).collect())
    }

    /// Returns whether a member of staff is limited to some contacts.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn is_limited(&self, who: &StaffMember) -> Result<bool, StoreError> {
        Ok(self.sight_of(who).await?.is_some())
    }

    /// Returns whether a member of staff may read a contact. A limited member of staff cannot tell one that does not exist from others.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn may_read_contact(
        &self,
        who: &StaffMember,
        reference: Reference,
    ) -> Result<bool, StoreError> {
        let Some(sight) = self.sight_of(who).await? else {
            return Ok(true);
        };
        let found = contacts::Entity::find()
            .filter(contacts::Column::Reference.eq(reference.number()))
            .one(&self.reading)
            .await?;
        Ok(found.as_ref().is_some_and(|contact| sight.covers(contact)))
    }

    /// Returns whether a member of staff may read a case. A limited member of staff cannot tell one that does not exist from others.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn may_read_case(&self, who: &StaffMember, id: Uuid) -> Result<bool, StoreError> {
        let Some(sight) = self.sight_of(who).await? else {
            return Ok(true);
        };
        let found = cases::Entity::find_by_id(id).filter(sight.condition_of_cases());
        Ok(found.one(&self.reading).await?.is_some())
    }
}

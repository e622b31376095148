//! Which closed contacts are due, and on which day.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{Days, NaiveDate};
use hotline_core::{
    contact::{
        classification::{Answers, KIND},
        lifecycle::{Marking, Status},
    },
    identifiers::reference::Reference,
    retention::{CaseFacts, ContactFacts, Decision, Hold, RetentionRules, RetentionSettings, months_before},
    time::clock,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect, Select,
};
use uuid::Uuid;

use crate::{
    contacts::holds::open_holds,
    db::{
        entity::{case_contacts, cases, contacts, records},
        store::{Store, time},
        stored::Stored,
    },
    error::{StoreError, unreadable},
    statistics::counts::AT_ONCE,
};

/// The number of contacts that one query reads.
const CHUNK: usize = 200;

/// A contact that the rules erase on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueContact {
    /// The reference of the contact.
    pub reference: Reference,
    /// The first day on which the contact may be erased.
    pub on: NaiveDate,
    /// The rule, as the protocol states it.
    pub rule: String,
}

/// The columns of a contact that the rules depend on.
#[derive(Debug, Clone, FromQueryResult)]
pub(crate) struct ClosedContact {
    pub id: Uuid,
    pub reference: i64,
    status: Stored<Status>,
    marking: Option<Stored<Marking>>,
    pub closed_at: Option<i64>,
}

/// What the rules depend on: the contact, and its cases with their other contacts.
struct Facts {
    contact: ContactFacts,
    cases: Vec<CaseFacts>,
}

impl Store {
    /// Returns the settings of retention.
    #[must_use]
    pub const fn retention_settings(&self) -> &RetentionSettings {
        &self.retention
    }

    /// Returns the contacts that are due on or before a day, by the day on which each becomes due. Reads each closed contact that is older
    /// than the shortest rule and not erased.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn due_contacts(&self, day: NaiveDate) -> Result<Vec<DueContact>, StoreError> {
        let rules = self.retention.rules();
        let mut due = Vec::new();
        let mut after = None;
        loop {
            let some = self.closed_contacts(&rules, day, after).await?;
            due.extend(self.due_of(&self.reading, &rules, day, &some).await?);
            after = some.last().and_then(|last| Some((last.closed_at?, last.id)));
            if some.len() < CHUNK {
                break;
            }
        }
        due.sort_by_key(|one: &DueContact| (one.on, one.reference.number()));
        Ok(due)
    }

    /// Returns the next closed contacts after the position `after` that a rule could make due on or before `day`, in the order of closing.
    pub(crate) async fn closed_contacts(
        &self,
        rules: &RetentionRules,
        day: NaiveDate,
        after: Option<(i64, Uuid)>,
    ) -> Result<Vec<ClosedContact>, StoreError> {
        let Some(months) = rules.fewest_months() else {
            return Ok(Vec::new());
        };
        // A month can be three days shorter than the next one, so a contact that was closed up to three days later may be due too.
        let last = months_before(day, months).and_then(|last| last.checked_add_days(Days::new(4)));
        let Some(last) = last else {
            return Ok(Vec::new());
        };
        let limit = clock::start_of_day(last, self.zone).timestamp_micros();
        let position = after.map(|(at, id)| {
            let same = Condition::all()
                .add(contacts::Column::ClosedAt.eq(at))
                .add(contacts::Column::Id.gt(id));
            let later = Condition::any().add(contacts::Column::ClosedAt.gt(at)).add(same);
            Condition::all()
                .add(contacts::Column::ClosedAt.gte(at))
                .add(later)
        });
        let rows = columns(contacts::Entity::find())
            .filter(contacts::Column::ClosedAt.is_not_null())
            .filter(contacts::Column::DataKey.is_not_null())
            .filter(contacts::Column::ClosedAt.lt(limit))
            .filter(Condition::all().add_option(position))
            .order_by_asc(contacts::Column::ClosedAt)
            .order_by_asc(contacts::Column::Id)
            .limit(u64::try_from(CHUNK).unwrap_or(1))
            .into_model()
            .all(&self.reading)
            .await?;
        Ok(rows)
    }

    /// Returns those of some contacts that are due on or before a day.
    pub(crate) async fn due_of(
        &self,
        connection: &impl ConnectionTrait,
        rules: &RetentionRules,
        day: NaiveDate,
        some: &[ClosedContact],
    ) -> Result<Vec<DueContact>, StoreError> {
        let facts = self.retention_facts(connection, some).await?;
        let due = some.iter().filter_map(|contact| {
            let facts = facts.get(&contact.id)?;
            match rules.decide(&facts.contact, &facts.cases) {
                Decision::Due { on, rule } if on <= day => Some(DueContact {
                    reference: Reference::from_number(u64::try_from(contact.reference).unwrap_or_default()),
                    on,
                    rule: rule.to_string(),
                }),
                Decision::Due { .. } | Decision::Kept(_) => None,
            }
        });
        Ok(due.collect())
    }

    /// Returns the rule by which a locked contact is due on or before a day.
    pub(crate) async fn due_rule(
        &self,
        connection: &impl ConnectionTrait,
        rules: &RetentionRules,
        day: NaiveDate,
        contact: &contacts::Model,
    ) -> Result<Option<String>, StoreError> {
        let row = ClosedContact {
            id: contact.id,
            reference: contact.reference,
            status: contact.status,
            marking: contact.marking,
            closed_at: contact.closed_at,
        };
        let due = self.due_of(connection, rules, day, &[row]).await?;
        Ok(due.into_iter().next().map(|due| due.rule))
    }

    /// Loads what the rules depend on, for at most [`CHUNK`] contacts.
    async fn retention_facts(
        &self,
        connection: &impl ConnectionTrait,
        some: &[ClosedContact],
    ) -> Result<HashMap<Uuid, Facts>, StoreError> {
        if some.is_empty() {
            return Ok(HashMap::new());
        }
        let links = case_contacts::Entity::find()
            .filter(case_contacts::Column::ContactId.is_in(some.iter().map(|one| one.id)))
            .all(connection)
            .await?;
        let case_ids: BTreeSet<Uuid> = links.iter().map(|link| link.case_id).collect();
        let case_ids: Vec<Uuid> = case_ids.into_iter().collect();
        let mut of_cases = Vec::new();
        let mut members = Vec::new();
        for ids in case_ids.chunks(AT_ONCE) {
            let found = cases::Entity::find().filter(cases::Column::Id.is_in(ids.iter().copied()));
            of_cases.extend(found.all(connection).await?);
            let found = case_contacts::Entity::find()
                .filter(case_contacts::Column::CaseId.is_in(ids.iter().copied()));
            members.extend(found.all(connection).await?);
        }
        let mut all: BTreeMap<Uuid, ClosedContact> = some.iter().map(|one| (one.id, one.clone())).collect();
        let others: Vec<Uuid> = members
            .iter()
            .map(|link| link.contact_id)
            .filter(|id| !all.contains_key(id))
            .collect();
        for ids in others.chunks(AT_ONCE) {
            let found: Vec<ClosedContact> = columns(contacts::Entity::find())
                .filter(contacts::Column::Id.is_in(ids.iter().copied()))
                .filter(contacts::Column::DataKey.is_not_null())
                .into_model()
                .all(connection)
                .await?;
            all.extend(found.into_iter().map(|one| (one.id, one)));
        }
        let ids: Vec<Uuid> = all.keys().copied().collect();
        let kinds = kinds_of(connection, &ids).await?;
        let (on_contacts, on_cases) = open_holds(connection, &ids, &case_ids).await?;
        let holds_of = |holds: &[(Uuid, Hold)], id: Uuid| -> Vec<Hold> {
            let own = holds.iter().filter(|(of, _)| *of == id);
            own.map(|(_, hold)| *hold).collect()
        };
        let facts: HashMap<Uuid, ContactFacts> = all
            .values()
            .map(|contact| {
                let marking = contact.marking.map(|marking| marking.0);
                let marked = marking.filter(|marking| marking.closes()).map(Marking::as_str);
                let facts = ContactFacts {
                    closed_on: match contact.status.0.is_open() {
                        true => None,
                        false => contact.closed_at.map(|at| clock::day_of(time(at), self.zone)),
                    },
                    kind: marked
                        .map(str::to_owned)
                        .or_else(|| kinds.get(&contact.id).cloned()),
                    holds: holds_of(&on_contacts, contact.id),
                };
                (contact.id, facts)
            })
            .collect();
        let case_facts: HashMap<Uuid, CaseFacts> = of_cases
            .iter()
            .map(|case| {
                let own = members.iter().filter(|link| link.case_id == case.id);
                let facts = CaseFacts {
                    closed_on: case.closed_at.map(|at| clock::day_of(time(at), self.zone)),
                    forwarded: case.institution.is_some(),
                    holds: holds_of(&on_cases, case.id),
                    contacts: own
                        .filter_map(|link| facts.get(&link.contact_id).cloned())
                        .collect(),
                };
                (case.id, facts)
            })
            .collect();
        let found = some.iter().filter_map(|one| {
            let own = links.iter().filter(|link| link.contact_id == one.id);
            let facts = Facts {
                contact: facts.get(&one.id)?.clone(),
                cases: own
                    .filter_map(|link| case_facts.get(&link.case_id).cloned())
                    .collect(),
            };
            Some((one.id, facts))
        });
        Ok(found.collect())
    }
}

/// Selects the columns of [`ClosedContact`].
fn columns(query: Select<contacts::Entity>) -> Select<contacts::Entity> {
    query.select_only().columns([
        contacts::Column::Id,
        contacts::Column::Reference,
        contacts::Column::Status,
        contacts::Column::Marking,
        contacts::Column::ClosedAt,
    ])
}

/// Returns the kind of each classified contact.
async fn kinds_of(
    connection: &impl ConnectionTrait,
    contact_ids: &[Uuid],
) -> Result<HashMap<Uuid, String>, StoreError> {
    let mut kinds = HashMap::new();
    for ids in contact_ids.chunks(AT_ONCE) {
        let rows: Vec<(Uuid, String)> = records::Entity::find()
            .select_only()
            .columns([records::Column::ContactId, records::Column::Answers])
            .filter(records::Column::ContactId.is_in(ids.iter().copied()))
            .into_tuple()
            .all(connection)
            .await?;
        for (contact, answers) in rows {
            let answers: Answers = serde_json::from_str(&answers).map_err(unreadable)?;
            let kind = answers.get(KIND).and_then(|kinds| kinds.first().cloned());
            kinds.extend(kind.map(|kind| (contact, kind)));
        }
    }
    Ok(kinds)
}

//! How much each member of staff read in the last 24 hours, by the audit.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use hotline_core::{
    identifiers::reference::Reference,
    staff::{
        audit::AuditAction,
        reading::{Reading, Unusual, unusual, usual_contacts},
    },
    time::shifts::ShiftPlan,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::{
    db::{
        entity::{audit, contacts, events},
        store::{Store, time},
    },
    error::StoreError,
    staff::accounts::StaffMember,
    statistics::counts::AT_ONCE,
};

/// The number of earlier days from which the usual number of contacts is computed.
const EARLIER_DAYS: usize = 14;

/// The actions of the audit that read.
const READING: [AuditAction; 6] = [
    AuditAction::OpenContact,
    AuditAction::Search,
    AuditAction::Reveal,
    AuditAction::Attachment,
    AuditAction::Look,
    AuditAction::Source,
];

/// What a member of staff read in the last 24 hours.
pub struct StaffReading {
    /// The member of staff.
    pub member: StaffMember,
    /// What was read.
    pub reading: Reading,
    /// The number of contacts on a usual day. `None` if there are too few earlier days.
    pub usual_contacts: Option<usize>,
    /// What is unusual about it.
    pub unusual: Vec<Unusual>,
}

/// The entries of one member of staff.
#[derive(Default)]
struct Entries {
    /// The contacts of the last 24 hours, each with the time of its first opening.
    contacts: HashMap<u64, DateTime<Utc>>,
    /// The contacts of each earlier day.
    earlier: [HashSet<u64>; EARLIER_DAYS],
    searches: usize,
    reveals: HashSet<String>,
    files: usize,
}

impl Store {
    /// Returns what each member of staff read in the last 24 hours, unusual readings first. Leaves out members of staff who read nothing.
    ///
    /// # Errors
    /// Fails if a database query fails.
    pub async fn readings(&self) -> Result<Vec<StaffReading>, StoreError> {
        let now = self.clock.now();
        let mut entries = self.reading_entries(now).await?;
        let opened: HashSet<u64> = entries
            .values()
            .flat_map(|one| one.contacts.keys().copied())
            .collect();
        let own = self.workers_of(&opened).await?;
        let plan = self.shift_plan().await?.content.unwrap_or_default();
        let mut readings = Vec::new();
        for member in self.staff().await? {
            let Some(read) = entries.remove(&member.id) else {
                continue;
            };
            let not_own = read.contacts.keys().filter(|contact| {
                let workers = own.get(*contact);
                workers.is_some_and(|workers| !workers.contains(&member.id))
            });
            let reading = Reading {
                contacts: read.contacts.len(),
                not_own: not_own.count(),
                off_shift: self.count_off_shift(&plan, &member, &read, now),
                searches: read.searches,
                reveals: read.reveals.len(),
                files: read.files,
            };
            let usual = usual_contacts(&read.earlier.each_ref().map(HashSet::len));
            let unusual = unusual(&reading, usual, member.role);
            if reading != Reading::default() {
                readings.push(StaffReading {
                    member,
                    reading,
                    usual_contacts: usual,
                    unusual,
                });
            }
        }
        readings.sort_by_key(|one| {
            let rank = std::cmp::Reverse((one.unusual.len(), one.reading.contacts));
            (rank, one.member.name.clone())
        });
        Ok(readings)
    }

    async fn reading_entries(&self, now: DateTime<Utc>) -> Result<HashMap<Uuid, Entries>, StoreError> {
        let days = i64::try_from(EARLIER_DAYS + 1).unwrap_or(i64::MAX);
        let rows: Vec<(Option<Uuid>, i64, String, String)> = audit::Entity::find()
            .select_only()
            .columns([
                audit::Column::Actor,
                audit::Column::At,
                audit::Column::Action,
                audit::Column::Object,
            ])
            .filter(audit::Column::Action.is_in(READING.map(AuditAction::as_str)))
            .filter(audit::Column::At.gt((now - TimeDelta::days(days)).timestamp_micros()))
            .filter(audit::Column::Actor.is_not_null())
            .into_tuple()
            .all(&self.reading)
            .await?;
        let mut all: HashMap<Uuid, Entries> = HashMap::new();
        for (actor, at, action, object) in rows {
            let (Some(actor), Some(action)) = (actor, AuditAction::parse(&action)) else {
                continue;
            };
            let at = time(at);
            let day = usize::try_from((now - at).num_days()).unwrap_or_default();
            let entries = all.entry(actor).or_default();
            // The object of most actions begins with the reference of the contact.
            let contact = object.split(' ').next().unwrap_or_default();
            let number = Reference::parse(contact).ok().map(|reference| reference.number());
            match (action, day, number) {
                (AuditAction::OpenContact, 0, Some(number)) => {
                    let first = entries.contacts.entry(number).or_insert(at);
                    *first = at.min(*first);
                }
                (AuditAction::OpenContact, _, Some(number)) => {
                    if let Some(day) = entries.earlier.get_mut(day - 1) {
                        day.insert(number);
                    }
                }
                (AuditAction::Search, 0, _) => entries.searches += 1,
                (AuditAction::Reveal, 0, _) => {
                    entries.reveals.insert(contact.to_owned());
                }
                (AuditAction::Attachment | AuditAction::Look | AuditAction::Source, 0, _) => {
                    entries.files += 1
                }
                _ => {}
            }
        }
        Ok(all)
    }

    /// Returns the staff who have worked on each of these contacts or are its assignee.
    async fn workers_of(&self, numbers: &HashSet<u64>) -> Result<HashMap<u64, HashSet<Uuid>>, StoreError> {
        let numbers: Vec<u64> = numbers.iter().copied().collect();
        let mut workers: HashMap<u64, HashSet<Uuid>> = HashMap::new();
        for some in numbers.chunks(AT_ONCE) {
            let found: Vec<(Uuid, i64, Option<Uuid>)> = contacts::Entity::find()
                .select_only()
                .columns([
                    contacts::Column::Id,
                    contacts::Column::Reference,
                    contacts::Column::Assignee,
                ])
                .filter(contacts::Column::Reference.is_in(some.iter().copied()))
                .into_tuple()
                .all(&self.reading)
                .await?;
            let done: Vec<(Uuid, Option<Uuid>)> = events::Entity::find()
                .select_only()
                .columns([events::Column::ContactId, events::Column::Actor])
                .filter(events::Column::ContactId.is_in(found.iter().map(|(id, ..)| *id)))
                .filter(events::Column::Actor.is_not_null())
                .distinct()
                .into_tuple()
                .all(&self.reading)
                .await?;
            for (id, number, assignee) in found {
                let actors = done.iter().filter(|(contact, _)| *contact == id);
                let actors = actors.filter_map(|(_, actor)| *actor);
                let number = u64::try_from(number).unwrap_or_default();
                workers.insert(number, actors.chain(assignee).collect());
            }
        }
        Ok(workers)
    }

    /// Counts the contacts that were opened outside the shifts of a member of staff; 0 if the plan has no shift for this member.
    fn count_off_shift(
        &self,
        plan: &ShiftPlan,
        member: &StaffMember,
        read: &Entries,
        now: DateTime<Utc>,
    ) -> usize {
        let (zone, team) = (self.zone, member.team.as_deref());
        let month = now - TimeDelta::days(28);
        if plan.shifts_between(member.id, team, month, now, zone).is_empty() {
            return 0;
        }
        let outside = read
            .contacts
            .values()
            .filter(|at| !plan.is_planned(member.id, team, **at, zone));
        outside.count()
    }
}

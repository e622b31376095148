//! What the inbox lists.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use hotline_core::{
    contact::{Marking, Status},
    job::Delivery,
    reference::Reference,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Select,
    sea_query::{Asterisk, Expr, ExprTrait, Func, Query, SelectStatement},
};
use uuid::Uuid;

use crate::{
    entity::{contacts, events, follows, messages, outbox, staff},
    error::StoreError,
    store::{Store, time},
    thread::Card,
};

/// A reply under way for longer than this, in microseconds, is shown in the list (requirement G11).
const LATE: i64 = 15 * 60 * 1_000_000;

/// A view of the inbox. In those of open contacts the pressing ones stand first, then who waits longest; who was answered stands
/// last. In the others the newest stands first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// What nobody holds.
    Unassigned,
    /// What I hold.
    Mine,
    /// What my team holds, and what was handed over to it.
    Team,
    /// What somebody found urgent.
    Urgent,
    /// Everybody who waits for us.
    Waiting,
    /// Everybody who was answered, and for whom we wait.
    Answered,
    /// What is out of sight for now.
    Snoozed,
    /// What I follow.
    Followed,
    /// What was closed.
    Closed,
    /// What was marked as spam, test or duplicate.
    Marked,
    /// Everything.
    All,
}

impl View {
    /// Every view, as they stand on screen.
    pub const ALL: [Self; 11] = [
        Self::Unassigned,
        Self::Mine,
        Self::Team,
        Self::Urgent,
        Self::Waiting,
        Self::Answered,
        Self::Snoozed,
        Self::Followed,
        Self::Closed,
        Self::Marked,
        Self::All,
    ];

    /// Its name in addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unassigned => "unassigned",
            Self::Mine => "mine",
            Self::Team => "team",
            Self::Urgent => "urgent",
            Self::Waiting => "waiting",
            Self::Answered => "answered",
            Self::Snoozed => "snoozed",
            Self::Followed => "followed",
            Self::Closed => "closed",
            Self::Marked => "marked",
            Self::All => "all",
        }
    }

    /// The view with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|view| view.as_str() == name)
    }

    /// Whether it shows open contacts alone.
    #[must_use]
    pub const fn is_of_open(self) -> bool {
        match self {
            Self::Unassigned | Self::Mine | Self::Team | Self::Urgent | Self::Waiting | Self::Answered | Self::Snoozed => {
                true
            }
            Self::Followed | Self::Closed | Self::Marked | Self::All => false,
        }
    }
}

/// What of a view is shown. Nothing set: all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this channel.
    pub channel: Option<String>,
    /// In this language: its tag.
    pub language: Option<String>,
    /// At least so pressing: 1 urgent, 2 immediate danger.
    pub urgency: Option<i16>,
    /// About this topic: its name in the scheme.
    pub topic: Option<String>,
    /// Held by this counsellor.
    pub holder: Option<Uuid>,
    /// Registered on this day or later.
    pub from: Option<NaiveDate>,
    /// Registered on this day or earlier.
    pub to: Option<NaiveDate>,
}

/// One row of the inbox.
pub struct Row {
    /// The contact's reference.
    pub reference: Reference,
    /// Its line.
    pub line: String,
    /// Its channel.
    pub channel: String,
    /// Where it stands.
    pub status: Status,
    /// Why it left the total, if it did.
    pub marking: Option<Marking>,
    /// Who holds it: the work name.
    pub holder: Option<String>,
    /// The team whose work it is.
    pub team: Option<String>,
    /// Who handed it over to me or to my team, if nothing was done with it since.
    pub handed_by: Option<String>,
    /// How pressing somebody found it: 0 ordinary, 1 urgent, 2 immediate danger.
    pub urgency: i16,
    /// Until when it is out of sight.
    pub snoozed_until: Option<DateTime<Utc>>,
    /// Since when the person waits.
    pub waiting_since: Option<DateTime<Utc>>,
    /// When the person last wrote.
    pub last_in_at: DateTime<Utc>,
    /// The subject and first words. `None` if erased.
    pub card: Option<Card>,
    /// The state of a reply that did not get through: failed, or on its way for longer than a quarter of an hour.
    pub undelivered: Option<Delivery>,
    place: Place,
}

/// Where a page ends, to go on from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    at: i64,
    id: Uuid,
}

impl Place {
    /// As it stands in an address.
    #[must_use]
    pub fn to_text(self) -> String {
        format!("{}.{}", self.at, self.id.simple())
    }

    /// Reads it from an address.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (at, id) = text.split_once('.')?;
        Some(Self {
            at: at.parse().ok()?,
            id: Uuid::try_parse(id).ok()?,
        })
    }
}

/// A page of the inbox.
#[derive(Default)]
pub struct Page {
    /// The rows.
    pub rows: Vec<Row>,
    /// Where the next page begins, if there is one.
    pub next: Option<Place>,
}

impl Store {
    /// How many rows a query has, counted by the database.
    pub(crate) async fn count_rows(&self, rows: SelectStatement) -> Result<u64, StoreError> {
        let count = Query::select()
            .expr_as(Func::count(Expr::col(Asterisk)), "n")
            .from_subquery(rows, "found")
            .to_owned();
        let row = self.reading.query_one(&count).await?;
        let count: i64 = row
            .map(|row| row.try_get("", "n"))
            .transpose()?
            .unwrap_or_default();
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// A page of a view for `me`, from `after` on.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn inbox(
        &self,
        view: View,
        filter: &Filter,
        me: Uuid,
        after: Option<Place>,
        size: u64,
    ) -> Result<Page, StoreError> {
        let descending = !view.is_of_open();
        let (at, id) = (sorted_by(view), contacts::Column::Id);
        let mut query = filtered(self.in_view(view, me), filter);
        query = if descending {
            query.order_by_desc(at.clone()).order_by_desc(id)
        } else {
            query.order_by_asc(at.clone()).order_by_asc(id)
        };
        if let Some(after) = after {
            let (beyond, same) = if descending {
                (at.clone().lt(after.at), id.lt(after.id))
            } else {
                (at.clone().gt(after.at), id.gt(after.id))
            };
            query = query.filter(Condition::any().add(beyond).add(at.eq(after.at).and(same)));
        }
        let mut found = query.limit(size + 1).all(&self.reading).await?;
        let more = found.len() as u64 > size;
        found.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        let names = self.names().await?;
        let undelivered = self.undelivered(&found).await?;
        let handed = self.handed_over(&found, me, &names).await?;
        let rows: Vec<Row> = found
            .into_iter()
            .map(|contact| {
                let undelivered = undelivered.get(&contact.id).copied();
                let handed_by = handed.get(&contact.id).cloned();
                let row = self.row(contact, view, &names, undelivered);
                Row { handed_by, ..row }
            })
            .collect();
        let next = rows.last().filter(|_| more).map(|row| row.place);
        Ok(Page { rows, next })
    }

    /// Of these contacts, those that were handed over to me or to a team, and with which nobody did anything since: by whom.
    async fn handed_over(
        &self,
        found: &[contacts::Model],
        me: Uuid,
        names: &[(Uuid, String)],
    ) -> Result<HashMap<Uuid, String>, StoreError> {
        let to_us = |contact: &&contacts::Model| match contact.holder {
            Some(holder) => holder == me,
            None => contact.team.is_some(),
        };
        let ids: Vec<Uuid> = found.iter().filter(to_us).map(|contact| contact.id).collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let done = events::Entity::find()
            .filter(events::Column::ContactId.is_in(ids))
            .filter(events::Column::Actor.is_not_null())
            .order_by_asc(events::Column::Id)
            .all(&self.reading)
            .await?;
        let newest: HashMap<Uuid, events::Model> =
            done.into_iter().map(|event| (event.contact_id, event)).collect();
        let by = |event: events::Model| name_of(names, event.actor?);
        Ok(newest
            .into_iter()
            .filter(|(_, event)| event.kind == "handed_over")
            .filter_map(|(contact, event)| Some((contact, by(event)?)))
            .collect())
    }

    /// Of these contacts, those with a reply that did not get through.
    pub(crate) async fn undelivered(
        &self,
        found: &[contacts::Model],
    ) -> Result<HashMap<Uuid, Delivery>, StoreError> {
        let mut worst = HashMap::new();
        if found.is_empty() {
            return Ok(worst);
        }
        let late = self.now().saturating_sub(LATE);
        let stuck = [
            Delivery::Queued,
            Delivery::Sending,
            Delivery::Delayed,
            Delivery::Unknown,
        ]
        .map(Delivery::as_str);
        let replies = messages::Entity::find()
            .select_only()
            .column(messages::Column::Id)
            .filter(messages::Column::ContactId.is_in(found.iter().map(|contact| contact.id)))
            .filter(messages::Column::Direction.eq("reply"));
        let rows = outbox::Entity::find()
            .filter(outbox::Column::MessageId.in_subquery(replies.into_query()))
            .filter(
                Condition::any()
                    .add(outbox::Column::State.eq(Delivery::Failed.as_str()))
                    .add(
                        outbox::Column::State
                            .is_in(stuck)
                            .and(outbox::Column::QueuedAt.lt(late)),
                    ),
            )
            .all(&self.reading)
            .await?;
        for row in rows {
            let state = Delivery::parse(&row.state).unwrap_or(Delivery::Unknown);
            let known = worst.entry(row.contact_id).or_insert(state);
            if state == Delivery::Failed {
                *known = state;
            }
        }
        Ok(worst)
    }

    pub(crate) fn row(
        &self,
        contact: contacts::Model,
        view: View,
        names: &[(Uuid, String)],
        undelivered: Option<Delivery>,
    ) -> Row {
        Row {
            undelivered,
            handed_by: None,
            reference: reference_of(&contact),
            card: self.card(&contact).ok(),
            status: Status::parse(&contact.status).unwrap_or(Status::Waiting),
            marking: contact.marking.as_deref().and_then(Marking::parse),
            holder: contact.holder.and_then(|holder| name_of(names, holder)),
            waiting_since: contact.waiting_since.map(time),
            last_in_at: time(contact.last_in_at),
            urgency: contact.urgency,
            snoozed_until: contact.snoozed_until.map(time),
            place: Place {
                at: if view.is_of_open() {
                    contact.waiting_since.unwrap_or(ANSWERED) - i64::from(contact.urgency) * PRESSING
                } else {
                    contact.last_in_at
                },
                id: contact.id,
            },
            line: contact.line,
            channel: contact.channel,
            team: contact.team,
        }
    }

    /// How many contacts a view has, counted up to 1,000.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn view_size(&self, view: View, me: Uuid) -> Result<u64, StoreError> {
        let ids = self
            .in_view(view, me)
            .select_only()
            .column(contacts::Column::Id)
            .limit(1_000);
        self.count_rows(ids.into_query()).await
    }

    /// How many contacts wait for `me`, or for somebody to take them, counted up to 1,000.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn waits_for(&self, me: Uuid) -> Result<u64, StoreError> {
        let mine = contacts::Column::Holder.eq(me);
        let ids = self
            .in_view(View::Waiting, me)
            .filter(mine.or(contacts::Column::Holder.is_null()))
            .select_only()
            .column(contacts::Column::Id)
            .limit(1_000);
        self.count_rows(ids.into_query()).await
    }

    pub(crate) async fn names(&self) -> Result<Vec<(Uuid, String)>, StoreError> {
        let people = staff::Entity::find().all(&self.reading).await?;
        Ok(people.into_iter().map(|one| (one.id, one.name)).collect())
    }

    /// How many contacts are registered in all, whether they count or not.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn contacts_registered(&self) -> Result<u64, StoreError> {
        Ok(contacts::Entity::find().count(&self.reading).await?)
    }
}

/// Where who waits for nothing stands: later than any time there is.
const ANSWERED: i64 = 4_000_000_000_000_000_000;
/// So much earlier stands what is more pressing, in microseconds: more than all of time since 1970.
const PRESSING: i64 = 100_000_000_000_000_000;

/// What a view is sorted by. Who writes again while waiting keeps the place. Written out, as in the indexes of the views: one with
/// bound values serves no query.
fn sorted_by(view: View) -> Expr {
    if !view.is_of_open() {
        return Expr::col(contacts::Column::LastInAt);
    }
    Expr::cust(format!(
        "(COALESCE(waiting_since, {ANSWERED}) - urgency * {PRESSING})"
    ))
}

fn filtered(query: Select<contacts::Entity>, filter: &Filter) -> Select<contacts::Entity> {
    let equal =
        |column: contacts::Column, value: &Option<String>| value.as_ref().map(|value| column.eq(value));
    let day = |day: Option<NaiveDate>| day.map(|day| day.to_string());
    let conditions = [
        equal(contacts::Column::Channel, &filter.channel),
        equal(contacts::Column::Language, &filter.language),
        equal(contacts::Column::Topic, &filter.topic),
        // Written out, as in the index.
        filter.urgency.map(|_| Expr::cust("urgency > 0")),
        filter.urgency.map(|least| contacts::Column::Urgency.gte(least)),
        filter.holder.map(|holder| contacts::Column::Holder.eq(holder)),
        day(filter.from).map(|from| contacts::Column::Day.gte(from)),
        day(filter.to).map(|to| contacts::Column::Day.lte(to)),
    ];
    conditions
        .into_iter()
        .flatten()
        .fold(query, |query, condition| query.filter(condition))
}

impl Store {
    /// Written out as in the indexes of the views, for the same reason.
    fn in_view(&self, view: View, me: Uuid) -> Select<contacts::Entity> {
        use contacts::Column;
        let all = contacts::Entity::find();
        let of = |written: &'static str| contacts::Entity::find().filter(Expr::cust(written));
        let now = self.now();
        let in_sight = Condition::any()
            .add(Column::SnoozedUntil.is_null())
            .add(Column::SnoozedUntil.lte(now));
        match view {
            View::Unassigned => of("status <> 'closed' AND holder IS NULL").filter(in_sight),
            View::Mine => of("status <> 'closed'")
                .filter(Column::Holder.eq(me))
                .filter(in_sight),
            View::Team => {
                let my_team = Query::select()
                    .column(staff::Column::Team)
                    .from(staff::Entity)
                    .and_where(staff::Column::Id.eq(me))
                    .to_owned();
                let team = Expr::col(Column::Team).eq(Expr::SubQuery(None, Box::new(my_team.into())));
                of("status <> 'closed' AND team IS NOT NULL").filter(team).filter(in_sight)
            }
            View::Urgent => of("status <> 'closed' AND urgency > 0").filter(in_sight),
            View::Waiting => of("status = 'waiting'").filter(in_sight),
            View::Answered => of("status = 'answered'").filter(in_sight),
            View::Snoozed => {
                of("status <> 'closed' AND snoozed_until IS NOT NULL").filter(Column::SnoozedUntil.gt(now))
            }
            View::Followed => {
                let mine = follows::Entity::find()
                    .select_only()
                    .column(follows::Column::ContactId)
                    .filter(follows::Column::StaffId.eq(me));
                all.filter(Column::Id.in_subquery(mine.into_query()))
            }
            View::Closed => of("status = 'closed' AND marking IS NULL"),
            View::Marked => of("marking IS NOT NULL"),
            View::All => all,
        }
    }
}

pub(crate) fn name_of(names: &[(Uuid, String)], id: Uuid) -> Option<String> {
    names
        .iter()
        .find(|(one, _)| *one == id)
        .map(|(_, name)| name.clone())
}

pub(crate) fn reference_of(contact: &contacts::Model) -> Reference {
    Reference::from_number(u64::try_from(contact.reference).unwrap_or_default())
}

//! The views of the inbox and their filters: which contacts are in them, and in what order.

use chrono::NaiveDate;
use hotline_core::time::clock;
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait, Select,
    sea_query::{Expr, ExprTrait, Query},
};
use uuid::Uuid;

use crate::db::{
    entity::{contacts, follows, staff},
    store::Store,
};

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
            Self::Unassigned
            | Self::Mine
            | Self::Team
            | Self::Urgent
            | Self::Waiting
            | Self::Answered
            | Self::Snoozed => true,
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
    pub assignee: Option<Uuid>,
    /// Registered on this day or later.
    pub from: Option<NaiveDate>,
    /// Registered on this day or earlier.
    pub to: Option<NaiveDate>,
}

/// Where who waits for nothing stands: later than any time there is.
const ANSWERED: i64 = 4_000_000_000_000_000_000;
/// So much earlier stands what is more pressing, in microseconds: more than all of time since 1970.
const PRESSING: i64 = 100_000_000_000_000_000;

/// In what order a view stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// The pressing ones first, then who waits longest. Who writes again while waiting keeps the place.
    Pressing,
    /// Who wrote last first.
    Newest,
    /// Who was registered last first: an order in which a period is one piece.
    Registered,
}

impl Order {
    pub(crate) fn of(view: View, filter: &Filter) -> Self {
        let period = filter.from.is_some() || filter.to.is_some();
        match view.is_of_open() {
            true => Self::Pressing,
            false if period => Self::Registered,
            false => Self::Newest,
        }
    }

    /// Written out, as in the indexes of the views: one with bound values serves no query.
    pub(crate) fn expression(self) -> Expr {
        match self {
            Self::Pressing => Expr::cust(format!(
                "(COALESCE(waiting_since, {ANSWERED}) - urgency * {PRESSING})"
            )),
            Self::Newest => Expr::col(contacts::Column::LastInAt),
            Self::Registered => Expr::col(contacts::Column::OpenedAt),
        }
    }

    /// Where a contact stands in it.
    pub(crate) fn place(self, contact: &contacts::Model) -> i64 {
        match self {
            Self::Pressing => {
                contact.waiting_since.unwrap_or(ANSWERED) - i64::from(contact.urgency) * PRESSING
            }
            Self::Newest => contact.last_in_at,
            Self::Registered => contact.opened_at,
        }
    }
}

impl Store {
    pub(super) fn filtered(
        &self,
        query: Select<contacts::Entity>,
        filter: &Filter,
    ) -> Select<contacts::Entity> {
        use contacts::Column;
        let equal = |column: Column, value: &Option<String>| value.as_ref().map(|value| column.eq(value));
        let start = |day: NaiveDate| clock::start_of_day(day, self.zone).timestamp_micros();
        let conditions = [
            equal(Column::Channel, &filter.channel),
            equal(Column::Language, &filter.language),
            equal(Column::Topic, &filter.topic),
            // Written out, as in the index.
            filter.urgency.map(|_| Expr::cust("urgency > 0")),
            filter.urgency.map(|least| Column::Urgency.gte(least)),
            filter.assignee.map(|assignee| Column::Assignee.eq(assignee)),
            filter.from.map(|from| Column::OpenedAt.gte(start(from))),
            filter
                .to
                .and_then(|to| to.succ_opt())
                .map(|after| Column::OpenedAt.lt(start(after))),
        ];
        conditions
            .into_iter()
            .flatten()
            .fold(query, |query, condition| query.filter(condition))
    }

    /// Written out as in the indexes of the views, for the same reason.
    pub(super) fn in_view(&self, view: View, me: Uuid) -> Select<contacts::Entity> {
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
                .filter(Column::Assignee.eq(me))
                .filter(in_sight),
            View::Team => {
                let my_team = Query::select()
                    .column(staff::Column::Team)
                    .from(staff::Entity)
                    .and_where(staff::Column::Id.eq(me))
                    .to_owned();
                let team = Expr::col(Column::Team).eq(Expr::SubQuery(None, Box::new(my_team.into())));
                of("status <> 'closed' AND team IS NOT NULL")
                    .filter(team)
                    .filter(in_sight)
            }
            View::Urgent => of("status <> 'closed' AND urgency > 0").filter(in_sight),
            View::Waiting => of("status = 'waiting'").filter(in_sight),
            // Nobody waits for a caller: a call whose wrap-up is unfinished is among its counsellor's own.
            View::Answered => of("status = 'answered'")
                .filter(Expr::cust("(first_read_at IS NULL OR first_read_at > opened_at)"))
                .filter(in_sight),
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

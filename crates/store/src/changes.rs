//! What live views listen to: that something changed, never what.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use hotline_core::job::JobKind;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, sea_query::Expr,
};
use tokio::sync::watch;

use crate::{entity, error::StoreError, store::Store};

/// How often other processes' changes are looked for when nobody told us.
const POLL: Duration = Duration::from_millis(700);
/// The PostgreSQL channel on which processes tell each other.
pub(crate) const CHANNEL: &str = "hotline";

/// The number of the newest event, to be watched.
#[derive(Debug)]
pub(crate) struct Changes {
    newest: watch::Sender<i64>,
}

impl Changes {
    pub(crate) async fn new(database: &DatabaseConnection) -> Result<Self, StoreError> {
        Ok(Self {
            newest: watch::Sender::new(newest(database).await?),
        })
    }
}

impl Store {
    /// Watches for changes: the value is the number of the newest event. A missed one loses nothing, since what is shown is
    /// always read anew.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<i64> {
        self.changes.newest.subscribe()
    }

    /// Tells this process, and on PostgreSQL the others, that events were committed.
    pub(crate) async fn tell(&self) {
        if !self.on_sqlite() {
            // A notification stores nothing, so it needs no transaction.
            let told = self
                .reading
                .execute_unprepared(&format!("NOTIFY {CHANNEL}"))
                .await;
            if told.is_ok() {
                return;
            }
        }
        self.look().await;
    }

    async fn look(&self) {
        if let Ok(id) = newest(&self.reading).await {
            self.changes
                .newest
                .send_if_modified(|known| std::mem::replace(known, id) != id);
        }
    }

    /// Follows changes made by other processes, until dropped.
    pub async fn follow(self: Arc<Self>) {
        let mut listener = None;
        if !self.on_sqlite() {
            let pool = self.reading.get_postgres_connection_pool();
            listener = sea_orm::sqlx::postgres::PgListener::connect_with(pool).await.ok();
            if let Some(listener) = &mut listener {
                let _ = listener.listen(CHANNEL).await;
            }
        }
        loop {
            match &mut listener {
                Some(listener) => {
                    match tokio::time::timeout(POLL, listener.recv()).await {
                        Ok(Ok(told)) => self.presence.hear(told.payload()),
                        // The database is away; the listener connects again by itself.
                        Ok(Err(_)) => tokio::time::sleep(POLL).await,
                        Err(_) => {}
                    }
                }
                None => tokio::time::sleep(POLL).await,
            }
            self.notice_ended_sessions().await;
            self.presence.sweep();
            self.look().await;
            self.count_waiting().await;
            // Another process may have accepted something, or a waiting job have come due.
            self.receive_due.notify_one();
            self.deliver_due.notify_one();
            self.fetch_due.notify_one();
        }
    }
}

impl Store {
    /// Counts what waits to be registered, no further than it matters.
    async fn count_waiting(&self) {
        let waiting = entity::jobs::Entity::find()
            .select_only()
            .column(entity::jobs::Column::Id)
            .filter(entity::jobs::Column::Kind.eq(JobKind::Receive.as_str()))
            .filter(Expr::cust("state <> 'parked'"))
            .limit(self.backlog.saturating_add(1));
        if let Ok(count) = self.count_rows(waiting.into_query()).await {
            self.waiting.store(count, Ordering::Relaxed);
        }
    }
}

async fn newest(database: &DatabaseConnection) -> Result<i64, StoreError> {
    let event = entity::events::Entity::find()
        .order_by_desc(entity::events::Column::Id)
        .one(database)
        .await?;
    Ok(event.map_or(0, |event| event.id))
}

//! Detects changes that other processes make in the database. Live pages and job workers of this process are notified of these changes.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use hotline_core::job::JobKind;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait, sea_query::Expr};

use crate::db::{changes::CHANNEL, entity, store::Store};

/// How long to wait for a PostgreSQL notification before checking the database for changes anyway. SQLite has no notifications, so there
/// this is the time between two checks.
const POLL: Duration = Duration::from_millis(700);

impl Store {
    /// Detects database changes made by other processes and notifies the subscribers in this process. Runs until the future is dropped.
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
                        // The database is unreachable. The listener reconnects automatically.
                        Ok(Err(_)) => tokio::time::sleep(POLL).await,
                        Err(_) => {}
                    }
                }
                None => tokio::time::sleep(POLL).await,
            }
            self.notice_ended_sessions().await;
            self.presence.sweep();
            self.publish_newest_event().await;
            self.count_waiting().await;
            if let Err(error) = self.refresh_texts().await {
                tracing::warn!(error = %error, "The texts could not be read; the ones read before stay in force");
            }
            if let Err(error) = self.notice_line_changes().await {
                tracing::warn!(error = %error, "The lines could not be read; the ones read before stay in force");
            }
            if let Err(error) = self.refresh_scheme().await {
                tracing::warn!(error = %error, "The wrap-up questions could not be read; the ones read before stay in force");
            }
            // Another process may have inserted jobs, or waiting jobs may have become due. The workers therefore look for due jobs.
            self.receive_due.notify_one();
            self.deliver_due.notify_one();
            self.fetch_due.notify_one();
        }
    }
}

impl Store {
    /// Counts the messages that wait to be registered. Stops at `backlog + 1`, which already shows that the limit `backlog` is exceeded.
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

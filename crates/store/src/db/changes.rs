//! The change feed: notifies subscribers after a transaction added an event to the history. A notification does not say what changed.

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, EntityTrait, QueryOrder};
use tokio::sync::watch;

use crate::{
    db::{entity::events, store::Store, transactions::commit_measured},
    error::StoreError,
};

/// The PostgreSQL notification channel through which processes notify each other.
pub(crate) const CHANNEL: &str = "hotline";

/// A watch channel whose value is the number of the newest history event in the database.
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
    /// Subscribes to changes. The received value is the number of the newest history event. A subscriber should reload all the data that it
    /// shows after each notification, because several commits can cause a single notification.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<i64> {
        self.changes.newest.subscribe()
    }

    /// Commits a transaction, then notifies the subscribers of the change feed if the history has a new event.
    pub(crate) async fn commit(&self, transaction: DatabaseTransaction) -> Result<(), StoreError> {
        commit_measured(transaction).await?;
        self.notify_changed().await;
        Ok(())
    }

    /// Notifies subscribers if the history has a new event. On SQLite, only the subscribers in this process are notified. On PostgreSQL,
    /// the subscribers in all processes are notified.
    pub(crate) async fn notify_changed(&self) {
        if !self.on_sqlite() {
            // NOTIFY writes no data, so it needs no write transaction.
            let told = self
                .reading
                .execute_unprepared(&format!("NOTIFY {CHANNEL}"))
                .await;
            if told.is_ok() {
                return;
            }
        }
        self.publish_newest_event().await;
    }

    pub(crate) async fn publish_newest_event(&self) {
        if let Ok(id) = newest(&self.reading).await {
            self.changes
                .newest
                .send_if_modified(|known| std::mem::replace(known, id) != id);
        }
    }
}

async fn newest(database: &DatabaseConnection) -> Result<i64, StoreError> {
    let event = events::Entity::find()
        .order_by_desc(events::Column::Id)
        .one(database)
        .await?;
    Ok(event.map_or(0, |event| event.id))
}

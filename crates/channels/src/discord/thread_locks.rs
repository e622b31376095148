//! Prevents two tasks from creating a Discord thread for the same person at the same time. Remembers for which people Discord refused to
//! create a thread.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serenity::all::UserId;
use tokio::time::Instant;

/// The time for which the line does not try again to create a thread for a person, after Discord refused to create it.
const REFUSED: Duration = Duration::from_secs(900);

#[derive(Default)]
pub struct ThreadLocks {
    people: Mutex<HashMap<UserId, Arc<tokio::sync::Mutex<()>>>>,
    refused: Mutex<HashMap<UserId, Instant>>,
}

impl ThreadLocks {
    /// Returns the lock that a task must hold while it creates a thread for a person.
    pub fn lock_of(&self, person: UserId) -> Arc<tokio::sync::Mutex<()>> {
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        // Removes locks that no task uses.
        people.retain(|_, turn| Arc::strong_count(turn) > 1);
        Arc::clone(people.entry(person).or_default())
    }

    /// Returns whether Discord refused to create a thread for a person within the last 15 minutes (`REFUSED`).
    pub fn is_refused(&self, person: UserId) -> bool {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.retain(|_, at| at.elapsed() < REFUSED);
        refused.contains_key(&person)
    }

    /// Records that Discord refused to create a thread for a person.
    pub fn refuse(&self, person: UserId) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.insert(person, Instant::now());
    }
}

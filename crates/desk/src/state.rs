//! The state that every page and every API call shares.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use hotline_core::{centre::Centre, text::locale::Locales, time::clock::Clock};
use hotline_store::{db::store::Store, staff::accounts::Person};
use uuid::Uuid;

/// What every page needs.
#[derive(Clone)]
pub struct Desk {
    /// The database.
    pub store: Arc<Store>,
    /// Texts.
    pub locales: Arc<Locales>,
    /// What the centre says of itself.
    pub centre: Arc<Centre>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Every channel a contact can be of.
    pub channels: Arc<[String]>,
    /// Networks that no line reads and counsellors log: names of channels.
    pub networks: Arc<[String]>,
    /// Whether the desk is reached by HTTPS: its cookie then goes nowhere else.
    pub https: bool,
    /// How often each log-in name may be tried, on devices that know it and on others.
    pub log_ins: Arc<DefaultKeyedRateLimiter<(bool, String)>>,
    /// Cells of figures below this are hidden from whoever may not read what people wrote.
    pub smallest: i64,
    /// How often it is noted that somebody reads the same.
    pub reads: Arc<DefaultKeyedRateLimiter<(Uuid, String)>>,
}

/// Who reads the same for a while is noted once in this time: pages renew themselves.
const A_WHILE: Duration = Duration::from_secs(15 * 60);

/// For [`Desk::reads`].
#[must_use]
pub fn reads() -> Arc<DefaultKeyedRateLimiter<(Uuid, String)>> {
    // The time is not zero.
    let often = Quota::with_period(A_WHILE).unwrap_or(Quota::per_hour(NonZeroU32::MIN));
    Arc::new(RateLimiter::keyed(often))
}

impl Desk {
    pub(crate) fn new_id(&self) -> Uuid {
        hotline_core::identifiers::ids::new(self.clock.now())
    }

    /// Notes in the audit that somebody read something. On a full disk staff can still read.
    pub(crate) async fn note_read(&self, who: &Person, what: &str, object: &str) {
        if self.reads.len() > 10_000 {
            self.reads.retain_recent();
        }
        if self
            .reads
            .check_key(&(who.id, format!("{what} {object}")))
            .is_err()
        {
            return;
        }
        if let Err(error) = self.store.audit(Some(who), what, object).await {
            tracing::warn!(error = %error, "What was read could not be noted");
        }
    }
}

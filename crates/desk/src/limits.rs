//! Limits on what a member of staff opens and downloads in a minute, so that a program with a stolen session cannot copy everything.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::http::Method;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock};
use uuid::Uuid;

/// A kind of request with a limit of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LimitedRequest {
    /// Opens a contact or a case.
    Opening,
    /// Downloads a file or exports data.
    Download,
}

/// The routes that download, with their methods, without `/desk` and `/api/v1`. The pages of the statistics are not limited, and neither are
/// programs with read-only tokens, which get figures for publication only.
pub(crate) static LIMITED_ROUTES: [(Method, &str, LimitedRequest); 13] = {
    use LimitedRequest::Download;
    [
        (
            Method::GET,
            "/contacts/{reference}/messages/{id}/source",
            Download,
        ),
        (Method::GET, "/contacts/{reference}/attachments/{id}", Download),
        (
            Method::GET,
            "/contacts/{reference}/attachments/{id}/look",
            Download,
        ),
        (
            Method::GET,
            "/cases/{id}/referrals/{referral}/letter/pdf",
            Download,
        ),
        (Method::GET, "/statistics/figures", Download),
        (Method::GET, "/statistics/report", Download),
        (Method::GET, "/statistics/narrative", Download),
        (Method::GET, "/statistics/rows", Download),
        (Method::GET, "/statistics/returns/{name}", Download),
        (Method::GET, "/retention/protocol", Download),
        (Method::GET, "/locked-files/{id}/protocol", Download),
        (Method::POST, "/contacts/{reference}/export-person", Download),
        (
            Method::POST,
            "/contacts/{reference}/evidence/{id}/confirm",
            Download,
        ),
    ]
};

impl LimitedRequest {
    /// Returns the limit that applies to requests with this method to the route with this declared path.
    pub(crate) fn of_route(method: &Method, path: &str) -> Option<Self> {
        let path = path
            .strip_prefix("/desk")
            .or_else(|| path.strip_prefix("/api/v1"))?;
        let found = LIMITED_ROUTES
            .iter()
            .find(|(limited, route, _)| limited == method && *route == path);
        // Every action on a contact or case may answer with it.
        let opens = || {
            let is_one = path.starts_with("/contacts/{reference}") || path.starts_with("/cases/{id}");
            is_one.then_some(Self::Opening)
        };
        found.map(|(_, _, limited)| *limited).or_else(opens)
    }
}

/// Returns the contact or case in the path of a request.
pub(crate) fn object_of(path: &str) -> &str {
    let path = path
        .strip_prefix("/desk/")
        .or_else(|| path.strip_prefix("/api/v1/"))
        .unwrap_or(path);
    path.split('/').nth(1).unwrap_or_default()
}

/// How long further requests for a contact or case count as the same opening. Pages load it again after every change.
const SAME_OPENING: Duration = Duration::from_secs(15 * 60);
/// The number of remembered openings above which old ones are forgotten.
const MANY_OPENINGS: usize = 10_000;

/// The number of requests of each member of staff in a minute. Each process counts those that it receives.
pub struct StaffLimits {
    openings: Option<DefaultKeyedRateLimiter<Uuid>>,
    downloads: Option<DefaultKeyedRateLimiter<Uuid>>,
    /// When each member of staff opened each contact and case.
    opened: Mutex<HashMap<(Uuid, String), Instant>>,
}

impl StaffLimits {
    /// Creates the limits. 0: no limit.
    #[must_use]
    pub fn new(opened_per_minute: u16, downloads_per_minute: u16) -> Self {
        let limiter = |number: u16| {
            let number = NonZeroU32::new(number.into())?;
            Some(RateLimiter::keyed(Quota::per_minute(number)))
        };
        Self {
            openings: limiter(opened_per_minute),
            downloads: limiter(downloads_per_minute),
            opened: Mutex::default(),
        }
    }

    /// Counts a request of a member of staff for an object, such as a contact. Opening the same object again counts only after a while.
    ///
    /// # Errors
    /// Fails with the number of seconds to wait if the member of staff has reached the limit.
    pub(crate) fn count(&self, request: LimitedRequest, who: Uuid, object: &str) -> Result<(), u64> {
        let limiter = match request {
            LimitedRequest::Opening => self.openings.as_ref(),
            LimitedRequest::Download => self.downloads.as_ref(),
        };
        let Some(limiter) = limiter else {
            return Ok(());
        };
        let check = || {
            limiter
                .check_key(&who)
                .map_err(|until| until.wait_time_from(limiter.clock().now()).as_secs() + 1)
        };
        if request == LimitedRequest::Download {
            return check();
        }
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (who, object.to_owned());
        if opened.get(&key).is_some_and(|at| at.elapsed() < SAME_OPENING) {
            return Ok(());
        }
        check()?;
        if opened.len() >= MANY_OPENINGS {
            opened.retain(|_, at| at.elapsed() < SAME_OPENING);
        }
        opened.insert(key, Instant::now());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_person_has_a_limit_of_each_kind() {
        let limits = StaffLimits::new(2, 1);
        let (mila, vera) = (Uuid::from_u128(1), Uuid::from_u128(2));
        for who in [mila, vera] {
            // A page that is loaded again opens nothing new.
            for object in ["a", "a", "b", "a"] {
                assert_eq!(limits.count(LimitedRequest::Opening, who, object), Ok(()));
            }
            let wait = limits.count(LimitedRequest::Opening, who, "c").unwrap_err();
            assert!((1..=31).contains(&wait), "{wait}");
            assert_eq!(limits.count(LimitedRequest::Opening, who, "b"), Ok(()));
            assert_eq!(limits.count(LimitedRequest::Download, who, "a"), Ok(()));
            assert!(limits.count(LimitedRequest::Download, who, "a").is_err());
        }
    }

    #[test]
    fn zero_means_no_limit() {
        let limits = StaffLimits::new(0, 0);
        for number in 0..10_000 {
            let object = number.to_string();
            assert_eq!(
                limits.count(LimitedRequest::Opening, Uuid::nil(), &object),
                Ok(())
            );
        }
    }
}

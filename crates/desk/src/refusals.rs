//! Log entries about refused requests. They contain the account, the cause and the route, and nothing that the request contains.

use std::{num::NonZeroU32, sync::LazyLock};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use uuid::Uuid;

/// Why a request was refused. The log names the cause in kebab case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::IntoStaticStr)]
#[cfg_attr(test, derive(strum::VariantArray))]
#[strum(serialize_all = "kebab-case")]
pub enum Refusal {
    /// The role lacks the right, or the settings do not permit the action to this role.
    MissingRight,
    /// The contact or case does not concern the counsellor.
    NotConcerned,
    /// The file is locked as suspected abuse material.
    LockedFile,
    /// The identity of the person is masked.
    MaskedIdentity,
    /// The scanner found malware in the file.
    Malware,
    /// A page of another site or host sent the request.
    OtherSite,
    /// The body is too large, unreadable, or has wrong fields.
    Body,
    /// The member of staff opened or downloaded more in a minute than the settings permit.
    Limit,
}

/// The account of a refused request, as an extension of the response.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RefusedAccount(pub Uuid);

/// The limit of one entry a minute for each account and cause. Requests without an account share one limit for each cause, so that the log
/// contains no address of a client.
static LOGGED: LazyLock<DefaultKeyedRateLimiter<(Option<Uuid>, Refusal)>> =
    LazyLock::new(|| RateLimiter::keyed(Quota::per_minute(NonZeroU32::MIN)));

/// Logs that a request was refused, unless the log has an entry with the same account and cause that is less than a minute old. `route` is
/// the declared path, without the values of its parameters.
pub fn log_refusal(account: Option<Uuid>, cause: Refusal, route: &str) {
    if !is_due(account, cause) {
        return;
    }
    let cause: &str = cause.into();
    match account {
        Some(account) => {
            tracing::warn!(target: "hotline::refused", %account, cause, route, "A request was refused");
        }
        None => tracing::warn!(target: "hotline::refused", cause, route, "A request was refused"),
    }
}

fn is_due(account: Option<Uuid>, cause: Refusal) -> bool {
    if LOGGED.len() > 10_000 {
        LOGGED.retain_recent();
    }
    LOGGED.check_key(&(account, cause)).is_ok()
}

#[cfg(test)]
mod tests {
    use strum::VariantArray;

    use super::*;

    #[test]
    fn each_account_and_cause_is_logged_once_a_minute() {
        for account in [1, 2].map(|number| Some(Uuid::from_u128(number))) {
            for cause in Refusal::VARIANTS {
                assert!(is_due(account, *cause), "{cause:?}");
                assert!(!is_due(account, *cause), "{cause:?}");
            }
        }
    }
}

//! Log entries about refused requests of bridge programs and platforms. They contain the line and the cause, and nothing of the request.

use std::{num::NonZeroU32, sync::LazyLock};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use hotline_core::identifiers::line_name::LineName;

/// Why a request was refused. The log names the cause in kebab case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The signature or the secret is wrong or missing, or the signature is too old.
    WrongSignature,
    /// The body is too large or unreadable.
    Body,
}

impl Refusal {
    const fn as_str(self) -> &'static str {
        match self {
            Self::WrongSignature => "wrong-signature",
            Self::Body => "body",
        }
    }
}

/// The limit of one entry a minute for each line and cause.
static LOGGED: LazyLock<DefaultKeyedRateLimiter<(String, Refusal)>> =
    LazyLock::new(|| RateLimiter::keyed(Quota::per_minute(NonZeroU32::MIN)));

/// Logs that a request was refused, unless the log has an entry with the same line and cause that is less than a minute old.
pub fn log_refusal(line: &LineName, cause: Refusal) {
    if is_due(line, cause) {
        tracing::warn!(
            target: "hotline::refused",
            { line.name = %line, cause = cause.as_str() },
            "A request was refused"
        );
    }
}

fn is_due(line: &LineName, cause: Refusal) -> bool {
    LOGGED.check_key(&(line.to_string(), cause)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_and_cause_is_logged_once_a_minute() {
        for line in ["refusals-a", "refusals-b"] {
            let line = LineName::parse(line).unwrap();
            for cause in [Refusal::WrongSignature, Refusal::Body] {
                assert!(is_due(&line, cause), "{cause:?}");
                assert!(!is_due(&line, cause), "{cause:?}");
            }
        }
    }
}

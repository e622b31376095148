//! Decides when a line asks for a proof of work. A line does so after posts arrived much faster than they usually do on this line.
//!
//! The guard does not know who posted. A school class behind one address and a robot behind many addresses are treated alike, so the guard
//! needs no IP addresses.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

use crate::contact::provenance::Provenance;

/// The lowest limit of posts in a minute. A class of 30 pupils who post at once stays below this limit.
pub const LOWEST_LIMIT: u32 = 40;
/// The highest limit of posts in a minute, however many posts the line usually gets.
pub const HIGHEST_LIMIT: u32 = 400;
/// The limit is the usual number of posts in a busy minute, multiplied by this factor.
const MARGIN: f64 = 2.0;
/// The guard learns once in each period of this length, from the busiest minute of the period.
const PERIOD: TimeDelta = TimeDelta::minutes(5);
/// A busier period raises the usual number by this share of the difference. A day of equally busy periods raises the usual number by nearly
/// two thirds of the difference.
const RISE: f64 = 1.0 / 288.0;
/// The factor by which a quieter period lowers the usual number. Three quiet days halve the usual number.
const DECAY: f64 = 0.999_198;
/// For this long after a line became guarded, the line admits posts from forms that it had shown before it became guarded.
const GRACE: TimeDelta = TimeDelta::seconds(30);
/// The line stays guarded until posts without proof have been rare for this long.
const CALM_AFTER: TimeDelta = TimeDelta::minutes(10);
/// The greatest number of past periods for which the usual number is lowered at once. After this number of quiet periods, the usual number
/// is practically zero.
const MOST_PERIODS: i64 = 20_000;

/// Whether a line asks for a proof of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Posts need no proof.
    Calm,
    /// Posts without proof are quarantined, except posts from earlier forms in the first 30 seconds.
    Guarded {
        /// When the line becomes calm again, if posts without proof are rare before this time.
        until: DateTime<Utc>,
    },
}

impl Verdict {
    /// Returns whether posts need a proof.
    #[must_use]
    pub const fn is_guarded(self) -> bool {
        matches!(self, Self::Guarded { .. })
    }
}

/// What a post contains to show that it does not come from a robot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PostEvidence {
    /// Nothing.
    Nothing,
    /// The token of a form that the line showed.
    Form {
        /// When the line showed the form.
        shown_at: DateTime<Utc>,
    },
    /// A proof of work.
    Proof,
}

/// The beginning of a flood, before the guard recognised the flood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Surge {
    /// The start of the minute in which posts exceeded the limit.
    pub since: DateTime<Utc>,
    /// When posts exceeded the limit.
    pub recognised_at: DateTime<Utc>,
}

/// The decision of the guard about a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observed {
    /// The provenance with which the post is stored.
    pub provenance: Provenance,
    /// The surge that ends with this post. `None` unless the post exceeds the limit of a calm line.
    pub surge: Option<Surge>,
}

/// Watches the posts of one line. The state is in memory; after a start, the guard has learnt nothing and uses [`LOWEST_LIMIT`].
#[derive(Debug, Default)]
pub struct FloodGuard {
    /// The times and keys of the posts in the last minute, oldest first. At most one post more than the limit is kept.
    recent: VecDeque<(DateTime<Utc>, String)>,
    /// The times of the posts without proof in the last minute. Used only while the line is guarded.
    unproven: VecDeque<DateTime<Utc>>,
    /// When the line became guarded. Meaningless while the line is calm.
    since: DateTime<Utc>,
    /// When the line becomes calm; `None` if the line is calm.
    until: Option<DateTime<Utc>>,
    /// The number of posts that were admitted because of their form tokens since the line became guarded.
    admitted: usize,
    /// The times of the posts that teach the guard, in the minute that ends with the newest of these posts.
    teaching: VecDeque<DateTime<Utc>>,
    /// The start of the current period.
    period: Option<DateTime<Utc>>,
    /// The number of posts in the busiest minute of the current period.
    busiest: u32,
    /// The usual number of posts in the busiest minute of a period.
    usual: f64,
}

impl FloodGuard {
    /// Returns the limit of posts in a minute.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the value is between the two limits"
    )]
    pub fn limit(&self) -> u32 {
        (self.usual * MARGIN)
            .clamp(f64::from(LOWEST_LIMIT), f64::from(HIGHEST_LIMIT))
            .round() as u32
    }

    /// Returns whether a post needs a proof now.
    pub fn verdict(&mut self, now: DateTime<Utc>) -> Verdict {
        if self.until.is_some_and(|until| until <= now) {
            self.until = None;
            self.recent.clear();
            self.unproven.clear();
        }
        match self.until {
            Some(until) => Verdict::Guarded { until },
            None => Verdict::Calm,
        }
    }

    /// Counts a post and decides its provenance. The line is guarded from the post that exceeds the limit, so this post already needs a
    /// proof. `key` is the same if a client repeats a post. A calm line counts a repeated post once.
    pub fn observe(&mut self, now: DateTime<Utc>, key: &str, evidence: PostEvidence) -> Observed {
        let limit = self.limit() as usize;
        let was_guarded = self.verdict(now).is_guarded();
        self.recent.retain(|(at, _)| is_recent(*at, now));
        let repeated = self.recent.iter().any(|(_, known)| known == key);
        if !repeated {
            self.recent.push_back((now, key.to_owned()));
        }
        while self.recent.len() > limit + 1 {
            self.recent.pop_front();
        }
        let surge = (!was_guarded && self.recent.len() > limit).then(|| Surge {
            since: now - TimeDelta::minutes(1),
            recognised_at: now,
        });
        if surge.is_some() {
            self.since = now;
            self.until = Some(now + CALM_AFTER);
            self.admitted = 0;
        }
        let guarded = self.verdict(now).is_guarded();
        let provenance = match (guarded, evidence) {
            (_, PostEvidence::Proof) | (false, PostEvidence::Form { .. }) => Provenance::Ordinary,
            (true, PostEvidence::Form { shown_at }) if self.is_in_time(shown_at, now, limit) => {
                self.admitted += 1;
                Provenance::Ordinary
            }
            (false, PostEvidence::Nothing) => Provenance::WithoutForm,
            (true, PostEvidence::Form { .. } | PostEvidence::Nothing) => Provenance::Unproven,
        };
        if provenance == Provenance::Unproven && was_guarded {
            count(&mut self.unproven, now, limit);
            // A few posts without proof, such as those of visitors without JavaScript, do not keep the line guarded.
            if self.unproven.len() > limit / 4 {
                self.until = Some(now + CALM_AFTER);
            }
        }
        self.turn_period(now);
        // Robots must not raise the limit: while the line is guarded, only posts with a proof teach the guard.
        if !repeated && (evidence == PostEvidence::Proof || !guarded) {
            count(&mut self.teaching, now, HIGHEST_LIMIT as usize);
            let in_minute = u32::try_from(self.teaching.len()).unwrap_or(HIGHEST_LIMIT);
            self.busiest = self.busiest.max(in_minute);
        }
        Observed { provenance, surge }
    }

    /// Returns whether a guarded line admits a post because of its form token. The line must have shown the form before it became guarded.
    /// Such a form contains no challenge, and the browser may have asked for a challenge just before the line became guarded.
    fn is_in_time(&self, shown_at: DateTime<Utc>, now: DateTime<Utc>, limit: usize) -> bool {
        shown_at <= self.since && now - self.since < GRACE && self.admitted < limit
    }

    /// Learns from the current period if this period is over, and from the periods without posts that followed it.
    fn turn_period(&mut self, now: DateTime<Utc>) {
        let start = *self.period.get_or_insert(now);
        let passed = (now - start).num_seconds() / PERIOD.num_seconds();
        if passed < 1 {
            return;
        }
        let busiest = f64::from(self.busiest);
        if busiest > self.usual {
            self.usual += (busiest - self.usual) * RISE;
        } else {
            self.usual *= DECAY;
        }
        let quiet = i32::try_from((passed - 1).min(MOST_PERIODS)).unwrap_or_default();
        self.usual *= DECAY.powi(quiet);
        self.busiest = 0;
        self.period = Some(now);
    }
}

fn is_recent(at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    at > now - TimeDelta::minutes(1) && at <= now
}

/// Adds the time `now`, and removes the times that are a minute or more before `now`. Keeps the newest `most` times.
fn count(times: &mut VecDeque<DateTime<Utc>>, now: DateTime<Utc>, most: usize) {
    times.retain(|at| is_recent(*at, now));
    times.push_back(now);
    while times.len() > most {
        times.pop_front();
    }
}

#[cfg(test)]
mod tests;

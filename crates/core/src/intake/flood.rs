//! Decides when a line asks for a proof of work: when posts arrive faster than they usually do on that line.
//!
//! The guard does not know who posted. A school class behind one address and a robot behind many addresses are treated alike, so the guard
//! needs no IP addresses.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

/// The lowest limit of posts in a minute. A class of 30 pupils who post at once stays below it.
pub const LOWEST_LIMIT: u32 = 40;
/// The highest limit of posts in a minute, however many posts the line usually gets.
pub const HIGHEST_LIMIT: u32 = 400;
/// The limit is this multiple of the usual number of posts in a busy minute.
const MARGIN: f64 = 2.0;
/// The guard learns once in each period of this length, from the busiest minute of the period.
const PERIOD: TimeDelta = TimeDelta::minutes(5);
/// The share by which a busier period raises the usual number. After a day of such periods, the usual number has come nearly two thirds of
/// the way.
const RISE: f64 = 1.0 / 288.0;
/// The factor by which a quieter period lowers the usual number. Three quiet days halve it.
const DECAY: f64 = 0.999_198;
/// The line stays guarded until posts without proof have been rare for this long.
const CALM_AFTER: TimeDelta = TimeDelta::minutes(10);
/// The greatest number of past periods for which the usual number is lowered at once; after so many, it is practically zero.
const MOST_PERIODS: i64 = 20_000;

/// Whether a line asks for a proof of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Posts need no proof.
    Calm,
    /// Posts without proof go to the quarantine.
    Guarded {
        /// When the line becomes calm again if posts without proof are rare until then.
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

/// Watches the posts of one line. The state is in memory; after a start, the guard has learnt nothing and uses [`LOWEST_LIMIT`].
#[derive(Debug, Default)]
pub struct FloodGuard {
    /// The times of the posts in the last minute, oldest first. Not more than the limit are kept.
    recent: VecDeque<DateTime<Utc>>,
    /// The times of the posts without proof in the last minute. Used only while the line is guarded.
    unproven: VecDeque<DateTime<Utc>>,
    /// When the line becomes calm; `None` if it is calm.
    until: Option<DateTime<Utc>>,
    /// The posts of the minute up to the newest post that teaches the guard.
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

    /// Counts a post and returns whether it needs a proof. The post that exceeds the limit needs one already.
    pub fn observe(&mut self, now: DateTime<Utc>, proven: bool) -> Verdict {
        let limit = self.limit() as usize;
        let guarded = self.verdict(now).is_guarded();
        count(&mut self.recent, now, limit + 1);
        if guarded {
            if !proven {
                count(&mut self.unproven, now, limit);
                // A few posts without proof, such as those of visitors without JavaScript, do not keep the line guarded.
                if self.unproven.len() > limit / 4 {
                    self.until = Some(now + CALM_AFTER);
                }
            }
        } else if self.recent.len() > limit {
            self.until = Some(now + CALM_AFTER);
        }
        let verdict = self.verdict(now);
        self.turn_period(now);
        // Robots must not raise the limit: while the line is guarded, only posts with a proof teach the guard.
        if proven || !verdict.is_guarded() {
            count(&mut self.teaching, now, HIGHEST_LIMIT as usize);
            let in_minute = u32::try_from(self.teaching.len()).unwrap_or(HIGHEST_LIMIT);
            self.busiest = self.busiest.max(in_minute);
        }
        verdict
    }

    /// Learns from the current period if it is over, and from the periods without posts after it.
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

/// Adds a time, and removes the times more than a minute before it. Keeps the newest `most` times.
fn count(times: &mut VecDeque<DateTime<Utc>>, now: DateTime<Utc>, most: usize) {
    times.retain(|at| *at > now - TimeDelta::minutes(1) && *at <= now);
    times.push_back(now);
    while times.len() > most {
        times.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: f64) -> DateTime<Utc> {
        #[expect(clippy::cast_possible_truncation, reason = "the times of tests are small")]
        let micros = (seconds * 1e6) as i64;
        DateTime::from_timestamp_micros(1_800_000_000_000_000 + micros).unwrap_or_default()
    }

    #[test]
    fn a_class_of_thirty_posts_at_once_without_a_proof() {
        let mut guard = FloodGuard::default();
        for _ in 0..30 {
            assert_eq!(guard.observe(at(0.0), false), Verdict::Calm);
        }
    }

    #[test]
    fn a_guarded_line_is_calm_after_ten_quiet_minutes() {
        let mut guard = FloodGuard::default();
        for _ in 0..=LOWEST_LIMIT {
            guard.observe(at(0.0), false);
        }
        assert!(guard.verdict(at(599.0)).is_guarded());
        assert_eq!(guard.verdict(at(600.0)), Verdict::Calm);
        assert_eq!(guard.observe(at(601.0), false), Verdict::Calm);
    }

    #[test]
    fn a_few_posts_without_proof_do_not_keep_the_line_guarded() {
        let mut guard = FloodGuard::default();
        for _ in 0..=LOWEST_LIMIT {
            guard.observe(at(0.0), false);
        }
        for minute in 1..10_u32 {
            assert!(
                guard
                    .observe(at(f64::from(minute) * 60.0 + 1.0), false)
                    .is_guarded()
            );
        }
        assert_eq!(guard.verdict(at(601.0)), Verdict::Calm);
    }

    #[test]
    fn days_of_busy_minutes_raise_the_limit() {
        let mut guard = FloodGuard::default();
        for period in 0..(3 * 288) {
            for _ in 0..38 {
                guard.observe(at(f64::from(period) * 301.0), false);
            }
        }
        assert!(guard.limit() > 60, "{}", guard.limit());
    }

    proptest! {
        #[test]
        fn posts_without_proof_teach_a_guarded_line_nothing(
            pauses in prop::collection::vec(0.0..20.0_f64, 1..2_000),
        ) {
            let mut guard = FloodGuard::default();
            for _ in 0..=LOWEST_LIMIT {
                guard.observe(at(0.0), false);
            }
            let mut now = 0.0;
            for pause in pauses {
                now += pause;
                let before = guard.limit();
                if guard.observe(at(now), false).is_guarded() {
                    prop_assert!(guard.limit() <= before);
                }
            }
        }

        #[test]
        fn a_calm_minute_never_has_more_posts_than_the_limit(
            pauses in prop::collection::vec(0.0..3.0_f64, 1..2_000),
        ) {
            let mut guard = FloodGuard::default();
            let (mut now, mut calm) = (0.0, Vec::new());
            for pause in pauses {
                now += pause;
                if !guard.observe(at(now), false).is_guarded() {
                    calm.push(now);
                }
                let in_minute = calm.iter().filter(|one| **one > now - 60.0).count();
                prop_assert!(in_minute <= guard.limit() as usize);
            }
        }

        #[test]
        fn the_limit_stays_between_its_bounds(
            posts in prop::collection::vec((0.0..400.0_f64, any::<bool>()), 1..500),
        ) {
            let mut guard = FloodGuard::default();
            let mut now = 0.0;
            for (pause, proven) in posts {
                now += pause;
                guard.observe(at(now), proven);
                prop_assert!((LOWEST_LIMIT..=HIGHEST_LIMIT).contains(&guard.limit()));
            }
        }
    }
}

//! Examples and random series of posts.

use proptest::prelude::*;

use super::*;

fn at(seconds: f64) -> DateTime<Utc> {
    #[expect(clippy::cast_possible_truncation, reason = "the times of tests are small")]
    let micros = (seconds * 1e6) as i64;
    DateTime::from_timestamp_micros(1_800_000_000_000_000 + micros).unwrap_or_default()
}

fn form(shown_at: f64) -> PostEvidence {
    PostEvidence::Form {
        shown_at: at(shown_at),
    }
}

/// Observes a post that is no repetition.
fn observe(guard: &mut FloodGuard, seconds: f64, evidence: PostEvidence) -> Observed {
    let key = crate::identifiers::ids::new(at(seconds)).to_string();
    guard.observe(at(seconds), &key, evidence)
}

fn post(guard: &mut FloodGuard, seconds: f64, evidence: PostEvidence) -> Provenance {
    observe(guard, seconds, evidence).provenance
}

/// Returns a guard whose line became guarded at the time 0.
fn guarded() -> FloodGuard {
    let mut guard = FloodGuard::default();
    for _ in 0..=LOWEST_LIMIT {
        observe(&mut guard, 0.0, PostEvidence::Nothing);
    }
    assert!(guard.verdict(at(0.0)).is_guarded());
    guard
}

#[test]
fn a_class_of_thirty_posts_at_once_without_a_proof() {
    let mut guard = FloodGuard::default();
    for _ in 0..30 {
        assert_eq!(post(&mut guard, 0.0, form(-60.0)), Provenance::Ordinary);
    }
    assert_eq!(guard.verdict(at(0.0)), Verdict::Calm);
}

#[test]
fn a_repeated_post_counts_once() {
    let mut guard = FloodGuard::default();
    for _ in 0..100 {
        let observed = guard.observe(at(0.0), "the same", PostEvidence::Nothing);
        assert_eq!(
            (observed.provenance, observed.surge),
            (Provenance::WithoutForm, None)
        );
    }
}

#[test]
fn only_the_post_above_the_limit_reports_a_surge() {
    let mut guard = FloodGuard::default();
    for _ in 0..LOWEST_LIMIT {
        let calm = observe(&mut guard, 10.0, PostEvidence::Nothing);
        assert_eq!((calm.provenance, calm.surge), (Provenance::WithoutForm, None));
    }
    let first = observe(&mut guard, 20.0, PostEvidence::Nothing);
    let surge = Surge {
        since: at(-40.0),
        recognised_at: at(20.0),
    };
    assert_eq!(
        (first.provenance, first.surge),
        (Provenance::Unproven, Some(surge))
    );
    assert_eq!(observe(&mut guard, 21.0, PostEvidence::Nothing).surge, None);
}

#[test]
fn a_form_opened_in_calm_time_is_admitted_for_half_a_minute() {
    let mut guard = guarded();
    assert_eq!(post(&mut guard, 29.0, form(-600.0)), Provenance::Ordinary);
    assert_eq!(post(&mut guard, 29.0, form(1.0)), Provenance::Unproven);
    assert_eq!(post(&mut guard, 30.0, form(-600.0)), Provenance::Unproven);
    assert_eq!(post(&mut guard, 30.0, PostEvidence::Proof), Provenance::Ordinary);
}

#[test]
fn hoarded_forms_are_admitted_up_to_the_limit() {
    let mut guard = guarded();
    let admitted = (0..1_000)
        .filter(|_| post(&mut guard, 1.0, form(-600.0)) == Provenance::Ordinary)
        .count();
    assert_eq!(admitted, LOWEST_LIMIT as usize);
}

#[test]
fn a_guarded_line_is_calm_after_ten_quiet_minutes() {
    let mut guard = guarded();
    assert!(guard.verdict(at(599.0)).is_guarded());
    assert_eq!(guard.verdict(at(600.0)), Verdict::Calm);
    assert_eq!(
        post(&mut guard, 601.0, PostEvidence::Nothing),
        Provenance::WithoutForm
    );
}

#[test]
fn a_few_posts_without_proof_do_not_keep_the_line_guarded() {
    let mut guard = guarded();
    for minute in 1..10_u32 {
        let seconds = f64::from(minute) * 60.0 + 1.0;
        assert_eq!(
            post(&mut guard, seconds, PostEvidence::Nothing),
            Provenance::Unproven
        );
    }
    assert_eq!(guard.verdict(at(601.0)), Verdict::Calm);
}

#[test]
fn days_of_busy_minutes_raise_the_limit() {
    let mut guard = FloodGuard::default();
    for period in 0..(3 * 288) {
        for _ in 0..38 {
            post(&mut guard, f64::from(period) * 301.0, PostEvidence::Nothing);
        }
    }
    assert!(guard.limit() > 60, "{}", guard.limit());
}

proptest! {
    #[test]
    fn posts_without_proof_teach_a_guarded_line_nothing(
        pauses in prop::collection::vec(0.0..20.0_f64, 1..2_000),
    ) {
        let mut guard = guarded();
        let mut now = 0.0;
        for pause in pauses {
            now += pause;
            let before = guard.limit();
            post(&mut guard, now, PostEvidence::Nothing);
            if guard.verdict(at(now)).is_guarded() {
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
            if post(&mut guard, now, PostEvidence::Nothing) == Provenance::WithoutForm {
                calm.push(now);
            }
            let in_minute = calm.iter().filter(|one| **one > now - 60.0).count();
            prop_assert!(in_minute <= guard.limit() as usize);
        }
    }

    #[test]
    fn every_post_without_form_before_a_flood_is_in_its_surge(
        pauses in prop::collection::vec(0.0..3.0_f64, 1..2_000),
    ) {
        let mut guard = FloodGuard::default();
        let (mut now, mut last_minute) = (0.0, Vec::new());
        for pause in pauses {
            now += pause;
            last_minute.retain(|one| *one > now - 60.0);
            let observed = observe(&mut guard, now, PostEvidence::Nothing);
            if let Some(surge) = observed.surge {
                prop_assert!(last_minute.len() >= LOWEST_LIMIT as usize);
                prop_assert!(last_minute.iter().all(|one| at(*one) >= surge.since));
            }
            last_minute.push(now);
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
            let evidence = if proven { PostEvidence::Proof } else { PostEvidence::Nothing };
            post(&mut guard, now, evidence);
            prop_assert!((LOWEST_LIMIT..=HIGHEST_LIMIT).contains(&guard.limit()));
        }
    }
}

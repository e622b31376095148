use proptest::prelude::*;

use super::*;
use crate::text::locale::{Language, Locales};

const SUBJECT: &str = "mail";

fn start() -> DateTime<Utc> {
    "2026-11-24T10:00:00Z".parse().unwrap()
}

fn line_trouble() -> Condition {
    Condition {
        kind: ConditionKind::LineTrouble,
        subject: SUBJECT.to_owned(),
    }
}

fn observed(state: ConditionState) -> [Observation; 1] {
    [Observation {
        condition: line_trouble(),
        state,
    }]
}

fn decide(state: ConditionState, known: &TrackedCondition, now: DateTime<Utc>) -> Vec<Step> {
    let tracked = std::slice::from_ref(known);
    OperationSettings::default().decide(&observed(state), tracked, start(), now)
}

/// Stores the only condition as the step says, and returns the stage of its message. Each message reaches somebody if `reaches` is `true`.
fn take(
    tracked: &mut Option<TrackedCondition>,
    step: Step,
    now: DateTime<Utc>,
    reaches: bool,
) -> Option<Stage> {
    let (after, stage) = match step {
        Step::Track(after) => (Some(after), None),
        Step::Forget(_) => (None, None),
        Step::Tell(after, message) if reaches => {
            (after.after_telling(message.stage, now), Some(message.stage))
        }
        Step::Tell(after, message) => (Some(after), Some(message.stage)),
    };
    *tracked = after;
    stage
}

/// Lets minutes pass, in which the line is down if `down` says so, and returns each message with the minute in which it was sent.
fn play(minutes: i64, reaches: bool, down: impl Fn(i64) -> bool) -> Vec<(i64, Stage)> {
    let settings = OperationSettings::default();
    let (mut tracked, mut all, mut since) = (None, Vec::new(), start());
    for minute in 0..minutes {
        let now = start() + TimeDelta::minutes(minute);
        if !down(minute - 1) {
            since = now;
        }
        let state = match down(minute) {
            true => ConditionState::Lasts(since),
            false => ConditionState::Over,
        };
        for step in settings.decide(&observed(state), tracked.as_slice(), start(), now) {
            let stage = take(&mut tracked, step, now, reaches);
            all.extend(stage.map(|stage| (minute, stage)));
        }
    }
    all
}

#[test]
fn a_line_is_told_after_its_minutes_and_once_at_its_end() {
    let sent = play(300, true, |minute| (0..100).contains(&minute));
    assert_eq!(sent, [(15, Stage::Began), (105, Stage::Over)]);
}

#[test]
fn a_short_interruption_is_not_told() {
    assert!(play(600, true, |minute| minute % 20 < 14).is_empty());
}

#[test]
fn a_condition_that_lasts_is_repeated_every_six_hours() {
    let sent = play(15 + 12 * 60 + 1, true, |minute| minute >= 0);
    assert_eq!(
        sent,
        [(15, Stage::Began), (375, Stage::Lasts), (735, Stage::Lasts)]
    );
}

#[test]
fn a_short_return_is_no_end() {
    let down = |minute| (0..100).contains(&minute) && !(50..53).contains(&minute);
    assert_eq!(play(300, true, down), [(15, Stage::Began), (105, Stage::Over)]);
}

#[test]
fn a_message_that_reaches_nobody_is_tried_ever_less_often() {
    let minutes = |settings: &OperationSettings| -> Vec<i64> {
        (1..=9)
            .map(|attempts| settings.retry_after(attempts).num_minutes())
            .collect()
    };
    let settings = OperationSettings::default();
    assert_eq!(minutes(&settings), [5, 10, 20, 40, 80, 160, 320, 360, 360]);
    let sent = play(60, false, |minute| minute >= 0);
    assert_eq!(
        sent,
        [
            (15, Stage::Began),
            (20, Stage::Began),
            (30, Stage::Began),
            (50, Stage::Began)
        ]
    );
}

#[test]
fn a_condition_that_nobody_heard_of_ends_without_a_message() {
    let sent = play(200, false, |minute| (0..18).contains(&minute));
    assert_eq!(sent, [(15, Stage::Began)]);
}

#[test]
fn a_message_that_arrives_after_the_end_is_followed_by_the_end() {
    let known = TrackedCondition {
        tried_at: Some(start() + TimeDelta::minutes(15)),
        attempts: 1,
        ..TrackedCondition::new(line_trouble(), start())
    };
    let at = |minute| decide(ConditionState::Over, &known, start() + TimeDelta::minutes(minute));
    assert!(at(19).is_empty(), "it is still being sent");
    assert_eq!(at(20), [Step::Forget(line_trouble())]);
}

#[test]
fn the_end_that_reaches_nobody_is_given_up_after_a_day() {
    let gone = TrackedCondition {
        gone_since: Some(start()),
        told_at: Some(start()),
        tried_at: Some(start() + TimeDelta::hours(23)),
        attempts: 9,
        ..TrackedCondition::new(line_trouble(), start())
    };
    let at = |hours| decide(ConditionState::Over, &gone, start() + TimeDelta::hours(hours));
    assert!(at(23).is_empty());
    assert_eq!(at(24), [Step::Forget(line_trouble())]);
}

#[test]
fn what_cannot_be_read_neither_begins_nor_ends() {
    let told = TrackedCondition {
        told_at: Some(start()),
        ..TrackedCondition::new(line_trouble(), start())
    };
    let later = start() + TimeDelta::days(1);
    assert!(decide(ConditionState::Unknown, &told, later).is_empty());
    let settings = OperationSettings::default();
    let unknown = observed(ConditionState::Unknown);
    assert!(settings.decide(&unknown, &[], start(), later).is_empty());
}

#[test]
fn the_trouble_of_a_paused_line_is_forgotten_without_a_message() {
    let told = TrackedCondition {
        told_at: Some(start()),
        ..TrackedCondition::new(line_trouble(), start())
    };
    let steps = OperationSettings::default().decide(&[], &[told], start(), start());
    assert_eq!(steps, [Step::Forget(line_trouble())]);
}

#[test]
fn a_restart_gives_a_line_its_minutes_again() {
    let known = TrackedCondition::new(line_trouble(), start() - TimeDelta::days(1));
    let at = |minute| {
        let now = start() + TimeDelta::minutes(minute);
        decide(ConditionState::Lasts(known.since), &known, now)
    };
    assert!(at(14).is_empty());
    assert!(matches!(at(15).as_slice(), [Step::Tell(_, message)] if message.since == known.since));
}

#[test]
fn a_clock_that_was_set_back_does_not_silence_the_repetition() {
    let known = TrackedCondition {
        told_at: Some(start() + TimeDelta::days(400)),
        ..TrackedCondition::new(line_trouble(), start())
    };
    let steps = decide(ConditionState::Lasts(start()), &known, start());
    assert!(matches!(steps.as_slice(), [Step::Tell(_, message)] if message.stage == Stage::Lasts));
}

#[test]
fn every_condition_says_what_it_is_what_to_do_and_its_end() {
    let guide = include_str!("../../../../docs/operating.md");
    for kind in ConditionKind::ALL {
        let heading = format!("\n### {}\n", kind.runbook());
        assert!(guide.contains(&heading), "{heading}");
        for language in Language::ALL {
            for key in [
                format!("operation-{}", kind.as_str()),
                format!("operation-{}-action", kind.as_str()),
                format!("operation-{}-over", kind.as_str()),
            ] {
                assert_ne!(Locales.of(language).say(&key), key);
            }
        }
    }
}

proptest! {
    #[test]
    fn each_beginning_has_at_most_one_end(down in proptest::collection::vec(any::<bool>(), 1..40)) {
        // Each entry decides about ten minutes.
        let is_down = |minute: i64| {
            let index = usize::try_from(minute.div_euclid(10)).ok();
            index.and_then(|index| down.get(index)).copied().unwrap_or(false)
        };
        let sent = play(600, true, is_down);
        let mut told = false;
        for (_, stage) in sent {
            prop_assert_eq!(stage != Stage::Began, told);
            told = stage != Stage::Over;
        }
        prop_assert!(!told, "what ended was told");
    }
}

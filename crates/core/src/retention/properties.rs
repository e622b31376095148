//! Tests of the rules of retention.

use proptest::prelude::*;

use super::*;

const ZONE: Tz = chrono_tz::Europe::Belgrade;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn rule(kind: Option<&str>, outcome: Option<CaseOutcome>, months: u16) -> RetentionRule {
    RetentionRule {
        kind: kind.map(str::to_owned),
        outcome,
        months,
    }
}

fn rules(rules: Vec<RetentionRule>) -> RetentionRules {
    RetentionRules(rules)
}

fn closed(on: &str, kind: &str) -> ContactFacts {
    ContactFacts {
        closed_on: Some(day(on)),
        kind: Some(kind.to_owned()),
        holds: Vec::new(),
    }
}

fn case(closed_on: Option<&str>, forwarded: bool, contacts: Vec<ContactFacts>) -> CaseFacts {
    CaseFacts {
        closed_on: closed_on.map(day),
        forwarded,
        holds: Vec::new(),
        contacts,
    }
}

fn due_on(decision: Decision<'_>) -> Option<NaiveDate> {
    match decision {
        Decision::Due { on, .. } => Some(on),
        Decision::Kept(_) => None,
    }
}

#[test]
fn without_a_matching_rule_a_contact_is_kept() {
    let contact = closed("2026-01-15", "silent");
    assert_eq!(rules(vec![]).decide(&contact, &[]), Decision::Kept(Kept::NoRule));
    let other = rules(vec![rule(Some("spam"), None, 1)]);
    assert_eq!(other.decide(&contact, &[]), Decision::Kept(Kept::NoRule));
    let unclassified = ContactFacts {
        kind: None,
        ..contact
    };
    assert_eq!(other.decide(&unclassified, &[]), Decision::Kept(Kept::NoRule));
    let every = rules(vec![rule(None, None, 1)]);
    assert_eq!(due_on(every.decide(&unclassified, &[])), Some(day("2026-02-15")));
}

#[test]
fn contacts_of_a_forwarded_case_are_kept_for_the_longest_matching_rule() {
    let settings = RetentionSettings {
        forwarded_months: Some(60),
        rules: vec![rule(Some("report"), None, 12)],
        ..RetentionSettings::default()
    };
    let rules = settings.rules();
    let contact = closed("2026-01-15", "report");
    assert_eq!(due_on(rules.decide(&contact, &[])), Some(day("2027-01-15")));
    let advisory = case(Some("2026-02-01"), false, vec![contact.clone()]);
    let decided = rules.decide(&contact, std::slice::from_ref(&advisory));
    assert_eq!(
        due_on(decided),
        Some(day("2027-02-01")),
        "from the closing of the case"
    );
    let forwarded = case(Some("2026-02-01"), true, vec![contact.clone()]);
    let decided = rules.decide(&contact, &[advisory, forwarded]);
    assert_eq!(due_on(decided), Some(day("2031-02-01")));
    assert_eq!(
        decided.due_by(day("2031-02-01")).unwrap().to_string(),
        "outcome=forwarded months=60"
    );
    let open = case(None, false, vec![contact.clone()]);
    assert_eq!(rules.decide(&contact, &[open]), Decision::Kept(Kept::CaseOpen));
}

#[test]
fn a_contact_is_kept_as_long_as_the_others_of_its_case() {
    let rules = rules(vec![
        rule(Some("silent"), None, 1),
        rule(Some("report"), None, 12),
    ]);
    let contact = closed("2026-01-15", "silent");
    let other = closed("2026-03-31", "report");
    let with = |other: ContactFacts| [case(Some("2026-01-20"), false, vec![contact.clone(), other])];
    assert_eq!(
        due_on(rules.decide(&contact, &with(other.clone()))),
        Some(day("2027-03-31"))
    );
    let open = ContactFacts {
        closed_on: None,
        ..other.clone()
    };
    assert_eq!(rules.decide(&contact, &with(open)), Decision::Kept(Kept::Open));
    let held = ContactFacts {
        holds: vec![Hold { until: None }],
        ..other
    };
    assert_eq!(rules.decide(&contact, &with(held)), Decision::Kept(Kept::OnHold));
}

#[test]
fn a_month_ends_on_its_last_day_if_it_is_shorter() {
    for (from, months, to) in [
        ("2026-01-29", 1, "2026-02-28"),
        ("2026-01-30", 1, "2026-02-28"),
        ("2026-01-31", 1, "2026-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2028-02-29", 48, "2032-02-29"),
        ("2026-08-31", 1, "2026-09-30"),
        ("2026-12-31", 2, "2027-02-28"),
    ] {
        assert_eq!(months_after(day(from), months), Some(day(to)), "{from}");
    }
}

#[test]
fn a_run_begins_at_its_hour_also_when_clocks_change() {
    for (now, hour, run) in [
        ("2026-11-27T01:59:59Z", 3, "2026-11-26"),
        ("2026-11-27T02:00:00Z", 3, "2026-11-27"),
        // On 29 March the clocks are set from 02:00 to 03:00, so 02:00 does not occur.
        ("2026-03-29T00:59:59Z", 2, "2026-03-28"),
        ("2026-03-29T01:00:00Z", 2, "2026-03-29"),
        // On 25 October 02:00 to 03:00 occurs twice.
        ("2026-10-24T23:59:59Z", 2, "2026-10-24"),
        ("2026-10-25T00:00:00Z", 2, "2026-10-25"),
        ("2026-10-25T01:30:00Z", 2, "2026-10-25"),
        ("2026-11-26T23:30:00Z", 0, "2026-11-27"),
    ] {
        assert_eq!(latest_run(now.parse().unwrap(), hour, ZONE), day(run), "{now}");
    }
}

#[test]
fn mistakes_in_the_settings_are_found() {
    let of = |rules: Vec<RetentionRule>| RetentionSettings {
        rules,
        ..RetentionSettings::default()
    };
    assert_eq!(RetentionSettings::default().check(), Ok(()));
    let error = |settings: RetentionSettings| settings.check().unwrap_err().to_string();
    assert!(error(of(vec![rule(None, None, 0)])).contains("1 to 1200 months"));
    assert!(error(of(vec![rule(None, None, 1_201)])).contains("1 to 1200 months"));
    let twice = of(vec![rule(Some("silent"), None, 1), rule(Some("silent"), None, 2)]);
    assert!(error(twice).contains("kind=silent months=2"));
    let late = RetentionSettings {
        hour: 24,
        ..RetentionSettings::default()
    };
    assert!(error(late).contains("retention.hour"));
    let none = RetentionSettings {
        forwarded_months: Some(0),
        ..RetentionSettings::default()
    };
    assert!(error(none).contains("retention.forwarded_months"));
    let unknown = of(vec![rule(Some("advise"), None, 1)]).check_kinds(|kind| kind == "advice");
    assert!(unknown.unwrap_err().to_string().contains("`advise`"));
}

fn a_day() -> impl Strategy<Value = NaiveDate> {
    (0_i64..20_000).prop_map(|days| day("2000-01-01") + chrono::Duration::days(days))
}

fn a_rule() -> impl Strategy<Value = RetentionRule> {
    let kind = prop::option::of(prop::sample::select(vec!["silent", "report"]));
    let outcome = prop::option::of(prop::sample::select(vec![
        CaseOutcome::Forwarded,
        CaseOutcome::NotForwarded,
    ]));
    (kind, outcome, 1..130_u16).prop_map(|(kind, outcome, months)| rule(kind, outcome, months))
}

fn a_hold() -> impl Strategy<Value = Hold> {
    prop::option::of(a_day()).prop_map(|until| Hold { until })
}

fn a_contact() -> impl Strategy<Value = ContactFacts> {
    let kind = prop::option::of(prop::sample::select(vec!["silent", "report", "press"]));
    let holds = prop::collection::vec(a_hold(), 0..2);
    (prop::option::weighted(0.9, a_day()), kind, holds).prop_map(|(closed_on, kind, holds)| ContactFacts {
        closed_on,
        kind: kind.map(str::to_owned),
        holds,
    })
}

fn a_case() -> impl Strategy<Value = CaseFacts> {
    let holds = prop::collection::vec(a_hold(), 0..2);
    let contacts = prop::collection::vec(a_contact(), 0..3);
    (
        prop::option::weighted(0.9, a_day()),
        any::<bool>(),
        holds,
        contacts,
    )
        .prop_map(|(closed_on, forwarded, holds, contacts)| CaseFacts {
            closed_on,
            forwarded,
            holds,
            contacts,
        })
}

proptest! {
    #[test]
    fn what_is_on_hold_is_never_due(
        some in prop::collection::vec(a_rule(), 0..5),
        contact in a_contact(),
        cases in prop::collection::vec(a_case(), 0..3),
        today in a_day(),
    ) {
        let rules = rules(some);
        if rules.decide(&contact, &cases).due_by(today).is_some() {
            let mut holds = contact.holds.clone();
            for case in &cases {
                holds.extend(&case.holds);
                holds.extend(case.contacts.iter().flat_map(|one| &one.holds));
                prop_assert!(case.closed_on.is_some_and(|closed| closed < today));
                prop_assert!(case.contacts.iter().all(|one| one.closed_on.is_some()));
            }
            prop_assert!(holds.iter().all(|hold| !hold.is_in_force(today)));
        }
    }

    #[test]
    fn a_longer_rule_makes_nothing_due_earlier(
        some in prop::collection::vec(a_rule(), 1..5),
        longer in 0_usize..5,
        more in 1_u16..50,
        contact in a_contact(),
        cases in prop::collection::vec(a_case(), 0..3),
    ) {
        let mut lengthened = some.clone();
        let place = longer % lengthened.len();
        lengthened[place].months += more;
        let (before, after) = (rules(some), rules(lengthened));
        let before = due_on(before.decide(&contact, &cases));
        let after = due_on(after.decide(&contact, &cases));
        // A contact that is kept stays kept: the same rules match.
        prop_assert_eq!(before.is_some(), after.is_some());
        prop_assert!(after >= before);
    }

    #[test]
    fn a_case_makes_nothing_due_earlier_than_its_contacts_alone(
        some in prop::collection::vec(a_rule(), 0..5),
        contact in a_contact(),
        case in a_case(),
    ) {
        let rules = rules(some);
        let case = CaseFacts { forwarded: false, ..case };
        let alone = due_on(rules.decide(&contact, &[]));
        let in_case = due_on(rules.decide(&contact, std::slice::from_ref(&case)));
        if let Some(in_case) = in_case {
            prop_assert!(alone.is_some_and(|alone| alone <= in_case));
        }
    }

    #[test]
    fn later_closing_never_makes_an_earlier_day(first in a_day(), second in a_day(), months in 1_u16..1_200) {
        let (first, second) = (first.min(second), first.max(second));
        let after = |day| months_after(day, months).unwrap();
        prop_assert!(after(first) <= after(second));
        // What is due on a day was closed on or before the day that many months earlier, or at the end of that month.
        let limit = months_before(after(first), months).unwrap();
        prop_assert!(first <= limit + chrono::Duration::days(3));
    }

    #[test]
    fn a_run_of_every_day_begins_exactly_once(hour in 0_u8..24, start in a_day()) {
        let begin = crate::time::clock::start_of_day(start, ZONE);
        let mut run = latest_run(begin, hour, ZONE);
        for quarter in 1..(4 * 24 * 3) {
            let next = latest_run(begin + chrono::Duration::minutes(15 * quarter), hour, ZONE);
            prop_assert!(next == run || Some(next) == run.succ_opt(), "{} after {}", next, run);
            run = next;
        }
    }
}

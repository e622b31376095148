//! Families of wordings. Rules combine families; a family alone raises no urgency.

use super::*;

const FAMILIES: &str = r##"
    [[families]]
    id = "picture"
    patterns = ["slik*|snim*"]
    [[families]]
    id = "deadline"
    patterns = ["do ponoci", "za [1] min*", "#picture & rok"]
"##;

fn with_families(patterns: &str, within: usize) -> UrgencyRules {
    let rest = format!("patterns = [{patterns}]\nwithin = {within}");
    small(&(FAMILIES.to_owned() + &rule("blackmail", &rest))).expect("valid")
}

fn is_found(rules: &UrgencyRules, text: &str) -> bool {
    assess(rules, text).urgency == Urgency::Danger
}

#[test]
fn a_rule_needs_a_match_of_each_of_its_families() {
    let rules = with_families(r##""#picture & #deadline""##, 10);
    for (text, found) in [
        ("salje sliku do ponoci", true),
        ("do ponoci. Onda ide snimak", true),
        ("za 10 minuta ide slika", true),
        ("salje sliku", false),
        ("do ponoci sam budna", false),
        ("slika a b c d e f g h i j do ponoci", true),
        ("slika a b c d e f g h i j k do ponoci", false),
    ] {
        assert_eq!(is_found(&rules, text), found, "{text}");
    }
}

#[test]
fn families_refer_to_earlier_families() {
    let rules = with_families(r##""#deadline""##, 10);
    assert!(is_found(&rules, "rok za sliku"));
    assert!(!is_found(&rules, "rok za racun"));
}

#[test]
fn families_follow_negation_like_rules() {
    let negated = "ne slika do ponoci";
    assert!(!is_found(
        &with_families(r##""#picture & #deadline""##, 10),
        negated
    ));
    let text = FAMILIES.replace("id = \"picture\"", "id = \"picture\"\nnegatable = false");
    let rules = small(&(text + &rule("blackmail", "patterns = ['#picture & #deadline']"))).expect("valid");
    assert!(is_found(&rules, negated));
}

#[test]
fn families_alone_give_no_reason() {
    let rules = with_families(r##""#picture & #deadline""##, 10);
    let assessed = assess(&rules, "slika");
    assert_eq!(assessed, Assessment::default());
    assert!(rules.reason("picture").is_none());
}

#[test]
fn an_invalid_family_is_named() {
    let error = |rest: &str| small(rest).map(|_| ()).expect_err("invalid").to_string();
    let good = rule("first", r#"patterns = ["bije"]"#);
    let family = |id: &str, patterns: &str| format!("[[families]]\nid = {id:?}\npatterns = [{patterns}]\n");
    for (rest, expected) in [
        (
            family("Loud", r#""a""#),
            "the family Loud: the id may have only a to z, 0 to 9 and _",
        ),
        (family("loud", ""), "the family loud: there are no patterns"),
        (
            family("loud", r#""a [x]""#),
            r#"the family loud: "[x]" is not a number of words"#,
        ),
        (
            family("loud", "'#later'"),
            "the family loud: no earlier rule or family is called \"later\"",
        ),
        (
            family("loud", r#""a""#).repeat(2),
            "the family loud: the id is used twice",
        ),
        (family("first", r#""a""#), "the rule first: the id is used twice"),
    ] {
        assert_eq!(error(&(rest + &good)), expected);
    }
}

#[test]
fn every_family_is_used() {
    let text = CENTRE;
    let ids = text.split("[[families]]\nid = \"").skip(1);
    for id in ids.filter_map(|rest| rest.split('"').next()) {
        let is_used = ["&", "\"", ","]
            .iter()
            .any(|end| text.contains(&format!("#{id}{end}")) || text.contains(&format!("#{id} {end}")));
        assert!(is_used, "{id}");
    }
}

/// Texts in which the families match everywhere. The work must stay proportional to the length of the text.
#[test]
fn the_work_for_families_grows_in_proportion_to_the_text() {
    let rules = rules();
    for unit in [
        "do ponoci salje slike svima ako ne platim ",
        "tata bije mamu sad a ja sam u sobi i bojim se ",
        "zbogom hvala necu vise. ",
        "he is outside now and i am alone at home please help ",
    ] {
        let steps = |length: usize| {
            let text = unit.repeat(length / unit.len());
            rules.compiled.apply(&tokens::tokens(&text)).1
        };
        let (small, large) = (steps(5_000), steps(20_000));
        assert!(
            large <= small * 5,
            "{unit:?}: {small} steps for 5 kB, {large} for 20 kB"
        );
        assert!(large <= 20_000 * 1_000, "{unit:?}: {large} steps");
    }
}

#[test]
fn families_far_apart_in_a_long_text_do_not_combine() {
    let rules = with_families(r##""#picture & #deadline""##, 30);
    let text = |between: usize| format!("{}slika {}do ponoci", "a ".repeat(4_090), "b ".repeat(between));
    assert!(is_found(&rules, &text(30)));
    assert!(!is_found(&rules, &text(31)));
    assert!(!is_found(&rules, &text(5_000)));
}

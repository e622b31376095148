mod families;

use super::*;

/// Messages that were written before the rules, one a line: class, expected urgency, script or language, set, text.
const APART: &str = include_str!("../../../../../tests/urgency/apart.tsv");

fn rules() -> &'static UrgencyRules {
    UrgencyRules::centre()
}

fn assess(rules: &UrgencyRules, text: &str) -> Assessment {
    rules.assess(rules.findings(text), None, 0)
}

fn urgency(text: &str) -> Urgency {
    assess(rules(), text).urgency
}

#[track_caller]
fn all_are(expected: Urgency, texts: &[&str]) {
    let rules = rules();
    for text in texts {
        let assessed = assess(rules, text);
        assert_eq!(assessed.urgency, expected, "{text}: {:?}", assessed.reasons);
    }
}

/// Rules with the given lists, contexts and rules.
fn small(rest: &str) -> Result<UrgencyRules, InvalidRules> {
    let head = r#"
        name = "small"
        version = 1
        negators = ["ne"]
        fillers = ["da"]
        answers = { yes = { sr = "да", en = "yes" }, not_sure = { sr = "не знам", en = "not sure" } }
        written_again = { messages = 2, minutes = 60, reason = { sr = "опет", en = "again" } }
    "#;
    UrgencyRules::parse(&format!("{head}{rest}"))
}

fn rule(id: &str, rest: &str) -> String {
    format!(
        "[[rules]]\nid = {id:?}\nraises_to = \"danger\"\nreason = {{ sr = \"разлог\", en = \"reason\" }}\n{rest}\n"
    )
}

#[test]
fn the_rules_reach_their_goal_on_messages_kept_apart() {
    let rules = rules();
    // The number of messages, of those raised at all, and of those raised to danger, by class and expected urgency.
    let mut counts = std::collections::BTreeMap::<(&str, &str), [u32; 3]>::new();
    for line in APART.lines() {
        let columns: Vec<&str> = line.splitn(5, '\t').collect();
        let assessed = assess(rules, columns[4]).urgency;
        let count = counts.entry((columns[0], columns[1])).or_default();
        count[0] += 1;
        count[1] += u32::from(assessed > Urgency::Ordinary);
        count[2] += u32::from(assessed == Urgency::Danger);
    }
    let of = |class: &str| counts.get(&(class, "ordinary")).copied().unwrap_or_default();
    let danger = counts.iter().filter(|((_, expected), _)| *expected == "danger");
    let (all, found) = danger.fold((0, 0), |(all, found), (_, count)| {
        (all + count[0], found + count[2])
    });
    assert!(
        all > 80 && found * 100 >= all * 95,
        "danger found: {found} of {all}"
    );
    let [ordinary, raised, _] = of("ordinary");
    assert!(
        ordinary > 60 && raised * 100 <= ordinary * 10,
        "ordinary messages raised: {raised} of {ordinary}"
    );
    for class in ["negated", "lyrics", "game"] {
        let [all, _, to_danger] = of(class);
        assert!(
            all > 10 && to_danger * 100 <= all * 20,
            "{class} raised to danger: {to_danger} of {all}"
        );
    }
}

#[test]
fn a_negated_phrase_raises_nothing() {
    all_are(
        Urgency::Ordinary,
        &[
            "Ne želim da umrem.",
            "nikad se ne bih ubila",
            "Нисам у опасности",
            "niko mi ne preti",
            "tata me ne tuče",
            "I don't want to die",
            "I am not going to kill myself",
            "nobody hits me",
        ],
    );
}

#[test]
fn a_negation_of_something_else_lowers_nothing() {
    all_are(
        Urgency::Danger,
        &[
            "Ne, želim da umrem.",
            "ne mogu vise zelim da umrem",
            "niko me ne voli hocu da se ubijem",
            "Nisam dobro. Ubiću se.",
            "ne zelim da zivim",
            "necu vise da zivim",
            "I don't know what to do, I want to die",
        ],
    );
}

#[test]
fn scripts_accents_and_case_make_no_difference() {
    all_are(
        Urgency::Danger,
        &[
            "Ubiću se noćas",
            "UBICU SE NOCAS",
            "Убићу се ноћас",
            "Наћи ћу начин да се убијем",
            "Krijem se, očuh me tuče",
            "krijem se, ocuh me tuce",
            "Кријем се, очух ме туче",
        ],
    );
    all_are(Urgency::Urgent, &["maltretiraju me", "малтретирају ме"]);
}

#[test]
fn usual_misspellings_and_slang_are_found() {
    all_are(
        Urgency::Danger,
        &[
            "ubicuuu seee",
            "ubiucu se",
            "hocu da se ub1jem",
            "necu vishe da zivim",
            "ocu da umrm",
            "zelm da umrem",
            "kms",
            "i wanna die",
            "im gonna kill myself",
            "hocu... da umrem",
            "hocu\nda umrem",
        ],
    );
}

#[test]
fn songs_films_games_and_exaggeration_are_no_danger() {
    for text in [
        "u pesmi se kaze hocu da umrem",
        "U seriji se devojka ubije, da li je to za decu?",
        "lyrics: I want to die",
        "mama u šali kaže ubiću te",
        "ubio me u minecraftu",
        "umrecu od smeha",
        "kms rekao mi tim u igrici",
        "this homework is killing me",
    ] {
        assert!(urgency(text) < Urgency::Danger, "{text}");
    }
}

#[test]
fn a_danger_beside_a_song_is_still_a_danger() {
    all_are(
        Urgency::Danger,
        &[
            "Svidja mi se ta pesma i film, gledala sam ga sa sestrom pre dva dana i bilo je lepo i sve, ali sada moram da kazem da hocu da se \
         ubijem",
            "pesma je lepa ali ubicu se veceras",
        ],
    );
}

#[test]
fn danger_to_others_is_danger() {
    all_are(
        Urgency::Danger,
        &[
            "Drugarica hoće da se ubije",
            "my friend wants to kill himself",
            "ćerka mi je popila tablete",
        ],
    );
}

#[test]
fn what_is_over_is_urgent() {
    all_are(
        Urgency::Urgent,
        &[
            "prosle godine sam htela da se ubijem",
            "I used to self harm",
            "sekla sam se ranije",
        ],
    );
    all_are(
        Urgency::Danger,
        &["prosle godine sam htela da se ubijem i veceras opet hocu"],
    );
}

#[test]
fn answers_and_repeated_messages_raise_and_never_lower() {
    let rules = rules();
    let assess = |text: &str, answer, again| {
        let assessed = rules.assess(rules.findings(text), answer, again);
        let ids: Vec<String> = assessed
            .reasons
            .iter()
            .map(|reason| reason.rule.clone())
            .collect();
        (assessed.urgency, ids.join(" "))
    };
    let once = |id: &str, urgency| (urgency, id.to_owned());
    assert_eq!(assess("zdravo", None, 0), once("", Urgency::Ordinary));
    assert_eq!(
        assess("zdravo", Some(InDanger::No), 0),
        once("", Urgency::Ordinary)
    );
    assert_eq!(
        assess("zdravo", Some(InDanger::NotSure), 0),
        once(ANSWERED_NOT_SURE, Urgency::Urgent)
    );
    assert_eq!(
        assess("zdravo", Some(InDanger::Yes), 0),
        once(ANSWERED_YES, Urgency::Danger)
    );
    assert_eq!(assess("zdravo", None, 3), once(WROTE_AGAIN, Urgency::Urgent));
    assert_eq!(assess("zdravo", None, 2), once("", Urgency::Ordinary));
    let danger = "hocu da se ubijem";
    assert_eq!(
        assess(danger, Some(InDanger::No), 0),
        once("suicide", Urgency::Danger)
    );
    let both = format!("suicide {ANSWERED_NOT_SURE}");
    assert_eq!(
        assess(danger, Some(InDanger::NotSure), 0),
        (Urgency::Danger, both)
    );
}

#[test]
fn stored_numbers_and_names_are_those_of_the_scheme() {
    for (urgency, stored, name) in [
        (Urgency::Ordinary, 0, "ordinary"),
        (Urgency::Urgent, 1, "urgent"),
        (Urgency::Danger, 2, "danger"),
    ] {
        assert_eq!(i16::from(urgency), stored);
        assert_eq!(Urgency::from_stored(stored), urgency);
        assert_eq!((urgency.as_str(), Urgency::parse(name)), (name, Some(urgency)));
    }
    assert_eq!(Urgency::from_stored(-1), Urgency::Ordinary);
    assert_eq!(Urgency::from_stored(7), Urgency::Danger);
}

#[test]
fn an_invalid_file_names_the_rule_and_the_mistake() {
    let error = |rest: &str| small(rest).map(|_| ()).expect_err("invalid").to_string();
    let good = rule("first", r#"patterns = ["bije & veceras"]"#);
    for (rest, expected) in [
        (
            rule("loud", "patterns = []"),
            "the rule loud: there are no patterns",
        ),
        (
            rule("loud", r#"patterns = ["@nothing bije"]"#),
            r#"the rule loud: there is no list "@nothing""#,
        ),
        (
            rule("loud", r#"patterns = [".. bije"]"#),
            r#"the rule loud: ".. bije" must begin with a word or a list"#,
        ),
        (
            rule("loud", r#"patterns = ["bije [x]"]"#),
            r#"the rule loud: "[x]" is not a number of words"#,
        ),
        (
            rule("loud", r#"patterns = ["bije [30] nas [30]"]"#),
            "the rule loud: \"bije [30] nas [30]\" may cover more than 40 words",
        ),
        (
            rule("loud", "patterns = ['#later']"),
            "the rule loud: no earlier rule or family is called \"later\"",
        ),
        (
            rule("Loud", r#"patterns = ["bije"]"#),
            "the rule Loud: the id may have only a to z, 0 to 9 and _",
        ),
        (format!("{good}{good}"), "the rule first: the id is used twice"),
        (
            rule("loud", "patterns = [\"a\"]\nlowered_by = [\"film\"]"),
            "the rule loud: there is no context \"film\"",
        ),
        (
            "[lists]\nempty = []\n".to_owned() + &good,
            "the list @empty: the list \"@empty\" is empty",
        ),
    ] {
        assert_eq!(error(&rest), expected);
    }
    assert!(error("rules = 3").starts_with("the file cannot be read"));
    assert!(small(&good).is_ok());
}

#[test]
fn patterns_follow_their_notation() {
    let text = r#"patterns = ["(hocu|zelim da) .. (umrem|me nema)", "bije se? jako", "preti & noz*", "vrata [5] lupa"]"#;
    let rules = small(&rule("all", text)).expect("valid");
    for (text, found) in [
        ("hocu samo jednom da umrem", true),
        ("hocu samo jednom bez razloga da umrem", false),
        ("zelim da me nema", true),
        ("zelim umrem", false),
        ("bije jako", true),
        ("bije se jako", true),
        ("bije me jako", false),
        ("nozem mi. Preti.", true),
        ("vrata a b c d e lupa", true),
        ("vrata a b c d e f lupa", false),
        ("vrata. lupa", false),
        ("vrata ne lupa", false),
    ] {
        assert_eq!(assess(&rules, text).urgency == Urgency::Danger, found, "{text}");
    }
}

#[test]
fn the_work_grows_in_proportion_to_the_text() {
    let rules = rules();
    let steps = |text: &str| rules.compiled.apply(&tokens::tokens(text)).1;
    for unit in [
        "da ",
        "hocu da me bije i sece se ",
        "ne ",
        "me mi nas ce da hoce ",
        "ubicu. ",
        "slika novac ili ako ",
    ] {
        let of_length = |length: usize| steps(&unit.repeat(length / unit.len()));
        let (small, large) = (of_length(10_000), of_length(40_000));
        assert!(
            large <= small * 5,
            "{unit:?}: {small} steps for 10 kB, {large} for 40 kB"
        );
        assert!(large <= 40_000 * 1_000, "{unit:?}: {large} steps");
    }
    let long_word = "ubi".repeat(300_000);
    assert!(steps(&long_word) < 1_000);
}

#[test]
fn a_danger_late_in_a_long_text_is_found() {
    for words_before in [4_094, 4_095, 4_096, 4_200, 20_000] {
        let text = format!("{}hocu da se ubijem", "x ".repeat(words_before));
        assert_eq!(urgency(&text), Urgency::Danger, "{words_before}");
    }
}

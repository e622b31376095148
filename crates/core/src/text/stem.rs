//! Light stemming of folded words: the forms of one word, such as школа, школе and školi, have a stem in common.
//!
//! The language of a word is not known, so a word has several possible stems: those of Serbian and those of English. Two words are
//! forms of one word if they share a possible stem. Only endings of inflection are removed, not those that make other words:
//! školjka is no form of škola.

/// An ending with the least number of letters that must come before it.
type Ending = (&'static str, usize);

/// Endings of Serbian nouns, adjectives and verbs, folded.
const SERBIAN: [Ending; 81] = [
    // Cases of nouns and adjectives, and the shortest forms of verbs.
    ("a", 3),
    ("e", 3),
    ("i", 3),
    ("o", 3),
    ("u", 3),
    ("om", 3),
    ("em", 3),
    ("im", 3),
    ("ih", 3),
    ("og", 3),
    ("eg", 3),
    ("oj", 3),
    ("ama", 3),
    ("ima", 3),
    // The longer plural of masculine nouns.
    ("ovi", 3),
    ("ova", 3),
    ("ove", 3),
    ("ovima", 3),
    ("evi", 3),
    ("eva", 3),
    ("eve", 3),
    ("evima", 3),
    // The present.
    ("am", 3),
    ("as", 4),
    ("es", 4),
    ("is", 4),
    ("amo", 3),
    ("emo", 3),
    ("imo", 3),
    ("ate", 3),
    ("ite", 3),
    ("aju", 3),
    ("uje", 4),
    ("ujem", 4),
    ("ujes", 4),
    ("ujemo", 4),
    ("ujete", 4),
    ("uju", 4),
    // The infinitive and the past.
    ("ati", 3),
    ("eti", 3),
    ("iti", 3),
    ("uti", 3),
    ("ovati", 4),
    ("ao", 3),
    ("ala", 3),
    ("alo", 3),
    ("ali", 3),
    ("ale", 3),
    ("eo", 3),
    ("ela", 3),
    ("elo", 3),
    ("eli", 3),
    ("ele", 3),
    ("io", 3),
    ("ila", 3),
    ("ilo", 3),
    ("ili", 3),
    ("ile", 3),
    ("uo", 3),
    ("ula", 3),
    ("ulo", 3),
    ("uli", 3),
    ("ule", 3),
    ("ovao", 4),
    ("ovala", 4),
    ("ovalo", 4),
    ("ovali", 4),
    ("ovale", 4),
    // Participles and verbal nouns.
    ("en", 4),
    ("ena", 4),
    ("eno", 4),
    ("eni", 4),
    ("ene", 4),
    ("anje", 3),
    ("anja", 3),
    ("anju", 3),
    ("anjem", 3),
    ("enje", 4),
    ("enja", 4),
    ("enju", 4),
    ("enjem", 4),
];

/// Serbian endings that count only after exactly three letters, because planeta is no form of plan: dete, deteta; pišem, pišete.
const AFTER_THREE: [&str; 4] = ["eta", "etu", "etom", "ete"];

/// The number of letters of the shortest word that loses its fleeting a: momak, momka.
const SHORTEST_WITH_FLEETING_A: usize = 5;

/// The greatest number of letters of a word whose endings are removed.
const LONGEST: usize = 30;

/// Returns the possible stems of a folded word, beginning with the word itself. Each further stem has at least three letters, and all
/// but its last letter are the beginning of the word.
#[must_use]
pub fn stems(word: &str) -> Vec<String> {
    let mut all = vec![word.to_owned()];
    if (4..=LONGEST).contains(&word.len()) && word.bytes().all(|letter| letter.is_ascii_lowercase()) {
        add_serbian(word, &mut all);
        add_english(word, &mut all);
    }
    all
}

fn add_serbian(word: &str, all: &mut Vec<String>) {
    let endings = SERBIAN.iter().filter_map(|(ending, least)| {
        let stem = word.strip_suffix(ending)?;
        let long = ending.len() > 2;
        (stem.len() >= *least && can_be_stem(stem, long)).then_some((stem, *ending))
    });
    let after_three = AFTER_THREE.iter().filter_map(|ending| {
        let stem = word.strip_suffix(ending)?;
        (stem.len() == 3 && can_be_stem(stem, true)).then_some((stem, *ending))
    });
    let stripped: Vec<(&str, &str)> = endings.chain(after_three).collect();
    for (stem, ending) in std::iter::once((word, "")).chain(stripped) {
        add(stem.to_owned(), all);
        let mut forms = vec![stem.to_owned()];
        // The last consonant changes before i and e: knjiga, knjizi; majka, majci; strah, straše.
        if ending.starts_with(['i', 'e'])
            && let Some((before, changed)) = split_last(stem)
            && let Some(original) = original_of(changed)
        {
            forms.push(format!("{before}{original}"));
        }
        for form in forms {
            if let Some(short) = without_fleeting_a(&form) {
                add(short, all);
            }
            add(form, all);
        }
    }
}

fn add_english(word: &str, all: &mut Vec<String>) {
    // Stories, story; tried, try.
    for ending in ["ies", "ied"] {
        if let Some(stem) = word.strip_suffix(ending)
            && stem.len() >= 2
        {
            add(format!("{stem}y"), all);
        }
    }
    for ending in ["ing", "ed"] {
        let Some(stem) = word.strip_suffix(ending).filter(|stem| can_be_stem(stem, true)) else {
            continue;
        };
        // Making, make; running, run.
        add(format!("{stem}e"), all);
        if let Some((before, last)) = split_last(stem)
            && before.ends_with(last)
        {
            add(before.to_owned(), all);
        }
        add(stem.to_owned(), all);
    }
    if let Some(stem) = word.strip_suffix('s') {
        // A short word in -as is seldom a plural, and danas is no form of dan.
        let is_plural = !stem.ends_with(['s', 'i', 'u']) && (!stem.ends_with('a') || stem.len() >= 6);
        if is_plural {
            add(stem.to_owned(), all);
        }
        if let Some(base) = stem.strip_suffix('e')
            && base.ends_with(['s', 'x', 'z', 'h'])
        {
            add(base.to_owned(), all);
        }
    }
}

fn add(stem: String, all: &mut Vec<String>) {
    if stem.len() >= 3 && !all.contains(&stem) {
        all.push(stem);
    }
}

/// Returns whether the rest of a word without its ending can be a stem. A stem has a vowel or, as smrt in smrti, a syllabic r. Before a
/// long ending, r is not enough: strana is no form of strela.
fn can_be_stem(stem: &str, before_long_ending: bool) -> bool {
    stem.contains(['a', 'e', 'i', 'o', 'u', 'y']) || (!before_long_ending && stem.contains('r'))
}

/// Returns the consonant that becomes `changed` before i or e. Folded, č and ć are c, ž is z, and š is s.
const fn original_of(changed: char) -> Option<char> {
    match changed {
        'c' => Some('k'),
        'z' => Some('g'),
        's' => Some('h'),
        _ => None,
    }
}

/// Returns the stem without the a between its last two consonants: momak, momk-; devojaka, devojk-.
fn without_fleeting_a(stem: &str) -> Option<String> {
    if stem.len() < SHORTEST_WITH_FLEETING_A {
        return None;
    }
    let (rest, last) = split_last(stem)?;
    let before = rest.strip_suffix('a')?;
    let is_consonant = |letter: char| !matches!(letter, 'a' | 'e' | 'i' | 'o' | 'u');
    let between = is_consonant(last) && before.ends_with(is_consonant);
    (between && can_be_stem(before, true)).then(|| format!("{before}{last}"))
}

fn split_last(word: &str) -> Option<(&str, char)> {
    let last = word.chars().next_back()?;
    Some((word.strip_suffix(last)?, last))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::fold::fold;

    fn are_forms_of_one_word(one: &str, other: &str) -> bool {
        let of_one = stems(&fold(one));
        stems(&fold(other)).iter().any(|stem| of_one.contains(stem))
    }

    #[test]
    fn forms_of_one_word_share_a_stem() {
        for forms in [
            "школа школе школи školu školom školama",
            "knjiga knjige knjizi knjigu knjigama knjigom",
            "majka majci majke majkama majko",
            "učenik učenici učenika učenicima učeniče",
            "nasilje nasilja nasilju nasiljem",
            "претња претње претњом претњама",
            "preti pretim pretio pretila pretiti prete",
            "slika slike slici slikama slikati slikao",
            "poruka poruke poruci porukama",
            "drug druže drugu drugovi drugovima",
            "deca dece deci decu decom",
            "dete deteta detetu detetom",
            "devojka devojaka devojci devojkama",
            "momak momka momci momke",
            "ђак ђаци đaka đacima",
            "noga noge nozi nogama",
            "smrt smrti",
            "snimak snimka snimci snimke",
            "bojim boji bojala bojati bojao",
            "čuvam čuvaju čuvala čuvati čuvanje",
            "može mogu mogao možete",
            "uznemirava uznemiravanje uznemiravali uznemiravati",
            "lažni lažnog lažnim lažna",
            "dobar dobra dobro dobrim",
            "message messages",
            "story stories",
            "try tried tries",
            "make making",
            "run running runs",
            "hope hoped hopes hoping",
            "threaten threatened threatening threatens",
            "class classes",
        ] {
            let all: Vec<&str> = forms.split(' ').collect();
            let first = all.first().copied().unwrap_or_default();
            for other in &all {
                assert!(
                    are_forms_of_one_word(first, other),
                    "{first} {other}: {:?}",
                    stems(&fold(other))
                );
            }
        }
    }

    #[test]
    fn other_words_share_no_stem() {
        for (one, other) in [
            ("škola", "školjka"),
            ("škola", "školski"),
            ("policija", "polica"),
            ("planeta", "plan"),
            ("danas", "dan"),
            ("strana", "strela"),
            ("kolega", "kola"),
            ("majka", "majica"),
            ("noga", "nogomet"),
            ("planete", "plan"),
            ("thing", "the"),
            ("glass", "glas"),
        ] {
            assert!(
                !are_forms_of_one_word(one, other),
                "{one} {other}: {:?}",
                stems(&fold(other))
            );
        }
    }

    proptest! {
        #[test]
        fn a_stem_without_its_last_letter_begins_the_word(word in "[a-z]{0,12}") {
            for stem in stems(&word).iter().skip(1) {
                prop_assert!(stem.len() >= 3);
                let (before, _) = split_last(stem).unwrap();
                prop_assert!(word.starts_with(before), "{} {}", word, stem);
            }
        }

        #[test]
        fn every_word_is_a_form_of_itself(word in "\\PC{0,20}") {
            let folded = fold(&word);
            prop_assert!(stems(&folded).contains(&folded));
        }
    }
}

//! A mail may contain alternatives of the same message, such as plain text and HTML (`multipart/alternative`, RFC 2046, section 5.1.4).
//! This module chooses the alternative that is shown, and keeps text that only the other alternatives contain.

use std::collections::HashSet;

use super::{part_contents::PartContents, text::word_set};

/// The largest number of different words in a notice that mail programs write, such as "Your program does not show HTML".
const LONGEST_NOTICE: usize = 80;

/// Returns the alternative with the most content. Compares two alternatives at a time: chooses one and hides the other. Keeps each line of
/// the hidden alternative with a word that the chosen alternative lacks. These lines are shown below the chosen alternative if it lacks
/// more than half of the hidden alternative's words and the hidden alternative is not a notice. Otherwise they are shown folded
/// (collapsed).
pub fn choose_alternative(forms: Vec<PartContents>) -> PartContents {
    forms.into_iter().reduce(choose_of_two).unwrap_or_default()
}

fn choose_of_two(first: PartContents, second: PartContents) -> PartContents {
    let (first_text, second_text) = (first.text(), second.text());
    let (a, b) = (word_set(&first_text), word_set(&second_text));
    if b.is_empty() && !first_text.trim().is_empty() {
        return first.with_all_but_text_of(second);
    }
    if a.is_empty() {
        return second.with_all_but_text_of(first);
    }
    let takes_first = is_richer(&a, &b);
    let (mut winner, loser, lost, has) = if takes_first {
        (first, second, second_text, a)
    } else {
        (second, first, first_text, b)
    };
    let missing: Vec<&str> = lost
        .lines()
        .filter(|line| word_set(line).iter().any(|word| !has.contains(word)))
        .collect();
    let lost_words = word_set(&lost);
    if !missing.is_empty() {
        let missing = missing.join("\n");
        if share_missing(&has, &lost_words) > 50 && !is_notice(&lost_words) {
            winner.show(missing);
        } else {
            winner.only_in_hidden.push(missing);
        }
    }
    winner.with_all_but_text_of(loser)
}

/// Returns whether the first of two alternatives is shown instead of the second. Normally the alternative that contains the larger share of
/// the other alternative's words is shown. If each lacks more than half of the other's words, the two are different texts. A text that is
/// not a notice is then preferred to a notice, and a text with more different words to a text with fewer.
fn is_richer(first: &HashSet<String>, second: &HashSet<String>) -> bool {
    let (first_lacks, second_lacks) = (share_missing(first, second), share_missing(second, first));
    if first_lacks == 0 || second_lacks == 0 {
        return first_lacks == 0;
    }
    if first_lacks > 50 && second_lacks > 50 {
        return match (is_notice(first), is_notice(second)) {
            (true, false) => false,
            (false, true) => true,
            (true, true) | (false, false) => first.len() >= second.len(),
        };
    }
    first_lacks <= second_lacks
}

/// Returns the percentage of the words in `other` that the alternative `form` lacks, rounded up.
fn share_missing(form: &HashSet<String>, other: &HashSet<String>) -> usize {
    let missing = other.difference(form).count();
    (missing * 100).div_ceil(other.len().max(1))
}

/// Returns whether an alternative is a mail program's notice, such as "Your program does not show HTML". A notice in any language has few
/// words, and at least one of them is a technical term.
fn is_notice(words: &HashSet<String>) -> bool {
    let technical = ["html", "mime", "browser", "multipart", "webmail"];
    words.len() <= LONGEST_NOTICE && technical.iter().any(|word| words.contains(*word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(forms: &[&str]) -> (String, String) {
        let forms = forms.iter().map(|text| {
            let mut found = PartContents::default();
            found.show((*text).to_owned());
            found
        });
        let found = choose_alternative(forms.collect());
        (found.text(), found.only_in_hidden.join("\n"))
    }

    #[test]
    fn the_form_that_says_the_most_is_shown() {
        for (forms, shown, aside) in [
            (
                ["Moja ćerka se boji.", "Moja ćerka se boji."],
                "Moja ćerka se boji.",
                "",
            ),
            (["", "Moja ćerka."], "Moja ćerka.", ""),
            (["Moja ćerka.", ""], "Moja ćerka.", ""),
            // Texts that differ only in accents or picture placeholders count as the same text.
            (
                ["Moja cerka [image: a.png]", "Moja ćerka"],
                "Moja cerka [image: a.png]",
                "",
            ),
            // Only one alternative contains the URL of the link.
            (
                ["Evo profil njegov", "Evo profil <https://a.example/1> njegov"],
                "Evo profil <https://a.example/1> njegov",
                "",
            ),
            (
                [
                    "This message is in HTML format. Your mail reader does not display HTML.",
                    "Neko je napravio lažni nalog.",
                ],
                "Neko je napravio lažni nalog.",
                "This message is in HTML format. Your mail reader does not display HTML.",
            ),
            (
                ["Ваш програм не приказује HTML.", "Pomozite"],
                "Pomozite",
                "Ваш програм не приказује HTML.",
            ),
            // If the alternatives are two different texts, both are shown.
            (
                ["Dugačka priča o tome šta se desilo juče", "Poslato sa telefona"],
                "Dugačka priča o tome šta se desilo juče\n\nPoslato sa telefona",
                "",
            ),
            // Text that occurs only in the other alternative is kept.
            (
                ["Prvi red priče ovde\nPogledajte u čitaču", "Prvi red priče ovde"],
                "Prvi red priče ovde\nPogledajte u čitaču",
                "",
            ),
        ] {
            assert_eq!(chosen(&forms), (shown.to_owned(), aside.to_owned()), "{forms:?}");
        }
    }
}

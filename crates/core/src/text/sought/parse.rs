//! Parsing what was typed into the search box.

use super::{Sought, SoughtWord, Term, synonyms::synonyms};
use crate::text::fold::words;

/// The words that join alternatives, in capitals.
const OR: [&str; 3] = ["OR", "ILI", "ИЛИ"];

/// A part of what was typed.
#[derive(Clone, Copy)]
struct Part<'a> {
    text: &'a str,
    is_quoted: bool,
    is_excluded: bool,
}

impl Part<'_> {
    fn is_or(&self) -> bool {
        !self.is_quoted && !self.is_excluded && OR.contains(&self.text)
    }

    /// Returns the words as one term, which is a phrase if there are several. Returns `None` if there are no words.
    fn term(&self) -> Option<Term> {
        let words = words(self.text);
        let is_exact = self.is_quoted || words.len() > 1;
        let sought = words.into_iter().map(|word| {
            if is_exact {
                SoughtWord::exact(word)
            } else {
                SoughtWord::inflected(word)
            }
        });
        let sought: Vec<_> = sought.collect();
        (!sought.is_empty()).then_some(Term(sought))
    }

    /// Returns lists of terms, one for each word, of which one term must occur: the word or a synonym. Quoted words are one term.
    fn terms(&self) -> Vec<Vec<Term>> {
        if self.is_quoted {
            return self.term().into_iter().map(|term| vec![term]).collect();
        }
        let words = words(self.text).into_iter().map(SoughtWord::inflected);
        words
            .map(|word| {
                let same = synonyms(&word);
                let all = std::iter::once(word).chain(same);
                all.map(|word| Term(vec![word])).collect()
            })
            .collect()
    }
}

impl Sought {
    /// Parses the text typed into the search box: words, all of which must occur, or their synonyms; phrases in quotation marks of any kind; `-` before a word or
    /// phrase that may not occur; and `OR` (`ILI`, `ИЛИ`) between alternatives. Every text is a query.
    #[must_use]
    pub fn parse(typed: &str) -> Self {
        let typed = typed.replace(['„', '“', '”', '«', '»'], "\"");
        let all = parts(&typed);
        let mut sought = Self::default();
        let mut joins = false;
        for (place, part) in all.iter().enumerate() {
            if part.is_excluded {
                sought.excluded.extend(part.term());
            } else if part.is_or() && joins_terms(&all, place) {
                joins = true;
                continue;
            } else if joins {
                if let Some(alternatives) = sought.required.last_mut() {
                    alternatives.extend(part.term());
                }
            } else if all.get(place + 1).is_some_and(Part::is_or) && joins_terms(&all, place + 1) {
                sought.required.extend(part.term().map(|term| vec![term]));
            } else {
                sought.required.extend(part.terms());
            }
            joins = false;
        }
        sought
    }
}

/// Returns whether the part at `place` has a term before and after it, so that it can join them.
fn joins_terms(all: &[Part<'_>], place: usize) -> bool {
    let is_term = |part: &Part<'_>| !part.is_excluded && !part.is_or() && part.term().is_some();
    let before = place.checked_sub(1).and_then(|before| all.get(before));
    before.is_some_and(is_term) && all.get(place + 1).is_some_and(is_term)
}

/// Splits what was typed at spaces and quotation marks. A quotation mark that is not closed holds until the end.
fn parts(typed: &str) -> Vec<Part<'_>> {
    let mut all = Vec::new();
    let mut is_excluded = false;
    for (place, piece) in typed.split('"').enumerate() {
        if place % 2 == 1 {
            all.push(Part {
                text: piece,
                is_quoted: true,
                is_excluded,
            });
            is_excluded = false;
            continue;
        }
        for text in piece.split_whitespace() {
            let without = text.strip_prefix('-');
            all.push(Part {
                text: without.unwrap_or(text),
                is_quoted: false,
                is_excluded: without.is_some(),
            });
        }
        // A minus directly before the quotation mark.
        is_excluded = piece.ends_with('-') && piece.split_whitespace().next_back() == Some("-");
    }
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns the query in words, for example `+a|b -c` for `a OR b -c`.
    fn written(typed: &str) -> String {
        let sought = Sought::parse(typed);
        let term = |term: &Term| {
            let words = term.words().iter().map(|word| word.beginning.as_str());
            words.collect::<Vec<_>>().join("_")
        };
        let required = sought.required().iter().map(|any| {
            let any: Vec<_> = any.iter().map(term).collect();
            format!("+{}", any.join("|"))
        });
        let excluded = sought.excluded().iter().map(|one| format!("-{}", term(one)));
        required.chain(excluded).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn words_phrases_exclusions_and_alternatives_are_told_apart() {
        for (typed, expected) in [
            ("neko preti", "+neko +preti"),
            ("\"moje slike\" preti", "+moje_slike +preti"),
            ("„moje slike“", "+moje_slike"),
            ("\"moje slike", "+moje_slike"),
            ("preti -spam", "+preti -spam"),
            ("preti -\"novi nalog\" sad", "+preti +sad -novi_nalog"),
            ("a OR b", "+a|b"),
            ("a ILI b ИЛИ \"c d\" e", "+a|b|c_d +e"),
            ("e-mail", "+e +mail"),
            ("e-mail OR sms", "+e_mail|sms"),
            ("a or b", "+a +or +b"),
            ("OR a", "+or +a"),
            ("a OR", "+a +or"),
            ("a OR -b", "+a +or -b"),
            ("a OR OR b", "+a +or +or +b"),
            ("- a", "+a"),
            ("-", ""),
            ("-\"\" a", "+a"),
            ("", ""),
            (" \" ", ""),
        ] {
            assert_eq!(written(typed), expected, "{typed}");
        }
    }

    proptest! {
        #[test]
        fn every_text_is_a_query(typed in "(\\PC|[\" -]|OR| ){0,40}") {
            let sought = Sought::parse(&typed);
            let all = sought.required().iter().flatten().chain(sought.excluded());
            prop_assert!(all.clone().all(|term| !term.words().is_empty()));
            prop_assert!(sought.required().iter().all(|any| !any.is_empty()));
        }
    }
}

//! Search queries.

use crate::text::fold::words;

/// A search query. It consists of word prefixes and quoted phrases.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sought {
    /// Folded word prefixes. A text must contain a word with each of these prefixes.
    pub beginnings: Vec<String>,
    /// Phrases, as folded words that must follow each other in the text. The last word of a phrase may be a prefix of the word in the text.
    pub phrases: Vec<Vec<String>>,
}

impl Sought {
    /// Parses the text typed into the search box.
    #[must_use]
    pub fn parse(typed: &str) -> Self {
        let mut sought = Self::default();
        let same = |c: char| {
            if matches!(c, '„' | '“' | '”' | '«' | '»') {
                '"'
            } else {
                c
            }
        };
        let typed: String = typed.chars().map(same).collect();
        for (place, part) in typed.split('"').enumerate() {
            let words = words(part);
            match words.len() {
                0 => {}
                1 => sought.beginnings.extend(words),
                _ if place % 2 == 1 => sought.phrases.push(words),
                _ => sought.beginnings.extend(words),
            }
        }
        sought
    }

    /// Returns whether the query contains no words.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.beginnings.is_empty() && self.phrases.is_empty()
    }

    /// Returns the word prefixes and the words of all phrases. A text that matches the query contains a word beginning with each of these.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        let phrases = self.phrases.iter().flatten();
        self.beginnings.iter().chain(phrases).map(String::as_str)
    }

    /// Returns whether `text` contains all phrases of the query.
    #[must_use]
    pub fn phrases_stand_in(&self, text: &str) -> bool {
        if self.phrases.is_empty() {
            return true;
        }
        let all = words(text);
        self.phrases.iter().all(|phrase| {
            let Some((last, whole)) = phrase.split_last() else {
                return true;
            };
            all.windows(phrase.len()).any(|part| {
                part.split_last()
                    .is_some_and(|(end, before)| before == whole && end.starts_with(last.as_str()))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_begin_so_and_phrases_stand_together() {
        let sought = Sought::parse("preti \u{201e}moje slik\u{201c}");
        assert_eq!(sought.beginnings, ["preti"]);
        assert!(sought.phrases_stand_in("Има моје слике и прети"));
        assert!(!sought.phrases_stand_in("slike su moje"));
        assert!(Sought::parse(" \" ").is_nothing());
    }
}

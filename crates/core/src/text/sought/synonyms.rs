//! Words that mean the same.

use std::sync::LazyLock;

use super::SoughtWord;
use crate::text::fold::fold;

/// The groups of `config/search/synonyms.txt`.
static GROUPS: LazyLock<Vec<Vec<SoughtWord>>> = LazyLock::new(|| {
    let lines = include_str!("../../../../../config/search/synonyms.txt").lines();
    let groups = lines.filter(|line| !line.starts_with('#')).map(|line| {
        let words = line.split_whitespace();
        words.map(|word| SoughtWord::inflected(fold(word))).collect()
    });
    groups.filter(|group: &Vec<_>| !group.is_empty()).collect()
});

/// Returns the words of the groups that contain a form of `word`, without `word` itself. The beginning of a word has no synonyms.
pub(super) fn synonyms(word: &SoughtWord) -> Vec<SoughtWord> {
    let is_form = |one: &SoughtWord| {
        one.beginning == word.beginning || one.stems.iter().any(|stem| word.stems.contains(stem))
    };
    let groups = GROUPS.iter().filter(|group| group.iter().any(is_form));
    groups.flatten().filter(|one| *one != word).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::sought::Sought;

    #[test]
    fn a_word_finds_its_synonyms_in_both_languages() {
        for (typed, text) in [
            ("fake profile", "Neko je napravio lažni nalog"),
            ("lažni profil", "a false profile of my child"),
            ("слике", "they want my photos"),
            ("шифре", "my password"),
        ] {
            assert!(Sought::parse(typed).is_match(&[text]), "{typed}");
        }
        for (typed, text) in [
            ("\"fake\"", "lažni"),
            ("fa", "lažni"),
            ("photo -slika", "moja slika"),
        ] {
            assert!(!Sought::parse(typed).is_match(&[text]), "{typed}");
        }
        assert!(
            Sought::parse("profil -lažni").is_match(&["a false account"]),
            "only the word itself is excluded"
        );
    }

    #[test]
    fn no_word_is_in_two_groups() {
        for group in GROUPS.iter() {
            for word in group {
                let groups = GROUPS.iter().filter(|other| other.contains(word));
                assert_eq!(groups.count(), 1, "{word:?}");
            }
        }
    }
}

//! Splits a message into words in a form in which the usual spellings of a word are equal.

use crate::text::fold::fold;

/// How a word is separated from the word before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pause {
    /// By a space or another sign that does not end a clause.
    Space,
    /// By a comma, a bracket, a quotation mark, dots or a line break. A negation does not reach across it.
    Clause,
    /// By a full stop, an exclamation or question mark, or a blank line. A phrase does not reach across it.
    Sentence,
}

/// A word of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// The normalised word.
    pub word: String,
    /// How the word is separated from the word before it.
    pub pause: Pause,
}

/// Returns the normalised words of `text` in order.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let folded = fold(text);
    let mut tokens = Vec::new();
    let mut word = String::new();
    let mut separator = Separator::default();
    let mut letters = folded.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter.is_alphanumeric() {
            word.push(letter);
            continue;
        }
        // `don't` is one word.
        if matches!(letter, '\'' | '’' | '‘' | 'ʼ' | '`') && !word.is_empty() {
            continue;
        }
        if !word.is_empty() {
            let pause = std::mem::take(&mut separator).pause();
            tokens.push(Token {
                word: normalise(&std::mem::take(&mut word)),
                pause,
            });
        }
        let before_word = letters.peek().is_some_and(|next| next.is_alphanumeric());
        separator.read(letter, before_word);
    }
    if !word.is_empty() {
        tokens.push(Token {
            word: normalise(&word),
            pause: separator.pause(),
        });
    }
    tokens
}

/// The signs between two words.
#[derive(Default)]
struct Separator {
    dots: usize,
    lines: usize,
    clause: bool,
    sentence: bool,
}

impl Separator {
    fn read(&mut self, letter: char, before_word: bool) {
        match letter {
            // Times, amounts and addresses contain dots: 12.30, www.example.org.
            '.' if before_word && self.dots == 0 => {}
            '.' | '…' => self.dots += if letter == '…' { 3 } else { 1 },
            '!' | '?' => self.sentence = true,
            '\n' => self.lines += 1,
            ',' | ';' | ':' | '(' | ')' | '"' | '„' | '“' | '”' | '«' | '»' | '–' | '—' => {
                self.clause = true
            }
            _ => {}
        }
    }

    const fn pause(&self) -> Pause {
        if self.sentence || self.dots == 1 || self.lines > 1 {
            Pause::Sentence
        } else if self.clause || self.dots > 1 || self.lines == 1 {
            Pause::Clause
        } else {
            Pause::Space
        }
    }
}

/// Returns a folded word in a form that is equal for common spellings: `ubiiicu`, `ubichu` and `ub1cu` become `ubicu`; `dodji` and `dodi`
/// become `dodi`. The words of the rules are normalised in the same way, so different words that become equal cause no error.
pub(super) fn normalise(word: &str) -> String {
    let letter_at = |letter: Option<char>| letter.is_some_and(char::is_alphabetic);
    let mixed = letter_at(word.chars().next()) && letter_at(word.chars().next_back());
    let mut normalised = String::with_capacity(word.len());
    let mut last = '\0';
    for letter in word.chars() {
        let letter = match letter {
            '0' if mixed => 'o',
            '1' if mixed => 'i',
            '3' if mixed => 'e',
            '4' if mixed => 'a',
            '5' if mixed => 's',
            'w' => 'v',
            letter => letter,
        };
        let skipped = match letter {
            'h' => matches!(last, 's' | 'c' | 'z'),
            'j' => last == 'd',
            letter => letter == last && letter.is_alphabetic(),
        };
        if skipped {
            continue;
        }
        last = letter;
        if letter == 'x' {
            normalised.push_str("ks");
        } else {
            normalised.push(letter);
        }
    }
    normalised
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_spellings_of_a_word_become_equal() {
        for (one, other) in [
            ("УБИЋУ", "ubicu"),
            ("Ubiću", "ubicuuuu"),
            ("ubichu", "ub1cu"),
            ("dođi", "dodji"),
            ("dođi", "dodi"),
            ("više", "vishe"),
            ("don't", "dont"),
            ("don’t", "dont"),
            ("xanax", "ksanaks"),
        ] {
            let words = [one, other].map(|text| {
                tokens(text)
                    .into_iter()
                    .map(|token| token.word)
                    .collect::<Vec<_>>()
            });
            assert_eq!(words[0], words[1], "{one} {other}");
        }
        assert_eq!(tokens("imam 22 godine")[1].word, "22");
    }

    #[test]
    fn signs_between_words_end_clauses_and_sentences() {
        let pauses = |text: &str| {
            tokens(text)
                .into_iter()
                .map(|token| token.pause)
                .skip(1)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            pauses("ne, u 12.30. I dalje"),
            [
                Pause::Clause,
                Pause::Space,
                Pause::Space,
                Pause::Sentence,
                Pause::Space
            ]
        );
        assert_eq!(
            pauses("hocu... da\numrem\n\nkraj"),
            [Pause::Clause, Pause::Clause, Pause::Sentence]
        );
        assert_eq!(pauses("a-b! c"), [Pause::Space, Pause::Sentence]);
    }
}

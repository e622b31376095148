//! Masking: identifiers and names of people are hidden from staff until a member of staff reveals them with a reason (requirements C10 and
//! ASVS 14.2.6). The settings `[masking]`, the masked forms, and the search for identifiers in texts.

pub mod pseudonym;

use chrono::TimeDelta;

use crate::{
    staff::rights::{Right, Role},
    text::fold::fold,
};

/// How long a revealed identity stays visible to the member of staff who revealed it.
pub const REVEALED_FOR: TimeDelta = TimeDelta::minutes(15);

/// The time that counts as one shift for the limit of reveals.
pub const SHIFT: TimeDelta = TimeDelta::hours(12);

/// What stands for hidden letters. The number of signs does not depend on the number of letters.
const HIDDEN: &str = "•••";

/// The least number of digits by which a number in a text is recognised as the number of a person.
const COMPARED_DIGITS: usize = 7;

/// The longest number in a text, in characters with separators. A longer run of digits is no telephone number.
const LONGEST_NUMBER: usize = 40;

/// The largest number of digits of a country code with an area code, which can be left out.
const LONGEST_CODE: usize = 5;

/// The `[masking]` table of the settings.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MaskingSettings {
    /// Whether identifiers and names of people are masked.
    pub enabled: bool,
    /// The role from which on staff may reveal an identity.
    pub revealed_by: RevealedBy,
    /// How many identities a member of staff may reveal within [`SHIFT`]. 0: any number.
    pub reveals_per_shift: u16,
    /// Whether staff type their password again before they reveal an identity.
    pub reauthenticate: bool,
}

impl Default for MaskingSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            revealed_by: RevealedBy::Counsellors,
            reveals_per_shift: 0,
            reauthenticate: true,
        }
    }
}

impl MaskingSettings {
    /// Returns whether the role may reveal identities.
    #[must_use]
    pub const fn may_reveal(&self, role: Role) -> bool {
        match self.revealed_by {
            RevealedBy::Counsellors => role.may(Right::WorkOnContacts),
            RevealedBy::Supervisors => role.may(Right::WorkOnOthers),
        }
    }
}

/// Who may reveal identities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevealedBy {
    /// Counsellors and supervisors.
    Counsellors,
    /// Supervisors only.
    Supervisors,
}

/// Why a member of staff reveals an identity. The reasons are fixed, so that the audit contains no words about people.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    serde::Serialize,
    serde::Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RevealReason {
    /// A life or health is in danger, and the police or an ambulance asks who it is.
    Emergency,
    /// The person asked to be called or written to in another way.
    OtherWay,
    /// To find out whether two contacts are from the same person.
    SamePerson,
    /// A referral to an institution has to name the person.
    Referral,
    /// A reply does not arrive, or the address seems wrong.
    WrongAddress,
}

crate::named!(RevealReason);

/// Masks an identifier: an e-mail address as `a•••@g•••.com`, a telephone number as `+381 •• ••• 12`, another number as `•••12`, and any
/// other account by its first letter.
#[must_use]
pub fn mask_identifier(identifier: &str) -> String {
    let identifier = identifier.trim();
    if let Some((local, domain)) = identifier.rsplit_once('@')
        && !local.is_empty()
    {
        let ending = domain.rsplit_once('.').map(|(_, ending)| format!(".{ending}"));
        return format!("{}@{}{}", begin(local), begin(domain), ending.unwrap_or_default());
    }
    let digits: Vec<char> = identifier.chars().filter(char::is_ascii_digit).collect();
    let is_number = identifier
        .chars()
        .all(|one| one == '+' || one.is_ascii_digit() || is_separator(one));
    if !is_number || digits.len() < COMPARED_DIGITS {
        return begin(identifier);
    }
    let end: String = digits.iter().skip(digits.len() - 2).collect();
    match identifier.strip_prefix('+') {
        Some(_) => format!("+{} •• ••• {end}", digits.iter().take(3).collect::<String>()),
        None => format!("{HIDDEN}{end}"),
    }
}

/// Masks a name: the first letter of each word stays.
#[must_use]
pub fn mask_name(name: &str) -> String {
    let words: Vec<String> = name.split_whitespace().map(begin).collect();
    words.join(" ")
}

fn begin(text: &str) -> String {
    let first = text.chars().find(|letter| letter.is_alphanumeric());
    format!("{}{HIDDEN}", first.map(String::from).unwrap_or_default())
}

const fn is_separator(letter: char) -> bool {
    matches!(
        letter,
        ' ' | '\t' | '\u{a0}' | '\u{2009}' | '\u{202f}' | '-' | '\u{2011}' | '–' | '/' | '(' | ')' | '.'
    )
}

/// Hides the identifiers of a person, and their full name, in texts.
///
/// A name of a single word is left in texts: it may be a word of the message, such as "Mum", and without it the message could be
/// misunderstood. The same holds for an account that consists only of letters. Lists and the head of a contact mask both.
#[derive(Default)]
pub struct Masker {
    /// Accounts and addresses in lower case, each with its masked form.
    accounts: Vec<(Vec<char>, String)>,
    /// The digits of numbers, each with the masked form of the number.
    numbers: Vec<(String, String)>,
    /// The folded words of names, each with the masked form of the name.
    names: Vec<(Vec<String>, String)>,
}

impl Masker {
    /// Adds an identifier, such as an address or an account. What staff typed for a caller can contain a name and a number.
    pub fn add_identifier(&mut self, identifier: &str) {
        let masked = mask_identifier(identifier);
        let is_account = identifier.chars().any(char::is_alphabetic);
        let letters: Vec<char> = identifier.chars().collect();
        let mut place = 0;
        while let Some(rest) = letters.get(place..).filter(|rest| !rest.is_empty()) {
            match numbers_at(rest).last() {
                Some((length, digits)) if !is_account || !identifier.contains('@') => {
                    let shown = if is_account {
                        format!("{HIDDEN}{}", end_of(digits))
                    } else {
                        masked.clone()
                    };
                    self.numbers.push((digits.clone(), shown));
                    place += length;
                }
                Some(_) | None => place += 1,
            }
        }
        if is_account && identifier.split_whitespace().nth(1).is_some() {
            self.add_name(identifier);
        } else if is_account
            && identifier
                .chars()
                .any(|one| one.is_ascii_digit() || "@_.".contains(one))
        {
            self.add_account(identifier, masked);
        }
    }

    /// Adds a name. Chat platforms add the account to the name, as in `Ana Petrović (@ana_p)`.
    pub fn add_name(&mut self, name: &str) {
        let (name, account) = match name
            .trim()
            .strip_suffix(')')
            .and_then(|name| name.rsplit_once("(@"))
        {
            Some((name, account)) => (name, Some(account)),
            None => (name, None),
        };
        if let Some(account) = account {
            self.add_account(account, mask_identifier(account));
        }
        // A caller's name can be followed by a number.
        let parts = name
            .split_whitespace()
            .filter(|part| part.chars().any(char::is_alphabetic));
        let name: Vec<&str> = parts.collect();
        let name = name.join(" ");
        let words: Vec<String> = words_of(&name).map(|(_, _, word)| word).collect();
        if words.len() > 1 && self.names.iter().all(|(known, _)| *known != words) {
            self.names.push((words, mask_name(&name)));
        }
    }

    fn add_account(&mut self, hidden: &str, masked: String) {
        let letters: Vec<char> = hidden.trim().chars().map(lower).collect();
        // Shorter texts occur in other words.
        if letters.len() >= 3 && self.accounts.iter().all(|(known, _)| *known != letters) {
            self.accounts.push((letters, masked));
            // An address that begins with another hidden text is found first.
            self.accounts
                .sort_by_key(|(letters, _)| std::cmp::Reverse(letters.len()));
        }
    }

    /// Replaces each hidden text by its masked form.
    #[must_use]
    pub fn mask(&self, text: &str) -> String {
        let text = self.mask_names(text);
        if self.accounts.is_empty() && self.numbers.is_empty() {
            return text;
        }
        let letters: Vec<char> = text.chars().collect();
        let mut masked = String::with_capacity(text.len());
        let mut at = 0;
        while let Some(letter) = letters.get(at) {
            let before = at.checked_sub(1).and_then(|before| letters.get(before));
            let rest = letters.get(at..).unwrap_or_default();
            match self.find(before, rest) {
                Some((length, shown)) => {
                    masked.push_str(shown);
                    at += length;
                }
                None => {
                    masked.push(*letter);
                    at += 1;
                }
            }
        }
        masked
    }

    /// Finds what is hidden at the beginning of a text that follows the letter `before`. Returns its length in characters, and its masked
    /// form.
    fn find(&self, before: Option<&char>, text: &[char]) -> Option<(usize, &str)> {
        if before.is_none_or(|before| !before.is_alphanumeric()) {
            let account = self.accounts.iter().find(|(hidden, _)| {
                text.len() >= hidden.len()
                    && hidden
                        .iter()
                        .zip(text)
                        .all(|(hidden, letter)| *hidden == lower(*letter))
                    && text
                        .get(hidden.len())
                        .is_none_or(|after| !after.is_alphanumeric())
            });
            if let Some((hidden, shown)) = account {
                return Some((hidden.len(), shown));
            }
        }
        if self.numbers.is_empty() || before.is_some_and(char::is_ascii_digit) {
            return None;
        }
        // The longest number that begins here is tried first, because spaces can separate its parts.
        numbers_at(text).into_iter().rev().find_map(|(length, digits)| {
            let known = self
                .numbers
                .iter()
                .find(|(known, _)| is_same_number(known, &digits));
            known.map(|(_, shown)| (length, shown.as_str()))
        })
    }

    /// Replaces each full name, in either order of its words and in either script, by its masked form.
    fn mask_names(&self, text: &str) -> String {
        if self.names.is_empty() {
            return text.to_owned();
        }
        let words: Vec<(usize, usize, String)> = words_of(text).collect();
        let (mut masked, mut copied, mut at) = (String::with_capacity(text.len()), 0, 0);
        while at < words.len() {
            let found = self.names.iter().find(|(name, _)| {
                let some = words.get(at..at + name.len()).unwrap_or_default();
                let same =
                    |name: &mut dyn Iterator<Item = &String>| some.iter().map(|(_, _, word)| word).eq(name);
                !some.is_empty() && (same(&mut name.iter()) || same(&mut name.iter().rev()))
            });
            let part = found.and_then(|(name, shown)| {
                let (begin, ..) = words.get(at)?;
                let (_, end, _) = words.get(at + name.len() - 1)?;
                Some((*begin, *end, name.len(), shown))
            });
            match part {
                Some((begin, end, count, shown)) => {
                    masked.push_str(text.get(copied..begin).unwrap_or_default());
                    masked.push_str(shown);
                    copied = end;
                    at += count;
                }
                None => at += 1,
            }
        }
        masked.push_str(text.get(copied..).unwrap_or_default());
        masked
    }
}

/// Returns the words of a text, folded as for the search, each with the positions of its first byte and behind its last byte.
fn words_of(text: &str) -> impl Iterator<Item = (usize, usize, String)> + '_ {
    let is_letter = |letter: char| letter.is_alphanumeric() || matches!(letter, '\u{300}'..='\u{36f}');
    let mut rest = 0;
    std::iter::from_fn(move || {
        let begin = rest + text.get(rest..)?.find(is_letter)?;
        let length = text.get(begin..)?.find(|letter| !is_letter(letter));
        let end = length.map_or(text.len(), |length| begin + length);
        rest = end;
        Some((begin, end, fold(text.get(begin..end)?)))
    })
}

/// Reads the numbers that begin with a text, shortest first: groups of digits with separators between them. Each has its length in
/// characters, and its digits.
fn numbers_at(text: &[char]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    if !text
        .first()
        .is_some_and(|first| first.is_ascii_digit() || matches!(first, '+' | '('))
    {
        return found;
    }
    let mut digits = String::new();
    for (place, letter) in text.iter().take(LONGEST_NUMBER).enumerate() {
        if letter.is_ascii_digit() {
            digits.push(*letter);
            let ends = text.get(place + 1).is_none_or(|after| !after.is_ascii_digit());
            if ends && digits.len() >= COMPARED_DIGITS {
                found.push((place + 1, digits.clone()));
            }
        } else if !is_separator(*letter) && (*letter != '+' || place > 0) {
            break;
        }
    }
    found
}

/// Returns whether `written` is the number `known`, with or without the code of the country or the zero before the area.
fn is_same_number(known: &str, written: &str) -> bool {
    let bare = |number: &str| number.trim_start_matches('0').to_owned();
    let (known, written) = (bare(known), bare(written));
    let (long, short) = if known.len() >= written.len() {
        (known, written)
    } else {
        (written, known)
    };
    short.len() >= COMPARED_DIGITS && long.ends_with(&short) && long.len() - short.len() <= LONGEST_CODE
}

fn end_of(digits: &str) -> &str {
    digits.get(digits.len().saturating_sub(2)..).unwrap_or_default()
}

fn lower(letter: char) -> char {
    letter.to_lowercase().next().unwrap_or(letter)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn masker(identifiers: &[&str], names: &[&str]) -> Masker {
        let mut masker = Masker::default();
        identifiers.iter().for_each(|one| masker.add_identifier(one));
        names.iter().for_each(|one| masker.add_name(one));
        masker
    }

    #[test]
    fn an_identifier_keeps_its_first_letters_or_last_digits() {
        for (identifier, shown) in [
            ("ana.petrovic@gmail.com", "a•••@g•••.com"),
            ("ана@пример.срб", "а•••@п•••.срб"),
            ("a@b", "a•••@b•••"),
            ("+381641234512", "+381 •• ••• 12"),
            ("+381 64 123-45-12", "+381 •• ••• 12"),
            ("064/1234512", "•••12"),
            ("987654321", "•••21"),
            ("4821", "4•••"),
            ("@ana", "a•••"),
            ("", "•••"),
        ] {
            assert_eq!(mask_identifier(identifier), shown, "{identifier}");
        }
        assert_eq!(mask_name(" Ана  Петровић "), "А••• П•••");
    }

    #[test]
    fn texts_lose_addresses_numbers_and_full_names() {
        let masker = masker(
            &["ana@example.org", "+381641234512", "ljilja_07"],
            &["Ана Петровић", "Мама"],
        );
        for (text, shown) in [
            (
                "On Monday <ANA@Example.org> wrote:",
                "On Monday <a•••@e•••.org> wrote:",
            ),
            (
                "зови 064/123-45-12 или +381 64 123 4512!",
                "зови +381 •• ••• 12 или +381 •• ••• 12!",
            ),
            ("Ана Петровић, 7б", "А••• П•••, 7б"),
            ("Ана и мама", "Ана и мама"),
            ("@Ljilja_07", "@l•••"),
            ("marijana@example.org", "marijana@example.org"),
            ("12345 064 11", "12345 064 11"),
            ("0641234512 14 godina", "+381 •• ••• 12 14 godina"),
            ("Imam 13. 064/1234512 (14)", "Imam 13. +381 •• ••• 12 (14)"),
            ("tel0641234512", "tel+381 •• ••• 12"),
            ("064–1234512", "+381 •• ••• 12"),
            ("ana petrovic, Petrović Ana", "А••• П•••, А••• П•••"),
            ("Ana  Petrović.pdf", "А••• П•••.pdf"),
            ("Anastasija Petrović", "Anastasija Petrović"),
        ] {
            assert_eq!(masker.mask(text), shown, "{text}");
        }
    }

    #[test]
    fn accounts_beside_a_name_are_hidden_and_words_are_not() {
        let masker = masker(
            &["otac", "Ana Petrović 064 1234512", "sara"],
            &["Iva Ilić (@iva_i)"],
        );
        for (text, shown) in [
            ("Otac ga tuče, sara", "Otac ga tuče, sara"),
            ("Ana Petrovic 0641234512", "A••• P••• •••12"),
            ("Iva Ilić, @iva_i", "I••• I•••, @i•••"),
        ] {
            assert_eq!(masker.mask(text), shown, "{text}");
        }
    }

    #[test]
    fn long_runs_of_digits_and_brackets_are_read_once() {
        let masker = masker(&["+381641234512"], &["Ana Petrović"]);
        for text in ["(".repeat(200_000), "1 ".repeat(100_000), "1".repeat(200_000)] {
            assert_eq!(masker.mask(&text), text);
        }
    }

    proptest! {
        #[test]
        fn no_masked_text_contains_the_identifier(
            local in "[a-z][a-z0-9.]{2,12}", domain in "[a-z]{2,9}", before in "[ -~]{0,20}", after in "[ -~]{0,20}",
        ) {
            let address = format!("{local}@{domain}.org");
            let text = format!("{before} {address} {after}");
            let masked = masker(&[&address], &[]).mask(&text).to_lowercase();
            let whole = format!(" {address} ");
            prop_assert!(!masked.contains(&whole), "{masked}");
        }

        #[test]
        fn a_text_without_the_identifier_is_unchanged(text in "\\PC{0,60}") {
            prop_assume!(!text.to_lowercase().contains("ana@example.org"));
            prop_assert_eq!(masker(&["ana@example.org"], &[]).mask(&text), text);
        }
    }
}

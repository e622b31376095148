//! Masking: identifiers and names of people are hidden from staff until a member of staff reveals them with a reason (requirements C10 and
//! ASVS 14.2.6). The settings `[masking]`, the masked forms, and the search for identifiers in texts.

pub mod pseudonym;

use chrono::TimeDelta;

use crate::staff::rights::{Right, Role};

/// How long a revealed identity stays visible to the member of staff who revealed it.
pub const REVEALED_FOR: TimeDelta = TimeDelta::minutes(15);

/// The time that counts as one shift for the limit of reveals.
pub const SHIFT: TimeDelta = TimeDelta::hours(12);

/// What stands for hidden letters. The number of signs does not depend on the number of letters.
const HIDDEN: &str = "•••";

/// The least number of digits by which a number in a text is recognised as the number of a person. Numbers are compared by this many last
/// digits, so that a telephone number is also recognised without its country code.
const COMPARED_DIGITS: usize = 7;

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
}

impl Default for MaskingSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            revealed_by: RevealedBy::Counsellors,
            reveals_per_shift: 0,
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
    matches!(letter, ' ' | '\u{a0}' | '-' | '/' | '(' | ')' | '.')
}

/// Hides the identifiers of a person, and their full name, in texts.
///
/// A name of a single word is left in texts: it may be a word of the message, such as "Mum", and without it the message could be
/// misunderstood. Lists and the head of a contact mask it.
#[derive(Default)]
pub struct Masker {
    /// What is hidden, in lower case, each with its masked form.
    hidden: Vec<(Vec<char>, String)>,
    /// The last digits of numbers, each with the masked form of the number.
    numbers: Vec<(String, String)>,
}

impl Masker {
    /// Adds an identifier, such as an address or an account.
    pub fn add_identifier(&mut self, identifier: &str) {
        let masked = mask_identifier(identifier);
        let digits: String = identifier.chars().filter(char::is_ascii_digit).collect();
        let has_letters = identifier.chars().any(char::is_alphabetic);
        if !has_letters && digits.len() >= COMPARED_DIGITS {
            let end = digits.get(digits.len() - COMPARED_DIGITS..).unwrap_or_default();
            self.numbers.push((end.to_owned(), masked));
        } else {
            self.add(identifier, masked);
        }
    }

    /// Adds a name.
    pub fn add_name(&mut self, name: &str) {
        if name.split_whitespace().nth(1).is_some() {
            self.add(name, mask_name(name));
        }
    }

    fn add(&mut self, hidden: &str, masked: String) {
        let letters: Vec<char> = hidden.trim().chars().map(lower).collect();
        // Shorter texts occur in other words.
        if letters.len() >= 3 && self.hidden.iter().all(|(known, _)| *known != letters) {
            self.hidden.push((letters, masked));
            // An address that begins with another hidden text is found first.
            self.hidden
                .sort_by_key(|(letters, _)| std::cmp::Reverse(letters.len()));
        }
    }

    /// Replaces each hidden text by its masked form.
    #[must_use]
    pub fn mask(&self, text: &str) -> String {
        if self.hidden.is_empty() && self.numbers.is_empty() {
            return text.to_owned();
        }
        let letters: Vec<char> = text.chars().collect();
        let mut masked = String::with_capacity(text.len());
        let mut at = 0;
        while let Some(letter) = letters.get(at) {
            let begins = at == 0 || letters.get(at - 1).is_none_or(|before| !before.is_alphanumeric());
            let rest = letters.get(at..).unwrap_or_default();
            match begins.then(|| self.find(rest)).flatten() {
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

    /// Finds what is hidden at the beginning of a text. Returns its length in characters, and its masked form.
    fn find(&self, text: &[char]) -> Option<(usize, &str)> {
        let whole = |length: usize| text.get(length).is_none_or(|after| !after.is_alphanumeric());
        let word = self.hidden.iter().find(|(hidden, _)| {
            text.len() >= hidden.len()
                && hidden
                    .iter()
                    .zip(text)
                    .all(|(hidden, letter)| *hidden == lower(*letter))
                && whole(hidden.len())
        });
        if let Some((hidden, shown)) = word {
            return Some((hidden.len(), shown));
        }
        let (length, digits) = number_at(text)?;
        let (_, shown) = self.numbers.iter().find(|(end, _)| digits.ends_with(end))?;
        whole(length).then_some((length, shown.as_str()))
    }
}

/// Reads a number at the beginning of a text, with separators between its digits. Returns its length in characters, and its digits.
fn number_at(text: &[char]) -> Option<(usize, String)> {
    let first = text.first()?;
    if !first.is_ascii_digit() && !matches!(first, '+' | '(') {
        return None;
    }
    let (mut digits, mut length) = (String::new(), 0);
    for (place, letter) in text.iter().enumerate() {
        if letter.is_ascii_digit() {
            digits.push(*letter);
            length = place + 1;
        } else if !is_separator(*letter) && (*letter != '+' || place > 0) {
            break;
        }
    }
    (digits.len() >= COMPARED_DIGITS).then_some((length, digits))
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
        ] {
            assert_eq!(masker.mask(text), shown, "{text}");
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

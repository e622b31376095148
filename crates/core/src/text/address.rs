//! Canonical spelling of e-mail addresses, so that different spellings of one address are recognised as the same address.

use unicode_normalization::UnicodeNormalization;

/// The maximum length of an address in SMTP (RFC 5321, section 4.5.3.1).
const LONGEST: usize = 320;

/// Returns an address in canonical spelling: lower case, composed characters (NFC), and an internationalised domain in Unicode
/// (`пример.срб` instead of `xn--e1afmkfd.xn--90a3ac`). Returns `None` for an address to which no reply can be sent.
#[must_use]
pub fn canonical(address: &str) -> Option<String> {
    let address: String = address.trim().nfc().collect::<String>().to_lowercase();
    let (local, domain) = address.rsplit_once('@')?;
    // A quoted local part may contain spaces (RFC 5321, section 4.1.2).
    let quoted = local.starts_with('"');
    let odd = |c: char| (c.is_whitespace() && !quoted) || c.is_control() || "<>,;".contains(c);
    let lawful =
        !local.is_empty() && !domain.is_empty() && address.len() <= LONGEST && !address.contains(odd);
    lawful.then(|| format!("{local}@{}", in_letters(domain)))
}

/// Returns the address with its domain as A-labels (RFC 5890), for mail servers without SMTPUTF8. A-labels exist only for domains, so the
/// local part (the part before the `@`) stays unchanged.
#[must_use]
pub fn on_the_wire(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, domain)) => format!("{local}@{}", ascii_domain(domain)),
        None => address.to_owned(),
    }
}

/// Returns a domain as A-labels in lower case. If IDNA cannot convert the domain, it is only changed to lower case.
#[must_use]
pub fn ascii_domain(domain: &str) -> String {
    idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_lowercase())
}

/// Returns a domain in Unicode. If IDNA rejects the domain, it stays as it is.
fn in_letters(domain: &str) -> String {
    let Ok(ascii) = idna::domain_to_ascii(domain) else {
        return domain.to_owned();
    };
    match idna::domain_to_unicode(&ascii) {
        (letters, Ok(())) => letters,
        (_, Err(_)) => ascii,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_person_has_one_spelling() {
        for (written, expected) in [
            ("Ana@Example.ORG", Some("ana@example.org")),
            (" ana@xn--e1afmkfd.xn--90a3ac ", Some("ana@пример.срб")),
            ("ana@ПРИМЕР.срб", Some("ana@пример.срб")),
            ("ana@XN--E1AFMKFD.xn--90a3ac", Some("ana@пример.срб")),
            ("s\u{30c}ana@example.org", Some("šana@example.org")),
            ("ana@[192.0.2.1]", Some("ana@[192.0.2.1]")),
            ("ana@under_score.example", Some("ana@under_score.example")),
            // A domain with an invalid IDNA label stays as it is, so it never equals a valid domain.
            ("ana@xn--zzzzzzzz.example", Some("ana@xn--zzzzzzzz.example")),
            ("ana", None),
            ("@example.org", None),
            ("ana@", None),
            ("ana@example.org, eva@example.org", None),
        ] {
            assert_eq!(canonical(written).as_deref(), expected, "{written}");
        }
    }

    #[test]
    fn the_wire_has_a_labels() {
        assert_eq!(on_the_wire("ana@пример.срб"), "ana@xn--e1afmkfd.xn--90a3ac");
        assert_eq!(on_the_wire("ana@example.org"), "ana@example.org");
        assert_eq!(on_the_wire("šana@example.org"), "šana@example.org");
    }

    proptest! {
        #[test]
        fn a_spelling_once_made_is_the_spelling_of_all_its_forms(local in "[a-z]{1,8}", label in "[a-zšđčžа-шћђ]{1,12}") {
            let address = format!("{local}@{label}.example");
            let one = canonical(&address).unwrap();
            prop_assert_eq!(canonical(&one), Some(one.clone()));
            let wire = on_the_wire(&one);
            prop_assert!(wire.is_ascii());
            prop_assert_eq!(canonical(&wire), Some(one));
        }
    }
}

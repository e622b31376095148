//! The passage of a text around a hit of a search.

use hotline_core::text::sought::Sought;

/// Number of characters that an excerpt has before the hit.
const BEFORE_HIT: usize = 40;
/// Number of characters of an excerpt.
const EXCERPT: usize = 180;

/// Returns the words around the first hit in the text that has most of the required terms, the first such text if there are several. Returns
/// `None` if no text has a hit.
pub(super) fn excerpt_around_hit(texts: &[String], sought: &Sought) -> Option<String> {
    // Of equal elements, `max_by_key` returns the last.
    let text = texts.iter().rev().max_by_key(|text| sought.occurring(text))?;
    let hit = sought.hits(text).into_iter().next()?;
    let (before, after) = text.split_at_checked(hit.start)?;
    // The excerpt begins at the beginning of a word.
    let begins = before.char_indices().rev().take(BEFORE_HIT).collect::<Vec<_>>();
    let begin = match begins.last() {
        Some((at, _)) if *at > 0 => {
            let spaces = begins.iter().rev().find(|(_, letter)| letter.is_whitespace());
            spaces.map_or(*at, |(at, _)| *at)
        }
        Some(_) | None => 0,
    };
    let before = before.get(begin..).unwrap_or_default();
    let rest = before.chars().chain(after.chars());
    let mut passage: String = rest.take(EXCERPT).collect();
    let cut_off = text.len() > begin + passage.len();
    // The excerpt ends at the end of a word.
    if cut_off && let Some(at) = passage.rfind(char::is_whitespace) {
        passage.truncate(at);
    }
    let passage = passage.split_whitespace().collect::<Vec<_>>().join(" ");
    let (beginning, end) = (if begin > 0 { "… " } else { "" }, if cut_off { " …" } else { "" });
    Some(format!("{beginning}{passage}{end}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(text: &str, typed: &str) -> Option<String> {
        excerpt_around_hit(&[text.to_owned()], &Sought::parse(typed))
    }

    #[test]
    fn an_excerpt_is_the_passage_around_the_first_hit() {
        assert_eq!(excerpt("Сви из школе", "школа").as_deref(), Some("Сви из школе"));
        assert_eq!(excerpt("Сви из школе", "кућа"), None);
        let long = format!("{}из моје школе {}", "реч ".repeat(50), "после ".repeat(50));
        let found = excerpt(&long, "škola").unwrap();
        assert!(found.starts_with("… реч"), "{found}");
        assert!(found.contains("из моје школе после"), "{found}");
        assert!(found.ends_with("после …"), "{found}");
        assert!(found.chars().count() <= EXCERPT + 4, "{found}");
        let texts = [
            "moja škola".to_owned(),
            "slike iz škole".to_owned(),
            "škola i slike".to_owned(),
        ];
        let found = excerpt_around_hit(&texts, &Sought::parse("škola slike"));
        assert_eq!(found.as_deref(), Some("slike iz škole"));
        let unbroken = format!("{}школе", "-".repeat(300));
        assert!(excerpt(&unbroken, "škola").unwrap().contains("школе"));
    }
}

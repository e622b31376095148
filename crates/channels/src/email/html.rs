//! A readable text of an HTML mail: no markup, script, style or address to fetch survives.

/// At most this much HTML is read.
const LONGEST: usize = 2 << 20;
/// Elements nested deeper than this mean nothing to anybody and take a parser time that grows with the square of them.
const DEEPEST: usize = 1_000;
/// Lines are broken far out, so that the screen breaks them.
const WIDTH: usize = 2_000;

/// The text of an HTML document. What cannot be laid out becomes the document without its tags.
pub fn text_of(html: &str) -> String {
    let html: String = html.chars().take(LONGEST).collect();
    if depth(&html) > DEEPEST {
        return without_tags(&html).trim().to_owned();
    }
    let config = html2text::config::plain_no_decorate()
        .link_footnotes(false)
        .no_table_borders();
    let text = config
        .string_from_read(html.as_bytes(), WIDTH)
        .unwrap_or_else(|_| without_tags(&html));
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim().to_owned()
}

/// About how deep elements are nested: what is opened and not closed, void elements aside.
fn depth(html: &str) -> usize {
    const VOID: [&str; 8] = ["br", "img", "hr", "input", "meta", "link", "wbr", "col"];
    let (mut now, mut deepest) = (0usize, 0usize);
    for tag in html.split('<').skip(1) {
        let name: String = tag
            .trim_start_matches('/')
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        if tag.starts_with('/') {
            now = now.saturating_sub(1);
        } else if !name.is_empty() && !VOID.contains(&name.to_ascii_lowercase().as_str()) {
            now += 1;
            deepest = deepest.max(now);
        }
    }
    deepest
}

fn without_tags(html: &str) -> String {
    let mut inside = false;
    html.chars()
        .filter(|c| {
            match c {
                '<' => inside = true,
                '>' => inside = false,
                _ => return !inside,
            }
            false
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absurd_nesting_costs_no_time() {
        assert_eq!(text_of(&format!("{}tekst", "<div>".repeat(100_000))), "tekst");
    }

    #[test]
    fn nothing_but_words_is_left() {
        let html = "<style>p{color:red}</style><script>alert(1)</script><p onclick=x>Zdravo<br>svima</p>\
                    <img src='https://example.com/pixel'><ul><li>prvo<li>drugo</ul>";
        let text = text_of(html);
        assert!(text.starts_with("Zdravo\nsvima"), "{text}");
        for gone in ["alert", "color", "pixel", "<"] {
            assert!(!text.contains(gone), "{gone} in {text}");
        }
        assert!(text.contains("prvo") && text.contains("drugo"));
    }
}

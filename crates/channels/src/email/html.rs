//! A readable text of an HTML mail: no markup, script, style or address to fetch survives.

/// At most this much HTML is read.
const LONGEST: usize = 2 << 20;
/// Lines are broken far out, so that the screen breaks them.
const WIDTH: usize = 2_000;

/// The text of an HTML document. What cannot be laid out becomes the document without its tags.
pub fn text_of(html: &str) -> String {
    let html: String = html.chars().take(LONGEST).collect();
    let config = html2text::config::plain_no_decorate().link_footnotes(false);
    let text = config.string_from_read(html.as_bytes(), WIDTH).unwrap_or_else(|_| without_tags(&html));
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim().to_owned()
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

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
    if too_deep(&html) {
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

/// Whether elements are nested too deep: what is opened and not closed, without those that have no end or need none.
fn too_deep(html: &str) -> bool {
    const ENDLESS: [&str; 18] = [
        "br", "img", "hr", "input", "meta", "link", "wbr", "col", "p", "li", "td", "th", "tr", "dt", "dd",
        "option", "!doctype", "",
    ];
    let mut open: Vec<String> = Vec::new();
    for tag in html.split('<').skip(1) {
        let name: String = tag
            .trim_start_matches('/')
            .chars()
            .take(40)
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '!')
            .collect::<String>()
            .to_ascii_lowercase();
        if ENDLESS.contains(&name.as_str()) {
            continue;
        }
        if !tag.starts_with('/') {
            open.push(name);
            if open.len() > DEEPEST {
                return true;
            }
        } else if let Some(at) = open.iter().rposition(|one| *one == name) {
            // An end without its beginning ends nothing.
            open.truncate(at);
        }
    }
    false
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
        assert_eq!(text_of(&format!("{}tekst", "<div></x>".repeat(100_000))), "tekst");
        let list = text_of(&"<ul><li>jedno<li>drugo<p>pasus<p>pasus</ul>".repeat(2_000));
        assert!(
            list.lines().count() > 2_000,
            "what need not be closed is not deep"
        );
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

//! Converts an HTML mail to readable text, without markup, scripts and styles. The URL of each link follows the link's label. Embedded
//! pictures are extracted as files.

use html5ever::{ParseOpts, driver::parse_document, tendril::TendrilSink, tree_builder::TreeBuilderOpts};
use mail_parser::decoders::html::html_to_text;
use scraper::{Html, HtmlTreeSink};

use super::{
    data_uri::{self, Embedded},
    layout::Layout,
};

/// How many characters at the start of a document are read.
const LONGEST: usize = 2 << 20;
/// The deepest nesting of elements that is parsed. The parse time grows with the square of the depth, and no real mail is nested more
/// deeply.
const DEEPEST: usize = 1_000;

/// The contents of an HTML document.
pub struct Document {
    /// The readable text of the document.
    pub text: String,
    /// The pictures and files that are embedded as `data:` URLs.
    pub embedded: Vec<Embedded>,
    /// The URLs of external pictures. They are never fetched.
    pub pictures: Vec<String>,
    /// Whether the end of the document was dropped because the document was too long.
    pub cut: bool,
}

/// Converts an HTML document. If its elements are nested deeper than `DEEPEST`, only the tags are removed.
pub fn read(html: &str) -> Document {
    let (html, embedded) = data_uri::extract_files(html);
    let cut = html.chars().nth(LONGEST).is_some();
    let html: String = html.chars().take(LONGEST).filter(|c| *c != '\0').collect();
    let (text, pictures) = if too_deep(&html) {
        (html_to_text(&html), Vec::new())
    } else {
        Layout::of(&parse(&html))
    };
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    Document {
        text: lines.join("\n").trim().to_owned(),
        embedded,
        pictures,
        cut,
    }
}

/// Parses a document like a browser with scripts disabled, so that the content of `noscript` elements is read.
fn parse(html: &str) -> Html {
    let options = ParseOpts {
        tree_builder: TreeBuilderOpts {
            scripting_enabled: false,
            ..TreeBuilderOpts::default()
        },
        ..ParseOpts::default()
    };
    parse_document(HtmlTreeSink::new(Html::new_document()), options).one(html)
}

/// Returns whether elements that need an end tag are nested deeper than `DEEPEST`.
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
            // An end tag without a start tag is ignored.
            open.truncate(at);
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(html: &str) -> String {
        read(html).text
    }

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
        let document = read(html);
        let text = document.text;
        assert!(text.starts_with("Zdravo\nsvima"), "{text}");
        for gone in ["alert", "color", "pixel", "<"] {
            assert!(!text.contains(gone), "{gone} in {text}");
        }
        assert!(text.contains("prvo") && text.contains("drugo"));
        assert_eq!(document.pictures, ["https://example.com/pixel"]);
    }

    #[test]
    fn the_address_of_a_link_stands_beside_its_words() {
        let long = format!("https://slike.example/{}", "a".repeat(5_000));
        for (html, text) in [
            (
                "<p>Evo <a href='https://slike.example/p?x=1'>profil</a>, vidite.</p>",
                "Evo profil <https://slike.example/p?x=1>, vidite.".to_owned(),
            ),
            (
                "<a href='https://slike.example/'>slike.example</a>",
                "slike.example".to_owned(),
            ),
            (
                "<a href='https://lazna.example/'>https://prava.example/</a>",
                "https://prava.example/ <https://lazna.example/>".to_owned(),
            ),
            (
                "<a href='mailto:ana@example.org'>ana@example.org</a>",
                "ana@example.org".to_owned(),
            ),
            (
                "<a href='mailto:ana@example.org'>pišite</a>",
                "pišite <mailto:ana@example.org>".to_owned(),
            ),
            ("<a href='#dole'>dole</a>", "dole".to_owned()),
            (
                "<a href='https://a.example/1'><img src='cid:x' alt='slika'></a>",
                "[slika] <https://a.example/1>".to_owned(),
            ),
            (
                "<a href='https://a.example/1'><b>jedno</b></a> <a href='https://a.example/2'>dva</a>",
                "jedno <https://a.example/1> dva <https://a.example/2>".to_owned(),
            ),
            (
                "<table><tr><td><a href='https://a.example/1'>u tabeli</a></td></tr></table>",
                "u tabeli <https://a.example/1>".to_owned(),
            ),
            (
                "<a href='https://a.example/1'><div>blok</div></a>",
                "blok <https://a.example/1>".to_owned(),
            ),
            (&format!("<a href='{long}'>dugo</a>"), format!("dugo <{long}>")),
        ] {
            assert_eq!(text_of(html), text);
        }
    }

    #[test]
    fn every_text_is_laid_out_wherever_it_stands() {
        for (html, text) in [
            (
                "<table><tr><td rowspan=2>prvo<br>drugo<td>treće</table>",
                "prvo\ndrugo treće",
            ),
            (
                "<table><caption>naslov</caption><tr><td>a<td>b</table>",
                "naslov\na b",
            ),
            (
                "<ol start=3>tekst<li>prvo<ul><li>unutra</ul><p>pasus<li>drugo</ol>",
                "tekst\n3. prvo\n  * unutra\n\npasus\n\n4. drugo",
            ),
            (
                "<dl>tekst<div><dt>reč<dd>značenje</div></dl>",
                "tekst\nreč\nznačenje",
            ),
            ("pre<svg><text>slovo</text></svg>posle", "pre\nslovo\nposle"),
            ("<iframe src=x>posle <b>okvira</b>", "posle okvira"),
            ("<noscript>bez <b>skripte</b></noscript>", "bez skripte"),
            (
                "<p>Piše:</p><blockquote><p>jedno<p>drugo</blockquote>odgovor",
                "Piše:\n\n> jedno\n>\n> drugo\n\nodgovor",
            ),
            (
                "<div>a<br></div><div>b</div><div><br></div><div>c</div>",
                "a\nb\n\nc",
            ),
            ("<pre>a  b\n  c <b>d</b></pre>", "a  b\n  c d"),
            ("<div style='white-space: pre-wrap'>a\nb</div>", "a\nb"),
            ("pre<b>sek</b>lo je<i> i </i>boli", "presek\u{6c}o je i boli"),
            ("<p>a&nbsp;b</p><p>&nbsp;</p><p>c</p>", "a\u{a0}b\n\nc"),
        ] {
            assert_eq!(text_of(html), text, "{html}");
        }
    }

    #[test]
    fn a_table_of_many_links_keeps_every_cell() {
        let cell = |n: usize| format!("<td><a href='https://a.example/{n}'>veza{n}</a><td>reč{n}");
        let row: String = (0..150).map(cell).collect();
        let text = text_of(&format!("<table><tr>{row}</table>"));
        for n in 0..150 {
            assert!(
                text.contains(&format!("veza{n} <https://a.example/{n}> reč{n}")),
                "{text}"
            );
        }
    }

    #[test]
    fn a_short_document_makes_no_endless_text() {
        let quotes = format!("{}{}", "<blockquote>".repeat(900), "x<br>".repeat(100_000));
        let link = format!(
            "<a href='https://a.example/{}'>{}",
            "y".repeat(100_000),
            "<p>x".repeat(10_000)
        );
        for html in [quotes, link] {
            assert!(text_of(&html).len() < 4 << 20);
        }
    }

    #[test]
    fn a_pasted_picture_is_taken_out_and_hides_no_words() {
        let picture = "A".repeat(4 << 20);
        let document = read(&format!(
            "<p>Pre</p><img src=\"data:image/png;base64,{picture}\"><p>Posle</p>"
        ));
        assert_eq!(
            document.text.split_whitespace().collect::<Vec<_>>(),
            ["Pre", "Posle"]
        );
        assert_eq!(document.embedded.len(), 1);
        assert_eq!(document.embedded[0].bytes.len(), 3 << 20);
        assert!(!document.cut);
    }
}

//! A readable text of an HTML mail: no markup, script or style survives. The address of a link stands beside its words, as
//! text; pictures that lie inside the document are taken out.

use std::{cell::RefCell, rc::Rc};

use html2text::{config::ImageRenderMode, render::TextDecorator};
use mail_parser::decoders::html::html_to_text;

use super::data_uri::{self, Embedded};

/// At most this much HTML is read.
const LONGEST: usize = 2 << 20;
/// Elements nested deeper than this mean nothing to anybody and take a parser time that grows with the square of them.
const DEEPEST: usize = 1_000;
/// Lines are broken far out, so that the screen breaks them.
const WIDTH: usize = 2_000;
/// Around the words of a link and the number of its address, while the text is laid out. They stand for no character.
const OPENS: char = '\u{fdd0}';
const CLOSES: char = '\u{fdd1}';
const ENDS: char = '\u{fdd2}';

/// An HTML document, read.
pub struct Document {
    /// Its text.
    pub text: String,
    /// The pictures and files that lie in it as `data:` addresses.
    pub embedded: Vec<Embedded>,
    /// Addresses of pictures that lie elsewhere. They are never fetched.
    pub pictures: Vec<String>,
    /// Whether it was too long to be read to its end.
    pub cut: bool,
}

/// Reads an HTML document. What cannot be laid out becomes the document without its tags.
pub fn read(html: &str) -> Document {
    let (html, embedded) = data_uri::taken_out(html);
    let cut = html.chars().nth(LONGEST).is_some();
    let html: String = html
        .chars()
        .take(LONGEST)
        .filter(|c| ![OPENS, CLOSES, ENDS, '\0'].contains(c))
        .collect();
    let seen = Rc::new(RefCell::new(Seen::default()));
    let laid_out = (!too_deep(&html)).then(|| {
        html2text::config::with_decorator(Words { seen: seen.clone() })
            .no_table_borders()
            .allow_width_overflow()
            .empty_img_mode(ImageRenderMode::ShowAlways)
            .string_from_read(html.as_bytes(), WIDTH)
            .ok()
    });
    let seen = seen.take();
    let text = match laid_out.flatten() {
        Some(text) => with_addresses(&text, &seen.links),
        None => html_to_text(&html),
    };
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    Document {
        text: lines.join("\n").trim().to_owned(),
        embedded,
        pictures: seen.pictures,
        cut,
    }
}

/// Addresses that were met while the text was laid out.
#[derive(Default)]
struct Seen {
    links: Vec<String>,
    open: Vec<usize>,
    pictures: Vec<String>,
}

/// Lays out words alone, and marks links.
#[derive(Clone)]
struct Words {
    seen: Rc<RefCell<Seen>>,
}

impl TextDecorator for Words {
    type Annotation = ();

    fn decorate_link_start(&mut self, url: &str) -> (String, ()) {
        let mut seen = self.seen.borrow_mut();
        let number = seen.links.len();
        seen.links.push(url.to_owned());
        seen.open.push(number);
        (OPENS.to_string(), ())
    }

    fn decorate_link_end(&mut self) -> String {
        let number = self.seen.borrow_mut().open.pop().unwrap_or_default();
        format!("{CLOSES}{number}{ENDS}")
    }

    fn decorate_em_start(&self) -> (String, ()) {
        (String::new(), ())
    }

    fn decorate_em_end(&self) -> String {
        String::new()
    }

    fn decorate_strong_start(&self) -> (String, ()) {
        (String::new(), ())
    }

    fn decorate_strong_end(&self) -> String {
        String::new()
    }

    fn decorate_strikeout_start(&self) -> (String, ()) {
        (String::new(), ())
    }

    fn decorate_strikeout_end(&self) -> String {
        String::new()
    }

    fn decorate_code_start(&self) -> (String, ()) {
        (String::new(), ())
    }

    fn decorate_code_end(&self) -> String {
        String::new()
    }

    fn decorate_preformat_first(&self) {}

    fn decorate_preformat_cont(&self) {}

    fn decorate_image(&mut self, src: &str, title: &str) -> (String, ()) {
        if src.starts_with("http:") || src.starts_with("https:") || src.starts_with("//") {
            self.seen.borrow_mut().pictures.push(src.to_owned());
        }
        let shown = if title.trim().is_empty() {
            String::new()
        } else {
            format!("[{title}]")
        };
        (shown, ())
    }

    fn header_prefix(&self, _: usize) -> String {
        String::new()
    }

    fn quote_prefix(&self) -> String {
        "> ".to_owned()
    }

    fn unordered_item_prefix(&self) -> String {
        "* ".to_owned()
    }

    fn ordered_item_prefix(&self, number: i64) -> String {
        format!("{number}. ")
    }

    fn make_subblock_decorator(&self) -> Self {
        self.clone()
    }

    fn decorate_superscript_start(&self) -> (String, ()) {
        (String::new(), ())
    }

    fn decorate_superscript_end(&self) -> String {
        String::new()
    }
}

/// Puts each address behind the words of its link, unless the words are the address.
fn with_addresses(text: &str, links: &[String]) -> String {
    let mut pieces = text.split(CLOSES);
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (number, rest) = piece.split_once(ENDS).unwrap_or((piece, ""));
        let address = number
            .trim()
            .parse()
            .ok()
            .and_then(|number: usize| links.get(number));
        let words = out.rsplit(OPENS).next().unwrap_or_default();
        if let Some(address) = address.filter(|address| says_more(words, address)) {
            let space = if words.is_empty() || words.ends_with(char::is_whitespace) {
                ""
            } else {
                " "
            };
            out.push_str(&format!("{space}<{}>", address.trim()));
        }
        out.push_str(rest);
    }
    out.replace(OPENS, "")
}

/// Whether an address says anything that the words of its link don't.
fn says_more(words: &str, address: &str) -> bool {
    let bare = |text: &str| {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let text = text.trim_start_matches('>').to_lowercase();
        let text = ["mailto:", "tel:", "https://", "http://", "www."]
            .iter()
            .fold(text.as_str(), |text, start| {
                text.strip_prefix(start).unwrap_or(text)
            })
            .to_owned();
        text.trim_end_matches('/').to_owned()
    };
    let address = address.trim();
    let leads_nowhere = address.is_empty()
        || address.starts_with('#')
        || address
            .get(..11)
            .is_some_and(|start| start.eq_ignore_ascii_case("javascript:"));
    !leads_nowhere && bare(words) != bare(address)
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
                "blok\n<https://a.example/1>".to_owned(),
            ),
            (&format!("<a href='{long}'>dugo</a>"), format!("dugo <{long}>")),
        ] {
            assert_eq!(text_of(html), text);
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

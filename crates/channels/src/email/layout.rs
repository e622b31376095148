//! Converts an HTML document to text. Writes every text node that mail programs show. The elements around a text node determine line
//! breaks and spaces.

use ego_tree::{NodeRef, iter::Edge};
use mail_parser::decoders::html::html_to_text;
use scraper::{Html, Node, node::Element};

/// Elements whose content no mail program shows.
const HIDDEN: [&str; 6] = ["head", "script", "style", "template", "datalist", "title"];
/// Elements whose content the HTML parser keeps as unparsed text. Mail programs that do not support such an element show its content.
const UNPARSED: [&str; 3] = ["iframe", "noembed", "noframes"];
/// Elements with a line break before and after them.
const LINES: [&str; 33] = [
    "address",
    "article",
    "aside",
    "body",
    "caption",
    "center",
    "dd",
    "details",
    "dialog",
    "dir",
    "div",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "header",
    "legend",
    "li",
    "main",
    "menu",
    "nav",
    "optgroup",
    "option",
    "section",
    "summary",
    "tbody",
    "tfoot",
    "thead",
    "tr",
    "foreignObject",
    "text",
];
/// Elements with an empty line before and after them.
const PARAGRAPHS: [&str; 14] = [
    "blockquote",
    "dl",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "ol",
    "p",
    "pre",
    "table",
    "ul",
];

/// The largest length of the text in bytes; the rest is dropped. Repeated quote marks and link URLs could otherwise make the text much
/// longer than the document. The limit is far above the length that is shown.
const LONGEST: usize = 2 << 20;
/// Elements that form boxes inside a line, such as table cells. A space is written between two boxes.
const BOXES: [&str; 6] = ["td", "th", "textarea", "select", "button", "svg"];

/// A list whose end tag has not been reached.
enum List {
    Bullets,
    /// The number of the next item.
    Numbers(i64),
}

/// A link whose end tag has not been reached.
struct Link {
    address: String,
    /// The byte offset in the text at which the link's label begins; `None` until the label has text.
    start: Option<usize>,
}

/// The text laid out so far, with the state of the open elements.
#[derive(Default)]
pub struct Layout {
    text: String,
    /// The number of line breaks to write before the next character. No line breaks are written at the beginning of the text.
    breaks: usize,
    /// Whether to write a space before the next character. No space is written after a line break.
    space: bool,
    /// The number of open blockquotes.
    quotes: usize,
    /// The number of blockquotes that were open when the current line of the text began.
    quotes_of_line: usize,
    lists: Vec<List>,
    links: Vec<Link>,
    /// The bullet or number to write before the first text of a list item.
    mark: Option<String>,
    /// The number of open elements in which white space is kept.
    verbatim: usize,
    /// The number of open elements whose content is hidden.
    hidden: usize,
    /// The URLs of external pictures.
    pictures: Vec<String>,
}

impl Layout {
    /// Returns the text of a document, and the URLs of its external pictures.
    pub fn of(document: &Html) -> (String, Vec<String>) {
        let mut layout = Self::default();
        for edge in document.tree.root().traverse() {
            match edge {
                Edge::Open(node) => match node.value() {
                    Node::Text(_) if layout.hidden > 0 => {}
                    Node::Text(text) if is_unparsed(node.parent()) => layout.write(&html_to_text(text)),
                    Node::Text(text) => layout.write(text),
                    Node::Element(element) => layout.open(element),
                    Node::Document
                    | Node::Fragment
                    | Node::Doctype(_)
                    | Node::Comment(_)
                    | Node::ProcessingInstruction(_) => {}
                },
                Edge::Close(node) => {
                    if let Node::Element(element) = node.value() {
                        layout.close(element);
                    }
                }
            }
        }
        (layout.text, layout.pictures)
    }

    fn open(&mut self, element: &Element) {
        let name = element.name();
        self.hidden += usize::from(HIDDEN.contains(&name));
        if self.hidden > 0 {
            return;
        }
        self.break_around(name);
        self.verbatim += usize::from(keeps_white_space(element));
        match name {
            "br" => self.breaks = (self.breaks + 1).min(2),
            "blockquote" => self.quotes += 1,
            "ul" | "menu" | "dir" => self.lists.push(List::Bullets),
            "ol" => {
                let start = element.attr("start").and_then(|start| start.trim().parse().ok());
                self.lists.push(List::Numbers(start.unwrap_or(1)));
            }
            "li" => self.mark = Some(self.next_mark(element)),
            _ if BOXES.contains(&name) => self.space = true,
            "a" => self.links.push(Link {
                address: element.attr("href").unwrap_or_default().trim().to_owned(),
                start: None,
            }),
            "img" => self.picture(element),
            "input"
                if !matches!(
                    element.attr("type"),
                    Some("hidden" | "password" | "checkbox" | "radio")
                ) =>
            {
                self.write(element.attr("value").unwrap_or_default());
            }
            _ => {}
        }
    }

    fn close(&mut self, element: &Element) {
        let name = element.name();
        if self.hidden > 0 {
            self.hidden -= usize::from(HIDDEN.contains(&name));
            return;
        }
        self.verbatim -= usize::from(keeps_white_space(element));
        match name {
            "blockquote" => self.quotes = self.quotes.saturating_sub(1),
            "ul" | "menu" | "dir" | "ol" => {
                self.lists.pop();
            }
            "li" => self.mark = None,
            _ if BOXES.contains(&name) => self.space = true,
            "a" => self.close_link(),
            _ => {}
        }
        self.break_around(name);
    }

    fn break_around(&mut self, name: &str) {
        let in_list = !self.lists.is_empty() && matches!(name, "ul" | "ol");
        if PARAGRAPHS.contains(&name) && !in_list {
            self.breaks = 2;
        } else if LINES.contains(&name) || in_list {
            self.breaks = self.breaks.max(1);
        }
    }

    fn next_mark(&mut self, item: &Element) -> String {
        let indent = "  ".repeat(self.lists.len().saturating_sub(1).min(20));
        match self.lists.last_mut() {
            Some(List::Numbers(next)) => {
                let value = item.attr("value").and_then(|value| value.trim().parse().ok());
                let number = value.unwrap_or(*next);
                *next = number.saturating_add(1);
                format!("{indent}{number}. ")
            }
            Some(List::Bullets) | None => format!("{indent}* "),
        }
    }

    fn picture(&mut self, image: &Element) {
        let address = image.attr("src").unwrap_or_default();
        if ["http:", "https:", "//"]
            .iter()
            .any(|start| address.starts_with(start))
        {
            self.pictures.push(address.to_owned());
        }
        let title = image.attr("alt").unwrap_or_default().trim();
        if !title.is_empty() {
            self.write(&format!("[{title}]"));
        }
    }

    /// Writes the URL of a link after the link's label. Leaves out a URL that tells the reader no more than the label.
    fn close_link(&mut self) {
        let Some(link) = self.links.pop() else { return };
        let words = link
            .start
            .and_then(|start| self.text.get(start..))
            .unwrap_or_default();
        if !adds_to_label(words, &link.address) {
            return;
        }
        let address = format!("<{}>", link.address);
        if words.is_empty() {
            self.put(&address);
        } else {
            let owed = (self.breaks, self.space);
            (self.breaks, self.space) = (0, true);
            self.put(&address);
            (self.breaks, self.space) = owed;
        }
    }

    fn write(&mut self, text: &str) {
        if self.verbatim > 0 {
            for (number, line) in text.split('\n').enumerate() {
                self.breaks += usize::from(number > 0);
                if line.trim().is_empty() {
                    self.space |= !line.is_empty();
                } else {
                    self.put(line.trim_end_matches('\r'));
                }
            }
            return;
        }
        let is_space = |c: char| c.is_whitespace() && c != '\u{a0}';
        self.space |= text.starts_with(is_space);
        for word in text.split(is_space).filter(|word| !word.is_empty()) {
            if !word.trim().is_empty() {
                self.put(word);
            }
            self.space = true;
        }
        self.space = text.ends_with(char::is_whitespace) || (self.space && text.trim().is_empty());
    }

    /// Writes a text, after the pending line breaks or the pending space.
    fn put(&mut self, words: &str) {
        if self.text.len() > LONGEST {
            return;
        }
        let begins_line = self.text.is_empty() || self.breaks > 0;
        if begins_line {
            if !self.text.is_empty() {
                // A blank line between two quoted paragraphs gets quote marks, too.
                let between = format!("\n{}", "> ".repeat(self.quotes.min(self.quotes_of_line)));
                self.text.push_str(&between.repeat(self.breaks.saturating_sub(1)));
                self.text.push('\n');
            }
            self.text.push_str(&"> ".repeat(self.quotes));
            self.quotes_of_line = self.quotes;
        }
        if let Some(mark) = self.mark.take() {
            self.text.push_str(&mark);
        } else if self.space && !begins_line {
            self.text.push(' ');
        }
        self.breaks = 0;
        self.space = false;
        for link in self
            .links
            .iter_mut()
            .rev()
            .take_while(|link| link.start.is_none())
        {
            link.start = Some(self.text.len());
        }
        self.text.push_str(words);
    }
}
fn is_unparsed(parent: Option<NodeRef<'_, Node>>) -> bool {
    parent
        .and_then(|parent| parent.value().as_element())
        .is_some_and(|element| UNPARSED.contains(&element.name()))
}

/// Returns whether white space inside an element is kept as it was written.
fn keeps_white_space(element: &Element) -> bool {
    let style = element
        .attr("style")
        .unwrap_or_default()
        .to_ascii_lowercase()
        .replace(' ', "");
    matches!(element.name(), "pre" | "textarea" | "listing" | "xmp") || style.contains("white-space:pre")
}

/// Returns whether a link's URL tells the reader more than the link's label.
fn adds_to_label(words: &str, address: &str) -> bool {
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

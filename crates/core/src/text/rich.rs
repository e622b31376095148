//! Light formatting of replies: bold text, lists and links.
//!
//! A counsellor writes `**bold**`, and begins each item of a list with `- `. Each channel shows this as well as it can. A channel that
//! cannot format text shows the words without the marks.

use std::ops::Range;

use linkify::{LinkFinder, LinkKind};

use crate::text::split::split_ranges;

const MARK: &str = "**";
const BULLET: &str = "• ";

/// How a line shows the replies that it sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReplyStyle {
    /// As plain text of any length.
    #[default]
    Plain,
    /// As formatted text of any length, such as a mail.
    Formatted,
    /// As plain text with a list of bold ranges (Telegram). A message has at most this many UTF-16 code units.
    Ranges(usize),
    /// As Markdown (Discord). A message has at most this many UTF-16 code units.
    Markdown(usize),
}

impl ReplyStyle {
    /// Returns whether the line shows bold text and lists.
    #[must_use]
    pub const fn formats(self) -> bool {
        !matches!(self, Self::Plain)
    }

    /// Returns the largest length of a message in UTF-16 code units. `None`: there is no limit.
    #[must_use]
    pub const fn longest(self) -> Option<usize> {
        match self {
            Self::Plain | Self::Formatted => None,
            Self::Ranges(most) | Self::Markdown(most) => Some(most),
        }
    }

    /// Splits a reply into the messages in which the line sends it.
    #[must_use]
    pub fn messages(self, written: &str) -> Vec<RichText> {
        let rich = RichText::parse(written);
        match self {
            Self::Plain | Self::Formatted => vec![rich],
            Self::Ranges(most) => rich.split(most),
            Self::Markdown(most) => rich.split_for_markdown(most),
        }
    }
}

/// A text without marks, and its bold parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RichText {
    /// The text. Each item of a list is a line that begins with a bullet.
    text: String,
    /// The bold parts, as ranges of bytes of `text`, in ascending order.
    bold: Vec<Range<usize>>,
}

/// A part of a text that is formatted in one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span<'a> {
    /// The words of the part.
    pub text: &'a str,
    /// Whether the part is bold.
    pub bold: bool,
    /// Whether the part is the address of a web page.
    pub link: bool,
}

/// A paragraph or a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block<'a> {
    /// Lines of text. The lines are separated by line breaks within the spans.
    Lines(Vec<Span<'a>>),
    /// The items of a list.
    List(Vec<Vec<Span<'a>>>),
}

impl RichText {
    /// Parses the text that a counsellor wrote.
    #[must_use]
    pub fn parse(written: &str) -> Self {
        let mut rich = Self::default();
        for line in written.split_inclusive('\n') {
            let item = line.strip_prefix("- ").filter(|rest| !rest.trim().is_empty());
            if item.is_some() {
                rich.text.push_str(BULLET);
            }
            rich.add_line(item.unwrap_or(line));
        }
        rich
    }

    fn add_line(&mut self, line: &str) {
        let mut rest = line;
        while let Some((before, bold, after)) = next_bold(rest) {
            self.text.push_str(before);
            let begin = self.text.len();
            self.text.push_str(bold);
            self.bold.push(begin..self.text.len());
            rest = after;
        }
        self.text.push_str(rest);
    }

    /// Returns the text without marks.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns whether the text has no bold part and no list.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.bold.is_empty() && !self.text.lines().any(|line| line.starts_with(BULLET))
    }

    /// Splits the text into messages of at most `most` UTF-16 code units.
    #[must_use]
    pub fn split(&self, most: usize) -> Vec<Self> {
        let ranges = split_ranges(&self.text, most).into_iter();
        ranges.map(|range| self.part(&range)).collect()
    }

    /// Splits the text into messages whose Markdown has at most `most` UTF-16 code units.
    #[must_use]
    pub fn split_for_markdown(&self, most: usize) -> Vec<Self> {
        // Marks and escaped characters make a message longer. Each round splits the text into smaller messages, until all fit.
        let mut room = most;
        loop {
            let parts = self.split(room);
            let longest = parts.iter().map(|part| length(&part.to_markdown())).max();
            match longest {
                Some(longest) if longest > most && room > 1 => {
                    room = (room * most / longest).min(room - 1).max(1);
                }
                Some(_) | None => return parts,
            }
        }
    }

    fn part(&self, range: &Range<usize>) -> Self {
        let bold = self.bold.iter().filter_map(|bold| {
            let part = bold.start.max(range.start)..bold.end.min(range.end);
            (part.start < part.end).then(|| part.start - range.start..part.end - range.start)
        });
        Self {
            text: self.text.get(range.clone()).unwrap_or_default().to_owned(),
            bold: bold.collect(),
        }
    }

    /// Returns the bold parts, each as its offset and its length in UTF-16 code units.
    #[must_use]
    pub fn bold_utf16(&self) -> Vec<(usize, usize)> {
        let units = |range: Range<usize>| length(self.text.get(range).unwrap_or_default());
        self.bold
            .iter()
            .map(|bold| (units(0..bold.start), units(bold.clone())))
            .collect()
    }

    /// Writes the text in Discord's Markdown. Characters that would format the text in other ways are escaped.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let mut markdown = String::with_capacity(self.text.len());
        let (mut at_begin, mut is_bold) = (true, false);
        for span in self.spans(0..self.text.len()) {
            if span.bold != is_bold {
                markdown.push_str(MARK);
                is_bold = span.bold;
            }
            if span.link {
                markdown.push_str(span.text);
                at_begin = false;
            } else {
                for line in span.text.split_inclusive('\n') {
                    let line = match line.strip_prefix(BULLET).filter(|_| at_begin) {
                        Some(item) => {
                            markdown.push_str("- ");
                            item
                        }
                        None => line,
                    };
                    let list = list_mark(line).filter(|_| at_begin);
                    for (place, letter) in line.char_indices() {
                        if "\\*_~`|[<".contains(letter) || list == Some(place) {
                            markdown.push('\\');
                        }
                        markdown.push(letter);
                    }
                    at_begin = line.ends_with('\n');
                }
            }
        }
        if is_bold {
            markdown.push_str(MARK);
        }
        markdown
    }

    /// Writes the text as the body of an HTML document.
    #[must_use]
    pub fn to_html(&self) -> String {
        let mut html = String::new();
        for block in self.blocks() {
            match block {
                Block::Lines(spans) => {
                    html.push_str("<p>");
                    spans.iter().for_each(|span| push_html(&mut html, span));
                    html.push_str("</p>\n");
                }
                Block::List(items) => {
                    html.push_str("<ul>\n");
                    for item in items {
                        html.push_str("<li>");
                        item.iter().for_each(|span| push_html(&mut html, span));
                        html.push_str("</li>\n");
                    }
                    html.push_str("</ul>\n");
                }
            }
        }
        html
    }

    /// Returns the paragraphs and lists of the text.
    #[must_use]
    pub fn blocks(&self) -> Vec<Block<'_>> {
        let mut blocks: Vec<Block<'_>> = Vec::new();
        let mut lines: Option<Range<usize>> = None;
        let mut begin = 0;
        for line in self.text.split_inclusive('\n') {
            let range = begin..begin + line.len();
            begin = range.end;
            if line.starts_with(BULLET) {
                let before = lines
                    .take()
                    .map(|range| self.spans(without_line_break(&self.text, range)));
                blocks.extend(before.filter(|spans| !spans.is_empty()).map(Block::Lines));
                let item = without_line_break(&self.text, range.start + BULLET.len()..range.end);
                let item = self.spans(item);
                match blocks.last_mut() {
                    Some(Block::List(items)) => items.push(item),
                    Some(Block::Lines(_)) | None => blocks.push(Block::List(vec![item])),
                }
            } else {
                let start = lines.map_or(range.start, |lines| lines.start);
                lines = Some(start..range.end);
            }
        }
        let rest = lines.map(|range| self.spans(range));
        blocks.extend(rest.filter(|spans| !spans.is_empty()).map(Block::Lines));
        blocks
    }

    /// Splits a range of the text at links and at the ends of bold parts.
    fn spans(&self, range: Range<usize>) -> Vec<Span<'_>> {
        let mut edges = vec![range.start, range.end];
        let links = find_links(self.text.get(range.clone()).unwrap_or_default(), range.start);
        // A link stays whole, because a part of an address is another address.
        let in_link = |edge: usize| links.iter().any(|link| link.start < edge && edge < link.end);
        for edge in links
            .iter()
            .chain(&self.bold)
            .flat_map(|part| [part.start, part.end])
        {
            if range.contains(&edge) && !in_link(edge) {
                edges.push(edge);
            }
        }
        edges.sort_unstable();
        edges.dedup();
        let within = |parts: &[Range<usize>], at: usize| parts.iter().any(|part| part.contains(&at));
        edges
            .windows(2)
            .filter_map(|edge| match edge {
                [begin, end] => Some(Span {
                    text: self.text.get(*begin..*end)?,
                    bold: within(&self.bold, *begin),
                    link: within(&links, *begin),
                }),
                _ => None,
            })
            .filter(|span| !span.text.is_empty())
            .collect()
    }
}

/// Returns the place of the character with which Discord would begin a list, a quotation or a heading in this line. Such a character can
/// follow spaces. The mark of a numbered list follows the number; Discord would renumber lines such as `192. Police`.
fn list_mark(line: &str) -> Option<usize> {
    let words = line.trim_start_matches(' ');
    let begin = line.len() - words.len();
    if words.starts_with(['>', '#', '-', '+']) {
        return Some(begin);
    }
    let digits = words.bytes().take_while(u8::is_ascii_digit).count();
    let after = words.get(digits..).filter(|_| digits > 0)?;
    after.starts_with(['.', ')']).then_some(begin + digits)
}

/// Removes the line break at the end of a range.
fn without_line_break(text: &str, range: Range<usize>) -> Range<usize> {
    let part = text.get(range.clone()).unwrap_or_default();
    let shorter = part.strip_suffix('\n').unwrap_or(part);
    range.start..range.start + shorter.len()
}

/// Splits a line before and after its first bold part. Returns `None` if the line has no bold part. The marks enclose the words directly,
/// so that `2 ** 3 ** 4` is not formatted.
fn next_bold(line: &str) -> Option<(&str, &str, &str)> {
    let mut skipped = 0;
    loop {
        let rest = line.get(skipped..)?;
        let (before, inside) = rest.split_once(MARK)?;
        let (bold, after) = inside.split_once(MARK)?;
        let is_tight =
            bold.trim() == bold && !bold.is_empty() && !bold.contains('*') && !after.starts_with('*');
        if is_tight {
            return Some((line.get(..skipped + before.len())?, bold, after));
        }
        skipped += before.len() + 1;
        // The next character is the second star of the mark, which may begin another mark.
        while !line.is_char_boundary(skipped) {
            skipped += 1;
        }
    }
}

/// Returns the addresses of web pages in a text, as ranges of bytes. `offset` is added to each end.
fn find_links(text: &str, offset: usize) -> Vec<Range<usize>> {
    let mut finder = LinkFinder::new();
    finder.kinds(&[LinkKind::Url]).url_must_have_scheme(true);
    let is_web = |address: &str| address.starts_with("https://") || address.starts_with("http://");
    finder
        .links(text)
        .filter(|link| is_web(link.as_str()))
        .map(|link| offset + link.start()..offset + link.end())
        .collect()
}

fn push_html(html: &mut String, span: &Span<'_>) {
    let text = escape(span.text).replace('\n', "<br>\n");
    let text = if span.link {
        format!("<a href=\"{}\">{text}</a>", escape(span.text))
    } else {
        text
    };
    if span.bold {
        html.push_str(&format!("<strong>{text}</strong>"));
    } else {
        html.push_str(&text);
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bold(written: &str) -> Vec<String> {
        let rich = RichText::parse(written);
        let parts = rich.bold.iter().filter_map(|bold| rich.text.get(bold.clone()));
        parts.map(str::to_owned).collect()
    }

    #[test]
    fn marks_around_words_make_them_bold() {
        for (written, expected, text) in [
            ("Зови **112** одмах", vec!["112"], "Зови 112 одмах"),
            ("**a** i **b**", vec!["a", "b"], "a i b"),
            ("2 ** 3 ** 4", vec![], "2 ** 3 ** 4"),
            ("**nije zatvoreno", vec![], "**nije zatvoreno"),
            ("**preko\nreda**", vec![], "**preko\nreda**"),
            ("****", vec![], "****"),
            ("***x***", vec![], "***x***"),
            ("** a** **b**", vec!["b"], "** a** b"),
        ] {
            assert_eq!(bold(written), expected, "{written}");
            assert_eq!(RichText::parse(written).text(), text);
        }
    }

    #[test]
    fn markdown_formats_only_what_was_marked() {
        for (written, expected) in [
            ("Зови **112** одмах", "Зови **112** одмах"),
            ("- prvo\n- drugo", "- prvo\n- drugo"),
            ("moj_nik_je *x* `y`", "moj\\_nik\\_je \\*x\\* \\`y\\`"),
            (
                "# nije naslov\n> ni citat\n-5 stepeni",
                "\\# nije naslov\n\\> ni citat\n\\-5 stepeni",
            ),
            (
                "https://example.org/a_b_c kraj_a",
                "https://example.org/a_b_c kraj\\_a",
            ),
            ("<@123> [x](y)", "\\<@123> \\[x](y)"),
            (
                "192. Policija\n 194) Hitna\n  - x",
                "192\\. Policija\n 194\\) Hitna\n  \\- x",
            ),
        ] {
            assert_eq!(RichText::parse(written).to_markdown(), expected);
        }
    }

    #[test]
    fn html_has_lists_bold_words_and_links() {
        let written = "Prvo:\n- **a** & b\n- https://example.org/?x=1&y=2\nKraj <b>";
        let expected = "<p>Prvo:</p>\n<ul>\n<li><strong>a</strong> &amp; b</li>\n\
            <li><a href=\"https://example.org/?x=1&amp;y=2\">https://example.org/?x=1&amp;y=2</a></li>\n</ul>\n\
            <p>Kraj &lt;b&gt;</p>\n";
        assert_eq!(RichText::parse(written).to_html(), expected);
    }

    #[test]
    fn only_web_addresses_become_links() {
        let links = |text: &str| {
            let rich = RichText::parse(text);
            let spans = rich.spans(0..rich.text.len());
            let links: Vec<String> = spans
                .iter()
                .filter(|span| span.link)
                .map(|span| span.text.to_owned())
                .collect();
            links
        };
        for (text, found) in [
            (
                "Pogledaj https://example.org/a?b=c.",
                vec!["https://example.org/a?b=c"],
            ),
            ("(http://example.org) i example.com", vec!["http://example.org"]),
            ("javascript://x ftp://example.org data:text/html,x", vec![]),
        ] {
            assert_eq!(links(text), found, "{text}");
        }
    }

    #[test]
    fn marks_in_an_address_do_not_change_where_it_leads() {
        for written in [
            "https://example.org/**help**",
            "https://example.org/**javascript:alert(1)** x",
        ] {
            let rich = RichText::parse(written);
            let links: Vec<&str> = rich
                .spans(0..rich.text.len())
                .into_iter()
                .filter(|span| span.link)
                .map(|span| span.text)
                .collect();
            assert_eq!(links.len(), 1, "{links:?}");
            assert!(links[0].starts_with("https://"), "{links:?}");
        }
    }

    #[test]
    fn bold_parts_are_counted_in_utf16() {
        assert_eq!(RichText::parse("👍 **да** **š**").bold_utf16(), [(3, 2), (6, 1)]);
    }

    proptest! {
        #[test]
        fn no_message_is_longer_than_the_channel_permits(
            written in "([a-zšђ *_\n.]|- |\\*\\*|👍|https://a\\.b/c_d ){0,120}",
            most in 12_usize..80,
        ) {
            for style in [ReplyStyle::Ranges(most), ReplyStyle::Markdown(most)] {
                for message in style.messages(&written) {
                    let sent = match style {
                        ReplyStyle::Markdown(_) => message.to_markdown(),
                        ReplyStyle::Plain | ReplyStyle::Formatted | ReplyStyle::Ranges(_) => {
                            message.text().to_owned()
                        }
                    };
                    prop_assert!(length(&sent) <= most, "{sent:?}");
                    for (offset, units) in message.bold_utf16() {
                        prop_assert!(units > 0 && offset + units <= length(message.text()));
                    }
                }
            }
        }

        #[test]
        fn formatting_loses_no_word(written in "([a-zšђ *\n.]|- |\\*\\*|https://a\\.b/c ){0,80}") {
            let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
            let rich = RichText::parse(&written);
            prop_assert_eq!(letters(rich.text()), letters(&written));
            let shown: String = rich.blocks().iter().flat_map(|block| match block {
                Block::Lines(spans) => spans.clone(),
                Block::List(items) => items.concat(),
            }).map(|span| span.text.to_owned()).collect();
            prop_assert_eq!(letters(&shown), letters(&written));
        }
    }
}

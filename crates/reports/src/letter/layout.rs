//! The layout of the letter: blocks of text, broken into lines and pages.

use unicode_linebreak::{BreakOpportunity, linebreaks};

use crate::letter::typeface::Typefaces;

/// The size of A4 in points.
pub(super) const PAGE: (f32, f32) = (595.28, 841.89);
/// The left margin in points. The right margin is as wide.
pub(super) const LEFT: f32 = 70.0;
/// The width of a line in points.
pub(super) const WIDTH: f32 = PAGE.0 - 2.0 * LEFT;
const TOP: f32 = 62.0;
/// No line is below this position, so that the footer has room.
const BOTTOM: f32 = PAGE.1 - 64.0;
const SIGNATURE_WIDTH: f32 = 200.0;

/// The style of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Sender,
    SenderDetail,
    Remark,
    Fact,
    Recipient,
    Subject,
    Body,
    Label,
    Item,
    Signature,
}

impl Style {
    /// Returns the size of the letters in points.
    pub(super) const fn size(self) -> f32 {
        match self {
            Self::Sender => 13.0,
            Self::SenderDetail | Self::Signature => 9.0,
            Self::Recipient | Self::Subject => 11.5,
            Self::Remark | Self::Fact | Self::Body | Self::Label | Self::Item => 10.5,
        }
    }

    pub(super) const fn is_bold(self) -> bool {
        match self {
            Self::Sender | Self::Remark | Self::Recipient | Self::Subject | Self::Label => true,
            Self::SenderDetail | Self::Fact | Self::Body | Self::Item | Self::Signature => false,
        }
    }

    /// Returns the lightness of the ink: 0 is black.
    pub(super) const fn lightness(self) -> u8 {
        match self {
            Self::SenderDetail | Self::Signature => 80,
            Self::Sender
            | Self::Remark
            | Self::Fact
            | Self::Recipient
            | Self::Subject
            | Self::Body
            | Self::Label
            | Self::Item => 0,
        }
    }

    /// Returns the room above the block in points.
    const fn space_above(self) -> f32 {
        match self {
            Self::Sender | Self::SenderDetail | Self::Fact => 0.0,
            Self::Item => 2.0,
            Self::Remark | Self::Body => 8.0,
            Self::Label => 14.0,
            Self::Recipient | Self::Subject => 22.0,
            Self::Signature => 60.0,
        }
    }

    fn line_height(self) -> f32 {
        self.size() * 1.45
    }
}

/// What a block is in the structure of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Heading,
    Paragraph,
}

/// A block of text.
#[derive(Debug, Clone)]
pub(super) struct Block<'a> {
    style: Style,
    text: std::borrow::Cow<'a, str>,
}

impl<'a> Block<'a> {
    pub(super) const fn new(text: &'a str, style: Style) -> Self {
        Self {
            style,
            text: std::borrow::Cow::Borrowed(text),
        }
    }

    /// The end of the letterhead. A line is drawn below it.
    pub(super) const fn rule() -> Self {
        Self::new("", Style::Sender)
    }

    pub(super) fn labelled(label: &str, value: &str) -> Self {
        Self {
            style: Style::Fact,
            text: format!("{label}: {value}").into(),
        }
    }

    pub(super) fn item(number: usize, text: &str) -> Self {
        Self {
            style: Style::Item,
            text: format!("{number}. {text}").into(),
        }
    }

    pub(super) const fn signature(label: &'a str) -> Self {
        Self::new(label, Style::Signature)
    }
}

/// A line of text at its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PlacedLine {
    /// The index of the block.
    pub(super) block: usize,
    pub(super) page: usize,
    pub(super) x: f32,
    /// The position of the baseline.
    pub(super) y: f32,
    pub(super) text: String,
    pub(super) style: Style,
}

/// A horizontal line that is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rule {
    pub(super) page: usize,
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) width: f32,
}

/// All lines of a letter.
pub(super) struct Layout {
    pub(super) lines: Vec<PlacedLine>,
    pub(super) rules: Vec<Rule>,
    pub(super) pages: usize,
    /// The index of the block with the subject.
    subject: Option<usize>,
}

impl Layout {
    pub(super) fn of(blocks: &[Block<'_>], typefaces: &Typefaces) -> Self {
        let mut layout = Self {
            lines: Vec::new(),
            rules: Vec::new(),
            pages: 1,
            subject: blocks.iter().position(|block| block.style == Style::Subject),
        };
        let mut y = TOP;
        for (index, block) in blocks.iter().enumerate() {
            let style = block.style;
            if block.text.is_empty() && style == Style::Sender {
                y += 6.0;
                layout.add_rule(LEFT, y, WIDTH);
                y += 18.0;
                continue;
            }
            y += style.space_above();
            let height = style.line_height();
            for text in wrap(&block.text, WIDTH, |text| typefaces.width(text, style)) {
                if y + height > BOTTOM {
                    layout.pages += 1;
                    y = TOP;
                }
                y += height;
                let mut x = LEFT;
                if style == Style::Signature {
                    x = LEFT + WIDTH - SIGNATURE_WIDTH;
                    layout.add_rule(x, y - height, SIGNATURE_WIDTH);
                }
                layout.lines.push(PlacedLine {
                    block: index,
                    page: layout.pages - 1,
                    x,
                    y,
                    text,
                    style,
                });
            }
        }
        layout
    }

    pub(super) fn role(&self, block: usize) -> Role {
        match self.subject == Some(block) {
            true => Role::Heading,
            false => Role::Paragraph,
        }
    }

    fn add_rule(&mut self, x: f32, y: f32, width: f32) {
        self.rules.push(Rule {
            page: self.pages - 1,
            x,
            y,
            width,
        });
    }
}

/// Breaks a text into lines that are at most `most` wide, by the rules of Unicode (UAX #14). A word that is wider than a line is broken
/// between characters. Spaces stay at the end of their line, so that words remain separate when the text is copied.
pub(super) fn wrap(text: &str, most: f32, width: impl Fn(&str) -> f32) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        // Control characters, such as tabs, have no glyph.
        let paragraph: String = paragraph
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let (mut line, mut used) = (String::new(), 0.0);
        let mut from = 0;
        for (to, opportunity) in linebreaks(&paragraph) {
            let word = paragraph.get(from..to).unwrap_or_default();
            from = to;
            if !line.is_empty() && used + width(word.trim_end()) > most {
                lines.push(std::mem::take(&mut line));
                used = 0.0;
            }
            if width(word.trim_end()) <= most {
                line.push_str(word);
                used += width(word);
            } else {
                for c in word.chars() {
                    let wide = width(c.encode_utf8(&mut [0; 4]));
                    if !line.is_empty() && !c.is_whitespace() && used + wide > most {
                        lines.push(std::mem::take(&mut line));
                        used = 0.0;
                    }
                    line.push(c);
                    used += wide;
                }
            }
            if opportunity == BreakOpportunity::Mandatory && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
                used = 0.0;
            }
        }
    }
    lines.retain(|line| !line.trim().is_empty());
    lines
}

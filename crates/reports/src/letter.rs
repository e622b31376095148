//! The letter with which a case is referred to an institution, as a PDF with the letterhead of the centre. The file conforms to PDF/UA-1:
//! its text can be read aloud, searched and copied. It contains no time, so the same letter gives the same bytes.

use std::num::NonZeroU16;

use krilla::{
    Document, SerializeSettings,
    color::luma,
    configure::{Accessibility, ConfigurationBuilder},
    destination::XyzDestination,
    error::KrillaError,
    geom::{PathBuilder, Point, Rect},
    metadata::Metadata,
    num::NormalizedF32,
    outline::{Outline, OutlineNode},
    page::PageSettings,
    paint::{Fill, FillRule},
    surface::Surface,
    tagging::{Artifact, ArtifactType, ContentTag, Identifier, Lang, Node, SpanTag, Tag, TagGroup, TagTree},
    text::TextDirection,
};

use crate::letter::{
    layout::{Block, LEFT, Layout, PAGE, PlacedLine, Role, Style, WIDTH},
    typeface::Typefaces,
};

mod layout;
mod typeface;

/// The media type of the letter.
pub const PDF: &str = "application/pdf";

/// The texts of a letter to an institution.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Letter {
    /// The tag of the language, such as `sr-Cyrl`.
    pub language: &'static str,
    /// The name of the centre.
    pub sender: String,
    /// The address and the other details of the centre, one in each line.
    pub sender_details: Vec<String>,
    /// The date, the number of the case and the like, each as a label and a value.
    pub facts: Vec<(String, String)>,
    /// The name of the institution.
    pub recipient: String,
    /// The subject, which is also the title of the file.
    pub subject: String,
    /// A remark that the letter is a draft. `None` if the referral is confirmed.
    pub draft: Option<String>,
    /// The first sentence. It contains the legal basis, if there is one.
    pub opening: String,
    /// The summary of the case.
    pub summary: String,
    /// The heading of the enclosures.
    pub enclosed_label: String,
    /// The enclosures.
    pub enclosed: Vec<String>,
    /// The label below the line for the signature.
    pub signature_label: String,
}

/// Why a letter could not be written.
#[derive(Debug, thiserror::Error)]
pub enum LetterError {
    /// A typeface of the program could not be read.
    #[error("a typeface could not be read")]
    Typeface,
    /// The PDF could not be written.
    #[error("the PDF could not be written: {0:?}")]
    Pdf(KrillaError),
}

impl Letter {
    /// Returns the letter as a PDF.
    ///
    /// # Errors
    /// Returns [`LetterError`] if a typeface cannot be read, or if the PDF does not conform to PDF/UA-1.
    pub fn to_pdf(&self) -> Result<Vec<u8>, LetterError> {
        let typefaces = Typefaces::load().ok_or(LetterError::Typeface)?;
        let layout = Layout::of(&self.blocks(), &typefaces);
        let configuration = ConfigurationBuilder::new()
            .with_accessibility_validator(Accessibility::UA1)
            .finish()
            .unwrap_or_default();
        let mut document = Document::new_with(SerializeSettings {
            configuration,
            ..SerializeSettings::default()
        });
        document.set_metadata(
            Metadata::new()
                .title(self.subject.clone())
                .language(self.language.to_owned())
                .authors(vec![self.sender.clone()])
                .creator("Hotline".to_owned()),
        );
        let mut marked = Vec::new();
        for page in 0..layout.pages {
            let settings = PageSettings::from_wh(PAGE.0, PAGE.1).unwrap_or_default();
            let mut drawn = document.start_page_with(settings);
            let mut surface = drawn.surface();
            for line in layout.lines.iter().filter(|line| line.page == page) {
                marked.push((line.block, self.draw_line(&mut surface, &typefaces, line)));
            }
            for rule in layout.rules.iter().filter(|rule| rule.page == page) {
                draw_rule(&mut surface, rule.x, rule.y, rule.width);
            }
            let footer = format!("{}/{}", page + 1, layout.pages);
            draw_footer(&mut surface, &typefaces, &footer);
            surface.finish();
            drawn.finish();
        }
        let mut outline = Outline::new();
        outline.push_child(OutlineNode::new(
            self.subject.clone(),
            XyzDestination::new(0, Point::from_xy(0.0, 0.0)),
        ));
        document.set_outline(outline);
        document.set_tag_tree(self.tag_tree(&layout, marked));
        document.finish().map_err(LetterError::Pdf)
    }

    /// Returns the parts of the letter from top to bottom.
    fn blocks(&self) -> Vec<Block<'_>> {
        let mut blocks = vec![Block::new(&self.sender, Style::Sender)];
        let details = self.sender_details.iter();
        blocks.extend(details.map(|line| Block::new(line, Style::SenderDetail)));
        blocks.push(Block::rule());
        blocks.extend(
            self.draft
                .as_deref()
                .map(|draft| Block::new(draft, Style::Remark)),
        );
        let facts = self.facts.iter();
        blocks.extend(facts.map(|(label, value)| Block::labelled(label, value)));
        blocks.push(Block::new(&self.recipient, Style::Recipient));
        blocks.push(Block::new(&self.subject, Style::Subject));
        blocks.push(Block::new(&self.opening, Style::Body));
        blocks.push(Block::new(&self.summary, Style::Body));
        if !self.enclosed.is_empty() {
            blocks.push(Block::new(&self.enclosed_label, Style::Label));
            let enclosed = self.enclosed.iter().enumerate();
            blocks.extend(enclosed.map(|(index, line)| Block::item(index + 1, line)));
        }
        blocks.push(Block::signature(&self.signature_label));
        blocks
    }

    /// Draws a line of text. Characters that the typeface lacks are drawn as boxes, but are copied as they were written.
    fn draw_line(&self, surface: &mut Surface<'_>, typefaces: &Typefaces, line: &PlacedLine) -> Identifier {
        let shown = typefaces.shown(&line.text, line.style);
        let span = SpanTag {
            lang: Some(Lang::from(self.language)),
            actual_text: (shown != line.text).then_some(line.text.as_str()),
            ..SpanTag::empty()
        };
        let identifier = surface.start_tagged(ContentTag::Span(span));
        draw_text(surface, typefaces, (line.x, line.y), &shown, line.style);
        surface.end_tagged();
        identifier
    }

    /// Returns the structure of the letter: one heading or paragraph for each block.
    fn tag_tree(&self, layout: &Layout, marked: Vec<(usize, Identifier)>) -> TagTree {
        let mut tree = TagTree::new().with_lang(Some(self.language.to_owned()));
        let mut marked = marked.into_iter().peekable();
        while let Some((block, first)) = marked.next() {
            let mut children = vec![Node::from(first)];
            while let Some((_, next)) = marked.next_if(|(other, _)| *other == block) {
                children.push(Node::from(next));
            }
            let group = match layout.role(block) {
                Role::Heading => {
                    let tag = Tag::Hn(NonZeroU16::MIN, Some(self.subject.clone()));
                    TagGroup::with_children(tag, children)
                }
                Role::Paragraph => TagGroup::with_children(Tag::P, children),
            };
            tree.push(group);
        }
        tree
    }
}

/// Sets the colour of the ink: 0 is black.
fn set_ink(surface: &mut Surface<'_>, lightness: u8) {
    surface.set_fill(Some(Fill {
        paint: luma::Color::new(lightness).into(),
        opacity: NormalizedF32::ONE,
        rule: FillRule::default(),
    }));
}

fn draw_text(surface: &mut Surface<'_>, typefaces: &Typefaces, (x, y): (f32, f32), text: &str, style: Style) {
    set_ink(surface, style.lightness());
    surface.draw_text(
        Point::from_xy(x, y),
        typefaces.font(style),
        style.size(),
        text,
        false,
        TextDirection::LeftToRight,
    );
}

/// Draws a thin horizontal line.
fn draw_rule(surface: &mut Surface<'_>, x: f32, y: f32, width: f32) {
    let Some(rect) = Rect::from_xywh(x, y, width, 0.7) else {
        return;
    };
    let mut path = PathBuilder::new();
    path.push_rect(rect);
    let Some(path) = path.finish() else {
        return;
    };
    set_ink(surface, 90);
    surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Layout)));
    surface.draw_path(&path);
    surface.end_tagged();
}

fn draw_footer(surface: &mut Surface<'_>, typefaces: &Typefaces, text: &str) {
    let style = Style::SenderDetail;
    let x = LEFT + WIDTH - typefaces.width(text, style);
    surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Footer)));
    draw_text(surface, typefaces, (x, PAGE.1 - 36.0), text, style);
    surface.end_tagged();
}

#[cfg(test)]
mod tests;

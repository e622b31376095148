//! The typefaces of the letter: Noto Sans, regular and bold, which has the letters of Serbian Cyrillic and Latin.

use krilla::text::Font;
use ttf_parser::Face;

use crate::letter::layout::Style;

/// The character that is drawn instead of one that the typeface lacks.
const BOX: char = '\u{25a1}';

/// The regular and the bold typeface.
pub(super) struct Typefaces {
    regular: Typeface,
    bold: Typeface,
}

struct Typeface {
    font: Font,
    face: Face<'static>,
}

impl Typeface {
    fn load(bytes: &'static [u8]) -> Option<Self> {
        Some(Self {
            font: Font::new(bytes.into(), 0)?,
            face: Face::parse(bytes, 0).ok()?,
        })
    }
}

impl Typefaces {
    pub(super) fn load() -> Option<Self> {
        Some(Self {
            regular: Typeface::load(notosans::REGULAR_TTF)?,
            bold: Typeface::load(notosans::BOLD_TTF)?,
        })
    }

    const fn of(&self, style: Style) -> &Typeface {
        if style.is_bold() {
            &self.bold
        } else {
            &self.regular
        }
    }

    pub(super) fn font(&self, style: Style) -> Font {
        self.of(style).font.clone()
    }

    /// Returns the width of a text in points, without kerning, which moves letters by less than a point.
    pub(super) fn width(&self, text: &str, style: Style) -> f32 {
        let face = &self.of(style).face;
        let shown = self.shown(text, style);
        let advances = shown.chars().map(|c| {
            let glyph = face.glyph_index(c);
            f32::from(
                glyph
                    .and_then(|glyph| face.glyph_hor_advance(glyph))
                    .unwrap_or_default(),
            )
        });
        advances.sum::<f32>() / f32::from(face.units_per_em()) * style.size()
    }

    /// Returns the text as it is drawn: a box replaces each character that the typeface lacks.
    pub(super) fn shown(&self, text: &str, style: Style) -> String {
        let face = &self.of(style).face;
        let known = |c: char| face.glyph_index(c).is_some_and(|glyph| glyph.0 != 0);
        let instead = if known(BOX) { BOX } else { '?' };
        let all = text.chars();
        all.map(|c| if known(c) { c } else { instead }).collect()
    }
}

//! QR codes as SVG, which the Content-Security-Policy permits inside a page.

use qrcodegen::{QrCode, QrCodeEcc};

/// The white margin around a code, in modules (ISO/IEC 18004 demands four).
const MARGIN: i32 = 4;

/// A QR code. The template draws it as an SVG: a white square of `size` modules, with the dark modules of `path` on it.
pub struct QrImage {
    /// The width and the height, in modules.
    pub size: i32,
    /// The dark modules, as the data of an SVG path.
    pub path: String,
}

impl QrImage {
    /// Encodes a text. `None`: the text is too long for a QR code.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let code = QrCode::encode_text(text, QrCodeEcc::Low).ok()?;
        let mut path = String::new();
        for y in 0..code.size() {
            for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
                path.push_str(&format!("M{} {}h1v1h-1z", x + MARGIN, y + MARGIN));
            }
        }
        Some(Self {
            size: code.size() + 2 * MARGIN,
            path,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_a_margin_and_its_finder_pattern() {
        let image = QrImage::new("otpauth://totp/vera?secret=GEZDGNBVGY3TQOJQ").unwrap();
        assert!(image.path.starts_with("M4 4h1v1h-1z"), "{}", image.path);
        assert_eq!((image.size - 8 - 17) % 4, 0, "the size of some version of QR");
        assert!(QrImage::new(&"x".repeat(3_000)).is_none());
    }
}

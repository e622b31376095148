//! References, receipt codes, thread tokens and recovery codes, as people type and paste them.

#![no_main]

use hotline_core::{
    identifiers::{receipt::ReceiptCode, reference::Reference, token::ThreadToken},
    staff::{factors::TypedCode, recovery::RecoveryCode},
};

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(reference) = Reference::parse(text) {
        assert_eq!(Reference::parse(&reference.to_string()).ok(), Some(reference));
    }
    if let Some(code) = ReceiptCode::parse(text) {
        assert_eq!(code.expose().len(), ReceiptCode::DIGITS);
        assert!(ReceiptCode::parse(&code.spoken()) == Some(code));
    }
    if let Some(token) = ThreadToken::parse(text) {
        assert!(ThreadToken::parse(token.expose()) == Some(token));
    }
    if let Some(code) = RecoveryCode::parse(text) {
        assert!(RecoveryCode::parse(&code.grouped()) == Some(code));
    }
    let _ = TypedCode::parse(text);
});

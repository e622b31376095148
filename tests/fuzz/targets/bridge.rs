//! Messages of a bridge.

#![no_main]

use std::sync::{Arc, LazyLock};

use hotline_channels::channel::Channel;

static LINE: LazyLock<Arc<dyn Channel>> = LazyLock::new(|| {
    hotline_fuzz::line("channel = \"bridge\"\nsecret = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"\n")
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hotline_fuzz::read(&**LINE, bytes));

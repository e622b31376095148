//! Updates of Telegram.

#![no_main]

use std::sync::{Arc, LazyLock};

use hotline_channels::channel::Channel;

static LINE: LazyLock<Arc<dyn Channel>> =
    LazyLock::new(|| hotline_fuzz::line("channel = \"telegram\"\ntoken = \"4242:x\"\n"));

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hotline_fuzz::read(&**LINE, bytes));

//! Messages of Discord.

#![no_main]

use std::sync::{Arc, LazyLock};

use hotline_channels::channel::Channel;

static LINE: LazyLock<Arc<dyn Channel>> =
    LazyLock::new(|| hotline_fuzz::line("channel = \"discord\"\ntoken = \"MTIzNDU2.a.b\"\n"));

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hotline_fuzz::read(&**LINE, bytes));

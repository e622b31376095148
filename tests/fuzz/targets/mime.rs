//! Mails.

#![no_main]

use std::sync::{Arc, LazyLock};

use hotline_channels::channel::Channel;

static LINE: LazyLock<Arc<dyn Channel>> = LazyLock::new(|| {
    hotline_fuzz::line(
        "channel = \"email\"\naddress = \"kontakt@centar.example.org\"\n[imap]\nhost = \"localhost\"\nuser = \"x\"\npassword = \"x\"\n[smtp]\nhost = \"localhost\"\nsecurity = \"plain\"\n",
    )
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hotline_fuzz::read(&**LINE, bytes));

//! Posts of the form with files.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    hotline_fuzz::post("/advice", "multipart/form-data; boundary=b", bytes);
});

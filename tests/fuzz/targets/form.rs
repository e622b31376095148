//! Posts of the form as browsers without files send them, and as programs do. The first byte chooses the address.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((first, body)) = bytes.split_first() else {
        return;
    };
    let (path, kind) = match first % 5 {
        0 => ("/child", "application/x-www-form-urlencoded"),
        1 => ("/link", "application/x-www-form-urlencoded"),
        2 => ("/answer", "application/x-www-form-urlencoded"),
        3 => ("/answer/write", "application/x-www-form-urlencoded"),
        _ => ("/api/v1/contacts", "application/json"),
    };
    hotline_fuzz::post(path, kind, body);
});

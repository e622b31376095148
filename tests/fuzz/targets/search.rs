//! A search in a text: the first line is the query, the others are the text.

#![no_main]

use hotline_core::text::sought::Sought;

libfuzzer_sys::fuzz_target!(|input: &str| {
    let (query, text) = input.split_once('\n').unwrap_or((input, input));
    let sought = Sought::parse(query);
    let hits = sought.hits(text);
    let mut end = 0;
    for hit in &hits {
        assert!(
            hit.start >= end && hit.start < hit.end,
            "hits are ordered: {hits:?}"
        );
        assert!(text.get(hit.clone()).is_some(), "a hit cuts a letter: {hit:?}");
        end = hit.end;
    }
    if sought.is_match(&[text]) {
        assert!(!hits.is_empty(), "what is found is marked");
        assert!(sought.occurring(text) > 0);
    }
    if sought.is_nothing() {
        assert!(!sought.is_match(&[text]));
    }
});

//! The walls between the crates, read from their manifests.

use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// What a crate depends on, tests aside.
fn dependencies(manifest: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(manifest)).unwrap();
    let document: toml_edit::DocumentMut = text.parse().unwrap();
    let table = document["dependencies"].as_table().unwrap();
    table.iter().map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn dependencies_point_downwards_only() {
    for (manifest, forbidden) in [
        (
            "crates/core/Cargo.toml",
            ["hotline-", "sea-orm", "tokio", "axum", "reqwest", "lettre"].as_slice(),
        ),
        (
            "crates/channels/Cargo.toml",
            ["hotline-store", "hotline-desk", "hotline-migrations", "sea-orm"].as_slice(),
        ),
        (
            "crates/store/Cargo.toml",
            ["hotline-channels", "hotline-desk", "axum", "askama", "lettre"].as_slice(),
        ),
        (
            "crates/desk/Cargo.toml",
            [
                "hotline-channels",
                "hotline-migrations",
                "sea-orm",
                "lettre",
                "async-imap",
            ]
            .as_slice(),
        ),
        (
            "crates/hotline/Cargo.toml",
            ["sea-orm", "lettre", "async-imap"].as_slice(),
        ),
    ] {
        for dependency in dependencies(manifest) {
            let bad = forbidden.iter().any(|name| dependency.starts_with(name));
            assert!(!bad, "{manifest} depends on {dependency}");
        }
    }
}

#[test]
fn a_channels_name_is_matched_on_nowhere_but_in_its_own_file() {
    for folder in [
        "crates/core/src",
        "crates/store/src",
        "crates/desk/src",
        "crates/hotline/src",
    ] {
        for path in sources(&root().join(folder)) {
            // The demo and the fixtures write settings and figures, which name the channels.
            let names = ["demo.rs", "fixtures.rs", "fixtures/published.rs"];
            if names.iter().any(|name| path.ends_with(name)) {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for kind in hotline_channels::KINDS {
                assert!(
                    !text.contains(&format!("\"{}\"", kind.name)),
                    "{} in {}",
                    kind.name,
                    path.display()
                );
            }
        }
    }
}

#[test]
fn every_channel_has_its_name_in_every_language() {
    let locales = hotline_core::text::locale::Locales::load().unwrap();
    for kind in hotline_channels::KINDS {
        for language in hotline_core::text::locale::Language::ALL {
            let key = format!("channel-{}", kind.name);
            assert_ne!(locales.of(language).say(&key), key, "{language:?}");
        }
    }
}

/// Every Rust file below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
    found
}

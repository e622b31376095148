//! Dependency rules between crates and between modules, and rules for files that no compiler checks.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Returns the dependencies of a crate, except those for tests.
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
            "crates/reports/Cargo.toml",
            ["hotline-channels", "hotline-desk", "axum", "askama", "sea-orm"].as_slice(),
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
        "crates/reports/src",
        "crates/desk/src",
        "crates/hotline/src",
    ] {
        for path in files(&root().join(folder), &["rs"]) {
            // The demo and the fixtures write settings and figures, which contain the names of channels.
            let names = [
                "demo/centre.rs",
                "demo/raw.rs",
                "demo/settings.rs",
                "fixtures.rs",
                "fixtures/published.rs",
            ];
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
    let locales = hotline_core::text::locale::Locales;
    for kind in hotline_channels::KINDS {
        for language in hotline_core::text::locale::Language::ALL {
            let key = format!("channel-{}", kind.name);
            assert_ne!(locales.of(language).say(&key), key, "{language:?}");
        }
    }
}

/// The modules of each crate in order of dependency. A module imports only from modules before it.
const ROOMS: &[(&str, &[&str])] = &[
    (
        "core",
        &[
            "named",
            "network",
            "abuse_material",
            "line_fields",
            "identifiers",
            "text",
            "time",
            "staff",
            "malware",
            "masking",
            "master_key",
            "contact",
            "casework",
            "retention",
            "routing",
            "operation",
            "statistics",
            "centre",
            "processing_record",
            "job",
            "health",
            "intake",
        ],
    ),
    (
        "store",
        &[
            "error",
            "memory",
            "sealing",
            "db",
            "staff",
            "jobs",
            "routing",
            "inbox",
            "outreach",
            "statistics",
            "cases",
            "intake",
            "registration",
            "contacts",
            "retention",
            "outbound",
            "abuse_material",
            "backup",
            "moving",
            "operation",
            "search",
            "live",
            "startup",
        ],
    ),
    (
        "channels",
        &[
            "backoff", "json", "clean", "refusals", "channel", "email", "webform", "telegram", "discord",
            "bridge",
        ],
    ),
    (
        "reports",
        &[
            "labels",
            "tables",
            "charts",
            "cover",
            "exports",
            "registers",
            "sentences",
            "narrative",
            "letter",
        ],
    ),
    (
        "desk",
        &[
            "limits",
            "refusals",
            "state",
            "http",
            "account",
            "audit",
            "contact",
            "admin",
            "routing",
            "inbox",
            "statistics",
            "cases",
            "abuse_material",
            "outreach",
            "queue",
            "retention",
            "styleguide",
            "openapi",
            "routes",
        ],
    ),
];

#[test]
fn rooms_import_only_from_rooms_below_them() {
    let mut wrong = Vec::new();
    for (name, rooms) in ROOMS {
        let folder = root().join(format!("crates/{name}/src"));
        let floor = |room: &str| rooms.iter().position(|one| *one == room);
        for path in files(&folder, &["rs"]) {
            let inside = path.strip_prefix(&folder).unwrap().with_extension("");
            let room = inside.iter().next().unwrap().to_str().unwrap();
            if room == "lib" {
                continue;
            }
            let here =
                floor(room).unwrap_or_else(|| panic!("{name} has no room {room}: give it a floor in ROOMS"));
            let found = imports(&std::fs::read_to_string(&path).unwrap(), "crate::");
            // A type or macro at the crate's root is not a module.
            for import in found.into_iter().filter(|name| is_module(name)) {
                match floor(&import) {
                    Some(there) if there <= here => {}
                    _ => wrong.push(format!("{} imports crate::{import}", path.display())),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn files_of_a_channel_import_each_other_in_no_circle() {
    let folder = root().join("crates/channels/src");
    for entry in std::fs::read_dir(&folder).unwrap() {
        let channel = entry.unwrap().path();
        if !channel.is_dir() {
            continue;
        }
        let mut left: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for path in files(&channel, &["rs"]) {
            let source = std::fs::read_to_string(&path).unwrap();
            let (product, _tests) = source.split_once("#[cfg(test)]").unwrap_or((&source, ""));
            let found = imports(product, "super::");
            // The channel's root file imports the files of its folder, so a file that imports from the root file closes a cycle.
            let from_above = found.iter().find(|name| !is_module(name));
            assert_eq!(from_above, None, "{}", path.display());
            left.insert(path.file_stem().unwrap().to_str().unwrap().to_owned(), found);
        }
        // Removes the files that import none of the remaining files, until only files in an import cycle remain.
        loop {
            let names: Vec<String> = left.keys().cloned().collect();
            left.retain(|_, found| found.iter().any(|name| names.contains(name)));
            if left.len() == names.len() {
                break;
            }
        }
        assert!(left.is_empty(), "{} has a circle: {left:#?}", channel.display());
    }
}

/// Returns the first name after each `prefix` (`crate::`, `super::`) in a source, except in comments.
fn imports(source: &str, prefix: &str) -> Vec<String> {
    let code: Vec<&str> = source
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect();
    let code = code.join("\n");
    let mut found = Vec::new();
    for after in code.split(prefix).skip(1) {
        if let Some(tree) = after.strip_prefix('{') {
            found.extend(first_names(tree));
        } else {
            found.extend(first_name(after));
        }
    }
    found
}

/// Returns the first name of each branch of an import tree, up to its closing brace.
fn first_names(tree: &str) -> Vec<String> {
    let (mut depth, mut branch, mut found) = (0, String::new(), Vec::new());
    for c in tree.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => found.extend(first_name(&std::mem::take(&mut branch))),
            _ if depth == 0 => branch.push(c),
            _ => {}
        }
    }
    found.extend(first_name(&branch));
    found
}

fn first_name(path: &str) -> Option<String> {
    let is_of_a_name = |c: &char| c.is_alphanumeric() || *c == '_';
    let name: String = path.trim_start().chars().take_while(is_of_a_name).collect();
    (!name.is_empty()).then_some(name)
}

fn is_module(name: &str) -> bool {
    name.starts_with(|c: char| c.is_lowercase())
}

#[test]
fn no_line_of_a_template_script_or_style_sheet_is_longer_than_140_characters() {
    for path in files(&root().join("crates"), &["html", "js", "css"]) {
        let text = std::fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate() {
            assert!(
                line.chars().count() <= 140,
                "{}:{} is too long",
                path.display(),
                number + 1
            );
        }
    }
}

/// Returns all files below a folder that have one of these extensions.
pub fn files(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let extension = path.extension().and_then(|end| end.to_str());
        if path.is_dir() {
            found.extend(files(&path, extensions));
        } else if extension.is_some_and(|end| extensions.contains(&end)) {
            found.push(path);
        }
    }
    found
}

#[test]
fn every_style_sheet_of_the_desk_is_served() {
    let sources = files(&root().join("crates/desk/src"), &["rs"]);
    let sources: String = sources
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    let assets = root().join("crates/desk/assets");
    for path in files(&assets, &["css"]) {
        let name = path.strip_prefix(&assets).unwrap().to_str().unwrap();
        assert!(sources.contains(&format!("{name}\"")), "{name} is not served");
    }
}

/// Returns the spans between backticks in a Markdown file, outside code blocks.
fn code_spans(markdown: &str) -> Vec<String> {
    let outside = markdown.split("\n```").step_by(2);
    outside
        .flat_map(|text| text.split('`').skip(1).step_by(2))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_guides_name_only_types_and_functions_that_exist() {
    let mut sources = String::new();
    for folder in ["crates", "migrations", "tests", "config"] {
        for path in files(&root().join(folder), &["rs", "html", "js", "css", "toml", "ftl"]) {
            sources.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
    let words: std::collections::HashSet<&str> = sources
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .collect();
    let is_name = |word: &str| {
        let camel =
            word.chars().next().is_some_and(char::is_uppercase) && word.chars().any(char::is_lowercase);
        let snake = word.contains('_') && word.chars().all(|c| c.is_lowercase() || c == '_');
        camel || snake
    };
    for guide in ["ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = std::fs::read_to_string(root().join(guide)).unwrap();
        for span in code_spans(&text) {
            // Paths, commands, and names with a placeholder have a space, a slash or a bracket.
            if span.contains([' ', '/', '<', '*', '.', '-', '=']) {
                continue;
            }
            for word in span.split(|c: char| !(c.is_alphanumeric() || c == '_')) {
                assert!(!is_name(word) || words.contains(word), "{guide} names {word}");
            }
        }
    }
}

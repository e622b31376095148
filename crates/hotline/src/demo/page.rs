//! What the demo prints: a line that shows the progress, and the addresses to open.

use std::{
    io::{IsTerminal, Write},
    path::Path,
    time::Duration,
};

use hotline_core::text::locale::Words;

use super::centre::PASSWORD;

/// The progress of the preparation, in one line of the terminal.
pub struct Progress<'a> {
    words: &'a Words,
    on_terminal: bool,
}

impl<'a> Progress<'a> {
    /// Creates the line.
    pub fn new(words: &'a Words) -> Self {
        Self {
            words,
            on_terminal: std::io::stderr().is_terminal(),
        }
    }

    /// Shows the step with this key. In a file, each step gets a line of its own.
    pub fn step(&self, key: &str) {
        let text = self.words.say(key);
        match self.on_terminal {
            true => eprint!("\r\x1b[K{text}"),
            false => eprintln!("{text}"),
        }
        let _ = std::io::stderr().flush();
    }

    /// Replaces the steps by the time that they took.
    pub fn end(&self, took: Duration) {
        let seconds = format!("{:.1}", took.as_secs_f64());
        let text = self.words.with("demo-prepared", "seconds", &seconds);
        match self.on_terminal {
            true => eprintln!("\r\x1b[K{text}"),
            false => eprintln!("{text}"),
        }
    }
}

/// Returns the text that tells how to use the running demo. No line is longer than 80 characters, apart from the name of the folder.
pub fn page(words: &Words, port: u16, kept_in: Option<&Path>) -> String {
    let base = format!("http://127.0.0.1:{port}");
    let mut page = format!("\n{}\n\n", words.say("demo-title"));
    for (key, address) in [
        ("demo-form", format!("{base}/")),
        ("demo-desk", format!("{base}/desk")),
        ("demo-sent", format!("{base}/demo/sent")),
    ] {
        page.push_str(&format!("  {:<28}{address}\n", words.say(key)));
    }
    page.push_str(&format!("\n  {}\n", words.say("demo-accounts")));
    for key in ["demo-mila", "demo-sara", "demo-petra", "demo-admin", "demo-vera"] {
        page.push_str(&format!("    {}\n", words.say(key)));
    }
    page.push_str(&format!("  {:<28}{PASSWORD}\n\n", words.say("demo-password")));
    page.push_str(&format!("  {}\n", words.say("demo-nothing-leaves")));
    match kept_in {
        Some(folder) => page.push_str(&format!("  {} {}\n", words.say("demo-kept"), folder.display())),
        None => page.push_str(&format!("  {}\n", words.say("demo-thrown-away"))),
    }
    page.push_str(&format!("  {}\n\n", words.say("demo-stop")));
    page
}

#[cfg(test)]
mod tests {
    use hotline_core::text::locale::{Language, Locales};

    use super::*;

    #[test]
    fn every_line_fits_a_terminal_of_80_columns() {
        let locales = Locales;
        for language in Language::ALL {
            let page = page(locales.of(language), 65_535, Some(Path::new("/tmp/demo")));
            for line in page.lines() {
                assert!(line.chars().count() <= 80, "{line}");
            }
        }
    }
}

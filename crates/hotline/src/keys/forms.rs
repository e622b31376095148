//! Forms for printing, from which the master key or a share of it can be typed in again.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use askama::Template;
use hotline_core::time::clock::{Clock, SystemClock};
use hotline_desk::account::qr::QrImage;
use hotline_store::sealing::{
    keys::Fingerprint,
    master_key::MasterKey,
    paper::{PaperLine, group_digits},
    shares::{KeyShare, split},
};

use crate::settings::Settings;

/// A page in A4. It contains no script and loads nothing.
#[derive(Template)]
#[template(path = "keys/recovery.html")]
struct RecoveryForm<'a> {
    centre: &'a str,
    day: String,
    fingerprint: Fingerprint,
    share: Option<ShareNumbers>,
    rows: Vec<String>,
    qr: QrImage,
}

/// What a form says about its share.
#[derive(Clone, Copy)]
struct ShareNumbers {
    number: u8,
    count: u8,
    needed: u8,
}

/// Writes the form of the whole master key.
pub fn write_key(settings: &Settings, key: &MasterKey, to: &Path) -> anyhow::Result<()> {
    let fingerprint = Fingerprint::of(key)?;
    let form = render(settings, &PaperLine::Key(key.clone()), fingerprint, None)?;
    write_new_file(to, &form)?;
    println!(
        "Wrote the form of the master key with the fingerprint {fingerprint} to {}. Print it, and then delete the file. `hotline keys verify` \
         prints the fingerprint of the key that opens the data; it must be the same.",
        to.display()
    );
    Ok(())
}

/// Splits the master key, and writes a form for each share into the folder `to`.
pub fn write_shares(
    settings: &Settings,
    key: &MasterKey,
    count: u8,
    needed: u8,
    to: &Path,
) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt;

    let mut forms: Vec<(PathBuf, String)> = Vec::new();
    for share in split(key, count, needed)? {
        let file = to.join(format!("share-{}-of-{count}.html", share.number));
        ensure!(
            !file.exists(),
            "{} exists. It is not overwritten: name another folder",
            file.display()
        );
        forms.push((file, render_share(settings, share)?));
    }
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(to)
        .with_context(|| format!("Could not make the folder {}", to.display()))?;
    for (file, form) in &forms {
        write_new_file(file, form)?;
    }
    println!(
        "Wrote {count} forms to {}. Any {needed} of them give the master key with the fingerprint {}. Print them, and then \
         delete the files.",
        to.display(),
        Fingerprint::of(key)?
    );
    Ok(())
}

fn render_share(settings: &Settings, share: KeyShare) -> anyhow::Result<String> {
    let splitting = share.splitting;
    let numbers = ShareNumbers {
        number: share.number,
        count: splitting.count,
        needed: splitting.needed,
    };
    let line = PaperLine::Share(share);
    render(settings, &line, splitting.fingerprint, Some(numbers))
}

fn render(
    settings: &Settings,
    line: &PaperLine,
    fingerprint: Fingerprint,
    share: Option<ShareNumbers>,
) -> anyhow::Result<String> {
    let digits = line.digits()?;
    // A QR code of capital letters is smaller.
    let qr = QrImage::new(&digits.to_ascii_uppercase()).context("The line is too long for a QR code")?;
    let today = SystemClock.now().with_timezone(&settings.centre.time_zone);
    let form = RecoveryForm {
        centre: settings.centre.name.serbian(),
        day: today.format("%Y-%m-%d").to_string(),
        fingerprint,
        share,
        rows: group_digits(&digits),
        qr,
    };
    form.render().context("Could not write the form")
}

/// Writes a new file, which only its owner may read.
fn write_new_file(path: &Path, text: &str) -> anyhow::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;

    let opened = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    let mut file = opened.with_context(|| format!("Could not make {}", path.display()))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .with_context(|| format!("Could not write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(share: Option<ShareNumbers>) -> String {
        let form = RecoveryForm {
            centre: "Centar <za> decu",
            day: "2026-11-30".to_owned(),
            fingerprint: Fingerprint::from_bytes([1; 8]),
            share,
            rows: vec!["0123 4567 89ab cdef".to_owned(), "0101 0101 0101 0101".to_owned()],
            qr: QrImage::new("0123").unwrap(),
        };
        form.render().unwrap()
    }

    #[test]
    fn a_form_says_which_key_it_is_and_loads_nothing() {
        let whole = form(None);
        let share = form(Some(ShareNumbers {
            number: 2,
            count: 5,
            needed: 3,
        }));
        for form in [&whole, &share] {
            for said in [
                "0101-0101-0101-0101",
                "0123 4567 89ab cdef",
                "2026-11-30",
                "hotline keys combine",
                "Centar &#60;za&#62; decu",
            ] {
                assert!(form.contains(said), "{said} is missing: {form}");
            }
            for foreign in ["<script", "http:", "https:", "src=", "url("] {
                assert!(!form.contains(foreign), "{foreign}: {form}");
            }
        }
        assert!(share.contains("Share 2 of 5"), "{share}");
        assert!(!whole.contains("Share "), "{whole}");
    }
}

//! Reading the master key from lines that were typed from paper.

use std::io::BufRead;

use anyhow::{Context, bail};
use hotline_store::sealing::{master_key::MasterKey, paper::PaperLine, shares::CollectedShares};
use zeroize::Zeroizing;

/// Reads lines until they give a master key: the line of a whole key, or as many shares as are needed. On a terminal, a wrong line can be
/// typed again.
///
/// # Errors
/// Fails if a line is wrong and does not come from a terminal, or if the lines end before they give a key.
pub fn read_key(input: impl BufRead, is_terminal: bool) -> anyhow::Result<MasterKey> {
    let mut shares = CollectedShares::default();
    for (index, line) in input.lines().enumerate() {
        let line = Zeroizing::new(line.context("Could not read the standard input")?);
        if line.trim().is_empty() {
            continue;
        }
        let added = match PaperLine::parse(&line) {
            Ok(PaperLine::Key(key)) => return Ok(key),
            Ok(PaperLine::Share(share)) => shares.add(share),
            Err(mistake) => Err(mistake.into()),
        };
        match added {
            Ok(()) if shares.missing() == Some(0) => break,
            Ok(()) if is_terminal => {
                eprintln!(
                    "Further shares that are needed: {}",
                    shares.missing().unwrap_or_default()
                );
            }
            Ok(()) => {}
            Err(mistake) if is_terminal => eprintln!("{mistake}. Type the line again."),
            Err(mistake) => bail!("Line {}: {mistake}", index + 1),
        }
    }
    match shares.missing() {
        None => bail!("The standard input contains no line of a form"),
        Some(_) => shares.combine(),
    }
}

#[cfg(test)]
mod tests {
    use hotline_store::sealing::shares::split;

    use super::*;

    fn lines(key: &MasterKey) -> Vec<String> {
        let shares = split(key, 5, 3).unwrap().into_iter();
        shares
            .map(|share| PaperLine::Share(share).digits().unwrap().to_string())
            .collect()
    }

    fn refused(typed: &str) -> String {
        match read_key(typed.as_bytes(), false) {
            Ok(_) => panic!("{typed} gives a key"),
            Err(error) => format!("{error:#}"),
        }
    }

    #[test]
    fn enough_shares_or_one_whole_line_give_the_key() {
        let key = MasterKey::draw();
        let shares = lines(&key);
        let whole = PaperLine::Key(key.clone()).digits().unwrap().to_string();
        for typed in [
            format!("{}\n\n{}\n{}\n", shares[4], shares[0].to_uppercase(), shares[2]),
            format!("{}\n{}\n{}\n{}", shares[1], shares[1], shares[0], shares[3]),
            whole.clone(),
            format!("\n{whole}\nwhat follows is not read"),
        ] {
            assert!(read_key(typed.as_bytes(), false).unwrap() == key, "{typed}");
        }
    }

    #[test]
    fn a_wrong_line_is_named_and_can_be_typed_again_at_a_terminal() {
        let key = MasterKey::draw();
        let shares = lines(&key);
        let mut wrong: Vec<char> = shares[1].chars().collect();
        wrong[50] = if wrong[50] == 'e' { 'f' } else { 'e' };
        let wrong: String = wrong.iter().collect();
        let typed = format!("{}\n{wrong}\n{}\n{}\n", shares[0], shares[2], shares[1]);
        let said = refused(&typed);
        assert!(said.contains("Line 2") && said.contains("share 2"), "{said}");
        assert!(read_key(typed.as_bytes(), true).unwrap() == key);
    }

    #[test]
    fn too_few_shares_and_those_of_another_key_give_none() {
        let (first, second) = (lines(&MasterKey::draw()), lines(&MasterKey::draw()));
        let said = refused(&format!("{}\n{}\n", first[0], first[1]));
        assert!(said.contains("3 shares are needed"), "{said}");
        let said = refused(&format!("{}\n{}\n{}\n", first[0], second[1], first[2]));
        assert!(said.contains("Line 2") && said.contains("Share 2"), "{said}");
        assert!(refused("\n").contains("no line"));
    }
}

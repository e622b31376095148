//! Telling what a person wrote from what was quoted with it. Nothing is lost: the quoted text is kept apart and folded.

/// What was written and what was quoted.
#[derive(Debug, PartialEq, Eq)]
pub struct Split {
    /// What the person wrote.
    pub text: String,
    /// What was quoted; empty if nothing was, or if the answers stand between quoted lines.
    pub quoted: String,
}

/// Lines that begin a copy of the whole earlier mail, as Outlook writes them.
const COPIES: [&str; 7] = [
    "-----original message-----",
    "-----originalna poruka-----",
    "-----оригинална порука-----",
    "----- forwarded message -----",
    "---------- forwarded message",
    "________________________________",
    "-----изворна порука-----",
];

/// Ends of the line that says whose words follow.
const SAYS: [&str; 8] = [
    "wrote:",
    "writes:",
    "написао:",
    "написала:",
    "написао/ла:",
    "napisao:",
    "napisala:",
    "napisao/la:",
];

/// Splits a text. Answers written between quoted lines make no sense without them: such a text stays whole.
pub fn split(text: &str) -> Split {
    let lines: Vec<&str> = text.lines().collect();
    if let Some(start) = lines.iter().position(|line| begins_copy(line)) {
        let (own, copy) = lines.split_at(start);
        if own.iter().any(|line| !line.trim().is_empty()) {
            return Split {
                text: joined(own),
                quoted: joined(copy),
            };
        }
    }
    let blocks = quoted_blocks(&lines);
    let [(start, end)] = blocks.as_slice() else {
        return whole(text);
    };
    let start = with_attribution(&lines, *start);
    let (Some(before), Some(quoted), Some(after)) =
        (lines.get(..start), lines.get(start..*end), lines.get(*end..))
    else {
        return whole(text);
    };
    let own = [joined(before), joined(after)]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("\n\n");
    if own.is_empty() {
        whole(text)
    } else {
        Split {
            text: own,
            quoted: joined(quoted),
        }
    }
}

fn whole(text: &str) -> Split {
    Split {
        text: text.trim().to_owned(),
        quoted: String::new(),
    }
}

fn joined(lines: &[&str]) -> String {
    lines.join("\n").trim().to_owned()
}

fn begins_copy(line: &str) -> bool {
    let line = line.trim().to_lowercase();
    COPIES.iter().any(|copy| line.starts_with(copy)) || (says(&line) && line.starts_with("-----"))
}

fn says(line: &str) -> bool {
    let line = line.trim().trim_start_matches('>').trim().to_lowercase();
    SAYS.iter().any(|end| line.ends_with(end))
}

/// Runs of quoted lines, blank lines between them included.
fn quoted_blocks(lines: &[&str]) -> Vec<(usize, usize)> {
    let mut blocks: Vec<(usize, usize)> = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        if !line.trim_start().starts_with('>') {
            continue;
        }
        match blocks.last_mut() {
            Some((_, end))
                if lines
                    .get(*end..index)
                    .is_some_and(|gap| gap.iter().all(|line| line.trim().is_empty())) =>
            {
                *end = index + 1;
            }
            _ => blocks.push((index, index + 1)),
        }
    }
    blocks
}

/// The start of a block with the line or two before it that say whose words it holds.
fn with_attribution(lines: &[&str], start: usize) -> usize {
    let mut at = start;
    while at > 0 && lines.get(at - 1).is_some_and(|line| line.trim().is_empty()) {
        at -= 1;
    }
    let Some(said) = at
        .checked_sub(1)
        .filter(|index| lines.get(*index).is_some_and(|line| says(line)))
    else {
        return start;
    };
    // The line is often broken in two: a first half names the day and has no end of its own.
    let first_half = said
        .checked_sub(1)
        .and_then(|index| lines.get(index))
        .is_some_and(|line| {
            let line = line.trim();
            let starts = ["On ", "Dana ", "Дана ", "У ", "U ", "Dne ", "Le ", "Am "];
            starts.iter().any(|start| line.starts_with(start)) && line.len() < 120
        });
    if first_half { said - 1 } else { said }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_below_is_kept_apart_with_its_first_line() {
        let text = "Hvala vam!\n\nOn Mon, 2 Nov 2026 at 10:00 Centar\n<kontakt@centar.example.org> wrote:\n\n> Poštovani,\n>\n> tu smo.\n";
        let split = split(text);
        assert_eq!(split.text, "Hvala vam!");
        assert!(split.quoted.starts_with("On Mon") && split.quoted.ends_with("tu smo."));
    }

    #[test]
    fn an_answer_below_the_quote_is_found() {
        assert_eq!(
            split("> pitanje\n\nodgovor"),
            Split {
                text: "odgovor".into(),
                quoted: "> pitanje".into()
            }
        );
    }

    #[test]
    fn answers_between_quoted_lines_stay_where_they_are() {
        let text = "> prvo?\nda\n> drugo?\nne";
        assert_eq!(
            split(text),
            Split {
                text: text.into(),
                quoted: String::new()
            }
        );
    }

    #[test]
    fn a_mail_of_quotes_alone_is_not_emptied() {
        assert_eq!(split("> sve je citat").text, "> sve je citat");
        assert_eq!(
            split("-----Original Message-----\nFrom: x").text,
            "-----Original Message-----\nFrom: x"
        );
    }
}

//! Separates the text that a person wrote from the quoted text around it. The desk folds quoted text only if a mail program marked it as a
//! copy of our mail. Any other quoted text is shown, because it may be new, such as a threat that the person pasted with `>` in front.

use crate::text::fold::fold;

/// A function that returns whether an e-mail address belongs to the centre.
pub type Ours<'a> = &'a dyn Fn(&str) -> bool;

/// A message split into new and quoted text.
#[derive(Debug, PartialEq, Eq)]
pub struct Split {
    /// The text the person wrote.
    pub text: String,
    /// The quoted text. It is empty if the message was not split.
    pub quoted: String,
}

/// Titles that mail programs write, between dashes, above the copy of an earlier mail.
const TITLES: [&str; 17] = [
    "original message",
    "original appointment",
    "originalna poruka",
    "оригинална порука",
    "izvorna poruka",
    "изворна порука",
    "prvobitna poruka",
    "првобитна порука",
    "ursprüngliche nachricht",
    "original-nachricht",
    "originalnachricht",
    "forwarded message",
    "prosleđena poruka",
    "prosledjena poruka",
    "proslijeđena poruka",
    "прослеђена порука",
    "прослијеђена порука",
];
/// Names, in several languages, of the header field that states the sender of a copied mail.
const FROM: [&str; 8] = [
    "from",
    "od",
    "од",
    "von",
    "šalje",
    "шаље",
    "pošiljalac",
    "пошиљалац",
];
/// Names, in several languages, of the other header fields that mail programs write above a copied mail.
const FIELDS: [&str; 26] = [
    "sent",
    "date",
    "to",
    "cc",
    "subject",
    "poslato",
    "poslano",
    "datum",
    "za",
    "prima",
    "kome",
    "tema",
    "predmet",
    "naslov",
    "kopija",
    "послато",
    "послано",
    "датум",
    "за",
    "прима",
    "коме",
    "тема",
    "предмет",
    "gesendet",
    "an",
    "betreff",
];
/// Beginnings of the words for "wrote" in several languages. They are used to recognise an attribution: the line above quoted text that
/// names its author, such as "Ana wrote:".
const WROTE: [&str; 12] = [
    "wrote",
    "writes",
    "napisa",
    "написа",
    "piše",
    "pise",
    "пише",
    "schrieb",
    "schreef",
    "écrit",
    "scritto",
    "escribió",
];

/// Splits a text into new and quoted text. The text is not split if it does not answer one of our messages (`answers_ours`). It is not
/// split either if the person wrote answers between quoted lines, because the answers would make no sense without these lines.
#[must_use]
pub fn split(text: &str, answers_ours: bool, is_ours: Ours<'_>) -> Split {
    if !answers_ours {
        return whole(text);
    }
    let lines: Vec<&str> = text.lines().collect();
    let copy = (0..lines.len()).find(|at| begins_copy(&lines, *at, is_ours));
    let blocks = quoted_blocks(&lines);
    let block = match blocks.as_slice() {
        [one] => with_introduction(&lines, one.0, is_ours).map(|start| (start, one.1)),
        _ => None,
    };
    let (start, end) = match (copy, block) {
        (Some(copy), Some(block)) if block.0 <= copy && copy < block.1 => block,
        (Some(copy), _) => (copy, lines.len()),
        (None, Some(block)) => block,
        (None, None) => return whole(text),
    };
    let (Some(before), Some(quoted), Some(after)) =
        (lines.get(..start), lines.get(start..end), lines.get(end..))
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

/// Returns whether a copy of a whole mail of ours begins at line `at`. A copy begins with a title between dashes, with header fields, or
/// with an attribution that names one of our addresses ("… wrote:").
fn begins_copy(lines: &[&str], at: usize, is_ours: Ours<'_>) -> bool {
    let Some(line) = lines.get(at) else { return false };
    let below = || lines.get(at..).unwrap_or_default();
    if is_title(line) {
        let head: Vec<&str> = below().iter().skip(1).take(8).copied().collect();
        return !is_from_another(&head, is_ours);
    }
    // Outlook draws a horizontal line above the header fields.
    if is_rule(line) {
        return below()
            .iter()
            .skip(1)
            .position(|line| !line.trim().is_empty())
            .is_some_and(|blank| blank < 3 && begins_head(lines, at + 1 + blank, is_ours));
    }
    let says_we_wrote =
        |line: &str| wrote(line) && names_us(line, is_ours) && !line.trim_start().starts_with('>');
    let is_broken = || is_dated(line) && lines.get(at + 1).is_some_and(|next| says_we_wrote(next));
    begins_head(lines, at, is_ours) || says_we_wrote(line) || is_broken()
}

fn begins_head(lines: &[&str], at: usize, is_ours: Ours<'_>) -> bool {
    let head: Vec<&str> = lines.iter().skip(at).take(8).copied().collect();
    let Some(first) = head.first() else { return false };
    let others = head
        .iter()
        .skip(1)
        .filter(|line| field(line).is_some_and(|name| FIELDS.contains(&name.as_str())))
        .count();
    field(first).is_some_and(|name| FROM.contains(&name.as_str()))
        && others >= 2
        && !is_from_another(&head, is_ours)
}

/// Returns the name of a header field, in lower case, if the line looks like a header field. Removes the characters with which some mail
/// programs mark the name as bold.
fn field(line: &str) -> Option<String> {
    let (name, _) = line.split_once(':')?;
    let name = name.trim_matches(|c: char| c.is_whitespace() || "*>_".contains(c));
    (name.chars().count() <= 12).then(|| name.to_lowercase())
}

/// Returns whether the header fields `head` above a copied mail name a sender other than the centre. If so, the person forwarded someone
/// else's mail, and its text is new to us.
fn is_from_another(head: &[&str], is_ours: Ours<'_>) -> bool {
    let from = head
        .iter()
        .find(|line| field(line).is_some_and(|name| FROM.contains(&name.as_str())));
    from.is_some_and(|line| line.contains('@') && !names_us(line, is_ours))
}

fn names_us(line: &str, is_ours: Ours<'_>) -> bool {
    line.split(|c: char| c.is_whitespace() || "<>()[]\"',;:".contains(c))
        .any(|word| word.contains('@') && is_ours(word))
}

fn is_title(line: &str) -> bool {
    let line = line.trim().trim_start_matches(['>', ' ']);
    let title = line
        .trim_matches(|c: char| c.is_whitespace() || "-_—*".contains(c))
        .to_lowercase();
    line.starts_with("--") && TITLES.contains(&title.as_str())
}

fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.len() >= 10 && line.chars().all(|c| c == '_' || c == '-')
}

/// Returns whether a line is an attribution, which names the author of the quoted text: `… wrote:`, `… је написао/ла:`, `… schrieb Ana:`.
fn wrote(line: &str) -> bool {
    let line = line.trim().to_lowercase();
    line.ends_with(':')
        && line
            .split(|c: char| !c.is_alphanumeric())
            .any(|word| WROTE.iter().any(|start| word.starts_with(start)))
}

/// Returns whether a line is quoted, that is, begins with `>`. A line that begins with the emoticon `>:(` is not quoted.
fn is_quoted(line: &str) -> bool {
    line.trim_start().strip_prefix('>').is_some_and(|rest| {
        rest.chars()
            .next()
            .is_none_or(|c| c.is_alphanumeric() || c.is_whitespace() || "><*-\"'([„“".contains(c))
    })
}

/// Returns the ranges of consecutive quoted lines. A range includes the blank lines between its quoted lines.
fn quoted_blocks(lines: &[&str]) -> Vec<(usize, usize)> {
    let mut blocks: Vec<(usize, usize)> = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        if !is_quoted(line) {
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

/// Returns the first line of the quoted block whose quoted lines begin at `start`. The attribution above these lines ("Ana wrote:") is part
/// of the block. Returns `None` if the block has no attribution, or if the attribution names only addresses of other people.
fn with_introduction(lines: &[&str], start: usize, is_ours: Ours<'_>) -> Option<usize> {
    // Apple Mail writes the attribution as the first quoted line.
    let first: Vec<&str> = lines
        .iter()
        .skip(start)
        .take(2)
        .map(|line| unquoted(line))
        .collect();
    let inside = |length: usize| {
        let said = first.get(..length).unwrap_or_default().join(" ");
        wrote(&said) && names_us(&said, is_ours)
    };
    if inside(1) || inside(2) {
        return Some(start);
    }
    let mut at = start;
    while at > 0 && lines.get(at - 1).is_some_and(|line| line.trim().is_empty()) {
        at -= 1;
    }
    // Mail programs often wrap the attribution onto two or three lines.
    for length in 1..=3 {
        let from = at.checked_sub(length)?;
        let pieces = lines.get(from..at)?;
        if pieces.iter().any(|line| line.trim().is_empty()) {
            return None;
        }
        let said = pieces.join(" ");
        if wrote(&said) && (length == 3 || said.contains('@') || is_dated(&said)) {
            let first_half = from
                .checked_sub(1)
                .filter(|before| length < 3 && lines.get(*before).is_some_and(|line| is_dated(line)));
            return (!said.contains('@') || names_us(&said, is_ours)).then_some(first_half.unwrap_or(from));
        }
    }
    None
}

fn unquoted(line: &str) -> &str {
    line.trim_start_matches(['>', ' ', '\t'])
}

fn is_dated(line: &str) -> bool {
    line.chars().filter(char::is_ascii_digit).count() >= 4
}

/// A line of a copy that has at least this many words may match at any position in an earlier message. A shorter line could match by
/// chance, so it must match at the position where the match of an earlier line ended. If no line has matched yet, it must match at the
/// beginning of a message.
const FEWEST_WORDS: usize = 4;

/// Splits a copy of earlier messages into new text and copied text. New text is, for example, an answer that the person wrote inside or
/// below the copy. `earlier` contains all texts of the thread so far, from the person and from the centre.
#[must_use]
pub fn unfold(copy: &str, earlier: &[String]) -> Split {
    let earlier: Vec<Vec<String>> = earlier.iter().map(|text| words_of(text)).collect();
    let mut expected: Option<(usize, usize)> = None;
    let mut found_any = false;
    let mut new: Vec<&str> = Vec::new();
    let mut old: Vec<&str> = Vec::new();
    let lines: Vec<&str> = copy.lines().collect();
    for (index, line) in lines.iter().enumerate() {
        let words = words_of(line);
        if words.is_empty() {
            // A line without words is new if it contains an emoticon or a similar sign, or if it directly follows a new line that is not
            // blank.
            let last_is_new = new.last().is_some_and(|last| !last.trim().is_empty())
                && index.checked_sub(1).and_then(|before| lines.get(before)) == new.last();
            if last_is_new || has_sign(line) {
                new.push(line)
            } else {
                old.push(line)
            }
            continue;
        }
        match place_of(&words, &earlier, expected) {
            Some(place) => {
                expected = Some(place);
                found_any = true;
                old.push(line);
            }
            None if introduces(&lines, index) => old.push(line),
            None => new.push(line),
        }
    }
    if !found_any {
        return Split {
            text: copy.trim().to_owned(),
            quoted: String::new(),
        };
    }
    Split {
        text: joined(&new),
        quoted: joined(&old),
    }
}

/// Returns whether a line without words still has content, such as an emoticon.
fn has_sign(line: &str) -> bool {
    let bare = line.trim_matches(|c: char| c.is_whitespace() || ">_-=*.".contains(c));
    !bare.is_empty()
}

fn words_of(text: &str) -> Vec<String> {
    fold(text)
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Finds `words` in an earlier message. Returns the index of the message and the position after the last matched word. `expected` is the
/// position at which the match of an earlier line ended. `FEWEST_WORDS` or more words may match at any position. Fewer words must match at
/// `expected`, or at the beginning of a message if `expected` is `None`.
fn place_of(
    words: &[String],
    earlier: &[Vec<String>],
    expected: Option<(usize, usize)>,
) -> Option<(usize, usize)> {
    let occurs_at = |message: usize, at: usize| {
        earlier
            .get(message)
            .and_then(|text| text.get(at..))
            .is_some_and(|text| text.starts_with(words))
    };
    if let Some((message, at)) = expected
        && occurs_at(message, at)
    {
        return Some((message, at + words.len()));
    }
    let at_start = (0..earlier.len()).find(|message| occurs_at(*message, 0));
    let long = words.len() >= FEWEST_WORDS;
    // A short line such as "Da" can be an answer inside the copy although an earlier message begins with the same word. It therefore
    // matches the beginning of a message only while no line has matched yet.
    if let Some(message) = at_start.filter(|_| long || expected.is_none()) {
        return Some((message, words.len()));
    }
    if !long {
        return None;
    }
    earlier.iter().enumerate().find_map(|(message, text)| {
        let at = text.windows(words.len()).position(|window| window == words)?;
        Some((message, at + words.len()))
    })
}

/// Returns whether a mail program inserted the line at `index`. Such a line is a title, a horizontal line, a header field above a copied
/// mail, or part of an attribution ("Ana wrote:").
fn introduces(lines: &[&str], index: usize) -> bool {
    let Some(line) = lines.get(index) else {
        return false;
    };
    let is_field = |line: &str| {
        field(line).is_some_and(|name| FROM.contains(&name.as_str()) || FIELDS.contains(&name.as_str()))
    };
    let beside = [index.checked_sub(1), Some(index + 1)]
        .into_iter()
        .flatten()
        .filter_map(|at| lines.get(at))
        .any(|line| is_field(line) || is_title(line));
    if is_title(line) || is_rule(line) || (is_field(line) && beside) {
        return true;
    }
    // Mail programs may wrap an attribution onto up to three lines.
    (index..index + 3).any(|end| {
        lines.get(index..=end).is_some_and(|pieces| {
            let said = pieces.join(" ");
            pieces.iter().all(|line| !line.trim().is_empty())
                && wrote(&said)
                && (said.contains('@') || is_dated(&said))
        })
    }) || (index > 0 && wrote(line) && lines.get(index - 1).is_some_and(|before| is_dated(before)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_ours(address: &str) -> bool {
        address.starts_with("kontakt") && address.ends_with("@centar.example")
    }

    fn split_answer(text: &str) -> (String, String) {
        let split = split(text, true, &is_ours);
        (split.text, split.quoted)
    }

    const QUOTES: [&str; 13] = [
        "> On 14 Nov 2026, at 09:40, Kontakt centar <kontakt@centar.example> wrote:\n> \n> tu smo.",
        "On Mon, 2 Nov 2026 at 10:00 Centar\n<kontakt@centar.example> wrote:\n\n> Poštovani,\n>\n> tu smo.",
        "pet, 14. nov 2026. u 09:40 Kontakt centar <kontakt@centar.example> je napisao/la:\n> tu smo.",
        "Dana 27. 11. 2026., u 10:00, Kontakt centar <kontakt@centar.example> je napisao(la):\n\n> tu smo.",
        "27.11.2026. 10:00, Kontakt centar je napisao:\n> tu smo.",
        "Дана 27.11.2026. у 10:00, Контакт центар <kontakt@centar.example> је написао/ла:\n> ту смо.",
        "Am 27.11.2026 um 10:00 schrieb Kontakt centar <kontakt@centar.example>:\n> tu smo.",
        "Od: Kontakt centar <kontakt@centar.example>\nPoslato: petak, 27. novembar 2026. 10:00\nZa: ana@osoba.example\nTema: Re: Proba\n\ntu smo.",
        "________________________________\nFrom: Kontakt centar <kontakt@centar.example>\nSent: Friday\nTo: Ana\nSubject: Re: Proba\n\ntu smo.",
        "-----Original Message-----\nFrom: Kontakt centar\nSent: Friday\n\ntu smo.",
        "-------- Originalna poruka --------\nOd: Kontakt centar <kontakt+aeaqcaibaeaqcaibaeaq@centar.example>\nDatum: 27.11.2026.\n\ntu smo.",
        "-------- Прослеђена порука --------\nОд: Контакт центар <kontakt@centar.example>\nДатум: 27.11.2026.\n\nту смо.",
        "*From:* Kontakt centar <kontakt@centar.example>\n*Sent:* Friday\n*To:* Ana\n\ntu smo.",
    ];

    #[test]
    fn in_an_answer_our_words_are_folded_with_what_introduces_them() {
        for quote in QUOTES {
            let (text, quoted) = split_answer(&format!("Hvala vam!\n\n{quote}\n"));
            assert_eq!((text.as_str(), quoted.as_str()), ("Hvala vam!", quote));
        }
    }

    #[test]
    fn a_first_mail_is_never_folded() {
        for quote in QUOTES {
            let text = format!("Hvala vam!\n\n{quote}");
            assert_eq!(split(&text, false, &is_ours), whole(&text));
        }
    }

    #[test]
    fn what_others_wrote_is_never_folded() {
        for text in [
            "Dobila sam ovo:\n> znam gde živiš\n> čekam te",
            "Prvo.\n________________________________________\nDrugo, najvažnije.",
            "Besna sam\n>:(\nJer me prati",
            "Ana je rekla, a Petar napisao:\n> ubiću te",
            "Dobila sam ovo.\n\n---------- Forwarded message ---------\nFrom: nasilnik@primer.example\nSubject: cekam te\n\nZnam gde zivis.",
            "On Mon, 2 Nov 2026 nasilnik <nasilnik@primer.example> wrote:\n> znam gde živiš\nPomozite",
            "Od: nasilnik@primer.example\nZa: ana@osoba.example\nTema: čekam\n\nZnam gde živiš.",
            "Pomozite\nOd: jutra do mraka\nZa: stalno me prati",
        ] {
            assert_eq!(split_answer(text), (text.to_owned(), String::new()));
        }
    }

    #[test]
    fn an_answer_below_the_quote_is_found() {
        assert_eq!(
            split_answer("27.11.2026. 10:00 Centar <kontakt@centar.example> wrote:\n> pitanje\n\nodgovor"),
            (
                "odgovor".to_owned(),
                "27.11.2026. 10:00 Centar <kontakt@centar.example> wrote:\n> pitanje".to_owned()
            )
        );
    }

    #[test]
    fn answers_between_quoted_lines_stay_where_they_are() {
        let text = "27.11.2026. Centar <kontakt@centar.example> wrote:\n> prvo?\nda\n> drugo?\nne";
        assert_eq!(split_answer(text), (text.to_owned(), String::new()));
    }

    #[test]
    fn a_mail_of_quotes_alone_is_not_emptied() {
        for text in ["> sve je citat", "-----Original Message-----\nFrom: x"] {
            assert_eq!(split_answer(text), (text.to_owned(), String::new()));
        }
    }

    #[test]
    fn what_is_new_inside_a_copy_or_below_it_is_shown() {
        let ours =
            "Поштовани, хвала што сте нам се јавили.\nНа којој мрежи је профил? Када је почело?\n\nСаветница"
                .to_owned();
        let theirs = "Zovem se Ana i imam pitanje.".to_owned();
        let earlier = [ours, theirs];
        let head = "-----Original Message-----\nFrom: Kontakt centar\nSent: Friday\n\n";
        for (copy, new) in [
            (
                "Поштовани, хвала што сте нам се јавили. На којој\nмрежи је профил? Када је почело?\n\nСаветница",
                "",
            ),
            // The person wrote an answer below the copy.
            (
                "Поштовани, хвала што сте нам се јавили.\nНа којој мрежи је профил? Када је почело?\n\nСаветница\n\nČeka me sutra ispred škole.",
                "Čeka me sutra ispred škole.",
            ),
            // The person wrote an answer inside the copy. The answer contains a word that also occurs in our text.
            (
                "Поштовани, хвала што сте нам се јавили.\nНа којој мрежи је профил?\nНа мрежи\nКада је почело?\nЈуче\n\nСаветница",
                "На мрежи\nЈуче",
            ),
            // A copy of our message, which itself includes a copy of the mail that our message answered.
            (
                "Поштовани, хвала што сте нам се јавили.\n\nOn 1.1.2026. at 10:00, Ana <ana@osoba.example> wrote:\n> Zovem se Ana i imam pitanje.",
                "",
            ),
            // A copy that the person or the mail program shortened.
            ("На којој мрежи је профил? Када је почело?", ""),
            ("Поштовани, хвала што сте нам се јавили.\n:-(", ":-("),
        ] {
            let split = unfold(&format!("{head}{copy}"), &earlier);
            assert_eq!(split.text, new, "{copy}");
            assert!(split.quoted.starts_with("-----Original"), "{copy}");
        }
        let unknown = format!("{head}Znam gde živiš.");
        assert_eq!(unfold(&unknown, &earlier).text, unknown);
        assert_eq!(unfold(&unknown, &[]).text, unknown);
    }
}

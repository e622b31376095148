//! Charts. This module computes coordinates, labels and descriptions, from which templates render SVG. Beside each chart, the page shows a
//! table with the same figures.

use std::collections::BTreeMap;

use hotline_core::{
    statistics::figures::{HOUR, WEEKDAY},
    text::locale::Words,
    time::period::Every,
};
use hotline_store::statistics::{counts::Breakdown, report::Report, totals::Totals};

use crate::{
    labels::{channel_name, percent},
    tables::part_label,
};

/// The number of fills (combinations of a colour and a pattern) in the column chart. Each fill represents one channel. If there are more
/// channels than fills, the last fill represents all remaining channels.
const FILLS: usize = 6;
/// The width of the column chart, in SVG units.
const WIDTH: i64 = 720;
const HEIGHT: i64 = 200;
/// Space for the scale at the left, in SVG units.
const LEFT: i64 = 44;
/// The largest width of a column, in SVG units. Fewer columns stand further apart instead of becoming wider.
const WIDEST_COLUMN: i64 = 64;
/// The width of a label below a column, in SVG units.
const LABEL: i64 = 70;

/// A stacked column chart over time.
pub struct Columns {
    /// The columns, from left to right.
    pub columns: Vec<Column>,
    /// The index of each fill, with the name of the channel or channels that the fill represents.
    pub legend: Vec<(usize, String)>,
    /// The horizontal lines of the scale, each with its y coordinate and the number beside it.
    pub scale: Vec<(i64, String)>,
    /// A sentence that describes the chart.
    pub description: String,
}

/// One column of the chart: an interval of the period. Lengths are in SVG units.
pub struct Column {
    /// The left edge.
    pub x: i64,
    /// The width.
    pub width: i64,
    /// The stacked parts of the column, one for each fill.
    pub parts: Vec<Part>,
    /// The middle of the text below the column.
    pub label_x: i64,
    /// The text below the column; empty if there is too little space.
    pub label: String,
}

/// The part of a column that represents one fill. Lengths are in SVG units.
pub struct Part {
    /// The upper edge.
    pub y: i64,
    /// The height.
    pub height: i64,
    /// The index of the fill.
    pub fill: usize,
    /// The text for the tooltip.
    pub description: String,
}

/// A heat map of hours (across) and weekdays (down).
pub struct Heat {
    /// A row for each weekday, with the name of the weekday.
    pub days: Vec<(String, Vec<Square>)>,
    /// A sentence that describes the chart.
    pub description: String,
}

/// One hour of a weekday.
pub struct Square {
    /// The darkness of the square, from 0 (no communications) to 5.
    pub level: i64,
    /// The text for the tooltip.
    pub description: String,
}

/// Computes the chart of registered communications by channel over time. The channels with the most communications have their own fills.
/// The other channels share the last fill. Returns `None` if there are no figures, or if they belong to a single interval.
pub fn over_time(words: &Words, found: &Breakdown) -> Option<Columns> {
    let mut channels: Vec<(&str, i64)> = Vec::new();
    for row in &found.rows {
        let channel = row.values.first().map_or("", String::as_str);
        match channels.iter_mut().find(|(known, _)| *known == channel) {
            Some((_, sum)) => *sum += row.count,
            None => channels.push((channel, row.count)),
        }
    }
    channels.sort_by_key(|(_, sum)| std::cmp::Reverse(*sum));
    let fill = |channel: &str| {
        let place = channels.iter().position(|(known, _)| *known == channel);
        place.unwrap_or_default().min(FILLS - 1)
    };
    let called = |fill: usize| match channels.get(fill) {
        Some(_) if fill == FILLS - 1 && channels.len() > FILLS => words.say("channels-other"),
        Some((channel, _)) => channel_name(words, channel),
        None => String::new(),
    };
    // Intervals without communications stay in the chart as empty columns.
    let mut pieces: BTreeMap<String, BTreeMap<usize, i64>> = found
        .pieces()
        .into_iter()
        .map(|piece| (piece, BTreeMap::new()))
        .collect();
    for row in &found.rows {
        if let (Some(piece), Some(channel)) = (&row.piece, row.values.first()) {
            let parts = pieces.entry(piece.clone()).or_default();
            *parts.entry(fill(channel)).or_default() += row.count;
        }
    }
    let sum = |parts: &BTreeMap<usize, i64>| parts.values().sum::<i64>();
    let (highest, most) = pieces
        .iter()
        .map(|(piece, parts)| (piece, sum(parts)))
        .max_by_key(|(_, sum)| *sum)?;
    let top = rounded_up(most);
    let number = i64::try_from(pieces.len()).unwrap_or(i64::MAX);
    if number < 2 {
        return None;
    }
    let step = ((WIDTH - LEFT) / number).max(1);
    let distance = label_distance(found.every, step);
    let columns = (0_i64..).zip(&pieces).map(|(index, (piece, parts))| {
        let mut y = HEIGHT;
        let parts = parts.iter().map(|(fill, count)| {
            let height = (count * HEIGHT + top / 2) / top;
            y -= height;
            Part {
                y,
                height,
                fill: *fill,
                description: format!(
                    "{}, {}: {}",
                    part_label(words, piece),
                    called(*fill),
                    words.number(*count)
                ),
            }
        });
        let (x, width) = column_place(index, step);
        let label_x = x + width / 2;
        Column {
            x,
            width,
            parts: parts.collect(),
            label_x,
            label: if has_label(found.every, distance, index, piece) && label_x + LABEL / 2 <= WIDTH {
                part_label(words, piece)
            } else {
                String::new()
            },
        }
    });
    let legend = (0..channels.len().min(FILLS)).map(|fill| (fill, called(fill)));
    Some(Columns {
        description: words.with_all(
            "over-time-said",
            &[
                ("piece", part_label(words, highest).trim_end_matches('.')),
                ("most", &words.number(most)),
            ],
        ),
        columns: columns.collect(),
        legend: legend.collect(),
        scale: [top, top / 2, 0]
            .map(|at| (HEIGHT - at * HEIGHT / top, words.number(at)))
            .into(),
    })
}

/// Returns the left edge and the width of a column, which stands in the middle of its step.
fn column_place(index: i64, step: i64) -> (i64, i64) {
    let width = (step * 4 / 5).clamp(1, WIDEST_COLUMN);
    (LEFT + index * step + (step - width) / 2, width)
}

/// Returns the upper end of a scale for figures up to `most`. The result is one of the numbers 2, 4, 6, 8, 10, 12, 16, 20, 24, 30 …. Half
/// of each of these is a whole number, which is shown at the middle of the scale.
fn rounded_up(most: i64) -> i64 {
    const FIRST: [i64; 9] = [10, 12, 16, 20, 24, 30, 40, 60, 80];
    if most < 10 {
        return (most + most % 2).max(2);
    }
    let mut of_ten = 1;
    loop {
        if let Some(first) = FIRST.into_iter().find(|first| most <= first * of_ten) {
            return first * of_ten;
        }
        of_ten *= 10;
    }
}

/// Computes the heat map of registered communications by weekday and hour. Returns `None` if there are no figures.
pub fn heat(words: &Words, found: &Breakdown) -> Option<Heat> {
    let at = |day: u32, hour: u32| {
        let place = [day.to_string(), format!("{hour:02}")];
        let row = found
            .rows
            .iter()
            .find(|row| row.values.as_slice() == place.as_slice());
        row.map(|row| row.count).unwrap_or_default()
    };
    debug_assert_eq!(found.by, [WEEKDAY, HOUR]);
    let most = found.rows.iter().map(|row| row.count).max()?;
    let mut busiest = (0, String::new());
    let days = (1..=7).map(|day| {
        let name = words.say(&format!("weekday-{day}"));
        let squares = (0..24).map(|hour| {
            let count = at(day, hour);
            let description = format!("{name}, {hour:02}:00: {}", words.number(count));
            if count > busiest.0 {
                busiest = (count, format!("{name}, {hour:02}:00"));
            }
            Square {
                level: (count * 5 + most - 1) / most.max(1),
                description,
            }
        });
        let squares = squares.collect();
        (name, squares)
    });
    let days = days.collect();
    Some(Heat {
        days,
        description: words.with_all(
            "hours-said",
            &[("when", &busiest.1), ("count", &words.number(busiest.0))],
        ),
    })
}

/// Returns a sentence that compares the number of cases with the number of communications, and the number of forwarded cases with the number
/// of cases. Returns `None` if there are no communications or no cases.
pub fn cases_share(words: &Words, totals: &Totals) -> Option<String> {
    let (communications, cases) = (totals.sum.total, totals.cases.sum.total);
    let shares = [
        ("cases", percent(words, cases, communications)),
        ("forwarded", percent(words, totals.cases.forwarded.total, cases)),
    ];
    let shares = shares.each_ref().map(|(name, share)| (*name, share.as_str()));
    (communications > 0 && cases > 0).then(|| words.with_all("cases-share", &shares))
}

/// Returns a sentence that explains why the report contains no topics. Returns `None` if it contains topics.
pub fn no_topics_sentence(words: &Words, report: &Report) -> Option<String> {
    let key = match report.topics.suppressed_below {
        Some(_) => "topics-hidden",
        None => "topics-none",
    };
    report.topics.rows.is_empty().then(|| words.say(key))
}

/// Returns every how many columns a column has a label, so that labels do not overlap. Columns are `step` SVG units apart. The labels of
/// months are a whole number of quarters or years apart, and the labels of days a whole number of weeks.
fn label_distance(every: Option<Every>, step: i64) -> i64 {
    let steps: &[i64] = match every {
        Some(Every::Month) => &[1, 3, 6, 12, 24, 60],
        Some(Every::Day) => &[1, 7, 14, 28],
        Some(Every::Quarter) => &[1, 2, 4, 8, 20],
        Some(Every::Week) => &[1, 2, 4, 8, 13, 26],
        Some(Every::Year) | None => &[1, 2, 5, 10, 20, 50, 100],
    };
    let fits = |distance: &&i64| **distance * step >= LABEL;
    steps.iter().find(fits).or(steps.last()).copied().unwrap_or(1)
}

/// Returns whether the column of an interval has a label. Labels of months begin with January, labels of other intervals with the first
/// column.
fn has_label(every: Option<Every>, distance: i64, index: i64, piece: &str) -> bool {
    let month = || Some(piece.split_once('-')?.1.parse::<i64>().ok()? - 1);
    match (every, distance) {
        (Some(Every::Month), 3..) => month().is_some_and(|month| match distance {
            ..=12 => month % distance == 0,
            _ => month == 0 && (index / 12) % (distance / 12) == 0,
        }),
        _ => index % distance == 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_ends_at_a_round_number_whose_half_is_whole() {
        assert_eq!(
            [0, 1, 3, 4, 5, 17, 39, 41, 2_079].map(rounded_up),
            [2, 2, 4, 4, 6, 20, 40, 60, 2_400]
        );
    }

    #[test]
    fn any_number_of_columns_stays_in_the_chart_without_touching() {
        for number in 2..=WIDTH - LEFT {
            let step = (WIDTH - LEFT) / number;
            let (last, width) = column_place(number - 1, step);
            assert!(last + width <= WIDTH, "{number}");
            assert!(
                column_place(0, step).0 + width <= column_place(1, step).0,
                "{number}"
            );
        }
    }

    #[test]
    fn sixty_months_have_a_label_for_each_january() {
        let step = (WIDTH - LEFT) / 60;
        let distance = label_distance(Some(Every::Month), step);
        let pieces = (2021..2026).flat_map(|year| (1..=12).map(move |month| format!("{year}-{month:02}")));
        let labelled: Vec<String> = (0..)
            .zip(pieces)
            .filter(|(index, piece)| has_label(Some(Every::Month), distance, *index, piece))
            .map(|(_, piece)| piece)
            .collect();
        assert_eq!(labelled, ["2021-01", "2022-01", "2023-01", "2024-01", "2025-01"]);
    }

    #[test]
    fn the_days_of_a_month_have_labels_a_whole_number_of_weeks_apart() {
        let step = (WIDTH - LEFT) / 31;
        assert_eq!(label_distance(Some(Every::Day), step), 7);
    }
}

//! Charts. This module computes coordinates, labels and descriptions, from which templates render SVG. Beside each chart, the page shows a
//! table with the same figures.

use std::collections::BTreeMap;

use hotline_core::{
    contact::classification::Scheme,
    statistics::figures::{HOUR, WEEKDAY},
    text::locale::Words,
};
use hotline_store::statistics::{counts::Breakdown, report::Report, totals::Totals};

use crate::{
    labels::{channel_name, percent},
    tables::{self, part_label},
};

/// The number of fills (combinations of a colour and a pattern) in the column chart. Each fill represents one channel. If there are more
/// channels than fills, the last fill represents all remaining channels.
const FILLS: usize = 6;
/// The width of the column chart, in SVG units.
const WIDTH: i64 = 720;
const HEIGHT: i64 = 200;
/// Space for the scale at the left, in SVG units.
const LEFT: i64 = 44;

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

/// A bar of the funnel chart, which shows communications, cases and forwarded cases.
pub struct Bar {
    /// The name of the counted items.
    pub label: String,
    /// The number of counted items.
    pub count: i64,
    /// The length of the bar, as a percentage of the longest bar.
    pub width: i64,
    /// The count of this bar as a percentage of the bar above. `None` if there is no bar above or the count of that bar is 0.
    pub share: Option<String>,
}

/// Computes the chart of registered communications by channel over time. The channels with the most communications have their own fills.
/// The other channels share the last fill. Returns `None` if there are no figures.
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
    let step = (WIDTH - LEFT) / number.max(1);
    // A label needs about 70 SVG units of width. If columns are narrower, only every `every`-th column has a label.
    let every = (70 / step.max(1)).max(0) + 1;
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
        Column {
            x: LEFT + index * step,
            width: (step * 4 / 5).max(1),
            parts: parts.collect(),
            label: if index % every == 0 {
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
                ("count", &words.number(found.registered)),
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

/// Computes the funnel chart of registered communications, cases and forwarded cases.
pub fn funnel(words: &Words, totals: &Totals) -> Vec<Bar> {
    let steps = [
        ("communications", totals.sum.total),
        ("cases", totals.cases.sum.total),
        ("forwarded-cases", totals.cases.forwarded.total),
    ];
    let most = steps
        .iter()
        .map(|(_, count)| *count)
        .max()
        .unwrap_or_default()
        .max(1);
    let mut above: Option<i64> = None;
    steps
        .into_iter()
        .map(|(key, count)| {
            let share = above
                .filter(|above| *above > 0)
                .map(|above| percent(words, count, above));
            above = Some(count);
            Bar {
                label: words.say(key),
                count,
                width: (count * 100 / most).clamp(0, 100),
                share,
            }
        })
        .collect()
}

/// Returns a sentence that names the most frequent main topic of the report, or states that the topics are suppressed or that there are
/// none.
pub fn topics_sentence(words: &Words, scheme: &Scheme, report: &Report) -> String {
    let table = tables::of_breakdown(words, scheme, &report.topics);
    match table.rows.first() {
        Some(first) => words.with("topics-said", "topic", &first.label),
        None if report.topics.suppressed_below.is_some() => words.say("topics-hidden"),
        None => words.say("topics-none"),
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
}

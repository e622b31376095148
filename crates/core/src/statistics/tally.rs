//! Counts many items at once. The counts equal those that [`change`](crate::statistics::figures::change) computes for the same items, but
//! this module needs much less time and memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{Datelike, NaiveDate};

use crate::statistics::figures::{Cell, Facts, Measure, keeps_pairs};

/// A day, a month or a year as a number: `20260131`, `20260100`, `20260000`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Span(i32);

/// The values that occur in the dimensions of one measure. They are numbered in the order in which they are first counted.
#[derive(Debug, Default)]
struct Values {
    /// Each distinct pair of a dimension and a value in it. The index in the list is the number of the value.
    named: Vec<(String, String)>,
    numbers: HashMap<String, HashMap<String, usize>>,
}

/// The counts of one measure in one span. `of_value` is indexed by the number of a value, so that adding a count needs no look-up by name.
#[derive(Debug, Default)]
struct Counts {
    total: i64,
    of_value: Vec<i64>,
    /// The counts of pairs of values. [`place_of_pair`] computes the index of a pair.
    of_pair: Vec<i64>,
}

/// The counts of all cells while items are being added.
#[derive(Debug, Default)]
pub struct Tally {
    values: BTreeMap<Measure, Values>,
    spans: HashMap<(Measure, Span), Counts>,
}

impl Span {
    fn day(day: NaiveDate) -> Self {
        let month = i32::try_from(day.month() * 100 + day.day()).unwrap_or_default();
        Self(day.year() * 10_000 + month)
    }

    const fn month(self) -> Self {
        Self(self.0 - self.0 % 100)
    }

    const fn year(self) -> Self {
        Self(self.0 - self.0 % 10_000)
    }

    const fn is_day(self) -> bool {
        self.0 % 100 != 0
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-').map(|part| part.parse::<i32>().ok());
        let (year, month, day) = (parts.next()??, parts.next(), parts.next());
        Some(Self(
            year * 10_000 + month.unwrap_or(Some(0))? * 100 + day.unwrap_or(Some(0))?,
        ))
    }

    fn text(self) -> String {
        let (year, month, day) = (self.0 / 10_000, self.0 / 100 % 100, self.0 % 100);
        match (month, day) {
            (0, _) => format!("{year:04}"),
            (_, 0) => format!("{year:04}-{month:02}"),
            _ => format!("{year:04}-{month:02}-{day:02}"),
        }
    }
}

impl Values {
    fn number(&mut self, dimension: &str, value: &str) -> usize {
        if let Some(known) = self.known(dimension, value) {
            return known;
        }
        let number = self.named.len();
        self.named.push((dimension.to_owned(), value.to_owned()));
        let values = self.numbers.entry(dimension.to_owned()).or_default();
        values.insert(value.to_owned(), number);
        number
    }

    fn known(&self, dimension: &str, value: &str) -> Option<usize> {
        self.numbers.get(dimension)?.get(value).copied()
    }
}

/// Returns the index at which the count of a pair of values is stored. `one` and `other` are the numbers of the two values. The order of
/// `one` and `other` does not matter. Pairs are sorted by the higher number, then by the lower number.
const fn place_of_pair(one: usize, other: usize) -> usize {
    let (lower, higher) = if one < other { (one, other) } else { (other, one) };
    higher * higher.saturating_sub(1) / 2 + lower
}

fn add(counts: &mut Vec<i64>, place: usize, count: i64) {
    if counts.len() <= place {
        counts.resize(place + 1, 0);
    }
    if let Some(known) = counts.get_mut(place) {
        *known += count;
    }
}

impl Counts {
    fn add_all(&mut self, other: &Self) {
        self.total += other.total;
        for (into, from) in [
            (&mut self.of_value, &other.of_value),
            (&mut self.of_pair, &other.of_pair),
        ] {
            if into.len() < from.len() {
                into.resize(from.len(), 0);
            }
            for (known, count) in into.iter_mut().zip(from) {
                *known += count;
            }
        }
    }
}

impl Tally {
    /// Adds `count` items that all have these facts.
    pub fn add(&mut self, facts: &Facts, count: i64) {
        let values = self.values.entry(facts.of).or_default();
        let numbers: Vec<usize> = facts
            .values
            .iter()
            .map(|(dimension, value)| values.number(dimension, value))
            .collect();
        let day = Span::day(facts.day);
        let of_day = self.spans.entry((facts.of, day)).or_default();
        of_day.total += count;
        for number in &numbers {
            add(&mut of_day.of_value, *number, count);
        }
        let paired = match keeps_pairs(facts.of, &facts.day.to_string()) {
            true => of_day,
            false => self.spans.entry((facts.of, day.month())).or_default(),
        };
        for (place, one) in numbers.iter().enumerate() {
            for other in numbers.iter().skip(place + 1) {
                add(&mut paired.of_pair, place_of_pair(*one, *other), count);
            }
        }
    }

    /// Completes the tally: computes the counts of months and years by adding up the counts of the shorter spans. No items can be added
    /// afterwards.
    #[must_use]
    pub fn finished(mut self) -> Counted {
        let mut longer: HashMap<(Measure, Span), Counts> = HashMap::new();
        for ((of, span), counts) in &self.spans {
            if span.is_day() {
                longer.entry((*of, span.month())).or_default().add_all(counts);
            }
            longer.entry((*of, span.year())).or_default().add_all(counts);
        }
        for (place, counts) in longer {
            self.spans.entry(place).or_default().add_all(&counts);
        }
        Counted(self)
    }
}

/// The counts of a completed tally.
#[derive(Debug)]
pub struct Counted(Tally);

/// A cell in which numbers replace the names of dimensions and values, because numbers are faster to sort. The numbers sort in the same
/// order as the names. The number 0 replaces an empty name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Placed {
    of: Measure,
    one: usize,
    other: usize,
    span: Span,
    value: usize,
    other_value: usize,
    count: i64,
}

impl Counted {
    /// Removes the count of a cell and returns it. Returns 0 if no item was counted in the cell.
    pub fn take(&mut self, cell: &Cell) -> i64 {
        self.place_of(cell).map(std::mem::take).unwrap_or_default()
    }

    fn place_of(&mut self, cell: &Cell) -> Option<&mut i64> {
        let Tally { values, spans } = &mut self.0;
        let values = values.get(&cell.of)?;
        let counts = spans.get_mut(&(cell.of, Span::parse(&cell.span)?))?;
        match (cell.one.as_str(), cell.other.as_str()) {
            ("", "") => Some(&mut counts.total),
            (one, "") => counts.of_value.get_mut(values.known(one, &cell.value)?),
            (one, other) => {
                let one = values.known(one, &cell.value)?;
                let other = values.known(other, &cell.other_value)?;
                counts.of_pair.get_mut(place_of_pair(one, other))
            }
        }
    }

    /// Returns the cells that were not taken by [`Self::take`]. They are in the order of the primary key of the table of cells, so that the
    /// database writes neighbouring rows one after the other.
    pub fn sorted(self) -> impl Iterator<Item = (Cell, i64)> {
        let Tally { values, spans } = self.0;
        let dimensions: BTreeSet<&String> = values.values().flat_map(|all| all.numbers.keys()).collect();
        let dimensions: Vec<String> = std::iter::once(String::new())
            .chain(dimensions.into_iter().cloned())
            .collect();
        let named: BTreeSet<&String> = values
            .values()
            .flat_map(|all| all.named.iter().map(|(_, value)| value))
            .collect();
        let named: Vec<String> = std::iter::once(String::new())
            .chain(named.into_iter().cloned())
            .collect();
        let of_number: BTreeMap<Measure, Vec<(usize, usize)>> = values
            .iter()
            .map(|(of, all)| {
                let places = all.named.iter().map(|(dimension, value)| {
                    let place = |all: &[String], one: &String| all.binary_search(one).unwrap_or_default();
                    (place(&dimensions, dimension), place(&named, value))
                });
                (*of, places.collect())
            })
            .collect();
        let mut all = Vec::new();
        for ((of, span), counts) in spans {
            let none = (0, 0);
            let numbers = of_number.get(&of).map(Vec::as_slice).unwrap_or_default();
            let mut add = |one: (usize, usize), other: (usize, usize), count: i64| {
                if count != 0 {
                    let (one, other) = if other != none && other < one {
                        (other, one)
                    } else {
                        (one, other)
                    };
                    all.push(Placed {
                        of,
                        one: one.0,
                        other: other.0,
                        span,
                        value: one.1,
                        other_value: other.1,
                        count,
                    });
                }
            };
            add(none, none, counts.total);
            for (one, count) in numbers.iter().zip(&counts.of_value) {
                add(*one, none, *count);
            }
            let pairs = numbers
                .iter()
                .enumerate()
                .flat_map(|(higher, one)| numbers.iter().take(higher).map(move |other| (*one, *other)));
            for ((one, other), count) in pairs.zip(&counts.of_pair) {
                add(one, other, *count);
            }
        }
        all.sort_unstable();
        all.into_iter().map(move |placed| {
            let said = |all: &[String], place: usize| all.get(place).cloned().unwrap_or_default();
            let cell = Cell {
                of: placed.of,
                span: placed.span.text(),
                one: said(&dimensions, placed.one),
                other: said(&dimensions, placed.other),
                value: said(&named, placed.value),
                other_value: said(&named, placed.other_value),
            };
            (cell, placed.count)
        })
    }
}

#[cfg(test)]
mod tests {
    use chrono::Days;
    use proptest::prelude::*;

    use super::*;
    use crate::statistics::figures::change;

    fn facts() -> impl Strategy<Value = Facts> {
        let of = prop::sample::select(Measure::ALL.to_vec());
        let values = prop::collection::btree_map("[abc]", "[xyz]", 0..4);
        (of, 0u64..800, values).prop_map(|(of, days, values)| Facts {
            of,
            day: NaiveDate::from_ymd_opt(2023, 11, 20).unwrap() + Days::new(days),
            values,
        })
    }

    proptest! {
        #[test]
        fn what_is_counted_at_once_is_what_is_counted_one_by_one(all in prop::collection::vec(facts(), 0..40)) {
            let mut tally = Tally::default();
            all.iter().for_each(|facts| tally.add(facts, 1));
            let expected = change(&[], &all);
            let mut counted = tally.finished();
            for (cell, count) in expected.iter().step_by(2) {
                prop_assert_eq!(counted.take(cell), *count);
                prop_assert_eq!(counted.take(cell), 0);
            }
            let left: BTreeMap<Cell, i64> = expected.into_iter().skip(1).step_by(2).collect();
            prop_assert_eq!(counted.sorted().collect::<BTreeMap<_, _>>(), left);
        }
    }
}

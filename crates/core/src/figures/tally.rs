//! Counting very many things at once: the same cells as [`super::change`] gives one by one, in a fraction of the time and room.

use std::collections::HashMap;

use chrono::{Datelike, NaiveDate};

use super::{Cell, Facts, Of, keeps_pairs};

/// A day, a month or a year: `20260131`, `20260100`, `20260000`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Span(i32);

/// A cell, with a number for each value in each dimension. 0: there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    of: Of,
    span: Span,
    one: u32,
    other: u32,
}

/// How many there are in each cell.
#[derive(Debug, Default)]
pub struct Tally {
    /// Dimension and value, each once.
    names: Vec<(String, String)>,
    numbers: HashMap<String, HashMap<String, u32>>,
    counts: HashMap<Key, i64>,
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

impl Tally {
    /// Counts so many of which this is known.
    pub fn add(&mut self, facts: &Facts, count: i64) {
        let day = Span::day(facts.day);
        let pairs_from = if keeps_pairs(facts.of, &facts.day.to_string()) {
            day
        } else {
            day.month()
        };
        let numbers: Vec<u32> = facts
            .values
            .iter()
            .map(|(dimension, value)| self.number(dimension, value))
            .collect();
        let mut add = |span, one, other| {
            let key = Key {
                of: facts.of,
                span,
                one,
                other,
            };
            *self.counts.entry(key).or_default() += count;
        };
        add(day, 0, 0);
        for (place, one) in numbers.iter().enumerate() {
            add(day, *one, 0);
            for other in numbers.iter().skip(place + 1) {
                add(pairs_from, *one, *other);
            }
        }
    }

    fn number(&mut self, dimension: &str, value: &str) -> u32 {
        let known = self.numbers.get(dimension).and_then(|values| values.get(value));
        if let Some(number) = known {
            return *number;
        }
        self.names.push((dimension.to_owned(), value.to_owned()));
        // There are far fewer values than this.
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        let values = self.numbers.entry(dimension.to_owned()).or_default();
        values.insert(value.to_owned(), number);
        number
    }

    /// Counts months and years from what they are made of. Nothing is added after.
    #[must_use]
    pub fn finished(mut self) -> Counted {
        let mut longer: HashMap<Key, i64> = HashMap::new();
        for (key, count) in &self.counts {
            let mut add = |span| *longer.entry(Key { span, ..*key }).or_default() += count;
            if key.span.is_day() {
                add(key.span.month());
            }
            add(key.span.year());
        }
        for (key, count) in longer {
            *self.counts.entry(key).or_default() += count;
        }
        Counted(self)
    }
}

/// What was counted, whole.
#[derive(Debug)]
pub struct Counted(Tally);

impl Counted {
    /// Takes what was counted in a cell away, and says how many that was.
    pub fn take(&mut self, cell: &Cell) -> i64 {
        let number = |dimension: &str, value: &str| match dimension {
            "" => Some(0),
            _ => self.0.numbers.get(dimension)?.get(value).copied(),
        };
        let key = (|| {
            Some(Key {
                of: cell.of,
                span: Span::parse(&cell.span)?,
                one: number(&cell.one, &cell.value)?,
                other: number(&cell.other, &cell.other_value)?,
            })
        })();
        key.and_then(|key| self.0.counts.remove(&key)).unwrap_or_default()
    }

    /// What is left, in the order of cells.
    pub fn sorted(self) -> impl Iterator<Item = (Cell, i64)> {
        let Tally { names, counts, .. } = self.0;
        let of_number = move |number: u32| {
            let place = usize::try_from(number)
                .ok()
                .and_then(|number| number.checked_sub(1));
            place
                .and_then(|place| names.get(place))
                .cloned()
                .unwrap_or_default()
        };
        let mut all: Vec<(Key, i64)> = counts.into_iter().filter(|(_, count)| *count != 0).collect();
        // By their dimensions and spans first: what stands together in the table is written together.
        all.sort_by_cached_key(|(key, _)| {
            let ((one, value), (other, other_value)) = (of_number(key.one), of_number(key.other));
            (key.of, key.span.text(), one, other, value, other_value)
        });
        all.into_iter().map(move |(key, count)| {
            let ((one, value), (other, other_value)) = (of_number(key.one), of_number(key.other));
            let cell = Cell {
                of: key.of,
                span: key.span.text(),
                one,
                other,
                value,
                other_value,
            };
            (cell, count)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::Days;
    use proptest::prelude::*;

    use super::*;
    use crate::figures::change;

    fn facts() -> impl Strategy<Value = Facts> {
        let of = prop::sample::select(Of::ALL.to_vec());
        let values = prop::collection::btree_map("[abc]", "[xyz]", 0..3);
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

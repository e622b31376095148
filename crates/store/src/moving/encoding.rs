//! Values of rows in a form that is the same for both engines, and the hash of a table.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    Null,
    Integer(i64),
    Boolean(bool),
    Text(String),
    Bytes(Vec<u8>),
    Uuid(Uuid),
}

impl Cell {
    pub(super) fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Null | Self::Boolean(_) | Self::Text(_) | Self::Bytes(_) | Self::Uuid(_) => None,
        }
    }

    pub(super) fn boolean(&self) -> Option<bool> {
        match self {
            Self::Boolean(value) => Some(*value),
            Self::Null | Self::Integer(_) | Self::Text(_) | Self::Bytes(_) | Self::Uuid(_) => None,
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::Integer(_) | Self::Boolean(_) | Self::Bytes(_) | Self::Uuid(_) => None,
        }
    }

    pub(super) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Null | Self::Integer(_) | Self::Boolean(_) | Self::Text(_) | Self::Uuid(_) => None,
        }
    }

    pub(super) fn uuid(&self) -> Option<Uuid> {
        match self {
            Self::Uuid(id) => Some(*id),
            Self::Null | Self::Integer(_) | Self::Boolean(_) | Self::Text(_) | Self::Bytes(_) => None,
        }
    }

    /// Returns about how many bytes the value occupies in memory.
    pub(super) fn size(&self) -> usize {
        let content = match self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::Null | Self::Integer(_) | Self::Boolean(_) | Self::Uuid(_) => 0,
        };
        content.saturating_add(size_of::<Self>())
    }

    /// Appends the kind of the value, its length and its content, so that no two rows have the same encoding.
    fn encode(&self, encoded: &mut Vec<u8>) {
        match self {
            Self::Null => append(encoded, b'n', &[]),
            Self::Integer(number) => append(encoded, b'i', &number.to_be_bytes()),
            Self::Boolean(value) => append(encoded, b'b', &[u8::from(*value)]),
            Self::Text(text) => append(encoded, b't', text.as_bytes()),
            Self::Bytes(bytes) => append(encoded, b'x', bytes),
            Self::Uuid(id) => append(encoded, b'u', id.as_bytes()),
        }
    }
}

fn append(encoded: &mut Vec<u8>, kind: u8, content: &[u8]) {
    encoded.push(kind);
    encoded.extend_from_slice(&u64::try_from(content.len()).unwrap_or(u64::MAX).to_be_bytes());
    encoded.extend_from_slice(content);
}

/// The number of rows of a table, and the SHA-256 hash of all its values in the order of the primary key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableDigest {
    /// The number of rows.
    pub rows: u64,
    /// The hash of the names of the columns and of all values.
    pub hash: [u8; 32],
}

impl TableDigest {
    /// Returns the beginning of the hash, for display.
    #[must_use]
    pub fn short_hash(&self) -> String {
        HEXLOWER.encode(self.hash.get(..6).unwrap_or_default())
    }
}

/// Computes a [`TableDigest`] row by row.
pub(super) struct TableHasher {
    rows: u64,
    hash: Sha256,
    encoded: Vec<u8>,
}

impl TableHasher {
    /// Begins with the names of the columns, in the order of the values of each row.
    pub(super) fn new<'a>(columns: impl Iterator<Item = &'a str>) -> Self {
        let mut encoded = Vec::new();
        for column in columns {
            append(&mut encoded, b'c', column.as_bytes());
        }
        Self {
            rows: 0,
            hash: Sha256::new_with_prefix(&encoded),
            encoded,
        }
    }

    /// Adds the next row, and returns the number of rows so far.
    pub(super) fn add(&mut self, row: &[Cell]) -> u64 {
        self.encoded.clear();
        self.encoded.push(b'r');
        for cell in row {
            cell.encode(&mut self.encoded);
        }
        self.hash.update(&self.encoded);
        self.rows = self.rows.saturating_add(1);
        self.rows
    }

    pub(super) fn finish(self) -> TableDigest {
        TableDigest {
            rows: self.rows,
            hash: self.hash.finalize().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_cell() -> impl Strategy<Value = Cell> {
        prop_oneof![
            Just(Cell::Null),
            any::<i64>().prop_map(Cell::Integer),
            any::<bool>().prop_map(Cell::Boolean),
            "[a-c]{0,3}".prop_map(Cell::Text),
            proptest::collection::vec(0_u8..3, 0..4).prop_map(Cell::Bytes),
            any::<[u8; 16]>().prop_map(|bytes| Cell::Uuid(Uuid::from_bytes(bytes))),
        ]
    }

    fn any_table() -> impl Strategy<Value = Vec<Vec<Cell>>> {
        proptest::collection::vec(proptest::collection::vec(any_cell(), 0..4), 0..4)
    }

    fn digest(rows: &[Vec<Cell>]) -> TableDigest {
        let mut hasher = TableHasher::new(["id", "name"].into_iter());
        for row in rows {
            hasher.add(row);
        }
        hasher.finish()
    }

    proptest! {
        #[test]
        fn tables_have_the_same_digest_only_if_they_are_equal(one in any_table(), other in any_table()) {
            prop_assert_eq!(digest(&one), digest(&one.clone()));
            prop_assert_eq!(digest(&one) == digest(&other), one == other);
        }
    }

    #[test]
    fn values_that_look_alike_have_different_digests() {
        let alike = [
            vec![Cell::Text("ab".to_owned()), Cell::Text(String::new())],
            vec![Cell::Text("a".to_owned()), Cell::Text("b".to_owned())],
            vec![Cell::Bytes(b"a".to_vec()), Cell::Bytes(b"b".to_vec())],
            vec![Cell::Integer(1), Cell::Integer(0)],
            vec![Cell::Boolean(true), Cell::Boolean(false)],
            vec![Cell::Null, Cell::Text(String::new())],
            vec![Cell::Text(String::new()), Cell::Null],
        ];
        let hashes: std::collections::BTreeSet<[u8; 32]> = alike
            .iter()
            .map(|row| digest(std::slice::from_ref(row)).hash)
            .collect();
        assert_eq!(hashes.len(), alike.len());
    }
}

//! Values of SQLite as values of the column types of PostgreSQL. SQLite stores any kind of value in any column, so each value is checked.

use uuid::Uuid;

use super::{encoding::Cell, schema::ColumnType};

/// A value as SQLite stores it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum SqliteValue {
    Null,
    Integer(i64),
    Real,
    Text(String),
    Blob(Vec<u8>),
}

/// Converts a value to the type of its column in PostgreSQL.
///
/// # Errors
/// Says why the value does not fit.
pub(super) fn convert(value: SqliteValue, column_type: ColumnType) -> Result<Cell, &'static str> {
    match (column_type, value) {
        (_, SqliteValue::Null) => Ok(Cell::Null),
        (ColumnType::SmallInteger, SqliteValue::Integer(number)) => match i16::try_from(number) {
            Ok(_) => Ok(Cell::Integer(number)),
            Err(_) => Err("the number does not fit into 16 bits"),
        },
        (ColumnType::Integer, SqliteValue::Integer(number)) => match i32::try_from(number) {
            Ok(_) => Ok(Cell::Integer(number)),
            Err(_) => Err("the number does not fit into 32 bits"),
        },
        (ColumnType::BigInteger, SqliteValue::Integer(number)) => Ok(Cell::Integer(number)),
        (ColumnType::Boolean, SqliteValue::Integer(0)) => Ok(Cell::Boolean(false)),
        (ColumnType::Boolean, SqliteValue::Integer(1)) => Ok(Cell::Boolean(true)),
        (ColumnType::Text, SqliteValue::Text(text)) => match text.contains('\0') {
            true => Err("the text contains a NUL character, which PostgreSQL cannot store"),
            false => Ok(Cell::Text(text)),
        },
        (ColumnType::Bytes, SqliteValue::Blob(bytes)) => Ok(Cell::Bytes(bytes)),
        (ColumnType::Uuid, SqliteValue::Blob(bytes)) => match Uuid::from_slice(&bytes) {
            Ok(id) => Ok(Cell::Uuid(id)),
            Err(_) => Err("an id has 16 bytes"),
        },
        (
            ColumnType::SmallInteger | ColumnType::Integer | ColumnType::BigInteger,
            SqliteValue::Real | SqliteValue::Text(_) | SqliteValue::Blob(_),
        ) => Err("the value is no whole number"),
        (
            ColumnType::Boolean,
            SqliteValue::Integer(_) | SqliteValue::Real | SqliteValue::Text(_) | SqliteValue::Blob(_),
        ) => Err("the value is neither 0 nor 1"),
        (ColumnType::Text, SqliteValue::Integer(_) | SqliteValue::Real | SqliteValue::Blob(_)) => {
            Err("the value is no text")
        }
        (
            ColumnType::Bytes | ColumnType::Uuid,
            SqliteValue::Integer(_) | SqliteValue::Real | SqliteValue::Text(_),
        ) => Err("the value is no sequence of bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_fits_keeps_its_meaning() {
        let text = |text: &str| SqliteValue::Text(text.to_owned());
        for (value, column_type, cell) in [
            (SqliteValue::Null, ColumnType::Text, Cell::Null),
            (
                SqliteValue::Integer(-32_768),
                ColumnType::SmallInteger,
                Cell::Integer(-32_768),
            ),
            (SqliteValue::Integer(7), ColumnType::Integer, Cell::Integer(7)),
            (
                SqliteValue::Integer(i64::MAX),
                ColumnType::BigInteger,
                Cell::Integer(i64::MAX),
            ),
            (SqliteValue::Integer(1), ColumnType::Boolean, Cell::Boolean(true)),
            (
                text("Мила 🙂"),
                ColumnType::Text,
                Cell::Text("Мила 🙂".to_owned()),
            ),
            (
                SqliteValue::Blob(vec![0, 255]),
                ColumnType::Bytes,
                Cell::Bytes(vec![0, 255]),
            ),
            (
                SqliteValue::Blob(vec![7; 16]),
                ColumnType::Uuid,
                Cell::Uuid(Uuid::from_bytes([7; 16])),
            ),
        ] {
            assert_eq!(convert(value, column_type), Ok(cell));
        }
    }

    #[test]
    fn a_value_that_does_not_fit_is_refused() {
        let text = |text: &str| SqliteValue::Text(text.to_owned());
        for (value, column_type) in [
            (SqliteValue::Integer(32_768), ColumnType::SmallInteger),
            (SqliteValue::Integer(1 << 31), ColumnType::Integer),
            (text("7"), ColumnType::BigInteger),
            (SqliteValue::Real, ColumnType::BigInteger),
            (SqliteValue::Integer(2), ColumnType::Boolean),
            (text("a\0b"), ColumnType::Text),
            (SqliteValue::Blob(Vec::new()), ColumnType::Text),
            (text("a"), ColumnType::Bytes),
            (SqliteValue::Blob(vec![7; 15]), ColumnType::Uuid),
        ] {
            assert!(convert(value.clone(), column_type).is_err(), "{value:?}");
        }
    }
}

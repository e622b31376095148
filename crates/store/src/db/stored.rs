//! A column type for the enums of `hotline_core`. The column stores the name of the enum value as text.

use std::{error::Error, str::FromStr, sync::Arc};

use sea_orm::{
    ColIdx, DbErr, QueryResult, TryGetError, TryGetable, Value,
    sea_query::{ArrayType, ColumnType, Nullable, ValueType, ValueTypeErr},
};

/// An enum value that is stored as its name. Reading a column whose text is not the name of a `T` fails, so a damaged row causes an error
/// instead of a wrong value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored<T>(pub T);

impl<T: Into<&'static str>> From<Stored<T>> for Value {
    fn from(stored: Stored<T>) -> Self {
        let name: &'static str = stored.0.into();
        name.into()
    }
}

impl<T: FromStr<Err: Error + Send + Sync + 'static>> TryGetable for Stored<T> {
    fn try_get_by<I: ColIdx>(row: &QueryResult, index: I) -> Result<Self, TryGetError> {
        let name = String::try_get_by(row, index)?;
        name.parse().map(Self).map_err(|error| {
            TryGetError::DbErr(DbErr::TryIntoErr {
                from: "String",
                into: std::any::type_name::<T>(),
                source: Arc::new(error),
            })
        })
    }
}

impl<T: FromStr> ValueType for Stored<T> {
    fn try_from(value: Value) -> Result<Self, ValueTypeErr> {
        let name = <String as ValueType>::try_from(value)?;
        name.parse().map(Self).map_err(|_| ValueTypeErr)
    }

    fn type_name() -> String {
        std::any::type_name::<T>().to_owned()
    }

    fn array_type() -> ArrayType {
        ArrayType::String
    }

    fn column_type() -> ColumnType {
        ColumnType::Text
    }
}

impl<T> Nullable for Stored<T> {
    fn null() -> Value {
        Value::String(None)
    }
}

//! The tables of both databases, as their catalogues describe them. A migration therefore needs no change here.

use std::collections::BTreeMap;

use anyhow::{Context, bail, ensure};

/// The tables of PostgreSQL by name, each with the names and types of its columns.
pub(super) type TargetTables = BTreeMap<String, BTreeMap<String, String>>;

/// A table of SQLite.
#[derive(Debug, Clone)]
pub(super) struct SourceTable {
    pub(super) name: String,
    pub(super) columns: Vec<String>,
    /// The columns of the primary key, in its order.
    pub(super) key: Vec<String>,
}

/// A table that both databases have.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    key: Vec<Column>,
}

/// A column with its type in PostgreSQL.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) column_type: ColumnType,
}

/// The types of PostgreSQL that the migrations use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ColumnType {
    SmallInteger,
    Integer,
    BigInteger,
    Boolean,
    Text,
    Bytes,
    Uuid,
}

impl ColumnType {
    /// Returns the type with this name in the catalogue of PostgreSQL.
    fn named(name: &str) -> Option<Self> {
        match name {
            "int2" => Some(Self::SmallInteger),
            "int4" => Some(Self::Integer),
            "int8" => Some(Self::BigInteger),
            "bool" => Some(Self::Boolean),
            "text" | "varchar" => Some(Self::Text),
            "bytea" => Some(Self::Bytes),
            "uuid" => Some(Self::Uuid),
            _ => None,
        }
    }

    /// Returns the type in which values are sent and read. It is the same for integers of every size.
    pub(super) const fn in_transit(self) -> &'static str {
        match self {
            Self::SmallInteger | Self::Integer | Self::BigInteger => "int8",
            Self::Boolean => "bool",
            Self::Text => "text",
            Self::Bytes => "bytea",
            Self::Uuid => "uuid",
        }
    }

    pub(super) const fn is_integer(self) -> bool {
        match self {
            Self::SmallInteger | Self::Integer | Self::BigInteger => true,
            Self::Boolean | Self::Text | Self::Bytes | Self::Uuid => false,
        }
    }
}

impl Table {
    /// Returns the statement that reads the rows of SQLite behind the first `?` rows, in the order of the primary key.
    pub(super) fn select_from_sqlite(&self) -> String {
        let order: Vec<String> = self.key.iter().map(|column| quoted(&column.name)).collect();
        format!(
            "SELECT {} FROM {} ORDER BY {} LIMIT -1 OFFSET ?",
            self.quoted_columns().join(", "),
            quoted(&self.name),
            order.join(", ")
        )
    }

    /// Returns the statement that reads all rows of PostgreSQL, in the same order. The collation `C` compares bytes, as SQLite does.
    pub(super) fn select_from_postgres(&self) -> String {
        let columns: Vec<String> = self
            .columns
            .iter()
            .map(|column| format!("{}::{}", quoted(&column.name), column.column_type.in_transit()))
            .collect();
        let order: Vec<String> = self
            .key
            .iter()
            .map(|column| match column.column_type == ColumnType::Text {
                true => format!("{}.{} COLLATE \"C\"", quoted(&self.name), quoted(&column.name)),
                false => format!("{}.{}", quoted(&self.name), quoted(&column.name)),
            })
            .collect();
        format!(
            "SELECT {} FROM {} ORDER BY {}",
            columns.join(", "),
            quoted(&self.name),
            order.join(", ")
        )
    }

    /// Returns the statement that inserts rows into PostgreSQL. It takes one array for each column.
    pub(super) fn insert_into_postgres(&self) -> String {
        let arrays: Vec<String> = self
            .columns
            .iter()
            .enumerate()
            .map(|(index, column)| format!("${}::{}[]", index + 1, column.column_type.in_transit()))
            .collect();
        format!(
            "INSERT INTO {} ({}) SELECT * FROM UNNEST({})",
            quoted(&self.name),
            self.quoted_columns().join(", "),
            arrays.join(", ")
        )
    }

    fn quoted_columns(&self) -> Vec<String> {
        self.columns.iter().map(|column| quoted(&column.name)).collect()
    }
}

/// Returns a name as an identifier of SQL.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Checks that both databases have the same tables with the same columns, and returns the tables by name.
///
/// # Errors
/// Fails if the databases differ, if a table has no primary key, or if a column has a type that cannot be moved.
pub(super) fn match_tables(
    source: Vec<SourceTable>,
    target: &TargetTables,
) -> anyhow::Result<BTreeMap<String, Table>> {
    let mut matched = BTreeMap::new();
    for table in source {
        let name = table.name.clone();
        let columns = target
            .get(&name)
            .with_context(|| format!("PostgreSQL has no table `{name}`"))?;
        let table = match_columns(table, columns).with_context(|| format!("The table `{name}`"))?;
        matched.insert(name, table);
    }
    if let Some(name) = target.keys().find(|name| !matched.contains_key(*name)) {
        bail!("SQLite has no table `{name}`");
    }
    Ok(matched)
}

fn match_columns(source: SourceTable, target: &BTreeMap<String, String>) -> anyhow::Result<Table> {
    ensure!(!source.key.is_empty(), "it has no primary key");
    if let Some(name) = target.keys().find(|name| !source.columns.contains(*name)) {
        bail!("SQLite has no column `{name}`");
    }
    let column = |name: &String| {
        let named = target
            .get(name)
            .with_context(|| format!("PostgreSQL has no column `{name}`"))?;
        let column_type = ColumnType::named(named)
            .with_context(|| format!("the column `{name}` has the type {named}, which cannot be moved"))?;
        Ok::<_, anyhow::Error>(Column {
            name: name.clone(),
            column_type,
        })
    };
    Ok(Table {
        columns: source.columns.iter().map(column).collect::<Result<_, _>>()?,
        key: source.key.iter().map(column).collect::<Result<_, _>>()?,
        name: source.name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> SourceTable {
        SourceTable {
            name: "figures".to_owned(),
            columns: ["span", "count"].map(str::to_owned).into(),
            key: vec!["span".to_owned()],
        }
    }

    fn target(columns: &[(&str, &str)]) -> TargetTables {
        let columns = columns
            .iter()
            .map(|(name, named)| ((*name).to_owned(), (*named).to_owned()));
        BTreeMap::from([("figures".to_owned(), columns.collect())])
    }

    #[test]
    fn rows_are_read_in_the_same_order_from_both() {
        let tables = match_tables(vec![source()], &target(&[("span", "text"), ("count", "int4")])).unwrap();
        let table = tables.get("figures").unwrap();
        assert_eq!(
            table.select_from_sqlite(),
            r#"SELECT "span", "count" FROM "figures" ORDER BY "span" LIMIT -1 OFFSET ?"#
        );
        assert_eq!(
            table.select_from_postgres(),
            r#"SELECT "span"::text, "count"::int8 FROM "figures" ORDER BY "figures"."span" COLLATE "C""#
        );
        assert_eq!(
            table.insert_into_postgres(),
            r#"INSERT INTO "figures" ("span", "count") SELECT * FROM UNNEST($1::text[], $2::int8[])"#
        );
    }

    #[test]
    fn a_difference_between_the_databases_is_named() {
        let keyless = SourceTable {
            key: Vec::new(),
            ..source()
        };
        let same = target(&[("span", "text"), ("count", "int8")]);
        for (source, target, named) in [
            (vec![], same.clone(), "SQLite has no table `figures`"),
            (
                vec![source()],
                TargetTables::new(),
                "PostgreSQL has no table `figures`",
            ),
            (vec![source()], target(&[("span", "text")]), "no column `count`"),
            (
                vec![source()],
                target(&[("span", "text"), ("count", "int8"), ("day", "text")]),
                "SQLite has no column `day`",
            ),
            (
                vec![source()],
                target(&[("span", "text"), ("count", "numeric")]),
                "numeric",
            ),
            (vec![keyless], same, "no primary key"),
        ] {
            let refused = format!("{:#}", match_tables(source, &target).unwrap_err());
            assert!(refused.contains(named), "{refused}");
        }
    }
}

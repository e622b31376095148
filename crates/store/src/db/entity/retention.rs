//! Tables of retention: legal holds, the protocol of erasures, and the state of the nightly run.

/// Legal holds on contacts and cases.
pub mod holds {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "holds")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub contact_id: Option<Uuid>,
        pub case_id: Option<Uuid>,
        pub by: Uuid,
        pub at: i64,
        pub until: Option<String>,
        pub reason: Option<Vec<u8>>,
        pub lifted_by: Option<Uuid>,
        pub lifted_at: Option<i64>,
        pub lift_reason: Option<Vec<u8>>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The protocol: a row for each contact that was erased.
pub mod erasures {
    use sea_orm::entity::prelude::*;

    use crate::db::values::ErasureCause;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "erasures")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub at: i64,
        pub reference: i64,
        pub cause: ErasureCause,
        pub rule: String,
        pub agent: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The state of the nightly run. The only row has the id 1.
pub mod retention_runs {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "retention_runs")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub owner: Option<Uuid>,
        pub lease_until: i64,
        pub last_day: Option<String>,
        pub finished_at: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The state of backups, in one row.
pub mod backup_runs {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "backup_runs")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub owner: Option<Uuid>,
        pub lease_until: i64,
        pub finished_at: Option<i64>,
        pub name: Option<String>,
        pub failed_at: Option<i64>,
        pub problem: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

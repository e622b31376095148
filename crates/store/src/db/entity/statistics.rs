//! Tables of API tokens and outreach events.

/// API tokens with which other programs read figures. A token gives no right to change anything.
pub mod tokens {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "tokens")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub name: String,
        pub hash: Vec<u8>,
        pub made_by: Option<Uuid>,
        pub made_at: i64,
        pub used_at: Option<i64>,
        pub ended_at: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Schools and other institutions where outreach events are held.
pub mod schools {
    use sea_orm::entity::prelude::*;

    use crate::db::stored::Stored;
    use hotline_core::statistics::outreach::SchoolKind;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "schools")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub name: String,
        pub kind: Stored<SchoolKind>,
        pub place: String,
        pub merged_into: Option<Uuid>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Outreach events, such as presentations and webinars.
pub mod outreach {
    use sea_orm::entity::prelude::*;

    use crate::db::stored::Stored;
    use hotline_core::statistics::outreach::{EventKind, EventState};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "outreach")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub kind: Stored<EventKind>,
        pub state: Stored<EventState>,
        pub day: Option<String>,
        pub school_id: Option<Uuid>,
        pub students: i32,
        pub parents: i32,
        pub teachers: i32,
        pub others: i32,
        pub presenter: String,
        pub language: String,
        pub remarks: String,
        pub contact_id: Option<Uuid>,
        pub by: Option<Uuid>,
        pub at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Peer educators: young people who teach their peers.
pub mod educators {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "educators")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub name: String,
        pub school_id: Option<Uuid>,
        pub active: bool,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Links from outreach events to the peer educators who led the event or were trained there.
pub mod event_educators {
    use sea_orm::entity::prelude::*;

    use crate::db::stored::Stored;
    use hotline_core::statistics::outreach::Part;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "event_educators")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub outreach_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub educator_id: Uuid,
        pub part: Stored<Part>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

//! The tables of Web Push.

/// The key pair with which this installation identifies itself to push services. The only row has the id 1.
pub mod push_keys {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "push_keys")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i32,
        pub data_key: Vec<u8>,
        pub sealed: Vec<u8>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The devices that get notifications. The database deletes the row of a device together with the session.
pub mod push_devices {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "push_devices")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub session_hash: Vec<u8>,
        pub staff_id: Uuid,
        pub endpoint_hash: Vec<u8>,
        pub data_key: Vec<u8>,
        pub sealed: Vec<u8>,
        pub told: Option<String>,
        pub told_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

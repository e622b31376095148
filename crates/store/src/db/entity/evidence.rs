//! Tables of evidence: files that are locked as suspected abuse material, and exports for the police.

/// Files that are or were locked.
pub mod locked_files {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "locked_files")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub attachment_id: Uuid,
        pub contact_id: Uuid,
        pub reference: i64,
        pub line: String,
        pub received_at: i64,
        pub media_type: String,
        pub size: i64,
        pub sha256: Option<Vec<u8>>,
        pub locked_at: i64,
        pub locked_by: Option<Uuid>,
        pub decision: Option<String>,
        pub proposed_by: Option<Uuid>,
        pub proposed_at: Option<i64>,
        pub confirmed_by: Option<Uuid>,
        pub confirmed_at: Option<i64>,
        pub hold_until: Option<String>,
        pub released_at: Option<i64>,
        pub purged_at: Option<i64>,
        pub protocol: Option<String>,
        pub signature: Option<Vec<u8>>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Exports of the evidence in a contact.
pub mod evidence_exports {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "evidence_exports")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub contact_id: Uuid,
        pub reference: i64,
        pub recipient: String,
        pub proposed_by: Uuid,
        pub proposed_at: i64,
        pub confirmed_by: Option<Uuid>,
        pub confirmed_at: Option<i64>,
        pub withdrawn_at: Option<i64>,
        pub password: Vec<u8>,
        pub manifest: Option<Vec<u8>>,
        pub signature: Option<Vec<u8>>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

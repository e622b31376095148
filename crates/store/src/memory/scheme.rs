//! The wrap-up questions in force, shared by all parts of this process.

use std::sync::{Arc, PoisonError, RwLock};

use hotline_core::contact::classification::Scheme;

/// The classification scheme in force.
pub(crate) struct SchemeInForce {
    /// The scheme of the settings.
    settings: Arc<Scheme>,
    /// The newest version that staff put into force on screen. It replaces the scheme of the settings.
    stored: RwLock<Option<Arc<Scheme>>>,
}

impl SchemeInForce {
    /// Begins with the scheme of the settings.
    pub(crate) fn new(settings: Scheme) -> Self {
        Self {
            settings: Arc::new(settings),
            stored: RwLock::default(),
        }
    }

    pub(crate) fn current(&self) -> Arc<Scheme> {
        self.stored().unwrap_or_else(|| Arc::clone(&self.settings))
    }

    pub(crate) fn settings(&self) -> &Scheme {
        &self.settings
    }

    pub(crate) fn stored(&self) -> Option<Arc<Scheme>> {
        self.stored.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts a stored version into force, unless a newer one is in force already: two calls at once may have read different versions.
    pub(crate) fn replace(&self, mut scheme: Scheme) {
        // The settings decide to which institutions cases are referred. No screen changes them.
        scheme.institutions.clone_from(&self.settings.institutions);
        let mut stored = self.stored.write().unwrap_or_else(PoisonError::into_inner);
        if stored
            .as_ref()
            .is_none_or(|stored| stored.version < scheme.version)
        {
            *stored = Some(Arc::new(scheme));
        }
    }
}

//! The table of routes: what each needs. What is not in it is not served.
//!
//! The role of whoever asks is checked here, before a handler runs ([`super::caller`]); that the target that was loaded
//! is theirs to change is the handler's part.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::http::Method;
use entente_access::Action;

/// A route and what it needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route {
    /// `GET` (and with it `HEAD`), `POST`, `PUT`, `DELETE`.
    pub(crate) method: &'static str,
    /// As axum writes it: `/api/v1/objects/{id}`.
    pub(crate) path: &'static str,
    pub(crate) action: Action,
}

impl Route {
    pub(crate) const fn new(method: &'static str, path: &'static str, action: Action) -> Route {
        Route { method, path, action }
    }
}

/// Every route, subject by subject.
pub(crate) fn all() -> impl Iterator<Item = &'static Route> {
    [
        super::health::ROUTES,
        super::first::ROUTES,
        super::metrics::ROUTES,
        super::api::ROUTES,
        super::peer::ROUTES,
        super::taxii::ROUTES,
    ]
    .into_iter()
    .flatten()
}

static ACTIONS: LazyLock<BTreeMap<(&'static str, &'static str), Action>> = LazyLock::new(|| {
    all()
        .map(|route| ((route.path, route.method), route.action))
        .collect()
});

/// What a request needs; `None` for what is not served.
pub(crate) fn action(method: &Method, path: &str) -> Option<Action> {
    let method = match *method {
        Method::HEAD => "GET",
        ref method => method.as_str(),
    };
    ACTIONS.get(&(path, method)).copied()
}

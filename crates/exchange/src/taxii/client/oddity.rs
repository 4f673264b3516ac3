//! What a server does otherwise than TAXII 2.1 asks, told to people and lived with.

/// One way in which a server is odd.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Oddity {
    /// Another media type.
    #[error("answers as `{0}` instead of `application/taxii+json;version=2.1`")]
    MediaType(String),
    /// 406 for the media type that the standard sets.
    #[error("does not understand `Accept: application/taxii+json;version=2.1`; asked with `{0}` instead")]
    Accept(&'static str),
    /// Objects without `X-TAXII-Date-Added-…`.
    #[error("does not say when objects were added: no `X-TAXII-Date-Added-Last`")]
    NoDates,
    /// Dates that are none.
    #[error("says `{0}` where the time belongs at which objects were added")]
    BadDates(String),
    /// How it was helped: the manifest.
    #[error("the time is taken from the manifest instead")]
    DatesOfManifest,
    /// How it was helped: our reading of its clock.
    #[error("what was added in the hour before the last pull is read again each time")]
    DatesOfClock,
    /// How it was helped: the objects.
    #[error("pages are told apart by the objects' own times instead; some objects may be missed")]
    DatesOfObjects,
    /// No manifest.
    #[error("has no manifest for its collection")]
    NoManifest,
    /// More objects than asked for.
    #[error("ignores `limit`: pages have up to {0} objects")]
    IgnoresLimit(u64),
    /// 400 for a limit.
    #[error("refuses `limit`; asked without")]
    RefusesLimit,
    /// Objects from before the time asked for.
    #[error("ignores `added_after`: sends what was added before")]
    IgnoresAddedAfter,
    /// Pages with `more` and without `next`.
    #[error(
        "says that there is more and not how to get it (`more` without `next`); the time is used instead"
    )]
    MoreWithoutNext,
    /// `more` for ever.
    #[error("says at the end of a collection that there is more")]
    MoreAtTheEnd,
    /// A page of one instant, without a `next`.
    #[error(
        "has more objects added at one instant ({0}) than a page holds, and no `next`; some may be missed"
    )]
    Crowded(String),
    /// The same `next` again, with new objects.
    #[error("gives the same `next` again and again, and other objects each time")]
    SameNext,
    /// Empty pages with `more`.
    #[error("sends empty pages before the end")]
    EmptyPages,
    /// A page with what was there before.
    #[error("sends objects again within one reading")]
    Again,
    /// Pages not in the order of time.
    #[error("does not send objects in the order in which they were added")]
    Unordered,
    /// A `next` that is not known the next time.
    #[error("forgets its `next`; read on by time")]
    ForgetsNext,
    /// Not an envelope.
    #[error("sends a bundle or a list instead of a TAXII envelope")]
    NoEnvelope,
    /// 404 for an empty collection.
    #[error("answers 404 for a collection without objects")]
    EmptyAsMissing,
    /// Answers over our bound.
    #[error("sends answers too big to read; asked for fewer objects at a time")]
    TooBig,
}

//! Problem documents (RFC 9457): what went wrong, whose fault it is, where in the input, and a way out.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::exit::{Exit, Failure};

/// Where problem types are explained.
pub(crate) const TYPES: &str = "/problems/";

/// A problem on its way to whoever asked.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    /// The type's short name: `/problems/<code>` explains it.
    pub(crate) code: &'static str,
    /// The type in a few words.
    pub(crate) title: &'static str,
    /// This occurrence, with a way out.
    pub(crate) detail: String,
    /// Faults of the input, each with its JSON pointer.
    pub(crate) faults: Vec<Fault>,
    /// Seconds after which to try again.
    pub(crate) retry_after: Option<u64>,
    /// For `WWW-Authenticate`.
    pub(crate) challenge: Option<&'static str>,
}

/// A fault of the input.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub(crate) struct Fault {
    /// Where: a JSON pointer (RFC 6901) into the body, or the name of a parameter.
    pub(crate) pointer: String,
    /// What is wrong there, and what is expected.
    pub(crate) detail: String,
}

/// The document.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Document {
    /// URI reference that explains this type of problem.
    r#type: String,
    title: String,
    status: u16,
    detail: String,
    /// The path that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    /// The first fault's place, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Fault>,
}

/// The types, in one place: code, status, title.
macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $name:ident $code:literal $status:ident $title:literal;)+) => {
        impl Problem {
            $($(#[doc = $doc])+
            pub(crate) fn $name(detail: impl Into<String>) -> Problem {
                Problem::new(StatusCode::$status, $code, $title, detail.into())
            })+
        }

        /// Every type of problem: code, title, what it means.
        pub(crate) const KINDS: &[(&str, &str, &str)] = &[$(($code, $title, concat!($($doc, " "),+))),+];
    };
}

kinds! {
    /// The body or a parameter cannot be read as what it has to be.
    bad_request "bad-request" BAD_REQUEST "The request cannot be read";
    /// Sign in, or give a token.
    unauthorized "unauthorized" UNAUTHORIZED "Who are you?";
    /// The caller's role, or the token's scopes, do not allow this.
    forbidden "forbidden" FORBIDDEN "Not allowed to this caller";
    /// Nothing is known under that name, or nothing that this caller may know of.
    not_found "not-found" NOT_FOUND "Not found";
    /// The route does not know this method.
    method "method-not-allowed" METHOD_NOT_ALLOWED "Method not allowed";
    /// What was asked contradicts how things are.
    conflict "conflict" CONFLICT "It is not so that this could be done";
    /// The server was started without a passphrase: what has to be signed cannot be done.
    locked "locked" CONFLICT "The keys are locked";
    /// The precondition in `If-Match` does not hold.
    precondition "precondition-failed" PRECONDITION_FAILED "It was changed meanwhile";
    /// A replacement must say what it replaces, in `If-Match`.
    precondition_required "precondition-required" PRECONDITION_REQUIRED "What is to be replaced?";
    /// More bytes than the route takes.
    too_large "too-large" PAYLOAD_TOO_LARGE "Too many bytes";
    /// More bytes of headers than are read.
    head "head-too-large" REQUEST_HEADER_FIELDS_TOO_LARGE "Too many bytes of headers";
    /// The body's media type or encoding is not one that the route reads.
    unsupported "unsupported-media-type" UNSUPPORTED_MEDIA_TYPE "Media type not read here";
    /// The body can be read, and says what cannot be.
    unprocessable "unprocessable" UNPROCESSABLE_ENTITY "The content is not right";
    /// An agreement or what was signed before forbids it.
    refused "refused" FORBIDDEN "Refused by policy";
    /// Too many tries or too many requests.
    too_many "too-many-requests" TOO_MANY_REQUESTS "Slow down";
    /// The body came too slowly.
    timeout "timeout" REQUEST_TIMEOUT "The request took too long";
    /// This node failed. The cause is in its own log, not here.
    failed "failed" INTERNAL_SERVER_ERROR "The node failed";
    /// The network, or the other side, failed.
    network "network" BAD_GATEWAY "The other side could not be reached";
    /// More work than the server does at a time.
    busy "busy" SERVICE_UNAVAILABLE "The server is busy";
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, title: &'static str, detail: String) -> Problem {
        Problem {
            status,
            code,
            title,
            detail,
            faults: Vec::new(),
            retry_after: None,
            challenge: None,
        }
    }

    /// With the place of the fault.
    pub(crate) fn at(mut self, pointer: impl Into<String>, detail: impl Into<String>) -> Problem {
        self.faults.push(Fault {
            pointer: pointer.into(),
            detail: detail.into(),
        });
        self
    }

    /// To be tried again after so many seconds.
    pub(crate) fn retry(mut self, seconds: u64) -> Problem {
        self.retry_after = Some(seconds);
        self
    }

    /// With what to answer to it.
    pub(crate) fn challenge(mut self, challenge: &'static str) -> Problem {
        self.challenge = Some(challenge);
        self
    }
}

/// What a command would have ended with.
impl From<Failure> for Problem {
    fn from(failure: Failure) -> Problem {
        match failure.exit {
            Exit::Usage => Problem::unprocessable(failure.message),
            Exit::Refused => Problem::refused(failure.message),
            Exit::NotFound => Problem::not_found(failure.message),
            Exit::BadInput => Problem::unprocessable(failure.message),
            Exit::Network => Problem::network(failure.message),
            // Whoever asked has gone.
            Exit::Done if failure.message.is_empty() => Problem::failed("the connection ended early"),
            Exit::Done | Exit::Answer | Exit::Store => {
                eprintln!("entente: {}", crate::render::safe_lines(&failure.message));
                Problem::failed("this node cannot do that now; its own log says why")
            }
        }
    }
}

impl From<crate::kept::KeptError> for Problem {
    fn from(error: crate::kept::KeptError) -> Problem {
        Failure::from(error).into()
    }
}

/// Why the rules of accounts refused.
impl From<entente_access::Refusal> for Problem {
    fn from(refusal: entente_access::Refusal) -> Problem {
        use entente_access::Refusal;
        let words = refusal.to_string();
        let wrong = |pointer: &str| {
            Problem::unprocessable("the accounts of this node have rules that this breaks")
                .at(pointer, words.clone())
        };
        match refusal {
            Refusal::NoAccount(_) | Refusal::NoToken(_) => Problem::not_found(words),
            Refusal::NotYours(_) | Refusal::Higher { .. } => Problem::forbidden(words),
            Refusal::Scope { .. } | Refusal::NoScope => wrong("/scopes"),
            Refusal::Expiry => wrong("/days"),
            Refusal::Label => wrong("/label"),
            Refusal::NeedsParty(_) | Refusal::NotForParties(_) => wrong("/party"),
            Refusal::WrongCode => wrong("/code"),
            Refusal::Taken(_)
            | Refusal::LastAdministrator(_)
            | Refusal::NotFirst
            | Refusal::OtherKind(_)
            | Refusal::TooManyAccounts
            | Refusal::TooManyTokens(_)
            | Refusal::Disabled(_)
            | Refusal::NothingToConfirm(_)
            | Refusal::HasSecond(_) => Problem::conflict(words),
        }
    }
}

impl From<crate::accounts::Made> for Problem {
    fn from(made: crate::accounts::Made) -> Problem {
        match made {
            crate::accounts::Made::Refused(refusal) => refusal.into(),
            crate::accounts::Made::Failed(failure) => failure.into(),
        }
    }
}

impl From<entente_node::Error> for Problem {
    fn from(error: entente_node::Error) -> Problem {
        crate::place::node_failure(error).into()
    }
}

impl From<entente_store::Error> for Problem {
    fn from(error: entente_store::Error) -> Problem {
        crate::place::failure(error).into()
    }
}

impl Problem {
    /// The document, saying what was asked for.
    pub(crate) fn about(self, instance: String) -> Response {
        self.render(Some(instance))
    }

    fn render(self, instance: Option<String>) -> Response {
        let document = Document {
            r#type: format!("{TYPES}{}", self.code),
            title: self.title.to_owned(),
            status: self.status.as_u16(),
            detail: self.detail,
            instance,
            pointer: self.faults.first().map(|fault| fault.pointer.clone()),
            errors: self.faults,
        };
        let mut response = (self.status, Json(document)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(challenge) = self.challenge {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response
    }
}

/// The problem goes along, so that [`Problem::about`] can say what was asked for.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.clone().render(None);
        response.extensions_mut().insert(self);
        response
    }
}

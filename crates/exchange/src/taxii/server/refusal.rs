//! Refusals as TAXII writes them (§3.6.1): status, title, what is wrong and where, and a name for it.

use entente_stix::digest::Digest;

use super::members::Members;
use super::{Request, Response};

/// What a request does not get, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    /// A stable word.
    pub(super) code: &'static str,
    pub(super) title: &'static str,
    pub(super) description: String,
    pub(super) details: Vec<(&'static str, String)>,
    pub(super) headers: Vec<(&'static str, String)>,
}

impl Refusal {
    fn new(status: u16, code: &'static str, title: &'static str, description: String) -> Refusal {
        Refusal {
            status,
            code,
            title,
            description,
            details: Vec::new(),
            headers: Vec::new(),
        }
    }

    /// What is not there, and what the visitor may not know of: the same answer.
    pub(super) fn not_found() -> Refusal {
        let description = "there is nothing here for you; check the address, or ask its operator for access";
        Refusal::new(404, "not-found", "Not found", description.to_owned())
    }

    /// The same for who has not said who it is: it may be there for somebody.
    pub(super) fn unknown_visitor() -> Refusal {
        let description = "say who you are: with a token, or a name and password";
        let mut refusal = Refusal::new(
            401,
            "unauthorized",
            "Authentication required",
            description.to_owned(),
        );
        let challenge = "Basic realm=\"entente\", charset=\"UTF-8\"";
        refusal.headers.push(("www-authenticate", challenge.to_owned()));
        refusal
    }

    pub(super) fn forbidden(description: &str) -> Refusal {
        Refusal::new(403, "forbidden", "Not allowed", description.to_owned())
    }

    pub(super) fn bad_request(description: String) -> Refusal {
        Refusal::new(400, "bad-request", "Request not understood", description)
    }

    pub(super) fn method(allowed: &'static str) -> Refusal {
        let description = format!("this address knows {allowed}");
        let mut refusal = Refusal::new(405, "method-not-allowed", "Method not known here", description);
        refusal.headers.push(("allow", allowed.to_owned()));
        refusal
    }

    pub(super) fn not_acceptable() -> Refusal {
        let description = format!(
            "answers are {}; say so in `Accept`, or leave it out",
            crate::taxii::MEDIA_TYPE
        );
        Refusal::new(406, "not-acceptable", "Media type not offered", description)
    }

    pub(super) fn media_type() -> Refusal {
        let description = format!(
            "a body must be {}; say so in `Content-Type`",
            crate::taxii::MEDIA_TYPE
        );
        Refusal::new(415, "unsupported-media-type", "Media type not read", description)
    }

    pub(super) fn too_large(description: String) -> Refusal {
        Refusal::new(413, "too-large", "Request too large", description)
    }

    pub(super) fn unprocessable(pointer: &str, description: String) -> Refusal {
        Refusal::new(422, "unprocessable", "Content not processable", description).at(pointer)
    }

    /// This node failed. The cause is for its operator, not for the visitor.
    pub(super) fn failed() -> Refusal {
        let description = "this server cannot answer now; ask again later";
        let mut refusal = Refusal::new(503, "failed", "Temporarily unavailable", description.to_owned());
        refusal.headers.push(("retry-after", "10".to_owned()));
        refusal
    }

    /// With a JSON pointer to what is wrong.
    pub(super) fn at(mut self, pointer: &str) -> Refusal {
        self.details.push(("pointer", pointer.to_owned()));
        self
    }

    /// As the error message of TAXII.
    pub(super) fn response(self, request: &Request<'_>) -> Response {
        let mut message = Members::new()
            .string("title", self.title)
            .string("description", &self.description)
            .string("error_id", &self.id(request))
            .string("error_code", self.code)
            .string("http_status", &self.status.to_string());
        if !self.details.is_empty() {
            let details = self.details.iter();
            let details = details.fold(Members::new(), |members, (key, value)| members.string(key, value));
            message = message.raw("details", &details.done());
        }
        let mut response = Response::of(self.status, message.done().into_bytes());
        response.headers.extend(self.headers);
        response
    }

    /// What both sides can call this refusal by: it tells nothing but what was asked, when, and the answer.
    fn id(&self, request: &Request<'_>) -> String {
        let about = format!(
            "{}\n{}\n{}\n{}\n{}",
            request.at, request.method, request.path, request.query, self.code
        );
        let digest = Digest::of(about.as_bytes()).to_string();
        digest.chars().take(16).collect()
    }
}

//! Many questions in one request: each is answered by itself, as a line of a batch is on the command line.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::input::Json;
use super::{Items, Place, long};
use crate::serve::limits::QUESTIONS_WITHIN;
use crate::serve::problem::Problem;
use crate::serve::server::Server;

/// A question, and what its answer is called.
pub(super) trait Question {
    /// `id`, as it was given.
    fn id(&mut self) -> Option<Value>;
}

/// An answer, with what its question was called.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Answered<A> {
    /// The question's `id`, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Value>,
    #[serde(flatten)]
    answer: A,
}

/// A rule or an event of a question, as the readers of texts take it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(transparent)]
pub(super) struct Any(Value);

impl Any {
    /// Its JSON text.
    pub(super) fn text(&self) -> String {
        self.0.to_string()
    }
}

/// Answers each question, in order, on a blocking thread.
pub(super) async fn answered<Q, A>(
    server: &Arc<Server>,
    place: Place,
    questions: Vec<Q>,
    answer: impl Fn(&Q) -> A + Send + 'static,
) -> Result<Json<Items<Answered<A>>>, Problem>
where
    Q: Question + Send + 'static,
    A: Send + 'static,
{
    let done = long(server, place, move |server| {
        let begun = server.at().micros();
        let limit = i64::try_from(QUESTIONS_WITHIN.as_micros()).unwrap_or(i64::MAX);
        let mut items = Vec::with_capacity(questions.len());
        for (number, mut question) in questions.into_iter().enumerate() {
            if server.at().micros().saturating_sub(begun) > limit {
                let seconds = QUESTIONS_WITHIN.as_secs();
                return Err(Problem::unprocessable(format!(
                    "the questions before this one took longer than {seconds} s; ask fewer at a time"
                ))
                .at(format!("/items/{number}"), "not answered any more"));
            }
            let id = question.id();
            items.push(Answered {
                id,
                answer: answer(&question),
            });
        }
        Ok(Items::all(items))
    });
    done.await.map(Json)
}

//! The rules that a command line names, read whole.

use std::path::Path;

use entente_node::rules::{Asked, Refused, TEXT_BYTES_MAX, Text};

use crate::cli::RulesAsked;
use crate::exit::Failure;
use crate::inputs::{self, Input};
use crate::render::safe;

/// Reads what the arguments name. A folder may hold other files beside rules; a file that cannot be read is named
/// with those that are refused, and the others are used.
///
/// # Errors
/// An argument names nothing, or a pipeline cannot be read.
pub(crate) fn given(asked: &RulesAsked) -> Result<Asked, Failure> {
    let (mut texts, mut unread) = (Vec::new(), Vec::new());
    for path in &asked.rules {
        let is_folder = Path::new(path).is_dir();
        let inputs = inputs::collect(std::slice::from_ref(path))?;
        for input in inputs.iter().filter(|input| !is_folder || is_rule_file(input)) {
            match read(input) {
                Ok(text) => texts.push(text),
                Err(failure) => unread.push(Refused {
                    text: input.name(),
                    reason: failure.message,
                }),
            }
        }
    }
    let pipelines = inputs::collect(&asked.pipelines)?;
    Ok(Asked {
        texts,
        unread,
        pipelines: pipelines.iter().map(read).collect::<Result<_, _>>()?,
        any_log_source: asked.any_log_source,
    })
}

fn is_rule_file(input: &Input) -> bool {
    match input {
        Input::Stdin => true,
        Input::File(path) => path
            .extension()
            .is_some_and(|extension| extension == "yml" || extension == "yaml"),
    }
}

fn read(input: &Input) -> Result<Text, Failure> {
    let name = input.name();
    let (bytes, _) = input.begin(&name, TEXT_BYTES_MAX)?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Text { name, text }),
        Err(error) => Err(Failure::input(format!(
            "cannot read `{}`: byte {} is not UTF-8; save it as UTF-8",
            safe(&name),
            error.utf8_error().valid_up_to() + 1
        ))),
    }
}

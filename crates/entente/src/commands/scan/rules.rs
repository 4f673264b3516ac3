//! The rules that a command line names, read whole.

use std::io::Read as _;
use std::path::Path;

use entente_node::rules::{Asked, TEXT_BYTES_MAX, Text};

use crate::cli::RulesAsked;
use crate::exit::Failure;
use crate::inputs::{self, Input};
use crate::render::safe;

/// Reads what the arguments name. A folder may hold other files beside rules.
pub(crate) fn given(asked: &RulesAsked) -> Result<Asked, Failure> {
    let mut texts = Vec::new();
    for path in &asked.rules {
        let is_folder = Path::new(path).is_dir();
        for input in inputs::collect(std::slice::from_ref(path))? {
            if !is_folder || is_rule_file(&input) {
                texts.push(read(&input)?);
            }
        }
    }
    let pipelines = inputs::collect(&asked.pipelines)?;
    Ok(Asked {
        texts,
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
    let failed = |cause: String| {
        Failure::input(format!(
            "cannot read `{}`: {cause}; check path, permissions and content",
            safe(&name)
        ))
    };
    let opened = input.open().map_err(|error| failed(error.to_string()))?;
    let mut text = String::new();
    let read = opened.take(TEXT_BYTES_MAX as u64 + 1).read_to_string(&mut text);
    read.map_err(|error| failed(error.to_string()))?;
    Ok(Text { name, text })
}

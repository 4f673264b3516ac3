//! The pipelines that `--pipeline` names.

use entente_sigma::pipeline::Alternative;
use entente_sigma::{Pipeline, Pipelines, builtin};

use crate::exit::Failure;
use crate::near::nearest;
use crate::render::safe;

/// Pipelines by their names: `all`, `none`, one of ours, or a file, which every rule goes through.
///
/// # Errors
/// A name that is neither, a file that cannot be read or is no pipeline.
pub(crate) fn named(names: &[String]) -> Result<Pipelines, Failure> {
    with(names, of_file)
}

/// Pipelines of ours by their names: `all`, `none`, or one of them.
///
/// # Errors
/// A name that is none of these.
pub(crate) fn of_ours(names: &[String]) -> Result<Pipelines, Failure> {
    with(names, |name| {
        Err(unknown(name, "no pipeline of ours; give `all`, `none`"))
    })
}

fn with(names: &[String], other: impl Fn(&str) -> Result<Pipeline, Failure>) -> Result<Pipelines, Failure> {
    let has_all = names.iter().any(|name| name == "all");
    let mut pipelines = if has_all {
        Pipelines::builtin().map_err(Failure::store)?
    } else {
        Pipelines::none()
    };
    for name in names
        .iter()
        .filter(|name| !matches!(name.as_str(), "all" | "none"))
    {
        pipelines = match builtin::texts(name) {
            Some(_) if has_all => pipelines,
            Some(texts) => {
                let read: Result<Vec<Pipeline>, _> = texts.iter().map(|text| Pipeline::read(text)).collect();
                pipelines.or(Alternative {
                    name: name.clone(),
                    pipelines: read.map_err(Failure::store)?,
                })
            }
            None => pipelines.with(other(name)?),
        };
    }
    Ok(pipelines)
}

fn unknown(name: &str, is: &str) -> Failure {
    let near = nearest(name, builtin::names());
    let known: Vec<&str> = if near.is_empty() {
        builtin::names().collect()
    } else {
        near
    };
    Failure::usage(format!(
        "`{}` is {is}, or one of {}",
        safe(name),
        known.join(", ")
    ))
}

fn of_file(name: &str) -> Result<Pipeline, Failure> {
    if !std::path::Path::new(name).exists() {
        return Err(unknown(
            name,
            "neither a file nor a pipeline of ours; give `all`, `none`, a file",
        ));
    }
    let text = std::fs::read_to_string(name)
        .map_err(|error| Failure::input(format!("cannot read `{}`: {error}", safe(name))))?;
    Pipeline::read(&text).map_err(|refusal| {
        Failure::input(format!(
            "pipeline `{}`: {}",
            safe(name),
            safe(&refusal.to_string())
        ))
    })
}

//! `entente stix`: validation and deterministic ids, for people and as batch forms for scripts.

mod id;
mod validate;

use entente_stix::json::{self, Value};

use crate::answers::stix::{Each, objects};
use crate::cli::{Global, Stix};
use crate::commands::batch::{self, Members};
use crate::exit::{Exit, Failure};
use crate::inputs::{self, Input};

pub(crate) fn run(global: &Global, asked: &Stix) -> Result<Exit, Failure> {
    match asked {
        Stix::Validate(asked) => validate::run(global, asked),
        Stix::Id(asked) => id::run(global, asked),
    }
}

/// The batch form: `answer` gets the line's object.
fn batch(answer: impl Fn(&Value<'_>) -> Members) -> Result<Exit, Failure> {
    let of_line = |line: &Value<'_>| answer(line.get("object").unwrap_or(&Value::Null));
    batch::run("`id` and `object`", of_line, refused)
}

fn refused(error: &json::Error) -> Members {
    let finding =
        serde_json::json!({"rule": "i-json", "pointer": error.pointer, "message": error.to_string()});
    let mut members = Members::new();
    members.insert("valid".into(), false.into());
    members.insert("errors".into(), vec![finding].into());
    members.insert("warnings".into(), Vec::<serde_json::Value>::new().into());
    members.insert("stix_id".into(), serde_json::Value::Null);
    members
}

/// The inputs that `paths` name, each given to `read`. One of several that cannot be read is named and passed
/// over; whether all could be read is the answer.
fn each_input(
    paths: &[String],
    mut read: impl FnMut(&Input) -> Result<(), Failure>,
) -> Result<bool, Failure> {
    let inputs = inputs::collect(paths)?;
    if inputs.is_empty() {
        return Err(Failure::input(format!(
            "nothing was read: there is no file in `{}`; name a folder that has files, or a file",
            crate::render::safe(&paths.join("`, `"))
        )));
    }
    let mut all = true;
    for input in &inputs {
        match read(input) {
            Err(failure) if failure.exit == Exit::BadInput && inputs.len() > 1 => {
                all = false;
                eprintln!("unread   {}", crate::render::safe(&failure.message));
            }
            done => done?,
        }
    }
    Ok(all)
}

/// Every object of an input, as [`objects`] tells them.
fn each_object(input: &Input, each: &mut Each<'_>) -> Result<(), Failure> {
    let name = input.name();
    let opened = input.open().map_err(|error| {
        Failure::input(format!(
            "cannot read `{}`: {error}; check path, permissions and content",
            crate::render::safe(&name)
        ))
    })?;
    objects(opened, &name, each)
}

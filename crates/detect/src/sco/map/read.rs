//! Files of a map from their text.

use super::{Argument, File, MapError, Object, Only, Property, Section, Source};
use crate::sco::transform::Transform;
use entente_stix::pattern::{Step, parse};
use std::collections::BTreeSet;

/// Reads one file.
pub(super) fn file(name: &str, text: &str) -> Result<File, MapError> {
    let mut file = File {
        name: name.to_owned(),
        version: 0,
        schemas: Vec::new(),
        keys: Vec::new(),
        sections: Vec::new(),
        situations: Vec::new(),
    };
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        add(&mut file, line).map_err(|reason| MapError {
            file: name.to_owned(),
            line: number,
            reason,
        })?;
    }
    file.situations = file.find_situations();
    check(&file).map_err(|reason| MapError {
        file: name.to_owned(),
        line: text.lines().count(),
        reason,
    })?;
    Ok(file)
}

fn add(file: &mut File, line: &str) -> Result<(), String> {
    let (word, rest) = match line.split_once(' ') {
        // Also where a property is called as a keyword is.
        Some((word, rest)) if !rest.starts_with("= ") => (word, rest),
        _ => (line, ""),
    };
    let words = || rest.split_whitespace();
    match word {
        "version" => file.version = rest.parse().map_err(|_| format!("`{rest}` is no version"))?,
        "for" => file.schemas = words().map(str::to_owned).collect(),
        "by" if words().count() > 2 => return Err("more than two fields tell logs apart".into()),
        "by" => file.keys = words().map(alternatives).collect(),
        "on" => file.sections.push(section(rest)?),
        "object" => {
            let section = file.sections.last_mut().ok_or("an object before any `on`")?;
            section.objects.push(object(rest)?);
        }
        _ => {
            let section = file.sections.last_mut();
            let object = section.and_then(|section| section.objects.last_mut());
            let object = object.ok_or_else(|| format!("`{line}` before any `object`"))?;
            let property = property(line)?;
            let in_each = |argument: &Argument| matches!(argument, Argument::Each);
            if object.each.is_none()
                && matches!(&property.source, Source::Fields(_, arguments) if arguments.iter().any(in_each))
            {
                return Err(format!("`{}` is not for each value of a field", object.name));
            }
            object.properties.push(property);
        }
    }
    Ok(())
}

fn alternatives(word: &str) -> Vec<String> {
    word.split('|').map(str::to_owned).collect()
}

fn section(text: &str) -> Result<Section, String> {
    let mut words = text.split_whitespace();
    let first = match words.next().ok_or("`on` without a value; write `on *` for all")? {
        "*" => Vec::new(),
        values => values.split(',').map(str::to_owned).collect(),
    };
    Ok(Section {
        first,
        second: words.next().map(str::to_owned),
        objects: Vec::new(),
    })
}

fn object(text: &str) -> Result<Object, String> {
    let (text, only) = match text.split_once(" where ") {
        Some((text, only)) => (text, Some(only_where(only)?)),
        None => (text, None),
    };
    let words: Vec<&str> = text.split_whitespace().collect();
    let (name, types, each) = match words.as_slice() {
        [name, types] => (name, types, None),
        [name, types, "each", field] => (name, types, Some((Transform::Text, alternatives(field)))),
        [name, types, "each", transform, field] => (
            name,
            types,
            Some((transform_named(transform)?, alternatives(field))),
        ),
        _ => return Err("write `object NAME TYPE [each [TRANSFORM] FIELD] [where FIELD VALUE]`".into()),
    };
    Ok(Object {
        name: (*name).to_owned(),
        types: alternatives(types),
        each,
        only,
        properties: Vec::new(),
    })
}

fn only_where(text: &str) -> Result<Only<String>, String> {
    match text.split_whitespace().collect::<Vec<&str>>().as_slice() {
        [field, values] => Ok(Only {
            fields: alternatives(field),
            values: alternatives(values),
        }),
        _ => Err("write `where FIELD VALUE|VALUE`".into()),
    }
}

fn property(line: &str) -> Result<Property, String> {
    let (path, source) = line.split_once(" = ").ok_or("write `PROPERTY = SOURCE`")?;
    let (path, is_required) = path.strip_suffix('!').map_or((path, false), |path| (path, true));
    let (path, is_list) = path.strip_suffix("[]").map_or((path, false), |path| (path, true));
    let steps = steps(path).ok_or_else(|| format!("`{path}` is no path to a property"))?;
    let in_bytes = |step: &Step| matches!(step, Step::Property(name) if name.ends_with("_bin") || name.ends_with("_hex"));
    if steps.iter().any(in_bytes) {
        return Err(format!("`{path}` is of bytes, which rows do not hold"));
    }
    if steps
        .iter()
        .any(|step| !matches!(step, Step::Property(_) | Step::Index(0)))
    {
        return Err(format!("`{path}` has an element other than the first"));
    }
    Ok(Property {
        steps,
        is_list,
        is_required,
        source: source_of(source.trim())?,
    })
}

fn source_of(text: &str) -> Result<Source, String> {
    if let Some(name) = text.strip_prefix('@') {
        return Ok(Source::Reference(name.to_owned()));
    }
    if let Some(constant) = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')) {
        return Ok(Source::Constant(constant.to_owned()));
    }
    let argument = |word: &str| match word {
        "each" => Argument::Each,
        fields => Argument::Field(alternatives(fields)),
    };
    let words: Vec<&str> = text.split_whitespace().collect();
    let (transform, arguments) = match words.as_slice() {
        [] => return Err("nothing on the right".into()),
        [field] => (Transform::Text, vec![argument(field)]),
        [transform, fields @ ..] => {
            let arguments = fields.iter().map(|field| argument(field)).collect();
            (transform_named(transform)?, arguments)
        }
    };
    if arguments.len() != transform.arguments() {
        return Err(format!("`{text}` has not as many fields as its transform takes"));
    }
    Ok(Source::Fields(transform, arguments))
}

fn transform_named(name: &str) -> Result<Transform, String> {
    Transform::named(name).ok_or_else(|| format!("`{name}` is no transform"))
}

/// The steps of a path as patterns write it, without the type.
fn steps(path: &str) -> Option<Vec<Step>> {
    let pattern = parse(&format!("[EXISTS x:{path}]")).ok()?;
    let comparison = *pattern.comparisons().first()?;
    Some(comparison.path.steps.clone())
}

/// What only the whole file shows.
fn check(file: &File) -> Result<(), String> {
    if file.version == 0 || file.schemas.is_empty() {
        return Err("a map has a `version` from 1 and is `for` some schema".into());
    }
    let depth = file.keys.len();
    for section in &file.sections {
        if section.second.is_some() && depth < 2 || !section.first.is_empty() && depth < 1 {
            return Err("`on` names more values than `by` has fields".into());
        }
    }
    for situation in &file.situations {
        let names: BTreeSet<&String> = situation.objects.iter().map(|object| &object.name).collect();
        for object in &situation.objects {
            for property in &object.properties {
                if let Source::Reference(name) = &property.source
                    && !names.contains(name)
                {
                    return Err(format!(
                        "`@{name}` is not in the events of {:?} that `{}` is in",
                        situation.first, object.name
                    ));
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_map_is_refused_with_its_line() {
        let head = "version 1\nfor zeek\nby #log\n";
        let cases = [
            ("on", 4, "`on` without a value"),
            ("object a b", 4, "before any `on`"),
            ("on *\nvalue = x", 5, "before any `object`"),
            ("on *\nobject a", 5, "write `object"),
            ("on *\nobject a b where c", 5, "write `where"),
            ("on *\nobject a b\nvalue x", 6, "write `PROPERTY"),
            ("on *\nobject a b\nvalue = each", 6, "not for each"),
            ("on *\nobject a b\nvalue = nonsense x", 6, "no transform"),
            ("on *\nobject a b\nvalue = url x", 6, "as many fields"),
            ("on *\nobject a b\nx[1].y = z", 6, "other than the first"),
            ("on *\nobject a b\nx_hex = z", 6, "of bytes"),
            ("on *\nobject a b\nx y = z", 6, "no path"),
            ("on *\nobject a b\nx_ref = @c", 6, "is not in the events"),
            ("on a b c\nby a b c", 5, "more than two"),
            ("on a b", 4, "more values than"),
        ];
        for (text, line, reason) in cases {
            let error = file("test", &format!("{head}{text}")).unwrap_err();
            assert_eq!(error.line, line, "{text}: {error}");
            assert!(error.reason.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn an_object_goes_on_in_a_later_section() {
        let text = "version 3\nfor zeek\nby #log\non a,b\nobject f file\nname! = name x|y\non b\nobject f file\nhashes.MD5 = md5 z";
        let file = file("test", text).unwrap();
        let count = |first: &str| {
            let found = file
                .situations
                .iter()
                .find(|one| one.first.as_deref() == Some(first))
                .unwrap();
            found.objects[0].properties.len()
        };
        assert_eq!((file.version, count("a"), count("b")), (3, 1, 2));
    }
}

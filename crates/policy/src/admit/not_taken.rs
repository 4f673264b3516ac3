//! Why no contribution box of an agreement takes an object: what each says of it, and how to change it.

use entente_stix::marking::Tlp;

use crate::agreement::{Agreement, Contribution, Parties};

/// Boxes that a refusal goes through; of more, the first ones.
const BOXES_TOLD_MAX: usize = 3;

/// The sentence for an object of this type and level that `teller` put in and no box takes. It is made of the
/// agreement, which its parties know, and of the object.
pub(super) fn not_taken(agreement: &Agreement, teller: &str, type_name: &str, level: Option<Tlp>) -> String {
    let id = &agreement.id;
    let way_out =
        "a new version that all its parties sign can change it: `entente agreement new`, `add`, `sign`";
    let Some(member) = agreement.member_of(teller) else {
        return format!("`{teller}` is not a party of the agreement `{id}`");
    };
    let boxes = agreement.contributions.iter();
    let open: Vec<&Contribution> = boxes.filter(|one| one.by.contains(&member.name)).collect();
    if open.is_empty() {
        let name = &member.name;
        let others = agreement.contributions.iter().take(BOXES_TOLD_MAX);
        let others: Vec<String> = others
            .map(|one| format!("`{}` is for {}", one.name, parties(&one.by)))
            .collect();
        let others = match others.is_empty() {
            true => String::new(),
            false => format!(" ({})", others.join(", ")),
        };
        return format!(
            "no contribution box of the agreement `{id}` takes anything from `{name}`{others}; {way_out}"
        );
    }
    let told = open.into_iter().take(BOXES_TOLD_MAX);
    let told: Vec<String> = told.map(|one| obstacle(one, type_name, level)).collect();
    format!("contributions under `{id}`: {}; {way_out}", told.join("; "))
}

fn obstacle(one: &Contribution, type_name: &str, level: Option<Tlp>) -> String {
    let (name, most) = (&one.name, one.markings_up_to);
    if !one.types.contains(type_name) {
        return format!("`{name}` takes no `{type_name}`");
    }
    match level {
        Some(level) => format!("`{name}` takes nothing above {most}, and this is {level}"),
        None => format!(
            "`{name}` takes nothing without a TLP marking, and this has none: mark it, or say in the box what \
             `unmarked` counts as"
        ),
    }
}

fn parties(by: &Parties) -> String {
    match by {
        Parties::All => "all".to_owned(),
        Parties::Named(names) => names.iter().map(String::as_str).collect::<Vec<_>>().join(", "),
    }
}

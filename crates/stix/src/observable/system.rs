//! What is found on a machine: paths, registry keys, numbers of networks and vulnerabilities.

use super::NotA;

/// A path: lower case, `/` between its parts, one at a time, none at the end.
///
/// `\\?\`, `\\.\` and `\??\` are taken off. `\Device\HarddiskVolume3` is written `c:`, because the
/// kernel's numbers of volumes are not known here and the first big one is nearly always that.
pub(super) fn file_path(raw: &str) -> Result<String, NotA> {
    let mut path = raw.to_lowercase().replace('\\', "/");
    // Each step can uncover the next; each makes the path shorter.
    loop {
        let shorter = without_device(&single_slashes(path.trim()));
        if shorter == path {
            break;
        }
        path = shorter;
    }
    if path.is_empty() {
        Err(NotA("empty"))
    } else {
        Ok(path)
    }
}

fn without_device(path: &str) -> String {
    for prefix in ["//?/unc/", "//./unc/"] {
        if let Some(share) = path.strip_prefix(prefix) {
            return format!("//{share}");
        }
    }
    for prefix in ["//?/", "//./", "/??/"] {
        if let Some(rest) = path.strip_prefix(prefix) {
            // A device path goes on: `\\?\Device\...` is `\Device\...`.
            return if rest.starts_with("device/") {
                format!("/{rest}")
            } else {
                rest.to_owned()
            };
        }
    }
    if let Some(rest) = path.strip_prefix("/device/harddiskvolume") {
        let after_number = rest.trim_start_matches(|character: char| character.is_ascii_digit());
        if after_number.len() < rest.len() && (after_number.is_empty() || after_number.starts_with('/')) {
            return format!("c:{after_number}");
        }
    }
    path.to_owned()
}

/// Two slashes are kept at the start only: a share.
fn single_slashes(path: &str) -> String {
    let rooted = path.starts_with('/');
    let share = path.starts_with("//");
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let start = match (share, rooted) {
        (true, _) => "//",
        (false, true) => "/",
        (false, false) => "",
    };
    format!("{start}{}", parts.join("/"))
}

/// A registry key: lower case, the hive in its short form, `ControlSet001` as `currentcontrolset`,
/// a user's hive (`HKU\S-1-5-21-...`) as `hkcu`.
pub(super) fn registry_key(raw: &str) -> Result<String, NotA> {
    let lower = raw.to_lowercase();
    let parts: Vec<&str> = lower
        .split('\\')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    let mut parts = parts.as_slice();
    // As the registry editor shows it.
    while let ["computer", rest @ ..] = parts
        && !rest.is_empty()
    {
        parts = rest;
    }
    let (hive, rest) = hive(parts);
    let key: Vec<&str> = hive
        .iter()
        .chain(current_control_set(hive, rest).iter())
        .copied()
        .collect();
    if key.is_empty() {
        Err(NotA("empty"))
    } else {
        Ok(key.join("\\"))
    }
}

/// The hive by its short name, and what follows.
fn hive<'p>(parts: &'p [&'p str]) -> (&'static [&'static str], &'p [&'p str]) {
    let Some((first, rest)) = parts.split_first() else {
        return (&[], parts);
    };
    match (first.trim_end_matches(':'), rest) {
        ("registry", ["machine", rest @ ..]) => (&["hklm"], rest),
        ("registry", ["user", rest @ ..]) => user_hive(rest),
        ("hklm" | "hkey_local_machine", _) => (&["hklm"], rest),
        ("hkcu" | "hkey_current_user", _) => (&["hkcu"], rest),
        ("hku" | "hkey_users", _) => user_hive(rest),
        ("hkcr" | "hkey_classes_root", _) => (&["hklm", "software", "classes"], rest),
        ("hkcc" | "hkey_current_config", _) => (&["hkcc"], rest),
        _ => (&[], parts),
    }
}

fn user_hive<'p>(rest: &'p [&'p str]) -> (&'static [&'static str], &'p [&'p str]) {
    match rest.split_first() {
        Some((user, rest)) if user.starts_with("s-1-") && user.ends_with("_classes") => {
            (&["hkcu", "software", "classes"], rest)
        }
        Some((user, rest)) if user.starts_with("s-1-") => (&["hkcu"], rest),
        _ => (&["hku"], rest),
    }
}

fn current_control_set<'p>(hive: &[&str], rest: &[&'p str]) -> Vec<&'p str> {
    let mut rest = rest.to_vec();
    if let (["hklm"], ["system", set, ..]) = (hive, rest.as_mut_slice())
        && is_numbered_control_set(set)
    {
        *set = "currentcontrolset";
    }
    rest
}

fn is_numbered_control_set(part: &str) -> bool {
    part.strip_prefix("controlset")
        .is_some_and(|number| number.len() == 3 && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// `AS64496`, from `64496`, `ASN 64496`, or `1.0` (RFC 5396 asdot).
pub(super) fn autonomous_system(raw: &str) -> Result<String, NotA> {
    const NO_NUMBER: NotA = NotA("no number of an autonomous system");
    let upper = raw.to_ascii_uppercase();
    let bare = upper
        .strip_prefix("ASN")
        .or_else(|| upper.strip_prefix("AS"))
        .unwrap_or(&upper)
        .trim();
    let number = |text: &str, max: u32| {
        let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u32>()
            .ok()
            .filter(|value| plain && *value <= max)
            .ok_or(NO_NUMBER)
    };
    let value = match bare.split_once('.') {
        Some((high, low)) => (number(high, 0xffff)? << 16) | number(low, 0xffff)?,
        None => number(bare, u32::MAX)?,
    };
    Ok(format!("AS{value}"))
}

/// `CVE-2021-44228`.
pub(super) fn vulnerability(raw: &str) -> Result<String, NotA> {
    let upper = raw.to_ascii_uppercase();
    let parts: Vec<&str> = upper.split('-').collect();
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    match parts.as_slice() {
        ["CVE", year, number] if year.len() == 4 && number.len() >= 4 && digits(year) && digits(number) => {
            Ok(upper)
        }
        _ => Err(NotA("no CVE number")),
    }
}

/// One space for each run of white space.
pub(super) fn single_spaced(raw: &str) -> String {
    raw.split_whitespace().collect::<Vec<_>>().join(" ")
}

//! What a value is by its look, for lists and look-ups; telemetry is read by its schema instead.

use std::borrow::Cow;

use super::{Kind, NotA, Observable, address, domain, hash, normalise, url};
use crate::limits::VALUE_BYTES_MAX;

/// What `raw` most likely is. Defanged values are understood.
///
/// - 32, 40, 64 or 128 hexadecimal digits are a hash.
/// - A name is a domain where it ends in a public suffix (publicsuffix.org) or in a special one such
///   as `.onion` or `.example`. `install.sh`, `setup.py` are domains therefore: they could be.
///   Two labels that end in `.zip` or `.mov` are a file name: such domains are rare in reports.
/// - Else a name that ends in the extension of a file that can do harm is a file name.
/// - A path is one from a drive, a share or a variable (`%TEMP%\x`) only; `/gate.php` could be half a URL.
pub fn guess(raw: &str) -> Option<Observable> {
    if raw.len() > VALUE_BYTES_MAX {
        return None;
    }
    let refanged = refang(bare(raw));
    let text = refanged.as_ref();
    GUESSES.iter().find_map(|guess| guess(text))
}

/// Everything that `raw` could be, the most likely first; for look-ups, where a miss costs nothing.
pub fn readings(raw: &str) -> Vec<Observable> {
    readings_among(raw, |_| true)
}

/// The [`readings`] of the kinds that are wanted; the others cost nothing.
pub fn readings_among(raw: &str, is_wanted: impl Fn(Kind) -> bool) -> Vec<Observable> {
    if raw.len() > VALUE_BYTES_MAX {
        return Vec::new();
    }
    const ANY: &[Kind] = &[
        Kind::Domain,
        Kind::Email,
        Kind::FileName,
        Kind::FilePath,
        Kind::Ja3,
        Kind::Imphash,
        Kind::Sha3_256,
        Kind::Sha3_512,
        Kind::CertificateSerial,
        Kind::Mutex,
        Kind::UserAgent,
        Kind::Account,
        Kind::Application,
        Kind::CommandLine,
        Kind::Ssdeep,
        Kind::Tlsh,
        Kind::Ja4,
    ];
    let refanged = refang(bare(raw));
    let mut found: Vec<Observable> = guess(raw)
        .into_iter()
        .filter(|guessed| is_wanted(guessed.kind))
        .collect();
    for kind in ANY.iter().filter(|kind| is_wanted(**kind)) {
        let reading = normalise(*kind, &refanged).ok();
        found.extend(reading.filter(|reading| !found.contains(reading)));
    }
    found
}

/// Without white space and quotes around it.
fn bare(raw: &str) -> &str {
    let mut text = raw.trim();
    for quote in ['"', '\'', '`'] {
        let inner = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        text = inner.map_or(text, str::trim);
    }
    text
}

/// From what can be told for sure to what is likely.
const GUESSES: &[fn(&str) -> Option<Observable>] = &[
    hash_by_length,
    address_or_network,
    url_with_scheme,
    numbered,
    registry_key,
    file_path,
    email,
    mac_address,
    url_without_scheme,
    host_with_port,
    domain_or_file_name,
];

fn hash_by_length(text: &str) -> Option<Observable> {
    normalise(hash::by_length(text)?, text).ok()
}

fn address_or_network(text: &str) -> Option<Observable> {
    normalise(Kind::Ipv4, text).ok()
}

fn url_with_scheme(text: &str) -> Option<Observable> {
    let (scheme, rest) = url::split_scheme(text);
    let web = ["http", "https", "ftp"]
        .iter()
        .any(|web| scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(web)));
    if !(web || scheme.is_some() && rest.starts_with("//")) {
        return None;
    }
    normalise(Kind::Url, text).ok()
}

/// `AS64496` and `CVE-2021-44228`.
fn numbered(text: &str) -> Option<Observable> {
    let named = text
        .get(..2)
        .is_some_and(|start| start.eq_ignore_ascii_case("AS"));
    let system = named
        .then(|| normalise(Kind::AutonomousSystem, text).ok())
        .flatten();
    system.or_else(|| normalise(Kind::Vulnerability, text).ok())
}

fn registry_key(text: &str) -> Option<Observable> {
    const HIVES: &[&str] = &[
        "hklm",
        "hkcu",
        "hkcr",
        "hku",
        "hkcc",
        "hkey_local_machine",
        "hkey_current_user",
        "hkey_classes_root",
        "hkey_users",
        "hkey_current_config",
    ];
    let (first, _) = text.split_once('\\')?;
    let hive = first.trim_end_matches(':');
    let kernel = text
        .get(..10)
        .is_some_and(|start| start.eq_ignore_ascii_case(r"\REGISTRY\"));
    let known = HIVES.iter().any(|known| hive.eq_ignore_ascii_case(known));
    if known || kernel {
        normalise(Kind::RegistryKey, text).ok()
    } else {
        None
    }
}

fn file_path(text: &str) -> Option<Observable> {
    let (first, rest) = text.split_at_checked(1)?;
    let drive = first.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && (rest.starts_with(":\\") || rest.starts_with(":/"));
    let variable = first == "%" && rest.contains("%\\");
    let share = text.starts_with(r"\\")
        || text
            .get(..8)
            .is_some_and(|start| start.eq_ignore_ascii_case(r"\Device\"));
    if drive || variable || share {
        normalise(Kind::FilePath, text).ok()
    } else {
        None
    }
}

fn email(text: &str) -> Option<Observable> {
    if text.contains('/') {
        return None;
    }
    let found = normalise(Kind::Email, text).ok()?;
    let (_, host) = found.value.rsplit_once('@')?;
    (host.starts_with('[') || domain::is_registrable(host)).then_some(found)
}

fn mac_address(text: &str) -> Option<Observable> {
    let separated = text.len() == 17 && (text.matches(':').count() == 5 || text.matches('-').count() == 5);
    if separated {
        normalise(Kind::MacAddress, text).ok()
    } else {
        None
    }
}

/// `evil.example/gate.php`: a host that is known to be one, and a path or query.
fn url_without_scheme(text: &str) -> Option<Observable> {
    let (host, _) = text.split_at_checked(text.find(['/', '?'])?)?;
    let place = host.rsplit_once('@').map_or(host, |(_, place)| place);
    let is_host = address::parse(place, true).is_some() || {
        let (name, port) = place.rsplit_once(':').unwrap_or((place, ""));
        port.bytes().all(|byte| byte.is_ascii_digit()) && host_name(name).is_ok()
    };
    if is_host && !text.contains(char::is_whitespace) {
        normalise(Kind::Url, text).ok()
    } else {
        None
    }
}

fn host_with_port(text: &str) -> Option<Observable> {
    let (name, port) = text.rsplit_once(':')?;
    let is_port = port.parse::<u16>().is_ok() && port.bytes().all(|byte| byte.is_ascii_digit());
    if is_port { host_name(name).ok() } else { None }
}

fn host_name(text: &str) -> Result<Observable, NotA> {
    let found = normalise(Kind::Domain, text)?;
    if domain::is_registrable(&found.value) {
        Ok(found)
    } else {
        Err(NotA("no known suffix"))
    }
}

fn domain_or_file_name(text: &str) -> Option<Observable> {
    let extension = text.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let archive = matches!(extension.as_str(), "zip" | "mov") && text.matches('.').count() == 1;
    if !archive && let Ok(found) = host_name(text) {
        return Some(found);
    }
    let named =
        text.len() > extension.len() + 1 && !text.contains(['/', '\\', ':', '*', '?', '"', '<', '>', '|']);
    let harmful = archive || EXTENSIONS.contains(&extension.as_str());
    if named && harmful {
        normalise(Kind::FileName, text).ok()
    } else {
        None
    }
}

/// Extensions of files that reports name; those that are also public suffixes are asked first as such.
const EXTENSIONS: &[&str] = &[
    "7z", "a3x", "apk", "ashx", "asp", "aspx", "au3", "bat", "bin", "bmp", "cab", "chm", "class", "cmd",
    "cpl", "crx", "csv", "dat", "dex", "dll", "dmg", "doc", "docm", "docx", "dotm", "drv", "dylib", "elf",
    "eml", "exe", "gif", "gz", "hta", "htm", "html", "hwp", "ico", "img", "inf", "ini", "ipa", "iqy", "iso",
    "jar", "jpeg", "jpg", "js", "jse", "jsp", "jspx", "json", "ko", "lnk", "log", "lua", "macho", "mht",
    "msc", "msg", "msi", "msix", "msp", "mui", "ocx", "odt", "one", "pdb", "pdf", "php", "pif", "plist",
    "png", "ppam", "ppt", "pptm", "pptx", "ps1", "psd1", "psm1", "py", "pyc", "pyd", "rar", "reg", "rtf",
    "scf", "scr", "sct", "sfx", "sh", "slk", "so", "sql", "svg", "swf", "sys", "tar", "tgz", "tmp", "txt",
    "url", "vbe", "vbs", "vhd", "vhdx", "war", "wll", "wsc", "wsf", "xla", "xlam", "xll", "xls", "xlsb",
    "xlsm", "xlsx", "xml", "xsl", "xz", "z",
];

/// The value as it was before somebody made it harmless: `hxxp[:]//evil[.]example` is
/// `http://evil.example`. What was not defanged stays as it is.
pub fn refang(raw: &str) -> Cow<'_, str> {
    let text = scheme_restored(raw);
    let text = replaced(text);
    dots_unescaped(text)
}

/// Spellings of `http` and `ftp` that no program opens, and what they stand for.
const BROKEN_SCHEMES: &[(&str, &str)] = &[
    ("hxxps", "https"),
    ("hxxp", "http"),
    ("hxtps", "https"),
    ("hxtp", "http"),
    ("htxps", "https"),
    ("htxp", "http"),
    ("h**ps", "https"),
    ("h**p", "http"),
    ("h__ps", "https"),
    ("h__p", "http"),
    ("h--ps", "https"),
    ("h--p", "http"),
    ("hyyps", "https"),
    ("hyyp", "http"),
    ("httxs", "https"),
    ("meows", "https"),
    ("meow", "http"),
    ("fxps", "ftps"),
    ("fxp", "ftp"),
    ("fxtp", "ftp"),
    ("f*p", "ftp"),
    ("h[tt]ps", "https"),
    ("h[tt]p", "http"),
    ("[https]", "https"),
    ("[http]", "http"),
    ("http[s]", "https"),
    ("http(s)", "https"),
];

fn scheme_restored(raw: &str) -> Cow<'_, str> {
    let follows = [":", "[:", "[/", "(:", "{:", "_"];
    for (broken, scheme) in BROKEN_SCHEMES {
        let Some((start, rest)) = raw.split_at_checked(broken.len()) else {
            continue;
        };
        if start.eq_ignore_ascii_case(broken) && follows.iter().any(|mark| rest.starts_with(mark)) {
            let rest = rest
                .strip_prefix('_')
                .map_or(Cow::Borrowed(rest), |rest| Cow::Owned(format!(":{rest}")));
            return Cow::Owned(format!("{scheme}{rest}"));
        }
    }
    Cow::Borrowed(raw)
}

/// Marks that stand for one character each. Longer ones first; letters in either case.
const MARKS: &[(&str, &str)] = &[
    ("[://]", "://"),
    ("(://)", "://"),
    ("{://}", "://"),
    ("[:]//", "://"),
    ("[:/]/", "://"),
    ("[:]", ":"),
    ("(:)", ":"),
    ("{:}", ":"),
    ("[//]", "//"),
    ("[/]", "/"),
    ("(/)", "/"),
    ("[dot]", "."),
    ("(dot)", "."),
    ("{dot}", "."),
    ("<dot>", "."),
    ("[punto]", "."),
    ("[d0t]", "."),
    ("[.]", "."),
    ("(.)", "."),
    ("{.}", "."),
    ("<.>", "."),
    ("[,]", "."),
    ("[.", "."),
    (".]", "."),
    ("(.", "."),
    (".)", "."),
    ("{.", "."),
    (".}", "."),
    ("[at]", "@"),
    ("(at)", "@"),
    ("{at}", "@"),
    ("<at>", "@"),
    ("[@]", "@"),
    ("(@)", "@"),
    ("{@}", "@"),
];

fn replaced(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains(['[', '(', '{', '<', ']', ')', '}']) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_ref();
    let mut changed = false;
    while let Some(first) = rest.chars().next() {
        let mark = MARKS.iter().find(|(mark, _)| {
            rest.get(..mark.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(mark))
                && belongs(mark, &out, rest)
        });
        match mark {
            Some((mark, meaning)) => {
                // ` [.] ` and `[dot] ` are written with room around them.
                let kept = out.trim_end().len();
                out.truncate(kept);
                out.push_str(meaning);
                rest = rest.get(mark.len()..).unwrap_or_default().trim_start();
                changed = true;
            }
            None => {
                out.push(first);
                rest = rest.get(first.len_utf8()..).unwrap_or_default();
            }
        }
    }
    if changed { Cow::Owned(out) } else { text }
}

/// Half a bracket (`evil[.com`, `evil.]com`) counts only between two characters of a name.
fn belongs(mark: &str, before: &str, rest: &str) -> bool {
    let whole = mark.len() != 2;
    let named = |character: Option<char>| character.is_some_and(char::is_alphanumeric);
    let after = rest.get(mark.len()..).unwrap_or_default().chars().next();
    whole || (named(before.chars().next_back()) && named(after))
}

/// `evil\.example`, where every backslash stands before a dot: not in a path.
fn dots_unescaped(text: Cow<'_, str>) -> Cow<'_, str> {
    let escaped = text.matches("\\.").count();
    let path = text.contains(":\\") || text.starts_with('\\');
    if escaped == 0 || path || text.matches('\\').count() != escaped {
        return text;
    }
    Cow::Owned(text.replace("\\.", "."))
}

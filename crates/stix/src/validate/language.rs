//! Language tags: RFC 5646, with the primary languages of ISO 639-1 and ISO 639-2.

/// Whether the text is a language tag: `en`, `de-CH`, `zh-Hant-TW`, `es-419`, `kok`, `x-elvish`.
///
/// A language that has a code of two letters is written with it (RFC 5646 §2.2.1).
pub(super) fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let primary = parts.next().unwrap_or_default().to_ascii_lowercase();
    if primary == "x" {
        return is_private(parts);
    }
    (is_listed(TWO_LETTERS, &primary) || is_listed(THREE_LETTERS, &primary)) && has_subtags_in_order(parts)
}

/// Whether the text is a language tag, or the ISO 639-2 code of a language.
pub(super) fn is_software_language(tag: &str) -> bool {
    is_language(tag) || is_listed(THREE_LETTERS_ALSO, tag)
}

fn is_listed(list: &[&str], code: &str) -> bool {
    list.binary_search(&code).is_ok()
}

/// Extended language, script, region, variants, extensions, private use: each at its place (RFC 5646 §2.1).
fn has_subtags_in_order<'a>(parts: impl Iterator<Item = &'a str>) -> bool {
    let mut parts = parts.peekable();
    let letters =
        |part: &str, count: usize| part.len() == count && part.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_word = |part: &str, least: usize| {
        (least..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let is_variant = |part: &str| {
        is_word(part, 5)
            || (part.len() == 4 && is_word(part, 4) && part.starts_with(|c: char| c.is_ascii_digit()))
    };
    let is_region =
        |part: &str| letters(part, 2) || (part.len() == 3 && part.bytes().all(|byte| byte.is_ascii_digit()));
    for _ in 0..3 {
        if parts.next_if(|part| letters(part, 3)).is_none() {
            break;
        }
    }
    parts.next_if(|part| letters(part, 4));
    parts.next_if(|part| is_region(part));
    while parts.next_if(|part| is_variant(part)).is_some() {}
    while let Some(singleton) = parts.next() {
        if singleton.eq_ignore_ascii_case("x") {
            return is_private(parts);
        }
        if !is_word(singleton, 1) || singleton.len() != 1 || parts.next_if(|part| is_word(part, 2)).is_none()
        {
            return false;
        }
        while parts.next_if(|part| is_word(part, 2)).is_some() {}
    }
    true
}

fn is_private<'a>(mut parts: impl Iterator<Item = &'a str>) -> bool {
    let is_word =
        |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    parts.next().is_some_and(is_word) && parts.all(is_word)
}

/// ISO 639-1.
const TWO_LETTERS: &[&str] = &[
    "aa", "ab", "ae", "af", "ak", "am", "an", "ar", "as", "av", "ay", "az", "ba", "be", "bg", "bh", "bi",
    "bm", "bn", "bo", "br", "bs", "ca", "ce", "ch", "co", "cr", "cs", "cu", "cv", "cy", "da", "de", "dv",
    "dz", "ee", "el", "en", "eo", "es", "et", "eu", "fa", "ff", "fi", "fj", "fo", "fr", "fy", "ga", "gd",
    "gl", "gn", "gu", "gv", "ha", "he", "hi", "ho", "hr", "ht", "hu", "hy", "hz", "ia", "id", "ie", "ig",
    "ii", "ik", "io", "is", "it", "iu", "ja", "jv", "ka", "kg", "ki", "kj", "kk", "kl", "km", "kn", "ko",
    "kr", "ks", "ku", "kv", "kw", "ky", "la", "lb", "lg", "li", "ln", "lo", "lt", "lu", "lv", "mg", "mh",
    "mi", "mk", "ml", "mn", "mr", "ms", "mt", "my", "na", "nb", "nd", "ne", "ng", "nl", "nn", "no", "nr",
    "nv", "ny", "oc", "oj", "om", "or", "os", "pa", "pi", "pl", "ps", "pt", "qu", "rm", "rn", "ro", "ru",
    "rw", "sa", "sc", "sd", "se", "sg", "sh", "si", "sk", "sl", "sm", "sn", "so", "sq", "sr", "ss", "st",
    "su", "sv", "sw", "ta", "te", "tg", "th", "ti", "tk", "tl", "tn", "to", "tr", "ts", "tt", "tw", "ty",
    "ug", "uk", "ur", "uz", "ve", "vi", "vo", "wa", "wo", "xh", "yi", "yo", "za", "zh", "zu",
];

/// ISO 639-2, languages without a code in ISO 639-1.
const THREE_LETTERS: &[&str] = &[
    "ace", "ach", "ada", "ady", "afa", "afh", "ain", "akk", "ale", "alg", "alt", "ang", "anp", "apa", "arc",
    "arn", "arp", "art", "arw", "ast", "ath", "aus", "awa", "bad", "bai", "bal", "ban", "bas", "bat", "bej",
    "bem", "ber", "bho", "bik", "bin", "bla", "bnt", "bra", "btk", "bua", "bug", "byn", "cad", "cai", "car",
    "cau", "ceb", "cel", "chb", "chg", "chk", "chm", "chn", "cho", "chp", "chr", "chy", "cmc", "cop", "cpe",
    "cpf", "cpp", "crh", "crp", "csb", "cus", "dak", "dar", "day", "del", "den", "dgr", "din", "doi", "dra",
    "dsb", "dua", "dum", "dyu", "efi", "egy", "eka", "elx", "enm", "ewo", "fan", "fat", "fil", "fiu", "fon",
    "frm", "fro", "frr", "frs", "fur", "gaa", "gay", "gba", "gem", "gez", "gil", "gmh", "goh", "gon", "gor",
    "got", "grb", "grc", "gsw", "gwi", "hai", "haw", "hil", "him", "hit", "hmn", "hsb", "hup", "iba", "ijo",
    "ilo", "inc", "ine", "inh", "ira", "iro", "jbo", "jpr", "jrb", "kaa", "kab", "kac", "kam", "kar", "kaw",
    "kbd", "kha", "khi", "kho", "kmb", "kok", "kos", "kpe", "krc", "krl", "kro", "kru", "kum", "kut", "lad",
    "lah", "lam", "lez", "lol", "loz", "lua", "lui", "lun", "luo", "lus", "mad", "mag", "mai", "mak", "man",
    "map", "mas", "mdf", "mdr", "men", "mga", "mic", "min", "mis", "mkh", "mnc", "mni", "mno", "moh", "mos",
    "mul", "mun", "mus", "mwl", "mwr", "myn", "myv", "nah", "nai", "nap", "nds", "new", "nia", "nic", "niu",
    "nog", "non", "nqo", "nso", "nub", "nwc", "nym", "nyn", "nyo", "nzi", "osa", "ota", "oto", "paa", "pag",
    "pal", "pam", "pap", "pau", "peo", "phi", "phn", "pon", "pra", "pro", "raj", "rap", "rar", "roa", "rom",
    "rup", "sad", "sah", "sai", "sal", "sam", "sas", "sat", "scn", "sco", "sel", "sem", "sga", "sgn", "shn",
    "sid", "sio", "sit", "sla", "sma", "smi", "smj", "smn", "sms", "snk", "sog", "son", "srn", "srr", "ssa",
    "suk", "sus", "sux", "syc", "syr", "tai", "tem", "ter", "tet", "tig", "tiv", "tkl", "tlh", "tli", "tmh",
    "tog", "tpi", "tsi", "tum", "tup", "tut", "tvl", "tyv", "udm", "uga", "umb", "und", "vai", "vot", "wak",
    "wal", "war", "was", "wen", "xal", "yao", "yap", "ypk", "zap", "zbl", "zen", "zgh", "znd", "zun", "zxx",
    "zza",
];

/// ISO 639-2, languages that have one.
const THREE_LETTERS_ALSO: &[&str] = &[
    "aar", "abk", "afr", "aka", "alb", "amh", "ara", "arg", "arm", "asm", "ava", "ave", "aym", "aze", "bak",
    "bam", "baq", "bel", "ben", "bih", "bis", "bod", "bos", "bre", "bul", "bur", "cat", "ces", "cha", "che",
    "chi", "chu", "chv", "cor", "cos", "cre", "cym", "cze", "dan", "deu", "div", "dut", "dzo", "ell", "eng",
    "epo", "est", "eus", "ewe", "fao", "fas", "fij", "fin", "fra", "fre", "fry", "ful", "geo", "ger", "gla",
    "gle", "glg", "glv", "gre", "grn", "guj", "hat", "hau", "heb", "her", "hin", "hmo", "hrv", "hun", "hye",
    "ibo", "ice", "ido", "iii", "iku", "ile", "ina", "ind", "ipk", "isl", "ita", "jav", "jpn", "kal", "kan",
    "kas", "kat", "kau", "kaz", "khm", "kik", "kin", "kir", "kom", "kon", "kor", "kua", "kur", "lao", "lat",
    "lav", "lim", "lin", "lit", "ltz", "lub", "lug", "mac", "mah", "mal", "mao", "mar", "may", "mkd", "mlg",
    "mlt", "mon", "mri", "msa", "mya", "nau", "nav", "nbl", "nde", "ndo", "nep", "nld", "nno", "nob", "nor",
    "nya", "oci", "oji", "ori", "orm", "oss", "pan", "per", "pli", "pol", "por", "pus", "que", "roh", "ron",
    "rum", "run", "rus", "sag", "san", "sin", "slk", "slo", "slv", "sme", "smo", "sna", "snd", "som", "sot",
    "spa", "sqi", "srd", "srp", "ssw", "sun", "swa", "swe", "tah", "tam", "tat", "tel", "tgk", "tgl", "tha",
    "tib", "tir", "ton", "tsn", "tso", "tuk", "tur", "twi", "uig", "ukr", "urd", "uzb", "ven", "vie", "vol",
    "wel", "wln", "wol", "xho", "yid", "yor", "zha", "zho", "zul",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_every_kind() {
        for tag in [
            "en",
            "en-US",
            "EN-us",
            "zh-Hant-TW",
            "es-419",
            "kok",
            "sl-rozaj-biske",
            "de-CH-1996",
            "x-elvish",
            "zh-yue",
            "en-a-bbb-x-a",
        ] {
            assert!(is_language(tag), "{tag}");
        }
        for tag in [
            "", "foo", "eng", "bbb", "en_US", "en-", "en--US", "english", "e", "x", "en-a", "en-US-US",
        ] {
            assert!(!is_language(tag), "{tag}");
        }
    }

    #[test]
    fn software_may_name_its_languages_by_three_letters() {
        assert!(is_software_language("eng") && is_software_language("ger") && is_software_language("en"));
        assert!(!is_software_language("bbb"));
    }

    #[test]
    fn lists_are_in_order() {
        for list in [TWO_LETTERS, THREE_LETTERS, THREE_LETTERS_ALSO] {
            assert!(list.is_sorted());
        }
    }
}

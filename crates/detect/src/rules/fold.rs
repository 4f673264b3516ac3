//! Letters without their case: Unicode's simple case folding (statuses C and S of `CaseFolding.txt`).
//!
//! Rules' texts and rows' values go through the same function. It takes one character to one character, so
//! `?` counts the same before and after. What follows from it: the Kelvin sign (U+212A) is `k`, the long s
//! (U+017F) is `s`, `ẞ` is `ß` but not `ss`; the Turkish `İ` (U+0130) and `ı` (U+0131) are letters of their own
//! and neither is `i`.

/// Folds one character. Which of several letters stands for all of them is not said anywhere else: only that
/// it is the same for each, and the small letter where it is ASCII.
pub(super) fn fold_char(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_lowercase();
    }
    match character {
        'ı' => character,
        '\u{1fd3}' => '\u{390}',
        '\u{1fe3}' => '\u{3b0}',
        '\u{fb05}' => '\u{fb06}',
        // Scripts without case, which need not be looked up.
        '\u{2e80}'..='\u{a63f}' | '\u{ac00}'..='\u{d7ff}' => character,
        _ => one(one(character, char::to_uppercase), char::to_lowercase),
    }
}

/// The mapping where it gives one character, else the character itself.
fn one<M: Iterator<Item = char>>(character: char, map: impl Fn(char) -> M) -> char {
    let mut mapped = map(character);
    match (mapped.next(), mapped.next()) {
        (Some(single), None) => single,
        _ => character,
    }
}

/// Appends the folded text.
pub(super) fn fold_into(text: &str, folded: &mut String) {
    if !text.is_ascii() {
        folded.extend(text.chars().map(fold_char));
        return;
    }
    let start = folded.len();
    folded.push_str(text);
    if let Some(new) = folded.get_mut(start..) {
        new.make_ascii_lowercase();
    }
}

/// The folded text.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    fold_into(text, &mut folded);
    folded
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

    #[test]
    fn characters_that_differ_in_case_alone_fold_to_one() {
        for character in '\0'..=char::MAX {
            let folded = fold_char(character);
            assert_eq!(fold_char(folded), folded, "{character:?}");
            if character >= '\u{20000}' {
                assert_eq!(folded, character);
                continue;
            }
            // The regular expressions' own table says which characters differ in case alone.
            let mut class = ClassUnicode::new([ClassUnicodeRange::new(character, character)]);
            class.case_fold_simple();
            let same = class.iter().flat_map(|range| range.start()..=range.end());
            let mut count = 0;
            for other in same {
                count += 1;
                assert_eq!(fold_char(other), folded, "{character:?} {other:?}");
            }
            // Of Unicode 17, which the expressions' table does not have yet.
            let is_new = matches!(character, '\u{a7ce}'..='\u{a7d5}' | '\u{16ea0}'..='\u{16ed3}');
            assert!(count > 1 || folded == character || is_new, "{character:?}");
        }
    }

    #[test]
    fn the_choices_where_languages_differ() {
        let check = |text: &str, folded: &str| assert_eq!(fold(text), folded);
        check("\u{212a}erberos", "kerberos");
        check("\u{17f}ystem", "system");
        check("İıIi", "İıii");
        check("Straße STRAẞE STRASSE", "straße straße strasse");
        check("ΣΑΣ σας", "σασ σασ");
        check("ПРИВЕТ 日本", "привет 日本");
    }
}

//! Agreements, in the form that people write and in the form that is signed.

use entente_policy::agreement::Agreement;

/// The document of an agreement: told whole, or read, and then both its forms say the same.
pub fn agreement_toml(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match Agreement::read(text) {
        Ok(agreement) => both_forms_say_the_same(&agreement),
        Err(faults) => {
            assert!(!faults.is_empty());
            assert!(faults.iter().all(|fault| !fault.to_string().is_empty()));
        }
    }
}

/// What was signed: exactly the bytes that the agreement gives again, or nothing.
pub fn agreement_canonical(data: &[u8]) {
    let Ok(agreement) = Agreement::from_canonical(data) else {
        return;
    };
    assert_eq!(agreement.canonical().as_bytes(), data, "byte by byte");
    both_forms_say_the_same(&agreement);
}

fn both_forms_say_the_same(agreement: &Agreement) {
    let canonical = agreement.canonical();
    let signed = Agreement::from_canonical(canonical.as_bytes()).expect("the canonical form is read");
    assert_eq!(&signed, agreement);
    let written = Agreement::read(&agreement.to_toml()).expect("the document is read");
    assert_eq!(written.canonical(), canonical);
}

//! What can only be seen from inside: who stands in which line.

use std::pin::pin;

use entente_access::{By, Role};
use futures_util::future::join_all;
use futures_util::poll;

use super::*;

/// Places to hash that are wanted when one password is shown for `name` five times at once.
async fn places_wanted(gate: &Gate, name: &str) -> usize {
    // Nobody comes to hash meanwhile, so that it is the line that is seen.
    let _all = gate.hashing.acquire_many(HASHING_MAX as u32).await.unwrap();
    let shown = Zeroizing::new("one guess of many".to_owned());
    let address = IpAddr::from([192, 0, 2, 1]);
    let tries = (0..5).map(|_| gate.verify(name, &shown, address, Door::SignIn));
    let mut tries = pin!(join_all(tries));
    assert!(poll!(&mut tries).is_pending());
    HASHING_WAITING_MAX - gate.waiting.available_permits()
}

#[tokio::test]
async fn who_is_no_account_waits_in_the_same_line_as_one_that_is() {
    let folder = tempfile::tempdir().unwrap();
    let gate = Gate::new(folder.path()).unwrap();
    let kept = accounts::hashed("correct horse battery", &"ada".parse().unwrap()).unwrap();
    let added = gate.accounts.change(|book| {
        for (name, kept) in [("ada", Some(kept)), ("tool", None), ("gone", None)] {
            let name: Name = name.parse().unwrap();
            book.add(By::Operator, name.clone(), Role::Reader, None, 0)?;
            if let Some(kept) = kept {
                book.set_password(By::Operator, &name, kept)?;
            }
            book.set_disabled(By::Operator, &name, name.as_str() == "gone")?;
        }
        Ok::<_, Failure>(())
    });
    added.unwrap();
    for name in ["ada", "tool", "gone", "nobody", "no name at all\u{0}", ""] {
        assert_eq!(places_wanted(&gate, name).await, 1, "{name}");
    }
    assert_eq!(gate.waiting.available_permits(), HASHING_WAITING_MAX);
    assert!(gate.under_way.lock().unwrap().is_empty());
}

#[tokio::test]
async fn who_waited_while_the_password_was_changed_is_not_let_in_with_the_former_one() {
    let folder = tempfile::tempdir().unwrap();
    let gate = Gate::new(folder.path()).unwrap();
    let name: Name = "ada".parse().unwrap();
    let set = |password: &str| {
        let kept = accounts::hashed(password, &name).unwrap();
        let changed = gate.accounts.change(|book| {
            book.set_password(By::Operator, &name, kept)
                .map_err(Failure::from)
        });
        changed.unwrap();
    };
    let added = gate.accounts.change(|book| {
        book.add(By::Operator, name.clone(), Role::Reader, None, 0)
            .map_err(Failure::from)
    });
    added.unwrap();
    set("correct horse battery");
    let shown = Zeroizing::new("correct horse battery".to_owned());
    let address = IpAddr::from([192, 0, 2, 1]);
    let places = gate.hashing.acquire_many(HASHING_MAX as u32).await.unwrap();
    let mut waits = pin!(gate.verify("ada", &shown, address, Door::SignIn));
    assert!(poll!(&mut waits).is_pending());
    set("another horse, another battery");
    drop(places);
    assert_eq!(waits.await.err().unwrap().status, StatusCode::UNAUTHORIZED);
}

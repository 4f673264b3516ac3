//! Sessions of people who signed in with a browser. In memory of the server only: a restart signs everybody out.
//!
//! Time is whole seconds of a clock that never goes back.

use std::collections::BTreeMap;

use crate::Seconds;
use crate::limits::{SECOND_FACTOR_WITHIN, SESSION_IDLE, SESSION_WHOLE, SESSIONS_MAX, SESSIONS_OF_ONE_MAX};
use crate::name::Name;
use crate::secret::{Digest, Secret};

/// Somebody who signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// As whom.
    pub account: Name,
    /// The account's state at sign-in; a change of password, role or second factor ends what began before it.
    pub epoch: u64,
    /// Whether the password was right and the code is still to come: nothing may be done with it until then.
    pub awaits_second: bool,
    began_at: Seconds,
    seen_at: Seconds,
}

impl Session {
    fn is_over(&self, at: Seconds) -> bool {
        let (idle, whole) = if self.awaits_second {
            (SECOND_FACTOR_WITHIN, SECOND_FACTOR_WITHIN)
        } else {
            (SESSION_IDLE, SESSION_WHOLE)
        };
        self.seen_at.saturating_add(idle) <= at || self.began_at.saturating_add(whole) <= at
    }
}

/// Everybody who is signed in.
#[derive(Default)]
pub struct Sessions {
    by_digest: BTreeMap<[u8; 32], Session>,
}

impl Sessions {
    /// Begins a session whose cookie is `secret`.
    pub fn begin(&mut self, secret: &Secret, account: Name, epoch: u64, awaits_second: bool, at: Seconds) {
        self.by_digest.retain(|_, session| !session.is_over(at));
        self.make_room(|session| session.account == account, SESSIONS_OF_ONE_MAX);
        self.make_room(|_| true, SESSIONS_MAX);
        let session = Session {
            account,
            epoch,
            awaits_second,
            began_at: at,
            seen_at: at,
        };
        self.by_digest.insert(secret.digest().bytes(), session);
    }

    /// The session of a cookie, which is now in use again.
    pub fn look(&mut self, cookie: &str, at: Seconds) -> Option<Session> {
        let digest = Digest::of(cookie).bytes();
        let session = self.by_digest.get_mut(&digest)?;
        if session.is_over(at) {
            self.by_digest.remove(&digest);
            return None;
        }
        session.seen_at = at;
        Some(session.clone())
    }

    /// Ends the session of a cookie.
    pub fn end(&mut self, cookie: &str) {
        self.by_digest.remove(&Digest::of(cookie).bytes());
    }

    /// Sessions there are, those that are over and not yet forgotten included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_digest.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_digest.is_empty()
    }

    /// Leaves room for one more among those that `belongs` picks out.
    fn make_room(&mut self, belongs: impl Fn(&Session) -> bool, most: usize) {
        while self.by_digest.values().filter(|session| belongs(session)).count() >= most {
            let picked = self.by_digest.iter().filter(|(_, session)| belongs(session));
            let Some(idlest) = picked
                .min_by_key(|(_, session)| session.seen_at)
                .map(|(digest, _)| *digest)
            else {
                return;
            };
            self.by_digest.remove(&idlest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sessions() -> Sessions {
        Sessions::default()
    }

    fn secret(number: u16) -> Secret {
        let mut random = [0; 32];
        random[..2].copy_from_slice(&number.to_be_bytes());
        Secret::bare(&random)
    }

    fn ada() -> Name {
        "ada".parse().unwrap()
    }

    #[test]
    fn a_session_ends_when_idle_and_in_any_case_after_twelve_hours() {
        let mut sessions = sessions();
        sessions.begin(&secret(1), ada(), 0, false, 0);
        sessions.begin(&secret(2), ada(), 0, false, 0);
        let mut at = 0;
        while at + SESSION_IDLE - 1 < SESSION_WHOLE {
            at += SESSION_IDLE - 1;
            assert!(sessions.look(secret(1).expose(), at).is_some(), "{at}");
        }
        assert!(sessions.look(secret(1).expose(), SESSION_WHOLE).is_none());
        assert!(sessions.look(secret(2).expose(), SESSION_IDLE).is_none());
    }

    #[test]
    fn a_sign_in_waits_five_minutes_for_its_code_however_often_it_is_looked_at() {
        let mut sessions = sessions();
        sessions.begin(&secret(1), ada(), 0, true, 0);
        for at in (0..SECOND_FACTOR_WITHIN).step_by(60) {
            assert!(sessions.look(secret(1).expose(), at).unwrap().awaits_second);
        }
        assert!(sessions.look(secret(1).expose(), SECOND_FACTOR_WITHIN).is_none());
    }

    #[test]
    fn of_too_many_sessions_of_one_account_the_idlest_ends_and_others_stay() {
        let mut sessions = sessions();
        sessions.begin(&secret(999), "bob".parse().unwrap(), 0, false, 0);
        for number in 0..=SESSIONS_OF_ONE_MAX as u16 {
            sessions.begin(&secret(number), ada(), 0, false, 1 + u64::from(number));
        }
        assert!(sessions.look(secret(0).expose(), 50).is_none());
        assert!(sessions.look(secret(1).expose(), 50).is_some());
        assert!(sessions.look(secret(999).expose(), 50).is_some());
        assert_eq!(sessions.len(), SESSIONS_OF_ONE_MAX + 1);
    }

    #[test]
    fn a_session_that_was_ended_or_never_was_is_none() {
        let mut sessions = sessions();
        sessions.begin(&secret(1), ada(), 0, false, 0);
        assert!(sessions.look("", 1).is_none());
        assert!(sessions.look(&secret(1).expose().to_lowercase(), 1).is_none());
        sessions.end(secret(1).expose());
        assert!(sessions.look(secret(1).expose(), 1).is_none());
        assert!(sessions.is_empty());
    }
}

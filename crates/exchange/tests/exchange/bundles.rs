//! Bundles in every order, replayed, missing, cut, changed, packed anew, for others, and made to do harm.

use std::fs;
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::path::Path;

use entente_exchange::bundle::{self, Error, From};
use entente_exchange::message::{self, Answer};
use entente_exchange::{read_answers, slice};
use entente_node::reading::Alarm;

use crate::world::{Actor, world};
use crate::{Random, cases};

/// Bundles of a log that grows, each from where the one before it ended; and what a conversation brings.
fn some(count: usize) -> (Vec<Actor>, Vec<Vec<u8>>) {
    let mut actors = world(3);
    let bundles = (0..count)
        .map(|_| {
            actors[0].tell(3);
            actors[0].bundle_for(&actors[1], From::LastBundle)
        })
        .collect();
    (actors, bundles)
}

#[test]
fn every_order_of_bundles_comes_to_what_a_conversation_brings() {
    let (mut actors, bundles) = some(5);
    let online = {
        let third = actors.pop().unwrap();
        third.sync(&actors[0], &mut Ok).unwrap();
        third.told()
    };
    let mut random = Random(1);
    for case in 0..cases(10) {
        // A reader of its own for each order: the same party, anew.
        let reader = world(3).remove(1);
        let mut order: Vec<usize> = (0..bundles.len()).chain(0..bundles.len()).collect();
        random.shuffle(&mut order);
        for _ in 0..bundles.len() {
            for place in &order {
                let before = reader.state();
                match reader.read(&bundles[*place]) {
                    Ok(account) => assert_eq!(account.is_old(), before.1 == reader.state().1),
                    Err(Error::Gap { missing, .. }) => {
                        assert!(missing.starts_with("bundle"), "{missing}");
                        assert_eq!(before, reader.state());
                    }
                    Err(error) => panic!("case {case}: {error}"),
                }
            }
        }
        assert_eq!(reader.told(), online, "case {case}: {order:?}");
    }
}

#[test]
fn a_bundle_that_is_replayed_changes_nothing() {
    let (actors, bundles) = some(2);
    let reader = &actors[1];
    bundles
        .iter()
        .for_each(|bundle| drop(reader.read(bundle).unwrap()));
    let before = reader.state();
    for _ in 0..cases(10) {
        assert!(bundles.iter().all(|bundle| reader.read(bundle).unwrap().is_old()));
    }
    assert_eq!(before, reader.state());
    assert_eq!(reader.read(&bundles[0]).unwrap().older.len(), 1);
}

#[test]
fn a_missing_bundle_is_named() {
    let (actors, bundles) = some(4);
    actors[1].read(&bundles[0]).unwrap();
    let error = actors[1].read(&bundles[3]).unwrap_err().to_string();
    assert!(error.contains("from entry 9 on, and only 3 are held"), "{error}");
    assert!(error.contains("read bundles 2 to 3 first"), "{error}");
    let error = actors[1].read(&bundles[2]).unwrap_err().to_string();
    assert!(error.contains("read bundle 2 first"), "{error}");
}

#[test]
fn a_second_history_in_a_bundle_convicts_its_owner() {
    let (mut actors, mut twins) = (world(2), world(2));
    for owner in [&mut actors[0], &mut twins[0]] {
        owner.tell(2);
    }
    actors[0].tell(1);
    actors[1]
        .read(&actors[0].bundle_for(&actors[1], From::Beginning))
        .unwrap();
    twins[0].at(1, |node, desk| {
        let object = node
            .store()
            .objects(Some("indicator"), None, 1)
            .unwrap()
            .items
            .remove(0);
        node.recall(&[object.id], "another history", desk).unwrap();
    });
    twins[0].tell(3);
    let other = twins[0].bundle_for(&twins[1], From::Beginning);
    let error = actors[1].read(&other).unwrap_err();
    assert!(error.is_fork(), "{error}");
    let alarms = actors[1].at(1, |node, _| node.alarms().unwrap());
    assert!(matches!(alarms[..], [Alarm::Fork { .. }]), "{alarms:?}");
}

#[test]
fn a_bundle_for_another_is_refused() {
    let (actors, bundles) = some(1);
    let (reader, other) = (&actors[1], &actors[2]);
    assert!(matches!(other.read(&bundles[0]), Err(Error::WrongRecipient)));
    // The reader packs it anew for somebody else.
    let packed = sealed(&unsealed(&bundles[0], reader.secret), other.secret);
    assert!(matches!(other.read(&packed), Err(Error::WrongAudience { .. })));
    assert!(reader.read(&bundles[0]).is_ok());
}

#[test]
fn a_bundle_from_the_future_or_past_is_refused() {
    let (actors, _) = some(1);
    let made = actors[0].bundle_at(1_000, &actors[1], From::Beginning);
    let read = |seconds| {
        let reader = &actors[1];
        reader.at(seconds, |node, desk| {
            bundle::read(node, desk, reader.secret, &mut Cursor::new(&made))
        })
    };
    assert!(matches!(read(600), Err(Error::NotYet { .. })));
    assert!(matches!(read(91 * 86_400), Err(Error::Over { .. })));
    assert!(read(800).is_ok());
}

#[test]
fn a_bundle_cut_or_changed_anywhere_is_refused_and_changes_nothing() {
    let (actors, bundles) = some(1);
    let reader = &actors[1];
    let before = reader.state();
    let mut random = Random(2);
    let inside = unsealed(&bundles[0], reader.secret);
    for case in 0..cases(400) {
        // Outside the encryption, and inside it, as somebody can who packs it anew.
        let mut bytes = if case % 2 == 0 {
            bundles[0].clone()
        } else {
            inside.clone()
        };
        let at = random.below(bytes.len());
        match random.below(5) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, random.below(256) as u8),
            2 => drop(bytes.remove(at)),
            _ => bytes[at] ^= 1 << random.below(8),
        }
        if case % 2 == 1 {
            bytes = sealed(&bytes, reader.secret);
        }
        if reader.read(&bytes).is_ok() {
            panic!("case {case}: a changed bundle was taken");
        }
        assert_eq!(before, reader.state(), "case {case}");
    }
    assert!(reader.read(&bundles[0]).is_ok());
}

#[test]
fn sections_of_two_bundles_do_not_mix() {
    let (actors, bundles) = some(2);
    let reader = &actors[1];
    let [one, two] = [0, 1].map(|place| unsealed(&bundles[place], reader.secret));
    let middle = one.len() / 2;
    for mixed in [
        [&one[..middle], &two[middle..]].concat(),
        [&one[..], &two[..]].concat(),
        [&two[..two.len() - 200], &one[one.len() - 200..]].concat(),
    ] {
        assert!(reader.read(&sealed(&mixed, reader.secret)).is_err());
    }
}

/// A party that signs with its own key a bundle of bad sections is refused by the sections.
#[test]
fn what_does_not_unpack_is_refused() {
    let (actors, bundles) = some(1);
    let reader = &actors[1];
    let inside = unsealed(&bundles[0], reader.secret);
    let bomb = zstd::encode_all(io::repeat(0).take(200 << 20), 19).unwrap();
    let header = inside
        .windows(2)
        .position(|window| window == b"\x02\x00")
        .unwrap_or(0);
    let mut bytes = inside[..header.max(16)].to_vec();
    bytes.push(2);
    bytes.extend([
        (bomb.len() & 0x7f) as u8 | 0x80,
        (bomb.len() >> 7 & 0x7f) as u8 | 0x80,
        (bomb.len() >> 14) as u8,
    ]);
    bytes.extend(bomb);
    assert!(reader.read(&sealed(&bytes, reader.secret)).is_err());
}

/// An endless file, of which reads are counted.
struct Zeros {
    at: u64,
    read: u64,
}

impl Read for Zeros {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        bytes.fill(0);
        self.read += bytes.len() as u64;
        Ok(bytes.len())
    }
}

impl Seek for Zeros {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        if let SeekFrom::Start(at) = to {
            self.at = at;
        }
        Ok(self.at)
    }
}

#[test]
fn ten_gigabytes_of_zeros_are_refused_at_once() {
    let reader = world(2).remove(0);
    let mut zeros = Zeros { at: 0, read: 0 };
    let read = reader.at(0, |node, desk| {
        bundle::read(node, desk, reader.secret, &mut zeros)
    });
    assert!(matches!(read, Err(Error::NotOurs(_))));
    assert!(zeros.read < 100, "{} bytes were read", zeros.read);
}

/// There is no place for a name in the form: what looks like a path is content, and goes nowhere.
#[test]
fn nothing_in_a_bundle_is_a_path() {
    let (actors, _) = some(1);
    let reader = &actors[1];
    for trick in [
        "../../etc/passwd",
        "/etc/passwd",
        "C:\\x",
        "PK\u{3}\u{4}",
        "./a\0b",
        "ustar",
    ] {
        let file = sealed(format!("entente/bundle\n{trick}").as_bytes(), reader.secret);
        assert!(
            matches!(reader.read(&file), Err(Error::NotOurs(_) | Error::Truncated)),
            "{trick}"
        );
        assert!(
            matches!(reader.read(trick.as_bytes()), Err(Error::NotOurs(_))),
            "{trick}"
        );
    }
}

fn unsealed(bundle: &[u8], secret: &str) -> Vec<u8> {
    let identity: age::x25519::Identity = secret.parse().unwrap();
    let decryptor = age::Decryptor::new(bundle).unwrap();
    let mut reader = decryptor
        .decrypt(std::iter::once(&identity as &dyn age::Identity))
        .unwrap();
    let mut inside = Vec::new();
    reader.read_to_end(&mut inside).unwrap();
    inside
}

fn sealed(inside: &[u8], secret: &str) -> Vec<u8> {
    let recipient: age::x25519::Recipient = bundle::recipient(secret).unwrap().parse().unwrap();
    let encryptor = age::Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient));
    let mut file = Vec::new();
    let mut writer = encryptor.unwrap().wrap_output(&mut file).unwrap();
    writer.write_all(inside).unwrap();
    writer.finish().unwrap();
    file
}

/// Writes the seeds of the fuzz corpora anew: `ENTENTE_REWRITE=1`.
#[test]
fn real_messages_and_bundles_are_of_the_form() {
    let mut actors = crate::world::world(2);
    actors[0].tell(2);
    let [owner, reader] = &actors[..] else { panic!() };
    let mut seeds = vec![(
        "exchange_bundle",
        "inside",
        unsealed(&owner.bundle_for(reader, From::Beginning), reader.secret),
    )];
    let (_, sections) = bundle::outline(&seeds[0].2[..]).unwrap();
    assert_eq!(sections, 4);
    let mut packed = Vec::new();
    reader
        .sync(owner, &mut |bytes| {
            packed.push(bytes.clone());
            Ok(bytes)
        })
        .unwrap();
    const NAMES: [&str; 8] = [
        "ask_acts",
        "acts",
        "ask_opening",
        "opening",
        "ask_slice",
        "slice",
        "ask_telling",
        "telling",
    ];
    assert_eq!(packed.len(), NAMES.len());
    for (name, message) in NAMES.into_iter().zip(&packed) {
        let body = zstd::decode_all(&message[8..]).unwrap();
        let is_question = name.starts_with("ask");
        let again = if is_question {
            message::questions_again(&body)
        } else {
            message::answers_again(&body)
        };
        assert_eq!(again.as_ref(), Ok(&body), "{name}");
        seeds.push(("exchange_message", name, body));
    }
    seeds.push(("exchange_message", "packed", packed[5].clone()));
    let Answer::Slice(slice) = &read_answers(&packed[5]).unwrap()[0] else {
        panic!()
    };
    seeds.push(("exchange_slice", "slice", slice::to_bytes(slice)));
    if std::env::var_os("ENTENTE_REWRITE").is_some() {
        for (target, name, bytes) in seeds {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("../../fuzz/corpus")
                .join(target);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(name), bytes).unwrap();
        }
    }
}

//! Transfers that break off anywhere, and bytes that change on their way.

use entente_exchange::limits::CHUNK_BYTES_MAX;

use crate::world::world;
use crate::{Random, cases};

#[test]
fn a_transfer_that_is_cut_anywhere_goes_on_where_it_was() {
    let mut random = Random(5);
    for case in 0..cases(10) {
        let mut actors = world(2);
        actors[0].tell(3_000);
        let [owner, reader] = &actors[..] else { panic!() };
        let whole = 900_000;
        let mut cut_at = random.below(whole);
        let (mut passed, mut wasted, mut cuts) = (0, 0, 0);
        loop {
            let synced = reader.sync(owner, &mut |mut bytes| {
                passed += bytes.len();
                if cuts < 5 && passed > cut_at {
                    cuts += 1;
                    wasted += bytes.len();
                    cut_at = passed + random.below(whole);
                    bytes.truncate(random.below(bytes.len()));
                }
                Ok(bytes)
            });
            if synced.is_ok() && reader.told().len() == 3_000 {
                break;
            }
        }
        assert!(
            wasted <= cuts * CHUNK_BYTES_MAX,
            "case {case}: {wasted} bytes for {cuts} cuts"
        );
    }
}

#[test]
fn a_message_with_a_changed_byte_is_refused_or_means_the_same() {
    let mut random = Random(6);
    let mut actors = world(2);
    actors[0].tell(20);
    let [owner, reader] = &actors[..] else { panic!() };
    for _ in 0..cases(300) {
        let _ = reader.sync(owner, &mut |mut bytes| {
            if random.below(3) == 0 {
                let at = random.below(bytes.len());
                bytes[at] ^= 1 << random.below(8);
            }
            Ok(bytes)
        });
    }
    reader.sync(owner, &mut Ok).unwrap();
    assert_eq!(reader.told().len(), 20);
    assert!(reader.node.alarms().unwrap().is_empty());
}

//! Peers that ask for too much, ask to find out, and never come to an end.

use entente_exchange::message::Answer;
use entente_exchange::{answer, limits, read_answers, sync};
use entente_policy::agreement::Agreement;

use crate::world::{Actor, world};

fn number(mut value: usize, out: &mut Vec<u8>) {
    while value > 0x7f {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn text(bytes: &[u8], out: &mut Vec<u8>) {
    number(bytes.len(), out);
    out.extend_from_slice(bytes);
}

/// A message of parts: tag and fields.
fn message(parts: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut body = vec![parts.len() as u8];
    for (tag, fields) in parts {
        body.push(*tag);
        text(fields, &mut body);
    }
    let frame = zstd::encode_all(&body[..], 3).unwrap();
    [b"entente\x01".as_slice(), &frame].concat()
}

fn acts(acts: &[(&str, &str)]) -> Vec<u8> {
    let mut fields = Vec::new();
    number(acts.len(), &mut fields);
    for (kind, act) in acts {
        text(kind.as_bytes(), &mut fields);
        text(act.as_bytes(), &mut fields);
    }
    fields
}

fn ask(asked: &Actor, by: &Actor, request: &[u8]) -> Vec<u8> {
    asked.at(2, |node, desk| {
        answer(&node.view(&by.id, desk.at), desk, request).unwrap()
    })
}

#[test]
fn many_questions_in_one_request_do_not_make_an_answer_beyond_bounds() {
    let mut actors = world(2);
    actors[0].tell(4_000);
    let view = actors[0].at(2, |node, desk| {
        node.view(&actors[1].id, desk.at).channels().unwrap()
    });
    let mut fields = Vec::new();
    text(view[0].origin.as_bytes(), &mut fields);
    fields.push(0);
    number(1 << 20, &mut fields);
    let request = message(&vec![(4, fields); limits::PARTS_MAX]);
    let answers = read_answers(&ask(&actors[0], &actors[1], &request)).unwrap();
    let slices = answers.iter().filter(|answer| matches!(answer, Answer::Slice(_)));
    assert!((1..=5).contains(&slices.count()), "a slice has about a megabyte");
    let last = answers.last().unwrap();
    assert!(
        matches!(last, Answer::Refused { code, .. } if code == "too-much"),
        "{last:?}"
    );
}

/// The draft of an agreement between the two, as anybody can write it.
fn draft(actors: &[Actor], id: &str) -> String {
    let pact = actors[1].at(2, |node, desk| node.pact("north-sea", desk.at).unwrap().unwrap());
    let mut agreement = Agreement::clone(&pact.agreement);
    agreement.id = id.to_owned();
    agreement.parties.retain(|member| member.identity != actors[2].id);
    agreement.canonical()
}

#[test]
fn what_is_handed_over_is_no_way_to_find_out_what_is_known() {
    let actors = world(3);
    // Two of the three have an agreement of their own, of which the third has no part.
    let secret = draft(&actors, "secret");
    let toml = Agreement::from_canonical(secret.as_bytes()).unwrap().to_toml();
    actors[0].at(2, |node, desk| {
        node.draft(&toml, desk.at).unwrap();
        node.sign("secret", 1, desk.keys, desk.at).unwrap();
    });
    let named = |id: &str| draft(&actors, id).replace("North Sea", "Guess");
    let told = |id: &str| {
        let agreement = named(id);
        ask(
            &actors[0],
            &actors[2],
            &message(&[(2, acts(&[("agreement", &agreement)]))]),
        )
    };
    assert_eq!(told("secret"), told("another"));
}

#[test]
fn a_peer_that_always_has_more_acts_does_not_keep_a_conversation_up() {
    let actors = world(2);
    let mut asked = 0_u32;
    let done = actors[0].at(2, |node, desk| {
        sync(node, &actors[1].id, desk, &mut |question| {
            let body = zstd::decode_all(&question[8..]).unwrap();
            if body[1] != 1 {
                return Ok(ask(&actors[1], &actors[0], question));
            }
            asked += 1;
            assert!(asked < 1_000, "it goes on and on");
            let junk = format!("junk {asked}\n");
            let mut fields = acts(&[("leaving", &junk)]);
            fields.extend([0, 1]);
            Ok(message(&[(1, fields)]))
        })
    });
    assert_eq!(asked, limits::ACTS_ANSWERS_MAX);
    assert_eq!(done.unwrap().refused.len(), asked as usize);
}

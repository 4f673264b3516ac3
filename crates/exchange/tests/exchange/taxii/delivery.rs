use entente_exchange::taxii::client::{Became, Delivery, Fault, Outgoing, Request, Response, Step};
use entente_stix::json;
use entente_stix::time::Timestamp;

use super::client::collection;

fn objects(count: usize, bytes: usize) -> Vec<Outgoing> {
    let id = |number| format!("x-test--{number:08}-0000-4000-8000-000000000000");
    let object = |number| Outgoing {
        id: id(number),
        text: format!(
            r#"{{"type":"x-test","id":"{}","pad":"{}"}}"#,
            id(number),
            "x".repeat(bytes)
        )
        .into_bytes(),
    };
    (0..count).map(object).collect()
}

fn response(status: u16, body: &str) -> Response {
    Response {
        status,
        content_type: Some("application/taxii+json;version=2.1".to_owned()),
        body: body.into(),
        ..Response::default()
    }
}

fn deliver(mut delivery: Delivery, answer: &mut dyn FnMut(&Request) -> Response) -> Result<Delivery, Fault> {
    for _ in 0..1_000 {
        match delivery.step() {
            Step::Done => return Ok(delivery),
            Step::Wait(_) => {}
            Step::Ask(request) => delivery.take(&answer(&request), Timestamp::from_micros(0))?,
        }
    }
    panic!("it does not end");
}

fn ids(request: &Request) -> Vec<String> {
    let value = json::read(request.body.as_deref().unwrap()).unwrap();
    let objects = value.get("objects").unwrap().as_array().unwrap();
    objects
        .iter()
        .map(|object| object.get("id").unwrap().as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn each_object_gets_the_server_s_word_once_it_has_one() {
    let mut polls = 0;
    let delivery = Delivery::new(&collection(), None, objects(3, 1));
    let delivery = deliver(delivery, &mut |request| {
        if request.method == "POST" {
            assert_eq!(request.url.path(), "/api/collections/9f8d/objects/");
            assert_eq!(request.content_type, Some("application/taxii+json;version=2.1"));
            return response(202, r#"{"id":"2d086da7","status":"pending","total_count":3}"#);
        }
        assert_eq!(request.url.path(), "/api/status/2d086da7/");
        polls += 1;
        if polls < 3 {
            return response(200, r#"{"id":"2d086da7","status":"pending","total_count":3}"#);
        }
        response(
            200,
            r#"{"id":"2d086da7","status":"complete","total_count":3,"success_count":1,"failure_count":1,
               "successes":[{"id":"x-test--00000000-0000-4000-8000-000000000000"}],
               "failures":[{"id":"x-test--00000001-0000-4000-8000-000000000000","message":"no indicators"}]}"#,
        )
    });
    let became: Vec<Became> = delivery
        .unwrap()
        .became()
        .iter()
        .map(|(_, became)| became.clone())
        .collect();
    assert_eq!(
        became,
        [
            Became::Accepted,
            Became::Refused("no indicators".to_owned()),
            Became::Unsaid
        ]
    );
}

#[test]
fn envelopes_keep_to_what_the_server_takes() {
    let (mut sizes, mut sent) = (Vec::new(), Vec::new());
    let delivery = Delivery::new(&collection(), Some(1_000), objects(20, 100));
    let delivery = deliver(delivery, &mut |request| {
        sizes.push(request.body.as_ref().unwrap().len());
        sent.extend(ids(request));
        response(
            202,
            r#"{"id":"s","status":"complete","total_count":1,"success_count":1,"failure_count":0}"#,
        )
    });
    assert!(sizes.iter().all(|size| *size <= 1_000), "{sizes:?}");
    let wanted: Vec<String> = objects(20, 100).into_iter().map(|object| object.id).collect();
    assert_eq!(sent, wanted);
    assert!(
        delivery
            .unwrap()
            .became()
            .iter()
            .all(|(_, became)| *became == Became::Accepted)
    );
}

#[test]
fn what_is_too_much_is_sent_in_parts_and_one_that_is_too_big_alone_is_refused() {
    let mut accepted = Vec::new();
    let mut batch = objects(7, 10);
    batch.push(objects(9, 3_000).pop().unwrap());
    let delivery = deliver(Delivery::new(&collection(), None, batch), &mut |request| {
        if request.body.as_ref().unwrap().len() > 400 {
            return response(413, "");
        }
        accepted.extend(ids(request));
        response(
            202,
            r#"{"id":"s","status":"complete","total_count":2,"success_count":2,"failure_count":0}"#,
        )
    });
    let delivery = delivery.unwrap();
    assert_eq!(accepted.len(), 7);
    assert_eq!(delivery.became().len(), 8);
    assert!(matches!(&delivery.became()[7].1, Became::Refused(why) if why.contains("bigger")));
}

#[test]
fn one_bad_object_does_not_spoil_the_others() {
    let bad = objects(5, 1).remove(3).id;
    let delivery = deliver(
        Delivery::new(&collection(), None, objects(5, 1)),
        &mut |request| {
            if ids(request).contains(&bad) {
                return response(422, r#"{"title":"bad object","description":"/objects/3"}"#);
            }
            response(
                202,
                r#"{"id":"s","status":"complete","total_count":1,"success_count":1,"failure_count":0}"#,
            )
        },
    );
    let delivery = delivery.unwrap();
    let refused: Vec<&String> = delivery
        .became()
        .iter()
        .filter(|(_, became)| matches!(became, Became::Refused(_)))
        .map(|(id, _)| id)
        .collect();
    assert_eq!(refused, [&bad]);
    assert_eq!(delivery.became().len(), 5);
}

#[test]
fn a_status_that_stays_pending_or_is_forgotten_leaves_it_open() {
    for status in [200, 404] {
        let mut polls = 0;
        let delivery = deliver(
            Delivery::new(&collection(), None, objects(1, 1)),
            &mut |request| {
                if request.method == "POST" {
                    return response(202, r#"{"id":"s","status":"pending"}"#);
                }
                polls += 1;
                response(status, r#"{"id":"s","status":"pending"}"#)
            },
        );
        assert_eq!(delivery.unwrap().became()[0].1, Became::Unsaid);
        assert!(polls <= 30);
    }
}

#[test]
fn nothing_is_handed_in_elsewhere() {
    let mut moved = response(307, "");
    moved.location = Some("https://evil.example/".to_owned());
    let fault = deliver(Delivery::new(&collection(), None, objects(1, 1)), &mut |_| {
        moved.clone()
    });
    assert!(matches!(fault, Err(Fault::Elsewhere { .. })));
    // A redirect that would turn it into a question is no answer.
    moved.status = 302;
    moved.location = Some("/x/".to_owned());
    let fault = deliver(Delivery::new(&collection(), None, objects(1, 1)), &mut |_| {
        moved.clone()
    });
    assert!(matches!(fault, Err(Fault::Rejected { status: 302, .. })));
}

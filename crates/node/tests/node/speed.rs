//! How fast a million objects are released, entries, proofs and head included. Run by hand:
//! `cargo test --release -p entente-node --test node speed -- --ignored --nocapture`.

use entente_node::release::Selection;

use crate::peers::{agreed, count, indicator};
use crate::world::{Home, day};

#[test]
#[ignore = "a measurement"]
#[allow(clippy::disallowed_methods, clippy::print_stdout, reason = "this measures")]
fn release_of_many_objects_is_measured() {
    let many = count("ENTENTE_RELEASED", 1_000_000);
    let peers = agreed(vec![Home::durable("Alpha", 1), Home::durable("Beta", 2)]);
    let alpha = &peers[0];
    for first in (0..many).step_by(50_000) {
        let objects: Vec<String> = (first..many.min(first + 50_000))
            .map(|number| indicator(number, 0, ""))
            .collect();
        alpha.import("feed", &objects, day(3));
    }
    let began = std::time::Instant::now();
    let (desk, mut released) = (alpha.desk(day(3)), 0_u32);
    let account = alpha
        .home
        .node
        .release(&Selection::All, None, false, &desk, &mut |_| released += 1)
        .unwrap();
    let seconds = began.elapsed().as_secs_f64();
    assert_eq!(account.released, u64::from(many));
    println!(
        "{many} objects released in {seconds:.1} s: {:.0}/s",
        f64::from(many) / seconds
    );
    let began = std::time::Instant::now();
    let again = alpha.release(&Selection::All, day(4)).0;
    assert_eq!(again.decided, 0);
    println!("nothing new: {:.3} s", began.elapsed().as_secs_f64());
}

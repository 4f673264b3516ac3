mod changes;
mod faults;
mod migration;

use entente_store::Store;
use entente_store::conformance;
use entente_store::sqlite::{Options, Sqlite};
use tempfile::TempDir;

#[test]
fn sqlite_conforms() {
    let folder = TempDir::new().unwrap();
    // What must survive a power loss is not the suite's question, and thousands of commits are quicker so.
    let options = Options {
        sync: false,
        ..Options::write()
    };
    let open = |name: &str| -> Box<dyn Store> {
        Box::new(Sqlite::open(&folder.path().join(name), &options).unwrap())
    };
    conformance::suite(&open);
}

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
    let open = |name: &str| -> Box<dyn Store> {
        Box::new(Sqlite::open(&folder.path().join(name), &Options::write()).unwrap())
    };
    conformance::suite(&open);
}

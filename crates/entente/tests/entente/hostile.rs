//! Bad input and bad circumstances: a clear error with file, place and way out, the documented exit code,
//! and nothing acknowledged lost.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::harness::{Home, Ran, bundle, indicator};

fn is_clear(ran: &Ran, code: i32, names: &[&str]) {
    assert_eq!(ran.code, code, "{}{}", ran.out, ran.err);
    let told = format!("{}{}", ran.out, ran.err);
    for name in names {
        assert!(told.contains(name), "`{name}` is not named in: {told}");
    }
    assert!(!told.contains("panicked"), "{told}");
}

#[test]
fn truncated_gzip_gives_what_came_before_and_names_the_place() {
    let home = Home::with_indicator();
    let lines: String = (0..20_000)
        .map(|number| {
            format!(
                "{{\"_path\":\"dns\",\"ts\":{number}.5,\"uid\":\"C{number}\",\"query\":\"evil.example\"}}\n"
            )
        })
        .collect();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(lines.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let file = home.file("cut.log.gz", &gzip[..gzip.len() / 2]);
    let ran = home.run(&["scan", "--json", "--any-time", "--dry-run", &file]);
    is_clear(&ran, 6, &["cut.log.gz", "truncated", "byte"]);
    assert!(ran.out.matches("\"indicator\"").count() > 5_000);
}

#[test]
fn binary_garbage_is_named_and_the_files_beside_it_are_scanned() {
    let home = Home::with_indicator();
    let mut numbers = crate::harness::Numbers(7);
    let garbage: Vec<u8> = (0..100_000).map(|_| numbers.next() as u8).collect();
    home.file("logs/a.bin", &garbage);
    home.file(
        "logs/b.json",
        "{\"_path\":\"dns\",\"ts\":1767225601.5,\"uid\":\"C2\",\"query\":\"evil.example\"}\n",
    );
    let ran = home.run(&["scan", "--json", home.path("logs").to_str().unwrap()]);
    is_clear(&ran, 6, &["a.bin"]);
    assert_eq!(ran.last()["summary"]["detections"], 1);
    let file = home.path("logs/a.bin").display().to_string();
    is_clear(&home.run(&["import", &file]), 6, &["a.bin"]);
}

#[test]
fn deep_nesting_is_refused_quickly() {
    let home = Home::new();
    let deep = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
    let file = home.file("deep.json", &deep);
    is_clear(&home.run(&["import", &file]), 6, &["deep.json"]);
    let inside = format!(
        "{{\"type\":\"bundle\",\"id\":\"bundle--5d0092c5-5f74-4287-9642-33f4c354e56d\",\"objects\":[{deep},{}]}}",
        indicator(1, "[domain-name:value = 'evil.example']")
    );
    let file = home.file("inside.json", inside);
    let ran = home.run(&["import", "--json", &file]);
    is_clear(&ran, 6, &["/objects/0"]);
    assert_eq!(ran.last()["account"]["stored"], 1);
    let log = home.file(
        "deep.log",
        format!("{{\"a\":{deep}}}\n{{\"_path\":\"dns\",\"query\":\"evil.example\"}}\n"),
    );
    let ran = home.run(&["scan", "--json", &log]);
    assert_eq!(ran.last()["summary"]["detections"], 1, "{}", ran.out);
}

#[test]
fn a_line_without_end_is_passed_over_in_constant_memory() {
    let home = Home::with_indicator();
    let mut child = Command::new("sh")
        // 512 MiB of address space: a line that were held would not fit.
        .args([
            "-c",
            "ulimit -v 1048576; exec \"$0\" \"$@\"",
            env!("CARGO_BIN_EXE_entente"),
        ])
        .args(["scan", "--json", "--dry-run", "-"])
        .env("ENTENTE_DATA", home.data())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        let block = vec![b'a'; 1 << 20];
        stdin
            .write_all(b"{\"_path\":\"dns\",\"query\":\"evil.example\"}\n")
            .unwrap();
        for _ in 0..1_024 {
            stdin.write_all(&block).unwrap();
        }
        stdin
            .write_all(b"\n{\"_path\":\"dns\",\"query\":\"www.evil.example\"}\n")
            .unwrap();
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{out}");
    assert!(
        out.contains("\"line\":1,") && out.contains("\"line\":3,"),
        "{out}"
    );
    assert!(out.contains("\"defect\":{"), "{out}");
}

#[test]
fn other_encodings_are_read_or_named() {
    let home = Home::with_indicator();
    let text = "{\"_path\":\"dns\",\"ts\":1767225601.5,\"query\":\"evil.example\"}\n";
    let utf16: Vec<u8> = [0xfeff]
        .into_iter()
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let file = home.file("utf16.log", utf16);
    assert_eq!(
        home.ok(&["scan", "--json", &file]).last()["summary"]["detections"],
        1
    );
    let latin = home.file("latin.log", b"Jan  1 00:00:01 host app: caf\xe9 evil.example\n");
    assert_eq!(
        home.ok(&["scan", "--json", &latin]).last()["summary"]["detections"],
        1
    );
    let feed =
        bundle(&[indicator(2, "[domain-name:value = 'x.example']").replace("indicator 2", "caf\u{e9}")]);
    let latin: Vec<u8> = feed.chars().map(|character| character as u8).collect();
    let file = home.file("latin.json", latin);
    is_clear(
        &home.run(&["import", "--json", &file]),
        6,
        &["/objects/0", "UTF-8"],
    );
}

#[test]
fn second_writer_is_refused_at_once_and_names_the_first() {
    let home = Home::with_indicator();
    let mut first = home
        .command(&["import", "--as", "list", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    // The first one holds the folder for as long as its input is open; wait until it says so.
    let lock = home.data().join("lock");
    let holds = || std::fs::read_to_string(&lock).is_ok_and(|pid| pid.trim() == first.id().to_string());
    while !holds() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let second = home.run(&["import", "--as", "list", "-"]);
    is_clear(&second, 7, &[&first.id().to_string()]);
    // Questions are answered meanwhile.
    assert_eq!(home.run(&["look", "evil.example"]).code, 0);
    drop(first.stdin.take());
    assert!(first.wait().unwrap().success());
    home.ok(&["import", "--as", "list", "-"]);
}

#[test]
fn unwritable_folder_is_named_with_a_way_out() {
    use std::os::unix::process::CommandExt as _;
    let home = Home::with_indicator();
    let folder = home.path("closed");
    std::fs::create_dir(&folder).unwrap();
    let list = home.file("list.txt", "evil.example\n");
    let mut permissions = std::fs::metadata(&folder).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&folder, permissions).unwrap();
    std::fs::set_permissions(home.path(""), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut command = home.command(&["import", "--data", folder.join("data").to_str().unwrap(), &list]);
    // Root may write anywhere; try as nobody then.
    if std::fs::File::create(folder.join("probe")).is_ok() {
        command.uid(65_534);
        if command.output().is_err() {
            return;
        }
    }
    let output = command.output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(7), "{err}");
    assert!(err.contains("closed") && err.contains("--data"), "{err}");
}

#[test]
fn full_disk_loses_nothing_acknowledged_and_recovers() {
    let home = Home::new();
    let small = home.path("small");
    std::fs::create_dir(&small).unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=3m", "tmpfs"])
        .arg(&small)
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !mounted {
        // Only root may mount; the store's own tests fill a database instead.
        return;
    }
    let done = std::panic::catch_unwind(|| fill(&home, &small));
    Command::new("umount").arg(&small).status().unwrap();
    if let Err(panic) = done {
        std::panic::resume_unwind(panic);
    }
}

fn fill(home: &Home, small: &std::path::Path) {
    let objects: Vec<String> = (0..8_192)
        .map(|number| indicator(number, &format!("[domain-name:value = 'h{number}.example']")))
        .collect();
    let file = home.file("feed.json", bundle(&objects));
    let data = small.join("data").display().to_string();
    let ran = home.run(&["import", "--json", "--data", &data, &file]);
    is_clear(&ran, 7, &["full", "small/data"]);
    let acknowledged: Vec<String> = ran
        .json()
        .iter()
        .filter(|line| line["outcome"] == "stored")
        .map(|line| line["id"].as_str().unwrap().to_owned())
        .collect();
    assert!(acknowledged.len() < objects.len());
    let exported = home.run(&["export", "stix", "--data", &data, "--type", "indicator"]);
    assert_eq!(exported.code, 0, "{}", exported.err);
    for id in &acknowledged {
        assert!(exported.out.contains(id), "`{id}` was acknowledged and is gone");
    }
    assert_eq!(home.run(&["check", "--data", &data]).code, 0);
    // Room again: the same import ends well.
    Command::new("mount")
        .args(["-o", "remount,size=200m"])
        .arg(small)
        .status()
        .unwrap();
    home.ok(&["import", "--data", &data, &file]);
    assert_eq!(home.run(&["check", "--data", &data]).code, 0);
}

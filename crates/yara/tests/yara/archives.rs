//! What is inside of archives is looked at, bombs and damage are told and passed over.

use std::io::Write;

use entente_yara::{Skipped, limits, members};

fn told(name: &str, bytes: &[u8]) -> (Vec<(String, usize)>, Vec<Skipped>) {
    let mut all = Vec::new();
    let skipped = members(name, bytes, &mut |member| {
        all.push((member.name.to_owned(), member.bytes.len()));
    });
    (all, skipped)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        out.start_file(*name, zip::write::SimpleFileOptions::default())
            .unwrap();
        out.write_all(bytes).unwrap();
    }
    out.finish().unwrap().into_inner()
}

fn tarred(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        out.append_data(&mut header, name, *bytes).unwrap();
    }
    out.into_inner().unwrap()
}

#[test]
fn members_are_named_by_their_way() {
    let inner = zipped(&[("deep/evil.exe", b"MZ")]);
    let outer = gzip(&tarred(&[("a.zip", &inner), ("b.txt", b"text")]));
    let (all, skipped) = told("x/upload.tar.gz", &outer);
    let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "x/upload.tar.gz",
            "x/upload.tar.gz!/upload.tar",
            "x/upload.tar.gz!/upload.tar!/a.zip",
            "x/upload.tar.gz!/upload.tar!/a.zip!/deep/evil.exe",
            "x/upload.tar.gz!/upload.tar!/b.txt",
        ]
    );
    assert_eq!(skipped, []);
}

#[test]
fn zstd_streams_are_opened() {
    let (all, _) = told("a.zst", &zstd::encode_all(&b"hello"[..], 3).unwrap());
    assert_eq!(all[1], ("a.zst!/a".to_owned(), 5));
}

#[test]
fn a_bomb_is_told_and_what_stands_beside_it_is_looked_at() {
    let bomb = gzip(&vec![0; 64 << 20]);
    let (all, skipped) = told("both.tar", &tarred(&[("bomb.gz", &bomb), ("plain", b"x")]));
    assert!(all.iter().any(|(name, _)| name == "both.tar!/plain"));
    assert!(all.iter().all(|(_, length)| *length < 1 << 20));
    assert_eq!(skipped.len(), 1);
    assert!(
        skipped[0].reason.contains(&limits::INFLATE_RATIO_MAX.to_string()),
        "{skipped:?}"
    );
}

#[test]
fn archives_in_archives_end_at_a_depth() {
    let mut bytes = b"core".to_vec();
    for _ in 0..20 {
        bytes = gzip(&bytes);
    }
    let (all, _) = told("x", &bytes);
    assert_eq!(all.len(), limits::ARCHIVE_DEPTH_MAX + 1);
}

#[test]
fn damaged_archives_are_looked_at_as_far_as_they_go() {
    let mut bytes = zipped(&[("one", &[7; 5000]), ("two", &[8; 5000])]);
    bytes.truncate(bytes.len() / 2);
    let (all, skipped) = told("cut.zip", &bytes);
    assert_eq!(all.len(), 1);
    assert_eq!(skipped.len(), 1);
    let mut tar = tarred(&[("one", &[7; 700]), ("two", &[8; 700])]);
    tar.truncate(2000);
    let (all, skipped) = told("cut.tar", &tar);
    assert!(all.len() >= 2, "{all:?}");
    assert!(!skipped.is_empty());
    let packed = gzip(&(0..20_000_u32).flat_map(u32::to_le_bytes).collect::<Vec<u8>>());
    let (all, skipped) = told("cut.gz", &packed[..packed.len() / 2]);
    assert!(all.len() == 2 && all[1].1 > 0, "{all:?}");
    assert_eq!(skipped.len(), 1);
}

/// What a fuzzer would do, a little of it and the same every time: whatever is changed, names, sizes and numbers stay in
/// their bounds, and what is in front of the first change of a tar is still found.
#[test]
fn changed_archives_stay_in_their_bounds() {
    let inner = zipped(&[("deep/evil.exe", &[b'M'; 300]), ("b", b"text")]);
    let tar = tarred(&[("a.zip", &inner), ("b.txt", b"text"), ("c.gz", &gzip(&[0; 4000]))]);
    let zst = zstd::encode_all(&tar[..], 3).unwrap();
    let mut state = 7_u64;
    let mut below = |bound: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % bound
    };
    for seed in [inner, gzip(&tar), zst, tar] {
        for _ in 0..60 {
            let mut bytes = seed.clone();
            for _ in 0..=below(5) {
                let place = below(bytes.len());
                match below(5) {
                    0 => bytes.truncate(place.max(1)),
                    1 => bytes.insert(place, below(256) as u8),
                    2 => bytes
                        .extend_from_within(place..(place + 40).min(seed.len()).max(place).min(bytes.len())),
                    3 => bytes[place] = [0, 0xff, 0x7f, 0x80][below(4)],
                    _ => bytes[place] ^= 1 << below(8),
                }
            }
            let (all, skipped) = told("x", &bytes);
            assert_eq!(all[0], ("x".to_owned(), bytes.len()));
            assert!(all.len() + skipped.len() <= 2 * limits::ARCHIVE_MEMBERS_MAX);
            assert!(all.iter().all(|(name, _)| name == "x" || name.starts_with("x!/")));
            let inside: usize = all.iter().skip(1).map(|(_, length)| length).sum();
            assert!(inside as u64 <= limits::ARCHIVE_BYTES_MAX + limits::FILE_BYTES_MAX);
            assert!(
                skipped
                    .iter()
                    .all(|one| !one.reason.is_empty() && one.name.starts_with('x'))
            );
        }
    }
}

//! The paths of tiles: `tile/<level>/<index>[.p/<width>]` (C2SP tlog-tiles).

use super::{TileId, WIDTH};
use crate::{Error, text};

/// Highest level that can be written (C2SP tlog-tiles).
const LEVEL_MAX: u64 = 63;
/// What stands for the level where entries are meant.
const ENTRIES: &str = "entries";

/// The path of a bundle of entries: `tile/entries/x001/234.p/5`. Its index and width are those of the tile
/// of level 0 with the same entries.
pub fn entries_path(index: u64, width: u16) -> String {
    path(ENTRIES, index, width)
}

/// The index and width of the bundle of entries that is published at a path.
pub fn parse_entries(path: &str) -> Result<(u64, u16), Error> {
    let (level, index, width) = parts(path)?;
    if level != ENTRIES || entries_path(index, width) != path {
        return Err(Error::Path(
            "it is not `tile/entries/` and an index in groups of three digits",
        ));
    }
    Ok((index, width))
}

pub(super) fn parse(path: &str) -> Result<TileId, Error> {
    let (level, index, width) = parts(path)?;
    let level = text::decimal(level).filter(|level| *level <= LEVEL_MAX);
    let level = level.ok_or(Error::Path("its level is not a number from 0 to 63"))? as u8;
    let id = TileId { level, index, width };
    // One way to write each path: what does not come out as it went in is refused.
    if id.path() != path {
        return Err(Error::Path(
            "its index is not in groups of three digits, or has needless zeroes",
        ));
    }
    Ok(id)
}

pub(super) fn path(level: &str, index: u64, width: u16) -> String {
    let mut groups = vec![index % 1000];
    let mut rest = index / 1000;
    while rest > 0 {
        groups.push(rest % 1000);
        rest /= 1000;
    }
    let mut path = format!("tile/{level}");
    for (nth, group) in groups.iter().enumerate().rev() {
        path += if nth == 0 { "/" } else { "/x" };
        path += &format!("{group:03}");
    }
    if width < WIDTH {
        path += &format!(".p/{width}");
    }
    path
}

/// Level as text, index and width, not yet known to be written in the one right way.
fn parts(path: &str) -> Result<(&str, u64, u16), Error> {
    let rest = path
        .strip_prefix("tile/")
        .ok_or(Error::Path("it does not begin with `tile/`"))?;
    let (level, rest) = rest.split_once('/').ok_or(Error::Path("it has no index"))?;
    let (index, width) = match rest.split_once(".p/") {
        Some((index, width)) => (index, partial(width)?),
        None => (rest, WIDTH),
    };
    let index = index.split('/').try_fold(0u64, |sum, group| {
        let group: u64 = group.strip_prefix('x').unwrap_or(group).parse().ok()?;
        sum.checked_mul(1000)?.checked_add(group)
    });
    Ok((
        level,
        index.ok_or(Error::Path("its index is not a number"))?,
        width,
    ))
}

fn partial(width: &str) -> Result<u16, Error> {
    let width = text::decimal(width).filter(|width| (1..u64::from(WIDTH)).contains(width));
    Ok(width.ok_or(Error::Path("its width is not a number from 1 to 255"))? as u16)
}

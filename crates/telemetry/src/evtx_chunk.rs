//! One 64 KiB chunk of a Windows event log to its records, as JSON. The crate `evtx` reads the binary XML.

use evtx::{EvtxChunkData, ParserSettings};
use std::sync::Arc;

/// Size of a chunk, and of the file's header before the first one.
pub(crate) const CHUNK_BYTES: usize = 64 << 10;
pub(crate) const HEADER_BYTES: usize = 4 << 10;

/// Gives each record's number and JSON, or what is wrong with it (number 0 where the whole chunk is broken).
pub(crate) fn records(
    chunk: &[u8],
    number: u64,
    mut record: impl FnMut(u64, &[u8]),
    mut broken: impl FnMut(u64, String),
) {
    let settings = Arc::new(ParserSettings::new().validate_checksums(false).indent(false));
    let mut data = match EvtxChunkData::new(chunk.to_vec(), false) {
        Ok(data) => data,
        Err(error) => return broken(0, format!("chunk {number}: {error}")),
    };
    let mut chunk = match data.parse(settings) {
        Ok(chunk) => chunk,
        Err(error) => return broken(0, format!("chunk {number}: {error}")),
    };
    for entry in chunk.iter() {
        match entry {
            Ok(entry) => {
                let id = entry.event_record_id;
                match entry.into_json_bytes() {
                    Ok(json) => record(id, &json.data),
                    Err(error) => broken(id, format!("chunk {number}, record {id}: {error}")),
                }
            }
            Err(error) => broken(0, format!("chunk {number}: {error}")),
        }
    }
}

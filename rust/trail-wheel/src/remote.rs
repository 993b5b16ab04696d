//! METADATA of a wheel of which only parts are at hand.

use crate::directory::{Member, parse_directory};
use crate::plan::find_dist_info;

/// Nothing of the archive is unpacked (as in `python/trail/index/zipped.py`).
const NO_LIMIT: u64 = 1 << 62;

/// Find METADATA in the directory of a wheel, and where the next member begins.
///
/// `entries` is how many the directory should have, `name` (normalised) and `version` are those of
/// the wheel. There is no result where a rule is broken.
#[must_use]
pub fn find_metadata(
    directory: &[u8],
    entries: u64,
    name: &str,
    version: &str,
) -> Option<(Member, Option<u64>)> {
    let members = parse_directory(directory, entries, NO_LIMIT).ok()?;
    let wanted = format!("{}/METADATA", find_dist_info(&members, name, version).ok()?);
    let offsets = members.iter().map(|member| member.offset);
    let place = members.iter().position(|member| member.name == wanted)?;
    let next = offsets.filter(|&offset| offset > members[place].offset).min();
    Some((members[place].clone(), next))
}

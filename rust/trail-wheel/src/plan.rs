//! Section 4 of docs/wheel-checks.md: what the archive means as a wheel.

use std::collections::HashSet;

use crate::directory::{Member, Names};
use crate::error::{Error, Fault};
use crate::facts::{EntryPoint, Layout, Mismatch};
use crate::inflate::{self, Scratch};
use crate::metadata::{check_metadata, is_version, parse_entry_points, parse_wheel};
use crate::name;
use crate::record::{Hash, Row, index_rows, parse_record};
use crate::scheme::{Place, SITE, place};
use crate::source::Source;

/// Larger ones of the files that are read beforehand are refused.
const LARGEST: u64 = 64 << 20;

/// What there is to do for one wheel.
#[derive(Debug)]
pub struct Plan {
    /// All files of the archive, in directory order.
    pub files: Vec<File>,
    /// The .dist-info folder.
    pub dist_info: String,
    /// From WHEEL.
    pub root_is_purelib: bool,
    /// Scripts that entry points ask for.
    pub scripts: Vec<EntryPoint>,
    /// What the places of the files tell.
    pub layout: Layout,
    /// Differences from RECORD that were waived so far.
    pub mismatches: Vec<Mismatch>,
}

/// One file of a wheel.
#[derive(Debug)]
pub struct File {
    /// The member.
    pub member: Member,
    /// Where it lands, below the entry.
    pub path: String,
    /// The mode that it gets.
    pub mode: u32,
    /// Whether it is written at all.
    pub written: bool,
    /// The hash that it should have.
    pub hash: Option<Hash>,
    /// The size that it should have.
    pub size: Option<u64>,
    /// What becomes of a wrong hash or size.
    pub record: Vouch,
}

/// What becomes of a wrong hash or size in RECORD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vouch {
    /// The wheel is refused.
    Strict,
    /// It is noted.
    Waived,
    /// It is noted that RECORD does not list the file.
    Unlisted,
}

/// What the job says about the wheel.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The distribution, normalised.
    pub name: &'a str,
    /// Its version.
    pub version: &'a str,
    /// Whether a lock or an index gave the archive's hash.
    pub vouched: bool,
    /// Whether differences from RECORD are waived.
    pub waive: bool,
}

impl Plan {
    /// Check the wheel and find out what is to be written.
    pub fn make(
        source: &Source,
        members: Vec<Member>,
        expected: Expected<'_>,
        scratch: &mut Scratch,
    ) -> Result<Self, Error> {
        let dist_info = find_dist_info(&members, expected.name, expected.version)?;
        let own = |name: &str| format!("{dist_info}/{name}");
        let find = |path: &str| members.iter().find(|member| member.name == path);
        for name in ["METADATA", "WHEEL", "RECORD"] {
            if find(&own(name)).is_none() {
                return Err(Fault::of("wheel-missing-file", &own(name)).into());
            }
        }
        let mut read = |path: &str| match find(path) {
            Some(member) => read_small(source, member, scratch).map(Some),
            None => Ok(None),
        };

        let (wheel, metadata, record) = (own("WHEEL"), own("METADATA"), own("RECORD"));
        let root_is_purelib = parse_wheel(&read(&wheel)?.unwrap_or_default(), &wheel)?;
        let bytes = read(&metadata)?.unwrap_or_default();
        check_metadata(&bytes, &metadata, expected.name, expected.version)?;
        let rows = parse_record(&read(&record)?.unwrap_or_default(), &record)?;
        let (vouches, mut mismatches) = match_record(&members, &rows, &record, expected.waive)?;
        let places = find_places(&members, &dist_info, expected.name)?;
        let entry_points = own("entry_points.txt");
        let scripts = match read(&entry_points)? {
            Some(bytes) => parse_entry_points(&bytes, &entry_points)?,
            None => Vec::new(),
        };
        mismatches.sort();

        let retagged = format!("{dist_info}/");
        let installer = format!("{SITE}/{dist_info}/INSTALLER");
        let files: Vec<File> = members
            .into_iter()
            .filter(|member| !member.is_folder())
            .zip(places)
            .zip(vouches)
            .map(|((member, place), (row, listed))| {
                let waived =
                    expected.waive || (expected.vouched && member.name.starts_with(&retagged));
                File {
                    mode: if member.executable || place.script { 0o555 } else { 0o444 },
                    written: place.path != installer
                        && member.name != record
                        && !place.path.split('/').rev().skip(1).any(|part| part == "__pycache__"),
                    path: place.path,
                    hash: row.and_then(|row| row.hash.clone()).filter(Hash::is_strong),
                    size: row.and_then(|row| row.size),
                    record: match (listed, waived) {
                        (false, _) => Vouch::Unlisted,
                        (true, true) => Vouch::Waived,
                        (true, false) => Vouch::Strict,
                    },
                    member,
                }
            })
            .collect();
        let generated = ["INSTALLER", "RECORD"].map(|name| format!("{SITE}/{dist_info}/{name}"));
        let written = files.iter().filter(|file| file.written).map(|file| file.path.as_str());
        let layout = Layout::of(written.chain(generated.iter().map(String::as_str)), &dist_info);
        Ok(Self { files, dist_info, root_is_purelib, scripts, layout, mismatches })
    }

    /// How many bytes all files hold.
    pub fn size(&self) -> u64 {
        self.files.iter().map(|file| file.member.size).sum()
    }
}

/// Find the one .dist-info folder, which must be the distribution's.
pub fn find_dist_info(members: &[Member], name: &str, version: &str) -> Result<String, Fault> {
    let mut found: Vec<&str> = members
        .iter()
        .filter_map(|member| member.name.split_once('/'))
        .map(|(folder, _)| folder)
        .filter(|folder| stem(folder).is_some())
        .collect();
    found.sort_unstable();
    found.dedup();
    if let [folder] = found[..]
        && let Some((own_name, own_version)) = stem(folder).and_then(|stem| stem.rsplit_once('-'))
        && name::normalize(own_name) == name
        && is_version(own_version, version)
    {
        return Ok(folder.to_owned());
    }
    let actual = if found.is_empty() { "none".to_owned() } else { found.join(", ") };
    Err(Fault::new("wheel-dist-info")
        .expected(format!("{name}-{version}.dist-info"))
        .actual(actual))
}

/// What stands before `.dist-info`, in any case.
fn stem(folder: &str) -> Option<&str> {
    let (stem, suffix) = folder.split_at_checked(folder.len().checked_sub(".dist-info".len())?)?;
    suffix.eq_ignore_ascii_case(".dist-info").then_some(stem)
}

fn read_small(source: &Source, member: &Member, scratch: &mut Scratch) -> Result<Vec<u8>, Error> {
    if member.size > LARGEST {
        return Err(Fault::of("zip-too-large", &member.name)
            .expected(LARGEST)
            .actual(member.size)
            .into());
    }
    inflate::read(source, member, scratch)
}

type Vouches<'a> = Vec<(Option<&'a Row>, bool)>;

/// Find the row of each file (folders left out), and whether it needs none or has one.
fn match_record<'a>(
    members: &[Member],
    rows: &'a [Row],
    record: &str,
    waive: bool,
) -> Result<(Vouches<'a>, Vec<Mismatch>), Fault> {
    let unsigned = [record.to_owned(), format!("{record}.jws"), format!("{record}.p7s")];
    let by_path = index_rows(rows, &unsigned)?;
    let mut vouches = Vec::with_capacity(members.len());
    let mut names = HashSet::with_capacity(members.len());
    for member in members.iter().filter(|member| !member.is_folder()) {
        names.insert(member.name.as_str());
        let row = by_path.get(member.name.as_str()).copied().filter(|row| row.path != record);
        let listed = row.is_some() || unsigned.contains(&member.name);
        if !listed && !waive {
            return Err(Fault::of("record-unlisted", &member.name));
        }
        vouches.push((row, listed));
    }
    let mut mismatches = Vec::new();
    for row in rows.iter().filter(|row| !names.contains(row.path.as_str())) {
        if !waive {
            return Err(Fault::of("record-missing", &row.path));
        }
        mismatches.push(Mismatch {
            path: row.path.clone(),
            rule: "record-missing",
            expected: row.hash.as_ref().map(Hash::text),
            actual: None,
        });
    }
    Ok((vouches, mismatches))
}

/// Find where each file lands (folders left out).
fn find_places(
    members: &[Member],
    dist_info: &str,
    distribution: &str,
) -> Result<Vec<Place>, Fault> {
    let data = format!("{}.data/", stem(dist_info).unwrap_or(dist_info));
    let mut taken = Names::default();
    let mut places = Vec::with_capacity(members.len());
    for member in members.iter().filter(|member| !member.is_folder()) {
        let place = place(&member.name, &data, distribution)?;
        if !taken.add(&place.path) {
            return Err(Fault::of("scheme-collision", &member.name));
        }
        places.push(place);
    }
    Ok(places)
}

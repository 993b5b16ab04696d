//! The names at the top of site-packages.

use std::path::Path;

use trail_entries::Known;
use trail_links::{Group, Links, Names, Work};

use crate::namespace::share;
use crate::{Member, Shape};

/// What was planned, and what was not.
#[derive(Debug, Default)]
pub struct Planned {
    /// The links, and real folders for namespaces. `site-packages` and `__pycache__` in it are there.
    pub work: Work,
    /// Names at the top of site-packages that are left.
    pub left: Vec<String>,
    /// The members that have something that is left, by number, sorted.
    pub needed: Vec<usize>,
}

/// A name at the top of a distribution's site-packages.
struct Top<'a> {
    name: &'a str,
    member: usize,
    is_folder: bool,
}

/// Plan what lies in site-packages (rules 1, 2 and 7).
///
/// Nothing is planned if not all of the members are known, or some have libraries that look for
/// those of others: that takes a look at them all.
#[must_use]
pub fn packages(members: &[Member<'_>], shape: &Shape<'_>) -> Option<Planned> {
    let known: Vec<&Known> = members.iter().map(|member| member.known).collect::<Option<_>>()?;
    if known.iter().any(|known| !known.facts.escapes.is_empty()) {
        return None;
    }
    let mut planned = Planned::default();
    let mut needed = vec![false; members.len()];
    let mut tops = tops(members, &known, shape);
    tops.sort_unstable_by_key(|top| (top.name, top.member));
    let mut alone = Vec::with_capacity(tops.len());
    for owners in tops.chunk_by(|one, other| one.name == other.name) {
        let name = owners[0].name;
        let usual =
            name != "__pycache__" && !owners.iter().any(|owner| members[owner.member].special);
        if usual && owners.len() == 1 {
            alone.push(&owners[0]);
            continue;
        }
        let mut work = Work::default();
        let merged = usual && owners.iter().all(|owner| owner.is_folder) && {
            let path = format!("{}/{name}", shape.site_packages);
            let inside = format!("{}/{name}", shape.entry_site_packages);
            let parts = owners.iter().map(|owner| (owner.member, inside.clone()));
            share(members, shape, &path, &parts.collect::<Vec<_>>(), &mut work).is_some()
        };
        if merged {
            planned.work.folders.append(&mut work.folders);
            planned.work.groups.append(&mut work.groups);
        } else {
            planned.left.push(name.to_owned());
            for owner in owners {
                needed[owner.member] = true;
            }
        }
    }
    for (number, known) in known.iter().enumerate() {
        let facts = &known.facts;
        needed[number] |= !facts.scripts.is_empty()
            || !facts.schemes.is_empty()
            || !facts.root_files.is_empty()
            || !known.has_metadata();
    }
    place(members, shape, &alone, &mut planned.work.groups)?;
    planned.needed = (0..members.len()).filter(|&number| needed[number]).collect();
    Some(planned)
}

fn tops<'a>(members: &[Member<'_>], known: &[&'a Known], shape: &Shape<'_>) -> Vec<Top<'a>> {
    let mut tops = Vec::with_capacity(2 * members.len());
    for (member, known) in known.iter().enumerate() {
        for top in &known.facts.top_level {
            let is_folder = match top.kind {
                "package" | "namespace" => true,
                "data" => {
                    let inside = format!("{}/{}", shape.entry_site_packages, top.path);
                    Path::new(&members[member].folder(&inside)).is_dir()
                }
                _ => false,
            };
            tops.push(Top { name: &top.path, member, is_folder });
        }
        // Superfluous where namespaces are merged, and slow.
        let startup = known.facts.startup.iter().filter(|name| !name.ends_with("-nspkg.pth"));
        tops.extend(startup.map(|name| Top { name, member, is_folder: false }));
    }
    tops
}

/// Link what has one owner, and the bytecode of modules (rules 1 and 7).
fn place(
    members: &[Member<'_>],
    shape: &Shape<'_>,
    alone: &[&Top<'_>],
    groups: &mut Vec<Group>,
) -> Option<()> {
    let site = shape.site_packages;
    let bytecode = [site, "/__pycache__"].concat();
    let mut own: Vec<(Names, Names)> = vec![Default::default(); members.len()];
    for top in alone {
        let (names, cached) = &mut own[top.member];
        names.push(top.name.as_ref()).ok()?;
        if let Some(tag) = shape.cache_tag
            && let Some(stem) = top.name.strip_suffix(".py")
            && !top.is_folder
        {
            cached.push([stem, ".", tag, ".pyc"].concat().as_ref()).ok()?;
        }
    }
    for (member, (names, cached)) in members.iter().zip(own) {
        let inside = shape.entry_site_packages;
        let compiled = [inside, "/__pycache__"].concat();
        for (folder, inside, names) in [(site, inside, names), (&*bytecode, &*compiled, cached)] {
            if !names.is_empty() {
                let source = member.link(shape, folder, inside);
                let links = Links { hard: false, source, names };
                groups.push(Group { folder: folder.into(), links });
            }
        }
    }
    Some(())
}

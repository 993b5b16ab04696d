//! Folders that several distributions share, as namespace packages are.

use std::collections::BTreeMap;
use std::fs;

use trail_links::{Group, Links, Work, has_bytecode};

use crate::{Member, Shape, collect};

/// Merge folders; nothing if they are more than a namespace, or their files have one name.
///
/// `parts` are members, with the folder that each has.
pub(crate) fn share(
    members: &[Member<'_>],
    shape: &Shape<'_>,
    target: &str,
    parts: &[(usize, String)],
    work: &mut Work,
) -> Option<()> {
    let mut owners: BTreeMap<String, Vec<(usize, bool)>> = BTreeMap::new();
    for (place, (member, inside)) in parts.iter().enumerate() {
        for item in fs::read_dir(members[*member].folder(inside)).ok()? {
            let item = item.ok()?;
            let kind = item.file_type().ok()?;
            let name = item.file_name().into_string().ok()?;
            let is_folder = kind.is_dir();
            if !is_folder && (!kind.is_file() || is_init(&name)) {
                return None;
            }
            if name != "__pycache__" {
                owners.entry(name).or_default().push((place, is_folder));
            }
        }
    }
    work.folders.push(target.into());
    let link = |work: &mut Work, folder: &str, member: usize, inside: &str, name: &str| {
        let source = members[member].link(shape, folder, inside);
        let links = Links { hard: false, source, names: collect([name])? };
        work.groups.push(Group { folder: folder.into(), links });
        Some(())
    };
    let mut sources: Vec<(&(usize, String), String)> = Vec::new();
    for (name, having) in owners {
        if let [(place, is_folder)] = having[..] {
            let (member, inside) = &parts[place];
            link(work, target, *member, inside, &name)?;
            if !is_folder && shape.cache_tag.is_some() && name.strip_suffix(".py").is_some() {
                sources.push((&parts[place], name));
            }
        } else if having.iter().all(|(_, is_folder)| *is_folder) {
            let inner = having.iter().map(|(place, _)| {
                let (member, inside) = &parts[*place];
                (*member, format!("{inside}/{name}"))
            });
            let inner: Vec<_> = inner.collect();
            share(members, shape, &format!("{target}/{name}"), &inner, work)?;
        } else {
            return None;
        }
    }
    // Rule 7.
    let Some(((first, inside), _)) = sources.first() else { return Some(()) };
    let first = *first;
    if sources.iter().all(|((member, _), _)| *member == first) {
        if has_bytecode(&members[first].folder(inside)) {
            link(work, target, first, inside, "__pycache__")?;
        }
        return Some(());
    }
    let folder = format!("{target}/__pycache__");
    work.folders.push((&folder).into());
    for ((member, inside), name) in &sources {
        let stem = name.strip_suffix(".py")?;
        let cached = format!("{stem}.{}.pyc", shape.cache_tag?);
        link(work, &folder, *member, &format!("{inside}/__pycache__"), &cached)?;
    }
    Some(())
}

/// Whether a file makes its folder a regular package.
fn is_init(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("__init__.") else { return false };
    rest == "py" || matches!(rest.rsplit('.').next(), Some("so" | "pyd"))
}

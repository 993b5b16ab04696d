//! What is in a `.dist-info` folder, as `python/trail/prefix/metadata.py` plans it.

use crate::entry::Known;

impl Known {
    /// Whether it is known, and no code is there.
    #[must_use]
    pub fn has_metadata(&self) -> bool {
        let names = &self.facts.metadata;
        !names.is_empty() && !names.iter().any(|name| name.strip_suffix(".py").is_some())
    }

    /// The files in it.
    pub fn metadata_files(&self) -> impl Iterator<Item = &str> {
        self.facts.metadata.iter().map(String::as_str).filter(|name| !name.contains('/'))
    }

    /// The folders in it, sorted; `licenses` for instance.
    #[must_use]
    pub fn metadata_folders(&self) -> Vec<&str> {
        let names = self.facts.metadata.iter().filter_map(|name| name.split_once('/'));
        let mut folders: Vec<&str> = names.map(|(folder, _)| folder).collect();
        folders.sort_unstable();
        folders.dedup();
        folders
    }
}

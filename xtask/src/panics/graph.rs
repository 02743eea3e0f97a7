//! Who refers to whom in a static library, as its relocations say.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
};

use object::{
    Object as _, ObjectSection as _, ObjectSymbol as _, RelocationTarget, SectionIndex, SectionKind,
    read::archive::ArchiveFile,
};

use super::Finding;
use crate::{failure::Failure, files, size};

/// What the panic handler calls.
const HANDLER_CALLS: &str = "device_agent_panicked";
/// The language's own library, whose functions are entered and not complained of.
const LIBRARY: [&str; 4] = ["core", "alloc", "compiler_builtins", "__rustc"];

/// Sections, and names that no section has.
#[derive(Debug, Default)]
pub(super) struct Graph {
    nodes: Vec<Node>,
    /// Where each global name is.
    globals: HashMap<String, usize>,
}

#[derive(Debug, Default)]
struct Node {
    /// The symbol that the section holds; of several, the first.
    symbol: Option<String>,
    is_code: bool,
    refers_to: BTreeSet<Reference>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reference {
    Node(usize),
    Name(String),
}

impl Graph {
    /// Reads every object of a static library.
    pub(super) fn read(archive: &Path) -> Result<Self, Failure> {
        let unreadable = |error: object::Error| Failure::Unreadable {
            what: archive.display().to_string(),
            message: error.to_string(),
        };
        let bytes = files::read(archive)?;
        let members = ArchiveFile::parse(&*bytes).map_err(unreadable)?;
        let mut graph = Self::default();
        for member in members.members() {
            let data = member.and_then(|member| member.data(&*bytes)).map_err(unreadable)?;
            if let Ok(file) = object::File::parse(data) {
                graph.add(&file).map_err(unreadable)?;
            }
        }
        Ok(graph)
    }

    fn add(&mut self, file: &object::File<'_>) -> Result<(), object::Error> {
        let mut places: HashMap<SectionIndex, usize> = HashMap::new();
        for section in file.sections() {
            places.insert(section.index(), self.nodes.len());
            self.nodes.push(Node { is_code: section.kind() == SectionKind::Text, ..Node::default() });
        }
        for symbol in file.symbols().filter(|symbol| symbol.is_definition()) {
            let place = symbol.section_index().and_then(|index| places.get(&index)).copied();
            let (Some(place), Ok(name)) = (place, symbol.name()) else { continue };
            // Names like `$t` mark the instruction set.
            if let Some(node) =
                self.nodes.get_mut(place).filter(|_| !name.is_empty() && !name.starts_with('$'))
            {
                node.symbol.get_or_insert_with(|| name.to_owned());
                if symbol.is_global() {
                    self.globals.entry(name.to_owned()).or_insert(place);
                }
            }
        }
        for section in file.sections() {
            let Some(place) = places.get(&section.index()).copied() else { continue };
            for (_, relocation) in section.relocations() {
                let RelocationTarget::Symbol(index) = relocation.target() else { continue };
                let symbol = file.symbol_by_index(index)?;
                let inside = symbol.section_index().and_then(|index| places.get(&index)).copied();
                let reference = match inside {
                    Some(place) => Reference::Node(place),
                    None => Reference::Name(symbol.name()?.to_owned()),
                };
                if let Some(node) = self.nodes.get_mut(place) {
                    node.refers_to.insert(reference);
                }
            }
        }
        Ok(())
    }

    /// The functions outside the language's library that can panic, of those that the exports reach. What leads only
    /// through a function of the library that `ends` knows is none.
    ///
    /// # Errors
    /// Nothing is exported, so nothing was searched.
    pub(super) fn findings(
        &self,
        exports: &str,
        mut ends: impl FnMut(&str) -> bool,
    ) -> Result<Vec<Finding>, Failure> {
        let roots: Vec<usize> = self
            .globals
            .iter()
            .filter(|(name, _)| name.starts_with(exports))
            .map(|(_, place)| *place)
            .collect();
        if roots.is_empty() {
            return Err(Failure::Check(format!("the library exports nothing that begins with {exports}")));
        }
        let panicking = self.panicking(&mut ends);
        let mut found = BTreeMap::new();
        for place in self.reached(roots) {
            let Some(node) = self.nodes.get(place) else { continue };
            // A table of the library's own functions is whoever refers to it; the function in it stands for itself.
            let is_library = node.is_code && self.is_library(place);
            if is_library {
                continue;
            }
            for next in
                self.successors(node).filter(|next| panicking.contains(next) && self.is_library(*next))
            {
                found.entry(self.path(place)).or_insert_with(|| self.path(next));
            }
        }
        Ok(found.into_iter().map(|(function, callee)| Finding { function, callee }).collect())
    }

    fn successors<'a>(&'a self, node: &'a Node) -> impl Iterator<Item = usize> + 'a {
        node.refers_to.iter().filter_map(|reference| match reference {
            Reference::Node(place) => Some(*place),
            Reference::Name(name) => self.globals.get(name).copied(),
        })
    }

    /// What a linker would keep for these roots.
    fn reached(&self, roots: Vec<usize>) -> BTreeSet<usize> {
        let (mut reached, mut open) = (BTreeSet::new(), roots);
        while let Some(place) = open.pop() {
            if reached.insert(place) {
                open.extend(self.nodes.get(place).into_iter().flat_map(|node| self.successors(node)));
            }
        }
        reached
    }

    /// Everything that leads to the panic handler by a way that does not end.
    fn panicking(&self, ends: &mut dyn FnMut(&str) -> bool) -> BTreeSet<usize> {
        let calls = |node: &Node| node.refers_to.contains(&Reference::Name(HANDLER_CALLS.to_owned()));
        let handlers = self.nodes.iter().enumerate().filter(|(_, node)| calls(node)).map(|(place, _)| place);
        let mut open: Vec<usize> = handlers.collect();
        let mut predecessors: HashMap<usize, Vec<usize>> = HashMap::new();
        for (place, node) in self.nodes.iter().enumerate() {
            self.successors(node).for_each(|next| predecessors.entry(next).or_default().push(place));
        }
        let mut panicking = BTreeSet::new();
        while let Some(place) = open.pop() {
            let is_library = self.is_library(place);
            let is_end = is_library && ends(&self.path(place));
            // A function outside the library is judged itself; whoever calls it is not.
            if !is_end && panicking.insert(place) && is_library {
                open.extend(predecessors.get(&place).into_iter().flatten());
            }
        }
        panicking
    }

    fn is_library(&self, place: usize) -> bool {
        let symbol = self.nodes.get(place).and_then(|node| node.symbol.as_deref());
        symbol.is_some_and(|symbol| LIBRARY.contains(&size::owner(symbol).as_str()))
    }

    /// The path of a function, without the hash that differs from build to build.
    fn path(&self, place: usize) -> String {
        let symbol = self.nodes.get(place).and_then(|node| node.symbol.as_deref()).unwrap_or("a constant");
        format!("{:#}", rustc_demangle::demangle(symbol))
    }
}

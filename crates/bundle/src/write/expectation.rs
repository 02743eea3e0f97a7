//! Contents of expectations: names in any order, each with its attributes in any order.

use alloc::{string::String, vec::Vec};

use crate::{
    Expectation, ExpectedAttribute, ExpectedName, Section, UnixSeconds, extension_id,
    write::{ExtensionContent, encode, section},
};

/// A name that the certificate of a service may have, until a day.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExpectationContent {
    /// Which name of the certificate is looked at.
    pub name: ExpectedName,
    /// What it must have: content of the type's OBJECT IDENTIFIER, and text.
    pub attributes: Vec<(Vec<u8>, String)>,
    /// When it ends.
    pub until: UnixSeconds,
}

impl ExpectationContent {
    /// The extension of a service that carries `expectations`; none where there are none.
    #[must_use]
    pub fn extension(expectations: &[Self]) -> Option<ExtensionContent> {
        let mut sections: Vec<(ExpectedName, Vec<u8>, UnixSeconds)> =
            expectations.iter().map(|it| (it.name, it.attributes(), it.until)).collect();
        sections.sort();
        sections.dedup();
        let content = section(sections.iter().map(|(name, attributes, until)| Expectation {
            name: *name,
            attributes: Section::from_bytes(attributes),
            until: *until,
        }));
        // Never critical: a device that does not know them would lose the whole service.
        let extension = ExtensionContent { id: extension_id::EXPECTATIONS, critical: false, content };
        (!expectations.is_empty()).then_some(extension)
    }

    /// The expectations that a service's extensions carry.
    #[must_use]
    pub fn of(extensions: &[ExtensionContent]) -> Vec<Self> {
        let carried = extensions.iter().filter(|extension| extension.id == extension_id::EXPECTATIONS);
        carried.flat_map(|extension| Section::from_bytes(&extension.content).iter().map(Self::read)).collect()
    }

    fn read(expectation: Expectation<'_>) -> Self {
        let attributes = expectation.attributes.iter();
        Self {
            name: expectation.name,
            attributes: attributes.map(|it| (it.oid.to_vec(), it.value.into())).collect(),
            until: expectation.until,
        }
    }

    fn attributes(&self) -> Vec<u8> {
        let mut attributes: Vec<ExpectedAttribute<'_>> =
            self.attributes.iter().map(|(oid, value)| ExpectedAttribute { oid, value }).collect();
        attributes.sort();
        attributes.dedup();
        attributes.iter().flat_map(encode).collect()
    }
}

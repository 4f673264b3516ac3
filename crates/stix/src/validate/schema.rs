//! What the tables of types are made of: properties, the shape of their values, structures.

use super::vocabulary::Vocabulary;

/// A STIX type: one row of the tables.
#[derive(Debug)]
pub struct ObjectType {
    /// Such as `indicator`.
    pub name: &'static str,
    /// Where the standard defines it.
    pub clause: &'static str,
    /// Whether it is a cyber-observable object.
    pub is_observable: bool,
    /// The common properties that it has.
    pub common: &'static [Property],
    /// The properties of its own.
    pub properties: &'static [Property],
    /// The extensions that the standard predefines for it.
    pub extensions: &'static [(&'static str, &'static Structure)],
    /// At least one of these must be there; nothing is asked where this is empty.
    pub any_of: AnyOf,
    /// Pairs of timestamps that have an order.
    pub ordered: &'static [(&'static str, Order, &'static str)],
}

/// Which properties an object needs one of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnyOf {
    /// None is asked for.
    Nothing,
    /// One of its own properties or an extension.
    Own,
    /// One of these.
    These(&'static [&'static str]),
}

/// How two timestamps of one object relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The first is later than or equal to the second.
    NotBefore,
    /// The first is later than the second.
    After,
}

/// A property of a type or of a structure.
#[derive(Debug)]
pub struct Property {
    /// Its name.
    pub name: &'static str,
    /// What its value looks like.
    pub shape: Shape,
    /// Whether it must be there.
    pub required: bool,
}

/// An object inside of an object.
#[derive(Debug)]
pub struct Structure {
    /// The name that the standard gives it.
    pub name: &'static str,
    /// Its properties.
    pub properties: &'static [Property],
    /// Which of them it needs one of.
    pub any_of: AnyOf,
    /// Whether other properties break a MUST, are custom content that SHOULD be an extension, or are free.
    pub others: Others,
}

/// What properties beyond the standard's mean in a structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others {
    /// Nobody minds.
    Free,
    /// Custom content, for which there are extensions (STIX 2.1 §11).
    Custom,
    /// Forbidden.
    Forbidden,
}

/// What a value looks like. Lists and dictionaries are never empty (STIX 2.1 §2).
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Anything but null.
    Any,
    /// A string.
    Text,
    /// `true` or `false`.
    Boolean,
    /// A whole number between two, both included.
    Integer {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
    },
    /// A number between two, both included.
    Number {
        /// The least.
        min: f64,
        /// The greatest.
        max: f64,
    },
    /// RFC 3339 in UTC.
    Timestamp,
    /// The same, precise at least to the millisecond.
    TimestampToTheMillisecond,
    /// The same, precise to the second.
    TimestampToTheSecond,
    /// The type of an object.
    TypeName,
    /// `2.1`.
    SpecVersion,
    /// The object's own identifier; looked into by the rules on identifiers.
    Id,
    /// `type--uuid` of an object of certain types.
    Identifier(Target),
    /// Pairs of hexadecimal digits.
    Hex,
    /// Padded base64.
    Binary,
    /// RFC 3986.
    Uri,
    /// RFC 1034 and RFC 5890.
    DomainName,
    /// RFC 5322.
    EmailAddress,
    /// An address or a network in CIDR notation.
    Ipv4,
    /// An address or a network in CIDR notation.
    Ipv6,
    /// Six pairs of lower-case hexadecimal digits, joined by colons.
    MacAddress,
    /// CPE 2.3, formatted string.
    Cpe,
    /// A registered media type.
    MediaType,
    /// A registered character set.
    CharacterSet,
    /// RFC 5646.
    Language,
    /// RFC 5646, or the ISO 639-2 code that STIX 2.0 asked for.
    SoftwareLanguage,
    /// Lower-case letters, digits and hyphens.
    RelationshipType,
    /// A registry key that begins with the full name of its hive.
    RegistryKey,
    /// One of these.
    Enumeration(&'static [&'static str]),
    /// SHOULD be one of these.
    Open(&'static Vocabulary),
    /// A list of such values.
    List(&'static Shape),
    /// An object of this structure.
    Object(&'static Structure),
    /// An object with keys of one's own and such values.
    Dictionary(&'static Shape),
    /// A text or a whole number.
    TextOrInteger,
    /// A text or a list of texts.
    TextOrTexts,
    /// A dictionary of hashes by algorithm.
    Hashes,
    /// The `STARTUPINFO` of a Windows process.
    StartupInfo,
    /// Extensions by key; looked into by the rules on extensions.
    Extensions,
    /// Observables by key, as STIX 2.0 had them; looked into by the rules on observables.
    Graph,
}

/// Which types an identifier may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// All of them.
    Any,
    /// Only these.
    OneOf(&'static [&'static str]),
    /// All but these.
    NoneOf(&'static [&'static str]),
}

impl Target {
    /// Whether an identifier may name an object of this type.
    pub fn admits(self, type_name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(types) => types.contains(&type_name),
            Self::NoneOf(types) => !types.contains(&type_name),
        }
    }
}

/// The greatest integer that STIX knows (STIX 2.1 §2.10).
pub const INTEGER_MAX: i64 = (1 << 53) - 1;

/// Any integer.
pub const INTEGER: Shape = Shape::Integer {
    min: -INTEGER_MAX,
    max: INTEGER_MAX,
};

/// An integer from 0.
pub const NATURAL: Shape = Shape::Integer {
    min: 0,
    max: INTEGER_MAX,
};

/// Any number.
pub const NUMBER: Shape = Shape::Number {
    min: f64::MIN,
    max: f64::MAX,
};

pub(super) const fn required(name: &'static str, shape: Shape) -> Property {
    Property {
        name,
        shape,
        required: true,
    }
}

pub(super) const fn optional(name: &'static str, shape: Shape) -> Property {
    Property {
        name,
        shape,
        required: false,
    }
}

impl ObjectType {
    /// A domain or relationship object.
    pub(super) const fn object(
        name: &'static str,
        clause: &'static str,
        properties: &'static [Property],
    ) -> Self {
        Self::with_common(name, clause, super::tables::OBJECT_COMMON, properties)
    }

    /// A cyber-observable object.
    pub(super) const fn observable(
        name: &'static str,
        clause: &'static str,
        properties: &'static [Property],
    ) -> Self {
        let mut object_type = Self::with_common(name, clause, super::tables::OBSERVABLE_COMMON, properties);
        object_type.is_observable = true;
        object_type
    }

    pub(super) const fn with_common(
        name: &'static str,
        clause: &'static str,
        common: &'static [Property],
        properties: &'static [Property],
    ) -> Self {
        ObjectType {
            name,
            clause,
            is_observable: false,
            common,
            properties,
            extensions: &[],
            any_of: AnyOf::Nothing,
            ordered: &[],
        }
    }

    pub(super) const fn extended_by(
        mut self,
        extensions: &'static [(&'static str, &'static Structure)],
    ) -> Self {
        self.extensions = extensions;
        self
    }

    pub(super) const fn with_any_of(mut self, names: &'static [&'static str]) -> Self {
        self.any_of = AnyOf::These(names);
        self
    }

    pub(super) const fn with_any_property(mut self) -> Self {
        self.any_of = AnyOf::Own;
        self
    }

    pub(super) const fn ordered(mut self, ordered: &'static [(&'static str, Order, &'static str)]) -> Self {
        self.ordered = ordered;
        self
    }

    /// The property of this name, common or own.
    pub fn property(&self, name: &str) -> Option<&'static Property> {
        self.properties
            .iter()
            .chain(self.common)
            .find(|property| property.name == name)
    }
}

impl Structure {
    /// A structure in which other properties are custom content.
    pub(super) const fn new(name: &'static str, properties: &'static [Property]) -> Self {
        Structure {
            name,
            properties,
            any_of: AnyOf::Nothing,
            others: Others::Custom,
        }
    }

    pub(super) const fn with_any_property(mut self) -> Self {
        self.any_of = AnyOf::Own;
        self
    }

    pub(super) const fn with_any_of(mut self, names: &'static [&'static str]) -> Self {
        self.any_of = AnyOf::These(names);
        self
    }

    pub(super) const fn others(mut self, others: Others) -> Self {
        self.others = others;
        self
    }

    /// The property of this name.
    pub fn property(&self, name: &str) -> Option<&'static Property> {
        self.properties.iter().find(|property| property.name == name)
    }
}

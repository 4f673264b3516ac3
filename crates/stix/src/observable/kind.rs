//! The kinds, with numbers and names that are stored.

/// What a value is. The numbers are stored: they never change.
#[repr(u8)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// IPv4 address or network: dotted quad, host bits of a network masked.
    Ipv4 = 1,
    /// IPv6 address or network: RFC 5952, host bits masked. IPv4-mapped and NAT64 forms are `Ipv4`.
    Ipv6 = 2,
    /// Domain name: A-labels in lower case, no dot at the end, no `*.` before.
    Domain = 3,
    /// URL without scheme, user, fragment, ports 80 and 443: `host[:port]/path?query`.
    Url = 4,
    /// E-mail address: lower case, the domain as a domain.
    Email = 5,
    /// MD5: 32 hexadecimal digits in lower case.
    Md5 = 6,
    /// SHA-1: 40 digits.
    Sha1 = 7,
    /// SHA-256: 64 digits.
    Sha256 = 8,
    /// SHA-512: 128 digits.
    Sha512 = 9,
    /// Name of a file, without its folder, in lower case.
    FileName = 10,
    /// Path of a file: lower case, `/` between folders, `c:` for `\\?\C:` and for device volumes.
    FilePath = 11,
    /// Windows registry key: lower case, hives as `hklm` and `hkcu`, control sets as `currentcontrolset`.
    RegistryKey = 12,
    /// User agent, as sent.
    UserAgent = 13,
    /// JA3 or JA3S fingerprint: 32 hexadecimal digits in lower case.
    Ja3 = 14,
    /// Hardware address: `00:11:22:aa:bb:cc`.
    MacAddress = 15,
    /// Autonomous system: `AS64496`.
    AutonomousSystem = 16,
    /// Name of a mutex, as written.
    Mutex = 17,
    /// ssdeep fuzzy hash, as written.
    Ssdeep = 18,
    /// TLSH fuzzy hash: lower case, without the version `T1`.
    Tlsh = 19,
    /// SHA3-256: 64 digits.
    Sha3_256 = 20,
    /// SHA3-512: 128 digits.
    Sha3_512 = 21,
    /// Serial number of a certificate: hexadecimal digits in lower case, no separators, no leading zeros.
    CertificateSerial = 22,
    /// User id or login name, in lower case.
    Account = 23,
    /// Identifier of an application or profile, such as `com.example.app`, as written.
    Application = 24,
    /// Command line: lower case, one space between words.
    CommandLine = 25,
    /// Import hash of a Windows program: 32 hexadecimal digits in lower case.
    Imphash = 26,
    /// Vulnerability: `CVE-2021-44228`.
    Vulnerability = 27,
    /// JA4 fingerprint, in lower case.
    Ja4 = 28,
}

impl Kind {
    /// Every kind with its name, in the order of their numbers.
    const NAMES: &[(Kind, &str)] = &[
        (Kind::Ipv4, "ipv4"),
        (Kind::Ipv6, "ipv6"),
        (Kind::Domain, "domain"),
        (Kind::Url, "url"),
        (Kind::Email, "email"),
        (Kind::Md5, "md5"),
        (Kind::Sha1, "sha1"),
        (Kind::Sha256, "sha256"),
        (Kind::Sha512, "sha512"),
        (Kind::FileName, "file-name"),
        (Kind::FilePath, "file-path"),
        (Kind::RegistryKey, "registry-key"),
        (Kind::UserAgent, "user-agent"),
        (Kind::Ja3, "ja3"),
        (Kind::MacAddress, "mac-address"),
        (Kind::AutonomousSystem, "autonomous-system"),
        (Kind::Mutex, "mutex"),
        (Kind::Ssdeep, "ssdeep"),
        (Kind::Tlsh, "tlsh"),
        (Kind::Sha3_256, "sha3-256"),
        (Kind::Sha3_512, "sha3-512"),
        (Kind::CertificateSerial, "certificate-serial"),
        (Kind::Account, "account"),
        (Kind::Application, "application"),
        (Kind::CommandLine, "command-line"),
        (Kind::Imphash, "imphash"),
        (Kind::Vulnerability, "vulnerability"),
        (Kind::Ja4, "ja4"),
    ];

    /// Every kind, in the order of its number.
    pub fn all() -> impl Iterator<Item = Kind> {
        Kind::NAMES.iter().map(|(kind, _)| *kind)
    }

    /// The name of the kind, as people and files write it.
    pub fn name(self) -> &'static str {
        Kind::NAMES
            .iter()
            .find(|(kind, _)| *kind == self)
            .map_or("", |(_, name)| name)
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Kind> {
        Kind::NAMES
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(kind, _)| *kind)
    }

    /// The number of the kind, as it is stored.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The kind of this number.
    pub fn from_number(number: u8) -> Option<Kind> {
        Kind::all().find(|kind| kind.number() == number)
    }
}

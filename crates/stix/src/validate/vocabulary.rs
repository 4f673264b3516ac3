//! The open vocabularies of STIX 2.1 §10: values that SHOULD be used where one fits.
//!
//! Each has a rule of its own, so that a finding names the vocabulary.

use super::rule::{self, Rule};

/// An open vocabulary.
#[derive(Debug)]
pub struct Vocabulary {
    /// The name that the standard gives it.
    pub name: &'static str,
    /// Its terms, in the order of the alphabet.
    pub terms: &'static [&'static str],
    /// The rule that a value outside of it breaks.
    pub(super) rule: &'static Rule,
}

impl Vocabulary {
    /// Whether the value is one of its terms.
    pub fn contains(&self, value: &str) -> bool {
        self.terms.binary_search(&value).is_ok()
    }
}

/// `account-type-ov`
pub const ACCOUNT_TYPE: Vocabulary = Vocabulary {
    name: "account-type-ov",
    rule: &rule::ACCOUNT_TYPE_OV,
    terms: &[
        "facebook",
        "kavi",
        "ldap",
        "nis",
        "openid",
        "radius",
        "skype",
        "tacacs",
        "twitter",
        "unix",
        "windows-domain",
        "windows-local",
    ],
};

/// `attack-motivation-ov`
pub const ATTACK_MOTIVATION: Vocabulary = Vocabulary {
    name: "attack-motivation-ov",
    rule: &rule::ATTACK_MOTIVATION_OV,
    terms: &[
        "accidental",
        "coercion",
        "dominance",
        "ideology",
        "notoriety",
        "organizational-gain",
        "personal-gain",
        "personal-satisfaction",
        "revenge",
        "unpredictable",
    ],
};

/// `attack-resource-level-ov`
pub const ATTACK_RESOURCE_LEVEL: Vocabulary = Vocabulary {
    name: "attack-resource-level-ov",
    rule: &rule::ATTACK_RESOURCE_LEVEL_OV,
    terms: &[
        "club",
        "contest",
        "government",
        "individual",
        "organization",
        "team",
    ],
};

/// `grouping-context-ov`
pub const GROUPING_CONTEXT: Vocabulary = Vocabulary {
    name: "grouping-context-ov",
    rule: &rule::GROUPING_CONTEXT_OV,
    terms: &["malware-analysis", "suspicious-activity", "unspecified"],
};

/// `hash-algorithm-ov`
pub const HASH_ALGORITHM: Vocabulary = Vocabulary {
    name: "hash-algorithm-ov",
    rule: &rule::HASH_ALGORITHM_OV,
    terms: &[
        "MD5", "SHA-1", "SHA-256", "SHA-512", "SHA3-256", "SHA3-512", "SSDEEP", "TLSH",
    ],
};

/// `identity-class-ov`
pub const IDENTITY_CLASS: Vocabulary = Vocabulary {
    name: "identity-class-ov",
    rule: &rule::IDENTITY_CLASS_OV,
    terms: &[
        "class",
        "group",
        "individual",
        "organization",
        "system",
        "unknown",
    ],
};

/// `implementation-language-ov`
pub const IMPLEMENTATION_LANGUAGE: Vocabulary = Vocabulary {
    name: "implementation-language-ov",
    rule: &rule::IMPLEMENTATION_LANGUAGE_OV,
    terms: &[
        "applescript",
        "bash",
        "c",
        "c#",
        "c++",
        "go",
        "java",
        "javascript",
        "lua",
        "objective-c",
        "perl",
        "php",
        "powershell",
        "python",
        "ruby",
        "scala",
        "swift",
        "typescript",
        "visual-basic",
        "x86-32",
        "x86-64",
    ],
};

/// `indicator-type-ov`
pub const INDICATOR_TYPE: Vocabulary = Vocabulary {
    name: "indicator-type-ov",
    rule: &rule::INDICATOR_TYPE_OV,
    terms: &[
        "anomalous-activity",
        "anonymization",
        "attribution",
        "benign",
        "compromised",
        "malicious-activity",
        "unknown",
    ],
};

/// `industry-sector-ov`
pub const INDUSTRY_SECTOR: Vocabulary = Vocabulary {
    name: "industry-sector-ov",
    rule: &rule::INDUSTRY_SECTOR_OV,
    terms: &[
        "aerospace",
        "agriculture",
        "automotive",
        "chemical",
        "commercial",
        "communications",
        "construction",
        "dams",
        "defense",
        "education",
        "emergency-services",
        "energy",
        "entertainment",
        "financial-services",
        "government",
        "government-local",
        "government-national",
        "government-public-services",
        "government-regional",
        "healthcare",
        "hospitality-leisure",
        "infrastructure",
        "insurance",
        "manufacturing",
        "mining",
        "non-profit",
        "nuclear",
        "pharmaceuticals",
        "retail",
        "technology",
        "telecommunications",
        "transportation",
        "utilities",
        "water",
    ],
};

/// `infrastructure-type-ov`
pub const INFRASTRUCTURE_TYPE: Vocabulary = Vocabulary {
    name: "infrastructure-type-ov",
    rule: &rule::INFRASTRUCTURE_TYPE_OV,
    terms: &[
        "amplification",
        "anonymization",
        "botnet",
        "command-and-control",
        "control-system",
        "exfiltration",
        "firewall",
        "hosting-malware",
        "hosting-target-lists",
        "phishing",
        "reconnaissance",
        "routers-switches",
        "staging",
        "unknown",
        "workstation",
    ],
};

/// `malware-capabilities-ov`
pub const MALWARE_CAPABILITIES: Vocabulary = Vocabulary {
    name: "malware-capabilities-ov",
    rule: &rule::MALWARE_CAPABILITIES_OV,
    terms: &[
        "accesses-remote-machines",
        "anti-debugging",
        "anti-disassembly",
        "anti-emulation",
        "anti-memory-forensics",
        "anti-sandbox",
        "anti-vm",
        "captures-input-peripherals",
        "captures-output-peripherals",
        "captures-system-state-data",
        "cleans-traces-of-infection",
        "commits-fraud",
        "communicates-with-c2",
        "compromises-data-availability",
        "compromises-data-integrity",
        "compromises-system-availability",
        "controls-local-machine",
        "degrades-security-software",
        "degrades-system-updates",
        "determines-c2-server",
        "emails-spam",
        "escalates-privileges",
        "evades-av",
        "exfiltrates-data",
        "fingerprints-host",
        "hides-artifacts",
        "hides-executing-code",
        "infects-files",
        "infects-remote-machines",
        "installs-other-components",
        "persists-after-system-reboot",
        "prevents-artifact-access",
        "prevents-artifact-deletion",
        "probes-network-environment",
        "self-modifies",
        "steals-authentication-credentials",
        "violates-system-operational-integrity",
    ],
};

/// `malware-result-ov`
pub const MALWARE_RESULT: Vocabulary = Vocabulary {
    name: "malware-result-ov",
    rule: &rule::MALWARE_RESULT_OV,
    terms: &["benign", "malicious", "suspicious", "unknown"],
};

/// `malware-type-ov`
pub const MALWARE_TYPE: Vocabulary = Vocabulary {
    name: "malware-type-ov",
    rule: &rule::MALWARE_TYPE_OV,
    terms: &[
        "adware",
        "backdoor",
        "bootkit",
        "bot",
        "ddos",
        "downloader",
        "dropper",
        "exploit-kit",
        "keylogger",
        "ransomware",
        "remote-access-trojan",
        "resource-exploitation",
        "rogue-security-software",
        "rootkit",
        "screen-capture",
        "spyware",
        "trojan",
        "unknown",
        "virus",
        "webshell",
        "wiper",
        "worm",
    ],
};

/// `pattern-type-ov`
pub const PATTERN_TYPE: Vocabulary = Vocabulary {
    name: "pattern-type-ov",
    rule: &rule::PATTERN_TYPE_OV,
    terms: &["pcre", "sigma", "snort", "stix", "suricata", "yara"],
};

/// `processor-architecture-ov`
pub const PROCESSOR_ARCHITECTURE: Vocabulary = Vocabulary {
    name: "processor-architecture-ov",
    rule: &rule::PROCESSOR_ARCHITECTURE_OV,
    terms: &[
        "alpha", "arm", "ia-64", "mips", "powerpc", "sparc", "x86", "x86-64",
    ],
};

/// `region-ov`
pub const REGION: Vocabulary = Vocabulary {
    name: "region-ov",
    rule: &rule::REGION_OV,
    terms: &[
        "africa",
        "americas",
        "antarctica",
        "asia",
        "australia-new-zealand",
        "caribbean",
        "central-america",
        "central-asia",
        "eastern-africa",
        "eastern-asia",
        "eastern-europe",
        "europe",
        "latin-america-caribbean",
        "melanesia",
        "micronesia",
        "middle-africa",
        "northern-africa",
        "northern-america",
        "northern-europe",
        "oceania",
        "polynesia",
        "south-america",
        "south-eastern-asia",
        "southern-africa",
        "southern-asia",
        "southern-europe",
        "western-africa",
        "western-asia",
        "western-europe",
    ],
};

/// `report-type-ov`
pub const REPORT_TYPE: Vocabulary = Vocabulary {
    name: "report-type-ov",
    rule: &rule::REPORT_TYPE_OV,
    terms: &[
        "attack-pattern",
        "campaign",
        "identity",
        "indicator",
        "intrusion-set",
        "malware",
        "observed-data",
        "threat-actor",
        "threat-report",
        "tool",
        "vulnerability",
    ],
};

/// `threat-actor-role-ov`
pub const THREAT_ACTOR_ROLE: Vocabulary = Vocabulary {
    name: "threat-actor-role-ov",
    rule: &rule::THREAT_ACTOR_ROLE_OV,
    terms: &[
        "agent",
        "director",
        "independent",
        "infrastructure-architect",
        "infrastructure-operator",
        "malware-author",
        "sponsor",
    ],
};

/// `threat-actor-sophistication-ov`
pub const THREAT_ACTOR_SOPHISTICATION: Vocabulary = Vocabulary {
    name: "threat-actor-sophistication-ov",
    rule: &rule::THREAT_ACTOR_SOPHISTICATION_OV,
    terms: &[
        "advanced",
        "expert",
        "innovator",
        "intermediate",
        "minimal",
        "none",
        "strategic",
    ],
};

/// `threat-actor-type-ov`
pub const THREAT_ACTOR_TYPE: Vocabulary = Vocabulary {
    name: "threat-actor-type-ov",
    rule: &rule::THREAT_ACTOR_TYPE_OV,
    terms: &[
        "activist",
        "competitor",
        "crime-syndicate",
        "criminal",
        "hacker",
        "insider-accidental",
        "insider-disgruntled",
        "nation-state",
        "sensationalist",
        "spy",
        "terrorist",
        "unknown",
    ],
};

/// `tool-type-ov`
pub const TOOL_TYPE: Vocabulary = Vocabulary {
    name: "tool-type-ov",
    rule: &rule::TOOL_TYPE_OV,
    terms: &[
        "credential-exploitation",
        "denial-of-service",
        "exploitation",
        "information-gathering",
        "network-capture",
        "remote-access",
        "unknown",
        "vulnerability-scanning",
    ],
};

/// `windows-pebinary-type-ov`
pub const WINDOWS_PEBINARY_TYPE: Vocabulary = Vocabulary {
    name: "windows-pebinary-type-ov",
    rule: &rule::WINDOWS_PEBINARY_TYPE_OV,
    terms: &["dll", "exe", "sys"],
};

/// All of them.
pub const ALL: &[&Vocabulary] = &[
    &ACCOUNT_TYPE,
    &ATTACK_MOTIVATION,
    &ATTACK_RESOURCE_LEVEL,
    &GROUPING_CONTEXT,
    &HASH_ALGORITHM,
    &IDENTITY_CLASS,
    &IMPLEMENTATION_LANGUAGE,
    &INDICATOR_TYPE,
    &INDUSTRY_SECTOR,
    &INFRASTRUCTURE_TYPE,
    &MALWARE_CAPABILITIES,
    &MALWARE_RESULT,
    &MALWARE_TYPE,
    &PATTERN_TYPE,
    &PROCESSOR_ARCHITECTURE,
    &REGION,
    &REPORT_TYPE,
    &THREAT_ACTOR_ROLE,
    &THREAT_ACTOR_SOPHISTICATION,
    &THREAT_ACTOR_TYPE,
    &TOOL_TYPE,
    &WINDOWS_PEBINARY_TYPE,
];

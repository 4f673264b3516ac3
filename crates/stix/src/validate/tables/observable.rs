//! The cyber-observable objects and their predefined extensions: STIX 2.1 §6.

use super::super::schema::Shape::*;
use super::super::schema::{
    INTEGER, NATURAL, NUMBER, ObjectType, Order, Others, Structure, Target, optional, required,
};
use super::super::vocabulary;

/// `artifact`
pub(super) const ARTIFACT: ObjectType = ObjectType::observable(
    "artifact",
    "STIX 2.1 §6.1",
    &[
        optional("mime_type", MediaType),
        optional("payload_bin", Binary),
        optional("url", Uri),
        optional("hashes", Hashes),
        optional(
            "encryption_algorithm",
            Enumeration(&["AES-256-GCM", "ChaCha20-Poly1305", "mime-type-indicated"]),
        ),
        optional("decryption_key", Text),
    ],
);

/// `autonomous-system`
pub(super) const AUTONOMOUS_SYSTEM: ObjectType = ObjectType::observable(
    "autonomous-system",
    "STIX 2.1 §6.2",
    &[
        required("number", INTEGER),
        optional("name", Text),
        optional("rir", Text),
    ],
);

/// `directory`
pub(super) const DIRECTORY: ObjectType = ObjectType::observable(
    "directory",
    "STIX 2.1 §6.3",
    &[
        required("path", Text),
        optional("path_enc", CharacterSet),
        optional("ctime", Timestamp),
        optional("mtime", Timestamp),
        optional("atime", Timestamp),
        optional(
            "contains_refs",
            List(&Identifier(Target::OneOf(&["directory", "file"]))),
        ),
    ],
);

/// `domain-name`
pub(super) const DOMAIN_NAME: ObjectType = ObjectType::observable(
    "domain-name",
    "STIX 2.1 §6.4",
    &[
        required("value", DomainName),
        optional(
            "resolves_to_refs",
            List(&Identifier(Target::OneOf(&[
                "ipv4-addr",
                "ipv6-addr",
                "domain-name",
            ]))),
        ),
    ],
);

/// `email-addr`
pub(super) const EMAIL_ADDR: ObjectType = ObjectType::observable(
    "email-addr",
    "STIX 2.1 §6.5",
    &[
        required("value", EmailAddress),
        optional("display_name", Text),
        optional("belongs_to_ref", Identifier(Target::OneOf(&["user-account"]))),
    ],
);

/// `email-message`
pub(super) const EMAIL_MESSAGE: ObjectType = ObjectType::observable(
    "email-message",
    "STIX 2.1 §6.6",
    &[
        optional("date", Timestamp),
        optional("content_type", Text),
        optional("from_ref", Identifier(Target::OneOf(&["email-addr"]))),
        optional("sender_ref", Identifier(Target::OneOf(&["email-addr"]))),
        optional("to_refs", List(&Identifier(Target::OneOf(&["email-addr"])))),
        optional("cc_refs", List(&Identifier(Target::OneOf(&["email-addr"])))),
        optional("bcc_refs", List(&Identifier(Target::OneOf(&["email-addr"])))),
        optional("message_id", Text),
        optional("subject", Text),
        optional("received_lines", List(&Text)),
        optional("additional_header_fields", Dictionary(&TextOrTexts)),
        optional("raw_email_ref", Identifier(Target::OneOf(&["artifact"]))),
        required("is_multipart", Boolean),
        optional("body", Text),
        optional("body_multipart", List(&Object(&MIME_PART))),
    ],
);

/// `file`
pub(super) const FILE: ObjectType = ObjectType::observable(
    "file",
    "STIX 2.1 §6.7",
    &[
        optional("hashes", Hashes),
        optional("size", NATURAL),
        optional("name", Text),
        optional("name_enc", CharacterSet),
        optional("magic_number_hex", Hex),
        optional("mime_type", Text),
        optional("ctime", Timestamp),
        optional("mtime", Timestamp),
        optional("atime", Timestamp),
        optional("parent_directory_ref", Identifier(Target::OneOf(&["directory"]))),
        optional("contains_refs", List(&Identifier(Target::Any))),
        optional("content_ref", Identifier(Target::OneOf(&["artifact"]))),
    ],
)
.extended_by(&[
    ("ntfs-ext", &NTFS_EXT),
    ("raster-image-ext", &RASTER_IMAGE_EXT),
    ("pdf-ext", &PDF_EXT),
    ("archive-ext", &ARCHIVE_EXT),
    ("windows-pebinary-ext", &WINDOWS_PEBINARY_EXT),
])
.with_any_of(&["hashes", "name"]);

/// `ipv4-addr`
pub(super) const IPV4_ADDR: ObjectType = ObjectType::observable(
    "ipv4-addr",
    "STIX 2.1 §6.8",
    &[
        required("value", Ipv4),
        optional(
            "resolves_to_refs",
            List(&Identifier(Target::OneOf(&["mac-addr"]))),
        ),
        optional(
            "belongs_to_refs",
            List(&Identifier(Target::OneOf(&["autonomous-system"]))),
        ),
    ],
);

/// `ipv6-addr`
pub(super) const IPV6_ADDR: ObjectType = ObjectType::observable(
    "ipv6-addr",
    "STIX 2.1 §6.9",
    &[
        required("value", Ipv6),
        optional(
            "resolves_to_refs",
            List(&Identifier(Target::OneOf(&["mac-addr"]))),
        ),
        optional(
            "belongs_to_refs",
            List(&Identifier(Target::OneOf(&["autonomous-system"]))),
        ),
    ],
);

/// `mac-addr`
pub(super) const MAC_ADDR: ObjectType =
    ObjectType::observable("mac-addr", "STIX 2.1 §6.10", &[required("value", MacAddress)]);

/// `mutex`
pub(super) const MUTEX: ObjectType =
    ObjectType::observable("mutex", "STIX 2.1 §6.11", &[required("name", Text)]);

/// `network-traffic`
pub(super) const NETWORK_TRAFFIC: ObjectType = ObjectType::observable(
    "network-traffic",
    "STIX 2.1 §6.12",
    &[
        optional("start", Timestamp),
        optional("end", Timestamp),
        optional(
            "src_ref",
            Identifier(Target::OneOf(&[
                "ipv4-addr",
                "ipv6-addr",
                "mac-addr",
                "domain-name",
            ])),
        ),
        optional(
            "dst_ref",
            Identifier(Target::OneOf(&[
                "ipv4-addr",
                "ipv6-addr",
                "mac-addr",
                "domain-name",
            ])),
        ),
        optional("src_port", Integer { min: 0, max: 65535 }),
        optional("dst_port", Integer { min: 0, max: 65535 }),
        required("protocols", List(&Text)),
        optional("src_byte_count", INTEGER),
        optional("dst_byte_count", INTEGER),
        optional("src_packets", INTEGER),
        optional("dst_packets", INTEGER),
        optional("ipfix", Dictionary(&TextOrInteger)),
        optional("src_payload_ref", Identifier(Target::OneOf(&["artifact"]))),
        optional("dst_payload_ref", Identifier(Target::OneOf(&["artifact"]))),
        optional(
            "encapsulates_refs",
            List(&Identifier(Target::OneOf(&["network-traffic"]))),
        ),
        optional(
            "encapsulated_by_ref",
            Identifier(Target::OneOf(&["network-traffic"])),
        ),
        optional("is_active", Boolean),
    ],
)
.extended_by(&[
    ("http-request-ext", &HTTP_REQUEST_EXT),
    ("icmp-ext", &ICMP_EXT),
    ("socket-ext", &SOCKET_EXT),
    ("tcp-ext", &TCP_EXT),
])
.with_any_of(&["src_ref", "dst_ref"])
.ordered(&[("end", Order::NotBefore, "start")]);

/// `process`
pub(super) const PROCESS: ObjectType = ObjectType::observable(
    "process",
    "STIX 2.1 §6.13",
    &[
        optional("is_hidden", Boolean),
        optional("pid", INTEGER),
        optional("created_time", Timestamp),
        optional("cwd", Text),
        optional("command_line", Text),
        optional("environment_variables", Dictionary(&Any)),
        optional(
            "opened_connection_refs",
            List(&Identifier(Target::OneOf(&["network-traffic"]))),
        ),
        optional("creator_user_ref", Identifier(Target::OneOf(&["user-account"]))),
        optional("image_ref", Identifier(Target::OneOf(&["file"]))),
        optional("parent_ref", Identifier(Target::OneOf(&["process"]))),
        optional("child_refs", List(&Identifier(Target::OneOf(&["process"])))),
    ],
)
.extended_by(&[
    ("windows-process-ext", &WINDOWS_PROCESS_EXT),
    ("windows-service-ext", &WINDOWS_SERVICE_EXT),
])
.with_any_property();

/// `software`
pub(super) const SOFTWARE: ObjectType = ObjectType::observable(
    "software",
    "STIX 2.1 §6.14",
    &[
        required("name", Text),
        optional("cpe", Cpe),
        optional("swid", Text),
        optional("languages", List(&SoftwareLanguage)),
        optional("vendor", Text),
        optional("version", Text),
    ],
);

/// `url`
pub(super) const URL: ObjectType = ObjectType::observable("url", "STIX 2.1 §6.15", &[required("value", Uri)]);

/// `user-account`
pub(super) const USER_ACCOUNT: ObjectType = ObjectType::observable(
    "user-account",
    "STIX 2.1 §6.16",
    &[
        optional("user_id", Text),
        optional("credential", Text),
        optional("account_login", Text),
        optional("account_type", Open(&vocabulary::ACCOUNT_TYPE)),
        optional("display_name", Text),
        optional("is_service_account", Boolean),
        optional("is_privileged", Boolean),
        optional("can_escalate_privs", Boolean),
        optional("is_disabled", Boolean),
        optional("account_created", Timestamp),
        optional("account_expires", Timestamp),
        optional("credential_last_changed", Timestamp),
        optional("account_first_login", Timestamp),
        optional("account_last_login", Timestamp),
    ],
)
.extended_by(&[("unix-account-ext", &UNIX_ACCOUNT_EXT)])
.with_any_property();

/// `windows-registry-key`
pub(super) const WINDOWS_REGISTRY_KEY: ObjectType = ObjectType::observable(
    "windows-registry-key",
    "STIX 2.1 §6.17",
    &[
        optional("key", RegistryKey),
        optional("values", List(&Object(&WINDOWS_REGISTRY_VALUE))),
        optional("modified_time", Timestamp),
        optional("creator_user_ref", Identifier(Target::OneOf(&["user-account"]))),
        optional("number_of_subkeys", INTEGER),
    ],
)
.with_any_of(&[
    "key",
    "values",
    "modified_time",
    "creator_user_ref",
    "number_of_subkeys",
]);

/// `x509-certificate`
pub(super) const X509_CERTIFICATE: ObjectType = ObjectType::observable(
    "x509-certificate",
    "STIX 2.1 §6.18",
    &[
        optional("is_self_signed", Boolean),
        optional("hashes", Hashes),
        optional("version", Text),
        optional("serial_number", Text),
        optional("signature_algorithm", Text),
        optional("issuer", Text),
        optional("validity_not_before", Timestamp),
        optional("validity_not_after", Timestamp),
        optional("subject", Text),
        optional("subject_public_key_algorithm", Text),
        optional("subject_public_key_modulus", Text),
        optional("subject_public_key_exponent", INTEGER),
        optional("x509_v3_extensions", Object(&X509_V3_EXTENSIONS)),
    ],
)
.with_any_property();

// Structures inside of them.

const MIME_PART: Structure = Structure::new(
    "mime-part-type",
    &[
        optional("body", Text),
        optional("body_raw_ref", Identifier(Target::OneOf(&["artifact", "file"]))),
        optional("content_type", Text),
        optional("content_disposition", Text),
    ],
)
.with_any_of(&["body", "body_raw_ref"]);

const ALTERNATE_DATA_STREAMS: Structure = Structure::new(
    "alternate_data_streams",
    &[
        required("name", Text),
        optional("hashes", Hashes),
        optional("size", NATURAL),
    ],
);

const NTFS_EXT: Structure = Structure::new(
    "ntfs-ext",
    &[
        optional("sid", Text),
        optional("alternate_data_streams", List(&Object(&ALTERNATE_DATA_STREAMS))),
    ],
)
.with_any_property();

const RASTER_IMAGE_EXT: Structure = Structure::new(
    "raster-image-ext",
    &[
        optional("image_height", INTEGER),
        optional("image_width", INTEGER),
        optional("bits_per_pixel", INTEGER),
        optional("exif_tags", Dictionary(&TextOrInteger)),
    ],
)
.with_any_property();

const PDF_EXT: Structure = Structure::new(
    "pdf-ext",
    &[
        optional("version", Text),
        optional("is_optimized", Boolean),
        optional("document_info_dict", Dictionary(&Text)),
        optional("pdfid0", Text),
        optional("pdfid1", Text),
    ],
)
.with_any_property();

const ARCHIVE_EXT: Structure = Structure::new(
    "archive-ext",
    &[
        required(
            "contains_refs",
            List(&Identifier(Target::OneOf(&["directory", "file"]))),
        ),
        optional("comment", Text),
    ],
);

const WINDOWS_PE_OPTIONAL_HEADER: Structure = Structure::new(
    "windows-pe-optional-header-type",
    &[
        optional("magic_hex", Hex),
        optional("major_linker_version", INTEGER),
        optional("minor_linker_version", INTEGER),
        optional("size_of_code", NATURAL),
        optional("size_of_initialized_data", NATURAL),
        optional("size_of_uninitialized_data", NATURAL),
        optional("address_of_entry_point", INTEGER),
        optional("base_of_code", INTEGER),
        optional("base_of_data", INTEGER),
        optional("image_base", INTEGER),
        optional("section_alignment", INTEGER),
        optional("file_alignment", INTEGER),
        optional("major_os_version", INTEGER),
        optional("minor_os_version", INTEGER),
        optional("major_image_version", INTEGER),
        optional("minor_image_version", INTEGER),
        optional("major_subsystem_version", INTEGER),
        optional("minor_subsystem_version", INTEGER),
        optional("win32_version_value_hex", Hex),
        optional("size_of_image", NATURAL),
        optional("size_of_headers", NATURAL),
        optional("checksum_hex", Hex),
        optional("subsystem_hex", Hex),
        optional("dll_characteristics_hex", Hex),
        optional("size_of_stack_reserve", NATURAL),
        optional("size_of_stack_commit", NATURAL),
        optional("size_of_heap_reserve", NATURAL),
        optional("size_of_heap_commit", NATURAL),
        optional("loader_flags_hex", Hex),
        optional("number_of_rva_and_sizes", INTEGER),
        optional("hashes", Hashes),
    ],
)
.with_any_property()
.others(Others::Forbidden);

const WINDOWS_PE_SECTION: Structure = Structure::new(
    "windows-pe-section",
    &[
        required("name", Text),
        optional("size", NATURAL),
        optional("entropy", NUMBER),
        optional("hashes", Hashes),
    ],
);

const WINDOWS_PEBINARY_EXT: Structure = Structure::new(
    "windows-pebinary-ext",
    &[
        required("pe_type", Open(&vocabulary::WINDOWS_PEBINARY_TYPE)),
        optional("imphash", Text),
        optional("machine_hex", Hex),
        optional("number_of_sections", NATURAL),
        optional("time_date_stamp", TimestampToTheSecond),
        optional("pointer_to_symbol_table_hex", Hex),
        optional("number_of_symbols", NATURAL),
        optional("size_of_optional_header", NATURAL),
        optional("characteristics_hex", Hex),
        optional("file_header_hashes", Hashes),
        optional("optional_header", Object(&WINDOWS_PE_OPTIONAL_HEADER)),
        optional("sections", List(&Object(&WINDOWS_PE_SECTION))),
    ],
)
.with_any_of(&[
    "imphash",
    "machine_hex",
    "number_of_sections",
    "time_date_stamp",
    "pointer_to_symbol_table_hex",
    "number_of_symbols",
    "size_of_optional_header",
    "characteristics_hex",
    "file_header_hashes",
    "optional_header",
    "sections",
]);

const HTTP_REQUEST_EXT: Structure = Structure::new(
    "http-request-ext",
    &[
        required("request_method", Text),
        required("request_value", Text),
        optional("request_version", Text),
        optional("request_header", Dictionary(&List(&Text))),
        optional("message_body_length", INTEGER),
        optional("message_body_data_ref", Identifier(Target::OneOf(&["artifact"]))),
    ],
);

const ICMP_EXT: Structure = Structure::new(
    "icmp-ext",
    &[required("icmp_type_hex", Hex), required("icmp_code_hex", Hex)],
);

const SOCKET_EXT: Structure = Structure::new(
    "socket-ext",
    &[
        required(
            "address_family",
            Enumeration(&[
                "AF_UNSPEC",
                "AF_INET",
                "AF_IPX",
                "AF_APPLETALK",
                "AF_NETBIOS",
                "AF_INET6",
                "AF_IRDA",
                "AF_BTH",
            ]),
        ),
        optional("is_blocking", Boolean),
        optional("is_listening", Boolean),
        optional("options", Dictionary(&INTEGER)),
        optional(
            "socket_type",
            Enumeration(&[
                "SOCK_STREAM",
                "SOCK_DGRAM",
                "SOCK_RAW",
                "SOCK_RDM",
                "SOCK_SEQPACKET",
            ]),
        ),
        optional("socket_descriptor", NATURAL),
        optional("socket_handle", INTEGER),
    ],
);

const TCP_EXT: Structure = Structure::new(
    "tcp-ext",
    &[optional("src_flags_hex", Hex), optional("dst_flags_hex", Hex)],
)
.with_any_property();

const WINDOWS_PROCESS_EXT: Structure = Structure::new(
    "windows-process-ext",
    &[
        optional("aslr_enabled", Boolean),
        optional("dep_enabled", Boolean),
        optional("priority", Text),
        optional("owner_sid", Text),
        optional("window_title", Text),
        optional("startup_info", StartupInfo),
        optional(
            "integrity_level",
            Enumeration(&["low", "medium", "high", "system"]),
        ),
    ],
)
.with_any_property();

const WINDOWS_SERVICE_EXT: Structure = Structure::new(
    "windows-service-ext",
    &[
        optional("service_name", Text),
        optional("descriptions", List(&Text)),
        optional("display_name", Text),
        optional("group_name", Text),
        optional(
            "start_type",
            Enumeration(&[
                "SERVICE_AUTO_START",
                "SERVICE_BOOT_START",
                "SERVICE_DEMAND_START",
                "SERVICE_DISABLED",
                "SERVICE_SYSTEM_ALERT",
            ]),
        ),
        optional("service_dll_refs", List(&Identifier(Target::OneOf(&["file"])))),
        optional(
            "service_type",
            Enumeration(&[
                "SERVICE_KERNEL_DRIVER",
                "SERVICE_FILE_SYSTEM_DRIVER",
                "SERVICE_WIN32_OWN_PROCESS",
                "SERVICE_WIN32_SHARE_PROCESS",
            ]),
        ),
        optional(
            "service_status",
            Enumeration(&[
                "SERVICE_CONTINUE_PENDING",
                "SERVICE_PAUSE_PENDING",
                "SERVICE_PAUSED",
                "SERVICE_RUNNING",
                "SERVICE_START_PENDING",
                "SERVICE_STOP_PENDING",
                "SERVICE_STOPPED",
            ]),
        ),
    ],
)
.with_any_property();

const UNIX_ACCOUNT_EXT: Structure = Structure::new(
    "unix-account-ext",
    &[
        optional("gid", NUMBER),
        optional("groups", List(&Text)),
        optional("home_dir", Text),
        optional("shell", Text),
    ],
)
.with_any_property();

const WINDOWS_REGISTRY_VALUE: Structure = Structure::new(
    "windows-registry-value-type",
    &[
        optional("name", Text),
        optional("data", Text),
        optional(
            "data_type",
            Enumeration(&[
                "REG_NONE",
                "REG_SZ",
                "REG_EXPAND_SZ",
                "REG_BINARY",
                "REG_DWORD",
                "REG_DWORD_BIG_ENDIAN",
                "REG_DWORD_LITTLE_ENDIAN",
                "REG_LINK",
                "REG_MULTI_SZ",
                "REG_RESOURCE_LIST",
                "REG_FULL_RESOURCE_DESCRIPTION",
                "REG_RESOURCE_REQUIREMENTS_LIST",
                "REG_QWORD",
                "REG_INVALID_TYPE",
            ]),
        ),
    ],
)
.with_any_property();

const X509_V3_EXTENSIONS: Structure = Structure::new(
    "x509-v3-extensions-type",
    &[
        optional("basic_constraints", Text),
        optional("name_constraints", Text),
        optional("policy_constraints", Text),
        optional("key_usage", Text),
        optional("extended_key_usage", Text),
        optional("subject_key_identifier", Text),
        optional("authority_key_identifier", Text),
        optional("subject_alternative_name", Text),
        optional("issuer_alternative_name", Text),
        optional("subject_directory_attributes", Text),
        optional("crl_distribution_points", Text),
        optional("inhibit_any_policy", Text),
        optional("private_key_usage_period_not_before", Timestamp),
        optional("private_key_usage_period_not_after", Timestamp),
        optional("certificate_policies", Text),
        optional("policy_mappings", Text),
    ],
)
.with_any_property();

//! Names that mean the same in most logs, for CSV columns and JSON of no known schema. Compared in lower case
//! and without punctuation: `Src-IP`, `src_ip` and `srcIp` are one.

use super::{Class, How, is};
use crate::Kind::{Address, AutonomousSystem, CertificateHash, Email, FileName, FilePath};
use crate::Kind::{Hash, Host, Ja3, MacAddress, RegistryKey, Text, Url, UserAgent};

const NAMES: &[(&[&str], Class)] = &[
    (
        &[
            "ip",
            "srcip",
            "dstip",
            "destip",
            "sourceip",
            "destinationip",
            "clientip",
            "serverip",
            "remoteip",
            "localip",
            "ipaddress",
            "ipaddr",
            "srcaddr",
            "dstaddr",
            "destaddr",
            "saddr",
            "daddr",
            "sourceaddress",
            "destinationaddress",
            "remoteaddr",
            "remoteaddress",
            "clientaddr",
            "clientaddress",
            "cip",
            "sip",
            "ripaddr",
            "srcipaddr",
            "dstipaddr",
            "origh",
            "resph",
            "idorigh",
            "idresph",
            "ipv4",
            "ipv6",
            "externalip",
            "internalip",
            "publicip",
            "natip",
            "callingip",
            "peerip",
            "srcipv4",
            "dstipv4",
            "srcipv6",
            "dstipv6",
            "ipsrc",
            "ipdst",
            "addr",
        ],
        is(Address),
    ),
    (
        &[
            "src",
            "dst",
            "dest",
            "host",
            "address",
            "server",
            "client",
            "xforwardedfor",
            "xff",
        ],
        is(Host),
    ),
    (&["cshost", "httphost"], Class::Is(Host, How::UrlHost)),
    (
        &[
            "domain",
            "domainname",
            "fqdn",
            "hostname",
            "dnsquery",
            "queryname",
            "rrname",
            "sni",
            "servername",
            "qname",
            "dnsname",
            "desthost",
            "dsthost",
            "srchost",
            "tlssni",
            "csdomain",
        ],
        is(Host),
    ),
    (
        &["csuristem", "uripath", "requestpath"],
        Class::Is(Url, How::UrlPath),
    ),
    (
        &[
            "url",
            "uri",
            "requesturl",
            "requesturi",
            "httpurl",
            "csuri",
            "fullurl",
            "referer",
            "referrer",
            "httpreferer",
            "httpreferrer",
            "httprefer",
            "csreferer",
            "csreferrer",
            "link",
            "href",
            "location",
        ],
        Class::Is(Url, How::UrlPath),
    ),
    (
        &[
            "email",
            "mail",
            "emailaddress",
            "sender",
            "recipient",
            "mailfrom",
            "rcptto",
            "senderaddress",
            "recipientaddress",
            "fromaddress",
            "toaddress",
            "replyto",
        ],
        is(Email),
    ),
    (
        &[
            "md5",
            "sha1",
            "sha256",
            "sha512",
            "hash",
            "filehash",
            "filemd5",
            "filesha1",
            "filesha256",
            "hashmd5",
            "hashsha1",
            "hashsha256",
            "md5hash",
            "sha1hash",
            "sha256hash",
            "processsha256",
        ],
        Class::Is(Hash, How::Hashes),
    ),
    (&["hashes"], Class::Is(Hash, How::Hashes)),
    (
        &[
            "certfingerprint",
            "certsha1",
            "certsha256",
            "certificatehash",
            "fingerprint",
            "certhash",
        ],
        is(CertificateHash),
    ),
    (&["ja3", "ja3s", "ja3hash", "ja3shash"], is(Ja3)),
    (
        &["filename", "attachment", "attachmentname", "originalfilename"],
        is(FileName),
    ),
    (
        &[
            "filepath",
            "path",
            "image",
            "imagepath",
            "processpath",
            "exe",
            "executable",
            "parentimage",
            "imageloaded",
            "targetfilename",
            "fullpath",
            "folderpath",
            "processname",
        ],
        is(FilePath),
    ),
    (
        &["registrykey", "regkey", "targetobject", "registrypath", "keypath"],
        is(RegistryKey),
    ),
    (
        &[
            "useragent",
            "httpuseragent",
            "csuseragent",
            "ua",
            "browseruseragent",
        ],
        is(UserAgent),
    ),
    (
        &["mac", "macaddress", "macaddr", "srcmac", "dstmac", "destmac"],
        is(MacAddress),
    ),
    (
        &["asn", "asnumber", "autonomoussystem", "srcasn", "dstasn"],
        is(AutonomousSystem),
    ),
    (&["commandline", "cmdline", "message", "msg", "query"], is(Text)),
    (
        &[
            "timestamp",
            "time",
            "date",
            "datetime",
            "ts",
            "starttime",
            "endtime",
            "eventtime",
            "protocol",
            "proto",
            "uid",
            "uuid",
            "guid",
        ],
        Class::Nothing,
    ),
];

pub(super) fn classify(path: &str) -> Option<Class> {
    // `#text` and the like follow the name that counts.
    by_name(path).or_else(|| by_name(path.rsplit('.').next()?))
}

fn by_name(name: &str) -> Option<Class> {
    let mut plain = [0u8; 24];
    let mut length = 0;
    for byte in name.bytes().filter(u8::is_ascii_alphanumeric) {
        *plain.get_mut(length)? = byte.to_ascii_lowercase();
        length += 1;
    }
    let plain = plain.get(..length)?;
    NAMES
        .iter()
        .find(|(names, _)| names.iter().any(|name| name.as_bytes() == plain))
        .map(|(_, class)| *class)
}

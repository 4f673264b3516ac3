//! One event of a network, and the background of which most of them are made.

use crate::{indicator, names::Background, random::Random};

pub(crate) struct Event {
    /// Microseconds since 1970.
    pub(crate) at: u64,
    pub(crate) uid: String,
    pub(crate) from: (String, u16),
    pub(crate) to: (String, u16),
    pub(crate) what: What,
}

pub(crate) enum What {
    Conn(Conn),
    Dns(Dns),
    Http(Http),
}

pub(crate) struct Conn {
    pub(crate) proto: &'static str,
    pub(crate) service: Option<&'static str>,
    /// Duration in microseconds, bytes out and in.
    pub(crate) flow: Option<(u64, u64, u64)>,
    pub(crate) state: &'static str,
    pub(crate) history: &'static str,
    pub(crate) packets: (u64, u64),
    pub(crate) vlan: Option<u16>,
    pub(crate) community: Option<String>,
}

pub(crate) struct Dns {
    pub(crate) transaction: u64,
    pub(crate) round_trip: Option<u64>,
    pub(crate) query: String,
    pub(crate) kind: (u16, &'static str),
    pub(crate) code: (u16, &'static str),
    pub(crate) answers: Vec<String>,
}

pub(crate) struct Http {
    pub(crate) method: &'static str,
    pub(crate) host: Option<String>,
    pub(crate) uri: String,
    pub(crate) referrer: Option<String>,
    pub(crate) agent: Option<&'static str>,
    pub(crate) lengths: (u64, u64),
    pub(crate) status: Option<(u16, &'static str)>,
    pub(crate) file: Option<(String, &'static str)>,
}

pub(crate) struct Network {
    random: Random,
    names: Background,
    servers: Vec<String>,
    now: u64,
}

impl Network {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed ^ 0xe7e2);
        let servers = (0..60_000).map(|_| server(&mut random)).collect();
        // 2026-03-01T00:00:00Z
        Self {
            random,
            names: Background::new(seed),
            servers,
            now: 1_772_323_200_000_000,
        }
    }

    pub(crate) fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    /// 55 % connections, 30 % name resolutions, 15 % requests.
    pub(crate) fn event(&mut self) -> Event {
        self.now += self.random.below(900);
        let port = 1_024 + self.random.below(64_000) as u16;
        match self.random.below(100) {
            0..55 => self.conn(port),
            55..85 => self.dns(port),
            _ => self.http(port),
        }
    }

    fn envelope(&mut self, port: u16, to: (String, u16), what: What) -> Event {
        let from = (self.client(), port);
        Event {
            at: self.now,
            uid: uid(&mut self.random, 'C'),
            from,
            to,
            what,
        }
    }

    fn client(&mut self) -> String {
        let n = self.random.below(3_000);
        if self.random.chance(4_000) {
            return format!(
                "fe80::{:x}:{:x}ff:fe{:x}:{:x}",
                n,
                n & 255,
                n & 127,
                (n * 7) & 0xffff
            );
        }
        format!("10.{}.{}.{}", 20 + n % 8, n / 250, 1 + n % 250)
    }

    fn server(&mut self) -> String {
        let part = self.random.below(1 << 20);
        let at = (part * part * self.servers.len() as u64) >> 40;
        self.servers.get(at as usize).cloned().unwrap_or_default()
    }

    fn conn(&mut self, port: u16) -> Event {
        let random = &mut self.random;
        let (proto, service, to_port) = match random.below(10) {
            0..5 => ("tcp", Some("ssl"), 443),
            5 => ("tcp", Some("http"), 80),
            6 => ("udp", Some("dns"), 53),
            7 => ("udp", Some("quic"), 443),
            8 => ("tcp", None, 8_000 + random.below(500) as u16),
            _ => ("tcp", Some("ssh"), 22),
        };
        let answered = !random.chance(90_000);
        let (out, back) = (random.below(1 << 14), random.below(1 << 20));
        let what = What::Conn(Conn {
            proto,
            service: service.filter(|_| answered),
            flow: answered.then(|| (random.below(90_000_000), out, back)),
            state: if answered { "SF" } else { "S0" },
            history: if answered { "ShADadFf" } else { "S" },
            packets: if answered {
                (3 + out / 1_000, 2 + back / 1_400)
            } else {
                (1, 0)
            },
            vlan: random.chance(120_000).then(|| 100 + random.below(20) as u16),
            community: random.chance(800_000).then(|| community(random)),
        });
        let to = if self.random.chance(250_000) {
            self.client()
        } else {
            self.server()
        };
        self.envelope(port, (to, to_port), what)
    }

    fn dns(&mut self, port: u16) -> Event {
        let query = self.names.pick(&mut self.random).to_owned();
        let fails = self.random.chance(120_000);
        let kind = match self.random.below(10) {
            0..7 => (1, "A"),
            7 | 8 => (28, "AAAA"),
            _ => (65, "HTTPS"),
        };
        let mut answers = Vec::new();
        if !fails && kind.0 == 1 {
            if self.random.chance(350_000) {
                answers.push(self.names.pick(&mut self.random).to_owned());
            }
            for _ in 0..1 + self.random.below(4) {
                answers.push(self.server());
            }
        } else if !fails && kind.0 == 28 {
            let n = self.random.next();
            answers.push(format!(
                "2606:{:x}:{:x}::{:x}",
                n >> 48,
                n >> 32 & 0xffff,
                n & 0xffff
            ));
        }
        let what = What::Dns(Dns {
            transaction: self.random.below(65_536),
            round_trip: (!self.random.chance(60_000)).then(|| self.random.below(180_000)),
            query,
            kind,
            code: if fails { (3, "NXDOMAIN") } else { (0, "NOERROR") },
            answers,
        });
        self.envelope(port, ("10.20.0.53".to_owned(), 53), what)
    }

    fn http(&mut self, port: u16) -> Event {
        let host = self.names.pick(&mut self.random).to_owned();
        let referrer = self.random.chance(400_000).then(|| {
            let other = self.names.pick(&mut self.random);
            format!("http://{other}/")
        });
        let random = &mut self.random;
        let mut uri = path(random);
        if random.chance(1_500) {
            // What a JSON writer has to escape.
            uri.push_str("&q=\"a\\b\"");
        }
        let size = random.below(1 << 18);
        let what = What::Http(Http {
            method: if random.chance(150_000) { "POST" } else { "GET" },
            host: (!random.chance(8_000)).then_some(host),
            uri,
            referrer,
            agent: (!random.chance(70_000)).then(|| random.pick(&AGENTS)),
            lengths: (random.below(900), size),
            status: (!random.chance(20_000)).then(|| status(random)),
            file: (size > 0 && !random.chance(200_000)).then(|| (uid(random, 'F'), random.pick(&MEDIA))),
        });
        let to = self.server();
        self.envelope(port, (to, 80), what)
    }
}

/// An odd address, where those of indicators are even.
fn server(random: &mut Random) -> String {
    let first = indicator::first_octet(random.below(160));
    let middle = random.below(65_536);
    format!(
        "{first}.{}.{}.{}",
        middle >> 8,
        middle & 255,
        1 + 2 * random.below(127)
    )
}

fn uid(random: &mut Random, first: char) -> String {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut uid = String::with_capacity(18);
    uid.push(first);
    let mut rest = random.next();
    for at in 0..17 {
        if at == 9 {
            rest = random.next();
        }
        uid.push(char::from(
            LETTERS.get((rest % 62) as usize).copied().unwrap_or(b'A'),
        ));
        rest /= 62;
    }
    uid
}

fn community(random: &mut Random) -> String {
    let mut id = uid(random, '1');
    id.insert(1, ':');
    id.push_str("hT0kZbYd8=");
    id
}

fn path(random: &mut Random) -> String {
    let n = random.next();
    match n & 3 {
        0 => format!("/assets/js/{:x}/bundle.min.js?v={}", n >> 40, n >> 8 & 0xffff),
        1 => format!(
            "/api/v2/events/{}?session={:x}&page={}",
            n >> 50,
            n >> 8,
            n >> 4 & 15
        ),
        2 => format!("/{}/{}/image_{}.jpg", n >> 58, n >> 50 & 63, n >> 20 & 0xffff),
        _ => "/".to_owned(),
    }
}

fn status(random: &mut Random) -> (u16, &'static str) {
    match random.below(20) {
        0 => (404, "Not Found"),
        1 => (302, "Found"),
        2 => (304, "Not Modified"),
        _ => (200, "OK"),
    }
}

const AGENTS: [&str; 6] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0",
    "Microsoft-CryptoAPI/10.0",
    "Debian APT-HTTP/1.3 (2.6.1)",
    "curl/8.5.0",
];
const MEDIA: [&str; 5] = [
    "text/html",
    "application/javascript",
    "image/jpeg",
    "text/json",
    "application/x-dosexec",
];

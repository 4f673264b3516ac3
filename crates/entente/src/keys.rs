//! The secrets of this node's party at rest: two small files in `keys/` of the data folder, encrypted with a
//! passphrase (age, scrypt). One holds the instance keys, the other the root key, which can be moved away.
//!
//! Begin at [`Vault`]. Plain secrets are in memory only, and wiped there.

mod passphrase;
mod text;

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use age::secrecy::{ExposeSecret as _, SecretString};
use entente_node::keys::Keys;
use entente_node::party::Party;
use entente_stix::time::Timestamp;
use entente_translog::note::Signer;
use zeroize::Zeroizing;

use crate::exit::Failure;
pub(crate) use passphrase::{Passphrase, first_line};
use text::{InstanceSecrets, RootSecret};

/// scrypt with N = 2^16 and r = 8: 64 MiB and a fraction of a second for each guess.
const WORK_FACTOR: u8 = 16;

/// The most work that a file may ask for when it is opened: what [`WORK_FACTOR`] may grow to.
const WORK_FACTOR_MAX: u8 = 20;

/// Bytes of a file of keys; each is a few hundred.
const FILE_BYTES_MAX: u64 = 64 << 10;

/// The files of one party's keys.
pub(crate) struct Vault {
    folder: PathBuf,
    party: String,
}

/// What a vault gives when it is opened.
pub(crate) struct Unlocked {
    /// What signs. The root key is among it only where it was asked for.
    pub(crate) keys: Keys,
    /// What opens files that are encrypted for this party (`AGE-SECRET-KEY-1…`).
    pub(crate) age: SecretString,
}

/// The public side of new keys.
pub(crate) struct Made {
    /// The new keys.
    pub(crate) keys: Keys,
    /// For whom files to this party are encrypted (`age1…`).
    pub(crate) recipient: String,
}

impl Vault {
    /// The vault of `party` (its id) in a data folder.
    pub(crate) fn new(data: &Path, party: &str) -> Vault {
        Vault {
            folder: data.join("keys"),
            party: party.to_owned(),
        }
    }

    /// The file of the instance keys.
    pub(crate) fn instance_file(&self) -> PathBuf {
        self.folder.join(format!("{}.age", self.short()))
    }

    /// The file of the root key, while it is here.
    pub(crate) fn root_file(&self) -> PathBuf {
        self.folder.join(format!("{}.root.age", self.short()))
    }

    fn short(&self) -> &str {
        let uuid = self.party.rsplit("--").next().unwrap_or_default();
        uuid.get(..8).unwrap_or(uuid)
    }

    /// Makes every key of a party that is founded, or gives those that an attempt which broke off made before.
    /// The root key goes to `root_out` where that is named.
    pub(crate) fn make(&self, passphrase: &Passphrase, root_out: Option<&Path>) -> Result<Made, Failure> {
        let root_file = root_out.map_or_else(|| self.root_file(), Path::to_owned);
        let root = if root_file.exists() {
            self.open_root(&root_file, passphrase)
                .map_err(|failure| self.left_over(failure, &root_file))?
        } else {
            let root = RootSecret::new(&self.party, seed()?);
            self.write(&root_file, &root.to_text(), passphrase)?;
            root
        };
        let instance = if self.instance_file().exists() {
            self.open_instance(passphrase)
                .map_err(|failure| self.left_over(failure, &root_file))?
        } else {
            let age = age::x25519::Identity::generate();
            let instance = InstanceSecrets::new(&self.party, seed()?, seed()?, age.to_string());
            self.write(&self.instance_file(), &instance.to_text(), passphrase)?;
            instance
        };
        let newest = instance.newest().ok_or_else(|| damaged(&self.instance_file()))?;
        Ok(Made {
            recipient: instance
                .recipient()
                .ok_or_else(|| damaged(&self.instance_file()))?,
            keys: Keys {
                party: self.party.clone(),
                root: Some(root.seed()),
                instance: newest,
                salt: instance.salt(),
            },
        })
    }

    /// Keys that an attempt made which broke off are in the way of one under another passphrase.
    fn left_over(&self, failure: Failure, root_file: &Path) -> Failure {
        Failure {
            exit: failure.exit,
            message: format!(
                "{}; where an attempt to make this party broke off and its passphrase is lost, move `{}` and `{}` away, then begin anew",
                failure.message,
                root_file.display(),
                self.instance_file().display()
            ),
        }
    }

    /// Unlocks the instance key that counts at `at`, by the lists of `party`.
    pub(crate) fn unlock(
        &self,
        party: &Party,
        passphrase: &Passphrase,
        at: Timestamp,
    ) -> Result<Unlocked, Failure> {
        let secrets = self.open_instance(passphrase)?;
        let instance = secrets.counting(party, at).ok_or_else(|| {
            Failure::input(format!(
                "no key in `{}` is on the key list of `{}`; put the file of this node's keys back",
                self.instance_file().display(),
                party.name
            ))
        })?;
        Ok(Unlocked {
            keys: Keys {
                party: self.party.clone(),
                root: None,
                instance,
                salt: secrets.salt(),
            },
            age: secrets.age(),
        })
    }

    /// Makes a further instance key and keeps it beside the others. It counts once a key list names it.
    pub(crate) fn make_instance(&self, passphrase: &Passphrase) -> Result<Keys, Failure> {
        let mut secrets = self.open_instance(passphrase)?;
        let instance = Zeroizing::new(seed()?);
        secrets.add(*instance);
        self.write(&self.instance_file(), &secrets.to_text(), passphrase)?;
        Ok(Keys {
            party: self.party.clone(),
            root: None,
            instance: *instance,
            salt: secrets.salt(),
        })
    }

    /// The signer of the root key, from `file` or from the data folder.
    pub(crate) fn root(
        &self,
        file: Option<&Path>,
        passphrase: &Passphrase,
    ) -> Result<Zeroizing<[u8; 32]>, Failure> {
        let file = file.map_or_else(|| self.root_file(), Path::to_owned);
        if !file.exists() {
            return Err(Failure::usage(format!(
                "the root key is not in `{}`; give its file with `--root FILE`, or prepare what it must sign with `--request FILE` and sign that where the key is",
                file.display()
            )));
        }
        Ok(Zeroizing::new(self.open_root(&file, passphrase)?.seed()))
    }

    /// Moves the root key's file out of the data folder. The copy is durable before the original goes.
    pub(crate) fn move_root(&self, to: &Path, passphrase: &Passphrase) -> Result<(), Failure> {
        let root = self.open_root(&self.root_file(), passphrase)?;
        if to.exists() {
            return Err(Failure::usage(format!(
                "`{}` is there already; name another file, so that no key is lost",
                to.display()
            )));
        }
        self.write(to, &root.to_text(), passphrase)?;
        let copy = self.open_root(to, passphrase)?;
        if copy.seed() != root.seed() {
            return Err(damaged(to));
        }
        let file = self.root_file();
        fs::remove_file(&file).map_err(|error| failed("remove", &file, &error))
    }

    fn open_instance(&self, passphrase: &Passphrase) -> Result<InstanceSecrets, Failure> {
        let file = self.instance_file();
        let text = read(&file, passphrase)?;
        let secrets = InstanceSecrets::read(&text).ok_or_else(|| damaged(&file))?;
        self.require_ours(&file, secrets.party())?;
        Ok(secrets)
    }

    fn open_root(&self, file: &Path, passphrase: &Passphrase) -> Result<RootSecret, Failure> {
        let root = open_root_of_any(file, passphrase)?;
        self.require_ours(file, root.party())?;
        Ok(root)
    }

    fn require_ours(&self, file: &Path, party: &str) -> Result<(), Failure> {
        if party == self.party {
            return Ok(());
        }
        Err(Failure::input(format!(
            "`{}` holds the keys of `{party}`, and this node's party is `{}`; give the file that belongs here",
            file.display(),
            self.party
        )))
    }

    /// Writes a file whole or not at all, readable by its owner only.
    fn write(&self, file: &Path, text: &str, passphrase: &Passphrase) -> Result<(), Failure> {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or_else(|| Path::new("."));
        if folder == self.folder {
            make_private(folder)?;
        }
        let sealed = seal(text, passphrase)?;
        let failing = |error: std::io::Error| failed("write", file, &error);
        // A temporary file of this crate is made with mode 0600.
        let mut written = tempfile::NamedTempFile::new_in(folder).map_err(failing)?;
        written.write_all(&sealed).map_err(failing)?;
        written.as_file().sync_all().map_err(failing)?;
        written.persist(file).map_err(|error| failing(error.error))?;
        // The name is durable with its folder.
        fs::File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(failing)
    }
}

/// The root key of a file, whosever it is: for the machine that has no node.
pub(crate) fn root_signer(file: &Path, passphrase: &Passphrase) -> Result<Signer, Failure> {
    let root = open_root_of_any(file, passphrase)?;
    let seed = Zeroizing::new(root.seed());
    Signer::ed25519(root.party(), &seed).map_err(Failure::input)
}

fn open_root_of_any(file: &Path, passphrase: &Passphrase) -> Result<RootSecret, Failure> {
    RootSecret::read(&read(file, passphrase)?).ok_or_else(|| damaged(file))
}

/// 32 bytes of the system's randomness.
pub(crate) fn seed() -> Result<[u8; 32], Failure> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)
        .map_err(|error| Failure::store(format!("the system gives no randomness for keys: {error}")))?;
    Ok(seed)
}

fn seal(text: &str, passphrase: &Passphrase) -> Result<Vec<u8>, Failure> {
    let mut recipient = age::scrypt::Recipient::new(passphrase.secret());
    recipient.set_work_factor(WORK_FACTOR);
    age::encrypt(&recipient, text.as_bytes())
        .map_err(|error| Failure::store(format!("cannot encrypt the keys: {error}")))
}

/// The text of a sealed file.
fn read(file: &Path, passphrase: &Passphrase) -> Result<Zeroizing<String>, Failure> {
    let mut sealed = Vec::new();
    let opened = fs::File::open(file).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::not_found(format!(
            "there are no keys in `{}`; put the file back from where you keep its copy",
            file.display()
        )),
        _ => failed("read", file, &error),
    })?;
    let read = opened.take(FILE_BYTES_MAX).read_to_end(&mut sealed);
    read.map_err(|error| failed("read", file, &error))?;
    let mut identity = age::scrypt::Identity::new(passphrase.secret());
    identity.set_max_work_factor(WORK_FACTOR_MAX);
    let text = age::decrypt(&identity, &sealed).map_err(|error| refused(file, &error))?;
    match String::from_utf8(text) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(error) => {
            drop(Zeroizing::new(error.into_bytes()));
            Err(damaged(file))
        }
    }
}

fn refused(file: &Path, error: &age::DecryptError) -> Failure {
    match error {
        age::DecryptError::DecryptionFailed | age::DecryptError::KeyDecryptionFailed => {
            Failure::input(format!(
                "the passphrase does not open `{}`; try again, there is no way around it",
                file.display()
            ))
        }
        _ => damaged(file),
    }
}

fn damaged(file: &Path) -> Failure {
    Failure::input(format!(
        "`{}` is not a file of keys, or is damaged; put its copy back",
        file.display()
    ))
}

fn failed(doing: &str, file: &Path, error: &std::io::Error) -> Failure {
    Failure::store(format!(
        "cannot {doing} `{}`: {error}; check its folder and permissions",
        file.display()
    ))
}

/// The folder of keys, for its owner only.
fn make_private(folder: &Path) -> Result<(), Failure> {
    let failing = |error: std::io::Error| failed("make", folder, &error);
    fs::create_dir_all(folder).map_err(failing)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(failing)?;
    }
    Ok(())
}

/// What a secret of age says, for the file.
fn exposed(secret: &SecretString) -> &str {
    secret.expose_secret()
}

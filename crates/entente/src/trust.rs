//! Which TLS keys are believed between nodes: exactly those that are pinned.
//!
//! A name proves nothing between peers, and no authority is asked: the key is the identity, and a hello signed by the
//! party says whose it is ([`entente_exchange::hello`]). [`PinnedServer`] is for who connects, [`Callers`] for who
//! listens; both look the certificate over ([`certificate`]).

pub(crate) mod certificate;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use entente_exchange::hello::TlsKey;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, RootCertStore, SignatureScheme,
};

use crate::exit::Failure;
use certificate::Purpose;

/// What a connection to a peer was made of, or why it was not.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shown {
    /// The key that the other side proved to hold.
    pub(crate) key: Option<TlsKey>,
    /// Why its certificate was refused, as a sentence.
    pub(crate) refusal: Option<String>,
}

/// How both sides verify that the other holds its key: as rustls does, with the algorithms of this node.
macro_rules! signatures {
    () => {
        fn verify_tls12_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            verify_tls12_signature(
                message,
                certificate,
                signed,
                &self.provider.signature_verification_algorithms,
            )
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            verify_tls13_signature(
                message,
                certificate,
                signed,
                &self.provider.signature_verification_algorithms,
            )
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.provider
                .signature_verification_algorithms
                .supported_schemes()
        }
    };
}

/// Believes one key: that which is pinned, or at first contact the first that is shown.
#[derive(Debug)]
pub(crate) struct PinnedServer {
    pinned: Option<TlsKey>,
    authority: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
    shown: Mutex<Shown>,
}

impl PinnedServer {
    /// `pinned`: exactly this key; `None`: the first that comes, and it then stays that one. With `authority`, a PEM file,
    /// the certificate must also be by an authority in it and for the server's name.
    pub(crate) fn new(
        pinned: Option<TlsKey>,
        authority: Option<&Path>,
    ) -> Result<Arc<PinnedServer>, Failure> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let authority = authority
            .map(|path| {
                let roots = Arc::new(authorities(path)?);
                WebPkiServerVerifier::builder_with_provider(roots, provider.clone())
                    .build()
                    .map_err(|error| unusable(path, &error))
            })
            .transpose()?;
        Ok(Arc::new(PinnedServer {
            pinned,
            authority,
            provider,
            shown: Mutex::default(),
        }))
    }

    /// What was shown last.
    pub(crate) fn shown(&self) -> Shown {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn judge(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
        shown: &mut Shown,
    ) -> Result<(), rustls::Error> {
        let sound = certificate::check(certificate, Purpose::Server, now).map_err(|fault| {
            shown.refusal = Some(fault.to_string());
            rustls::Error::from(fault)
        })?;
        if let Some(authority) = &self.authority {
            let verified = authority.verify_server_cert(certificate, intermediates, name, &[], now);
            verified.inspect_err(|error| {
                shown.refusal = Some(format!(
                    "its certificate is not by the authority that was named: {error}"
                ));
            })?;
        }
        // The first one is the one: two connections of one first contact are to one node.
        if let Some(pinned) = self.pinned.or(shown.key).filter(|pinned| *pinned != sound.key) {
            shown.refusal = Some(changed(&pinned, &sound.key));
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        shown.key = Some(sound.key);
        shown.refusal = None;
        Ok(())
    }
}

fn changed(pinned: &TlsKey, shown: &TlsKey) -> String {
    format!(
        "it shows another key than the one that is pinned for it: pinned {}, shown {}; if the peer has a new key, let it tell you \
         its fingerprint by another way, then `entente peer add` again",
        pinned.fingerprint(),
        shown.fingerprint()
    )
}

impl ServerCertVerifier for PinnedServer {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        self.judge(certificate, intermediates, name, now, &mut shown)?;
        Ok(ServerCertVerified::assertion())
    }

    signatures!();
}

/// How this node connects to a peer: it believes whom `server` does, and shows its own certificate.
pub(crate) fn client_config(
    server: Arc<PinnedServer>,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<ClientConfig, Failure> {
    let own = |error| Failure::store(format!("this node's own TLS key cannot be used: {error}"));
    let mut config = ClientConfig::builder_with_provider(server.provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(own)?
        .dangerous()
        .with_custom_certificate_verifier(server)
        .with_client_auth_cert(chain, key)
        .map_err(own)?;
    // A resumed session would not be looked at again.
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}

/// Takes client certificates for what they are: wrappers of keys. Whether a key is somebody's is asked at each request;
/// who shows none may come in too, as anyone.
#[derive(Debug)]
pub(crate) struct Callers {
    authority: Option<Arc<dyn ClientCertVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl Callers {
    /// With `authority`, a PEM file, certificates by authorities in it are taken beside self-signed ones.
    pub(crate) fn new(authority: Option<&Path>) -> Result<Arc<Callers>, Failure> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let authority = authority
            .map(|path| {
                let roots = Arc::new(authorities(path)?);
                WebPkiClientVerifier::builder_with_provider(roots, provider.clone())
                    .build()
                    .map_err(|error| unusable(path, &error))
            })
            .transpose()?;
        Ok(Arc::new(Callers { authority, provider }))
    }
}

impl ClientCertVerifier for Callers {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        // None are named: whoever has a certificate is to show it.
        &[]
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let sound = certificate::check(certificate, Purpose::Client, now).map_err(rustls::Error::from)?;
        match (&self.authority, sound.is_self_signed) {
            (_, true) => Ok(ClientCertVerified::assertion()),
            (Some(authority), false) => authority.verify_client_cert(certificate, intermediates, now),
            (None, false) => Err(CertificateError::UnknownIssuer.into()),
        }
    }

    signatures!();
}

fn authorities(path: &Path) -> Result<RootCertStore, Failure> {
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| unusable(path, &error))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unusable(path, &error))?;
        roots.add(certificate).map_err(|error| unusable(path, &error))?;
    }
    match roots.is_empty() {
        true => Err(unusable(path, &"there is no certificate in it")),
        false => Ok(roots),
    }
}

fn unusable(path: &Path, cause: &dyn std::fmt::Display) -> Failure {
    Failure::input(format!(
        "cannot use `{}`: {cause}; give a PEM file",
        path.display()
    ))
}

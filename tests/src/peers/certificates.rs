//! TLS certificates for the test servers.

use std::path::Path;

use anyhow::Result;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

/// Creates a certificate authority (`ca.pem`), and a server certificate (`server.pem`) with its key (`server.key`). The authority signs the
/// server certificate, which is valid for `localhost` and 127.0.0.1.
pub(crate) fn write_certificates(folder: &Path) -> Result<()> {
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    authority
        .distinguished_name
        .push(DnType::CommonName, "Test authority");
    let authority_key = KeyPair::generate()?;
    let authority_certificate = authority.self_signed(&authority_key)?;
    let issuer = Issuer::new(authority, authority_key);
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let mut server = CertificateParams::new(names)?;
    server.use_authority_key_identifier_extension = true;
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.distinguished_name.push(DnType::CommonName, "localhost");
    let server_key = KeyPair::generate()?;
    let server_certificate = server.signed_by(&server_key, &issuer)?;
    let authority_pem = authority_certificate.pem();
    std::fs::write(folder.join("ca.pem"), &authority_pem)?;
    std::fs::write(
        folder.join("server.pem"),
        server_certificate.pem() + &authority_pem,
    )?;
    std::fs::write(folder.join("server.key"), server_key.serialize_pem())?;
    Ok(())
}

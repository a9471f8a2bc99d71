//! Certificates made by the `openssl` command, as administrators make them.

use std::path::Path;
use std::process::Command;

/// Makes `name.crt` and `name.key`, signed by itself.
pub(crate) fn self_signed(directory: &Path, name: &str, common_name: &str) {
    openssl(
        directory,
        &format!(
            "req -x509 -newkey rsa:2048 -nodes -days 2 -keyout {name}.key -out {name}.crt -subj /CN={common_name}"
        ),
    );
    private(directory, name);
}

/// Makes `name.crt` and `name.key`, signed by `authority`. Without extensions it becomes an X.509 version 1
/// certificate.
pub(crate) fn signed(
    directory: &Path,
    name: &str,
    common_name: &str,
    authority: &str,
    extensions: Option<&str>,
) {
    openssl(
        directory,
        &format!("req -newkey rsa:2048 -nodes -keyout {name}.key -out {name}.csr -subj /CN={common_name}"),
    );
    let extfile = extensions.map_or_else(String::new, |text| {
        std::fs::write(directory.join("extensions"), text).unwrap();
        " -extfile extensions".to_owned()
    });
    openssl(
        directory,
        &format!(
            "x509 -req -in {name}.csr -days 2 -CA {authority}.crt -CAkey {authority}.key -CAcreateserial \
             -out {name}.crt{extfile}"
        ),
    );
    private(directory, name);
}

/// Makes `revoked.crl` of `authority`, with the certificate `name` in it.
pub(crate) fn revoke(directory: &Path, name: &str, authority: &str) {
    std::fs::write(
        directory.join("ca.conf"),
        "[ca]\ndefault_ca = a\n[a]\ndatabase = index\ndefault_md = sha256\ndefault_crl_days = 2\n\
         crl_extensions = e\n[e]\nauthorityKeyIdentifier = keyid\n",
    )
    .unwrap();
    std::fs::write(directory.join("index"), "").unwrap();
    let by = format!("ca -config ca.conf -cert {authority}.crt -keyfile {authority}.key");
    openssl(directory, &format!("{by} -revoke {name}.crt"));
    openssl(directory, &format!("{by} -gencrl -out revoked.crl"));
}

fn openssl(directory: &Path, arguments: &str) {
    let output = Command::new("openssl")
        .args(arguments.split(' '))
        .current_dir(directory)
        .output()
        .expect("these tests need the openssl command");
    assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

fn private(directory: &Path, name: &str) {
    use std::os::unix::fs::PermissionsExt;
    let key = directory.join(format!("{name}.key"));
    std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o600)).unwrap();
}

use pg::Session;

use crate::certificates;
use crate::server::{Server, text};

const ENCRYPTED: &str = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
const TRUST: &str = "local all all trust\nhost all all 127.0.0.1/32 trust";

/// By name `localhost` and this very address.
const LOCAL: &str = "host=localhost hostaddr=127.0.0.1";

async fn encrypted(server: &Server, more: &str) -> bool {
    let session = server.connect(more).await.unwrap_or_else(|e| panic!("{more}: {e}"));
    text(&session, ENCRYPTED).await == "t"
}

async fn refused(server: &Server, more: &str, said: &str) {
    let error = server.connect(more).await.err().unwrap_or_else(|| panic!("{more} was let in"));
    assert!(error.to_string().contains(said), "{more}: {error}");
}

fn file(server: &Server, name: &str) -> String {
    server.path().join("data").join(name).display().to_string()
}

#[tokio::test]
async fn a_server_with_a_self_signed_certificate() {
    let server = Server::prepare(TRUST, "ssl = on", |data| {
        certificates::self_signed(data, "server", "localhost");
        certificates::self_signed(data, "other", "other");
    });
    for (mode, expected) in [("disable", false), ("allow", false), ("prefer", true), ("require", true)] {
        assert_eq!(encrypted(&server, &format!("{LOCAL} sslmode={mode}")).await, expected, "{mode}");
    }
    assert!(encrypted(&server, "sslmode=require").await, "by address");
    let own = format!("{LOCAL} sslrootcert={}", file(&server, "server.crt"));
    assert!(encrypted(&server, &format!("{own} sslmode=verify-full")).await);
    assert!(encrypted(&server, &format!("{own} sslmode=verify-ca host=elsewhere")).await);
    refused(
        &server,
        &format!("{own} sslmode=verify-full host=elsewhere"),
        "it is for \"localhost\", not for \"elsewhere\"",
    )
    .await;
    let other = format!("{LOCAL} sslrootcert={}", file(&server, "other.crt"));
    for mode in ["require", "verify-ca", "verify-full"] {
        refused(&server, &format!("{other} sslmode={mode}"), ": the server's certificate is refused").await;
    }
    assert!(!encrypted(&server, &format!("{other} sslmode=prefer")).await, "falls back to plain");
    refused(&server, &format!("{LOCAL} sslrootcert=system"), ": the server's certificate is refused").await;
    refused(
        &server,
        &format!("{LOCAL} sslmode=require sslrootcert={}", file(&server, "server.key")),
        "root certificate",
    )
    .await;
    for version in ["TLSv1.2", "TLSv1.3"] {
        let only = format!(
            "{LOCAL} sslmode=require ssl_min_protocol_version={version} ssl_max_protocol_version={version}"
        );
        let session = server.connect(&only).await.unwrap();
        assert_eq!(
            text(&session, "select version from pg_stat_ssl where pid = pg_backend_pid()").await,
            version
        );
    }
}

#[tokio::test]
async fn a_server_with_an_authority() {
    let server = Server::prepare(TRUST, "ssl = on", |data| {
        certificates::self_signed(data, "ca", "authority");
        let names = "subjectAltName = DNS:db.test, DNS:*.wild.test, IP:127.0.0.1";
        certificates::signed(data, "server", "localhost", "ca", Some(names));
        certificates::revoke(data, "server", "ca");
    });
    let full = format!("sslmode=verify-full hostaddr=127.0.0.1 sslrootcert={}", file(&server, "ca.crt"));
    for host in ["db.test", "a.wild.test", "127.0.0.1"] {
        assert!(encrypted(&server, &format!("{full} host={host}")).await, "{host}");
    }
    for host in ["localhost", "a.b.wild.test", "127.0.0.2"] {
        refused(&server, &format!("{full} host={host}"), "it is for \"db.test\"").await;
    }
    assert!(encrypted(&server, &format!("{full} sslmode=verify-ca host=localhost")).await);
    refused(
        &server,
        &format!("{full} host=db.test sslcrl={}", file(&server, "revoked.crl")),
        "it was revoked",
    )
    .await;
}

#[tokio::test]
async fn a_certificate_as_the_postgresql_manual_makes_it() {
    let server = Server::prepare(TRUST, "ssl = on", |data| {
        certificates::self_signed(data, "ca", "authority");
        certificates::self_signed(data, "other", "authority");
        certificates::signed(data, "server", "localhost", "ca", None);
    });
    let rooted = format!("{LOCAL} sslrootcert={}", file(&server, "ca.crt"));
    for version in ["TLSv1.2", "TLSv1.3"] {
        let only = format!("ssl_min_protocol_version={version} ssl_max_protocol_version={version}");
        assert!(encrypted(&server, &format!("{LOCAL} sslmode=require {only}")).await);
        assert!(encrypted(&server, &format!("{rooted} sslmode=verify-full {only}")).await);
    }
    refused(&server, &format!("{rooted} sslmode=verify-full host=db.test"), "it is for \"localhost\"").await;
    let other = format!("{LOCAL} sslmode=verify-ca sslrootcert={}", file(&server, "other.crt"));
    refused(&server, &other, "no root certificate has signed it").await;
}

#[tokio::test]
async fn encryption_follows_what_the_server_wants() {
    let plain = Server::start();
    assert!(!encrypted(&plain, "sslmode=prefer").await);
    refused(&plain, "sslmode=require", "server does not support TLS").await;

    let hba = "local all all trust\nhostssl all tls 127.0.0.1/32 trust\nhostnossl all plain 127.0.0.1/32 trust\n\
               hostssl all scram 127.0.0.1/32 scram-sha-256\nhostnossl all scram 127.0.0.1/32 scram-sha-256";
    let server =
        Server::prepare(hba, "ssl = on", |data| certificates::self_signed(data, "server", "localhost"));
    let boss = server.connect(&format!("host={}", server.path().display())).await.unwrap();
    boss.batch_execute(
        "create role tls login; create role plain login; create role scram login password 'p'",
    )
    .await
    .unwrap();
    assert!(encrypted(&server, "user=tls sslmode=allow").await);
    assert!(!encrypted(&server, "user=plain sslmode=prefer").await);
    refused(&server, "user=tls sslmode=disable", "no pg_hba.conf entry").await;
    refused(&server, "user=plain sslmode=require", "no pg_hba.conf entry").await;

    let scram = "user=scram password=p";
    assert!(encrypted(&server, &format!("{scram} sslmode=require channel_binding=require")).await);
    assert!(encrypted(&server, &format!("{scram} sslmode=require channel_binding=disable")).await);
    refused(&server, &format!("{scram} sslmode=disable channel_binding=require"), "channel binding").await;
}

#[tokio::test]
async fn our_own_certificate_is_shown_and_statements_are_cancelled_through_tls() {
    let hba = "local all all trust\nhostssl all all 127.0.0.1/32 cert";
    let server = Server::prepare(hba, "ssl = on\nssl_ca_file = 'ca.crt'", |data| {
        certificates::self_signed(data, "ca", "authority");
        certificates::signed(data, "server", "localhost", "ca", Some("subjectAltName = DNS:localhost"));
        certificates::signed(data, "client", "boss", "ca", None);
    });
    let base = format!("{LOCAL} sslmode=verify-full sslrootcert={}", file(&server, "ca.crt"));
    refused(&server, &format!("{base} sslcertmode=disable"), "requires a valid client certificate").await;
    let ours =
        format!("{base} sslcert={} sslkey={}", file(&server, "client.crt"), file(&server, "client.key"));
    let session: Session = server.connect(&ours).await.unwrap();
    let cancel = session.cancel_token();
    let (ended, cancelled) = tokio::join!(session.batch_execute("select pg_sleep(60)"), async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        cancel.cancel_query().await
    });
    cancelled.unwrap();
    assert!(pg::Error::from(ended.unwrap_err()).is_cancelled());
}

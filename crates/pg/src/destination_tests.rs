use std::fs;

use tempfile::TempDir;

use super::*;

fn around(variables: &[(&str, &str)], home: Option<&TempDir>) -> Environment {
    Environment {
        variables: variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        home: home.map(|home| home.path().to_owned()),
        user: Some("osuser".into()),
    }
}

fn resolve(text: &str, around: Environment) -> Result<Destination> {
    Destination::new(&text.parse()?, "job", around)
}

fn refusal(text: &str) -> String {
    match resolve(text, around(&[], None)) {
        Ok(_) => panic!("{text} was accepted"),
        Err(e) => e.to_string(),
    }
}

#[test]
fn defaults_are_those_of_libpq() {
    let found = resolve("port=1", around(&[], None)).unwrap();
    assert_eq!((found.user.as_str(), found.dbname.as_str()), ("osuser", "osuser"));
    assert_eq!(found.servers[0].host, "localhost");
    assert_eq!(found.sslmode, SslMode::Prefer);
    assert_eq!(found.timeout, Some(Duration::from_secs(10)));
    assert_eq!(found.config.get_application_name(), Some("job"));
    assert!(found.config.get_keepalives());
    assert_eq!(found.config.get_keepalives_idle(), Duration::from_secs(30));
    assert_eq!(found.config.get_tcp_user_timeout(), Some(&Duration::from_secs(30)));
    let user = resolve("user=u", around(&[], None)).unwrap();
    assert_eq!(user.dbname, "u");
}

#[test]
fn what_is_written_counts_more_than_service_and_environment() {
    let home = TempDir::new().unwrap();
    fs::write(home.path().join(".pg_service.conf"), "[s]\nhost=fromservice\nport=7\nuser=su\n").unwrap();
    let variables =
        [("PGHOST", "fromenv"), ("PGPORT", "8"), ("PGDATABASE", "de"), ("PGAPPNAME", "me"), ("PGUSER", "")];
    let found = resolve("service=s port=9", around(&variables, Some(&home))).unwrap();
    assert_eq!(found.servers[0].host, "fromservice");
    assert_eq!(found.servers[0].port, 9);
    assert_eq!((found.user.as_str(), found.dbname.as_str()), ("su", "de"));
    assert_eq!(found.config.get_application_name(), Some("me"));
    let by_env = resolve("", around(&[("PGSERVICE", "s")], Some(&home))).unwrap();
    assert_eq!(by_env.servers[0].host, "fromservice");
    let message =
        resolve("service=none", around(&[("PGSYSCONFDIR", "/nowhere")], Some(&home))).err().unwrap();
    assert!(message.to_string().contains("definition of service \"none\" not found"), "{message}");
}

#[test]
fn lists_of_servers_pair_up() {
    let found = resolve("host=a,b,c hostaddr=127.0.0.1,,::1 port=1,,3", around(&[], None)).unwrap();
    let seen: Vec<_> =
        found.servers.iter().map(|s| (s.host.as_str(), s.address.map(|a| a.to_string()), s.port)).collect();
    assert_eq!(seen, [("a", Some("127.0.0.1".into()), 1), ("b", None, 5432), ("c", Some("::1".into()), 3)]);
    let one_port = resolve("host=a,b port=6", around(&[], None)).unwrap();
    assert!(one_port.servers.iter().all(|s| s.port == 6));
    assert!(refusal("host=a,b,c port=1,2").contains("2 ports given for 3 servers"));
    assert!(refusal("host=a,b hostaddr=::1").contains("1 hostaddr values given for 2"));
    assert!(refusal("hostaddr=name").contains("not an IP address"));
    assert!(refusal("port=99999").contains("not a port number"));
}

#[test]
fn each_server_gets_its_own_password() {
    let home = TempDir::new().unwrap();
    let file = home.path().join(".pgpass");
    fs::write(&file, "a:*:*:*:pa\nb:*:*:*:pb\nlocalhost:*:*:*:pl\n").unwrap();
    fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let found = resolve("host=a,b,c,/var/run/postgresql", around(&[], Some(&home))).unwrap();
    let passwords: Vec<_> = found.servers.iter().map(|s| s.password.as_deref()).collect();
    assert_eq!(passwords, [Some("pa"), Some("pb"), None, Some("pl")]);
    let path = file.to_str().unwrap();
    let named = resolve(&format!("host=b passfile='{path}'"), around(&[], None)).unwrap();
    assert_eq!(named.servers[0].password.as_deref(), Some("pb"));
    let variable = resolve("host=b", around(&[("PGPASSFILE", path), ("PGPASSWORD", "env")], None)).unwrap();
    assert_eq!(variable.servers[0].password.as_deref(), Some("env"));
}

#[test]
fn impossible_values_are_named() {
    for (text, said) in [
        ("sslmode=on", "the value of sslmode is not possible (possible: prefer, disable"),
        ("connect_timeout=soon", "the value of connect_timeout is not a number"),
        ("target_session_attrs=master", "possible: any"),
        ("channel_binding=x", "the value of channel_binding is not possible"),
        ("host=h sslmode=verify-full", "~/.postgresql/root.crt"),
        ("host=h sslmode=verify-ca sslrootcert=/nowhere", "\"/nowhere\" does not exist"),
        ("host=h sslmode=require sslrootcert=system", "verify-full only"),
        ("host=h sslnegotiation=direct", "needs sslmode=require"),
        ("host=h sslcert=/nowhere", "\"/nowhere\" does not exist"),
        ("ssl_min_protocol_version=TLSv1.4", "the value of ssl_min_protocol_version is not possible"),
        ("ssl_max_protocol_version=TLSv1.1", "leave none"),
    ] {
        assert!(refusal(text).contains(said), "{text}: {}", refusal(text));
    }
}

#[test]
fn connect_timeout_is_in_seconds_and_at_least_two() {
    let timeout = |text| resolve(text, around(&[], None)).unwrap().timeout;
    assert_eq!(timeout("connect_timeout=0"), None);
    assert_eq!(timeout("connect_timeout=1"), Some(Duration::from_secs(2)));
    assert_eq!(timeout("connect_timeout=30"), Some(Duration::from_secs(30)));
}

#[test]
fn the_users_application_name_stays() {
    let found = resolve("application_name=mine", around(&[("PGAPPNAME", "env")], None)).unwrap();
    assert_eq!(found.config.get_application_name(), Some("mine"));
}

#[test]
fn of_several_servers_the_one_that_takes_writes_is_meant() {
    let attrs = |text| resolve(text, around(&[], None)).unwrap().attrs;
    assert_eq!(attrs("host=a"), SessionAttrs::Any);
    assert_eq!(attrs("host=a,b"), SessionAttrs::ReadWrite);
    assert_eq!(attrs("host=a,b target_session_attrs=any"), SessionAttrs::Any);
}

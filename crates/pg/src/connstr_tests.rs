use proptest::prelude::*;

use super::*;
use crate::keyword::KEYWORDS;

fn pairs(text: &str) -> Vec<(String, String)> {
    text.parse::<ConnectString>().unwrap().pairs
}

fn refusal(text: &str) -> String {
    text.parse::<ConnectString>().unwrap_err().to_string()
}

macro_rules! reads {
    ($text:expr, $($key:ident = $value:expr),*) => {
        assert_eq!(pairs($text), vec![$((stringify!($key).to_owned(), $value.to_owned())),*], "{}", $text);
    };
}

#[test]
fn keyword_value_form() {
    reads!(
        "host=db port=5433  dbname = shop\n user= 'a b' ",
        host = "db",
        port = "5433",
        dbname = "shop",
        user = "a b"
    );
    reads!(r"password='it\'s \\ here' user=a\ b\'c", password = r"it's \ here", user = "a b'c");
    reads!("password='' host=x", password = "", host = "x");
    reads!("password=a=b?c@d", password = "a=b?c@d");
    reads!("options='-c search_path=x'dbname=y", options = "-c search_path=x", dbname = "y");
    reads!("host=a host=b", host = "b");
    reads!("",);
}

#[test]
fn uri_form() {
    reads!("postgresql://",);
    reads!("postgres://localhost", host = "localhost");
    reads!("postgres://localhost:5433", host = "localhost", port = "5433");
    reads!("postgres://u@h/d", user = "u", host = "h", dbname = "d");
    reads!(
        "postgres://u:p%40%2F%3Aw@ec2.compute.amazonaws.com:5432/d1?sslmode=require&application_name=a%20b",
        user = "u",
        password = "p@/:w",
        host = "ec2.compute.amazonaws.com",
        port = "5432",
        dbname = "d1",
        sslmode = "require",
        application_name = "a b"
    );
    reads!("postgresql://h1:123,h2:456/d", host = "h1,h2", port = "123,456", dbname = "d");
    reads!("postgresql://h1,h2:456", host = "h1,h2", port = ",456");
    reads!("postgresql:///d?host=/tmp&port=5433", dbname = "d", host = "/tmp", port = "5433");
    reads!("postgresql://%2Fvar%2Frun:5433/d", host = "/var/run", port = "5433", dbname = "d");
    reads!("postgresql://[2001:db8::1]:5433/d", host = "2001:db8::1", port = "5433", dbname = "d");
    reads!("postgresql://[::1],h", host = "::1,h");
    reads!("postgresql://:5433/", port = "5433");
    reads!("postgresql://h?ssl=true", host = "h", sslmode = "require");
    reads!("postgresql://u:p@ss@h/d", user = "u", password = "p@ss", host = "h", dbname = "d");
    reads!("postgresql://u:p?s@h/d", user = "u", password = "p?s", host = "h", dbname = "d");
    reads!("postgresql://u@h?application_name=a@b", user = "u", host = "h", application_name = "a@b");
}

#[test]
fn mistakes_are_named() {
    assert!(refusal("hots=x").contains("\"hots\" (did you mean \"host\"?)"), "{}", refusal("hots=x"));
    assert!(refusal("sslmod=x").contains("\"sslmode\""));
    assert!(refusal("username=x").contains("\"user\""), "{}", refusal("username=x"));
    assert!(refusal("postgres://h?sslmod=x").contains("\"sslmode\""));
    assert!(refusal("host").contains("\"=\" missing after \"host\""));
    assert!(refusal("=x").contains("keyword missing"));
    assert!(refusal("host='x").contains("quote missing in the value of host"));
    assert!(refusal("postgres://h/%zz").contains("%25"));
    assert!(refusal("postgres://h/%00").contains("%25"));
    assert!(refusal("postgres://[::1/d").contains("\"]\" missing"));
    assert!(refusal("postgres://h?x").contains("query parameter"));
    assert!(refusal("client_encoding=latin1").contains("possible: utf8"));
    assert!(refusal("requirepeer=postgres").contains("not supported"));
}

#[test]
fn no_message_shows_a_password() {
    for text in [
        "host=h password=my hunter2",
        "host=h password=my hunter2=x",
        "password='hunter2",
        "hunter2",
        "postgres://u:hunter2%@h/d",
        "postgres://u:hunter2@[h/d",
        "postgres://u:hunter2/x@h/d",
        "postgres://u:12/hunter2@h/d",
        "postgres://u:p@ss/hunter2@h/d",
        "postgres://u:p/x?hunter2=y@h/d",
        "postgres://u:p@h/d?password=a&hunter2=b",
        "postgre://u:hunter2=@h/d",
        "jdbc:postgresql://h/d?user=u&hunter2=x",
        "password=a hunter2=b c",
        "password=a hunter2='x",
        "password=a user=b hunter2=x",
        "password=a hunter=b",
    ] {
        assert!(!refusal(text).contains("hunter"), "{}", refusal(text));
    }
    let read: ConnectString = "user=u password=hunter2 sslpassword='hunter2 x'".parse().unwrap();
    assert_eq!(read.to_string(), "user=u password=*** sslpassword=***");
    assert_eq!(format!("{read:?}"), "ConnectString(user=u password=*** sslpassword=***)");
    assert_eq!(read.to_conninfo(), "user=u password=hunter2 sslpassword='hunter2 x'");
}

#[test]
fn strings_are_changed_keyword_by_keyword() {
    let base: ConnectString = "host=a dbname=b".parse().unwrap();
    assert_eq!(base.with("host", "c").with("user", "d").to_conninfo(), "host=c dbname=b user=d");
    assert_eq!(base.without("host").to_conninfo(), "dbname=b");
    let extra: ConnectString = "user=x host=y".parse().unwrap();
    assert_eq!(base.merged(&extra).to_conninfo(), "host=y dbname=b user=x");
    assert_eq!(base.get("dbname"), Some("b"));
    assert_eq!(base.get("user"), None);
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(values in prop::collection::btree_map(
        prop::sample::select(vec!["host", "user", "password", "dbname", "options", "sslrootcert"]), "(?s).{0,20}", 0..6,
    )) {
        let written = values.iter().fold(ConnectString::default(), |cs, (k, v)| cs.with(k, v));
        prop_assert_eq!(written.to_conninfo().parse::<ConnectString>().unwrap(), written);
    }

    #[test]
    fn both_forms_say_the_same(
        user in "[^\0]{1,9}", password in "[^\0]{1,9}", host in "[^\0,]{1,9}", dbname in "[^\0]{1,9}",
    ) {
        let uri =
            format!("postgresql://{}:{}@{}/{}", percent(&user), percent(&password), percent(&host), percent(&dbname));
        let read: ConnectString = uri.parse().unwrap();
        let written = ConnectString::default()
            .with("user", &user).with("password", &password).with("host", &host).with("dbname", &dbname);
        prop_assert_eq!(read, written);
    }

    /// Neither a message nor what is shown of a connect string that could be read: whatever characters are not escaped
    /// or quoted.
    #[test]
    fn no_part_of_a_password_is_shown(
        before in "[a1/?#@:%&=' \\\\,\\[\\]]{0,6}", behind in "[a1/?#@:%&=' \\\\,\\[\\]]{0,6}",
        extra in "(\\?sslmode=disable)?",
    ) {
        let password = format!("{before}MARKER{behind}");
        for text in [
            format!("postgresql://user:{password}@host:5432/name{extra}"),
            format!("postgresql://host/name?user=u&password={password}&sslmode=disable"),
            format!("host=h password={password} port=5432 user=u"),
            format!("password={password}"),
            format!("host=h user=u password='{password}' port=x"),
        ] {
            let said = match text.parse::<ConnectString>() {
                Ok(read) => {
                    let environment = crate::environment::Environment::default();
                    let opened = crate::destination::Destination::new(&read, "a", environment);
                    format!("{read} {read:?} {}", opened.err().map(|e| e.to_string()).unwrap_or_default())
                }
                Err(error) => format!("{error} {error:?}"),
            };
            prop_assert!(!said.contains("MARKER"), "{text}: {said}");
        }
    }

    #[test]
    fn no_text_breaks_the_parsers(text in "(?s).{0,40}") {
        let _ = text.parse::<ConnectString>();
        let _ = format!("postgres://{text}").parse::<ConnectString>();
    }
}

#[test]
fn keywords_are_unique() {
    for (at, keyword) in KEYWORDS.iter().enumerate() {
        assert!(KEYWORDS[..at].iter().all(|other| other.name != keyword.name), "{}", keyword.name);
    }
}

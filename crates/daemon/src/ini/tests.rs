use std::time::Duration;

use std::collections::BTreeMap;
use std::path::Path;

use super::*;

fn load(text: &str, overrides: &[(&str, &str)]) -> Result<Ini, Error> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mover.ini");
    std::fs::write(&file, text).unwrap();
    let overrides: Vec<_> = overrides.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    Ini::load(&file, &overrides)
}

fn values(text: &str) -> BTreeMap<String, String> {
    load(text, &[]).unwrap().values("londiste").unwrap()
}

fn refused(text: &str) -> String {
    load(text, &[]).and_then(|ini| ini.londiste()).unwrap_err().to_string()
}

const NODE: &str = "[londiste]\nqueue_name = q\ndb = dbname=x\n";

#[test]
fn values_are_kept_as_they_stand() {
    let values = values(concat!(
        "# a comment\n; another\n[londiste]\n",
        "db = host=h password='a=b;c # d:\\' x' user=\"u\"\n",
        "queue_name: q # not a comment\n",
        "  # an indented comment\n",
        "register_only_tables = public.a,\n    public.b,\n\n    # left out\n    other.*\n",
        "Loop_Delay=0.5\r\n",
        "node_name =\n",
    ));
    assert_eq!(values["db"], "host=h password='a=b;c # d:\\' x' user=\"u\"");
    assert_eq!(values["queue_name"], "q # not a comment");
    assert_eq!(values["register_only_tables"], "public.a,\npublic.b,\n\nother.*");
    assert_eq!(values["loop_delay"], "0.5");
    assert_eq!(values["node_name"], "");
}

#[test]
fn names_and_defaults_are_filled_in() {
    let ini = load(
        "[londiste]\nqueue_name = q\ndb = dbname=x\n\
         logfile = %(config_dir)s/%(job_name)s-%(dir)s-%(service_name)s.log\ndir = d\n",
        &[],
    )
    .unwrap();
    let settings = ini.londiste().unwrap();
    assert_eq!(settings.job_name, "mover");
    assert_eq!(settings.consumer_name, "mover");
    assert_eq!(settings.logfile.unwrap(), ini.file().parent().unwrap().join("mover-d-londiste.log"));
    assert_eq!(settings.pidfile, None);
    assert_eq!(settings.loop_delay, Duration::from_secs(1));
    assert_eq!(ini.warnings("londiste"), Vec::<String>::new());
}

#[test]
fn settings_are_typed() {
    let text = format!(
        "{NODE}loop_delay = 0.25\nparallel_copies = 8\nregister_skip_tables = a.*, b.?\n\
         connection_lifetime = 60\njob_name = j\nconsumer_name = c\npgq_keep_lag = 1.5\nlog_format = json\n\
         capture = stock\n"
    );
    let settings = load(&text, &[]).unwrap().londiste().unwrap();
    assert_eq!(settings.loop_delay, Duration::from_millis(250));
    assert_eq!(settings.parallel_copies, 8);
    assert!(
        !settings.registers_table("a.x")
            && !settings.registers_table("b.x")
            && settings.registers_table("b.xx")
    );
    assert_eq!((settings.job_name.as_str(), settings.consumer_name.as_str()), ("j", "c"));
    assert_eq!(settings.pgq_keep_lag, Some(Duration::from_millis(1500)));
    assert_eq!(settings.log_format, crate::log::Format::Json);
    assert_eq!(settings.capture, pgq::table::Capture::Stock);
}

#[test]
fn old_names_stand_for_the_new_ones() {
    let ini = load("[londiste]\npgq_queue_name = old\npgq_consumer_id = c\ndb = dbname=x\n", &[]).unwrap();
    let settings = ini.londiste().unwrap();
    assert_eq!((settings.queue_name.as_str(), settings.consumer_name.as_str()), ("old", "c"));
}

#[test]
fn the_command_line_wins_and_its_commas_belong_to_the_value() {
    let ini = load(NODE, &[("register_only_tables", "a.b,c.d"), ("Queue_Name", "other"), ("nonsense", "1")])
        .unwrap();
    let settings = ini.londiste().unwrap();
    assert_eq!(settings.queue_name, "other");
    assert!(
        settings.registers_table("a.b")
            && settings.registers_table("c.d")
            && !settings.registers_table("a.c")
    );
    assert!(ini.warnings("londiste")[0].contains("unknown key nonsense"));
}

#[test]
fn useless_keys_are_one_warning_each() {
    let ini = load(&format!("{NODE}use_skylog = 1\nlogfmt_file = x\nparalel_copies = 2\n"), &[]).unwrap();
    ini.londiste().unwrap();
    let warnings = ini.warnings("londiste");
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    assert!(warnings[0].contains("logfmt_file has no effect"));
    assert!(warnings[1].contains("unknown key paralel_copies in [londiste]; did you mean parallel_copies?"));
    assert!(warnings[2].contains("use_skylog has no effect"));
}

#[test]
fn all_wrong_values_are_told_at_once() {
    let error = refused("[londiste]\nloop_delay = soon\nparallel_copies = 0\ncapture = wal\ndb = dbname=x\n");
    assert!(error.contains("mover.ini, section [londiste]:"), "{error}");
    assert!(error.contains("loop_delay = soon: expected a number of seconds"), "{error}");
    assert!(error.contains("parallel_copies = 0: expected a whole number, 1 or more"), "{error}");
    assert!(error.contains("capture = wal: expected generated or stock"), "{error}");
    assert!(error.contains("queue_name: missing"), "{error}");
    // keys that only the worker or the copies read
    let error = refused(
        "[londiste]\nqueue_name = q\ndb = dbname=x\ncopy_window = night\ncapture_unchanged = perhaps\n\
         loop_delay = soon\n",
    );
    for key in ["copy_window = night: ", "capture_unchanged = perhaps: ", "loop_delay = soon: "] {
        assert_eq!(error.matches(key).count(), 1, "{key}: {error}");
    }
}

#[test]
fn a_key_that_stands_twice_is_a_warning_and_an_empty_name_an_error() {
    let ini = load(&format!("{NODE}loop_delay = 1\nloop_delay = 2\n"), &[]).unwrap();
    let warnings = ini.warnings("londiste");
    assert!(warnings[0].ends_with("loop_delay stands in lines 4, 5; the last one counts"), "{warnings:?}");
    assert_eq!(ini.londiste().unwrap().loop_delay, Duration::from_secs(2));
    let error = refused("[londiste]\nqueue_name =\njob_name =\ndb = dbname=x\nmax_failures = 0\n");
    for told in ["line 2, queue_name = : expected a name", "line 3, job_name = : ", "line 5, max_failures"] {
        assert_eq!(error.matches(told).count(), 1, "{error}");
    }
}

#[test]
fn a_password_is_never_told() {
    let error = refused("[londiste]\nqueue_name = q\ndb = host=h password=s3cret nonsense\n");
    assert!(error.contains("db: ") && !error.contains("s3cret"), "{error}");
    let error = refused("[londiste]\nqueue_name = q\ndb = password=s3cret%(x)s\n");
    assert!(error.contains("%(x)s") && !error.contains("s3cret"), "{error}");
    let text = format!("{NODE}remote_extra_connstr = password=s3cret\n");
    let settings = load(&text, &[]).unwrap().londiste().unwrap();
    assert!(!format!("{settings:?}").contains("s3cret"));
}

#[test]
fn a_wrong_file_says_what_is_wrong() {
    let error = Ini::load(Path::new("/nowhere/x.ini"), &[]).unwrap_err().to_string();
    assert!(error.starts_with("cannot read the ini file /nowhere/x.ini"), "{error}");
    let error = refused("[pgqd]\n[other]\n");
    assert!(error.contains("no section [londiste]; it has [other], [pgqd]"), "{error}");
    assert!(refused("").contains("it has no section at all"));
    assert!(refused("queue_name = q\n[londiste]\n").contains("before the first [section]"));
    assert!(refused("[londiste]\nqueue_name\n").contains("queue_name has no value"));
    assert!(refused("[londiste\nqueue_name = q\n").contains("line 1"));
}

#[test]
fn a_ticker_has_its_defaults_and_no_references() {
    let ini = load(
        "[pgqd]\nbase_connstr = host=h password=a%%(b)s\ndatabase_list = a, b ,\nticker_period = .5\n",
        &[],
    )
    .unwrap();
    let settings = ini.pgqd().unwrap();
    assert_eq!(settings.ticker.base_connstr.get("password"), Some("a%%(b)s"));
    assert_eq!(settings.ticker.database_list, ["a", "b"]);
    assert_eq!(settings.ticker.ticker_period, Duration::from_millis(500));
    assert_eq!(settings.ticker.maint_period, Duration::from_secs(120));
    assert_eq!(settings.ticker.initial_database, "template1");
    assert_eq!(settings.syslog.unwrap().ident, "pgqd");
    let ini = load("[pgqd]\nsyslog = 0\nticker_period = 0\nsyslog_facility = kitchen\n", &[]).unwrap();
    let error = ini.pgqd().unwrap_err().to_string();
    assert!(error.contains("syslog_facility = kitchen: expected one of daemon"), "{error}");
}

#[test]
fn the_samples_are_valid() {
    let etc = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../etc");
    let sample = |name: &str| Ini::load(&etc.join(name), &[]).unwrap();
    let pgqd = sample("pgqd.ini");
    pgqd.pgqd().unwrap();
    assert!(pgqd.warnings("pgqd").is_empty());
    for name in ["source.ini", "target.ini"] {
        let ini = sample(name);
        let settings = ini.londiste().unwrap();
        assert!(ini.warnings("londiste").is_empty());
        assert!(settings.pidfile.is_some() && settings.logfile.is_some());
        assert_eq!(format!("{}.ini", settings.job_name), name);
    }
}

#[test]
fn commented_keys_of_the_samples_are_known() {
    let etc = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../etc");
    for (name, section) in [("pgqd.ini", "pgqd"), ("source.ini", "londiste"), ("target.ini", "londiste")] {
        let text = std::fs::read_to_string(etc.join(name)).unwrap();
        let keys = text.lines().filter_map(|line| line.strip_prefix('#')?.split_once(" = "));
        for (key, _) in keys.filter(|(key, _)| !key.contains(' ')) {
            assert!(known_keys(section).any(|known| known == key), "{name}: {key}");
        }
    }
}

proptest::proptest! {
    /// Whatever one line can hold comes back, references aside.
    #[test]
    fn any_value_survives(value in "[^\\s%\\[#;][^\\r\\n%\u{85}\u{2028}\u{2029}\u{b}\u{c}\u{1c}\u{1d}\u{1e}]{0,40}") {
        let values = values(&format!("[londiste]\nqueue_name = {value}\ndb = y\n"));
        proptest::prop_assert_eq!(&values["queue_name"], value.trim());
        proptest::prop_assert_eq!(&values["db"], "y");
    }

    /// No file brings the parser down.
    #[test]
    fn any_file_is_read_or_refused(text in "(\\[londiste\\]\n)?[\\[\\]a-c%()=:#; \t\n\"'\\\\]{0,80}") {
        if let Ok(ini) = load(&text, &[]) {
            drop(ini.londiste());
            ini.warnings("londiste");
        }
    }
}

#[test]
fn the_environment_stands_between_the_file_and_the_command_line() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mover.ini");
    std::fs::write(&file, format!("{NODE}loop_delay = 3\nlock_timeout = 4\n")).unwrap();
    let variables =
        [("LONDISTE__LOOP_DELAY", "0.25"), ("LONDISTE__LOCK_TIMEOUT", "9"), ("PGQD__LOOP_DELAY", "7")];
    let set = [("lock_timeout".to_owned(), "2".to_owned())];
    let ini = Ini::load_in(&file, &set, Some(&variables)).unwrap();
    let settings = ini.londiste().unwrap();
    assert_eq!(settings.loop_delay, Duration::from_millis(250));
    assert_eq!(settings.lock_timeout, Duration::from_secs(2));
    let entries = ini.effective("londiste").unwrap();
    let entry = |key: &str| {
        let entry = entries.iter().find(|entry| entry.key == key).unwrap();
        (entry.value.clone().unwrap_or_default(), entry.origin.clone())
    };
    assert_eq!(entry("loop_delay"), ("0.25".into(), "environment LONDISTE__LOOP_DELAY".into()));
    assert_eq!(entry("lock_timeout"), ("2".into(), "--set".into()));
    assert_eq!(entry("db"), ("dbname=x".into(), format!("{}:3", file.display())));
    assert_eq!(entry("parallel_copies"), ("1".into(), "default".into()));
    assert_eq!(entry("job_name"), ("mover".into(), "default: the file's name".into()));
    assert_eq!(entry("pidfile"), (String::new(), "not set".into()));
}

/// As etc/container does it.
#[test]
fn a_file_may_refer_to_a_variable_and_holds_no_password_then() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mover.ini");
    std::fs::write(&file, "[londiste]\nqueue_name = q\ndb = %(source)s\npidfile = /x\n").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let url = "postgresql://u:s3cret%2F%40@h/d";
    let variables = [("LONDISTE__SOURCE", url), ("LONDISTE__PIDFILE", "/tmp/%(job_name)s.pid")];
    let ini = Ini::load_in(&file, &[], Some(&variables)).unwrap();
    let settings = ini.londiste().unwrap();
    assert_eq!(settings.db.get("password"), Some("s3cret/@"));
    assert_eq!(settings.pidfile.as_deref(), Some(Path::new("/tmp/mover.pid")));
    assert_eq!(ini.warnings("londiste"), Vec::<String>::new());
    let shown: String = ini.effective("londiste").unwrap().iter().map(|entry| format!("{entry}\n")).collect();
    assert!(shown.contains("host=h") && !shown.contains("s3cret"), "{shown}");
    let error = Ini::load_in(&file, &[], Some(&[])).unwrap().londiste().unwrap_err().to_string();
    assert!(
        error.contains("line 3, db: ") && error.contains("no variable LONDISTE__SOURCE is set"),
        "{error}"
    );
}

#[test]
fn every_default_is_a_value_that_is_understood_when_it_is_written_out() {
    let all = |section: &str| {
        let keys =
            known_keys(section).filter_map(|key| Some(format!("{key} = {}\n", keys::default(section, key)?)));
        keys.collect::<String>()
    };
    let node = |more: &str| format!("{:?}", load(&format!("{NODE}{more}"), &[]).unwrap().londiste().unwrap());
    assert_eq!(node(""), node(&all("londiste")));
    let ticker = |more: &str| format!("{:?}", load(&format!("[pgqd]\n{more}"), &[]).unwrap().pgqd().unwrap());
    assert_eq!(ticker(""), ticker(&all("pgqd")));
}

#[test]
fn a_wrong_value_is_told_with_its_line() {
    let error = refused(&format!("{NODE}\nloop_delay = soon\n"));
    assert!(error.contains("line 5, loop_delay = soon"), "{error}");
    let ini = load(&format!("{NODE}paralel_copies = 2\n"), &[]).unwrap();
    assert!(ini.warnings("londiste").iter().any(|line| line.contains("mover.ini:4: unknown key")));
}

#[test]
fn passwords_may_stand_in_files_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("secret");
    std::fs::write(&file, "it's a %(secret)s\n").unwrap();
    let (path, node) = (file.display(), "[londiste]\nqueue_name = q\ndb = host=h\n");
    let text = format!("{node}password_file = {path}\nremote_password_file = {path}\n");
    let ini = load(&text, &[]).unwrap();
    let settings = ini.londiste().unwrap();
    assert_eq!(settings.db.get("password"), Some("it's a %(secret)s"));
    assert_eq!(settings.db.get("host"), Some("h"));
    assert_eq!(settings.remote_extra_connstr.unwrap().get("password"), Some("it's a %(secret)s"));
    let shown: String = ini.effective("londiste").unwrap().iter().map(|entry| format!("{entry}\n")).collect();
    assert!(!shown.contains("it's a"), "{shown}");
    assert!(refused(&format!("{text}db = host=h password=x\n")).contains("one of the two has to go"));
    assert!(refused(&format!("{node}password_file = /nowhere\n")).contains("cannot be read"));
    let error = refused(&format!("{node}password_file = %d/x\n"));
    assert!(error.contains("LoadCredential"), "{error}");
}

#[test]
fn a_password_that_everybody_can_read_is_a_warning() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("x.ini");
    let told = |text: &str, mode| {
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        let told = Ini::load(&file, &[]).unwrap().warnings("londiste");
        assert!(told.iter().all(|line| line.contains("chmod 600") && !line.contains("s3cret")), "{told:?}");
        told.len()
    };
    for text in [
        "[londiste]\nqueue_name = q\ndb = host=h password=s3cret\n",
        "[DEFAULT]\ndb = host=h password=s3cret\n[londiste]\nqueue_name = q\n",
        "[londiste]\nqueue_name = q\npw = s3cret\ndb = postgresql://u:%(pw)s@h/d\n",
    ] {
        assert_eq!((told(text, 0o644), told(text, 0o640)), (1, 0), "{text}");
    }
    std::fs::write(dir.path().join("pw"), "s3cret\n").unwrap();
    std::fs::set_permissions(dir.path().join("pw"), std::fs::Permissions::from_mode(0o604)).unwrap();
    let by_file = "[londiste]\nqueue_name = q\ndb = host=h\npassword_file = %(config_dir)s/pw\n";
    assert_eq!(told(by_file, 0o644), 1);
}

#[test]
fn problems_of_every_kind_are_told_at_once() {
    let text = "[londiste]\nlogfile = ~nobody/x\npidfile = %(x)s\npassword_file = /nowhere\n\
                copy_window = night\nloop_delay = soon\n";
    let ini = load(text, &[]).unwrap();
    let error = ini.londiste().unwrap_err().to_string();
    let places: Vec<_> = (2..=6).map(|line| error.find(&format!("line {line}, "))).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{error}");
    for key in ["db: missing, it is needed", "queue_name: missing, it is needed"] {
        assert_eq!(error.matches(key).count(), 1, "{key}: {error}");
    }
    let shown = ini.effective("londiste").unwrap();
    assert!(shown.iter().any(|entry| entry.key == "logfile" && entry.value.as_deref() == Some("~nobody/x")));

    let text = "[londiste]\ndb = pasword=x\nloop_delay = soon\nmax_failures = 0\n\
                pgq_batch_collect_events = many\ncapture = none\n";
    let error = load(text, &[]).unwrap().londiste().unwrap_err().to_string();
    for line in 2..=6 {
        assert_eq!(error.matches(&format!("line {line}, ")).count(), 1, "{error}");
    }
    assert_eq!(error.matches("queue_name: missing, it is needed").count(), 1, "{error}");

    let text = "[pgqd]\nbase_connstr = sslmod=1\nsyslog = maybe\nticker_period = 0\nlogfile = ~nobody/x\n\
                max_failures = 0\n";
    let error = load(text, &[]).unwrap().pgqd().unwrap_err().to_string();
    for line in 2..=6 {
        assert_eq!(error.matches(&format!("line {line}, ")).count(), 1, "{error}");
    }
}

#[test]
fn the_pidfile_is_found_whatever_the_other_keys_say() {
    let wrong =
        format!("{NODE}pidfile = /run/%(job_name)s.pid\npassword_file = %d/secret\nloop_delay = soon\n");
    let ini = load(&wrong, &[]).unwrap();
    assert_eq!(ini.pidfile("londiste").unwrap(), Path::new("/run/mover.pid"));
    assert!(ini.londiste().is_err());
    let error = load(NODE, &[]).unwrap().pidfile("londiste").unwrap_err().to_string();
    assert!(error.contains("pidfile is not set"), "{error}");
    let error = load(&format!("{NODE}pidfile = %(x)s\n"), &[]).unwrap().pidfile("londiste").unwrap_err();
    assert!(error.to_string().contains("line 4, pidfile = %(x)s"), "{error}");
}

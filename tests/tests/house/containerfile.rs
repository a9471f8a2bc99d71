//! What etc/Containerfile says is so: the image is built from this repository, by pinned names, and not root's.

use std::path::Path;

use tests::containerfile::{Stage, read};
use tests::{executable, repository};

/// Distributions that an image may begin with.
const CODENAMES: [&str; 2] = ["bookworm", "trixie"];

/// The stages, of which the last one is the image.
fn stages() -> (Vec<Stage>, Stage) {
    let mut stages = read(&repository().join("etc/Containerfile"));
    let image = stages.pop().unwrap();
    (stages, image)
}

#[test]
fn its_bases_are_pinned_to_one_distribution_and_name_no_registry() {
    let (build, image) = stages();
    let mut codenames: Vec<&str> = Vec::new();
    for stage in build.iter().chain([&image]) {
        let (name, tag) = stage.base.split_once(':').unwrap_or_else(|| panic!("{}: no tag", stage.base));
        assert!(!name.contains(['/', '.']), "{}: the engine knows its registries", stage.base);
        codenames
            .extend(CODENAMES.into_iter().filter(|codename| tag.split('-').any(|part| part == *codename)));
    }
    assert!(
        codenames.len() == build.len() + 1 && codenames.iter().all(|one| *one == codenames[0]),
        "{codenames:?}"
    );
}

#[test]
fn its_instructions_are_those_that_are_understood_and_fetch_nothing_by_url() {
    let (build, image) = stages();
    let known = ["WORKDIR", "COPY", "ARG", "RUN", "USER", "STOPSIGNAL", "ENTRYPOINT", "CMD"];
    for stage in build.iter().chain([&image]) {
        for word in stage.words() {
            assert!(known.contains(&word), "{word}");
            assert!(stage.all(word).all(|rest| !rest.contains("://")), "{word}");
        }
    }
    let install = image.one("RUN");
    for words in ["--no-install-recommends", "rm -rf /var/lib/apt/lists/*"] {
        assert!(install.contains(words), "{install}");
    }
    assert!(image.all("ARG").any(|rest| rest.starts_with("PACKAGES=ca-certificates")));
}

#[test]
fn what_it_copies_is_tracked_and_not_ignored() {
    let (build, image) = stages();
    let ignored = std::fs::read_to_string(repository().join(".dockerignore")).unwrap();
    let allowed: Vec<&str> = ignored.lines().filter_map(|line| line.strip_prefix('!')).collect();
    assert!(ignored.lines().next() == Some("*"), "what is not named stays away: {ignored}");
    let mut taken = 0;
    for stage in build.iter().chain([&image]) {
        for (from, sources, _) in stage.copies() {
            if let Some(name) = from {
                let of = build.iter().find(|stage| stage.name.as_deref() == Some(name)).unwrap();
                assert!(sources.iter().all(|source| of.one("RUN").contains(source)), "{name}: {sources:?}");
                continue;
            }
            for source in sources {
                let mut git = std::process::Command::new("git");
                git.args(["ls-files", "--", source]).current_dir(repository());
                assert!(!git.output().unwrap().stdout.is_empty(), "{source}");
                let first = source.split('/').next().unwrap();
                assert!(allowed.contains(&first), "{source}: .dockerignore keeps it away");
                taken += 1;
            }
        }
    }
    assert!(taken > 5, "{taken}");
}

/// Cargo wants every member of the workspace.
#[test]
fn the_build_has_the_whole_workspace() {
    let (build, _) = stages();
    let copies = build[0].copies();
    let copied: Vec<&str> = copies.iter().flat_map(|(_, sources, _)| sources.iter().copied()).collect();
    let workspace = std::fs::read_to_string(repository().join("Cargo.toml")).unwrap();
    let members = workspace.lines().find_map(|line| line.strip_prefix("members = ")).unwrap();
    let members: Vec<String> = serde_json::from_str(members).unwrap();
    let folders = members.iter().map(|member| member.split('/').next().unwrap());
    for needed in folders.chain(["Cargo.toml", "Cargo.lock", "sql", "etc"]) {
        assert!(copied.contains(&needed), "{needed}: {copied:?}");
    }
    assert!(build[0].one("RUN").contains("cargo build --release --locked --package cli"));
}

#[test]
fn it_runs_an_executable_of_ours_as_somebody_else_than_root() {
    let (_, image) = stages();
    let ids: Vec<u32> = image.one("USER").split(':').map(|id| id.parse().expect("a number")).collect();
    assert!(ids.len() == 2 && ids.iter().all(|id| *id != 0), "{ids:?}");
    assert!(image.one("RUN").contains(&format!("--uid {}", ids[0])));
    let program = image.list("ENTRYPOINT");
    assert!(program == ["londisted"] && executable(&program[0]).exists(), "{program:?}");
    assert_eq!(image.one("STOPSIGNAL"), "SIGTERM");
    // the files of the directory that it runs
    let directory = image.list("CMD");
    let copies = image.copies();
    let (_, sources, _) = copies.iter().find(|(_, _, to)| *to == directory[0]).expect("its ini files");
    for name in ["source.ini", "target.ini"] {
        let file = repository().join(sources[0]).join(name);
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains("%(source_url)s") && text.contains("%(target_url)s"), "{}", file.display());
        let pidfile = text.lines().find_map(|line| line.strip_prefix("pidfile = ")).unwrap();
        assert!(Path::new(pidfile).starts_with("/tmp"), "{pidfile}");
        assert!(!text.lines().any(|line| line.starts_with("logfile")), "{}", file.display());
    }
}

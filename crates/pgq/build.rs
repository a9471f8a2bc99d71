//! Expands the `\ir` lists of `sql/*/install.sql` and `install.psql` into one script a schema, compiled into the crate.

use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    // asked at run time: a target directory may serve several checkouts
    let set = |name| {
        env::var_os(name).map(PathBuf::from).ok_or_else(|| io::Error::other(format!("{name} is not set")))
    };
    let sql = set("CARGO_MANIFEST_DIR")?.join("../../sql");
    let out = set("OUT_DIR")?;
    let lists = [
        ("pgq", "install.sql"),
        ("pgq_node", "install.sql"),
        ("londiste", "install.sql"),
        ("londiste_rs", "install.sql"),
        ("londiste_fk", "install.psql"),
    ];
    for (schema, list) in lists {
        let directory = sql.join(schema);
        println!("cargo::rerun-if-changed={}", directory.display());
        let list = fs::read_to_string(directory.join(list))?;
        let mut script = String::new();
        for part in list.lines().filter_map(|line| line.strip_prefix(r"\ir ")) {
            let path = directory.join(part.trim());
            println!("cargo::rerun-if-changed={}", path.display());
            script.push_str(&fs::read_to_string(&path)?);
            script.push('\n');
        }
        fs::write(out.join(format!("{schema}.sql")), script)?;
    }
    Ok(())
}

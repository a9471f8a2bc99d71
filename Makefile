# make check | doc | test | test-long | test-silencing | test-often [TIMES=10] | test-package | conformance | demo [KEEP=1] | demo-stop | soak [MINUTES=30] | chaos [MINUTES=30] | bench [CASES=… PLOT=1] | torture [SECONDS=600] | test-versions [VERSIONS=… UPGRADES=…] | install [PREFIX= DESTDIR=] | deb
PREFIX ?= /usr/local
SECONDS ?= 600
TIMES ?= 10
VERSIONS ?= 13 14 16 17 18
UPGRADES ?= 13:18 18:13
export CARGO_TERM_COLOR ?= auto

# One program; pgqd and londisted are links to it.
build:
	cargo build --release --package cli
	ln -sf londiste $(TARGET)/release/pgqd
	ln -sf londiste $(TARGET)/release/londisted

# What needs no server: formatting, lints, unit tests.
check:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo test --workspace --exclude tests --lib --bins --quiet

doc:
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items

# Lints, and the tests that are done in minutes; with TESTS=word all whose names contain it.
test: postgres
	.ci/install-test-tools
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	$(MAKE) build-tests
	cargo test --workspace --doc --quiet
	$(MAKE) run-tests

# The executables and the tests in one go: built apart they share few of their dependencies, whose features differ.
build-tests:
	cargo build --workspace --bins --tests

# cargo-nextest runs tests of several files at once; plain cargo test does as well, long ones among them.
run-tests:
	if cargo nextest --version >/dev/null 2>&1; then \
	  cargo nextest run --workspace $(if $(TESTS),--ignore-default-filter -E 'not test(/^mixed::/)' $(TESTS)); \
	else cargo test --workspace --no-fail-fast -- --test-threads=2 $(TESTS); fi

# The others, which CI runs behind them (.config/nextest.toml says which).
test-long: postgres build-tests
	.ci/install-test-tools
	cargo nextest run --workspace --ignore-default-filter -E 'not (default() | test(/^mixed::/))'

# What make test runs, again and again: a test that fails now and then tells of a race. Ends at the first that fails.
test-often: postgres build-tests
	.ci/install-test-tools
	set -e; for run in $$(seq $(TIMES)); do \
	  echo "== run $$run of $(TIMES)"; \
	  cargo nextest run --workspace --status-level fail --final-status-level fail; \
	done

# Copies and replay once more, by roles that may set session_replication_role: no foreign key and no trigger works then,
# of our own tables neither.
test-silencing: postgres build-tests
	.ci/install-test-tools
	SILENCING=1 cargo nextest run -p tests --ignore-default-filter -E 'binary(copy) | binary(replay)'

# All tests on other major versions of PostgreSQL, then the guide from a source of one version to a target of another.
test-versions: postgres build-tests
	set -e; for major in $(VERSIONS); do \
	  bin=$$(.ci/install-postgres-version $$major); \
	  echo "== PostgreSQL $$major"; \
	  PG_BIN=$$bin $(MAKE) run-tests $(if $(TESTS),TESTS="$(TESTS)",test-long); \
	done
	set -e; for upgrade in $(UPGRADES); do \
	  source=$$(.ci/install-postgres-version $${upgrade%:*}); \
	  target=$$(.ci/install-postgres-version $${upgrade#*:}); \
	  echo "== PostgreSQL $${upgrade%:*} to $${upgrade#*:}"; \
	  PG_BIN_SOURCE=$$source PG_BIN_TARGET=$$target cargo test --package tests --test whole_migration -- --test-threads=2; \
	done

# Our SQL beside the stock extensions: the same calls, the same answers; and stock tools and ours in each other's place. They want a server of the system's packages.
conformance: postgres build-tests
	.ci/install-stock
	cargo test --package tests --test stock -- conformance:: mixed:: --nocapture --test-threads=2

# Capture under every type, statement and change of the schema, for longer than make test does: SECONDS each.
torture: postgres build-tests
	TORTURE_SECONDS=$(SECONDS) SOAK_SECONDS=$(SECONDS) cargo test --package tests --test capture --test faults -- torture:: soak_ddl:: --nocapture --test-threads=1

# The guide on two servers of its own, under load, compared row by row. KEEP=1 leaves it running.
demo: postgres
	cargo build --release --package cli --package tests --bin londiste --bin demo
	$(TARGET)/release/demo $(if $(KEEP),keep)

demo-stop:
	cargo run --release --quiet --package tests --bin demo -- stop

# Half an hour of writers and random faults around one process: nothing may grow. MINUTES=2 to try it.
soak: postgres build
	cargo run --release --quiet --package tests --bin soak -- $(MINUTES)

# Half an hour of killed processes, restarted servers, interrupted commands and changed definitions; after each block
# everything is compared. MINUTES=3 to try it, CHAOS_SEED=… for the same faults again.
chaos: postgres build
	cargo run --release --quiet --package tests --bin chaos -- $(MINUTES)

# PLOT=1 keeps what it has measured as pictures, where docs/performance.md shows them.
bench: postgres build
	$(if $(PLOT),BENCH_PLOT=docs/pictures/bench) cargo run --release --quiet --package tests --bin bench -- $(CASES)

install: build install-units
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/londiste-rs/etc $(DESTDIR)$(PREFIX)/share/londiste-rs/docs
	install $(TARGET)/release/londiste $(DESTDIR)$(PREFIX)/bin
	ln -sf londiste $(DESTDIR)$(PREFIX)/bin/pgqd
	ln -sf londiste $(DESTDIR)$(PREFIX)/bin/londisted
	cp -R sql $(DESTDIR)$(PREFIX)/share/londiste-rs/
	cp -R docs/. $(DESTDIR)$(PREFIX)/share/londiste-rs/docs
	install -m 644 $(wildcard etc/*.*) $(DESTDIR)$(PREFIX)/share/londiste-rs/etc

# The units call the executables where they are installed, and name the documentation that is there.
install-units:
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system $(DESTDIR)$(PREFIX)/lib/sysusers.d
	set -e; for unit in systemd/*.service; do \
	  sed -e 's,=/usr/bin/,=$(PREFIX)/bin/,' -e 's,/usr/share/,$(PREFIX)/share/,' $$unit \
	    >$(DESTDIR)$(PREFIX)/lib/systemd/system/$${unit##*/}; \
	done
	install -m 644 systemd/londiste.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/londiste.conf

# The package for Debian and its kin, into target/debian. Needs cargo-deb (cargo install cargo-deb).
deb: build
	mkdir -p target/links
	ln -sf londiste target/links/pgqd
	ln -sf londiste target/links/londisted
	cargo run --release --quiet --package manual -- target/manual
	cargo deb --no-build --no-strip --package cli --output target/debian/

# The package in a fresh Debian root file system, its units under systemd, and two machines of them: PACKAGE=… takes one
# that is there. Needs root and debootstrap.
test-package: $(if $(PACKAGE),,deb)
	tests/package/run $(or $(PACKAGE),$$(ls -t target/debian/*.deb | head -n 1))

TARGET = $(or $(CARGO_TARGET_DIR),target)

postgres:
	.ci/install-postgres

.PHONY: check doc build build-tests deb soak chaos install-units test test-long test-silencing test-often test-package conformance run-tests test-versions demo demo-stop bench torture install postgres

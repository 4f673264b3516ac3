# The commands people and CI run. `make help` lists them.

CARGO ?= cargo
TARGET := $(if $(CARGO_TARGET_DIR),$(CARGO_TARGET_DIR),target)
FUZZ_SECONDS ?= 60
KILLS ?= 1000
SEEDS ?= 10000

.PHONY: help demo build test check conformance packages bench fuzz crash simulate campaign

help:
	@echo 'make demo              build, then the story of three parties on made-up material; ends by itself'
	@echo 'make test              everything that CI runs'
	@echo 'make conformance       foreign clients, servers and verifiers against the binary, at full length (conformance/README.md)'
	@echo 'make bench             the table of benches/README.md, measured on this machine (minutes, gigabytes)'
	@echo 'make fuzz              every reader fuzzed for FUZZ_SECONDS=$(FUZZ_SECONDS) each (needs a nightly toolchain and cargo-fuzz)'
	@echo 'make simulate          SEEDS=$(SEEDS) simulated worlds of several nodes; a seed that fails is told, and fails again'
	@echo 'make campaign          everything that is tried by chance, at full length: decisions, take-overs, tampering, paired worlds (an hour)'
	@echo 'make crash             an import killed at KILLS=$(KILLS) random points'

demo: build
	@$(TARGET)/release/entente demo

build: packages
	$(CARGO) build --release --locked -p entente

# The C parts of SQLite and zstd want a C compiler; nothing else is needed beyond Rust.
packages:
	@command -v cc >/dev/null || { echo 'installing a C compiler (gcc)'; apt-get update -q && apt-get install -y -q gcc libc6-dev; }

check: packages
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

test: check
	$(CARGO) test --workspace --locked
	ENTENTE_BINARY=$(abspath $(TARGET))/debug/entente conformance/run

conformance: packages
	ENTENTE_CONFORMANCE_FULL=1 conformance/run

bench: packages
	benches/run

fuzz:
	fuzz/run $(FUZZ_SECONDS)

crash: packages
	ENTENTE_KILLS=$(KILLS) $(CARGO) test --release --locked -p entente --test entente -- crash --nocapture

simulate: packages
	ENTENTE_SEEDS=$(SEEDS) $(CARGO) test --release --locked -p entente-simulation no_seed_breaks_a_rule -- --nocapture

# The counts that the tables promise; `make test` tries the same with fewer.
campaign: packages
	ENTENTE_CASES=100000 $(CARGO) test --release --locked -p entente-policy
	ENTENTE_CAMPAIGN=1 $(CARGO) test --release --locked -p entente-translog
	ENTENTE_PAIRS=2000 ENTENTE_TAMPERINGS=10000 ENTENTE_PARTITION=10000 $(CARGO) test --release --locked -p entente-node --test node
	ENTENTE_CASES=20 $(CARGO) test --release --locked -p entente-exchange

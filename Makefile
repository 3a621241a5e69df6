# `make help` lists the targets.
GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
GOLANGCI := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
FUZZTIME ?= 10s
# Where make engines installs, and what go test gets in make integration (-run, -short).
ENGINES     ?= .engines
INTEGRATION ?= -timeout 3h

.PHONY: build
build: ## build bin/mlcfg, bin/mlcfg-cue (which mlcfg starts for what needs CUE, Parquet, zstd or xz) and bin/mlrun, static binaries
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -tags split,urfave_cli_no_docs -o bin/mlcfg ./cmd/mlcfg
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -tags urfave_cli_no_docs -o bin/mlcfg-cue ./cmd/mlcfg
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -tags urfave_cli_no_docs -o bin/mlrun ./cmd/mlrun

.PHONY: demo
demo: build ## compile the example and run it, offline and server, on the simulated engine
	./examples/demo.sh

.PHONY: images
images: build ## take the pictures of docs/images from runs of the example (needs Chromium)
	./scripts/report-images.sh

.PHONY: test
test: ## every test
	$(GO) test ./...

.PHONY: race
race: ## the tests under the race detector (needs a C compiler), but for those of other programs, which it does not see
	CGO_ENABLED=1 $(GO) test -race -short ./...

.PHONY: lint
lint: ## golangci-lint with the linters of .golangci.yml: gofumpt, vet, staticcheck, errcheck and a few more
	$(GO) run $(GOLANGCI) run ./...

.PHONY: fmt
fmt: ## lay the Go files out as make lint wants them
	$(GO) run $(GOLANGCI) fmt ./...

.PHONY: faults
faults: build ## kill, starve and corrupt runs, and see what is lost; renews docs/reliability.md (two minutes)
	$(GO) run ./tools/faults -mlrun bin/mlrun -doc docs/reliability.md

.PHONY: fuzz
fuzz: ## every fuzz target with its corpus, FUZZTIME each (make fuzz FUZZTIME=1m)
	FUZZTIME=$(FUZZTIME) ./scripts/fuzz.sh

.PHONY: mutations
mutations: ## 100,000 damaged inputs through lint, compile, plan and the pickle reader; renews docs/reliability.md
	$(GO) run ./tools/mutations -doc docs/reliability.md

.PHONY: mutants
mutants: ## change the code of the joint at random places and see which changes no test notices; renews docs/mutants.md (ten minutes)
	$(GO) run ./tools/mutants -doc docs/mutants.md

.PHONY: render-check
render-check: ## hold what mlcfg render writes to Kubernetes' and Compose's own definitions; skipped where their modules cannot be fetched
	./scripts/render-check.sh

.PHONY: vuln
vuln: ## known vulnerabilities in what is linked; skipped where the database is out of reach
	./scripts/vuln.sh

.PHONY: release
release: ## static binaries for every platform into dist/, proved reproducible, with lists of contents and digests
	./scripts/release.sh dist

.PHONY: wheels
wheels: ## what pip, pipx and uvx install, for every platform, into dist/wheels (make wheels PLATFORMS=linux/amd64: for one alone)
	$(GO) run ./tools/wheels -version '$(VERSION)' -out dist/wheels -platforms '$(PLATFORMS)'

.PHONY: vscode
vscode: ## the VS Code extension into dist/vscode (make vscode TARGET=linux-x64: with mlcfg inside; needs Node.js)
	./scripts/vscode.sh dist/vscode $(TARGET)

.PHONY: conformance
conformance: ## compare with the official LoadGen from PyPI; writes docs/conformance.md
	$(GO) run ./tools/conformance -venv .venv -doc docs/conformance.md

.PHONY: exact
exact: ## hold keys, variables and requests against the engines' own code; renews docs/conformance.md (ten minutes)
	$(GO) run ./tools/exact -doc docs/conformance.md

.PHONY: engines
engines: ## install vLLM and SGLang for the CPU into .engines (7 GB to download, 15 GB of disk)
	ENGINES='$(ENGINES)' ./scripts/engines.sh

.PHONY: integration
integration: ## compile and run on the engines of make engines, and break them: the real thing, long
	ENGINES='$(abspath $(ENGINES))' $(GO) test -count=1 -v $(INTEGRATION) ./tools/integration

.PHONY: slurm
slurm: ## run on a real Slurm of three nodes on this machine, where it is installed (two minutes; needs root)
	$(GO) test -count=1 -v ./tools/slurm

.PHONY: golden
golden: ## rewrite every golden file from what the code does now; read the diff
	$(GO) test ./... -update

.PHONY: bench
bench: build ## one lint as a process, beside cue vet and OmegaConf
	./scripts/bench-process.sh

.PHONY: bench-overlays
bench-overlays: build ## lint, compile and diff of 1,000 overlays, beside yaml.v3, cue vet and OmegaConf
	./scripts/bench-overlays.sh

.PHONY: bench-guard
bench-guard: ## fail where anything is 10 % slower than at BASE (the last tag): before a release, by hand, on a quiet machine
	./scripts/bench-guard.sh $(BASE)

.PHONY: bench-client
bench-client: ## our client beside the fastest other load generator, on one mock server (minutes; downloads it once)
	./tools/bench/client/peers.sh
	$(GO) run ./tools/bench/client/compare

.PHONY: bench-clients
bench-clients: ## mlrun run --clients 1, 2 and 4 against one mock server: where one client ends, and what others add
	$(GO) run ./tools/bench/clients

.PHONY: rounds
rounds: ## compile every overlay of v6.0 and v6.1 beside the repository to a small version and run it, performance and accuracy (minutes)
	$(GO) test ./cmd/mlrun -run TestRounds -rounds -v -timeout 30m

.PHONY: soak
soak: ## record an hour of virtual time, and a million requests to the mock server: memory, completeness, cost
	$(GO) test ./internal/run -run 'TestHour|TestMillion' -hour -million -v

.PHONY: schema-add
schema-add: ## add an engine's release to the schemas: make schema-add RELEASE=vllm==0.34.0 (needs python3)
	$(GO) run ./cmd/mlcfg schema import '$(RELEASE)' --into schema
	$(MAKE) schema-index schema-docs
	$(GO) test ./cmd/mlcfg -run 'Golden|Checks|Docs' -update
	$(GO) test ./schema/...

.PHONY: schema-index
schema-index: ## write schema/schema.idx, which the programs embed, from the CUE files; after any change to them, and to settle a conflict in it
	$(GO) generate ./schema

.PHONY: schema-docs
schema-docs: ## write docs/releases.md from the embedded schemas
	$(GO) run ./cmd/mlcfg schema list --format markdown > docs/releases.md.new
	mv docs/releases.md.new docs/releases.md

.PHONY: man
man: ## write man/man1: a manual page for each program and command
	$(GO) run -ldflags '$(LDFLAGS)' ./cmd/mlcfg man man/man1
	$(GO) run -ldflags '$(LDFLAGS)' ./cmd/mlrun man man/man1

.PHONY: checks-docs
checks-docs: ## write docs/checks.md: every code with an example and its output
	$(GO) test ./cmd/mlcfg -run TestChecks -update

.PHONY: clean
clean: ## remove what was built
	rm -rf bin demo-runs

.PHONY: help
help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "%-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

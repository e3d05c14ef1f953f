# Everything that people and CI run here. "make" alone lists it.

GO       ?= go
SEEDS    ?= 1..200
JOBS     ?= 2
MUTANT   ?= skip-fsync
FUZZTIME ?= 20s
PKG      ?= ./...
PORT     ?= 9090
LONG     ?= simlong
HOURS    ?= 8

.DEFAULT_GOAL := help
.PHONY: help build test race sim sim-twice sim-long tally mutants fuzz bench microbench golden e2e quickstart lint check clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  settings     PKG=$(PKG) SEEDS=$(SEEDS) JOBS=$(JOBS) MUTANT=$(MUTANT) FUZZTIME=$(FUZZTIME) PORT=$(PORT) LONG=$(LONG) HOURS=$(HOURS)"

build: ## build the server and the simulator into bin/
	$(GO) build -o bin/ ./cmd/sierradb ./cmd/simrun

test: ## run all tests
	$(GO) test ./...

race: ## run the tests of the concurrent packages under the race detector
	$(GO) test -race ./client/... ./node/... ./vfs/... ./cmd/sierradb/...

sim: ## run the simulator over SEEDS
	$(GO) run ./cmd/simrun --seeds $(SEEDS) --jobs $(JOBS)

sim-twice: ## run each of SEEDS in two processes that differ, and compare
	$(GO) run ./cmd/simrun --seeds $(SEEDS) --jobs $(JOBS) --twice

sim-long: ## run fresh seeds for HOURS, or until a signal; LONG keeps the sums, the next run goes on
	$(GO) build -buildvcs=true -o bin/ ./cmd/simrun
	bin/simrun --long $(LONG) --hours $(HOURS) --jobs $(JOBS)

tally: ## write the sums of LONG into docs/simulation.md
	$(GO) run ./cmd/simrun --long $(LONG) --tally docs/simulation.md

mutants: ## show that the simulator finds the planted bug MUTANT in SEEDS
	$(GO) run -tags mutants ./cmd/simrun --mutant $(MUTANT) --seeds $(SEEDS) --expect-found

fuzz: ## fuzz each target of PKG for FUZZTIME
	@GO=$(GO) FUZZTIME=$(FUZZTIME) JOBS=$(JOBS) .ci/fuzz $(PKG)

bench: ## measure the server and rewrite docs/performance.md (about 15 minutes)
	$(GO) run ./cmd/bench --out docs/performance.md

microbench: ## run the benchmarks of PKG
	$(GO) test -run '^$$' -bench . -benchmem $(PKG)

golden: ## rewrite the golden files of PKG; read the difference before committing it
	@for p in $$($(GO) list -f '{{.Dir}}' $(PKG)); do \
		if grep -qs 'flag.Bool("update"' $$p/*_test.go; then $(GO) test $$p -update || exit 1; fi; done

e2e: ## test the real server: clients, kill -9, hostile input, signals
	$(GO) test -count=1 -v ./cmd/sierradb/e2e

quickstart: ## start a server on PORT with its data in ./data
	$(GO) run ./cmd/sierradb --dir ./data --client-address 127.0.0.1:$(PORT)

lint: ## gofmt, vet, staticcheck, detlint
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "gofmt: the files above are not formatted"; exit 1; }
	$(GO) vet ./...
	$(GO) tool -modfile=tools.mod staticcheck ./...
	$(GO) run ./cmd/detlint ./...

check: lint test ## lint and test: what a change needs before it is sent

clean: ## remove what the targets above built
	rm -rf bin
	$(GO) clean -testcache
